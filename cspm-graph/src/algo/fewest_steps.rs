//! The way with the fewest steps between two states.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::QueryError;
use super::bits::{holds, put};
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
/// O(n + m) for a pair in the worst case; from both ends, mostly far less than from one. For each thread 8 bytes a state
/// of space, and some 16 for each state that is seen.
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
    // COST: tables are made once for each thread, and no thread is left with the longest ways alone.
    let next = AtomicUsize::new(0);
    let shares: Vec<(Vec<Found>, Meter<'_>)> = (0..rayon::current_num_threads())
        .into_par_iter()
        .with_max_len(1)
        .map(|_| {
            let (mut ahead, mut back) = (Side::new(forward), Side::new(backward));
            let mut meter = meter.fork();
            let mut found = Vec::new();
            while let Some(&same_target) = same_target.get(next.fetch_add(1, Ordering::Relaxed)) {
                for (asked, &at) in same_target.iter().enumerate() {
                    let (from, to) = pairs[at];
                    if asked == 0 {
                        back.start(to);
                    }
                    ahead.start(from);
                    let sharing = same_target.len() - asked;
                    let way = meet(from, &mut ahead, &mut back, sharing, &mut meter)?;
                    found.push((at, way));
                }
            }
            Ok((found, meter))
        })
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

/// The most pairs for which a level from their target counts as shared.
///
/// COST: counted on an estate with ten pairs for each target: 3 looks at a fifth less than 1, 10 at a quarter more.
const SHARING_MAX: usize = 3;

/// One of the two searches.
struct Side<'v> {
    rows: &'v Rows<StateId, StateId>,
    /// A bit for each state.
    ///
    /// COST: apart from `before`, so that what each step looks at stays near the processor.
    seen: Vec<u64>,
    /// The state that each seen one was seen from.
    before: Table<StateId, u32>,
    /// The seen states, level by level.
    order: Vec<StateId>,
    /// Where the latest level begins.
    latest: usize,
    /// Steps from the latest level.
    steps: usize,
}

impl<'v> Side<'v> {
    fn new(rows: &'v Rows<StateId, StateId>) -> Self {
        Self {
            rows,
            seen: vec![0; rows.row_count().div_ceil(64)],
            before: pages::zeros(rows.row_count()).into(),
            order: Vec::new(),
            latest: 0,
            steps: 1,
        }
    }

    fn start(&mut self, state: StateId) {
        for seen in self.order.drain(..) {
            self.seen[seen.index() / 64] = 0;
        }
        put(&mut self.seen, state.index());
        self.before[state] = state.get();
        self.order.push(state);
        self.latest = 0;
        self.steps = 1;
    }

    #[inline]
    fn has_seen(&self, state: StateId) -> bool {
        holds(&self.seen, state.index())
    }

    fn latest(&self) -> &[StateId] {
        &self.order[self.latest..]
    }

    /// One level further, to its end.
    ///
    /// COST: whether a state was seen cannot be guessed, so there is no branch on it.
    fn advance(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let level = self.latest..self.order.len();
        self.latest = level.end;
        // The seen states; those behind are only room.
        let mut count = level.end;
        for at in level {
            let state = self.order[at];
            let row = self.rows.row(state);
            meter.spend(row.len() + 1)?;
            if self.order.len() < count + row.len() {
                self.order.resize(2 * (count + row.len()), state);
            }
            let mut fresh = count;
            for &to in row {
                self.order[fresh] = to;
                fresh += usize::from(!self.has_seen(to));
            }
            let first = count;
            for place in first..fresh {
                let to = self.order[place];
                self.before[to] = state.get();
                // A row may hold a state more than once.
                self.order[count] = to;
                count += usize::from(put(&mut self.seen, to.index()));
            }
        }
        self.order.truncate(count);
        let lengths = self
            .latest()
            .iter()
            .map(|&state| self.rows.row(state).len());
        self.steps = lengths.sum();
        Ok(())
    }

    /// The states from `state` back to where this side started.
    ///
    /// It is work as well: pairs with one target share a search, but each has a way of its own.
    fn trail(&self, state: StateId, meter: &mut Meter<'_>) -> Result<Vec<StateId>, QueryError> {
        let mut trail = vec![state];
        let mut at = state;
        loop {
            let before = StateId::at(self.before[at] as usize);
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
/// since. `sharing` pairs, this one among them, have yet to meet what starts there.
///
/// All levels of a side are whole, and no state was seen by both sides before. So whatever the other side has seen of
/// the level that has just been made is on a shortest way: it is in the latest level of the other side, or the state
/// before it would have been seen by both.
fn meet<'v>(
    from: StateId,
    ahead: &mut Side<'v>,
    back: &mut Side<'v>,
    sharing: usize,
    meter: &mut Meter<'_>,
) -> Result<Option<Vec<StateId>>, QueryError> {
    let sharing = sharing.min(SHARING_MAX);
    let mut met = back.has_seen(from).then_some(from);
    while met.is_none() {
        if ahead.latest().is_empty() || back.latest().is_empty() {
            return Ok(None);
        }
        // The level that has just been made is looked at from the side that is not moving.
        let (side, other) = if ahead.steps * sharing <= back.steps {
            (&mut *ahead, &*back)
        } else {
            (&mut *back, &*ahead)
        };
        side.advance(meter)?;
        meter.spend(side.latest().len())?;
        let seen = side.latest().iter().copied();
        met = seen.filter(|&state| other.has_seen(state)).min();
    }
    let Some(state) = met else { return Ok(None) };
    let mut way = ahead.trail(state, meter)?;
    way.reverse();
    way.extend(back.trail(state, meter)?.into_iter().skip(1));
    Ok(Some(way))
}
