//! From steps in any order to a frozen graph.

use std::ops::Range;

use rayon::prelude::*;

use super::attack_graph::Columns;
use super::id::sealed::Sealed as _;
use super::partition::{self, Pairs, group_pairs};
use super::{
    AttackGraph, GateId, LimitError, Limits, Rows, StateId, StepAttributes, StepId, Table,
};

/// Collects the steps of a graph.
///
/// Adding cannot fail; [`Self::build`] checks everything at once. Parallel steps and self loops are kept. An
/// input that a gate names twice counts once, and a gate with one distinct input is an ordinary step.
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    state_count: usize,
    steps: Vec<OrdinaryStep>,
    gates: Vec<GateRecord>,
    /// Inputs of all gates, one gate after the other.
    inputs: Vec<StateId>,
}

#[derive(Clone, Copy, Debug)]
struct OrdinaryStep {
    from: StateId,
    to: StateId,
    attributes: StepAttributes,
}

#[derive(Clone, Copy, Debug)]
struct GateRecord {
    inputs_start: usize,
    inputs_end: usize,
    output: StateId,
    attributes: StepAttributes,
}

impl GraphBuilder {
    /// A graph of `state_count` states, numbered from zero, and no step yet.
    pub fn new(state_count: usize) -> Self {
        Self {
            state_count,
            steps: Vec::new(),
            gates: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// Adds a step: whoever holds `from` can get `to`.
    pub fn add_step(&mut self, from: StateId, to: StateId, attributes: StepAttributes) {
        self.steps.push(OrdinaryStep {
            from,
            to,
            attributes,
        });
    }

    /// Adds a gate: whoever holds all of `inputs` can get `output`.
    pub fn add_gate(&mut self, inputs: &[StateId], output: StateId, attributes: StepAttributes) {
        let inputs_start = self.inputs.len();
        self.inputs.extend_from_slice(inputs);
        self.inputs
            .get_mut(inputs_start..)
            .unwrap_or_default()
            .sort_unstable();
        let mut last = None;
        let mut kept = inputs_start;
        for place in inputs_start..self.inputs.len() {
            let Some(&input) = self.inputs.get(place) else {
                break;
            };
            if last.replace(input) != Some(input) {
                self.inputs.swap(kept, place);
                kept += 1;
            }
        }
        self.inputs.truncate(kept);
        if let (Some(&from), true) = (self.inputs.last(), kept == inputs_start + 1) {
            self.inputs.truncate(inputs_start);
            self.add_step(from, output, attributes);
        } else {
            self.gates.push(GateRecord {
                inputs_start,
                inputs_end: kept,
                output,
                attributes,
            });
        }
    }

    /// Number of states.
    pub fn state_count(&self) -> usize {
        self.state_count
    }

    /// Number of steps and gates added so far.
    pub fn step_count(&self) -> usize {
        self.steps.len() + self.gates.len()
    }

    /// Freezes the graph.
    ///
    /// # Errors
    /// [`BuildError::Limit`] if the graph is larger than `limits` allow, [`BuildError::StepOutOfRange`] if a
    /// step names a state that there is not, [`BuildError::GateWithoutInputs`] if a gate has none.
    ///
    /// # Complexity
    /// O(n + m log d) time for m steps and rows of at most d steps, on all threads of the current rayon pool; twice
    /// the size of the graph in space. The result does not depend on the number of threads.
    pub fn build(self, limits: &Limits) -> Result<AttackGraph, BuildError> {
        self.check(0, limits)?;
        let Self {
            state_count,
            steps,
            mut gates,
            inputs,
        } = self;
        sort_gates(&mut gates, &inputs);
        let (offsets, steps) = by_origin(state_count, &steps).into_parts();
        let carried = steps.iter().map(|step| &step.attributes);
        let columns = Columns::of(carried.chain(gates.iter().map(|gate| &gate.attributes)));
        let targets = steps.par_iter().map(|step| step.to).collect();
        let forward = Rows::from_parts(offsets, targets);
        let mut by_target: Rows<StateId, StepId> = group_pairs(
            state_count,
            steps.len(),
            &Mapped(&steps, |number, it: &OrdinaryStep| (it.to.get(), number)),
        );
        // Grouped in order of their ids, so that one kind has nothing to sort.
        if !columns.kind.is_same() {
            by_target.sort_rows_by_key(|&step| (columns.kind[step], step));
        }
        let origins = by_target.values().par_iter();
        let origins = origins.map(|step| steps[step.index()].from).collect();
        let (offsets, backward_steps) = by_target.into_parts();
        let backward = Rows::from_parts(offsets, origins);
        let backward_steps = if columns.are_plain() {
            Vec::new()
        } else {
            backward_steps
        };
        drop(steps);
        Ok(frozen(
            forward,
            backward,
            backward_steps,
            columns,
            &gates,
            &inputs,
        ))
    }

    /// Freezes the graph with further steps that carry nothing, given by their ends, origin first.
    ///
    /// For graphs that come as plain arrays: nothing is stored for a step but its ends, and rows are made by
    /// parallel partitioning.
    ///
    /// # Errors
    /// As [`Self::build`].
    ///
    /// # Complexity
    /// O(n + m) time where no other step was added, on all threads of the current rayon pool; 8 bytes a
    /// step of space beside the 8 of the result. The result does not depend on the number of threads.
    pub fn build_with_pairs(
        mut self,
        pairs: &[(u32, u32)],
        limits: &Limits,
    ) -> Result<AttackGraph, BuildError> {
        self.check(pairs.len(), limits)?;
        let default = StepAttributes::default();
        let carries = |gate: &GateRecord| gate.attributes != default;
        if !self.steps.is_empty() || self.gates.iter().any(carries) {
            check_pairs(pairs, self.state_count)?;
            let plain = pairs.iter().map(|&(from, to)| OrdinaryStep {
                from: StateId::at(from as usize),
                to: StateId::at(to as usize),
                attributes: default,
            });
            self.steps.extend(plain);
            return self.build(limits);
        }
        let Self {
            state_count,
            mut gates,
            inputs,
            ..
        } = self;
        sort_gates(&mut gates, &inputs);
        let Some((forward, backward)) = partition::group_both_ways(state_count, pairs) else {
            return Err(unknown_state(pairs, state_count).into());
        };
        let columns = Columns::all_default(pairs.len() + gates.len());
        Ok(frozen(
            forward,
            backward,
            Vec::new(),
            columns,
            &gates,
            &inputs,
        ))
    }

    fn check(&self, more_steps: usize, limits: &Limits) -> Result<(), BuildError> {
        let bounds = [
            ("states", limits.states, Limits::STATES, self.state_count),
            (
                "steps",
                limits.steps,
                Limits::STEPS,
                self.step_count() + more_steps,
            ),
            (
                "gate_inputs",
                limits.gate_inputs,
                Limits::GATE_INPUTS,
                self.inputs.len(),
            ),
        ];
        for (name, limit, possible, observed) in bounds {
            let limit = limit.min(possible);
            if observed > limit {
                return Err(LimitError::new(name, limit as u64, observed as u64).into());
            }
        }
        let check_state = |state: StateId, tag: u32| {
            if state.index() < self.state_count {
                return Ok(());
            }
            Err(StepOutOfRangeError {
                state,
                state_count: self.state_count,
                tag,
            })
        };
        for step in &self.steps {
            check_state(step.from, step.attributes.tag)?;
            check_state(step.to, step.attributes.tag)?;
        }
        for gate in &self.gates {
            let tag = gate.attributes.tag;
            check_state(gate.output, tag)?;
            if gate.inputs_start == gate.inputs_end {
                return Err(GateWithoutInputsError { tag }.into());
            }
            for &input in self
                .inputs
                .get(gate.inputs_start..gate.inputs_end)
                .unwrap_or_default()
            {
                check_state(input, tag)?;
            }
        }
        Ok(())
    }
}

/// Checks that pairs name states that there are.
fn check_pairs(pairs: &[(u32, u32)], state_count: usize) -> Result<(), BuildError> {
    let largest = pairs.par_iter().map(|&(from, to)| from.max(to)).max();
    match largest {
        Some(largest) if largest as usize >= state_count => {
            Err(unknown_state(pairs, state_count).into())
        }
        _ => Ok(()),
    }
}

/// The error of pairs of which one names a state that there is not: the first that does.
fn unknown_state(pairs: &[(u32, u32)], state_count: usize) -> StepOutOfRangeError {
    let mut numbers = pairs.iter().flat_map(|&(from, to)| [from, to]);
    let number = numbers.find(|&number| number as usize >= state_count);
    StepOutOfRangeError {
        state: StateId::at(number.unwrap_or_default() as usize),
        state_count,
        tag: 0,
    }
}

fn inputs_of<'i>(gate: &GateRecord, inputs: &'i [StateId]) -> &'i [StateId] {
    inputs
        .get(gate.inputs_start..gate.inputs_end)
        .unwrap_or_default()
}

