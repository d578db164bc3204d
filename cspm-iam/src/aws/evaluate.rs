//! The documented logic: which policies have to allow, and what a deny does.

use super::action::Action;
use super::condition::Truth;
use super::context::{Context, Facts, Lookup};
use super::decision::{Block, Decision, DecisionKind, OpenCondition, PolicyKind, StatementRef};
use super::document::{Effect, Policy, Resources, Statement};
use super::formula::{Atom, AtomId, Formula, Found, SESSION_KEY, Way, find};
use super::named::{Principals, Via};
use super::pattern::Match;
use super::principal::Principal;
use super::services;

/// The policies that apply to one request, borrowed. Absent kinds do not apply.
#[derive(Debug, Clone, Copy, Default)]
pub struct PolicySet<'a> {
    /// Attached to the principal and its groups.
    pub identity: &'a [&'a Policy],
    /// The policy of the resource: of a role its trust policy, of a key its key policy.
    pub resource: Option<&'a Policy>,
    /// The permissions boundary. A principal has one at most; several count as one with all statements.
    pub boundaries: Option<&'a [&'a Policy]>,
    /// Given when the session was made; several count as one with all statements.
    pub session: Option<&'a [&'a Policy]>,
    /// One list for each level from the root down to the principal's account. Every level has to allow, so
    /// an empty list allows nothing. Not for principals of the management account.
    pub service_control: Option<&'a [&'a [&'a Policy]]>,
    /// One list for each level from the root down to the resource's account. The provider's full-access
    /// default is implied. Not for resources of the management account.
    pub resource_control: Option<&'a [&'a [&'a Policy]]>,
    /// The policies of the VPC endpoint that the request goes through.
    pub endpoint: Option<&'a [&'a Policy]>,
}

/// One question: may this principal do this?
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What to do.
    pub action: &'a Action,
    /// The ARN of what to do it to; `*` for actions that take no resource.
    pub resource: &'a str,
    /// The account that owns the resource. Without it, the account in the resource's ARN counts, and
    /// without that the principal's own.
    pub resource_account: Option<&'a str>,
    /// What else is known of the request.
    pub context: &'a Context,
}

/// Whether `policies` allow `request`, as AWS documents it.
///
/// With an incomplete context the question is whether some completion of it is allowed, and whether all
/// are. A completion gives each key that is not known no value, one, or (for keys that the policies use
/// with set operators) several.
///
/// # Complexity
/// Linear in the size of the policies, for a complete context. For an incomplete one, a search of at most
/// 10,000 steps follows, each linear in the conditions that are open.
///
/// # Source
/// AWS IAM User Guide, "Policy evaluation logic" with its pages on requests within one account, on
/// cross-account requests and on explicit and implicit denies, read 2026-11.
pub fn evaluate(request: &Request<'_>, policies: &PolicySet<'_>) -> Decision {
    if services::is_always_allowed(request.principal, request.action) {
        return settled(DecisionKind::Allow, Vec::new(), None);
    }
    if services::is_always_refused(request.principal, request.action) {
        return settled(
            DecisionKind::ImplicitDeny,
            Vec::new(),
            Some(Block::Provider),
        );
    }
    let mut collector = Collector::new(request, policies);
    let layers = Layers::collect(&mut collector, policies);
    if !layers.denies_for_certain.is_empty() {
        let block = layers
            .denies_for_certain
            .first()
            .copied()
            .map(Block::ExplicitDeny);
        return settled(DecisionKind::ExplicitDeny, layers.denies_for_certain, block);
    }
    let atoms = &collector.atoms;
    let access = Access::of(request, policies);
    let granted = layers.granted(access);
    let whole = layers.whole(granted.clone());
    match find(&whole, atoms) {
        Found::Nothing => {
            if let Some(first) = layers.denies.first().map(|(statement, _)| *statement)
                && find(&layers.undenied(), atoms) == Found::Nothing
            {
                // Each completion is denied, if not always by the same statement.
                let mut because: Vec<_> = layers.denies.iter().map(|deny| deny.0).collect();
                because.dedup();
                return settled(
                    DecisionKind::ExplicitDeny,
                    because,
                    Some(Block::ExplicitDeny(first)),
                );
            }
            let block = layers.block(access, atoms);
            settled(DecisionKind::ImplicitDeny, Vec::new(), Some(block))
        }
        Found::Way(way) => {
            let denied = find(&whole.negated(), atoms);
            let certain = denied == Found::Nothing;
            let settled_denied = match &denied {
                Found::Way(way) => way.proven,
                Found::Nothing => true,
                Found::Cut => false,
            };
            allowed(
                &way,
                certain,
                settled_denied && (certain || way.proven),
                &layers,
                access,
                atoms,
            )
        }
        Found::Cut => {
            // On the safe side: an access that cannot be ruled out is reported, with all that it may need.
            let way = Way {
                wanted: layers.mention(),
                granted: Vec::new(),
                proven: false,
            };
            allowed(&way, false, false, &layers, access, atoms)
        }
    }
}

