//! The frozen graph.

use super::id::sealed::Sealed as _;
use super::{
    Certainty, GateId, Id, Likelihood, Rows, StateId, StepAttributes, StepId, StepKind, Table,
    View, ViewOptions,
};

/// An immutable graph of states, steps and gates.
///
/// Steps lie in compressed rows in both directions, gates in tables of their own; what a step carries lies in
/// columns beside them. The array identities, which [`Self::validate`] checks:
/// - `rows`: the offsets of each index are ascending, start at 0 and end at the number of its values;
/// - `states`: every state named is below `state_count`, every step below `step_count`;
/// - `columns`: each column has one value for each step and gate;
/// - `order`: a forward row is sorted by kind, target, tag, cost and certainty, a backward row by kind and id;
/// - `reverse`: the backward index holds every ordinary step once, at its target, beside its origin;
/// - `gates`: a gate has at least two inputs, ascending and distinct; gates are sorted by inputs, output,
///   kind, tag, cost and certainty; both gate indexes hold every gate where they should, ascending.
#[derive(Clone, Debug)]
pub struct AttackGraph {
    /// Targets of ordinary steps; the position in the values is the step's number.
    pub(super) forward: Rows<StateId, StateId>,
    /// Ordinary steps by target.
    pub(super) backward: Rows<StateId, StepId>,
    /// Origins, beside the values of `backward`.
    pub(super) backward_sources: Vec<StateId>,
    pub(super) gate_inputs: Rows<GateId, StateId>,
    pub(super) gate_output: Table<GateId, StateId>,
    pub(super) gates_by_input: Rows<StateId, GateId>,
    pub(super) gates_by_output: Rows<StateId, GateId>,
    pub(super) columns: Columns,
}

/// What steps carry, a column for each attribute.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) kind: Table<StepId, StepKind>,
    pub(super) certainty: Table<StepId, Certainty>,
    pub(super) likelihood: Table<StepId, Likelihood>,
    pub(super) tag: Table<StepId, u32>,
}

impl Columns {
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            kind: Table::with_capacity(count),
            certainty: Table::with_capacity(count),
            likelihood: Table::with_capacity(count),
            tag: Table::with_capacity(count),
        }
    }

    pub(super) fn push(&mut self, attributes: &StepAttributes) {
        self.kind.push(attributes.kind);
        self.certainty.push(attributes.certainty);
        self.likelihood.push(attributes.likelihood);
        self.tag.push(attributes.tag);
    }
}

impl AttackGraph {
    /// Number of states.
    pub fn state_count(&self) -> usize {
        self.forward.row_count()
    }

    /// Number of steps, gates among them.
    pub fn step_count(&self) -> usize {
        self.ordinary_count() + self.gate_count()
    }

    /// Number of steps with several inputs.
    pub fn gate_count(&self) -> usize {
        self.gate_output.len()
    }

    /// All states in ascending order.
    pub fn states(&self) -> impl DoubleEndedIterator<Item = StateId> + ExactSizeIterator + use<> {
        (0..self.state_count()).map(StateId::at)
    }

