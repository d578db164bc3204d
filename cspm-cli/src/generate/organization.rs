//! The organisation: accounts, units, service control policies, and who administers.

use std::collections::BTreeSet;
use std::io;

use cspm_model::Properties;
use cspm_model::grant::PolicyType;
use cspm_model::resource::{
    AccountFacts, OrganizationPolicyFacts, OrganizationUnitFacts, PolicyFacts, PublicAccessBlock,
    RoleFacts,
};
use serde_json::{Value, json};

use super::output::{Item, Writer};
use super::rng::Rng;

const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2"];
const NAMES: [&str; 16] = [
    "payments",
    "search",
    "platform",
    "data",
    "mobile",
    "logistics",
    "growth",
    "support",
    "identity",
    "billing",
    "catalog",
    "media",
    "research",
    "partners",
    "commerce",
    "insight",
];
const STAGES: [&str; 4] = ["prod", "staging", "dev", "test"];

/// The provider's own policy that allows everything, above accounts.
const FULL_ACCESS: &str =
    "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess";
/// The provider's own policy that allows everything, to an identity.
pub(crate) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// One account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Twelve digits.
    pub(crate) number: String,
    /// Name for people; it begins the names of the account's buckets.
    pub(crate) alias: String,
    /// Region in which it mostly lives.
    pub(crate) region: &'static str,
    /// Relative size.
    pub(crate) weight: u64,
    unit: usize,
    buckets_blocked: bool,
}

impl Account {
    /// Its id as a resource.
    pub(crate) fn id(&self) -> String {
        format!("aws:account/{}", self.number)
    }

    /// The principal that stands for every identity of it.
    pub(crate) fn root(&self) -> String {
        self.iam("root")
    }

    /// An ARN of its identity service.
    pub(crate) fn iam(&self, rest: &str) -> String {
        format!("arn:aws:iam::{}:{rest}", self.number)
    }

    /// Its federation with the organisation's directory.
    pub(crate) fn federation(&self) -> String {
        self.iam("saml-provider/corporate-sso")
    }

    /// Where things of its region stand.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            account: self,
            region: self.region,
        }
    }
}

/// An account and a region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Account.
    pub(crate) account: &'a Account,
    /// Region.
    pub(crate) region: &'static str,
}

impl Place<'_> {
    /// An ARN of a regional service.
    pub(crate) fn arn(&self, service: &str, rest: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{rest}",
            self.region, self.account.number
        )
    }
}

/// Units below the root. The ones of `REGION_BOUND` may use European regions only.
const UNITS: [&str; 6] = [
    "workloads",
    "platform",
    "business",
    "sandbox",
    "regulated",
    "suspended",
];
const SANDBOX: usize = 3;
const REGION_BOUND: [usize; 2] = [4, 5];

/// The accounts and what stands above them.
#[derive(Debug)]
pub(crate) struct Organization {
    id: String,
    root: String,
    units: Vec<String>,
    /// The account that manages the others; it comes first.
    accounts: Vec<Account>,
    members: usize,
    numbers: BTreeSet<u64>,
}

impl Organization {
    /// An organisation of one managing account and `members` others.
    pub(crate) fn new(rng: &mut Rng, members: usize) -> Self {
        let mut organization = Self {
            id: format!("o-{}", rng.suffix()),
            root: format!("r-{:04x}", rng.below(1 << 16)),
            units: UNITS.iter().map(|_| rng.suffix()).collect(),
            accounts: Vec::new(),
            members,
            numbers: BTreeSet::new(),
        };
        for at in 0..=members {
            let (unit, alias) = if at == 0 {
                (UNITS.len(), "management".to_owned())
            } else {
                // The first few are in open units, so that paths across accounts always find some.
                let unit = match (at, rng.below(10)) {
                    (..=4, _) | (_, 0..4) => at % 3,
                    (_, 4 | 5) => 1,
                    (_, 6 | 7) => 2,
                    _ => 4,
                };
                let alias = format!("{}-{}-{at:04}", rng.word(&NAMES), rng.word(&STAGES));
                (unit, alias)
            };
            organization.open(rng, unit, alias);
        }
        organization
    }

