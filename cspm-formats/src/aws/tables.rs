//! DynamoDB tables.

use cspm_model::resource::StoreFacts;
use cspm_model::{PolicyType, Properties, Resource};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};
use super::policy::grant;

const KIND: &str = "data.table";

/// `dynamodb describe-table`
pub(super) fn describe_table(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(table) = answer.root.child("Table") else {
        return;
    };
    let Some(arn) = table.text("TableArn") else {
        table.missing("TableArn");
        return;
    };
    let key = table
        .child("SSEDescription")
        .filter(|it| matches!(it.text("Status"), Some("ENABLED" | "UPDATING")))
        .and_then(|it| it.string("KMSMasterKeyArn"));
    facts.add(
        Rank::Main,
        answer
            .home_of(arn)
            .resource(arn, KIND, &table)
            .named(table.text("TableName"))
            .with(Properties::Store(Box::new(StoreFacts {
                // Tables are always encrypted; without a key of the customer, with AWS's own.
                encrypted: Some(true),
                key,
                ..StoreFacts::default()
            }))),
    );
}

/// `dynamodb list-tables`
pub(super) fn list_tables(answer: &Answer<'_>, facts: &mut Facts) {
    for (name, node) in answer.root.placed_texts("TableNames") {
        let home = answer.home(None, None);
        let id = home.arn("dynamodb", &format!("table/{name}"));
        facts.add(
            Rank::Listed,
            home.resource(&id, KIND, &node).named(Some(name)),
        );
    }
}

fn asked(answer: &Answer<'_>) -> Option<Resource> {
    let Some(name) = answer.argument() else {
        answer
            .root
            .lost("the name of the document does not say of which table it is");
        return None;
    };
    let home = if name.starts_with("arn:") {
        answer.home_of(name)
    } else {
        answer.home(None, None)
    };
    let id = home.arn_or(name, "dynamodb", "table/");
    Some(home.resource(&id, KIND, &answer.root))
}

/// `dynamodb list-tags-of-resource`
pub(super) fn tags(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(mut resource) = asked(answer) {
        resource.tags = answer.root.tags("Tags");
        facts.add(Rank::Part, resource);
    }
}

/// `dynamodb get-resource-policy`
pub(super) fn policy(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(resource) = asked(answer) {
        facts.grant(grant(
            &answer.root,
            "Policy",
            resource.id.as_str(),
            PolicyType::Resource,
        ));
    }
}
