//! Which resources a question is worth asking about, without walking principals times resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cspm_iam::aws::{Action, Effect, NamedPrincipal, Pattern, Policy, Principal, ResourcePatterns};
use cspm_model::{Estate, PolicyType};

use super::holders::{Holder, asks_resource_tags, condition_keys};
use super::policies::{DocumentId, Policies};

/// Whom the policy of a resource lets in, by a first look that may say too much, never too little.
#[derive(Debug, Default, Clone)]
pub(super) struct Named {
    pub(super) everyone: bool,
    accounts: BTreeSet<String>,
    principals: BTreeSet<String>,
}

impl Named {
    fn of(policy: &Policy) -> Self {
        let mut named = Self::default();
        for statement in policy
            .statements()
            .iter()
            .filter(|it| it.effect() == Effect::Allow)
        {
            let principals = statement.principals();
            if matches!(principals, cspm_iam::aws::Principals::AllBut(_)) {
                named.everyone = true;
            }
            for name in principals.named() {
                match name {
                    NamedPrincipal::Everyone => named.everyone = true,
                    NamedPrincipal::Account(account) => {
                        named.accounts.insert(account.clone());
                    }
                    NamedPrincipal::Aws(principal) => {
                        named.principals.insert(name_of(principal));
                    }
                    _ => {}
                }
            }
        }
        named
    }
}

/// Account and name, which is all that role names are compared by.
fn name_of(principal: &Principal) -> String {
    let entity = match principal {
        Principal::AssumedRole(session) => Some(session.role()),
        other => other.entity(),
    };
    entity.map_or_else(String::new, |it| format!("{}/{}", it.account(), it.name()))
}

/// A resource that can be asked about.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) position: usize,
    pub(super) account: Option<String>,
    pub(super) named: Option<Named>,
    /// Its own policy; of a role the trust policy.
    pub(super) document: Option<DocumentId>,
    /// Whether its own policy asks for its tags.
    pub(super) asks_resource_tags: bool,
}

/// Resources of one kind, in the order of their ids.
#[derive(Debug, Default)]
struct Shelf {
    all: Vec<Target>,
    /// Positions in `all` by account, ascending.
    of_account: HashMap<Option<String>, Vec<usize>>,
    /// Those whose own policy names somebody, by whom it names.
    for_everyone: Vec<usize>,
    for_account: HashMap<String, Vec<usize>>,
    for_principal: HashMap<String, Vec<usize>>,
}

/// Resources by kind.
#[derive(Debug, Default)]
pub(super) struct Targets {
    by_kind: BTreeMap<String, Shelf>,
    asks_resource_organization: bool,
}

impl Targets {
    pub(super) fn new(estate: &Estate, policies: &Policies) -> Self {
        let mut targets = Self {
            asks_resource_organization: !condition_keys(estate, policies, "aws:resourceorg")
                .is_empty(),
            ..Self::default()
        };
        // Resources are sorted by id, so each kind is too.
        for (position, resource) in estate.resources().iter().enumerate() {
            let kind = resource.kind.as_str();
            let policy_type = if kind == "identity.role" {
                PolicyType::Trust
            } else {
                PolicyType::Resource
            };
            let document = policies.attached(policy_type, position).first().copied();
            let named = document
                .and_then(|id| policies.document(id))
                .map(|it| Named::of(&it.policy));
            let shelf = targets.by_kind.entry(kind.to_owned()).or_default();
            let at = shelf.all.len();
            if let Some(named) = &named {
                if named.everyone {
                    shelf.for_everyone.push(at);
                }
                for account in &named.accounts {
                    shelf
                        .for_account
                        .entry(account.clone())
                        .or_default()
                        .push(at);
                }
                for principal in &named.principals {
                    shelf
                        .for_principal
                        .entry(principal.clone())
                        .or_default()
                        .push(at);
                }
            }
            shelf
                .of_account
                .entry(resource.account.clone())
                .or_default()
                .push(at);
            shelf.all.push(Target {
                position,
                account: resource.account.clone(),
                named,
                document,
                asks_resource_tags: document
                    .and_then(|id| policies.document(id))
                    .is_some_and(|it| asks_resource_tags(&it.policy)),
            });
        }
        targets
    }

    /// Whether some policy asks for the organisation of resources.
    pub(super) fn asks_resource_organization(&self) -> bool {
        self.asks_resource_organization
    }

