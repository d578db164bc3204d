//! Which steps the fix of a finding removes: data in `checks/*.toml`.

use cspm_model::ports::PortSet;
use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

use crate::error::RiskError;

/// Where a finding's resource stands in the steps that its fix removes. Complete by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It is what the step gives.
    To,
    /// It is what has to be held.
    From,
    /// A fact of it makes the step: a security group, a policy, a profile.
    Via,
    /// It is an account, and the step gives something in it.
    ToAccount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removes {
    technique: String,
    end: End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckData {
    checks: Vec<String>,
    removes: Vec<Removes>,
    ports: Option<String>,
    fix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check: Vec<CheckData>,
}

/// What the fix of a check does.
#[derive(Debug, Clone)]
pub struct Check {
    names: Vec<GlobMatcher>,
    removes: Vec<(GlobMatcher, End)>,
    /// Ports that it closes, where it closes only some.
    pub(crate) ports: Option<PortSet>,
    /// What to do.
    pub(crate) fix: String,
}

impl Check {
    /// Whether it speaks of accounts, so that steps have to be looked for in all of one.
    pub(crate) fn is_about_accounts(&self) -> bool {
        self.removes.iter().any(|(_, end)| *end == End::ToAccount)
    }

    /// Whether a step of this technique at this end is removed.
    pub(crate) fn removes(&self, technique: &str, end: End) -> bool {
        self.removes
            .iter()
            .any(|(glob, it)| *it == end && glob.is_match(technique))
    }
}

/// The catalogue.
#[derive(Debug, Clone)]
pub struct Checks(Vec<Check>);

const FILES: [(&str, &str); 3] = [
    ("network.toml", include_str!("../checks/network.toml")),
    ("identity.toml", include_str!("../checks/identity.toml")),
    ("data.toml", include_str!("../checks/data.toml")),
];

fn glob(pattern: &str) -> Result<GlobMatcher, RiskError> {
    GlobBuilder::new(pattern)
        .literal_separator(false)
        .case_insensitive(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| RiskError::Catalogue(error.to_string()))
}

impl Checks {
    /// The catalogue that comes with the crate.
    ///
    /// # Errors
    /// When a file of it is not what it should be, which a test rules out.
    pub fn load() -> Result<Self, RiskError> {
        let mut all = Vec::new();
        for (name, text) in FILES {
            let file: File = toml::from_str(text)
                .map_err(|error| RiskError::Catalogue(format!("{name}: {error}")))?;
            for data in file.check {
                let ports = match data.ports.as_deref().map(PortSet::parse) {
                    None => None,
                    Some(Some(ports)) => Some(ports),
                    Some(None) => {
                        return Err(RiskError::Catalogue(format!("{name}: bad ports")));
                    }
                };
                all.push(Check {
                    names: data
                        .checks
                        .iter()
                        .map(|it| glob(it))
                        .collect::<Result<_, _>>()?,
                    removes: data
                        .removes
                        .iter()
                        .map(|it| Ok((glob(&it.technique)?, it.end)))
                        .collect::<Result<_, RiskError>>()?,
                    ports,
                    fix: data.fix,
                });
            }
        }
        Ok(Self(all))
    }

    /// What the fix of a check does; the first entry that names it counts.
    pub fn of(&self, check: &str) -> Option<&Check> {
        self.0
            .iter()
            .find(|it| it.names.iter().any(|glob| glob.is_match(check)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_whole_and_the_first_entry_counts() {
        let checks = Checks::load().unwrap();
        let ssh = checks
            .of("ec2_instance_port_ssh_exposed_to_internet")
            .unwrap();
        assert_eq!(ssh.ports.as_ref().unwrap().to_string(), "22");
        assert!(ssh.removes("network.internet-exposed", End::To));
        assert!(!ssh.removes("network.internet-exposed", End::Via));
        assert!(checks.of("ec2_ebs_default_encryption").is_none());
    }
}
