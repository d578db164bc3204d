//! What several answers say together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cspm_model::diagnostic::Effect;
use cspm_model::resource::{
    AccountFacts, BucketFacts, Kind, Listener, LoadBalancerFacts, OrganizationPolicyFacts,
    PublicAccessBlock,
};
use cspm_model::{Diagnostic, EstateBuilder, Grant, Location, Properties, Resource, ResourceId};
use serde_json::Value;

use super::account::Accounts;
use super::answer::Answer;
use super::path::PathFacts;
use super::{CALLS, Call, Which, which};
use crate::findings::is_account;
use crate::node::{Document, one_line};

/// How much an answer is about the thing: the lowest rank of a resource gives its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It describes it.
    Main,
    /// It lists it.
    Listed,
    /// It says one thing more about it.
    Part,
}

#[derive(Debug)]
struct Fragment {
    rank: Rank,
    resource: Resource,
}

/// An elastic address and what it is associated with.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) public: String,
    pub(super) interface: Option<String>,
    pub(super) instance: Option<String>,
}

/// A rule of a listener: where it forwards to, and whether callers are authenticated before.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) target_groups: Vec<String>,
    pub(super) authenticated: bool,
}

/// Service, account, region and name of a subnet group.
pub(super) type SubnetGroupName = (&'static str, String, String, String);

/// What was read, before things that several answers say are put together.
#[derive(Debug, Default)]
pub(super) struct Facts {
    fragments: Vec<Fragment>,
    grants: Vec<Grant>,
    named: Vec<(Resource, String)>,
    /// Accounts in which documents were collected, and the first of those.
    owners: BTreeMap<String, Location>,
    pub(super) addresses: Vec<Address>,
    /// By load balancer; each with its ARN.
    pub(super) listeners: BTreeMap<String, Vec<(String, Listener)>>,
    /// By listener.
    pub(super) rules: BTreeMap<String, Vec<Rule>>,
    /// The subnets of a group, and its VPC.
    pub(super) subnet_groups: BTreeMap<SubnetGroupName, (Vec<String>, Option<String>)>,
    /// Databases that name a subnet group only.
    pub(super) in_subnet_group: Vec<(ResourceId, SubnetGroupName)>,
    /// Roles of a task definition: of the task, and of the agent.
    pub(super) task_definitions: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Tasks and their definitions.
    pub(super) tasks: Vec<(ResourceId, String)>,
    /// Accounts in which a public access block of a bucket was answered.
    pub(super) blocks_answered: BTreeSet<String>,
    /// Targets of organisation policies, by the policy's id.
    pub(super) policy_targets: BTreeMap<String, (BTreeSet<String>, Option<Location>)>,
}

impl Facts {
    /// Adds what an answer says of a resource.
    pub(super) fn add(&mut self, rank: Rank, resource: Resource) {
        self.fragments.push(Fragment { rank, resource });
    }

    /// Adds what an answer says of a resource of which it knows the name only. `resource` has the id
    /// that it would have if it is described nowhere else.
    pub(super) fn add_named(&mut self, resource: Resource, name: &str) {
        self.named.push((resource, name.to_owned()));
    }

    /// Adds a grant, if there is one.
    pub(super) fn grant(&mut self, grant: Option<Grant>) {
        self.grants.extend(grant);
    }

    /// Adds an account as its organisation describes it.
    pub(super) fn account(
        &mut self,
        number: &str,
        facts: AccountFacts,
        name: Option<&str>,
        place: Location,
    ) {
        let mut resource = account(number, place);
        resource.name = name.map(str::to_owned);
        resource.properties = Properties::Account(Box::new(facts));
        self.add(Rank::Main, resource);
    }
}

/// Answers, and those whose account is not known yet.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    facts: Facts,
    accounts: Accounts,
    waiting: Vec<Waiting>,
    log: BTreeMap<(String, String), Blocked>,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
struct Waiting {
    source: Arc<str>,
    call: &'static Call,
    argument: Option<String>,
    path: PathFacts,
    value: Value,
}

/// An answer that is read in parts.
#[derive(Debug)]
pub(crate) struct Parts {
    call: &'static Call,
    path: PathFacts,
}

impl Parts {
    /// The name of the format.
    pub(crate) fn format(&self) -> &'static str {
        self.call.format
    }
}

