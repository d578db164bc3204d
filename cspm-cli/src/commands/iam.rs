//! `cspm iam`: questions of policies.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::process::ExitCode;

use cspm_iam::aws::{Limits, batch};
use serde_json::json;

use crate::Outcome;
use crate::args::{Iam, IamCommand, IamEvaluate};
use crate::failure::Failure;
use crate::{input, output};

pub(crate) fn run(args: &Iam) -> Outcome {
    match &args.command {
        IamCommand::Evaluate(it) => evaluate(it),
        IamCommand::WhoCan(it) => super::permissions::who_can(it),
        IamCommand::Can(it) => super::permissions::can(it),
    }
}

/// Bytes of a request. Default 64 MiB, as for other records: the policies of a principal have some 100 KiB.
const LINE_BYTES: u64 = 64 << 20;

fn evaluate(args: &IamEvaluate) -> Outcome {
    let unreadable = |error: &dyn Display| Failure::Input(format!("{}: {error}", args.requests));
    let mut input = if args.requests == "-" {
        input::unpacked(io::stdin().lock(), "-")?
    } else {
        let file = File::open(&args.requests).map_err(|error| unreadable(&error))?;
        input::unpacked(BufReader::with_capacity(1 << 16, file), &args.requests)?
    };
    let limits = Limits::default();
    let mut broken = None;
    output::write(args.output.as_deref(), |out| {
        for number in 1_u64.. {
            match answer(&mut *input, &limits) {
                Ok(Some(answer)) if answer.is_empty() => {}
                Ok(Some(answer)) => writeln!(out, "{answer}")?,
                Ok(None) => break,
                Err(error) => {
                    broken = Some(unreadable(&format_args!(
                        "line {number}: cannot read: {error}"
                    )));
                    break;
                }
            }
        }
        Ok(())
    })?;
    broken.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// The answer to the next line: nothing for an empty one, `None` at the end.
fn answer(input: &mut dyn BufRead, limits: &Limits) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = (&mut *input)
        .take(LINE_BYTES + 1)
        .read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    let error = |message: &str| Some(json!({"id": null, "error": message}).to_string());
    if line.last() != Some(&b'\n') && line.len() as u64 > LINE_BYTES {
        skip_line(input)?;
        return Ok(error(&format!(
            "unusable request: longer than the limit of {LINE_BYTES} bytes"
        )));
    }
    Ok(match std::str::from_utf8(&line) {
        Ok(line) if line.trim().is_empty() => Some(String::new()),
        Ok(line) => Some(batch::evaluate_line(line, limits)),
        Err(_) => error("unusable request: not valid UTF-8"),
    })
}

/// Leaves out the rest of a line without holding it.
fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (count, done) = match buffer.iter().position(|&byte| byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(count);
        if done {
            return Ok(());
        }
    }
}
