//! Why a question has no answer.

use crate::graph::{AttackGraph, LimitError, StateId};

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The question names a state that the graph does not have.
    #[error("question not answered: {0}")]
    UnknownState(#[from] UnknownStateError),
    /// The question needs more work than the limits allow.
    #[error("question not answered: {0}")]
    Limit(#[from] LimitError),
    /// The question was cancelled.
    #[error("question not answered: cancelled")]
    Cancelled,
}

/// A state that the graph does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("state {state} is not in the graph, which has {state_count} states")]
pub struct UnknownStateError {
    state: StateId,
    state_count: usize,
}

impl UnknownStateError {
    /// The state.
    pub fn state(&self) -> StateId {
        self.state
    }

    /// Number of states of the graph.
    pub fn state_count(&self) -> usize {
        self.state_count
    }
}

/// Checks that a graph has all these states.
pub(super) fn check_states<S>(graph: &AttackGraph, states: S) -> Result<(), UnknownStateError>
where
    S: IntoIterator<Item = StateId>,
{
    let state_count = graph.state_count();
    match states
        .into_iter()
        .find(|state| state.index() >= state_count)
    {
        Some(state) => Err(UnknownStateError { state, state_count }),
        None => Ok(()),
    }
}
