//! Records of the Open Cybersecurity Schema Framework, as Prowler writes them.
//!
//! # Source
//! OCSF 1.1 to 1.5: classes Detection Finding (2004), Compliance Finding (2003), Vulnerability Finding
//! (2002), Security Finding (2001).

use cspm_model::Finding;
use cspm_model::finding::{Severity, Vulnerability};

use super::{Outcome, part_of, resource_name};
use crate::node::{Node, one_line};

/// Reads one record.
pub(super) fn read(record: &Node<'_>) -> Outcome {
    if let Some(class) = record.number("class_uid")
        && !(2001..=2004).contains(&class)
    {
        return Outcome::Unreadable(format!("class {class} is no class of findings"));
    }
    if is_settled(record) {
        return Outcome::NotFinding;
    }
    let info = record
        .child("finding_info")
        .or_else(|| record.child("finding"));
    let metadata = record.child("metadata");
    let account = record
        .child("cloud")
        .and_then(|cloud| cloud.child("account"))
        .and_then(|account| account.string("uid"));
    let check = check(record, info.as_ref(), metadata.as_ref());
    let resources = record.objects("resources");
    let mut names = Vec::new();
    for resource in &resources {
        if let Some(name) = resource.text("uid").or_else(|| resource.text("name")) {
            names.push(resource_name(name, account.as_deref()));
        }
    }
    let first = resources.first();
    let part = first.and_then(|it| part_of(it.text("uid")?, it.text("name")));
    if names.is_empty() {
        // Nothing is named: the account is what was looked at.
        names.extend(
            account
                .as_deref()
                .map(|account| resource_name("AWS::::Account", Some(account))),
        );
    }
    let Some(main) = names.first().cloned() else {
        return Outcome::Unreadable("it names no resource and no account".to_owned());
    };
    if info.is_none() && check.is_empty() {
        return Outcome::Unreadable("it has neither `finding_info` nor a check".to_owned());
    }
    let title = record
        .text("status_detail")
        .or_else(|| record.text("message"))
        .or_else(|| info.as_ref()?.text("title"))
        .unwrap_or_default();
    names.remove(0);
    Outcome::Finding(Box::new(Finding {
        id: info
            .as_ref()
            .and_then(|it| it.string("uid"))
            .unwrap_or_default(),
        check,
        resource: main,
        resources: names,
        part,
        severity: severity(record),
        title: one_line(title),
        source: metadata
            .as_ref()
            .and_then(|it| it.child("product"))
            .and_then(|it| it.string("name")),
        account,
        status: Some("open".to_owned()),
        vulnerabilities: record
            .objects("vulnerabilities")
            .iter()
            .filter_map(vulnerability)
            .collect(),
        evidence: Some(record.place()),
        ..Finding::default()
    }))
}

/// Whether it passed, has to be looked at by a person, or is settled.
fn is_settled(record: &Node<'_>) -> bool {
    let word = |text: Option<&str>| text.unwrap_or_default().to_ascii_lowercase();
    let code = word(record.text("status_code"));
    let compliance = record.child("compliance");
    let compliance_status = word(compliance.as_ref().and_then(|it| it.text("status")));
    let settled_code = |code: &str| {
        matches!(
            code,
            "pass" | "passed" | "manual" | "not_available" | "not_applicable" | "muted"
        )
    };
    let status = word(record.text("status"));
    settled_code(&code)
        || code.is_empty() && settled_code(&compliance_status)
        || matches!(
            status.as_str(),
            "suppressed" | "resolved" | "archived" | "deleted" | "closed"
        )
        || status.is_empty()
            && record
                .number("status_id")
                .is_some_and(|id| (3..=6).contains(&id))
}

fn check(record: &Node<'_>, info: Option<&Node<'_>>, metadata: Option<&Node<'_>>) -> String {
    let analytic = || info?.child("analytic")?.string("uid");
    let control = || record.child("compliance")?.string("control");
    let kind = || info?.texts("types").into_iter().next();
    let title = || info?.string("title");
    metadata
        .and_then(|it| it.string("event_code"))
        .or_else(analytic)
        .or_else(control)
        .or_else(kind)
        .or_else(title)
        .map(|text| one_line(&text))
        .unwrap_or_default()
}

fn severity(record: &Node<'_>) -> Severity {
    let named = record
        .text("severity")
        .map_or(Severity::Unknown, Severity::parse);
    if named != Severity::Unknown {
        return named;
    }
    match record.number("severity_id") {
        Some(1) => Severity::Informational,
        Some(2) => Severity::Low,
        Some(3) => Severity::Medium,
        Some(4) => Severity::High,
        Some(5 | 6) => Severity::Critical,
        _ => Severity::Unknown,
    }
}

fn vulnerability(node: &Node<'_>) -> Option<Vulnerability> {
    let cve = node.child("cve");
    let id = cve
        .as_ref()
        .and_then(|it| it.string("uid"))
        .or_else(|| node.string("uid"))
        .or_else(|| node.child("advisory")?.string("uid"));
    let Some(id) = id else {
        node.missing("cve/uid");
        return None;
    };
    let scores = cve
        .as_ref()
        .map(|it| it.objects("cvss"))
        .unwrap_or_default();
    let known = ["kev", "is_kev", "known_exploited"]
        .into_iter()
        .find_map(|key| {
            cve.iter()
                .chain([node])
                .find_map(|it| it.get(key)?.as_bool())
        });
    Some(Vulnerability {
        id,
        epss: cve
            .as_ref()
            .and_then(|it| it.child("epss"))
            .and_then(|it| it.decimal("score"))
            .filter(|score| (0.0..=1.0).contains(score)),
        known_exploited: known,
        cvss: scores.iter().find_map(|it| it.decimal("base_score")),
        network: scores
            .iter()
            .find_map(|it| it.text("vector_string"))
            .map(|vector| vector.contains("AV:N")),
        ..Vulnerability::default()
    })
}
