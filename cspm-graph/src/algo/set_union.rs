//! Unions of stored sets of jewels, with what they are worth.

use std::ops::Range;

use super::QueryError;
use super::meter::Meter;
use super::set_pool::{SetId, SetPool};
use crate::graph::{Id as _, Table};

/// How many jewels are in a set, and what they are worth.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) count: usize,
    pub(super) value: u64,
}

/// Unions of sets, with their totals.
pub(super) struct Unions {
    pub(super) pool: SetPool,
    pub(super) totals: Table<SetId, Totals>,
    /// The value of each bit that is a jewel.
    values: Vec<Option<u64>>,
    /// The union for which a set was looked at last.
    looked_at: Vec<u64>,
    union: u64,
    parts: Vec<SetId>,
    pub(super) work: usize,
}

impl Unions {
    pub(super) fn new() -> Self {
        Self {
            pool: SetPool::new(),
            totals: vec![Totals::default()].into(),
            values: Vec::new(),
            looked_at: Vec::new(),
            union: 0,
            parts: Vec::new(),
            work: 0,
        }
    }

    /// Number of bits so far.
    pub(super) fn bit_count(&self) -> usize {
        self.values.len()
    }

    /// Adds a bit; with the value of a jewel if it is one.
    pub(super) fn add_bit(&mut self, value: Option<u64>) {
        self.values.push(value);
    }

    /// The union of sets and a range of bits; and the set among them that holds the most jewels.
    ///
    /// COST: mostly the largest set holds the others, which is seen by comparing words, without storing. Totals are
    /// counted from those of the largest.
    pub(super) fn of(&mut self, sets: &[SetId], bits: Range<usize>) -> (SetId, SetId) {
        let Some((&first, others)) = sets.split_first() else {
            let set = self.pool.union(&[], bits);
            self.total(set, SetPool::empty());
            return (set, SetPool::empty());
        };
        let mut largest = first;
        let mut one = true;
        for &set in others {
            one &= set == first;
            if self.totals[set].count > self.totals[largest].count {
                largest = set;
            }
        }
        if one && bits.is_empty() {
            return (first, first);
        }
        self.union += 1;
        self.looked_at.resize(self.pool.len(), 0);
        self.looked_at[largest.index()] = self.union;
        self.parts.clear();
        for &set in sets {
            if std::mem::replace(&mut self.looked_at[set.index()], self.union) != self.union {
                self.work += self.pool.width(set);
                if !self.pool.is_subset(set, largest) {
                    self.parts.push(set);
                }
            }
        }
        if self.parts.is_empty() && bits.is_empty() {
            return (largest, largest);
        }
        self.parts.push(largest);
        let set = self.pool.union(&self.parts, bits);
        self.work += self.pool.width(set);
        self.total(set, largest);
        (set, largest)
    }

    /// Spends the work so far where it is worth while, and checks the space of the sets.
    pub(super) fn spend(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        if self.work > 1 << 12 {
            meter.spend(std::mem::take(&mut self.work))?;
            meter.check_set_words(self.pool.word_count())?;
        }
        Ok(())
    }

    /// Counts a set, if it is new, from a part of it.
    fn total(&mut self, set: SetId, part: SetId) {
        if set.index() < self.totals.len() {
            return;
        }
        let mut totals = self.totals[part];
        self.pool.each_new_bit(set, part, |bit| {
            if let Some(value) = self.values[bit] {
                totals.count += 1;
                totals.value = totals.value.saturating_add(value);
            }
        });
        self.totals.push(totals);
    }
}
