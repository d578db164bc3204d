//! Classes of resources that no statement tells apart.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use roaring::RoaringBitmap;

use super::super::action::Action;
use super::super::context::{Context, Facts};
use super::super::decision::{Decision, DecisionKind};
use super::super::document::{Effect, Policy, Resources, Statement};
use super::super::evaluate::{PolicySet, Request, evaluate};
use super::super::pattern::{Match, Pattern};
use super::super::principal::Principal;
use super::set::{Pool, ResourceSet};
use super::universe::{ResourceId, Universe};

/// Who asks: a principal with everything that applies to it.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The principal.
    pub principal: &'a Principal,
    /// Its policies. The resource's own is filled in for each resource.
    pub policies: PolicySet<'a>,
    /// What is known of its requests.
    pub context: &'a Context,
}

/// Resources on which the action is allowed under the same conditions.
#[derive(Debug, Clone)]
pub struct Conditional {
    /// The answer for each of them.
    pub decision: Decision,
    /// The resources.
    pub resources: ResourceSet,
}

/// The resources on which a principal has an action.
#[derive(Debug, Clone)]
pub struct Allowed {
    certain: ResourceSet,
    conditional: Vec<Conditional>,
    asked: u64,
}

impl Allowed {
    /// Those on which it has it for certain.
    pub fn certain(&self) -> &ResourceSet {
        &self.certain
    }

    /// Those on which it depends on open conditions, by what it depends on.
    pub fn conditional(&self) -> &[Conditional] {
        &self.conditional
    }

    /// How many single questions the answer took.
    pub fn asked(&self) -> u64 {
        self.asked
    }
}

/// Answers set questions; keeps what patterns mean and every distinct answer, so that the next question costs
/// less.
#[derive(Debug)]
pub struct Sets<'u, 'p> {
    universe: &'u Universe<'p>,
    pool: Pool,
    /// What a pattern without variables means in an account.
    meant: HashMap<(u32, String), RoaringBitmap>,
}

impl<'u, 'p> Sets<'u, 'p> {
    pub(super) fn new(universe: &'u Universe<'p>) -> Self {
        Self {
            universe,
            pool: Pool::default(),
            meant: HashMap::new(),
        }
    }

    /// How many distinct sets the answers so far share.
    pub fn distinct_sets(&self) -> usize {
        self.pool.len()
    }

    /// The resources on which `asker` may do `action`.
    ///
    /// The same as asking about each resource of the universe, in the resource's account, with the resource's
    /// own policy and its tags in the context.
    ///
    /// # Complexity
    /// For s statements that speak of the action and c classes they make: O(s·c) set operations, c questions;
    /// one question for each resource whose own policy may let the principal in. Patterns with a wildcard at
    /// their end only cost O(log n), others O(resources that begin alike), once.
    pub fn allowed(&mut self, asker: &Asker<'_>, action: &Action) -> Allowed {
        let mut certain = RoaringBitmap::new();
        let mut conditional: BTreeMap<String, (Decision, RoaringBitmap)> = BTreeMap::new();
        let mut asked = 0;
        let mut take = |decision: Decision, ids: &RoaringBitmap| {
            if decision.effect() != DecisionKind::Allow {
                return;
            }
            if decision.certain() {
                certain |= ids;
            } else {
                let entry = conditional
                    .entry(format!("{decision:?}"))
                    .or_insert_with(|| (decision, RoaringBitmap::new()));
                entry.1 |= ids;
            }
        };
        let account = asker.principal.account();
        let own = account.and_then(|it| self.universe.accounts.get(it));
        if let (Some(account), Some(own)) = (account, own) {
            let classes = self.classes(asker, action, account, &own.ids);
            for class in &classes {
                let Some(first) = class.min() else { continue };
                asked += 1;
                take(self.ask(asker, action, first), class);
            }
        }
        for number in self.with_policies(asker, action) {
            asked += 1;
            let mut one = RoaringBitmap::new();
            one.insert(number);
            take(self.ask(asker, action, number), &one);
        }
        let conditional = conditional
            .into_values()
            .map(|(decision, ids)| Conditional {
                decision,
                resources: self.pool.set(ids),
            })
            .collect();
        Allowed {
            certain: self.pool.set(certain),
            conditional,
            asked,
        }
    }

