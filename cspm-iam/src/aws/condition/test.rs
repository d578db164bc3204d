//! One value of a condition, ready to be compared with.

use std::net::IpAddr;

use ipnet::IpNet;

use super::operator::{Base, Comparison};
use super::scalar::{self, Nanos};
use crate::aws::context::Facts;
use crate::aws::pattern::{Match, Pattern, Resolved, Syntax, Variable};

/// One value of a condition. Values that are malformed for their operator never match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// Equal to the pattern's text, or like the pattern.
    Text {
        pattern: Pattern,
        case: Case,
    },
    /// An ARN of which each of six parts is like its pattern.
    Arn(Vec<Pattern>),
    /// The single `*` in place of an ARN.
    AnyArn,
    Number(Comparison, Option<Nanos>),
    Date(Comparison, Option<Nanos>),
    Bool(Option<bool>),
    Range(Option<IpNet>),
    /// The operator is not known.
    Unknown,
}

/// Whether upper and lower case differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Kept,
    Folded,
}

const ARN_PARTS: usize = 6;

impl Test {
    pub(crate) fn compile(base: Base, value: &str, variables: bool) -> Self {
        let text = |text: &str, wildcards, case| {
            let pattern = Pattern::compile(
                text,
                Syntax {
                    wildcards,
                    variables,
                    segments: false,
                },
            );
            Self::Text { pattern, case }
        };
        match base {
            Base::StringEquals => text(value, false, Case::Kept),
            Base::StringEqualsIgnoreCase => text(&value.to_lowercase(), false, Case::Folded),
            Base::StringLike => text(value, true, Case::Kept),
            Base::Arn => arn(value, variables),
            Base::Numeric(comparison) => Self::Number(comparison, scalar::number(value)),
            Base::Date(comparison) => Self::Date(comparison, scalar::date(value)),
            Base::Bool | Base::Null => Self::Bool(boolean(value)),
            // Both sides are base-64 text, which is equal exactly where the bytes are.
            Base::Binary => {
                let syntax = Syntax {
                    wildcards: false,
                    variables: false,
                    segments: false,
                };
                let pattern = Pattern::compile(value, syntax);
                Self::Text {
                    pattern,
                    case: Case::Kept,
                }
            }
            Base::IpAddress => Self::Range(scalar::range(value)),
            Base::Unknown => Self::Unknown,
        }
    }

    pub(crate) fn is_malformed(&self) -> bool {
        match self {
            Self::Number(_, value) | Self::Date(_, value) => value.is_none(),
            Self::Bool(value) => value.is_none(),
            Self::Range(value) => value.is_none(),
            Self::Arn(parts) => parts.len() != ARN_PARTS,
            Self::Text { .. } | Self::AnyArn | Self::Unknown => false,
        }
    }

    pub(crate) fn has_variables(&self) -> bool {
        self.patterns().iter().any(Pattern::has_variables)
    }

    /// Whether a variable in the test has neither a value nor a default.
    pub(crate) fn lacks_value(&self, facts: Facts<'_>) -> bool {
        self.patterns()
            .iter()
            .any(|pattern| pattern.lacks_value(|variable| facts.resolve(variable)))
    }

    /// Whether `value` passes, with the variables that are known.
    pub(crate) fn matches(&self, value: &str, facts: Facts<'_>) -> Match {
        self.matches_with(value, |variable| facts.resolve(variable))
    }

    /// Whether `value` passes, variables being unknown.
    pub(crate) fn matches_alone(&self, value: &str) -> Match {
        self.matches_with(value, |_| Resolved::Open)
    }

