//! `cspm validate`: what was recognised, skipped and lost.

use std::collections::BTreeMap;
use std::process::ExitCode;

use cspm_model::diagnostic::Effect;

use crate::Outcome;
use crate::args::Validate;
use crate::output::{self, harmless};
use crate::{input, progress::Progress};

pub(crate) fn run(args: &Validate) -> Outcome {
    let progress = Progress::new(args.inputs.quiet);
    let inputs = crate::args::Inputs {
        documents: args.inputs.documents.clone(),
        quiet: true,
        strict: args.inputs.strict,
    };
    let (estate, documents) = input::read(&inputs, &progress)?;
    output::write(None, |out| {
        let mut formats: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        let mut skipped: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for document in &documents {
            match &document.outcome {
                Ok(read) => {
                    if let Some(why) = &read.skipped {
                        skipped
                            .entry(why.clone())
                            .or_default()
                            .push(&document.source);
                    } else {
                        let count = formats.entry(read.format).or_default();
                        count.0 += 1;
                        count.1 += read.records;
                        count.2 += read.not_findings;
                    }
                }
                Err(error) => skipped
                    .entry(error.to_string())
                    .or_default()
                    .push(&document.source),
            }
        }
        writeln!(out, "READ")?;
        for (format, (files, records, settled)) in &formats {
            let settled = if *settled > 0 {
                format!(", {settled} of them passed or manual")
            } else {
                String::new()
            };
            writeln!(
                out,
                "  {files:>5} {} {format}: {records} records{settled}",
                plural(*files, "document")
            )?;
        }
        if !skipped.is_empty() {
            writeln!(out, "\nSKIPPED")?;
            for (why, sources) in &skipped {
                let count = u64::try_from(sources.len()).unwrap_or(u64::MAX);
                writeln!(
                    out,
                    "  {count:>5} {}: {}",
                    plural(count, "document"),
                    harmless(why)
                )?;
                for source in sources.iter().take(8) {
                    writeln!(out, "          {}", harmless(source))?;
                }
                if sources.len() > 8 {
                    writeln!(out, "          and {} more", sources.len() - 8)?;
                }
            }
        }
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for resource in estate.resources().iter().filter(|it| it.collected) {
            *kinds.entry(resource.kind.as_str()).or_default() += 1;
        }
        writeln!(out, "\nESTATE")?;
        for (kind, count) in &kinds {
            writeln!(out, "  {count:>7} {}", harmless(kind))?;
        }
        writeln!(out, "  {:>7} grants and policies", estate.grants().len())?;
        writeln!(out, "  {:>7} relations", estate.relations().len())?;
        writeln!(
            out,
            "  {:>7} findings, and {} records that are none",
            estate.findings().len(),
            estate.not_findings()
        )?;
        let mapped = estate.findings().iter().filter(|finding| {
            let account = finding.account.as_deref();
            finding
                .resource_names()
                .iter()
                .any(|name| estate.resolve(name, account).is_some())
        });
        writeln!(
            out,
            "  {:>7} of the findings are about a resource of the inventory",
            mapped.count()
        )?;
        if !estate.diagnostics().is_empty() {
            writeln!(out, "\nNOTICED")?;
            for diagnostic in estate.diagnostics() {
                let effect = match diagnostic.effect {
                    Effect::Lost => "lost",
                    Effect::OverReport => "may over-report",
                    Effect::UnderReport => "may under-report",
                    Effect::None => "no effect",
                };
                let place = diagnostic
                    .location
                    .as_ref()
                    .map(|it| format!("{it}: "))
                    .unwrap_or_default();
                let times = if diagnostic.count > 1 {
                    format!(" ({} times)", diagnostic.count)
                } else {
                    String::new()
                };
                writeln!(
                    out,
                    "  {effect}: {}{}{times}",
                    harmless(&place),
                    harmless(&diagnostic.message)
                )?;
            }
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 {
        format!("{word} ")
    } else {
        format!("{word}s")
    }
}
