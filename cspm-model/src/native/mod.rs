//! The native estate format `cspm.estate/1`: one JSON document, or JSON Lines.
//!
//! As one document: an object with `schema`, `resources`, `grants`, `relations` and `findings`. As
//! JSON Lines: `{"schema": "cspm.estate/1"}` on the first line, then one of `{"resource": {...}}`,
//! `{"grant": ...}`, `{"relation": ...}`, `{"finding": ...}` on each.

mod read;
mod schema;
mod write;

pub use read::{NativeReader, read_estate};
pub use schema::estate_schema;
pub use write::{EstateForm, write_estate};

/// Name of the format.
pub const SCHEMA: &str = "cspm.estate/1";
