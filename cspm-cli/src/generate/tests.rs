//! What a generated estate has to keep.

use std::collections::{BTreeMap, BTreeSet};

use cspm_model::native::{SCHEMA, read_estate};
use cspm_model::resource::DataClass;
use cspm_model::{Access, Estate, EstateBuilder, Limits, PolicyType, Resource};
use serde_json::Value;

use super::plants::kinds;
use super::*;

impl Sink for Vec<u8> {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.extend_from_slice(line);
        Ok(())
    }
}

struct Made {
    bytes: Vec<u8>,
    truth: Truth,
    counts: Counts,
}

fn made(resources: u64, seed: u64) -> Made {
    let mut bytes = format!("{{\"schema\":\"{SCHEMA}\"}}\n").into_bytes();
    let (truth, counts) = generate(&Plan { resources, seed }, &mut bytes).unwrap();
    Made {
        bytes,
        truth,
        counts,
    }
}

fn read(made: &Made) -> Estate {
    let mut builder = EstateBuilder::new(Limits::default());
    read_estate(made.bytes.as_slice(), "estate.jsonl", &mut builder).unwrap();
    builder.build()
}

/// Every text in a value.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|it| texts(it, found)),
        Value::Object(members) => members.values().for_each(|it| texts(it, found)),
        _ => {}
    }
}

/// Every statement of an estate: what it is attached to, the type of its policy, and itself.
fn statements(estate: &Estate) -> Vec<(&str, PolicyType, &Value)> {
    let mut found = Vec::new();
    for grant in estate.grants() {
        let document = grant.policy_document.as_deref().unwrap();
        for statement in document["Statement"].as_array().unwrap() {
            let attached_to = grant.attached_to.as_deref().unwrap();
            found.push((attached_to, grant.policy_type.unwrap(), statement));
        }
    }
    found
}

fn is_sensitive(resource: &Resource) -> bool {
    let harmless = [DataClass::Internal, DataClass::Public];
    let tagged = resource.tags.contains_key("data-classification");
    tagged || resource.data.iter().any(|it| !harmless.contains(it))
}

