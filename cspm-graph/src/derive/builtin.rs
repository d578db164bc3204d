//! Steps that follow from what the words mean: control gives the rest, an account contains what is in it,
//! what is exposed may be exploited.

use std::collections::HashMap;

use cspm_model::ports::PortSet;
use cspm_model::resource::Class;
use cspm_model::{Access, Estate, Location, Properties};

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

/// What is known against a resource: the most likely weakness that findings name.
struct Weakness {
    likelihood: f64,
    evidence: Location,
}

fn weaknesses(estate: &Estate) -> HashMap<NodeId, Weakness> {
    let mut worst: HashMap<NodeId, Weakness> = HashMap::new();
    for finding in estate.findings() {
        for vulnerability in &finding.vulnerabilities {
            if vulnerability.network == Some(false) {
                continue;
            }
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
            for name in finding.resource_names() {
                let Some(at) = estate.resolve(name, finding.account.as_deref()) else {
                    continue;
                };
                let evidence = finding
                    .evidence
                    .clone()
                    .unwrap_or_else(|| Location::builtin("finding"));
                let entry = worst.entry(NodeId::of(at)).or_insert_with(|| Weakness {
                    likelihood,
                    evidence: evidence.clone(),
                });
                let more = likelihood.total_cmp(&entry.likelihood);
                if more.is_gt() || (more.is_eq() && evidence < entry.evidence) {
                    *entry = Weakness {
                        likelihood,
                        evidence,
                    };
                }
            }
        }
    }
    worst
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
            let mut facts = StepFacts::certain(known, vec![weakness.evidence.clone()]);
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
