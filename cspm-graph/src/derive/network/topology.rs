//! The network as facts, with every reference resolved.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::str::FromStr;

use cspm_model::diagnostic::Effect;
use cspm_model::ports::PortSet;
use cspm_model::resource::{AclFacts, RouteTableFacts, SecurityGroupFacts};
use cspm_model::{Diagnostic, Estate, Location, Properties, Resource};

use super::super::address::AddressSet;
use super::super::draft::NodeId;

/// What an owner of interfaces is, which decides on which ports it can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Runs code: any port.
    Compute,
    /// Only sends: a function.
    Sender,
    /// Listens on these ports only: a database, a load balancer.
    Listens(Listening),
}

/// Ports that something listens on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listening {
    pub(super) tcp: PortSet,
    pub(super) udp: PortSet,
}

impl Listening {
    /// Those of a protocol.
    pub(super) fn on(&self, protocol: &str) -> &PortSet {
        if protocol == "udp" {
            &self.udp
        } else {
            &self.tcp
        }
    }
}

/// A place in the network.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, none excludes another"
)]
pub(super) struct Interface {
    pub(super) owner: NodeId,
    pub(super) role: Role,
    pub(super) running: bool,
    pub(super) vpc: Option<usize>,
    /// Position of the subnet, or `None` where it is not said or not collected.
    pub(super) subnet: Option<usize>,
    /// Positions of the security groups, ascending.
    pub(super) groups: Vec<usize>,
    /// Whether a security group is named that was not collected.
    pub(super) unknown_group: bool,
    /// Whether nothing filters it: a network load balancer without groups.
    pub(super) unfiltered: bool,
    pub(super) private: Vec<IpAddr>,
    /// Stated public addresses.
    pub(super) public: Vec<IpAddr>,
    pub(super) public_v4: bool,
    pub(super) public_v6: bool,
    pub(super) evidence: Location,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) ingress: bool,
    /// `None` for every protocol.
    pub(super) protocol: Option<String>,
    pub(super) ports: PortSet,
    pub(super) addresses: AddressSet,
    /// Positions of security groups that are peers.
    pub(super) groups: Vec<usize>,
    pub(super) evidence: Location,
}

#[derive(Debug, Clone)]
pub(super) struct AclRule {
    pub(super) number: u32,
    pub(super) ingress: bool,
    pub(super) allow: bool,
    pub(super) protocol: Option<String>,
    pub(super) ports: PortSet,
    pub(super) addresses: AddressSet,
    pub(super) evidence: Location,
}

#[derive(Debug, Clone)]
pub(super) struct Acl {
    pub(super) position: usize,
    /// Ascending by number.
    pub(super) rules: Vec<AclRule>,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Local,
    /// An internet gateway attached to the VPC of the table.
    Internet,
    Peering(usize),
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct RouteRule {
    pub(super) destination: AddressSet,
    pub(super) prefix: u8,
    pub(super) target: Target,
    pub(super) evidence: Location,
}

#[derive(Debug, Clone)]
pub(super) struct RouteTable {
    pub(super) position: usize,
    pub(super) routes: Vec<RouteRule>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Subnet {
    pub(super) position: usize,
    pub(super) cidrs: Vec<String>,
    pub(super) first: Option<IpAddr>,
    /// Position in `tables`; `None` where no table of the VPC was collected.
    pub(super) table: Option<usize>,
    pub(super) acl: Option<usize>,
}

/// What a target of a load balancer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// No document describes it.
    Unknown,
    /// Something without a place in the network: a function.
    Portless(NodeId),
    /// Interfaces, by position.
    Interfaces(Vec<usize>),
}

/// A listener and where it forwards.
#[derive(Debug, Clone)]
pub(super) struct Forward {
    pub(super) load_balancer: NodeId,
    pub(super) listener: u16,
    pub(super) protocol: &'static str,
    /// As the load balancer names it.
    pub(super) target: String,
    pub(super) place: Place,
    /// Interfaces of the load balancer.
    pub(super) senders: Vec<usize>,
    /// Port of the target.
    pub(super) port: u16,
    pub(super) authenticated: bool,
    pub(super) evidence: Location,
}

#[derive(Debug)]
pub(super) struct Topology<'a> {
    pub(super) estate: &'a Estate,
    pub(super) interfaces: Vec<Interface>,
    pub(super) subnets: HashMap<usize, Subnet>,
    pub(super) tables: Vec<RouteTable>,
    pub(super) acls: Vec<Acl>,
    pub(super) groups: HashMap<usize, Vec<Rule>>,
    /// Pairs of VPCs that a peering joins, by the position of the peering.
    pub(super) peerings: Vec<(usize, [usize; 2])>,
    pub(super) forwards: Vec<Forward>,
    /// Ports to which load balancers forward, by the interface of the target.
    pub(super) forwarded: HashMap<usize, BTreeSet<(&'static str, u16)>>,
    /// Address ranges narrower than a subnet that some rule names.
    narrow: HashSet<ipnet::IpNet>,
}

impl<'a> Topology<'a> {
    pub(super) fn new(estate: &'a Estate, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut topology = Self {
            estate,
            interfaces: Vec::new(),
            subnets: HashMap::new(),
            tables: Vec::new(),
            acls: Vec::new(),
            groups: HashMap::new(),
            peerings: Vec::new(),
            forwards: Vec::new(),
            forwarded: HashMap::new(),
            narrow: HashSet::new(),
        };
        topology.read_filters(diagnostics);
        topology.read_routes();
        topology.read_subnets();
        topology.read_owners(diagnostics);
        topology.read_targets();
        topology.read_narrow();
        topology
    }

