//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Which findings lead an attacker to your data: attack paths and ranked findings from cloud inventories.
#[derive(Debug, Parser)]
#[command(name = "cspm", version, about, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Rank findings by the damage behind them
    Prioritize(Prioritize),
    /// Which states reach which: every pair, with its best way
    Reach(Reach),
    /// Read inputs and say what was recognised, skipped and lost
    Validate(Validate),
    /// Write what was read as one estate in the native format
    Export(Export),
    /// Print a JSON Schema
    Schema(Schema),
    /// Write a synthetic estate with planted attack paths and decoys
    Generate(Generate),
    /// Questions of policies
    Iam(Iam),
}

/// Where facts come from.
#[derive(Debug, ClapArgs)]
pub(crate) struct Inputs {
    /// Files, folders, globs, or `-` for standard input, in any mix of formats
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) documents: Vec<String>,
    /// Make every record or document that cannot be used an error
    #[arg(long)]
    pub(crate) strict: bool,
    /// Say nothing on standard error but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum FailOn {
    /// Only critical ones
    Critical,
    /// High and above
    High,
    /// Medium and above
    Medium,
    /// All that are not suppressed
    Low,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Prioritize {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// How to print the report
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// Write the report to a file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Where the attacker starts: a selector (`internet`, `id:GLOB`, `kind:GLOB`, `tag:KEY=VALUE`, ...)
    #[arg(long, value_name = "SELECTOR", default_value = "internet")]
    pub(crate) entry: Vec<String>,
    /// Print this many findings in a table; machine formats hold all of them
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) top: usize,
    /// Report this many ways to each crown jewel
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) paths: u16,
    /// List every crown jewel of a blast radius (`all`), or the first twenty
    #[arg(long, value_name = "WHICH", value_parser = ["all", "first"], default_value = "first")]
    pub(crate) ids: String,
    /// Exit with 1 if a finding, or an attack path without findings, has this priority or a higher one
    #[arg(long, value_enum, value_name = "PRIORITY")]
    pub(crate) fail_on: Option<FailOn>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Reach {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// States to start from, each by itself
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) from: String,
    /// States to get to
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) to: String,
    /// What else attackers hold meanwhile; `none` for nothing
    #[arg(long, value_name = "SELECTOR", default_value = "internet")]
    pub(crate) entry: Vec<String>,
    /// How to print the pairs
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// Write the answer to a file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// `json` for one document, `jsonl` for a record a line
    #[arg(long, value_enum, default_value = "json")]
    pub(crate) format: EstateFormat,
    /// Write the estate to a file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EstateFormat {
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Schema {
    /// Which format
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// `cspm.estate/1`
    Estate,
    /// `cspm.report/1`
    Report,
    /// `cspm.reach/1`
    Reach,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Generate {
    /// About how many resources
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    pub(crate) resources: u64,
    /// Where the random numbers begin
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder to write to, made if need be
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Say nothing on standard error but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Iam {
    #[command(subcommand)]
    pub(crate) command: IamCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IamCommand {
    /// Answer one request a line: JSON Lines in, JSON Lines out, in order
    Evaluate(IamEvaluate),
    /// Who may do an action to a resource, and what keeps out those who only seem to
    WhoCan(IamWhoCan),
    /// What a principal may do to the resources of the estate
    Can(IamCan),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IamWhoCan {
    /// Such as `s3:GetObject`
    #[arg(value_name = "ACTION")]
    pub(crate) action: String,
    /// An id, a name, or the ARN of something in a bucket
    #[arg(value_name = "RESOURCE")]
    pub(crate) resource: String,
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// How to print the answers
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IamCan {
    /// A user or role, by ARN or name
    #[arg(value_name = "PRINCIPAL")]
    pub(crate) principal: String,
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// How to print the answers
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IamEvaluate {
    /// JSON Lines of requests, or `-`
    #[arg(value_name = "REQUESTS")]
    pub(crate) requests: String,
    /// Write the answers to a file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
