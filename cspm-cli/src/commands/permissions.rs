//! `cspm iam who-can` and `cspm iam can`: permissions for people.

use std::io::{self, Write};
use std::process::ExitCode;

use cspm_graph::derive::{PermissionAnswer, Permissions};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Format, IamCan, IamWhoCan};
use crate::output::{self, harmless};
use crate::{input, progress::Progress};

/// Who may do this?
pub(crate) fn who_can(args: &IamWhoCan) -> Outcome {
    let progress = Progress::new(args.inputs.quiet);
    let (estate, _) = input::read(&args.inputs, &progress)?;
    let answers = Permissions::new(&estate)?.who_can(&args.action, &args.resource)?;
    print(&answers, args.format, |answer| answer.principal.to_string())
}

/// What may this one do?
pub(crate) fn can(args: &IamCan) -> Outcome {
    let progress = Progress::new(args.inputs.quiet);
    let (estate, _) = input::read(&args.inputs, &progress)?;
    let answers = Permissions::new(&estate)?.can(&args.principal)?;
    print(&answers, args.format, |answer| {
        format!("{} {}", answer.action, answer.resource)
    })
}

fn print(
    answers: &[PermissionAnswer],
    format: Format,
    name: impl Fn(&PermissionAnswer) -> String,
) -> Outcome {
    output::write(None, |out| match format {
        Format::Table => table(answers, name, out),
        Format::Json => {
            serde_json::to_writer_pretty(
                &mut *out,
                &answers.iter().map(value).collect::<Vec<_>>(),
            )?;
            writeln!(out)
        }
        Format::Jsonl => answers
            .iter()
            .try_for_each(|answer| writeln!(out, "{}", value(answer))),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The allowed ones first, each with its deciding statements; then those that only seem to be.
fn table(
    answers: &[PermissionAnswer],
    name: impl Fn(&PermissionAnswer) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    let allowed: Vec<_> = answers.iter().filter(|it| it.allowed).collect();
    if allowed.is_empty() {
        writeln!(out, "nobody and nothing is allowed")?;
    }
    for answer in allowed {
        writeln!(
            out,
            "yes  {}  {}",
            answer.certainty.as_str(),
            harmless(&name(answer))
        )?;
        for condition in &answer.conditions {
            let not = if condition.required { "" } else { "not " };
            let values = condition.values.join(", ");
            let text = format!("{not}{} {} {values}", condition.key, condition.operator);
            writeln!(out, "       if {}", harmless(&text))?;
        }
        for place in &answer.evidence {
            writeln!(out, "       by {}", harmless(&place.to_string()))?;
        }
    }
    let void: Vec<_> = answers.iter().filter(|it| !it.allowed).collect();
    if !void.is_empty() {
        writeln!(out, "\nSEEMS ALLOWED, BUT IS NOT")?;
    }
    for answer in void {
        writeln!(out, "no   {}", harmless(&name(answer)))?;
        if let Some(reason) = &answer.reason {
            writeln!(out, "       because of {}", harmless(reason))?;
        }
        for place in &answer.evidence {
            writeln!(out, "       at {}", harmless(&place.to_string()))?;
        }
    }
    Ok(())
}

fn value(answer: &PermissionAnswer) -> Value {
    json!({
        "principal": answer.principal, "action": answer.action, "resource": answer.resource,
        "allowed": answer.allowed, "certainty": answer.certainty, "conditions": answer.conditions,
        "blocked_by": answer.blocked_by.map(cspm_graph::derive::GrantControl::as_str),
        "reason": answer.reason, "evidence": answer.evidence,
    })
}