/// Sorts gates by inputs, output, kind, tag, cost and certainty.
fn sort_gates(gates: &mut [GateRecord], inputs: &[StateId]) {
    let attributes_rank = |step: &StepAttributes| (step.tag, step.likelihood, step.certainty);
    let rank = |gate: &GateRecord| {
        let attributes = &gate.attributes;
        (gate.output, attributes.kind, attributes_rank(attributes))
    };
    gates.sort_unstable_by(|a, b| {
        inputs_of(a, inputs)
            .cmp(inputs_of(b, inputs))
            .then_with(|| rank(a).cmp(&rank(b)))
    });
}

/// The graph of these rows and sorted gates.
fn frozen(
    forward: Rows<StateId, StateId>,
    backward: Rows<StateId, StateId>,
    backward_steps: Vec<StepId>,
    columns: Columns,
    gates: &[GateRecord],
    inputs: &[StateId],
) -> AttackGraph {
    let state_count = forward.row_count();
    let numbered = || {
        gates
            .iter()
            .enumerate()
            .map(|(index, gate)| (GateId::at(index), gate))
    };
    let pairs =
        numbered().flat_map(|(id, gate)| inputs_of(gate, inputs).iter().map(move |&i| (id, i)));
    let gate_inputs = Rows::group(gates.len(), pairs.clone(), StateId::at(0));
    let (by_input, by_output) = if gates.is_empty() {
        (Rows::none(), Rows::none())
    } else {
        let outputs = numbered().map(|(id, gate)| (gate.output, id));
        (
            Rows::group(state_count, pairs.map(|(id, i)| (i, id)), GateId::at(0)),
            Rows::group(state_count, outputs, GateId::at(0)),
        )
    };
    let gate_output: Table<GateId, StateId> = gates
        .iter()
        .map(|gate| gate.output)
        .collect::<Vec<_>>()
        .into();

    AttackGraph {
        forward,
        backward,
        backward_steps,
        gate_inputs,
        gate_output,
        gates_by_input: by_input,
        gates_by_output: by_output,
        at_gates: gates
            .iter()
            .flat_map(|gate| inputs_of(gate, inputs))
            .copied()
            .collect(),
        columns,
    }
}

