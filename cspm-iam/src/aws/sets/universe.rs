//! The resources that set questions are about.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::super::document::{Effect, Policy};
use super::super::named::{NamedPrincipal, Principals};
use super::super::principal::Principal;
use super::super::services::Protected;
use super::classes::Sets;

/// Number of a resource in a [`Universe`]: the rank of its account and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(u32);

impl ResourceId {
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// A resource, as a set question needs to know it.
#[derive(Debug, Clone)]
pub struct ResourceFacts<'p> {
    arn: String,
    account: String,
    policy: Option<&'p Policy>,
    tags: Option<&'p BTreeMap<String, String>>,
}

impl<'p> ResourceFacts<'p> {
    /// A resource without a policy of its own. Its tags are not known.
    pub fn new(arn: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            account: account.into(),
            policy: None,
            tags: None,
        }
    }

    /// The same with the policy of the resource.
    #[must_use]
    pub fn with_policy(mut self, policy: &'p Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The same with its tags, all of them: a tag that is not among them is known to be absent.
    #[must_use]
    pub fn with_tags(mut self, tags: &'p BTreeMap<String, String>) -> Self {
        self.tags = Some(tags);
        self
    }
}

/// A part of the numbers: neighbours of one account that the evaluation treats alike, patterns aside.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) ids: Range<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) ids: Range<u32>,
    pub(super) heads: Vec<Head>,
    /// Those with a policy of their own, ascending.
    pub(super) with_policy: Vec<u32>,
}

/// Resources, numbered by account and id.
#[derive(Debug, Default)]
pub struct Universe<'p> {
    arns: Vec<Box<str>>,
    account_of: Vec<u32>,
    account_names: Vec<String>,
    pub(super) accounts: HashMap<String, Account>,
    policies: HashMap<u32, &'p Policy>,
    tags: HashMap<u32, &'p BTreeMap<String, String>>,
    /// Resources whose own policy lets in everybody, an account, a principal: by a first look that may say too
    /// much, never too little.
    for_everyone: Vec<u32>,
    for_account: HashMap<String, Vec<u32>>,
    for_principal: HashMap<String, Vec<u32>>,
}

impl<'p> Universe<'p> {
    /// The universe of these resources, in whatever order. Of equal account and id, the first counts.
    ///
    /// # Complexity
    /// O(n log n) comparisons of ids; the ids and some twelve bytes each are kept.
    pub fn new(resources: impl IntoIterator<Item = ResourceFacts<'p>>) -> Self {
        let mut all: Vec<ResourceFacts<'p>> = resources.into_iter().collect();
        all.sort_by(|a, b| (&a.account, &a.arn).cmp(&(&b.account, &b.arn)));
        all.dedup_by(|next, kept| next.account == kept.account && next.arn == kept.arn);
        all.truncate(usize::try_from(u32::MAX).unwrap_or(usize::MAX));
        let mut universe = Self::default();
        for (number, facts) in (0u32..).zip(all) {
            universe.add(number, facts);
        }
        universe
    }

    fn add(&mut self, number: u32, facts: ResourceFacts<'p>) {
        if self.account_names.last() != Some(&facts.account) {
            self.account_names.push(facts.account.clone());
        }
        let last = u32::try_from(self.account_names.len())
            .unwrap_or(u32::MAX)
            .saturating_sub(1);
        self.account_of.push(last);
        let account = self
            .accounts
            .entry(facts.account)
            .or_insert_with(|| Account {
                ids: number..number,
                ..Account::default()
            });
        account.ids.end = number.saturating_add(1);
        let same_head = number > account.ids.start
            && self
                .arns
                .last()
                .is_some_and(|before| head(before) == head(&facts.arn));
        match account.heads.last_mut() {
            Some(open) if same_head => open.ids.end = number.saturating_add(1),
            _ => account.heads.push(Head {
                ids: number..number.saturating_add(1),
            }),
        }
        if let Some(policy) = facts.policy {
            account.with_policy.push(number);
            self.policies.insert(number, policy);
            self.invite(number, policy);
        }
        if let Some(tags) = facts.tags {
            self.tags.insert(number, tags);
        }
        self.arns.push(facts.arn.into_boxed_str());
    }

