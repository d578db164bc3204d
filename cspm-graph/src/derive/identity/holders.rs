//! Principals with every policy that applies to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cspm_iam::aws::{self, Action, Context, Decision, PolicySet, Principal, Request, StatementRef};
use cspm_model::diagnostic::Effect;
use cspm_model::{Diagnostic, Estate, Location, PolicyType, Properties, Resource};

use super::super::draft::NodeId;
use super::policies::{DocumentId, Policies};

/// A principal and what applies to it.
#[derive(Debug)]
pub(super) struct Holder<'p> {
    pub(super) node: NodeId,
    pub(super) position: usize,
    pub(super) principal: Principal,
    pub(super) account: Option<String>,
    pub(super) identity: Vec<DocumentId>,
    pub(super) boundary: Option<Vec<DocumentId>>,
    /// A boundary is set, but its document was not collected.
    pub(super) boundary_missing: bool,
    /// Managed policies attached to it, and groups it is in, by position.
    pub(super) policies: Vec<usize>,
    pub(super) groups: Vec<usize>,
    /// The same as references, ready for the evaluator.
    ready: Ready<'p>,
    context: Context,
    /// Whether some policy of it, or its boundary, asks for tags of resources.
    asks_resource_tags: bool,
    scp: Option<usize>,
}

/// Policies as the evaluator takes them.
#[derive(Debug, Default)]
struct Ready<'p> {
    identity: Vec<&'p aws::Policy>,
    boundary: Option<Vec<&'p aws::Policy>>,
}

/// The bounds that an organisation sets on an account.
#[derive(Debug, Default)]
struct Bounds<'p> {
    /// Of service control policies.
    principals: Levels<'p>,
    /// Of resource control policies.
    resources: Levels<'p>,
}

/// Policies by level, from the root down, and the same as the evaluator takes them.
#[derive(Debug, Default)]
struct Levels<'p> {
    documents: Vec<Vec<DocumentId>>,
    ready: Vec<Vec<&'p aws::Policy>>,
}

/// Every principal of an estate, and what organisations say.
#[derive(Debug, Default)]
pub(super) struct Holders<'p> {
    all: Vec<Holder<'p>>,
    bounds: Vec<Bounds<'p>>,
    bounds_of: HashMap<String, usize>,
    organization_of: HashMap<String, String>,
}

