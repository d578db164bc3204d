//! Key Management Service.

use std::collections::BTreeMap;

use cspm_model::resource::KeyFacts;
use cspm_model::{PolicyType, Properties};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::node::Node;

/// `kms list-keys`
pub(super) fn list_keys(answer: &Answer<'_>, facts: &mut Facts) {
    for key in answer.root.objects("Keys") {
        let Some(arn) = key.text("KeyArn") else {
            key.missing("KeyArn");
            continue;
        };
        facts.add(Rank::Listed, answer.home_of(arn).resource(arn, "key", &key));
    }
}

/// `kms describe-key`
pub(super) fn describe_key(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(key) = answer.root.child("KeyMetadata") else {
        return;
    };
    let Some(arn) = key.text("Arn") else {
        key.missing("Arn");
        return;
    };
    let enabled = match key.text("KeyState") {
        Some(state) => Some(state == "Enabled"),
        None => key.flag("Enabled"),
    };
    facts.add(
        Rank::Main,
        answer
            .home_of(arn)
            .resource(arn, "key", &key)
            .with(Properties::Key(Box::new(KeyFacts {
                manager: key.string("KeyManager"),
                enabled,
                ..KeyFacts::default()
            }))),
    );
}

/// `kms get-key-policy`
pub(super) fn policy(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(name) = answer.argument() else {
        answer
            .root
            .lost("the name of the document does not say of which key it is");
        return;
    };
    let id = answer.home(None, None).arn_or(name, "kms", "key/");
    facts.grant(grant(&answer.root, "Policy", &id, PolicyType::Resource));
}

/// `kms list-aliases`. An alias whose key is not said is one of AWS's own that nothing uses yet.
pub(super) fn list_aliases(answer: &Answer<'_>, facts: &mut Facts) {
    let mut keys: BTreeMap<String, (Vec<String>, Vec<String>, Node<'_>)> = BTreeMap::new();
    for alias in answer.root.objects("Aliases") {
        let (Some(name), Some(key)) = (alias.string("AliasName"), alias.text("TargetKeyId")) else {
            continue;
        };
        let home = match alias.text("AliasArn") {
            Some(arn) => answer.home_of(arn),
            None => answer.home(None, None),
        };
        let id = home.arn_or(key, "kms", "key/");
        let entry = keys
            .entry(id)
            .or_insert_with(|| (Vec::new(), Vec::new(), alias.clone()));
        entry.0.push(name);
        entry.1.extend(alias.string("AliasArn"));
    }
    for (id, (mut names, aliases, node)) in keys {
        names.sort();
        let mut resource = answer
            .home_of(&id)
            .resource(&id, "key", &node)
            .named(names.first().map(String::as_str))
            .with(Properties::Key(Box::new(KeyFacts {
                names,
                ..KeyFacts::default()
            })));
        resource.aliases = aliases;
        facts.add(Rank::Part, resource);
    }
}
