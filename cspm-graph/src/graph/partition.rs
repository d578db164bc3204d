//! Grouping by id, in streaming passes instead of one random one.

use std::ops::Range;

use rayon::prelude::*;

use super::{Id, Rows, StateId, pages};

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

/// How ids are cut into parts, and what records are made of pairs.
enum Layout {
    Narrow(Cut),
    Wide(Cut),
}

/// How ids are cut into parts.
#[derive(Clone, Copy)]
struct Cut {
    /// An id shifted by this is the number of its part.
    shift: u32,
    /// Bits of a value in a record.
    value_bits: u32,
    parts: usize,
}

impl Layout {
    fn of(count: usize, value_count: usize) -> Self {
        // A part has so many ids at most that its counters stay in the first-level cache.
        const SHIFT_MAX: u32 = 13;
        // More parts than this are more streams than a processor can follow.
        const PARTS_MAX: usize = 1 << 10;
        let value_bits = usize::BITS - value_count.leading_zeros();
        let cut = |shift: u32, value_bits| Cut {
            shift,
            value_bits,
            parts: (count >> shift) + 1,
        };
        let narrow = cut(
            u32::BITS.saturating_sub(value_bits).min(SHIFT_MAX),
            value_bits,
        );
        // A value of all bits leaves none for the id, and shifts by all bits mean nothing.
        if value_bits < u32::BITS && narrow.parts <= PARTS_MAX {
            return Self::Narrow(narrow);
        }
        let per_part = count.div_ceil(PARTS_MAX).next_power_of_two();
        Self::Wide(cut(per_part.trailing_zeros().max(SHIFT_MAX), u32::BITS))
    }
}

/// A value, and above it an id within its part.
trait Record: Copy + Default + Send + Sync {
    fn new(id: u32, value: u32, cut: Cut) -> Self;
    fn id_in_part(self, cut: Cut) -> usize;
    fn value(self, cut: Cut) -> u32;
    /// Some bits of the value.
    fn digit(self, shift: u32) -> usize;
    fn zeros(count: usize) -> Vec<Self>;
}

impl Record for u32 {
    #[inline]
    fn new(id: u32, value: u32, cut: Cut) -> Self {
        (id & ((1 << cut.shift) - 1)) << cut.value_bits | value
    }

    #[inline]
    fn id_in_part(self, cut: Cut) -> usize {
        (self >> cut.value_bits) as usize
    }

    #[inline]
    fn value(self, cut: Cut) -> u32 {
        self & ((1 << cut.value_bits) - 1)
    }

    #[inline]
    fn digit(self, shift: u32) -> usize {
        (self >> shift) as usize % DIGITS
    }

    fn zeros(count: usize) -> Vec<Self> {
        pages::zeros(count)
    }
}

impl Record for u64 {
    #[inline]
    fn new(id: u32, value: u32, cut: Cut) -> Self {
        Self::from(id & ((1 << cut.shift) - 1)) << u32::BITS | Self::from(value)
    }

    #[inline]
    fn id_in_part(self, _cut: Cut) -> usize {
        (self >> u32::BITS) as usize
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lower half is the value"
    )]
    fn value(self, _cut: Cut) -> u32 {
        self as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is small")]
    fn digit(self, shift: u32) -> usize {
        (self >> shift) as usize % DIGITS
    }

    fn zeros(count: usize) -> Vec<Self> {
        pages::wide_zeros(count)
    }
}

/// Ten bits are sorted at a time.
const DIGITS: usize = 1 << DIGIT_BITS;
const DIGIT_BITS: u32 = 10;

/// Records of a part lie in runs of this many.
const RUN: usize = 1 << 9;

/// Records, dealt by part.
struct Dealt<'r, R> {
    cut: Cut,
    records: &'r mut [R],
    /// Where the next record of each part goes; a multiple of [`RUN`] if a new run is needed.
    next: Vec<usize>,
    /// Where the runs of each part begin.
    runs: Vec<Vec<usize>>,
    /// Where the next run begins.
    end: usize,
    /// The largest number seen. Those that are in no part are left out.
    largest: u32,
}

/// Room for the records that several threads deal, in one piece.
///
/// COST: one large piece goes back to the system when it is freed; the allocator would keep several smaller ones.
struct Room<R> {
    cut: Cut,
    sizes: Vec<usize>,
    records: Vec<R>,
}

impl<R: Record> Room<R> {
    /// For so many records of each thread.
    fn new(cut: Cut, counts: impl Iterator<Item = usize>) -> Self {
        let sizes: Vec<usize> = counts
            .map(|count| (count / RUN + cut.parts) * RUN)
            .collect();
        Self {
            cut,
            records: R::zeros(sizes.iter().sum()),
            sizes,
        }
    }

