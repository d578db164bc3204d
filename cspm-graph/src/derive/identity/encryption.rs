//! Which key a caller needs to read what a resource holds.

use cspm_model::{PolicyType, Properties, Resource};

use super::World;
use super::policies::DocumentId;

/// The key that the data of a resource is encrypted with.
pub(super) enum KeyUse<'e> {
    /// None that a caller would need.
    None,
    /// The provider's own: it serves every caller of the account that owns it, and no other.
    Provider,
    /// A customer key that was not collected.
    NotCollected,
    /// A customer key that cannot be used.
    Disabled(&'e Resource),
    /// A customer key: the caller needs `kms:Decrypt` on it, since the service asks in the caller's name
    /// (Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys"; Amazon SQS Developer Guide, "Key
    /// management"; both read 2026-11).
    Customer {
        key: &'e Resource,
        document: Option<DocumentId>,
    },
}

/// The key of a resource.
pub(super) fn key_use<'e>(world: &World<'e>, resource: &Resource) -> KeyUse<'e> {
    let name = match &resource.properties {
        Properties::Bucket(facts) => {
            let kms = facts.encryption.as_ref().filter(|it| {
                it.algorithm
                    .as_deref()
                    .is_some_and(|it| it.starts_with("aws:kms"))
            });
            let Some(encryption) = kms else {
                return KeyUse::None;
            };
            encryption.key.as_deref()
        }
        // A secret is always encrypted; without a key of its own, with the provider's (AWS Secrets Manager User
        // Guide, "Secret encryption and decryption", read 2026-11).
        Properties::Secret(facts) => facts.key.as_deref(),
        Properties::Snapshot(facts) if facts.encrypted == Some(true) => facts.key.as_deref(),
        Properties::Store(facts) if resource.kind.as_str() == "data.queue" => {
            let Some(key) = facts.key.as_deref() else {
                return KeyUse::None;
            };
            Some(key)
        }
        _ => return KeyUse::None,
    };
    let Some(name) = name.filter(|it| !it.contains("alias/aws/")) else {
        return KeyUse::Provider;
    };
    let Some(position) = world.estate.resolve(name, resource.account.as_deref()) else {
        return KeyUse::NotCollected;
    };
    let Some(key) = world.estate.resources().get(position) else {
        return KeyUse::NotCollected;
    };
    let Properties::Key(facts) = &key.properties else {
        return KeyUse::NotCollected;
    };
    if facts.manager.as_deref() == Some("AWS") {
        return KeyUse::Provider;
    }
    if facts.enabled == Some(false) {
        return KeyUse::Disabled(key);
    }
    let document = world
        .policies
        .attached(PolicyType::Resource, position)
        .first()
        .copied();
    KeyUse::Customer { key, document }
}
