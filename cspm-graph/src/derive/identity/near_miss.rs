//! Grants that are void: what a policy allows and another control takes back. They explain why a way does
//! not exist.

use std::collections::BTreeMap;

use cspm_model::Location;

use super::super::draft::NodeId;

/// The control that makes a grant void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GrantControl {
    /// A deny statement.
    ExplicitDeny,
    /// The permissions boundary.
    Boundary,
    /// A condition that is decidedly not met.
    Condition,
    /// A service or resource control policy of the organisation.
    OrganizationPolicy,
    /// The trust policy of a role.
    TrustPolicy,
    /// The policy of the key that encrypts the data.
    KeyPolicy,
    /// The public access block of a bucket or account.
    PublicAccessBlock,
    /// No statement allows it: a resource policy or an identity policy is missing.
    NoAllow,
}

impl GrantControl {
    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExplicitDeny => "explicit_deny",
            Self::Boundary => "permissions_boundary",
            Self::Condition => "condition",
            Self::OrganizationPolicy => "organization_policy",
            Self::TrustPolicy => "trust_policy",
            Self::KeyPolicy => "key_policy",
            Self::PublicAccessBlock => "public_access_block",
            Self::NoAllow => "no_grant",
        }
    }
}

/// A grant that is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The principal.
    pub principal: NodeId,
    /// What it would have access to.
    pub target: NodeId,
    /// The control that blocks it.
    pub control: GrantControl,
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
        self.by_principal
            .insert((miss.principal, miss.target), miss.target);
        self.by_target
            .entry((miss.target, miss.principal))
            .or_insert(miss);
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
