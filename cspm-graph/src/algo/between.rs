//! The part of a view that lies between the entries and some targets, with dense ids of its own.

use super::QueryError;
use super::bits::{ones, put};
use super::cone::{LocalGateId, LocalId};
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{GateId, Rows, StateId, StateSet, Table, View};

/// The reached states that lead to a target, the ordinary steps and the gates between them.
///
/// Leaner than a [`Cone`](super::cone::Cone), which answers questions with ambient states and keeps the id of
/// each step: here a step is the pair of its ends, and parallel steps are as many pairs. A gate is here if all
/// its inputs are reached.
#[derive(Debug)]
pub(super) struct Between {
    /// Local ids are in the order of the state ids.
    pub(super) states: Table<LocalId, StateId>,
    members: RankedSet,
    /// Origins of the ordinary steps into a state, in the order of the view.
    pub(super) into: Rows<LocalId, LocalId>,
    /// Targets of the ordinary steps from a state.
    pub(super) from: Rows<LocalId, LocalId>,
    pub(super) gates: Table<LocalGateId, GateId>,
    pub(super) gate_inputs: Rows<LocalGateId, LocalId>,
    pub(super) gate_output: Table<LocalGateId, LocalId>,
    pub(super) gates_by_input: Rows<LocalId, LocalGateId>,
    pub(super) gates_by_output: Rows<LocalId, LocalGateId>,
}

impl Between {
    /// What of `reached` leads to one of `targets`.
    ///
    /// # Complexity
    /// O(n / 64 + steps into the part).
    pub(super) fn build(
        view: &View<'_>,
        reached: &StateSet,
        targets: impl IntoIterator<Item = StateId>,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let (graph, backward) = (view.graph(), view.backward());
        let mut members = RankedSet::new(graph.state_count());
        let mut open: Vec<StateId> = Vec::new();
        let mut gates: Vec<GateId> = Vec::new();
        for target in targets {
            if reached.contains(target) && members.insert(target) {
                open.push(target);
            }
        }
        let mut step_count = 0;
        let mut touched = 0;
        while let Some(state) = open.pop() {
            let mut meet = |from: StateId| {
                let is_inside = reached.contains(from);
                if is_inside && members.insert(from) {
                    // COST: asks for the row without waiting for it, so that many are on their way at a time.
                    touched ^= backward.row(from).first().map_or(0, |it| it.index());
                    open.push(from);
                }
                is_inside
            };
            let mut work = 1;
            for &from in backward.row(state) {
                work += 1;
                step_count += usize::from(meet(from));
            }
            for gate in view.gates_into(state) {
                let inputs = graph.gate_inputs(gate);
                work += inputs.len();
                if inputs.iter().all(|&input| reached.contains(input)) {
                    gates.push(gate);
                    for &input in inputs {
                        meet(input);
                    }
                }
            }
            meter.spend(work)?;
        }
        std::hint::black_box(touched);
        gates.sort_unstable();
        let count = members.count();

        let mut states: Table<LocalId, StateId> = Table::with_capacity(count);
        let mut offsets = Vec::with_capacity(count + 1);
        let mut origins: Vec<LocalId> = Vec::with_capacity(step_count);
        offsets.push(0);
        for state in members.iter() {
            states.push(state);
            origins.extend(
                backward
                    .row(state)
                    .iter()
                    .filter_map(|&from| members.rank(from)),
            );
            // Each step is in one row, and a graph has fewer steps than `u32` counts.
            offsets.push(u32::try_from(origins.len()).unwrap_or(u32::MAX));
            meter.spend(1)?;
        }
        let into = Rows::from_parts(offsets, origins);
        let pairs = states.ids().flat_map(|to| {
            let origins: &[LocalId] = into.row(to);
            origins.iter().map(move |&from| (from, to))
        });
        let from = Rows::group(count, pairs, LocalId::at(0));

        let inputs = gates.iter().enumerate().flat_map(|(index, &gate)| {
            let inputs = graph.gate_inputs(gate).iter();
            let known = inputs.filter_map(|&input| members.rank(input));
            known.map(move |input| (LocalGateId::at(index), input))
        });
        let outputs: Vec<LocalId> = gates
            .iter()
            .filter_map(|&gate| members.rank(graph.gate_output(gate)))
            .collect();
        let by_output = outputs.iter().enumerate();
        let by_output = by_output.map(|(index, &output)| (output, LocalGateId::at(index)));
        let by_input = inputs.clone().map(|(gate, input)| (input, gate));
        Ok(Self {
            gate_inputs: Rows::group(gates.len(), inputs, LocalId::at(0)),
            gates_by_input: Rows::group(count, by_input, LocalGateId::at(0)),
            gates_by_output: Rows::group(count, by_output, LocalGateId::at(0)),
            gate_output: outputs.into(),
            gates: gates.into(),
            states,
            members,
            into,
            from,
        })
    }

    pub(super) fn state_count(&self) -> usize {
        self.states.len()
    }

    pub(super) fn gate_count(&self) -> usize {
        self.gates.len()
    }

    /// The local id of a state, if it is in the part.
    pub(super) fn local(&self, state: StateId) -> Option<LocalId> {
        self.members.rank(state)
    }
}

/// A set of states that knows the rank of each of them.
///
/// COST: a bit for each state of the graph and half a bit beside it stay near the processor, where a table of
/// ids would not.
#[derive(Debug)]
struct RankedSet {
    words: Vec<u64>,
    /// Number of states before each word, once they are counted.
    before: Vec<u32>,
}

impl RankedSet {
    fn new(state_count: usize) -> Self {
        Self {
            words: vec![0; state_count.div_ceil(64)],
            before: Vec::new(),
        }
    }

    #[inline]
    fn insert(&mut self, state: StateId) -> bool {
        put(&mut self.words, state.index())
    }

    /// Counts; returns the number of states.
    fn count(&mut self) -> usize {
        let mut count = 0;
        self.before.reserve(self.words.len());
        for word in &self.words {
            self.before.push(count);
            count += word.count_ones();
        }
        count as usize
    }

    #[inline]
    fn rank(&self, state: StateId) -> Option<LocalId> {
        let word = *self.words.get(state.index() / 64)?;
        let bit = 1 << (state.index() % 64);
        let below = (word & (bit - 1)).count_ones();
        (word & bit != 0).then(|| LocalId::at((self.before[state.index() / 64] + below) as usize))
    }

    fn iter(&self) -> impl Iterator<Item = StateId> + '_ {
        let words = self.words.iter().enumerate();
        words.flat_map(|(at, &word)| ones(word).map(move |bit| StateId::at(at * 64 + bit)))
    }
}
