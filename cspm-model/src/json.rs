//! JSON documents as streams: one value at a time, each with its position, never the whole text.
//!
//! The scanner finds where values begin and end; `serde_json` then checks and reads each of them. So a
//! file of a million findings costs the memory of one finding.

use std::io::BufRead;
use std::sync::Arc;

use crate::error::{ReadError, ReadErrorKind};
use crate::location::Location;

/// Reads JSON piece by piece.
#[derive(Debug)]
pub struct Scanner<R> {
    input: R,
    source: Arc<str>,
    line: u64,
    column: u64,
    value_bytes: usize,
    started: bool,
}

/// The text of one value and where it begins.
#[derive(Debug, Clone)]
pub struct RawValue {
    /// The text, valid UTF-8; not yet known to be valid JSON.
    pub text: String,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Column of its first byte, from 1.
    pub column: u64,
}

impl RawValue {
    /// The place of the value, as `pointer` in `source`.
    pub fn location(&self, source: &Arc<str>, pointer: &str) -> Location {
        Location::at(source, pointer).with_position(self.line, self.column)
    }
}

impl<R: BufRead> Scanner<R> {
    /// A scanner of `input`, named `source` in errors, that refuses a value longer than `value_bytes`.
    pub fn new(input: R, source: &Arc<str>, value_bytes: usize) -> Self {
        Self {
            input,
            source: Arc::clone(source),
            line: 1,
            column: 1,
            value_bytes,
            started: false,
        }
    }

    /// Refuses values longer than `value_bytes` from here on.
    pub fn limit_value_bytes(&mut self, value_bytes: usize) {
        self.value_bytes = value_bytes;
    }

    /// Name of the document.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// The place before the next byte.
    pub fn location(&self) -> Location {
        Location::document(&self.source).with_position(self.line, self.column)
    }

    fn error(&self, message: impl Into<String>) -> ReadError {
        ReadError::new(
            self.location(),
            ReadErrorKind::Syntax {
                message: message.into(),
            },
        )
    }

    fn io(&self, error: std::io::Error) -> ReadError {
        ReadError::new(self.location(), ReadErrorKind::Io(error))
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.column = self
            .column
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// The next byte that is no white space, without taking it. `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        if !self.started {
            self.started = true;
            self.skip_byte_order_mark()?;
        }
        loop {
            let (skipped, newline, found) = {
                let buffer = match self.input.fill_buf() {
                    Ok(buffer) => buffer,
                    Err(error) => return Err(self.io(error)),
                };
                if buffer.is_empty() {
                    return Ok(None);
                }
                let stop = buffer
                    .iter()
                    .position(|&byte| !matches!(byte, b' ' | b'\t' | b'\r'));
                match stop {
                    None => (buffer.len(), false, None),
                    Some(at) if buffer.get(at) == Some(&b'\n') => (at, true, None),
                    Some(at) => (at, false, buffer.get(at).copied()),
                }
            };
            self.consume(skipped);
            if newline {
                self.input.consume(1);
                self.line = self.line.saturating_add(1);
                self.column = 1;
            }
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn skip_byte_order_mark(&mut self) -> Result<(), ReadError> {
        let marked = match self.input.fill_buf() {
            Ok(buffer) => buffer.starts_with(b"\xEF\xBB\xBF"),
            Err(error) => return Err(self.io(error)),
        };
        if marked {
            self.input.consume(3);
        }
        Ok(())
    }

    /// Takes `byte` if it comes next.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn accept(&mut self, byte: u8) -> Result<bool, ReadError> {
        let here = self.peek()? == Some(byte);
        if here {
            self.consume(1);
        }
        Ok(here)
    }

    /// Takes `byte`, which has to come next.
    ///
    /// # Errors
    /// When something else comes.
    pub fn expect(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.accept(byte)? {
            return Ok(());
        }
        let wanted = char::from(byte);
        Err(match self.peek()? {
            Some(found) if found.is_ascii_graphic() => self.error(format!(
                "expected `{wanted}`, found `{}`",
                char::from(found)
            )),
            Some(_) => self.error(format!(
                "expected `{wanted}`, found something that is no JSON"
            )),
            None => self.error(format!("the document ends where `{wanted}` should be")),
        })
    }

