//! Facts of stores, secrets and keys.

use crate::location::Location;
use crate::record::facts;

facts! {
    /// Facts of `data.bucket`.
    pub struct BucketFacts {
        /// Public access block of the bucket itself. Absent means not collected; a bucket without one
        /// has it with every switch off.
        pub public_access_block: Option<PublicAccessBlock>,
        /// Access control list, without the owner's own grant.
        pub acl: Vec<AclGrant>,
        /// `BucketOwnerEnforced` (lists are off), `BucketOwnerPreferred` or `ObjectWriter`.
        pub ownership: Option<String>,
        /// Default encryption.
        pub encryption: Option<Encryption>,
    }
}

facts! {
    /// The four switches that keep a bucket, or all buckets of an account, from the public.
    pub struct PublicAccessBlock {
        /// New public lists are refused.
        pub block_public_acls: bool,
        /// Public lists count for nothing.
        pub ignore_public_acls: bool,
        /// New public policies are refused.
        pub block_public_policy: bool,
        /// A public policy lets in the own account and provider services only.
        pub restrict_public_buckets: bool,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// One grant of an access control list.
    pub struct AclGrant {
        /// `AllUsers`, `AuthenticatedUsers`, or the canonical id of an account.
        pub grantee: String,
        /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP`, `FULL_CONTROL`.
        pub permission: String,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// How a store encrypts.
    pub struct Encryption {
        /// `AES256`, `aws:kms`, `aws:kms:dsse`.
        pub algorithm: Option<String>,
        /// Key, by id, ARN or alias.
        pub key: Option<String>,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `data.database`.
    pub struct DatabaseFacts {
        /// Engine.
        pub engine: Option<String>,
        /// Port.
        pub port: Option<u16>,
        /// Whether it has a public address.
        pub publicly_accessible: Option<bool>,
        /// Whether its storage is encrypted.
        pub encrypted: Option<bool>,
        /// Key of the storage.
        pub key: Option<String>,
        /// VPC.
        pub vpc: Option<String>,
        /// Subnets it may stand in.
        pub subnets: Vec<String>,
        /// Security groups.
        pub security_groups: Vec<String>,
        /// Secret that holds the password of its administrator.
        pub master_secret: Option<String>,
        /// Where the secret is said.
        pub master_secret_evidence: Option<Location>,
        /// Whether identities of the account may log in.
        pub iam_authentication: Option<bool>,
        /// Whether its data can be read through the provider's API with a secret, without a network way.
        pub data_api: Option<bool>,
    }
}

facts! {
    /// Facts of `data.table`, `data.queue`, `data.topic`, `data.repository`, `data.filesystem`.
    pub struct StoreFacts {
        /// Whether it is encrypted.
        pub encrypted: Option<bool>,
        /// Customer key, where there is one.
        pub key: Option<String>,
        /// URL, of a queue.
        pub url: Option<String>,
    }
}

facts! {
    /// Facts of `data.volume`.
    pub struct VolumeFacts {
        /// Whether it is encrypted.
        pub encrypted: Option<bool>,
        /// Key.
        pub key: Option<String>,
        /// Instances it is attached to.
        pub attached_to: Vec<String>,
        /// Snapshot it was made from.
        pub snapshot: Option<String>,
    }
}

facts! {
    /// Facts of `data.snapshot`.
    pub struct SnapshotFacts {
        /// Whether it is encrypted.
        pub encrypted: Option<bool>,
        /// Key.
        pub key: Option<String>,
        /// Volume or database it was made of.
        pub volume: Option<String>,
        /// Accounts it is shared with, `all` for everybody.
        pub shared_with: Vec<String>,
        /// Where the sharing is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `secret`.
    pub struct SecretFacts {
        /// Key, where it is not the provider's own.
        pub key: Option<String>,
        /// Service that manages it.
        pub owning_service: Option<String>,
    }
}

facts! {
    /// Facts of `key`.
    pub struct KeyFacts {
        /// `CUSTOMER` or `AWS`.
        pub manager: Option<String>,
        /// Whether it can be used.
        pub enabled: Option<bool>,
        /// Its aliases, `alias/...`.
        pub names: Vec<String>,
    }
}
