//! Load balancers: what reaches a listener reaches its targets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::str::FromStr;

use cspm_model::diagnostic::Effect;
use cspm_model::resource::Class as ResourceClass;
use cspm_model::{Access, Certainty, Diagnostic};

use super::super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::super::technique::Techniques;
use super::filter::{admits, rule_covers, rules};
use super::topology::{Forward, Interface, Topology};

/// Makes the steps from listeners to targets.
///
/// A target is reached where its security groups admit the load balancer on the port it is sent to. A
/// listener that authenticates callers forwards nothing of an attacker's. Network ACLs between the subnets
/// of load balancer and target are not asked: AWS's own guides have them open, and a load balancer whose
/// health checks do not pass forwards nothing.
pub(super) fn derive(
    topology: &Topology<'_>,
    techniques: &Techniques,
    draft: &mut Draft,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let forward_technique = techniques.named("network.load-balancer-forward");
    let mut by_owner: HashMap<NodeId, Vec<&Interface>> = HashMap::new();
    let mut by_address: HashMap<IpAddr, Vec<&Interface>> = HashMap::new();
    for interface in &topology.interfaces {
        by_owner.entry(interface.owner).or_default().push(interface);
        for address in &interface.private {
            by_address.entry(*address).or_default().push(interface);
        }
    }
    let states = reach_states(draft);
    for forward in &topology.forwards {
        if forward.authenticated {
            continue;
        }
        let senders = by_owner
            .get(&forward.load_balancer)
            .map_or(&[][..], Vec::as_slice);
        let from: Vec<DraftState> = states
            .get(&forward.load_balancer)
            .map(|states| {
                states
                    .iter()
                    .filter(|(_, ports)| ports.contains(forward.listener))
                    .map(|(it, _)| *it)
                    .collect()
            })
            .unwrap_or_default();
        if from.is_empty() {
            continue;
        }
        let Some(to) = targets(
            topology,
            forward,
            senders,
            &by_owner,
            &by_address,
            &states,
            draft,
        ) else {
            diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::UnderReport,
                format!(
                    "target `{}` of a load balancer is not in the inventory",
                    forward.target
                ),
                forward.evidence.clone(),
            ));
            continue;
        };
        for (to, certainty, via) in to {
            for &from in &from {
                let facts = StepFacts::certain(forward_technique, vec![forward.evidence.clone()])
                    .certainty(certainty)
                    .via(via.clone());
                draft.step(from, to, facts);
            }
        }
    }
}

type ReachStates = HashMap<NodeId, Vec<(DraftState, cspm_model::ports::PortSet)>>;

fn reach_states(draft: &Draft) -> ReachStates {
    let mut states: ReachStates = HashMap::new();
    for (at, key) in draft.states.iter().enumerate() {
        if key.access != Access::Reach || key.ports == 0 {
            continue;
        }
        let Some((_, ports)) = draft.ports.get(key.ports as usize) else {
            continue;
        };
        let Some(ports) = cspm_model::ports::PortSet::parse(ports) else {
            continue;
        };
        let state = DraftState(u32::try_from(at).unwrap_or(u32::MAX));
        states.entry(key.node).or_default().push((state, ports));
    }
    states
}

/// The states that a forward gives; `None` if the target is not known.
fn targets(
    topology: &Topology<'_>,
    forward: &Forward,
    senders: &[&Interface],
    by_owner: &HashMap<NodeId, Vec<&Interface>>,
    by_address: &HashMap<IpAddr, Vec<&Interface>>,
    states: &ReachStates,
    draft: &mut Draft,
) -> Option<Vec<(DraftState, Certainty, Vec<NodeId>)>> {
    let vpc = senders.first().and_then(|it| it.vpc);
    let found: Vec<&Interface> = if let Ok(address) = IpAddr::from_str(&forward.target) {
        let here = by_address.get(&address)?.iter().copied();
        here.filter(|it| vpc.is_none() || it.vpc.is_none() || it.vpc == vpc)
            .collect()
    } else {
        let account = topology
            .estate
            .resources()
            .get(forward.load_balancer.index())
            .and_then(|it| it.account.as_deref());
        let at = topology.estate.resolve(&forward.target, account)?;
        let node = NodeId::of(at);
        if draft.class(node) == ResourceClass::Compute && !by_owner.contains_key(&node) {
            // A function has no port.
            return Some(vec![(
                draft.state(node, Access::Reach),
                Certainty::Certain,
                Vec::new(),
            )]);
        }
        by_owner.get(&node).cloned().unwrap_or_default()
    };
    let protocol = if forward.udp { "udp" } else { "tcp" };
    let port = forward.target_port.unwrap_or(forward.listener);
    let mut to = Vec::new();
    for interface in found.into_iter().filter(|it| it.running) {
        let (open, via) = admitted(topology, interface, senders, protocol, port);
        let Some(certainty) = open else { continue };
        // The state that holds the port, where neighbours or the internet have one already.
        let known = states.get(&interface.owner).and_then(|states| {
            states.iter().find(|(state, ports)| {
                ports.contains(port)
                    && draft
                        .states
                        .get(state.0 as usize)
                        .and_then(|key| draft.ports.get(key.ports as usize))
                        .is_some_and(|(it, _)| it == protocol)
            })
        });
        let state = match known {
            Some((state, _)) => *state,
            None => draft.reach(interface.owner, protocol, &port.to_string()),
        };
        to.push((state, certainty, via));
    }
    Some(to)
}

/// Whether the groups of a target admit the load balancer, and by which.
fn admitted(
    topology: &Topology<'_>,
    interface: &Interface,
    senders: &[&Interface],
    protocol: &str,
    port: u16,
) -> (Option<Certainty>, Vec<NodeId>) {
    let mut via = Vec::new();
    for (group, rule) in rules(topology, interface, true, protocol) {
        if !rule_covers(rule, (port, port)) {
            continue;
        }
        let open = senders.iter().any(|sender| {
            let subnet = sender.subnet.and_then(|it| topology.subnets.get(&it));
            let address = sender
                .private
                .first()
                .copied()
                .or_else(|| subnet.and_then(|it| it.first));
            // A network load balancer without groups keeps the caller's address.
            admits(rule, address, &sender.groups)
                || (sender.unfiltered
                    && rule
                        .addresses
                        .covers_internet(&super::super::address::AddressSet::public_v4()))
        });
        if open {
            via.push(NodeId::of(group));
        }
    }
    if !via.is_empty() || interface.unfiltered {
        (Some(Certainty::Certain), via)
    } else if interface.unknown_group {
        (Some(Certainty::Unknown), via)
    } else {
        (None, via)
    }
}
