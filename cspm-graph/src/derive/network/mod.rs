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
use std::net::IpAddr;

use cspm_model::{Diagnostic, Estate, Location};

use super::draft::{Draft, NodeId};
use super::technique::Techniques;
use topology::Topology;

/// What the network part leaves behind.
#[derive(Debug, Default)]
pub(super) struct NetworkResult {
    /// What keeps the internet from a resource that it does not reach, for explanations.
    pub(super) blocks: HashMap<NodeId, NetworkBlock>,
    /// Where code runs that can send requests.
    pub(super) senders: Vec<Sender>,
}

/// Something that runs code and has a place in the network, from which its requests come.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) owner: NodeId,
    /// Position of its VPC.
    pub(super) vpc: Option<usize>,
    pub(super) private: Vec<IpAddr>,
    pub(super) public: Vec<IpAddr>,
    pub(super) evidence: Location,
}

/// Everything of an estate that runs code in a network.
pub(super) fn senders(estate: &Estate) -> Vec<Sender> {
    senders_in(&Topology::new(estate, &mut Vec::new()))
}

fn senders_in(topology: &Topology<'_>) -> Vec<Sender> {
    let runs = |it: &&topology::Interface| {
        it.running && matches!(it.role, topology::Role::Compute | topology::Role::Sender)
    };
    let sender = |it: &topology::Interface| Sender {
        owner: it.owner,
        vpc: it.vpc,
        private: it.private.clone(),
        public: it.public.clone(),
        evidence: it.evidence.clone(),
    };
    topology
        .interfaces
        .iter()
        .filter(runs)
        .map(sender)
        .collect()
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
    NetworkResult {
        blocks,
        senders: senders_in(&topology),
    }
}

/// Ports on which machines are administered.
pub(super) fn administration_ports() -> &'static [u16] {
    &cells::ADMINISTRATION_PORTS
}