impl<'p> Holders<'p> {
    pub(super) fn new(
        estate: &Estate,
        policies: &'p Policies,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut holders = Self::default();
        holders.read_organization(estate, policies, diagnostics);
        let mut principal_keys = condition_keys(estate, policies, "aws:principaltag/");
        principal_keys.extend(policies.tag_variables().iter().cloned());
        let mut member_of: HashMap<usize, Vec<usize>> = HashMap::new();
        for relation in estate
            .relations()
            .iter()
            .filter(|it| it.kind == "member_of")
        {
            let ends = (
                estate.resolve(relation.from.as_str(), None),
                estate.resolve(relation.to.as_str(), None),
            );
            if let (Some(member), Some(group)) = ends {
                member_of.entry(member).or_default().push(group);
            }
        }
        for (at, resource) in estate.resources().iter().enumerate() {
            let (managed, boundary, groups) = match &resource.properties {
                Properties::User(facts) => (&facts.policies, &facts.boundary, &facts.groups[..]),
                Properties::Role(facts) => (&facts.policies, &facts.boundary, &[][..]),
                _ if matches!(
                    resource.kind.as_str(),
                    "unknown" | "identity.service_account" | "identity.federated"
                ) && !policies.attached(PolicyType::Identity, at).is_empty() =>
                {
                    (const { &Vec::new() }, &None, &[][..])
                }
                _ => continue,
            };
            let Ok(principal) = Principal::parse(resource.id.as_str()) else {
                if !policies.attached(PolicyType::Identity, at).is_empty() {
                    diagnostics.push(Diagnostic::new(
                        "not-modelled",
                        Effect::UnderReport,
                        format!(
                            "`{}` has grants, but its id is no AWS ARN: they are not evaluated",
                            resource.id
                        ),
                        resource.evidence_of(""),
                    ));
                }
                continue;
            };
            let account = resource
                .account
                .clone()
                .or_else(|| principal.account().map(str::to_owned));
            let resolve = |name: &String| estate.resolve(name, account.as_deref());
            let mut holder = Holder {
                ready: Ready::default(),
                asks_resource_tags: false,
                node: NodeId::of(at),
                position: at,
                context: holders.context(resource, account.as_deref(), &principal_keys),
                scp: account
                    .as_deref()
                    .and_then(|it| holders.bounds_of.get(it).copied()),
                principal,
                identity: policies.attached(PolicyType::Identity, at).to_vec(),
                boundary: None,
                boundary_missing: false,
                policies: Vec::new(),
                groups: groups
                    .iter()
                    .filter_map(resolve)
                    .chain(member_of.get(&at).into_iter().flatten().copied())
                    .collect(),
                account: account.clone(),
            };
            let mut attach = |names: &[String], of: &Resource, holder: &mut Holder<'_>| {
                for name in names {
                    let found = resolve(name)
                        .filter(|&it| !policies.attached(PolicyType::Identity, it).is_empty());
                    if let Some(policy) = found {
                        holder
                            .identity
                            .extend(policies.attached(PolicyType::Identity, policy));
                        holder.policies.push(policy);
                    } else {
                        diagnostics.push(Diagnostic::new(
                            "not-collected",
                            Effect::UnderReport,
                            format!("policy `{name}` of `{}` was not collected: what it allows is missing", of.id),
                            of.evidence_of(""),
                        ));
                    }
                }
            };
            holder.groups.sort_unstable();
            holder.groups.dedup();
            attach(managed, resource, &mut holder);
            for group in holder.groups.clone() {
                holder
                    .identity
                    .extend(policies.attached(PolicyType::Identity, group));
                if let Some(resource) = estate.resources().get(group)
                    && let Properties::Group(facts) = &resource.properties
                {
                    attach(&facts.policies, resource, &mut holder);
                }
            }
            holder.identity.sort_unstable();
            holder.identity.dedup();
            let own_boundary = policies.attached(PolicyType::Boundary, at);
            if let Some(name) = boundary {
                let documents = resolve(name)
                    .map(|it| policies.attached(PolicyType::Identity, it).to_vec())
                    .unwrap_or_default();
                holder.boundary_missing = documents.is_empty();
                if !documents.is_empty() {
                    holder.boundary = Some(documents);
                }
            } else if !own_boundary.is_empty() {
                holder.boundary = Some(own_boundary.to_vec());
            }
            holder.ready = Ready {
                identity: policies.ready(&holder.identity),
                boundary: holder.boundary.as_deref().map(|it| policies.ready(it)),
            };
            holder.asks_resource_tags = holder
                .ready
                .identity
                .iter()
                .chain(holder.ready.boundary.iter().flatten())
                .any(|policy| asks_resource_tags(policy));
            holders.all.push(holder);
        }
        holders
    }

    pub(super) fn all(&self) -> &[Holder<'p>] {
        &self.all
    }

    /// What is known of requests of a principal: its tags, its organisation.
    fn context(
        &self,
        resource: &Resource,
        account: Option<&str>,
        principal_keys: &BTreeSet<String>,
    ) -> Context {
        let mut context = Context::new(false);
        if resource.collected {
            for key in principal_keys {
                let wanted = key.trim_start_matches("aws:principaltag/");
                let value = resource
                    .tags
                    .iter()
                    .find(|(tag, _)| tag.eq_ignore_ascii_case(wanted))
                    .map(|(_, value)| value.clone());
                context.insert(key, value);
            }
        }
        if let Some(account) = account {
            context.insert("kms:CallerAccount", [account]);
            if let Some(organization) = self.organization_of.get(account) {
                context.insert("aws:PrincipalOrgID", [organization.as_str()]);
            }
        }
        context
    }

    /// Whether a question about this resource of this principal needs to know the tags of the resource.
    pub(super) fn asks_resource_tags(holder: &Holder<'_>) -> bool {
        holder.asks_resource_tags
    }

    /// The organisation of an account, if it is known.
    pub(super) fn organization(&self, account: &str) -> Option<&str> {
        self.organization_of.get(account).map(String::as_str)
    }

    fn read_organization(
        &mut self,
        estate: &Estate,
        policies: &'p Policies,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        // Documents by what they are attached to: a root, a unit, an account.
        let mut at_target: BTreeMap<(PolicyType, usize), Vec<DocumentId>> = BTreeMap::new();
        let mut collected: BTreeSet<PolicyType> = BTreeSet::new();
        for (at, resource) in estate.resources().iter().enumerate() {
            for kind in [PolicyType::ServiceControl, PolicyType::ResourceControl] {
                let documents = policies.attached(kind, at);
                if documents.is_empty() {
                    continue;
                }
                collected.insert(kind);
                match &resource.properties {
                    Properties::OrganizationPolicy(facts) => {
                        for target in facts.targets.iter().filter_map(|it| target(estate, it)) {
                            at_target
                                .entry((kind, target))
                                .or_default()
                                .extend(documents);
                        }
                    }
                    _ => at_target.entry((kind, at)).or_default().extend(documents),
                }
            }
        }
        let mut managers: BTreeSet<String> = BTreeSet::new();
        for resource in estate.resources() {
            if let Properties::OrganizationUnit(facts) = &resource.properties {
                managers.extend(facts.management_account.clone());
            }
        }
        for (at, resource) in estate.resources().iter().enumerate() {
            let Properties::Account(facts) = &resource.properties else {
                continue;
            };
            let Some(account) = resource
                .account
                .as_deref()
                .or_else(|| resource.id.as_aws_account())
                .map(str::to_owned)
            else {
                continue;
            };
            if let Some(organization) = &facts.organization {
                let id = organization.rsplit('/').next().unwrap_or(organization);
                self.organization_of.insert(account.clone(), id.to_owned());
            }
            if facts.management == Some(true) || managers.contains(&account) || collected.is_empty()
            {
                continue;
            }
            let mut levels = vec![at];
            let mut parent = facts.parent.clone();
            // A chain of units has no cycle in a real organisation; a crafted one ends here.
            while let Some(next) = parent.take().and_then(|it| target(estate, &it)) {
                if levels.contains(&next) {
                    break;
                }
                levels.push(next);
                if let Some(Properties::OrganizationUnit(facts)) =
                    estate.resources().get(next).map(|it| &it.properties)
                    && estate
                        .resources()
                        .get(next)
                        .is_some_and(|it| it.kind.as_str() != "organization.root")
                {
                    parent.clone_from(&facts.parent);
                }
            }
            levels.reverse();
            let mut bounds = Bounds::default();
            for level in levels {
                for (kind, list) in [
                    (PolicyType::ServiceControl, &mut bounds.principals.documents),
                    (PolicyType::ResourceControl, &mut bounds.resources.documents),
                ] {
                    match at_target.get(&(kind, level)) {
                        Some(documents) => list.push(documents.clone()),
                        // Every level has a policy attached while the type is enabled: none collected
                        // means that the collection is incomplete.
                        None if kind == PolicyType::ServiceControl && collected.contains(&kind) => {
                            if let Some(resource) = estate.resources().get(level) {
                                diagnostics.push(Diagnostic::new(
                                    "not-collected",
                                    Effect::OverReport,
                                    format!(
                                        "no service control policy of `{}` was collected",
                                        resource.id
                                    ),
                                    resource.evidence_of(""),
                                ));
                            }
                        }
                        None => {}
                    }
                }
            }
            let ready = |levels: &[Vec<DocumentId>]| {
                levels.iter().map(|level| policies.ready(level)).collect()
            };
            bounds.principals.ready = ready(&bounds.principals.documents);
            bounds.resources.ready = ready(&bounds.resources.documents);
            self.bounds_of.insert(account, self.bounds.len());
            self.bounds.push(bounds);
        }
    }

    /// Asks the evaluator.
    pub(super) fn ask(&'p self, question: &Question<'_>) -> Answer {
        let holder = question.holder;
        let levels = |levels: &'p [Vec<&'p aws::Policy>]| -> Option<Vec<&'p [&'p aws::Policy]>> {
            (!levels.is_empty()).then(|| levels.iter().map(Vec::as_slice).collect())
        };
        let scp_levels = self
            .bounds_at(holder.scp)
            .and_then(|bounds| levels(&bounds.principals.ready));
        let rcp_levels = self
            .bounds_at(
                question
                    .resource_account
                    .and_then(|it| self.bounds_of.get(it).copied()),
            )
            .and_then(|bounds| levels(&bounds.resources.ready));
        let set = PolicySet {
            identity: &holder.ready.identity,
            resource: question.resource_policy,
            boundaries: holder.ready.boundary.as_deref(),
            session: None,
            service_control: scp_levels.as_deref(),
            resource_control: rcp_levels.as_deref(),
            endpoint: None,
        };
        let context = question.context.unwrap_or(&holder.context);
        let request = Request {
            principal: &holder.principal,
            action: question.action,
            resource: question.resource,
            resource_account: question.resource_account,
            context,
        };
        Answer {
            decision: aws::evaluate(&request, &set),
        }
    }

    /// The resource control policies of an account, from the root down.
    pub(super) fn resource_control(&'p self, account: Option<&str>) -> Vec<&'p [&'p aws::Policy]> {
        let bounds = self.bounds_at(account.and_then(|it| self.bounds_of.get(it).copied()));
        bounds
            .map(|it| it.resources.ready.iter().map(Vec::as_slice).collect())
            .unwrap_or_default()
    }

    fn bounds_at(&self, number: Option<usize>) -> Option<&Bounds<'p>> {
        number.and_then(|it| self.bounds.get(it))
    }

    /// The place of a statement that an answer names, and the resource it belongs to.
    pub(super) fn place(
        &self,
        policies: &Policies,
        question: &Question<'_>,
        statement: StatementRef,
    ) -> Option<(Location, NodeId)> {
        let holder = question.holder;
        let level = |levels: Option<&Vec<Vec<DocumentId>>>| {
            levels
                .and_then(|levels| levels.get(statement.level))
                .and_then(|level| level.get(statement.policy).copied())
        };
        let scp = holder
            .scp
            .and_then(|it| self.bounds.get(it))
            .map(|it| &it.principals.documents);
        let rcp = question
            .resource_account
            .and_then(|account| self.bounds_of.get(account))
            .and_then(|&it| self.bounds.get(it))
            .map(|it| &it.resources.documents);
        let id = match statement.kind {
            aws::PolicyKind::Identity => holder.identity.get(statement.policy).copied(),
            aws::PolicyKind::Boundary => holder
                .boundary
                .as_ref()
                .and_then(|it| it.get(statement.policy).copied()),
            aws::PolicyKind::ServiceControl => level(scp),
            aws::PolicyKind::ResourceControl => level(rcp),
            aws::PolicyKind::Resource => question.resource_document,
            _ => None,
        }?;
        let document = policies.document(id)?;
        Some((document.place(statement.statement), document.owner))
    }

    /// The context of a principal, to be filled up.
    pub(super) fn context_of<'h>(holder: &'h Holder<'_>) -> &'h Context {
        &holder.context
    }
}

