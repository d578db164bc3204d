//! The parts of a network, one call each.

use std::io;

use cspm_model::Properties;
use cspm_model::resource::{
    AclEntry, AclFacts, GatewayFacts, Route, RouteTableFacts, SecurityGroupFacts,
    SecurityGroupRule, SubnetFacts, VpcFacts,
};

use super::organization::Place;
use super::output::{Item, Writer};
use super::rng::Rng;

/// Every IPv4 address.
pub(crate) const ANYWHERE: &str = "0.0.0.0/0";

/// A VPC with its internet gateway, an empty main route table and a default ACL that lets all through.
#[derive(Debug)]
pub(crate) struct Vpc {
    /// Id.
    pub(crate) id: String,
    /// Address range.
    pub(crate) cidr: String,
    /// Id of the internet gateway attached to it.
    pub(crate) gateway: String,
    name: String,
    second_octet: u64,
    subnets: u64,
}

/// A subnet that hands out addresses.
#[derive(Debug)]
pub(crate) struct Subnet {
    /// Id.
    pub(crate) id: String,
    /// Address range.
    pub(crate) cidr: String,
    second_octet: u64,
    third_octet: u64,
    hosts: u64,
}

impl Subnet {
    /// Hosts it has room for.
    const HOSTS_MAX: u64 = 4000;

    /// The next private address; after the last, the first again.
    pub(crate) fn address(&mut self) -> String {
        let host = 10 + self.hosts % Self::HOSTS_MAX;
        self.hosts += 1;
        let (third, fourth) = (self.third_octet + host / 256, host % 256);
        format!("10.{}.{third}.{fourth}", self.second_octet)
    }
}

/// Hands out public addresses of 198.18.0.0/15, which is reserved for measurements.
#[derive(Debug, Default)]
pub(crate) struct PublicAddresses {
    next: u64,
}

impl PublicAddresses {
    /// The next one; after 131,072, the first again.
    pub(crate) fn next(&mut self) -> String {
        let at = self.next;
        self.next += 1;
        format!(
            "198.{}.{}.{}",
            18 + (at >> 16) % 2,
            (at >> 8) % 256,
            at % 256
        )
    }
}

impl Vpc {
    /// A new one.
    pub(crate) fn write(
        out: &mut Writer<'_>,
        rng: &mut Rng,
        place: Place<'_>,
        name: &str,
    ) -> io::Result<Self> {
        let second_octet = rng.below(256);
        let vpc = Self {
            id: rng.id("vpc-"),
            cidr: format!("10.{second_octet}.0.0/16"),
            gateway: rng.id("igw-"),
            name: name.to_owned(),
            second_octet,
            subnets: 0,
        };
        let facts = Properties::Vpc(Box::new(VpcFacts {
            cidrs: vec![vpc.cidr.clone()],
            ..VpcFacts::default()
        }));
        let id = place.arn("ec2", &format!("vpc/{}", vpc.id));
        out.resource(&Item::regional(&id, "network.vpc", place, facts).name(name))?;
        let facts = Properties::Gateway(Box::new(GatewayFacts {
            vpcs: vec![vpc.id.clone()],
            ..GatewayFacts::default()
        }));
        let id = place.arn("ec2", &format!("internet-gateway/{}", vpc.gateway));
        out.resource(&Item::regional(
            &id,
            "network.internet_gateway",
            place,
            facts,
        ))?;
        vpc.table(out, rng, place, None, &[])?;
        vpc.acl(out, rng, place, None, &[])?;
        Ok(vpc)
    }

    /// One more subnet, up to sixteen.
    pub(crate) fn subnet(
        &mut self,
        out: &mut Writer<'_>,
        rng: &mut Rng,
        place: Place<'_>,
        word: &str,
    ) -> io::Result<Subnet> {
        let third_octet = 16 * (self.subnets % 16);
        let zone = ["a", "b", "c"].get(usize::try_from(self.subnets % 3).unwrap_or(0));
        self.subnets += 1;
        let subnet = Subnet {
            id: rng.id("subnet-"),
            cidr: format!("10.{}.{third_octet}.0/20", self.second_octet),
            second_octet: self.second_octet,
            third_octet,
            hosts: 0,
        };
        let facts = Properties::Subnet(Box::new(SubnetFacts {
            vpc: Some(self.id.clone()),
            cidrs: vec![subnet.cidr.clone()],
            zone: zone.map(|zone| format!("{}{zone}", place.region)),
            ..SubnetFacts::default()
        }));
        let id = place.arn("ec2", &format!("subnet/{}", subnet.id));
        let name = format!("{}-{word}-{}", self.name, self.subnets);
        out.resource(&Item::regional(&id, "network.subnet", place, facts).name(&name))?;
        Ok(subnet)
    }

