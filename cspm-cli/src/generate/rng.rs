//! The random numbers of the generator: small, documented, the same on every machine.

/// Quantiles of a log-normal distribution (median 1,000, sigma 1.2), a table so that no platform's
/// logarithm has a say in the bytes written.
const LOG_NORMAL: [u64; 64] = [
    55, 92, 121, 146, 171, 194, 217, 240, 263, 286, 309, 333, 357, 381, 406, 432, 458, 485, 513,
    542, 571, 602, 633, 666, 699, 734, 771, 808, 848, 889, 932, 977, 1024, 1073, 1125, 1179, 1237,
    1298, 1362, 1430, 1503, 1580, 1662, 1751, 1846, 1949, 2060, 2182, 2314, 2460, 2622, 2802, 3004,
    3233, 3497, 3803, 4166, 4605, 5152, 5860, 6829, 8281, 10858, 18194,
];

/// A splitmix64 generator.
///
/// # Source
/// Guy Steele, Doug Lea and Christine Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014; constants as in Sebastiano Vigna's `splitmix64.c`.
#[derive(Debug, Clone)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    /// A generator that starts at this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator for one part of the whole: what other parts draw does not change what it gives.
    pub(crate) fn fork(seed: u64, part: u64, index: u64) -> Self {
        let mut base = Self::new(seed ^ part.rotate_left(32));
        let start = base.next() ^ index.wrapping_mul(0xd134_2543_de82_ef95);
        Self::new(Self::new(start).next())
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 for a bound of 0. The bias of the remainder is below 2⁻³² for every
    /// bound in use.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// True in `per_mille` of 1,000 cases.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A position below `len`, the small ones far more often: the frequency of a position falls
    /// roughly as one over its rank, as with anything that is shared in an organisation.
    pub(crate) fn rank(&mut self, len: usize) -> usize {
        let len = len as u64;
        let octaves = u64::from(len.checked_ilog2().unwrap_or(0)) + 1;
        let first = 1_u64 << self.below(octaves);
        // The last octave may be a part of one.
        let before = first - 1;
        let position = before + self.below(first.min(len.saturating_sub(before)));
        usize::try_from(position).unwrap_or(0)
    }

    /// One of the items, each as often as the others; nothing if there are none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.below(items.len() as u64);
        items.get(usize::try_from(at).unwrap_or(0))
    }

    /// One of the items, the first ones far more often; nothing if there are none.
    pub(crate) fn pick_shared<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.rank(items.len());
        items.get(at)
    }

    /// One of the words; empty if there are none.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick(words).copied().unwrap_or_default()
    }

    /// A log-normal weight with a median of about 1,000.
    pub(crate) fn log_normal(&mut self) -> u64 {
        self.pick(&LOG_NORMAL).copied().unwrap_or(1000)
    }

    /// The 17 hexadecimal digits of a provider's id behind a prefix such as `i-`.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}0{:016x}", self.next())
    }

    /// Eight hexadecimal digits, for names that must not repeat.
    pub(crate) fn suffix(&mut self) -> String {
        format!("{:08x}", self.next() >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut rng = Rng::new(1_234_567);
        let want = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([rng.next(), rng.next()], want);
    }

    #[test]
    fn small_ranks_are_frequent_and_none_is_out_of_range() {
        let mut rng = Rng::new(1);
        let mut counts = [0_u32; 100];
        for _ in 0..10_000 {
            counts[rng.rank(100)] += 1;
        }
        assert!(counts[0] > 1000 && counts[99] > 0 && counts[0] > 5 * counts[50]);
        assert_eq!((rng.rank(0), rng.rank(1), rng.below(0)), (0, 0, 0));
    }
}
