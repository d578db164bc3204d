//! Checks choke points by leaving out what they name, and what they might have named.

use std::collections::{BTreeMap, BTreeSet};

use super::verify::{VerifyError, ensure, sweep};
use super::{ChokePoint, ChokePoints, Jewel};
use crate::graph::{Id, StateId, StateSet, Step, StepId, View};

/// Checks that each choke point cuts off what it says and that none is missing, by sweeping the view without it.
///
/// A choke point of a jewel lies on every derivation of it. So besides the points that are named, the steps and
/// states of one derivation of each jewel are left out, one at a time.
///
/// # Errors
/// The first jewel that a choke point names wrongly or leaves out.
///
/// # Complexity
/// A sweep of [`reach_with`](super::verify::reach_with) for each choke point and each step and state of those
/// derivations.
pub fn choke(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    points: &ChokePoints,
) -> Result<(), VerifyError> {
    let none = StateSet::new();
    let before = sweep(view, entries, &none);
    let (mut steps, mut states) = on_derivations(view, entries, jewels);
    steps.extend(points.steps().map(|point| point.id()));
    states.extend(points.states().map(|point| point.id()));

    for step in steps {
        let after = sweep(&view.without(&[step]), entries, &none);
        agrees(points.of_step(step).as_ref(), jewels, &before, &after)?;
    }
    for state in states {
        let around = view.steps_from(state).chain(view.steps_into(state));
        let around: Vec<StepId> = around.map(|step| step.id()).collect();
        let others = entries.iter().copied().filter(|&entry| entry != state);
        let others: Vec<StateId> = others.collect();
        let after = sweep(&view.without(&around), &others, &none);
        agrees(points.of_state(state).as_ref(), jewels, &before, &after)?;
    }
    Ok(())
}

/// Compares what is said of a step or state with what is reached before and after it is left out.
fn agrees<I: Id>(
    point: Option<&ChokePoint<'_, I>>,
    jewels: &[Jewel],
    before: &StateSet,
    after: &StateSet,
) -> Result<(), VerifyError> {
    let claimed = point.map(ChokePoint::jewels).unwrap_or_default();
    let mut sum = 0_u64;
    for (jewel, &(state, value)) in jewels.iter().enumerate() {
        let is_cut_off = before.contains(state) && !after.contains(state);
        ensure(
            is_cut_off == claimed.contains(&jewel),
            "a choke point cuts off the jewels it names, and what does is one",
            state,
        )?;
        sum = sum.saturating_add(if is_cut_off { value } else { 0 });
    }
    if let (Some(point), Some(&(state, _))) = (point, jewels.last()) {
        ensure(
            sum == point.value() && claimed.len() == point.jewel_count() && !claimed.is_empty(),
            "jewels that are cut off are counted and their values summed",
            state,
        )?;
    }
    Ok(())
}

/// The steps and states of one derivation of each jewel that is reached.
fn on_derivations(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
) -> (BTreeSet<StepId>, BTreeSet<StateId>) {
    // A state is put down after the inputs of the step that gave it first.
    let mut first: BTreeMap<StateId, Option<Step<'_>>> = BTreeMap::new();
    first.extend(entries.iter().map(|&entry| (entry, None)));
    let mut count = 0;
    while count < first.len() {
        count = first.len();
        for step in view.steps() {
            if step.inputs().all(|input| first.contains_key(&input)) {
                first.entry(step.to()).or_insert(Some(step));
            }
        }
    }
    let (mut steps, mut states) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<StateId> = jewels.iter().map(|&(state, _)| state).collect();
    while let Some(state) = open.pop() {
        let Some(step) = first.get(&state) else {
            continue;
        };
        if states.insert(state)
            && let Some(step) = step
        {
            steps.insert(step.id());
            open.extend(step.inputs());
        }
    }
    (steps, states)
}