    pub(super) fn resolve(&self, name: &str, of: &Resource) -> Option<usize> {
        self.estate.resolve(name, of.account.as_deref())
    }

    pub(super) fn each(&self) -> impl Iterator<Item = (usize, &'a Resource)> + use<'a> {
        self.estate.resources().iter().enumerate()
    }

    fn read_filters(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        for (at, resource) in self.each() {
            match &resource.properties {
                Properties::SecurityGroup(facts) => {
                    let rules = self.group_rules(resource, facts, diagnostics);
                    self.groups.insert(at, rules);
                }
                Properties::Acl(facts) => {
                    let acl = acl(at, resource, facts, diagnostics);
                    self.acls.push(acl);
                }
                Properties::Peering(facts) if facts.active != Some(false) => {
                    let ends: Vec<usize> = facts
                        .vpcs
                        .iter()
                        .filter_map(|vpc| self.resolve(vpc, resource))
                        .collect();
                    if let [a, b] = ends[..] {
                        self.peerings.push((at, [a, b]));
                    }
                }
                _ => {}
            }
        }
    }

    fn group_rules(
        &self,
        resource: &Resource,
        facts: &SecurityGroupFacts,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Rule> {
        let mut rules = Vec::with_capacity(facts.rules.len());
        for (number, rule) in facts.rules.iter().enumerate() {
            let evidence = rule
                .evidence
                .clone()
                .unwrap_or_else(|| resource.evidence_of(&format!("/rules/{number}")));
            let mut addresses = AddressSet::default();
            let mut groups = Vec::new();
            for peer in &rule.peers {
                if let Some(set) = AddressSet::parse(peer) {
                    addresses = addresses.or(&set);
                } else if let Some(at) = self.resolve(peer, resource) {
                    match self.estate.resources().get(at).map(|it| &it.properties) {
                        Some(Properties::PrefixList(list)) => {
                            for set in list.cidrs.iter().filter_map(|it| AddressSet::parse(it)) {
                                addresses = addresses.or(&set);
                            }
                        }
                        _ => groups.push(at),
                    }
                } else {
                    diagnostics.push(Diagnostic::new(
                        "not-collected",
                        Effect::UnderReport,
                        format!(
                            "`{}` admits `{peer}`, which no document describes",
                            resource.id
                        ),
                        evidence.clone(),
                    ));
                }
            }
            let Some(ports) = ports(rule.ports.as_deref(), &evidence, diagnostics) else {
                continue;
            };
            groups.sort_unstable();
            rules.push(Rule {
                ingress: rule.direction == "ingress",
                protocol: protocol(&rule.protocol),
                ports,
                addresses,
                groups,
                evidence,
            });
        }
        rules
    }

    fn read_routes(&mut self) {
        // A gateway counts for the VPCs it is attached to.
        let mut attached: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, resource) in self.each() {
            if let Properties::Gateway(facts) = &resource.properties
                && resource.kind.as_str() == "network.internet_gateway"
            {
                let vpcs = facts
                    .vpcs
                    .iter()
                    .filter_map(|vpc| self.resolve(vpc, resource))
                    .collect();
                attached.insert(at, vpcs);
            }
        }
        for (at, resource) in self.each() {
            if let Properties::RouteTable(facts) = &resource.properties {
                let table = self.route_table(at, resource, facts, &attached);
                self.tables.push(table);
            }
        }
    }

    fn route_table(
        &self,
        at: usize,
        resource: &Resource,
        facts: &RouteTableFacts,
        attached: &HashMap<usize, Vec<usize>>,
    ) -> RouteTable {
        let vpc = facts
            .vpc
            .as_deref()
            .and_then(|vpc| self.resolve(vpc, resource));
        let mut routes = Vec::new();
        for (number, route) in facts.routes.iter().enumerate() {
            let destinations: Vec<String> = if route.destination.contains(['.', ':']) {
                vec![route.destination.clone()]
            } else {
                self.resolve(&route.destination, resource)
                    .and_then(|list| self.estate.resources().get(list))
                    .map(|list| match &list.properties {
                        Properties::PrefixList(list) => list.cidrs.clone(),
                        _ => Vec::new(),
                    })
                    .unwrap_or_default()
            };
            // A black hole decides like any other route, and drops what it decides.
            let target = if route.active == Some(false) {
                Target::Other
            } else if route.target == "local" {
                Target::Local
            } else {
                match self.resolve(&route.target, resource) {
                    Some(gateway) if attached.contains_key(&gateway) => {
                        let vpcs = attached.get(&gateway).map_or(&[][..], Vec::as_slice);
                        if vpc.is_some_and(|vpc| vpcs.contains(&vpc)) {
                            Target::Internet
                        } else {
                            Target::Other
                        }
                    }
                    Some(peering) if self.peerings.iter().any(|(it, _)| *it == peering) => {
                        Target::Peering(peering)
                    }
                    _ => Target::Other,
                }
            };
            let evidence = route
                .evidence
                .clone()
                .unwrap_or_else(|| resource.evidence_of(&format!("/routes/{number}")));
            for destination in &destinations {
                let Ok(net) = ipnet::IpNet::from_str(destination) else {
                    continue;
                };
                let Some(set) = AddressSet::parse(destination) else {
                    continue;
                };
                routes.push(RouteRule {
                    destination: set,
                    prefix: net.prefix_len(),
                    target: target.clone(),
                    evidence: evidence.clone(),
                });
            }
        }
        // The longest prefix decides; equal ones keep the order of their text.
        routes.sort_by(|a, b| {
            b.prefix
                .cmp(&a.prefix)
                .then_with(|| a.evidence.cmp(&b.evidence))
        });
        RouteTable {
            position: at,
            routes,
        }
    }

    fn read_subnets(&mut self) {
        let mut table_of: HashMap<usize, usize> = HashMap::new();
        let mut main_table: HashMap<usize, usize> = HashMap::new();
        let mut acl_of: HashMap<usize, usize> = HashMap::new();
        let mut default_acl: HashMap<usize, usize> = HashMap::new();
        let own = |table: &mut HashMap<usize, usize>, subnets: Vec<usize>, number: usize| {
            for subnet in subnets {
                table.entry(subnet).or_insert(number);
            }
        };
        for (number, table) in self.tables.iter().enumerate() {
            let Some(resource) = self.estate.resources().get(table.position) else {
                continue;
            };
            let Properties::RouteTable(facts) = &resource.properties else {
                continue;
            };
            let named = facts
                .subnets
                .iter()
                .filter_map(|it| self.resolve(it, resource))
                .collect();
            own(&mut table_of, named, number);
            if facts.main == Some(true)
                && let Some(vpc) = facts
                    .vpc
                    .as_deref()
                    .and_then(|vpc| self.resolve(vpc, resource))
            {
                main_table.entry(vpc).or_insert(number);
            }
        }
        for (number, acl) in self.acls.iter().enumerate() {
            let Some(resource) = self.estate.resources().get(acl.position) else {
                continue;
            };
            let Properties::Acl(facts) = &resource.properties else {
                continue;
            };
            let named = facts
                .subnets
                .iter()
                .filter_map(|it| self.resolve(it, resource))
                .collect();
            own(&mut acl_of, named, number);
            if facts.default == Some(true)
                && let Some(vpc) = facts
                    .vpc
                    .as_deref()
                    .and_then(|vpc| self.resolve(vpc, resource))
            {
                default_acl.entry(vpc).or_insert(number);
            }
        }
        for (at, resource) in self.each() {
            let Properties::Subnet(facts) = &resource.properties else {
                continue;
            };
            let vpc = facts
                .vpc
                .as_deref()
                .and_then(|vpc| self.resolve(vpc, resource));
            let by_vpc =
                |table: &HashMap<usize, usize>| vpc.and_then(|vpc| table.get(&vpc).copied());
            let first = facts
                .cidrs
                .iter()
                .filter_map(|cidr| ipnet::IpNet::from_str(cidr).ok())
                .find_map(|net| net.hosts().next());
            self.subnets.insert(
                at,
                Subnet {
                    position: at,
                    cidrs: facts.cidrs.clone(),
                    first,
                    table: table_of.get(&at).copied().or_else(|| by_vpc(&main_table)),
                    acl: acl_of.get(&at).copied().or_else(|| by_vpc(&default_acl)),
                },
            );
        }
    }

    /// The VPC of a subnet, by their positions.
    pub(super) fn vpc_of(&self, subnet: usize) -> Option<usize> {
        let resource = self.estate.resources().get(subnet)?;
        match &resource.properties {
            Properties::Subnet(facts) => facts
                .vpc
                .as_deref()
                .and_then(|vpc| self.resolve(vpc, resource)),
            _ => None,
        }
    }

    fn read_narrow(&mut self) {
        let mut widest: Option<u8> = None;
        for subnet in self.subnets.values() {
            for net in subnet
                .cidrs
                .iter()
                .filter_map(|it| ipnet::IpNet::from_str(it).ok())
            {
                if matches!(net, ipnet::IpNet::V4(_)) {
                    widest = Some(widest.map_or(net.prefix_len(), |it| it.min(net.prefix_len())));
                }
            }
        }
        let Some(widest) = widest else { return };
        let mut narrow: HashSet<ipnet::IpNet> = HashSet::new();
        let mut note = |text: &str| {
            let one = || IpAddr::from_str(text).ok().map(ipnet::IpNet::from);
            if let Some(net) = ipnet::IpNet::from_str(text).ok().or_else(one)
                && net.prefix_len() > widest
            {
                narrow.insert(net.trunc());
            }
        };
        for resource in self.estate.resources() {
            match &resource.properties {
                Properties::SecurityGroup(facts) => {
                    facts
                        .rules
                        .iter()
                        .flat_map(|rule| &rule.peers)
                        .for_each(|peer| note(peer));
                }
                Properties::Acl(facts) => facts.entries.iter().for_each(|entry| note(&entry.cidr)),
                Properties::PrefixList(facts) => facts.cidrs.iter().for_each(|cidr| note(cidr)),
                _ => {}
            }
        }
        self.narrow = narrow;
    }

    /// The ranges narrower than a subnet that hold this address, the widest first: two neighbours that
    /// share them are treated alike by every rule.
    pub(super) fn narrow_ranges(&self, address: IpAddr) -> Vec<ipnet::IpNet> {
        if self.narrow.is_empty() {
            return Vec::new();
        }
        let bits = if address.is_ipv4() { 32 } else { 128 };
        (1..=bits)
            .filter_map(|prefix| {
                ipnet::IpNet::new(address, prefix)
                    .ok()
                    .map(|net| net.trunc())
            })
            .filter(|net| self.narrow.contains(net))
            .collect()
    }
}

fn acl(at: usize, resource: &Resource, facts: &AclFacts, diagnostics: &mut Vec<Diagnostic>) -> Acl {
    let mut rules = Vec::with_capacity(facts.entries.len());
    for (number, entry) in facts.entries.iter().enumerate() {
        let evidence = entry
            .evidence
            .clone()
            .unwrap_or_else(|| resource.evidence_of(&format!("/entries/{number}")));
        let Some(ports) = ports(entry.ports.as_deref(), &evidence, diagnostics) else {
            continue;
        };
        let Some(addresses) = AddressSet::parse(&entry.cidr) else {
            diagnostics.push(Diagnostic::new(
                "unreadable-fact",
                Effect::OverReport,
                format!(
                    "`{}` is no address range: the entry is left out",
                    entry.cidr
                ),
                evidence,
            ));
            continue;
        };
        rules.push(AclRule {
            number: entry.number,
            ingress: entry.direction == "ingress",
            allow: entry.action == "allow",
            protocol: protocol(&entry.protocol),
            ports,
            addresses,
            evidence,
        });
    }
    rules.sort_by(|a, b| {
        a.number
            .cmp(&b.number)
            .then_with(|| a.evidence.cmp(&b.evidence))
    });
    Acl {
        position: at,
        rules,
    }
}

/// `None` for every protocol; numbers of the IANA registry become names.
fn protocol(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "*" | "-1" | "all" => None,
        "6" => Some("tcp".to_owned()),
        "17" => Some("udp".to_owned()),
        other => Some(other.to_owned()),
    }
}

fn ports(
    text: Option<&str>,
    evidence: &Location,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<PortSet> {
    match text.map(PortSet::parse) {
        None => Some(PortSet::all()),
        Some(Some(ports)) => Some(ports),
        Some(None) => {
            diagnostics.push(Diagnostic::new(
                "unreadable-fact",
                Effect::UnderReport,
                format!(
                    "`{}` is no set of ports: the rule is left out",
                    text.unwrap_or_default()
                ),
                evidence.clone(),
            ));
            None
        }
    }
}
