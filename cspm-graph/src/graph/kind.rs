//! Kinds of steps, and sets of them.

use std::fmt;

/// What sort of step it is: a number with a meaning to the caller alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepKind(pub u8);

/// A set of step kinds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KindSet {
    words: [u64; 4],
}

impl KindSet {
    /// Every kind there can be.
    pub const ALL: Self = Self {
        words: [u64::MAX; 4],
    };

    /// No kind at all.
    pub const EMPTY: Self = Self { words: [0; 4] };

    /// Adds a kind.
    #[must_use]
    pub fn with(mut self, kind: StepKind) -> Self {
        if let Some(word) = self.words.get_mut(usize::from(kind.0 / 64)) {
            *word |= 1 << (kind.0 % 64);
        }
        self
    }

    /// Takes a kind away.
    #[must_use]
    pub fn without(mut self, kind: StepKind) -> Self {
        if let Some(word) = self.words.get_mut(usize::from(kind.0 / 64)) {
            *word &= !(1 << (kind.0 % 64));
        }
        self
    }

    /// True if the set has the kind.
    #[inline]
    pub fn contains(&self, kind: StepKind) -> bool {
        self.words
            .get(usize::from(kind.0 / 64))
            .is_some_and(|word| word >> (kind.0 % 64) & 1 == 1)
    }
}

impl Default for KindSet {
    /// Every kind: a view leaves nothing out unless told to.
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<StepKind> for KindSet {
    fn from_iter<K: IntoIterator<Item = StepKind>>(kinds: K) -> Self {
        kinds.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = (0..=u8::MAX).filter(|&kind| self.contains(StepKind(kind)));
        f.debug_set().entries(kinds).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: KindSet = [0, 63, 64, 255].map(StepKind).into_iter().collect();
        let held: Vec<u8> = (0..=255)
            .filter(|&kind| set.contains(StepKind(kind)))
            .collect();
        assert_eq!(held, [0, 63, 64, 255]);
        assert!(!set.without(StepKind(64)).contains(StepKind(64)));
        assert!((0..=255).all(|kind| KindSet::ALL.contains(StepKind(kind))));
    }
}
