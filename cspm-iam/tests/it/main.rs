//! Tests of the public interface.

mod ask;
mod batch;
mod cases;
mod document;
mod limits;
mod literal;
mod managed;
mod props;
