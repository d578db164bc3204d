//! `cspm iam`: questions of policies.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::process::ExitCode;

use cspm_iam::aws::{Limits, batch};

use crate::Outcome;
use crate::args::{Iam, IamCommand, IamEvaluate};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &Iam) -> Outcome {
    match &args.command {
        IamCommand::Evaluate(it) => evaluate(it),
    }
}

fn evaluate(args: &IamEvaluate) -> Outcome {
    let input: Box<dyn BufRead> = if args.requests == "-" {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(&args.requests)
            .map_err(|error| Failure::Input(format!("{}: {error}", args.requests)))?;
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let limits = Limits::default();
    let mut unreadable = None;
    output::write(args.output.as_deref(), |out| {
        for (number, line) in input.lines().enumerate() {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    unreadable = Some((number + 1, error));
                    break;
                }
            };
            if !line.trim().is_empty() {
                writeln!(out, "{}", batch::evaluate_line(&line, &limits))?;
            }
        }
        Ok(())
    })?;
    match unreadable {
        Some((line, error)) => Err(Failure::Input(format!(
            "{} (line {line}): {error}",
            args.requests
        ))),
        None => Ok(ExitCode::SUCCESS),
    }
}
