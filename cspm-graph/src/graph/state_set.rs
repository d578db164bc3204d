//! A dense set of states.

use std::fmt;

use super::StateId;
use super::id::sealed::Sealed as _;

/// A set of states, one bit for each. Two sets are equal if they hold the same states.
#[derive(Clone, Default)]
pub struct StateSet {
    words: Vec<u64>,
}

impl StateSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The empty set, with room for the states of a graph of `state_count`.
    pub fn with_capacity(state_count: usize) -> Self {
        Self {
            words: vec![0; state_count.div_ceil(64)],
        }
    }

    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    /// Adds a state; true if it was not in the set.
    #[inline]
    pub fn insert(&mut self, state: StateId) -> bool {
        let index = state.index();
        if index / 64 >= self.words.len() {
            self.words.resize(index / 64 + 1, 0);
        }
        let Some(word) = self.words.get_mut(index / 64) else {
            return false;
        };
        let bit = 1 << (index % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Takes a state out; true if it was in the set.
    pub fn remove(&mut self, state: StateId) -> bool {
        let index = state.index();
        let Some(word) = self.words.get_mut(index / 64) else {
            return false;
        };
        let bit = 1 << (index % 64);
        let old = *word & bit != 0;
        *word &= !bit;
        old
    }

    /// Adds all states of another set.
    pub fn union_with(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Keeps only the states that are in another set too.
    pub fn intersect_with(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (word, keep) in self.words.iter_mut().zip(&other.words) {
            *word &= keep;
        }
    }

    /// Takes out all states of another set.
    pub fn subtract(&mut self, other: &Self) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// True if the state is in the set.
    #[inline]
    pub fn contains(&self, state: StateId) -> bool {
        let index = state.index();
        self.words
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// True if every state of this set is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        let others = other.words.iter().chain(std::iter::repeat(&0));
        self.words
            .iter()
            .zip(others)
            .all(|(word, other)| word & !other == 0)
    }

    /// Number of states. Counted anew at each call: O(capacity / 64).
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    pub(crate) fn byte_count(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// True if there is no state in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The states in ascending order.
    pub fn iter(&self) -> StateSetIter<'_> {
        StateSetIter {
            words: self.words.iter(),
            base: 0,
            word: 0,
            started: false,
        }
    }
}

impl PartialEq for StateSet {
    fn eq(&self, other: &Self) -> bool {
        self.is_subset(other) && other.is_subset(self)
    }
}

impl Eq for StateSet {}

impl fmt::Debug for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(StateId::get))
            .finish()
    }
}

impl FromIterator<StateId> for StateSet {
    fn from_iter<S: IntoIterator<Item = StateId>>(states: S) -> Self {
        let mut set = Self::new();
        set.extend(states);
        set
    }
}

impl Extend<StateId> for StateSet {
    fn extend<S: IntoIterator<Item = StateId>>(&mut self, states: S) {
        for state in states {
            self.insert(state);
        }
    }
}

impl<'s> IntoIterator for &'s StateSet {
    type Item = StateId;
    type IntoIter = StateSetIter<'s>;

    fn into_iter(self) -> StateSetIter<'s> {
        self.iter()
    }
}

/// The states of a [`StateSet`] in ascending order.
#[derive(Clone, Debug)]
pub struct StateSetIter<'s> {
    words: std::slice::Iter<'s, u64>,
    base: usize,
    word: u64,
    started: bool,
}

impl Iterator for StateSetIter<'_> {
    type Item = StateId;

    fn next(&mut self) -> Option<StateId> {
        while self.word == 0 {
            self.word = *self.words.next()?;
            self.base += if self.started { 64 } else { 0 };
            self.started = true;
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(StateId::at(self.base + bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(states: &[u32]) -> StateSet {
        states
            .iter()
            .map(|&state| StateId::new(state).unwrap())
            .collect()
    }

    #[test]
    fn states_come_back_in_order() {
        let held: Vec<u32> = set(&[200, 0, 63, 64, 127, 0])
            .iter()
            .map(StateId::get)
            .collect();
        assert_eq!(held, [0, 63, 64, 127, 200]);
        assert_eq!(set(&[200, 0, 63, 64, 127, 0]).len(), 5);
    }

    #[test]
    fn capacity_is_no_part_of_equality() {
        let mut wide = StateSet::with_capacity(1000);
        wide.insert(StateId::new(3).unwrap());
        assert_eq!(wide, set(&[3]));
        assert_eq!(set(&[3]), wide);
        assert_ne!(wide, set(&[3, 900]));
    }

    #[test]
    fn operations_cross_word_borders() {
        let mut left = set(&[1, 64, 130]);
        left.union_with(&set(&[2, 300]));
        assert_eq!(left, set(&[1, 2, 64, 130, 300]));
        left.subtract(&set(&[64, 999]));
        assert_eq!(left, set(&[1, 2, 130, 300]));
        left.intersect_with(&set(&[2, 130]));
        assert_eq!(left, set(&[2, 130]));
        assert!(left.remove(StateId::new(2).unwrap()) && !left.remove(StateId::new(900).unwrap()));
        assert_eq!(left, set(&[130]));
    }
}
