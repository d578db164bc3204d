//! The cheapest set of fixes that cuts jewels off.

use super::cut_part::{Cost, Part, held};
use super::cut_search::{Cut, Effort, cheapest_cut};
use super::error::check_states;
use super::max_flow::NodeId;
use super::meter::Meter;
use super::{QueryError, frontier};
use crate::graph::{Limits, StateId, StateSet, StepId, Table, View};

/// Choices of an input for a gate that [`min_cut`] tries: all of those for twelve gates of two inputs.
const BRANCHES: usize = 10_000;

/// Work units after the first cut is found: a second or two.
const BRANCH_WORK: u64 = 100_000_000;

/// Returns a set of steps and gates without which the entries reach none of these jewels.
///
/// `cost` says what it costs to cut a step, or `None` if it cannot be cut. Costs are `u32`, so that no sum of
/// them is too large for `u64`. Jewels that are not reached need no cut. Those that are entries, or are reached
/// by steps alone that cannot be cut, are named by [`MinCut::uncuttable`]; the others are cut off all the same.
///
/// No step of the set could be left in alone. Where no gate lies between with two inputs or more that can be
/// cut off, the set is a cheapest one, and of these the one nearest to the entries; a step without cost is in
/// it only where it must be.
///
/// With gates the question is hard in general, since cutting off one input is enough. The set cuts, a lower
/// bound stands beside it, and where both are equal ([`MinCut::is_exact`]) no set is cheaper. That is so
/// wherever all choices of one input for each gate in the way can be gone through: always for up to twelve
/// gates of two inputs with some hundred steps between. The search stops by a count, not by time, so the
/// answer is the same on every machine.
///
/// # Errors
/// [`QueryError::UnknownState`] if an entry or a jewel is not in the graph; [`QueryError::Limit`],
/// [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + m) for what is reached, then one maximum flow over the part that the entries reach and that leads to
/// a jewel: O(k² × l) for its k states and l steps at worst, some tens of searches of it on estates. With gates a
/// few searches more for each gate that lets more pass, until the first set is found, and then up to ten
/// thousand choices or a fixed amount of work. Space O(n + l).
///
/// # Source
/// Ford and Fulkerson 1956 (the maximum flow is the minimum cut), Dinic 1970 (the flow), Land and Doig 1960
/// (branch and bound). Oracle in [`verify::min_cut`](super::verify::min_cut).
pub fn min_cut(
    view: &View<'_>,
    entries: &[StateId],
    jewels: &[StateId],
    cost: impl Fn(StepId) -> Option<u32>,
    limits: &Limits,
) -> Result<MinCut, QueryError> {
    check_states(view.graph(), entries.iter().copied())?;
    check_states(view.graph(), jewels.iter().copied())?;
    let mut meter = Meter::new(limits);
    let mut cutter = Cutter::new(view, entries, &cost, &mut meter)?;
    let (uncuttable, targets) = cutter.split(jewels);
    let effort = Effort {
        branches: BRANCHES,
        work: BRANCH_WORK,
    };
    let (steps, cut) = cutter.cut(targets, effort, &mut meter)?;
    Ok(MinCut {
        steps,
        cost: cut.cost,
        lower_bound: cut.lower_bound,
        uncuttable,
    })
}

/// Steps whose removal cuts jewels off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct MinCut {
    steps: Vec<StepId>,
    cost: u64,
    lower_bound: u64,
    uncuttable: Vec<usize>,
}

impl MinCut {
    /// The steps and gates to cut, ascending.
    pub fn steps(&self) -> &[StepId] {
        &self.steps
    }

    /// Sum of their costs.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// No set that cuts costs less than this.
    pub fn lower_bound(&self) -> u64 {
        self.lower_bound
    }

    /// True if it is known that no set that cuts costs less.
    pub fn is_exact(&self) -> bool {
        self.cost == self.lower_bound
    }

    /// The indices of the jewels that are reached whatever is cut, ascending.
    pub fn uncuttable(&self) -> &[usize] {
        &self.uncuttable
    }
}

/// Cuts of one view from the same entries, for one set of jewels after another.
pub(super) struct Cutter<'c> {
    view: &'c View<'c>,
    cost: Cost<'c>,
    reached: StateSet,
    held: StateSet,
    numbers: Table<StateId, Option<NodeId>>,
}

impl<'c> Cutter<'c> {
    pub(super) fn new(
        view: &'c View<'c>,
        entries: &[StateId],
        cost: Cost<'c>,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let graph = view.graph();
        let none = StateSet::new();
        let reached = frontier::reach(view, entries, &none, meter)?;
        Ok(Self {
            view,
            cost,
            reached,
            held: held(view, entries, cost, meter)?,
            numbers: Table::filled(None, graph.state_count()),
        })
    }

    /// What the entries reach.
    pub(super) fn reached(&self) -> &StateSet {
        &self.reached
    }

    /// The indices of the jewels that are held, and the jewels that can be cut off.
    pub(super) fn split(&self, jewels: &[StateId]) -> (Vec<usize>, Vec<StateId>) {
        let held = jewels
            .iter()
            .enumerate()
            .filter(|&(_, &state)| self.held.contains(state));
        let others = jewels
            .iter()
            .copied()
            .filter(|&state| self.can_cut_off(state));
        (held.map(|(jewel, _)| jewel).collect(), others.collect())
    }

    /// True if a state is reached, and not whatever is cut.
    pub(super) fn can_cut_off(&self, state: StateId) -> bool {
        self.reached.contains(state) && !self.held.contains(state)
    }

    /// Cuts off states that can be.
    pub(super) fn cut(
        &mut self,
        targets: Vec<StateId>,
        effort: Effort,
        meter: &mut Meter<'_>,
    ) -> Result<(Vec<StepId>, Cut), QueryError> {
        let sets = (&self.reached, &self.held);
        let mut part = Part::build(
            self.view,
            sets,
            targets,
            self.cost,
            &mut self.numbers,
            meter,
        )?;
        let cut = cheapest_cut(&mut part, effort, meter)?;
        let steps = cut.arcs.iter().filter_map(|&arc| part.step(arc)).collect();
        Ok((steps, cut))
    }
}