    /// All steps in ascending order, gates last.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = Step<'_>> + ExactSizeIterator {
        (0..self.step_count()).map(|index| Step {
            graph: self,
            id: StepId::at(index),
        })
    }

    /// The step with this id, if there is one.
    pub fn step(&self, id: StepId) -> Option<Step<'_>> {
        (id.index() < self.step_count()).then_some(Step { graph: self, id })
    }

    /// The steps and gates that have `state` as an input, ascending; none for a state that there is not.
    pub fn steps_from(&self, state: StateId) -> impl Iterator<Item = Step<'_>> {
        let known = (state.index() < self.state_count()).then_some(state);
        let ordinary = known
            .into_iter()
            .flat_map(|state| self.ordinary_from(state));
        let gates = known
            .into_iter()
            .flat_map(|state| self.gates_by_input.row(state));
        let gates = gates.map(|&gate| self.gate_step(gate));
        ordinary
            .map(|(step, _)| step)
            .chain(gates)
            .map(|id| Step { graph: self, id })
    }

    /// The steps and gates that give `state`: steps by kind, then id; gates after them.
    pub fn steps_into(&self, state: StateId) -> impl Iterator<Item = Step<'_>> {
        let known = (state.index() < self.state_count()).then_some(state);
        let ordinary = known
            .into_iter()
            .flat_map(|state| self.backward.row(state))
            .copied();
        let gates = known
            .into_iter()
            .flat_map(|state| self.gates_by_output.row(state));
        let gates = gates.map(|&gate| self.gate_step(gate));
        ordinary.chain(gates).map(|id| Step { graph: self, id })
    }

    /// The part of the graph that a question may use.
    ///
    /// # Complexity
    /// O(1) where nothing is left out, otherwise O(m) time and m bits.
    pub fn view(&self, options: &ViewOptions<'_>) -> View<'_> {
        View::new(self, options)
    }

    /// Checks the array identities listed at the type. A graph from a builder always passes.
    ///
    /// # Errors
    /// The first identity that does not hold, by its name.
    ///
    /// # Complexity
    /// O(n + m log n).
    pub fn validate(&self) -> Result<(), InvariantError> {
        let broken = if !self.rows_hold() {
            "rows"
        } else if !self.states_hold() {
            "states"
        } else if !self.columns_hold() {
            "columns"
        } else if !self.order_holds() {
            "order"
        } else if !self.reverse_holds() {
            "reverse"
        } else if !self.gates_hold() {
            "gates"
        } else {
            return Ok(());
        };
        Err(InvariantError { name: broken })
    }

    pub(crate) fn ordinary_count(&self) -> usize {
        self.forward.values().len()
    }

    /// Ordinary steps from a known state, with their targets.
    #[inline]
    pub(crate) fn ordinary_from(
        &self,
        state: StateId,
    ) -> impl Iterator<Item = (StepId, StateId)> + '_ {
        let steps = self.forward.range(state).map(StepId::at);
        steps.zip(self.forward.row(state).iter().copied())
    }

    /// Ordinary steps into a known state, with their origins.
    #[inline]
    pub(crate) fn ordinary_into(
        &self,
        state: StateId,
    ) -> impl Iterator<Item = (StepId, StateId)> + '_ {
        let sources = self
            .backward_sources
            .get(self.backward.range(state))
            .unwrap_or_default();
        self.backward
            .row(state)
            .iter()
            .copied()
            .zip(sources.iter().copied())
    }

    #[inline]
    pub(crate) fn gates_from(&self, state: StateId) -> &[GateId] {
        self.gates_by_input.row(state)
    }

    #[inline]
    pub(crate) fn gates_into(&self, state: StateId) -> &[GateId] {
        self.gates_by_output.row(state)
    }

    #[inline]
    pub(crate) fn gate_inputs(&self, gate: GateId) -> &[StateId] {
        self.gate_inputs.row(gate)
    }

    #[inline]
    pub(crate) fn gate_output(&self, gate: GateId) -> StateId {
        self.gate_output[gate]
    }

    #[inline]
    pub(crate) fn gate_step(&self, gate: GateId) -> StepId {
        StepId::at(self.ordinary_count() + gate.index())
    }

    /// The gate that a known step is, if it has several inputs.
    #[inline]
    pub(crate) fn gate_of(&self, step: StepId) -> Option<GateId> {
        step.index()
            .checked_sub(self.ordinary_count())
            .map(GateId::at)
    }

    #[inline]
    pub(crate) fn cost(&self, step: StepId) -> u64 {
        u64::from(self.columns.likelihood[step].cost())
    }

    pub(super) fn attributes(&self, step: StepId) -> StepAttributes {
        StepAttributes {
            kind: self.columns.kind[step],
            certainty: self.columns.certainty[step],
            likelihood: self.columns.likelihood[step],
            tag: self.columns.tag[step],
        }
    }

    fn rows_hold(&self) -> bool {
        let states = self.state_count();
        self.forward.is_sound(states)
            && self.backward.is_sound(states)
            && self.gate_inputs.is_sound(self.gate_count())
            && self.gates_by_input.is_sound(states)
            && self.gates_by_output.is_sound(states)
            && self.backward.values().len() == self.ordinary_count()
            && self.backward_sources.len() == self.ordinary_count()
            && self.gates_by_input.values().len() == self.gate_inputs.values().len()
            && self.gates_by_output.values().len() == self.gate_count()
    }

    fn states_hold(&self) -> bool {
        let outputs = self.gate_output.values();
        let states = [self.forward.values(), &self.backward_sources, outputs];
        states
            .into_iter()
            .flatten()
            .all(|state| state.index() < self.state_count())
            && self
                .gate_inputs
                .values()
                .iter()
                .all(|state| state.index() < self.state_count())
            && self
                .backward
                .values()
                .iter()
                .all(|step| step.index() < self.ordinary_count())
            && self
                .gates_by_input
                .values()
                .iter()
                .all(|gate| gate.index() < self.gate_count())
            && self
                .gates_by_output
                .values()
                .iter()
                .all(|gate| gate.index() < self.gate_count())
    }

    fn columns_hold(&self) -> bool {
        let columns = &self.columns;
        [
            columns.kind.len(),
            columns.certainty.len(),
            columns.likelihood.len(),
            columns.tag.len(),
        ]
        .into_iter()
        .all(|length| length == self.step_count())
    }

    fn order_holds(&self) -> bool {
        self.states().all(|state| {
            let forward = self.ordinary_from(state).is_sorted_by_key(|(step, to)| {
                let StepAttributes {
                    kind,
                    certainty,
                    likelihood,
                    tag,
                } = self.attributes(step);
                (kind, to, tag, likelihood, certainty)
            });
            let backward = self.backward.row(state).iter();
            forward && backward.is_sorted_by_key(|&step| (self.columns.kind[step], step))
        })
    }

    fn reverse_holds(&self) -> bool {
        let mut seen: Table<StepId, bool> = Table::filled(false, self.ordinary_count());
        self.states().all(|state| {
            self.ordinary_into(state).all(|(step, from)| {
                let new = !std::mem::replace(&mut seen[step], true);
                let target = self.forward.values().get(step.index());
                new && target == Some(&state) && self.forward.row_of(step.index()) == from
            })
        })
    }

    fn gates_hold(&self) -> bool {
        let strictly_ascending = |gates: &[GateId]| gates.is_sorted_by(|a, b| a < b);
        let gates = || (0..self.gate_count()).map(GateId::at);
        // With as many values as there are inputs and outputs, being ascending and right means complete.
        gates().all(|gate| {
            let inputs = self.gate_inputs.row(gate);
            inputs.len() >= 2 && inputs.is_sorted_by(|a, b| a < b)
        }) && gates().is_sorted_by_key(|gate| {
            let StepAttributes {
                kind,
                certainty,
                likelihood,
                tag,
            } = self.attributes(self.gate_step(gate));
            (
                self.gate_inputs.row(gate),
                self.gate_output[gate],
                kind,
                tag,
                likelihood,
                certainty,
            )
        }) && self.states().all(|state| {
            let (by_input, by_output) = (self.gates_from(state), self.gates_into(state));
            strictly_ascending(by_input)
                && strictly_ascending(by_output)
                && by_input
                    .iter()
                    .all(|&gate| self.gate_inputs.row(gate).contains(&state))
                && by_output
                    .iter()
                    .all(|&gate| self.gate_output[gate] == state)
        })
    }
}

