//! The technique catalogue: data in `techniques/*.toml`, one file a family.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::DeriveError;

/// Number of a technique in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TechniqueId(u16);

impl TechniqueId {
    /// Its number.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A named way to do a step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Technique {
    /// Dotted name, provider first.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// MITRE ATT&CK ids.
    #[serde(default)]
    pub mitre: Vec<String>,
    /// Id in the pathfinding.cloud catalogue.
    pub pathfinding: Option<String>,
    /// Likelihood that somebody who can do it succeeds, with its reason beside it in the file.
    pub likelihood: f64,
    /// How to stop it.
    pub stop: String,
    /// Whether a step of it is more than the default assumption that anything exposed may be exploited.
    #[serde(default = "yes")]
    pub firm: bool,
    /// How the derive stage makes steps of it, for techniques that follow from permissions alone.
    pub rule: Option<Rule>,
    /// Where it is described.
    pub source: String,
}

/// How steps follow from permissions. Each action is asked of the policy evaluator.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, tag = "kind")]
pub enum Rule {
    /// Every action on a resource of this kind gives this access to it.
    OnTarget {
        /// Kinds of resources.
        targets: Vec<String>,
        /// `reach`, `read`, `write` or `control`.
        access: String,
        /// Alternatives: one is enough.
        any_of: Vec<String>,
        /// `self` (its id) or `object` (something in it, as in a bucket).
        #[serde(default)]
        object: bool,
        /// Whether data encrypted with a customer key needs the key as well.
        #[serde(default)]
        needs_key: bool,
    },
    /// `iam:PassRole` on a role that trusts the service, and every one of the actions, gives the role.
    PassRole {
        /// Service principal that the role has to trust.
        service: String,
        /// All of them are needed, on some resource.
        all_of: Vec<String>,
    },
    /// An action of an identity on itself, or on a policy of its own, gives everything.
    SelfGrant {
        /// Alternatives: one is enough.
        any_of: Vec<String>,
        /// `self`, `policy` (a managed policy attached to it) or `group` (one it is in).
        target: String,
    },
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    technique: Vec<Technique>,
}

/// The catalogue.
#[derive(Debug, Clone)]
pub struct Techniques {
    all: Vec<Technique>,
    numbers: BTreeMap<String, TechniqueId>,
}

const FILES: [(&str, &str); 5] = [
    (
        "builtin.toml",
        include_str!("../../techniques/builtin.toml"),
    ),
    (
        "network.toml",
        include_str!("../../techniques/network.toml"),
    ),
    (
        "aws-data.toml",
        include_str!("../../techniques/aws-data.toml"),
    ),
    (
        "aws-identity.toml",
        include_str!("../../techniques/aws-identity.toml"),
    ),
    (
        "aws-compute.toml",
        include_str!("../../techniques/aws-compute.toml"),
    ),
];

impl Techniques {
    /// The catalogue that comes with the crate.
    ///
    /// # Errors
    /// When a file of it is not what it should be, which a test rules out.
    pub fn load() -> Result<Self, DeriveError> {
        let mut catalogue = Self {
            all: Vec::new(),
            numbers: BTreeMap::new(),
        };
        for (name, text) in FILES {
            let file: File = toml::from_str(text).map_err(|error| DeriveError::Catalogue {
                file: name,
                message: error.to_string(),
            })?;
            for technique in file.technique {
                catalogue.add(technique);
            }
        }
        Ok(catalogue)
    }

    /// The number of a technique, which joins the catalogue if it is new.
    pub(super) fn add(&mut self, technique: Technique) -> TechniqueId {
        if let Some(&id) = self.numbers.get(&technique.name) {
            return id;
        }
        let id = TechniqueId(u16::try_from(self.all.len()).unwrap_or(u16::MAX));
        self.numbers.insert(technique.name.clone(), id);
        self.all.push(technique);
        id
    }

    /// The technique with this name. Code names only techniques that the catalogue has, which a test
    /// checks; for another, it is the first.
    pub(super) fn named(&self, name: &str) -> TechniqueId {
        self.numbers.get(name).copied().unwrap_or(TechniqueId(0))
    }

    /// The technique with this number.
    pub fn technique(&self, id: TechniqueId) -> Option<&Technique> {
        self.all.get(id.index())
    }

    /// Every technique with its number.
    pub fn iter(&self) -> impl Iterator<Item = (TechniqueId, &Technique)> {
        self.all.iter().enumerate().map(|(at, technique)| {
            (
                TechniqueId(u16::try_from(at).unwrap_or(u16::MAX)),
                technique,
            )
        })
    }
}
