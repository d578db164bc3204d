//! Texts with wildcards and policy variables.

use std::borrow::Cow;

/// A text of a policy that is compared with a value of the request.
///
/// `*` stands for any run of characters, the empty one and those with `:` and `/` included; `?` for
/// exactly one. In the first five segments of the pattern of an ARN, `?` is no colon, and `*` crosses colons
/// only where it is the segment's last character. In documents of version 2012-10-17, `${key}` and `${key, 'default'}` stand for a value of
/// the request's context, and `${*}`, `${?}`, `${$}` for the plain character.
///
/// # Source
/// AWS IAM User Guide, "IAM policy elements: Variables and tags" and "Resource: Using wildcards in
/// resource ARNs", read 2026-11: "You can use wildcard characters (* and ?) within the individual segments of
/// an ARN (the parts separated by colons) ... If the * wildcard is the last character of a resource ARN
/// segment, it can expand to match beyond the colon boundaries." The sixth part, the resource, keeps its
/// colons, as it does for the ARN operators of conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    prefix_len: usize,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    /// The text itself, nothing special in it.
    Literal,
    /// `*`.
    Everything,
    /// Plain text and a `*` at its end.
    Beginning,
    /// Wildcards or escapes, without variables.
    Units(Box<[Unit]>),
    /// Pieces in order, at least one of them a variable.
    Pieces(Box<[Piece]>),
}

/// One byte of text, or a wildcard: two bytes each, so that long patterns stay small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Byte(u8),
    One,
    Run,
    /// Any character but a colon.
    OneWithin,
    /// Any run of characters without a colon.
    RunWithin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Units(Vec<Unit>),
    Variable(Variable),
}

/// A policy variable: the key it reads and the value to use where the request has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) key: String,
    pub(crate) default: Option<String>,
}

/// What the context says of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resolved<'a> {
    Value(Cow<'a, str>),
    /// The request has no single value for it.
    Absent,
    /// Not known.
    Open,
}

/// Whether a pattern matches, where that may depend on what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    Open,
}

/// Which characters of a text are special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) wildcards: bool,
    pub(crate) variables: bool,
    /// Whether wildcards keep within the segments of an ARN, if the text is one.
    pub(crate) segments: bool,
}

impl Pattern {
    pub(crate) fn compile(text: &str, syntax: Syntax) -> Self {
        let (body, prefix_len) = simple(text, syntax).unwrap_or_else(|| {
            let (pieces, prefix_len) = scan(text, syntax);
            (body_of(text, pieces), prefix_len)
        });
        Self {
            text: text.to_owned(),
            prefix_len,
            body,
        }
    }

    /// The pattern as it is written in the policy.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text before the first wildcard or variable: every match begins with it.
    pub fn literal_prefix(&self) -> &str {
        self.text.get(..self.prefix_len).unwrap_or_default()
    }

    /// Whether only one text matches, the pattern itself.
    pub fn is_literal(&self) -> bool {
        self.body == Body::Literal
    }

    /// Whether the pattern is plain text and a `*` at its end, so that all texts match that begin with it.
    pub(crate) fn is_beginning(&self) -> bool {
        self.body == Body::Beginning
    }

    /// Whether every text matches.
    pub fn is_everything(&self) -> bool {
        self.body == Body::Everything
    }

    /// Whether the pattern reads policy variables from the request.
    pub fn has_variables(&self) -> bool {
        matches!(self.body, Body::Pieces(_))
    }

    /// The condition keys that the pattern's policy variables read, as written, in order.
    pub fn variable_keys(&self) -> impl Iterator<Item = &str> {
        self.variables().map(|variable| variable.key.as_str())
    }

    /// Whether `text` matches, or could match for some value of the policy variables.
    ///
    /// # Complexity
    /// O(n·m) in the worst case, for n bytes of text and m of pattern; no extra space without variables.
    pub fn matches(&self, text: &str) -> bool {
        self.matches_with(text, |_| Resolved::Open) != Match::No
    }

