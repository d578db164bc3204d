//! The derive stage: facts to steps.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unused_self,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "tests may: the relaxation in clippy.toml does not cover functions that tests share"
)]

mod cases;
mod catalogue;
mod determinism;
mod estate;
mod naive_network;