    /// A place for each thread to deal to.
    fn places(&mut self) -> Vec<Dealt<'_, R>> {
        let mut rest = self.records.as_mut_slice();
        let mut places = Vec::with_capacity(self.sizes.len());
        for &size in &self.sizes {
            let (records, others) = rest.split_at_mut(size);
            rest = others;
            places.push(Dealt {
                cut: self.cut,
                records,
                next: vec![0; self.cut.parts],
                runs: vec![Vec::new(); self.cut.parts],
                end: 0,
                largest: 0,
            });
        }
        places
    }

    /// Deals pairs, each thread its share.
    fn deal(
        &mut self,
        pairs: &(impl Pairs + ?Sized),
        shares: &[Range<usize>],
    ) -> Vec<Dealt<'_, R>> {
        let mut places = self.places();
        let each = places.par_iter_mut().zip(shares);
        each.for_each(|(place, share)| pairs.part(share.clone(), |id, value| place.add(id, value)));
        places
    }
}

impl<R: Record> Dealt<'_, R> {
    #[inline]
    fn add(&mut self, id: u32, value: u32) {
        self.largest = self.largest.max(id).max(value);
        let part = (id >> self.cut.shift) as usize;
        let Some(next) = self.next.get_mut(part) else {
            return;
        };
        if *next % RUN == 0 {
            *next = self.end;
            self.runs[part].push(self.end);
            self.end += RUN;
        }
        self.records[*next] = R::new(id, value, self.cut);
        *next += 1;
    }

    /// The records of a part, in runs.
    fn part(&self, part: usize) -> impl Iterator<Item = &[R]> + Clone {
        let runs = self.runs[part].as_slice();
        let last = runs.len().saturating_sub(1);
        runs.iter().enumerate().map(move |(at, &begin)| {
            let end = if at == last {
                self.next[part]
            } else {
                begin + RUN
            };
            &self.records[begin..end]
        })
    }

    fn length(&self, part: usize) -> usize {
        match self.runs[part].as_slice() {
            [] => 0,
            [others @ .., last] => others.len() * RUN + self.next[part] - last,
        }
    }
}

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

/// Rows in the making.
struct Made<T> {
    cut: Cut,
    offsets: Vec<u32>,
    values: Vec<T>,
    sizes: Vec<usize>,
}

impl<T: Id + Send> Made<T> {
    fn new<R: Record>(count: usize, cut: Cut, dealt: &[Dealt<'_, R>]) -> Self {
        let size = |part| dealt.iter().map(|dealt| dealt.length(part)).sum();
        let sizes: Vec<usize> = (0..cut.parts).map(size).collect();
        let length = sizes.iter().sum();
        // Filled by all threads, since fresh pages take their time.
        let mut values = Vec::with_capacity(length);
        pages::ask_for_large_pages(&mut values);
        values.par_extend(rayon::iter::repeat_n(T::at(0), length));
        Self {
            cut,
            offsets: pages::zeros(count + 1),
            values,
            sizes,
        }
    }

    fn parts(&mut self) -> Vec<Part<'_, T>> {
        // The first offset is zero; what is left are the ends of the rows, by part.
        let mut ends = self.offsets.get_mut(1..).unwrap_or_default();
        let mut values = self.values.as_mut_slice();
        let mut before = 0;
        let mut parts = Vec::with_capacity(self.sizes.len());
        for (number, &size) in self.sizes.iter().enumerate() {
            let (own_ends, other_ends) = ends.split_at_mut(ends.len().min(1 << self.cut.shift));
            let (own_values, other_values) = values.split_at_mut(size);
            parts.push(Part {
                cut: self.cut,
                number,
                ends: own_ends,
                values: own_values,
                before: position(before),
            });
            (ends, values) = (other_ends, other_values);
            before += size;
        }
        parts
    }

    fn into_rows<I: Id>(self) -> Rows<I, T> {
        Rows::from_parts(self.offsets, self.values)
    }
}

/// The rows of a part in the making.
struct Part<'m, T> {
    cut: Cut,
    number: usize,
    ends: &'m mut [u32],
    values: &'m mut [T],
    /// Values of the parts before.
    before: u32,
}

