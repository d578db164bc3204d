//! What a set of states reaches.

use std::ops::ControlFlow;

use super::error::check_states;
use super::meter::Meter;
use super::{QueryError, frontier};
use crate::graph::{GateId, Limits, StateId, StateSet, Table, View};

/// Returns the states that are reached from `entries`.
///
/// The least set with: every entry; the target of a step whose origin is in the set; the output of a gate
/// whose inputs are all in the set.
///
/// # Errors
/// [`QueryError::UnknownState`] if an entry is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + m) time for n states and m steps and gate inputs; n bits, a word a gate and the frontier in space.
///
/// # Source
/// Breadth-first search; a gate fires when its last input arrives (Dowling and Gallier 1984, unit
/// propagation of Horn clauses). Oracle in [`verify::reach_with`](super::verify::reach_with).
pub fn reach(
    view: &View<'_>,
    entries: &[StateId],
    limits: &Limits,
) -> Result<StateSet, QueryError> {
    reach_with(view, entries, &StateSet::new(), limits)
}

/// Returns R(`source`): what an attacker reaches who holds `source` while others hold `ambient`.
///
/// The least set with: every state of `source`; the target of a step whose origin is in the set; the output
/// of a gate that has at least one input in the set and all others in the set or in `ambient`. The ambient
/// states by themselves are no part of the answer. With an empty ambient this is [`reach`].
///
/// # Errors
/// [`QueryError::UnknownState`] if a source is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + m) as for [`reach`]; only the steps from states of the answer are walked.
pub fn reach_with(
    view: &View<'_>,
    source: &[StateId],
    ambient: &StateSet,
    limits: &Limits,
) -> Result<StateSet, QueryError> {
    check_states(view.graph(), source.iter().copied())?;
    frontier::reach(view, source, ambient, &mut Meter::new(limits))
}

/// As [`reach_with`], one state after the other; `arrive` sees each once, in the order of arrival, and may stop it.
pub(super) fn walk(
    view: &View<'_>,
    source: &[StateId],
    ambient: &StateSet,
    meter: &mut Meter<'_>,
    mut arrive: impl FnMut(StateId) -> ControlFlow<()>,
) -> Result<StateSet, QueryError> {
    let graph = view.graph();
    let mut reached = StateSet::with_capacity(graph.state_count());
    let mut frontier = Vec::new();
    // Inputs that are still missing, counted when the first of them arrives.
    let mut missing: Table<GateId, Option<u32>> = Table::filled(None, graph.gate_count());

    let mut reach_state = |state: StateId, frontier: &mut Vec<StateId>| {
        if !reached.insert(state) {
            return ControlFlow::Continue(());
        }
        frontier.push(state);
        arrive(state)
    };
    for &state in source {
        if reach_state(state, &mut frontier).is_break() {
            return Ok(reached);
        }
    }
    while let Some(state) = frontier.pop() {
        let mut work = 1;
        for (_, to) in view.ordinary_from(state) {
            work += 1;
            if reach_state(to, &mut frontier).is_break() {
                return Ok(reached);
            }
        }
        for gate in view.gates_from(state) {
            work += 1;
            let inputs = graph.gate_inputs(gate);
            let left = missing[gate].unwrap_or_else(|| {
                work += inputs.len();
                inputs
                    .iter()
                    .fold(0, |open, &input| open + u32::from(!ambient.contains(input)))
            });
            let left = if ambient.contains(state) {
                left
            } else {
                left.saturating_sub(1)
            };
            missing[gate] = Some(left);
            if left == 0 && reach_state(graph.gate_output(gate), &mut frontier).is_break() {
                return Ok(reached);
            }
        }
        meter.spend(work)?;
    }
    Ok(reached)
}