    /// The organisation's id, as condition keys have it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Accounts with everyday life in them, the managing one first.
    pub(crate) fn accounts(&self) -> &[Account] {
        self.accounts.get(..=self.members).unwrap_or_default()
    }

    /// `count` member accounts in which a path may run, one after the other: of units whose policies
    /// do not bear on it, and all different where there are enough.
    pub(crate) fn way(&self, rng: &mut Rng, count: usize) -> Vec<Account> {
        let members = self.accounts().get(1..).unwrap_or_default();
        let start = usize::try_from(rng.below(members.len() as u64)).unwrap_or(0);
        members
            .iter()
            .cycle()
            .skip(start)
            .take(members.len())
            .filter(|account| !REGION_BOUND.contains(&account.unit))
            .cycle()
            .take(count)
            .cloned()
            .collect()
    }

    /// One more account of its own, in which nothing else is.
    pub(crate) fn open_sandbox(&mut self, rng: &mut Rng, buckets: AccountBuckets) -> Account {
        let alias = format!("sandbox-{:04}", self.accounts.len());
        let account = self.open(rng, SANDBOX, alias);
        if let Some(last) = self.accounts.last_mut() {
            last.buckets_blocked = buckets == AccountBuckets::Blocked;
        }
        account
    }

    fn open(&mut self, rng: &mut Rng, unit: usize, alias: String) -> Account {
        let mut number = 100_000_000_000 + rng.below(900_000_000_000);
        while !self.numbers.insert(number) {
            number = 100_000_000_000 + rng.below(900_000_000_000);
        }
        let european = if REGION_BOUND.contains(&unit) { 2 } else { 4 };
        let region = REGIONS
            .get(..european)
            .map_or("eu-west-1", |it| rng.word(it));
        let account = Account {
            number: number.to_string(),
            alias,
            region,
            weight: rng.log_normal(),
            unit,
            buckets_blocked: false,
        };
        self.accounts.push(account.clone());
        account
    }

    fn arn(&self, rest: &str) -> String {
        let manager = self.accounts.first().map_or("", |it| it.number.as_str());
        format!("arn:aws:organizations::{manager}:{rest}")
    }

    fn root_arn(&self) -> String {
        self.arn(&format!("root/{}/{}", self.id, self.root))
    }

    /// The unit at this position, or the root if there is none.
    fn unit_arn(&self, at: usize) -> String {
        match (self.units.get(at), self.root.strip_prefix("r-")) {
            (Some(unit), Some(root)) => self.arn(&format!("ou/{}/ou-{root}-{unit}", self.id)),
            _ => self.root_arn(),
        }
    }

