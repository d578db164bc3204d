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

#[test]
fn cloudmapper_demo() {
    let Some(root) = samples("aws/cloudmapper-demo") else {
        return;
    };
    // A collection without account folders: `sts get-caller-identity` tells the account.
    let (estate, recognised) = read(&files(&root));
    assert_eq!(
        recognised
            .iter()
            .filter(|it| it.format == "unrecognised")
            .count(),
        0
    );
    for (id, kind) in [
        (
            "arn:aws:ec2:us-east-1:123456789012:instance/i-00000000000000000",
            "compute.instance",
        ),
        (
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/weblb",
            "network.load_balancer",
        ),
        ("arn:aws:sqs:us-east-1:123456789012:demo", "data.queue"),
        (
            "arn:aws:redshift:us-east-1:123456789012:cluster:redshift-cluster-1",
            "data.database",
        ),
        (
            "arn:aws:ecs:us-east-1:123456789012:task/d190d14a-2404-45d6-9113-4eda22d7f2c7",
            "compute.container",
        ),
        ("arn:aws:s3:::cloudmapper_demo", "data.bucket"),
        ("aws:account/123456789012", "account"),
    ] {
        let resource = estate.resource(id).unwrap();
        assert_eq!(resource.kind.as_str(), kind);
        assert_eq!(resource.account.as_deref(), Some("123456789012"), "{id}");
    }
    let bucket = estate.resource("arn:aws:s3:::cloudmapper_demo").unwrap();
    assert_eq!(bucket.region.as_deref(), Some("us-east-1"));
    let codes: Vec<&str> = estate
        .diagnostics()
        .iter()
        .map(|it| it.code.as_str())
        .collect();
    assert_eq!(
        codes,
        ["not-collected", "not-modelled"],
        "{:?}",
        estate.diagnostics()
    );
}

#[test]
fn scanner_reports() {
    let Some(root) = samples("findings") else {
        return;
    };
    let mut seen = BTreeMap::new();
    for document in files(&root) {
        let (estate, recognised) = read(std::slice::from_ref(&document));
        let it = &recognised[0];
        let lost = estate
            .diagnostics()
            .iter()
            .filter(|it| it.is_loss())
            .count();
        let findings = u64::try_from(estate.findings().len()).unwrap();
        assert_eq!(findings + it.not_findings, it.records, "{}", document.0);
        assert_eq!(lost, usize::from(it.skipped.is_some()), "{}", document.0);
        let what = it.skipped.clone().unwrap_or_else(|| it.format.to_owned());
        seen.insert(document.0, (what, it.records, it.not_findings));
    }
    let ocsf = "prowler ocsf findings";
    let asff = "aws security hub findings";
    for (name, what, records, not_findings) in [
        ("asff-many.json", asff, 5, 0),
        ("prowler-aws.ocsf.json", ocsf, 5, 3),
        ("prowler-azure.ocsf.json", ocsf, 5, 0),
        ("prowler-gcp.ocsf.json", ocsf, 5, 3),
        ("prowler-kubernetes.ocsf.json", ocsf, 6, 1),
        ("securityhub-config-many.json", asff, 3, 3),
        ("securityhub-config-repeated.json", asff, 2, 2),
        ("securityhub-guardduty.json", asff, 4, 0),
        ("securityhub-inspector-ec2.json", asff, 5, 0),
        ("securityhub-inspector-ecr.json", asff, 7, 0),
        ("checkov-many.json", "Checkov", 0, 0),
        ("checkov-severity.json", "Checkov", 0, 0),
        ("grype-epss.json", "Grype", 0, 0),
        ("inspector2-package-vuln.json", "Amazon Inspector", 0, 0),
        ("kubescape-results.json", "Kubescape", 0, 0),
        ("sarif-appendix-k.sarif", "SARIF", 0, 0),
        ("sarif-suppressions.sarif", "SARIF", 0, 0),
        ("trivy-image.json", "Trivy", 0, 0),
        ("trivy-k8s.json", "Trivy", 0, 0),
        ("trivy-misconfig.json", "Trivy", 0, 0),
        ("prowler-aws.csv", "Prowler CSV", 0, 0),
        ("azure-defender-recommendations.csv", "CSV", 0, 0),
    ] {
        let (found, read, settled) = &seen[name];
        assert!(found.contains(what), "{name}: {found}");
        assert_eq!((*read, *settled), (records, not_findings), "{name}");
    }
}

#[test]
fn other_documents_are_no_errors() {
    for folder in [
        "aws/config-items",
        "gcp",
        "azure",
        "kubernetes",
        "terraform",
        "opengraph",
    ] {
        let Some(root) = samples(folder) else {
            return;
        };
        for document in files(&root) {
            let (_, recognised) = read(std::slice::from_ref(&document));
            assert!(
                recognised[0].skipped.is_some(),
                "{}: {:?}",
                document.0,
                recognised[0]
            );
        }
    }
}
