//! `cspm reach`: which states reach which.

use std::io::{self, Write};
use std::process::ExitCode;

use cspm_model::report::ReachReport;
use cspm_risk::{Analysis, Limits, Options, Selector};
use serde_json::json;

use crate::Outcome;
use crate::args::{Format, Reach};
use crate::progress::Progress;
use crate::{input, output, table};

pub(crate) fn run(args: &Reach) -> Outcome {
    let (from, to) = (Selector::parse(&args.from)?, Selector::parse(&args.to)?);
    let progress = Progress::new(args.inputs.quiet);
    let (estate, _) = input::read(&args.inputs, &progress)?;
    let mut options = Options::default();
    options.entries.clone_from(&args.entry);
    progress.spin("analysing");
    let limits = Limits::default();
    let answer =
        Analysis::new(&estate, &options, &limits).and_then(|analysis| analysis.reach(&from, &to));
    progress.end();
    let answer = answer?;
    output::write(args.output.as_deref(), |out| match args.format {
        Format::Table => {
            let style = table::Style::of_output(args.output.is_some());
            table::reach(&answer, &style, out)
        }
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)
        }
        Format::Jsonl => lines(&answer, out),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// First the name of the format, then one tagged object a line: `pair`, `step` (with its `id`).
fn lines(answer: &ReachReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", json!({"schema": answer.schema}))?;
    for pair in &answer.pairs {
        writeln!(out, "{{\"pair\":{}}}", serde_json::to_string(pair)?)?;
    }
    for (id, step) in &answer.steps {
        let step = serde_json::to_string(step)?;
        let members = step.strip_prefix('{').unwrap_or(&step);
        writeln!(out, "{{\"step\":{{\"id\":{},{members}}}", json!(id))?;
    }
    Ok(())
}
