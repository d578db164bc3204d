//! The score: fixed point, monotone in each of its factors.

use cspm_model::report::Priority;

/// The range of scores of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    low: u8,
    high: u8,
}

impl Band {
    /// 90 to 100.
    pub const CRITICAL: Self = Self { low: 90, high: 100 };
    /// 70 to 89.
    pub const HIGH: Self = Self { low: 70, high: 89 };
    /// 40 to 69.
    pub const MEDIUM: Self = Self { low: 40, high: 69 };
    /// 1 to 39.
    pub const LOW: Self = Self { low: 1, high: 39 };
    /// 0.
    pub const SUPPRESSED: Self = Self { low: 0, high: 0 };

    /// The band of a priority.
    pub fn of(priority: Priority) -> Self {
        match priority {
            Priority::Critical => Self::CRITICAL,
            Priority::High => Self::HIGH,
            Priority::Medium => Self::MEDIUM,
            Priority::Low => Self::LOW,
            Priority::Suppressed => Self::SUPPRESSED,
        }
    }
}

/// What orders findings within a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Factors {
    /// Cost of reaching the step from the entries, in units of 1/65536 nat; less is likelier. `None` if
    /// nothing reaches it.
    pub exposure_cost: Option<u64>,
    /// Cost of the step itself.
    pub step_cost: u64,
    /// The best prize behind it: likelihood times value, in thousandths.
    pub prize_milli: u64,
    /// Total value of the crown jewels behind it.
    pub blast_value: u64,
}

/// Thousandths, falling from 1000 at no cost to 0 at 16 nats (about one in nine million).
fn ease(cost: u64) -> u64 {
    const ZERO: u64 = 16 << 16;
    (ZERO - cost.min(ZERO)) * 1000 / ZERO
}

/// Thousandths of a value: half at `half`, never 1000.
fn share(value: u64, half: u64) -> u64 {
    let value = value.min(u64::MAX / 2000);
    value * 1000 / (value + half)
}

/// The score of a finding in a band, 0 to 100.
///
/// Monotone: more exposure, an easier step, a better prize or more behind it never lower it. Weights:
/// exposure 35 %, prize 35 %, ease of the step 15 %, blast radius 15 %; they order within a band and move
/// nothing across bands.
pub fn score(band: Band, factors: &Factors) -> u8 {
    let exposure = factors.exposure_cost.map_or(0, ease);
    let step = ease(factors.step_cost);
    let prize = share(factors.prize_milli, 50_000);
    let blast = share(factors.blast_value, 300);
    let whole = exposure * 35 + prize * 35 + step * 15 + blast * 15;
    let width = u64::from(band.high - band.low) + 1;
    let above = (whole * width / 100_000).min(width - 1);
    band.low + u8::try_from(above).unwrap_or(0)
}