    pub(crate) fn matches_with<'c>(
        &self,
        text: &str,
        resolve: impl FnMut(&Variable) -> Resolved<'c>,
    ) -> Match {
        match &self.body {
            Body::Literal => yes_if(self.text == text),
            Body::Everything => Match::Yes,
            Body::Beginning => yes_if(text.starts_with(self.literal_prefix())),
            Body::Units(units) => yes_if(glob(units, text)),
            Body::Pieces(_) => match self.substitute(resolve) {
                Substituted::Units(units) => yes_if(glob(&units, text)),
                Substituted::Never => Match::No,
                // Whatever the open variables hold, the text around them has to fit.
                Substituted::Open(units) => {
                    if glob(&units, text) {
                        Match::Open
                    } else {
                        Match::No
                    }
                }
            },
        }
    }

    /// Whether a variable of the pattern has neither a value nor a default, so that comparing with it makes
    /// a statement invalid.
    ///
    /// AWS IAM User Guide, "IAM policy elements: Variables and tags", "Principal key values", read 2026-11:
    /// "not present means that the value is not in the current request information, and any attempt to match
    /// it fails and causes the statement to be invalid."
    pub(crate) fn lacks_value<'c>(
        &self,
        mut resolve: impl FnMut(&Variable) -> Resolved<'c>,
    ) -> bool {
        self.variables()
            .any(|variable| resolve(variable) == Resolved::Absent)
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let pieces: &[Piece] = match &self.body {
            Body::Pieces(pieces) => pieces,
            Body::Literal | Body::Everything | Body::Beginning | Body::Units(_) => &[],
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            Piece::Units(_) => None,
        })
    }

    /// A text that matches, with `filler` for each `*` and a character that policies do not hold for each
    /// `?` and variable.
    pub(crate) fn sample(&self, filler: &str) -> String {
        let mut sample = Vec::with_capacity(self.text.len());
        let mut push = |units: &[Unit]| {
            for unit in units {
                match unit {
                    Unit::Byte(byte) => sample.push(*byte),
                    Unit::One | Unit::OneWithin => sample.push(UNUSUAL),
                    Unit::Run | Unit::RunWithin => sample.extend_from_slice(filler.as_bytes()),
                }
            }
        };
        match &self.body {
            Body::Literal => return self.text.clone(),
            Body::Everything => return filler.to_owned(),
            Body::Beginning => return format!("{}{filler}", self.literal_prefix()),
            Body::Units(units) => push(units),
            Body::Pieces(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Units(units) => push(units),
                        Piece::Variable(_) => push(&[Unit::One]),
                    }
                }
            }
        }
        String::from_utf8_lossy(&sample).into_owned()
    }

    /// The units of a pattern that knows no segments; there they are too generous.
    pub(crate) fn units(&self) -> Vec<Unit> {
        let free = |unit: &Unit| match unit {
            Unit::OneWithin => Unit::One,
            Unit::RunWithin => Unit::Run,
            other => *other,
        };
        match &self.body {
            Body::Literal => self.text.bytes().map(Unit::Byte).collect(),
            Body::Everything => vec![Unit::Run],
            Body::Beginning => self
                .literal_prefix()
                .bytes()
                .map(Unit::Byte)
                .chain([Unit::Run])
                .collect(),
            Body::Units(units) => units.iter().map(free).collect(),
            Body::Pieces(pieces) => pieces
                .iter()
                .flat_map(|piece| match piece {
                    Piece::Units(units) => units.iter().map(free).collect(),
                    Piece::Variable(_) => vec![Unit::Run],
                })
                .collect(),
        }
    }

    fn substitute<'c>(&self, mut resolve: impl FnMut(&Variable) -> Resolved<'c>) -> Substituted {
        let Body::Pieces(pieces) = &self.body else {
            return Substituted::Never;
        };
        let mut units = Vec::with_capacity(self.text.len());
        let mut open = false;
        for piece in pieces {
            match piece {
                Piece::Units(more) => units.extend_from_slice(more),
                Piece::Variable(variable) => match resolve(variable) {
                    Resolved::Value(value) => units.extend(value.bytes().map(Unit::Byte)),
                    Resolved::Absent => return Substituted::Never,
                    Resolved::Open => {
                        open = true;
                        units.push(Unit::Run);
                    }
                },
            }
        }
        if open {
            Substituted::Open(units)
        } else {
            Substituted::Units(units)
        }
    }
}

