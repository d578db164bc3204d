//! The report as JSON and as JSON Lines.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::types::Report;

/// The JSON Schema of a report as one document.
pub fn report_schema() -> Value {
    schemars::schema_for!(Report).into()
}

/// Writes a report as one JSON document, indented, with a final line break.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_report_json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

/// Writes a report as JSON Lines: first `schema`, `tool` and `summary`, then one tagged object a line:
/// `finding`, `attack_path`, `possible_path`, `step` (with its `id`), `crown_jewel`, `choke_point`,
/// `diagnostic`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_report_lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let head = json!({"schema": report.schema, "tool": report.tool, "summary": report.summary});
    serde_json::to_writer(&mut *out, &head)?;
    writeln!(out)?;
    tagged(out, "finding", &report.findings)?;
    tagged(out, "attack_path", &report.attack_paths)?;
    tagged(out, "possible_path", &report.possible_paths)?;
    for (id, step) in &report.steps {
        write!(out, "{{\"step\":{{\"id\":{},", Value::from(id.as_str()))?;
        let text = serde_json::to_string(step)?;
        writeln!(out, "{}}}", text.strip_prefix('{').unwrap_or(&text))?;
    }
    tagged(out, "crown_jewel", &report.crown_jewels)?;
    tagged(out, "choke_point", &report.choke_points)?;
    tagged(out, "diagnostic", &report.diagnostics)
}

fn tagged(out: &mut impl Write, tag: &str, items: &[impl Serialize]) -> io::Result<()> {
    for item in items {
        write!(out, "{{\"{tag}\":")?;
        serde_json::to_writer(&mut *out, item)?;
        writeln!(out, "}}")?;
    }
    Ok(())
}
