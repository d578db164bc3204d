//! Shapes of attack paths, and the single facts that stop them.

/// The shape of a planted path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Exposed server, its role, a store.
    DirectRead,
    /// Exposed server, roles that assume each other across accounts, a store.
    RoleChain,
    /// Exposed server with a network way to a database and a role that reads its password.
    SecretAndNetwork,
    /// Function that everybody may invoke, its role, a store.
    FunctionUrl,
    /// Bucket that everybody may read.
    PublicBucket,
    /// Load balancer, private server behind it, its role, a store.
    LoadBalancer,
    /// Exposed server, a second server that only the first can reach, its role, a store.
    Lateral,
    /// Exposed server, a secret with a user's credential, the user's group, a store.
    UserCredential,
    /// Exposed server whose role hands an administrator role to a new function: the account.
    PassRole,
    /// Exposed server whose role a bucket of another account lets in.
    CrossAccountBucket,
    /// Exposed server, its role, a bucket under a customer key.
    EncryptedBucket,
}

impl Shape {
    /// Every shape, in the order in which they are planted.
    pub(crate) const ALL: [Self; 11] = [
        Self::DirectRead,
        Self::SecretAndNetwork,
        Self::RoleChain,
        Self::PublicBucket,
        Self::PassRole,
        Self::LoadBalancer,
        Self::Lateral,
        Self::FunctionUrl,
        Self::CrossAccountBucket,
        Self::UserCredential,
        Self::EncryptedBucket,
    ];

    /// The word in the truth file.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::DirectRead => "direct-role-read",
            Self::RoleChain => "role-chain",
            Self::SecretAndNetwork => "secret-and-network-gate",
            Self::FunctionUrl => "public-function-url",
            Self::PublicBucket => "public-bucket",
            Self::LoadBalancer => "load-balancer-to-private-server",
            Self::Lateral => "lateral-move",
            Self::UserCredential => "user-credential-in-secret",
            Self::PassRole => "pass-role-to-function",
            Self::CrossAccountBucket => "cross-account-bucket-policy",
            Self::EncryptedBucket => "encrypted-bucket",
        }
    }

    /// The facts that stop it, each alone.
    pub(crate) fn flaws(self) -> &'static [Flaw] {
        match self {
            Self::DirectRead => &[
                Flaw::ExplicitDeny,
                Flaw::Boundary,
                Flaw::PrincipalTag,
                Flaw::ServiceControl,
                Flaw::NoAddress,
                Flaw::NoRoute,
                Flaw::AclIngress,
                Flaw::AclReturn,
                Flaw::GroupClosed,
                Flaw::Stopped,
            ],
            Self::RoleChain => &[Flaw::TrustOther, Flaw::NoGrant, Flaw::ExplicitDeny],
            Self::SecretAndNetwork => {
                &[Flaw::DatabaseClosed, Flaw::ExplicitDeny, Flaw::PrincipalTag]
            }
            Self::FunctionUrl => &[Flaw::UrlAuthenticated, Flaw::Boundary],
            Self::PublicBucket => &[Flaw::BucketBlock, Flaw::AccountBlock],
            Self::LoadBalancer => &[Flaw::InternalScheme, Flaw::TargetClosed],
            Self::Lateral => &[Flaw::SidewaysClosed, Flaw::SidewaysAcl],
            Self::UserCredential => &[Flaw::UserDeny, Flaw::UserBoundary, Flaw::ExplicitDeny],
            Self::PassRole => &[Flaw::TrustService, Flaw::NoGrant, Flaw::Boundary],
            Self::CrossAccountBucket => &[
                Flaw::OtherReader,
                Flaw::OtherOrganization,
                Flaw::BucketDeny,
                Flaw::NoGrant,
            ],
            Self::EncryptedBucket => &[Flaw::KeyClosed, Flaw::NoDecrypt],
        }
    }

    /// Every shape with every fact that stops it: first one of each shape, then the second of each...
    pub(crate) fn decoys() -> Vec<(Self, Flaw)> {
        let rounds = Self::ALL.iter().map(|it| it.flaws().len()).max();
        (0..rounds.unwrap_or(0))
            .flat_map(|round| {
                Self::ALL
                    .into_iter()
                    .filter_map(move |shape| Some((shape, *shape.flaws().get(round)?)))
            })
            .collect()
    }
}

/// Defines the flaws, each with the word for what blocks, and the fact in words.
macro_rules! flaws {
    ($( $name:ident = $blocked_by:literal, $why:literal; )+) => {
        /// The one fact that makes a decoy of a path.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Flaw {
            $( #[doc = $why] $name, )+
        }

        impl Flaw {
            /// What blocks, in one word.
            pub(crate) fn blocked_by(self) -> &'static str {
                match self { $( Self::$name => $blocked_by, )+ }
            }

            /// The fact in words.
            pub(crate) fn why(self) -> &'static str {
                match self { $( Self::$name => $why, )+ }
            }
        }
    };
}

flaws! {
    ExplicitDeny = "explicit_deny", "a second policy of the role denies the action";
    Boundary = "permissions_boundary", "the role's boundary does not hold the action";
    PrincipalTag = "condition", "the grant asks for a principal tag that the role does not carry";
    ServiceControl = "service_control_policy", "a service control policy denies the action to the account";
    NoAddress = "no_public_address", "the server has no public address";
    NoRoute = "no_route", "the subnet's route table has no route to the internet gateway";
    AclIngress = "network_acl", "the network ACL denies the port before it allows the rest";
    AclReturn = "network_acl_return", "the network ACL lets no answer out";
    GroupClosed = "security_group", "the security group admits the VPC's own range only";
    Stopped = "instance_stopped", "the server does not run";
    TrustOther = "trust_policy", "the last role trusts another role";
    NoGrant = "no_grant", "the role has no permission for the action";
    DatabaseClosed = "security_group", "the database's group admits another group";
    UrlAuthenticated = "function_url_auth", "the function's URL asks for a signature";
    BucketBlock = "public_access_block", "the bucket's public access block is on";
    AccountBlock = "account_public_access_block", "the account's public access block is on";
    InternalScheme = "load_balancer_scheme", "the load balancer is internal";
    TargetClosed = "security_group", "the server's group does not admit the load balancer's";
    SidewaysClosed = "security_group", "the second server's group does not admit the first's";
    SidewaysAcl = "network_acl", "the second subnet's ACL denies the port to the first subnet";
    UserDeny = "explicit_deny", "a policy of the user denies what the group grants";
    UserBoundary = "permissions_boundary", "the user's boundary does not hold what the group grants";
    TrustService = "trust_policy", "the administrator role trusts another service";
    OtherReader = "resource_policy", "the bucket's policy lets another role in";
    OtherOrganization = "condition", "the bucket's policy lets another organisation in";
    BucketDeny = "explicit_deny", "the bucket's policy denies the role";
    KeyClosed = "key_policy", "the key's policy neither names the role nor leaves it to the account";
    NoDecrypt = "no_grant", "the role may not decrypt with the bucket's key";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_a_decoy_and_none_is_listed_twice() {
        let decoys = Shape::decoys();
        let count: usize = Shape::ALL.iter().map(|it| it.flaws().len()).sum();
        assert_eq!(decoys.len(), count);
        for shape in Shape::ALL {
            assert!(decoys.iter().any(|(it, _)| *it == shape));
        }
        for (at, decoy) in decoys.iter().enumerate() {
            assert!(!decoys[..at].contains(decoy), "{decoy:?}");
        }
    }
}
