//! Textual ids of resources.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The canonical textual id of a resource: an ARN, `aws:account/111122223333`, an Azure resource id
/// in lower case, a GCP asset name, `k8s:CLUSTER/NAMESPACE/KIND/NAME`, or `internet`.
///
/// Cheap to clone. Ordered by its bytes, which is the order of every output.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ResourceId(#[schemars(with = "String")] Arc<str>);

impl ResourceId {
    /// The reserved id of the entry that stands for everybody outside.
    pub const INTERNET: &'static str = "internet";

    /// An id with this text.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The id of the provider account with this number.
    pub fn aws_account(account: &str) -> Self {
        Self(Arc::from(format!("aws:account/{account}")))
    }

    /// The id of the entry `internet`.
    pub fn internet() -> Self {
        Self::new(Self::INTERNET)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account number in `aws:account/NUMBER`, if the id is one of an account.
    pub fn as_aws_account(&self) -> Option<&str> {
        self.0.strip_prefix("aws:account/")
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Default for ResourceId {
    fn default() -> Self {
        Self::new("")
    }
}

impl Borrow<str> for ResourceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ResourceId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ResourceId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for ResourceId {
    fn from(text: String) -> Self {
        Self(Arc::from(text))
    }
}