/// Answers that grow with the account, and whose things do not depend on each other.
const IN_PARTS: &[&str] = &[
    "ec2-describe-instances",
    "ec2-describe-network-interfaces",
    "ec2-describe-security-groups",
    "ec2-describe-volumes",
    "ec2-describe-snapshots",
    "ec2-describe-subnets",
    "ec2-describe-network-acls",
    "ec2-describe-route-tables",
    "elbv2-describe-target-groups",
    "rds-describe-db-instances",
    "secretsmanager-list-secrets",
];

/// What a log says of the public access block of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Blocked {
    Failed,
    Answered,
    None,
}

/// What became of a document.
pub(crate) enum Added {
    /// It was read, or will be once its account is known.
    Read(&'static str),
    /// It is known to carry nothing.
    Harmless(&'static str, String),
    /// It describes things that have no place in an estate yet.
    NotModelled(&'static str, String),
    /// It cannot be used, and why.
    Refused(&'static str, String),
    /// It is no answer of a call.
    Unknown(Value),
}

/// Whether it is an answer of a call.
pub(crate) fn is_answer(value: &Value, source: &str) -> bool {
    !matches!(which(value, &PathFacts::of(source)), Which::Unknown)
}

/// Whether it is a line of a collection log: one call each, and how it ended.
pub(crate) fn is_log_line(value: &Value) -> bool {
    ["call", "args", "rc"]
        .iter()
        .all(|key| value.get(key).is_some())
}

impl Collection {
    /// How many records it holds.
    pub(crate) fn record_count(&self) -> usize {
        self.facts
            .fragments
            .len()
            .saturating_add(self.facts.grants.len())
    }

    /// Takes a document.
    pub(crate) fn add(&mut self, source: &Arc<str>, value: Value) -> Added {
        let path = PathFacts::of(source);
        match which(&value, &path) {
            Which::Unknown => Added::Unknown(value),
            Which::Harmless(format, reason) => Added::Harmless(format, reason),
            Which::NotModelled(format, reason) => Added::NotModelled(format, reason),
            Which::Unclear(format) => Added::Refused(
                format,
                "looks like an answer of the AWS command line interface, but does not say of which call: name the file `SERVICE-CALL.json`, or `SERVICE-CALL/RESOURCE.json`".to_owned(),
            ),
            Which::Read(call, argument) => {
                self.accounts.learn_identity(&path.folders, &value, call.file);
                let own = self.accounts.learn(&path, &value);
                let waiting = Waiting {
                    source: Arc::clone(source),
                    call,
                    argument,
                    path,
                    value,
                };
                if waiting.path.account.is_some() || own.is_some() {
                    self.read(&waiting, own.as_deref());
                } else {
                    self.waiting.push(waiting);
                }
                Added::Read(call.format)
            }
        }
    }

    /// The call whose answer can be read in parts, if its list is the member `key`: its things do not
    /// depend on each other, and the name of the document says the call and the account.
    pub(crate) fn in_parts(source: &str, key: &str) -> Option<Parts> {
        let path = PathFacts::of(source);
        path.account.as_ref()?;
        let named = |call: &Call| path.calls.iter().any(|(name, _)| name == call.file);
        let call = CALLS.iter().find(|it| it.key == key && named(it))?;
        IN_PARTS
            .contains(&call.file)
            .then_some(Parts { call, path })
    }

    /// Takes a part of an answer: the elements of its list from `first` on.
    pub(crate) fn add_part(
        &mut self,
        source: &Arc<str>,
        parts: &Parts,
        items: Vec<Value>,
        first: usize,
    ) {
        let key = parts.call.key;
        let value = Value::Object(
            [(key.to_owned(), Value::Array(items))]
                .into_iter()
                .collect(),
        );
        self.accounts.learn(&parts.path, &value);
        let waiting = Waiting {
            source: Arc::clone(source),
            call: parts.call,
            argument: None,
            path: parts.path.clone(),
            value,
        };
        let document = Document::new(Location::document(source)).with_part(key, first);
        self.read_from(&waiting, None, document);
    }

    /// Takes a line of a collection log.
    pub(crate) fn log_line(&mut self, value: &Value, place: &Location) {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let call = text("call").trim_start_matches("aws ");
        let failed = value.get("rc").and_then(Value::as_i64) != Some(0);
        let error = text("error");
        let denied = [
            "AccessDenied",
            "Unauthorized",
            "Throttl",
            "Expired",
            "InvalidClientToken",
            "timed out",
        ]
        .iter()
        .any(|word| error.contains(word));
        if failed && denied {
            self.diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::UnderReport,
                format!(
                    "`aws {call}` failed when the inventory was collected: {}",
                    one_line(error)
                ),
                place.clone(),
            ));
        }
        if !matches!(
            call,
            "s3api get-public-access-block" | "s3 get-public-access-block"
        ) {
            return;
        }
        let arguments: Vec<&str> = value
            .get("args")
            .and_then(Value::as_array)
            .map(|args| args.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut after = arguments
            .iter()
            .skip_while(|argument| **argument != "--bucket");
        let bucket = after.nth(1).copied().unwrap_or_default();
        let outcome = if !failed {
            Blocked::Answered
        } else if error.contains("NoSuchPublicAccessBlock") {
            Blocked::None
        } else {
            Blocked::Failed
        };
        let key = (text("account").to_owned(), bucket.to_owned());
        let known = self.log.entry(key).or_insert(outcome);
        *known = (*known).max(outcome);
    }

    fn read(&mut self, waiting: &Waiting, account: Option<&str>) {
        let document = Document::new(Location::document(&waiting.source));
        self.read_from(waiting, account, document);
    }

    fn read_from(&mut self, waiting: &Waiting, account: Option<&str>, document: Document) {
        let answer = Answer::new(
            document.root(&waiting.value),
            waiting.path.account.as_deref().or(account),
            waiting.path.region.as_deref(),
            waiting.argument.as_deref(),
        );
        let before = self.facts.fragments.len();
        (waiting.call.read)(&answer, &mut self.facts);
        let owners: BTreeSet<String> = match answer.account() {
            Some(account) => BTreeSet::from([account.to_owned()]),
            None => self
                .facts
                .fragments
                .iter()
                .skip(before)
                .filter_map(|fragment| fragment.resource.account.clone())
                .collect(),
        };
        for account in owners.iter().filter(|it| is_account(it)) {
            self.facts.owner(account, &waiting.source);
        }
        if answer.homeless() > 0 {
            self.diagnostics.push(Diagnostic::new(
                "unknown-account",
                Effect::UnderReport,
                format!(
                    "the account of {} things is not known, so findings may not find them: put the file under `account/NUMBER/REGION/`, or add the answer of `aws sts get-caller-identity`",
                    answer.homeless()
                ),
                Location::document(&waiting.source),
            ));
        }
        self.diagnostics.extend(document.into_noted());
    }

    /// Puts together what several answers say, and gives it to `builder`.
    pub(crate) fn finish(mut self, builder: &mut EstateBuilder) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by(|a, b| a.source.cmp(&b.source));
        for document in waiting {
            let account = self.accounts.of(&document.path.folders).map(str::to_owned);
            self.read(&document, account.as_deref());
        }
        self.facts.settle_names();
        self.facts.settle_keys();
        self.facts.settle_listeners();
        self.facts
            .settle_organization_policies(&mut self.diagnostics);
        self.facts.settle_databases();
        self.facts.settle_tasks();
        self.facts.settle_addresses();
        self.settle_public_access();
        self.facts.settle_accounts();
        self.facts.settle_places();
        for fragment in self.facts.fragments {
            builder.add_resource(fragment.resource);
        }
        for grant in unique_grants(self.facts.grants) {
            builder.add_grant(grant);
        }
        for diagnostic in self.diagnostics {
            builder.add_diagnostic(diagnostic);
        }
    }

    /// A bucket without a public access block has no answer about it. Where those of its account were
    /// collected, it has none; else that is not known.
    fn settle_public_access(&mut self) {
        let mut blocked = BTreeSet::new();
        let mut buckets: BTreeMap<ResourceId, (Option<String>, Location)> = BTreeMap::new();
        for Fragment { rank, resource } in &self.facts.fragments {
            let Properties::Bucket(facts) = &resource.properties else {
                continue;
            };
            if facts.public_access_block.is_some() {
                blocked.insert(resource.id.clone());
            }
            let place = resource.evidence.first();
            if *rank == Rank::Part {
                continue;
            }
            if let Some(place) = place {
                let entry = (resource.account.clone(), place.clone());
                buckets
                    .entry(resource.id.clone())
                    .and_modify(|known| {
                        if entry.1 < known.1 {
                            *known = entry.clone();
                        }
                    })
                    .or_insert(entry);
            }
        }
        let mut unknown: BTreeMap<String, (u64, Location)> = BTreeMap::new();
        for (id, (account, place)) in buckets {
            if blocked.contains(&id) {
                continue;
            }
            let number = account.clone().unwrap_or_default();
            let name = id
                .as_str()
                .rsplit(':')
                .next()
                .unwrap_or_default()
                .to_owned();
            let none = match self.log.get(&(number.clone(), name)) {
                Some(outcome) => *outcome == Blocked::None,
                None => self.facts.blocks_answered.contains(&number),
            };
            if !none {
                let entry = unknown.entry(number).or_insert((0, place.clone()));
                entry.0 = entry.0.saturating_add(1);
                if place < entry.1 {
                    entry.1 = place;
                }
                continue;
            }
            let mut part = Resource::new(id, Kind::new("data.bucket"), place.clone());
            part.provider = Some("aws".to_owned());
            part.account = account;
            part.properties = Properties::Bucket(Box::new(BucketFacts {
                public_access_block: Some(PublicAccessBlock {
                    evidence: Some(place),
                    ..PublicAccessBlock::default()
                }),
                ..BucketFacts::default()
            }));
            self.facts.add(Rank::Part, part);
        }
        for (account, (count, place)) in unknown {
            self.diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::UnderReport,
                format!(
                    "the public access blocks of {count} buckets of account {account} were not collected: whether the public may read them is unknown"
                ),
                place,
            ));
        }
    }
}

