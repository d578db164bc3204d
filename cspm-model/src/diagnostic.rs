//! What was noticed on the way: records set aside, facts not understood, and their effect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::location::Location;

/// What a diagnostic means for the answer. Complete by definition.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Steps may be reported that do not exist.
    OverReport,
    /// Steps may be missing.
    UnderReport,
    /// A record could not be used and is not in the answer.
    Lost,
    /// Nothing that changes the answer.
    None,
}

/// One thing noticed while reading or deriving.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Diagnostic {
    /// A stable word for the kind: `unreadable-record`, `not-collected`, `unknown-format`...
    pub code: String,
    /// What it means for the answer.
    pub effect: Effect,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// One line for a person.
    pub message: String,
    /// How many of the same kind stand for this one, itself included.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u64,
}

fn one() -> u64 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_one(count: &u64) -> bool {
    *count == 1
}

impl Diagnostic {
    /// A diagnostic at a place.
    pub fn new(code: &str, effect: Effect, message: impl Into<String>, location: Location) -> Self {
        Self {
            code: code.to_owned(),
            effect,
            message: message.into(),
            location: Some(location),
            count: 1,
        }
    }

    /// Whether strict mode turns it into an error.
    pub fn is_loss(&self) -> bool {
        self.effect == Effect::Lost
    }
}

/// Sorts, merges equals by adding their counts, and keeps at most `limit`; those past it become one
/// diagnostic for each code and effect.
pub fn tidy(mut diagnostics: Vec<Diagnostic>, limit: usize) -> Vec<Diagnostic> {
    diagnostics.sort_unstable();
    diagnostics.dedup_by(|next, kept| {
        let same = next.code == kept.code
            && next.effect == kept.effect
            && next.message == kept.message
            && next.location == kept.location;
        if same {
            kept.count = kept.count.saturating_add(next.count);
        }
        same
    });
    if diagnostics.len() > limit {
        let rest = diagnostics.split_off(limit);
        let mut counts = std::collections::BTreeMap::new();
        for diagnostic in rest {
            let count: &mut u64 = counts
                .entry((diagnostic.code, diagnostic.effect))
                .or_default();
            *count = count.saturating_add(diagnostic.count);
        }
        diagnostics.extend(
            counts
                .into_iter()
                .map(|((code, effect), count)| Diagnostic {
                    message: format!(
                        "{count} more of this kind, past the limit of {limit} diagnostics"
                    ),
                    code,
                    effect,
                    location: None,
                    count,
                }),
        );
    }
    diagnostics
}
