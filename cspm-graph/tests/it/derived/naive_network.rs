//! A second, literal evaluation of the network: packet by packet, one source address and one port at a time.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use cspm_graph::derive::Derived;
use cspm_graph::graph::StateId;
use cspm_model::Access;
use cspm_model::ports::PortSet;
use ipnet::Ipv4Net;
use proptest::collection::vec;
use proptest::prelude::*;

use super::estate::{derived, estate};

/// Ranges that rules name. What each of [`STRANGERS`] stands for is far more than the share of the internet
/// below which a rule does not count as open to it; `8.8.8.0/24` is far less.
const RANGES: [&str; 9] = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "64.0.0.0/2",
    "8.8.8.0/24",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.1.11/32",
    "10.0.2.0/25",
];
const STRANGERS: [Ipv4Addr; 3] = [
    Ipv4Addr::new(9, 1, 1, 1),
    Ipv4Addr::new(70, 1, 1, 1),
    Ipv4Addr::new(130, 1, 1, 1),
];
const PORTS: [&str; 7] = [
    "*",
    "22",
    "80-443",
    "443",
    "444-1000",
    "1024-65535",
    "32768-65535",
];
/// Every port at which a rule may begin or end, and some between.
const ASKED: [u16; 14] = [
    0, 21, 22, 23, 79, 80, 442, 443, 444, 1000, 1001, 1024, 32768, 65535,
];
const EPHEMERAL: [u16; 4] = [1024, 2000, 32768, 65535];
const PROTOCOLS: [&str; 2] = ["tcp", "udp"];

#[derive(Debug, Clone)]
struct Filter {
    ingress: bool,
    protocol: usize,
    ports: usize,
    range: usize,
    /// Of a network ACL.
    allow: bool,
    /// Of a security group: a group in place of the range.
    group: Option<usize>,
}

#[derive(Debug, Clone)]
struct Machine {
    subnet: usize,
    groups: Vec<usize>,
    public: bool,
    running: bool,
    last: u8,
}

#[derive(Debug, Clone)]
struct Network {
    attached: bool,
    /// Of each subnet: its own table, if it names one.
    tables: Vec<Option<usize>>,
    /// Destinations with what they lead to: 0 the gateway, 1 a NAT gateway, 2 a black hole.
    routes: Vec<Vec<(usize, usize)>>,
    acls: Vec<Vec<Filter>>,
    acl_of: Vec<Option<usize>>,
    groups: Vec<Vec<Filter>>,
    machines: Vec<Machine>,
}

fn filter() -> impl Strategy<Value = Filter> {
    // Mostly open, so that several controls matter at once.
    let range = prop_oneof![3 => Just(0), 5 => 0..RANGES.len()];
    let ports = prop_oneof![2 => Just(0), 5 => 0..PORTS.len()];
    let group = prop_oneof![3 => Just(None), 1 => (0..3usize).prop_map(Some)];
    (
        any::<bool>(),
        0..3usize,
        ports,
        range,
        prop::bool::weighted(0.7),
        group,
    )
        .prop_map(|(ingress, protocol, ports, range, allow, group)| Filter {
            ingress,
            protocol,
            ports,
            range,
            allow,
            group,
        })
}

