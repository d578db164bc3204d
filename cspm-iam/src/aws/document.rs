//! A policy document, parsed and compiled.

use serde_json::Value;

use super::action::{Action, Actions};
use super::action_index::ActionIndex;
use super::condition::Condition;
use super::error::ParseError;
use super::limits::Limits;
use super::named::{NamedPrincipal, Principals};
use super::parse;
use super::pattern::Pattern;

/// A policy document, parsed and compiled: patterns, operators and values are ready to be asked often.
#[derive(Debug, Clone)]
pub struct Policy {
    statements: Vec<Statement>,
    warnings: Vec<Warning>,
    /// Which statements cover an action.
    actions: ActionIndex,
}

impl Policy {
    pub(crate) fn new(statements: Vec<Statement>, warnings: Vec<Warning>) -> Self {
        Self {
            actions: ActionIndex::new(&statements),
            statements,
            warnings,
        }
    }

    /// The numbers of the statements that cover the action, ascending, instead of what `covering` holds.
    pub(crate) fn covering(&self, action: &Action, covering: &mut Vec<u32>) {
        self.actions.covering(action, covering);
    }

    /// Reads a policy from a JSON value: an object, or a string that holds the document as JSON or as
    /// percent-encoded JSON.
    ///
    /// # Errors
    /// [`ParseError::Document`] with the JSON pointer of what is wrong, [`ParseError::Limit`] where the
    /// document is larger than `limits` accept.
    ///
    /// # Complexity
    /// Linear in the size of the document.
    pub fn from_value(value: &Value, limits: &Limits) -> Result<Self, ParseError> {
        parse::from_value(value, limits)
    }

    /// Reads a policy from text: JSON, or percent-encoded JSON.
    ///
    /// # Errors
    /// As [`Policy::from_value`].
    pub fn from_text(text: &str, limits: &Limits) -> Result<Self, ParseError> {
        parse::from_text(text, limits)
    }

    /// The statements, in the order of the document.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What in the document is not understood, and what that does to answers.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// One statement of a policy.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(crate) index: usize,
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) actions: Actions,
    pub(crate) resources: Resources,
    pub(crate) principals: PrincipalElement,
    pub(crate) conditions: Vec<Condition>,
}

impl Statement {
    /// The position in the document, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The statement's own name.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether the statement allows or denies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The resources that the statement is about.
    pub fn resource_patterns(&self) -> ResourcePatterns<'_> {
        match &self.resources {
            Resources::Only(patterns) => ResourcePatterns::Only(patterns),
            Resources::AllBut(patterns) => ResourcePatterns::AllBut(patterns),
            Resources::Absent => ResourcePatterns::None,
        }
    }

    /// The principals that the statement names.
    pub fn principals(&self) -> Principals<'_> {
        match &self.principals {
            PrincipalElement::Only(named) => Principals::Only(named),
            PrincipalElement::AllBut(named) => Principals::AllBut(named),
            PrincipalElement::Absent => Principals::Absent,
        }
    }

    /// Whether the statement holds only under conditions.
    pub fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// The condition keys that the statement reads, as written, in order, with repetitions.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(Condition::key)
    }

    /// Whether the `Action` or `NotAction` covers this action, whatever the resource.
    pub fn covers_action(&self, action: &Action) -> bool {
        self.actions.covers(action)
    }

    /// Whether the `Action` or `NotAction` can cover an action of this service. A `true` may be too
    /// generous for unusual patterns, a `false` is certain.
    pub fn covers_any_action(&self, service: &str) -> bool {
        self.actions.covers_any_of(service)
    }

    /// Whether the `Resource` or `NotResource` covers this resource for some value of the policy variables.
    pub fn may_cover_resource(&self, resource: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(resource));
        match &self.resources {
            Resources::Only(patterns) => any(patterns),
            Resources::AllBut(patterns) => !patterns
                .iter()
                .any(|pattern| !pattern.has_variables() && pattern.matches(resource)),
            Resources::Absent => true,
        }
    }
}

/// Whether a statement allows or denies. Complete by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The statement allows.
    Allow,
    /// The statement denies, whatever else allows.
    Deny,
}

/// The resources that a statement is about. Complete by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourcePatterns<'a> {
    /// Those that match one of the patterns.
    Only(&'a [Pattern]),
    /// Those that match none of the patterns.
    AllBut(&'a [Pattern]),
    /// The statement has no such element, as in trust policies: it is about what it is attached to.
    None,
}

/// Something in a document that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) effect: WarningEffect,
}

impl Warning {
    /// The JSON pointer of the part, within the document.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is not understood, and how it is treated.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What that does to answers.
    pub fn effect(&self) -> WarningEffect {
        self.effect
    }
}

/// What a part that is not understood does to answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningEffect {
    /// None.
    Harmless,
    /// An access may be reported that AWS refuses.
    MayOverReport,
    /// An access that AWS grants may be missed.
    MayUnderReport,
}

#[derive(Debug, Clone)]
pub(crate) enum Resources {
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
    Absent,
}

#[derive(Debug, Clone)]
pub(crate) enum PrincipalElement {
    Only(Vec<NamedPrincipal>),
    AllBut(Vec<NamedPrincipal>),
    Absent,
}