    /// The single question about one resource.
    fn ask(&self, asker: &Asker<'_>, action: &Action, number: u32) -> Decision {
        let id = ResourceId::from_number(number);
        let policy = self.universe.policy(number);
        let keys = tag_keys(
            relevant(&asker.policies, action)
                .chain(policy.into_iter().flat_map(Policy::statements)),
        );
        let mut context = Cow::Borrowed(asker.context);
        if let Some(tags) = self.universe.tags(number) {
            for key in &keys {
                context.to_mut().insert(key, tag(tags, key));
            }
        }
        let request = Request {
            principal: asker.principal,
            action,
            resource: self.universe.arn(id),
            resource_account: Some(self.universe.account(id)),
            context: &context,
        };
        evaluate(
            &request,
            &PolicySet {
                resource: policy,
                ..asker.policies
            },
        )
    }

    /// Resources of the principal's account, without a policy of their own, that an allowing statement may mean,
    /// by what statements make of them.
    fn classes(
        &mut self,
        asker: &Asker<'_>,
        action: &Action,
        account: &str,
        ids: &Range<u32>,
    ) -> Vec<RoaringBitmap> {
        let statements: Vec<&Statement> = relevant(&asker.policies, action).collect();
        let mut domain = RoaringBitmap::new();
        if matches!(asker.principal, Principal::Root(_)) {
            domain.insert_range(ids.clone());
        }
        let identity = asker
            .policies
            .identity
            .iter()
            .flat_map(|it| it.statements());
        for statement in
            identity.filter(|it| it.effect() == Effect::Allow && it.covers_action(action))
        {
            let (yes, open) = self.means(asker, action, statement, account, ids);
            domain |= yes;
            domain |= open;
        }
        if let Some(own) = self.universe.accounts.get(account) {
            for number in &own.with_policy {
                domain.remove(*number);
            }
        }
        let mut classes = vec![domain];
        for statement in &statements {
            let (yes, open) = self.means(asker, action, statement, account, ids);
            classes = split(classes, &[yes, open]);
        }
        if let Some(own) = self.universe.accounts.get(account)
            && own.heads.len() > 1
        {
            let heads: Vec<RoaringBitmap> = own
                .heads
                .iter()
                .map(|head| {
                    let mut set = RoaringBitmap::new();
                    set.insert_range(head.ids.clone());
                    set
                })
                .filter(|head| classes.iter().any(|class| !class.is_disjoint(head)))
                .collect();
            classes = split(classes, &heads);
        }
        for key in tag_keys(statements.into_iter()) {
            classes = self.split_by_tag(classes, &key);
        }
        classes
    }

    fn split_by_tag(&self, classes: Vec<RoaringBitmap>, key: &str) -> Vec<RoaringBitmap> {
        let mut parts = Vec::new();
        for class in classes {
            // Known to be absent, known, and not known are three different things.
            let mut by_value: BTreeMap<Option<Option<String>>, RoaringBitmap> = BTreeMap::new();
            for number in class {
                let value = self.universe.tags(number).map(|tags| tag(tags, key));
                by_value.entry(value).or_default().insert(number);
            }
            parts.extend(by_value.into_values());
        }
        parts
    }

