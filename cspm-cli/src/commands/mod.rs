//! One module for each subcommand.

pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod iam;
pub(crate) mod permissions;
pub(crate) mod prioritize;
pub(crate) mod reach;
pub(crate) mod schema;
pub(crate) mod validate;
