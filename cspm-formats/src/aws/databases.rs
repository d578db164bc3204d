//! Databases: RDS, Redshift, OpenSearch.

use cspm_model::resource::{DatabaseFacts, SnapshotFacts};
use cspm_model::{PolicyType, Properties};

use super::answer::{Answer, Describe, Home};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::node::Node;

const KIND: &str = "data.database";

/// `rds describe-db-instances`
pub(super) fn instances(answer: &Answer<'_>, facts: &mut Facts) {
    for database in answer.root.objects("DBInstances") {
        let Some(name) = database.text("DBInstanceIdentifier") else {
            database.missing("DBInstanceIdentifier");
            continue;
        };
        let arn = database.text("DBInstanceArn");
        let home = home(answer, arn);
        let id = arn.map_or_else(|| home.arn("rds", &format!("db:{name}")), str::to_owned);
        let group = database.child("DBSubnetGroup");
        let (secret, secret_place) = master_secret(&database);
        let mut resource =
            home.resource(&id, KIND, &database)
                .named(Some(name))
                .with(Properties::Database(Box::new(DatabaseFacts {
                    engine: database.string("Engine"),
                    port: database
                        .child("Endpoint")
                        .and_then(|it| it.port("Port"))
                        .or_else(|| database.port("DbInstancePort"))
                        .filter(|port| *port != 0),
                    publicly_accessible: database.flag("PubliclyAccessible"),
                    encrypted: database.flag("StorageEncrypted"),
                    key: database.string("KmsKeyId"),
                    vpc: group.as_ref().and_then(|it| it.string("VpcId")),
                    subnets: group
                        .as_ref()
                        .map(|it| it.texts_of("Subnets", "SubnetIdentifier"))
                        .unwrap_or_default(),
                    security_groups: database.texts_of("VpcSecurityGroups", "VpcSecurityGroupId"),
                    master_secret: secret,
                    master_secret_evidence: secret_place,
                    iam_authentication: database.flag("IAMDatabaseAuthenticationEnabled"),
                    ..DatabaseFacts::default()
                })));
        resource.tags = database.tags("TagList");
        if let Some(group) = group.as_ref().and_then(|it| it.text("DBSubnetGroupName")) {
            in_group(facts, &resource.id, "rds", &home, group);
        }
        facts.add(Rank::Main, resource);
    }
}

/// `rds describe-db-clusters`
pub(super) fn clusters(answer: &Answer<'_>, facts: &mut Facts) {
    for cluster in answer.root.objects("DBClusters") {
        let Some(name) = cluster.text("DBClusterIdentifier") else {
            cluster.missing("DBClusterIdentifier");
            continue;
        };
        let arn = cluster.text("DBClusterArn");
        let home = home(answer, arn);
        let id = arn.map_or_else(
            || home.arn("rds", &format!("cluster:{name}")),
            str::to_owned,
        );
        let (secret, secret_place) = master_secret(&cluster);
        let mut resource =
            home.resource(&id, KIND, &cluster)
                .named(Some(name))
                .with(Properties::Database(Box::new(DatabaseFacts {
                    engine: cluster.string("Engine"),
                    port: cluster.port("Port").filter(|port| *port != 0),
                    publicly_accessible: cluster.flag("PubliclyAccessible"),
                    encrypted: cluster.flag("StorageEncrypted"),
                    key: cluster.string("KmsKeyId"),
                    security_groups: cluster.texts_of("VpcSecurityGroups", "VpcSecurityGroupId"),
                    master_secret: secret,
                    master_secret_evidence: secret_place,
                    iam_authentication: cluster.flag("IAMDatabaseAuthenticationEnabled"),
                    data_api: cluster.flag("HttpEndpointEnabled"),
                    ..DatabaseFacts::default()
                })));
        resource.tags = cluster.tags("TagList");
        if let Some(group) = cluster.text("DBSubnetGroup") {
            in_group(facts, &resource.id, "rds", &home, group);
        }
        facts.add(Rank::Main, resource);
    }
}