    /// Resources with a policy of their own that it, or one of the principal's, may let the principal use.
    fn with_policies(&mut self, asker: &Asker<'_>, action: &Action) -> RoaringBitmap {
        let inviting: RoaringBitmap =
            RoaringBitmap::from_sorted_iter(self.universe.inviting(asker.principal))
                .unwrap_or_default();
        let account = asker.principal.account();
        let mut asked = RoaringBitmap::new();
        for number in &inviting {
            let Some(policy) = self.universe.policy(number) else {
                continue;
            };
            let speaks = policy
                .statements()
                .iter()
                .any(|it| it.effect() == Effect::Allow && it.covers_action(action));
            // Another account's resource needs an allow of the principal's own as well; a look at its patterns is
            // cheaper than a question.
            let id = ResourceId::from_number(number);
            let own = account == Some(self.universe.account(id));
            if speaks
                && (own || account.is_none() || may_allow(asker, action, self.universe.arn(id)))
            {
                asked.insert(number);
            }
        }
        let Some((name, own)) = account.and_then(|it| Some((it, self.universe.accounts.get(it)?)))
        else {
            return asked;
        };
        if own.with_policy.is_empty() {
            return asked;
        }
        let with_policy: RoaringBitmap =
            RoaringBitmap::from_sorted_iter(own.with_policy.iter().copied()).unwrap_or_default();
        if matches!(asker.principal, Principal::Root(_)) {
            return asked | with_policy;
        }
        let ids = own.ids.clone();
        let identity = asker
            .policies
            .identity
            .iter()
            .flat_map(|it| it.statements());
        for statement in
            identity.filter(|it| it.effect() == Effect::Allow && it.covers_action(action))
        {
            let (yes, open) = self.means(asker, action, statement, name, &ids);
            asked |= (yes | open) & &with_policy;
        }
        asked
    }

    /// The resources of an account that a statement means, and those for which that depends on what is not
    /// known.
    fn means(
        &mut self,
        asker: &Asker<'_>,
        action: &Action,
        statement: &Statement,
        account: &str,
        ids: &Range<u32>,
    ) -> (RoaringBitmap, RoaringBitmap) {
        let everything = || {
            let mut all = RoaringBitmap::new();
            all.insert_range(ids.clone());
            all
        };
        let (patterns, all_but) = match &statement.resources {
            Resources::Only(patterns) => (patterns, false),
            Resources::AllBut(patterns) => (patterns, true),
            Resources::Absent => return (everything(), RoaringBitmap::new()),
        };
        if all_but {
            // Variables do not depend on which resource of the account it is.
            let request = Request {
                principal: asker.principal,
                action,
                resource: "*",
                resource_account: Some(account),
                context: asker.context,
            };
            let facts = Facts::new(&request);
            if patterns
                .iter()
                .any(|pattern| pattern.lacks_value(|variable| facts.resolve(variable)))
            {
                return (RoaringBitmap::new(), RoaringBitmap::new());
            }
        }
        let mut yes = RoaringBitmap::new();
        let mut open = RoaringBitmap::new();
        for pattern in patterns {
            if pattern.has_variables() {
                let (matched, unknown) = self.resolved(asker, action, pattern, account, ids);
                yes |= matched;
                open |= unknown;
            } else {
                yes |= self.meant(pattern, ids);
            }
        }
        open -= &yes;
        if all_but {
            let no = (everything() - yes) - &open;
            return (no, open);
        }
        (yes, open)
    }

    fn meant(&mut self, pattern: &Pattern, ids: &Range<u32>) -> &RoaringBitmap {
        let universe = self.universe;
        self.meant
            .entry((ids.start, pattern.as_str().to_owned()))
            .or_insert_with(|| {
                let mut set = RoaringBitmap::new();
                let range = beginning(universe, ids, pattern.literal_prefix());
                if pattern.is_everything() || is_beginning_only(pattern) {
                    set.insert_range(range);
                } else {
                    let numbers = range.clone().zip(universe.slice(&range));
                    set.extend(
                        numbers
                            .filter(|(_, arn)| pattern.matches(arn))
                            .map(|(number, _)| number),
                    );
                }
                set
            })
    }

