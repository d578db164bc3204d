//! Ranking of findings by the damage behind them.
//!
//! [`prioritize`] is the one call for the whole way from an estate to a report. [`Analysis`] is the value in
//! the middle: made once, asked often.
//!
//! ```
//! use cspm_model::{EstateBuilder, native};
//! use cspm_risk::{Limits, Options, prioritize};
//!
//! let text = r#"{"schema": "cspm.estate/1",
//!   "resources": [{"id": "web", "kind": "compute.instance"}, {"id": "db", "kind": "data.database", "data": ["pii"]}],
//!   "relations": [{"from": "internet", "to": "web", "kind": "reaches", "ports": "22"}, {"from": "web", "to": "db", "kind": "reads"}],
//!   "findings": [{"id": "f-1", "check": "ssh-open", "resource": "web", "ports": "22", "severity": "medium"}]}"#;
//! let mut builder = EstateBuilder::new(cspm_model::Limits::default());
//! native::read_estate(text.as_bytes(), "estate.json", &mut builder)?;
//! let report = prioritize(&builder.build(), &Options::default(), &Limits::default())?;
//! assert_eq!(report.findings[0].priority, cspm_model::report::Priority::Critical);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! - `analysis`: everything that is worked out once: reach, exposure, blast radius, choke points
//! - `checks`: which steps the fix of a finding removes, as data (`checks/*.toml`)
//! - `concern`: which states a finding speaks of
//! - `judge`, `score`, `reason`: verdict, number, and the sentence that defends them
//! - `ways`, `room`: attack paths, and how many steps of them a report shows
//! - `selector`: how states are named on a command line
//! - `value`: what a crown jewel is worth
//!
//! # Untrusted input
//! As `cspm-graph`: linear or near-linear in the size of the graph, everything else under [`Limits`], which
//! the report names when they cut the analysis.
#![forbid(unsafe_code)]

mod analysis;
mod checks;
mod concern;
mod error;
mod fixes;
mod judge;
mod options;
mod reach;
mod reason;
mod report;
mod room;
mod score;
mod selector;
mod value;
mod ways;

pub use analysis::Analysis;
pub use checks::{Check, Checks, End};
pub use cspm_graph::graph::{Cancel, Limits};
pub use error::RiskError;
pub use options::Options;
pub use score::{Band, Factors, score};
pub use selector::Selector;
pub use value::Values;

use cspm_model::Estate;
use cspm_model::report::Report;

/// Ranks the findings of an estate.
///
/// The same estate gives the same report, byte for byte.
///
/// # Errors
/// When a selector means nothing, or the graph is larger than `limits` allow.
///
/// # Complexity
/// That of `cspm_graph::derive::derive`, plus O(m log n) for the graph, plus O(m) for each distinct set of
/// steps that a fix removes.
pub fn prioritize(
    estate: &Estate,
    options: &Options,
    limits: &Limits,
) -> Result<Report, RiskError> {
    Analysis::new(estate, options, limits)?.report()
}

/// The code of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
