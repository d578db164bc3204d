//! Secrets Manager.

use cspm_model::resource::SecretFacts;
use cspm_model::{PolicyType, Properties};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::node::Node;

/// `secretsmanager list-secrets`
pub(super) fn list_secrets(answer: &Answer<'_>, facts: &mut Facts) {
    for secret in answer.root.objects("SecretList") {
        add_secret(answer, &secret, Rank::Main, facts);
    }
}

/// `secretsmanager describe-secret`
pub(super) fn describe_secret(answer: &Answer<'_>, facts: &mut Facts) {
    add_secret(answer, &answer.root, Rank::Listed, facts);
}

fn add_secret(answer: &Answer<'_>, secret: &Node<'_>, rank: Rank, facts: &mut Facts) {
    let Some(arn) = secret.text("ARN") else {
        secret.missing("ARN");
        return;
    };
    let mut resource = answer
        .home_of(arn)
        .resource(arn, "secret", secret)
        .named(secret.text("Name"))
        .with(Properties::Secret(Box::new(SecretFacts {
            key: secret.string("KmsKeyId"),
            owning_service: secret.string("OwningService"),
            ..SecretFacts::default()
        })));
    resource.tags = secret.tags("Tags");
    // The ARN may be given less the six characters that AWS appends to the name.
    if let Some((partial, suffix)) = arn.rsplit_once('-')
        && suffix.len() == 6
    {
        resource.aliases.push(partial.to_owned());
    }
    facts.add(rank, resource);
}

/// `secretsmanager get-resource-policy`
pub(super) fn policy(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(arn) = answer.root.text("ARN") {
        facts.grant(grant(
            &answer.root,
            "ResourcePolicy",
            arn,
            PolicyType::Resource,
        ));
    }
}
