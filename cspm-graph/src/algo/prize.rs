//! Which prize draws an attacker from each state.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cone::{Cone, LocalGateId, LocalId};
use super::error::check_states;
use super::jewel_sets::opening_states;
use super::knuth::{GateTerms, Relation, Search};
use super::meter::Meter;
use super::{Derivations, Jewel, QueryError};
use crate::graph::sealed::Sealed as _;
use crate::graph::{AttackGraph, Likelihood, Limits, Rows, StateId, StepId, Table, View};

/// Returns for every state the jewel that is worth most from there: the largest likelihood times value.
///
/// `ambient` are the derivations of the states that the entries reach, which is the ambient set A; its costs
/// are the exposures. A way from a state is a sequence of steps, weighed by its likelihood. A gate on the way
/// with all or all but one of its inputs in A counts with the exposures of those that the way does not come
/// through. A gate with two or more inputs outside A counts only from states that reach all of them: there
/// the inputs' costs from that state add up, and those in A count with their exposure. The search that adds
/// them up starts anew in each such state, and of all starts on the way the best counts, so that what the
/// inputs share before it counts once.
///
/// Jewels of value 0 are no prize. Values are compared by their logarithm, in the units of [`Likelihood`];
/// ties go to the smaller jewel index.
///
/// # Errors
/// [`QueryError::UnknownState`] if a jewel is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + e log e) for e steps in the backward cone of the jewels, and as much again for each state that
/// reaches all inputs of an open gate and has a choice of steps. There are at most [`Limits::searches`] of
/// those; if that or [`Limits::work`] is not enough, what they would have added is missing and
/// [`Prizes::is_cut`] says so.
///
/// # Source
/// Dijkstra on the reverse of the cone, from all jewels at once. Oracle in [`verify::prizes`](super::verify::prizes).
pub fn prize(
    view: &View<'_>,
    ambient: &Derivations,
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<Prizes, QueryError> {
    let graph = view.graph();
    check_states(graph, jewels.iter().map(|&(state, _)| state))?;
    let mut meter = Meter::new(limits);
    let largest = jewels.iter().map(|&(_, value)| value).max().unwrap_or(0);
    // What the value of a jewel lacks to the largest, as a cost: so values and likelihoods weigh alike.
    let handicaps: Vec<(StateId, u64, u32)> = jewels
        .iter()
        .zip(0..)
        .filter(|((_, value), _)| *value > 0)
        .map(|(&(state, value), jewel)| (state, log_ratio(largest, value), jewel))
        .collect();
    let targets = handicaps.iter().map(|&(state, ..)| state);
    let held = |state: StateId| ambient.contains(state);
    let cone = Cone::build(view, targets, held, None, &mut meter)?;
    let weighed = Weighed::new(graph, &cone, ambient);

    let mut seeds: Vec<Worth> = Vec::new();
    for &(state, handicap, jewel) in &handicaps {
        if let Some(at) = cone.local(state) {
            seeds.push(Worth {
                total: handicap,
                jewel,
                at,
            });
        }
    }
    let mut is_cut = false;
    if cone.gate_count() > 0 {
        // From a state with one step onwards the ways to all inputs begin with that step, and the search can
        // as well start behind it.
        let has_choice = |state: LocalId| {
            cone.hops.row(state).len() >= 2 || !cone.gates_by_input.row(state).is_empty()
        };
        let opening = opening_states(&cone, &mut meter)?;
        let starts: Vec<LocalId> = opening
            .into_iter()
            .filter(|&state| has_choice(state))
            .collect();
        let jewel_at = best_by_state(&cone, &seeds);
        let (found, cut) =
            search_forward(&weighed, &starts, &jewel_at, limits.searches, &mut meter)?;
        seeds.extend(found);
        is_cut = cut;
    }
    // The backward pass has a budget of its own, as the searches may have spent theirs.
    let mut meter = Meter::new(limits);
    let best = walk_back(&weighed, seeds, &mut meter)?;

    let mut prizes = Prizes {
        best: Table::filled(None, graph.state_count()),
        is_cut,
    };
    for (local, &state) in cone.states.iter() {
        let Some((total, jewel)) = best[local] else {
            continue;
        };
        let Some(&(_, value)) = jewels.get(jewel as usize) else {
            continue;
        };
        let cost = total.saturating_sub(log_ratio(largest, value));
        prizes.best[state] = Some(Prize { jewel, value, cost });
    }
    Ok(prizes)
}

/// The best prize of each state.
#[derive(Clone, Debug)]
pub struct Prizes {
    best: Table<StateId, Option<Prize>>,
    is_cut: bool,
}

impl Prizes {
    /// The best prize from a state; none if no jewel of value is reached.
    pub fn best(&self, state: StateId) -> Option<Prize> {
        self.best.get(state).copied().flatten()
    }

    /// True if a limit was reached: then prizes may be missing or too small where a gate has two or more
    /// inputs outside the ambient set.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }
}

/// A jewel and the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prize {
    jewel: u32,
    value: u64,
    cost: u64,
}

