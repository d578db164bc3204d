//! Steps over the network: who can send traffic to whom.
//!
//! A resource is reached only where everything on the way lets the traffic through: address, route,
//! network ACL in both directions, security group. See `docs/design/network.md` for the model.

mod cells;
mod exposure;
mod filter;
mod forward;
mod owners;
mod topology;

pub use exposure::{NetworkBlock, NetworkControl};
pub(super) use filter::{boundaries, ranges_between};

use std::collections::HashMap;

use cspm_model::{Diagnostic, Estate};

use super::draft::{Draft, NodeId};
use super::technique::Techniques;
use topology::Topology;

/// What the network part leaves behind for explanations.
#[derive(Debug, Default)]
pub(super) struct NetworkResult {
    /// What keeps the internet from a resource that it does not reach.
    pub(super) blocks: HashMap<NodeId, NetworkBlock>,
}

/// Makes the steps of the network.
pub(super) fn derive(
    estate: &Estate,
    techniques: &Techniques,
    draft: &mut Draft,
    diagnostics: &mut Vec<Diagnostic>,
) -> NetworkResult {
    let topology = Topology::new(estate, diagnostics);
    let blocks = exposure::derive(&topology, techniques, draft);
    forward::derive(&topology, techniques, draft, diagnostics);
    NetworkResult { blocks }
}

/// Ports on which machines are administered.
pub(super) fn administration_ports() -> &'static [u16] {
    &cells::ADMINISTRATION_PORTS
}