fn network() -> impl Strategy<Value = Network> {
    let routes = vec(
        (
            prop_oneof![2 => Just(0), 3 => 0..5usize],
            prop_oneof![2 => Just(0), 1 => 1..3usize],
        ),
        0..4,
    );
    let machine = (
        0..3usize,
        vec(0..3usize, 1..3),
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(subnet, groups, public, running)| Machine {
            subnet,
            groups,
            public,
            running,
            last: 0,
        });
    (
        prop::bool::weighted(0.9),
        vec(prop::option::of(0..2usize), 3),
        vec(routes, 2),
        vec((vec(filter(), 0..6), prop::bool::weighted(0.7)), 2),
        vec(prop::option::of(0..2usize), 3),
        vec((vec(filter(), 0..5), prop::bool::weighted(0.7)), 3),
        vec(machine, 1..5),
    )
        .prop_map(
            |(attached, tables, mut routes, acls, acl_of, groups, mut machines)| {
                let open = |ingress| Filter {
                    ingress,
                    protocol: 0,
                    ports: 0,
                    range: 0,
                    allow: true,
                    group: None,
                };
                // Mostly what is not denied is let through, as networks are.
                let acls = acls
                    .into_iter()
                    .map(|(mut acl, rest): (Vec<Filter>, bool)| {
                        acl.extend([open(true), open(false)].into_iter().filter(|_| rest));
                        acl
                    });
                let groups = groups
                    .into_iter()
                    .map(|(mut group, out): (Vec<Filter>, bool)| {
                        group.extend(Some(open(false)).filter(|_| out));
                        group
                    });
                let (acls, groups) = (acls.collect(), groups.collect());
                for table in &mut routes {
                    table.sort_unstable();
                    table.dedup_by_key(|it| it.0);
                }
                for (at, machine) in (10u8..).zip(&mut machines) {
                    machine.last = at;
                    machine.groups.sort_unstable();
                    machine.groups.dedup();
                }
                Network {
                    attached,
                    tables,
                    routes,
                    acls,
                    acl_of,
                    groups,
                    machines,
                }
            },
        )
}

/// The literal evaluation.
impl Network {
    fn address(machine: &Machine) -> Ipv4Addr {
        Ipv4Addr::new(
            10,
            0,
            u8::try_from(machine.subnet).unwrap() + 1,
            machine.last,
        )
    }

    fn covers(filter: &Filter, protocol: &str, port: u16) -> bool {
        let own = ["*", "tcp", "udp"][filter.protocol];
        (own == "*" || own == protocol)
            && PortSet::parse(PORTS[filter.ports]).unwrap().contains(port)
    }

    fn within(range: usize, address: Ipv4Addr) -> bool {
        RANGES[range].parse::<Ipv4Net>().unwrap().contains(&address)
    }

    fn acl(&self, subnet: usize, ingress: bool, protocol: &str, port: u16, peer: Ipv4Addr) -> bool {
        // Table 0 is the default one.
        let acl = &self.acls[self.acl_of[subnet].unwrap_or(0)];
        let mut rules = acl.iter().filter(|it| it.ingress == ingress);
        rules
            .find(|it| Self::covers(it, protocol, port) && Self::within(it.range, peer))
            .is_some_and(|it| it.allow)
    }

    fn answers(&self, subnet: usize, ingress: bool, protocol: &str, peer: Ipv4Addr) -> bool {
        EPHEMERAL
            .iter()
            .any(|&port| self.acl(subnet, ingress, protocol, port, peer))
    }

    fn group(
        &self,
        machine: &Machine,
        ingress: bool,
        protocol: &str,
        port: u16,
        peer: Ipv4Addr,
        peer_groups: &[usize],
    ) -> bool {
        let rules = machine.groups.iter().flat_map(|&it| &self.groups[it]);
        rules
            .filter(|it| it.ingress == ingress && Self::covers(it, protocol, port))
            .any(|it| match it.group {
                Some(group) => peer_groups.contains(&group),
                None => Self::within(it.range, peer),
            })
    }

    fn routed(&self, subnet: usize, peer: Ipv4Addr) -> bool {
        let table = &self.routes[self.tables[subnet].unwrap_or(0)];
        let prefix = |range: usize| RANGES[range].parse::<Ipv4Net>().unwrap().prefix_len();
        let best = table
            .iter()
            .filter(|(range, _)| Self::within(*range, peer))
            .max_by_key(|(range, _)| prefix(*range));
        self.attached && best.is_some_and(|(_, target)| *target == 0)
    }

    fn exposed(&self, machine: &Machine, protocol: &str, port: u16) -> bool {
        machine.running
            && machine.public
            && STRANGERS.iter().any(|&stranger| {
                self.group(machine, true, protocol, port, stranger, &[])
                    && self.routed(machine.subnet, stranger)
                    && self.acl(machine.subnet, true, protocol, port, stranger)
                    && self.answers(machine.subnet, false, protocol, stranger)
            })
    }