impl<T: Id> Part<'_, T> {
    /// Puts the records of the part in place, in their order.
    fn place<R: Record>(&mut self, dealt: &[Dealt<'_, R>]) {
        let number = self.number;
        let runs = dealt.iter().flat_map(|dealt| dealt.part(number));
        for run in runs.clone() {
            for record in run {
                self.ends[record.id_in_part(self.cut)] += 1;
            }
        }
        let mut next = self.begin_rows();
        for run in runs {
            self.put(run, &mut next);
        }
    }

    /// Puts the records of the part in place, each row ascending.
    fn place_sorted<R: Record>(&mut self, dealt: &[Dealt<'_, R>], sorter: &mut Sorter<R>) {
        let number = self.number;
        let runs = dealt.iter().flat_map(|dealt| dealt.part(number));
        let sorted = sorter.by_value(runs, self.values.len(), self.ends, self.cut);
        let mut next = self.begin_rows();
        self.put(sorted, &mut next);
    }

    /// Makes ends of rows from their lengths; returns where they begin within the part.
    fn begin_rows(&mut self) -> Vec<u32> {
        let mut next = Vec::with_capacity(self.ends.len());
        let mut sum = 0;
        for end in self.ends.iter_mut() {
            next.push(sum);
            sum += *end;
            *end = self.before + sum;
        }
        next
    }

    fn put<R: Record>(&mut self, records: &[R], next: &mut [u32]) {
        for record in records {
            let place = &mut next[record.id_in_part(self.cut)];
            self.values[*place as usize] = T::at(record.value(self.cut) as usize);
            *place += 1;
        }
    }

    /// Calls `each` with all ids and values in order.
    fn each(&self, mut each: impl FnMut(u32, u32)) {
        let first = position(self.number << self.cut.shift);
        let mut begin = self.before;
        for (id, &end) in (first..).zip(self.ends.iter()) {
            let own = (begin - self.before) as usize..(end - self.before) as usize;
            for value in &self.values[own] {
                each(id, position(value.index()));
            }
            begin = end;
        }
    }
}

/// Sorts records by value, digit by digit, the lowest first, in memory that is used again.
#[derive(Default)]
struct Sorter<R> {
    from: Vec<R>,
    to: Vec<R>,
}

impl<R: Record> Sorter<R> {
    /// Sorts the records of a part, and counts them by id.
    fn by_value<'r>(
        &mut self,
        runs: impl Iterator<Item = &'r [R]> + Clone,
        count: usize,
        by_id: &mut [u32],
        cut: Cut,
    ) -> &[R]
    where
        R: 'r,
    {
        self.from.resize(count, R::default());
        self.to.resize(count, R::default());
        let mut first = [0_u32; DIGITS];
        let mut second = [0_u32; DIGITS];
        for run in runs.clone() {
            for record in run {
                by_id[record.id_in_part(cut)] += 1;
                first[record.digit(0)] += 1;
                second[record.digit(DIGIT_BITS)] += 1;
            }
        }
        begin_digits(&mut first);
        for run in runs {
            scatter(run, 0, &mut first, &mut self.to);
        }
        std::mem::swap(&mut self.from, &mut self.to);
        begin_digits(&mut second);
        scatter(&self.from, DIGIT_BITS, &mut second, &mut self.to);
        std::mem::swap(&mut self.from, &mut self.to);
        // The last digit may reach into the id, by which records are put in place later anyway.
        for shift in (2 * DIGIT_BITS..cut.value_bits).step_by(DIGIT_BITS as usize) {
            let mut next = [0_u32; DIGITS];
            for record in &self.from {
                next[record.digit(shift)] += 1;
            }
            begin_digits(&mut next);
            scatter(&self.from, shift, &mut next, &mut self.to);
            std::mem::swap(&mut self.from, &mut self.to);
        }
        &self.from
    }
}

/// Makes counts the places where each digit begins.
fn begin_digits(counts: &mut [u32; DIGITS]) {
    let mut sum = 0;
    for count in counts {
        sum += std::mem::replace(count, sum);
    }
}

fn scatter<R: Record>(from: &[R], shift: u32, next: &mut [u32; DIGITS], to: &mut [R]) {
    for &record in from {
        let place = &mut next[record.digit(shift)];
        to[*place as usize] = record;
        *place += 1;
    }
}

/// Cuts parts into neighbouring shares of about the same number of values.
fn even_shares<T>(parts: Vec<Part<'_, T>>, count: usize) -> Vec<Vec<Part<'_, T>>> {
    let all: usize = parts.iter().map(|part| part.values.len()).sum();
    let target = all.div_ceil(count).max(1);
    let mut shares: Vec<Vec<Part<'_, T>>> = Vec::with_capacity(count);
    let mut sum = 0;
    for part in parts {
        let share = (sum / target).min(count - 1);
        sum += part.values.len();
        shares.resize_with((share + 1).max(shares.len()), Vec::new);
        if let Some(last) = shares.last_mut() {
            last.push(part);
        }
    }
    shares
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: rows fit u32: callers bound the number of ids and pairs first"
)]
fn position(place: usize) -> u32 {
    place as u32
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