impl Facts {
    /// Finds the resources of which only the name is known.
    fn settle_names(&mut self) {
        let mut named = std::mem::take(&mut self.named);
        if named.is_empty() {
            return;
        }
        let mut ids: HashMap<(Kind, Option<String>, String), ResourceId> = HashMap::new();
        for Fragment { resource, .. } in &self.fragments {
            if let Some(name) = &resource.name {
                let key = (
                    resource.kind.clone(),
                    resource.account.clone(),
                    name.clone(),
                );
                ids.entry(key)
                    .and_modify(|id| {
                        if resource.id < *id {
                            *id = resource.id.clone();
                        }
                    })
                    .or_insert_with(|| resource.id.clone());
            }
        }
        for (resource, name) in &mut named {
            let key = (
                resource.kind.clone(),
                resource.account.clone(),
                name.clone(),
            );
            if let Some(id) = ids.get(&key) {
                resource.id = id.clone();
            }
        }
        for (resource, _) in named {
            self.add(Rank::Part, resource);
        }
    }

    /// Aliases of keys that are not listed where keys are: they were deleted, or never made.
    fn settle_keys(&mut self) {
        let mut ids = BTreeSet::new();
        let mut homes = BTreeSet::new();
        let is_key = |resource: &Resource| matches!(resource.properties, Properties::Key(_));
        for Fragment { rank, resource } in &self.fragments {
            if is_key(resource) && *rank != Rank::Part {
                ids.insert(resource.id.clone());
                homes.insert((resource.account.clone(), resource.region.clone()));
            }
        }
        self.fragments.retain(|Fragment { resource, .. }| {
            !is_key(resource)
                || ids.contains(&resource.id)
                || !homes.contains(&(resource.account.clone(), resource.region.clone()))
        });
    }

