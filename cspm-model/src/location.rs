//! Where a fact was read: the evidence behind every step.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in a document, or a built-in definition (`builtin:control-gives-read`).
///
/// `pointer` is a JSON pointer into the document, empty for the whole of it; in JSON Lines it starts
/// at the object of the line. Where a policy stands as text inside a JSON string, the pointer goes on
/// into the parsed text.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Name of the document, as the caller gave it.
    #[schemars(with = "String")]
    pub source: Arc<str>,
    /// JSON pointer into it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    #[schemars(with = "String")]
    pub pointer: Arc<str>,
    /// Line, from 1, where the reader knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in bytes, from 1, where the reader knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
}

impl Location {
    /// A whole document.
    pub fn document(source: &Arc<str>) -> Self {
        Self {
            source: Arc::clone(source),
            pointer: Arc::from(""),
            line: None,
            column: None,
        }
    }

    /// A place in a document.
    pub fn at(source: &Arc<str>, pointer: &str) -> Self {
        Self {
            source: Arc::clone(source),
            pointer: Arc::from(pointer),
            line: None,
            column: None,
        }
    }

    /// The definition from which a step follows, such as `control-gives-read`.
    pub fn builtin(name: &str) -> Self {
        Self {
            source: Arc::from(format!("builtin:{name}")),
            pointer: Arc::from(""),
            line: None,
            column: None,
        }
    }

    /// The same place with a line and a column, both from 1.
    #[must_use]
    pub fn with_position(mut self, line: u64, column: u64) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// The place of a part: `suffix` is a JSON pointer below this one, starting with `/` or empty.
    #[must_use]
    pub fn join(&self, suffix: &str) -> Self {
        let pointer = if suffix.is_empty() {
            Arc::clone(&self.pointer)
        } else {
            Arc::from(format!("{}{suffix}", self.pointer))
        };
        Self {
            source: Arc::clone(&self.source),
            pointer,
            line: self.line,
            column: None,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        if !self.pointer.is_empty() {
            write!(f, "#{}", self.pointer)?;
        }
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})"),
            (Some(line), None) => write!(f, " (line {line})"),
            _ => Ok(()),
        }
    }
}

/// `part` as one reference token of a JSON pointer (RFC 6901, section 3).
pub fn escape_pointer(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}