/// Steps by origin; in a row by kind, target, tag, cost and certainty.
///
/// COST: places are grouped and steps fetched once, so that they are sorted where they lie; rows are short.
fn by_origin(state_count: usize, steps: &[OrdinaryStep]) -> Rows<StateId, OrdinaryStep> {
    let places = Mapped(steps, |place, step: &OrdinaryStep| (step.from.get(), place));
    let order: Rows<StateId, StepId> = group_pairs(state_count, steps.len(), &places);
    let (offsets, places) = order.into_parts();
    let steps = places.par_iter().map(|place| steps[place.index()]);
    let mut rows: Rows<StateId, OrdinaryStep> = Rows::from_parts(offsets, steps.collect());
    rows.sort_rows_by_key(|step| {
        let OrdinaryStep { to, attributes, .. } = step;
        let StepAttributes {
            kind,
            certainty,
            likelihood,
            tag,
        } = *attributes;
        (kind, *to, tag, likelihood, certainty)
    });
    rows
}

/// A list, of which each element stands for a pair of numbers.
struct Mapped<'l, T, F>(&'l [T], F);

impl<T: Sync, F: Fn(u32, &T) -> (u32, u32) + Sync> Pairs for Mapped<'_, T, F> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn part(&self, positions: Range<usize>, mut each: impl FnMut(u32, u32)) {
        let elements = &self.0[positions.clone()];
        for (at, element) in positions.zip(elements) {
            let (id, value) = self.1(StepId::at(at).get(), element);
            each(id, value);
        }
    }
}

/// Why a graph was not built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The graph is larger than the limits allow.
    #[error("graph not built: {0}")]
    Limit(#[from] LimitError),
    /// A step names a state beyond the count of states.
    #[error("graph not built: {0}")]
    StepOutOfRange(#[from] StepOutOfRangeError),
    /// A gate has no input; it would give its output to everybody.
    #[error("graph not built: {0}")]
    GateWithoutInputs(#[from] GateWithoutInputsError),
}

/// A step names a state that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step with tag {tag} names state {state}, but there are only {state_count} states")]
pub struct StepOutOfRangeError {
    state: StateId,
    state_count: usize,
    tag: u32,
}

impl StepOutOfRangeError {
    /// The state that is not there.
    pub fn state(&self) -> StateId {
        self.state
    }

    /// Number of states of the graph.
    pub fn state_count(&self) -> usize {
        self.state_count
    }

    /// Tag of the step.
    pub fn tag(&self) -> u32 {
        self.tag
    }
}

/// A gate without inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gate with tag {tag} has no input: give it one, or make its output an entry")]
pub struct GateWithoutInputsError {
    tag: u32,
}

impl GateWithoutInputsError {
    /// Tag of the gate.
    pub fn tag(&self) -> u32 {
        self.tag
    }
}
