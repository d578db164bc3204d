//! The next likeliest ways to one state.

use std::collections::{BTreeSet, HashSet};

use super::cone::{Cone, LocalGateId, LocalId};
use super::error::check_states;
use super::knuth::{GateTerms, GoOn, Relation, Search};
use super::meter::Meter;
use super::{Derivation, QueryError};
use crate::graph::{AttackGraph, Limits, StateId, StepId, Table, View};

/// Returns up to `k` distinct derivations of `target`, likeliest first, and whether there are more.
///
/// The first is that of [`most_likely`](super::most_likely). In a derivation each state is given by one step,
/// and none gives back what it needs; without gates they are the loopless paths, and they come in ascending
/// order of cost, exactly. With gates they come in ascending order of tree cost, as defined at `most_likely`,
/// while [`Derivation::cost`] counts each step once. An entry has one derivation, without steps.
///
/// The flag is true if there is a further derivation, because `k` or [`Limits::paths`] was reached, or if
/// there may be, because [`Limits::work`] was.
///
/// # Errors
/// [`QueryError::UnknownState`] if the target or an entry is not in the graph; [`QueryError::Cancelled`];
/// [`QueryError::Limit`] if the work does not suffice to find what leads to the target at all.
///
/// # Complexity
/// One search of O(e log e) in the backward cone of the target for each step of each derivation returned;
/// space for `k` derivations beside the cone.
///
/// # Source
/// Yen 1971 in the form of Lawler 1972, generalised to gates. All derivations of the target are split by
/// where they first part from the best one, read from the target down: part i keeps the choice for the first
/// i - 1 states and leaves out the step chosen for the i-th. The parts are disjoint, together they are all
/// other derivations, and the best of each is one search with steps left out; the best of all parts is next.
pub fn next_most_likely(
    view: &View<'_>,
    entries: &[StateId],
    target: StateId,
    k: usize,
    limits: &Limits,
) -> Result<(Vec<Derivation>, bool), QueryError> {
    let graph = view.graph();
    check_states(graph, entries.iter().copied().chain([target]))?;
    let mut meter = Meter::new(limits);
    let cone = Cone::build(view, [target], |_| false, None, &mut meter)?;
    let Some(local_target) = cone.local(target) else {
        return Ok((Vec::new(), false));
    };
    let mut finder = Finder {
        search: Search::new(cone.state_count(), cone.gate_count()),
        sources: entries
            .iter()
            .filter_map(|&entry| cone.local(entry))
            .collect(),
        only: Table::filled(None, cone.state_count()),
        graph,
        cone: &cone,
        target: local_target,
    };
    let mut found = Vec::new();
    let cut = finder.enumerate(&mut found, k.min(limits.paths), &mut meter);
    match cut {
        Ok(cut) => Ok((found, cut)),
        Err(QueryError::Limit(_)) => Ok((found, true)),
        Err(error) => Err(error),
    }
}

/// A part of all derivations, with its best one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    tree_cost: u64,
    depth: u32,
    /// Steps in order, and the state that each gives.
    steps: Vec<(StepId, LocalId)>,
    /// The states whose step is settled for this part, from the target down.
    kept: Vec<(LocalId, StepId)>,
    /// The steps that are left out in this part, ascending.
    left_out: Vec<StepId>,
}

struct Finder<'c> {
    graph: &'c AttackGraph,
    cone: &'c Cone,
    target: LocalId,
    sources: Vec<LocalId>,
    search: Search<LocalId, LocalGateId>,
    /// The step that alone may give a state; all empty between two searches.
    only: Table<LocalId, Option<StepId>>,
}

