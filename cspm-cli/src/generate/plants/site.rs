//! What planted paths are built of: servers, roles and stores, each with the flaw that concerns it.

use std::io;

use cspm_model::finding::Severity;
use cspm_model::grant::PolicyType;
use cspm_model::resource::{
    BucketFacts, DataClass, Encryption, InstanceFacts, PolicyFacts, ProfileFacts,
    PublicAccessBlock, RoleFacts, StoreFacts,
};
use cspm_model::{Access, Properties};
use serde_json::{Value, json};

use super::flaw::Flaw;
use crate::generate::network::{ANYWHERE, PublicAddresses, Subnet, Vpc, acl_denial, ingress};
use crate::generate::organization::{Account, Organization, Place, blocked};
use crate::generate::output::{Item, Report, Writer};
use crate::generate::rng::Rng;
use crate::generate::truth::Jewel;

/// What sensitive stores are called, and the class of what is in them.
const JEWELS: [(&str, DataClass); 8] = [
    ("customer-records", DataClass::Pii),
    ("payroll", DataClass::Financial),
    ("card-archive", DataClass::Pci),
    ("patient-files", DataClass::Phi),
    ("claims", DataClass::Pii),
    ("ledger", DataClass::Financial),
    ("contracts", DataClass::Confidential),
    ("signups", DataClass::Pii),
];

/// Ports on which a server may be exposed: port, word in the check, name.
const SERVICES: [(u16, &str, &str); 6] = [
    (22, "ssh", "SSH"),
    (3389, "rdp", "RDP"),
    (6379, "redis", "Redis"),
    (9200, "elasticsearch_kibana", "Elasticsearch"),
    (23, "telnet", "Telnet"),
    (27017, "mongodb", "MongoDB"),
];

/// Actions on a resource.
#[derive(Debug, Clone)]
pub(super) struct Permission {
    pub(super) actions: &'static [&'static str],
    pub(super) resource: String,
}

impl Permission {
    pub(super) fn new(actions: &'static [&'static str], resource: impl Into<String>) -> Self {
        Self {
            actions,
            resource: resource.into(),
        }
    }

    pub(super) fn statement(&self, effect: &str) -> Value {
        json!({"Effect": effect, "Action": self.actions, "Resource": self.resource})
    }
}

/// Who may act as a role.
#[derive(Debug, Clone)]
pub(super) enum Bearer {
    /// A server, through an instance profile.
    Machine,
    /// A service of the provider.
    Service(&'static str),
    /// An identity.
    Principal(String),
}

impl Bearer {
    fn trust(&self) -> Value {
        let principal = match self {
            Self::Machine => json!({"Service": "ec2.amazonaws.com"}),
            Self::Service(service) => json!({"Service": service}),
            Self::Principal(arn) => json!({"AWS": arn}),
        };
        json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    }
}

/// A VPC with one subnet that the internet reaches and one that it does not.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) vpc: Vpc,
    pub(super) public: Subnet,
    pub(super) private: Subnet,
    service: (u16, &'static str, &'static str),
}

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) group: String,
}

/// A store, and what it takes to read it.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) jewel: Jewel,
    pub(super) permission: Permission,
}

/// One path or decoy under construction.
#[derive(Debug)]
pub(super) struct Site<'a, 'w> {
    pub(super) out: &'a mut Writer<'w>,
    pub(super) organization: &'a mut Organization,
    pub(super) addresses: &'a mut PublicAddresses,
    pub(super) rng: Rng,
    pub(super) flaw: Option<Flaw>,
    /// Name that all its parts share, unlike that of any other.
    pub(super) name: String,
}

