//! How likely a step succeeds, as a fixed point cost.

/// How likely a step succeeds, kept as its cost: `-ln(p)` in units of 1/65536, rounded.
///
/// Costs add up along a way where probabilities multiply, they are integers, and so sums and comparisons are
/// exact and equal on every machine. A smaller cost is a likelier step, and the order of this type is that of
/// the costs. Probabilities closer to 1 than about 1/131072 are the same as 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Likelihood {
    cost: u32,
}

impl Likelihood {
    /// A step that always succeeds: cost 0.
    pub const CERTAIN: Self = Self { cost: 0 };

    /// Cost units of one natural logarithm.
    pub const UNITS_PER_NAT: u32 = 1 << 16;

    /// From a probability above 0 and up to 1.
    ///
    /// # Errors
    /// [`LikelihoodError`] for NaN, for zero and less, and for more than 1.
    pub fn from_probability(probability: f64) -> Result<Self, LikelihoodError> {
        if !(probability > 0.0 && probability <= 1.0) {
            return Err(LikelihoodError { probability });
        }
        let cost = (-probability.ln() * f64::from(Self::UNITS_PER_NAT)).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "INVARIANT: costs fit: the smallest positive f64 has -ln below 745, times 65536 below 2^26"
        )]
        Ok(Self { cost: cost as u32 })
    }

    /// From a cost as returned by [`Self::cost`].
    pub const fn from_cost(cost: u32) -> Self {
        Self { cost }
    }

    /// The cost: 0 is certain, more is less likely.
    #[inline]
    pub const fn cost(self) -> u32 {
        self.cost
    }

    /// The probability, back from the cost.
    pub fn to_probability(self) -> f64 {
        Self::probability_of(u64::from(self.cost))
    }

    /// The probability that a sum of costs stands for.
    pub fn probability_of(cost: u64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 2^53 the probability is 0 anyway"
        )]
        let nats = cost as f64 / f64::from(Self::UNITS_PER_NAT);
        (-nats).exp()
    }
}

/// A number that is not a probability above zero.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "likelihood {probability} is not above 0 and at most 1: leave the step out if it cannot succeed"
)]
pub struct LikelihoodError {
    probability: f64,
}

impl LikelihoodError {
    /// The number that was given.
    pub fn probability(&self) -> f64 {
        self.probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_come_back() {
        for probability in [1.0, 0.999, 0.5, 0.1, 1e-9, 1e-300, f64::MIN_POSITIVE] {
            let back = Likelihood::from_probability(probability)
                .unwrap()
                .to_probability();
            assert!(
                (back / probability - 1.0).abs() < 1e-5,
                "{probability} came back as {back}"
            );
        }
        assert_eq!(Likelihood::from_probability(1.0), Ok(Likelihood::CERTAIN));
        assert_eq!(
            Likelihood::from_probability(0.5).map(Likelihood::cost),
            Ok(45426)
        );
    }

    #[test]
    fn what_is_no_probability_is_rejected() {
        let bad = [
            f64::NAN,
            0.0,
            -0.0,
            -0.5,
            1.000_001,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        assert!(
            bad.iter()
                .all(|&number| Likelihood::from_probability(number).is_err())
        );
    }
}
