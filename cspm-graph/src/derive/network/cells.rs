//! Cells: the ports of a place in the network, grouped by who may send to them.
//!
//! Interfaces that every filter treats alike form a class. For each class, the ports are cut where any rule
//! begins or ends, and joined again where the same peers get in by the same rules: a cell. A cell is one
//! state of each member, so that ports with equal peers and equal consequences share a state.

use std::collections::BTreeMap;
use std::net::IpAddr;

use cspm_model::ports::PortSet;
use cspm_model::{Certainty, Location};

use super::super::address::AddressSet;
use super::filter::{
    Admits, acl_allows, acl_allows_answers, acl_ranges, admits, boundaries, ranges_between,
    route_for, routed_to_internet, rule_covers, rules,
};
use super::topology::{Interface, Listening, Role, Rule, Subnet, Target, Topology};

/// Ports on which machines are administered: Secure Shell, Telnet, remote desktop, VNC, WinRM.
pub(super) const ADMINISTRATION_PORTS: [u16; 6] = [22, 23, 3389, 5900, 5985, 5986];

/// Protocols that carry services.
pub(super) const PROTOCOLS: [&str; 2] = ["tcp", "udp"];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ClassKey {
    vpc: Option<usize>,
    subnet: Option<usize>,
    groups: Vec<usize>,
    unknown_group: bool,
    unfiltered: bool,
    sends_only: bool,
    listens: Option<Listening>,
    narrow: Vec<ipnet::IpNet>,
}

/// Interfaces that every filter treats alike.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) members: Vec<usize>,
    pub(super) address: Option<IpAddr>,
    pub(super) vpc: Option<usize>,
    pub(super) subnet: Option<usize>,
}

/// How the internet gets into a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Admission {
    pub(super) certainty: Certainty,
    pub(super) evidence: Vec<Location>,
    /// Security groups, subnet, route table, ACL.
    pub(super) via: Vec<usize>,
}

/// Ports of a class that the same peers reach by the same rules.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) protocol: &'static str,
    pub(super) ports: PortSet,
    pub(super) v4: Option<Admission>,
    pub(super) v6: Option<Admission>,
    /// Classes that get in, with how.
    pub(super) peers: Vec<(usize, Admission)>,
}

/// Which filter keeps the internet from a class, if one does.
#[derive(Debug, Clone, Default)]
pub(super) struct Barriers {
    pub(super) no_route: Option<Location>,
    pub(super) acl: Option<Location>,
    pub(super) no_group_rule: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    /// An administration port has a state of its own, and so has one that a load balancer forwards to:
    /// whoever reaches it does not reach what neighbours reach beside it.
    alone: Option<u16>,
    v4: Option<Admission>,
    v6: Option<Admission>,
    peers: Vec<(usize, Admission)>,
}

/// The classes of a topology, in an order that follows from the estate.
pub(super) fn classes(topology: &Topology<'_>) -> Vec<Class> {
    let mut by_key: BTreeMap<ClassKey, Vec<usize>> = BTreeMap::new();
    for (at, interface) in topology.interfaces.iter().enumerate() {
        if !interface.running {
            continue;
        }
        let narrow = interface
            .private
            .first()
            .map(|it| topology.narrow_ranges(*it));
        let key = ClassKey {
            vpc: interface.vpc,
            subnet: interface.subnet,
            groups: interface.groups.clone(),
            unknown_group: interface.unknown_group,
            unfiltered: interface.unfiltered,
            sends_only: interface.role == Role::Sender,
            listens: match &interface.role {
                Role::Listens(ports) => Some(ports.clone()),
                Role::Compute | Role::Sender => None,
            },
            narrow: narrow.unwrap_or_default(),
        };
        by_key.entry(key).or_default().push(at);
    }
    by_key
        .into_iter()
        .map(|(key, members)| {
            let own = members
                .iter()
                .filter_map(|&at| topology.interfaces.get(at))
                .find_map(|interface| interface.private.first().copied());
            let subnet = key.subnet.and_then(|it| topology.subnets.get(&it));
            Class {
                address: own.or_else(|| subnet.and_then(|subnet| subnet.first)),
                members,
                vpc: key.vpc,
                subnet: key.subnet,
            }
        })
        .collect()
}