/// `rds describe-db-snapshots` and `rds describe-db-cluster-snapshots`
pub(super) fn snapshots(answer: &Answer<'_>, facts: &mut Facts) {
    for (list, name, arn, source, word) in [
        (
            "DBSnapshots",
            "DBSnapshotIdentifier",
            "DBSnapshotArn",
            "DBInstanceIdentifier",
            "snapshot",
        ),
        (
            "DBClusterSnapshots",
            "DBClusterSnapshotIdentifier",
            "DBClusterSnapshotArn",
            "DBClusterIdentifier",
            "cluster-snapshot",
        ),
    ] {
        for snapshot in answer.root.objects(list) {
            let Some(identifier) = snapshot.text(name) else {
                snapshot.missing(name);
                continue;
            };
            let arn = snapshot.text(arn);
            let home = home(answer, arn);
            let id = arn.map_or_else(
                || home.arn("rds", &format!("{word}:{identifier}")),
                str::to_owned,
            );
            let mut resource = home
                .resource(&id, "data.snapshot", &snapshot)
                .named(Some(identifier))
                .with(Properties::Snapshot(Box::new(SnapshotFacts {
                    encrypted: snapshot
                        .flag("Encrypted")
                        .or_else(|| snapshot.flag("StorageEncrypted")),
                    key: snapshot.string("KmsKeyId"),
                    volume: snapshot.string(source),
                    ..SnapshotFacts::default()
                })));
            resource.tags = snapshot.tags("TagList");
            facts.add(Rank::Main, resource);
        }
    }
}

/// `rds describe-db-snapshot-attributes`
pub(super) fn snapshot_attributes(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(result) = answer.root.child("DBSnapshotAttributesResult") else {
        return;
    };
    let Some(name) = result
        .text("DBSnapshotIdentifier")
        .or_else(|| answer.argument())
    else {
        result.missing("DBSnapshotIdentifier");
        return;
    };
    let attributes = result.objects("DBSnapshotAttributes");
    let restore = attributes
        .iter()
        .find(|it| it.text("AttributeName") == Some("restore"));
    let shared_with = restore
        .map(|it| it.texts("AttributeValues"))
        .unwrap_or_default();
    let evidence = restore
        .filter(|_| !shared_with.is_empty())
        .map(|it| it.place_of("AttributeValues"));
    let home = answer.home(None, None);
    facts.add(
        Rank::Part,
        home.resource(
            &home.arn_or(name, "rds", "snapshot:"),
            "data.snapshot",
            &result,
        )
        .with(Properties::Snapshot(Box::new(SnapshotFacts {
            shared_with,
            evidence,
            ..SnapshotFacts::default()
        }))),
    );
}

/// `rds describe-db-subnet-groups`
pub(super) fn subnet_groups(answer: &Answer<'_>, facts: &mut Facts) {
    groups(answer, facts, "DBSubnetGroups", "DBSubnetGroupName", "rds");
}

/// `redshift describe-cluster-subnet-groups`
pub(super) fn redshift_subnet_groups(answer: &Answer<'_>, facts: &mut Facts) {
    groups(
        answer,
        facts,
        "ClusterSubnetGroups",
        "ClusterSubnetGroupName",
        "redshift",
    );
}

fn groups(answer: &Answer<'_>, facts: &mut Facts, list: &str, name: &str, service: &'static str) {
    for group in answer.root.objects(list) {
        let Some(name) = group.text(name) else {
            group.missing(name);
            continue;
        };
        let home = home(answer, group.text("DBSubnetGroupArn"));
        let found = (
            group.texts_of("Subnets", "SubnetIdentifier"),
            group.string("VpcId"),
        );
        // Of two answers the greater one counts, whatever their order.
        let known = facts
            .subnet_groups
            .entry(group_name(service, &home, name))
            .or_default();
        if *known < found {
            *known = found;
        }
    }
}