    /// The resources of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> &[Target] {
        self.by_kind.get(kind).map_or(&[], |shelf| &shelf.all)
    }

    /// The resources of a kind on which `holder` may have one of `actions`: those of its account that an
    /// allowing statement of its policies may mean, and those whose own policy lets it in.
    ///
    /// # Complexity
    /// O(statements × (log n + matches)) for patterns with a literal beginning, n being the resources of
    /// the account; plus those whose own policy names the principal, its account or everyone, times the
    /// statements.
    pub(super) fn candidates<'t>(
        &'t self,
        estate: &Estate,
        policies: &Policies,
        holder: &Holder<'_>,
        actions: &[Action],
        kind: &str,
    ) -> Vec<(&'t Target, Claim)> {
        let Some(shelf) = self.by_kind.get(kind) else {
            return Vec::new();
        };
        let mut found: BTreeMap<usize, Claim> = BTreeMap::new();
        let own = shelf
            .of_account
            .get(&holder.account)
            .map_or(&[][..], Vec::as_slice);
        let placeless = shelf.of_account.get(&None).map_or(&[][..], Vec::as_slice);
        // Another account's resource needs a policy of its own that lets the principal in.
        let mut inviting: Vec<usize> = shelf.for_everyone.clone();
        if let Some(account) = &holder.account {
            inviting.extend(shelf.for_account.get(account).into_iter().flatten());
        }
        inviting.extend(
            shelf
                .for_principal
                .get(&name_of(&holder.principal))
                .into_iter()
                .flatten(),
        );
        inviting.sort_unstable();
        inviting.dedup();
        for document in holder
            .identity
            .iter()
            .filter_map(|&id| policies.document(id))
        {
            for statement in document.policy.statements() {
                if statement.effect() != Effect::Allow
                    || !actions.iter().any(|action| statement.covers_action(action))
                {
                    continue;
                }
                for list in [own, placeless, &inviting] {
                    match statement.resource_patterns() {
                        ResourcePatterns::Only(patterns) => {
                            for pattern in patterns {
                                select(estate, &shelf.all, list, pattern, |at| {
                                    found.insert(at, Claim::Identity);
                                });
                            }
                        }
                        _ => found.extend(list.iter().map(|&at| (at, Claim::Identity))),
                    }
                }
            }
        }
        // Within the account, the resource's policy may be enough.
        for at in inviting {
            if shelf
                .all
                .get(at)
                .is_some_and(|target| target.account == holder.account)
            {
                found.entry(at).or_insert(Claim::Resource);
            }
        }
        found
            .into_iter()
            .filter_map(|(at, claim)| Some((shelf.all.get(at)?, claim)))
            .collect()
    }
}

/// Whose policy may allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// A policy of the principal.
    Identity,
    /// The policy of the resource only.
    Resource,
}

/// The resources of `list` (ascending positions in `all`) that a pattern may mean, itself or something in
/// them.
fn select(
    estate: &Estate,
    all: &[Target],
    list: &[usize],
    pattern: &Pattern,
    mut add: impl FnMut(usize),
) {
    let id_of = |at: &usize| {
        all.get(*at)
            .and_then(|target| estate.resources().get(target.position))
            .map_or("", |resource| resource.id.as_str())
    };
    let prefix = pattern.literal_prefix();
    let start = list.partition_point(|at| id_of(at) < prefix);
    for at in list.get(start..).unwrap_or_default() {
        if !id_of(at).starts_with(prefix) {
            break;
        }
        if covers(pattern, id_of(at)) {
            add(*at);
        }
    }
    // What the pattern means may be in a resource: the resource's id is then a beginning of the prefix.
    for (cut, _) in prefix.match_indices(['/', ':']) {
        if let Some(outer) = prefix.get(..cut)
            && let Ok(found) = list.binary_search_by(|at| id_of(at).cmp(outer))
            && let Some(at) = list.get(found)
            && covers(pattern, id_of(at))
        {
            add(*at);
        }
    }
}

/// Whether a pattern may mean the resource, or something in it.
fn covers(pattern: &Pattern, id: &str) -> bool {
    pattern.matches(id) || !objects(id, pattern).is_empty()
}

/// Something in the resource that the pattern means, for a resource that holds objects: `ID/` and a rest.
pub(super) fn objects(id: &str, pattern: &Pattern) -> Vec<String> {
    let plain = format!("{id}/{PROBE}");
    if pattern.matches(&plain) {
        return vec![plain];
    }
    // `arn:aws:s3:::bucket*/logs/*.gz`: what stands behind the slash, with something for each wildcard.
    let text = pattern.as_str();
    let rest = text
        .match_indices('/')
        .filter_map(|(at, _)| text.get(at + 1..))
        .map(|rest| {
            let rest = rest.replace('*', PROBE).replace('?', "x");
            format!("{id}/{rest}")
        });
    rest.filter(|candidate| pattern.matches(candidate))
        .take(1)
        .collect()
}

/// Stands for the name of an object that no policy singles out.
pub(super) const PROBE: &str = "cspm-probe";
