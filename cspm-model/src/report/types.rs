//! Types of the report format `cspm.report/1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::finding::Severity;
use crate::location::Location;
use crate::state::{Certainty, StateRef};

/// What a finding means for the crown jewels. Complete by definition.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fixing it removes a step of a way from an entry to a crown jewel.
    OnPath,
    /// An entry reaches it and value lies behind, but the fix removes no step.
    BesidePath,
    /// Value lies behind it, but no entry reaches it today.
    Latent,
    /// An entry reaches it, and nothing of value lies behind.
    Exposed,
    /// Neither.
    Isolated,
    /// An exception in force covers it.
    Accepted,
    /// Its resource is not in the inventory.
    Unmapped,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 7] = [
        Self::OnPath,
        Self::BesidePath,
        Self::Latent,
        Self::Exposed,
        Self::Isolated,
        Self::Accepted,
        Self::Unmapped,
    ];

    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnPath => "on_path",
            Self::BesidePath => "beside_path",
            Self::Latent => "latent",
            Self::Exposed => "exposed",
            Self::Isolated => "isolated",
            Self::Accepted => "accepted",
            Self::Unmapped => "unmapped",
        }
    }
}

/// What to do about it, and when. Complete by definition; the first is the most urgent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Score 90 to 100.
    Critical,
    /// Score 70 to 89.
    High,
    /// Score 40 to 69.
    Medium,
    /// Score 1 to 39.
    Low,
    /// Score 0, with a reason.
    Suppressed,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Suppressed,
    ];

    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Suppressed => "suppressed",
        }
    }

    /// The priority in whose band the score lies.
    pub fn of_score(score: u8) -> Self {
        match score {
            90.. => Self::Critical,
            70..=89 => Self::High,
            40..=69 => Self::Medium,
            1..=39 => Self::Low,
            0 => Self::Suppressed,
        }
    }
}

/// The program that wrote the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `cspm`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Resources of the estate.
    pub resources: u64,
    /// States of the graph.
    pub states: u64,
    /// Steps of the graph, gates included.
    pub steps: u64,
    /// Entries.
    pub entries: u64,
    /// Crown jewels.
    pub crown_jewels: u64,
    /// Findings, each once.
    pub findings: u64,
    /// Records that scanners reported as passed, manual or resolved.
    pub not_findings: u64,
    /// Findings whose resource is not in the inventory.
    pub unmapped: u64,
    /// Findings by priority.
    pub by_priority: BTreeMap<Priority, u64>,
    /// Findings by verdict.
    pub by_verdict: BTreeMap<Verdict, u64>,
    /// Names of the limits that cut the analysis.
    pub limits_hit: Vec<String>,
}

/// What must hold for a conditional step.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Context key, or `stated` for one that another tool stated in words.
    pub key: String,
    /// Operator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operator: String,
    /// Values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether the condition has to hold, or has to fail.
    pub required: bool,
    /// Who sets the key: `request`, `principal`, `estate`, `place`, `outside`.
    pub setter: String,
}

/// Everything that could be lost from here on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlastRadius {
    /// Resources, each once, its own included.
    pub resources: u64,
    /// Whether that number is exact; if not, it is a lower bound.
    pub resources_exact: bool,
    /// Crown jewels.
    pub crown_jewels: u64,
    /// Their total value.
    pub value: u64,
    /// Which, at most 20 unless all were asked for.
    pub ids: Vec<StateRef>,
    /// Whether more than those exist.
    pub ids_cut: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// Crown jewels that no entry reaches any more once it is done.
    pub cuts_off: u64,
    /// Their value.
    pub value: u64,
    /// In words.
    pub text: String,
}