/// A question to the evaluator.
pub(super) struct Question<'q> {
    pub(super) holder: &'q Holder<'q>,
    pub(super) action: &'q Action,
    pub(super) resource: &'q str,
    pub(super) resource_account: Option<&'q str>,
    pub(super) resource_policy: Option<&'q aws::Policy>,
    pub(super) resource_document: Option<DocumentId>,
    pub(super) context: Option<&'q Context>,
}

/// Its answer.
pub(super) struct Answer {
    pub(super) decision: Decision,
}

fn target(estate: &Estate, name: &str) -> Option<usize> {
    if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return estate.position(&format!("aws:account/{name}"));
    }
    estate.resolve(name, None)
}

/// Whether a policy has a condition on tags of resources.
pub(super) fn asks_resource_tags(policy: &aws::Policy) -> bool {
    let mut keys = policy
        .statements()
        .iter()
        .flat_map(aws::Statement::condition_keys);
    keys.any(|key| key.to_ascii_lowercase().contains("resourcetag/"))
}

/// Every condition key with this prefix that some policy of the estate names.
pub(super) fn condition_keys(
    estate: &Estate,
    policies: &Policies,
    prefix: &str,
) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for at in 0..estate.resources().len() {
        for kind in [
            PolicyType::Identity,
            PolicyType::Resource,
            PolicyType::Trust,
            PolicyType::Boundary,
            PolicyType::ServiceControl,
            PolicyType::ResourceControl,
        ] {
            for document in policies
                .attached(kind, at)
                .iter()
                .filter_map(|&id| policies.document(id))
            {
                for statement in document.policy.statements() {
                    let named = statement.condition_keys().map(str::to_ascii_lowercase);
                    keys.extend(named.filter(|key| key.starts_with(prefix)));
                }
            }
        }
    }
    keys
}
