//! Key Management Service.

use std::collections::BTreeMap;

use cspm_model::grant::GrantEffect;
use cspm_model::resource::KeyFacts;
use cspm_model::{Grant, PolicyType, Properties};
use serde_json::{Value, json};

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

/// `kms list-grants`. A grant is a permission on its key beside the key's policy, for one principal; its
/// constraint is a condition on the encryption context (AWS KMS Developer Guide, "Grants in AWS KMS" and
/// "Grant constraints", read 2026-11).
pub(super) fn grants(answer: &Answer<'_>, facts: &mut Facts) {
    for entry in answer.root.objects("Grants") {
        let (Some(key), Some(grantee)) = (entry.text("KeyId"), entry.string("GranteePrincipal"))
        else {
            entry.lost("a grant needs `KeyId` and `GranteePrincipal`");
            continue;
        };
        let actions: Vec<String> = entry
            .texts("Operations")
            .iter()
            .map(|operation| format!("kms:{operation}"))
            .collect();
        if actions.is_empty() {
            continue;
        }
        let id = answer.home(None, None).arn_or(key, "kms", "key/");
        facts.grant(Some(Grant {
            effect: Some(GrantEffect::Allow),
            principals: vec![grantee],
            actions,
            resources: vec![id.clone()],
            conditions: constraint(&entry),
            attached_to: Some(id),
            policy_type: Some(PolicyType::Resource),
            name: entry.string("GrantId"),
            evidence: Some(entry.place()),
            ..Grant::default()
        }));
    }
}

/// What the encryption context of a request has to hold.
fn constraint(entry: &Node<'_>) -> Option<Value> {
    let constraints = entry.child("Constraints")?;
    let pairs = |key: &str| {
        let object = constraints.child(key);
        object.map_or_else(BTreeMap::new, |_| constraints.tags(key))
    };
    let exact = pairs("EncryptionContextEquals");
    let part = pairs("EncryptionContextSubset");
    let held: BTreeMap<String, &String> = exact
        .iter()
        .chain(&part)
        .map(|(key, value)| (format!("kms:EncryptionContext:{key}"), value))
        .collect();
    if held.is_empty() {
        return None;
    }
    if exact.is_empty() {
        return Some(json!({"StringEquals": held}));
    }
    let keys: Vec<&String> = exact.keys().collect();
    let no_others = json!({"kms:EncryptionContextKeys": keys});
    Some(json!({"StringEquals": held, "ForAllValues:StringEquals": no_others}))
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
