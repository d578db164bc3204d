//! `cspm export`: what was read, as one estate in the native format.

use std::process::ExitCode;

use cspm_model::native::{EstateForm, write_estate};

use crate::Outcome;
use crate::args::{EstateFormat, Export};
use crate::progress::Progress;
use crate::{input, output};

pub(crate) fn run(args: &Export) -> Outcome {
    let progress = Progress::new(args.inputs.quiet);
    let (estate, _) = input::read(&args.inputs, &progress)?;
    let form = match args.format {
        EstateFormat::Json => EstateForm::Document,
        EstateFormat::Jsonl => EstateForm::Lines,
    };
    output::write(args.output.as_deref(), |out| {
        write_estate(&estate, form, &mut &mut *out)
    })?;
    Ok(ExitCode::SUCCESS)
}