fn settled(effect: DecisionKind, because: Vec<StatementRef>, block: Option<Block>) -> Decision {
    Decision {
        effect,
        certain: true,
        exact: true,
        conditions: Vec::new(),
        because,
        blocked_by: block,
    }
}

fn allowed(
    way: &Way,
    certain: bool,
    exact: bool,
    layers: &Layers<'_>,
    access: Access,
    atoms: &[Atom<'_>],
) -> Decision {
    let mut because = layers.grants_for_certain(access);
    let mut conditions = Vec::new();
    if because.is_empty() || !certain {
        because.extend(&way.granted);
    }
    because.sort_unstable();
    because.dedup();
    if !certain {
        conditions = way
            .wanted
            .iter()
            .filter_map(|(atom, wanted)| Some(atoms.get(*atom)?.as_open_condition(*wanted)))
            .collect();
        conditions.sort_unstable();
        conditions.dedup();
    }
    Decision {
        effect: DecisionKind::Allow,
        certain,
        exact,
        conditions,
        because,
        blocked_by: None,
    }
}

/// What the kind of principal and the accounts mean for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Access {
    /// Where the rights of the principal itself come from.
    own: Own,
    /// Whether principal and resource belong to the same account.
    same_account: bool,
    /// Whether nothing is allowed unless the resource's policy says so.
    resource_decides: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// Identity-based policies.
    Policies,
    /// The root user can do everything in its account.
    Everything,
    /// Principals without an account have none.
    Nothing,
}

impl Access {
    fn of(request: &Request<'_>, policies: &PolicySet<'_>) -> Self {
        let own = match request.principal {
            Principal::Root(_) => Own::Everything,
            // AWS STS API Reference, GetFederationToken, read 2026-11: without session policies the session
            // has no permissions but those that a resource's policy gives to the session itself.
            Principal::FederatedUser(_) if policies.session.is_none() => Own::Nothing,
            Principal::User(_)
            | Principal::Role(_)
            | Principal::AssumedRole(_)
            | Principal::FederatedUser(_) => Own::Policies,
            Principal::Service(_) | Principal::Federated(_) | Principal::Anonymous => Own::Nothing,
        };
        let principal_account = request.principal.account();
        let resource_account = Facts::new(request).resource_account();
        let same_account = principal_account.is_none()
            || resource_account.is_none()
            || principal_account == resource_account;
        let resource_decides = services::resource_policy_decides(request.action, request.resource);
        Self {
            own,
            same_account,
            resource_decides,
        }
    }
}

/// A statement that covers the request, as far as is known.
struct Covering<'a> {
    statement: StatementRef,
    via: Via<'a>,
    /// What it depends on whether it applies.
    applies: Formula,
}

/// The statements of one kind of policy, or of one level, that cover the request.
#[derive(Default)]
struct Layer<'a> {
    allows: Vec<Covering<'a>>,
    /// The first statement that would allow but for a condition that is known not to hold.
    missed: Option<(StatementRef, OpenCondition)>,
}