    /// Writes it whole. Accounts opened later are not part of it.
    pub(crate) fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
        let Some(manager) = self.accounts.first() else {
            return Ok(());
        };
        let id = self.arn(&format!("organization/{}", self.id));
        let facts = |parent: Option<String>| {
            Properties::OrganizationUnit(Box::new(OrganizationUnitFacts {
                management_account: parent.is_none().then(|| manager.number.clone()),
                parent,
                ..OrganizationUnitFacts::default()
            }))
        };
        out.resource(&Item::global(&id, "organization", facts(None)).name(&self.id))?;
        let root = self.root_arn();
        out.resource(
            &Item::global(&root, "organization.root", facts(Some(id.clone()))).name("Root"),
        )?;
        for (at, name) in UNITS.into_iter().enumerate() {
            let unit = self.unit_arn(at);
            let facts = facts(Some(root.clone()));
            out.resource(&Item::global(&unit, "organization.unit", facts).name(name))?;
        }
        for (at, account) in self.accounts.iter().enumerate() {
            let facts = Properties::Account(Box::new(AccountFacts {
                organization: Some(self.id.clone()),
                management: Some(at == 0),
                parent: Some(self.unit_arn(account.unit)),
                public_access_block: account.buckets_blocked.then(blocked),
                ..AccountFacts::default()
            }));
            let id = account.id();
            out.resource(
                &Item::of_account(&id, "account", account.place(), facts).name(&account.alias),
            )?;
        }
        self.write_policies(out)?;
        write_administrators(out, self.accounts())
    }

    fn write_policies(&self, out: &mut Writer<'_>) -> io::Result<()> {
        let everything: Vec<String> = std::iter::once(self.root_arn())
            .chain((0..UNITS.len()).map(|at| self.unit_arn(at)))
            .chain(self.accounts.iter().map(Account::id))
            .collect();
        let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        service_control(out, FULL_ACCESS, "FullAWSAccess", everything, &[all])?;
        let policy = |name: &str| {
            self.arn(&format!(
                "policy/{}/service_control_policy/p-{name}",
                self.id
            ))
        };
        let guard = deny(&[
            "organizations:LeaveOrganization",
            "cloudtrail:StopLogging",
            "cloudtrail:DeleteTrail",
            "guardduty:DeleteDetector",
        ]);
        service_control(
            out,
            &policy("guardrails"),
            "guardrails",
            vec![self.root_arn()],
            &[guard],
        )?;
        let regions = json!({
            "Effect": "Deny",
            "NotAction": ["iam:*", "sts:*", "organizations:*", "route53:*", "cloudfront:*", "support:*"],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
        });
        let bound = REGION_BOUND.map(|at| self.unit_arn(at)).to_vec();
        service_control(
            out,
            &policy("european"),
            "european-regions-only",
            bound,
            &[regions],
        )?;
        let frozen = deny(&["ec2:RunInstances", "lambda:CreateFunction", "rds:Create*"]);
        service_control(
            out,
            &policy("frozen"),
            "nothing-new",
            vec![self.unit_arn(5)],
            &[frozen],
        )
    }

    /// Writes a service control policy that denies these actions on this resource to one account.
    pub(crate) fn deny_to(
        &self,
        out: &mut Writer<'_>,
        account: &Account,
        name: &str,
        statement: &Value,
    ) -> io::Result<()> {
        let id = self.arn(&format!(
            "policy/{}/service_control_policy/p-{name}",
            self.id
        ));
        service_control(
            out,
            &id,
            name,
            vec![account.id()],
            std::slice::from_ref(statement),
        )
    }
}

/// Whether the public is kept from all buckets of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountBuckets {
    /// Every switch is on.
    Blocked,
    /// There is no block.
    Open,
}

/// A public access block with every switch on.
pub(crate) fn blocked() -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
        ..PublicAccessBlock::default()
    }
}

fn deny(actions: &[&str]) -> Value {
    json!({"Effect": "Deny", "Action": actions, "Resource": "*"})
}

fn service_control(
    out: &mut Writer<'_>,
    id: &str,
    name: &str,
    targets: Vec<String>,
    statements: &[Value],
) -> io::Result<()> {
    let facts = Properties::OrganizationPolicy(Box::new(OrganizationPolicyFacts {
        targets,
        ..OrganizationPolicyFacts::default()
    }));
    out.resource(&Item::global(id, "organization.policy", facts).name(name))?;
    out.policy(PolicyType::ServiceControl, id, statements)
}

/// People administer through the organisation's directory; no machine may take these roles.
fn write_administrators(out: &mut Writer<'_>, accounts: &[Account]) -> io::Result<()> {
    let facts = Properties::Policy(Box::new(PolicyFacts {
        version: Some("v1".to_owned()),
        ..PolicyFacts::default()
    }));
    let policy = Item::global(ADMINISTRATOR, "identity.policy", facts).name("AdministratorAccess");
    out.resource(&policy)?;
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    out.policy(PolicyType::Identity, ADMINISTRATOR, &[all])?;
    for account in accounts {
        let place = account.place();
        let federation = account.federation();
        let opaque = Properties::empty(&"identity.federated".into());
        out.resource(&Item::of_account(
            &federation,
            "identity.federated",
            place,
            opaque,
        ))?;
        let role = account.iam("role/sso-administrator");
        let facts = Properties::Role(Box::new(RoleFacts {
            policies: vec![ADMINISTRATOR.to_owned()],
            ..RoleFacts::default()
        }));
        let item = Item::of_account(&role, "identity.role", place, facts).name("sso-administrator");
        out.resource(&item)?;
        out.policy(PolicyType::Trust, &role, &[federated_trust(account)])?;
    }
    Ok(())
}

/// Lets people in through the organisation's directory.
pub(crate) fn federated_trust(account: &Account) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": {"Federated": account.federation()},
        "Action": "sts:AssumeRoleWithSAML",
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    })
}
