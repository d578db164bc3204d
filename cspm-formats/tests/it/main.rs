//! Integration tests of cspm-formats.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "tests; the lint's own exception for them does not reach functions that tests share"
)]

mod samples;
mod support;