impl Site<'_, '_> {
    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// A VPC of its own. The flaws of routes and ACLs concern its public subnet.
    pub(super) fn net(&mut self, place: Place<'_>) -> io::Result<Net> {
        let (out, rng) = (&mut *self.out, &mut self.rng);
        let service = rng.pick(&SERVICES).copied().unwrap_or((22, "ssh", "SSH"));
        let mut vpc = Vpc::write(out, rng, place, &self.name)?;
        let public = vpc.subnet(out, rng, place, "public")?;
        let private = vpc.subnet(out, rng, place, "private")?;
        let route = (self.flaw != Some(Flaw::NoRoute)).then_some(vpc.gateway.as_str());
        vpc.table(out, rng, place, route, &[&public])?;
        let denial = match self.flaw {
            Some(Flaw::AclIngress) => Some(acl_denial("ingress", &service.0.to_string(), ANYWHERE)),
            Some(Flaw::AclReturn) => Some(acl_denial("egress", "1024-65535", ANYWHERE)),
            _ => None,
        };
        vpc.acl(out, rng, place, Some(&public), denial.as_slice())?;
        Ok(Net {
            vpc,
            public,
            private,
            service,
        })
    }

    /// A server in the public subnet with a port open to everybody, and the finding that says so.
    pub(super) fn exposed(
        &mut self,
        place: Place<'_>,
        net: &mut Net,
        profile: Option<&str>,
    ) -> io::Result<Server> {
        let (port, word, service) = net.service;
        let name = format!("{}-edge", self.name);
        let peer = if self.has(Flaw::GroupClosed) {
            net.vpc.cidr.clone()
        } else {
            ANYWHERE.to_owned()
        };
        let rules = vec![ingress(port, &peer)];
        let group = net
            .vpc
            .group(self.out, &mut self.rng, place, &name, rules)?;
        let address = (!self.has(Flaw::NoAddress)).then(|| self.addresses.next());
        let state = if self.has(Flaw::Stopped) {
            "stopped"
        } else {
            "running"
        };
        let facts = InstanceFacts {
            state: Some(state.to_owned()),
            vpc: Some(net.vpc.id.clone()),
            subnet: Some(net.public.id.clone()),
            security_groups: vec![group.clone()],
            private_addresses: vec![net.public.address()],
            public_addresses: address.into_iter().collect(),
            instance_profile: profile.map(str::to_owned),
            ..InstanceFacts::default()
        };
        let id = self.instance(place, &name, facts)?;
        let severity = match self.rng.below(4) {
            0 => Severity::High,
            1 => Severity::Low,
            _ => Severity::Medium,
        };
        self.out.finding(
            place,
            Report {
                check: &format!("ec2_instance_port_{word}_exposed_to_internet"),
                resource: &id,
                severity,
                title: &format!("Instance {name} has port {port} ({service}) open to the internet"),
                port: Some(port),
            },
        )?;
        Ok(Server { id, group })
    }

    /// A server in the private subnet, in this group.
    pub(super) fn hidden(
        &mut self,
        place: Place<'_>,
        net: &mut Net,
        group: &str,
        profile: &str,
    ) -> io::Result<String> {
        let facts = InstanceFacts {
            state: Some("running".to_owned()),
            vpc: Some(net.vpc.id.clone()),
            subnet: Some(net.private.id.clone()),
            security_groups: vec![group.to_owned()],
            private_addresses: vec![net.private.address()],
            instance_profile: Some(profile.to_owned()),
            ..InstanceFacts::default()
        };
        self.instance(place, &format!("{}-back", self.name), facts)
    }

    fn instance(
        &mut self,
        place: Place<'_>,
        name: &str,
        facts: InstanceFacts,
    ) -> io::Result<String> {
        let id = place.arn("ec2", &format!("instance/{}", self.rng.id("i-")));
        let facts = Properties::Instance(Box::new(facts));
        let item = Item::regional(&id, "compute.instance", place, facts)
            .name(name)
            .tag("Name", name)
            .tag("env", "prod");
        self.out.resource(&item)?;
        Ok(id)
    }

