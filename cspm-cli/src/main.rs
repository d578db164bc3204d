//! The `cspm` command: attack paths and ranked findings from cloud inventories.
//!
//! The only place of the workspace with files and a terminal. Every subcommand is one module; what they
//! compute is in the libraries.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod failure;
mod generate;
mod input;
mod output;
mod progress;
mod table;
mod zstd;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use failure::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.command {
        Command::Prioritize(it) => commands::prioritize::run(it),
        Command::Reach(it) => commands::reach::run(it),
        Command::Validate(it) => commands::validate::run(it),
        Command::Export(it) => commands::export::run(it),
        Command::Schema(it) => commands::schema::run(it),
        Command::Generate(it) => commands::generate::run(it),
        Command::Iam(it) => commands::iam::run(it),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) if failure.is_closed_pipe() => failure.exit_code(),
        Err(failure) => {
            output::note(&format!("cspm: {failure}"));
            failure.exit_code()
        }
    }
}

/// What a subcommand gives back.
type Outcome = Result<ExitCode, Failure>;
