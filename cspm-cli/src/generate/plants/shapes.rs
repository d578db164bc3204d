//! One function a shape. Each builds the path, or the path with the one flaw of the site.

use std::io;

use cspm_model::finding::Severity;
use cspm_model::grant::PolicyType;
use cspm_model::resource::{
    DatabaseFacts, FunctionFacts, FunctionUrl, GroupFacts, KeyFacts, Listener, LoadBalancerFacts,
    PublicAccessBlock, SecretFacts, Target, TargetGroupFacts, UserFacts,
};
use cspm_model::{Access, Properties, ResourceId};
use serde_json::{Value, json};

use super::flaw::Flaw;
use super::site::{Bearer, Permission, Server, Site, Store, hop, jewel};
use crate::generate::network::{ANYWHERE, acl_denial, ingress};
use crate::generate::organization::{ADMINISTRATOR, Account, AccountBuckets, Place, blocked};
use crate::generate::output::{Item, Report};
use crate::generate::truth::Jewel;

/// What was built: where it begins, the states on the way, and its end.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) entry: ResourceId,
    pub(super) hops: Vec<String>,
    pub(super) jewel: Jewel,
}

impl Built {
    /// A way from an exposed server over these identities to a jewel.
    fn from_server(server: &str, identities: &[&str], jewel: Jewel) -> Self {
        let mut hops = vec![hop(server, Access::Reach), hop(server, Access::Control)];
        hops.extend(identities.iter().map(|id| hop(id, Access::Control)));
        hops.push(hop(jewel.id.as_str(), jewel.access));
        Self {
            entry: server.into(),
            hops,
            jewel,
        }
    }
}

const READ_SECRET: &[&str] = &["secretsmanager:GetSecretValue"];
const ASSUME: &[&str] = &["sts:AssumeRole"];

impl Site<'_, '_> {
    pub(super) fn direct_read(&mut self) -> io::Result<Built> {
        let account = self.account();
        let store = self.store(account.place())?;
        let reader = &[store.permission];
        let role = self.critical_role(&account, "app", &Bearer::Machine, reader)?;
        let server = self.server_with(&account, "app")?;
        Ok(Built::from_server(&server.id, &[&role], store.jewel))
    }

    pub(super) fn role_chain(&mut self) -> io::Result<Built> {
        let length = 2 + usize::try_from(self.rng.below(3)).unwrap_or(0);
        let accounts = self.organization.way(&mut self.rng, length);
        let (Some(first), Some(last)) = (accounts.first(), accounts.last()) else {
            return Err(no_account());
        };
        let store = self.store(last.place())?;
        let words = ["app", "relay", "broker", "reader"];
        let arns: Vec<String> = accounts
            .iter()
            .zip(words)
            .map(|(account, word)| self.role_arn(account, word))
            .collect();
        for (at, (account, word)) in accounts.iter().zip(words).enumerate() {
            let next = arns.get(at + 1);
            let permissions = [match next {
                Some(next) => Permission::new(ASSUME, next.as_str()),
                None => store.permission.clone(),
            }];
            let bearer = match at.checked_sub(1).and_then(|before| arns.get(before)) {
                None => Bearer::Machine,
                Some(_) if next.is_none() && self.has(Flaw::TrustOther) => {
                    let ec2 = Bearer::Machine;
                    Bearer::Principal(self.role(account, "retired", &ec2, &[], &[])?)
                }
                Some(before) => Bearer::Principal(before.clone()),
            };
            // The flaws of identities fall on the last assumption.
            if at + 2 == accounts.len() {
                self.critical_role(account, word, &bearer, &permissions)?;
            } else {
                self.role(account, word, &bearer, &permissions, &[])?;
            }
        }
        let server = self.server_with(first, "app")?;
        let identities: Vec<&str> = arns.iter().map(String::as_str).collect();
        Ok(Built::from_server(&server.id, &identities, store.jewel))
    }

