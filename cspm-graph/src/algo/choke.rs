//! Which single step or state, left out, cuts jewels off.

use std::ops::Range;

use super::between::Between;
use super::cone::LocalId;
use super::dominators::Dominators;
use super::error::check_states;
use super::losses::Losses;
use super::meter::Meter;
use super::needs::Needs;
use super::{Jewel, QueryError, frontier};
use crate::graph::{Id, Limits, StateId, StateSet, StepId, View};

/// Returns every step and every state that some jewels cannot do without.
///
/// A step or state is a choke point of a jewel if the entries reach the jewel, and do not once the step or
/// state is left out. An entry and the jewel itself are choke points too where that holds; leaving out a
/// state leaves it out as an entry as well. Exact with gates. Jewels that are not reached have none.
///
/// # Errors
/// [`QueryError::UnknownState`] if an entry or a jewel is not in the graph; [`QueryError::Limit`], of work or of
/// the words of sets, [`QueryError::Cancelled`].
///
/// # Complexity
/// One [`reach`](super::reach) of the entries; then, for the n states and m steps that are reached and lead to a
/// jewel, O(m log n) time and O(m) space where no gate is among them. With gates, each state below a gate at
/// which ways meet has a set of its own. Sets are chains that share their ends, and looking at a way costs what
/// it does not share with the others: at worst n links. On cycles through such states sets are worked out again
/// until nothing changes, at worst n times each. All in all O(m n²) then, and far less on estates.
///
/// # Source
/// Dominators by Lengauer and Tarjan 1979. With gates what a state cannot do without is no path in a tree: it is
/// the greatest solution of D(v) = {v} and, over all ways into v, the intersection of the unions over the inputs
/// of each way. Oracle in [`verify::choke`](super::verify::choke).
pub fn choke(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<ChokePoints, QueryError> {
    check_states(view.graph(), entries.iter().copied())?;
    check_states(view.graph(), jewels.iter().map(|&(state, _)| state))?;
    choke_points(view, entries, jewels, &mut Meter::new(limits))
}

/// As [`choke`], of states that are known, as a part of another question.
pub(super) fn choke_points(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[Jewel],
    meter: &mut Meter<'_>,
) -> Result<ChokePoints, QueryError> {
    let reached = frontier::reach(view, entries, &StateSet::new(), meter)?;
    let targets = jewels.iter().map(|&(state, _)| state);
    let part = Between::build(view, &reached, targets, meter)?;
    let mut sources: Vec<LocalId> = entries
        .iter()
        .filter_map(|&entry| part.local(entry))
        .collect();
    sources.sort_unstable();
    sources.dedup();
    let dominators = Dominators::build(&part, &sources, meter)?;
    let needs = Needs::build(&part, &dominators, &sources, meter)?;
    let mut losses = Losses::count(&part, &dominators, &needs, jewels, meter)?;

    let mut points = ChokePoints {
        order: std::mem::take(&mut losses.order),
        ..ChokePoints::default()
    };
    for (local, &state) in part.states.iter() {
        let first = points.spans.len();
        let mut cut = Cut {
            state,
            spans: first..first,
            jewel_count: 0,
            value: 0,
        };
        for (span, value) in losses.of(dominators.place[local]) {
            cut.jewel_count += span.len();
            cut.value = cut.value.saturating_add(value);
            cut.spans.end += 1;
            points.spans.push(span);
        }
        if cut.spans.is_empty() {
            continue;
        }
        if sources.binary_search(&local).is_err()
            && let Some(step) = losses.only_way(view, local, meter)?
        {
            points.steps.push((step, points.states.len()));
        }
        points.states.push(cut);
    }
    points.steps.sort_unstable();
    Ok(points)
}

/// The choke points of a question.
///
/// Jewels are kept once for all points: those of a point are a few spans of one order of all.
#[derive(Clone, Debug, Default)]
pub struct ChokePoints {
    /// Indices of jewels.
    order: Vec<usize>,
    /// Spans of `order`, those of one point side by side.
    spans: Vec<Range<usize>>,
    states: Vec<Cut>,
    /// Each with the place in `states` of the state that it gives. A step that jewels cannot do without is the
    /// only way to that state, so it cuts off what the state does.
    steps: Vec<(StepId, usize)>,
}

/// What a state cuts off.
#[derive(Clone, Debug)]
struct Cut {
    state: StateId,
    /// Places in the spans.
    spans: Range<usize>,
    jewel_count: usize,
    value: u64,
}

impl ChokePoints {
    /// Steps and gates that cut jewels off, ascending.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = ChokePoint<'_, StepId>> + Clone {
        self.steps.iter().map(|&(id, at)| self.point(id, at))
    }

    /// States that cut jewels off, ascending.
    pub fn states(&self) -> impl ExactSizeIterator<Item = ChokePoint<'_, StateId>> + Clone {
        let numbered = self.states.iter().enumerate();
        numbered.map(|(at, cut)| self.point(cut.state, at))
    }

    /// What a step cuts off, if anything.
    pub fn of_step(&self, step: StepId) -> Option<ChokePoint<'_, StepId>> {
        let place = self.steps.binary_search_by_key(&step, |&(id, _)| id).ok()?;
        Some(self.point(step, self.steps[place].1))
    }

    /// What a state cuts off, if anything.
    pub fn of_state(&self, state: StateId) -> Option<ChokePoint<'_, StateId>> {
        let place = self.states.binary_search_by_key(&state, |cut| cut.state);
        Some(self.point(state, place.ok()?))
    }

    fn point<I>(&self, id: I, at: usize) -> ChokePoint<'_, I> {
        ChokePoint {
            id,
            points: self,
            cut: &self.states[at],
        }
    }
}

/// A step or state that jewels cannot do without.
#[derive(Clone, Copy, Debug)]
pub struct ChokePoint<'p, I> {
    id: I,
    points: &'p ChokePoints,
    cut: &'p Cut,
}

impl<I: Id> ChokePoint<'_, I> {
    /// The step or state.
    pub fn id(&self) -> I {
        self.id
    }

    /// The indices of the jewels that it cuts off, ascending; never empty.
    ///
    /// # Complexity
    /// O(k log k) for k jewels. They are put together at each call; [`Self::jewel_count`] and [`Self::value`]
    /// are at hand.
    pub fn jewels(&self) -> Vec<usize> {
        let spans = &self.points.spans[self.cut.spans.clone()];
        let spans = spans.iter().map(|span| &self.points.order[span.clone()]);
        let mut jewels: Vec<usize> = spans.flatten().copied().collect();
        jewels.sort_unstable();
        jewels
    }

    /// How many jewels it cuts off; never zero.
    pub fn jewel_count(&self) -> usize {
        self.cut.jewel_count
    }

    /// Sum of their values; stays at the largest `u64` when it is passed.
    pub fn value(&self) -> u64 {
        self.cut.value
    }
}
