//! Records of the AWS Security Finding Format, as Security Hub and Prowler write them.
//!
//! # Source
//! AWS Security Hub user guide, "AWS Security Finding Format (ASFF) syntax".

use cspm_model::Finding;
use cspm_model::finding::{Severity, Vulnerability};

use super::{Outcome, resource_name};
use crate::node::{Node, one_line};

/// Reads one record.
pub(super) fn read(record: &Node<'_>) -> Outcome {
    if is_settled(record) {
        return Outcome::NotFinding;
    }
    let account = record.string("AwsAccountId");
    let mut names: Vec<String> = record
        .objects("Resources")
        .iter()
        .filter_map(|it| it.text("Id"))
        .map(|name| resource_name(name, account.as_deref()))
        .collect();
    if names.is_empty() {
        names.extend(
            account
                .as_deref()
                .map(|account| resource_name("AWS::::Account", Some(account))),
        );
    }
    let Some(main) = names.first().cloned() else {
        return Outcome::Unreadable("it names no resource and no account".to_owned());
    };
    names.remove(0);
    let fields = record.child("ProductFields");
    let generator = record.text("GeneratorId").unwrap_or_default();
    let by_prowler = generator.strip_prefix("prowler-");
    let check = match by_prowler {
        Some(check) => check.to_owned(),
        None => check(record, fields.as_ref(), generator),
    };
    let id = record.string("Id").unwrap_or_default();
    if check.is_empty() && id.is_empty() {
        return Outcome::Unreadable("it has neither `Id` nor `GeneratorId`".to_owned());
    }
    // The title of Prowler's records is that of the check; the description names the resource.
    let texts = match by_prowler {
        Some(_) => ["Description", "Title"],
        None => ["Title", "Description"],
    };
    let title = texts.into_iter().find_map(|key| record.text(key));
    let product = |key: &str| fields.as_ref().and_then(|it| it.string(key));
    Outcome::Finding(Box::new(Finding {
        id,
        check: one_line(&check),
        resource: main,
        resources: names,
        severity: severity(record),
        title: one_line(title.unwrap_or_default()),
        source: product("ProviderName")
            .or_else(|| record.string("ProductName"))
            .or_else(|| product("aws/securityhub/ProductName")),
        account,
        status: Some("open".to_owned()),
        vulnerabilities: record
            .objects("Vulnerabilities")
            .iter()
            .filter_map(vulnerability)
            .collect(),
        evidence: Some(record.place()),
        ..Finding::default()
    }))
}

fn is_settled(record: &Node<'_>) -> bool {
    let compliance = record.child("Compliance");
    let compliance = compliance.as_ref().and_then(|it| it.text("Status"));
    let workflow = record.child("Workflow");
    let workflow = workflow.as_ref().and_then(|it| it.text("Status"));
    matches!(compliance, Some("PASSED" | "NOT_AVAILABLE"))
        || matches!(workflow, Some("RESOLVED" | "SUPPRESSED"))
        || record.text("RecordState") == Some("ARCHIVED")
}

/// The rule, where a service of AWS or another product wrote the record.
fn check(record: &Node<'_>, fields: Option<&Node<'_>>, generator: &str) -> String {
    let control = || record.child("Compliance")?.string("SecurityControlId");
    let old_control = || {
        fields?
            .string("ControlId")
            .or_else(|| fields?.string("RuleId"))
    };
    // GuardDuty names its detector as the generator: the type is the rule.
    let own =
        || (!generator.is_empty() && !generator.starts_with("arn:")).then(|| generator.to_owned());
    let kind = || record.texts("Types").into_iter().next();
    control()
        .or_else(old_control)
        .or_else(own)
        .or_else(kind)
        .or_else(|| record.string("Title"))
        .unwrap_or_default()
}

fn severity(record: &Node<'_>) -> Severity {
    let Some(severity) = record.child("Severity") else {
        return Severity::Unknown;
    };
    let named = severity
        .text("Label")
        .map_or(Severity::Unknown, Severity::parse);
    if named != Severity::Unknown {
        return named;
    }
    match severity.number("Normalized") {
        Some(0) => Severity::Informational,
        Some(1..=39) => Severity::Low,
        Some(40..=69) => Severity::Medium,
        Some(70..=89) => Severity::High,
        Some(90..=100) => Severity::Critical,
        _ => Severity::Unknown,
    }
}

fn vulnerability(node: &Node<'_>) -> Option<Vulnerability> {
    let Some(id) = node.string("Id") else {
        node.missing("Id");
        return None;
    };
    let scores = node.objects("Cvss");
    Some(Vulnerability {
        id,
        epss: node
            .decimal("EpssScore")
            .filter(|score| (0.0..=1.0).contains(score)),
        // DEVIATION: the format says that an exploit is available, which is less than known use; it is
        // the nearest fact that it has.
        known_exploited: node
            .text("ExploitAvailable")
            .map(|it| it.eq_ignore_ascii_case("yes")),
        cvss: scores.iter().find_map(|it| it.decimal("BaseScore")),
        network: scores
            .iter()
            .find_map(|it| it.text("BaseVector"))
            .map(|vector| vector.contains("AV:N")),
        ..Vulnerability::default()
    })
}
