//! Relations become steps, by the table of the native format.

use std::collections::HashMap;

use cspm_model::ports::PortSet;
use cspm_model::report::Condition;
use cspm_model::resource::Class;
use cspm_model::{Access, Certainty, Estate, Relation, ResourceId, StateRef};

use super::credentials;
use super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::stated_ports::StatedPorts;
use super::technique::{Technique, TechniqueId, Techniques};

/// Makes the steps. Ways over the network come first, since others are gates with them.
pub(super) fn derive(estate: &Estate, techniques: &mut Techniques, draft: &mut Draft) {
    let (ways, others): (Vec<&Relation>, Vec<&Relation>) = estate
        .relations()
        .iter()
        .partition(|it| it.kind == "reaches");
    let ports = StatedPorts::new(estate, draft);
    for relation in ways.into_iter().chain(others) {
        add(estate, techniques, draft, &ports, relation);
    }
}

fn node(estate: &Estate, draft: &Draft, id: &ResourceId) -> Option<NodeId> {
    if id.as_str() == ResourceId::INTERNET {
        return Some(draft.internet);
    }
    estate.resolve(id.as_str(), None).map(NodeId::of)
}

fn add(
    estate: &Estate,
    techniques: &mut Techniques,
    draft: &mut Draft,
    stated_ports: &StatedPorts,
    relation: &Relation,
) {
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
    let requires = alternatives(estate, draft, &relation.requires);
    let store = |class: Class| matches!(class, Class::Store | Class::Secret);
    let (from_class, to_class) = (draft.class(from), draft.class(to));
    // (from, further inputs, to)
    let mut steps: Vec<(DraftState, Vec<DraftState>, DraftState)> = Vec::new();
    match relation.kind.as_str() {
        "reaches" => {
            let ports = relation.ports.as_deref().unwrap_or("*");
            let protocol = relation.protocol.as_deref().unwrap_or("tcp");
            let input = held(draft, Access::Control);
            for output in stated_ports.states(draft, to, protocol, ports) {
                steps.push((input, Vec::new(), output));
            }
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
                let mut ways = credentials::ways(draft, to);
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
            let outputs = match relation.ports.as_deref().filter(|_| b == Access::Reach) {
                Some(ports) => {
                    let protocol = relation.protocol.as_deref().unwrap_or("tcp");
                    stated_ports.states(draft, to, protocol, ports)
                }
                None => vec![draft.state(to, b)],
            };
            steps.extend(
                outputs
                    .into_iter()
                    .map(|output| (input, Vec::new(), output)),
            );
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
    let required = relation.requires.iter().map(|it| &it.resource);
    if ![&relation.from, &relation.to]
        .into_iter()
        .chain(required)
        .all(collected)
    {
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
        for requires in &requires {
            let facts = facts.clone();
            draft.gate(
                input,
                [further.clone(), requires.clone()].concat(),
                output,
                facts,
            );
        }
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

/// Further states that must be held, in every combination of the states of reaching that serve.
fn alternatives(estate: &Estate, draft: &mut Draft, states: &[StateRef]) -> Vec<Vec<DraftState>> {
    let mut all: Vec<Vec<DraftState>> = vec![Vec::new()];
    for state in states {
        let serving = serving(estate, draft, state);
        all = all
            .into_iter()
            .flat_map(|held| serving.iter().map(move |&one| [&held[..], &[one]].concat()))
            .take(ALTERNATIVES_MAX)
            .collect();
    }
    all
}

/// Combinations of states that one relation is written out for.
const ALTERNATIVES_MAX: usize = 256;

/// The states that serve as a required one: of reaching, any that shares a port with it.
fn serving(estate: &Estate, draft: &mut Draft, state: &StateRef) -> Vec<DraftState> {
    let Some(node) = node(estate, draft, &state.resource) else {
        return Vec::new();
    };
    if node == draft.internet {
        return vec![draft.internet()];
    }
    if state.access != Access::Reach {
        return vec![draft.state(node, state.access)];
    }
    let protocol = state.protocol.as_deref();
    let wanted = state.ports.as_deref().and_then(PortSet::parse);
    let serves = |ports: u32| match draft.ports.get(ports as usize) {
        Some((own, text)) if ports != 0 => {
            protocol.is_none_or(|it| it == own)
                && wanted.as_ref().is_none_or(|wanted| {
                    PortSet::parse(text).is_some_and(|held| held.intersects(wanted))
                })
        }
        _ => wanted.is_none(),
    };
    let known: Vec<DraftState> = draft
        .reach_of(node)
        .filter(|(_, key)| serves(key.ports))
        .map(|(it, _)| it)
        .collect();
    match (&state.ports, known.is_empty()) {
        (_, false) => known,
        (Some(ports), true) => vec![draft.reach(node, protocol.unwrap_or("tcp"), ports)],
        (None, true) => vec![draft.state(node, Access::Reach)],
    }
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
