//! Facts to steps: the one place where resources, policies and relations become an attack graph.
//!
//! Every step carries evidence: the places of the facts from which it follows, or the built-in definition.
//! Techniques are data (`techniques/*.toml`); permissions are asked of `cspm-iam`.
//!
//! ```
//! use cspm_graph::derive::derive;
//! use cspm_graph::graph::Limits;
//! use cspm_model::{EstateBuilder, native};
//!
//! let text = r#"{"schema": "cspm.estate/1",
//!   "resources": [{"id": "web", "kind": "compute.instance"}, {"id": "db", "kind": "data.database", "data": ["pii"]}],
//!   "relations": [{"from": "internet", "to": "web", "kind": "reaches", "ports": "22"}, {"from": "web", "to": "db", "kind": "reads"}]}"#;
//! let mut builder = EstateBuilder::new(cspm_model::Limits::default());
//! native::read_estate(text.as_bytes(), "estate.json", &mut builder)?;
//! let derived = derive(&builder.build(), &Limits::default())?;
//! assert!(derived.graph().step_count() >= 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod builtin;
mod credentials;
mod derived;
mod draft;
mod freeze;
mod identity;
mod network;
mod relations;
mod stated_ports;
mod technique;

pub use derived::{Derived, DerivedStep, State};
pub use draft::{Node, NodeId};
pub use identity::{GrantControl, NearMiss, NearMisses, PermissionAnswer, Permissions};
pub use network::{NetworkBlock, NetworkControl};
pub use technique::{Rule, Technique, TechniqueId, Techniques};

use cspm_model::Estate;

use crate::graph::{BuildError, Limits};

/// Why no graph could be made of an estate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeriveError {
    /// The technique catalogue is not what it should be.
    #[error("technique catalogue: {file}: {message}")]
    Catalogue {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A question that has no answer.
    #[error("{message}")]
    Question {
        /// What is wrong with it.
        message: String,
    },
    /// The graph would be larger than the limits allow.
    #[error("attack graph: {0}")]
    Build(#[from] BuildError),
}

/// Makes the attack graph of an estate.
///
/// The same estate gives the same graph, whatever the order in which it was read.
///
/// # Errors
/// When the graph would be larger than `limits` allow.
///
/// # Complexity
/// O(facts) for relations and definitions; for networks, the pairs of classes (interfaces with the same
/// subnet and groups) that may talk, times their rules; for permissions, the pairs of principal and
/// resource that some statement may mean.
pub fn derive(estate: &Estate, limits: &Limits) -> Result<Derived, DeriveError> {
    let mut techniques = Techniques::load()?;
    let mut draft = draft::Draft::new(estate);
    let mut diagnostics = Vec::new();
    builtin::jewel_states(estate, &mut draft);
    let network = network::derive(estate, &techniques, &mut draft, &mut diagnostics);
    let misses = identity::derive(
        estate,
        &techniques,
        &network.senders,
        &mut draft,
        &mut diagnostics,
    )?;
    relations::derive(estate, &mut techniques, &mut draft);
    credentials::derive(estate, &techniques, &mut draft);
    builtin::derive(estate, &techniques, &mut draft);
    freeze::freeze(
        draft,
        techniques,
        network.blocks,
        misses,
        diagnostics,
        limits,
    )
}
