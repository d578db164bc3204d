//! Facts of things that run code.

use super::network::InterfaceFacts;
use crate::location::Location;
use crate::record::facts;

facts! {
    /// Facts of `compute.instance` and `compute.node`.
    pub struct InstanceFacts {
        /// `running`, `stopped`, ... as the provider says. Absent counts as running.
        pub state: Option<String>,
        /// Image it was started from.
        pub image: Option<String>,
        /// VPC.
        pub vpc: Option<String>,
        /// Subnet of the primary interface.
        pub subnet: Option<String>,
        /// Security groups of the primary interface.
        pub security_groups: Vec<String>,
        /// Private addresses of the primary interface.
        pub private_addresses: Vec<String>,
        /// Public IPv4 addresses of the primary interface.
        pub public_addresses: Vec<String>,
        /// Global IPv6 addresses of the primary interface.
        pub ipv6_addresses: Vec<String>,
        /// Interfaces, where they are known one by one; they then stand for the five facts above.
        pub interfaces: Vec<InterfaceFacts>,
        /// Instance profile, by ARN, id or name.
        pub instance_profile: Option<String>,
        /// Metadata service: `required` (session tokens only) or `optional`.
        pub metadata_tokens: Option<String>,
    }
}

facts! {
    /// Facts of `compute.function`.
    pub struct FunctionFacts {
        /// Execution role.
        pub role: Option<String>,
        /// VPC, if it runs in one.
        pub vpc: Option<String>,
        /// Subnets, if it runs in a VPC.
        pub subnets: Vec<String>,
        /// Security groups, if it runs in a VPC.
        pub security_groups: Vec<String>,
        /// URL under which it can be invoked.
        pub url: Option<FunctionUrl>,
        /// Runtime.
        pub runtime: Option<String>,
        /// Where the role is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// The URL of a function.
    pub struct FunctionUrl {
        /// `NONE` (everybody) or `AWS_IAM`.
        pub auth: Option<String>,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `compute.container` and `compute.pod`: a task, or a pod.
    pub struct ContainerFacts {
        /// Role of the code in it.
        pub role: Option<String>,
        /// Role of the agent that starts it.
        pub execution_role: Option<String>,
        /// Cluster it runs in.
        pub cluster: Option<String>,
        /// Interfaces.
        pub interfaces: Vec<InterfaceFacts>,
        /// Images.
        pub images: Vec<String>,
    }
}
