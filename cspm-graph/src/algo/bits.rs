//! Bits of words.

/// The places of the bits that are set, ascending.
pub(super) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}

/// Whether a bit of some words is set.
#[inline]
pub(super) fn holds(words: &[u64], bit: usize) -> bool {
    words[bit / 64] >> (bit % 64) & 1 == 1
}

/// Sets a bit of some words; true if it was not set.
#[inline]
pub(super) fn put(words: &mut [u64], bit: usize) -> bool {
    let word = &mut words[bit / 64];
    let old = *word;
    *word |= 1 << (bit % 64);
    old >> (bit % 64) & 1 == 0
}
