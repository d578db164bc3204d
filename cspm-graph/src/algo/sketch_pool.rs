//! Hash-consed sketches: the smallest ranks of a set, equal ones stored once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::graph::sealed::Sealed as _;
use crate::graph::{Id as _, Table, define_id};

define_id! {
    /// A stored sketch. Equal sketches of a pool have equal ids.
    pub(super) struct SketchId
}

/// Stores each distinct sketch once: up to `size` ranks, ascending and distinct.
///
/// The sketch of a union follows from the sketches of its parts: a rank that is among the smallest of the whole
/// is among the smallest of its part.
///
/// The hash seed is random, so that hostile input cannot aim at one bucket; ids follow the order in which
/// sketches are stored and not the hash, so answers do not depend on it.
#[derive(Debug)]
pub(super) struct SketchPool {
    size: usize,
    /// Where each sketch begins in `ranks`; it ends where the next one begins.
    starts: Table<SketchId, usize>,
    ranks: Vec<u32>,
    seed: RandomState,
    newest_of_hash: HashMap<u64, SketchId>,
    older_of_hash: Table<SketchId, Option<SketchId>>,
    union: Vec<u32>,
    spare: Vec<u32>,
    work: usize,
}

impl SketchPool {
    /// A pool that holds the empty sketch, as [`Self::empty`].
    pub(super) fn new(size: usize) -> Self {
        Self {
            size,
            starts: vec![0].into(),
            ranks: Vec::new(),
            seed: RandomState::new(),
            newest_of_hash: HashMap::new(),
            older_of_hash: vec![None].into(),
            union: Vec::new(),
            spare: Vec::new(),
            work: 0,
        }
    }

    pub(super) fn empty() -> SketchId {
        SketchId::at(0)
    }

    /// Number of sketches, the empty one among them.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Number of words of 64 bits in all sketches; a word holds two ranks.
    pub(super) fn word_count(&self) -> usize {
        self.ranks.len().div_ceil(2)
    }

    /// The ranks of a sketch, ascending.
    #[inline]
    pub(super) fn ranks(&self, sketch: SketchId) -> &[u32] {
        let next = sketch.index() + 1;
        let end = self.starts.values().get(next).copied();
        &self.ranks[self.starts[sketch]..end.unwrap_or(self.ranks.len())]
    }

    /// The number of ranks looked at since this was last asked.
    pub(super) fn take_work(&mut self) -> usize {
        std::mem::take(&mut self.work)
    }

    /// The sketch of the union of some sets, given by their sketches, and of ranks in ascending order.
    ///
    /// COST: of several sketches one mostly holds what the others could add, which is seen without storing
    /// anything.
    pub(super) fn union(&mut self, sketches: &[SketchId], own: &[u32]) -> SketchId {
        let Some(&first) = sketches.first() else {
            return self.store(&own[..own.len().min(self.size)]);
        };
        // COST: a full sketch mostly stays as it is, and one look at the lowest of the others tells.
        let adds_nothing = |ranks: &[u32], own: &[u32]| match (ranks.last(), own.first()) {
            (_, None) => true,
            (Some(last), Some(lowest)) => ranks.len() >= self.size && lowest > last,
            (None, Some(_)) => false,
        };
        if sketches.len() == 1 && adds_nothing(self.ranks(first), own) {
            self.work += 1;
            return first;
        }
        // The fullest, and of full ones that of the largest set.
        let weight = |sketch: SketchId| {
            let ranks = self.ranks(sketch);
            (ranks.len(), std::cmp::Reverse(ranks.last().copied()))
        };
        let base = sketches[1..].iter().fold(first, |base, &sketch| {
            if weight(sketch) > weight(base) {
                sketch
            } else {
                base
            }
        });
        let mut union = std::mem::take(&mut self.union);
        let mut spare = std::mem::take(&mut self.spare);
        union.clear();
        union.extend_from_slice(self.ranks(base));
        let mut work = sketches.len() + union.len() + own.len();
        let mut grown = false;
        for &sketch in sketches.iter().filter(|&&sketch| sketch != base) {
            let more = self.ranks(sketch);
            work += more.len();
            grown |= merge(&mut union, &mut spare, more, self.size);
        }
        grown |= merge(&mut union, &mut spare, own, self.size);
        self.work += work;
        let made = if grown { self.store(&union) } else { base };
        (self.union, self.spare) = (union, spare);
        made
    }

