//! Compressed rows: a list of values for each id, all in one array.

use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

use super::Id;

/// For each id a slice of `values`, between two neighbouring `offsets`.
#[derive(Clone, Debug)]
pub(crate) struct Rows<I, T> {
    offsets: Vec<u32>,
    values: Vec<T>,
    id: PhantomData<fn(I) -> I>,
}

impl<I: Id, T: Copy> Rows<I, T> {
    /// Groups `pairs` by id; a row keeps the order of its pairs. `pairs` is walked twice.
    ///
    /// INVARIANT: rows fit `u32`: callers bound the number of pairs below `u32::MAX` first.
    pub(crate) fn group<P>(count: usize, pairs: P, filler: T) -> Self
    where
        P: Iterator<Item = (I, T)> + Clone,
    {
        let mut offsets = vec![0_u32; count + 1];
        for (id, _) in pairs.clone() {
            offsets[id.index() + 1] += 1;
        }
        for row in 0..count {
            offsets[row + 1] += offsets[row];
        }
        let mut values = vec![filler; offsets[count] as usize];
        let mut next = offsets.clone();
        for (id, value) in pairs {
            let place = &mut next[id.index()];
            values[*place as usize] = value;
            *place += 1;
        }
        Self {
            offsets,
            values,
            id: PhantomData,
        }
    }

    /// No rows at all, and so no space.
    pub(crate) fn none() -> Self {
        Self::from_parts(Vec::new(), Vec::new())
    }

    /// Appends nothing and takes the arrays as they are.
    pub(crate) fn from_parts(offsets: Vec<u32>, values: Vec<T>) -> Self {
        Self {
            offsets,
            values,
            id: PhantomData,
        }
    }

    /// The offsets and the values.
    pub(crate) fn into_parts(self) -> (Vec<u32>, Vec<T>) {
        (self.offsets, self.values)
    }

    #[inline]
    pub(crate) fn range(&self, id: I) -> Range<usize> {
        self.offsets[id.index()] as usize..self.offsets[id.index() + 1] as usize
    }

    /// Where a row begins and ends.
    #[inline]
    pub(crate) fn bounds(&self, id: I) -> (u32, u32) {
        (self.offsets[id.index()], self.offsets[id.index() + 1])
    }

    /// The values of a row that begins and ends here.
    #[inline]
    pub(crate) fn between(&self, begin: u32, end: u32) -> &[T] {
        &self.values[begin as usize..end as usize]
    }

    #[inline]
    pub(crate) fn row(&self, id: I) -> &[T] {
        &self.values[self.range(id)]
    }

    pub(crate) fn row_mut(&mut self, id: I) -> &mut [T] {
        let range = self.range(id);
        &mut self.values[range]
    }

    /// Sorts each row.
    ///
    /// COST: rows are short, and sorting them where they lie touches no other memory.
    pub(crate) fn sort_rows_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K + Sync)
    where
        T: Send,
    {
        const ROWS_OF_A_PART: usize = 1 << 12;
        let mut parts = Vec::new();
        let mut rest = self.values.as_mut_slice();
        let mut before = 0;
        for ends in self
            .offsets
            .get(1..)
            .unwrap_or_default()
            .chunks(ROWS_OF_A_PART)
        {
            let end = ends.last().copied().unwrap_or(before);
            let (values, others) = rest.split_at_mut((end - before) as usize);
            parts.push((before, ends, values));
            (rest, before) = (others, end);
        }
        parts
            .into_par_iter()
            .for_each(|(mut begin, ends, mut values)| {
                for &end in ends {
                    let (row, others) = values.split_at_mut((end - begin) as usize);
                    row.sort_unstable_by_key(&key);
                    (values, begin) = (others, end);
                }
            });
    }

    /// The id whose row holds the value at `position`.
    pub(crate) fn row_of(&self, position: usize) -> I {
        let after = self
            .offsets
            .partition_point(|&offset| offset as usize <= position);
        I::at(after.saturating_sub(1))
    }

    /// Bytes of both arrays.
    pub(crate) fn byte_count(&self) -> usize {
        size_of_val(self.offsets.as_slice()) + size_of_val(self.values.as_slice())
    }

    pub(crate) fn row_count(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    /// True if the offsets are what the type promises for `count` ids.
    pub(crate) fn is_sound(&self, count: usize) -> bool {
        self.offsets.len() == count + 1
            && self.offsets.first() == Some(&0)
            && self.offsets.is_sorted()
            && self
                .offsets
                .last()
                .is_some_and(|&last| last as usize == self.values.len())
    }
}
