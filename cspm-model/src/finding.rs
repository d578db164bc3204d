//! Findings: what a scanner says is wrong with a resource.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::location::Location;
use crate::record::record;

/// A scanner's own grade. Complete: what a scanner writes is brought to one of these.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The scanner gives none, or one that is not known.
    #[default]
    Unknown,
    /// Informational.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// The severity of a scanner's word, whatever its case.
    pub fn parse(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "fatal" => Self::Critical,
            "high" | "error" => Self::High,
            "medium" | "moderate" | "warning" => Self::Medium,
            "low" | "minor" | "note" => Self::Low,
            "informational" | "info" | "none" | "negligible" => Self::Informational,
            _ => Self::Unknown,
        }
    }

    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

record! {
    /// A known weakness that a finding names.
    pub struct Vulnerability {
        /// `CVE-...` or another id.
        pub id: String,
        /// Probability of exploitation within 30 days (EPSS), 0 to 1.
        pub epss: Option<f64>,
        /// Whether it is known to be exploited.
        pub known_exploited: Option<bool>,
        /// CVSS base score, 0 to 10.
        pub cvss: Option<f64>,
        /// Whether it is exploited over the network, where that is known.
        pub network: Option<bool>,
    }
}

record! {
    /// What a scanner says is wrong with a resource.
    pub struct Finding {
        /// The scanner's id. Where it is missing or not unique, a stable one is derived.
        pub id: String,
        /// The rule that found it.
        pub check: String,
        /// The resource, as the scanner names it.
        pub resource: String,
        /// Several, if it speaks of several; the worst counts.
        pub resources: Vec<String>,
        /// The part of the resource that it speaks of, such as the name of an inline policy.
        pub part: Option<String>,
        /// The scanner's grade.
        pub severity: Severity,
        /// One line for a person.
        pub title: String,
        /// The scanner.
        pub source: Option<String>,
        /// Account that was scanned.
        pub account: Option<String>,
        /// `open`, or what the scanner says; a passed or resolved record is not a finding.
        pub status: Option<String>,
        /// Ports it speaks of.
        pub ports: Option<String>,
        /// Weaknesses it names.
        pub vulnerabilities: Vec<Vulnerability>,
        /// Where it was read.
        pub evidence: Option<Location>,
    }
}

impl Finding {
    /// Every resource it names, the main one first, none twice.
    pub fn resource_names(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        std::iter::once(&self.resource)
            .chain(&self.resources)
            .map(String::as_str)
            .filter(|name| !name.is_empty() && seen.insert(*name))
            .collect()
    }

    /// Whether the status says that nothing is wrong, or that a person has to look first.
    pub fn is_settled(&self) -> bool {
        self.status.as_deref().is_some_and(|status| {
            matches!(
                status.trim().to_ascii_lowercase().as_str(),
                "pass"
                    | "passed"
                    | "manual"
                    | "resolved"
                    | "suppressed"
                    | "muted"
                    | "not_applicable"
                    | "not_available"
                    | "archived"
                    | "closed"
                    | "fixed"
            )
        })
    }
}