impl Layer<'_> {
    /// Whether one of its statements allows.
    fn formula(&self) -> Formula {
        Formula::any(self.allows.iter().map(|covering| covering.applies.clone()))
    }

    /// As [`Layer::formula`], for those that count, keeping in mind which statement grants.
    fn granting(&self, counts: impl Fn(Via<'_>) -> bool) -> Formula {
        let counted = self.allows.iter().filter(|covering| counts(covering.via));
        Formula::any(counted.map(|covering| match &covering.applies {
            Formula::Known(value) => Formula::Known(*value),
            open => Formula::Granted(covering.statement, Box::new(open.clone())),
        }))
    }

    /// Those that count and apply whatever is not known.
    fn certain(&self, counts: impl Fn(Via<'_>) -> bool) -> impl Iterator<Item = StatementRef> {
        self.allows
            .iter()
            .filter(move |covering| {
                matches!(covering.applies, Formula::Known(true)) && counts(covering.via)
            })
            .map(|covering| covering.statement)
    }
}

/// All the statements that cover the request.
#[derive(Default)]
struct Layers<'a> {
    identity: Layer<'a>,
    resource: Layer<'a>,
    boundary: Option<Layer<'a>>,
    session: Option<Layer<'a>>,
    service_control: Vec<Layer<'a>>,
    endpoint: Option<Layer<'a>>,
    denies_for_certain: Vec<StatementRef>,
    /// For each deny that may apply, what that depends on.
    denies: Vec<(StatementRef, Formula)>,
}

impl<'a> Layers<'a> {
    /// Which kinds of policy are read for which kinds of principal.
    fn collect(collector: &mut Collector<'a>, policies: &PolicySet<'a>) -> Self {
        let mut layers = Self::default();
        let request = collector.request;
        // AWS IAM User Guide, "AWS account root user", read 2026-11: identity-based policies and boundaries
        // cannot be attached to it, and principals outside of accounts have none either.
        let has_policies = request.principal.account().is_some()
            && !matches!(request.principal, Principal::Root(_));
        if has_policies {
            layers.identity = layers.read(collector, PolicyKind::Identity, 0, policies.identity);
            layers.boundary = policies
                .boundaries
                .map(|policies| layers.read(collector, PolicyKind::Boundary, 0, policies));
            layers.session = policies
                .session
                .map(|policies| layers.read(collector, PolicyKind::Session, 0, policies));
        }
        layers.resource = layers.read(
            collector,
            PolicyKind::Resource,
            0,
            policies.resource.as_slice(),
        );
        if services::service_control_applies(request.principal) {
            for (level, policies) in policies
                .service_control
                .unwrap_or_default()
                .iter()
                .enumerate()
            {
                let layer = layers.read(collector, PolicyKind::ServiceControl, level, policies);
                layers.service_control.push(layer);
            }
        }
        let (principal, action) = (request.principal, request.action);
        if services::resource_control_applies(principal, action, request.resource) {
            for (level, policies) in policies
                .resource_control
                .unwrap_or_default()
                .iter()
                .enumerate()
            {
                // AWS Organizations User Guide, "RCP syntax", read 2026-11: customers write denies only, and
                // `RCPFullAWSAccess` allows the rest at every level; so allows have nothing to add.
                let _ = layers.read(collector, PolicyKind::ResourceControl, level, policies);
            }
        }
        layers.endpoint = policies
            .endpoint
            .map(|policies| layers.read(collector, PolicyKind::Endpoint, 0, policies));
        layers
    }

    fn read(
        &mut self,
        collector: &mut Collector<'a>,
        kind: PolicyKind,
        level: usize,
        policies: &[&'a Policy],
    ) -> Layer<'a> {
        let mut layer = Layer::default();
        for (policy_index, policy) in policies.iter().enumerate() {
            for statement in policy.statements() {
                let reference = StatementRef {
                    kind,
                    level,
                    policy: policy_index,
                    statement: statement.index(),
                };
                collector.read(statement, reference, &mut layer, self);
            }
        }
        layer
    }

    /// Whether the statements that have to allow do, limits of organisation and endpoint aside.
    ///
    /// # Source
    /// AWS IAM User Guide, read 2026-11: "Policy evaluation for requests within a single account" (the
    /// union of identity-based and resource-based policies), "Cross-account policy evaluation logic" (both
    /// have to allow), and in "How AWS enforcement code logic evaluates requests" the table of implicit
    /// denies: a grant to the user or session itself needs nothing else, one to the role behind a session
    /// is limited by boundary and session policies.
    fn granted(&self, access: Access) -> Formula {
        self.granted_within(
            access,
            limit(self.boundary.as_ref()),
            limit(self.session.as_ref()),
        )
    }

