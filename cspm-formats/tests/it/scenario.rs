//! The web shop under `testdata/scenarios`: every name in its truth is a fact of its inventory.

use std::path::Path;

use cspm_model::{Estate, Properties};
use serde_json::Value;

use crate::support::{files, read};

fn estate() -> (Estate, Value) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/scenarios/web-shop");
    let mut documents = files(&root.join("inventory"));
    documents.extend(files(&root.join("findings")));
    let (estate, recognised) = read(&documents);
    let skipped: Vec<_> = recognised
        .iter()
        .filter(|it| it.skipped.is_some())
        .collect();
    assert!(skipped.is_empty(), "{skipped:?}");
    let truth = std::fs::read(root.join("truth.json")).unwrap();
    (estate, serde_json::from_slice(&truth).unwrap())
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect()
}

#[test]
fn the_truth_names_what_the_inventory_describes() {
    let (estate, truth) = estate();
    assert_eq!(estate.diagnostics(), []);
    let mut names = texts(&truth["entries"]);
    names.extend(
        truth["crown_jewels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].as_str().unwrap()),
    );
    for part in truth["paths"].as_array().unwrap() {
        names.extend(texts(&part["hops"]));
    }
    for verdict in truth["resource_verdicts"].as_object().unwrap().values() {
        names.extend(texts(verdict));
    }
    for name in names {
        assert!(estate.resolve(name, None).is_some(), "{name}");
    }
    let counts = &truth["findings"]["counts"];
    let findings = u64::try_from(estate.findings().len()).unwrap();
    assert_eq!(counts["not_a_finding"], estate.not_findings());
    assert_eq!(counts["records"], findings + estate.not_findings());
    let unmapped: Vec<&str> = estate
        .findings()
        .iter()
        .map(|it| it.resource.as_str())
        .filter(|name| estate.position(name).is_none())
        .collect();
    assert_eq!(
        unmapped,
        ["arn:aws:rds:eu-west-1:111122223333:snapshot:rds:shop-crm-2026-11-01"]
    );
}

#[test]
fn the_controls_are_among_the_facts() {
    let (estate, _) = estate();
    let bucket = |name: &str| match &estate
        .resource(&format!("arn:aws:s3:::{name}"))
        .unwrap()
        .properties
    {
        Properties::Bucket(facts) => facts.clone(),
        other => panic!("{other:?}"),
    };
    let open = bucket("shop-attachments").public_access_block.unwrap();
    assert!(!open.ignore_public_acls && !open.restrict_public_buckets);
    let legacy = bucket("shop-legacy-uploads");
    assert_eq!(legacy.acl[0].grantee, "AllUsers");
    assert!(legacy.public_access_block.unwrap().ignore_public_acls);
    assert!(
        bucket("shop-health")
            .encryption
            .unwrap()
            .key
            .unwrap()
            .ends_with("key/0f1e2d3c-health")
    );
    let archive = &estate
        .resource("arn:aws:iam::111122223333:role/archive")
        .unwrap()
        .properties;
    let Properties::Role(archive) = archive else {
        panic!("{archive:?}")
    };
    assert_eq!(
        archive.boundary.as_deref(),
        Some("arn:aws:iam::111122223333:policy/workload-boundary")
    );
    let wall = &estate
        .resource("arn:aws:ec2:eu-west-1:111122223333:network-acl/acl-hr-walled")
        .unwrap()
        .properties;
    let Properties::Acl(wall) = wall else {
        panic!("{wall:?}")
    };
    let first = wall
        .entries
        .iter()
        .filter(|it| it.direction == "ingress")
        .min_by_key(|it| it.number)
        .unwrap();
    assert_eq!(first.action, "deny");
}
