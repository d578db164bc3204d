//! The answer to a request.

use std::fmt;

use super::condition::{Condition, Truth};
use super::keys::Setter;

/// Whether a request is allowed. Complete by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecisionKind {
    /// The policies allow it, or would for some completion of the context.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// Nothing allows it.
    ImplicitDeny,
}

impl DecisionKind {
    /// The word of the batch contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExplicitDeny => "explicit_deny",
            Self::ImplicitDeny => "implicit_deny",
        }
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    pub(crate) effect: DecisionKind,
    pub(crate) certain: bool,
    pub(crate) exact: bool,
    pub(crate) conditions: Vec<OpenCondition>,
    pub(crate) because: Vec<StatementRef>,
    pub(crate) blocked_by: Option<Block>,
}

impl Decision {
    /// What the policies say.
    pub fn effect(&self) -> DecisionKind {
        self.effect
    }

    /// Of an allow, whether it holds for every completion of the context; of a deny, whether no completion
    /// allows.
    pub fn certain(&self) -> bool {
        self.certain
    }

    /// Whether the question was settled. `false` where the search over completions was cut, or where texts
    /// of several patterns had to be compared that this crate does not: then an allow may not be
    /// possible, and one said to be uncertain may be certain.
    pub fn exact(&self) -> bool {
        self.exact
    }

    /// Of an uncertain allow, conditions that together are enough for it: every completion of the context
    /// that meets them is allowed. Sorted by key, operator and values, without repetitions.
    pub fn conditions(&self) -> &[OpenCondition] {
        &self.conditions
    }

    /// The statements that decide: of an allow, those that grant it; of an explicit deny, those that deny.
    pub fn because(&self) -> &[StatementRef] {
        &self.because
    }

    /// Of a deny, the control that blocks.
    pub fn blocked_by(&self) -> Option<&Block> {
        self.blocked_by.as_ref()
    }
}

/// A condition of a statement that depends on what is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpenCondition {
    pub(crate) key: String,
    pub(crate) operator: String,
    pub(crate) values: Vec<String>,
    pub(crate) required: bool,
    pub(crate) setter: Setter,
}

impl OpenCondition {
    /// The condition key, as it is written in the policy.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The condition operator, as it is written in the policy.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// The values to compare with.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether the condition has to be true, or has to be false.
    pub fn required(&self) -> bool {
        self.required
    }

    /// Who sets the key.
    pub fn setter(&self) -> Setter {
        self.setter
    }

    /// The condition, ready to be tried with values of its key.
    pub fn trial(&self) -> ConditionTrial {
        ConditionTrial {
            condition: Condition::compile(&self.operator, &self.key, &self.values, true),
            required: self.required,
        }
    }
}

/// A condition that can be tried with values of its key.
#[derive(Debug, Clone)]
pub struct ConditionTrial {
    condition: Condition,
    required: bool,
}

impl ConditionTrial {
    /// Whether the condition is as it has to be where its key has these values, or is absent for none of
    /// them. Nothing where that depends on other keys, or the operator is not known.
    pub fn is_met_by(&self, values: &[&str]) -> Option<bool> {
        if !self.condition.is_modelled() || self.condition.has_variables() {
            return None;
        }
        let truth = if values.is_empty() {
            self.condition.truth_absent()
        } else {
            self.condition.truth_given(values)
        };
        match truth {
            Truth::True => Some(self.required),
            Truth::False => Some(!self.required),
            Truth::Open => None,
        }
    }
}

impl fmt::Display for OpenCondition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.required { "" } else { "not " };
        write!(formatter, "{not}{} `{}` [", self.operator, self.key)?;
        for (index, value) in self.values.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}`{value}`")?;
        }
        formatter.write_str("]")
    }
}

/// The kinds of policy that apply to a request. Complete for AWS as of 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// Attached to the principal or its groups.
    Identity,
    /// Attached to the resource: bucket policies, trust policies, key policies.
    Resource,
    /// Permissions boundary of the principal.
    Boundary,
    /// Given when the session was made.
    Session,
    /// Service control policy of an organisation.
    ServiceControl,
    /// Resource control policy of an organisation.
    ResourceControl,
    /// Policy of the VPC endpoint that the request goes through.
    Endpoint,
}

/// The place of a statement among the policies of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementRef {
    /// The kind of policy.
    pub kind: PolicyKind,
    /// The level, counted from the root of the organisation; 0 for policies without levels.
    pub level: usize,
    /// The position of the policy in its list.
    pub policy: usize,
    /// The position of the statement in its policy.
    pub statement: usize,
}

impl fmt::Display for StatementRef {
    /// Writes the JSON pointer of the statement in a line of the batch contract.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            level,
            policy,
            statement,
        } = self;
        match kind {
            PolicyKind::Identity => write!(formatter, "/identity_policies/{policy}"),
            PolicyKind::Resource => write!(formatter, "/resource_policy"),
            PolicyKind::Boundary => write!(formatter, "/permission_boundaries/{policy}"),
            PolicyKind::Session => write!(formatter, "/session_policies/{policy}"),
            PolicyKind::ServiceControl => {
                write!(formatter, "/service_control_policies/{level}/{policy}")
            }
            PolicyKind::ResourceControl => {
                write!(formatter, "/resource_control_policies/{level}/{policy}")
            }
            PolicyKind::Endpoint => write!(formatter, "/endpoint_policies/{policy}"),
        }?;
        write!(formatter, "/Statement/{statement}")
    }
}

/// The control that blocks a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// A statement denies.
    ExplicitDeny(StatementRef),
    /// The permissions boundary does not allow it.
    Boundary,
    /// The session policies do not allow it.
    Session,
    /// No service control policy at this level allows it.
    ServiceControl {
        /// Counted from the root of the organisation.
        level: usize,
    },
    /// A resource control policy at this level does not allow it.
    ResourceControl {
        /// Counted from the root of the organisation.
        level: usize,
    },
    /// The VPC endpoint's policy does not allow it.
    Endpoint,
    /// No identity-based policy allows it.
    NoIdentityAllow,
    /// The resource's own policy has to allow it, and does not.
    NoResourceAllow,
    /// The only statements that would allow it do so under a condition that is not met.
    Condition(StatementRef, OpenCondition),
    /// Deny statements and allow statements demand the opposite of each other.
    Contradiction,
    /// AWS refuses this action to this principal, whatever policies say: a root user or a caller without
    /// credentials cannot assume a role, and only AWS can change a service-linked or reserved role.
    Provider,
}

impl fmt::Display for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExplicitDeny(statement) => write!(formatter, "denied by {statement}"),
            Self::Boundary => formatter.write_str("not allowed by the permissions boundary"),
            Self::Session => formatter.write_str("not allowed by the session policies"),
            Self::ServiceControl { level } => {
                write!(
                    formatter,
                    "not allowed by the service control policies at level {level}"
                )
            }
            Self::ResourceControl { level } => {
                write!(
                    formatter,
                    "not allowed by the resource control policies at level {level}"
                )
            }
            Self::Endpoint => formatter.write_str("not allowed by the VPC endpoint policy"),
            Self::NoIdentityAllow => formatter.write_str("no identity-based policy allows it"),
            Self::NoResourceAllow => formatter.write_str("the resource's policy does not allow it"),
            Self::Condition(statement, condition) => {
                write!(
                    formatter,
                    "{statement} would allow it, but needs: {condition}"
                )
            }
            Self::Contradiction => {
                formatter.write_str("every way to be allowed meets the condition of a deny")
            }
            Self::Provider => formatter.write_str("the provider refuses it to this principal"),
        }
    }
}
