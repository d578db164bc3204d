//! `cspm prioritize`: the main job.

use std::process::ExitCode;

use cspm_model::report::{Priority, Report, Verdict, write_report_json, write_report_lines};
use cspm_risk::{Limits, Options, prioritize};

use crate::Outcome;
use crate::args::{FailOn, Format, Prioritize};
use crate::failure::{FAIL_ON, Failure};
use crate::progress::Progress;
use crate::{input, output, table};

pub(crate) fn run(args: &Prioritize) -> Outcome {
    let progress = Progress::new(args.inputs.quiet);
    let (estate, _) = input::read(&args.inputs, &progress)?;
    let mut options = Options::default();
    options.entries.clone_from(&args.entry);
    options.paths = usize::from(args.paths);
    options.all_ids = args.ids == "all";
    progress.spin("analysing");
    let report = prioritize(&estate, &options, &Limits::default());
    progress.end();
    let report = report?;
    output::write(args.output.as_deref(), |out| match args.format {
        Format::Table => {
            let style = table::Style::of_output(args.output.is_some());
            table::report(&report, args.top, &style, out)
        }
        Format::Json => write_report_json(&report, &mut &mut *out),
        Format::Jsonl => write_report_lines(&report, &mut &mut *out),
    })?;
    if args.inputs.strict && !report.summary.limits_hit.is_empty() {
        return Err(Failure::Limit(report.summary.limits_hit.join(", ")));
    }
    let fails = args
        .fail_on
        .is_some_and(|threshold| hits(&report, threshold));
    Ok(if fails {
        ExitCode::from(FAIL_ON)
    } else {
        ExitCode::SUCCESS
    })
}

/// Whether a finding that no exception covers, or an attack path that no finding lies on, is at or above the
/// threshold.
fn hits(report: &Report, threshold: FailOn) -> bool {
    let lowest = match threshold {
        FailOn::Critical => Priority::Critical,
        FailOn::High => Priority::High,
        FailOn::Medium => Priority::Medium,
        FailOn::Low => Priority::Low,
    };
    let finding = report
        .findings
        .iter()
        .any(|it| it.priority <= lowest && it.verdict != Verdict::Accepted);
    let path = report
        .attack_paths
        .iter()
        .any(|it| it.findings.is_empty() && it.priority <= lowest);
    finding || path
}
