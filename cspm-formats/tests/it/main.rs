//! Integration tests of cspm-formats.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests; the lint's own exception for them does not reach functions that tests share"
)]

mod aws;
mod damage;
mod findings;
mod formats;
mod order;
mod samples;
mod scenario;
mod support;