/// `redshift describe-clusters`
pub(super) fn redshift(answer: &Answer<'_>, facts: &mut Facts) {
    for cluster in answer.root.objects("Clusters") {
        let Some(name) = cluster.text("ClusterIdentifier") else {
            cluster.missing("ClusterIdentifier");
            continue;
        };
        let home = match cluster.text("ClusterNamespaceArn") {
            Some(arn) => answer.home_of(arn),
            None => answer.home(None, cluster.text("AvailabilityZone")),
        };
        let id = home.arn("redshift", &format!("cluster:{name}"));
        let secret = cluster.string("MasterPasswordSecretArn");
        let mut resource =
            home.resource(&id, KIND, &cluster)
                .named(Some(name))
                .with(Properties::Database(Box::new(DatabaseFacts {
                    engine: Some("redshift".to_owned()),
                    port: cluster.child("Endpoint").and_then(|it| it.port("Port")),
                    publicly_accessible: cluster.flag("PubliclyAccessible"),
                    encrypted: cluster.flag("Encrypted"),
                    key: cluster.string("KmsKeyId"),
                    vpc: cluster.string("VpcId"),
                    security_groups: cluster.texts_of("VpcSecurityGroups", "VpcSecurityGroupId"),
                    master_secret_evidence: secret
                        .is_some()
                        .then(|| cluster.place_of("MasterPasswordSecretArn")),
                    master_secret: secret,
                    ..DatabaseFacts::default()
                })));
        resource.tags = cluster.tags("Tags");
        if let Some(group) = cluster.text("ClusterSubnetGroupName") {
            in_group(facts, &resource.id, "redshift", &home, group);
        }
        facts.add(Rank::Main, resource);
    }
}

/// `es describe-elasticsearch-domain` and `opensearch describe-domain`
pub(super) fn search_domain(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(domain) = answer.root.child("DomainStatus") else {
        return;
    };
    let Some(arn) = domain.text("ARN") else {
        domain.missing("ARN");
        return;
    };
    let network = domain.child("VPCOptions");
    let list = |key: &str| network.as_ref().map(|it| it.texts(key)).unwrap_or_default();
    let encryption = domain.child("EncryptionAtRestOptions");
    facts.grant(grant(&domain, "AccessPolicies", arn, PolicyType::Resource));
    facts.add(
        Rank::Main,
        answer
            .home_of(arn)
            .resource(arn, KIND, &domain)
            .named(domain.text("DomainName"))
            .with(Properties::Database(Box::new(DatabaseFacts {
                engine: Some("opensearch".to_owned()),
                port: Some(443),
                publicly_accessible: Some(network.is_none()),
                encrypted: encryption.as_ref().and_then(|it| it.flag("Enabled")),
                key: encryption.as_ref().and_then(|it| it.string("KmsKeyId")),
                vpc: network.as_ref().and_then(|it| it.string("VPCId")),
                subnets: list("SubnetIds"),
                security_groups: list("SecurityGroupIds"),
                ..DatabaseFacts::default()
            }))),
    );
}

fn home(answer: &Answer<'_>, arn: Option<&str>) -> Home {
    match arn {
        Some(arn) => answer.home_of(arn),
        None => answer.home(None, None),
    }
}

fn master_secret(node: &Node<'_>) -> (Option<String>, Option<cspm_model::Location>) {
    let Some(secret) = node.child("MasterUserSecret") else {
        return (None, None);
    };
    let arn = secret.string("SecretArn");
    let place = arn.is_some().then(|| secret.place());
    (arn, place)
}

fn group_name(
    service: &'static str,
    home: &Home,
    name: &str,
) -> (&'static str, String, String, String) {
    (
        service,
        home.account().to_owned(),
        home.region.clone().unwrap_or_default(),
        name.to_owned(),
    )
}

fn in_group(
    facts: &mut Facts,
    id: &cspm_model::ResourceId,
    service: &'static str,
    home: &Home,
    name: &str,
) {
    facts
        .in_subnet_group
        .push((id.clone(), group_name(service, home, name)));
}