    pub(super) fn secret_and_network(&mut self) -> io::Result<Built> {
        let account = self.account();
        let place = account.place();
        let mut net = self.net(place)?;
        let secret = self.secret(place, "master")?;
        let permission = Permission::new(READ_SECRET, secret.as_str());
        let role = self.critical_role(&account, "app", &Bearer::Machine, &[permission])?;
        let profile = self.profile_arn(&account, "app");
        let server = self.exposed(place, &mut net, Some(&profile))?;
        let admitted = if self.has(Flaw::DatabaseClosed) {
            let name = format!("{}-reports", self.name);
            net.vpc
                .group(self.out, &mut self.rng, place, &name, Vec::new())?
        } else {
            server.group.clone()
        };
        let name = format!("{}-db", self.name);
        let rules = vec![ingress(5432, &admitted)];
        let group = net
            .vpc
            .group(self.out, &mut self.rng, place, &name, rules)?;
        let (word, class) = self.jewel();
        let name = format!("{word}-{}", self.rng.suffix());
        let id = place.arn("rds", &format!("db:{name}"));
        let facts = Properties::Database(Box::new(DatabaseFacts {
            engine: Some("postgres".to_owned()),
            port: Some(5432),
            publicly_accessible: Some(false),
            encrypted: Some(false),
            vpc: Some(net.vpc.id.clone()),
            subnets: vec![net.private.id.clone()],
            security_groups: vec![group],
            master_secret: Some(secret.clone()),
            iam_authentication: Some(false),
            data_api: Some(false),
            ..DatabaseFacts::default()
        }));
        let item = Item::regional(&id, "data.database", place, facts).name(&name);
        self.write_jewel(item, class)?;
        let report = Report {
            check: "rds_instance_storage_encrypted",
            resource: &id,
            severity: Severity::Medium,
            title: &format!("Database {name} is not encrypted at rest"),
            port: None,
        };
        self.out.finding(place, report)?;
        let mut built = Built::from_server(&server.id, &[&role], jewel(&id, Access::Read));
        built.jewel.also.push(Access::Write);
        let end = built.hops.len() - 1;
        let halves = [hop(&secret, Access::Read), hop(&id, Access::Reach)];
        built.hops.splice(end..end, halves);
        Ok(built)
    }

    pub(super) fn function_url(&mut self) -> io::Result<Built> {
        let account = self.account();
        let place = account.place();
        let store = self.store(place)?;
        let bearer = Bearer::Service("lambda.amazonaws.com");
        let role = self.critical_role(&account, "api", &bearer, &[store.permission])?;
        let open = !self.has(Flaw::UrlAuthenticated);
        let name = format!("{}-api", self.name);
        let id = place.arn("lambda", &format!("function:{name}"));
        let auth = if open { "NONE" } else { "AWS_IAM" };
        let facts = Properties::Function(Box::new(FunctionFacts {
            role: Some(role.clone()),
            url: Some(FunctionUrl {
                auth: Some(auth.to_owned()),
                ..FunctionUrl::default()
            }),
            runtime: Some("python3.13".to_owned()),
            ..FunctionFacts::default()
        }));
        let item = Item::regional(&id, "compute.function", place, facts).name(&name);
        self.out.resource(&item)?;
        if open {
            self.out
                .policy(PolicyType::Resource, &id, &function_url_policy(&id))?;
        }
        let report = Report {
            check: "awslambda_function_url_public",
            resource: &id,
            severity: Severity::High,
            title: &format!("Function {name} has a public URL"),
            port: None,
        };
        self.out.finding(place, report)?;
        Ok(Built::from_server(&id, &[&role], store.jewel))
    }

    pub(super) fn public_bucket(&mut self) -> io::Result<Built> {
        // A blocked policy still lets in whoever is of the same account: nobody may be there.
        let account = match self.flaw {
            Some(Flaw::AccountBlock) => self.sandbox(AccountBuckets::Blocked),
            Some(_) => self.sandbox(AccountBuckets::Open),
            None => self.account(),
        };
        let place = account.place();
        let block = if self.has(Flaw::BucketBlock) {
            blocked()
        } else {
            PublicAccessBlock::default()
        };
        let store = self.bucket(place, None, block)?;
        let everybody = json!({
            "Sid": "PublicRead", "Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": store.permission.resource,
        });
        let id = store.jewel.id.as_str();
        self.out.policy(PolicyType::Resource, id, &[everybody])?;
        let report = Report {
            check: "s3_bucket_policy_public_access",
            resource: id,
            severity: Severity::High,
            title: &format!("Bucket policy of {id} lets everybody in"),
            port: None,
        };
        self.out.finding(place, report)?;
        Ok(Built {
            entry: id.into(),
            hops: vec![hop(id, Access::Read)],
            jewel: store.jewel,
        })
    }

