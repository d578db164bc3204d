//! Kinds of resources.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A dotted kind, such as `compute.instance`. An unknown kind is kept and treated as opaque.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Kind(#[schemars(with = "String")] Arc<str>);

/// What a kind means for the graph: which states its resources have. Complete by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The reserved id `internet`, and other entries.
    Entry,
    /// Runs code: instance, function, container, pod, node.
    Compute,
    /// Acts: user, role, group, service account, federated identity.
    Identity,
    /// Holds data: bucket, database, table, queue, topic, volume, snapshot, repository.
    Store,
    /// A secret.
    Secret,
    /// A key.
    Key,
    /// Holds everything in it: account, organisation, cluster.
    Container,
    /// A part of the network, a policy, anything else: it has no state of its own.
    Opaque,
}

impl Kind {
    /// A kind with this name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The dotted name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it means for the graph.
    pub fn class(&self) -> Class {
        let (family, rest) = self.0.split_once('.').unwrap_or((&self.0, ""));
        match (family, rest) {
            ("entry", _) => Class::Entry,
            ("compute", _) => Class::Compute,
            ("identity", "policy" | "instance_profile") => Class::Opaque,
            ("identity", _) => Class::Identity,
            ("data", _) => Class::Store,
            ("secret", _) => Class::Secret,
            ("key", _) => Class::Key,
            ("account" | "organization" | "cluster", "") => Class::Container,
            _ => Class::Opaque,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl From<&str> for Kind {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}
