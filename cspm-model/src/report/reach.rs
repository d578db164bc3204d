//! Types of the format `cspm.reach/1`: which states reach which.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::types::{Condition, Step};
use crate::state::{Certainty, StateRef};

/// Name of the format.
pub const REACH_SCHEMA: &str = "cspm.reach/1";

/// A pair of which the first reaches the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachPair {
    /// From.
    pub from: StateRef,
    /// To.
    pub to: StateRef,
    /// That of the narrowest view in which it holds.
    pub certainty: Certainty,
    /// What must hold for it.
    pub conditions: Vec<Condition>,
    /// Of the most likely way within that view.
    pub likelihood: f64,
    /// Its steps.
    pub steps: Vec<String>,
}

/// Pairs; one that is not listed is not reachable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachReport {
    /// Name of the format.
    pub schema: String,
    /// The pairs.
    pub pairs: Vec<ReachPair>,
    /// Every step that a pair refers to.
    pub steps: BTreeMap<String, Step>,
}

/// The JSON Schema of [`ReachReport`].
pub fn reach_schema() -> Value {
    schemars::schema_for!(ReachReport).into()
}
