//! Facts of identities and their policies.

use crate::location::Location;
use crate::record::facts;

facts! {
    /// Facts of `identity.user`.
    pub struct UserFacts {
        /// Groups, by ARN or name within the account.
        pub groups: Vec<String>,
        /// Managed policies attached.
        pub policies: Vec<String>,
        /// Permission boundary.
        pub boundary: Option<String>,
        /// The provider's id that is never used twice.
        pub unique_id: Option<String>,
        /// Access keys in force.
        pub active_keys: Option<u32>,
        /// Where the groups are said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `identity.role`.
    pub struct RoleFacts {
        /// Managed policies attached.
        pub policies: Vec<String>,
        /// Permission boundary.
        pub boundary: Option<String>,
        /// The provider's id that is never used twice.
        pub unique_id: Option<String>,
        /// Instance profiles that hand it to machines.
        pub instance_profiles: Vec<String>,
        /// Where the instance profiles are said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `identity.group`.
    pub struct GroupFacts {
        /// Managed policies attached.
        pub policies: Vec<String>,
        /// The provider's id that is never used twice.
        pub unique_id: Option<String>,
    }
}

facts! {
    /// Facts of `identity.policy`; its document is a grant attached to it.
    pub struct PolicyFacts {
        /// Version in force.
        pub version: Option<String>,
    }
}

facts! {
    /// Facts of `identity.instance_profile`.
    pub struct ProfileFacts {
        /// Roles in it.
        pub roles: Vec<String>,
        /// Where they are said.
        pub evidence: Option<Location>,
    }
}
