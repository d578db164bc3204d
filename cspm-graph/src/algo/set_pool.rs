//! Hash-consed bit sets: equal sets are stored once.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;

use super::bits::ones;
use crate::graph::sealed::Sealed as _;
use crate::graph::{Table, define_id};

define_id! {
    /// A stored set. Equal sets of a pool have equal ids.
    pub(super) struct SetId
}

/// Stores each distinct set of bits once, as the window of words between its first and its last bit.
///
/// The hash seed is random, so that hostile input cannot aim at one bucket; ids follow the order in which
/// sets are stored and not the hash, so answers do not depend on it.
#[derive(Clone, Debug)]
pub(super) struct SetPool {
    windows: Table<SetId, Window>,
    words: Vec<u64>,
    /// Random and odd.
    key: u64,
    newest_of_hash: HashMap<u64, SetId, Kept>,
    older_of_hash: Table<SetId, Option<SetId>>,
    scratch: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    /// Number of the first word, counted in words from bit 0.
    first: usize,
    /// Place in the arena.
    start: usize,
    length: usize,
}

/// Leaves a number that is a hash already as it is.
#[derive(Clone, Copy, Debug, Default)]
struct Kept;

impl BuildHasher for Kept {
    type Hasher = KeptHasher;

    fn build_hasher(&self) -> KeptHasher {
        KeptHasher(0)
    }
}

#[derive(Clone, Copy, Debug)]
struct KeptHasher(u64);

impl Hasher for KeptHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl SetPool {
    /// A pool that holds the empty set, as [`Self::empty`].
    pub(super) fn new() -> Self {
        Self {
            windows: vec![Window {
                first: 0,
                start: 0,
                length: 0,
            }]
            .into(),
            words: Vec::new(),
            key: RandomState::new().hash_one(0) | 1,
            newest_of_hash: HashMap::default(),
            older_of_hash: vec![None].into(),
            scratch: Vec::new(),
        }
    }

    pub(super) fn empty() -> SetId {
        SetId::at(0)
    }

    /// Number of sets, the empty one among them.
    pub(super) fn len(&self) -> usize {
        self.windows.len()
    }

    /// Number of words in all sets.
    pub(super) fn word_count(&self) -> usize {
        self.words.len()
    }

    /// Number of words of a set, as a measure of work.
    pub(super) fn width(&self, set: SetId) -> usize {
        self.windows[set].length
    }

    pub(super) fn contains(&self, set: SetId, bit: usize) -> bool {
        let Window {
            first,
            start,
            length,
        } = self.windows[set];
        match (bit / 64).checked_sub(first) {
            Some(word) if word < length => self.words[start + word] >> (bit % 64) & 1 == 1,
            _ => false,
        }
    }

    pub(super) fn is_subset(&self, inner: SetId, outer: SetId) -> bool {
        if inner == outer {
            return true;
        }
        let (small, large) = (self.windows[inner], self.windows[outer]);
        // Windows are tight, so a set that sticks out at either end is no subset.
        if small.length == 0 {
            return true;
        }
        if small.first < large.first || small.first + small.length > large.first + large.length {
            return false;
        }
        let words = &self.words[small.start..small.start + small.length];
        let offset = large.start + small.first - large.first;
        // COST: several words at a time, so that a vector register takes them together.
        let others = &self.words[offset..offset + words.len()];
        let beside = |words: &[u64], others: &[u64]| {
            let pairs = words.iter().zip(others);
            pairs.fold(0, |beside, (word, other)| beside | (word & !other))
        };
        words
            .chunks(8)
            .zip(others.chunks(8))
            .all(|(words, others)| beside(words, others) == 0)
    }

