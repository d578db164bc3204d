//! Which single step or state, left out, cuts jewels off.

use super::cone::{Cone, LocalGateId, LocalId};
use super::error::check_states;
use super::meter::Meter;
use super::most_likely::derive;
use super::{Derivations, Jewel, QueryError};
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
/// One search over the view as for [`most_likely`](super::most_likely), then for each candidate one walk over
/// what the entries reach and what leads to a jewel. Candidates are the distinct steps and states of the
/// likeliest derivations of the jewels.
///
/// # Source
/// A choke point lies on every derivation, so on the likeliest. Oracle in [`verify::choke`](super::verify::choke).
pub fn choke(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<ChokePoints, QueryError> {
    check_states(view.graph(), entries.iter().copied())?;
    check_states(view.graph(), jewels.iter().map(|&(state, _)| state))?;
    let mut meter = Meter::new(limits);
    let ways = derive(view, entries, &mut meter)?;
    let reached: StateSet = view
        .graph()
        .states()
        .filter(|&state| ways.contains(state))
        .collect();
    let targets = jewels
        .iter()
        .map(|&(state, _)| state)
        .filter(|&state| reached.contains(state));
    let cone = Cone::build(view, targets.clone(), |_| false, Some(&reached), &mut meter)?;
    let mut walk = Walk::new(&cone, entries);

    let mut points = ChokePoints {
        steps: Vec::new(),
        states: Vec::new(),
    };
    for without in candidates(&cone, &ways, targets) {
        walk.run(without, &mut meter)?;
        meter.spend(jewels.len())?;
        let is_cut_off = |state: StateId| cone.local(state).is_some_and(|at| !walk.reached[at]);
        let numbered = jewels.iter().enumerate();
        let cut_off = numbered.filter(|(_, (state, _))| is_cut_off(*state));
        let value = cut_off
            .clone()
            .fold(0_u64, |sum, (_, (_, value))| sum.saturating_add(*value));
        let jewels: Vec<usize> = cut_off.map(|(jewel, _)| jewel).collect();
        match without {
            _ if jewels.is_empty() => {}
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

/// The steps and states of the likeliest derivations of all targets, each once, in order.
fn candidates(
    cone: &Cone,
    ways: &Derivations,
    targets: impl Iterator<Item = StateId>,
) -> Vec<Without> {
    let mut seen = StateSet::new();
    let mut open: Vec<StateId> = targets.filter(|&target| seen.insert(target)).collect();
    let mut candidates = Vec::new();
    while let Some(state) = open.pop() {
        candidates.extend(cone.local(state).map(Without::State));
        candidates.extend(ways.last_step(state).map(Without::Step));
        let inputs = ways.inputs(state).iter().copied();
        open.extend(inputs.filter(|&input| seen.insert(input)));
    }
    candidates.sort_unstable();
    candidates
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