/// Sensitive stores and accounts: whatever may be a crown jewel.
fn jewels_of(truth: &Truth) -> BTreeMap<&str, bool> {
    let paths = truth
        .paths
        .iter()
        .map(|it| (it.crown_jewel.id.as_str(), true));
    let decoys = truth
        .decoys
        .iter()
        .map(|it| (it.crown_jewel.id.as_str(), false));
    paths.chain(decoys).collect()
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_others() {
    let (first, second, other) = (made(3000, 7), made(3000, 7), made(3000, 8));
    assert_eq!(first.bytes, second.bytes);
    assert_eq!(first.truth, second.truth);
    assert_ne!(first.bytes, other.bytes);
    assert_ne!(first.truth.paths, other.truth.paths);
}

#[test]
fn the_estate_is_as_large_as_wished_and_has_its_share_of_findings() {
    for resources in [1000, 3000, 20_000] {
        let made = made(resources, 1);
        let estate = read(&made);
        assert_eq!(made.counts.resources, resources);
        assert_eq!(made.truth.resources, resources);
        // None is written twice, and none is named only.
        assert_eq!(estate.resources().len() as u64, resources);
        assert_eq!(estate.findings().len() as u64, made.counts.findings);
        let share = made.counts.findings * 100 / resources;
        assert!((20..75).contains(&share), "{share} %");
        assert!(made.truth.decoys.len() >= made.truth.paths.len());
    }
    for resources in [0, 1, 10, 100] {
        let made = made(resources, 1);
        assert_eq!(read(&made).resources().len() as u64, made.counts.resources);
        assert!(made.counts.resources < resources + 120);
    }
}

#[test]
fn every_reference_resolves() {
    let made = made(8000, 3);
    let estate = read(&made);
    assert_eq!(estate.diagnostics(), &[]);
    let prefixes = [
        "arn:aws:",
        "vpc-",
        "subnet-",
        "sg-",
        "igw-",
        "nat-",
        "aws:account/",
    ];
    let check = |owner: &str, text: &str| {
        if !prefixes.iter().any(|it| text.starts_with(it)) {
            return;
        }
        let account = text
            .strip_prefix("arn:aws:iam::")
            .and_then(|it| it.strip_suffix(":root"))
            .map(|number| format!("aws:account/{number}"));
        let name = account.as_deref().unwrap_or(text);
        let name = name.strip_suffix("/*").unwrap_or(name);
        assert!(
            estate.resolve(name, None).is_some(),
            "`{owner}` names `{text}`"
        );
    };
    for resource in estate.resources() {
        let facts = serde_json::to_value(&resource.properties).unwrap();
        let mut found = Vec::new();
        texts(&facts, &mut found);
        for text in found {
            check(resource.id.as_str(), text);
        }
    }
    for (owner, _, statement) in statements(&estate) {
        check(owner, owner);
        let mut found = Vec::new();
        texts(statement, &mut found);
        for text in found {
            check(owner, text);
        }
    }
    for finding in estate.findings() {
        check(&finding.id, &finding.resource);
        assert!(estate.resolve(&finding.resource, None).is_some());
    }
}

#[test]
fn jewels_exist_are_sensitive_and_all_different() {
    let made = made(20_000, 5);
    let estate = read(&made);
    let jewels = jewels_of(&made.truth);
    assert_eq!(
        jewels.len(),
        made.truth.paths.len() + made.truth.decoys.len()
    );
    for path in &made.truth.paths {
        let jewel = &path.crown_jewel;
        let resource = estate.resource(jewel.id.as_str()).unwrap();
        match jewel.access {
            Access::Control => assert_eq!(resource.kind.as_str(), "account"),
            _ => assert!(is_sensitive(resource), "{}", resource.id),
        }
        let end = format!("{}#{}", jewel.id, jewel.access);
        assert_eq!(path.hops.last(), Some(&end));
        for hop in &path.hops {
            let (id, access) = hop.rsplit_once('#').unwrap();
            assert!(estate.resource(id).is_some(), "{hop}");
            assert!(Access::parse(access).is_some(), "{hop}");
        }
        assert!(path.hops[0].starts_with(path.entry.as_str()));
    }
    for resource in estate.resources().iter().filter(|it| is_sensitive(it)) {
        let everyday = resource.name.as_deref().unwrap().starts_with("vault-");
        assert!(
            everyday != jewels.contains_key(resource.id.as_str()),
            "{}",
            resource.id
        );
    }
}

#[test]
fn every_shape_and_every_flaw_is_planted() {
    let made = made(5000, 2);
    let shapes: BTreeSet<_> = made.truth.paths.iter().map(|it| it.shape).collect();
    let decoys: BTreeSet<_> = made
        .truth
        .decoys
        .iter()
        .map(|it| (it.shape, it.why))
        .collect();
    let (all_shapes, all_decoys) = kinds();
    assert_eq!((shapes.len(), decoys.len()), (all_shapes, all_decoys));
}

/// Everyday grants name everyday stores only, and what names more is open to people alone.
#[test]
fn no_everyday_grant_leads_to_a_jewel() {
    let made = made(20_000, 5);
    let estate = read(&made);
    let everyday = [
        ":::app-",
        ":table/app-",
        ":app-",
        ":secret:app/",
        ":repository/app-",
        ":key/",
        ":role/shared-read",
    ];
    let of_people = [
        "group/readers",
        "group/operators",
        "policy/AdministratorAccess",
    ];
    let harmless = ["logs:", "cloudwatch:", "ec2:Describe", "dynamodb:Describe"];
    let jewels = jewels_of(&made.truth);
    for (owner, policy_type, statement) in statements(&estate) {
        let bounds =
            owner.ends_with("/app-boundary") || of_people.iter().any(|it| owner.ends_with(it));
        if policy_type != PolicyType::Identity || statement["Effect"] == "Deny" || bounds {
            continue;
        }
        let name = owner.rsplit('/').next().unwrap();
        if !name.starts_with("app-") && name != "shared-read" && name != "developers" {
            // Planted: names of its own parts only, or actions that read nothing.
            let resource = statement["Resource"].as_str().unwrap();
            assert!(
                resource != "*" || !statement.to_string().contains("Get"),
                "{owner}: {statement}"
            );
            continue;
        }
        let mut resources = Vec::new();
        texts(&statement["Resource"], &mut resources);
        for resource in resources {
            if resource == "*" {
                let mut actions = Vec::new();
                texts(&statement["Action"], &mut actions);
                let allowed = |action: &&str| harmless.iter().any(|it| action.starts_with(it));
                assert!(actions.iter().all(allowed), "{owner}: {statement}");
                continue;
            }
            assert!(
                everyday.iter().any(|it| resource.contains(it)),
                "{owner}: {resource}"
            );
            assert!(
                !jewels.contains_key(resource.trim_end_matches("/*")),
                "{owner}: {resource}"
            );
        }
    }
}

/// Whoever holds an account holds all that is in it, so accounts that fall have nothing else.
#[test]
fn accounts_that_are_jewels_hold_no_other_jewel() {
    let made = made(20_000, 5);
    let estate = read(&made);
    let taken: BTreeSet<&str> = made
        .truth
        .paths
        .iter()
        .filter_map(|it| it.crown_jewel.id.as_aws_account())
        .collect();
    assert!(!taken.is_empty());
    for resource in estate.resources().iter().filter(|it| is_sensitive(it)) {
        assert!(
            !taken.contains(resource.account.as_deref().unwrap()),
            "{}",
            resource.id
        );
    }
    for (owner, policy_type, statement) in statements(&estate) {
        if matches!(policy_type, PolicyType::Trust | PolicyType::Resource) {
            for account in &taken {
                let inside = owner.contains(&format!(":{account}:"));
                assert!(
                    inside || !statement.to_string().contains(account),
                    "{owner}"
                );
            }
        }
    }
}

#[test]
fn files_are_split_and_can_be_read_one_by_one() {
    let folder = std::env::temp_dir().join(format!("cspm-generate-{}", std::process::id()));
    let plan = Plan {
        resources: 65_000,
        seed: 4,
    };
    let generated = generate_into(&plan, &folder).unwrap();
    assert_eq!(generated.files.len(), 2);
    let mut builder = EstateBuilder::new(Limits::default());
    for file in &generated.files {
        let input = io::BufReader::new(File::open(file).unwrap());
        read_estate(input, &file.to_string_lossy(), &mut builder).unwrap();
    }
    let small = Plan {
        resources: 100,
        ..plan
    };
    let truth: Value = serde_json::from_slice(&fs::read(folder.join(TRUTH_FILE)).unwrap()).unwrap();
    // A smaller estate in the same folder leaves nothing of the larger one.
    assert_eq!(generate_into(&small, &folder).unwrap().files.len(), 1);
    assert!(!generated.files[1].exists());
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(builder.record_count() as u64, {
        let counts = generated.counts;
        counts.resources + counts.grants + counts.relations + counts.findings
    });
    assert_eq!(truth["schema"], "cspm.truth/1");
    assert_eq!(truth["resources"], 65_000);
}