impl Prize {
    /// Index of the jewel.
    pub fn jewel(&self) -> usize {
        self.jewel as usize
    }

    /// Value of the jewel.
    pub fn value(&self) -> u64 {
        self.value
    }

    /// Cost of the way to it, in the units of [`Likelihood`].
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Likelihood of the way to it times its value.
    pub fn expected_value(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "for display: 53 bits of a value are plenty"
        )]
        let value = self.value as f64;
        Likelihood::probability_of(self.cost) * value
    }
}

/// A jewel at a place, with what the way to it and its smaller value cost together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    total: u64,
    jewel: u32,
    at: LocalId,
}

/// `ln(large / small)` in cost units, rounded.
pub(super) fn log_ratio(large: u64, small: u64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "INVARIANT: a logarithm of a u64 is below 45, so the product is a small positive number"
    )]
    let units = (((large as f64).ln() - (small as f64).ln()) * f64::from(Likelihood::UNITS_PER_NAT))
        .round()
        .max(0.0) as u64;
    units
}

/// The cheapest seed of each state.
fn best_by_state(cone: &Cone, seeds: &[Worth]) -> Table<LocalId, Option<(u64, u32)>> {
    let mut best: Table<LocalId, Option<(u64, u32)>> = Table::filled(None, cone.state_count());
    for seed in seeds {
        let worth = (seed.total, seed.jewel);
        best[seed.at] = Some(best[seed.at].map_or(worth, |other| other.min(worth)));
    }
    best
}

/// Searches forward from each start; the cheapest jewel found there becomes a seed. Says whether it was cut.
fn search_forward(
    weighed: &Weighed<'_>,
    starts: &[LocalId],
    jewel_at: &Table<LocalId, Option<(u64, u32)>>,
    search_limit: usize,
    meter: &mut Meter<'_>,
) -> Result<(Vec<Worth>, bool), QueryError> {
    let mut search = Search::new(weighed.cone.state_count(), weighed.cone.gate_count());
    let mut found = Vec::new();
    for &start in starts.iter().take(search_limit) {
        let mut best: Option<Worth> = None;
        let outcome = search.run(weighed, &[start], meter, |node, cost| {
            if best.is_some_and(|best| cost > best.total) {
                return true;
            }
            if let Some((handicap, jewel)) = jewel_at[node] {
                let worth = Worth {
                    total: cost.saturating_add(handicap),
                    jewel,
                    at: start,
                };
                best = Some(best.map_or(worth, |best| best.min(worth)));
            }
            false
        });
        match outcome {
            Ok(()) => found.extend(best),
            Err(QueryError::Limit(_)) => return Ok((found, true)),
            Err(error) => return Err(error),
        }
    }
    Ok((found, starts.len() > search_limit))
}

