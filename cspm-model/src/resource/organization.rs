//! Facts of accounts and the organisation above them.

use super::data::PublicAccessBlock;
use crate::location::Location;
use crate::record::facts;

facts! {
    /// Facts of `account`.
    pub struct AccountFacts {
        /// Organisation it belongs to.
        pub organization: Option<String>,
        /// Whether it manages the organisation; its principals are not bound by service control policies.
        pub management: Option<bool>,
        /// Unit or root above it.
        pub parent: Option<String>,
        /// Public access block of all its buckets. Absent means that there is none.
        pub public_access_block: Option<PublicAccessBlock>,
    }
}

facts! {
    /// Facts of `organization.root`, `organization.unit` and `organization`.
    pub struct OrganizationUnitFacts {
        /// Unit, root or organisation above it.
        pub parent: Option<String>,
        /// Account that manages it, of an organisation.
        pub management_account: Option<String>,
    }
}

facts! {
    /// Facts of `organization.policy`; its document is a grant attached to it.
    pub struct OrganizationPolicyFacts {
        /// Roots, units and accounts it is attached to.
        pub targets: Vec<String>,
        /// Where that is said.
        pub evidence: Option<Location>,
    }
}
