//! Facts of the network: what lets traffic through, and what does not.

use crate::location::Location;
use crate::record::facts;

facts! {
    /// Facts of `network.interface`, and of each interface of an instance.
    pub struct InterfaceFacts {
        /// Id of the interface.
        pub id: Option<String>,
        /// VPC.
        pub vpc: Option<String>,
        /// Subnet.
        pub subnet: Option<String>,
        /// Security groups.
        pub security_groups: Vec<String>,
        /// Private IPv4 addresses.
        pub private_addresses: Vec<String>,
        /// Public IPv4 addresses.
        pub public_addresses: Vec<String>,
        /// Global IPv6 addresses.
        pub ipv6_addresses: Vec<String>,
        /// What it is attached to.
        pub attached_to: Option<String>,
        /// Description, as the provider's services write it.
        pub description: Option<String>,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `network.vpc`.
    pub struct VpcFacts {
        /// Address ranges, IPv4 and IPv6.
        pub cidrs: Vec<String>,
    }
}

facts! {
    /// Facts of `network.subnet`.
    pub struct SubnetFacts {
        /// VPC.
        pub vpc: Option<String>,
        /// Address ranges, IPv4 and IPv6.
        pub cidrs: Vec<String>,
        /// Availability zone.
        pub zone: Option<String>,
    }
}

facts! {
    /// Facts of `network.route_table`.
    pub struct RouteTableFacts {
        /// VPC.
        pub vpc: Option<String>,
        /// Whether it is the one of every subnet that names no other.
        pub main: Option<bool>,
        /// Subnets that name it.
        pub subnets: Vec<String>,
        /// Routes.
        pub routes: Vec<Route>,
    }
}

facts! {
    /// One route.
    pub struct Route {
        /// Address range, or a prefix list id.
        pub destination: String,
        /// `local`, or the id of a gateway, interface, peering, endpoint...
        pub target: String,
        /// `false` for a black hole. Absent counts as active.
        pub active: Option<bool>,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `network.internet_gateway`, `network.nat_gateway` and `network.egress_gateway`.
    pub struct GatewayFacts {
        /// VPCs it is attached to.
        pub vpcs: Vec<String>,
        /// Subnet, of a NAT gateway.
        pub subnet: Option<String>,
    }
}

facts! {
    /// Facts of `network.acl`. What no entry decides is denied.
    pub struct AclFacts {
        /// VPC.
        pub vpc: Option<String>,
        /// Whether it is the one of every subnet that names no other.
        pub default: Option<bool>,
        /// Subnets that name it.
        pub subnets: Vec<String>,
        /// Entries, in any order; the number decides.
        pub entries: Vec<AclEntry>,
    }
}

facts! {
    /// One entry of a network ACL.
    pub struct AclEntry {
        /// Lower numbers are asked first.
        pub number: u32,
        /// `ingress` or `egress`.
        pub direction: String,
        /// `allow` or `deny`.
        pub action: String,
        /// `tcp`, `udp`, `icmp`, a protocol number, or `*`.
        pub protocol: String,
        /// Ports, `*` if absent.
        pub ports: Option<String>,
        /// Address range.
        pub cidr: String,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `network.security_group`.
    pub struct SecurityGroupFacts {
        /// VPC.
        pub vpc: Option<String>,
        /// Rules; all of them allow.
        pub rules: Vec<SecurityGroupRule>,
    }
}

facts! {
    /// One rule of a security group.
    pub struct SecurityGroupRule {
        /// `ingress` or `egress`.
        pub direction: String,
        /// `tcp`, `udp`, `icmp`, a protocol number, or `*`.
        pub protocol: String,
        /// Ports, `*` if absent.
        pub ports: Option<String>,
        /// Address ranges, ids of security groups and of prefix lists.
        pub peers: Vec<String>,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `network.prefix_list`.
    pub struct PrefixListFacts {
        /// Address ranges.
        pub cidrs: Vec<String>,
    }
}

facts! {
    /// Facts of `network.load_balancer`.
    pub struct LoadBalancerFacts {
        /// `internet-facing` or `internal`.
        pub scheme: Option<String>,
        /// `application`, `network`, `gateway`, `classic`.
        pub family: Option<String>,
        /// VPC.
        pub vpc: Option<String>,
        /// Subnets.
        pub subnets: Vec<String>,
        /// Security groups; none on a network load balancer means that nothing is filtered.
        pub security_groups: Vec<String>,
        /// Listeners. Absent means that they were not collected.
        pub listeners: Option<Vec<Listener>>,
    }
}

facts! {
    /// One listener of a load balancer.
    pub struct Listener {
        /// Port on which it listens.
        pub port: u16,
        /// `tcp`, `udp`, `http`, `https`, `tls`...
        pub protocol: Option<String>,
        /// Targets named here; those of target groups stand there.
        pub targets: Vec<Target>,
        /// Target groups to which it forwards.
        pub target_groups: Vec<String>,
        /// Whether callers are authenticated before anything is forwarded.
        pub authenticated: Option<bool>,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Where a load balancer sends what it gets.
    pub struct Target {
        /// Instance, function, load balancer or address.
        pub id: String,
        /// Port, unless it is that of the target group.
        pub port: Option<u16>,
        /// Where it is said.
        pub evidence: Option<Location>,
    }
}

facts! {
    /// Facts of `network.target_group`.
    pub struct TargetGroupFacts {
        /// VPC.
        pub vpc: Option<String>,
        /// Load balancers that use it.
        pub load_balancers: Vec<String>,
        /// Port.
        pub port: Option<u16>,
        /// Protocol.
        pub protocol: Option<String>,
        /// Targets. Absent means that they were not collected.
        pub targets: Option<Vec<Target>>,
    }
}

facts! {
    /// Facts of `network.peering`.
    pub struct PeeringFacts {
        /// The two VPCs.
        pub vpcs: Vec<String>,
        /// Whether it is in force. Absent counts as active.
        pub active: Option<bool>,
    }
}

facts! {
    /// Facts of `network.endpoint`: a way from a VPC to a provider's service.
    pub struct VpcEndpointFacts {
        /// VPC.
        pub vpc: Option<String>,
        /// Service name, as the provider writes it.
        pub service: Option<String>,
        /// `Gateway` or `Interface`.
        pub mode: Option<String>,
        /// Subnets.
        pub subnets: Vec<String>,
        /// Route tables.
        pub route_tables: Vec<String>,
    }
}
