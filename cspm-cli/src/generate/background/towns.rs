//! VPCs with their subnets, gateways and security groups.

use std::io;

use cspm_model::finding::Severity;

use super::{Everyday, share};
use crate::generate::network::{ANYWHERE, Subnet, Vpc, acl_denial, ingress};
use crate::generate::output::Report;

/// Ports that people leave open: port, word in the check, name.
const SERVICES: [(u16, &str, &str); 8] = [
    (22, "ssh", "SSH"),
    (3389, "rdp", "RDP"),
    (3306, "mysql", "MySQL"),
    (5432, "postgresql", "PostgreSQL"),
    (6379, "redis", "Redis"),
    (9200, "elasticsearch_kibana", "Elasticsearch"),
    (27017, "mongodb", "MongoDB"),
    (9092, "kafka", "Kafka"),
];

/// A security group, and the service that it opens to everybody.
#[derive(Debug)]
struct Group {
    id: String,
    open: Option<(u16, &'static str, &'static str)>,
}

/// Machines that are started alike.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) groups: Vec<String>,
    /// What its groups open to everybody, the first such.
    pub(super) open: Option<(u16, &'static str, &'static str)>,
    pub(super) profile: Option<String>,
}

/// A VPC in which things live.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) vpc: Vpc,
    pub(super) public: Vec<Subnet>,
    pub(super) private: Vec<Subnet>,
    /// The first ones have most machines.
    pub(super) fleets: Vec<Fleet>,
    /// Groups of load balancers and of databases.
    pub(super) front: String,
    pub(super) store: String,
}

impl Everyday<'_, '_> {
    pub(super) fn towns(&mut self) -> io::Result<()> {
        let count = (self.size / 600 + u64::from(self.size > 60)).min(200);
        for at in 0..count {
            let name = format!("{}-{at}", self.place.account.alias);
            let groups = (self.quota(share::SECURITY_GROUPS) / count).max(4);
            let town = self.town(&name, groups)?;
            self.towns.push(town);
        }
        Ok(())
    }

    fn town(&mut self, name: &str, group_count: u64) -> io::Result<Town> {
        let (out, rng, place) = (&mut *self.out, &mut self.rng, self.place);
        let mut vpc = Vpc::write(out, rng, place, name)?;
        let mut public = Vec::new();
        let mut private = Vec::new();
        for _ in 0..2 + rng.below(2) {
            public.push(vpc.subnet(out, rng, place, "public")?);
            private.push(vpc.subnet(out, rng, place, "private")?);
        }
        let gateway = vpc.gateway.clone();
        vpc.table(
            out,
            rng,
            place,
            Some(&gateway),
            &public.iter().collect::<Vec<_>>(),
        )?;
        let nat = match public.first() {
            Some(first) => Some(vpc.nat(out, rng, place, first)?),
            None => None,
        };
        vpc.table(
            out,
            rng,
            place,
            nat.as_deref(),
            &private.iter().collect::<Vec<_>>(),
        )?;
        if rng.chance(300) {
            let denial = acl_denial("ingress", "3389", ANYWHERE);
            vpc.acl(out, rng, place, public.first(), &[denial])?;
        }
        let front = vec![ingress(443, ANYWHERE), ingress(80, ANYWHERE)];
        let front = vpc.group(out, rng, place, "front", front)?;
        let app = vpc.group(out, rng, place, "app", vec![ingress(8080, &front)])?;
        let store = vpc.group(out, rng, place, "store", vec![ingress(5432, &app)])?;
        let mut groups = vec![Group {
            id: app,
            open: None,
        }];
        for at in 3..group_count {
            self.group(&vpc, &mut groups, at)?;
        }
        let fleets = (0..2 + groups.len() / 2)
            .map(|_| self.fleet(&groups))
            .collect();
        Ok(Town {
            vpc,
            public,
            private,
            fleets,
            front,
            store,
        })
    }

    fn fleet(&mut self, groups: &[Group]) -> Fleet {
        let mut fleet = Fleet {
            groups: Vec::new(),
            open: None,
            profile: self.rng.pick_shared(&self.pools.profiles).cloned(),
        };
        if self.rng.chance(400) {
            fleet.profile = None;
        }
        for _ in 0..=self.rng.below(3) {
            if let Some(group) = self.rng.pick_shared(groups)
                && !fleet.groups.contains(&group.id)
            {
                fleet.groups.push(group.id.clone());
                fleet.open = fleet.open.or(group.open);
            }
        }
        fleet
    }

    /// One more group: open to everybody, to the VPC, or to another group.
    fn group(&mut self, vpc: &Vpc, groups: &mut Vec<Group>, at: u64) -> io::Result<()> {
        let service = self
            .rng
            .pick(&SERVICES)
            .copied()
            .unwrap_or((22, "ssh", "SSH"));
        let (port, word, _) = service;
        let (name, rule, open) = match self.rng.below(100) {
            0..18 => (
                format!("{word}-open-{at}"),
                ingress(port, ANYWHERE),
                Some(service),
            ),
            18..60 => (
                format!("{word}-inside-{at}"),
                ingress(port, &vpc.cidr),
                None,
            ),
            _ => {
                let peer = self.rng.pick_shared(groups).map_or("", |it| it.id.as_str());
                (format!("{word}-from-{at}"), ingress(port, peer), None)
            }
        };
        let id = vpc.group(self.out, &mut self.rng, self.place, &name, vec![rule])?;
        if open.is_some() {
            let arn = self.place.arn("ec2", &format!("security-group/{id}"));
            let check = format!("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_{port}");
            let title = format!("Security group {name} lets everybody in on port {port}");
            let report = Report {
                check: &check,
                resource: &arn,
                severity: Severity::High,
                title: &title,
                port: Some(port),
            };
            self.out.finding(self.place, report)?;
        }
        groups.push(Group { id, open });
        Ok(())
    }
}
