//! Grants: what a policy statement, or a whole policy document, says.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::location::Location;
use crate::record::record;

/// What a policy document limits or allows, which decides how it takes part in an evaluation.
/// Complete by the native format.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PolicyType {
    /// Of a user, group, role, or a managed policy.
    Identity,
    /// Of a bucket, key, queue, function...
    Resource,
    /// Who may assume a role.
    Trust,
    /// Upper bound of a user or role.
    Boundary,
    /// Upper bound of a session.
    Session,
    /// Upper bound of the principals of accounts.
    ServiceControl,
    /// Upper bound on the resources of accounts.
    ResourceControl,
    /// Of a VPC endpoint.
    Endpoint,
}

/// Whether a statement allows or denies.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GrantEffect {
    /// Allows.
    Allow,
    /// Denies.
    Deny,
}

record! {
    /// One permission: a statement in short form, or a raw policy document.
    ///
    /// Short form: `effect`, one of `principal`, `principals`, `not_principals`, one of `actions`,
    /// `not_actions`, one of `resources`, `not_resources`, and `conditions`. A principal that is one
    /// identity is granted as by an identity policy of its own; `*`, an account or a service as by a
    /// resource policy of each resource named. With `attached_to`, it is a statement beside the policy of that
    /// resource, whoever is named: a grant of a key.
    ///
    /// Raw form: `policy_document`, `attached_to`, `policy_type`.
    pub struct Grant {
        /// Whether it allows or denies.
        pub effect: Option<GrantEffect>,
        /// The principal, if it is one.
        pub principal: Option<String>,
        /// The principals, if they are several.
        pub principals: Vec<String>,
        /// Everybody but these.
        pub not_principals: Vec<String>,
        /// Actions, with wildcards.
        pub actions: Vec<String>,
        /// All actions but these.
        pub not_actions: Vec<String>,
        /// Resources, with wildcards.
        pub resources: Vec<String>,
        /// All resources but these.
        pub not_resources: Vec<String>,
        /// Conditions, in the provider's own form.
        pub conditions: Option<Value>,
        /// Provider whose rules apply; `aws` if absent.
        pub provider: Option<String>,
        /// A whole document, as the provider writes it: an object, or text that holds one.
        #[schemars(with = "Option<Value>")]
        pub policy_document: Option<Arc<Value>>,
        /// What the statement or document is attached to: an identity, a policy, a resource, an account or unit.
        pub attached_to: Option<String>,
        /// What sort of policy it is.
        pub policy_type: Option<PolicyType>,
        /// Name of the policy, of an inline one.
        pub name: Option<String>,
        /// Where it was read: the statement, or the document.
        pub evidence: Option<Location>,
    }
}
