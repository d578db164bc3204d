//! Paths that a report has no room for.

use cspm_model::report::{Report, Verdict};
use cspm_risk::{Limits, Options, prioritize};

use crate::estate::estate;

const LENGTH: usize = 40;

/// A chain of roles, each of which reads a store of its own: all ways together have as many steps as the square of its
/// length. Two instances run as the first role; the last store is worth more than the others.
fn chain() -> Vec<String> {
    let mut lines = Vec::new();
    for instance in ["vm-0", "vm-1"] {
        lines.push(format!(
            "{{\"resource\": {{\"id\": \"{instance}\", \"kind\": \"compute.instance\"}}}}"
        ));
        lines.push(format!(
            "{{\"relation\": {{\"from\": \"internet\", \"to\": \"{instance}\", \"kind\": \"reaches\", \"ports\": \"22\", \"protocol\": \"tcp\"}}}}"
        ));
        lines.push(format!(
            "{{\"relation\": {{\"from\": \"{instance}\", \"to\": \"ro-0\", \"kind\": \"runs_as\"}}}}"
        ));
        lines.push(format!(
            "{{\"finding\": {{\"id\": \"of {instance}\", \"check\": \"ec2_instance_port_ssh_exposed_to_internet\", \"resource\": \"{instance}\", \"severity\": \"low\"}}}}"
        ));
    }
    for at in 0..LENGTH {
        let data = if at + 1 == LENGTH {
            "pii"
        } else {
            "confidential"
        };
        lines.push(format!(
            "{{\"resource\": {{\"id\": \"ro-{at}\", \"kind\": \"identity.role\"}}}}"
        ));
        lines.push(format!(
            "{{\"resource\": {{\"id\": \"bk-{at}\", \"kind\": \"data.bucket\", \"data\": [\"{data}\"]}}}}"
        ));
        lines.push(format!(
            "{{\"relation\": {{\"from\": \"ro-{at}\", \"to\": \"bk-{at}\", \"kind\": \"reads\"}}}}"
        ));
        if at > 0 {
            lines.push(format!(
                "{{\"relation\": {{\"from\": \"ro-{}\", \"to\": \"ro-{at}\", \"kind\": \"can_assume\"}}}}",
                at - 1
            ));
        }
    }
    lines
}

fn report(path_steps: Option<usize>) -> Report {
    report_of(&chain(), path_steps)
}

fn report_of(lines: &[String], path_steps: Option<usize>) -> Report {
    let mut options = Options::default();
    if let Some(path_steps) = path_steps {
        options.path_steps = path_steps;
    }
    prioritize(&estate(lines), &options, &Limits::default()).unwrap()
}

#[test]
fn ways_without_end_are_cut_and_nothing_else_is() {
    let (whole, cut) = (report(None), report(Some(100)));
    assert!(whole.summary.limits_hit.is_empty());
    assert_eq!(cut.summary.limits_hit, ["path_steps"]);
    let steps = |report: &Report| -> usize {
        let lengths = report.attack_paths.iter().map(|it| it.steps.len());
        lengths.sum()
    };
    assert!(steps(&whole) > LENGTH * LENGTH / 2);
    assert!(steps(&cut) <= 100, "{}", steps(&cut));
    // The way to the most valuable is the longest, and the one that is shown.
    assert!(
        cut.attack_paths
            .iter()
            .any(|it| it.to.to_string() == "bk-39#read")
    );
    // What the steps do is told of those that are shown.
    for path in &cut.attack_paths {
        assert!(path.steps.iter().all(|step| cut.steps.contains_key(step)));
    }
    let verdicts = |report: &Report| -> Vec<_> {
        let findings = report.findings.iter();
        findings
            .map(|it| {
                (
                    it.id.clone(),
                    it.priority,
                    it.verdict,
                    it.score,
                    it.fix.value,
                )
            })
            .collect()
    };
    assert_eq!(verdicts(&whole), verdicts(&cut));
    let jewels = |report: &Report| -> Vec<_> {
        let jewels = report.crown_jewels.iter();
        jewels.map(|it| (it.state.clone(), it.reachable)).collect()
    };
    assert_eq!(jewels(&whole), jewels(&cut));
    assert_eq!(whole.choke_points, cut.choke_points);
}

#[test]
fn each_finding_on_a_path_has_one_even_then() {
    // One of the two instances is on no most likely way, and what is kept for findings has room for its own.
    for path_steps in [None, Some(100)] {
        for finding in report(path_steps).findings {
            assert!(!finding.paths.is_empty(), "{} {path_steps:?}", finding.id);
        }
    }
}

#[test]
fn no_room_is_no_path_and_is_said() {
    let report = report(Some(0));
    assert_eq!(report.summary.limits_hit, ["path_steps"]);
    assert!(report.attack_paths.is_empty());
    assert!(report.crown_jewels.iter().any(|it| it.reachable));
}

#[test]
fn what_leads_back_is_beside_the_path_even_without_room() {
    // The port of vm-1 is open to db-0 alone, to which it leads back: its own step leads on to nothing. That is found out
    // after there was no room for the way of the first finding.
    let lines = [
        r#"{"resource": {"id": "vm-0", "kind": "compute.instance"}}"#,
        r#"{"resource": {"id": "vm-1", "kind": "compute.instance"}}"#,
        r#"{"resource": {"id": "db-0", "kind": "data.database", "data": ["source_code"]}}"#,
        r#"{"relation": {"from": "internet", "to": "vm-0", "kind": "reaches", "ports": "22"}}"#,
        r#"{"relation": {"from": "vm-0", "to": "db-0", "kind": "contains"}}"#,
        r#"{"relation": {"from": "db-0", "to": "vm-1", "kind": "reaches", "ports": "22"}}"#,
        r#"{"relation": {"from": "vm-1", "to": "db-0", "kind": "runs_as"}}"#,
        r#"{"finding": {"id": "ahead", "check": "port-open", "resource": "vm-0", "severity": "high", "vulnerabilities": [{"id": "CVE-1", "epss": 0.3}]}}"#,
        r#"{"finding": {"id": "back", "check": "port-open", "resource": "vm-1", "severity": "high", "vulnerabilities": [{"id": "CVE-1", "epss": 0.3}]}}"#,
    ];
    let lines = lines.map(str::to_owned);
    for path_steps in [None, Some(0)] {
        let report = report_of(&lines, path_steps);
        let mut verdicts: Vec<_> = report
            .findings
            .iter()
            .map(|it| (it.id.as_str(), it.verdict))
            .collect();
        verdicts.sort();
        assert_eq!(
            verdicts,
            [("ahead", Verdict::OnPath), ("back", Verdict::BesidePath)],
            "{path_steps:?}"
        );
    }
}
