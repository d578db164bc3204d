//! Which gates of a view are steps once the ambient states are held.

use super::QueryError;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{GateId, StateId, StateSet, View};

/// The gates of a view, by how many of their inputs are open: outside the ambient.
///
/// With one open input a gate is a step from that; with none a step from each input, since one of them at least
/// must be the attacker's own. With more it stays a gate.
#[derive(Debug)]
pub(super) struct GateSteps {
    /// Gates with two open inputs or more.
    pub(super) open: Vec<GateId>,
    /// Inputs of gates that are steps, by output.
    steps: Inputs,
    /// Open inputs of the others, by output.
    open_inputs: Inputs,
}

/// Inputs of some gates, by output.
///
/// COST: most states are no output, and a bit says so; the others are looked up in a list as long as there are inputs,
/// where rows for all states would be made for each question.
#[derive(Debug)]
struct Inputs {
    is_output: StateSet,
    /// Ascending, each beside an input.
    outputs: Vec<StateId>,
    values: Vec<StateId>,
}

impl GateSteps {
    pub(super) fn new(
        view: &View<'_>,
        ambient: &StateSet,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let graph = view.graph();
        let (mut steps, mut open_inputs, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for gate in (0..graph.gate_count()).map(GateId::at) {
            if !view.admits(graph.gate_step(gate)) {
                continue;
            }
            let (inputs, output) = (graph.gate_inputs(gate), graph.gate_output(gate));
            meter.spend(inputs.len())?;
            let inputs = || inputs.iter().copied();
            let open = || inputs().filter(|&input| !ambient.contains(input));
            match open().take(2).count() {
                0 => steps.extend(inputs().map(|input| (output, input))),
                1 => steps.extend(open().map(|input| (output, input))),
                _ => {
                    others.push(gate);
                    open_inputs.extend(open().map(|input| (output, input)));
                }
            }
        }
        Ok(Self {
            open: others,
            steps: Inputs::new(steps),
            open_inputs: Inputs::new(open_inputs),
        })
    }

    /// Inputs of the gates that are steps to `output`.
    #[inline]
    pub(super) fn before(&self, output: StateId) -> &[StateId] {
        self.steps.before(output)
    }

    /// Where the inputs of the gates that are steps to `output` begin and end, if there are any.
    #[inline]
    pub(super) fn range(&self, output: StateId) -> Option<(u32, u32)> {
        self.steps.range(output)
    }

    /// The inputs between these places.
    #[inline]
    pub(super) fn at(&self, begin: u32, end: u32) -> &[StateId] {
        &self.steps.values[begin as usize..end as usize]
    }

    /// Open inputs of the gates to `output` that are no steps.
    #[inline]
    pub(super) fn open_before(&self, output: StateId) -> &[StateId] {
        self.open_inputs.before(output)
    }
}

impl Inputs {
    fn new(mut pairs: Vec<(StateId, StateId)>) -> Self {
        pairs.sort_unstable();
        let (outputs, values): (Vec<StateId>, Vec<StateId>) = pairs.into_iter().unzip();
        Self {
            is_output: outputs.iter().copied().collect(),
            outputs,
            values,
        }
    }

    #[inline]
    fn range(&self, output: StateId) -> Option<(u32, u32)> {
        self.is_output.contains(output).then(|| {
            let begin = self.outputs.partition_point(|&other| other < output);
            let length = self.outputs[begin..].partition_point(|&other| other == output);
            (position(begin), position(begin + length))
        })
    }

    #[inline]
    fn before(&self, output: StateId) -> &[StateId] {
        match self.range(output) {
            Some((begin, end)) => &self.values[begin as usize..end as usize],
            None => &[],
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: ids in range: places of inputs of gates are `u32` in the graph as well"
)]
fn position(at: usize) -> u32 {
    at as u32
}
