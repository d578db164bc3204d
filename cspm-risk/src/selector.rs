//! Selectors: how states are named on a command line.

use cspm_graph::derive::Derived;
use cspm_graph::graph::StateId;
use cspm_model::resource::Class;
use cspm_model::{Access, Estate};
use globset::{GlobBuilder, GlobMatcher};

use crate::error::RiskError;
use crate::value::Values;

/// A selector: `internet`, `admin`, `sensitive`, `principals`, `id:GLOB`, `kind:GLOB`, `tag:KEY=VALUE` or
/// `account:ID`, optionally followed by `#reach`, `#read`, `#write` or `#control`.
#[derive(Debug, Clone)]
pub struct Selector {
    text: String,
    what: What,
    access: Option<Access>,
}

#[derive(Debug, Clone)]
enum What {
    Internet,
    Admin,
    Sensitive,
    Principals,
    Id(GlobMatcher),
    Kind(GlobMatcher),
    Tag(String, GlobMatcher),
    Account(String),
}

impl Selector {
    /// The selector that a text means.
    ///
    /// # Errors
    /// `RiskError::Selector`, which says what would be right.
    pub fn parse(text: &str) -> Result<Self, RiskError> {
        let wrong = |message: &str| RiskError::Selector {
            text: text.to_owned(),
            message: message.to_owned(),
        };
        let (body, access) = match text.rsplit_once('#') {
            Some((body, word)) => match Access::parse(word) {
                Some(access) => (body, Some(access)),
                None => {
                    return Err(wrong(
                        "after `#` comes `reach`, `read`, `write` or `control`",
                    ));
                }
            },
            None => (text, None),
        };
        let glob = |pattern: &str| {
            GlobBuilder::new(pattern)
                .literal_separator(false)
                .backslash_escape(true)
                .build()
                .map(|glob| glob.compile_matcher())
                .map_err(|error| wrong(&error.to_string()))
        };
        let what = match body.split_once(':') {
            _ if body == "internet" => What::Internet,
            _ if body == "admin" => What::Admin,
            _ if body == "sensitive" => What::Sensitive,
            _ if body == "principals" => What::Principals,
            Some(("id", pattern)) => What::Id(glob(pattern)?),
            Some(("kind", pattern)) => What::Kind(glob(pattern)?),
            Some(("tag", pair)) => match pair.split_once('=') {
                Some((key, value)) => What::Tag(key.to_owned(), glob(value)?),
                None => return Err(wrong("a tag is `tag:KEY=VALUE`")),
            },
            Some(("account", id)) => What::Account(id.to_owned()),
            _ => {
                return Err(wrong(
                    "expected `internet`, `admin`, `sensitive`, `principals`, `id:GLOB`, `kind:GLOB`, `tag:KEY=VALUE` or `account:ID`",
                ));
            }
        };
        Ok(Self {
            text: text.to_owned(),
            what,
            access,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The states it selects, ascending. Without an access: as a start what a holder controls, as a goal
    /// (`as_goal`) what a loss is.
    pub(crate) fn states(
        &self,
        estate: &Estate,
        derived: &Derived,
        values: &Values,
        as_goal: bool,
    ) -> Vec<StateId> {
        if matches!(self.what, What::Internet) {
            return derived.states_of(derived.internet()).to_vec();
        }
        let mut found = Vec::new();
        for (at, resource) in estate.resources().iter().enumerate() {
            let class = resource.kind.class();
            let selected = match &self.what {
                What::Internet => false,
                What::Admin => resource.kind.as_str() == "account",
                What::Sensitive => values.of(resource) > 0,
                What::Principals => class == Class::Identity,
                What::Id(glob) => glob.is_match(resource.id.as_str()),
                What::Kind(glob) => glob.is_match(resource.kind.as_str()),
                What::Tag(key, glob) => resource.tags.get(key).is_some_and(|it| glob.is_match(it)),
                What::Account(id) => resource.account.as_deref() == Some(id.as_str()),
            };
            if !selected {
                continue;
            }
            let states = derived.states_of(derived.node_at(at));
            let wanted = |access: Access| match self.access {
                Some(wanted) => access == wanted,
                None if as_goal && matches!(class, Class::Store | Class::Secret) => {
                    access == Access::Read
                }
                None => access == Access::Control,
            };
            found.extend(
                states
                    .iter()
                    .copied()
                    .filter(|&id| derived.state(id).is_some_and(|state| wanted(state.access))),
            );
        }
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_is_read_and_others_say_what_is_right() {
        for text in [
            "internet",
            "admin",
            "sensitive",
            "principals",
            "id:arn:aws:*",
            "kind:data.*#read",
            "tag:env=prod*",
            "account:111122223333#control",
        ] {
            assert!(Selector::parse(text).is_ok(), "{text}");
        }
        for text in ["", "everything", "tag:env", "id:x#fly", "id:[", "kind"] {
            let error = Selector::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no selector")),
                "{error}"
            );
        }
    }
}
