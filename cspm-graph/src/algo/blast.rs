//! How many resources lie behind a state.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::QueryError;
use super::error::check_states;
use super::meter::Meter;
use super::reach::walk;
use crate::graph::{Limits, StateId, StateSet, View};

/// How many distinct resources are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlastSize {
    count: usize,
    accuracy: Accuracy,
}

impl BlastSize {
    pub(super) fn new(count: usize, accuracy: Accuracy) -> Self {
        Self { count, accuracy }
    }

    /// Number of distinct resources; [`Self::accuracy`] says how to take it.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How far the count can be trusted.
    pub fn accuracy(&self) -> Accuracy {
        self.accuracy
    }

    /// True if there are neither more nor fewer than counted.
    pub fn is_exact(&self) -> bool {
        self.accuracy == Accuracy::Exact
    }
}

/// How far a count can be trusted. These are all there are: a count is the number, a bound, or an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accuracy {
    /// The number itself.
    Exact,
    /// The count ended at a limit: there are more.
    AtLeast,
    /// An unbiased estimate.
    Estimate {
        /// Its relative standard error in thousandths, rounded up: two estimates of three are nearer than
        /// this to the number, nineteen of twenty nearer than twice this.
        error_permille: u16,
    },
}

/// Counts the distinct resources that have a state in R(`source`), up to `limit`.
///
/// `resource_of` holds for each state the number of its resource; `u32::MAX`, and states beyond its end, have
/// none. The resources of `source` itself count too. R is that of [`reach_with`](super::reach_with). For all
/// states at once there is [`blast_sizes`](super::blast_sizes).
///
/// # Errors
/// [`QueryError::UnknownState`] if a source is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// O(n + m); the walk ends as soon as one resource more than `limit` is seen.
pub fn blast_resources(
    view: &View<'_>,
    source: &[StateId],
    ambient: &StateSet,
    resource_of: &[u32],
    limit: usize,
    limits: &Limits,
) -> Result<BlastSize, QueryError> {
    check_states(view.graph(), source.iter().copied())?;
    let mut resources = HashSet::new();
    let mut accuracy = Accuracy::Exact;
    walk(view, source, ambient, &mut Meter::new(limits), |state| {
        let Some(resource) = resource(resource_of, state) else {
            return ControlFlow::Continue(());
        };
        if resources.contains(&resource) {
            return ControlFlow::Continue(());
        }
        if resources.len() == limit {
            accuracy = Accuracy::AtLeast;
            return ControlFlow::Break(());
        }
        resources.insert(resource);
        ControlFlow::Continue(())
    })?;
    Ok(BlastSize::new(resources.len(), accuracy))
}

/// The resource of a state, if it has one.
#[inline]
pub(super) fn resource(resource_of: &[u32], state: StateId) -> Option<u32> {
    let resource = resource_of.get(state.index()).copied();
    resource.filter(|&resource| resource != u32::MAX)
}