    pub(super) fn load_balancer(&mut self) -> io::Result<Built> {
        let account = self.account();
        let place = account.place();
        let store = self.store(place)?;
        let mut net = self.net(place)?;
        let role = self.role(&account, "app", &Bearer::Machine, &[store.permission], &[])?;
        let profile = self.profile_arn(&account, "app");
        let (out, rng, name) = (&mut *self.out, &mut self.rng, &self.name);
        let front = vec![ingress(443, ANYWHERE)];
        let front = net
            .vpc
            .group(out, rng, place, &format!("{name}-lb"), front)?;
        let admitted = if self.flaw == Some(Flaw::TargetClosed) {
            net.vpc
                .group(out, rng, place, &format!("{name}-old-lb"), Vec::new())?
        } else {
            front.clone()
        };
        let back = vec![ingress(8080, &admitted)];
        let back = net
            .vpc
            .group(out, rng, place, &format!("{name}-back"), back)?;
        let server = self.hidden(place, &mut net, &back, &profile)?;
        let family = self.rng.suffix();
        let id = place.arn(
            "elasticloadbalancing",
            &format!("loadbalancer/app/{}/{family}", self.name),
        );
        let targets = place.arn(
            "elasticloadbalancing",
            &format!("targetgroup/{}/{family}", self.name),
        );
        let facts = Properties::TargetGroup(Box::new(TargetGroupFacts {
            vpc: Some(net.vpc.id.clone()),
            load_balancers: vec![id.clone()],
            port: Some(8080),
            protocol: Some("http".to_owned()),
            targets: Some(vec![Target {
                id: server.clone(),
                port: Some(8080),
                ..Target::default()
            }]),
            ..TargetGroupFacts::default()
        }));
        let item = Item::regional(&targets, "network.target_group", place, facts).name(&self.name);
        self.out.resource(&item)?;
        let scheme = if self.has(Flaw::InternalScheme) {
            "internal"
        } else {
            "internet-facing"
        };
        let second = net.vpc.subnet(self.out, &mut self.rng, place, "public")?;
        let gateway = net.vpc.gateway.clone();
        net.vpc
            .table(self.out, &mut self.rng, place, Some(&gateway), &[&second])?;
        let facts = Properties::LoadBalancer(Box::new(LoadBalancerFacts {
            scheme: Some(scheme.to_owned()),
            family: Some("application".to_owned()),
            vpc: Some(net.vpc.id.clone()),
            subnets: vec![net.public.id.clone(), second.id],
            security_groups: vec![front],
            listeners: Some(vec![Listener {
                port: 443,
                protocol: Some("https".to_owned()),
                target_groups: vec![targets],
                ..Listener::default()
            }]),
            ..LoadBalancerFacts::default()
        }));
        let item = Item::regional(&id, "network.load_balancer", place, facts).name(&self.name);
        self.out.resource(&item)?;
        let report = Report {
            check: "elbv2_internet_facing",
            resource: &id,
            severity: Severity::Medium,
            title: &format!("Load balancer {} faces the internet", self.name),
            port: None,
        };
        self.out.finding(place, report)?;
        let mut built = Built::from_server(&server, &[&role], store.jewel);
        built.hops.insert(0, hop(&id, Access::Reach));
        built.entry = id.into();
        Ok(built)
    }

    pub(super) fn lateral(&mut self) -> io::Result<Built> {
        let account = self.account();
        let place = account.place();
        let store = self.store(place)?;
        let mut net = self.net(place)?;
        let role = self.role(&account, "app", &Bearer::Machine, &[store.permission], &[])?;
        let profile = self.profile_arn(&account, "app");
        let first = self.exposed(place, &mut net, None)?;
        let (out, rng, name) = (&mut *self.out, &mut self.rng, &self.name);
        let admitted = if self.flaw == Some(Flaw::SidewaysClosed) {
            net.vpc
                .group(out, rng, place, &format!("{name}-bastion"), Vec::new())?
        } else {
            first.group.clone()
        };
        if self.flaw == Some(Flaw::SidewaysAcl) {
            let denial = acl_denial("ingress", "22", &net.public.cidr);
            net.vpc
                .acl(out, rng, place, Some(&net.private), &[denial])?;
        }
        let rules = vec![ingress(22, &admitted)];
        let group = net
            .vpc
            .group(out, rng, place, &format!("{name}-back"), rules)?;
        let second = self.hidden(place, &mut net, &group, &profile)?;
        let mut built = Built::from_server(&first.id, &[&second, &role], store.jewel);
        built.hops.insert(2, hop(&second, Access::Reach));
        Ok(built)
    }