/// What the internet side of a class looks like, the same for all its cells.
struct Outside {
    routed: AddressSet,
    certainty: Certainty,
    evidence: Vec<Location>,
    via: Vec<usize>,
}

/// Works out the cells of one class.
pub(super) struct Cells<'t, 'e> {
    pub(super) topology: &'t Topology<'e>,
    pub(super) classes: &'t [Class],
    /// Classes that can send into a VPC: its own and those of peered ones.
    pub(super) senders: BTreeMap<usize, Vec<usize>>,
    public_v4: AddressSet,
    public_v6: AddressSet,
}

impl<'t, 'e> Cells<'t, 'e> {
    pub(super) fn new(topology: &'t Topology<'e>, classes: &'t [Class]) -> Self {
        let mut by_vpc: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, class) in classes.iter().enumerate() {
            if let Some(vpc) = class.vpc {
                by_vpc.entry(vpc).or_default().push(at);
            }
        }
        let mut senders = by_vpc.clone();
        for (_, [a, b]) in &topology.peerings {
            for (into, from) in [(a, b), (b, a)] {
                let more = by_vpc.get(from).cloned().unwrap_or_default();
                senders.entry(*into).or_default().extend(more);
            }
        }
        for list in senders.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Self {
            topology,
            classes,
            senders,
            public_v4: AddressSet::public_v4(),
            public_v6: AddressSet::public_v6(),
        }
    }

    fn first<'s>(&'s self, class: &Class) -> Option<&'s Interface> {
        class
            .members
            .first()
            .and_then(|&at| self.topology.interfaces.get(at))
    }

    fn subnet(&self, class: &Class) -> Option<&'t Subnet> {
        class.subnet.and_then(|it| self.topology.subnets.get(&it))
    }

    /// The cells of a class, and what keeps the internet out where it gets into none.
    pub(super) fn of(&self, number: usize) -> (Vec<Cell>, Barriers) {
        let mut barriers = Barriers::default();
        let Some(class) = self.classes.get(number) else {
            return (Vec::new(), barriers);
        };
        let Some(interface) = self.first(class) else {
            return (Vec::new(), barriers);
        };
        if interface.role == Role::Sender {
            return (Vec::new(), barriers);
        }
        let any_public = |pick: fn(&Interface) -> bool| {
            class
                .members
                .iter()
                .filter_map(|&at| self.topology.interfaces.get(at))
                .any(pick)
        };
        let wants_v4 = any_public(|it| it.public_v4);
        let wants_v6 = any_public(|it| it.public_v6);
        let outside = self.outside(class);
        // What keeps the internet out is asked for the addresses there are, or for IPv4 where there is none.
        let families = [
            (&self.public_v4, wants_v4 || !wants_v6),
            (&self.public_v6, wants_v6),
        ];
        let mut group_admits = false;
        for (public, _) in families.iter().filter(|(_, asked)| *asked) {
            if !outside.routed.covers_internet(public) {
                barriers.no_route = barriers.no_route.take().or_else(|| self.table_place(class));
            }
        }
        let mut cells = Vec::new();
        for protocol in PROTOCOLS {
            let ingress = rules(self.topology, interface, true, protocol);
            let peers = self.peers(number, class, interface, &ingress);
            let forwarded: Vec<u16> = class
                .members
                .iter()
                .flat_map(|&at| self.topology.forwarded(at, protocol))
                .collect();
            let mut by_signature: BTreeMap<Signature, Vec<(u16, u16)>> = BTreeMap::new();
            for range in self.ranges(class, interface, &ingress, &peers, &forwarded, protocol) {
                if let Role::Listens(ports) = &interface.role
                    && !ports.on(protocol).contains(range.0)
                {
                    continue;
                }
                let [v4, v6] = families.map(|(public, asked)| {
                    let ask = asked.then(|| {
                        self.internet(
                            class,
                            interface,
                            &ingress,
                            &outside,
                            public,
                            protocol,
                            range,
                            &mut barriers,
                            &mut group_admits,
                        )
                    });
                    ask.flatten()
                });
                let v4 = v4.filter(|_| wants_v4);
                let lateral: Vec<(usize, Admission)> = peers
                    .iter()
                    .filter_map(|&peer| {
                        self.lateral(class, interface, &ingress, peer, protocol, range)
                            .map(|admission| (peer, admission))
                    })
                    .collect();
                if v4.is_none() && v6.is_none() && lateral.is_empty() {
                    continue;
                }
                let administers = protocol == "tcp"
                    && interface.role == Role::Compute
                    && ADMINISTRATION_PORTS.contains(&range.0);
                let signature = Signature {
                    alone: Some(range.0).filter(|it| administers || forwarded.contains(it)),
                    v4,
                    v6,
                    peers: lateral,
                };
                by_signature.entry(signature).or_default().push(range);
            }
            cells.extend(by_signature.into_iter().map(|(signature, ranges)| Cell {
                protocol,
                ports: PortSet::from_ranges(ranges),
                v4: signature.v4,
                v6: signature.v6,
                peers: signature.peers,
            }));
        }
        barriers.no_group_rule = !group_admits;
        if barriers.acl.is_none() && !group_admits {
            let mut asked = families.iter().filter(|(_, asked)| *asked);
            barriers.acl = asked.find_map(|(public, _)| self.closed_by_acl(class, public));
        }
        (cells, barriers)
    }

    fn table_place(&self, class: &Class) -> Option<Location> {
        let table = self.subnet(class)?.table?;
        let position = self.topology.tables.get(table)?.position;
        Some(
            self.topology
                .estate
                .resources()
                .get(position)?
                .evidence_of(""),
        )
    }

    /// The ACL of a class, if it lets the internet through on no port at all.
    fn closed_by_acl(&self, class: &Class, public: &AddressSet) -> Option<Location> {
        let acl = self.topology.acls.get(self.subnet(class)?.acl?)?;
        let open = PROTOCOLS.iter().any(|protocol| {
            acl_ranges(acl, true, protocol).into_iter().any(|range| {
                let inward = acl_allows(acl, true, protocol, range, public).0;
                let both = acl_allows_answers(acl, false, protocol, &inward).0;
                both.covers_internet(public)
            })
        });
        let whole = self.topology.estate.resources().get(acl.position)?;
        (!open).then(|| whole.evidence_of(""))
    }

    fn outside(&self, class: &Class) -> Outside {
        let everywhere = self.public_v4.or(&self.public_v6);
        let Some(subnet) = self.subnet(class) else {
            return Outside {
                routed: everywhere,
                certainty: Certainty::Unknown,
                evidence: Vec::new(),
                via: Vec::new(),
            };
        };
        let mut via = vec![subnet.position];
        let acl = subnet.acl.and_then(|it| self.topology.acls.get(it));
        via.extend(acl.map(|acl| acl.position));
        let Some(table) = subnet.table.and_then(|it| self.topology.tables.get(it)) else {
            return Outside {
                routed: everywhere,
                certainty: Certainty::Unknown,
                evidence: Vec::new(),
                via,
            };
        };
        via.push(table.position);
        let (routed, evidence) = routed_to_internet(table);
        let certainty = if acl.is_some() {
            Certainty::Certain
        } else {
            Certainty::Unknown
        };
        Outside {
            routed,
            certainty,
            evidence,
            via,
        }
    }

    /// The ranges of ports that no rule on the way cuts in two.
    fn ranges(
        &self,
        class: &Class,
        interface: &Interface,
        ingress: &[(usize, &Rule)],
        peers: &[usize],
        forwarded: &[u16],
        protocol: &str,
    ) -> Vec<(u16, u16)> {
        let mut starts: Vec<u16> = forwarded
            .iter()
            .flat_map(|&port| [Some(port), port.checked_add(1)])
            .flatten()
            .collect();
        for (_, rule) in ingress {
            starts.extend(boundaries(&rule.ports));
        }
        let mut acls: Vec<(usize, bool)> = self
            .subnet(class)
            .and_then(|it| it.acl)
            .map(|it| (it, true))
            .into_iter()
            .collect();
        for peer in peers.iter().filter_map(|&peer| self.classes.get(peer)) {
            if let Some(sender) = self.first(peer) {
                for (_, rule) in rules(self.topology, sender, false, protocol) {
                    starts.extend(boundaries(&rule.ports));
                }
            }
            acls.extend(
                self.subnet(peer)
                    .and_then(|it| it.acl)
                    .map(|it| (it, false)),
            );
        }
        acls.sort_unstable();
        acls.dedup();
        for (acl, ingress) in acls {
            if let Some(acl) = self.topology.acls.get(acl) {
                starts.extend(
                    acl_ranges(acl, ingress, protocol)
                        .into_iter()
                        .map(|range| range.0),
                );
            }
        }
        match &interface.role {
            Role::Compute => {
                for port in ADMINISTRATION_PORTS {
                    starts.extend([port, port + 1]);
                }
            }
            Role::Listens(ports) => starts.extend(boundaries(ports.on(protocol))),
            Role::Sender => {}
        }
        ranges_between(starts)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one question of one cell, asked from one place"
    )]
    fn internet(
        &self,
        class: &Class,
        interface: &Interface,
        ingress: &[(usize, &Rule)],
        outside: &Outside,
        public: &AddressSet,
        protocol: &str,
        range: (u16, u16),
        barriers: &mut Barriers,
        group_admits: &mut bool,
    ) -> Option<Admission> {
        let mut sources = AddressSet::default();
        let mut evidence = Vec::new();
        let mut via = outside.via.clone();
        let mut certainty = outside.certainty;
        for (group, rule) in ingress.iter().filter(|(_, rule)| rule_covers(rule, range)) {
            if rule.addresses.and(public).is_empty() {
                continue;
            }
            sources = sources.or(&rule.addresses);
            evidence.push(rule.evidence.clone());
            via.push(*group);
        }
        if interface.unfiltered {
            sources = public.clone();
        } else if !sources.covers_internet(public) && interface.unknown_group {
            sources = public.clone();
            certainty = Certainty::Unknown;
        }
        if !sources.covers_internet(public) {
            return None;
        }
        *group_admits = true;
        // A missing route does not hide an ACL that denies: both would have to change.
        let routed = sources.and(&outside.routed);
        let is_routed = routed.covers_internet(public);
        if !is_routed {
            barriers.no_route = barriers.no_route.take().or_else(|| self.table_place(class));
        }
        let sources = if is_routed { routed } else { sources };
        let acl = self
            .subnet(class)
            .and_then(|it| it.acl)
            .and_then(|it| self.topology.acls.get(it));
        if let Some(acl) = acl {
            let (inward, denied) = acl_allows(acl, true, protocol, range, &sources.and(public));
            let (both, denied_out) = acl_allows_answers(acl, false, protocol, &inward);
            if !both.covers_internet(public) {
                let whole = self.topology.estate.resources().get(acl.position);
                let place = denied
                    .or(denied_out)
                    .or_else(|| whole.map(|it| it.evidence_of("")));
                barriers.acl = barriers.acl.take().or(place);
                return None;
            }
        }
        if !is_routed {
            return None;
        }
        evidence.extend(outside.evidence.iter().cloned());
        via.sort_unstable();
        via.dedup();
        Some(Admission {
            certainty,
            evidence,
            via,
        })
    }

    /// Classes that some rule of a class may admit.
    fn peers(
        &self,
        number: usize,
        class: &Class,
        interface: &Interface,
        ingress: &[(usize, &Rule)],
    ) -> Vec<usize> {
        let Some(senders) = class.vpc.and_then(|vpc| self.senders.get(&vpc)) else {
            return Vec::new();
        };
        senders
            .iter()
            .copied()
            .filter(|&peer| {
                let Some(class) = self.classes.get(peer) else {
                    return false;
                };
                let Some(sender) = self.first(class) else {
                    return false;
                };
                // A load balancer sends what it is told to forward, which has its own steps; a database
                // does not send.
                !matches!(sender.role, Role::Listens(_))
                    && (peer != number || class.members.len() > 1)
                    && (interface.unknown_group
                        || interface.unfiltered
                        || ingress.iter().any(|(_, rule)| {
                            admits(rule, class.address, &sender.groups) != Admits::No
                        }))
            })
            .collect()
    }

    pub(super) fn lateral(
        &self,
        class: &Class,
        interface: &Interface,
        ingress: &[(usize, &Rule)],
        peer: usize,
        protocol: &str,
        range: (u16, u16),
    ) -> Option<Admission> {
        let from = self.classes.get(peer)?;
        let sender = self.first(from)?;
        let mut certainty = Certainty::Certain;
        let mut evidence = Vec::new();
        let mut via = Vec::new();
        let mut best = Admits::No;
        for (group, rule) in ingress.iter().filter(|(_, rule)| rule_covers(rule, range)) {
            let admitted = admits(rule, from.address, &sender.groups);
            if admitted != Admits::No {
                evidence.push(rule.evidence.clone());
                via.push(*group);
            }
            best = best.max(admitted);
        }
        if !interface.unfiltered {
            match best {
                Admits::Yes => {}
                Admits::Perhaps => certainty = Certainty::Unknown,
                Admits::No if interface.unknown_group => certainty = Certainty::Unknown,
                Admits::No => return None,
            }
        }
        if !sender.unfiltered {
            let out = rules(self.topology, sender, false, protocol)
                .into_iter()
                .filter(|(_, rule)| rule_covers(rule, range))
                .map(|(_, rule)| admits(rule, class.address, &interface.groups))
                .max();
            match out {
                Some(Admits::Yes) => {}
                Some(Admits::Perhaps) => certainty = Certainty::Unknown,
                _ if sender.unknown_group => certainty = Certainty::Unknown,
                _ => return None,
            }
        }
        if from.vpc != class.vpc {
            match self.peered(from, class) {
                Some(true) => {}
                Some(false) => return None,
                None => certainty = Certainty::Unknown,
            }
        }
        // Network ACLs stand between subnets only.
        if from.subnet != class.subnet || from.subnet.is_none() {
            match (
                self.subnet(from),
                self.subnet(class),
                from.address,
                class.address,
            ) {
                (Some(a), Some(b), Some(source), Some(target)) => {
                    if !self.acls_pass(a, b, source, target, protocol, range, &mut certainty) {
                        return None;
                    }
                }
                _ => certainty = Certainty::Unknown,
            }
        }
        if evidence.is_empty() {
            evidence.push(interface.evidence.clone());
        }
        via.sort_unstable();
        via.dedup();
        Some(Admission {
            certainty,
            evidence,
            via,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "both ends of one flow")]
    fn acls_pass(
        &self,
        from: &Subnet,
        to: &Subnet,
        source: IpAddr,
        target: IpAddr,
        protocol: &str,
        range: (u16, u16),
        certainty: &mut Certainty,
    ) -> bool {
        let (source, target) = (AddressSet::one(source), AddressSet::one(target));
        for (subnet, ingress, peer) in [(from, false, &target), (to, true, &source)] {
            match subnet.acl.and_then(|it| self.topology.acls.get(it)) {
                None => *certainty = Certainty::Unknown,
                Some(acl) => {
                    let there = acl_allows(acl, ingress, protocol, range, peer).0;
                    let back = acl_allows_answers(acl, !ingress, protocol, peer).0;
                    if there.is_empty() || back.is_empty() {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Whether both sides route to each other over a peering; `None` where a table was not collected.
    fn peered(&self, from: &Class, to: &Class) -> Option<bool> {
        let leads = |a: &Class, b: &Class| -> Option<bool> {
            let table = self
                .subnet(a)
                .and_then(|it| it.table)
                .and_then(|it| self.topology.tables.get(it))?;
            let route = route_for(table, b.address?);
            Some(
                matches!(route, Some(Target::Peering(peering)) if self.topology.peerings.iter().any(|(it, ends)| {
                    it == peering && a.vpc.is_some_and(|vpc| ends.contains(&vpc)) && b.vpc.is_some_and(|vpc| ends.contains(&vpc))
                })),
            )
        };
        match (leads(from, to), leads(to, from)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
}
