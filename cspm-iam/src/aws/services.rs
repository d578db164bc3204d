//! Services whose rules differ from the general ones.

use super::action::Action;
use super::principal::Principal;

/// Whether resource control policies have a say in this action.
///
/// # Source
/// AWS Organizations User Guide, "Resource control policies", "List of AWS services that support RCPs" and
/// "Resources and entities not restricted by RCPs", as of 2026-09-26, read 2026-11.
pub(crate) fn resource_control_applies(
    principal: &Principal,
    action: &Action,
    resource: &str,
) -> bool {
    RESOURCE_CONTROLLED.binary_search(&action.service()).is_ok()
        && action.folded() != "kms:retiregrant"
        && !principal.is_service_linked_role()
        && Protected::of(resource) != Some(Protected::ServiceLinked)
}

/// Whether service control policies have a say in requests of this principal.
///
/// # Source
/// AWS Organizations User Guide, "Service control policies", "SCP effects on permissions" and "Tasks and
/// entities not restricted by SCPs", read 2026-11: they limit users and roles of the account, its root user
/// included, but no service-linked role. Services, federated and anonymous callers are no principals of an
/// account.
pub(crate) fn service_control_applies(principal: &Principal) -> bool {
    principal.account().is_some() && !principal.is_service_linked_role()
}

/// Whether nothing is allowed on this resource unless its own policy allows it, or hands the decision to the
/// account.
///
/// # Source
/// AWS IAM User Guide, "How AWS enforcement code logic evaluates requests", step resource-based policies:
/// "IAM role trust policies and KMS key policies are exceptions to this logic, because they must explicitly
/// allow access for principals"; AWS KMS Developer Guide, "Key policies in AWS KMS"; both read 2026-11.
pub(crate) fn resource_policy_decides(action: &Action, resource: &str) -> bool {
    is_role_assumption(action) || (action.service() == "kms" && resource.contains(":key/"))
}

/// Whether the action is one that a role's trust policy is about.
pub(crate) fn is_role_assumption(action: &Action) -> bool {
    matches!(
        action.folded(),
        "sts:assumerole"
            | "sts:assumerolewithsaml"
            | "sts:assumerolewithwebidentity"
            | "sts:tagsession"
            | "sts:setsourceidentity"
            | "sts:setcontext"
    )
}

/// Whether the action cannot be refused by any policy.
///
/// # Source
/// AWS STS API Reference, read 2026-11. GetCallerIdentity: "No permissions are required to perform this
/// operation. If an administrator attaches a policy ... that explicitly denies access to the
/// sts:GetCallerIdentity action, you can still perform this operation." GetSessionToken: "No permissions are
/// required for users to perform this operation ... You cannot use policies to control authentication
/// operations."
pub(crate) fn is_always_allowed(principal: &Principal, action: &Action) -> bool {
    match action.folded() {
        // Whoever has credentials can ask whose they are.
        "sts:getcalleridentity" => {
            !matches!(principal, Principal::Anonymous | Principal::Federated(_))
        }
        "sts:getsessiontoken" => matches!(principal, Principal::User(_) | Principal::Root(_)),
        _ => false,
    }
}

/// Whether the principal cannot do the action whatever policies say.
///
/// # Source
/// AWS STS API Reference, AssumeRole, read 2026-11: "You cannot call AssumeRole by using AWS account root
/// user credentials; access is denied." A call without credentials is refused before any policy is read,
/// except for the two operations that bring their own proof.
pub(crate) fn is_always_refused(principal: &Principal, action: &Action, resource: &str) -> bool {
    let stranger = matches!(principal, Principal::Root(_) | Principal::Anonymous);
    let of_service =
        matches!(principal, Principal::Service(_)) || principal.is_service_linked_role();
    (is_role_assumption(action) && stranger)
        || (changes_role(action) && Protected::of(resource).is_some() && !of_service)
}

/// A role that only AWS can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protected {
    /// Made by a service for itself.
    ServiceLinked,
    /// Made by IAM Identity Center for a permission set.
    Reserved,
}

impl Protected {
    /// Which of them the ARN of a role stands for.
    pub(crate) fn of(resource: &str) -> Option<Self> {
        if resource.contains(":role/aws-service-role/") {
            Some(Self::ServiceLinked)
        } else if resource.contains(":role/aws-reserved/") {
            Some(Self::Reserved)
        } else {
            None
        }
    }
}

/// Whether the action changes what a role can do or who can use it.
///
/// # Source
/// AWS IAM API Reference, error `UnmodifiableEntity` of these operations, read 2026-11: "The request was
/// rejected because service-linked roles are protected AWS resources. Only the service that depends on the
/// service-linked role can modify or delete the role on your behalf." Roles of permission sets give the same
/// error. Description and session duration can be changed, so those operations are not here.
fn changes_role(action: &Action) -> bool {
    matches!(
        action.folded(),
        "iam:attachrolepolicy"
            | "iam:detachrolepolicy"
            | "iam:putrolepolicy"
            | "iam:deleterolepolicy"
            | "iam:updateassumerolepolicy"
            | "iam:putrolepermissionsboundary"
            | "iam:deleterolepermissionsboundary"
            | "iam:deleterole"
    )
}

/// Whether the bucket policy cannot keep this principal from the action.
///
/// # Source
/// Amazon S3 API Reference, PutBucketPolicy, GetBucketPolicy and DeleteBucketPolicy, read 2026-11: "the root
/// principal in a bucket owner's AWS account can perform the GetBucketPolicy, PutBucketPolicy, and
/// DeleteBucketPolicy API actions, even if their bucket policy explicitly denies the root principal's
/// access". VPC endpoint and organisation policies still can.
pub(crate) fn overrides_resource_deny(
    principal: &Principal,
    action: &Action,
    resource_account: Option<&str>,
) -> bool {
    let Principal::Root(root) = principal else {
        return false;
    };
    Some(root.account()) == resource_account
        && matches!(
            action.folded(),
            "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy"
        )
}

/// Service prefixes, sorted.
const RESOURCE_CONTROLLED: &[&str] = &[
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(RESOURCE_CONTROLLED.is_sorted());
    }
}
