//! Databases, instances with their volumes, functions, load balancers.

use std::io;

use cspm_model::Properties;
use cspm_model::finding::Severity;
use cspm_model::grant::PolicyType;
use cspm_model::resource::{
    DataClass, DatabaseFacts, FunctionFacts, FunctionUrl, InstanceFacts, Listener,
    LoadBalancerFacts, Target, TargetGroupFacts, VolumeFacts,
};

use super::{Everyday, share};
use crate::generate::output::{Item, Report};
use crate::generate::plants::function_url_policy;

const JOBS: [&str; 10] = [
    "api", "web", "worker", "cache", "batch", "build", "edge", "proxy", "search", "stream",
];
const STAGES: [&str; 4] = ["prod", "staging", "dev", "test"];
const RUNTIMES: [&str; 4] = ["python3.13", "nodejs22.x", "java21", "provided.al2023"];

impl Everyday<'_, '_> {
    /// Databases of everyday applications. A sensitive one has a password that nobody is granted.
    pub(super) fn databases(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::DATABASES) {
            let town_at = self.rng.rank(self.towns.len());
            let Some(town) = self.towns.get(town_at) else {
                break;
            };
            let sensitive = self.rng.chance(30);
            let name = format!("{}-{at}", if sensitive { "vault" } else { "app" });
            let id = self.place.arn("rds", &format!("db:{name}"));
            let secret = self
                .rng
                .pick(&self.pools.secrets)
                .cloned()
                .filter(|_| !sensitive);
            let encrypted = self.rng.chance(700);
            let facts = Properties::Database(Box::new(DatabaseFacts {
                engine: Some("postgres".to_owned()),
                port: Some(5432),
                publicly_accessible: Some(false),
                encrypted: Some(encrypted),
                vpc: Some(town.vpc.id.clone()),
                subnets: town.private.iter().map(|it| it.id.clone()).collect(),
                security_groups: vec![town.store.clone()],
                master_secret: secret,
                iam_authentication: Some(false),
                data_api: Some(false),
                ..DatabaseFacts::default()
            }));
            let class = if sensitive {
                DataClass::Pii
            } else {
                DataClass::Internal
            };
            let classes = [class];
            let item = Item::regional(&id, "data.database", self.place, facts);
            self.out.resource(&item.name(&name).data(&classes))?;
            if !encrypted {
                let title = format!("Database {name} is not encrypted at rest");
                let check = "rds_instance_storage_encrypted";
                self.report(1000, check, &id, Severity::High, &title)?;
            }
            let title = format!("Database {name} can be deleted by accident");
            self.report(
                400,
                "rds_instance_deletion_protection",
                &id,
                Severity::Medium,
                &title,
            )?;
        }
        Ok(())
    }

    pub(super) fn instances(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::INSTANCES) {
            if !self.has_room() {
                break;
            }
            let town_at = self.rng.rank(self.towns.len());
            let is_public = self.rng.chance(250);
            let Some(town) = self.towns.get_mut(town_at) else {
                break;
            };
            let subnets = if is_public {
                &mut town.public
            } else {
                &mut town.private
            };
            let subnet_at = self.rng.below(subnets.len() as u64);
            let Some(subnet) = usize::try_from(subnet_at)
                .ok()
                .and_then(|it| subnets.get_mut(it))
            else {
                break;
            };
            let address = (is_public && self.rng.chance(800)).then(|| self.addresses.next());
            let (private_address, subnet) = (subnet.address(), subnet.id.clone());
            // A machine is like the others of its fleet.
            let fleet = self.rng.pick_shared(&town.fleets);
            let (groups, open, profile) = match fleet {
                Some(fleet) => (fleet.groups.clone(), fleet.open, fleet.profile.clone()),
                None => (Vec::new(), None, None),
            };
            let tokens = if self.rng.chance(650) {
                "required"
            } else {
                "optional"
            };
            let state = if self.rng.chance(60) {
                "stopped"
            } else {
                "running"
            };
            let is_exposed = address.is_some();
            let facts = Properties::Instance(Box::new(InstanceFacts {
                state: Some(state.to_owned()),
                vpc: Some(town.vpc.id.clone()),
                subnet: Some(subnet),
                security_groups: groups,
                private_addresses: vec![private_address],
                public_addresses: address.into_iter().collect(),
                instance_profile: profile,
                metadata_tokens: Some(tokens.to_owned()),
                ..InstanceFacts::default()
            }));
            let id = self
                .place
                .arn("ec2", &format!("instance/{}", self.rng.id("i-")));
            let name = format!("{}-{at}", self.rng.word(&JOBS));
            let item = Item::regional(&id, "compute.instance", self.place, facts)
                .name(&name)
                .tag("Name", &name)
                .tag("env", self.rng.word(&STAGES));
            self.out.resource(&item)?;
            if let Some((port, word, service)) = open.filter(|_| is_exposed) {
                let report = Report {
                    check: &format!("ec2_instance_port_{word}_exposed_to_internet"),
                    resource: &id,
                    severity: if self.rng.chance(500) {
                        Severity::Critical
                    } else {
                        Severity::High
                    },
                    title: &format!(
                        "Instance {name} has port {port} ({service}) open to the internet"
                    ),
                    port: Some(port),
                };
                self.out.finding(self.place, report)?;
            }
            if tokens == "optional" {
                let title = format!("Instance {name} answers metadata requests without a token");
                let check = "ec2_instance_imdsv2_enabled";
                self.report(1000, check, &id, Severity::High, &title)?;
            }
            let title = format!("Instance {name} is not managed for patches");
            self.report(
                500,
                "ec2_instance_managed_by_ssm",
                &id,
                Severity::Medium,
                &title,
            )?;
            self.volume(&id)?;
            self.pools.instances.push((town_at, id));
        }
        Ok(())
    }

    /// The volume of an instance, which nine in ten have of their own.
    fn volume(&mut self, instance: &str) -> io::Result<()> {
        if self.rng.chance(100) {
            return Ok(());
        }
        let encrypted = self.rng.chance(600);
        let volume = self.rng.id("vol-");
        let id = self.place.arn("ec2", &format!("volume/{volume}"));
        let facts = Properties::Volume(Box::new(VolumeFacts {
            encrypted: Some(encrypted),
            attached_to: vec![instance.to_owned()],
            ..VolumeFacts::default()
        }));
        self.out
            .resource(&Item::regional(&id, "data.volume", self.place, facts))?;
        if !encrypted {
            let title = format!("Volume {volume} is not encrypted");
            self.report(
                900,
                "ec2_ebs_volume_encryption",
                &id,
                Severity::High,
                &title,
            )?;
        }
        self.pools.volumes.push(id);
        Ok(())
    }

    pub(super) fn functions(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::FUNCTIONS) {
            if !self.has_room() {
                break;
            }
            let name = format!("app-{}-{at}", self.rng.word(&JOBS));
            let id = self.place.arn("lambda", &format!("function:{name}"));
            let auth = match self.rng.below(100) {
                0..3 => Some("NONE"),
                3..8 => Some("AWS_IAM"),
                _ => None,
            };
            let facts = Properties::Function(Box::new(FunctionFacts {
                role: self.rng.pick_shared(&self.pools.function_roles).cloned(),
                url: auth.map(|auth| FunctionUrl {
                    auth: Some(auth.to_owned()),
                    ..FunctionUrl::default()
                }),
                runtime: Some(self.rng.word(&RUNTIMES).to_owned()),
                ..FunctionFacts::default()
            }));
            let item = Item::regional(&id, "compute.function", self.place, facts).name(&name);
            self.out.resource(&item)?;
            if auth == Some("NONE") {
                self.out
                    .policy(PolicyType::Resource, &id, &function_url_policy(&id))?;
                let title = format!("Function {name} has a public URL");
                let check = "awslambda_function_url_public";
                self.report(1000, check, &id, Severity::Critical, &title)?;
            }
            let title = format!("Function {name} uses an old runtime");
            let check = "awslambda_function_using_supported_runtimes";
            self.report(450, check, &id, Severity::Medium, &title)?;
        }
        Ok(())
    }

    pub(super) fn load_balancers(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::LOAD_BALANCERS) {
            if !self.has_room() {
                break;
            }
            let Some(&(town_at, _)) = self.rng.pick(&self.pools.instances) else {
                break;
            };
            let Some(town) = self.towns.get(town_at) else {
                break;
            };
            let mut targets = Vec::new();
            for _ in 0..=self.rng.below(6) {
                if let Some((_, id)) = self
                    .rng
                    .pick(&self.pools.instances)
                    .filter(|it| it.0 == town_at)
                {
                    targets.push(Target {
                        id: id.clone(),
                        port: Some(8080),
                        ..Target::default()
                    });
                }
            }
            let (name, tail) = (format!("app-lb-{at}"), self.rng.suffix());
            let balancer = format!("loadbalancer/app/{name}/{tail}");
            let id = self.place.arn("elasticloadbalancing", &balancer);
            let group = format!("targetgroup/{name}/{tail}");
            let group = self.place.arn("elasticloadbalancing", &group);
            let facts = Properties::TargetGroup(Box::new(TargetGroupFacts {
                vpc: Some(town.vpc.id.clone()),
                load_balancers: vec![id.clone()],
                port: Some(8080),
                protocol: Some("http".to_owned()),
                targets: Some(targets),
                ..TargetGroupFacts::default()
            }));
            let item = Item::regional(&group, "network.target_group", self.place, facts);
            self.out.resource(&item.name(&name))?;
            let outward = self.rng.chance(600);
            let scheme = if outward {
                "internet-facing"
            } else {
                "internal"
            };
            let subnets = if outward { &town.public } else { &town.private };
            let facts = Properties::LoadBalancer(Box::new(LoadBalancerFacts {
                scheme: Some(scheme.to_owned()),
                family: Some("application".to_owned()),
                vpc: Some(town.vpc.id.clone()),
                subnets: subnets.iter().map(|it| it.id.clone()).collect(),
                security_groups: vec![town.front.clone()],
                listeners: Some(vec![Listener {
                    port: 443,
                    protocol: Some("https".to_owned()),
                    target_groups: vec![group],
                    ..Listener::default()
                }]),
                ..LoadBalancerFacts::default()
            }));
            let item = Item::regional(&id, "network.load_balancer", self.place, facts);
            self.out.resource(&item.name(&name))?;
            if outward {
                let title = format!("Load balancer {name} faces the internet");
                self.report(1000, "elbv2_internet_facing", &id, Severity::Medium, &title)?;
            }
        }
        Ok(())
    }
}
