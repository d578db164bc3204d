//! Integration tests of cspm-risk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may: the relaxation in clippy.toml does not cover functions that tests share"
)]

mod cases;
mod estate;
mod props;
mod room;
