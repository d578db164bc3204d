//! Records dealt into parts of neighbouring ids.

use std::ops::Range;

use rayon::prelude::*;

use super::Pairs;
use super::record::{Cut, Record};

/// Records of a part lie in runs of this many.
const RUN: usize = 1 << 9;

/// Records, dealt by part.
pub(super) struct Dealt<'r, R> {
    cut: Cut,
    records: &'r mut [R],
    /// Where the next record of each part goes; a multiple of [`RUN`] if a new run is needed.
    next: Vec<usize>,
    /// Where the runs of each part begin.
    runs: Vec<Vec<usize>>,
    /// Where the next run begins.
    end: usize,
    /// The largest number seen. Those that are in no part are left out.
    pub(super) largest: u32,
}

/// Room for the records that several threads deal, in one piece.
///
/// COST: one large piece goes back to the system when it is freed; the allocator would keep several smaller ones.
pub(super) struct Room<R> {
    cut: Cut,
    sizes: Vec<usize>,
    records: Vec<R>,
}

impl<R: Record> Room<R> {
    /// For so many records of each thread.
    pub(super) fn new(cut: Cut, counts: impl Iterator<Item = usize>) -> Self {
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
    pub(super) fn places(&mut self) -> Vec<Dealt<'_, R>> {
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
    pub(super) fn deal(
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
    pub(super) fn add(&mut self, id: u32, value: u32) {
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
    pub(super) fn part(&self, part: usize) -> impl Iterator<Item = &[R]> + Clone {
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

    pub(super) fn length(&self, part: usize) -> usize {
        match self.runs[part].as_slice() {
            [] => 0,
            [others @ .., last] => others.len() * RUN + self.next[part] - last,
        }
    }
}