/// A character that stands in for "some other text"; not used in names.
pub(crate) const UNUSUAL: u8 = 0x1f;

enum Substituted {
    Units(Vec<Unit>),
    Open(Vec<Unit>),
    Never,
}

fn yes_if(matches: bool) -> Match {
    if matches { Match::Yes } else { Match::No }
}

/// The body of a text without anything special in it, or with a `*` at its end only: nearly all of those in
/// real policies.
fn simple(text: &str, syntax: Syntax) -> Option<(Body, usize)> {
    let plain = |text: &str| {
        let special = |byte: &u8| match byte {
            b'*' | b'?' => syntax.wildcards,
            b'$' => syntax.variables,
            _ => false,
        };
        !text.as_bytes().iter().any(special)
    };
    if plain(text) {
        return Some((Body::Literal, text.len()));
    }
    let beginning = text.strip_suffix('*').filter(|_| syntax.wildcards)?;
    let body = if beginning.is_empty() {
        Body::Everything
    } else {
        Body::Beginning
    };
    plain(beginning).then_some((body, beginning.len()))
}

/// Splits `text` into pieces, and says how many bytes stand before the first special character.
fn scan(text: &str, syntax: Syntax) -> (Vec<Piece>, usize) {
    let mut pieces = Vec::new();
    let mut units = Vec::new();
    let mut prefix_len = None;
    let mut rest = text;
    // How many colons still end a segment that wildcards keep within.
    let mut colons_left = if syntax.segments && text.starts_with("arn:") {
        ARN_COLONS
    } else {
        0
    };
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let special = match first {
            '*' if syntax.wildcards => {
                let after = rest.trim_start_matches('*');
                let is_last = after.is_empty() || after.starts_with(':');
                let run = if colons_left == 0 || is_last {
                    Unit::Run
                } else {
                    Unit::RunWithin
                };
                // Runs of `*` mean the same as one, and cost a step each.
                if units.last() != Some(&run) {
                    units.push(run);
                }
                Some(1)
            }
            '?' if syntax.wildcards => {
                units.push(if colons_left == 0 {
                    Unit::One
                } else {
                    Unit::OneWithin
                });
                Some(1)
            }
            '$' if syntax.variables => variable(rest).map(|(item, len)| {
                match item {
                    Item::Escaped(byte) => units.push(Unit::Byte(byte)),
                    Item::Variable(variable) => {
                        pieces.push(Piece::Units(std::mem::take(&mut units)));
                        pieces.push(Piece::Variable(variable));
                    }
                }
                len
            }),
            _ => None,
        };
        if special.is_none() && first == ':' && colons_left > 0 {
            colons_left -= 1;
        }
        let len = special.unwrap_or_else(|| {
            let len = first.len_utf8();
            units.extend(rest.bytes().take(len).map(Unit::Byte));
            len
        });
        if special.is_some() {
            prefix_len.get_or_insert(at);
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    pieces.push(Piece::Units(units));
    (pieces, prefix_len.unwrap_or(text.len()))
}

/// The colons that end the first five segments of an ARN.
const ARN_COLONS: usize = 5;

fn body_of(text: &str, mut pieces: Vec<Piece>) -> Body {
    if pieces.len() > 1 {
        return Body::Pieces(pieces.into());
    }
    let Some(Piece::Units(units)) = pieces.pop() else {
        return Body::Literal;
    };
    if units == [Unit::Run] {
        return Body::Everything;
    }
    let plain = units.len() == text.len() && units.iter().all(|unit| matches!(unit, Unit::Byte(_)));
    if plain {
        Body::Literal
    } else {
        Body::Units(units.into())
    }
}

enum Item {
    Escaped(u8),
    Variable(Variable),
}

/// The variable at the start of `text`, and its length; nothing where `${` is not closed.
fn variable(text: &str) -> Option<(Item, usize)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let len = end + "${}".len();
    let name = inner.get(..end)?;
    let item = match name {
        "*" | "?" | "$" => Item::Escaped(*name.as_bytes().first()?),
        _ => {
            let (key, default) = match name.split_once(',') {
                None => (name.trim(), None),
                Some((key, default)) => {
                    let default = default.trim();
                    let unquoted = default
                        .strip_prefix('\'')
                        .and_then(|text| text.strip_suffix('\''));
                    (key.trim(), Some(unquoted.unwrap_or(default).to_owned()))
                }
            };
            Item::Variable(Variable {
                key: key.to_owned(),
                default,
            })
        }
    };
    Some((item, len))
}

