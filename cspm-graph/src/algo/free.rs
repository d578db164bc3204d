//! What can be walked into from outside.

use super::QueryError;
use super::error::check_states;
use super::meter::Meter;
use crate::graph::{GateId, Limits, StateId, StateSet, Table, View};

/// Returns the states that `entries` get through steps whose inputs are all entries or in `passes`.
///
/// The least set with: every entry; the target of a step whose origin is in the set, and is an entry or in
/// `passes`; the output of a gate whose inputs all are. The caller gives the states whose holder controls
/// nothing as `passes`, and a view of certain steps.
///
/// # Errors
/// [`QueryError::UnknownState`] if an entry is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + m) as for [`reach`](super::reach).
///
/// # Source
/// A walk as for [`reach`](super::reach) that stops where control begins. Oracle in [`verify::free`](super::verify::free).
pub fn free(
    view: &View<'_>,
    entries: &[StateId],
    passes: &StateSet,
    limits: &Limits,
) -> Result<StateSet, QueryError> {
    let graph = view.graph();
    check_states(graph, entries.iter().copied())?;
    let mut meter = Meter::new(limits);
    let mut free = StateSet::with_capacity(graph.state_count());
    let mut frontier = Vec::new();
    let mut arrived: Table<GateId, u32> = Table::filled(0, graph.gate_count());

    for &entry in entries {
        if free.insert(entry) {
            frontier.push((entry, true));
        }
    }
    while let Some((state, is_entry)) = frontier.pop() {
        let mut work = 1;
        if is_entry || passes.contains(state) {
            for (_, to) in view.ordinary_from(state) {
                work += 1;
                if free.insert(to) {
                    frontier.push((to, false));
                }
            }
            for gate in view.gates_from(state) {
                work += 1;
                arrived[gate] += 1;
                let output = graph.gate_output(gate);
                let all = arrived[gate] as usize == graph.gate_inputs(gate).len();
                if all && free.insert(output) {
                    frontier.push((output, false));
                }
            }
        }
        meter.spend(work)?;
    }
    Ok(free)
}
