//! What can go wrong while a document is read.

use crate::location::Location;

/// A document, or one record of it, that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{location}: {kind}")]
pub struct ReadError {
    location: Box<Location>,
    #[source]
    kind: ReadErrorKind,
}

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// Not JSON, or not of the shape that the schema asks for.
    #[error("{message}")]
    Syntax {
        /// What the parser says, without its position.
        message: String,
    },
    /// The bytes could not be had.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
    /// A limit was passed.
    #[error("{limit} is over its limit of {value}: raise it or split the input")]
    Limit {
        /// Name of the limit.
        limit: &'static str,
        /// Its value.
        value: usize,
    },
    /// A value that does not make sense where it stands.
    #[error("{message}")]
    Value {
        /// What is wrong with it, and what would be right.
        message: String,
    },
    /// The schema name is not one that this version reads.
    #[error("unknown schema `{found}`: this version reads `cspm.estate/1`")]
    Schema {
        /// The name found.
        found: String,
    },
}

impl ReadError {
    /// An error at a place.
    pub fn new(location: Location, kind: ReadErrorKind) -> Self {
        Self {
            location: Box::new(location),
            kind,
        }
    }

    /// An error of value at a place.
    pub fn value(location: Location, message: impl Into<String>) -> Self {
        Self::new(
            location,
            ReadErrorKind::Value {
                message: message.into(),
            },
        )
    }

    /// A JSON error, whose own position counts from the start of the text at `base`.
    ///
    /// `base` has the position of the first byte of that text.
    pub fn json(base: &Location, error: &serde_json::Error) -> Self {
        let mut location = base.clone();
        let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
        let column = u64::try_from(error.column()).unwrap_or(u64::MAX);
        if line > 0 {
            let first = base.line.unwrap_or(1);
            location.line = Some(first.saturating_add(line.saturating_sub(1)));
            location.column = Some(if line == 1 {
                base.column
                    .unwrap_or(1)
                    .saturating_add(column)
                    .saturating_sub(1)
            } else {
                column
            });
        }
        let text = error.to_string();
        let message = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(head, _)| head);
        Self::new(
            location,
            ReadErrorKind::Syntax {
                message: message.to_owned(),
            },
        )
    }

    /// Where.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Why.
    pub fn kind(&self) -> &ReadErrorKind {
        &self.kind
    }
}
