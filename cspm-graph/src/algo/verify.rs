//! Checks answers by other means than those that found them.
//!
//! Each check walks all steps of the view again and compares the answer with what defines it. They are slow
//! on purpose, plain enough to be read, and meant for tests, fuzzing and a look before a measurement.

use std::collections::HashSet;

pub use super::verify_blast::blast_sizes;
pub use super::verify_choke::choke;
pub use super::verify_cuts::{greedy_cut, min_cut};
use super::{Derivation, Derivations, Jewel, JewelSets, Prizes};
use crate::graph::{StateId, StateSet, Step, View};

/// An answer does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("answer does not hold: {claim}: state {state}")]
pub struct VerifyError {
    claim: &'static str,
    state: StateId,
}

impl VerifyError {
    /// What should hold.
    pub fn claim(&self) -> &'static str {
        self.claim
    }

    /// A state at which it does not.
    pub fn state(&self) -> StateId {
        self.state
    }
}

pub(super) fn ensure(holds: bool, claim: &'static str, state: StateId) -> Result<(), VerifyError> {
    if holds {
        Ok(())
    } else {
        Err(VerifyError { claim, state })
    }
}

/// Checks that `reached` is R(`source`), as [`reach_with`](super::reach_with) defines it.
///
/// # Errors
/// The first state that is in one and not in the other.
///
/// # Complexity
/// O(m) for each sweep over all steps, and at most n sweeps.
pub fn reach_with(
    view: &View<'_>,
    source: &[StateId],
    ambient: &StateSet,
    reached: &StateSet,
) -> Result<(), VerifyError> {
    same(
        reached,
        &sweep(view, source, ambient),
        "the set is the least one",
    )
}

/// Checks that `free` is what [`free`](super::free) defines.
///
/// # Errors
/// The first state that is in one and not in the other.
///
/// # Complexity
/// O(m) for each sweep over all steps, and at most n sweeps.
pub fn free(
    view: &View<'_>,
    entries: &[StateId],
    passes: &StateSet,
    free: &StateSet,
) -> Result<(), VerifyError> {
    let expected = sweep_if(view, entries, |step, held| {
        let mut inputs = step.inputs();
        inputs.all(|i| held.contains(i) && (passes.contains(i) || entries.contains(&i)))
    });
    same(free, &expected, "the free set is the least one")
}

/// Checks that a state reaches a jewel if its successor does, and that the sets of `samples` are exact.
///
/// # Errors
/// The first state whose set is wrong.
///
/// # Complexity
/// O(m × jewels), and a sweep of [`reach_with`] for each sample.
pub fn jewel_sets(
    view: &View<'_>,
    ambient: &StateSet,
    jewels: &[Jewel],
    sets: &JewelSets,
    samples: &[StateId],
) -> Result<(), VerifyError> {
    for step in view.steps() {
        let inputs: Vec<StateId> = step.inputs().collect();
        for &input in &inputs {
            let others_held = inputs
                .iter()
                .all(|&other| other == input || ambient.contains(other));
            if !others_held || sets.same_set(input, step.to()) {
                continue;
            }
            let held: HashSet<usize> = sets.members(input).collect();
            let passed_on = sets.members(step.to()).all(|jewel| held.contains(&jewel));
            ensure(
                passed_on,
                "a state reaches what its successor reaches",
                input,
            )?;
        }
    }
    for &sample in samples {
        let reached = sweep(view, &[sample], ambient);
        let numbered = jewels.iter().enumerate();
        let expected: Vec<(usize, u64)> = numbered
            .filter(|(_, (state, _))| reached.contains(*state))
            .map(|(jewel, &(_, value))| (jewel, value))
            .collect();
        let value = expected
            .iter()
            .fold(0_u64, |sum, &(_, value)| sum.saturating_add(value));
        ensure(
            sets.count(sample) == expected.len(),
            "jewels are counted",
            sample,
        )?;
        ensure(sets.value(sample) == value, "values are summed", sample)?;
        let members = expected.into_iter().map(|(jewel, _)| jewel);
        ensure(
            sets.members(sample).eq(members),
            "members are the jewels reached",
            sample,
        )?;
    }
    Ok(())
}

/// Checks that tree costs are possible, and that no step offers a smaller one.
///
/// # Errors
/// The first state whose cost is wrong.
///
/// # Complexity
/// O(m) and one derivation for each state: up to O(n²) in all.
pub fn derivations(
    view: &View<'_>,
    entries: &[StateId],
    ways: &Derivations,
) -> Result<(), VerifyError> {
    let tree_cost = |step: &Step<'_>| {
        let costs = step.inputs().map(|input| ways.cost(input));
        let sum = costs.reduce(|sum, cost| Some(sum?.saturating_add(cost?)))??;
        Some(sum.saturating_add(u64::from(step.likelihood().cost())))
    };
    for &entry in entries {
        let held = ways.cost(entry) == Some(0) && ways.last_step(entry).is_none();
        ensure(held, "an entry costs nothing", entry)?;
    }
    for step in view.steps() {
        if let Some(offer) = tree_cost(&step) {
            let no_better = ways.cost(step.to()).is_some_and(|cost| cost <= offer);
            ensure(no_better, "no step offers a smaller cost", step.to())?;
        }
    }
    for state in view.graph().states() {
        if let Some(last) = ways.last_step(state) {
            let step = view.steps_into(state).find(|step| step.id() == last);
            let offer = step.as_ref().and_then(tree_cost);
            ensure(
                offer.is_some() && offer == ways.cost(state),
                "the last step costs that",
                state,
            )?;
        } else {
            let is_entry = entries.contains(&state);
            ensure(
                ways.contains(state) == is_entry,
                "only entries have no last step",
                state,
            )?;
        }
        if let Some(found) = ways.derivation(state) {
            derivation(view, entries, state, &found)?;
        }
    }
    Ok(())
}

