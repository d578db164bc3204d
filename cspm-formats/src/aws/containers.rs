//! Container tasks and image repositories.

use cspm_model::resource::{ContainerFacts, InterfaceFacts, StoreFacts};
use cspm_model::{PolicyType, Properties};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::node::Node;

/// `ecr describe-repositories`
pub(super) fn repositories(answer: &Answer<'_>, facts: &mut Facts) {
    for repository in answer.root.objects("repositories") {
        let Some(arn) = repository.text("repositoryArn") else {
            repository.missing("repositoryArn");
            continue;
        };
        let encryption = repository.child("encryptionConfiguration");
        facts.add(
            Rank::Main,
            answer
                .home_of(arn)
                .resource(arn, "data.repository", &repository)
                .named(repository.text("repositoryName"))
                .with(Properties::Store(Box::new(StoreFacts {
                    encrypted: encryption.as_ref().map(|_| true),
                    key: encryption.and_then(|it| it.string("kmsKey")),
                    ..StoreFacts::default()
                }))),
        );
    }
}

/// `ecr get-repository-policy`
pub(super) fn repository_policy(answer: &Answer<'_>, facts: &mut Facts) {
    let root = &answer.root;
    let Some(name) = root.text("repositoryName").or_else(|| answer.argument()) else {
        root.missing("repositoryName");
        return;
    };
    let home = answer.home(root.text("registryId"), None);
    let id = home.arn("ecr", &format!("repository/{name}"));
    facts.grant(grant(root, "policyText", &id, PolicyType::Resource));
}

/// `ecs list-tasks`
pub(super) fn list_tasks(answer: &Answer<'_>, facts: &mut Facts) {
    for (arn, node) in answer.root.placed_texts("taskArns") {
        let resource = answer
            .home_of(arn)
            .resource(arn, "compute.container", &node);
        facts.add(Rank::Listed, resource);
    }
}

/// `ecs describe-tasks`
pub(super) fn tasks(answer: &Answer<'_>, facts: &mut Facts) {
    for task in answer.root.objects("tasks") {
        let Some(arn) = task.text("taskArn") else {
            task.missing("taskArn");
            continue;
        };
        if task.text("lastStatus") == Some("STOPPED") {
            continue;
        }
        let overrides = task.child("overrides");
        let role = |key: &str| overrides.as_ref().and_then(|it| it.string(key));
        let mut images = task.texts_of("containers", "image");
        images.sort();
        images.dedup();
        let mut resource = answer
            .home_of(arn)
            .resource(arn, "compute.container", &task)
            .named(task.text("group").or_else(|| arn.rsplit('/').next()))
            .with(Properties::Container(Box::new(ContainerFacts {
                role: role("taskRoleArn"),
                execution_role: role("executionRoleArn"),
                cluster: task.string("clusterArn"),
                interfaces: task
                    .objects("attachments")
                    .iter()
                    .filter(|it| it.text("type") == Some("ElasticNetworkInterface"))
                    .map(interface)
                    .collect(),
                images,
                ..ContainerFacts::default()
            })));
        resource.tags = task.tags("tags");
        if let Some(definition) = task.string("taskDefinitionArn") {
            facts.tasks.push((resource.id.clone(), definition));
        }
        facts.add(Rank::Main, resource);
    }
}

fn interface(attachment: &Node<'_>) -> InterfaceFacts {
    let details = attachment.objects("details");
    let detail = |name: &str| {
        details
            .iter()
            .find(|it| it.text("name") == Some(name))
            .and_then(|it| it.string("value"))
    };
    InterfaceFacts {
        id: detail("networkInterfaceId"),
        subnet: detail("subnetId"),
        private_addresses: detail("privateIPv4Address").into_iter().collect(),
        evidence: Some(attachment.place()),
        ..InterfaceFacts::default()
    }
}

/// `ecs describe-task-definition`
pub(super) fn task_definition(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(definition) = answer.root.child("taskDefinition") else {
        return;
    };
    let Some(arn) = definition.string("taskDefinitionArn") else {
        definition.missing("taskDefinitionArn");
        return;
    };
    let roles = (
        definition.string("taskRoleArn"),
        definition.string("executionRoleArn"),
    );
    let known = facts.task_definitions.entry(arn).or_default();
    if *known < roles {
        *known = roles;
    }
}
