//! The part of a view that leads to some targets, with dense ids of its own.

use super::QueryError;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{GateId, LimitError, Rows, StateId, StateSet, StepId, Table, View, define_id};

define_id! {
    /// A state of a cone; local ids are in the order of the state ids.
    pub(super) struct LocalId
}

define_id! {
    /// A gate of a cone that needs two or more of its states at once.
    pub(super) struct LocalGateId
}

/// A step from one state of a cone to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    pub(super) to: LocalId,
    pub(super) step: StepId,
}

/// The states from which targets can be reached, and the steps and gates between them.
///
/// Inputs of a gate that are ambient are held anyway. So a gate with one open input is a hop from that, and
/// a gate with none is a hop from each input: one of them at least must be the attacker's own. Only gates
/// with two open inputs or more are gates of the cone, and they need the open ones.
#[derive(Debug)]
pub(super) struct Cone {
    pub(super) states: Table<LocalId, StateId>,
    local: Table<StateId, Option<LocalId>>,
    pub(super) hops: Rows<LocalId, Hop>,
    pub(super) gate_inputs: Rows<LocalGateId, LocalId>,
    pub(super) gate_output: Table<LocalGateId, LocalId>,
    pub(super) gate_step: Table<LocalGateId, StepId>,
    pub(super) gates_by_input: Rows<LocalId, LocalGateId>,
}

/// What a gate needs once the ambient states are held.
enum Need {
    Any(Vec<StateId>),
    All(Vec<StateId>),
    Impossible,
}

impl Cone {
    /// The cone of `targets`; with `within`, only states of that set, and gates whose inputs are all in it.
    ///
    /// # Complexity
    /// O(n + steps into the cone).
    pub(super) fn build(
        view: &View<'_>,
        targets: impl IntoIterator<Item = StateId>,
        ambient: impl Fn(StateId) -> bool,
        within: Option<&StateSet>,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let graph = view.graph();
        let allowed = |state: StateId| within.is_none_or(|within| within.contains(state));
        let need = |gate: GateId| {
            let inputs = graph.gate_inputs(gate);
            if !inputs.iter().all(|&input| allowed(input)) {
                return Need::Impossible;
            }
            let open: Vec<StateId> = inputs.iter().copied().filter(|&i| !ambient(i)).collect();
            match open.len() {
                0 => Need::Any(inputs.to_vec()),
                1 => Need::Any(open),
                _ => Need::All(open),
            }
        };

        let mut members = StateSet::with_capacity(graph.state_count());
        let mut frontier = Vec::new();
        let mut add = |state: StateId, frontier: &mut Vec<StateId>| {
            if allowed(state) && members.insert(state) {
                frontier.push(state);
            }
        };
        for target in targets {
            add(target, &mut frontier);
        }
        let mut gates: Vec<(GateId, Vec<StateId>)> = Vec::new();
        let mut gate_hops: Vec<(StateId, StateId, StepId)> = Vec::new();
        let mut hop_count = 0;
        while let Some(state) = frontier.pop() {
            let mut work = 1;
            for (_, from) in view.ordinary_into(state) {
                work += 1;
                hop_count += usize::from(allowed(from));
                add(from, &mut frontier);
            }
            for gate in view.gates_into(state) {
                work += graph.gate_inputs(gate).len();
                let inputs = match need(gate) {
                    Need::Impossible => continue,
                    Need::Any(inputs) => {
                        let step = graph.gate_step(gate);
                        gate_hops.extend(inputs.iter().map(|&input| (input, state, step)));
                        inputs
                    }
                    Need::All(inputs) => {
                        gates.push((gate, inputs.clone()));
                        inputs
                    }
                };
                for input in inputs {
                    add(input, &mut frontier);
                }
            }
            meter.spend(work)?;
        }
        hop_count += gate_hops.len();
        if u32::try_from(hop_count).is_err() {
            // Rows are counted in `u32`; only a graph at the very limit of ids comes here.
            return Err(LimitError::new("steps", u64::from(u32::MAX), hop_count as u64).into());
        }

        let mut states: Table<LocalId, StateId> = Table::with_capacity(members.len());
        let mut local: Table<StateId, Option<LocalId>> = Table::filled(None, graph.state_count());
        for state in &members {
            local[state] = Some(LocalId::at(states.len()));
            states.push(state);
        }
        let mut pairs: Vec<(LocalId, Hop)> = Vec::with_capacity(hop_count);
        for (to, &state) in states.iter() {
            let into = view.ordinary_into(state);
            pairs.extend(into.filter_map(|(step, from)| Some((local[from]?, Hop { to, step }))));
        }
        pairs.extend(gate_hops.into_iter().filter_map(|(from, to, step)| {
            Some((
                local[from]?,
                Hop {
                    to: local[to]?,
                    step,
                },
            ))
        }));
        let filler = Hop {
            to: LocalId::at(0),
            step: StepId::at(0),
        };
        let hops = Rows::group(states.len(), pairs.iter().copied(), filler);
        drop(pairs);

        gates.sort_unstable_by_key(|&(gate, _)| gate);
        let inputs = gates.iter().enumerate().flat_map(|(index, (_, inputs))| {
            let local = &local;
            let known = inputs.iter().filter_map(move |&input| local[input]);
            known.map(move |input| (LocalGateId::at(index), input))
        });
        let gate_inputs = Rows::group(gates.len(), inputs.clone(), LocalId::at(0));
        let by_input = inputs.map(|(gate, input)| (input, gate));
        let gates_by_input = Rows::group(states.len(), by_input, LocalGateId::at(0));
        let outputs: Vec<LocalId> = gates
            .iter()
            .filter_map(|&(gate, _)| local[graph.gate_output(gate)])
            .collect();
        let gate_steps: Vec<StepId> = gates
            .iter()
            .map(|&(gate, _)| graph.gate_step(gate))
            .collect();
        Ok(Self {
            states,
            local,
            hops,
            gate_inputs,
            gate_output: outputs.into(),
            gate_step: gate_steps.into(),
            gates_by_input,
        })
    }

    pub(super) fn state_count(&self) -> usize {
        self.states.len()
    }

    pub(super) fn gate_count(&self) -> usize {
        self.gate_output.len()
    }

    /// The local id of a state, if it is in the cone.
    #[inline]
    pub(super) fn local(&self, state: StateId) -> Option<LocalId> {
        self.local.get(state).copied().flatten()
    }
}
