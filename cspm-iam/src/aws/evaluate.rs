//! One question and its answer.

use super::action::Action;
use super::collect::Collector;
use super::context::Context;
use super::decision::{Block, Decision, DecisionKind, StatementRef};
use super::document::Policy;
use super::formula::{Atom, Found, Way, find};
use super::layers::{Access, Layers};
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
    /// The ARN of what to do it to; `*` for actions that take no resource. For those that are documented to
    /// take none ([`ActionInfo::takes_no_resource`](super::actions::ActionInfo::takes_no_resource)) it is
    /// `*` whatever is said here, so a statement about a named resource never covers them.
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
/// Linear in the size of the policies, for a complete context. For an incomplete one, a search
/// follows that does at most a fixed amount of work.
///
/// # Source
/// AWS IAM User Guide, "Policy evaluation logic" with its pages on requests within one account, on
/// cross-account requests and on explicit and implicit denies, read 2026-11.
pub fn evaluate(request: &Request<'_>, policies: &PolicySet<'_>) -> Decision {
    if services::is_always_allowed(request.principal, request.action) {
        return settled(DecisionKind::Allow, Vec::new(), None);
    }
    if services::is_always_refused(request.principal, request.action, request.resource) {
        return settled(
            DecisionKind::ImplicitDeny,
            Vec::new(),
            Some(Block::Provider),
        );
    }
    let request = &about_what_it_can_be(request);
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

/// The request, of no resource where its action takes none.
fn about_what_it_can_be<'a>(request: &Request<'a>) -> Request<'a> {
    let resource = if request.action.takes_no_resource() {
        "*"
    } else {
        request.resource
    };
    Request {
        resource,
        ..*request
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