/// A finding and what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RankedFinding {
    /// The scanner's id, or a derived one.
    pub id: String,
    /// The rule that found it.
    pub check: String,
    /// The resource, by canonical id; of an unmapped one as the scanner names it.
    pub resource: String,
    /// The scanner's grade.
    pub severity: Severity,
    /// One line for a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What to do about it, and when.
    pub priority: Priority,
    /// What it means.
    pub verdict: Verdict,
    /// 0 to 100; the priority is its band.
    pub score: u8,
    /// How likely an entry reaches it, 0 to 1.
    pub exposure: f64,
    /// What could be lost from here on.
    pub blast_radius: BlastRadius,
    /// Attack paths of which its fix removes a step.
    pub paths: Vec<String>,
    /// Why, in one or two sentences that name the deciding facts.
    pub reason: String,
    /// What keeps it from mattering, in words of a short list: `no_public_address`, `explicit_deny`,
    /// `nothing_of_value`, `sideways_open_to_all`...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<String>,
    /// The facts that the reason names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Location>,
    /// What to do.
    pub fix: Fix,
    /// Findings with the same group have the same cause and the same fix.
    pub group: String,
}

/// A step of the attack graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// State held.
    pub from: StateRef,
    /// State got.
    pub to: StateRef,
    /// Further states that must be held: the step is a gate.
    pub requires: Vec<StateRef>,
    /// Name of the technique.
    pub technique: String,
    /// How far it is known to hold.
    pub certainty: Certainty,
    /// What must hold for it.
    pub conditions: Vec<Condition>,
    /// How likely it is done by somebody who can, 0 to 1.
    pub likelihood: f64,
    /// Where the facts stand from which it follows.
    pub evidence: Vec<Location>,
}

/// A way from an entry to a crown jewel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttackPath {
    /// Stable id.
    pub id: String,
    /// The entry.
    pub from: StateRef,
    /// The crown jewel.
    pub to: StateRef,
    /// How far it is known to hold: that of its widest step.
    pub certainty: Certainty,
    /// What must hold for it.
    pub conditions: Vec<Condition>,
    /// Product of the likelihoods of its steps.
    pub likelihood: f64,
    /// Value of the crown jewel.
    pub value: u64,
    /// By the same rule as that of findings.
    pub priority: Priority,
    /// 0 to 100.
    pub score: u8,
    /// Its steps, each after those that give what it needs.
    pub steps: Vec<String>,
    /// Findings whose fix removes one of its steps.
    pub findings: Vec<String>,
}

/// Something whose loss is the damage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrownJewel {
    /// The state.
    pub state: StateRef,
    /// Its value.
    pub value: u64,
    /// Whether an entry reaches it, conditional steps included.
    pub reachable: bool,
    /// The most likely way there.
    pub path: Option<String>,
    /// What keeps it safe, where nothing reaches it.
    pub blocked_by: Option<String>,
}

/// A step or state whose removal cuts crown jewels off from every entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChokePoint {
    /// The step, if it is one.
    pub step: Option<String>,
    /// The state, if it is one.
    pub state: Option<StateRef>,
    /// How many crown jewels only it leads to.
    pub cuts_off: u64,
    /// Their value.
    pub value: u64,
    /// Which, at most 20 unless all were asked for.
    pub crown_jewels: Vec<StateRef>,
    /// What to do.
    pub fix: String,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Name of the format.
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// Counts.
    pub summary: Summary,
    /// Findings, the most urgent first.
    pub findings: Vec<RankedFinding>,
    /// At least the most likely way to every crown jewel that certain and conditional steps lead to.
    pub attack_paths: Vec<AttackPath>,
    /// Ways that need steps of which a fact was not collected.
    pub possible_paths: Vec<AttackPath>,
    /// Every step that a path or a choke point refers to.
    pub steps: BTreeMap<String, Step>,
    /// Every crown jewel.
    pub crown_jewels: Vec<CrownJewel>,
    /// Choke points, the most valuable first.
    pub choke_points: Vec<ChokePoint>,
    /// What was noticed on the way.
    pub diagnostics: Vec<Diagnostic>,
}