    /// The role on which the flaws of identities fall.
    pub(super) fn critical_role(
        &mut self,
        account: &Account,
        word: &str,
        bearer: &Bearer,
        permissions: &[Permission],
    ) -> io::Result<String> {
        let mut facts = RoleFacts::default();
        let mut statements: Vec<Value> =
            permissions.iter().map(|it| it.statement("Allow")).collect();
        let mut team = None;
        match self.flaw {
            Some(Flaw::ExplicitDeny) => {
                let denials: Vec<Value> =
                    permissions.iter().map(|it| it.statement("Deny")).collect();
                facts
                    .policies
                    .push(self.managed(account, "limits", &denials)?);
            }
            Some(Flaw::Boundary) => {
                let logs = Permission::new(&["logs:*", "cloudwatch:PutMetricData"], "*");
                let boundary = [logs.statement("Allow")];
                facts.boundary = Some(self.managed(account, "boundary", &boundary)?);
            }
            Some(Flaw::PrincipalTag) => {
                let tag = json!({"StringEquals": {"aws:PrincipalTag/team": "records"}});
                for statement in &mut statements {
                    if let Value::Object(members) = statement {
                        members.insert("Condition".to_owned(), tag.clone());
                    }
                }
                team = Some("storefront");
            }
            Some(Flaw::ServiceControl) => {
                for permission in permissions {
                    let name = format!("protect-{}", self.name);
                    let denial = permission.statement("Deny");
                    self.organization
                        .deny_to(self.out, account, &name, &denial)?;
                }
            }
            Some(Flaw::NoGrant) => {
                let logs = Permission::new(&["logs:PutLogEvents"], "*");
                statements = vec![logs.statement("Allow")];
            }
            _ => {}
        }
        self.write_role(account, word, bearer, &statements, facts, team)
    }

    /// A role without a flaw.
    pub(super) fn role(
        &mut self,
        account: &Account,
        word: &str,
        bearer: &Bearer,
        permissions: &[Permission],
        policies: &[&str],
    ) -> io::Result<String> {
        let facts = RoleFacts {
            policies: policies.iter().map(|&it| it.to_owned()).collect(),
            ..RoleFacts::default()
        };
        let statements: Vec<Value> = permissions.iter().map(|it| it.statement("Allow")).collect();
        self.write_role(account, word, bearer, &statements, facts, None)
    }

    /// The ARN that a role of this site gets, before it is written.
    pub(super) fn role_arn(&self, account: &Account, word: &str) -> String {
        account.iam(&format!("role/{}-{word}", self.name))
    }

    /// The instance profile of a machine's role.
    pub(super) fn profile_arn(&self, account: &Account, word: &str) -> String {
        account.iam(&format!("instance-profile/{}-{word}", self.name))
    }

    fn write_role(
        &mut self,
        account: &Account,
        word: &str,
        bearer: &Bearer,
        statements: &[Value],
        mut facts: RoleFacts,
        team: Option<&str>,
    ) -> io::Result<String> {
        let (arn, place) = (self.role_arn(account, word), account.place());
        let name = format!("{}-{word}", self.name);
        if matches!(bearer, Bearer::Machine) {
            let profile = self.profile_arn(account, word);
            let profile_facts = Properties::Profile(Box::new(ProfileFacts {
                roles: vec![arn.clone()],
                ..ProfileFacts::default()
            }));
            let kind = "identity.instance_profile";
            let item = Item::of_account(&profile, kind, place, profile_facts).name(&name);
            self.out.resource(&item)?;
            facts.instance_profiles.push(profile);
        }
        let facts = Properties::Role(Box::new(facts));
        let mut item = Item::of_account(&arn, "identity.role", place, facts).name(&name);
        if let Some(team) = team {
            item = item.tag("team", team);
        }
        self.out.resource(&item)?;
        self.out
            .policy(PolicyType::Trust, &arn, &[bearer.trust()])?;
        if !statements.is_empty() {
            self.out.inline_policy(&arn, "access", statements)?;
        }
        Ok(arn)
    }

