//! How many resources lie behind a state.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::QueryError;
use super::error::check_states;
use super::meter::Meter;
use super::reach::walk;
use crate::graph::{Limits, StateId, StateSet, View};

/// How many resources are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlastResources {
    count: usize,
    exact: bool,
}

impl BlastResources {
    /// Number of distinct resources, at most the limit of the question.
    pub fn count(&self) -> usize {
        self.count
    }

    /// False if there are more than counted.
    pub fn is_exact(&self) -> bool {
        self.exact
    }
}

/// Counts the distinct resources that have a state in R(`source`), up to `limit`.
///
/// `resource_of` holds for each state the number of its resource; `u32::MAX`, and states beyond its end, have
/// none. The resources of `source` itself count too. R is that of [`reach_with`](super::reach_with).
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
) -> Result<BlastResources, QueryError> {
    check_states(view.graph(), source.iter().copied())?;
    let mut resources = HashSet::new();
    let mut exact = true;
    walk(view, source, ambient, &mut Meter::new(limits), |state| {
        let resource = resource_of.get(state.index()).copied().unwrap_or(u32::MAX);
        if resource == u32::MAX || resources.contains(&resource) {
            return ControlFlow::Continue(());
        }
        if resources.len() == limit {
            exact = false;
            return ControlFlow::Break(());
        }
        resources.insert(resource);
        ControlFlow::Continue(())
    })?;
    Ok(BlastResources {
        count: resources.len(),
        exact,
    })
}
