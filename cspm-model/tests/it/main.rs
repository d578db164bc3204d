//! Integration tests of cspm-model.
#![expect(
    clippy::unwrap_used,
    reason = "tests; the lint's own exception for them does not reach functions that tests share"
)]

mod native;
