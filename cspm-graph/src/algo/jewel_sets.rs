//! Which crown jewels each state reaches.

use super::contraction::{Contraction, NodeId};
use super::error::check_states;
use super::meter::Meter;
use super::reach_sets::reach_sets;
use super::set_pool::{SetId, SetPool};
use super::set_union::Totals;
use super::{Jewel, QueryError};
use crate::graph::sealed::Sealed as _;
use crate::graph::{Limits, StateId, StateSet, Table, View};

/// Returns for every state s the jewels in R(s), as [`reach_with`](super::reach_with) defines it.
///
/// A jewel is named by its index in `jewels`; one state may stand there several times. Exact with gates: an
/// attacker at s may come to the inputs of a gate by different ways, round a cycle, or through other gates.
///
/// # Errors
/// [`QueryError::UnknownState`] if a jewel is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// For a backward cone of c states and e steps, u distinct unions over windows of w words: O(n + e + u·w).
/// Components that open gates join in a cycle are gone through in rounds: at most one for each gate and component
/// that learns from another, and one to see that nothing changes.
/// Space: 4 bytes a state, and the distinct sets.
///
/// # Source
/// Hash-consed reach sets over components in completion order. Let X(s) hold the jewels in R(s) and
/// the inputs, in R(s), of gates with two or more inputs outside the ambient. X is the least solution of:
/// s's own bits are in X(s); X(t) is in X(s) for a step s→t; X(output) is in X(s) if all open inputs of a
/// gate are in X(s). Each inclusion is sound, because R(t) is in R(s) for t in R(s); and by induction along
/// a derivation of v in R(s), X(v) is in X(s). Oracle in [`verify::jewel_sets`](super::verify::jewel_sets).
pub fn jewel_sets(
    view: &View<'_>,
    ambient: &StateSet,
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<JewelSets, QueryError> {
    sets_within(view, ambient, jewels, None, limits)
}

/// As [`jewel_sets`], for the states of `entries` and those that they reach; others are said to reach none.
///
/// # Errors
/// As [`jewel_sets`], and [`QueryError::UnknownState`] if an entry is not in the graph.
///
/// # Complexity
/// That of [`reach_with`](super::reach_with) for the entries, and then that of [`jewel_sets`] on what they reach
/// alone, which is mostly a small part of what leads to jewels.
pub fn jewel_sets_of(
    view: &View<'_>,
    entries: &[StateId],
    ambient: &StateSet,
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<JewelSets, QueryError> {
    let reached = super::reach_with(view, entries, ambient, limits)?;
    sets_within(view, ambient, jewels, Some(&reached), limits)
}

fn sets_within(
    view: &View<'_>,
    ambient: &StateSet,
    jewels: &[Jewel],
    within: Option<&StateSet>,
    limits: &Limits,
) -> Result<JewelSets, QueryError> {
    let graph = view.graph();
    check_states(graph, jewels.iter().map(|&(state, _)| state))?;
    let mut meter = Meter::new(limits);
    let targets = jewels.iter().map(|&(state, _)| state);
    let contraction = Contraction::find(view, targets, ambient, within, &mut meter)?;
    let sets = reach_sets(graph, &contraction, ambient, jewels, &mut meter)?;
    Ok(JewelSets {
        node_of: contraction.node_of,
        set_of: sets.set_of,
        totals: sets.totals,
        jewel_of_bit: sets.jewel_of_bit,
        pool: sets.pool,
        rounds: sets.rounds,
    })
}

/// The jewels that each state reaches. Equal sets are stored once.
#[derive(Clone, Debug)]
pub struct JewelSets {
    /// States of one node have one set.
    node_of: Table<StateId, u32>,
    set_of: Table<NodeId, SetId>,
    totals: Table<SetId, Totals>,
    jewel_of_bit: Vec<u32>,
    pool: SetPool,
    rounds: usize,
}

impl JewelSets {
    /// Number of jewels that the state reaches, itself included; 0 for a state that there is not.
    pub fn count(&self, state: StateId) -> usize {
        self.count_and_value(state).0
    }

    /// Sum of the values of the jewels that the state reaches; stays at the largest `u64` when it is passed.
    pub fn value(&self, state: StateId) -> u64 {
        self.count_and_value(state).1
    }

    /// [`Self::count`] and [`Self::value`] at one look.
    #[inline]
    pub fn count_and_value(&self, state: StateId) -> (usize, u64) {
        let totals = self.set(state).map(|set| self.totals[set]);
        totals.map_or((0, 0), |totals| (totals.count, totals.value))
    }

    /// The indices of the jewels that the state reaches, ascending.
    ///
    /// # Complexity
    /// O(k log k) for k jewels.
    pub fn members(&self, state: StateId) -> impl ExactSizeIterator<Item = usize> + use<> {
        let bits = self
            .set(state)
            .into_iter()
            .flat_map(|set| self.pool.bits(set));
        let jewels = bits.filter_map(|bit| self.jewel_of_bit.get(bit));
        let mut members: Vec<usize> = jewels.map(|&jewel| jewel as usize).collect();
        members.sort_unstable();
        members.into_iter()
    }

    /// True if both states reach the same jewels. O(1).
    pub fn same_set(&self, a: StateId, b: StateId) -> bool {
        let set = |state| self.set(state).unwrap_or(SetPool::empty());
        set(a) == set(b)
    }

    /// Number of distinct sets, the empty one among them, whether a state has it or not.
    pub fn distinct_sets(&self) -> usize {
        self.pool.len()
    }

    /// Number of passes until nothing changed: one, unless gates close a cycle; then the most that one needed.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    fn set(&self, state: StateId) -> Option<SetId> {
        let node = *self.node_of.get(state)?;
        Some(self.set_of[NodeId::at(node as usize)])
    }
}
