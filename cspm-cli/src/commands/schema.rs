//! `cspm schema`: the JSON Schemas of the formats.

use std::process::ExitCode;

use cspm_model::native::estate_schema;
use cspm_model::report::{reach_schema, report_schema};

use crate::Outcome;
use crate::args::{Schema, SchemaOf};
use crate::output;

pub(crate) fn run(args: &Schema) -> Outcome {
    let schema = match args.of {
        SchemaOf::Estate => estate_schema(),
        SchemaOf::Report => report_schema(),
        SchemaOf::Reach => reach_schema(),
    };
    output::write(None, |out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)
    })?;
    Ok(ExitCode::SUCCESS)
}
