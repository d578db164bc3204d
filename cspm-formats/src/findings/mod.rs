//! Findings of scanners, one record at a time.

mod asff;
mod ocsf;

use cspm_model::{Finding, ResourceId};
use serde_json::Value;

use crate::node::Node;

/// What a record says.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Something is wrong.
    Finding(Box<Finding>),
    /// Passed, manual, resolved, suppressed, archived.
    NotFinding,
    /// It cannot be read, and why.
    Unreadable(String),
}

/// A format of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Open Cybersecurity Schema Framework.
    Ocsf,
    /// AWS Security Finding Format.
    Asff,
}

impl Format {
    /// The format of a record, by its members.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let has = |key: &str| value.get(key).is_some();
        if has("class_uid") || (has("finding_info") && has("metadata")) {
            Some(Self::Ocsf)
        } else if has("SchemaVersion")
            && (has("ProductArn") || has("GeneratorId") || has("AwsAccountId"))
            || has("GeneratorId") && has("Resources")
        {
            Some(Self::Asff)
        } else {
            None
        }
    }

    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ocsf => "prowler ocsf findings",
            Self::Asff => "aws security hub findings",
        }
    }

    /// Reads one record.
    pub(crate) fn read(self, record: &Node<'_>) -> Outcome {
        match self {
            Self::Ocsf => ocsf::read(record),
            Self::Asff => asff::read(record),
        }
    }
}

/// The id under which the estate knows what a scanner calls `name`.
///
/// Scanners make up ARNs for settings that hold for an account, such as
/// `arn:aws:iam:eu-west-1:111122223333:password-policy`; those mean the account.
fn resource_name(name: &str, account: Option<&str>) -> String {
    match account_meant(name, account) {
        Some(account) => ResourceId::aws_account(account).as_str().to_owned(),
        None => name.to_owned(),
    }
}

fn account_meant<'a>(name: &'a str, stated: Option<&'a str>) -> Option<&'a str> {
    if let Some(rest) = name.strip_prefix("AWS::::Account") {
        return rest
            .strip_prefix(':')
            .filter(|it| is_account(it))
            .or(stated);
    }
    let mut parts = name.splitn(6, ':');
    let (head, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let account = Some(account).filter(|it| is_account(it)).or(stated)?;
    let whole = matches!(
        (service, resource),
        (_, "root")
            | ("iam", "password-policy" | "mfa")
            | ("cloudtrail", "trail")
            | ("s3" | "rds", "account")
            | ("kms", "enclave-debug-attestation")
            | ("ec2", "volume" | "vpc" | "account")
            | ("guardduty", "detector/unknown")
            | ("access-analyzer" | "accessanalyzer", "analyzer/unknown")
            | ("config", "recorder")
            | ("securityhub", "hub/unknown" | "hub/default")
            | ("organizations", "unknown")
    );
    (head == "arn" && whole && is_account(account)).then_some(account)
}

/// Whether it is an AWS account number.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of an inline policy: the scanner names the role (or user, or group) as the resource, and
/// `role/policy` as its name.
fn part_of(uid: &str, name: Option<&str>) -> Option<String> {
    let (owner_path, owner) = uid.rsplit_once('/')?;
    let owner_kind = owner_path.rsplit(':').next().unwrap_or_default();
    let inline = ["role", "user", "group"]
        .iter()
        .any(|kind| owner_kind == *kind || owner_kind.starts_with(&format!("{kind}/")));
    let part = name?.strip_prefix(owner)?.strip_prefix('/')?;
    (inline && !part.is_empty()).then(|| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_arns_mean_the_account() {
        for name in [
            "arn:aws:iam:eu-west-1:111122223333:password-policy",
            "arn:aws:cloudtrail:eu-west-1:111122223333:trail",
            "arn:aws:s3:eu-west-1:111122223333:account",
            "arn:aws:rds:eu-west-1:111122223333:account",
            "arn:aws:kms:eu-west-1:111122223333:enclave-debug-attestation",
            "arn:aws:ec2:eu-west-1:111122223333:volume",
            "arn:aws:ec2:eu-west-1:111122223333:vpc",
            "arn:aws:iam::111122223333:root",
            "AWS::::Account:111122223333",
            "AWS::::Account",
        ] {
            let stated = Some("111122223333");
            assert_eq!(
                resource_name(name, stated),
                "aws:account/111122223333",
                "{name}"
            );
        }
        for name in [
            "arn:aws:s3:::account",
            "arn:aws:sns:eu-west-1:111122223333:trail",
            "<account_uid>",
            "arn:aws:iam::111122223333:user/root",
        ] {
            assert_eq!(resource_name(name, None), name);
        }
    }

    #[test]
    fn an_inline_policy_is_a_part_of_its_owner() {
        let role = "arn:aws:iam::111122223333:role/team/deploy";
        assert_eq!(
            part_of(role, Some("deploy/inline")).as_deref(),
            Some("inline")
        );
        assert_eq!(part_of(role, Some("deploy")), None);
        assert_eq!(part_of("arn:aws:s3:::deploy", Some("deploy/x")), None);
        assert_eq!(
            part_of("arn:aws:eks:r:1:cluster/deploy", Some("deploy/x")),
            None
        );
    }
}
