//! Damaged documents: never a panic, never a silent loss.

use cspm_formats::{Reader, Recognised};
use cspm_model::{Estate, Limits, ReadError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::aws::cases;
use crate::support::Document;

fn outcome(documents: &[Document]) -> (Vec<Result<Recognised, ReadError>>, Estate) {
    let mut reader = Reader::new(Limits::default());
    let outcomes = documents
        .iter()
        .map(|(name, text)| reader.read(text.as_slice(), name))
        .collect();
    (outcomes, reader.finish().build())
}

fn facts(estate: &Estate) -> String {
    format!(
        "{:?}{:?}{:?}",
        estate.resources(),
        estate.grants(),
        estate.findings()
    )
}

/// The pointers of every value in a document, without the insides of policies, which are kept as they
/// are.
fn pointers(root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut stack = vec![(root, String::new())];
    while let Some((value, pointer)) = stack.pop() {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        found.push(pointer.clone());
        if ["Document", "PolicyDocument", "AssumeRolePolicyDocument"].contains(&name) {
            continue;
        }
        match value {
            Value::Object(members) => {
                stack.extend(
                    members
                        .iter()
                        .map(|(key, value)| (value, format!("{pointer}/{key}"))),
                );
            }
            Value::Array(items) => {
                stack.extend(
                    items
                        .iter()
                        .enumerate()
                        .map(|(at, value)| (value, format!("{pointer}/{at}"))),
                );
            }
            _ => {}
        }
    }
    found
}

#[test]
fn a_value_of_another_type_is_said() {
    let mut tried = 0;
    let mut silent = Vec::new();
    for (_, case) in cases() {
        let documents = case.documents();
        let (_, whole) = outcome(&documents);
        let whole_facts = facts(&whole);
        for (at, (name, text)) in documents.iter().enumerate() {
            let value: Value = serde_json::from_slice(text).unwrap();
            // Another root is another document, not a damaged one.
            for pointer in pointers(&value).into_iter().filter(|it| !it.is_empty()) {
                for wrong in [
                    json!(-7),
                    json!([]),
                    json!([[null]]),
                    json!({}),
                    json!("\u{0}"),
                    Value::Null,
                ] {
                    let mut damaged = value.clone();
                    let target = damaged.pointer_mut(&pointer).unwrap();
                    let typed = !target.is_null()
                        && std::mem::discriminant(target) != std::mem::discriminant(&wrong);
                    *target = wrong.clone();
                    let mut documents = documents.clone();
                    documents[at] = (name.clone(), damaged.to_string().into_bytes());
                    let (outcomes, estate) = outcome(&documents);
                    tried += 1;
                    // Policies are objects or text, tags are lists or objects.
                    let last = pointer.rsplit('/').next().unwrap();
                    let either = [
                        "Policy",
                        "Content",
                        "policyText",
                        "Tags",
                        "TagSet",
                        "TagList",
                    ]
                    .iter()
                    .chain(&["PolicyDocument", "ResourcePolicy", "AccessPolicies"])
                    .any(|it| *it == last);
                    if either && (wrong == json!({}) || wrong == json!([])) {
                        continue;
                    }
                    // Null is the provider's way to say that there is none.
                    if !typed || wrong.is_null() || facts(&estate) == whole_facts {
                        continue;
                    }
                    let said = estate
                        .diagnostics()
                        .iter()
                        .any(|it| !whole.diagnostics().contains(it))
                        || outcomes
                            .iter()
                            .any(|it| !matches!(it, Ok(it) if it.skipped.is_none()));
                    if !said {
                        silent.push(format!("{name}#{pointer} = {wrong}"));
                    }
                }
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
    assert!(tried > 5_000, "{tried}");
}

#[test]
fn a_document_cut_off_anywhere_is_an_error() {
    for (_, case) in cases() {
        for (name, text) in case.documents() {
            for length in 0..text.len() {
                let cut = (name.clone(), text[..length].to_vec());
                let (outcomes, _) = outcome(&[cut]);
                assert!(outcomes[0].is_err(), "{name} {length}");
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop_oneof![
        Just("Arn".to_owned()),
        Just("Policy".to_owned()),
        Just("Tags".to_owned()),
        Just("Findings".to_owned()),
        Just("resources".to_owned()),
        Just("class_uid".to_owned()),
        "[a-zA-Z]{1,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("arn:aws:s3:::b")),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), name in ".{0,30}") {
        let _ = outcome(&[(name, bytes)]);
    }

    #[test]
    fn json_never_panics(value in any_json(), call in 0..200_usize) {
        let all: Vec<Document> = cases().into_iter().flat_map(|(_, case)| case.documents()).collect();
        let (name, text) = &all[call % all.len()];
        let mut document: Value = serde_json::from_slice(text).unwrap();
        for member in document.as_object_mut().unwrap().values_mut() {
            *member = value.clone();
        }
        let _ = outcome(&[(name.clone(), document.to_string().into_bytes()), ("x.json".to_owned(), value.to_string().into_bytes())]);
    }
}
