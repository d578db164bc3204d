//! Tests of the public interface.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test that meets what it did not expect has to fail"
)]

mod actions;
mod ask;
mod batch;
mod cases;
mod document;
mod exact;
mod limits;
mod literal;
mod managed;
mod props;
mod sets;
mod signs;
