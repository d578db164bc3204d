//! Resources: what exists in the cloud, and the typed facts of each kind.

mod compute;
mod data;
mod identity;
mod kind;
mod network;
mod organization;
mod properties;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use compute::{ContainerFacts, FunctionFacts, FunctionUrl, InstanceFacts};
pub use data::{
    AclGrant, BucketFacts, DatabaseFacts, Encryption, KeyFacts, PublicAccessBlock, SecretFacts,
    SnapshotFacts, StoreFacts, VolumeFacts,
};
pub use identity::{GroupFacts, PolicyFacts, ProfileFacts, RoleFacts, UserFacts};
pub use kind::{Class, Kind};
pub use network::{
    AclEntry, AclFacts, GatewayFacts, InterfaceFacts, Listener, LoadBalancerFacts, PeeringFacts,
    PrefixListFacts, Route, RouteTableFacts, SecurityGroupFacts, SecurityGroupRule, SubnetFacts,
    Target, TargetGroupFacts, VpcEndpointFacts, VpcFacts,
};
pub use organization::{AccountFacts, OrganizationPolicyFacts, OrganizationUnitFacts};
pub use properties::Properties;

use crate::id::ResourceId;
use crate::location::Location;
use crate::record::Merge;

/// How much the organisation says a resource matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// Little.
    Low,
    /// As most do.
    Medium,
    /// Much.
    High,
    /// The organisation stands or falls with it.
    Critical,
}

/// What sort of data a resource holds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DataClass {
    /// Of identifiable persons.
    Pii,
    /// Of health.
    Phi,
    /// Of payment cards.
    Pci,
    /// Of money.
    Financial,
    /// Passwords, keys, tokens.
    Credentials,
    /// Source code.
    SourceCode,
    /// Confidential for another reason.
    Confidential,
    /// For the organisation's own use.
    Internal,
    /// For everybody.
    Public,
}

impl DataClass {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Pii,
        Self::Phi,
        Self::Pci,
        Self::Financial,
        Self::Credentials,
        Self::SourceCode,
        Self::Confidential,
        Self::Internal,
        Self::Public,
    ];

    /// The word in documents and tags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pii => "pii",
            Self::Phi => "phi",
            Self::Pci => "pci",
            Self::Financial => "financial",
            Self::Credentials => "credentials",
            Self::SourceCode => "source_code",
            Self::Confidential => "confidential",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }

    /// The class that a tag value names, whatever its case; `-` counts as `_`.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

/// Something that exists: a machine, a store, an identity, a piece of network, an account.
///
/// Facts only; what follows from them is worked out elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Canonical id.
    pub id: ResourceId,
    /// Dotted kind.
    pub kind: Kind,
    /// `aws`, `azure`, `gcp`, `kubernetes`.
    pub provider: Option<String>,
    /// Account, subscription or project.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Name for people.
    pub name: Option<String>,
    /// Other names under which findings and facts speak of it.
    pub aliases: Vec<String>,
    /// Tags or labels.
    pub tags: BTreeMap<String, String>,
    /// How much it matters.
    pub criticality: Option<Criticality>,
    /// What data it holds.
    pub data: Vec<DataClass>,
    /// Facts by kind.
    pub properties: Properties,
    /// Where it was read; the first is the main one.
    pub evidence: Vec<Location>,
    /// `false` for one that is only named by a relation or a grant.
    pub collected: bool,
    /// Keys that begin with `x_`.
    pub extra: crate::record::Extra,
}

impl Resource {
    /// A resource of this kind about which nothing else is known yet.
    pub fn new(id: ResourceId, kind: Kind, evidence: Location) -> Self {
        Self {
            properties: Properties::empty(&kind),
            id,
            kind,
            provider: None,
            account: None,
            region: None,
            name: None,
            aliases: Vec::new(),
            tags: BTreeMap::new(),
            criticality: None,
            data: Vec::new(),
            evidence: vec![evidence],
            collected: true,
            extra: BTreeMap::new(),
        }
    }

    /// The place of one of its facts, `suffix` being a JSON pointer below `properties`.
    ///
    /// In a document of a provider, facts stand elsewhere: there it is the place of the resource. A fact that
    /// carries evidence of its own is not asked here.
    pub fn evidence_of(&self, suffix: &str) -> Location {
        match self.evidence.first() {
            Some(main) if suffix.is_empty() || !is_native(&main.pointer) => main.clone(),
            Some(main) => main.join(&format!("/properties{suffix}")),
            None => Location::builtin("unrecorded"),
        }
    }

    /// Takes over what `other` knows of the same resource. Returns whether the two disagree anywhere;
    /// what was here first stays.
    pub(crate) fn merge(&mut self, other: Self) -> bool {
        if !other.collected {
            return false;
        }
        if !self.collected {
            *self = other;
            return false;
        }
        let mut conflict = false;
        if self.kind == other.kind {
            conflict |= self.properties.absorb(other.properties);
        } else if self.kind.as_str().is_empty() {
            self.kind = other.kind;
            self.properties = other.properties;
        } else {
            conflict = true;
        }
        conflict |= self.provider.absorb(other.provider);
        conflict |= self.account.absorb(other.account);
        conflict |= self.region.absorb(other.region);
        conflict |= self.name.absorb(other.name);
        conflict |= self.tags.absorb(other.tags);
        // Of two opinions how much it matters, the higher one is safe.
        conflict |= self.criticality.is_some()
            && other.criticality.is_some()
            && self.criticality != other.criticality;
        self.criticality = self.criticality.max(other.criticality);
        conflict |= self.extra.absorb(other.extra);
        self.aliases.extend(other.aliases);
        self.aliases.sort();
        self.aliases.dedup();
        self.data.extend(other.data);
        self.data.sort();
        self.data.dedup();
        for location in other.evidence {
            if !self.evidence.contains(&location) {
                self.evidence.push(location);
            }
        }
        conflict
    }
}

/// Whether a pointer is that of a resource in a native document: `/resources/17`, or `/resource` of a line.
fn is_native(pointer: &str) -> bool {
    let number = pointer.strip_prefix("/resources/");
    pointer == "/resource" || number.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
}
