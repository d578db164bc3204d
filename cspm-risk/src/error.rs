//! What can go wrong.

use cspm_graph::algo::QueryError;
use cspm_graph::derive::DeriveError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RiskError {
    /// No graph could be made.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// A question of the graph was not answered.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A selector is not one.
    #[error("`{text}` is no selector: {message}")]
    Selector {
        /// What was written.
        text: String,
        /// What would be right.
        message: String,
    },
    /// A selector means no state of the estate.
    #[error(
        "`{text}` selects nothing in this estate: try `cspm reach` with `kind:*` to see what there is"
    )]
    Nothing {
        /// What was written.
        text: String,
    },
    /// The check catalogue is not what it should be.
    #[error("check catalogue: {0}")]
    Catalogue(String),
}
