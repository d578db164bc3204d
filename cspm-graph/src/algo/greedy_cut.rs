//! Which few fixes to make first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::iter;

use super::choke::choke_points;
use super::cut_part::Cost;
use super::cut_search::Effort;
use super::error::check_states;
use super::meter::Meter;
use super::min_cut::Cutter;
use super::{Jewel, QueryError, frontier};
use crate::graph::{Limits, StateId, StateSet, StepId, View};

/// Returns up to `budget` steps, each chosen for the value that it cuts off given those before it.
///
/// `cost` says what it costs to cut a step, or `None` if it cannot be cut. In each round:
/// - the step is chosen that alone cuts jewels of the largest value off; of several the cheaper one, then the
///   lower id;
/// - if no step alone cuts any value off, since each jewel is reached in several ways, one jewel is cut off by
///   a set as [`min_cut`](super::min_cut) finds it (with gates between, the first that it finds). Of the sets
///   that fit what is left of the budget it is the one of the lowest cost for the value of its jewel, then the
///   one of fewer steps, then of the lower state. Its steps are taken in ascending order, and together;
/// - if no set fits, no more is chosen.
///
/// # Errors
/// [`QueryError::UnknownState`] if an entry or a jewel is not in the graph; [`QueryError::Limit`],
/// [`QueryError::Cancelled`].
///
/// # Complexity
/// One [`choke`](super::choke) for each round, and where no step alone cuts anything off a [`min_cut`](super::min_cut) for
/// each jewel that is left, over the part that leads to this jewel.
///
/// # Source
/// The greedy rule for covers of the largest value (Nemhauser, Wolsey and Fisher 1978). Their bound does not
/// hold here: two steps together can cut off what neither does alone.
pub fn greedy_cut(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    budget: usize,
    cost: impl Fn(StepId) -> Option<u32>,
    limits: &Limits,
) -> Result<GreedyCut, QueryError> {
    check_states(view.graph(), entries.iter().copied())?;
    check_states(view.graph(), jewels.iter().map(|&(state, _)| state))?;
    let mut meter = Meter::new(limits);
    let none = StateSet::new();
    let at_first = frontier::reach(view, entries, &none, &mut meter)?;
    let mut left = view.clone();
    let (mut picks, mut round_ends) = (Vec::new(), Vec::new());
    loop {
        let mut cutter = Cutter::new(&left, entries, &cost, &mut meter)?;
        meter.spend(jewels.len())?;
        let room = budget - picks.len();
        let mut steps = Vec::new();
        if room > 0 {
            steps.extend(the_step_of_most_value(
                &left, entries, jewels, &cost, &mut meter,
            )?);
        }
        if room > 0 && steps.is_empty() {
            let values = values(jewels, cutter.reached());
            steps = the_cheapest_for_its_value(&mut cutter, &values, room, &mut meter)?;
        }
        if steps.is_empty() {
            let value_left = value(jewels, |state| cutter.reached().contains(state));
            return Ok(GreedyCut {
                picks,
                round_ends,
                value_left,
            });
        }
        for step in steps {
            left = left.without(&[step]);
            let reached = frontier::reach(&left, entries, &none, &mut meter)?;
            let is_cut_off = |state| at_first.contains(state) && !reached.contains(state);
            let value = value(jewels, is_cut_off);
            picks.push(Pick { step, value });
        }
        round_ends.push(picks.len());
    }
}

/// Steps chosen one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct GreedyCut {
    picks: Vec<Pick>,
    round_ends: Vec<usize>,
    value_left: u64,
}

impl GreedyCut {
    /// The steps in the order in which they were chosen.
    pub fn picks(&self) -> &[Pick] {
        &self.picks
    }

    /// The steps of each round: one, or a set that cuts a jewel off only together.
    pub fn rounds(&self) -> impl Iterator<Item = &[Pick]> {
        let begins = iter::once(0).chain(self.round_ends.iter().copied());
        let rounds = self.round_ends.iter().zip(begins);
        rounds.map(|(&end, begin)| &self.picks[begin..end])
    }

    /// Value of the jewels that are reached without all of them; stays at the largest `u64` when it is passed.
    pub fn value_left(&self) -> u64 {
        self.value_left
    }
}

/// A step that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    step: StepId,
    value: u64,
}

impl Pick {
    /// The step or gate to cut.
    pub fn step(&self) -> StepId {
        self.step
    }

    /// Value of the jewels that are cut off by this step and those chosen before it, together.
    pub fn value(&self) -> u64 {
        self.value
    }
}

/// The step that alone cuts the largest value off, if any does.
fn the_step_of_most_value(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    cost: Cost<'_>,
    meter: &mut Meter<'_>,
) -> Result<Option<StepId>, QueryError> {
    let points = choke_points(view, entries, jewels, meter)?;
    let worth = points.steps().filter(|point| point.value() > 0);
    let may_be_cut = worth.filter_map(|point| Some((point.value(), cost(point.id())?, point.id())));
    let best = may_be_cut.max_by_key(|&(value, cost, step)| (value, Reverse(cost), Reverse(step)));
    Ok(best.map(|(_, _, step)| step))
}

/// The steps that cut off one of the states, at the lowest cost for its value; none if no such set fits.
fn the_cheapest_for_its_value(
    cutter: &mut Cutter<'_>,
    values: &BTreeMap<StateId, u64>,
    room: usize,
    meter: &mut Meter<'_>,
) -> Result<Vec<StepId>, QueryError> {
    let effort = Effort {
        branches: 0,
        work: 0,
    };
    let mut best: Option<(u64, u64, Vec<StepId>)> = None;
    for (&state, &value) in values {
        if !cutter.can_cut_off(state) {
            continue;
        }
        let (steps, cut) = cutter.cut(vec![state], effort, meter)?;
        let is_better = best.as_ref().is_none_or(|(least, worth, chosen)| {
            // Cost for value, as fractions; no product of two `u64` is too large.
            let (new, old) = (product(cut.cost, *worth), product(*least, value));
            (new, steps.len()) < (old, chosen.len())
        });
        if steps.len() <= room && is_better {
            best = Some((cut.cost, value, steps));
        }
    }
    Ok(best.map_or_else(Vec::new, |(_, _, steps)| steps))
}

fn product(one: u64, other: u64) -> u128 {
    u128::from(one) * u128::from(other)
}

/// Sum of the values of the jewels at some states; stays at the largest `u64` when it is passed.
fn value(jewels: &[Jewel], counts: impl Fn(StateId) -> bool) -> u64 {
    let counted = jewels.iter().filter(|&&(state, _)| counts(state));
    counted.fold(0, |sum, &(_, value)| sum.saturating_add(value))
}

/// Values above 0 of the states that are reached, where several jewels may be one state.
fn values(jewels: &[Jewel], reached: &StateSet) -> BTreeMap<StateId, u64> {
    let mut values = BTreeMap::new();
    for &(state, value) in jewels.iter().filter(|&&(_, value)| value > 0) {
        if reached.contains(state) {
            let sum: &mut u64 = values.entry(state).or_default();
            *sum = sum.saturating_add(value);
        }
    }
    values
}
