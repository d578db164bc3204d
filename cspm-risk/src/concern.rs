//! Which resources a finding speaks of, and which states it concerns.

use std::collections::{HashMap, HashSet};

use cspm_graph::derive::NodeId;
use cspm_graph::graph::StateId;
use cspm_model::resource::Class;
use cspm_model::{Estate, Finding, Properties, Resource};

use crate::analysis::Analysis;

/// Who uses a resource that has no states of its own: the machines of a security group, the roles of a
/// policy.
#[derive(Debug, Default)]
pub(crate) struct Users(HashMap<usize, Vec<usize>>);

impl Users {
    pub(crate) fn new(estate: &Estate) -> Self {
        let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, resource) in estate.resources().iter().enumerate() {
            let account = resource.account.as_deref();
            for name in named(resource) {
                if let Some(used) = estate.resolve(name, account)
                    && used != at
                {
                    users.entry(used).or_default().push(at);
                }
            }
            for name in serves(resource) {
                if let Some(user) = estate.resolve(name, account)
                    && user != at
                {
                    users.entry(at).or_default().push(user);
                }
            }
        }
        // Members of groups, where a relation says so.
        let member_of = estate
            .relations()
            .iter()
            .filter(|it| it.kind == "member_of");
        for relation in member_of {
            let end = |name: &str| estate.resolve(name, None);
            let ends = (end(relation.from.as_str()), end(relation.to.as_str()));
            if let (Some(member), Some(group)) = ends {
                users.entry(group).or_default().push(member);
            }
        }
        for list in users.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Self(users)
    }

    /// Everything with states that uses the resource at `position`, by way of others without states.
    fn with_states(&self, estate: &Estate, position: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([position]);
        let mut open = vec![position];
        while let Some(next) = open.pop() {
            for &user in self.0.get(&next).map_or(&[][..], Vec::as_slice) {
                if !seen.insert(user) {
                    continue;
                }
                match estate.resources().get(user) {
                    Some(it) if stands_for_users(it) => open.push(user),
                    Some(_) => found.push(user),
                    None => {}
                }
            }
        }
        found.sort_unstable();
        found
    }
}

/// Whether a resource matters by what uses it: it has no state of its own, or none that an attacker gets.
fn stands_for_users(resource: &Resource) -> bool {
    resource.kind.class() == Class::Opaque
        || matches!(resource.kind.as_str(), "identity.group" | "data.volume")
}

/// Names of what a resource depends on.
fn named(resource: &Resource) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    match &resource.properties {
        Properties::Instance(facts) => {
            names.extend(
                facts
                    .security_groups
                    .iter()
                    .chain(&facts.subnet)
                    .chain(&facts.vpc)
                    .chain(&facts.instance_profile)
                    .map(String::as_str),
            );
            for interface in &facts.interfaces {
                names.extend(
                    interface
                        .security_groups
                        .iter()
                        .chain(&interface.subnet)
                        .chain(&interface.vpc)
                        .chain(&interface.id)
                        .map(String::as_str),
                );
            }
        }
        Properties::Function(facts) => {
            names.extend(
                facts
                    .security_groups
                    .iter()
                    .chain(&facts.subnets)
                    .chain(&facts.vpc)
                    .map(String::as_str),
            );
        }
        Properties::Container(facts) => {
            for interface in &facts.interfaces {
                names.extend(
                    interface
                        .security_groups
                        .iter()
                        .chain(&interface.subnet)
                        .chain(&interface.vpc)
                        .chain(&interface.id)
                        .map(String::as_str),
                );
            }
        }
        Properties::Database(facts) => {
            names.extend(
                facts
                    .security_groups
                    .iter()
                    .chain(&facts.subnets)
                    .chain(&facts.vpc)
                    .map(String::as_str),
            );
        }
        Properties::LoadBalancer(facts) => {
            names.extend(
                facts
                    .security_groups
                    .iter()
                    .chain(&facts.subnets)
                    .chain(&facts.vpc)
                    .map(String::as_str),
            );
        }
        Properties::User(facts) => names.extend(
            facts
                .groups
                .iter()
                .chain(&facts.policies)
                .chain(&facts.boundary)
                .map(String::as_str),
        ),
        Properties::Role(facts) => names.extend(
            facts
                .policies
                .iter()
                .chain(&facts.boundary)
                .map(String::as_str),
        ),
        Properties::Group(facts) => names.extend(facts.policies.iter().map(String::as_str)),
        _ => {}
    }
    names
}

/// Names of what uses a resource, where the resource says so itself.
fn serves(resource: &Resource) -> Vec<&str> {
    match &resource.properties {
        Properties::Volume(facts) => facts.attached_to.iter().map(String::as_str).collect(),
        Properties::Interface(facts) => facts.attached_to.iter().map(String::as_str).collect(),
        Properties::RouteTable(facts) => facts.subnets.iter().map(String::as_str).collect(),
        Properties::Acl(facts) => facts.subnets.iter().map(String::as_str).collect(),
        Properties::Profile(facts) => facts.roles.iter().map(String::as_str).collect(),
        Properties::Gateway(facts) => facts.vpcs.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What a finding speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Concern {
    /// The resources it names, by position.
    pub(crate) positions: Vec<usize>,
    /// Nodes whose states matter: the resources themselves, or what uses them.
    pub(crate) nodes: Vec<NodeId>,
}

impl Analysis<'_> {
    /// What a finding speaks of; `None` if none of its resources is in the inventory.
    pub(crate) fn concern(&self, finding: &Finding) -> Option<Concern> {
        let account = finding.account.as_deref();
        let mut positions: Vec<usize> = finding
            .resource_names()
            .into_iter()
            .filter_map(|name| self.estate.resolve(name, account))
            .collect();
        let mut seen = HashSet::new();
        positions.retain(|it| seen.insert(*it));
        if positions.is_empty() {
            return None;
        }
        let mut nodes = Vec::new();
        for &position in &positions {
            let own = self.derived.node_at(position);
            let resource = self.estate.resources().get(position);
            if resource.is_some_and(stands_for_users) || self.derived.states_of(own).is_empty() {
                let users = self.users.with_states(self.estate, position);
                nodes.extend(users.into_iter().map(|it| self.derived.node_at(it)));
            }
            nodes.push(own);
        }
        nodes.sort_unstable();
        nodes.dedup();
        Some(Concern { positions, nodes })
    }

    /// The states of the nodes that a finding concerns.
    pub(crate) fn states(&self, concern: &Concern) -> Vec<StateId> {
        concern
            .nodes
            .iter()
            .flat_map(|&node| self.derived.states_of(node))
            .copied()
            .collect()
    }
}
