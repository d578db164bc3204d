//! Condition keys: who sets each of them.

/// Who decides the value of a condition key, seen from an attacker who makes the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Setter {
    /// The caller, with the request itself.
    Request,
    /// A fact about the principal.
    Principal,
    /// A fact about the organisation or the resource.
    Estate,
    /// Where in the network the request comes from.
    Place,
    /// Something else: a second factor, a shared secret, the time, the claims of a federation.
    Outside,
}

impl Setter {
    /// Who sets this key; keys that are not in the table count as [`Setter::Outside`].
    pub fn of(key: &str) -> Self {
        let key = key.to_ascii_lowercase();
        let named = |entry: &&(&str, Self)| match entry.0.strip_suffix('*') {
            Some(prefix) => key.starts_with(prefix),
            None => entry.0 == key,
        };
        SETTERS
            .iter()
            .find(named)
            .map_or(Self::Outside, |entry| entry.1)
    }

    /// The word of the batch contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Principal => "principal",
            Self::Estate => "estate",
            Self::Place => "place",
            Self::Outside => "outside",
        }
    }
}

/// Keys in lower case, `*` at the end for a prefix; the first match counts.
///
/// # Source
/// AWS IAM User Guide, "AWS global condition context keys", and AWS Service Authorization Reference,
/// condition key tables of the services named, read 2026-11.
const SETTERS: &[(&str, Setter)] = &[
    // Properties of the request.
    ("aws:requesttag/*", Setter::Request),
    ("aws:tagkeys", Setter::Request),
    ("aws:requestedregion", Setter::Request),
    ("aws:securetransport", Setter::Request),
    ("aws:useragent", Setter::Request),
    ("aws:referer", Setter::Request),
    // The attacker can choose whether to go through a service, and which.
    ("aws:viaawsservice", Setter::Request),
    ("aws:calledvia*", Setter::Request),
    ("kms:viaservice", Setter::Request),
    ("kms:callerarn", Setter::Request),
    // The network.
    ("aws:sourceip", Setter::Place),
    ("aws:sourcevpc*", Setter::Place),
    ("aws:vpcsourceip", Setter::Place),
    ("aws:vpce*", Setter::Place),
    // Facts about the principal.
    ("aws:principalorg*", Setter::Estate),
    ("aws:principal*", Setter::Principal),
    ("aws:username", Setter::Principal),
    ("aws:userid", Setter::Principal),
    ("aws:ec2instancesourcevpc", Setter::Place),
    ("aws:ec2instancesourceprivateipv4", Setter::Place),
    ("ec2:sourceinstancearn", Setter::Principal),
    ("lambda:sourcefunctionarn", Setter::Principal),
    ("ec2:roledelivery", Setter::Principal),
    ("kms:calleraccount", Setter::Principal),
    // Facts about resource and organisation.
    ("aws:resource*", Setter::Estate),
    ("lambda:functionurlauthtype", Setter::Estate),
    ("lambda:invokedviafunctionurl", Setter::Request),
    ("s3:resourceaccount", Setter::Estate),
    ("s3:existingobjecttag/*", Setter::Estate),
    ("s3:buckettag/*", Setter::Estate),
    ("s3:dataaccesspoint*", Setter::Request),
    ("s3:accesspointnetworkorigin", Setter::Estate),
    ("s3:*", Setter::Request),
    ("ec2:resourcetag/*", Setter::Estate),
    ("iam:resourcetag/*", Setter::Estate),
    ("ssm:resourcetag/*", Setter::Estate),
    ("secretsmanager:resourcetag/*", Setter::Estate),
    ("secretsmanager:secretid", Setter::Request),
    ("secretsmanager:versionstage", Setter::Request),
    ("secretsmanager:versionid", Setter::Request),
    ("rds:db-tag/*", Setter::Estate),
    ("rds:cluster-tag/*", Setter::Estate),
    ("ecs:cluster", Setter::Request),
    ("ecs:resourcetag/*", Setter::Estate),
    ("eks:clustername", Setter::Request),
    ("kms:resourcealiases", Setter::Estate),
    ("kms:keyspec", Setter::Estate),
    ("kms:keyusage", Setter::Estate),
    ("kms:keyorigin", Setter::Estate),
    ("kms:multiregion*", Setter::Estate),
    ("kms:recipientattestation:*", Setter::Outside),
    ("kms:*", Setter::Request),
    // What the caller asks of the service.
    ("iam:passedtoservice", Setter::Request),
    ("iam:associatedresourcearn", Setter::Request),
    ("iam:awsservicename", Setter::Request),
    ("iam:policyarn", Setter::Request),
    ("iam:permissionsboundary", Setter::Request),
    ("iam:organizationspolicyid", Setter::Request),
    ("sts:rolesessionname", Setter::Request),
    ("sts:transitivetagkeys", Setter::Request),
    ("sts:durationseconds", Setter::Request),
    ("sts:awsservicename", Setter::Request),
    ("sts:sourceidentity", Setter::Request),
    ("dynamodb:*", Setter::Request),
    ("lambda:*", Setter::Request),
    ("sqs:*", Setter::Request),
    ("sns:*", Setter::Request),
    ("ec2:owner", Setter::Estate),
    ("ec2:isolated", Setter::Estate),
    // Most describe what `RunInstances` and its kind ask for.
    ("ec2:*", Setter::Request),
    ("ecr:*", Setter::Request),
    ("ssm:sessiondocumentaccesscheck", Setter::Request),
    ("ssm:documentcategories", Setter::Estate),
    ("autoscaling:*", Setter::Request),
    ("cloudformation:*", Setter::Request),
    ("codebuild:*", Setter::Request),
    ("glue:*", Setter::Request),
    ("sagemaker:*", Setter::Request),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setter_has_a_key() {
        for (key, expected) in [
            ("aws:RequestTag/team", Setter::Request),
            ("aws:CalledViaFirst", Setter::Request),
            ("s3:prefix", Setter::Request),
            ("s3:ResourceAccount", Setter::Estate),
            ("aws:PrincipalOrgID", Setter::Estate),
            ("aws:PrincipalTag/team", Setter::Principal),
            ("aws:ResourceOrgID", Setter::Estate),
            ("aws:SourceVpce", Setter::Place),
            ("aws:SourceIp", Setter::Place),
            ("aws:SourceArn", Setter::Outside),
            ("aws:SourceAccount", Setter::Outside),
            ("aws:MultiFactorAuthPresent", Setter::Outside),
            ("sts:ExternalId", Setter::Outside),
            ("token.actions.githubusercontent.com:sub", Setter::Outside),
            ("SAML:aud", Setter::Outside),
            ("lambda:FunctionUrlAuthType", Setter::Estate),
        ] {
            assert_eq!(Setter::of(key), expected, "{key}");
        }
    }
}