/// Settles states from the cheapest seed backwards.
fn walk_back(
    weighed: &Weighed<'_>,
    seeds: Vec<Worth>,
    meter: &mut Meter<'_>,
) -> Result<Table<LocalId, Option<(u64, u32)>>, QueryError> {
    let cone = weighed.cone;
    let filler = (LocalId::at(0), 0);
    let pairs = cone.states.ids().flat_map(|from| {
        weighed
            .hops(from)
            .map(move |(to, weight, _)| (to, (from, weight)))
    });
    let into: Rows<LocalId, (LocalId, u64)> = Rows::group(cone.state_count(), pairs, filler);
    let mut best: Table<LocalId, Option<(u64, u32)>> = Table::filled(None, cone.state_count());
    let mut settled: Table<LocalId, bool> = Table::filled(false, cone.state_count());
    let mut heap: BinaryHeap<Reverse<Worth>> = seeds.into_iter().map(Reverse).collect();
    while let Some(Reverse(Worth { total, jewel, at })) = heap.pop() {
        if std::mem::replace(&mut settled[at], true) {
            continue;
        }
        best[at] = Some((total, jewel));
        let row = into.row(at);
        for &(from, weight) in row {
            let worth = (total.saturating_add(weight), jewel);
            if !settled[from] && best[from].is_none_or(|best| worth < best) {
                best[from] = Some(worth);
                heap.push(Reverse(Worth {
                    total: worth.0,
                    jewel,
                    at: from,
                }));
            }
        }
        meter.spend(1 + row.len())?;
    }
    Ok(best)
}

/// A cone with what its hops and gates cost, exposures of ambient inputs included.
struct Weighed<'w> {
    cone: &'w Cone,
    /// Beside the values of `cone.hops`.
    hop_costs: Vec<u64>,
    gate_costs: Table<LocalGateId, u64>,
}

impl<'w> Weighed<'w> {
    fn new(graph: &AttackGraph, cone: &'w Cone, ambient: &Derivations) -> Self {
        let exposures = |step: StepId, but: Option<StateId>| {
            let inputs = graph.step(step).into_iter().flat_map(|step| step.inputs());
            let others = inputs.filter(|&input| Some(input) != but);
            let exposures = others.filter_map(|input| ambient.cost(input));
            exposures.fold(graph.cost(step), u64::saturating_add)
        };
        let mut hop_costs = Vec::with_capacity(cone.hops.values().len());
        for (from, &state) in cone.states.iter() {
            for hop in cone.hops.row(from) {
                // Of an ordinary step the only input is the state itself.
                let is_gate = graph.gate_of(hop.step).is_some();
                let gate_cost = || exposures(hop.step, Some(state));
                hop_costs.push(if is_gate {
                    gate_cost()
                } else {
                    graph.cost(hop.step)
                });
            }
        }
        let gate_steps = cone.gate_step.values().iter();
        let gate_costs: Vec<u64> = gate_steps.map(|&step| exposures(step, None)).collect();
        Self {
            cone,
            hop_costs,
            gate_costs: gate_costs.into(),
        }
    }

    fn hops(&self, from: LocalId) -> impl Iterator<Item = (LocalId, u64, StepId)> + Clone + '_ {
        let costs = self
            .hop_costs
            .get(self.cone.hops.range(from))
            .unwrap_or_default();
        self.cone
            .hops
            .row(from)
            .iter()
            .zip(costs)
            .map(|(hop, &cost)| (hop.to, cost, hop.step))
    }
}

impl Relation for Weighed<'_> {
    type Node = LocalId;
    type Gate = LocalGateId;

    fn for_each_hop(&self, from: LocalId, mut visit: impl FnMut(LocalId, u64, StepId)) {
        for (to, cost, step) in self.hops(from) {
            visit(to, cost, step);
        }
    }

    fn for_each_gate(&self, from: LocalId, visit: impl FnMut(LocalGateId)) {
        self.cone
            .gates_by_input
            .row(from)
            .iter()
            .copied()
            .for_each(visit);
    }

    fn gate(&self, gate: LocalGateId) -> GateTerms<LocalId> {
        GateTerms {
            inputs: self.cone.gate_inputs.row(gate).len(),
            cost: self.gate_costs[gate],
            output: self.cone.gate_output[gate],
            step: self.cone.gate_step[gate],
        }
    }
}
