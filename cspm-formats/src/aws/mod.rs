//! Answers of the AWS command line interface: one function a call, in the module of its service.

mod account;
mod answer;
mod balancers;
mod buckets;
mod collection;
mod compute;
mod containers;
mod databases;
mod functions;
mod iam;
mod keys;
mod network;
mod organizations;
mod path;
mod policy;
mod queues;
mod secrets;
mod tables;
mod volumes;

use serde_json::Value;

use answer::Answer;
use collection::Facts;
pub(crate) use collection::{Added, Collection, Parts, is_answer, is_log_line};

/// A call whose answer is read.
#[derive(Debug)]
struct Call {
    /// `service-call`, as in the names of documents.
    file: &'static str,
    /// Name for people.
    format: &'static str,
    /// A member that its answer has.
    key: &'static str,
    /// Whether that member tells it from all other calls.
    unique: bool,
    read: fn(&Answer<'_>, &mut Facts),
}

macro_rules! calls {
    ($( $service:literal $call:literal $key:literal $unique:ident $read:path; )*) => {
        &[ $( Call {
            file: concat!($service, "-", $call),
            format: concat!("aws cli: ", $service, " ", $call),
            key: $key,
            unique: calls!(@ $unique),
            read: $read,
        } ),* ]
    };
    (@ unique) => { true };
    (@ by_name) => { false };
}

/// Every call that is read. The order decides between calls with the same member: the first one that
/// is unique is taken where the name of the document says nothing.
const CALLS: &[Call] = calls! {
    "iam" "get-account-authorization-details" "RoleDetailList" unique iam::authorization_details;
    "iam" "get-account-authorization-details" "UserDetailList" unique iam::authorization_details;
    "iam" "get-account-authorization-details" "GroupDetailList" unique iam::authorization_details;
    "iam" "list-users" "Users" by_name iam::list_users;
    "iam" "list-roles" "Roles" by_name iam::list_roles;
    "iam" "list-groups" "Groups" by_name iam::list_groups;
    "iam" "get-user" "User" by_name iam::get_user;
    "iam" "get-role" "Role" by_name iam::get_role;
    "iam" "list-instance-profiles" "InstanceProfiles" unique iam::list_instance_profiles;
    "iam" "list-access-keys" "AccessKeyMetadata" unique iam::list_access_keys;
    "ec2" "describe-instances" "Reservations" unique compute::instances;
    "ec2" "describe-iam-instance-profile-associations" "IamInstanceProfileAssociations" unique compute::profile_associations;
    "ec2" "describe-network-interfaces" "NetworkInterfaces" unique network::interfaces;
    "ec2" "describe-security-groups" "SecurityGroups" unique network::security_groups;
    "ec2" "describe-subnets" "Subnets" unique network::subnets;
    "ec2" "describe-vpcs" "Vpcs" unique network::vpcs;
    "ec2" "describe-route-tables" "RouteTables" unique network::route_tables;
    "ec2" "describe-internet-gateways" "InternetGateways" unique network::internet_gateways;
    "ec2" "describe-egress-only-internet-gateways" "EgressOnlyInternetGateways" unique network::egress_gateways;
    "ec2" "describe-nat-gateways" "NatGateways" unique network::nat_gateways;
    "ec2" "describe-network-acls" "NetworkAcls" unique network::acls;
    "ec2" "describe-addresses" "Addresses" unique network::addresses;
    "ec2" "describe-vpc-peering-connections" "VpcPeeringConnections" unique network::peerings;
    "ec2" "describe-vpc-endpoints" "VpcEndpoints" unique network::endpoints;
    "ec2" "describe-managed-prefix-lists" "PrefixLists" unique network::prefix_lists;
    "ec2" "describe-prefix-lists" "PrefixLists" by_name network::prefix_lists;
    "ec2" "get-managed-prefix-list-entries" "Entries" by_name network::prefix_list_entries;
    "ec2" "describe-volumes" "Volumes" unique volumes::volumes;
    "ec2" "describe-snapshots" "Snapshots" by_name volumes::snapshots;
    "ec2" "describe-snapshot-attribute" "CreateVolumePermissions" unique volumes::snapshot_attribute;
    "elbv2" "describe-load-balancers" "LoadBalancers" unique balancers::load_balancers;
    "elbv2" "describe-target-groups" "TargetGroups" unique balancers::target_groups;
    "elbv2" "describe-listeners" "Listeners" by_name balancers::listeners;
    "elbv2" "describe-rules" "Rules" by_name balancers::rules;
    "elbv2" "describe-target-health" "TargetHealthDescriptions" unique balancers::target_health;
    "elb" "describe-load-balancers" "LoadBalancerDescriptions" unique balancers::classic;
    "lambda" "list-functions" "Functions" by_name functions::list_functions;
    "lambda" "get-function" "Configuration" by_name functions::get_function;
    "lambda" "get-policy" "Policy" by_name functions::policy;
    "lambda" "get-function-url-config" "FunctionUrl" unique functions::url_config;
    "lambda" "list-tags" "Tags" by_name functions::tags;
    "rds" "describe-db-instances" "DBInstances" unique databases::instances;
    "rds" "describe-db-clusters" "DBClusters" unique databases::clusters;
    "rds" "describe-db-snapshots" "DBSnapshots" unique databases::snapshots;
    "rds" "describe-db-cluster-snapshots" "DBClusterSnapshots" unique databases::snapshots;
    "rds" "describe-db-snapshot-attributes" "DBSnapshotAttributesResult" unique databases::snapshot_attributes;
    "rds" "describe-db-subnet-groups" "DBSubnetGroups" unique databases::subnet_groups;
    "redshift" "describe-clusters" "Clusters" by_name databases::redshift;
    "redshift" "describe-cluster-subnet-groups" "ClusterSubnetGroups" by_name databases::redshift_subnet_groups;
    "es" "describe-elasticsearch-domain" "DomainStatus" unique databases::search_domain;
    "opensearch" "describe-domain" "DomainStatus" by_name databases::search_domain;
    "dynamodb" "describe-table" "Table" by_name tables::describe_table;
    "dynamodb" "list-tables" "TableNames" unique tables::list_tables;
    "dynamodb" "list-tags-of-resource" "Tags" by_name tables::tags;
    "dynamodb" "get-resource-policy" "Policy" by_name tables::policy;
    "s3api" "list-buckets" "Buckets" unique buckets::list_buckets;
    "s3api" "get-bucket-policy" "Policy" by_name buckets::policy;
    "s3api" "get-bucket-acl" "Grants" by_name buckets::acl;
    "s3api" "get-public-access-block" "PublicAccessBlockConfiguration" by_name buckets::public_access_block;
    "s3api" "get-bucket-ownership-controls" "OwnershipControls" by_name buckets::ownership;
    "s3api" "get-bucket-encryption" "ServerSideEncryptionConfiguration" by_name buckets::encryption;
    "s3api" "get-bucket-tagging" "TagSet" by_name buckets::tagging;
    "s3api" "get-bucket-location" "LocationConstraint" by_name buckets::location;
    "s3control" "get-public-access-block" "PublicAccessBlockConfiguration" by_name buckets::account_public_access_block;
    "secretsmanager" "list-secrets" "SecretList" unique secrets::list_secrets;
    "secretsmanager" "describe-secret" "ARN" by_name secrets::describe_secret;
    "secretsmanager" "get-resource-policy" "ARN" by_name secrets::policy;
    "kms" "list-keys" "Keys" by_name keys::list_keys;
    "kms" "describe-key" "KeyMetadata" unique keys::describe_key;
    "kms" "get-key-policy" "Policy" by_name keys::policy;
    "kms" "list-aliases" "Aliases" by_name keys::list_aliases;
    "kms" "list-grants" "Grants" by_name keys::grants;
    "sqs" "list-queues" "QueueUrls" unique queues::list_queues;
    "sqs" "get-queue-attributes" "Attributes" by_name queues::queue_attributes;
    "sns" "list-topics" "Topics" by_name queues::list_topics;
    "sns" "get-topic-attributes" "Attributes" by_name queues::topic_attributes;
    "ecr" "describe-repositories" "repositories" by_name containers::repositories;
    "ecr" "get-repository-policy" "policyText" unique containers::repository_policy;
    "ecs" "list-tasks" "taskArns" unique containers::list_tasks;
    "ecs" "describe-tasks" "tasks" by_name containers::tasks;
    "ecs" "describe-task-definition" "taskDefinition" unique containers::task_definition;
    "organizations" "describe-organization" "Organization" unique organizations::organization;
    "organizations" "list-roots" "Roots" unique organizations::roots;
    "organizations" "list-organizational-units-for-parent" "OrganizationalUnits" by_name organizations::units;
    "organizations" "list-accounts-for-parent" "Accounts" by_name organizations::accounts_for_parent;
    "organizations" "list-accounts" "Accounts" by_name organizations::accounts;
    "organizations" "list-policies" "Policies" by_name organizations::list_policies;
    "organizations" "describe-policy" "Policy" by_name organizations::describe_policy;
    "organizations" "list-targets-for-policy" "Targets" by_name organizations::targets;
    "sts" "get-caller-identity" "Account" by_name account::caller_identity;
};

/// Calls that are known to carry no fact that a step needs, and a member that their answers have.
const HARMLESS: &[(&str, &str, &str)] = &[
    (
        "ec2-describe-regions",
        "aws cli: ec2 describe-regions",
        "Regions",
    ),
    (
        "ec2-describe-availability-zones",
        "aws cli: ec2 describe-availability-zones",
        "AvailabilityZones",
    ),
    (
        "ec2-describe-key-pairs",
        "aws cli: ec2 describe-key-pairs",
        "KeyPairs",
    ),
    (
        "ec2-describe-images",
        "aws cli: ec2 describe-images",
        "Images",
    ),
    (
        "ec2-describe-flow-logs",
        "aws cli: ec2 describe-flow-logs",
        "FlowLogs",
    ),
    (
        "ec2-describe-dhcp-options",
        "aws cli: ec2 describe-dhcp-options",
        "DhcpOptions",
    ),
    (
        "iam-get-account-summary",
        "aws cli: iam get-account-summary",
        "SummaryMap",
    ),
    (
        "iam-get-account-password-policy",
        "aws cli: iam get-account-password-policy",
        "PasswordPolicy",
    ),
    (
        "s3api-get-bucket-versioning",
        "aws cli: s3api get-bucket-versioning",
        "Status",
    ),
    (
        "cloudtrail-describe-trails",
        "aws cli: cloudtrail describe-trails",
        "trailList",
    ),
    (
        "guardduty-list-detectors",
        "aws cli: guardduty list-detectors",
        "DetectorIds",
    ),
];

/// What the call of a document was.
enum Which {
    Read(&'static Call, Option<String>),
    Harmless(&'static str, String),
    NotModelled(&'static str, String),
    Unclear(&'static str),
    Unknown,
}

/// The call whose answer `value` is: by the name of the document where the answer fits it, else by a
/// member that no other call's answer has.
fn which(value: &Value, path: &path::PathFacts) -> Which {
    let has = |key: &str| value.get(key).is_some();
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    let mut named_otherwise = None;
    for (name, argument) in &path.calls {
        let name = canonical(name);
        let mut known = false;
        for call in CALLS.iter().filter(|call| call.file == name) {
            known = true;
            if has(call.key) {
                return Which::Read(call, argument.clone());
            }
        }
        if let Some((_, format, _)) = HARMLESS.iter().find(|(file, _, _)| *file == name) {
            return Which::Harmless(format, NO_FACT.to_owned());
        }
        if known && empty {
            return Which::Harmless("aws cli: empty answer", "an empty answer".to_owned());
        }
        if !known && is_call(&name) {
            named_otherwise.get_or_insert(name);
        }
    }
    if let Some(call) = CALLS.iter().find(|call| call.unique && has(call.key)) {
        return Which::Read(call, None);
    }
    if let Some(name) = named_otherwise {
        let spoken = name.replacen('-', " ", 1);
        if NOT_MODELLED.iter().any(|it| name.starts_with(it)) {
            let reason = format!("`{spoken}`: describes things that this version does not model");
            return Which::NotModelled(ANOTHER, reason);
        }
        return Which::Harmless(ANOTHER, format!("`{spoken}`: {NO_FACT}"));
    }
    if let Some((_, format, _)) = HARMLESS
        .iter()
        .find(|(_, _, key)| *key != "Status" && has(key))
    {
        return Which::Harmless(format, NO_FACT.to_owned());
    }
    by_shape(value).map_or_else(
        || {
            CALLS
                .iter()
                .find(|call| has(call.key))
                .map_or(Which::Unknown, |call| Which::Unclear(call.format))
        },
        |call| Which::Read(call, None),
    )
}

const ANOTHER: &str = "aws cli: another call";

/// Calls of services that hold data, run code or let traffic in, and are not read yet.
const NOT_MODELLED: &[&str] = &[
    "apigateway-get-rest-apis",
    "apigatewayv2-get-apis",
    "apprunner-list-services",
    "batch-describe-",
    "cloudfront-list-distributions",
    "codebuild-list-projects",
    "docdb-describe-",
    "ec2-describe-transit-gateway",
    "ec2-describe-vpn-connections",
    "ecs-list-services",
    "efs-describe-file-systems",
    "eks-describe-cluster",
    "eks-list-clusters",
    "elasticache-describe-",
    "elasticbeanstalk-describe-environments",
    "emr-list-clusters",
    "fsx-describe-file-systems",
    "glue-get-",
    "kafka-list-clusters",
    "kinesis-list-streams",
    "lightsail-get-instances",
    "memorydb-describe-",
    "mq-list-brokers",
    "neptune-describe-",
    "s3control-list-access-points",
    "sagemaker-list-",
    "ssm-describe-parameters",
    "stepfunctions-list-state-machines",
];

const NO_FACT: &str = "carries no fact that a step needs";

/// Answers whose member is shared with other calls, but whose content tells them apart.
fn by_shape(value: &Value) -> Option<&'static Call> {
    let first = |key: &str, member: &str| {
        value
            .get(key)
            .and_then(|it| it.get(0))
            .and_then(|it| it.get(member))
            .is_some()
    };
    let inside = |key: &str, member: &str| value.get(key).and_then(|it| it.get(member)).is_some();
    let name = match () {
        () if first("Users", "UserId") && first("Users", "Arn") => "iam-list-users",
        () if first("Roles", "RoleId") => "iam-list-roles",
        () if first("Groups", "GroupId") && first("Groups", "Arn") => "iam-list-groups",
        () if inside("User", "UserId") => "iam-get-user",
        () if inside("Role", "RoleId") => "iam-get-role",
        () if first("Snapshots", "SnapshotId") && first("Snapshots", "VolumeId") => {
            "ec2-describe-snapshots"
        }
        () if first("Listeners", "ListenerArn") => "elbv2-describe-listeners",
        () if first("Rules", "RuleArn") => "elbv2-describe-rules",
        () if first("Functions", "FunctionArn") => "lambda-list-functions",
        () if inside("Configuration", "FunctionArn") => "lambda-get-function",
        () if first("Clusters", "ClusterIdentifier") => "redshift-describe-clusters",
        () if inside("Table", "TableArn") => "dynamodb-describe-table",
        () if first("Keys", "KeyArn") => "kms-list-keys",
        () if first("Grants", "GranteePrincipal") => "kms-list-grants",
        () if first("Aliases", "AliasArn") && first("Aliases", "AliasName") => "kms-list-aliases",
        () if inside("Attributes", "QueueArn") => "sqs-get-queue-attributes",
        () if inside("Attributes", "TopicArn") => "sns-get-topic-attributes",
        () if first("Topics", "TopicArn") => "sns-list-topics",
        () if first("repositories", "repositoryArn") => "ecr-describe-repositories",
        () if first("tasks", "taskArn") => "ecs-describe-tasks",
        () if first("Accounts", "JoinedMethod") => "organizations-list-accounts",
        () if first("OrganizationalUnits", "Arn") => {
            "organizations-list-organizational-units-for-parent"
        }
        () if first("Policies", "Type") && first("Policies", "AwsManaged") => {
            "organizations-list-policies"
        }
        () if inside("Policy", "PolicySummary") => "organizations-describe-policy",
        () if value.get("UserId").is_some() && value.get("Arn").is_some() => {
            "sts-get-caller-identity"
        }
        () if value.get("ARN").is_some() && value.get("ResourcePolicy").is_some() => {
            "secretsmanager-get-resource-policy"
        }
        () => return None,
    };
    CALLS.iter().find(|call| call.file == name)
}

/// Older collectors call `aws s3api` `s3`.
fn canonical(name: &str) -> String {
    match name.strip_prefix("s3-") {
        Some(call) => format!("s3api-{call}"),
        None => name.to_owned(),
    }
}

/// Whether it looks like `service-call`.
fn is_call(name: &str) -> bool {
    const VERBS: [&str; 7] = [
        "describe", "list", "get", "generate", "batch", "lookup", "search",
    ];
    name.split('-').skip(1).any(|word| VERBS.contains(&word))
}
