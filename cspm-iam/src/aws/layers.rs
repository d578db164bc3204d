//! The documented logic: which policies have to allow, and which control blocks.

use super::collect::{Collector, Layer};
use super::context::Facts;
use super::decision::{Block, PolicyKind, StatementRef};
use super::document::Policy;
use super::evaluate::{PolicySet, Request};
use super::formula::{Atom, AtomId, Formula, Found, find};
use super::named::Via;
use super::principal::Principal;
use super::services;

/// What the kind of principal and the accounts mean for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    /// Where the rights of the principal itself come from.
    own: Own,
    /// Whether principal and resource belong to the same account.
    same_account: bool,
    /// Whether nothing is allowed unless the resource's policy says so.
    resource_decides: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// Identity-based policies.
    Policies,
    /// The root user can do everything in its account.
    Everything,
    /// Principals without an account have none.
    Nothing,
}

impl Access {
    pub(crate) fn of(request: &Request<'_>, policies: &PolicySet<'_>) -> Self {
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

/// All the statements that cover the request.
#[derive(Default)]
pub(crate) struct Layers<'a> {
    identity: Layer<'a>,
    resource: Layer<'a>,
    boundary: Option<Layer<'a>>,
    session: Option<Layer<'a>>,
    service_control: Vec<Layer<'a>>,
    endpoint: Option<Layer<'a>>,
    pub(crate) denies_for_certain: Vec<StatementRef>,
    /// For each deny that may apply, what that depends on.
    pub(crate) denies: Vec<(StatementRef, Formula)>,
}

impl<'a> Layers<'a> {
    /// Which kinds of policy are read for which kinds of principal.
    pub(crate) fn collect(collector: &mut Collector<'a>, policies: &PolicySet<'a>) -> Self {
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
        // COST: most requests have no such policies, and whether those would apply is a search in texts.
        if let Some(levels) = policies.resource_control
            && services::resource_control_applies(
                request.principal,
                request.action,
                request.resource,
            )
        {
            for (level, policies) in levels.iter().enumerate() {
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
            let mut covering = std::mem::take(&mut collector.covering);
            policy.covering(collector.request.action, &mut covering);
            for number in &covering {
                let Some(statement) = usize::try_from(*number)
                    .ok()
                    .and_then(|number| policy.statements().get(number))
                else {
                    continue;
                };
                let reference = StatementRef {
                    kind,
                    level,
                    policy: policy_index,
                    statement: statement.index(),
                };
                collector.read(statement, reference, &mut layer, self);
            }
            collector.covering = covering;
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
    pub(crate) fn granted(&self, access: Access) -> Formula {
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
    pub(crate) fn whole(&self, granted: Formula) -> Formula {
        let levels = self.service_control.iter().map(Layer::formula);
        let endpoint = limit(self.endpoint.as_ref());
        Formula::all(
            [granted, endpoint]
                .into_iter()
                .chain(levels)
                .chain([self.undenied()]),
        )
    }

    pub(crate) fn undenied(&self) -> Formula {
        Formula::all(self.denies.iter().map(|(_, applies)| applies.negated()))
    }

    /// The granting statements that apply whatever is not known.
    pub(crate) fn grants_for_certain(&self, access: Access) -> Vec<StatementRef> {
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
    pub(crate) fn mention(&self) -> Vec<(AtomId, bool)> {
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
    pub(crate) fn block(&self, access: Access, atoms: &[Atom<'_>]) -> Block {
        let possible = |formula: &Formula| find(formula, atoms) != Found::Nothing;
        let missed = |layer: &Layer<'_>, block: Block| match &layer.missed {
            Some((statement, unmet)) if layer.allows.is_empty() => {
                Block::Condition(*statement, unmet.as_open_condition(true))
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

fn limit(layer: Option<&Layer<'_>>) -> Formula {
    layer.map_or(Formula::TRUE, Layer::formula)
}
