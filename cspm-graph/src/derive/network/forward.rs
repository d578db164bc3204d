//! Load balancers: what reaches a listener reaches its targets.

use std::collections::HashSet;
use std::net::IpAddr;

use cspm_model::diagnostic::Effect;
use cspm_model::ports::PortSet;
use cspm_model::{Access, Certainty, Diagnostic};

use super::super::address::AddressSet;
use super::super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::super::technique::Techniques;
use super::filter::{Admits, admits, rule_covers, rules};
use super::topology::{Forward, Interface, Place, Topology};

/// Makes the steps from listeners to targets.
///
/// A target is reached where its security groups admit the load balancer on the port it is sent to, and the
/// load balancer's own let it out. A listener that authenticates callers forwards nothing of an attacker's.
/// Network ACLs between the subnets of load balancer and target are not asked: AWS's own guides have them
/// open, and a load balancer whose health checks do not pass forwards nothing.
pub(super) fn derive(
    topology: &Topology<'_>,
    techniques: &Techniques,
    draft: &mut Draft,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let technique = techniques.named("network.load-balancer-forward");
    let mut done: HashSet<(usize, DraftState)> = HashSet::new();
    let mut reported: HashSet<usize> = HashSet::new();
    // A target may be a load balancer, which is reached by what is made here: until nothing is new.
    loop {
        let before = done.len();
        for (number, forward) in topology.forwards.iter().enumerate() {
            if forward.authenticated {
                continue;
            }
            let from: Vec<DraftState> = listening(draft, forward)
                .into_iter()
                .filter(|&state| done.insert((number, state)))
                .collect();
            if from.is_empty() {
                continue;
            }
            if forward.place == Place::Unknown && reported.insert(number) {
                diagnostics.push(Diagnostic::new(
                    "not-collected",
                    Effect::UnderReport,
                    format!(
                        "target `{}` of a load balancer is not in the inventory",
                        forward.target
                    ),
                    forward.evidence.clone(),
                ));
            }
            for (to, certainty, via) in targets(topology, forward, draft) {
                for &from in &from {
                    let facts = StepFacts::certain(technique, vec![forward.evidence.clone()])
                        .certainty(certainty)
                        .via(via.clone());
                    draft.step(from, to, facts);
                }
            }
        }
        if done.len() == before {
            return;
        }
    }
}

/// The states of reaching the listener.
fn listening(draft: &Draft, forward: &Forward) -> Vec<DraftState> {
    let holds = |ports: u32| {
        let (protocol, ports) = draft.ports.get(ports as usize)?;
        let ports = PortSet::parse(ports)?;
        Some(protocol == forward.protocol && ports.contains(forward.listener))
    };
    draft
        .reach_of(forward.load_balancer)
        .filter(|(_, key)| holds(key.ports) == Some(true))
        .map(|(state, _)| state)
        .collect()
}

/// The states that a forward gives.
fn targets(
    topology: &Topology<'_>,
    forward: &Forward,
    draft: &mut Draft,
) -> Vec<(DraftState, Certainty, Vec<NodeId>)> {
    let found = match &forward.place {
        Place::Unknown => return Vec::new(),
        Place::Portless(node) => {
            return vec![(
                draft.state(*node, Access::Reach),
                Certainty::Certain,
                Vec::new(),
            )];
        }
        Place::Interfaces(found) => found,
    };
    let senders: Vec<&Interface> = forward
        .senders
        .iter()
        .filter_map(|&at| topology.interfaces.get(at))
        .collect();
    let mut to = Vec::new();
    for interface in found
        .iter()
        .filter_map(|&at| topology.interfaces.get(at))
        .filter(|it| it.running)
    {
        let (open, via) = admitted(
            topology,
            interface,
            &senders,
            forward.protocol,
            forward.port,
        );
        if let Some(certainty) = open {
            // Cells are cut where load balancers forward to, so that the port has a state of its own.
            let state = draft.reach(interface.owner, forward.protocol, &forward.port.to_string());
            to.push((state, certainty, via));
        }
    }
    to
}

/// Whether the groups of a target admit the load balancer, and by which.
fn admitted(
    topology: &Topology<'_>,
    interface: &Interface,
    senders: &[&Interface],
    protocol: &str,
    port: u16,
) -> (Option<Certainty>, Vec<NodeId>) {
    let address = |interface: &Interface| -> Option<IpAddr> {
        let subnet = interface.subnet.and_then(|it| topology.subnets.get(&it));
        let own = interface.private.first().copied();
        own.or_else(|| subnet.and_then(|it| it.first))
    };
    let target = address(interface);
    let mut via = Vec::new();
    let mut best: Option<Certainty> = None;
    for sender in senders {
        let out = if sender.unfiltered {
            Admits::Yes
        } else {
            let by_rules = rules(topology, sender, false, protocol)
                .into_iter()
                .filter(|(_, rule)| rule_covers(rule, (port, port)))
                .map(|(_, rule)| admits(rule, target, &interface.groups))
                .max()
                .unwrap_or(Admits::No);
            if sender.unknown_group {
                by_rules.max(Admits::Perhaps)
            } else {
                by_rules
            }
        };
        let mut inward = Admits::No;
        for (group, rule) in rules(topology, interface, true, protocol) {
            if !rule_covers(rule, (port, port)) {
                continue;
            }
            // A network load balancer without groups keeps the caller's address.
            let by_caller =
                sender.unfiltered && rule.addresses.covers_internet(&AddressSet::public_v4());
            let admitted = if by_caller {
                Admits::Yes
            } else {
                admits(rule, address(sender), &sender.groups)
            };
            if admitted != Admits::No && out != Admits::No {
                via.push(NodeId::of(group));
            }
            inward = inward.max(admitted);
        }
        if interface.unfiltered {
            inward = Admits::Yes;
        } else if interface.unknown_group {
            inward = inward.max(Admits::Perhaps);
        }
        let certainty = match inward.min(out) {
            Admits::No => continue,
            Admits::Perhaps => Certainty::Unknown,
            Admits::Yes => Certainty::Certain,
        };
        best = Some(best.map_or(certainty, |it| it.min(certainty)));
    }
    (best, via)
}
