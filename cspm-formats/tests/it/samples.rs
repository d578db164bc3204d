//! Documents made by the tools themselves, where they are at hand.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{files, read, samples};

#[test]
fn acme_inventory_and_findings() {
    let Some(root) = samples("joined/acme-small") else {
        return;
    };
    let mut documents = files(&root.join("inventory"));
    documents.extend(files(&root.join("findings/ocsf")));
    documents.push((
        "collection-log.jsonl".to_owned(),
        std::fs::read(root.join("collection-log.jsonl")).unwrap(),
    ));
    let (estate, recognised) = read(&documents);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in estate.resources() {
        *kinds.entry(resource.kind.as_str()).or_default() += 1;
    }
    let skipped: BTreeSet<_> = recognised
        .iter()
        .filter_map(|it| it.skipped.as_ref())
        .collect();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert_eq!(estate.diagnostics(), []);
    let listed = [
        ("network.interface", 131),
        ("data.volume", 129),
        ("compute.instance", 129),
        ("network.security_group", 39),
        ("network.subnet", 37),
        ("network.route_table", 32),
        ("identity.role", 21),
        ("data.bucket", 14),
        ("network.acl", 13),
        ("network.vpc", 12),
        ("network.internet_gateway", 10),
        // One of AWS's own policies is in the answers of both accounts.
        ("identity.policy", 5),
        ("organization.policy", 2),
        ("identity.user", 7),
        ("compute.function", 4),
        ("key", 3),
        ("secret", 3),
        ("data.snapshot", 3),
        ("data.table", 3),
        ("network.nat_gateway", 2),
        ("identity.group", 2),
        ("data.database", 1),
    ];
    for (kind, count) in listed {
        assert_eq!(kinds.get(kind), Some(&count), "{kind}");
    }
    assert_eq!(listed.iter().map(|it| it.1).sum::<usize>(), 603 - 1);
    assert_eq!(estate.findings().len(), 1933);
    assert_eq!(estate.not_findings(), 3514);

    // How the findings join, by the names that the scanner writes.
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (_, text) in documents.iter().filter(|it| it.0.ends_with(".ocsf.json")) {
        let records: serde_json::Value = serde_json::from_slice(text).unwrap();
        for record in records.as_array().unwrap() {
            let name = record["resources"][0]["uid"].as_str().unwrap();
            *names.entry(name.to_owned()).or_default() += 1;
        }
    }
    let unknown: BTreeSet<&str> = names
        .keys()
        .map(String::as_str)
        .filter(|name| estate.resolve(name, None).is_none())
        .collect();
    // Fifteen, and two `arn:aws:ec2:REGION:ACCOUNT:vpc`, which mean the account.
    assert_eq!((names.len(), unknown.len()), (432, 15 + 2), "{unknown:?}");
    let lost: usize = unknown
        .iter()
        .filter(|name| !name.ends_with(":vpc"))
        .map(|name| names[*name])
        .sum();
    let all: usize = names.values().sum();
    assert_eq!((lost * 1000 + all / 2) / all, 8, "{lost} of {all}");
    let unmapped: BTreeSet<&str> = estate
        .findings()
        .iter()
        .filter(|it| estate.position(&it.resource).is_none())
        .map(|it| it.resource.as_str())
        .collect();
    assert_eq!(
        unmapped.into_iter().collect::<Vec<_>>(),
        [
            "arn:aws:iam::aws:policy/AWSSupportAccess",
            "arn:aws:iam::aws:policy/SecurityAudit",
        ]
    );
    let inline: Vec<_> = estate
        .findings()
        .iter()
        .filter_map(|it| it.part.as_deref())
        .collect();
    assert!(inline.contains(&"deploy"), "{inline:?}");

    // Every place leads somewhere in its document.
    let texts: BTreeMap<&str, &[u8]> = documents
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_slice()))
        .collect();
    let mut values: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    let mut check = |place: &cspm_model::Location| {
        let value = values
            .entry(place.source.to_string())
            .or_insert_with(|| serde_json::from_slice(texts[&*place.source]).unwrap());
        assert!(value.pointer(&place.pointer).is_some(), "{place}");
    };
    for resource in estate.resources() {
        assert!(!resource.evidence.is_empty(), "{}", resource.id);
        resource.evidence.iter().for_each(&mut check);
        let text = serde_json::to_value(&resource.properties).unwrap();
        places(&text).iter().for_each(&mut check);
    }
    for grant in estate.grants() {
        check(grant.evidence.as_ref().unwrap());
    }
    for finding in estate.findings() {
        check(finding.evidence.as_ref().unwrap());
    }
}

/// Every place in the facts of a resource.
fn places(value: &serde_json::Value) -> Vec<cspm_model::Location> {
    let mut found = Vec::new();
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        if value.is_object()
            && let Ok(place) = serde_json::from_value::<cspm_model::Location>(value.clone())
        {
            found.push(place);
        } else if let Some(members) = value.as_object() {
            stack.extend(members.values());
        } else if let Some(items) = value.as_array() {
            stack.extend(items);
        }
    }
    found
}