    pub(super) fn user_credential(&mut self) -> io::Result<Built> {
        let account = self.account();
        let place = account.place();
        let store = self.store(place)?;
        let secret = self.secret(place, "deploy-key")?;
        let permission = Permission::new(READ_SECRET, secret.as_str());
        let role = self.critical_role(&account, "app", &Bearer::Machine, &[permission])?;
        let group = account.iam(&format!("group/{}-team", self.name));
        let facts = Properties::Group(Box::<GroupFacts>::default());
        let name = format!("{}-team", self.name);
        let item = Item::of_account(&group, "identity.group", place, facts).name(&name);
        self.out.resource(&item)?;
        let statement = store.permission.statement("Allow");
        self.out.inline_policy(&group, "access", &[statement])?;
        let boundary = if self.has(Flaw::UserBoundary) {
            let logs = Permission::new(&["logs:*", "cloudwatch:*"], "*").statement("Allow");
            Some(self.managed(&account, "boundary", &[logs])?)
        } else {
            None
        };
        let user = account.iam(&format!("user/{}-deploy", self.name));
        let facts = Properties::User(Box::new(UserFacts {
            groups: vec![group],
            boundary,
            active_keys: Some(1),
            ..UserFacts::default()
        }));
        let name = format!("{}-deploy", self.name);
        let item = Item::of_account(&user, "identity.user", place, facts).name(&name);
        self.out.resource(&item)?;
        if self.has(Flaw::UserDeny) {
            let denial = store.permission.statement("Deny");
            self.out.inline_policy(&user, "limits", &[denial])?;
        }
        self.out.credential(&secret, &user)?;
        let server = self.server_with(&account, "app")?;
        let mut built = Built::from_server(&server.id, &[&role, &user], store.jewel);
        built.hops.insert(3, hop(&secret, Access::Read));
        Ok(built)
    }

    pub(super) fn pass_role(&mut self) -> io::Result<Built> {
        // Whoever administers an account holds all that is in it: nothing else may be.
        let account = self.sandbox(AccountBuckets::Open);
        let service = if self.has(Flaw::TrustService) {
            "glue.amazonaws.com"
        } else {
            "lambda.amazonaws.com"
        };
        let bearer = Bearer::Service(service);
        let administrator = self.role(&account, "admin", &bearer, &[], &[ADMINISTRATOR])?;
        let permissions = [
            Permission::new(&["iam:PassRole"], administrator.as_str()),
            Permission::new(&["lambda:CreateFunction", "lambda:InvokeFunction"], "*"),
        ];
        let role = self.critical_role(&account, "builder", &Bearer::Machine, &permissions)?;
        let server = self.server_with(&account, "builder")?;
        let jewel = jewel(&account.id(), Access::Control);
        Ok(Built::from_server(
            &server.id,
            &[&role, &administrator],
            jewel,
        ))
    }

    pub(super) fn cross_account_bucket(&mut self) -> io::Result<Built> {
        let accounts = self.organization.way(&mut self.rng, 2);
        let [home, other] = accounts.as_slice() else {
            return Err(no_account());
        };
        let store = self.bucket(other.place(), None, blocked())?;
        let permission = store.permission.clone();
        let role = self.critical_role(home, "app", &Bearer::Machine, &[permission])?;
        let mut statement = store.permission.statement("Allow");
        let mut statements = Vec::new();
        let mut principal = json!({"AWS": role});
        match self.flaw {
            Some(Flaw::OtherReader) => {
                let retired = self.role(home, "retired", &Bearer::Machine, &[], &[])?;
                principal = json!({"AWS": retired});
            }
            Some(Flaw::OtherOrganization) => {
                let other = format!("o-{}", self.rng.suffix());
                let condition = json!({"StringEquals": {"aws:PrincipalOrgID": other}});
                principal = json!("*");
                set(&mut statement, "Condition", condition);
            }
            Some(Flaw::BucketDeny) => {
                let mut denial = store.permission.statement("Deny");
                set(&mut denial, "Principal", principal.clone());
                statements.push(denial);
            }
            _ => {}
        }
        set(&mut statement, "Principal", principal);
        statements.push(statement);
        let id = store.jewel.id.as_str();
        self.out.policy(PolicyType::Resource, id, &statements)?;
        let report = Report {
            check: "s3_bucket_cross_account_access",
            resource: id,
            severity: Severity::Medium,
            title: &format!("Bucket policy of {id} lets another account in"),
            port: None,
        };
        self.out.finding(other.place(), report)?;
        let server = self.server_with(home, "app")?;
        Ok(Built::from_server(&server.id, &[&role], store.jewel))
    }

