//! Which account a document belongs to that does not say it itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answer::Answer;
use super::collection::Facts;
use super::path::PathFacts;
use crate::findings::is_account;

/// `sts get-caller-identity`: read when the document arrives, in [`Accounts::learn_identity`].
pub(super) fn caller_identity(_answer: &Answer<'_>, _facts: &mut Facts) {}

/// Accounts by folder.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// Of the folder of a `sts get-caller-identity` answer.
    stated: BTreeMap<String, BTreeSet<String>>,
    /// Of the documents below a folder.
    seen: BTreeMap<String, BTreeSet<String>>,
}

impl Accounts {
    /// Takes note of a `sts get-caller-identity` answer.
    pub(super) fn learn_identity(&mut self, folders: &[String], value: &Value, call: &str) {
        if call != "sts-get-caller-identity" {
            return;
        }
        let account = value.get("Account").and_then(Value::as_str);
        if let (Some(folder), Some(account)) =
            (folders.first(), account.filter(|it| is_account(it)))
        {
            self.stated
                .entry(folder.clone())
                .or_default()
                .insert(account.to_owned());
        }
    }

    /// Takes note of the accounts that a document names as its own; gives it, if it is one.
    pub(super) fn learn(&mut self, path: &PathFacts, value: &Value) -> Option<String> {
        let mut accounts = BTreeSet::new();
        owners(value, &mut accounts);
        let own = accounts.first().filter(|_| accounts.len() == 1).cloned();
        accounts.extend(path.account.clone());
        for folder in &path.folders {
            let seen = self.seen.entry(folder.clone()).or_default();
            // Two are as good as many: the answer is that it is not known.
            for account in &accounts {
                if seen.len() < 2 {
                    seen.insert(account.clone());
                }
            }
        }
        own
    }

    /// The account of a document in these folders, nearest first.
    pub(super) fn of(&self, folders: &[String]) -> Option<&str> {
        [&self.stated, &self.seen].into_iter().find_map(|known| {
            let nearest = folders
                .iter()
                .find_map(|folder| known.get(folder).filter(|set| !set.is_empty()))?;
            nearest
                .first()
                .filter(|_| nearest.len() == 1)
                .map(String::as_str)
        })
    }
}

/// The accounts that own the things in an answer: their `OwnerId`, and the account in their own ARN.
fn owners(value: &Value, accounts: &mut BTreeSet<String>) {
    const ARNS: [&str; 12] = [
        "Arn",
        "ARN",
        "FunctionArn",
        "TableArn",
        "DBInstanceArn",
        "DBClusterArn",
        "LoadBalancerArn",
        "TargetGroupArn",
        "TopicArn",
        "QueueArn",
        "KeyArn",
        "repositoryArn",
    ];
    // Items stand at most three levels deep: `/Reservations/0/Instances/0`. An explicit stack, and no
    // deeper, since policies and tags below may name anybody.
    let mut stack = vec![(value, 0_u8)];
    while let Some((value, depth)) = stack.pop() {
        match value {
            Value::Object(members) if depth < 3 => {
                for (key, member) in members {
                    if let Value::String(text) = member {
                        let owner = match key.as_str() {
                            "OwnerId" | "AWSAccountId" | "registryId" => Some(text.as_str()),
                            _ if ARNS.contains(&key.as_str()) => text.split(':').nth(4),
                            _ => None,
                        };
                        if let Some(owner) = owner.filter(|it| is_account(it)) {
                            accounts.insert(owner.to_owned());
                        }
                    } else {
                        stack.push((member, depth.saturating_add(1)));
                    }
                }
            }
            Value::Array(items) if depth < 3 => {
                stack.extend(items.iter().map(|item| (item, depth.saturating_add(1))));
            }
            _ => {}
        }
    }
}
