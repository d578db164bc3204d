//! What pairs are packed into while they are grouped.

use crate::graph::pages;

/// How ids are cut into parts, and what records are made of pairs.
pub(super) enum Layout {
    Narrow(Cut),
    Wide(Cut),
}

/// How ids are cut into parts.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// An id shifted by this is the number of its part.
    pub(super) shift: u32,
    /// Bits of a value in a record.
    pub(super) value_bits: u32,
    pub(super) parts: usize,
}

impl Layout {
    pub(super) fn of(count: usize, value_count: usize) -> Self {
        // A part has so many ids at most that its counters stay in the first-level cache.
        const SHIFT_MAX: u32 = 13;
        // More parts than this are more streams than a processor can follow.
        const PARTS_MAX: usize = 1 << 10;
        let value_bits = usize::BITS - value_count.leading_zeros();
        let cut = |shift: u32, value_bits| Cut {
            shift,
            value_bits,
            parts: (count >> shift) + 1,
        };
        let narrow = cut(
            u32::BITS.saturating_sub(value_bits).min(SHIFT_MAX),
            value_bits,
        );
        // A value of all bits leaves none for the id, and shifts by all bits mean nothing.
        if value_bits < u32::BITS && narrow.parts <= PARTS_MAX {
            return Self::Narrow(narrow);
        }
        let per_part = count.div_ceil(PARTS_MAX).next_power_of_two();
        Self::Wide(cut(per_part.trailing_zeros().max(SHIFT_MAX), u32::BITS))
    }
}

/// A value, and above it an id within its part.
pub(super) trait Record: Copy + Default + Send + Sync {
    fn new(id: u32, value: u32, cut: Cut) -> Self;
    fn id_in_part(self, cut: Cut) -> usize;
    fn value(self, cut: Cut) -> u32;
    /// Some bits of the value.
    fn digit(self, shift: u32) -> usize;
    fn zeros(count: usize) -> Vec<Self>;
}

impl Record for u32 {
    #[inline]
    fn new(id: u32, value: u32, cut: Cut) -> Self {
        (id & ((1 << cut.shift) - 1)) << cut.value_bits | value
    }

    #[inline]
    fn id_in_part(self, cut: Cut) -> usize {
        (self >> cut.value_bits) as usize
    }

    #[inline]
    fn value(self, cut: Cut) -> u32 {
        self & ((1 << cut.value_bits) - 1)
    }

    #[inline]
    fn digit(self, shift: u32) -> usize {
        (self >> shift) as usize % DIGITS
    }

    fn zeros(count: usize) -> Vec<Self> {
        pages::zeros(count)
    }
}

impl Record for u64 {
    #[inline]
    fn new(id: u32, value: u32, cut: Cut) -> Self {
        Self::from(id & ((1 << cut.shift) - 1)) << u32::BITS | Self::from(value)
    }

    #[inline]
    fn id_in_part(self, _cut: Cut) -> usize {
        (self >> u32::BITS) as usize
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lower half is the value"
    )]
    fn value(self, _cut: Cut) -> u32 {
        self as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is small")]
    fn digit(self, shift: u32) -> usize {
        (self >> shift) as usize % DIGITS
    }

    fn zeros(count: usize) -> Vec<Self> {
        pages::wide_zeros(count)
    }
}

/// Ten bits are sorted at a time.
pub(super) const DIGITS: usize = 1 << DIGIT_BITS;
pub(super) const DIGIT_BITS: u32 = 10;
