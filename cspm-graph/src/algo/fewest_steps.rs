//! The way with the fewest steps between two states.

use rayon::prelude::*;

use super::QueryError;
use super::error::check_states;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{Limits, Rows, StateId, Table, View, pages};

/// Returns for each pair of states the states on a way from the first to the second with the fewest steps, both
/// ends included, or nothing where there is none.
///
/// Only ordinary steps are followed: with gates, the number of steps of a derivation is no length, and
/// [`most_likely`](super::most_likely) is the question to ask. Of several ways, which one is found depends on the
/// view and the pairs alone.
///
/// # Errors
/// [`QueryError::UnknownState`] if a state is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + m) for a pair in the worst case; 16 bytes a state of space for each thread. From both ends, mostly
/// far less than from one.
///
/// # Source
/// Bidirectional breadth-first search (Pohl 1971), the smaller frontier first.
pub fn fewest_steps(
    view: &View<'_>,
    pairs: &[(StateId, StateId)],
    limits: &Limits,
) -> Result<Vec<Option<Vec<StateId>>>, QueryError> {
    let graph = view.graph();
    check_states(graph, pairs.iter().flat_map(|&(from, to)| [from, to]))?;
    let mut meter = Meter::new(limits);
    let (forward, backward) = (view.forward(), view.backward());
    let start = meter.spent();
    // COST: pairs with the same target share what was found from there.
    let mut by_target: Vec<usize> = (0..pairs.len()).collect();
    by_target.sort_by_key(|&at| pairs[at].1);
    let same_target: Vec<&[usize]> = by_target
        .chunk_by(|&a, &b| pairs[a].1 == pairs[b].1)
        .collect();
    // Some shares for each thread, so that none is left with the longest ways alone.
    let share = same_target
        .len()
        .div_ceil(4 * rayon::current_num_threads())
        .max(1);
    let shares: Vec<(Vec<Found>, Meter<'_>)> = same_target
        .par_chunks(share)
        .map_init(
            || (Side::new(forward), Side::new(backward)),
            |(ahead, back), same_target| {
                let mut meter = meter.fork();
                let mut found = Vec::new();
                for &at in same_target.iter().copied().flatten() {
                    let (from, to) = pairs[at];
                    if back.start_state != Some(to) {
                        back.start(to);
                    }
                    ahead.start(from);
                    found.push((at, meet(from, ahead, back, &mut meter)?));
                }
                Ok((found, meter))
            },
        )
        .collect::<Result<_, QueryError>>()?;
    let mut ways = vec![None; pairs.len()];
    for (found, fork) in shares {
        meter.join(&fork, start)?;
        for (at, way) in found {
            ways[at] = way;
        }
    }
    Ok(ways)
}

/// The place of a pair, and a way.
type Found = (usize, Option<Vec<StateId>>);

/// One of the two searches.
struct Side<'v> {
    rows: &'v Rows<StateId, StateId>,
    /// The round in which a state was seen last, and in the lower half the number of the state it was seen from.
    seen: Table<StateId, u64>,
    round: u64,
    start_state: Option<StateId>,
    frontier: Vec<StateId>,
    next: Vec<StateId>,
    /// Steps from the frontier.
    steps: usize,
}

impl<'v> Side<'v> {
    fn new(rows: &'v Rows<StateId, StateId>) -> Self {
        // COST: zeros, so that only what is touched takes memory.
        Self {
            rows,
            seen: pages::wide_zeros(rows.row_count()).into(),
            round: 0,
            start_state: None,
            frontier: Vec::new(),
            next: Vec::new(),
            steps: 1,
        }
    }

    fn start(&mut self, state: StateId) {
        self.round += 1 << u32::BITS;
        self.start_state = Some(state);
        self.see(state, state);
        self.frontier.clear();
        self.frontier.push(state);
        self.steps = 1;
    }

    #[inline]
    fn has_seen(&self, state: StateId) -> bool {
        self.seen[state] >= self.round
    }

    #[inline]
    fn see(&mut self, state: StateId, before: StateId) {
        self.seen[state] = self.round | u64::from(before.get());
    }

    /// One level further, to its end.
    fn advance(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        self.next.clear();
        self.steps = 0;
        for at in 0..self.frontier.len() {
            let state = self.frontier[at];
            let row = self.rows.row(state);
            meter.spend(row.len() + 1)?;
            for &to in row {
                if self.has_seen(to) {
                    continue;
                }
                self.see(to, state);
                self.steps += self.rows.row(to).len();
                self.next.push(to);
            }
        }
        std::mem::swap(&mut self.frontier, &mut self.next);
        Ok(())
    }

    /// The states from `state` back to where this side started.
    ///
    /// It is work as well: pairs with one target share a search, but each has a way of its own.
    fn trail(&self, state: StateId, meter: &mut Meter<'_>) -> Result<Vec<StateId>, QueryError> {
        let mut trail = vec![state];
        let mut at = state;
        loop {
            let before = StateId::at(lower_half(self.seen[at]));
            if before == at {
                meter.spend(trail.len())?;
                return Ok(trail);
            }
            trail.push(before);
            at = before;
        }
    }
}

/// A shortest way from `from`, where `ahead` has just started, to where `back` started, which may have gone on
/// since.
///
/// All levels of a side are whole, and no state was seen by both sides before. So whatever the other side has seen of
/// the level that has just been made is on a shortest way: it is in the latest level of the other side, or the state
/// before it would have been seen by both.
fn meet<'v>(
    from: StateId,
    ahead: &mut Side<'v>,
    back: &mut Side<'v>,
    meter: &mut Meter<'_>,
) -> Result<Option<Vec<StateId>>, QueryError> {
    let mut met = back.has_seen(from).then_some(from);
    while met.is_none() {
        if ahead.frontier.is_empty() || back.frontier.is_empty() {
            return Ok(None);
        }
        // The level that has just been made is looked at from the side that is not moving.
        let (side, other) = if ahead.steps <= back.steps {
            (&mut *ahead, &*back)
        } else {
            (&mut *back, &*ahead)
        };
        side.advance(meter)?;
        meter.spend(side.frontier.len())?;
        let seen = side.frontier.iter().copied();
        met = seen.filter(|&state| other.has_seen(state)).min();
    }
    let Some(state) = met else { return Ok(None) };
    let mut way = ahead.trail(state, meter)?;
    way.reverse();
    way.extend(back.trail(state, meter)?.into_iter().skip(1));
    Ok(Some(way))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower half is all that is asked for"
)]
fn lower_half(number: u64) -> usize {
    number as u32 as usize
}