/// Whether the whole of `text` matches.
///
/// COST: a failed attempt goes back to the last `*` only, since an earlier one cannot do better; that
/// bounds the work by the product of the lengths, where trying all of them would be exponential. A `*` that
/// keeps within its segment can run out of room; then the last free one goes on. An earlier one of its kind
/// need not be tried: the colon that ends its segment stays where it is.
fn glob(units: &[Unit], text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut unit_at, mut byte_at) = (0, 0);
    let mut last_run: Option<(usize, usize)> = None;
    let mut last_within: Option<(usize, usize)> = None;
    loop {
        let step = match (units.get(unit_at), bytes.get(byte_at)) {
            (None, None) => return true,
            (Some(Unit::Run), _) => {
                last_run = Some((unit_at + 1, byte_at));
                last_within = None;
                Some((unit_at + 1, byte_at))
            }
            (Some(Unit::RunWithin), _) => {
                last_within = Some((unit_at + 1, byte_at));
                Some((unit_at + 1, byte_at))
            }
            (Some(Unit::OneWithin), Some(byte)) if *byte != b':' => {
                Some((unit_at + 1, byte_at + char_len(*byte)))
            }
            (Some(Unit::Byte(expected)), Some(byte)) if expected == byte => {
                Some((unit_at + 1, byte_at + 1))
            }
            (Some(Unit::One), Some(byte)) => Some((unit_at + 1, byte_at + char_len(*byte))),
            _ => None,
        };
        if let Some(next) = step {
            (unit_at, byte_at) = next;
            continue;
        }
        if let Some((after_run, run_end)) = last_within {
            match bytes.get(run_end) {
                Some(byte) if *byte != b':' => {
                    let run_end = run_end + char_len(*byte);
                    last_within = Some((after_run, run_end));
                    (unit_at, byte_at) = (after_run, run_end);
                    continue;
                }
                _ => last_within = None,
            }
            // No other end of the free `*` in this segment leads further, so it goes on at the next colon.
            let Some((after_run, run_end)) = last_run else {
                return false;
            };
            let rest = bytes.get(run_end..).unwrap_or_default();
            let Some(to_colon) = rest.iter().position(|byte| *byte == b':') else {
                return false;
            };
            let run_end = run_end + to_colon.max(1);
            last_run = Some((after_run, run_end));
            (unit_at, byte_at) = (after_run, run_end);
            continue;
        }
        let Some((after_run, run_end)) = last_run else {
            return false;
        };
        let Some(byte) = bytes.get(run_end) else {
            return false;
        };
        let run_end = run_end + char_len(*byte);
        last_run = Some((after_run, run_end));
        (unit_at, byte_at) = (after_run, run_end);
    }
}