    /// Listeners become facts of their load balancers, with what their rules add.
    fn settle_listeners(&mut self) {
        let mut rules = std::mem::take(&mut self.rules);
        for (balancer, mut listeners) in std::mem::take(&mut self.listeners) {
            listeners.sort_by(|a, b| {
                (a.1.port, &a.0, &a.1.evidence).cmp(&(b.1.port, &b.0, &b.1.evidence))
            });
            listeners.dedup_by(|a, b| a.0 == b.0 && !a.0.is_empty());
            let Some(place) = listeners.first().and_then(|it| it.1.evidence.clone()) else {
                continue;
            };
            let listeners = listeners
                .into_iter()
                .map(|(arn, mut listener)| {
                    for rule in rules.remove(&arn).unwrap_or_default() {
                        if !rule.target_groups.is_empty() && !rule.authenticated {
                            listener.authenticated = Some(false);
                        }
                        listener.target_groups.extend(rule.target_groups);
                    }
                    listener.target_groups.sort();
                    listener.target_groups.dedup();
                    listener
                })
                .collect();
            let mut resource = Resource::new(
                ResourceId::new(&balancer),
                Kind::new("network.load_balancer"),
                place,
            );
            resource.provider = Some("aws".to_owned());
            resource.properties = Properties::LoadBalancer(Box::new(LoadBalancerFacts {
                listeners: Some(listeners),
                ..LoadBalancerFacts::default()
            }));
            self.add(Rank::Part, resource);
        }
    }

