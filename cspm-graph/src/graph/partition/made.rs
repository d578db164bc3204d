//! Rows in the making, part by part.

use rayon::prelude::*;

use super::dealt::Dealt;
use super::record::{Cut, DIGIT_BITS, DIGITS, Record};
use crate::graph::{Id, Rows, pages};

/// Rows in the making.
pub(super) struct Made<T> {
    cut: Cut,
    offsets: Vec<u32>,
    values: Vec<T>,
    sizes: Vec<usize>,
}

impl<T: Id + Send> Made<T> {
    pub(super) fn new<R: Record>(count: usize, cut: Cut, dealt: &[Dealt<'_, R>]) -> Self {
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

    pub(super) fn parts(&mut self) -> Vec<Part<'_, T>> {
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

    pub(super) fn into_rows<I: Id>(self) -> Rows<I, T> {
        Rows::from_parts(self.offsets, self.values)
    }
}

/// The rows of a part in the making.
pub(super) struct Part<'m, T> {
    cut: Cut,
    number: usize,
    ends: &'m mut [u32],
    pub(super) values: &'m mut [T],
    /// Values of the parts before.
    before: u32,
}

impl<T: Id> Part<'_, T> {
    /// Puts the records of the part in place, in their order.
    pub(super) fn place<R: Record>(&mut self, dealt: &[Dealt<'_, R>]) {
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
    pub(super) fn place_sorted<R: Record>(
        &mut self,
        dealt: &[Dealt<'_, R>],
        sorter: &mut Sorter<R>,
    ) {
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
    pub(super) fn each(&self, mut each: impl FnMut(u32, u32)) {
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
pub(super) struct Sorter<R> {
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
pub(super) fn even_shares<T>(parts: Vec<Part<'_, T>>, count: usize) -> Vec<Vec<Part<'_, T>>> {
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
