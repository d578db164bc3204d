//! `cspm reach`: which states reach which.

use std::process::ExitCode;

use cspm_risk::{Analysis, Limits, Options, Selector};

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
        Format::Jsonl => {
            for pair in &answer.pairs {
                serde_json::to_writer(&mut *out, pair)?;
                writeln!(out)?;
            }
            Ok(())
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