    fn sends(&self, from: &Machine, to: &Machine, protocol: &str, port: u16) -> bool {
        let (source, target) = (Self::address(from), Self::address(to));
        from.running
            && to.running
            && self.group(from, false, protocol, port, target, &to.groups)
            && self.group(to, true, protocol, port, source, &from.groups)
            && (from.subnet == to.subnet
                || (self.acl(from.subnet, false, protocol, port, target)
                    && self.acl(to.subnet, true, protocol, port, source)
                    && self.answers(to.subnet, false, protocol, source)
                    && self.answers(from.subnet, true, protocol, target)))
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut add = |id: &str, kind: &str, properties: &str| {
            lines.push(format!(
                "{{\"resource\": {{\"id\": \"{id}\", \"kind\": \"{kind}\", \"properties\": {{{properties}}}}}}}"
            ));
        };
        add("vpc", "network.vpc", "\"cidrs\": [\"10.0.0.0/16\"]");
        add(
            "igw",
            "network.internet_gateway",
            if self.attached {
                "\"vpcs\": [\"vpc\"]"
            } else {
                ""
            },
        );
        for (at, routes) in self.routes.iter().enumerate() {
            let subnets = named("sub-", (0..3).filter(|&it| self.tables[it] == Some(at)));
            let routes: Vec<String> = routes
                .iter()
                .map(|&(range, target)| {
                    let (target, active) = [("igw", true), ("nat", true), ("igw", false)][target];
                    format!("{{\"destination\": \"{}\", \"target\": \"{target}\", \"active\": {active}}}", RANGES[range])
                })
                .collect();
            let text = format!(
                "\"vpc\": \"vpc\", \"main\": {}, \"subnets\": [{subnets}], \"routes\": [{}]",
                at == 0,
                routes.join(",")
            );
            add(&format!("rtb-{at}"), "network.route_table", &text);
        }
        for subnet in 0..3 {
            add(
                &format!("sub-{subnet}"),
                "network.subnet",
                &format!(
                    "\"vpc\": \"vpc\", \"cidrs\": [\"10.0.{}.0/24\"]",
                    subnet + 1
                ),
            );
        }
        for (at, entries) in self.acls.iter().enumerate() {
            let subnets = named("sub-", (0..3).filter(|&it| self.acl_of[it] == Some(at)));
            let entries: Vec<String> = entries
                .iter()
                .enumerate()
                .map(|(number, it)| {
                    let action = if it.allow { "allow" } else { "deny" };
                    format!(
                        "{{\"number\": {}, \"action\": \"{action}\", \"cidr\": \"{}\", {}}}",
                        number + 1,
                        RANGES[it.range],
                        it.common()
                    )
                })
                .rev()
                .collect();
            let text = format!(
                "\"vpc\": \"vpc\", \"default\": {}, \"subnets\": [{subnets}], \"entries\": [{}]",
                at == 0,
                entries.join(",")
            );
            add(&format!("acl-{at}"), "network.acl", &text);
        }
        for (at, rules) in self.groups.iter().enumerate() {
            let rules: Vec<String> = rules
                .iter()
                .map(|it| {
                    let peer = it.group.map_or_else(
                        || RANGES[it.range].to_owned(),
                        |group| format!("sg-{group}"),
                    );
                    format!("{{\"peers\": [\"{peer}\"], {}}}", it.common())
                })
                .collect();
            add(
                &format!("sg-{at}"),
                "network.security_group",
                &format!("\"vpc\": \"vpc\", \"rules\": [{}]", rules.join(",")),
            );
        }
        for machine in &self.machines {
            let mut text = format!(
                "\"vpc\": \"vpc\", \"subnet\": \"sub-{}\", \"security_groups\": [{}], \"private_addresses\": [\"{}\"], \"state\": \"{}\"",
                machine.subnet,
                named("sg-", machine.groups.iter().copied()),
                Self::address(machine),
                if machine.running {
                    "running"
                } else {
                    "stopped"
                }
            );
            if machine.public {
                let _ = write!(
                    text,
                    ", \"public_addresses\": [\"52.0.0.{}\"]",
                    machine.last
                );
            }
            add(&format!("vm-{}", machine.last), "compute.instance", &text);
        }
        lines
    }
}

