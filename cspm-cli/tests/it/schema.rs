//! The schemas that `cspm schema` prints, and the documents of the repository under them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Folder, assert_valid, cspm, root, unpacked};

fn schema(of: &str) -> Value {
    cspm(["schema", of]).ends_with(0).json()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The schema with one of its definitions at the top.
fn definition(schema: &Value, name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}"), "$defs": schema["$defs"]})
}

/// Checks a native estate, one document or JSON Lines, and says how many records it has. `None` for
/// other documents.
fn check_estate(schema: &Value, text: &str, name: &str) -> Option<usize> {
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        document["schema"]
            .as_str()
            .filter(|it| *it == "cspm.estate/1")?;
        assert_valid(schema, &document, name);
        let lists = document
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_array);
        return Some(lists.map(Vec::len).sum());
    }
    let mut lines = text.lines();
    let head: Value = serde_json::from_str(lines.next()?).ok()?;
    head["schema"]
        .as_str()
        .filter(|it| *it == "cspm.estate/1")?;
    let validators = ["Resource", "Grant", "Relation", "Finding"].map(|record| {
        let validator = jsonschema::validator_for(&definition(schema, record)).unwrap();
        (record.to_lowercase(), validator)
    });
    let mut records = 0;
    for (number, line) in lines.enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        for (tag, record) in line.as_object().unwrap() {
            let (_, validator) = validators.iter().find(|(name, _)| name == tag).unwrap();
            if let Some(error) = validator.iter_errors(record).next() {
                panic!(
                    "{name}, line {}: {}: {error}",
                    number + 2,
                    error.instance_path()
                );
            }
            records += 1;
        }
    }
    Some(records)
}

#[test]
fn every_native_estate_of_the_repository_is_valid() {
    let schema = schema("estate");
    let mut seen = Vec::new();
    for path in files(&root().join("testdata/scenarios")) {
        let name = path.display().to_string();
        let data = [".json", ".jsonl", ".gz"]
            .iter()
            .any(|it| name.ends_with(it));
        if data && let Some(records) = check_estate(&schema, &unpacked(&path), &name) {
            assert!(records > 0, "{name} is empty");
            seen.push(name);
        }
    }
    assert!(seen.len() >= 2, "{seen:?}");
}

#[test]
fn what_is_generated_is_valid() {
    let folder = Folder::new();
    cspm([
        "generate",
        "--resources",
        "1500",
        "--seed",
        "5",
        "-o",
        &folder.path("g"),
    ])
    .ends_with(0);
    let schema = schema("estate");
    let records: usize = files(Path::new(&folder.path("g")))
        .iter()
        .filter_map(|path| check_estate(&schema, &unpacked(path), &path.display().to_string()))
        .sum();
    assert!(records > 1500, "{records}");
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema = schema("estate");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let check = |records: Value, valid: bool| {
        let members = records.as_object().unwrap().iter();
        let members = members.map(|(name, it)| format!("\"{name}\": {it}"));
        let schema = std::iter::once("\"schema\": \"cspm.estate/1\"".to_owned());
        let text = format!(
            "{{{}}}",
            schema.chain(members).collect::<Vec<_>>().join(", ")
        );
        let document: Value = serde_json::from_str(&text).unwrap();
        let folder = Folder::new();
        let path = folder.file("estate.json", text);
        let code = if valid { 0 } else { 3 };
        cspm(["validate", "--strict", &path]).ends_with(code);
        assert_eq!(validator.is_valid(&document), valid, "{document}");
    };
    check(json!({}), true);
    check(json!({"x_ours": {"a": [1]}}), true);
    check(
        json!({"resources": [{"id": "a", "kind": "account", "x_ours": 1}]}),
        true,
    );
    check(
        json!({"resources": [{"id": "a", "kind": "of our own"}]}),
        true,
    );
    check(json!({"resources": [{"id": "a"}]}), false);
    check(json!({"resources": [{"kind": "account"}]}), false);
    check(json!({"resources": [{"id": "", "kind": "account"}]}), false);
    check(
        json!({"resources": [{"id": "internet", "kind": "account"}]}),
        false,
    );
    check(
        json!({"resources": [{"id": "a", "kind": "account", "ours": 1}]}),
        false,
    );
    check(
        json!({"resources": [{"id": "a", "kind": "account", "data": ["secret plans"]}]}),
        false,
    );
    check(
        json!({"resources": [{"id": "a", "kind": "network.security_group", "properties": {"colour": "red"}}]}),
        false,
    );
    check(
        json!({"relations": [{"from": "internet", "to": "a", "kind": "reaches"}]}),
        true,
    );
    check(
        json!({"relations": [{"from": "internet", "to": "a", "kind": "likes"}]}),
        false,
    );
    check(
        json!({"relations": [{"from": "internet", "kind": "reaches"}]}),
        false,
    );
    check(
        json!({"findings": [{"id": "f", "check": "c", "resource": "a", "colour": "red"}]}),
        false,
    );
    check(json!({"plans": []}), false);
}

#[test]
fn schemas_are_schemas_and_always_the_same() {
    for of in ["estate", "report", "reach"] {
        let printed = cspm(["schema", of]).ends_with(0);
        jsonschema::validator_for(&printed.json()).unwrap();
        assert!(!printed.json()["properties"]["schema"].is_null(), "{of}");
        assert_eq!(printed.out, cspm(["schema", of]).out);
    }
    let run = cspm(["schema", "everything"]).ends_with(2);
    for of in ["estate", "report", "reach"] {
        assert!(run.err.contains(of), "{}", run.err);
    }
}
