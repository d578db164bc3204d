//! Steps that follow from what the words mean: control gives the rest, an account contains what is in it,
//! what is exposed may be exploited.

use std::collections::HashMap;

use cspm_model::ports::PortSet;
use cspm_model::resource::Class;
use cspm_model::{Access, Estate, Finding, Location, Properties};

use super::draft::{Draft, DraftState, NodeId, StateKey, StepFacts};
use super::network::administration_ports;
use super::technique::Techniques;

/// Makes sure that everything that may be a crown jewel has its states.
pub(super) fn jewel_states(estate: &Estate, draft: &mut Draft) {
    for (at, resource) in estate.resources().iter().enumerate() {
        let node = NodeId::of(at);
        match resource.kind.class() {
            Class::Store | Class::Secret => {
                draft.state(node, Access::Read);
                draft.state(node, Access::Write);
            }
            Class::Container => {
                draft.state(node, Access::Control);
            }
            _ => {}
        }
    }
}

/// Makes the steps. Comes last: it speaks of states that others have named.
pub(super) fn derive(estate: &Estate, techniques: &Techniques, draft: &mut Draft) {
    contains(estate, techniques, draft);
    exploits(estate, techniques, draft);
    control_gives(techniques, draft);
}

/// `control` of an account gives `control` of everything in it that has states.
fn contains(estate: &Estate, techniques: &Techniques, draft: &mut Draft) {
    let technique = techniques.named("builtin.account-contains");
    let mut account_of: HashMap<&str, NodeId> = HashMap::new();
    for (at, resource) in estate.resources().iter().enumerate() {
        if matches!(resource.properties, Properties::Account(_)) {
            let number = resource
                .account
                .as_deref()
                .or_else(|| resource.id.as_aws_account());
            if let Some(number) = number {
                account_of.insert(number, NodeId::of(at));
            }
        }
    }
    for (at, resource) in estate.resources().iter().enumerate() {
        let Some(&account) = resource
            .account
            .as_deref()
            .and_then(|it| account_of.get(it))
        else {
            continue;
        };
        let has_states = matches!(
            resource.kind.class(),
            Class::Compute | Class::Identity | Class::Store | Class::Secret | Class::Key
        );
        if account == NodeId::of(at) || !has_states {
            continue;
        }
        let from = draft.state(account, Access::Control);
        let to = draft.state(NodeId::of(at), Access::Control);
        let evidence = vec![
            Location::builtin("account-contains"),
            resource.evidence_of(""),
        ];
        draft.step(from, to, StepFacts::certain(technique, evidence));
    }
}

/// What is known against a resource: the most likely weakness that findings name, and all that name it.
struct Weakness<'e> {
    likelihood: f64,
    id: &'e str,
    evidence: Vec<Location>,
}

fn weaknesses(estate: &Estate) -> HashMap<NodeId, Weakness<'_>> {
    let mut worst: HashMap<NodeId, Weakness<'_>> = HashMap::new();
    for (node, likelihood, id, _) in named_weaknesses(estate) {
        let held = worst.entry(node).or_insert_with(|| Weakness {
            likelihood,
            id,
            evidence: Vec::new(),
        });
        // Of two that are as likely, the first by its name: not by where it was read.
        let order = likelihood.total_cmp(&held.likelihood);
        if order.then_with(|| held.id.cmp(id)).is_gt() {
            (held.likelihood, held.id) = (likelihood, id);
        }
    }
    // The fix of each finding that names it closes it.
    for (node, _, id, finding) in named_weaknesses(estate) {
        if let Some(held) = worst.get_mut(&node).filter(|it| it.id == id) {
            let place = finding.evidence.clone();
            held.evidence
                .push(place.unwrap_or_else(|| Location::builtin("finding")));
        }
    }
    for weakness in worst.values_mut() {
        weakness.evidence.sort();
        weakness.evidence.dedup();
    }
    worst
}

/// Weaknesses that the network can reach: of which resource, how likely used, by which name, in which finding.
fn named_weaknesses(estate: &Estate) -> impl Iterator<Item = (NodeId, f64, &str, &Finding)> {
    estate.findings().iter().flat_map(move |finding| {
        let open = finding
            .vulnerabilities
            .iter()
            .filter(|it| it.network != Some(false));
        open.flat_map(move |vulnerability| {
            // Known exploitation counts as 0.9, as somebody does it already; otherwise the EPSS probability,
            // and never less than twice the default assumption for a weakness that nobody knows.
            let known = if vulnerability.known_exploited == Some(true) {
                0.9
            } else {
                0.0
            };
            let epss = vulnerability
                .epss
                .filter(|it| (0.0..=1.0).contains(it))
                .unwrap_or(0.0);
            let likelihood = f64::max(0.1, f64::max(known, epss));
            let named = finding.resource_names();
            named.into_iter().filter_map(move |name| {
                let at = estate.resolve(name, finding.account.as_deref())?;
                Some((
                    NodeId::of(at),
                    likelihood,
                    vulnerability.id.as_str(),
                    finding,
                ))
            })
        })
    })
}

/// `reach` of compute may give its `control`.
fn exploits(estate: &Estate, techniques: &Techniques, draft: &mut Draft) {
    let service = techniques.named("compute.exploit-service");
    let administration = techniques.named("compute.remote-administration");
    let known = techniques.named("compute.exploit-known-weakness");
    let weaknesses = weaknesses(estate);
    let reach: Vec<(DraftState, StateKey)> = states(draft)
        .filter(|(_, key)| key.access == Access::Reach && draft.class(key.node) == Class::Compute)
        .collect();
    for (from, key) in reach {
        let to = draft.state(key.node, Access::Control);
        let by_administration = draft
            .ports
            .get(key.ports as usize)
            .filter(|(protocol, _)| protocol == "tcp")
            .and_then(|(_, ports)| PortSet::parse(ports))
            .is_some_and(|ports| {
                administration_ports()
                    .iter()
                    .any(|&port| ports.contains(port))
            });
        let builtin = |name: &str| vec![Location::builtin(name)];
        let facts = if by_administration {
            StepFacts::certain(administration, builtin("administration-port"))
        } else {
            StepFacts::certain(service, builtin("exposed-may-be-exploited"))
        };
        draft.step(from, to, facts);
        if let Some(weakness) = weaknesses.get(&key.node) {
            let mut facts = StepFacts::certain(known, weakness.evidence.clone());
            facts.likelihood = Some(weakness.likelihood);
            draft.step(from, to, facts);
        }
    }
}

/// `control` of a resource gives the rest of its states.
fn control_gives(techniques: &Techniques, draft: &mut Draft) {
    let technique = techniques.named("builtin.control-gives-access");
    let rest: Vec<(DraftState, StateKey)> = states(draft)
        .filter(|(_, key)| {
            key.access != Access::Control
                && matches!(
                    draft.class(key.node),
                    Class::Compute | Class::Store | Class::Secret | Class::Key
                )
        })
        .collect();
    for (to, key) in rest {
        let Some(from) = draft.existing(key.node, Access::Control) else {
            continue;
        };
        let evidence = vec![Location::builtin("control-gives-access")];
        draft.step(from, to, StepFacts::certain(technique, evidence));
    }
}

fn states(draft: &Draft) -> impl Iterator<Item = (DraftState, StateKey)> + '_ {
    draft
        .states
        .iter()
        .enumerate()
        .map(|(at, &key)| (DraftState(u32::try_from(at).unwrap_or(u32::MAX)), key))
}