/// Checks that a derivation gives `target`, each step once and in order, with none to spare.
///
/// # Errors
/// A state that is needed and not held, or given and not needed.
///
/// # Complexity
/// O(k) for k inputs of its steps.
pub fn derivation(
    view: &View<'_>,
    entries: &[StateId],
    target: StateId,
    found: &Derivation,
) -> Result<(), VerifyError> {
    let mut held: HashSet<StateId> = entries.iter().copied().collect();
    let mut needed = HashSet::from([target]);
    let mut cost = 0_u64;
    for &id in found.steps() {
        let Some(step) = view
            .graph()
            .step(id)
            .filter(|step| view.contains(step.id()))
        else {
            return ensure(false, "the steps are part of the view", target);
        };
        for input in step.inputs() {
            ensure(
                held.contains(&input),
                "inputs are held before they are used",
                input,
            )?;
            needed.insert(input);
        }
        ensure(
            held.insert(step.to()),
            "a state is given once, and an entry never",
            step.to(),
        )?;
        cost = cost.saturating_add(u64::from(step.likelihood().cost()));
    }
    let given = found.steps().iter().filter_map(|&id| view.graph().step(id));
    for step in given {
        ensure(
            needed.contains(&step.to()),
            "what is given is needed",
            step.to(),
        )?;
    }
    ensure(held.contains(&target), "the target is given", target)?;
    ensure(
        found.cost() == cost,
        "the cost is the sum over the steps",
        target,
    )
}

/// Checks that no step offers a better prize, and where no gate has two inputs outside the ambient set, that
/// each prize is a jewel at hand or one that a step offers.
///
/// # Errors
/// The first state whose prize is wrong.
///
/// # Complexity
/// O(m).
pub fn prizes(
    view: &View<'_>,
    ambient: &Derivations,
    jewels: &[Jewel],
    prizes: &Prizes,
) -> Result<(), VerifyError> {
    let largest = jewels.iter().map(|&(_, value)| value).max().unwrap_or(0);
    let total = |state: StateId| {
        let best = prizes.best(state)?;
        Some(
            best.cost()
                .saturating_add(super::prize::log_ratio(largest, best.value())),
        )
    };
    let mut attained: StateSet = jewels
        .iter()
        .filter(|&&(state, value)| {
            value > 0 && total(state) == Some(super::prize::log_ratio(largest, value))
        })
        .map(|&(state, _)| state)
        .collect();
    let mut has_open_gate = false;
    for step in view.steps() {
        let inputs: Vec<StateId> = step.inputs().collect();
        let open = inputs
            .iter()
            .filter(|&&input| !ambient.contains(input))
            .count();
        has_open_gate |= step.is_gate() && open >= 2;
        for &input in &inputs {
            let others = || inputs.iter().filter(|&&other| other != input);
            if !others().all(|&other| ambient.contains(other))
                || (ambient.contains(input) && open > 0)
            {
                continue;
            }
            let Some(behind) = total(step.to()) else {
                continue;
            };
            let exposures = others().filter_map(|&other| ambient.cost(other));
            let cost = u64::from(step.likelihood().cost());
            let offer = exposures.fold(behind.saturating_add(cost), u64::saturating_add);
            let no_better = total(input).is_some_and(|total| total <= offer);
            ensure(no_better, "no step offers a better prize", input)?;
            if total(input) == Some(offer) {
                attained.insert(input);
            }
        }
    }
    let claimed = view
        .graph()
        .states()
        .filter(|&state| prizes.best(state).is_some());
    for state in claimed {
        ensure(
            has_open_gate || attained.contains(state),
            "a prize can be won",
            state,
        )?;
    }
    Ok(())
}

fn same(found: &StateSet, expected: &StateSet, claim: &'static str) -> Result<(), VerifyError> {
    let (mut more, mut less) = (found.clone(), expected.clone());
    more.subtract(expected);
    less.subtract(found);
    more.union_with(&less);
    match more.iter().next() {
        Some(state) => Err(VerifyError { claim, state }),
        None => Ok(()),
    }
}

/// R(`source`) by sweeps over all steps.
pub(super) fn sweep(view: &View<'_>, source: &[StateId], ambient: &StateSet) -> StateSet {
    sweep_if(view, source, |step, held| {
        step.inputs().any(|input| held.contains(input))
            && step
                .inputs()
                .all(|input| held.contains(input) || ambient.contains(input))
    })
}

fn sweep_if(
    view: &View<'_>,
    source: &[StateId],
    gives: impl Fn(&Step<'_>, &StateSet) -> bool,
) -> StateSet {
    let mut held: StateSet = source.iter().copied().collect();
    let mut changed = true;
    while changed {
        changed = false;
        for step in view.steps() {
            changed |= !held.contains(step.to()) && gives(&step, &held) && held.insert(step.to());
        }
    }
    held
}
