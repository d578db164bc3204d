//! The likeliest way to each state.

use std::collections::BTreeSet;

use super::QueryError;
use super::error::check_states;
use super::knuth::{GateTerms, GoOn, Relation, Search};
use super::meter::Meter;
use crate::graph::{GateId, Likelihood, LimitError, Limits, Rows, StateId, StepId, Table, View};

/// Returns the likeliest derivation of every state that `entries` reach.
///
/// A derivation of a state is a set of steps that gives it, starting from entries. The one kept has the
/// least *tree cost*: costs of steps add up, and a gate takes the sum over all its inputs, so that a step
/// that two inputs share counts twice. Without gates this is the likeliest path, exactly. With gates the
/// likelihood of the derivation found, over its distinct steps, is a lower bound of the best one's: sharing
/// can make another derivation cheaper than its tree cost says. Ties go to the derivation with fewer steps
/// on its longest branch, then to the smaller last step.
///
/// # Errors
/// [`QueryError::UnknownState`] if an entry is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + m log m) time for n states and m steps and gate inputs; O(n + m) space.
///
/// # Source
/// Knuth, A generalization of Dijkstra's algorithm, 1977. Oracle in
/// [`verify::derivations`](super::verify::derivations).
pub fn most_likely(
    view: &View<'_>,
    entries: &[StateId],
    limits: &Limits,
) -> Result<Derivations, QueryError> {
    check_states(view.graph(), entries.iter().copied())?;
    derive(view, entries, &mut Meter::new(limits))
}

/// [`most_likely`] from known entries, as a part of another question.
pub(super) fn derive(
    view: &View<'_>,
    entries: &[StateId],
    meter: &mut Meter<'_>,
) -> Result<Derivations, QueryError> {
    let graph = view.graph();
    let mut search = Search::new(graph.state_count(), graph.gate_count());
    search.run(&WholeView(view), entries, meter, |_, _| GoOn::From)?;

    let state_count = graph.state_count();
    let mut derivations = Derivations {
        cost: Table::with_capacity(state_count),
        step_cost: Table::with_capacity(state_count),
        via: Table::with_capacity(state_count),
        rank: Table::with_capacity(state_count),
        inputs: Rows::from_parts(vec![0], Vec::new()),
    };
    let (mut offsets, mut inputs) = (Vec::with_capacity(state_count + 1), Vec::new());
    offsets.push(0);
    for state in graph.states() {
        let label = search.label(state);
        derivations.cost.push(label.cost);
        derivations.rank.push(label.rank);
        derivations.via.push(label.via);
        derivations
            .step_cost
            .push(label.via.map_or(0, |step| graph.cost(step)));
        if let Some(step) = label.via.and_then(|step| graph.step(step)) {
            inputs.extend(step.inputs());
        }
        let Ok(offset) = u32::try_from(inputs.len()) else {
            // Rows are counted in `u32`; only a graph at the very limit of ids comes here.
            return Err(
                LimitError::new("gate_inputs", u64::from(u32::MAX), inputs.len() as u64).into(),
            );
        };
        offsets.push(offset);
    }
    derivations.inputs = Rows::from_parts(offsets, inputs);
    Ok(derivations)
}

/// The likeliest derivation of each state.
#[derive(Clone, Debug)]
pub struct Derivations {
    cost: Table<StateId, u64>,
    /// Cost of the last step alone.
    step_cost: Table<StateId, u64>,
    via: Table<StateId, Option<StepId>>,
    rank: Table<StateId, u32>,
    /// Inputs of the last step.
    inputs: Rows<StateId, StateId>,
}

impl Derivations {
    /// True if the entries reach the state.
    #[inline]
    pub fn contains(&self, state: StateId) -> bool {
        self.rank.get(state).is_some_and(|&rank| rank != u32::MAX)
    }

    /// Tree cost of a state: without gates that of its likeliest path; with gates never less than
    /// [`Derivation::cost`]. None if the entries do not reach it.
    #[inline]
    pub fn cost(&self, state: StateId) -> Option<u64> {
        if self.contains(state) {
            self.cost.get(state).copied()
        } else {
            None
        }
    }

    /// The last step of the derivation of a state. None for an entry, and for what is not reached.
    pub fn last_step(&self, state: StateId) -> Option<StepId> {
        self.via.get(state).copied().flatten()
    }

    /// The inputs of the last step of the derivation of a state, ascending.
    pub fn inputs(&self, state: StateId) -> &[StateId] {
        if state.index() < self.inputs.row_count() {
            self.inputs.row(state)
        } else {
            &[]
        }
    }

    /// The derivation of a state: without steps for an entry, none if the entries do not reach it.
    ///
    /// # Complexity
    /// O(k log k) for k inputs of all its steps together.
    pub fn derivation(&self, state: StateId) -> Option<Derivation> {
        if !self.contains(state) {
            return None;
        }
        let mut derivation = Derivation {
            steps: Vec::new(),
            cost: 0,
        };
        // Inputs are settled before outputs, so going down by rank meets each state once, after its users.
        let mut open = BTreeSet::from([(self.rank[state], state)]);
        while let Some((_, state)) = open.pop_last() {
            let Some(step) = self.via[state] else {
                continue;
            };
            derivation.steps.push(step);
            derivation.cost = derivation.cost.saturating_add(self.step_cost[state]);
            open.extend(
                self.inputs(state)
                    .iter()
                    .map(|&input| (self.rank[input], input)),
            );
        }
        derivation.steps.reverse();
        Some(derivation)
    }
}

/// A set of steps that gives a state, starting from entries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Derivation {
    pub(super) steps: Vec<StepId>,
    pub(super) cost: u64,
}

impl Derivation {
    /// The steps, each once, in an order in which all inputs of a step are given before it.
    pub fn steps(&self) -> &[StepId] {
        &self.steps
    }

    /// Sum of the costs of the distinct steps.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// The likelihood that all steps succeed, as a probability.
    pub fn probability(&self) -> f64 {
        Likelihood::probability_of(self.cost)
    }
}

/// A whole view, as the search sees it.
struct WholeView<'v, 'g>(&'v View<'g>);

impl Relation for WholeView<'_, '_> {
    type Node = StateId;
    type Gate = GateId;

    fn for_each_hop(&self, from: StateId, mut visit: impl FnMut(StateId, u64, StepId)) {
        for (step, to) in self.0.ordinary_from(from) {
            visit(to, self.0.graph().cost(step), step);
        }
    }

    fn for_each_gate(&self, from: StateId, visit: impl FnMut(GateId)) {
        self.0.gates_from(from).for_each(visit);
    }

    fn gate(&self, gate: GateId) -> GateTerms<StateId> {
        let graph = self.0.graph();
        let step = graph.gate_step(gate);
        GateTerms {
            inputs: graph.gate_inputs(gate).len(),
            cost: graph.cost(step),
            output: graph.gate_output(gate),
            step,
        }
    }
}
