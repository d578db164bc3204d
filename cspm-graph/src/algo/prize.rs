//! Which prize draws an attacker from each state.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cone::{Cone, LocalGateId, LocalId};
use super::error::check_states;
use super::knuth::{GateTerms, GoOn, Relation, Search};
use super::meter::Meter;
use super::parting::parting_states;
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
/// O(n + e log e) for e steps in the backward cone of the jewels. Where there are gates with two inputs
/// outside A, up to as much again for each state at which the ways to their inputs part, less what bounds
/// show to be useless. At most [`Limits::searches`] of these are done; if that or [`Limits::work`] is not
/// enough, what they would have added is missing and [`Prizes::is_cut`] says so.
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

    let seeds: Vec<Worth> = handicaps
        .iter()
        .filter_map(|&(state, total, jewel)| {
            Some(Worth {
                total,
                jewel,
                at: cone.local(state)?,
            })
        })
        .collect();
    let mut best = walk_back(&weighed, OpenGates::Shut, &seeds, &mut meter)?;
    let mut is_cut = false;
    if cone.gate_count() > 0 {
        is_cut = search_forward(&weighed, &seeds, &mut best, limits.searches, &mut meter)?;
        // What was found at a state counts from all that lead to it. This pass has a budget of its own, as
        // the searches may have spent theirs.
        let found = best.iter().filter_map(|(at, &best)| {
            let (total, jewel) = best?;
            Some(Worth { total, jewel, at })
        });
        let found: Vec<Worth> = found.collect();
        best = walk_back(&weighed, OpenGates::Shut, &found, &mut Meter::new(limits))?;
    }

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

/// The best total of each state, and the jewel.
type Best = Table<LocalId, Option<(u64, u32)>>;

/// Searches forward from the states at which the ways to the inputs of open gates part, and improves `best`
/// there. Says whether a limit cut it.
fn search_forward(
    weighed: &Weighed<'_>,
    seeds: &[Worth],
    best: &mut Best,
    search_limit: usize,
    meter: &mut Meter<'_>,
) -> Result<bool, QueryError> {
    let cone = weighed.cone;
    let mut jewel_at: Best = Table::filled(None, cone.state_count());
    for &Worth { total, jewel, at } in seeds {
        let worth = (total, jewel);
        jewel_at[at] = Some(jewel_at[at].map_or(worth, |other| other.min(worth)));
    }
    // COST: with one input enough for a gate, every way is at least as cheap as it really is. So a way that
    // is at `state` already costs `least_left` more at least, and one that cannot win is not followed.
    let least_left = walk_back(weighed, OpenGates::AnyInput, seeds, meter)?;
    let mut search = Search::new(cone.state_count(), cone.gate_count());
    let mut searches = 0;
    for start in parting_states(cone, meter)? {
        for (to, cost, _) in weighed.hops(start) {
            let worth = best[to].map(|(total, jewel)| (total.saturating_add(cost), jewel));
            best[start] = smaller(best[start], worth);
        }
        if best[start] == least_left[start] {
            continue;
        }
        if searches == search_limit {
            return Ok(true);
        }
        searches += 1;
        let mut found = best[start];
        let outcome = search.run(weighed, &[start], meter, |node, cost| {
            let beyond = |total: u64| found.is_some_and(|(best, _)| total > best);
            let least = least_left[node].map(|(total, _)| total.saturating_add(cost));
            if beyond(cost) {
                return GoOn::Stop;
            }
            if least.is_none_or(beyond) {
                return GoOn::Beside;
            }
            let worth = jewel_at[node].map(|(total, jewel)| (total.saturating_add(cost), jewel));
            found = smaller(found, worth);
            GoOn::From
        });
        match outcome {
            Ok(()) => best[start] = found,
            Err(QueryError::Limit(_)) => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn smaller(a: Option<(u64, u32)>, b: Option<(u64, u32)>) -> Option<(u64, u32)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What a backward walk does at gates with two or more inputs outside the ambient set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenGates {
    /// They lead nowhere: totals are those of ways without them.
    Shut,
    /// Any input is enough, and the others cost nothing: totals are lower bounds.
    AnyInput,
}

/// Settles states from the cheapest seed backwards.
fn walk_back(
    weighed: &Weighed<'_>,
    open_gates: OpenGates,
    seeds: &[Worth],
    meter: &mut Meter<'_>,
) -> Result<Best, QueryError> {
    let cone = weighed.cone;
    let mut best: Best = Table::filled(None, cone.state_count());
    let mut settled: Table<LocalId, bool> = Table::filled(false, cone.state_count());
    let mut heap: BinaryHeap<Reverse<Worth>> = seeds.iter().copied().map(Reverse).collect();
    while let Some(Reverse(Worth { total, jewel, at })) = heap.pop() {
        if std::mem::replace(&mut settled[at], true) {
            continue;
        }
        best[at] = Some((total, jewel));
        let mut work = 1;
        let mut offer = |from: LocalId, cost: u64| {
            work += 1;
            let worth = (total.saturating_add(cost), jewel);
            if !settled[from] && best[from].is_none_or(|best| worth < best) {
                best[from] = Some(worth);
                heap.push(Reverse(Worth {
                    total: worth.0,
                    jewel,
                    at: from,
                }));
            }
        };
        for &(from, cost) in weighed.hops_into.row(at) {
            offer(from, cost);
        }
        if open_gates == OpenGates::AnyInput {
            for &gate in weighed.gates_into.row(at) {
                for &input in cone.gate_inputs.row(gate) {
                    offer(input, weighed.gate_costs[gate]);
                }
            }
        }
        meter.spend(work)?;
    }
    Ok(best)
}

/// A cone with what its hops and gates cost, exposures of ambient inputs included.
struct Weighed<'w> {
    cone: &'w Cone,
    /// Beside the values of `cone.hops`.
    hop_costs: Vec<u64>,
    gate_costs: Table<LocalGateId, u64>,
    hops_into: Rows<LocalId, (LocalId, u64)>,
    gates_into: Rows<LocalId, LocalGateId>,
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
        let hops_into = cone.states.ids().flat_map(|from| {
            let hops = cone.hops.row(from).iter();
            let costs = hop_costs.get(cone.hops.range(from)).unwrap_or_default();
            hops.zip(costs)
                .map(move |(hop, &cost)| (hop.to, (from, cost)))
        });
        let hops_into = Rows::group(cone.state_count(), hops_into, (LocalId::at(0), 0));
        let gates_into = cone
            .gate_output
            .iter()
            .map(|(gate, &output)| (output, gate));
        let gates_into = Rows::group(cone.state_count(), gates_into, LocalGateId::at(0));
        Self {
            cone,
            hop_costs,
            gate_costs: gate_costs.into(),
            hops_into,
            gates_into,
        }
    }

    fn hops(&self, from: LocalId) -> impl Iterator<Item = (LocalId, u64, StepId)> + '_ {
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
