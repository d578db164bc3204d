//! Hash-consed sets of ranks, as chains that share their ends.

use std::collections::HashMap;

use super::QueryError;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{Id, Table, define_id};

define_id! {
    /// The place of a state in some order in which all that a state cannot do without comes before it. Rank 0 is
    /// no state's.
    pub(super) struct Rank
}

define_id! {
    /// A stored set: a head, and the chain of all that is lower. Equal sets of a pool have equal ids, and the
    /// rest of a chain has a lower id than the chain. Chain 0 is the empty set.
    pub(super) struct ChainId
}

/// Words of 64 bits that a chain takes with its entry among the known ones, and that a remembered pair takes.
const WORDS_OF_A_CHAIN: usize = 4;

/// Stores sets of ranks as chains from the highest to the lowest.
///
/// What a state cannot do without is most often itself on top of what some earlier state cannot do without:
/// that is one more link. Where two chains meet in one link, all that is lower is the same, and the work ends.
#[derive(Debug)]
pub(super) struct ChainPool {
    heads: Table<ChainId, Rank>,
    rests: Table<ChainId, ChainId>,
    /// The first chain with each head; most heads have no other.
    first_of: Table<Rank, Option<ChainId>>,
    others: HashMap<(Rank, ChainId), ChainId>,
    /// Outcomes for some pairs.
    known: HashMap<(Operation, ChainId, ChainId), ChainId>,
    scratch: Vec<Frame>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operation {
    Common,
    Joined,
}

/// What is to be done on the way back.
#[derive(Clone, Copy, Debug)]
enum Frame {
    Keep(Rank),
    Remember(ChainId, ChainId),
}

impl ChainPool {
    /// A pool for ranks below `rank_count`; it holds the empty set.
    pub(super) fn new(rank_count: usize) -> Self {
        Self {
            heads: vec![Rank::at(0)].into(),
            rests: vec![Self::empty()].into(),
            first_of: Table::filled(None, rank_count),
            others: HashMap::new(),
            known: HashMap::new(),
            scratch: Vec::new(),
        }
    }

    pub(super) fn empty() -> ChainId {
        ChainId::at(0)
    }

    /// The heads and the rests of all chains.
    pub(super) fn into_parts(self) -> (Table<ChainId, Rank>, Table<ChainId, ChainId>) {
        (self.heads, self.rests)
    }

    /// `rest` and a rank above all of it.
    pub(super) fn extend(
        &mut self,
        head: Rank,
        rest: ChainId,
        meter: &mut Meter<'_>,
    ) -> Result<ChainId, QueryError> {
        meter.spend(1)?;
        let chain = ChainId::at(self.heads.len());
        match self.first_of[head] {
            None => self.first_of[head] = Some(chain),
            Some(first) if self.rests[first] == rest => return Ok(first),
            Some(_) => {
                let known = *self.others.entry((head, rest)).or_insert(chain);
                if known != chain {
                    return Ok(known);
                }
            }
        }
        self.heads.push(head);
        self.rests.push(rest);
        self.check_space(meter)?;
        Ok(chain)
    }

    fn check_space(&self, meter: &Meter<'_>) -> Result<(), QueryError> {
        meter.check_set_words((self.heads.len() + self.known.len()) * WORDS_OF_A_CHAIN)
    }

    /// What two sets have in common.
    pub(super) fn common(
        &mut self,
        one: ChainId,
        other: ChainId,
        meter: &mut Meter<'_>,
    ) -> Result<ChainId, QueryError> {
        self.merge(Operation::Common, one, other, meter)
    }

    /// All that is in one of two sets.
    pub(super) fn joined(
        &mut self,
        one: ChainId,
        other: ChainId,
        meter: &mut Meter<'_>,
    ) -> Result<ChainId, QueryError> {
        self.merge(Operation::Joined, one, other, meter)
    }

