//! Keys, buckets, tables, queues, secrets, and the filler.

use std::io;

use cspm_model::Properties;
use cspm_model::finding::Severity;
use cspm_model::grant::PolicyType;
use cspm_model::resource::{
    BucketFacts, DataClass, Encryption, KeyFacts, PublicAccessBlock, SecretFacts, SnapshotFacts,
    StoreFacts,
};
use serde_json::json;

use super::{Everyday, Readable, share};
use crate::generate::organization::blocked;
use crate::generate::output::Item;

const READ_BUCKET: &[&str] = &["s3:GetObject", "s3:ListBucket"];
const USE_BUCKET: &[&str] = &["s3:GetObject", "s3:PutObject"];
const READ_TABLE: &[&str] = &["dynamodb:GetItem", "dynamodb:Query"];
const USE_TABLE: &[&str] = &[
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];
const USE_QUEUE: &[&str] = &["sqs:ReceiveMessage", "sqs:SendMessage", "sqs:DeleteMessage"];
const PUBLISH: &[&str] = &["sns:Publish"];
const READ_SECRET: &[&str] = &["secretsmanager:GetSecretValue"];

/// What the words of everyday stores are.
const WORDS: [&str; 12] = [
    "assets", "cache", "events", "exports", "sessions", "metrics", "uploads", "builds", "drafts",
    "index", "feeds", "thumbs",
];
/// Classes of stores to which no everyday grant leads.
const SENSITIVE: [DataClass; 4] = [
    DataClass::Pii,
    DataClass::Financial,
    DataClass::Confidential,
    DataClass::Phi,
];