/// One step or gate of a graph.
#[derive(Clone, Copy, Debug)]
pub struct Step<'g> {
    graph: &'g AttackGraph,
    id: StepId,
}

impl<'g> Step<'g> {
    pub(super) fn new(graph: &'g AttackGraph, id: StepId) -> Self {
        Self { graph, id }
    }

    /// Its id.
    pub fn id(&self) -> StepId {
        self.id
    }

    /// True if it has several inputs.
    pub fn is_gate(&self) -> bool {
        self.graph.gate_of(self.id).is_some()
    }

    /// The states that must be held, ascending: one for an ordinary step, two or more for a gate.
    ///
    /// # Complexity
    /// O(log n) for an ordinary step, whose origin is looked up in the row offsets; O(1) for a gate.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = StateId> + Clone + use<'g> {
        let (single, several): (_, &[StateId]) = match self.graph.gate_of(self.id) {
            Some(gate) => (None, self.graph.gate_inputs(gate)),
            None => (Some(self.graph.forward.row_of(self.id.index())), &[]),
        };
        Inputs {
            single,
            several: several.iter(),
        }
    }

    /// The state that it gives.
    pub fn to(&self) -> StateId {
        match self.graph.gate_of(self.id) {
            Some(gate) => self.graph.gate_output(gate),
            // The id is below the number of ordinary steps, so there is such a value.
            None => self
                .graph
                .forward
                .values()
                .get(self.id.index())
                .copied()
                .unwrap_or(StateId::at(0)),
        }
    }

    /// What sort of step it is.
    pub fn kind(&self) -> StepKind {
        self.graph.columns.kind[self.id]
    }

    /// How sure it is that the step exists.
    pub fn certainty(&self) -> Certainty {
        self.graph.columns.certainty[self.id]
    }

    /// How likely it succeeds.
    pub fn likelihood(&self) -> Likelihood {
        self.graph.columns.likelihood[self.id]
    }

    /// The caller's own number of the step.
    pub fn tag(&self) -> u32 {
        self.graph.columns.tag[self.id]
    }
}

#[derive(Clone, Debug)]
struct Inputs<'g> {
    single: Option<StateId>,
    several: std::slice::Iter<'g, StateId>,
}

impl Iterator for Inputs<'_> {
    type Item = StateId;

    fn next(&mut self) -> Option<StateId> {
        self.single.take().or_else(|| self.several.next().copied())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let length = usize::from(self.single.is_some()) + self.several.len();
        (length, Some(length))
    }
}

impl ExactSizeIterator for Inputs<'_> {}

/// An array identity of a graph does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "graph identity `{name}` does not hold: this is a defect of the graph module, please report it"
)]
pub struct InvariantError {
    name: &'static str,
}

impl InvariantError {
    /// Name of the identity, as listed at [`AttackGraph`].
    pub fn name(&self) -> &'static str {
        self.name
    }
}