impl Filter {
    fn common(&self) -> String {
        let direction = if self.ingress { "ingress" } else { "egress" };
        let protocol = ["*", "6", "udp"][self.protocol];
        format!(
            "\"direction\": \"{direction}\", \"protocol\": \"{protocol}\", \"ports\": \"{}\"",
            PORTS[self.ports]
        )
    }
}

fn named(prefix: &str, numbers: impl Iterator<Item = usize>) -> String {
    numbers
        .map(|it| format!("\"{prefix}{it}\""))
        .collect::<Vec<_>>()
        .join(",")
}

/// The states of reaching a port of a machine.
fn reach_of(derived: &Derived, machine: &Machine, protocol: &str, port: u16) -> Vec<StateId> {
    let id = format!("vm-{}", machine.last);
    let states = derived.graph().states();
    states
        .filter(|&it| {
            let state = derived.state_ref(it);
            state.resource.as_str() == id
                && state.access == Access::Reach
                && state.protocol.as_deref() == Some(protocol)
                && state
                    .ports
                    .as_deref()
                    .and_then(PortSet::parse)
                    .is_some_and(|it| it.contains(port))
        })
        .collect()
}

/// Whether a step of this technique leads from one to the other.
fn comes(derived: &Derived, to: StateId, technique: &str) -> Vec<StateId> {
    let graph = derived.graph();
    let steps = graph
        .steps_into(to)
        .filter(|it| derived.step_report(it.id()).unwrap().technique == technique);
    steps
        .flat_map(|it| it.inputs().collect::<Vec<_>>())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn derived_ways_are_those_that_packets_take(network in network()) {
        let derived = derived(&estate(&network.lines()));
        for machine in &network.machines {
            for protocol in PROTOCOLS {
                for port in ASKED {
                    let states = reach_of(&derived, machine, protocol, port);
                    prop_assert!(states.len() <= 1, "states of one resource overlap");
                    let exposed = states.iter().any(|&it| !comes(&derived, it, "network.internet-exposed").is_empty());
                    prop_assert_eq!(
                        exposed, network.exposed(machine, protocol, port),
                        "internet to vm-{} on {}/{}", machine.last, protocol, port
                    );
                    for from in network.machines.iter().filter(|it| it.last != machine.last) {
                        let own = format!("vm-{}", from.last);
                        let sends = states.iter().any(|&it| {
                            comes(&derived, it, "network.segment-member").into_iter()
                                .flat_map(|it| comes(&derived, it, "network.lateral"))
                                .flat_map(|it| comes(&derived, it, "network.position"))
                                .any(|it| derived.state_ref(it).resource.as_str() == own)
                        });
                        prop_assert_eq!(
                            sends, network.sends(from, machine, protocol, port),
                            "vm-{} to vm-{} on {}/{}", from.last, machine.last, protocol, port
                        );
                    }
                }
            }
            // What is not reached is explained, and what is reached is not.
            let node = (0..derived.node_count()).map(|at| derived.node_at(at))
                .find(|&it| derived.node(it).unwrap().id.as_str() == format!("vm-{}", machine.last)).unwrap();
            let open = PROTOCOLS.iter().any(|protocol| (0..=u16::MAX).step_by(1).any(|port| {
                // Rules begin and end at asked ports only.
                ASKED.contains(&port) && network.exposed(machine, protocol, port)
            }));
            let block = derived.network_block(node);
            prop_assert_eq!(block.is_none(), open, "block of vm-{}: {:?}", machine.last, block);
        }
    }
}
