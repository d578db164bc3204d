//! Which resources a question is worth asking about, without walking principals times resources.

use std::collections::{BTreeMap, BTreeSet};

use cspm_iam::aws::{Action, Effect, NamedPrincipal, Pattern, Policy, Principal, ResourcePatterns};
use cspm_model::{Estate, PolicyType};

use super::holders::Holder;
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
        for statement in policy.statements().iter().filter(|it| it.effect() == Effect::Allow) {
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

    /// Whether it lets this principal in, alone or with the account's own policies.
    fn lets(&self, holder: &Holder) -> bool {
        self.everyone
            || holder.account.as_ref().is_some_and(|account| self.accounts.contains(account))
            || self.principals.contains(&name_of(&holder.principal))
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
}

/// Resources by kind and by the order of their ids.
#[derive(Debug, Default)]
pub(super) struct Targets {
    by_kind: BTreeMap<String, Vec<Target>>,
}

impl Targets {
    pub(super) fn new(estate: &Estate, policies: &Policies) -> Self {
        let mut targets = Self::default();
        // Resources are sorted by id, so each kind is too.
        for (position, resource) in estate.resources().iter().enumerate() {
            let kind = resource.kind.as_str();
            let policy_type =
                if kind == "identity.role" { PolicyType::Trust } else { PolicyType::Resource };
            let document = policies.attached(policy_type, position).first().copied();
            let named =
                document.and_then(|id| policies.document(id)).map(|it| Named::of(&it.policy));
            targets.by_kind.entry(kind.to_owned()).or_default().push(Target {
                position,
                account: resource.account.clone(),
                named,
                document,
            });
        }
        targets
    }

    /// The resources of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> &[Target] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The resources of a kind on which `holder` may have one of `actions`: those that an allowing statement
    /// of its policies may mean, and those whose own policy lets it in.
    ///
    /// # Complexity
    /// O(statements × (log n + matches)) for patterns with a literal beginning, plus O(resources whose own
    /// policy names somebody).
    pub(super) fn candidates<'t>(
        &'t self,
        estate: &Estate,
        policies: &Policies,
        holder: &Holder,
        actions: &[Action],
        kind: &str,
    ) -> Vec<(&'t Target, Claim)> {
        let all = self.of_kind(kind);
        let mut found: BTreeMap<usize, Claim> = BTreeMap::new();
        for document in holder.identity.iter().filter_map(|&id| policies.document(id)) {
            for statement in document.policy.statements() {
                if statement.effect() != Effect::Allow
                    || !actions.iter().any(|action| statement.covers_action(action))
                {
                    continue;
                }
                match statement.resource_patterns() {
                    ResourcePatterns::Only(patterns) => {
                        for pattern in patterns {
                            select(estate, all, pattern, |at| {
                                found.insert(at, Claim::Identity);
                            });
                        }
                    }
                    _ => found.extend((0..all.len()).map(|at| (at, Claim::Identity))),
                }
            }
        }
        // Another account's resource needs a policy of its own that lets the principal in.
        found.retain(|&at, _| {
            all.get(at).is_some_and(|target| {
                target.account == holder.account
                    || target.account.is_none()
                    || target.named.as_ref().is_some_and(|named| named.lets(holder))
            })
        });
        for (at, target) in all.iter().enumerate() {
            if target.account == holder.account
                && target.named.as_ref().is_some_and(|named| named.lets(holder))
            {
                found.entry(at).or_insert(Claim::Resource);
            }
        }
        found.into_iter().filter_map(|(at, claim)| Some((all.get(at)?, claim))).collect()
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

/// The resources that a pattern may mean, itself or something in them.
fn select(estate: &Estate, all: &[Target], pattern: &Pattern, mut add: impl FnMut(usize)) {
    let id_of = |target: &Target| {
        estate.resources().get(target.position).map_or("", |resource| resource.id.as_str())
    };
    let prefix = pattern.literal_prefix();
    // What the pattern means may be in a resource: the resource's id is then a beginning of the prefix.
    let start = all.partition_point(|target| id_of(target) < prefix);
    let mut check = |at: usize| -> bool {
        let Some(target) = all.get(at) else { return false };
        let id = id_of(target);
        if covers(pattern, id) {
            add(at);
        }
        true
    };
    let mut at = start;
    while all.get(at).is_some_and(|target| id_of(target).starts_with(prefix)) {
        check(at);
        at += 1;
    }
    for (cut, _) in prefix.match_indices(['/', ':']) {
        if let Some(outer) = prefix.get(..cut)
            && let Ok(at) = all.binary_search_by(|target| id_of(target).cmp(outer))
        {
            check(at);
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
    let rest = text.match_indices('/').filter_map(|(at, _)| text.get(at + 1..)).map(|rest| {
        let rest = rest.replace('*', PROBE).replace('?', "x");
        format!("{id}/{rest}")
    });
    rest.filter(|candidate| pattern.matches(candidate)).take(1).collect()
}

/// Stands for the name of an object that no policy singles out.
pub(super) const PROBE: &str = "cspm-probe";