    /// A pattern with variables, for one principal.
    fn resolved(
        &self,
        asker: &Asker<'_>,
        action: &Action,
        pattern: &Pattern,
        account: &str,
        ids: &Range<u32>,
    ) -> (RoaringBitmap, RoaringBitmap) {
        let (mut yes, mut open) = (RoaringBitmap::new(), RoaringBitmap::new());
        let range = beginning(self.universe, ids, pattern.literal_prefix());
        for (number, arn) in range.clone().zip(self.universe.slice(&range)) {
            let request = Request {
                principal: asker.principal,
                action,
                resource: arn,
                resource_account: Some(account),
                context: asker.context,
            };
            let facts = Facts::new(&request);
            match pattern.matches_with(arn, |variable| facts.resolve(variable)) {
                Match::Yes => {
                    yes.insert(number);
                }
                Match::Open => {
                    open.insert(number);
                }
                Match::No => {}
            }
        }
        (yes, open)
    }
}

/// The statements of a principal's policies that speak of an action.
fn relevant<'a>(
    policies: &PolicySet<'a>,
    action: &'a Action,
) -> impl Iterator<Item = &'a Statement> {
    let flat = |list: Option<&'a [&'a Policy]>| list.into_iter().flatten().copied();
    let levels = |list: Option<&'a [&'a [&'a Policy]]>| {
        list.into_iter()
            .flatten()
            .flat_map(|level| level.iter().copied())
    };
    policies
        .identity
        .iter()
        .copied()
        .chain(flat(policies.boundaries))
        .chain(flat(policies.session))
        .chain(flat(policies.endpoint))
        .chain(levels(policies.service_control))
        .chain(levels(policies.resource_control))
        .flat_map(Policy::statements)
        .filter(move |it| it.covers_action(action))
}

fn may_allow(asker: &Asker<'_>, action: &Action, arn: &str) -> bool {
    matches!(asker.principal, Principal::Root(_))
        || asker
            .policies
            .identity
            .iter()
            .flat_map(|it| it.statements())
            .filter(|it| it.effect() == Effect::Allow && it.covers_action(action))
            .any(|it| it.may_cover_resource(arn))
}

/// The condition keys that ask for tags of the resource.
fn tag_keys<'s>(statements: impl Iterator<Item = &'s Statement>) -> BTreeSet<String> {
    statements
        .flat_map(Statement::condition_keys)
        .map(str::to_ascii_lowercase)
        .filter(|key| key.contains("resourcetag/"))
        .collect()
}

/// The value of the tag that a condition key asks for.
fn tag(tags: &BTreeMap<String, String>, key: &str) -> Option<String> {
    let wanted = key.split_once("resourcetag/")?.1;
    tags.iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.clone())
}

/// Whether a pattern is a literal beginning and a wildcard at its end.
fn is_beginning_only(pattern: &Pattern) -> bool {
    pattern.as_str().strip_suffix('*') == Some(pattern.literal_prefix())
}

/// The numbers in `ids` whose ARNs begin so.
fn beginning(universe: &Universe<'_>, ids: &Range<u32>, prefix: &str) -> Range<u32> {
    let slice = universe.slice(ids);
    let first = slice.partition_point(|arn| &**arn < prefix);
    let rest = slice.get(first..).unwrap_or_default();
    let count = rest.partition_point(|arn| arn.starts_with(prefix));
    let number = |at: usize| {
        ids.start
            .saturating_add(u32::try_from(at).unwrap_or(u32::MAX))
    };
    number(first)..number(first.saturating_add(count))
}

/// Each class cut by the given disjoint sets; what is in none of them stays together.
fn split(classes: Vec<RoaringBitmap>, by: &[RoaringBitmap]) -> Vec<RoaringBitmap> {
    let mut parts = Vec::with_capacity(classes.len());
    for mut class in classes {
        for set in by {
            if class.is_disjoint(set) {
                continue;
            }
            let part = &class & set;
            class -= set;
            parts.push(part);
        }
        if !class.is_empty() {
            parts.push(class);
        }
    }
    parts
}