    fn granted_within(&self, access: Access, boundary: Formula, session: Formula) -> Formula {
        let limits = [boundary, session];
        let own = match access.own {
            Own::Policies => self.identity.granting(|_| true),
            Own::Everything => Formula::TRUE,
            Own::Nothing => Formula::FALSE,
        };
        let own = Formula::all([own].into_iter().chain(limits.iter().cloned()));
        let resource = |counts: fn(Via<'_>) -> bool| self.resource.granting(counts);
        if !access.same_account {
            return Formula::all([resource(|_| true), own]);
        }
        let direct = resource(|via| matches!(via, Via::Direct | Via::OneSession(_)));
        let by_entity = match access.own {
            // A federated session without session policies is refused what its user is granted.
            Own::Nothing => Formula::FALSE,
            Own::Policies | Own::Everything => {
                let grant = resource(|via| via == Via::Entity);
                Formula::all([grant].into_iter().chain(limits.iter().cloned()))
            }
        };
        let own = if access.resource_decides {
            Formula::all([resource(|via| via == Via::Account), own])
        } else {
            own
        };
        Formula::any([own, direct, by_entity])
    }

    /// The whole answer: granted, within all limits, and not denied.
    ///
    /// AWS IAM User Guide, "The difference between explicit and implicit denies", read 2026-11: an explicit
    /// deny in any policy overrides every allow.
    fn whole(&self, granted: Formula) -> Formula {
        let levels = self.service_control.iter().map(Layer::formula);
        let endpoint = limit(self.endpoint.as_ref());
        Formula::all(
            [granted, endpoint]
                .into_iter()
                .chain(levels)
                .chain([self.undenied()]),
        )
    }

    fn undenied(&self) -> Formula {
        Formula::all(self.denies.iter().map(|(_, applies)| applies.negated()))
    }

    /// The granting statements that apply whatever is not known.
    fn grants_for_certain(&self, access: Access) -> Vec<StatementRef> {
        let excluded = |layer: Option<&Layer<'_>>| {
            layer.is_some_and(|layer| matches!(layer.formula(), Formula::Known(false)))
        };
        let within_limits = !excluded(self.boundary.as_ref()) && !excluded(self.session.as_ref());
        let has_account_grant = self
            .resource
            .allows
            .iter()
            .any(|grant| grant.via == Via::Account);
        let has_own = access.own == Own::Everything || !self.identity.allows.is_empty();
        let needs_both = access.resource_decides || !access.same_account;
        let mut statements = Vec::new();
        if within_limits && (!access.resource_decides || !access.same_account || has_account_grant)
        {
            statements.extend(self.identity.certain(|_| true));
        }
        statements.extend(self.resource.certain(|via| match via {
            Via::Direct | Via::OneSession(_) => true,
            Via::Entity => within_limits,
            Via::Account => needs_both && within_limits && has_own,
        }));
        statements
    }

    /// All atoms, wanted as allow and deny statements want them.
    fn mention(&self) -> Vec<(AtomId, bool)> {
        let layers = [
            Some(&self.identity),
            Some(&self.resource),
            self.boundary.as_ref(),
        ]
        .into_iter()
        .chain([self.session.as_ref(), self.endpoint.as_ref()])
        .flatten()
        .chain(&self.service_control);
        let mut wanted = Vec::new();
        for covering in layers.flat_map(|layer| &layer.allows) {
            covering.applies.atoms(&mut wanted);
        }
        self.undenied().atoms(&mut wanted);
        wanted
    }

    /// Which control blocks a request that is not allowed and not denied for certain, in the order in which
    /// AWS looks at them.
    fn block(&self, access: Access, atoms: &[Atom<'_>]) -> Block {
        let possible = |formula: &Formula| find(formula, atoms) != Found::Nothing;
        let missed = |layer: &Layer<'_>, block: Block| match &layer.missed {
            Some((statement, condition)) if layer.allows.is_empty() => {
                Block::Condition(*statement, condition.clone())
            }
            _ => block,
        };
        for (level, layer) in self.service_control.iter().enumerate() {
            if !possible(&layer.formula()) {
                return missed(layer, Block::ServiceControl { level });
            }
        }
        if let Some(layer) = &self.endpoint
            && !possible(&layer.formula())
        {
            return missed(layer, Block::Endpoint);
        }
        if possible(&self.granted(access)) {
            return Block::Contradiction;
        }
        let boundary = limit(self.boundary.as_ref());
        let session = limit(self.session.as_ref());
        if possible(&self.granted_within(access, Formula::TRUE, Formula::TRUE)) {
            let without = |layer: Option<&Layer<'_>>, block: Block| match layer {
                Some(layer) => missed(layer, block),
                None => block,
            };
            return if possible(&self.granted_within(access, Formula::TRUE, session.clone())) {
                without(self.boundary.as_ref(), Block::Boundary)
            } else if possible(&self.granted_within(access, boundary, Formula::TRUE)) {
                without(self.session.as_ref(), Block::Session)
            } else {
                without(self.boundary.as_ref(), Block::Boundary)
            };
        }
        let resource_needed =
            !access.same_account || access.resource_decides || access.own == Own::Nothing;
        if resource_needed && !possible(&self.resource.formula()) {
            return missed(&self.resource, Block::NoResourceAllow);
        }
        if access.own == Own::Nothing {
            return missed(&self.resource, Block::NoResourceAllow);
        }
        match (&self.identity.missed, &self.resource.missed) {
            (None, Some(_)) if self.identity.allows.is_empty() => {
                missed(&self.resource, Block::NoIdentityAllow)
            }
            _ => missed(&self.identity, Block::NoIdentityAllow),
        }
    }
}

