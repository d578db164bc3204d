//! Which single step or state, left out, cuts jewels off.

use super::cone::{Cone, LocalGateId, LocalId};
use super::error::check_states;
use super::meter::Meter;
use super::{Derivations, Jewel, QueryError, most_likely, reach};
use crate::graph::{Id, Limits, StateId, StateSet, StepId, Table, View};

/// Returns every step and every state that some jewels cannot do without.
///
/// A step or state is a choke point of a jewel if the entries reach the jewel, and do not once the step or
/// state is left out. An entry and the jewel itself are choke points too where that holds; leaving out a
/// state leaves it out as an entry as well. Exact with gates. Jewels that are not reached have none.
///
/// # Errors
/// [`QueryError::UnknownState`] if an entry or a jewel is not in the graph; [`QueryError::Limit`],
/// [`QueryError::Cancelled`].
///
/// # Complexity
/// Two passes over the view, then one walk over what the entries reach and what leads to a jewel for each
/// candidate. Candidates are the steps and states of the likeliest derivation of each jewel, so there are at
/// most as many as those derivations have distinct steps and states.
///
/// # Source
/// A choke point lies on every derivation, so on the likeliest. Oracle in [`verify::choke`](super::verify::choke).
pub fn choke(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<ChokePoints, QueryError> {
    check_states(view.graph(), jewels.iter().map(|&(state, _)| state))?;
    let reached = reach(view, entries, limits)?;
    let ways = most_likely(view, entries, limits)?;
    let mut meter = Meter::new(limits);
    let targets = jewels
        .iter()
        .map(|&(state, _)| state)
        .filter(|&state| reached.contains(state));
    let cone = Cone::build(view, targets, |_| false, Some(&reached), &mut meter)?;
    let mut walk = Walk::new(&cone, entries);

    let mut points = ChokePoints {
        steps: Vec::new(),
        states: Vec::new(),
    };
    let candidates = candidates(&cone, &ways, jewels, &mut meter)?;
    for group in candidates.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(without, _)) = group.first() else {
            continue;
        };
        walk.run(without, &mut meter)?;
        let is_cut_off = |&(_, jewel): &(Without, u32)| {
            let (state, value) = *jewels.get(jewel as usize)?;
            let local = cone.local(state)?;
            (!walk.reached[local]).then_some((jewel as usize, value))
        };
        let cut_off: Vec<(usize, u64)> = group.iter().filter_map(is_cut_off).collect();
        if cut_off.is_empty() {
            continue;
        }
        let value = cut_off
            .iter()
            .fold(0_u64, |sum, &(_, value)| sum.saturating_add(value));
        let jewels = cut_off.into_iter().map(|(jewel, _)| jewel).collect();
        match without {
            Without::Step(id) => points.steps.push(ChokePoint { id, jewels, value }),
            Without::State(local) => {
                points.states.push(ChokePoint {
                    id: cone.states[local],
                    jewels,
                    value,
                });
            }
        }
    }
    Ok(points)
}

/// The choke points of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChokePoints {
    steps: Vec<ChokePoint<StepId>>,
    states: Vec<ChokePoint<StateId>>,
}

impl ChokePoints {
    /// Steps and gates that cut jewels off, ascending.
    pub fn steps(&self) -> &[ChokePoint<StepId>] {
        &self.steps
    }

    /// States that cut jewels off, ascending.
    pub fn states(&self) -> &[ChokePoint<StateId>] {
        &self.states
    }

    /// What a step cuts off, if anything.
    pub fn of_step(&self, step: StepId) -> Option<&ChokePoint<StepId>> {
        let place = self
            .steps
            .binary_search_by_key(&step, |point| point.id)
            .ok()?;
        self.steps.get(place)
    }

    /// What a state cuts off, if anything.
    pub fn of_state(&self, state: StateId) -> Option<&ChokePoint<StateId>> {
        let place = self
            .states
            .binary_search_by_key(&state, |point| point.id)
            .ok()?;
        self.states.get(place)
    }
}