    pub(super) fn encrypted_bucket(&mut self) -> io::Result<Built> {
        let account = self.account();
        let place = account.place();
        let key = place.arn("kms", &format!("key/{}", self.rng.id("")));
        let facts = Properties::Key(Box::new(KeyFacts {
            manager: Some("CUSTOMER".to_owned()),
            enabled: Some(true),
            names: vec![format!("alias/{}", self.name)],
            ..KeyFacts::default()
        }));
        self.out
            .resource(&Item::regional(&key, "key", place, facts))?;
        let steward = if self.has(Flaw::KeyClosed) {
            let bearer = Bearer::Service("backup.amazonaws.com");
            self.role(&account, "key-steward", &bearer, &[], &[])?
        } else {
            account.root()
        };
        let key_policy = json!({
            "Effect": "Allow", "Principal": {"AWS": steward}, "Action": "kms:*", "Resource": "*",
        });
        self.out.policy(PolicyType::Resource, &key, &[key_policy])?;
        let Store { jewel, permission } = self.bucket(place, Some(&key), blocked())?;
        let mut permissions = vec![permission];
        if !self.has(Flaw::NoDecrypt) {
            permissions.push(Permission::new(&["kms:Decrypt"], key));
        }
        let role = self.critical_role(&account, "app", &Bearer::Machine, &permissions)?;
        let server = self.server_with(&account, "app")?;
        Ok(Built::from_server(&server.id, &[&role], jewel))
    }

    /// An account in which things begin.
    fn account(&mut self) -> Account {
        let account = self.organization.way(&mut self.rng, 1).pop();
        account.unwrap_or_else(|| self.sandbox(AccountBuckets::Open))
    }

    fn sandbox(&mut self, buckets: AccountBuckets) -> Account {
        self.organization.open_sandbox(&mut self.rng, buckets)
    }

    /// An exposed server in a VPC of its own, with the role of this word.
    fn server_with(&mut self, account: &Account, word: &str) -> io::Result<Server> {
        let mut net = self.net(account.place())?;
        let profile = self.profile_arn(account, word);
        self.exposed(account.place(), &mut net, Some(&profile))
    }

    /// A secret; its ARN.
    fn secret(&mut self, place: Place<'_>, word: &str) -> io::Result<String> {
        let name = format!("{}/{word}", self.name);
        let id = place.arn(
            "secretsmanager",
            &format!("secret:{name}-{}", self.rng.suffix()),
        );
        let facts = Properties::Secret(Box::<SecretFacts>::default());
        let item = Item::regional(&id, "secret", place, facts).name(&name);
        self.out.resource(&item)?;
        Ok(id)
    }
}

/// What the provider wants said of a function that everybody may invoke by its URL.
pub(crate) fn function_url_policy(function: &str) -> [Value; 2] {
    [
        json!({
            "Sid": "FunctionURLAllowPublicAccess", "Effect": "Allow", "Principal": "*",
            "Action": "lambda:InvokeFunctionUrl", "Resource": function,
            "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        }),
        json!({
            "Sid": "FunctionURLInvokeAllowPublicAccess", "Effect": "Allow", "Principal": "*",
            "Action": "lambda:InvokeFunction", "Resource": function,
            "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
        }),
    ]
}

fn set(statement: &mut Value, key: &str, value: Value) {
    if let Value::Object(members) = statement {
        members.insert(key.to_owned(), value);
    }
}

fn no_account() -> io::Error {
    io::Error::other("the organisation has no account in which a path could run")
}