    /// A managed policy; its ARN.
    pub(super) fn managed(
        &mut self,
        account: &Account,
        word: &str,
        statements: &[Value],
    ) -> io::Result<String> {
        let name = format!("{}-{word}", self.name);
        let arn = account.iam(&format!("policy/{name}"));
        let facts = Properties::Policy(Box::new(PolicyFacts {
            version: Some("v1".to_owned()),
            ..PolicyFacts::default()
        }));
        let item = Item::of_account(&arn, "identity.policy", account.place(), facts).name(&name);
        self.out.resource(&item)?;
        self.out.policy(PolicyType::Identity, &arn, statements)?;
        Ok(arn)
    }

    /// A sensitive store that is read by its actions alone: a bucket or a table.
    pub(super) fn store(&mut self, place: Place<'_>) -> io::Result<Store> {
        if self.rng.chance(500) {
            return self.bucket(place, None, blocked());
        }
        let (word, class) = self.jewel();
        let name = format!("{word}-{}", self.rng.suffix());
        let id = place.arn("dynamodb", &format!("table/{name}"));
        let facts = Properties::Store(Box::new(StoreFacts {
            encrypted: Some(true),
            ..StoreFacts::default()
        }));
        self.write_jewel(
            Item::regional(&id, "data.table", place, facts).name(&name),
            class,
        )?;
        let read = &["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"];
        Ok(Store {
            permission: Permission::new(read, id.as_str()),
            jewel: jewel(&id, Access::Read),
        })
    }

    /// A sensitive bucket.
    pub(super) fn bucket(
        &mut self,
        place: Place<'_>,
        key: Option<&str>,
        public_access_block: PublicAccessBlock,
    ) -> io::Result<Store> {
        let (word, class) = self.jewel();
        let name = format!("{word}-{}", self.rng.suffix());
        let id = format!("arn:aws:s3:::{name}");
        let algorithm = if key.is_some() { "aws:kms" } else { "AES256" };
        let facts = Properties::Bucket(Box::new(BucketFacts {
            public_access_block: Some(public_access_block),
            ownership: Some("BucketOwnerEnforced".to_owned()),
            encryption: Some(Encryption {
                algorithm: Some(algorithm.to_owned()),
                key: key.map(str::to_owned),
                ..Encryption::default()
            }),
            ..BucketFacts::default()
        }));
        self.write_jewel(
            Item::regional(&id, "data.bucket", place, facts).name(&name),
            class,
        )?;
        Ok(Store {
            permission: Permission::new(&["s3:GetObject"], format!("{id}/*")),
            jewel: jewel(&id, Access::Read),
        })
    }

    /// Writes a sensitive store. One in four says what it holds in a tag only.
    pub(super) fn write_jewel(&mut self, item: Item<'_>, class: DataClass) -> io::Result<()> {
        let classes = [class];
        let tagged = matches!(
            class,
            DataClass::Pii | DataClass::Financial | DataClass::Confidential
        ) && self.rng.chance(250);
        let item = item.tag("env", "prod").tag("owner", "records");
        if tagged {
            let item = item.tag("data-classification", class.as_str());
            return self.out.resource(&item);
        }
        self.out.resource(&item.data(&classes))
    }

    /// The name and the class of a sensitive store.
    pub(super) fn jewel(&mut self) -> (&'static str, DataClass) {
        self.rng
            .pick(&JEWELS)
            .copied()
            .unwrap_or(("customer-records", DataClass::Pii))
    }
}

/// A crown jewel.
pub(super) fn jewel(id: &str, access: Access) -> Jewel {
    Jewel {
        id: id.into(),
        access,
        also: Vec::new(),
    }
}

/// A state as the truth file names it.
pub(super) fn hop(id: &str, access: Access) -> String {
    format!("{id}#{access}")
}