/// A step or state that jewels cannot do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChokePoint<I> {
    id: I,
    jewels: Vec<usize>,
    value: u64,
}

impl<I: Id> ChokePoint<I> {
    /// The step or state.
    pub fn id(&self) -> I {
        self.id
    }

    /// The indices of the jewels that it cuts off, ascending; never empty.
    pub fn jewels(&self) -> &[usize] {
        &self.jewels
    }

    /// Sum of their values; stays at the largest `u64` when it is passed.
    pub fn value(&self) -> u64 {
        self.value
    }
}

/// What is left out of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Without {
    Step(StepId),
    State(LocalId),
}

/// Each step and state of the likeliest derivation of each jewel, with the jewel, in order.
fn candidates(
    cone: &Cone,
    ways: &Derivations,
    jewels: &[Jewel],
    meter: &mut Meter<'_>,
) -> Result<Vec<(Without, u32)>, QueryError> {
    let mut candidates = Vec::new();
    for (&(jewel_state, _), jewel) in jewels.iter().zip(0..) {
        let mut open = Vec::new();
        let mut seen = StateSet::new();
        if ways.contains(jewel_state) && seen.insert(jewel_state) {
            open.push(jewel_state);
        }
        while let Some(state) = open.pop() {
            candidates.extend(
                cone.local(state)
                    .map(|local| (Without::State(local), jewel)),
            );
            candidates.extend(
                ways.last_step(state)
                    .map(|step| (Without::Step(step), jewel)),
            );
            let inputs = ways.inputs(state);
            open.extend(inputs.iter().copied().filter(|&input| seen.insert(input)));
            meter.spend(1 + inputs.len())?;
        }
    }
    candidates.sort_unstable();
    Ok(candidates)
}

/// A walk over the cone from the entries, again and again.
struct Walk<'c> {
    cone: &'c Cone,
    entries: Vec<LocalId>,
    reached: Table<LocalId, bool>,
    arrived: Table<LocalGateId, usize>,
    touched: Vec<LocalId>,
}

impl<'c> Walk<'c> {
    fn new(cone: &'c Cone, entries: &[StateId]) -> Self {
        Self {
            cone,
            entries: entries
                .iter()
                .filter_map(|&entry| cone.local(entry))
                .collect(),
            reached: Table::filled(false, cone.state_count()),
            arrived: Table::filled(0, cone.gate_count()),
            touched: Vec::new(),
        }
    }

    /// Reaches what the entries reach without a step or state, leaving the answer in `reached`.
    fn run(&mut self, without: Without, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        for state in self.touched.drain(..) {
            self.reached[state] = false;
            for &gate in self.cone.gates_by_input.row(state) {
                self.arrived[gate] = 0;
            }
        }
        for &entry in &self.entries {
            if Without::State(entry) != without
                && !std::mem::replace(&mut self.reached[entry], true)
            {
                self.touched.push(entry);
            }
        }
        let mut next = 0;
        while let Some(&state) = self.touched.get(next) {
            next += 1;
            let hops = self.cone.hops.row(state);
            let gates = self.cone.gates_by_input.row(state);
            meter.spend(1 + hops.len() + gates.len())?;
            let given = hops.iter().map(|hop| (hop.step, hop.to));
            let fired = gates.iter().filter_map(|&gate| {
                self.arrived[gate] += 1;
                let all = self.arrived[gate] == self.cone.gate_inputs.row(gate).len();
                all.then_some((self.cone.gate_step[gate], self.cone.gate_output[gate]))
            });
            for (step, to) in given.chain(fired) {
                if Without::Step(step) == without || Without::State(to) == without {
                    continue;
                }
                if !std::mem::replace(&mut self.reached[to], true) {
                    self.touched.push(to);
                }
            }
        }
        Ok(())
    }
}
