//! What a document looks like that this version does not read.

use serde_json::{Map, Value};

/// A report, or the expected answer beside an estate: the way out, not the way in.
pub(crate) const ANSWER: &str = "an answer about an estate";

/// What bytes that are no JSON look like.
pub(crate) fn other_than_json(head: &[u8]) -> &'static str {
    const MARKS: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "gzip data (decompress it first)"),
        (b"\x28\xb5\x2f\xfd", "zstd data (decompress it first)"),
        (b"PK\x03\x04", "a zip archive (unpack it first)"),
        (b"\xff\xfe", "UTF-16 text (convert it to UTF-8)"),
        (b"\xfe\xff", "UTF-16 text (convert it to UTF-8)"),
        (b"<", "XML or HTML"),
        (b"%YAML", "YAML"),
        (b"---", "YAML"),
        (b"apiVersion:", "YAML"),
        (
            b"AUTH_METHOD;",
            "a Prowler CSV report (its OCSF report is read)",
        ),
    ];
    if let Some((_, name)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return name;
    }
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let columns = |mark: u8| line.split(|&byte| byte == mark).take(3).count();
    if columns(b',') > 2 || columns(b';') > 2 {
        "CSV"
    } else if line.contains(&b':') {
        "YAML"
    } else {
        "no JSON"
    }
}

/// The name of a foreign format that is recognised by the members of its object, but not read.
pub(crate) fn foreign(members: &Map<String, Value>) -> Option<&'static str> {
    let has = |keys: &[&str]| keys.iter().all(|key| members.contains_key(*key));
    let text = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
    Some(match () {
        () if has(&["runs"]) && (has(&["$schema"]) || has(&["version"])) => "SARIF",
        () if has(&["ArtifactName"]) && has(&["SchemaVersion"]) => "a Trivy report",
        () if has(&["ClusterName"])
            && (has(&["Vulnerabilities"])
                || has(&["Misconfigurations"])
                || has(&["Resources"])) =>
        {
            "a Trivy Kubernetes report"
        }
        () if has(&["check_type", "results"]) => "a Checkov report",
        () if has(&["matches", "descriptor"]) => "a Grype report",
        () if has(&["summaryDetails"]) => "a Kubescape report",
        () if has(&["findingArn"]) => {
            "an Amazon Inspector finding (`aws inspector2 list-findings`)"
        }
        () if has(&["$schema", "type"]) || has(&["$schema", "properties"]) => "a JSON Schema",
        () if has(&["bomFormat"]) => "a CycloneDX document",
        () if has(&["spdxVersion"]) => "an SPDX document",
        () if has(&["configurationItem"])
            || has(&["configurationItems"])
            || has(&["resourceType", "configuration"]) =>
        {
            "an AWS Config item"
        }
        () if has(&["planned_values"]) || has(&["terraform_version"]) => {
            "a Terraform plan or state"
        }
        () if has(&["AWSTemplateFormatVersion"]) => "a CloudFormation template",
        () if has(&["graph"])
            && members
                .get("graph")
                .is_some_and(|it| it.get("nodes").is_some()) =>
        {
            "an OpenGraph document"
        }
        () if has(&["apiVersion", "kind"]) => "a Kubernetes object",
        () if has(&["vulnerabilities", "catalogVersion"]) => "the KEV catalogue",
        () if text("schema").starts_with("cspm.") || text("schema").contains(".truth/") => ANSWER,
        () if has(&["detail-type", "detail"]) => "an EventBridge event",
        () if has(&["Records"]) => "a CloudTrail log",
        () if has(&["Version", "Statement"]) => {
            "a policy document that says nothing of what it is attached to"
        }
        () if has(&["name", "assetType"]) || has(&["asset_type"]) => "a Google Cloud asset",
        () => return None,
    })
}
