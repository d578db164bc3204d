//! Queues and topics.

use cspm_model::resource::StoreFacts;
use cspm_model::{PolicyType, Properties};

use super::answer::{Answer, Describe, Home};
use super::collection::{Facts, Rank};
use super::policy::grant;

/// `sqs list-queues`
pub(super) fn list_queues(answer: &Answer<'_>, facts: &mut Facts) {
    for (url, node) in answer.root.placed_texts("QueueUrls") {
        let Some((home, name)) = at_url(answer, url) else {
            node.lost("a queue's URL should end in `ACCOUNT/NAME`");
            continue;
        };
        let id = home.arn("sqs", name);
        facts.add(
            Rank::Listed,
            home.resource(&id, "data.queue", &node)
                .named(Some(name))
                .with(Properties::Store(Box::new(StoreFacts {
                    url: Some(url.to_owned()),
                    ..StoreFacts::default()
                }))),
        );
    }
}

/// Home and name of the queue with this URL.
fn at_url<'a>(answer: &Answer<'_>, url: &'a str) -> Option<(Home, &'a str)> {
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next()?, parts.next()?);
    (!name.is_empty()).then(|| (answer.home(Some(account), None), name))
}

/// `sqs get-queue-attributes`
pub(super) fn queue_attributes(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(attributes) = answer.root.child("Attributes") else {
        return;
    };
    let place = attributes.text("QueueArn").map_or_else(
        || {
            let (home, name) = at_url(answer, answer.argument()?)?;
            Some((home.arn("sqs", name), home))
        },
        |arn| Some((arn.to_owned(), answer.home_of(arn))),
    );
    let Some((arn, home)) = place else {
        attributes.missing("QueueArn");
        return;
    };
    let key = attributes.string("KmsMasterKeyId");
    let managed = attributes.text("SqsManagedSseEnabled");
    facts.grant(grant(&attributes, "Policy", &arn, PolicyType::Resource));
    facts.add(
        Rank::Main,
        home.resource(&arn, "data.queue", &attributes)
            .named(arn.rsplit(':').next())
            .with(Properties::Store(Box::new(StoreFacts {
                encrypted: match (&key, managed) {
                    (Some(_), _) => Some(true),
                    (None, Some(word)) => Some(word == "true"),
                    (None, None) => None,
                },
                key,
                ..StoreFacts::default()
            }))),
    );
}

/// `sns list-topics`
pub(super) fn list_topics(answer: &Answer<'_>, facts: &mut Facts) {
    for topic in answer.root.objects("Topics") {
        let Some(arn) = topic.text("TopicArn") else {
            topic.missing("TopicArn");
            continue;
        };
        facts.add(
            Rank::Listed,
            answer
                .home_of(arn)
                .resource(arn, "data.topic", &topic)
                .named(arn.rsplit(':').next()),
        );
    }
}

/// `sns get-topic-attributes`
pub(super) fn topic_attributes(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(attributes) = answer.root.child("Attributes") else {
        return;
    };
    let Some(arn) = attributes.text("TopicArn").or_else(|| answer.argument()) else {
        attributes.missing("TopicArn");
        return;
    };
    let key = attributes.string("KmsMasterKeyId");
    facts.grant(grant(&attributes, "Policy", arn, PolicyType::Resource));
    facts.add(
        Rank::Main,
        answer
            .home_of(arn)
            .resource(arn, "data.topic", &attributes)
            .named(arn.rsplit(':').next())
            .with(Properties::Store(Box::new(StoreFacts {
                encrypted: Some(key.is_some()),
                key,
                ..StoreFacts::default()
            }))),
    );
}
