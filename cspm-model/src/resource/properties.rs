//! The facts of a resource, by its kind.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{
    AccountFacts, AclFacts, BucketFacts, ContainerFacts, DatabaseFacts, FunctionFacts,
    GatewayFacts, GroupFacts, InstanceFacts, InterfaceFacts, KeyFacts, Kind, LoadBalancerFacts,
    OrganizationPolicyFacts, OrganizationUnitFacts, PeeringFacts, PolicyFacts, PrefixListFacts,
    ProfileFacts, RoleFacts, RouteTableFacts, SecretFacts, SecurityGroupFacts, SnapshotFacts,
    StoreFacts, SubnetFacts, TargetGroupFacts, UserFacts, VolumeFacts, VpcEndpointFacts, VpcFacts,
};
use crate::record::Merge;

/// One list of kinds and their facts; everything that depends on it is made here.
macro_rules! properties {
    ($( $variant:ident($facts:ty) = $( $kind:literal )|+ ),* $(,)?) => {
        /// The typed facts of a resource. Which variant it is follows from the kind.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Properties {
            $(
                #[doc = concat!("Facts of ", $( "`", $kind, "` " ),+)]
                $variant(Box<$facts>),
            )*
            /// Of a kind that this version does not know.
            Opaque(BTreeMap<String, Value>),
        }

        impl Properties {
            /// The facts of a resource of this kind of which none is known.
            pub fn empty(kind: &Kind) -> Self {
                match kind.as_str() {
                    $( $( $kind )|+ => Self::$variant(Box::default()), )*
                    _ => Self::Opaque(BTreeMap::new()),
                }
            }

            /// Facts from JSON text.
            pub(crate) fn parse(kind: &Kind, text: &str) -> Result<Self, serde_json::Error> {
                Ok(match kind.as_str() {
                    $( $( $kind )|+ => Self::$variant(Box::new(serde_json::from_str(text)?)), )*
                    _ => Self::Opaque(serde_json::from_str(text)?),
                })
            }

            /// Takes over what `other` knows; returns whether the two disagree.
            pub(crate) fn absorb(&mut self, other: Self) -> bool {
                match (self, other) {
                    $( (Self::$variant(mine), Self::$variant(other)) => mine.absorb(*other), )*
                    (Self::Opaque(mine), Self::Opaque(other)) => mine.absorb(other),
                    _ => true,
                }
            }

            /// Whether nothing is known.
            pub fn is_empty(&self) -> bool {
                match self {
                    $( Self::$variant(facts) => **facts == <$facts>::default(), )*
                    Self::Opaque(facts) => facts.is_empty(),
                }
            }

            /// Each kind with typed facts, and the JSON Schema of those.
            pub(crate) fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static [&'static str], schemars::Schema)> {
                vec![ $( (&[ $( $kind ),+ ][..], generator.subschema_for::<$facts>()) ),* ]
            }
        }
    };
}

properties! {
    Instance(InstanceFacts) = "compute.instance" | "compute.node",
    Function(FunctionFacts) = "compute.function",
    Container(ContainerFacts) = "compute.container" | "compute.pod",
    Interface(InterfaceFacts) = "network.interface",
    Vpc(VpcFacts) = "network.vpc",
    Subnet(SubnetFacts) = "network.subnet",
    RouteTable(RouteTableFacts) = "network.route_table",
    Gateway(GatewayFacts) = "network.internet_gateway" | "network.nat_gateway" | "network.egress_gateway",
    Acl(AclFacts) = "network.acl",
    SecurityGroup(SecurityGroupFacts) = "network.security_group",
    PrefixList(PrefixListFacts) = "network.prefix_list",
    LoadBalancer(LoadBalancerFacts) = "network.load_balancer",
    TargetGroup(TargetGroupFacts) = "network.target_group",
    Peering(PeeringFacts) = "network.peering",
    VpcEndpoint(VpcEndpointFacts) = "network.endpoint",
    Bucket(BucketFacts) = "data.bucket",
    Database(DatabaseFacts) = "data.database",
    Store(StoreFacts) = "data.table" | "data.queue" | "data.topic" | "data.repository" | "data.filesystem",
    Volume(VolumeFacts) = "data.volume",
    Snapshot(SnapshotFacts) = "data.snapshot",
    Secret(SecretFacts) = "secret",
    Key(KeyFacts) = "key",
    User(UserFacts) = "identity.user",
    Role(RoleFacts) = "identity.role",
    Group(GroupFacts) = "identity.group",
    Policy(PolicyFacts) = "identity.policy",
    Profile(ProfileFacts) = "identity.instance_profile",
    Account(AccountFacts) = "account",
    OrganizationUnit(OrganizationUnitFacts) = "organization.root" | "organization.unit" | "organization",
    OrganizationPolicy(OrganizationPolicyFacts) = "organization.policy",
}