impl Finder<'_> {
    fn enumerate(
        &mut self,
        found: &mut Vec<Derivation>,
        k: usize,
        meter: &mut Meter<'_>,
    ) -> Result<bool, QueryError> {
        let mut parts = BTreeSet::new();
        parts.extend(self.best(Vec::new(), Vec::new(), meter)?);
        while let Some(part) = parts.pop_first() {
            if found.len() >= k {
                return Ok(true);
            }
            let steps: Vec<StepId> = part.steps.iter().map(|&(step, _)| step).collect();
            let costs = steps.iter().map(|&step| self.graph.cost(step));
            let cost = costs.fold(0, u64::saturating_add);
            found.push(Derivation { steps, cost });

            // The last split only has to show whether there is a further derivation.
            let mut kept = part.kept.clone();
            let settled: HashSet<LocalId> = kept.iter().map(|&(state, _)| state).collect();
            let open = part
                .steps
                .iter()
                .rev()
                .filter(|(_, state)| !settled.contains(state));
            for &(step, state) in open {
                let mut left_out = part.left_out.clone();
                let place = left_out.partition_point(|&other| other < step);
                left_out.insert(place, step);
                parts.extend(self.best(kept.clone(), left_out, meter)?);
                if found.len() >= k && !parts.is_empty() {
                    return Ok(true);
                }
                // Each part gives a derivation at least, so no more are needed than are asked for, and one
                // to know that there are more.
                if parts.len() > k.saturating_sub(found.len()) + 1 {
                    parts.pop_last();
                }
                kept.push((state, step));
            }
        }
        Ok(false)
    }

    /// The best derivation of the target that keeps and leaves out these steps.
    fn best(
        &mut self,
        kept: Vec<(LocalId, StepId)>,
        left_out: Vec<StepId>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Part>, QueryError> {
        for &(state, step) in &kept {
            self.only[state] = Some(step);
        }
        let relation = Restricted {
            graph: self.graph,
            cone: self.cone,
            only: &self.only,
            left_out: &left_out,
        };
        let target = self.target;
        let outcome = self.search.run(&relation, &self.sources, meter, |node, _| {
            if node == target {
                GoOn::Stop
            } else {
                GoOn::From
            }
        });
        for &(state, _) in &kept {
            self.only[state] = None;
        }
        outcome?;
        let label = *self.search.label(target);
        if !label.is_settled() {
            return Ok(None);
        }
        let steps = self.steps_to(target);
        Ok(Some(Part {
            tree_cost: label.cost,
            depth: label.depth,
            steps,
            kept,
            left_out,
        }))
    }

    fn steps_to(&self, target: LocalId) -> Vec<(StepId, LocalId)> {
        let mut steps = Vec::new();
        let mut open = BTreeSet::from([(self.search.label(target).rank, target)]);
        while let Some((_, state)) = open.pop_last() {
            let Some(step) = self.search.label(state).via else {
                continue;
            };
            steps.push((step, state));
            let inputs = self
                .graph
                .step(step)
                .into_iter()
                .flat_map(|step| step.inputs());
            let inputs = inputs.filter_map(|input| self.cone.local(input));
            open.extend(inputs.map(|input| (self.search.label(input).rank, input)));
        }
        steps.reverse();
        steps
    }
}

/// A cone with some steps left out, and with states that only one step may give.
struct Restricted<'r> {
    graph: &'r AttackGraph,
    cone: &'r Cone,
    only: &'r Table<LocalId, Option<StepId>>,
    left_out: &'r [StepId],
}

impl Restricted<'_> {
    fn admits(&self, step: StepId, to: LocalId) -> bool {
        self.only[to].is_none_or(|only| only == step) && self.left_out.binary_search(&step).is_err()
    }
}

impl Relation for Restricted<'_> {
    type Node = LocalId;
    type Gate = LocalGateId;

    fn for_each_hop(&self, from: LocalId, mut visit: impl FnMut(LocalId, u64, StepId)) {
        for hop in self.cone.hops.row(from) {
            if self.admits(hop.step, hop.to) {
                visit(hop.to, self.graph.cost(hop.step), hop.step);
            }
        }
    }

    fn for_each_gate(&self, from: LocalId, mut visit: impl FnMut(LocalGateId)) {
        for &gate in self.cone.gates_by_input.row(from) {
            if self.admits(self.cone.gate_step[gate], self.cone.gate_output[gate]) {
                visit(gate);
            }
        }
    }

    fn gate(&self, gate: LocalGateId) -> GateTerms<LocalId> {
        let step = self.cone.gate_step[gate];
        GateTerms {
            inputs: self.cone.gate_inputs.row(gate).len(),
            cost: self.graph.cost(step),
            output: self.cone.gate_output[gate],
            step,
        }
    }
}