    /// Targets become facts of the policies that are attached to them.
    fn settle_organization_policies(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let documents: BTreeSet<&str> = self
            .grants
            .iter()
            .filter_map(|grant| grant.attached_to.as_deref())
            .collect();
        let mut targets = std::mem::take(&mut self.policy_targets);
        let mut done = BTreeSet::new();
        let mut parts = Vec::new();
        let mut places = BTreeMap::new();
        for Fragment { resource, .. } in &self.fragments {
            if resource.kind.as_str() != "organization.policy" {
                continue;
            }
            let bare = resource.id.as_str().rsplit('/').next().unwrap_or_default();
            if !documents.contains(resource.id.as_str())
                && resource.id.as_str().contains("_control_policy/")
            {
                places
                    .entry(resource.id.clone())
                    .or_insert_with(|| resource.evidence.first().cloned());
            }
            if !done.insert(resource.id.clone()) {
                continue;
            }
            if let Some((targets, evidence)) = targets.remove(bare) {
                parts.push((resource.id.clone(), targets, evidence));
            }
        }
        for (id, place) in places {
            diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::OverReport,
                format!("the content of organisation policy `{id}` was not collected: what it forbids is not known"),
                place.unwrap_or_else(|| Location::builtin("organization-policy")),
            ));
        }
        for (policy, (_, evidence)) in targets {
            diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::OverReport,
                format!("organisation policy `{policy}` is attached, but not described: what it forbids is not known"),
                evidence.unwrap_or_else(|| Location::builtin("organization-policy")),
            ));
        }
        for (id, targets, evidence) in parts {
            let place = evidence
                .clone()
                .unwrap_or_else(|| Location::builtin("organization-policy"));
            let mut resource = Resource::new(id, Kind::new("organization.policy"), place);
            resource.properties =
                Properties::OrganizationPolicy(Box::new(OrganizationPolicyFacts {
                    targets: targets.into_iter().collect(),
                    evidence,
                    ..OrganizationPolicyFacts::default()
                }));
            self.add(Rank::Part, resource);
        }
    }

    /// The subnets of databases that name a group of them.
    fn settle_databases(&mut self) {
        let wanted: HashMap<ResourceId, SubnetGroupName> =
            std::mem::take(&mut self.in_subnet_group)
                .into_iter()
                .collect();
        for Fragment { resource, .. } in &mut self.fragments {
            let Some(group) = wanted.get(&resource.id) else {
                continue;
            };
            if let Properties::Database(facts) = &mut resource.properties
                && facts.subnets.is_empty()
                && let Some((subnets, vpc)) = self.subnet_groups.get(group)
            {
                facts.subnets.clone_from(subnets);
                facts.vpc = facts.vpc.take().or_else(|| vpc.clone());
            }
        }
    }

    /// The roles of tasks whose definition says them.
    fn settle_tasks(&mut self) {
        let tasks: HashMap<ResourceId, String> =
            std::mem::take(&mut self.tasks).into_iter().collect();
        for Fragment { rank, resource } in &mut self.fragments {
            if let Properties::Container(facts) = &mut resource.properties
                && *rank == Rank::Main
                && let Some(definition) = tasks.get(&resource.id)
                && let Some((role, execution)) = self.task_definitions.get(definition)
            {
                facts.role = facts.role.take().or_else(|| role.clone());
                facts.execution_role = facts.execution_role.take().or_else(|| execution.clone());
            }
        }
    }

    /// Elastic addresses that neither the instance nor the interface shows.
    fn settle_addresses(&mut self) {
        let mut of_interface: HashMap<String, BTreeSet<String>> = HashMap::new();
        let mut of_instance: HashMap<String, BTreeSet<String>> = HashMap::new();
        for address in std::mem::take(&mut self.addresses) {
            if let Some(interface) = address.interface {
                of_interface
                    .entry(interface)
                    .or_default()
                    .insert(address.public);
            } else if let Some(instance) = address.instance {
                of_instance
                    .entry(instance)
                    .or_default()
                    .insert(address.public);
            }
        }
        let add = |known: &mut Vec<String>, more: Option<&BTreeSet<String>>| {
            for address in more.into_iter().flatten() {
                if !known.contains(address) {
                    known.push(address.clone());
                }
            }
        };
        for Fragment { rank, resource } in &mut self.fragments {
            match &mut resource.properties {
                Properties::Interface(facts) => {
                    let more = facts.id.as_ref().and_then(|id| of_interface.get(id));
                    add(&mut facts.public_addresses, more);
                }
                Properties::Instance(facts) if *rank == Rank::Main => {
                    for interface in &mut facts.interfaces {
                        let more = interface.id.as_ref().and_then(|id| of_interface.get(id));
                        add(&mut interface.public_addresses, more);
                    }
                    let bare = resource.id.as_str().rsplit('/').next().unwrap_or_default();
                    let more = of_instance.get(bare);
                    match facts.interfaces.first_mut() {
                        Some(primary) => add(&mut primary.public_addresses, more),
                        None => add(&mut facts.public_addresses, more),
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes note of an account in which a document was collected.
    fn owner(&mut self, number: &str, source: &Arc<str>) {
        let place = Location::document(source);
        match self.owners.get_mut(number) {
            Some(known) if *known <= place => {}
            Some(known) => *known = place,
            None => {
                self.owners.insert(number.to_owned(), place);
            }
        }
    }

    /// One resource for each account in which something was collected.
    fn settle_accounts(&mut self) {
        let owners = std::mem::take(&mut self.owners);
        for (number, place) in owners {
            let resource = account(&number, place);
            self.add(Rank::Listed, resource);
        }
    }

    /// The place of a resource is where it is described; other answers give facts, not places.
    fn settle_places(&mut self) {
        let mut best: HashMap<ResourceId, Rank> = HashMap::new();
        for Fragment { rank, resource } in &self.fragments {
            best.entry(resource.id.clone())
                .and_modify(|known| *known = (*known).min(*rank))
                .or_insert(*rank);
        }
        for Fragment { rank, resource } in &mut self.fragments {
            if best.get(&resource.id).is_some_and(|best| best < rank) {
                resource.evidence.clear();
                // Where an identity is described, what lists say of it is the same, or older.
                if *rank == Rank::Listed && resource.kind.as_str().starts_with("identity.") {
                    resource.properties = Properties::empty(&resource.kind);
                }
            }
        }
    }
}

fn account(number: &str, place: Location) -> Resource {
    let mut resource = Resource::new(ResourceId::aws_account(number), Kind::new("account"), place);
    resource.provider = Some("aws".to_owned());
    resource.account = Some(number.to_owned());
    resource.aliases = vec![format!("arn:aws:iam::{number}:root")];
    resource
}

/// The same document of the same thing, read in several places, counts once: in the first place.
fn unique_grants(mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.sort_by(|a, b| a.evidence.cmp(&b.evidence));
    let mut seen = BTreeSet::new();
    grants.retain(|grant| {
        let document = grant.policy_document.as_ref().map(ToString::to_string);
        seen.insert((
            grant.attached_to.clone(),
            grant.policy_type,
            grant.name.clone(),
            document,
        ))
    });
    grants
}
