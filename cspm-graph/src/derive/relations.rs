//! Relations become steps, by the table of the native format.

use std::collections::HashMap;

use cspm_model::report::Condition;
use cspm_model::resource::Class;
use cspm_model::{Access, Certainty, Estate, Relation, ResourceId, StateRef};

use super::credentials::reach_states;
use super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::technique::{Technique, TechniqueId, Techniques};

/// Makes the steps. Ways over the network come first, since others are gates with them.
pub(super) fn derive(estate: &Estate, techniques: &mut Techniques, draft: &mut Draft) {
    let (ways, others): (Vec<&Relation>, Vec<&Relation>) = estate
        .relations()
        .iter()
        .partition(|it| it.kind == "reaches");
    for relation in ways.into_iter().chain(others) {
        add(estate, techniques, draft, relation);
    }
}

fn node(estate: &Estate, draft: &Draft, id: &ResourceId) -> Option<NodeId> {
    if id.as_str() == ResourceId::INTERNET {
        return Some(draft.internet);
    }
    estate.resolve(id.as_str(), None).map(NodeId::of)
}

fn add(estate: &Estate, techniques: &mut Techniques, draft: &mut Draft, relation: &Relation) {
    let (Some(from), Some(to)) = (
        node(estate, draft, &relation.from),
        node(estate, draft, &relation.to),
    ) else {
        return;
    };
    let held = |draft: &mut Draft, access: Access| {
        if from == draft.internet {
            draft.internet()
        } else {
            draft.state(from, access)
        }
    };
    let requires: Vec<DraftState> = relation
        .requires
        .iter()
        .filter_map(|state| required(estate, draft, state))
        .collect();
    let store = |class: Class| matches!(class, Class::Store | Class::Secret);
    let (from_class, to_class) = (draft.class(from), draft.class(to));
    // (from, further inputs, to)
    let mut steps: Vec<(DraftState, Vec<DraftState>, DraftState)> = Vec::new();
    match relation.kind.as_str() {
        "reaches" => {
            let ports = relation.ports.as_deref().unwrap_or("*");
            let protocol = relation.protocol.as_deref().unwrap_or("tcp");
            let input = held(draft, Access::Control);
            // One state for each administration port set would be lost in a wide range: the range is one.
            let output = draft.reach(to, protocol, ports);
            steps.push((input, Vec::new(), output));
        }
        "runs_as" | "can_assume" | "controls" | "deploys_to" => {
            let input = held(draft, Access::Control);
            let output = draft.state(to, Access::Control);
            steps.push((input, Vec::new(), output));
        }
        "holds_credential_of" => {
            let access = if store(from_class) {
                Access::Read
            } else {
                Access::Control
            };
            let input = held(draft, access);
            if to_class == Class::Store {
                let mut ways = reach_states(draft, to);
                if ways.is_empty() {
                    ways.push(draft.reach(to, "tcp", "*"));
                }
                for way in ways {
                    for access in [Access::Read, Access::Write] {
                        let output = draft.state(to, access);
                        steps.push((input, vec![way], output));
                    }
                }
            } else {
                let output = draft.state(to, Access::Control);
                steps.push((input, Vec::new(), output));
            }
        }
        "reads" | "writes" => {
            let access = if relation.kind == "reads" {
                Access::Read
            } else {
                Access::Write
            };
            let input = held(draft, Access::Control);
            let output = draft.state(to, access);
            steps.push((input, Vec::new(), output));
        }
        "contains" => {
            let accesses: &[Access] = if from_class == Class::Store {
                &[Access::Read, Access::Write, Access::Control]
            } else {
                &[Access::Control]
            };
            for &access in accesses {
                let input = held(draft, access);
                let output = draft.state(to, access);
                steps.push((input, Vec::new(), output));
            }
        }
        "step" => {
            let (Some(a), Some(b)) = (relation.from_access, relation.to_access) else {
                return;
            };
            let input = held(draft, a);
            let output = state_of(
                draft,
                to,
                b,
                relation.ports.as_deref(),
                relation.protocol.as_deref(),
            );
            steps.push((input, Vec::new(), output));
        }
        // `member_of` makes no step: it joins policies at evaluation.
        _ => return,
    }
    let technique = technique_of(techniques, draft, relation, from == draft.internet);
    let collected = |id: &ResourceId| {
        id.as_str() == ResourceId::INTERNET
            || estate
                .resolve(id.as_str(), None)
                .and_then(|at| estate.resources().get(at))
                .is_some_and(|it| it.collected)
    };
    let mut certainty = relation.certainty.unwrap_or_default();
    if !relation.conditions.is_empty() {
        certainty = certainty.max(Certainty::Conditional);
    }
    if !collected(&relation.from) || !collected(&relation.to) {
        certainty = Certainty::Unknown;
    }
    for (input, further, output) in steps {
        let mut facts =
            StepFacts::certain(technique, relation.evidence.clone()).certainty(certainty);
        facts.likelihood = relation.likelihood;
        facts.conditions = relation
            .conditions
            .iter()
            .map(|text| stated(text))
            .collect();
        draft.gate(input, [further, requires.clone()].concat(), output, facts);
    }
}

fn stated(text: &str) -> Condition {
    Condition {
        key: "stated".to_owned(),
        operator: String::new(),
        values: vec![text.to_owned()],
        required: true,
        setter: "outside".to_owned(),
    }
}

fn state_of(
    draft: &mut Draft,
    node: NodeId,
    access: Access,
    ports: Option<&str>,
    protocol: Option<&str>,
) -> DraftState {
    match ports {
        Some(ports) if access == Access::Reach => {
            draft.reach(node, protocol.unwrap_or("tcp"), ports)
        }
        _ => draft.state(node, access),
    }
}

fn required(estate: &Estate, draft: &mut Draft, state: &StateRef) -> Option<DraftState> {
    let node = node(estate, draft, &state.resource)?;
    Some(state_of(
        draft,
        node,
        state.access,
        state.ports.as_deref(),
        state.protocol.as_deref(),
    ))
}

fn technique_of(
    techniques: &mut Techniques,
    draft: &mut Draft,
    relation: &Relation,
    from_internet: bool,
) -> TechniqueId {
    let builtin = match relation.kind.as_str() {
        "reaches" if from_internet => "network.internet-exposed",
        "reaches" => "network.lateral",
        "holds_credential_of" => "stated.credential",
        "contains" => "builtin.read-covers-parts",
        _ => "stated.relation",
    };
    let Some(name) = relation.technique.as_deref() else {
        return techniques.named(builtin);
    };
    let known: &mut HashMap<String, TechniqueId> = &mut draft.stated;
    *known.entry(name.to_owned()).or_insert_with(|| {
        techniques.add(Technique {
            name: name.to_owned(),
            title: name.to_owned(),
            mitre: Vec::new(),
            pathfinding: None,
            likelihood: 1.0,
            stop: "remove the step at its source".to_owned(),
            firm: true,
            rule: None,
            source: "builtin:stated-relation".to_owned(),
        })
    })
}
