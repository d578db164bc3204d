//! Which statements cover a request, as far as is known.

use super::condition::Truth;
use std::borrow::Cow;

use super::context::{Facts, Lookup};
use super::decision::{PolicyKind, StatementRef};
use super::document::{Effect, Resources, Statement};
use super::evaluate::{PolicySet, Request};
use super::formula::{Atom, Formula, SESSION_KEY};
use super::layers::Layers;
use super::named::{Principals, Via};
use super::pattern::Match;
use super::principal::Principal;
use super::services;

/// A statement that covers the request, as far as is known.
pub(crate) struct Covering<'a> {
    pub(crate) statement: StatementRef,
    pub(crate) via: Via<'a>,
    /// What it depends on whether it applies.
    pub(crate) applies: Formula,
}

/// The statements of one kind of policy, or of one level, that cover the request.
#[derive(Default)]
pub(crate) struct Layer<'a> {
    pub(crate) allows: Vec<Covering<'a>>,
    /// The first statement that would allow but for a condition that is known not to hold.
    pub(crate) missed: Option<(StatementRef, Atom<'a>)>,
}

impl Layer<'_> {
    /// Whether one of its statements allows.
    pub(crate) fn formula(&self) -> Formula {
        Formula::any(self.allows.iter().map(|covering| covering.applies.clone()))
    }

    /// As [`Layer::formula`], for those that count, keeping in mind which statement grants.
    pub(crate) fn granting(&self, counts: impl Fn(Via<'_>) -> bool) -> Formula {
        let counted = self.allows.iter().filter(|covering| counts(covering.via));
        Formula::any(counted.map(|covering| match &covering.applies {
            Formula::Known(value) => Formula::Known(*value),
            open => Formula::Granted(covering.statement, Box::new(open.clone())),
        }))
    }

    /// Those that count and apply whatever is not known.
    pub(crate) fn certain(
        &self,
        counts: impl Fn(Via<'_>) -> bool,
    ) -> impl Iterator<Item = StatementRef> {
        self.allows
            .iter()
            .filter(move |covering| {
                matches!(covering.applies, Formula::Known(true)) && counts(covering.via)
            })
            .map(|covering| covering.statement)
    }
}

/// Reads statements against one request.
pub(crate) struct Collector<'a> {
    pub(crate) request: &'a Request<'a>,
    facts: Facts<'a>,
    pub(crate) atoms: Vec<Atom<'a>>,
    has_boundary: bool,
    /// Scratch: statements of one policy.
    pub(crate) covering: Vec<u32>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(request: &'a Request<'a>, policies: &PolicySet<'a>) -> Self {
        let facts = Facts::new(request);
        let has_boundary = policies.boundaries.is_some();
        Self {
            request,
            facts,
            atoms: Vec::new(),
            has_boundary,
            covering: Vec::new(),
        }
    }

    /// Reads a statement that covers the request's action.
    pub(crate) fn read(
        &mut self,
        statement: &'a Statement,
        reference: StatementRef,
        layer: &mut Layer<'a>,
        layers: &mut Layers<'a>,
    ) {
        if reference.kind == PolicyKind::Resource
            && statement.effect() == Effect::Deny
            && services::overrides_resource_deny(
                self.request.principal,
                self.request.action,
                self.facts.resource_account(),
            )
        {
            return;
        }
        let ways = self.ways(statement, reference.kind);
        if ways.is_empty() {
            return;
        }
        let resource = self.resource(statement, reference.kind);
        if matches!(resource, Formula::Known(false)) {
            return;
        }
        let conditions = match self.conditions(statement) {
            Ok(conditions) => conditions,
            Err(unmet) => {
                if statement.effect() == Effect::Allow && layer.missed.is_none() {
                    layer.missed = Some((reference, unmet));
                }
                return;
            }
        };
        let mut covers = if conditions.is_empty() {
            resource
        } else {
            Formula::all([resource].into_iter().chain(conditions))
        };
        if names_principals(reference.kind) && !self.denied_by_boundary(statement, reference.kind) {
            for left_out in statement
                .principals()
                .sessions_left_out(self.request.principal)
            {
                covers = Formula::all([covers, self.session(left_out).negated()]);
            }
        }
        for via in ways.iter().copied() {
            let applies = match via {
                Via::OneSession(_) => Formula::all([self.session(via), covers.clone()]),
                Via::Direct | Via::Entity | Via::Account => covers.clone(),
            };
            match (statement.effect(), applies) {
                (_, Formula::Known(false)) => {}
                (Effect::Allow, applies) => {
                    layer.allows.push(Covering {
                        statement: reference,
                        via,
                        applies,
                    });
                }
                (Effect::Deny, Formula::Known(true)) => {
                    if layers.denies_for_certain.last() != Some(&reference) {
                        layers.denies_for_certain.push(reference);
                    }
                }
                (Effect::Deny, applies) => layers.denies.push((reference, applies)),
            }
        }
    }

    /// In which ways the statement covers the principal.
    fn ways(&self, statement: &'a Statement, kind: PolicyKind) -> Cow<'a, [Via<'a>]> {
        match kind {
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::ServiceControl => return Cow::Borrowed(&[Via::Direct]),
            PolicyKind::Resource => {}
            // Their `Principal` has to be `*`, so leaving it out can mean nothing else.
            PolicyKind::ResourceControl | PolicyKind::Endpoint => {
                if statement.principals() == Principals::Absent {
                    return Cow::Borrowed(&[Via::Direct]);
                }
            }
        }
        if self.denied_by_boundary(statement, kind) {
            return Cow::Borrowed(&[Via::Direct]);
        }
        let principals = statement.principals();
        Cow::Owned(principals.covering(self.request.principal, statement.effect()))
    }

    /// Whether a `NotPrincipal` denies whomever it names, because the principal has a boundary.
    ///
    /// AWS IAM User Guide, "Permissions boundaries for IAM entities", read 2026-11: "The NotPrincipal element
    /// with a Deny effect will always deny any IAM principal that has a permissions boundary policy attached,
    /// regardless of the values specified in the NotPrincipal element."
    fn denied_by_boundary(&self, statement: &Statement, kind: PolicyKind) -> bool {
        names_principals(kind)
            && self.has_boundary
            && statement.effect() == Effect::Deny
            && matches!(statement.principals(), Principals::AllBut(_))
            && matches!(
                self.request.principal,
                Principal::User(_) | Principal::Role(_) | Principal::AssumedRole(_)
            )
    }

    /// Whether the principal is in the session that was named, if only one was.
    fn session(&mut self, via: Via<'a>) -> Formula {
        let Via::OneSession(name) = via else {
            return Formula::TRUE;
        };
        let is_named = |value: &str| {
            value
                .rsplit_once(':')
                .is_some_and(|(_, session)| session == name)
        };
        match self.facts.lookup(SESSION_KEY) {
            Lookup::One(value) => Formula::Known(is_named(&value)),
            Lookup::Many(values) => Formula::Known(values.iter().any(|value| is_named(value))),
            Lookup::Absent => Formula::FALSE,
            Lookup::Open => self.open(Atom::Session(name)),
        }
    }

    /// Whether the statement covers the resource.
    fn resource(&mut self, statement: &'a Statement, kind: PolicyKind) -> Formula {
        let (patterns, negated) = match &statement.resources {
            // Identity-based and organisation policies without the element are not valid, and so cover
            // nothing; other policies are about what they are attached to.
            Resources::Absent => {
                return Formula::Known(names_principals(kind));
            }
            Resources::Only(patterns) => (patterns, false),
            Resources::AllBut(patterns) => (patterns, true),
        };
        let facts = self.facts;
        if negated
            && patterns
                .iter()
                .any(|pattern| pattern.lacks_value(|name| facts.resolve(name)))
        {
            return Formula::FALSE;
        }
        let mut matched = Vec::new();
        for pattern in patterns {
            match pattern.matches_with(self.request.resource, |name| facts.resolve(name)) {
                Match::Yes => return Formula::Known(!negated),
                Match::No => {}
                Match::Open => matched.push(self.open(Atom::Resource(pattern))),
            }
        }
        let matched = Formula::any(matched);
        if negated { matched.negated() } else { matched }
    }

    /// What the conditions depend on, or the first that is known not to hold.
    fn conditions(&mut self, statement: &'a Statement) -> Result<Vec<Formula>, Atom<'a>> {
        let mut open = Vec::new();
        for condition in &statement.conditions {
            let facts = self.facts;
            let atom = || Atom::Condition {
                condition,
                key_is_open: facts.lookup(condition.folded_key()) == Lookup::Open,
            };
            match condition.evaluate(facts) {
                Truth::True => {}
                Truth::False => return Err(atom()),
                Truth::Open => open.push(self.open(atom())),
            }
        }
        Ok(open)
    }

    fn open(&mut self, atom: Atom<'a>) -> Formula {
        self.atoms.push(atom);
        Formula::Wanted(self.atoms.len() - 1, true)
    }
}

/// Whether statements of this kind of policy say whom they are about.
fn names_principals(kind: PolicyKind) -> bool {
    matches!(
        kind,
        PolicyKind::Resource | PolicyKind::ResourceControl | PolicyKind::Endpoint
    )
}
