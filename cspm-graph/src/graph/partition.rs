//! Grouping by id, in two streaming passes instead of one random one.

use std::ops::Range;

use rayon::prelude::*;

use super::{Id, Rows, StateId};

/// How many ids share a part at least: their counters then stay in the first-level cache.
const IDS_OF_A_PART: usize = 1 << 13;
/// More parts than this are more streams than the translation buffers of a processor can follow.
const PARTS_MAX: usize = 1 << 9;

/// Pairs of an id and a value, of which each part can be walked by itself, more than once.
pub(crate) trait Pairs: Sync {
    fn len(&self) -> usize;
    /// Calls `each` with the pairs at these positions, in order.
    fn part(&self, positions: Range<usize>, each: impl FnMut(u32, u32));
}

/// Groups pairs by id: each row holds its values in the order of the pairs.
///
/// First the pairs are dealt into parts of neighbouring ids, each thread its share; then each part, which fits
/// the cache, is counted and put in place.
///
/// COST: every pair is read twice and written twice in long runs. Putting each in place at once would touch a
/// line of memory for each pair.
///
/// # Complexity
/// O(ids + pairs) time; 8 bytes a pair of extra space.
///
/// # Source
/// Radix partitioning (Manegold, Boncz, Kersten 2002, "Optimizing main-memory join on modern hardware").
pub(super) fn group<I: Id, T: Id + Send, P: Pairs + ?Sized>(
    count: usize,
    pairs: &P,
    scratch: &mut Scratch,
) -> Rows<I, T> {
    let width = IDS_OF_A_PART.max(count.div_ceil(PARTS_MAX).next_power_of_two());
    let shift = width.trailing_zeros();
    let part_count = count.div_ceil(width).max(1);
    let shares = shares(pairs.len());
    scratch.0.resize_with(shares.len(), Dealt::default);
    let dealt = &mut scratch.0;
    dealt
        .par_iter_mut()
        .zip(shares)
        .for_each(|(dealt, share)| dealt.deal(pairs, share, shift, part_count));
    let dealt = &*dealt;

    let mut offsets = vec![0_u32; count + 1];
    let mut values = vec![T::at(0); pairs.len()];
    let sizes: Vec<usize> = (0..part_count)
        .map(|part| dealt.iter().map(|dealt| dealt.range(part).len()).sum())
        .collect();
    let mut slices = Vec::with_capacity(part_count);
    let mut rest = values.as_mut_slice();
    let mut before = 0;
    for size in sizes {
        let (slice, others) = rest.split_at_mut(size);
        slices.push((before, slice));
        rest = others;
        before += size;
    }
    // The first offset is zero; what is left are the ends of the rows, by part.
    let ends = offsets.get_mut(1..).unwrap_or_default();
    ends.par_chunks_mut(width).zip(slices).enumerate().for_each(
        |(part, (ends, (before, values)))| {
            let runs = dealt.iter().map(|dealt| &dealt.pairs[dealt.range(part)]);
            place(runs, part << shift, ends, before, values);
        },
    );
    Rows::from_parts(offsets, values)
}

/// Which positions each thread deals.
fn shares(count: usize) -> Vec<Range<usize>> {
    let threads = rayon::current_num_threads().max(1);
    let size = count.div_ceil(threads).max(1);
    (0..threads)
        .map(|thread| (thread * size).min(count)..((thread + 1) * size).min(count))
        .collect()
}

/// Space that several groupings use one after another.
///
/// COST: memory that the system has to hand out anew costs as much as the work on it.
#[derive(Default)]
pub(super) struct Scratch(Vec<Dealt>);

/// The pairs of one share, by part.
#[derive(Default)]
struct Dealt {
    ends: Vec<usize>,
    pairs: Vec<(u32, u32)>,
}

impl Dealt {
    fn deal<P: Pairs + ?Sized>(
        &mut self,
        pairs: &P,
        share: Range<usize>,
        shift: u32,
        part_count: usize,
    ) {
        let mut next = vec![0_usize; part_count + 1];
        pairs.part(share.clone(), |id, _| {
            next[(id >> shift) as usize + 1] += 1;
        });
        for part in 0..part_count {
            next[part + 1] += next[part];
        }
        let mut dealt = std::mem::take(&mut self.pairs);
        if dealt.is_empty() {
            dealt = vec![(0, 0); share.len()];
        }
        dealt.resize(share.len(), (0, 0));
        pairs.part(share, |id, value| {
            let place = &mut next[(id >> shift) as usize];
            dealt[*place] = (id, value);
            *place += 1;
        });
        // Every place has moved on to the end of its part.
        next.truncate(part_count);
        self.ends = next;
        self.pairs = dealt;
    }

    fn range(&self, part: usize) -> Range<usize> {
        let begin = part.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin..self.ends[part]
    }
}

/// Puts the pairs of one part in place: `ends` become the ends of its rows.
fn place<'p, T: Id>(
    runs: impl Iterator<Item = &'p [(u32, u32)]> + Clone,
    first_id: usize,
    ends: &mut [u32],
    before: usize,
    values: &mut [T],
) {
    for run in runs.clone() {
        for (id, _) in run {
            ends[*id as usize - first_id] += 1;
        }
    }
    let mut next = Vec::with_capacity(ends.len());
    let mut sum = 0;
    for end in ends.iter_mut() {
        next.push(sum);
        sum += *end;
        *end = position(before) + sum;
    }
    for run in runs {
        for (id, value) in run {
            let place = &mut next[*id as usize - first_id];
            values[*place as usize] = T::at(*value as usize);
            *place += 1;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: rows fit u32: callers bound the number of pairs first"
)]
fn position(place: usize) -> u32 {
    place as u32
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

/// Sorts each row.
///
/// COST: rows are short, and sorting them where they lie touches no other memory.
pub(super) fn sort_rows(rows: &mut Rows<StateId, StateId>) {
    let (offsets, values) = rows.parts_mut();
    let mut slices = Vec::new();
    let mut rest = values;
    let mut before = 0;
    for ends in offsets.get(1..).unwrap_or_default().chunks(IDS_OF_A_PART) {
        let end = ends.last().map_or(before, |end| *end as usize);
        let (slice, others) = rest.split_at_mut(end - before);
        slices.push((ends, slice));
        rest = others;
        before = end;
    }
    slices.into_par_iter().for_each(|(ends, mut values)| {
        let Some(&last) = ends.last() else { return };
        let mut begin = last - position(values.len());
        for end in ends {
            let (row, others) = values.split_at_mut((end - begin) as usize);
            row.sort_unstable();
            values = others;
            begin = *end;
        }
    });
}

/// Rows turned over: by their values. Each row of the result is ascending.
pub(super) struct Transposed<'r>(pub(super) &'r Rows<StateId, StateId>);

impl Pairs for Transposed<'_> {
    fn len(&self) -> usize {
        self.0.values().len()
    }

    fn part(&self, positions: Range<usize>, mut each: impl FnMut(u32, u32)) {
        let rows = self.0;
        let mut row = if positions.is_empty() {
            0
        } else {
            rows.row_of(positions.start).index()
        };
        let offsets = rows.offsets();
        let mut end = offsets.get(row + 1).map_or(0, |end| *end as usize);
        for position in positions {
            while position >= end {
                row += 1;
                end = offsets[row + 1] as usize;
            }
            each(rows.values()[position].get(), self::position(row));
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

/// Groups pairs by id, as [`group`].
pub(crate) fn group_pairs<I: Id, T: Id + Send>(
    count: usize,
    pairs: &(impl Pairs + ?Sized),
) -> Rows<I, T> {
    group(count, pairs, &mut Scratch::default())
}
