//! The draft becomes a frozen graph: states in natural order, equal steps once.

use std::collections::HashMap;

use cspm_model::Certainty as Known;
use cspm_model::Diagnostic;

use super::DeriveError;
use super::derived::{Derived, DerivedStep, State};
use super::draft::{Draft, DraftState, DraftStep, NodeId};
use super::identity::NearMisses;
use super::network::NetworkBlock;
use super::technique::{Technique, Techniques};
use crate::graph::{
    Certainty, GraphBuilder, Likelihood, Limits, StateId, StepAttributes, StepKind,
};

/// Freezes the draft. Numbers follow account, kind and id of the resource, then access and ports: neighbours
/// in the estate are neighbours in memory.
pub(super) fn freeze(
    mut draft: Draft,
    techniques: Techniques,
    blocks: HashMap<NodeId, NetworkBlock>,
    misses: NearMisses,
    diagnostics: Vec<Diagnostic>,
    limits: &Limits,
) -> Result<Derived, DeriveError> {
    let mut order: Vec<u32> = (0..u32::try_from(draft.states.len()).unwrap_or(u32::MAX)).collect();
    order.sort_by(|&a, &b| sort_key(&draft, a).cmp(&sort_key(&draft, b)));
    let mut number: Vec<u32> = vec![0; order.len()];
    for (new, &old) in (0u32..).zip(&order) {
        if let Some(place) = number.get_mut(old as usize) {
            *place = new;
        }
    }
    let renamed =
        |state: DraftState| DraftState(number.get(state.0 as usize).copied().unwrap_or_default());
    let mut steps = std::mem::take(&mut draft.steps);
    for step in &mut steps {
        step.from = renamed(step.from);
        step.to = renamed(step.to);
        for required in &mut step.requires {
            *required = renamed(*required);
        }
        step.requires.sort_unstable();
    }
    sort_and_merge(&mut steps, &draft, &techniques);
    let states: Vec<State> = order
        .iter()
        .filter_map(|&old| draft.states.get(old as usize))
        .map(|key| State {
            node: key.node,
            access: key.access,
            ports: key.ports,
        })
        .collect();
    let mut builder = GraphBuilder::new(states.len());
    let id = |state: DraftState| StateId::new(state.0).ok();
    let mut behind = Vec::with_capacity(steps.len());
    for (tag, step) in (0u32..).zip(&steps) {
        let technique = techniques.technique(step.technique);
        let likelihood = step
            .likelihood
            .or(technique.map(|it| it.likelihood))
            .unwrap_or(1.0);
        let attributes = StepAttributes {
            kind: kind_of(technique),
            certainty: match step.certainty {
                Known::Certain => Certainty::Certain,
                Known::Conditional => Certainty::Conditional,
                Known::Unknown => Certainty::Unknown,
            },
            likelihood: Likelihood::from_probability(likelihood).unwrap_or(Likelihood::CERTAIN),
            tag,
        };
        behind.push(DerivedStep {
            technique: step.technique,
            evidence: step.evidence,
            conditions: step.conditions,
            via: step.via,
        });
        let (Some(from), Some(to)) = (id(step.from), id(step.to)) else {
            continue;
        };
        if step.requires.is_empty() {
            builder.add_step(from, to, attributes);
        } else {
            let inputs: Vec<StateId> = std::iter::once(from)
                .chain(step.requires.iter().filter_map(|&it| id(it)))
                .collect();
            builder.add_gate(&inputs, to, attributes);
        }
    }
    let graph = builder.build(limits)?;
    let mut states_of: HashMap<NodeId, Vec<StateId>> = HashMap::new();
    for (at, state) in states.iter().enumerate() {
        if let Ok(id) = StateId::from_index(at) {
            states_of.entry(state.node).or_default().push(id);
        }
    }
    draft.release();
    Ok(Derived {
        graph,
        nodes: draft.nodes,
        internet: draft.internet,
        states,
        states_of,
        ports: draft.ports,
        steps: behind,
        evidence: draft.evidence,
        conditions: draft.conditions,
        via: draft.via,
        techniques,
        blocks,
        misses,
        diagnostics,
    })
}

type SortKey<'d> = (Option<&'d str>, &'d str, &'d str, u8, &'d str, &'d str);

/// Account, kind, id, access, ports: all text, so that the order does not depend on how states were met.
fn sort_key(draft: &Draft, state: u32) -> Option<SortKey<'_>> {
    let key = draft.states.get(state as usize)?;
    let node = draft.nodes.get(key.node.index())?;
    let (protocol, ports) = draft.ports.get(key.ports as usize)?;
    Some((
        node.account.as_deref(),
        node.kind.as_str(),
        node.id.as_str(),
        key.access as u8,
        protocol,
        ports,
    ))
}

/// Equal steps (same ends, technique and owners) become one: the surest, then the likeliest.
fn sort_and_merge(steps: &mut Vec<DraftStep>, draft: &Draft, techniques: &Techniques) {
    let name = |step: &DraftStep| {
        techniques
            .technique(step.technique)
            .map(|it| it.name.as_str())
    };
    steps.sort_by(|a, b| {
        (a.from, a.to, &a.requires)
            .cmp(&(b.from, b.to, &b.requires))
            .then_with(|| name(a).cmp(&name(b)))
            .then_with(|| draft.via.list(a.via).cmp(draft.via.list(b.via)))
            .then_with(|| a.certainty.cmp(&b.certainty))
            .then_with(|| {
                let likelihood = |step: &DraftStep| {
                    let usual = techniques.technique(step.technique).map(|it| it.likelihood);
                    step.likelihood.or(usual).unwrap_or(1.0)
                };
                likelihood(b).total_cmp(&likelihood(a))
            })
            .then_with(|| {
                draft
                    .conditions
                    .list(a.conditions)
                    .cmp(draft.conditions.list(b.conditions))
            })
            .then_with(|| {
                draft
                    .evidence
                    .list(a.evidence)
                    .cmp(draft.evidence.list(b.evidence))
            })
    });
    steps.dedup_by(|next, kept| {
        next.from == kept.from
            && next.to == kept.to
            && next.requires == kept.requires
            && next.technique == kept.technique
            && next.via == kept.via
    });
}

/// Families of techniques, so that a view can choose among them.
fn kind_of(technique: Option<&Technique>) -> StepKind {
    let name = technique.map_or("", |it| it.name.as_str());
    let families = [
        "builtin.", "network.", "compute.", "aws.iam.", "aws.sts.", "aws.", "data.",
    ];
    let family = families
        .iter()
        .position(|prefix| name.starts_with(prefix))
        .unwrap_or(families.len());
    StepKind(u8::try_from(family).unwrap_or(u8::MAX))
}
