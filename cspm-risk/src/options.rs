//! What a caller can choose.

use crate::value::Values;

/// How findings are ranked. The defaults are what the documentation describes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Selectors of the entries. Default: `internet`.
    pub entries: Vec<String>,
    /// How many ways to report to each crown jewel. Default 1.
    pub paths: usize,
    /// Whether a blast radius lists every crown jewel. Default: at most 20.
    pub all_ids: bool,
    /// What crown jewels are worth.
    pub values: Values,
    /// How many resources of a blast radius are counted before the number becomes a lower bound. Default
    /// 10,000: beyond that, the exact number changes no decision.
    pub blast_resources: usize,
    /// How many searches explanations may cost: for fixes of several steps, and for ways through steps that
    /// lie on no most likely way. Default 2,000.
    pub searches: usize,
    /// How many steps all ways of a report may have together. Default 2,000,000: where ways are long, those to the
    /// most valuable crown jewels are shown, and the others are left out.
    pub path_steps: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            entries: vec!["internet".to_owned()],
            paths: 1,
            all_ids: false,
            values: Values::default(),
            blast_resources: 10_000,
            searches: 2_000,
            path_steps: 2_000_000,
        }
    }
}
