//! Checks of sets of steps that cut jewels off, as in [`verify`](super::verify).

use super::verify::{VerifyError, ensure, sweep};
use super::{GreedyCut, Jewel, MinCut};
use crate::graph::sealed::Sealed as _;
use crate::graph::{StateId, StateSet, Step, StepId, View};

/// Checks that the set cuts all jewels off but those that nothing cuts off, that its cost is the sum over its
/// steps, that none of them could be left in, and that the lower bound is not above it.
///
/// That no cheaper set cuts is not checked: it would take all sets of steps.
///
/// # Errors
/// The first jewel that is still reached or named wrongly, or the target of a step that is not needed.
///
/// # Complexity
/// A sweep of [`reach_with`](super::verify::reach_with) for each step of the set.
pub fn min_cut(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[StateId],
    cost: impl Fn(StepId) -> Option<u32>,
    cut: &MinCut,
) -> Result<(), VerifyError> {
    let none = StateSet::new();
    let somewhere = jewels.first().copied().unwrap_or(StateId::at(0));
    let all: Vec<StepId> = view.steps().map(|step| step.id()).collect();
    let can_be_cut: Vec<StepId> = all.into_iter().filter(|&it| cost(it).is_some()).collect();
    let held = sweep(&view.without(&can_be_cut), entries, &none);
    let after = sweep(&view.without(cut.steps()), entries, &none);
    for (jewel, &state) in jewels.iter().enumerate() {
        let is_named = cut.uncuttable().contains(&jewel);
        let agrees = held.contains(state) == is_named;
        ensure(agrees, "jewels that nothing cuts off are named", state)?;
        let agrees = after.contains(state) == is_named;
        ensure(agrees, "all other jewels are cut off", state)?;
    }
    let is_sorted = cut.steps().is_sorted_by(|one, other| one < other);
    ensure(is_sorted, "steps are ascending", somewhere)?;
    let mut sum = 0_u64;
    for (place, &step) in cut.steps().iter().enumerate() {
        let target = view.graph().step(step).filter(|it| view.contains(it.id()));
        let target = target.map_or(somewhere, |it| it.to());
        let cost = cost(step).filter(|_| view.contains(step));
        ensure(cost.is_some(), "each step can be cut", target)?;
        sum += u64::from(cost.unwrap_or(0));
        let mut others = cut.steps().to_vec();
        others.remove(place);
        let reached = sweep(&view.without(&others), entries, &none);
        let is_reached = |state: &StateId| reached.contains(*state) && !held.contains(*state);
        let is_needed = jewels.iter().any(is_reached);
        ensure(is_needed, "no step could be left in", target)?;
    }
    ensure(
        sum == cut.cost(),
        "the cost is the sum over the steps",
        somewhere,
    )?;
    let is_below = cut.lower_bound() <= cut.cost();
    ensure(is_below, "the bound is not above the cost", somewhere)
}

/// Checks what the steps cut off so far, each in its turn, and what is left.
///
/// That each was the best choice is not checked.
///
/// # Errors
/// The target of the first step whose value is wrong.
///
/// # Complexity
/// A sweep of [`reach_with`](super::verify::reach_with) for each step.
pub fn greedy_cut(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    cost: impl Fn(StepId) -> Option<u32>,
    cut: &GreedyCut,
) -> Result<(), VerifyError> {
    let none = StateSet::new();
    let sum = |counts: &dyn Fn(StateId) -> bool| {
        let counted = jewels.iter().filter(|&&(state, _)| counts(state));
        counted.fold(0_u64, |sum, &(_, value)| sum.saturating_add(value))
    };
    let before = sweep(view, entries, &none);
    let mut left = view.clone();
    let mut after = before.clone();
    for pick in cut.picks() {
        let step = left.steps().find(|step| step.id() == pick.step());
        let target = step.as_ref().map_or(StateId::at(0), Step::to);
        let can_be_cut = step.is_some() && cost(pick.step()).is_some();
        ensure(can_be_cut, "each step can be cut, once", target)?;
        left = left.without(&[pick.step()]);
        after = sweep(&left, entries, &none);
        let value = sum(&|state| before.contains(state) && !after.contains(state));
        ensure(
            value == pick.value(),
            "values that are cut off are summed",
            target,
        )?;
    }
    let somewhere = jewels.first().map_or(StateId::at(0), |&(state, _)| state);
    let is_left = sum(&|state| after.contains(state)) == cut.value_left();
    ensure(is_left, "values that are left are summed", somewhere)
}
