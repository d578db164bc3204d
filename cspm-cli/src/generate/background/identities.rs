//! Managed policies, roles, groups and users.

use std::io;

use cspm_model::Properties;
use cspm_model::finding::Severity;
use cspm_model::grant::PolicyType;
use cspm_model::resource::{GroupFacts, PolicyFacts, ProfileFacts, RoleFacts, UserFacts};
use serde_json::{Value, json};

use super::{Everyday, share};
use crate::generate::organization::{ADMINISTRATOR, federated_trust};
use crate::generate::output::Item;

const TEAMS: [&str; 8] = [
    "payments",
    "search",
    "platform",
    "data",
    "mobile",
    "logistics",
    "growth",
    "support",
];
/// Name of the role that an account lends to others.
const SHARED_ROLE: &str = "shared-read";

/// Writing logs and metrics, as nearly every role may.
pub(super) fn logging() -> Value {
    allow(
        &[
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "cloudwatch:PutMetricData",
        ],
        "*",
    )
}

/// A statement that allows.
pub(super) fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn service_trust(service: &str) -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
}

impl Everyday<'_, '_> {
    /// Managed policies; the first are attached most. One is the boundary of careful teams, some deny.
    pub(super) fn policies(&mut self) -> io::Result<()> {
        for at in 0..self.quota(share::POLICIES) {
            let (name, statements) = if at == 0 {
                let services = json!([
                    "s3:*",
                    "dynamodb:*",
                    "sqs:*",
                    "sns:*",
                    "logs:*",
                    "kms:Decrypt",
                    "cloudwatch:*",
                    "secretsmanager:GetSecretValue",
                ]);
                let all = json!({"Effect": "Allow", "Action": services, "Resource": "*"});
                ("app-boundary".to_owned(), vec![all])
            } else if self.rng.chance(80) {
                let deny = json!({
                    "Effect": "Deny", "Resource": "*",
                    "Action": ["s3:DeleteBucket", "dynamodb:DeleteTable", "kms:ScheduleKeyDeletion"],
                });
                (format!("app-guard-{at}"), vec![deny])
            } else {
                (format!("app-access-{at}"), self.everyday_statements())
            };
            let id = self.place.account.iam(&format!("policy/{name}"));
            let facts = Properties::Policy(Box::new(PolicyFacts {
                version: Some("v1".to_owned()),
                ..PolicyFacts::default()
            }));
            let item = Item::of_account(&id, "identity.policy", self.place, facts).name(&name);
            self.out.resource(&item)?;
            self.out.policy(PolicyType::Identity, &id, &statements)?;
            let title = format!("Policy {name} is wider than it is used");
            self.report(
                300,
                "iam_policy_unused_permissions",
                &id,
                Severity::Low,
                &title,
            )?;
            if at == 0 {
                self.pools.boundary = Some(id);
            } else {
                self.pools.policies.push(id);
            }
        }
        Ok(())
    }

    pub(super) fn roles(&mut self) -> io::Result<()> {
        if !self.lends_to.is_empty() && self.size >= super::SHARING_MIN {
            self.shared_role()?;
        }
        for at in 0..self.quota(share::ROLES) {
            let sort = self.rng.below(100);
            let (word, trust) = match sort {
                0..50 => ("server", service_trust("ec2.amazonaws.com")),
                50..80 => ("function", service_trust("lambda.amazonaws.com")),
                80..93 => ("task", service_trust("ecs-tasks.amazonaws.com")),
                _ => ("person", federated_trust(self.place.account)),
            };
            let name = format!("app-{word}-{at}");
            let id = self.place.account.iam(&format!("role/{name}"));
            let team = self.rng.word(&TEAMS);
            let mut statements = self.everyday_statements();
            self.condition(&mut statements, team);
            if self.rng.chance(80)
                && let Some(lender) = self.rng.pick(&self.borrows_from)
            {
                let shared = lender.iam(&format!("role/{SHARED_ROLE}"));
                statements.push(allow(&["sts:AssumeRole"], &shared));
            }
            let mut policies = Vec::new();
            for _ in 0..self.rng.below(4) {
                if let Some(policy) = self.rng.pick_shared(&self.pools.policies)
                    && !policies.contains(policy)
                {
                    policies.push(policy.clone());
                }
            }
            let boundary = self.pools.boundary.clone().filter(|_| self.rng.chance(100));
            let mut facts = RoleFacts {
                policies,
                boundary,
                ..RoleFacts::default()
            };
            match word {
                "server" => {
                    let profile = self.profile(&name, &id)?;
                    facts.instance_profiles.push(profile.clone());
                    self.pools.profiles.push(profile);
                }
                "function" => self.pools.function_roles.push(id.clone()),
                _ => {}
            }
            let facts = Properties::Role(Box::new(facts));
            let item = Item::of_account(&id, "identity.role", self.place, facts)
                .name(&name)
                .tag("team", team);
            self.out.resource(&item)?;
            self.out.policy(PolicyType::Trust, &id, &[trust])?;
            self.out.inline_policy(&id, "access", &statements)?;
            let title = format!("Role {name} has permissions that it does not use");
            self.report(
                500,
                "iam_role_unused_permissions",
                &id,
                Severity::Medium,
                &title,
            )?;
        }
        Ok(())
    }

