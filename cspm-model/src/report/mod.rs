//! The report: findings with verdict, priority, reason, path and fix; nothing lost.

mod reach;
mod types;
mod write;

pub use reach::{REACH_SCHEMA, ReachPair, ReachReport, reach_schema};
pub use types::{
    AttackPath, BlastRadius, ChokePoint, Condition, CrownJewel, Fix, Priority, RankedFinding,
    Report, Step, Summary, Tool, Verdict,
};
pub use write::{report_schema, write_report_json, write_report_lines};

/// Name of the format.
pub const REPORT_SCHEMA: &str = "cspm.report/1";