    /// Walks down both chains to where they are one, or one ends, or the outcome is known.
    fn merge(
        &mut self,
        operation: Operation,
        mut one: ChainId,
        mut other: ChainId,
        meter: &mut Meter<'_>,
    ) -> Result<ChainId, QueryError> {
        let mut frames = std::mem::take(&mut self.scratch);
        frames.clear();
        let joins = operation == Operation::Joined;
        let mut merged = loop {
            meter.spend(1)?;
            // The empty chain has the lowest id of all.
            let (low, high) = (one.min(other), one.max(other));
            if low == high {
                break low;
            }
            if low == Self::empty() {
                break if joins { high } else { low };
            }
            if is_remembered(low, high) {
                if let Some(&known) = self.known.get(&(operation, low, high)) {
                    break known;
                }
                frames.push(Frame::Remember(low, high));
            }
            let (head, beside) = (self.heads[one], self.heads[other]);
            if joins || head == beside {
                frames.push(Frame::Keep(head.max(beside)));
            }
            if head >= beside {
                one = self.rests[one];
            }
            if beside >= head {
                other = self.rests[other];
            }
        };
        while let Some(frame) = frames.pop() {
            match frame {
                Frame::Keep(head) => merged = self.extend(head, merged, meter)?,
                Frame::Remember(low, high) => {
                    self.known.insert((operation, low, high), merged);
                    self.check_space(meter)?;
                }
            }
        }
        self.scratch = frames;
        Ok(merged)
    }
}

/// Whether the outcome for a pair is remembered.
///
/// COST: an eighth of the pairs is enough. Two walks that have come to the same pair go on through the same pairs,
/// so the second soon meets one that the first has left.
fn is_remembered(low: ChainId, high: ChainId) -> bool {
    let mixed = (low.index() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add((high.index() as u64).wrapping_mul(0xd1b5_4a32_d192_ed03));
    mixed >> 61 == 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::graph::Limits;

    fn store(pool: &mut ChainPool, ranks: &BTreeSet<usize>, meter: &mut Meter<'_>) -> ChainId {
        ranks.iter().fold(ChainPool::empty(), |rest, &rank| {
            pool.extend(Rank::at(rank), rest, meter).unwrap()
        })
    }

    #[test]
    fn chains_are_sets() {
        let limits = Limits::default();
        let meter = &mut Meter::new(&limits);
        let mut pool = ChainPool::new(40);
        // All sets of four ranks, spread out.
        let sets: Vec<BTreeSet<usize>> = (0..16_usize)
            .map(|bits| {
                (0..4)
                    .filter(|bit| bits >> bit & 1 == 1)
                    .map(|bit| 1 + 9 * bit)
                    .collect()
            })
            .collect();
        // Twice: the second time from what is remembered.
        for _ in 0..2 {
            for left in &sets {
                for right in &sets {
                    let (one, other) = (
                        store(&mut pool, left, meter),
                        store(&mut pool, right, meter),
                    );
                    let common: BTreeSet<usize> = left & right;
                    let joined: BTreeSet<usize> = left | right;
                    assert_eq!(
                        pool.common(one, other, meter).unwrap(),
                        store(&mut pool, &common, meter)
                    );
                    assert_eq!(
                        pool.joined(one, other, meter).unwrap(),
                        store(&mut pool, &joined, meter)
                    );
                }
            }
        }
        assert_eq!(pool.heads.len(), 16);
        assert!(!pool.known.is_empty());
    }

    #[test]
    fn rungs_of_a_ladder_share_their_ends() {
        // A rung is joined in a few steps, not in as many as there are rungs below.
        let limits = Limits {
            work: 1_000_000,
            ..Limits::default()
        };
        let meter = &mut Meter::new(&limits);
        let count = 20_000;
        let mut pool = ChainPool::new(2 * count + 1);
        let mut ends = [ChainPool::empty(); 2];
        for rung in 0..count {
            for (side, end) in ends.iter_mut().enumerate() {
                *end = pool
                    .extend(Rank::at(2 * rung + side + 1), *end, meter)
                    .unwrap();
            }
            pool.joined(ends[0], ends[1], meter).unwrap();
        }
        assert!(pool.heads.len() <= 6 * count, "{}", pool.heads.len());
    }
}