impl Everyday<'_, '_> {
    pub(super) fn keys(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::KEYS) {
            let id = self.place.arn("kms", &format!("key/{}", self.rng.id("")));
            let facts = Properties::Key(Box::new(KeyFacts {
                manager: Some("CUSTOMER".to_owned()),
                enabled: Some(true),
                names: vec![format!("alias/app-{at}")],
                ..KeyFacts::default()
            }));
            self.out
                .resource(&Item::regional(&id, "key", self.place, facts))?;
            let root = self.place.account.root();
            let delegation = json!({
                "Sid": "EnableIamPolicies", "Effect": "Allow",
                "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*",
            });
            self.out.policy(PolicyType::Resource, &id, &[delegation])?;
            let title = "Key is not rotated";
            self.report(
                500,
                "kms_cmk_rotation_enabled",
                &id,
                Severity::Medium,
                title,
            )?;
            self.pools.keys.push(id);
        }
        Ok(())
    }

    /// Whether a store is one of the sensitive ones, of what class, and what its name begins with.
    fn sort_of_store(&mut self) -> (&'static str, Option<DataClass>) {
        if self.rng.chance(30) {
            return ("vault", self.rng.pick(&SENSITIVE).copied());
        }
        let class = self.rng.chance(400).then_some(DataClass::Internal);
        ("app", class)
    }

    pub(super) fn buckets(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::BUCKETS) {
            let (prefix, mut class) = self.sort_of_store();
            let everyday = prefix == "app";
            let public = everyday && self.rng.chance(30);
            if public {
                class = Some(DataClass::Public);
            }
            let key = (!public && self.rng.chance(250))
                .then(|| self.rng.pick_shared(&self.pools.keys).cloned())
                .flatten();
            let (word, alias) = (self.rng.word(&WORDS), &self.place.account.alias);
            let name = format!("{prefix}-{word}-{alias}-{at}");
            let id = format!("arn:aws:s3:::{name}");
            let block = if public || self.rng.chance(250) {
                PublicAccessBlock::default()
            } else {
                blocked()
            };
            let algorithm = if key.is_some() { "aws:kms" } else { "AES256" };
            let facts = Properties::Bucket(Box::new(BucketFacts {
                public_access_block: Some(block),
                ownership: Some("BucketOwnerEnforced".to_owned()),
                encryption: Some(Encryption {
                    algorithm: Some(algorithm.to_owned()),
                    key: key.clone(),
                    ..Encryption::default()
                }),
                ..BucketFacts::default()
            }));
            let classes: Vec<DataClass> = class.into_iter().collect();
            let item = Item::regional(&id, "data.bucket", self.place, facts);
            self.out.resource(&item.name(&name).data(&classes))?;
            let objects = format!("{id}/*");
            let mut statements = Vec::new();
            if public {
                statements.push(json!({
                    "Effect": "Allow", "Principal": "*",
                    "Action": "s3:GetObject", "Resource": objects,
                }));
            }
            if self.rng.chance(300) {
                statements.push(json!({
                    "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                    "Resource": [id, objects],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }));
            }
            if everyday && self.rng.chance(40) {
                statements.push(json!({
                    "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": objects,
                    "Condition": {"StringEquals": {"aws:PrincipalOrgID": self.organization}},
                }));
            }
            if !statements.is_empty() {
                self.out.policy(PolicyType::Resource, &id, &statements)?;
            }
            if public {
                let title = format!("Bucket {name} is public");
                let check = "s3_bucket_policy_public_access";
                self.report(1000, check, &id, Severity::Critical, &title)?;
            }
            let title = format!("Bucket {name} has no versions");
            self.report(
                500,
                "s3_bucket_object_versioning",
                &id,
                Severity::Medium,
                &title,
            )?;
            let title = format!("Bucket {name} has no access log");
            let check = "s3_bucket_server_access_logging_enabled";
            self.report(300, check, &id, Severity::Low, &title)?;
            if everyday {
                let actions = if self.rng.chance(600) {
                    READ_BUCKET
                } else {
                    USE_BUCKET
                };
                self.pools.readable.push(Readable {
                    actions,
                    resource: objects,
                    key,
                });
            }
        }
        Ok(())
    }

    pub(super) fn tables(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::TABLES) {
            let (prefix, class) = self.sort_of_store();
            let name = format!("{prefix}-{}-{at}", self.rng.word(&WORDS));
            let id = self.place.arn("dynamodb", &format!("table/{name}"));
            let facts = Properties::Store(Box::new(StoreFacts {
                encrypted: Some(true),
                ..StoreFacts::default()
            }));
            let classes: Vec<DataClass> = class.into_iter().collect();
            let item = Item::regional(&id, "data.table", self.place, facts);
            self.out.resource(&item.name(&name).data(&classes))?;
            let title = format!("Table {name} has no point-in-time recovery");
            self.report(
                500,
                "dynamodb_tables_pitr_enabled",
                &id,
                Severity::Medium,
                &title,
            )?;
            if prefix == "app" {
                let actions = if self.rng.chance(500) {
                    READ_TABLE
                } else {
                    USE_TABLE
                };
                self.pools.readable.push(Readable {
                    actions,
                    resource: id,
                    key: None,
                });
            }
        }
        Ok(())
    }

    pub(super) fn messages(&mut self) -> io::Result<()> {
        let kinds = [
            ("data.queue", "sqs", "", share::QUEUES, Some(USE_QUEUE)),
            ("data.topic", "sns", "", share::TOPICS, Some(PUBLISH)),
            (
                "data.repository",
                "ecr",
                "repository/",
                share::REPOSITORIES,
                None,
            ),
        ];
        for (kind, service, prefix, per_mille, actions) in kinds {
            for at in 0..self.quota(per_mille) {
                let name = format!("app-{}-{at}", self.rng.word(&WORDS));
                let id = self.place.arn(service, &format!("{prefix}{name}"));
                let facts = Properties::Store(Box::new(StoreFacts {
                    encrypted: Some(self.rng.chance(600)),
                    ..StoreFacts::default()
                }));
                let item = Item::regional(&id, kind, self.place, facts).name(&name);
                self.out.resource(&item)?;
                let check = match service {
                    "sqs" => "sqs_queues_server_side_encryption_enabled",
                    "sns" => "sns_topics_kms_encryption_at_rest_enabled",
                    _ => "ecr_registry_scan_images_on_push_enabled",
                };
                let title = format!("{name} is not as it should be");
                self.report(400, check, &id, Severity::Medium, &title)?;
                if let Some(actions) = actions {
                    self.pools.readable.push(Readable {
                        actions,
                        resource: id,
                        key: None,
                    });
                }
            }
        }
        Ok(())
    }

    pub(super) fn secrets(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::SECRETS) {
            let name = format!("app/{}-{at}", self.rng.word(&WORDS));
            let rest = format!("secret:{name}-{}", self.rng.suffix());
            let id = self.place.arn("secretsmanager", &rest);
            let facts = Properties::Secret(Box::<SecretFacts>::default());
            self.out
                .resource(&Item::regional(&id, "secret", self.place, facts).name(&name))?;
            let title = format!("Secret {name} is not rotated");
            let check = "secretsmanager_automatic_rotation_enabled";
            self.report(600, check, &id, Severity::Medium, &title)?;
            self.pools.readable.push(Readable {
                actions: READ_SECRET,
                resource: id.clone(),
                key: None,
            });
            self.pools.secrets.push(id);
        }
        Ok(())
    }

    pub(super) fn snapshots(&mut self) -> io::Result<()> {
        for _ in 0..self.quota(share::SNAPSHOTS) {
            if !self.has_room() {
                break;
            }
            let Some(volume) = self.rng.pick(&self.pools.volumes).cloned() else {
                break;
            };
            let id = self
                .place
                .arn("ec2", &format!("snapshot/{}", self.rng.id("snap-")));
            let public = self.rng.chance(5);
            let facts = Properties::Snapshot(Box::new(SnapshotFacts {
                encrypted: Some(!public && self.rng.chance(600)),
                volume: Some(volume),
                shared_with: public.then(|| "all".to_owned()).into_iter().collect(),
                ..SnapshotFacts::default()
            }));
            self.out
                .resource(&Item::regional(&id, "data.snapshot", self.place, facts))?;
            if public {
                let title = "Snapshot is shared with everybody";
                self.report(
                    1000,
                    "ec2_ebs_public_snapshot",
                    &id,
                    Severity::Critical,
                    title,
                )?;
            }
            let title = "Snapshot is not encrypted";
            self.report(
                300,
                "ec2_ebs_snapshots_encrypted",
                &id,
                Severity::Medium,
                title,
            )?;
        }
        Ok(())
    }

    /// Log groups take what room is left.
    pub(super) fn log_groups(&mut self) -> io::Result<()> {
        let mut at: u64 = 0;
        while !self.is_full() {
            let name = format!("/app/{}-{at}", self.rng.word(&WORDS));
            let id = self.place.arn("logs", &format!("log-group:{name}"));
            let kind = "logging.log_group";
            let facts = Properties::empty(&kind.into());
            self.out
                .resource(&Item::regional(&id, kind, self.place, facts).name(&name))?;
            let title = format!("Log group {name} keeps its logs for ever");
            let check = "cloudwatch_log_group_retention_policy_specific_days_enabled";
            self.report(700, check, &id, Severity::Low, &title)?;
            at += 1;
        }
        Ok(())
    }
}