    /// A NAT gateway in this subnet; its id.
    pub(crate) fn nat(
        &self,
        out: &mut Writer<'_>,
        rng: &mut Rng,
        place: Place<'_>,
        subnet: &Subnet,
    ) -> io::Result<String> {
        let nat = rng.id("nat-");
        let facts = Properties::Gateway(Box::new(GatewayFacts {
            vpcs: vec![self.id.clone()],
            subnet: Some(subnet.id.clone()),
            ..GatewayFacts::default()
        }));
        let id = place.arn("ec2", &format!("natgateway/{nat}"));
        out.resource(&Item::regional(&id, "network.nat_gateway", place, facts))?;
        Ok(nat)
    }

    /// The route table of these subnets, or the main one if there are none, with a default route to
    /// this target.
    pub(crate) fn table(
        &self,
        out: &mut Writer<'_>,
        rng: &mut Rng,
        place: Place<'_>,
        default_target: Option<&str>,
        subnets: &[&Subnet],
    ) -> io::Result<()> {
        let route = |destination: &str, target: &str| Route {
            destination: destination.to_owned(),
            target: target.to_owned(),
            active: Some(true),
            ..Route::default()
        };
        let mut routes = vec![route(&self.cidr, "local")];
        routes.extend(default_target.map(|target| route(ANYWHERE, target)));
        let facts = Properties::RouteTable(Box::new(RouteTableFacts {
            vpc: Some(self.id.clone()),
            main: Some(subnets.is_empty()),
            subnets: subnets.iter().map(|it| it.id.clone()).collect(),
            routes,
            ..RouteTableFacts::default()
        }));
        let id = place.arn("ec2", &format!("route-table/{}", rng.id("rtb-")));
        out.resource(&Item::regional(&id, "network.route_table", place, facts))
    }

    /// The ACL of this subnet, or the default one, with these entries before those that let all
    /// through.
    pub(crate) fn acl(
        &self,
        out: &mut Writer<'_>,
        rng: &mut Rng,
        place: Place<'_>,
        subnet: Option<&Subnet>,
        denials: &[AclEntry],
    ) -> io::Result<()> {
        let allow = |direction: &str| AclEntry {
            number: 100,
            direction: direction.to_owned(),
            action: "allow".to_owned(),
            protocol: "*".to_owned(),
            cidr: ANYWHERE.to_owned(),
            ..AclEntry::default()
        };
        let mut entries = denials.to_vec();
        entries.extend([allow("ingress"), allow("egress")]);
        let facts = Properties::Acl(Box::new(AclFacts {
            vpc: Some(self.id.clone()),
            default: Some(subnet.is_none()),
            subnets: subnet.iter().map(|it| it.id.clone()).collect(),
            entries,
            ..AclFacts::default()
        }));
        let id = place.arn("ec2", &format!("network-acl/{}", rng.id("acl-")));
        out.resource(&Item::regional(&id, "network.acl", place, facts))
    }

    /// A security group with these rules, and one that lets everything out; its id.
    pub(crate) fn group(
        &self,
        out: &mut Writer<'_>,
        rng: &mut Rng,
        place: Place<'_>,
        name: &str,
        ingress: Vec<SecurityGroupRule>,
    ) -> io::Result<String> {
        let group = rng.id("sg-");
        let mut rules = ingress;
        rules.push(SecurityGroupRule {
            direction: "egress".to_owned(),
            protocol: "*".to_owned(),
            peers: vec![ANYWHERE.to_owned()],
            ..SecurityGroupRule::default()
        });
        let facts = Properties::SecurityGroup(Box::new(SecurityGroupFacts {
            vpc: Some(self.id.clone()),
            rules,
            ..SecurityGroupFacts::default()
        }));
        let id = place.arn("ec2", &format!("security-group/{group}"));
        out.resource(&Item::regional(&id, "network.security_group", place, facts).name(name))?;
        Ok(group)
    }
}

/// A rule that lets TCP in on one port from this range or group.
pub(crate) fn ingress(port: u16, peer: &str) -> SecurityGroupRule {
    SecurityGroupRule {
        direction: "ingress".to_owned(),
        protocol: "tcp".to_owned(),
        ports: Some(port.to_string()),
        peers: vec![peer.to_owned()],
        ..SecurityGroupRule::default()
    }
}

/// An ACL entry that denies TCP, asked before the others.
pub(crate) fn acl_denial(direction: &str, ports: &str, cidr: &str) -> AclEntry {
    AclEntry {
        number: 10,
        direction: direction.to_owned(),
        action: "deny".to_owned(),
        protocol: "tcp".to_owned(),
        ports: Some(ports.to_owned()),
        cidr: cidr.to_owned(),
        ..AclEntry::default()
    }
}