    fn matches_with<'c>(
        &self,
        value: &str,
        mut resolve: impl FnMut(&Variable) -> Resolved<'c>,
    ) -> Match {
        let ordered = |comparison: Comparison, expected: Option<Nanos>, value: Option<Nanos>| {
            let holds = expected
                .zip(value)
                .is_some_and(|(expected, value)| match comparison {
                    Comparison::Equal => value == expected,
                    Comparison::Less => value < expected,
                    Comparison::LessOrEqual => value <= expected,
                    Comparison::Greater => value > expected,
                    Comparison::GreaterOrEqual => value >= expected,
                });
            yes_if(holds)
        };
        match self {
            Self::Text {
                pattern,
                case: Case::Kept,
            } => pattern.matches_with(value, resolve),
            Self::Text {
                pattern,
                case: Case::Folded,
            } => pattern.matches_with(&value.to_lowercase(), |variable| match resolve(variable) {
                Resolved::Value(text) => Resolved::Value(text.to_lowercase().into()),
                other => other,
            }),
            Self::Arn(parts) => {
                let values: Vec<&str> = value.splitn(ARN_PARTS, ':').collect();
                if parts.len() != ARN_PARTS || values.len() != ARN_PARTS {
                    return Match::No;
                }
                let mut found = Match::Yes;
                for (part, value) in parts.iter().zip(values) {
                    match part.matches_with(value, &mut resolve) {
                        Match::Yes => {}
                        Match::No => return Match::No,
                        Match::Open => found = Match::Open,
                    }
                }
                found
            }
            Self::AnyArn => Match::Yes,
            Self::Number(comparison, expected) => {
                ordered(*comparison, *expected, scalar::number(value))
            }
            Self::Date(comparison, expected) => {
                ordered(*comparison, *expected, scalar::date(value))
            }
            Self::Bool(expected) => yes_if(expected.is_some() && *expected == boolean(value)),
            Self::Range(range) => {
                let inside = range
                    .zip(scalar::range(value))
                    .is_some_and(|(range, value)| range.contains(&value));
                yes_if(inside)
            }
            Self::Unknown => Match::Open,
        }
    }

    /// The patterns in the test, if it compares texts.
    pub(crate) fn patterns(&self) -> &[Pattern] {
        match self {
            Self::Text { pattern, .. } => std::slice::from_ref(pattern),
            Self::Arn(parts) => parts,
            _ => &[],
        }
    }

    /// Whether the test compares with a pattern that more than one text matches, and not all.
    pub(crate) fn has_wildcards(&self) -> bool {
        let open = |pattern: &Pattern| !pattern.is_literal() && !pattern.is_everything();
        match self {
            Self::Text { pattern, .. } => open(pattern),
            Self::Arn(parts) => parts.iter().any(|part| !part.is_literal()),
            _ => false,
        }
    }

    /// The number or date that the test compares with.
    pub(crate) fn bound(&self) -> Option<Nanos> {
        match self {
            Self::Number(_, bound) | Self::Date(_, bound) => *bound,
            _ => None,
        }
    }

    /// Whether upper and lower case are the same to it.
    pub(crate) fn folds_case(&self) -> bool {
        matches!(
            self,
            Self::Text {
                case: Case::Folded,
                ..
            }
        )
    }

    /// Values on both sides of every border that the test draws.
    pub(crate) fn samples(&self, samples: &mut Vec<String>) {
        match self {
            Self::Text { pattern, .. } => {
                samples.extend(FILLERS.iter().map(|filler| pattern.sample(filler)));
            }
            Self::Arn(parts) => samples.extend(FILLERS.iter().map(|filler| {
                let parts: Vec<String> = parts.iter().map(|part| part.sample(filler)).collect();
                parts.join(":")
            })),
            Self::Number(_, Some(value)) | Self::Date(_, Some(value)) => {
                // Half a second apart, so that there is something between two neighbouring numbers.
                let near = [-500_000_000, 0, 500_000_000];
                let near = near.iter().filter_map(|delta| value.checked_add(*delta));
                samples.extend(near.map(scalar::number_text));
            }
            Self::Bool(_) => samples.extend(["true".to_owned(), "false".to_owned()]),
            Self::Range(Some(range)) => {
                let (first, last) = (range.network(), range.broadcast());
                let near = [Some(first), Some(last), before(first), after(last)];
                samples.extend(
                    near.into_iter()
                        .flatten()
                        .map(|address| address.to_string()),
                );
            }
            Self::AnyArn
            | Self::Unknown
            | Self::Number(_, None)
            | Self::Date(_, None)
            | Self::Range(None) => {}
        }
    }
}

/// What a `*` may stand for when looking for a value: nothing, and texts that no policy names.
const FILLERS: [&str; 4] = [
    "",
    "\u{1f}",
    "\u{1f}\u{1f}",
    "\u{1f}~\u{1f}~\u{1f}~\u{1f}~\u{1f}",
];

/// AWS IAM User Guide, "Amazon Resource Name (ARN) condition operators", read 2026-11: "Each of the six
/// colon-delimited components of the ARN is checked separately and each can include multi-character match
/// wildcards (*) or single-character match wildcards (?)."
///
/// DEVIATION: a lone `*` has no six components and yet is in wide use for any ARN; it is read as that.
fn arn(value: &str, variables: bool) -> Test {
    if value == "*" {
        return Test::AnyArn;
    }
    let syntax = Syntax {
        wildcards: true,
        variables,
        segments: false,
    };
    Test::Arn(
        arn_parts(value, variables)
            .iter()
            .map(|part| Pattern::compile(part, syntax))
            .collect(),
    )
}

/// Splits at the first five colons outside policy variables, which have colons of their own.
fn arn_parts(value: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::with_capacity(ARN_PARTS);
    let (mut start, mut inside) = (0, false);
    let mut previous = ' ';
    for (at, character) in value.char_indices() {
        match character {
            '{' if variables && previous == '$' => inside = true,
            '}' => inside = false,
            ':' if !inside && parts.len() + 1 < ARN_PARTS => {
                parts.push(value.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        previous = character;
    }
    parts.push(value.get(start..).unwrap_or_default());
    parts
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn yes_if(holds: bool) -> Match {
    if holds { Match::Yes } else { Match::No }
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address
            .to_bits()
            .checked_add(1)
            .map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => address
            .to_bits()
            .checked_add(1)
            .map(|bits| IpAddr::V6(bits.into())),
    }
}

fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address
            .to_bits()
            .checked_sub(1)
            .map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => address
            .to_bits()
            .checked_sub(1)
            .map(|bits| IpAddr::V6(bits.into())),
    }
}
