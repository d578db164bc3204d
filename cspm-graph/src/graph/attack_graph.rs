//! The frozen graph.

use super::id::sealed::Sealed as _;
use super::{
    Certainty, GateId, Id, Likelihood, Rows, StateId, StateSet, StepAttributes, StepId, StepKind,
    Table, View, ViewOptions,
};

/// An immutable graph of states, steps and gates.
///
/// Steps lie in compressed rows in both directions, gates in tables of their own; what a step carries lies in
/// columns beside them. The array identities, which [`Self::validate`] checks:
/// - `rows`: the offsets of each index are ascending, start at 0 and end at the number of its values;
/// - `states`: every state named is below `state_count`, every step below `step_count`;
/// - `columns`: each column has one value for each step and gate, or one for all; without columns there are no
///   steps beside `backward`;
/// - `order`: a forward row is sorted by kind, target, tag, cost and certainty, a backward row by kind and id;
/// - `reverse`: the backward index holds every ordinary step once, at its target, beside its origin;
/// - `gates`: a gate has at least two inputs, ascending and distinct; gates are sorted by inputs, output,
///   kind, tag, cost and certainty; both gate indexes hold every gate where they should, ascending.
#[derive(Clone, Debug)]
pub struct AttackGraph {
    /// Targets of ordinary steps; the position in the values is the step's number.
    pub(super) forward: Rows<StateId, StateId>,
    /// Origins of ordinary steps, by target.
    pub(super) backward: Rows<StateId, StateId>,
    /// The steps themselves, beside the values of `backward`; empty where steps carry nothing, so that the
    /// ends of a step find it.
    pub(super) backward_steps: Vec<StepId>,
    pub(super) gate_inputs: Rows<GateId, StateId>,
    pub(super) gate_output: Table<GateId, StateId>,
    pub(super) gates_by_input: Rows<StateId, GateId>,
    pub(super) gates_by_output: Rows<StateId, GateId>,
    /// States that are inputs of gates; empty where there are none.
    pub(super) at_gates: StateSet,
    pub(super) columns: Columns,
}

/// What steps carry, a column for each attribute.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) kind: Column<StepKind>,
    pub(super) certainty: Column<Certainty>,
    pub(super) likelihood: Column<Likelihood>,
    pub(super) tag: Column<u32>,
}

/// One attribute of all steps. One that is the same everywhere takes no space.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    count: usize,
    same: T,
    each: Vec<T>,
}

impl<T: Copy + PartialEq> Column<T> {
    fn of(count: usize, values: impl Iterator<Item = T> + Clone, default: T) -> Self {
        let same = values.clone().next().unwrap_or(default);
        let differ = values.clone().any(|value| value != same);
        Self {
            count,
            same,
            each: if differ { values.collect() } else { Vec::new() },
        }
    }

    fn byte_count(&self) -> usize {
        size_of_val(self.each.as_slice())
    }

    /// Whether all steps have the same.
    pub(super) fn is_same(&self) -> bool {
        self.each.is_empty()
    }

    fn is_sound(&self, count: usize) -> bool {
        self.count == count && (self.each.is_empty() || self.each.len() == count)
    }
}

impl<T> std::ops::Index<StepId> for Column<T> {
    type Output = T;

    #[inline]
    fn index(&self, step: StepId) -> &T {
        self.each.get(step.index()).unwrap_or(&self.same)
    }
}