    /// Puts a condition on one of the statements now and then: met or not.
    fn condition(&mut self, statements: &mut [Value], team: &str) {
        if !self.rng.chance(100) {
            return;
        }
        let condition = match self.rng.below(3) {
            0 => json!({"StringEquals": {"aws:PrincipalTag/team": team}}),
            1 => json!({"StringEquals": {"aws:PrincipalTag/team": self.rng.word(&TEAMS)}}),
            _ => json!({"StringEquals": {"aws:PrincipalOrgID": self.organization}}),
        };
        if let Some(Value::Object(members)) = statements.last_mut() {
            members.insert("Condition".to_owned(), condition);
        }
    }

    fn profile(&mut self, name: &str, role: &str) -> io::Result<String> {
        let id = self.place.account.iam(&format!("instance-profile/{name}"));
        let facts = Properties::Profile(Box::new(ProfileFacts {
            roles: vec![role.to_owned()],
            ..ProfileFacts::default()
        }));
        let kind = "identity.instance_profile";
        let item = Item::of_account(&id, kind, self.place, facts).name(name);
        self.out.resource(&item)?;
        Ok(id)
    }

    /// The role that two other accounts may take; it reads everyday stores.
    fn shared_role(&mut self) -> io::Result<()> {
        let id = self.place.account.iam(&format!("role/{SHARED_ROLE}"));
        let facts = Properties::Role(Box::<RoleFacts>::default());
        let item = Item::of_account(&id, "identity.role", self.place, facts).name(SHARED_ROLE);
        self.out.resource(&item)?;
        let roots: Vec<String> = self.lends_to.iter().map(|it| it.root()).collect();
        let trust =
            json!({"Effect": "Allow", "Principal": {"AWS": roots}, "Action": "sts:AssumeRole"});
        self.out.policy(PolicyType::Trust, &id, &[trust])?;
        let statements = self.everyday_statements();
        self.out.inline_policy(&id, "access", &statements)?;
        let title = "Role can be assumed from other accounts";
        let check = "iam_role_cross_account_access";
        self.report(700, check, &id, Severity::Medium, title)
    }

    /// Groups and the people in them, administrators among them; and users of programs.
    pub(super) fn people(&mut self) -> io::Result<()> {
        let users = self.quota(share::USERS);
        if users == 0 {
            return Ok(());
        }
        let read = allow(
            &["s3:Get*", "s3:List*", "dynamodb:Describe*", "ec2:Describe*"],
            "*",
        );
        let groups = [
            ("developers", None, Some(self.everyday_statements())),
            (
                "operators",
                None,
                Some(vec![allow(&["ec2:Describe*", "logs:Get*"], "*")]),
            ),
            ("readers", None, Some(vec![read])),
            ("administrators", Some(ADMINISTRATOR), None),
        ];
        for (name, policy, statements) in groups {
            let id = self.place.account.iam(&format!("group/{name}"));
            let facts = Properties::Group(Box::new(GroupFacts {
                policies: policy.map(str::to_owned).into_iter().collect(),
                ..GroupFacts::default()
            }));
            let item = Item::of_account(&id, "identity.group", self.place, facts).name(name);
            self.out.resource(&item)?;
            if let Some(statements) = statements {
                self.out.inline_policy(&id, "access", &statements)?;
            }
        }
        for at in 0..users {
            let program = self.rng.chance(300);
            let name = format!("{}-{at}", if program { "program" } else { "person" });
            let id = self.place.account.iam(&format!("user/{name}"));
            let mut facts = UserFacts {
                active_keys: Some(u32::from(program)),
                ..UserFacts::default()
            };
            if program {
                facts.policies = self
                    .rng
                    .pick_shared(&self.pools.policies)
                    .cloned()
                    .into_iter()
                    .collect();
            } else {
                let group = match self.rng.below(100) {
                    0..60 => "developers",
                    60..87 => "operators",
                    87..97 => "readers",
                    _ => "administrators",
                };
                facts.groups = vec![self.place.account.iam(&format!("group/{group}"))];
            }
            let facts = Properties::User(Box::new(facts));
            let item = Item::of_account(&id, "identity.user", self.place, facts).name(&name);
            self.out.resource(&item)?;
            if program {
                if self.rng.chance(300)
                    && let Some(secret) = self.rng.pick(&self.pools.secrets).cloned()
                {
                    self.out.credential(&secret, &id)?;
                }
                let title = format!("Access key of {name} is old");
                self.report(
                    700,
                    "iam_rotate_access_key_90_days",
                    &id,
                    Severity::Medium,
                    &title,
                )?;
            } else {
                let title = format!("{name} signs in without a second factor");
                let check = "iam_user_mfa_enabled_console_access";
                self.report(600, check, &id, Severity::High, &title)?;
            }
        }
        Ok(())
    }
}