    /// The next value, whatever it is.
    ///
    /// # Errors
    /// At the end of the input, in the middle of a value, past `value_bytes`, or on bytes that are no
    /// UTF-8.
    pub fn value(&mut self) -> Result<RawValue, ReadError> {
        let Some(first) = self.peek()? else {
            return Err(self.error("the document ends where a value should be"));
        };
        let (line, column) = (self.line, self.column);
        let mut bytes = Vec::new();
        let mut state = Extent::new(first);
        loop {
            let (taken, done) = {
                let buffer = match self.input.fill_buf() {
                    Ok(buffer) => buffer,
                    Err(error) => return Err(self.io(error)),
                };
                if buffer.is_empty() {
                    if state.ends_with_input() {
                        (0, true)
                    } else {
                        return Err(ReadError::new(
                            Location::document(&self.source).with_position(line, column),
                            ReadErrorKind::Syntax {
                                message: "the document ends inside the value that begins here: it is cut off"
                                    .to_owned(),
                            },
                        ));
                    }
                } else {
                    let (taken, done) = state.advance(buffer);
                    bytes.extend_from_slice(buffer.get(..taken).unwrap_or_default());
                    (taken, done)
                }
            };
            self.input.consume(taken);
            if bytes.len() > self.value_bytes {
                return Err(ReadError::new(
                    Location::document(&self.source).with_position(line, column),
                    ReadErrorKind::Limit {
                        limit: "value bytes",
                        value: self.value_bytes,
                    },
                ));
            }
            if done {
                break;
            }
        }
        for &byte in &bytes {
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            } else {
                self.column = self.column.saturating_add(1);
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) if text.is_empty() => Err(self.error("expected a value")),
            Ok(text) => Ok(RawValue { text, line, column }),
            Err(_) => Err(ReadError::new(
                Location::document(&self.source).with_position(line, column),
                ReadErrorKind::Syntax {
                    message: "a value is not valid UTF-8".to_owned(),
                },
            )),
        }
    }

    /// The key of the next member, after `{` or a member. `None` at `}`, which is taken. `first` says
    /// whether it would be the first.
    ///
    /// # Errors
    /// When neither comes.
    pub fn key(&mut self, first: bool) -> Result<Option<String>, ReadError> {
        if self.accept(b'}')? {
            return Ok(None);
        }
        if !first {
            self.expect(b',')?;
        }
        let raw = self.value()?;
        let place = raw.location(&self.source, "");
        let key =
            serde_json::from_str(&raw.text).map_err(|error| ReadError::json(&place, &error))?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Whether another element comes, after `[` or an element; takes the comma, or the `]`.
    ///
    /// # Errors
    /// When neither comes.
    pub fn element(&mut self, first: bool) -> Result<bool, ReadError> {
        if self.accept(b']')? {
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }
}

/// Finds the end of a value.
struct Extent {
    depth: u64,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

impl Extent {
    fn new(first: u8) -> Self {
        Self {
            depth: 0,
            in_string: false,
            escaped: false,
            scalar: !matches!(first, b'{' | b'[' | b'"'),
        }
    }

    fn ends_with_input(&self) -> bool {
        self.scalar
    }

    /// How many bytes of `buffer` belong to the value, and whether it ends with them.
    fn advance(&mut self, buffer: &[u8]) -> (usize, bool) {
        if self.scalar {
            let end = buffer.iter().position(|byte| {
                matches!(
                    byte,
                    b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' | b':'
                )
            });
            return end.map_or((buffer.len(), false), |at| (at, true));
        }
        for (at, &byte) in buffer.iter().enumerate() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return (at.saturating_add(1), true);
                        }
                    }
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return (at.saturating_add(1), true);
                        }
                    }
                    _ => {}
                }
            }
        }
        (buffer.len(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanner(text: &str, buffer: usize) -> Scanner<std::io::BufReader<&[u8]>> {
        Scanner::new(
            std::io::BufReader::with_capacity(buffer, text.as_bytes()),
            &Arc::from("t"),
            1 << 20,
        )
    }

    #[test]
    fn elements_have_positions_whatever_the_buffer() {
        let text = "[ {\"a\": \"]}\\\"\"},\n  12 ,\n\"x\"]";
        for buffer in 1..40 {
            let mut scanner = scanner(text, buffer);
            scanner.expect(b'[').unwrap();
            let mut seen = Vec::new();
            let mut first = true;
            while scanner.element(first).unwrap() {
                first = false;
                let value = scanner.value().unwrap();
                seen.push((value.text, value.line, value.column));
            }
            assert_eq!(
                seen,
                [
                    ("{\"a\": \"]}\\\"\"}".to_owned(), 1, 3),
                    ("12".to_owned(), 2, 3),
                    ("\"x\"".to_owned(), 3, 1),
                ]
            );
            assert_eq!(scanner.peek().unwrap(), None);
        }
    }

    #[test]
    fn a_cut_off_value_says_where_it_began() {
        let mut scanner = scanner("\n {\"a\": [1, 2", 4);
        let error = scanner.value().unwrap_err().to_string();
        assert!(
            error.contains("(line 2, column 2)") && error.contains("cut off"),
            "{error}"
        );
    }

    #[test]
    fn a_long_value_meets_the_limit() {
        let text = format!("\"{}\"", "a".repeat(98));
        let at = |limit| {
            Scanner::new(text.as_bytes(), &Arc::from("t"), limit)
                .value()
                .map(|value| value.text.len())
        };
        assert_eq!(at(100).unwrap(), 100);
        assert!(at(99).is_err());
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let text = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        let mut scanner = Scanner::new(text.as_bytes(), &Arc::from("t"), 1 << 24);
        assert_eq!(scanner.value().unwrap().text.len(), 2_000_000);
    }
}
