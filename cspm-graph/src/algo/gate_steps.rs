//! Which gates of a view are steps once the ambient states are held.

use super::QueryError;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{GateId, Rows, StateId, StateSet, View};

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
#[derive(Debug)]
struct Inputs {
    /// COST: most states are no output; a bit says so where the place of a row would have to be waited for.
    outputs: StateSet,
    rows: Rows<StateId, StateId>,
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
            steps: Inputs::new(&steps, graph.state_count()),
            open_inputs: Inputs::new(&open_inputs, graph.state_count()),
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
        self.steps
            .outputs
            .contains(output)
            .then(|| self.steps.rows.bounds(output))
    }

    /// The inputs between these places.
    #[inline]
    pub(super) fn at(&self, begin: u32, end: u32) -> &[StateId] {
        &self.steps.rows.values()[begin as usize..end as usize]
    }

    /// Open inputs of the gates to `output` that are no steps.
    #[inline]
    pub(super) fn open_before(&self, output: StateId) -> &[StateId] {
        self.open_inputs.before(output)
    }
}

impl Inputs {
    fn new(pairs: &[(StateId, StateId)], state_count: usize) -> Self {
        let rows = if pairs.is_empty() {
            Rows::none()
        } else {
            Rows::group(state_count, pairs.iter().copied(), StateId::at(0))
        };
        Self {
            outputs: pairs.iter().map(|&(output, _)| output).collect(),
            rows,
        }
    }

    #[inline]
    fn before(&self, output: StateId) -> &[StateId] {
        if self.outputs.contains(output) {
            self.rows.row(output)
        } else {
            &[]
        }
    }
}
