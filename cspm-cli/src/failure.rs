//! What ends a run, and its exit code.

use std::process::ExitCode;

use cspm_model::ReadError;
use cspm_risk::RiskError;

/// Exit code of `--fail-on`.
pub(crate) const FAIL_ON: u8 = 1;

/// A reason to end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Wrong use that the argument parser does not see.
    #[error("{0}")]
    Usage(String),
    /// An input cannot be used.
    #[error("{0}")]
    Input(String),
    /// A document cannot be read.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// The output cannot be written.
    #[error("cannot write {target}: {error}")]
    Output {
        /// Where to.
        target: String,
        /// Why not.
        error: std::io::Error,
    },
    /// A limit cut the analysis, in strict mode.
    #[error("limit {0} cut the analysis; without --strict the report says so and stands")]
    Limit(String),
    /// A question of policies has no answer.
    #[error("{0}")]
    Question(#[from] cspm_graph::derive::DeriveError),
    /// The analysis has no answer.
    #[error(transparent)]
    Risk(#[from] RiskError),
}

impl Failure {
    /// The documented exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let code = match self {
            Self::Usage(_)
            | Self::Question(_)
            | Self::Risk(RiskError::Selector { .. } | RiskError::Nothing { .. }) => 2,
            Self::Input(_) | Self::Read(_) => 3,
            Self::Output { error, .. } if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
            Self::Output { .. } => 4,
            Self::Limit(_) | Self::Risk(_) => 5,
        };
        ExitCode::from(code)
    }

    /// Whether a reader has closed the pipe: nothing to say, as `head` does it.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output { error, .. } if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
