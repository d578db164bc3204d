//! What a step carries beside its ends.

use super::{Likelihood, StepKind};

/// How sure it is that a step exists. The variants are nested views, narrowest first.
///
/// Exhaustive: complete by definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// It exists.
    #[default]
    Certain,
    /// It exists if listed conditions hold.
    Conditional,
    /// A fact that decides it was not collected.
    Unknown,
}

/// What a step carries beside its ends. By default: kind 0, certain, always succeeds, tag 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StepAttributes {
    /// What sort of step it is.
    pub kind: StepKind,
    /// How sure it is that the step exists.
    pub certainty: Certainty,
    /// How likely it succeeds.
    pub likelihood: Likelihood,
    /// The caller's own number of the step; comes back from `Step::tag`.
    pub tag: u32,
}
