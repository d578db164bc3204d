//! Grouping by id, in streaming passes instead of one random one.

mod dealt;
mod made;
mod record;

use std::ops::Range;

use rayon::prelude::*;

use super::{Id, Rows, StateId};
use dealt::{Dealt, Room};
use made::{Made, Part, Sorter, even_shares};
use record::{Cut, Layout, Record};

/// Pairs of an id and a value, of which each part can be walked by itself.
pub(crate) trait Pairs: Sync {
    fn len(&self) -> usize;
    /// Calls `each` with the pairs at these positions, in order.
    fn part(&self, positions: Range<usize>, each: impl FnMut(u32, u32));
}

impl Pairs for [(u32, u32)] {
    fn len(&self) -> usize {
        self.len()
    }

    fn part(&self, positions: Range<usize>, mut each: impl FnMut(u32, u32)) {
        for &(id, value) in &self[positions] {
            each(id, value);
        }
    }
}

/// Pairs in several lists, one after the other.
pub(crate) struct Lists {
    lists: Vec<Vec<(u32, u32)>>,
    /// How many pairs come before each list, and at the end how many there are.
    before: Vec<usize>,
}

impl Lists {
    pub(crate) fn new(lists: Vec<Vec<(u32, u32)>>) -> Self {
        let mut before = vec![0];
        let mut sum = 0;
        for list in &lists {
            sum += list.len();
            before.push(sum);
        }
        Self { lists, before }
    }
}

impl Pairs for Lists {
    fn len(&self) -> usize {
        self.before.last().copied().unwrap_or(0)
    }

    fn part(&self, positions: Range<usize>, mut each: impl FnMut(u32, u32)) {
        for (list, &before) in self.lists.iter().zip(&self.before) {
            let own = |position: usize| position.saturating_sub(before).min(list.len());
            list.part(own(positions.start)..own(positions.end), &mut each);
        }
    }
}

/// Groups pairs of an id below `count` and a value below `value_count` by id: each row holds its values in the order of
/// the pairs.
///
/// First the pairs are dealt into parts of neighbouring ids, each thread its share; then each part, which fits the
/// cache, is counted and put in place.
///
/// COST: every pair is read twice and written twice in long runs. Putting each in place at once would touch a line
/// of memory for each pair. An id within its part and a value mostly fit 32 bits together.
///
/// # Complexity
/// O(ids + pairs) time; 4 bytes a pair of extra space up to two million ids and values, 8 bytes beyond.
///
/// # Source
/// Radix partitioning (Manegold, Boncz, Kersten 2002, "Optimizing main-memory join on modern hardware").
pub(crate) fn group_pairs<I: Id, T: Id + Send>(
    count: usize,
    value_count: usize,
    pairs: &(impl Pairs + ?Sized),
) -> Rows<I, T> {
    match Layout::of(count, value_count) {
        Layout::Narrow(cut) => group::<I, T, u32>(count, cut, pairs),
        Layout::Wide(cut) => group::<I, T, u64>(count, cut, pairs),
    }
}

/// Groups pairs of numbers below `count` both ways: by their first and by their second number. All rows are ascending.
/// `None` if a number is not below `count`.
///
/// COST: numbers are checked while they are dealt; rows by first number are sorted where they lie in the cache, and
/// dealt at once for the other way round; there, walked in the order of the first number, they come out sorted.
pub(super) fn group_both_ways(count: usize, pairs: &[(u32, u32)]) -> Option<BothWays> {
    match Layout::of(count, count) {
        Layout::Narrow(cut) => both_ways::<u32>(count, cut, pairs),
        Layout::Wide(cut) => both_ways::<u64>(count, cut, pairs),
    }
}

/// Rows by the first number of pairs, and by the second.
pub(super) type BothWays = (Rows<StateId, StateId>, Rows<StateId, StateId>);

/// Which positions each thread deals.
fn shares(count: usize) -> Vec<Range<usize>> {
    let threads = rayon::current_num_threads().max(1);
    let size = count.div_ceil(threads).max(1);
    (0..threads)
        .map(|thread| (thread * size).min(count)..((thread + 1) * size).min(count))
        .collect()
}

fn group<I: Id, T: Id + Send, R: Record>(
    count: usize,
    cut: Cut,
    pairs: &(impl Pairs + ?Sized),
) -> Rows<I, T> {
    let shares = shares(pairs.len());
    let mut room: Room<R> = Room::new(cut, shares.iter().map(Range::len));
    rows(count, cut, &room.deal(pairs, &shares))
}