/// The length of the character that begins with this byte, in UTF-8.
fn char_len(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        let syntax = Syntax {
            wildcards: true,
            variables: true,
            segments: true,
        };
        assert_eq!(
            Pattern::compile(pattern, syntax).matches(text),
            expected,
            "{pattern} {text}"
        );
    }

    #[test]
    fn wildcards_cross_every_separator() {
        check("*", "", true);
        check("a*", "a:b/c", true);
        check("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y", true);
        check("arn:aws:s3:::b/*", "arn:aws:s3:::b", false);
        check("a?c", "abc", true);
        check("a?c", "a\u{e9}c", true);
        check("a?c", "ac", false);
        check("*a*b", "xaxab", true);
        check("*?", "\u{e9}", true);
        check("??", "\u{e9}", false);
        check("", "", true);
        check("", "a", false);
    }

    #[test]
    fn wildcards_keep_within_the_segments_of_an_arn() {
        let topic = "arn:aws:sns:eu-west-1:111122223333:x";
        check("arn:aws:sns:eu-west-1:11112222333*", topic, true);
        check("arn:aws:sns:eu-west-1:11112222333???", topic, false);
        check("arn:aws:sns:eu-west-?:111122223333:?", topic, true);
        check("arn:aws:sns:*:x", topic, true);
        check("arn:aws:sns:eu*:x", topic, true);
        check("arn:aws:sns:*x", topic, false);
        check("arn:aws:s*s:*:1*2*3*:x", topic, true);
        check("arn:aws:s*1:111122223333:x", topic, false);
        check("arn:a*", topic, true);
        check("arn:*:*3:x", topic, true);
        check("arn:*:*4:x", topic, false);
        check("arn:**:**3:x", topic, true);
        // The sixth part has colons of its own.
        check("arn:aws:s3:::b/*.gz", "arn:aws:s3:::b/2026:01.gz", true);
        check("arn:aws:s3:::b/a?b", "arn:aws:s3:::b/a:b", true);
        check("arn:*:b/2*0*1.gz", "arn:aws:s3:::b/2026:01.gz", false);
        check("arn:*:b/2*.gz", "arn:aws:s3:::b/2026.gz", true);
    }

    #[test]
    fn hostile_segments_stay_polynomial() {
        let text = format!("arn:{}", "aaaaaaaaa:".repeat(5_000));
        check("arn:*:a*a*a*b:*:a*b:x", &text, false);
        check("arn:${x}a*b:*a*b", &"arn:a".repeat(20_000), false);
        check(
            "arn:${x}a*b",
            &("arn:".to_owned() + &"a".repeat(50_000)),
            false,
        );
    }

    #[test]
    fn hostile_patterns_stay_polynomial() {
        let pattern = "a*".repeat(2_000) + "b";
        check(&pattern, &"a".repeat(20_000), false);
    }

    #[test]
    fn escapes_are_plain_characters() {
        check("a${*}", "a*", true);
        check("a${*}", "ab", false);
        check("${$}{x}", "${x}", true);
        check("a${?}*", "a?tail", true);
    }

    #[test]
    fn variables_read_the_context() {
        let syntax = Syntax {
            wildcards: true,
            variables: true,
            segments: true,
        };
        let pattern = Pattern::compile("home/${aws:username, 'guest'}/*", syntax);
        let named = |_: &Variable| Resolved::Value("a*".into());
        assert_eq!(pattern.matches_with("home/a*/x", named), Match::Yes);
        assert_eq!(pattern.matches_with("home/ab/x", named), Match::No);
        assert_eq!(
            pattern.matches_with("home/ab/x", |_| Resolved::Open),
            Match::Open
        );
        assert_eq!(
            pattern.matches_with("root/ab/x", |_| Resolved::Open),
            Match::No
        );
        assert_eq!(
            pattern.matches_with("home/ab/x", |_| Resolved::Absent),
            Match::No
        );
        assert_eq!(
            pattern.variable_keys().collect::<Vec<_>>(),
            ["aws:username"]
        );
        assert_eq!(pattern.literal_prefix(), "home/");
    }

    #[test]
    fn an_unclosed_variable_is_plain_text() {
        check("${aws:username", "${aws:username", true);
    }
}
