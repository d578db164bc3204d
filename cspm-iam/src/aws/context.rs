//! What is known of a request's context.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::arn::{Arn, is_account_id};
use super::evaluate::Request;
use super::pattern::{Resolved, Variable};
use super::principal::Principal;

/// What is known of a request's context: condition keys and their values.
///
/// Keys are compared whatever their case, values are one text or several. In a complete context a key
/// that was not inserted is absent from the request; in an incomplete one it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    complete: bool,
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// A context without keys. `complete` says whether what is not inserted is absent, or not known.
    pub fn new(complete: bool) -> Self {
        Self {
            complete,
            values: BTreeMap::new(),
        }
    }

    /// Sets the values of a key, replacing earlier ones. No values mean that the key is known to be absent.
    pub fn insert<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        let values = values.into_iter().map(Into::into).collect();
        self.values.insert(key.to_ascii_lowercase(), values);
    }

    /// Whether a key that was not inserted is absent.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The values of a key, if it was inserted.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.values
            .get(&key.to_ascii_lowercase())
            .map(Vec::as_slice)
    }
}

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup<'a> {
    Many(&'a [String]),
    One(Cow<'a, str>),
    Absent,
    Open,
}

/// A request's context with the keys that follow from the request itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    request: &'a Request<'a>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(request: &'a Request<'a>) -> Self {
        Self { request }
    }

    /// What is known of `key`, which is in lower case. What the caller states comes first.
    pub(crate) fn lookup(self, key: &str) -> Lookup<'a> {
        match self.request.context.values.get(key) {
            Some(values) if values.is_empty() => Lookup::Absent,
            Some(values) => Lookup::Many(values),
            None => self
                .derived(key)
                .unwrap_or(if self.request.context.complete {
                    Lookup::Absent
                } else {
                    Lookup::Open
                }),
        }
    }

    pub(crate) fn resolve(self, variable: &Variable) -> Resolved<'a> {
        let default = |default: &Option<String>| match default {
            Some(text) => Resolved::Value(Cow::Owned(text.clone())),
            None => Resolved::Absent,
        };
        match self.lookup(&variable.key.to_ascii_lowercase()) {
            Lookup::One(value) => Resolved::Value(value),
            Lookup::Many([value]) => Resolved::Value(Cow::Borrowed(value)),
            // AWS IAM User Guide, "IAM policy elements: Variables and tags", read 2026-11: keys with
            // several values cannot be used as variables.
            Lookup::Many(_) => Resolved::Absent,
            Lookup::Absent => default(&variable.default),
            Lookup::Open => Resolved::Open,
        }
    }

    /// The keys that follow from principal and resource.
    ///
    /// # Source
    /// AWS IAM User Guide, "AWS global condition context keys" (availability of each key), and "IAM policy
    /// elements: Variables and tags", table of principal key values, read 2026-11.
    fn derived(self, key: &str) -> Option<Lookup<'a>> {
        let principal = self.request.principal;
        let known = |value: &'a str| Some(Lookup::One(Cow::Borrowed(value)));
        match key {
            "aws:principalarn" => Some(
                principal
                    .principal_arn()
                    .map_or(Lookup::Absent, |arn| Lookup::One(Cow::Owned(arn))),
            ),
            "aws:principalaccount" => Some(principal.account().map_or(Lookup::Absent, |account| {
                Lookup::One(Cow::Borrowed(account))
            })),
            "aws:principaltype" => match principal {
                Principal::User(_) => known("User"),
                Principal::Role(_) | Principal::AssumedRole(_) => known("AssumedRole"),
                Principal::FederatedUser(_) => known("FederatedUser"),
                Principal::Root(_) => known("Account"),
                Principal::Anonymous => known("Anonymous"),
                Principal::Service(_) | Principal::Federated(_) => None,
            },
            "aws:username" => match principal {
                Principal::User(user) => known(user.name()),
                _ => Some(Lookup::Absent),
            },
            "aws:userid" => match principal {
                Principal::Root(root) => known(root.account()),
                Principal::FederatedUser(session) => {
                    let value = format!("{}:{}", session.account(), session.name());
                    Some(Lookup::One(Cow::Owned(value)))
                }
                Principal::Anonymous => known("anonymous"),
                _ => None,
            },
            "aws:principalisawsservice" => match principal {
                Principal::Service(_) => known("true"),
                // Requests without credentials do not have the key.
                Principal::Anonymous | Principal::Federated(_) => Some(Lookup::Absent),
                _ => known("false"),
            },
            "aws:principalservicename" => match principal {
                Principal::Service(name) => known(name),
                _ => Some(Lookup::Absent),
            },
            "aws:resourceaccount" => self.resource_account().and_then(known),
            "s3:resourceaccount" if self.request.action.service() == "s3" => {
                self.resource_account().and_then(known)
            }
            _ => {
                // Only principals of an account are in an organisation and have tags.
                let of_account = key.starts_with("aws:principaltag/")
                    || matches!(key, "aws:principalorgid" | "aws:principalorgpaths");
                (of_account && principal.account().is_none()).then_some(Lookup::Absent)
            }
        }
    }

    /// The account that owns the resource: as stated, or as its ARN says.
    pub(crate) fn resource_account(self) -> Option<&'a str> {
        self.request.resource_account.or_else(|| {
            Arn::split(self.request.resource)
                .map(|arn| arn.account)
                .filter(|account| is_account_id(account))
        })
    }
}
