//! States as they stand in documents: a resource and what is held of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::ResourceId;

/// What an attacker can hold of a resource. Complete by definition.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Can send it traffic, or invoke it.
    Reach,
    /// Reads its data, decrypts with it.
    Read,
    /// Changes its data, encrypts with it.
    Write,
    /// Runs code on it, acts as it, administers it.
    Control,
}

impl Access {
    /// The word in documents and selectors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reach => "reach",
            Self::Read => "read",
            Self::Write => "write",
            Self::Control => "control",
        }
    }

    /// The access with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reach, Self::Read, Self::Write, Self::Control]
            .into_iter()
            .find(|access| access.as_str() == word)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a step is known to hold. Three nested views: each wider than the one before. Complete by
/// definition.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Holds by the facts collected.
    #[default]
    Certain,
    /// Holds if the listed conditions hold.
    Conditional,
    /// A fact was not collected.
    Unknown,
}

impl Certainty {
    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Conditional => "conditional",
            Self::Unknown => "unknown",
        }
    }
}

/// A state, as documents name it.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct StateRef {
    /// The resource.
    pub resource: ResourceId,
    /// What is held of it.
    pub access: Access,
    /// Of `reach` over the network: ports, such as `22` or `80,8000-8100`, or `*` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<String>,
    /// Of `reach` over the network: `tcp` or `udp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

impl StateRef {
    /// A state without ports.
    pub fn new(resource: ResourceId, access: Access) -> Self {
        Self {
            resource,
            access,
            ports: None,
            protocol: None,
        }
    }
}

impl fmt::Display for StateRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.resource, self.access)?;
        if let (Some(protocol), Some(ports)) = (&self.protocol, &self.ports) {
            write!(f, ":{protocol}/{ports}")?;
        }
        Ok(())
    }
}
