//! Why a document or a name could not be read.

use thiserror::Error;

/// Why a policy document, an action or a principal could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is no JSON, or the JSON is no policy.
    #[error(transparent)]
    Document(#[from] InvalidDocument),
    /// A limit was exceeded.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// An action or a principal is not written as one.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl ParseError {
    pub(crate) fn document(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Document(InvalidDocument {
            pointer: pointer.into(),
            reason: reason.into(),
        })
    }

    pub(crate) fn limit(limit: &'static str, maximum: usize, observed: usize) -> Self {
        Self::Limit(LimitExceeded {
            limit,
            maximum,
            observed,
        })
    }

    pub(crate) fn name(what: &'static str, text: &str, expected: &'static str) -> Self {
        // COST: names come from outside; a message needs only their beginning.
        let text = text.chars().take(200).collect();
        Self::Name(InvalidName {
            what,
            text,
            expected,
        })
    }
}

/// A document that is no policy, with the place where it stops being one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("policy document{}{pointer}: {reason}", if pointer.is_empty() { "" } else { " " })]
pub struct InvalidDocument {
    pointer: String,
    reason: String,
}

impl InvalidDocument {
    /// The JSON pointer of the offending part, empty for the whole document.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is wrong there.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A document larger than [`Limits`](super::Limits) accept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("policy document exceeds `{limit}`: {observed} is more than {maximum}")]
pub struct LimitExceeded {
    limit: &'static str,
    maximum: usize,
    observed: usize,
}

impl LimitExceeded {
    /// The name of the limit, a field of [`Limits`](super::Limits).
    pub fn limit(&self) -> &'static str {
        self.limit
    }

    /// What the limit allows.
    pub fn maximum(&self) -> usize {
        self.maximum
    }

    /// What was found, or the first count past the limit.
    pub fn observed(&self) -> usize {
        self.observed
    }
}

/// An action or principal that is not written as one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no {what}: expected {expected}")]
pub struct InvalidName {
    what: &'static str,
    text: String,
    expected: &'static str,
}

impl InvalidName {
    /// The offending text, at most 200 characters of it.
    pub fn text(&self) -> &str {
        &self.text
    }
}