    /// The bits of a set in ascending order.
    pub(super) fn bits(&self, set: SetId) -> impl Iterator<Item = usize> + '_ {
        let Window {
            first,
            start,
            length,
        } = self.windows[set];
        self.words[start..start + length]
            .iter()
            .enumerate()
            .flat_map(move |(index, &word)| {
                let base = (first + index) * 64;
                ones(word).map(move |bit| base + bit)
            })
    }

    /// The bits that a set has in common with `mask`, a dense set of words from bit 0, in ascending order.
    pub(super) fn common_bits<'s>(
        &'s self,
        set: SetId,
        mask: &'s [u64],
    ) -> impl Iterator<Item = usize> + 's {
        let Window {
            first,
            start,
            length,
        } = self.windows[set];
        let mask = mask.get(first..).unwrap_or_default();
        let words = self.words[start..start + length]
            .iter()
            .zip(mask)
            .enumerate();
        words.flat_map(move |(index, (&word, &mask))| {
            let base = (first + index) * 64;
            ones(word & mask).map(move |bit| base + bit)
        })
    }

    /// The union of some sets and a range of bits.
    pub(super) fn union(&mut self, sets: &[SetId], bits: Range<usize>) -> SetId {
        let own = (!bits.is_empty()).then(|| (bits.start / 64, bits.end.div_ceil(64)));
        let windows = sets
            .iter()
            .map(|&set| self.windows[set])
            .filter(|window| window.length > 0);
        let ends = windows
            .clone()
            .map(|window| (window.first, window.first + window.length));
        let bounds = ends.chain(own).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some((first, end)) = bounds else {
            return Self::empty();
        };

        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.resize(end - first, 0);
        for window in windows {
            let words = &self.words[window.start..window.start + window.length];
            for (place, word) in scratch[window.first - first..].iter_mut().zip(words) {
                *place |= word;
            }
        }
        for bit in bits {
            scratch[bit / 64 - first] |= 1 << (bit % 64);
        }
        let set = self.store(first, &scratch);
        self.scratch = scratch;
        set
    }

    /// Calls `each` with the bits of a set that another has not, in ascending order.
    pub(super) fn each_new_bit(&self, set: SetId, beside: SetId, each: impl FnMut(usize)) {
        self.each_new(set, beside, |_| u64::MAX, each);
    }

    /// As [`Self::each_new_bit`], for the bits alone that are in `mask`, a dense set of words from bit 0.
    pub(super) fn each_new_bit_of(
        &self,
        set: SetId,
        beside: SetId,
        mask: &[u64],
        each: impl FnMut(usize),
    ) {
        self.each_new(
            set,
            beside,
            |word| mask.get(word).copied().unwrap_or(0),
            each,
        );
    }

    fn each_new(
        &self,
        set: SetId,
        beside: SetId,
        mask: impl Fn(usize) -> u64,
        mut each: impl FnMut(usize),
    ) {
        let (more, less) = (self.windows[set], self.windows[beside]);
        for (at, word) in self.words[more.start..more.start + more.length]
            .iter()
            .enumerate()
        {
            let known = (more.first + at)
                .checked_sub(less.first)
                .filter(|place| *place < less.length)
                .map_or(0, |place| self.words[less.start + place]);
            let mut new = word & !known & mask(more.first + at);
            while new != 0 {
                each((more.first + at) * 64 + new.trailing_zeros() as usize);
                new &= new - 1;
            }
        }
    }

    /// The set of the bits of a set that are not in `mask`, a dense set of words from bit 0.
    pub(super) fn store_without(&mut self, set: SetId, mask: &[u64]) -> SetId {
        let Window {
            first,
            start,
            length,
        } = self.windows[set];
        let masks = mask.get(first..).unwrap_or_default().iter().copied();
        let words = self.words[start..start + length].iter();
        let words = words.zip(masks.chain(std::iter::repeat(0)));
        if words.clone().all(|(word, mask)| word & mask == 0) {
            return set;
        }
        let mut kept = std::mem::take(&mut self.scratch);
        kept.clear();
        kept.extend(words.map(|(word, mask)| word & !mask));
        // Windows are tight.
        let end = kept
            .iter()
            .rposition(|&word| word != 0)
            .map_or(0, |last| last + 1);
        let begin = kept.iter().position(|&word| word != 0).unwrap_or(0);
        let stored = if end == 0 {
            Self::empty()
        } else {
            self.store(first + begin, &kept[begin..end])
        };
        self.scratch = kept;
        stored
    }

    /// COST: a multiplication a word; what the standard library offers takes ten times that.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both halves of the product are taken"
    )]
    fn hash(&self, first: usize, words: &[u64]) -> u64 {
        let mix = |state: u64, word: u64| {
            let product = u128::from(state ^ word) * u128::from(self.key);
            (product as u64) ^ ((product >> 64) as u64)
        };
        words
            .iter()
            .fold(mix(self.key, first as u64), |state, &word| mix(state, word))
    }

    /// Stores a set whose first and last word are not zero.
    fn store(&mut self, first: usize, words: &[u64]) -> SetId {
        let hash = self.hash(first, words);
        let mut candidate = self.newest_of_hash.get(&hash).copied();
        let newest = candidate;
        while let Some(set) = candidate {
            let window = self.windows[set];
            let stored = &self.words[window.start..window.start + window.length];
            if window.first == first && stored == words {
                return set;
            }
            candidate = self.older_of_hash[set];
        }
        let set = SetId::at(self.windows.len());
        self.windows.push(Window {
            first,
            start: self.words.len(),
            length: words.len(),
        });
        self.words.extend_from_slice(words);
        self.older_of_hash.push(newest);
        self.newest_of_hash.insert(hash, set);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(pool: &mut SetPool, bits: &[usize]) -> SetId {
        let single: Vec<SetId> = bits
            .iter()
            .map(|&bit| pool.union(&[], bit..bit + 1))
            .collect();
        pool.union(&single, 0..0)
    }

    #[test]
    fn equal_sets_are_stored_once() {
        let mut pool = SetPool::new();
        let low = pool.union(&[], 3..5);
        let high = pool.union(&[], 200..201);
        let both = pool.union(&[low, high], 0..0);
        assert_eq!(pool.bits(both).collect::<Vec<_>>(), [3, 4, 200]);
        assert_eq!(pool.union(&[high, SetPool::empty()], 3..5), both);
        assert_eq!(store(&mut pool, &[3, 4, 200]), both);
        assert_eq!(pool.union(&[], 7..7), SetPool::empty());
        assert_eq!(
            pool.store_without(both, &[1 << 3]),
            store(&mut pool, &[4, 200])
        );
        assert_eq!(pool.store_without(both, &[1 << 3 | 1 << 4]), high);
        assert_eq!(pool.store_without(both, &[1 << 5, u64::MAX]), both);
        assert_eq!(pool.store_without(low, &[u64::MAX]), SetPool::empty());
    }

    #[test]
    fn subsets_look_at_windows_and_words() {
        let mut pool = SetPool::new();
        let sets: Vec<SetId> = [
            &[][..],
            &[3],
            &[70],
            &[3, 70],
            &[3, 70, 300],
            &[300],
            &[4, 70],
        ]
        .map(|bits| store(&mut pool, bits))
        .to_vec();
        for &inner in &sets {
            for &outer in &sets {
                let expected = pool.bits(inner).all(|bit| pool.contains(outer, bit));
                assert_eq!(
                    pool.is_subset(inner, outer),
                    expected,
                    "{inner:?} in {outer:?}"
                );
            }
        }
        let mask = [1 << 3, 0, 0];
        assert_eq!(pool.common_bits(sets[4], &mask).collect::<Vec<_>>(), [3]);
        assert_eq!(pool.common_bits(sets[5], &mask).count(), 0);
    }
}
