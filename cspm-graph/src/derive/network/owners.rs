//! What stands in the network: machines, functions, databases and load balancers, with their interfaces.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::str::FromStr;

use cspm_model::diagnostic::Effect;
use cspm_model::ports::PortSet;
use cspm_model::resource::{
    Class as ResourceClass, DatabaseFacts, FunctionFacts, InstanceFacts, InterfaceFacts, Listener,
    LoadBalancerFacts, TargetGroupFacts,
};
use cspm_model::{Diagnostic, Location, Properties, Resource};

use super::super::draft::NodeId;
use super::topology::{Forward, Interface, Listening, Place, Role, Topology};

impl Topology<'_> {
    pub(super) fn read_owners(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let mut attached: BTreeMap<usize, Vec<(&Resource, &InterfaceFacts)>> = BTreeMap::new();
        for (_, resource) in self.each() {
            if let Properties::Interface(facts) = &resource.properties
                && let Some(owner) = facts
                    .attached_to
                    .as_deref()
                    .and_then(|owner| self.resolve(owner, resource))
            {
                attached.entry(owner).or_default().push((resource, facts));
            }
        }
        let mut interfaces = Vec::new();
        for (at, resource) in self.each() {
            let loose = attached.remove(&at).unwrap_or_default();
            match &resource.properties {
                Properties::Instance(facts) => {
                    self.instance(at, resource, facts, &loose, &mut interfaces);
                }
                Properties::Container(facts) => {
                    for (number, interface) in facts.interfaces.iter().enumerate() {
                        let place = resource.evidence_of(&format!("/interfaces/{number}"));
                        interfaces.push(self.interface(at, resource, interface, place));
                    }
                }
                Properties::Function(facts) => self.function(at, resource, facts, &mut interfaces),
                Properties::Database(facts) => self.database(at, resource, facts, &mut interfaces),
                Properties::LoadBalancer(facts) => {
                    self.load_balancer(at, resource, facts, &mut interfaces, diagnostics);
                }
                _ => {}
            }
        }
        self.interfaces = interfaces;
    }

    fn interface(
        &self,
        owner: usize,
        resource: &Resource,
        facts: &InterfaceFacts,
        place: Location,
    ) -> Interface {
        let (groups, unknown_group) = self.groups_of(&facts.security_groups, resource);
        let subnet = facts
            .subnet
            .as_deref()
            .and_then(|it| self.resolve(it, resource))
            .filter(|it| self.subnets.contains_key(it));
        let stated = facts
            .vpc
            .as_deref()
            .and_then(|vpc| self.resolve(vpc, resource));
        let address = |text: &String| IpAddr::from_str(text).ok();
        Interface {
            owner: NodeId::of(owner),
            role: Role::Compute,
            running: true,
            vpc: stated.or_else(|| subnet.and_then(|subnet| self.vpc_of(subnet))),
            subnet,
            groups,
            unknown_group,
            unfiltered: false,
            private: facts.private_addresses.iter().filter_map(address).collect(),
            public: facts
                .public_addresses
                .iter()
                .chain(&facts.ipv6_addresses)
                .filter_map(address)
                .collect(),
            public_v4: !facts.public_addresses.is_empty(),
            public_v6: !facts.ipv6_addresses.is_empty(),
            evidence: facts.evidence.clone().unwrap_or(place),
        }
    }

    fn groups_of(&self, names: &[String], resource: &Resource) -> (Vec<usize>, bool) {
        let mut groups: Vec<usize> = names
            .iter()
            .filter_map(|name| self.resolve(name, resource))
            .filter(|at| self.groups.contains_key(at))
            .collect();
        let unknown = groups.len() < names.len();
        groups.sort_unstable();
        groups.dedup();
        (groups, unknown)
    }

    fn instance(
        &self,
        at: usize,
        resource: &Resource,
        facts: &InstanceFacts,
        loose: &[(&Resource, &InterfaceFacts)],
        interfaces: &mut Vec<Interface>,
    ) {
        let running = facts
            .state
            .as_deref()
            .is_none_or(|state| matches!(state, "running" | "pending" | "rebooting"));
        let mut own = Vec::new();
        for (number, interface) in facts.interfaces.iter().enumerate() {
            let place = resource.evidence_of(&format!("/interfaces/{number}"));
            own.push(self.interface(at, resource, interface, place));
        }
        let known: Vec<&str> = facts
            .interfaces
            .iter()
            .filter_map(|it| it.id.as_deref())
            .collect();
        for (interface, loose) in loose {
            let id = interface.id.as_str();
            if !known
                .iter()
                .any(|known| id == *known || id.ends_with(&format!("/{known}")))
            {
                own.push(self.interface(at, interface, loose, interface.evidence_of("")));
            }
        }
        let flat = InterfaceFacts {
            vpc: facts.vpc.clone(),
            subnet: facts.subnet.clone(),
            security_groups: facts.security_groups.clone(),
            private_addresses: facts.private_addresses.clone(),
            public_addresses: facts.public_addresses.clone(),
            ipv6_addresses: facts.ipv6_addresses.clone(),
            ..InterfaceFacts::default()
        };
        // Interfaces described one by one with the instance stand for the flat facts; others come on top.
        if facts.interfaces.is_empty() && flat != InterfaceFacts::default() {
            own.push(self.interface(at, resource, &flat, resource.evidence_of("")));
        }
        for interface in &mut own {
            interface.running = running;
        }
        interfaces.extend(own);
    }

    fn several(
        &self,
        at: usize,
        resource: &Resource,
        subnets: &[String],
        security_groups: &[String],
        vpc: Option<&String>,
    ) -> Vec<Interface> {
        let flat = |subnet: Option<&String>| InterfaceFacts {
            vpc: vpc.cloned(),
            subnet: subnet.cloned(),
            security_groups: security_groups.to_vec(),
            ..InterfaceFacts::default()
        };
        let place = resource.evidence_of("");
        if subnets.is_empty() {
            return vec![self.interface(at, resource, &flat(None), place)];
        }
        subnets
            .iter()
            .map(|subnet| self.interface(at, resource, &flat(Some(subnet)), place.clone()))
            .collect()
    }

    fn function(
        &self,
        at: usize,
        resource: &Resource,
        facts: &FunctionFacts,
        interfaces: &mut Vec<Interface>,
    ) {
        if facts.subnets.is_empty() {
            return;
        }
        for mut interface in self.several(
            at,
            resource,
            &facts.subnets,
            &facts.security_groups,
            facts.vpc.as_ref(),
        ) {
            interface.role = Role::Sender;
            interfaces.push(interface);
        }
    }

    fn database(
        &self,
        at: usize,
        resource: &Resource,
        facts: &DatabaseFacts,
        interfaces: &mut Vec<Interface>,
    ) {
        if facts.subnets.is_empty() && facts.security_groups.is_empty() && facts.vpc.is_none() {
            return;
        }
        let ports = facts
            .port
            .map_or_else(PortSet::all, |port| PortSet::range(port, port));
        for mut interface in self.several(
            at,
            resource,
            &facts.subnets,
            &facts.security_groups,
            facts.vpc.as_ref(),
        ) {
            interface.role = Role::Listens(Listening {
                tcp: ports.clone(),
                udp: PortSet::default(),
            });
            interface.public_v4 = facts.publicly_accessible == Some(true);
            interfaces.push(interface);
        }
    }

    fn load_balancer(
        &mut self,
        at: usize,
        resource: &Resource,
        facts: &LoadBalancerFacts,
        interfaces: &mut Vec<Interface>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(listeners) = &facts.listeners else {
            diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::UnderReport,
                format!(
                    "the listeners of `{}` were not collected: nothing is forwarded",
                    resource.id
                ),
                resource.evidence_of(""),
            ));
            return;
        };
        let ports_of = |protocol: &str| {
            let own = listeners
                .iter()
                .filter(|it| protocols_of(it).contains(&protocol));
            PortSet::from_ranges(own.map(|it| (it.port, it.port)))
        };
        let listening = Listening {
            tcp: ports_of("tcp"),
            udp: ports_of("udp"),
        };
        for mut interface in self.several(
            at,
            resource,
            &facts.subnets,
            &facts.security_groups,
            facts.vpc.as_ref(),
        ) {
            interface.role = Role::Listens(listening.clone());
            interface.public_v4 = facts.scheme.as_deref() == Some("internet-facing");
            interface.unfiltered = facts.security_groups.is_empty()
                && matches!(facts.family.as_deref(), Some("network" | "gateway"));
            interfaces.push(interface);
        }
        for (number, listener) in listeners.iter().enumerate() {
            let place = listener
                .evidence
                .clone()
                .unwrap_or_else(|| resource.evidence_of(&format!("/listeners/{number}")));
            let mut forward =
                |target: &cspm_model::resource::Target, port: Option<u16>, place: Location| {
                    for &protocol in protocols_of(listener) {
                        self.forwards.push(Forward {
                            load_balancer: NodeId::of(at),
                            listener: listener.port,
                            protocol,
                            target: target.id.clone(),
                            place: Place::Unknown,
                            senders: Vec::new(),
                            port: target.port.or(port).unwrap_or(listener.port),
                            authenticated: listener.authenticated == Some(true),
                            evidence: target.evidence.clone().unwrap_or_else(|| place.clone()),
                        });
                    }
                };
            for target in &listener.targets {
                forward(target, None, place.clone());
            }
            for group in &listener.target_groups {
                let found = self
                    .estate
                    .resolve(group, resource.account.as_deref())
                    .and_then(|at| self.estate.resources().get(at));
                let facts: Option<&TargetGroupFacts> = found.and_then(|it| match &it.properties {
                    Properties::TargetGroup(facts) => Some(&**facts),
                    _ => None,
                });
                match facts.and_then(|facts| facts.targets.as_ref().map(|targets| (facts, targets)))
                {
                    Some((facts, targets)) => {
                        for target in targets {
                            forward(target, facts.port, place.clone());
                        }
                    }
                    None => diagnostics.push(Diagnostic::new(
                        "not-collected",
                        Effect::UnderReport,
                        format!(
                            "the targets of `{group}` were not collected: nothing is forwarded"
                        ),
                        place.clone(),
                    )),
                }
            }
        }
    }

    /// Finds what load balancers forward to.
    pub(super) fn read_targets(&mut self) {
        let mut by_owner: HashMap<NodeId, Vec<usize>> = HashMap::new();
        let mut by_address: HashMap<IpAddr, Vec<usize>> = HashMap::new();
        for (at, interface) in self.interfaces.iter().enumerate() {
            by_owner.entry(interface.owner).or_default().push(at);
            for address in &interface.private {
                by_address.entry(*address).or_default().push(at);
            }
        }
        let mut forwards = std::mem::take(&mut self.forwards);
        for forward in &mut forwards {
            let senders = by_owner.get(&forward.load_balancer);
            forward.senders = senders.cloned().unwrap_or_default();
            forward.place = self.place(forward, &by_owner, &by_address);
            if let Place::Interfaces(found) = &forward.place {
                for &at in found {
                    let ports = self.forwarded.entry(at).or_default();
                    ports.insert((forward.protocol, forward.port));
                }
            }
        }
        self.forwards = forwards;
    }

    fn place(
        &self,
        forward: &Forward,
        by_owner: &HashMap<NodeId, Vec<usize>>,
        by_address: &HashMap<IpAddr, Vec<usize>>,
    ) -> Place {
        if let Ok(address) = IpAddr::from_str(&forward.target) {
            // Private addresses stand for one machine within a VPC only.
            let sender = forward.senders.first();
            let vpc = sender.and_then(|&at| self.interfaces.get(at)?.vpc);
            let here = by_address.get(&address).map_or(&[][..], Vec::as_slice);
            let near = |at: &usize| {
                let other = self.interfaces.get(*at).and_then(|it| it.vpc);
                vpc.is_none() || other.is_none() || other == vpc
            };
            let found: Vec<usize> = here.iter().copied().filter(near).collect();
            return if found.is_empty() {
                Place::Unknown
            } else {
                Place::Interfaces(found)
            };
        }
        let resources = self.estate.resources();
        let account = resources
            .get(forward.load_balancer.index())
            .and_then(|it| it.account.as_deref());
        let Some(at) = self.estate.resolve(&forward.target, account) else {
            return Place::Unknown;
        };
        let node = NodeId::of(at);
        match by_owner.get(&node) {
            // A load balancer invokes a function, whether or not it has a place in a network to send from.
            Some(found)
                if resources
                    .get(at)
                    .is_none_or(|it| it.kind.as_str() != "compute.function") =>
            {
                Place::Interfaces(found.clone())
            }
            _ if resources
                .get(at)
                .is_some_and(|it| it.kind.class() == ResourceClass::Compute) =>
            {
                Place::Portless(node)
            }
            _ => Place::Interfaces(Vec::new()),
        }
    }

    /// Ports of a protocol to which load balancers forward.
    pub(super) fn forwarded<'s>(
        &'s self,
        interface: usize,
        protocol: &'s str,
    ) -> impl Iterator<Item = u16> + 's {
        let ports = self.forwarded.get(&interface).into_iter().flatten();
        ports
            .filter(move |(it, _)| *it == protocol)
            .map(|(_, port)| *port)
    }
}

/// What a listener listens for; `TCP_UDP` is both.
fn protocols_of(listener: &Listener) -> &'static [&'static str] {
    let protocol = listener.protocol.as_deref().unwrap_or_default();
    match protocol.to_ascii_lowercase().as_str() {
        "udp" | "quic" => &["udp"],
        "tcp_udp" | "tcp_quic" => &["tcp", "udp"],
        _ => &["tcp"],
    }
}