impl Columns {
    pub(super) fn of<'a>(steps: impl Iterator<Item = &'a StepAttributes> + Clone) -> Self {
        let count = steps.clone().count();
        let StepAttributes {
            kind,
            certainty,
            likelihood,
            tag,
        } = StepAttributes::default();
        Self {
            kind: Column::of(count, steps.clone().map(|it| it.kind), kind),
            certainty: Column::of(count, steps.clone().map(|it| it.certainty), certainty),
            likelihood: Column::of(count, steps.clone().map(|it| it.likelihood), likelihood),
            tag: Column::of(count, steps.map(|it| it.tag), tag),
        }
    }

    /// Of steps that carry nothing.
    pub(super) fn all_default(count: usize) -> Self {
        fn column<T: Default>(count: usize) -> Column<T> {
            Column {
                count,
                same: T::default(),
                each: Vec::new(),
            }
        }
        Self {
            kind: column(count),
            certainty: column(count),
            likelihood: column(count),
            tag: column(count),
        }
    }

    /// Whether no step differs from another in what it carries.
    pub(super) fn are_plain(&self) -> bool {
        self.kind.is_same()
            && self.certainty.is_same()
            && self.likelihood.is_same()
            && self.tag.is_same()
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

    /// Bytes that the tables of the graph take.
    pub fn byte_count(&self) -> usize {
        let columns = &self.columns;
        self.forward.byte_count()
            + self.backward.byte_count()
            + size_of_val(self.backward_steps.as_slice())
            + self.gate_inputs.byte_count()
            + size_of_val(self.gate_output.values())
            + self.gates_by_input.byte_count()
            + self.gates_by_output.byte_count()
            + self.at_gates.byte_count()
            + columns.kind.byte_count()
            + columns.certainty.byte_count()
            + columns.likelihood.byte_count()
            + columns.tag.byte_count()
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
        let gates = known.into_iter().flat_map(|state| self.gates_from(state));
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
            .flat_map(|state| self.ordinary_into(state))
            .map(|(step, _)| step);
        let gates = known.into_iter().flat_map(|state| self.gates_into(state));
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

    /// Whether a known state is an input of a gate.
    #[inline]
    pub(crate) fn is_gate_input(&self, state: StateId) -> bool {
        self.at_gates.contains(state)
    }

    /// The ordinary step at this place of the forward row of a known state.
    #[inline]
    pub(crate) fn step_from(&self, state: StateId, place: usize) -> StepId {
        StepId::at(self.forward.range(state).start + place)
    }

    /// The ordinary step at this place of the backward row of a known state.
    #[inline]
    pub(crate) fn step_into(&self, state: StateId, place: usize) -> StepId {
        let range = self.backward.range(state);
        match self.backward_steps.get(range.start + place) {
            Some(&step) => step,
            None => self.step_between(self.backward.row(state)[place], state, place),
        }
    }

    /// Ordinary steps into a known state, with their origins.
    #[inline]
    pub(crate) fn ordinary_into(
        &self,
        state: StateId,
    ) -> impl Iterator<Item = (StepId, StateId)> + '_ {
        let origins = self.backward.row(state).iter().enumerate();
        origins.map(move |(place, &origin)| (self.step_into(state, place), origin))
    }

    /// The step from `origin` to `state` that stands at this place of the backward row of `state`, found by
    /// its ends. Of parallel steps, which stand side by side in both rows, each is one.
    fn step_between(&self, origin: StateId, state: StateId, place: usize) -> StepId {
        let (forward, backward) = (self.forward.row(origin), self.backward.row(state));
        let first = forward.partition_point(|to| *to < state);
        let parallel = place - backward.partition_point(|from| *from < origin);
        StepId::at(self.forward.range(origin).start + first + parallel)
    }

    #[inline]
    pub(crate) fn gates_from(&self, state: StateId) -> &[GateId] {
        if self.gate_count() == 0 {
            return &[];
        }
        self.gates_by_input.row(state)
    }

    #[inline]
    pub(crate) fn gates_into(&self, state: StateId) -> &[GateId] {
        if self.gate_count() == 0 {
            return &[];
        }
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

    #[cfg(feature = "petgraph")]
    pub(super) fn likelihood_of(&self, step: StepId) -> &Likelihood {
        &self.columns.likelihood[step]
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
            && (self.gate_count() == 0
                || self.gates_by_input.is_sound(states) && self.gates_by_output.is_sound(states))
            && self.backward.values().len() == self.ordinary_count()
            && (self.backward_steps.is_empty()
                || self.backward_steps.len() == self.ordinary_count())
            && self.gates_by_input.values().len() == self.gate_inputs.values().len()
            && self.gates_by_output.values().len() == self.gate_count()
    }

    fn states_hold(&self) -> bool {
        let outputs = self.gate_output.values();
        let states = [self.forward.values(), self.backward.values(), outputs];
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
                .backward_steps
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
        let (columns, count) = (&self.columns, self.step_count());
        columns.kind.is_sound(count)
            && columns.certainty.is_sound(count)
            && columns.likelihood.is_sound(count)
            && columns.tag.is_sound(count)
            && (columns.are_plain()
                || !self.backward_steps.is_empty()
                || count == self.gate_count())
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
            let backward = self.ordinary_into(state);
            forward && backward.is_sorted_by_key(|(step, _)| (self.columns.kind[step], step))
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
        }) && self
            .states()
            .all(|state| self.is_gate_input(state) != self.gates_from(state).is_empty())
            && self.states().all(|state| {
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