    fn store(&mut self, ranks: &[u32]) -> SketchId {
        if ranks.is_empty() {
            return Self::empty();
        }
        let hash = self.seed.hash_one(ranks);
        let newest = self.newest_of_hash.get(&hash).copied();
        let mut candidate = newest;
        while let Some(sketch) = candidate {
            if self.ranks(sketch) == ranks {
                return sketch;
            }
            candidate = self.older_of_hash[sketch];
        }
        let sketch = SketchId::at(self.starts.len());
        self.starts.push(self.ranks.len());
        self.ranks.extend_from_slice(ranks);
        self.older_of_hash.push(newest);
        self.newest_of_hash.insert(hash, sketch);
        sketch
    }
}

/// Makes `union` the `size` smallest of its ranks and of `more`, both ascending; true if it changed.
fn merge(union: &mut Vec<u32>, spare: &mut Vec<u32>, more: &[u32], size: usize) -> bool {
    // Beyond the largest of a full sketch nothing is added.
    let largest = union.last().filter(|_| union.len() >= size).copied();
    let more = match largest {
        Some(largest) => &more[..more.partition_point(|&rank| rank < largest)],
        None => more,
    };
    let mut at = 0;
    let known = more.iter().take_while(|&&rank| {
        while union.get(at).is_some_and(|&held| held < rank) {
            at += 1;
        }
        union.get(at) == Some(&rank)
    });
    let mut more = more[known.count()..].iter().copied().peekable();
    if more.peek().is_none() {
        return false;
    }
    spare.clear();
    spare.extend_from_slice(&union[..at]);
    let mut held = union[at..].iter().copied().peekable();
    while spare.len() < size {
        let next = match (held.peek(), more.peek()) {
            (Some(&a), Some(&b)) => a.min(b),
            (Some(&only), None) | (None, Some(&only)) => only,
            (None, None) => break,
        };
        held.next_if_eq(&next);
        more.next_if_eq(&next);
        spare.push(next);
    }
    std::mem::swap(union, spare);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(size: usize, parts: &[&[u32]], own: &[u32], expected: &[u32]) {
        let mut pool = SketchPool::new(size);
        let ids: Vec<SketchId> = parts.iter().map(|part| pool.union(&[], part)).collect();
        let made = pool.union(&ids, own);
        assert_eq!(pool.ranks(made), expected);
        let turned: Vec<SketchId> = ids.iter().rev().copied().collect();
        assert_eq!(pool.union(&turned, own), made, "in any order");
        assert_eq!(pool.union(&[], expected), made, "stored once");
    }

    #[test]
    fn a_union_keeps_the_smallest() {
        check(3, &[], &[], &[]);
        check(3, &[], &[1, 2, 5, 9], &[1, 2, 5]);
        check(3, &[&[4, 7]], &[], &[4, 7]);
        check(3, &[&[4, 7]], &[4], &[4, 7]);
        check(3, &[&[4, 7]], &[5], &[4, 5, 7]);
        check(3, &[&[4, 7], &[1, 2, 3]], &[], &[1, 2, 3]);
        check(3, &[&[4, 7, 9], &[1, 8]], &[6], &[1, 4, 6]);
        check(4, &[&[1, 3], &[3, 5], &[5, 7], &[]], &[7, 8], &[1, 3, 5, 7]);
        check(
            9,
            &[&[1, 3], &[3, 5], &[5, 7]],
            &[0, 9],
            &[0, 1, 3, 5, 7, 9],
        );
    }

    #[test]
    fn what_adds_nothing_stores_nothing() {
        let mut pool = SketchPool::new(2);
        let full = pool.union(&[], &[1, 2]);
        let later = pool.union(&[], &[2, 9]);
        assert_eq!(pool.len(), 3);
        assert_eq!(pool.union(&[later, full], &[5]), full);
        assert_eq!(pool.union(&[full, SketchPool::empty()], &[]), full);
        assert_eq!((pool.len(), pool.word_count()), (3, 2));
    }
}
