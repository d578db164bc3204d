//! Integration tests of the `cspm` command: arguments in; exit code, text and files out.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may: the relaxation in clippy.toml does not cover functions that tests share"
)]

mod determinism;
mod export;
mod generated;
mod hostile;
mod iam;
mod joined;
mod misuse;
mod permissions;
mod prioritize;
mod reach;
mod schema;
mod support;
mod validate;
mod workspace;
