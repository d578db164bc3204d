//! Databases: a way over the network and the password, both at once.

use cspm_model::{Access, Estate, Location, Properties};

use super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::technique::Techniques;

/// The ways to a database over the network. None of those modelled is asked over UDP.
pub(super) fn ways(draft: &Draft, node: NodeId) -> Vec<DraftState> {
    let protocol = |ports: u32| draft.ports.get(ports as usize).map(|(it, _)| it.as_str());
    draft
        .reach_of(node)
        .filter(|(_, key)| protocol(key.ports) != Some("udp"))
        .map(|(state, _)| state)
        .collect()
}

/// Gates from the administrator's secret of a database and a network way to its data.
pub(super) fn derive(estate: &Estate, techniques: &Techniques, draft: &mut Draft) {
    let technique = techniques.named("data.password-log-in");
    for (at, resource) in estate.resources().iter().enumerate() {
        let Properties::Database(facts) = &resource.properties else {
            continue;
        };
        let account = resource.account.as_deref();
        let secret = facts
            .master_secret
            .as_deref()
            .and_then(|it| estate.resolve(it, account));
        let Some(secret) = secret else { continue };
        let place: Location = facts
            .master_secret_evidence
            .clone()
            .unwrap_or_else(|| resource.evidence_of("/master_secret"));
        let node = NodeId::of(at);
        let password = draft.state(NodeId::of(secret), Access::Read);
        for way in ways(draft, node) {
            for access in [Access::Read, Access::Write] {
                let to = draft.state(node, access);
                let facts = StepFacts::certain(technique, vec![place.clone()])
                    .via(vec![node, NodeId::of(secret)]);
                draft.gate(password, vec![way], to, facts);
            }
        }
    }
}
