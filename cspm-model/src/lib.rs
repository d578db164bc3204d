//! The vocabulary of `cspm`: what is known of an organisation's cloud, and what is said about it.
//!
//! An [`Estate`] holds facts: resources, grants, relations and findings, each with the place it was
//! read from. A [`report::Report`] holds the answer. Both have a native format, JSON or JSON Lines,
//! that this crate reads and writes; foreign formats live in `cspm-formats`. The crate knows no
//! graph and no provider API.
//!
//! ```
//! use cspm_model::{EstateBuilder, Limits, native};
//!
//! let text = r#"{"schema": "cspm.estate/1", "resources": [{"id": "db-1", "kind": "data.database"}]}"#;
//! let mut builder = EstateBuilder::new(Limits::default());
//! native::read_estate(text.as_bytes(), "estate.json", &mut builder)?;
//! let estate = builder.build();
//! assert_eq!(estate.resources().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! - [`resource`]: resources, their kinds and the typed facts of each kind
//! - [`grant`], [`relation`], [`finding`]: the other three records of an estate
//! - [`estate`]: the estate, how fragments of it are merged, and the alias table
//! - [`native`]: the native estate format, read and written
//! - [`report`]: the report and its formats
//! - [`json`]: JSON documents as streams of elements, with their positions
//!
//! # Untrusted input
//!
//! Every byte may come from an attacker. Reading is linear in the size of the input, never recurses
//! deeper than the JSON nesting limit of the parser (128), and stops at [`Limits`]. "Does not panic"
//! covers every function of this crate for every input.
#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects, clippy::as_conversions)]

pub mod diagnostic;
pub mod error;
pub mod estate;
pub mod finding;
pub mod grant;
pub mod id;
pub mod json;
pub mod limits;
pub mod location;
pub mod native;
pub mod ports;
mod record;
pub mod relation;
pub mod report;
pub mod resource;
pub mod state;

pub use diagnostic::Diagnostic;
pub use error::ReadError;
pub use estate::{Estate, EstateBuilder};
pub use finding::Finding;
pub use grant::{Grant, PolicyType};
pub use id::ResourceId;
pub use limits::Limits;
pub use location::Location;
pub use relation::Relation;
pub use resource::{Properties, Resource};
pub use state::{Access, Certainty, StateRef};
