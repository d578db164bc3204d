//! Actions, and the patterns with which policies name them.

use std::fmt;

use super::action_index::service_code;
use super::actions::{ActionInfo, ActionTable};
use super::error::ParseError;
use super::pattern::{Pattern, Syntax};

/// An action of a service, `s3:GetObject`.
///
/// Equal whatever the case of its letters, as in policies.
///
/// # Source
/// AWS IAM User Guide, "IAM JSON policy elements: Action", read 2026-11: "The prefix and the action name
/// are case insensitive."
#[derive(Debug, Clone)]
pub struct Action {
    text: String,
    folded: String,
    colon: usize,
    service_code: u32,
    takes_no_resource: bool,
}

impl Action {
    /// Reads `service:Name`.
    ///
    /// # Errors
    /// [`ParseError::Name`] where the service or the name is missing, or holds a wildcard.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let plain = |part: &str| {
            !part.is_empty()
                && !part.contains(['*', '?', ':'])
                && !part.contains(char::is_whitespace)
        };
        match text.split_once(':') {
            Some((service, name)) if plain(service) && plain(name) => Ok(Self {
                text: text.to_owned(),
                folded: text.to_ascii_lowercase(),
                colon: service.len(),
                service_code: service_code(&service.to_ascii_lowercase()),
                // COST: here and not where it is asked, since actions are read once and asked often.
                takes_no_resource: ActionTable::builtin()
                    .action(text)
                    .is_some_and(ActionInfo::takes_no_resource),
            }),
            _ => Err(ParseError::name(
                "action",
                text,
                "`service:Name` without wildcards",
            )),
        }
    }

    /// The action as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The service's prefix, in lower case.
    pub fn service(&self) -> &str {
        self.folded.get(..self.colon).unwrap_or_default()
    }

    /// The name without the service, as it was written.
    pub fn name(&self) -> &str {
        self.text.get(self.colon + 1..).unwrap_or_default()
    }

    /// Whether AWS documents that the action cannot be asked for a single resource; not for actions that are
    /// in no table.
    pub(crate) fn takes_no_resource(&self) -> bool {
        self.takes_no_resource
    }

    /// The code of the service, by which policies find their patterns.
    pub(crate) fn service_code(&self) -> u32 {
        self.service_code
    }

    /// The whole action in lower case.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Action {}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The `Action` or `NotAction` of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Actions {
    Only(Vec<ActionPattern>),
    AllBut(Vec<ActionPattern>),
}

impl Actions {
    pub(crate) fn covers(&self, action: &Action) -> bool {
        let named =
            |patterns: &[ActionPattern]| patterns.iter().any(|pattern| pattern.covers(action));
        match self {
            Self::Only(patterns) => named(patterns),
            Self::AllBut(patterns) => !named(patterns),
        }
    }

    /// Whether some action of `service` could be covered; never wrongly `false`.
    pub(crate) fn covers_any_of(&self, service: &str) -> bool {
        let whole = format!("{}:*", service.to_ascii_lowercase());
        match self {
            Self::Only(patterns) => patterns.iter().any(|pattern| pattern.may_name(service)),
            // A pattern that matches the text `service:*` matches all that it stands for.
            Self::AllBut(patterns) => !patterns
                .iter()
                .any(|pattern| pattern.folded.matches(&whole)),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ActionPattern {
    folded: Pattern,
}

impl ActionPattern {
    pub(crate) fn compile(text: &str) -> Self {
        let syntax = Syntax {
            wildcards: true,
            variables: false,
            segments: false,
        };
        Self {
            folded: Pattern::compile(&text.to_ascii_lowercase(), syntax),
        }
    }

    pub(crate) fn covers(&self, action: &Action) -> bool {
        self.folded.matches(action.folded())
    }

    /// The text before the first wildcard, in lower case.
    pub(crate) fn beginning(&self) -> &str {
        self.folded.literal_prefix()
    }

    /// Whether the pattern is one action's name.
    pub(crate) fn is_literal(&self) -> bool {
        self.folded.is_literal()
    }

    /// Whether everything matches that begins as the pattern does.
    pub(crate) fn is_beginning(&self) -> bool {
        self.folded.is_beginning()
    }

    fn may_name(&self, service: &str) -> bool {
        let prefix = self.folded.literal_prefix();
        match prefix.split_once(':') {
            Some((named, _)) => named.eq_ignore_ascii_case(service),
            None if self.folded.is_literal() => false,
            None => service.to_ascii_lowercase().starts_with(prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter() {
        let actions = Actions::Only(vec![ActionPattern::compile("S3:get*")]);
        assert!(actions.covers(&Action::parse("s3:GetObject").unwrap()));
        assert!(!actions.covers(&Action::parse("s3:PutObject").unwrap()));
        assert!(actions.covers_any_of("s3") && actions.covers_any_of("S3"));
        assert!(!actions.covers_any_of("s3-object-lambda"));
    }

    #[test]
    fn an_action_has_a_service_and_a_name() {
        for text in ["", "s3", "s3:", ":Get", "s3:*", "s3:Get Object", "s3:a:b"] {
            assert!(Action::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn not_action_leaves_out_whole_services() {
        let actions = Actions::AllBut(vec![ActionPattern::compile("iam:*")]);
        assert!(!actions.covers_any_of("iam"));
        assert!(actions.covers_any_of("s3"));
    }
}
