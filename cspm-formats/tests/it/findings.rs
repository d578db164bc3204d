//! Findings, record by record.

use cspm_model::finding::Severity;
use cspm_model::{Estate, Finding};
use serde_json::{Value, json};

use crate::support::read;

fn ocsf() -> Value {
    json!({
        "message": "Bucket shop-data is public.\nEverybody may read it.",
        "metadata": {"event_code": "s3_bucket_public_access", "product": {"name": "Prowler"}, "version": "1.5.0"},
        "severity_id": 5, "severity": "Critical", "status": "New", "status_id": 1, "status_code": "FAIL",
        "finding_info": {"uid": "prowler-1", "title": "Buckets are not public", "types": ["t"]},
        "resources": [{"uid": "arn:aws:s3:::shop-data", "name": "shop-data"}, {"uid": "arn:aws:s3:::shop-logs"}],
        "class_uid": 2004, "cloud": {"account": {"uid": "111122223333"}}
    })
}

fn asff() -> Value {
    json!({
        "SchemaVersion": "2018-10-08", "Id": "arn:x:finding/1", "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/inspector",
        "ProductName": "Inspector", "GeneratorId": "AWSInspector", "AwsAccountId": "111122223333",
        "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"], "Severity": {"Label": "HIGH", "Normalized": 70},
        "Title": "CVE-2017-9735 - jetty", "Description": "d",
        "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}],
        "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE",
        "Vulnerabilities": [{"Id": "CVE-2017-9735", "EpssScore": "0.25", "ExploitAvailable": "YES",
                             "Cvss": [{"BaseScore": 7.5, "BaseVector": "CVSS:3.1/AV:N/AC:L/PR:N"}]}]
    })
}

fn one(record: &Value) -> (Estate, u64) {
    let (estate, recognised) = read(&[(
        "r.json".to_owned(),
        json!([record]).to_string().into_bytes(),
    )]);
    assert_eq!(recognised[0].records, 1);
    (estate, recognised[0].not_findings)
}

fn finding(record: &Value) -> Finding {
    let (estate, not_findings) = one(record);
    assert_eq!(
        (estate.findings().len(), not_findings),
        (1, 0),
        "{record} {:?}",
        estate.diagnostics()
    );
    estate.findings()[0].clone()
}

fn with(mut record: Value, pointer: &str, value: Value) -> Value {
    match record.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            record[pointer.trim_start_matches('/')] = value;
        }
    }
    record
}

#[test]
fn an_ocsf_record_is_read() {
    let it = finding(&ocsf());
    assert_eq!(it.id, "prowler-1");
    assert_eq!(it.check, "s3_bucket_public_access");
    assert_eq!(
        it.resource_names(),
        ["arn:aws:s3:::shop-data", "arn:aws:s3:::shop-logs"]
    );
    assert_eq!(it.severity, Severity::Critical);
    assert_eq!(
        it.title,
        "Bucket shop-data is public. Everybody may read it."
    );
    assert_eq!(it.source.as_deref(), Some("Prowler"));
    assert_eq!(it.account.as_deref(), Some("111122223333"));
    assert_eq!(it.part, None);
    let place = it.evidence.unwrap();
    assert_eq!(
        (&*place.pointer, place.line, place.column),
        ("/0", Some(1), Some(2))
    );
}

#[test]
fn an_asff_record_is_read() {
    let it = finding(&asff());
    assert_eq!(it.id, "arn:x:finding/1");
    assert_eq!(it.check, "AWSInspector");
    assert_eq!(
        it.resource,
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"
    );
    assert_eq!(it.severity, Severity::High);
    assert_eq!(it.title, "CVE-2017-9735 - jetty");
    assert_eq!(it.source.as_deref(), Some("Inspector"));
    let weakness = &it.vulnerabilities[0];
    assert_eq!(weakness.id, "CVE-2017-9735");
    assert_eq!(weakness.epss, Some(0.25));
    assert_eq!(weakness.known_exploited, Some(true));
    assert_eq!(weakness.cvss, Some(7.5));
    assert_eq!(weakness.network, Some(true));
}

#[test]
fn the_rule_of_an_asff_record_has_many_places() {
    for (pointer, value, check) in [
        (
            "/GeneratorId",
            json!("prowler-iam_no_root_access_key"),
            "iam_no_root_access_key",
        ),
        (
            "/Compliance",
            json!({"SecurityControlId": "S3.8", "Status": "FAILED"}),
            "S3.8",
        ),
        ("/ProductFields", json!({"ControlId": "IAM.5"}), "IAM.5"),
        (
            "/GeneratorId",
            json!("arn:aws:guardduty:r:a:detector/1"),
            "Software and Configuration Checks/Vulnerabilities/CVE",
        ),
    ] {
        assert_eq!(finding(&with(asff(), pointer, value)).check, check);
    }
}