/// Reads statements against one request.
struct Collector<'a> {
    request: &'a Request<'a>,
    facts: Facts<'a>,
    atoms: Vec<Atom<'a>>,
    has_boundary: bool,
}

impl<'a> Collector<'a> {
    fn new(request: &'a Request<'a>, policies: &PolicySet<'a>) -> Self {
        let facts = Facts::new(request);
        let has_boundary = policies.boundaries.is_some();
        Self {
            request,
            facts,
            atoms: Vec::new(),
            has_boundary,
        }
    }

    fn read(
        &mut self,
        statement: &'a Statement,
        reference: StatementRef,
        layer: &mut Layer<'a>,
        layers: &mut Layers<'a>,
    ) {
        if !statement.covers_action(self.request.action) {
            return;
        }
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
        let covers = Formula::all([resource].into_iter().chain(conditions));
        for via in ways {
            let applies = Formula::all([self.session(via), covers.clone()]);
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
    fn ways(&self, statement: &'a Statement, kind: PolicyKind) -> Vec<Via<'a>> {
        match kind {
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::ServiceControl => return vec![Via::Direct],
            PolicyKind::Resource => {}
            // Their `Principal` has to be `*`, so leaving it out can mean nothing else.
            PolicyKind::ResourceControl | PolicyKind::Endpoint => {
                if statement.principals() == Principals::Absent {
                    return vec![Via::Direct];
                }
            }
        }
        // AWS IAM User Guide, "Permissions boundaries for IAM entities", read 2026-11: "The NotPrincipal
        // element with a Deny effect will always deny any IAM principal that has a permissions boundary
        // policy attached, regardless of the values specified in the NotPrincipal element."
        let denied_by_boundary = self.has_boundary
            && statement.effect() == Effect::Deny
            && matches!(statement.principals(), Principals::AllBut(_))
            && matches!(
                self.request.principal,
                Principal::User(_) | Principal::Role(_) | Principal::AssumedRole(_)
            );
        if denied_by_boundary {
            return vec![Via::Direct];
        }
        statement
            .principals()
            .covering(self.request.principal, statement.effect())
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
                let attached = [
                    PolicyKind::Resource,
                    PolicyKind::ResourceControl,
                    PolicyKind::Endpoint,
                ];
                return Formula::Known(attached.contains(&kind));
            }
            Resources::Only(patterns) => (patterns, false),
            Resources::AllBut(patterns) => (patterns, true),
        };
        let mut matched = Vec::new();
        for pattern in patterns {
            let facts = self.facts;
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
    fn conditions(&mut self, statement: &'a Statement) -> Result<Vec<Formula>, OpenCondition> {
        let mut open = Vec::new();
        for condition in &statement.conditions {
            let key_is_open = self.facts.lookup(condition.folded_key()) == Lookup::Open;
            let atom = Atom::Condition {
                condition,
                key_is_open,
            };
            match condition.evaluate(self.facts) {
                Truth::True => {}
                Truth::False => return Err(atom.as_open_condition(true)),
                Truth::Open => open.push(self.open(atom)),
            }
        }
        Ok(open)
    }

    fn open(&mut self, atom: Atom<'a>) -> Formula {
        self.atoms.push(atom);
        Formula::Wanted(self.atoms.len() - 1, true)
    }
}

fn limit(layer: Option<&Layer<'_>>) -> Formula {
    layer.map_or(Formula::TRUE, Layer::formula)
}