/// The rows of dealt records.
fn rows<I: Id, T: Id + Send, R: Record>(
    count: usize,
    cut: Cut,
    dealt: &[Dealt<'_, R>],
) -> Rows<I, T> {
    let mut made = Made::new(count, cut, dealt);
    let parts = made.parts();
    parts.into_par_iter().for_each(|mut part| part.place(dealt));
    made.into_rows()
}

fn both_ways<R: Record>(count: usize, cut: Cut, pairs: &[(u32, u32)]) -> Option<BothWays> {
    let shares = shares(pairs.len());
    let mut room: Room<R> = Room::new(cut, shares.iter().map(Range::len));
    let dealt = room.deal(pairs, &shares);
    // Where there is no pair, no number was seen: zero says nothing then.
    let is_too_large = |dealt: &Dealt<'_, R>| dealt.largest as usize >= count;
    if !pairs.is_empty() && dealt.iter().any(is_too_large) {
        return None;
    }
    let mut made: Made<StateId> = Made::new(count, cut, &dealt);
    // Each thread takes neighbouring parts, in order, so that what it deals anew is in the order of ids.
    let shares = even_shares(made.parts(), rayon::current_num_threads().max(1));
    let length = |parts: &Vec<Part<'_, StateId>>| parts.iter().map(|it| it.values.len()).sum();
    let mut turned_room: Room<R> = Room::new(cut, shares.iter().map(length));
    let turned: Vec<Dealt<'_, R>> = shares
        .into_par_iter()
        .zip(turned_room.places())
        .map(|(parts, mut turned)| {
            let mut sorter = Sorter::default();
            for mut part in parts {
                part.place_sorted(&dealt, &mut sorter);
                part.each(|id, value| turned.add(value, id));
            }
            turned
        })
        .collect();
    drop(dealt);
    drop(room);
    Some((made.into_rows(), rows(count, cut, &turned)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::id::sealed::Sealed as _;

    /// Some pairs: many of few ids, so that parts have several runs.
    fn pairs(count: u32, length: u32) -> Vec<(u32, u32)> {
        let mixed = |number: u32| number.wrapping_mul(0x9e37_79b9).rotate_left(11);
        (0..length)
            .map(|at| (mixed(at) % count, mixed(mixed(at) ^ 7) % count))
            .map(|(id, value)| (if id % 3 == 0 { id / 50 } else { id }, value))
            .collect()
    }

    fn check<R: Record>(count: u32, length: u32, cut: Cut) {
        let (pairs, size) = (pairs(count, length), count as usize);
        let id = |number: &u32| StateId::at(*number as usize);
        let expected: Rows<StateId, StateId> = Rows::group(
            size,
            pairs.iter().map(|(from, to)| (id(from), id(to))),
            StateId::at(0),
        );
        let found: Rows<StateId, StateId> = group::<_, _, R>(size, cut, pairs.as_slice());
        let (forward, backward) = both_ways::<R>(size, cut, &pairs).unwrap();
        let lists = Lists::new(pairs.chunks(77).map(<[_]>::to_vec).collect());
        let listed: Rows<StateId, StateId> = group::<_, _, R>(size, cut, &lists);
        for state in (0..size).map(StateId::at) {
            assert_eq!(found.row(state), expected.row(state), "{state} of {count}");
            assert_eq!(listed.row(state), expected.row(state), "{state} of {count}");
            let mut sorted = expected.row(state).to_vec();
            sorted.sort_unstable();
            assert_eq!(forward.row(state), sorted, "{state} of {count}");
            let turned = pairs.iter().filter(|pair| pair.1 == state.get());
            let mut turned: Vec<StateId> = turned.map(|pair| id(&pair.0)).collect();
            turned.sort_unstable();
            assert_eq!(backward.row(state), turned, "{state} of {count}");
        }
        assert!(both_ways::<R>(size - 1, cut, &[(0, count - 1)]).is_none());
        assert!(both_ways::<R>(size, cut, &[(u32::MAX, 0)]).is_none());
    }

    #[test]
    fn narrow_and_wide_records_group_alike() {
        for (count, length) in [(2, 9), (300, 4_000), (3_000, 20_000)] {
            for shift in [1, 4, 13] {
                let cut = |value_bits| Cut {
                    shift,
                    value_bits,
                    parts: (count as usize >> shift) + 1,
                };
                check::<u32>(count, length, cut(u32::BITS - count.leading_zeros()));
                check::<u64>(count, length, cut(u32::BITS));
            }
        }
    }

    #[test]
    fn records_are_narrow_where_they_can_be() {
        let narrow = |count, values| matches!(Layout::of(count, values), Layout::Narrow(_));
        assert!(narrow(1 << 20, 1 << 20) && narrow(100, 1 << 28));
        assert!(!narrow(1 << 22, 1 << 22) && !narrow(1 << 20, 1 << 24));
        assert!(narrow(100, u32::MAX as usize >> 1) && !narrow(100, 1 << 31));
        let Layout::Wide(cut) = Layout::of(u32::MAX as usize, u32::MAX as usize) else {
            panic!("so many ids are not narrow")
        };
        assert!(cut.parts <= (1 << 10) + 1 && cut.shift >= 13);
    }
}
