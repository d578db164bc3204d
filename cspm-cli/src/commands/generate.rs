//! `cspm generate`: a synthetic estate with the answer beside it.

use std::process::ExitCode;

use crate::Outcome;
use crate::args::Generate;
use crate::failure::Failure;
use crate::generate::{Plan, TRUTH_FILE, generate_into};
use crate::output::note;

pub(crate) fn run(args: &Generate) -> Outcome {
    let plan = Plan {
        resources: args.resources,
        seed: args.seed,
    };
    let made = generate_into(&plan, &args.output).map_err(|error| Failure::Output {
        target: args.output.display().to_string(),
        error,
    })?;
    if !args.quiet {
        note(&format!(
            "{}: {} resources, {} grants, {} relations, {} findings in {} files; {TRUTH_FILE} names {} planted paths and {} decoys",
            args.output.display(),
            made.counts.resources,
            made.counts.grants,
            made.counts.relations,
            made.counts.findings,
            made.files.len(),
            made.truth.paths.len(),
            made.truth.decoys.len(),
        ));
    }
    Ok(ExitCode::SUCCESS)
}
