//! Answers of the AWS command line interface: what each of them says, fact by fact, with its place.
//!
//! Each file under `tests/data/aws` holds answers and what is expected of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cspm_model::{Estate, Resource};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Document, read};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Answers, by the name of the document.
    documents: BTreeMap<String, Value>,
    /// Everything known of each resource.
    resources: BTreeMap<String, Value>,
    /// Grants: what they are attached to, their type, their name, their place.
    grants: Vec<Value>,
    /// Codes of the diagnostics and their places.
    diagnostics: Vec<String>,
}

impl Case {
    pub(crate) fn documents(&self) -> Vec<Document> {
        self.documents
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string().into_bytes()))
            .collect()
    }
}

/// The cases, by file.
pub(crate) fn cases() -> Vec<(PathBuf, Case)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/aws");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let case = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            (path, case)
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

fn described(resource: &Resource) -> Value {
    let mut value = json!({
        "kind": resource.kind,
        "properties": resource.properties,
        "evidence": resource.evidence.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    let members = value.as_object_mut().unwrap();
    let mut add = |key: &str, value: Value| {
        if value != Value::Null && value != json!([]) && value != json!({}) {
            members.insert(key.to_owned(), value);
        }
    };
    add("account", json!(resource.account));
    add("region", json!(resource.region));
    add("name", json!(resource.name));
    add("aliases", json!(resource.aliases));
    add("tags", json!(resource.tags));
    value
}

/// Places as text, so that they are easy to read.
fn places_as_text(value: &mut Value) {
    let place = value
        .as_object()
        .filter(|members| members.contains_key("source"))
        .map(|members| {
            let text = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
            format!("{}#{}", text("source"), text("pointer"))
        });
    if let Some(place) = place {
        *value = Value::String(place);
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(places_as_text),
        Value::Array(items) => items.iter_mut().for_each(places_as_text),
        _ => {}
    }
}

fn found(estate: &Estate) -> (BTreeMap<String, Value>, Vec<Value>, Vec<String>) {
    let resources = estate
        .resources()
        .iter()
        .map(|resource| {
            let mut value = described(resource);
            places_as_text(&mut value);
            (resource.id.to_string(), value)
        })
        .collect();
    let grants = estate
        .grants()
        .iter()
        .map(|grant| {
            let place = grant.evidence.as_ref().unwrap().to_string();
            let mut parts = vec![
                json!(grant.policy_type),
                json!(grant.attached_to),
                json!(grant.name),
                json!(place),
            ];
            match &grant.policy_document {
                Some(document) => assert!(document.is_object()),
                None => parts.extend([
                    json!(grant.principals),
                    json!(grant.actions),
                    json!(grant.conditions),
                ]),
            }
            Value::Array(parts)
        })
        .collect();
    let diagnostics = estate
        .diagnostics()
        .iter()
        .map(|it| format!("{} {}", it.code, it.location.as_ref().unwrap()))
        .collect();
    (resources, grants, diagnostics)
}

#[test]
fn each_answer_gives_its_facts() {
    for (path, case) in cases() {
        let (estate, recognised) = read(&case.documents());
        for it in &recognised {
            assert!(
                it.format.starts_with("aws cli: ") && it.skipped.is_none(),
                "{it:?}"
            );
        }
        let (resources, grants, diagnostics) = found(&estate);
        if std::env::var_os("CSPM_BLESS").is_some() {
            let blessed = Case {
                resources,
                grants,
                diagnostics,
                ..case
            };
            std::fs::write(
                &path,
                serde_json::to_string_pretty(&blessed).unwrap() + "\n",
            )
            .unwrap();
            continue;
        }
        for (id, want) in &case.resources {
            assert_eq!(resources.get(id), Some(want), "{id} in {}", path.display());
        }
        assert_eq!(
            resources.keys().collect::<Vec<_>>(),
            case.resources.keys().collect::<Vec<_>>(),
            "{}",
            path.display()
        );
        assert_eq!(grants, case.grants, "{}", path.display());
        assert_eq!(diagnostics, case.diagnostics, "{}", path.display());
    }
}

#[test]
fn secrets_are_not_copied() {
    for (_, case) in cases() {
        let (estate, _) = read(&case.documents());
        let text = format!("{estate:?}");
        for secret in ["do-not-copy", "AKIAEXAMPLE", "https://signed"] {
            assert!(!text.contains(secret));
        }
    }
}