#[test]
fn what_passed_or_is_settled_is_no_finding() {
    let cases = [
        with(ocsf(), "/status_code", json!("PASS")),
        with(ocsf(), "/status_code", json!("MANUAL")),
        with(ocsf(), "/status", json!("Suppressed")),
        with(ocsf(), "/status", json!("Resolved")),
        with(asff(), "/Compliance", json!({"Status": "PASSED"})),
        with(asff(), "/Compliance", json!({"Status": "NOT_AVAILABLE"})),
        with(asff(), "/Workflow/Status", json!("RESOLVED")),
        with(asff(), "/Workflow/Status", json!("SUPPRESSED")),
        with(asff(), "/RecordState", json!("ARCHIVED")),
    ];
    for record in cases {
        let (estate, not_findings) = one(&record);
        assert_eq!((estate.findings().len(), not_findings), (0, 1), "{record}");
        assert_eq!(estate.not_findings(), 1);
    }
}

#[test]
fn an_inline_policy_is_named_as_a_part() {
    let role = "arn:aws:iam::111122223333:role/deploy";
    let record = with(
        ocsf(),
        "/resources",
        json!([{"uid": role, "name": "deploy/inline", "type": "AwsIamPolicy"}]),
    );
    let it = finding(&record);
    assert_eq!(
        (it.resource.as_str(), it.part.as_deref()),
        (role, Some("inline"))
    );
}

#[test]
fn settings_of_an_account_are_findings_of_the_account() {
    let account = "aws:account/111122223333";
    let uid = json!([{"uid": "arn:aws:iam:eu-west-1:111122223333:password-policy"}]);
    assert_eq!(finding(&with(ocsf(), "/resources", uid)).resource, account);
    let id = json!([{"Type": "AwsAccount", "Id": "AWS::::Account:111122223333"}]);
    assert_eq!(finding(&with(asff(), "/Resources", id)).resource, account);
    assert_eq!(
        finding(&with(ocsf(), "/resources", json!([]))).resource,
        account
    );
    // What is made up stays as it is, and will be unmapped.
    let uid = json!([{"uid": "<account_uid>"}]);
    assert_eq!(
        finding(&with(ocsf(), "/resources", uid)).resource,
        "<account_uid>"
    );
}

#[test]
fn severity_is_a_word_or_a_number() {
    for (record, want) in [
        (with(ocsf(), "/severity", json!("high")), Severity::High),
        (with(ocsf(), "/severity", Value::Null), Severity::Critical),
        (
            with(asff(), "/Severity", json!({"Normalized": 40})),
            Severity::Medium,
        ),
        (
            with(
                asff(),
                "/Severity",
                json!({"Label": "LOW", "Normalized": 90}),
            ),
            Severity::Low,
        ),
        (with(asff(), "/Severity", Value::Null), Severity::Unknown),
    ] {
        assert_eq!(finding(&record).severity, want, "{record}");
    }
}

#[test]
fn weaknesses_of_an_ocsf_record_are_read() {
    let weakness = json!([{"cve": {"uid": "CVE-2024-1", "epss": {"score": "0.5"}, "kev": true,
        "cvss": [{"base_score": 9.8, "vector_string": "CVSS:3.1/AV:L"}]}}, {"title": "no id"}]);
    let record = with(
        with(ocsf(), "/class_uid", json!(2002)),
        "/vulnerabilities",
        weakness,
    );
    let (estate, _) = one(&record);
    let found = &estate.findings()[0].vulnerabilities;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].epss, found[0].known_exploited, found[0].network),
        (Some(0.5), Some(true), Some(false))
    );
    assert_eq!(estate.diagnostics()[0].code, "unreadable-record");
}

#[test]
fn every_record_is_counted_once() {
    let records = [
        ocsf(),
        with(ocsf(), "/status_code", json!("PASS")),
        asff(),
        json!({"hello": 1}),
        json!(7),
        with(ocsf(), "/class_uid", json!(1001)),
        with(with(ocsf(), "/resources", json!([])), "/cloud", json!({})),
        ocsf(),
    ];
    let (estate, recognised) =
        read(&[("r.json".to_owned(), json!(records).to_string().into_bytes())]);
    assert_eq!((recognised[0].records, recognised[0].not_findings), (8, 1));
    assert_eq!(estate.findings().len(), 3);
    let lost: Vec<_> = estate
        .diagnostics()
        .iter()
        .filter(|it| it.is_loss())
        .collect();
    let places: Vec<&str> = lost
        .iter()
        .map(|it| &*it.location.as_ref().unwrap().pointer)
        .collect();
    assert_eq!(places, ["/3", "/4", "/5", "/6"]);
    assert!(
        lost.iter()
            .all(|it| it.location.as_ref().unwrap().line == Some(1))
    );
    // The same record twice is two findings; their ids are told apart.
    let ids: Vec<&str> = estate.findings().iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["arn:x:finding/1", "prowler-1", "prowler-1~2"]);
}