    fn invite(&mut self, number: u32, policy: &Policy) {
        let note = |list: &mut Vec<u32>| {
            if list.last() != Some(&number) {
                list.push(number);
            }
        };
        for statement in policy
            .statements()
            .iter()
            .filter(|it| it.effect() == Effect::Allow)
        {
            if matches!(
                statement.principals(),
                Principals::AllBut(_) | Principals::Absent
            ) {
                note(&mut self.for_everyone);
            }
            for name in statement.principals().named() {
                match name {
                    NamedPrincipal::Everyone => note(&mut self.for_everyone),
                    NamedPrincipal::Account(account) => {
                        note(self.for_account.entry(account.clone()).or_default());
                    }
                    NamedPrincipal::Aws(principal) => {
                        note(self.for_principal.entry(name_of(principal)).or_default());
                    }
                    NamedPrincipal::Service(_) | NamedPrincipal::Federated(_) => {
                        note(&mut self.for_everyone);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Resources whose own policy may let this principal in, ascending.
    pub(super) fn inviting(&self, principal: &Principal) -> Vec<u32> {
        let mut all = self.for_everyone.clone();
        if let Some(account) = principal.account() {
            all.extend(self.for_account.get(account).into_iter().flatten());
        }
        all.extend(
            self.for_principal
                .get(&name_of(principal))
                .into_iter()
                .flatten(),
        );
        all.sort_unstable();
        all.dedup();
        all
    }

    /// How many resources there are.
    pub fn len(&self) -> usize {
        self.arns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.arns.is_empty()
    }

    /// The number of a resource.
    ///
    /// # Complexity
    /// O(log n).
    pub fn id(&self, account: &str, arn: &str) -> Option<ResourceId> {
        let ids = &self.accounts.get(account)?.ids;
        let slice = self.slice(ids);
        let at = slice.binary_search_by(|it| (**it).cmp(arn)).ok()?;
        Some(ResourceId(
            ids.start.saturating_add(u32::try_from(at).ok()?),
        ))
    }

    /// The ARN of a resource.
    pub fn arn(&self, id: ResourceId) -> &str {
        self.arns.get(id.0 as usize).map_or("", |it| it)
    }

    /// The account of a resource.
    pub fn account(&self, id: ResourceId) -> &str {
        self.account_of
            .get(id.0 as usize)
            .and_then(|&it| self.account_names.get(it as usize))
            .map_or("", String::as_str)
    }

    pub(super) fn policy(&self, number: u32) -> Option<&'p Policy> {
        self.policies.get(&number).copied()
    }

    pub(super) fn tags(&self, number: u32) -> Option<&'p BTreeMap<String, String>> {
        self.tags.get(&number).copied()
    }

    /// The ARNs of a range of numbers.
    pub(super) fn slice(&self, ids: &Range<u32>) -> &[Box<str>] {
        self.arns
            .get(ids.start as usize..ids.end as usize)
            .unwrap_or_default()
    }

    /// A place to ask set questions at.
    pub fn sets(&self) -> Sets<'_, 'p> {
        Sets::new(self)
    }
}

/// What the evaluation tells apart by more than patterns: the service, keys from what else its service has, and
/// roles that only AWS can change.
fn head(arn: &str) -> (&str, bool, Option<Protected>) {
    let service = arn
        .match_indices(':')
        .nth(2)
        .map_or(arn.len(), |(at, _)| at);
    let service = arn.get(..service).unwrap_or(arn);
    (service, arn.contains(":key/"), Protected::of(arn))
}

/// Account and name: what role names are compared by.
fn name_of(principal: &Principal) -> String {
    let entity = match principal {
        Principal::AssumedRole(session) => Some(session.role()),
        other => other.entity(),
    };
    entity.map_or_else(String::new, |it| format!("{}/{}", it.account(), it.name()))
}
