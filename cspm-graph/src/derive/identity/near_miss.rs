//! Grants that are void: what a policy allows and another control takes back. They explain why a way does
//! not exist.

use std::collections::BTreeMap;

use cspm_model::Location;

use super::super::draft::NodeId;

/// A grant that is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The principal.
    pub principal: NodeId,
    /// What it would have access to.
    pub target: NodeId,
    /// The control that blocks it, in words.
    pub reason: String,
    /// Where the control stands.
    pub evidence: Option<Location>,
}

/// The void grants of an estate, at most one for each pair.
#[derive(Debug, Default)]
pub struct NearMisses {
    by_target: BTreeMap<(NodeId, NodeId), NearMiss>,
    by_principal: BTreeMap<(NodeId, NodeId), NodeId>,
}

impl NearMisses {
    pub(super) fn add(&mut self, miss: NearMiss) {
        self.by_principal.insert((miss.principal, miss.target), miss.target);
        self.by_target.entry((miss.target, miss.principal)).or_insert(miss);
    }

    /// Void grants on a resource, by principal.
    pub fn on_target(&self, target: NodeId) -> impl Iterator<Item = &NearMiss> {
        self.by_target
            .range((target, NodeId(0))..=(target, NodeId(u32::MAX)))
            .map(|(_, miss)| miss)
    }

    /// Void grants of a principal, by resource.
    pub fn of_principal(&self, principal: NodeId) -> impl Iterator<Item = &NearMiss> {
        self.by_principal
            .range((principal, NodeId(0))..=(principal, NodeId(u32::MAX)))
            .filter_map(|(&(principal, target), _)| self.by_target.get(&(target, principal)))
    }
}
