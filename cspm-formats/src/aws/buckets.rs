//! S3 buckets.

use cspm_model::resource::{AccountFacts, AclGrant, BucketFacts, Encryption, PublicAccessBlock};
use cspm_model::{PolicyType, Properties, Resource};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::node::Node;

const KIND: &str = "data.bucket";

/// `s3api list-buckets`
pub(super) fn list_buckets(answer: &Answer<'_>, facts: &mut Facts) {
    for bucket in answer.root.objects("Buckets") {
        let Some(name) = bucket.text("Name") else {
            bucket.missing("Name");
            continue;
        };
        let mut resource = resource(answer, name, &bucket);
        resource.region = bucket.string("BucketRegion");
        facts.add(Rank::Main, resource);
    }
}

fn resource(answer: &Answer<'_>, name: &str, node: &Node<'_>) -> Resource {
    answer
        .global(None)
        .resource(&format!("arn:aws:s3:::{name}"), KIND, node)
        .named(Some(name))
}

/// The bucket that the call was about.
fn asked(answer: &Answer<'_>) -> Option<Resource> {
    let Some(name) = answer.argument() else {
        answer
            .root
            .lost("the name of the document does not say of which bucket it is");
        return None;
    };
    let name = name.strip_prefix("arn:aws:s3:::").unwrap_or(name);
    Some(resource(answer, name, &answer.root))
}

fn part(answer: &Answer<'_>, facts: &mut Facts, bucket: BucketFacts) {
    if let Some(resource) = asked(answer) {
        facts.add(
            Rank::Part,
            resource.with(Properties::Bucket(Box::new(bucket))),
        );
    }
}

/// `s3api get-bucket-policy`
pub(super) fn policy(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(resource) = asked(answer) {
        facts.grant(grant(
            &answer.root,
            "Policy",
            resource.id.as_str(),
            PolicyType::Resource,
        ));
        facts.add(Rank::Part, resource);
    }
}

/// `s3api get-bucket-acl`, without what the owner grants to itself.
pub(super) fn acl(answer: &Answer<'_>, facts: &mut Facts) {
    let owner = answer.root.child("Owner").and_then(|it| it.string("ID"));
    let mut acl = Vec::new();
    for grant in answer.root.objects("Grants") {
        let Some(grantee) = grant.child("Grantee") else {
            grant.missing("Grantee");
            continue;
        };
        let name = grantee
            .text("URI")
            .map(|uri| uri.rsplit('/').next().unwrap_or(uri).to_owned())
            .or_else(|| grantee.string("ID"))
            .or_else(|| grantee.string("EmailAddress"));
        let Some(name) = name else {
            grantee.missing("ID");
            continue;
        };
        if owner.as_deref() == Some(name.as_str()) {
            continue;
        }
        let Some(permission) = grant.string("Permission") else {
            grant.missing("Permission");
            continue;
        };
        acl.push(AclGrant {
            grantee: name,
            permission,
            evidence: Some(grant.place()),
            ..AclGrant::default()
        });
    }
    part(
        answer,
        facts,
        BucketFacts {
            acl,
            ..BucketFacts::default()
        },
    );
}

/// `s3api get-public-access-block`
pub(super) fn public_access_block(answer: &Answer<'_>, facts: &mut Facts) {
    facts
        .blocks_answered
        .insert(answer.account().unwrap_or_default().to_owned());
    if let Some(block) = block(answer) {
        part(
            answer,
            facts,
            BucketFacts {
                public_access_block: Some(block),
                ..BucketFacts::default()
            },
        );
    }
}

/// `s3control get-public-access-block`: of all buckets of the account.
pub(super) fn account_public_access_block(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(account) = answer.account() else {
        answer.root.lost("it is not known of which account it is");
        return;
    };
    if let Some(block) = block(answer) {
        facts.account(
            account,
            AccountFacts {
                public_access_block: Some(block),
                ..AccountFacts::default()
            },
            None,
            answer.root.place(),
        );
    }
}

fn block(answer: &Answer<'_>) -> Option<PublicAccessBlock> {
    let node = answer.root.child("PublicAccessBlockConfiguration")?;
    let on = |key: &str| node.flag(key).unwrap_or(false);
    Some(PublicAccessBlock {
        block_public_acls: on("BlockPublicAcls"),
        ignore_public_acls: on("IgnorePublicAcls"),
        block_public_policy: on("BlockPublicPolicy"),
        restrict_public_buckets: on("RestrictPublicBuckets"),
        evidence: Some(node.place()),
        ..PublicAccessBlock::default()
    })
}

/// `s3api get-bucket-ownership-controls`
pub(super) fn ownership(answer: &Answer<'_>, facts: &mut Facts) {
    let rules = answer
        .root
        .child("OwnershipControls")
        .map(|it| it.texts_of("Rules", "ObjectOwnership"))
        .unwrap_or_default();
    part(
        answer,
        facts,
        BucketFacts {
            ownership: rules.into_iter().next(),
            ..BucketFacts::default()
        },
    );
}

/// `s3api get-bucket-encryption`
pub(super) fn encryption(answer: &Answer<'_>, facts: &mut Facts) {
    let rule = answer
        .root
        .child("ServerSideEncryptionConfiguration")
        .into_iter()
        .flat_map(|it| it.objects("Rules"))
        .find_map(|rule| rule.child("ApplyServerSideEncryptionByDefault"));
    part(
        answer,
        facts,
        BucketFacts {
            encryption: rule.map(|rule| Encryption {
                algorithm: rule.string("SSEAlgorithm"),
                key: rule.string("KMSMasterKeyID"),
                evidence: Some(rule.place()),
                ..Encryption::default()
            }),
            ..BucketFacts::default()
        },
    );
}

/// `s3api get-bucket-tagging`
pub(super) fn tagging(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(mut resource) = asked(answer) {
        resource.tags = answer.root.tags("TagSet");
        facts.add(Rank::Part, resource);
    }
}

/// `s3api get-bucket-location`: null is the oldest region, and `EU` the second.
pub(super) fn location(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(mut resource) = asked(answer) {
        resource.region = Some(match answer.root.text("LocationConstraint") {
            None => "us-east-1".to_owned(),
            Some("EU") => "eu-west-1".to_owned(),
            Some(region) => region.to_owned(),
        });
        facts.add(Rank::Part, resource);
    }
}
