//! The data-driven suite of `testdata/cases/iam`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cspm_iam::aws::{Decision, Limits, batch};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ask::ask;
use crate::literal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    source: String,
    ask: Ask,
    #[serde(default)]
    policies: Map<String, Value>,
    expect: Expect,
    #[serde(default)]
    decoys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    principal: String,
    action: String,
    resource: String,
    resource_account: Option<String>,
    #[serde(default)]
    context: Map<String, Value>,
    context_complete: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    decision: String,
    #[serde(default = "certain")]
    certain: bool,
    because: Option<Vec<String>>,
    conditions: Option<Value>,
    blocked_by: Option<String>,
}

fn certain() -> bool {
    true
}

const KINDS: [&str; 7] = [
    "identity_policies",
    "resource_policy",
    "permission_boundaries",
    "session_policies",
    "service_control_policies",
    "resource_control_policies",
    "endpoint_policies",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/cases/iam")
}

fn files() -> Vec<(String, File)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let file = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, file)
    };
    paths.iter().map(read).collect()
}

impl Case {
    fn line(&self) -> Value {
        let mut line = self.policies.clone();
        for kind in line.keys() {
            assert!(
                KINDS.contains(&kind.as_str()),
                "{}: unknown policies `{kind}`",
                self.name
            );
        }
        let Ask {
            principal,
            action,
            resource,
            resource_account,
            context,
            context_complete,
        } = &self.ask;
        line.insert("id".to_owned(), json!(self.name));
        line.insert("principal".to_owned(), json!(principal));
        line.insert("action".to_owned(), json!(action));
        line.insert("resource".to_owned(), json!(resource));
        if let Some(account) = resource_account {
            line.insert("resource_account".to_owned(), json!(account));
        }
        line.insert("context".to_owned(), json!(context));
        line.insert(
            "context_complete".to_owned(),
            json!(context_complete.unwrap_or(true)),
        );
        Value::Object(line)
    }

    fn faults(&self, line: &Value, decision: &Decision) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check =
            |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
                let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
                if expected != found {
                    faults.push(format!(
                        "{}: {what}: expected {expected}, found {found}",
                        self.name
                    ));
                }
            };
        check(
            "decision",
            &self.expect.decision,
            &decision.effect().as_str(),
        );
        check("certain", &self.expect.certain, &decision.certain());
        let because: Vec<String> = decision.because().iter().map(ToString::to_string).collect();
        if let Some(expected) = &self.expect.because {
            check("because", expected, &because);
        }
        for decoy in &self.decoys {
            check(
                &format!("cites the decoy {decoy}"),
                &false,
                &because.contains(decoy),
            );
        }
        if let Some(expected) = &self.expect.blocked_by {
            let block = decision.blocked_by().map(ToString::to_string);
            check("blocked by", expected, &block.unwrap_or_default());
        }
        let answer = batch::evaluate_line(&line.to_string(), &Limits::default());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        check(
            "batch decision",
            &json!(self.expect.decision),
            &answer["decision"],
        );
        check(
            "batch certain",
            &json!(self.expect.certain),
            &answer["certain"],
        );
        check("batch because", &json!(because), &answer["because"]);
        if let Some(expected) = &self.expect.conditions {
            check("conditions", expected, &answer["conditions"]);
        }
        if !self.expect.certain {
            check("has conditions", &false, &decision.conditions().is_empty());
        }
        faults
    }
}

#[test]
fn every_case_holds() {
    let mut faults = Vec::new();
    for (_, file) in files() {
        for case in file.case {
            let line = case.line();
            faults.extend(case.faults(&line, &ask(&line)));
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn the_literal_evaluator_agrees_on_every_complete_case() {
    let mut faults = Vec::new();
    for (_, file) in files() {
        for case in file.case {
            let line = case.line();
            if line["context_complete"] == json!(true) && case.expect.certain {
                let mut line = line;
                for policy in line["identity_policies"]
                    .as_array_mut()
                    .into_iter()
                    .flatten()
                {
                    if let Value::String(text) = policy {
                        *policy = serde_json::from_str(text).unwrap();
                    }
                }
                let found = literal::decide(&line);
                if found != case.expect.decision {
                    faults.push(format!(
                        "{}: {} and not {found}",
                        case.name, case.expect.decision
                    ));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn names_are_unique_and_sources_are_dated() {
    let mut names = BTreeSet::new();
    for (file, cases) in files() {
        for case in cases.case {
            assert!(
                case.source.contains("read 20"),
                "{file}: {}: no dated source",
                case.name
            );
            assert!(
                names.insert(case.name.clone()),
                "{file}: {} stands twice",
                case.name
            );
        }
    }
    assert!(names.len() >= 120, "only {} cases", names.len());
}

#[test]
fn unknown_keys_are_rejected() {
    let case = r#"
        [[case]]
        name = "n"
        source = "s"
        ask = { principal = "anonymous", action = "s3:GetObject", resource = "*" }
        expect = { decision = "implicit_deny" }
    "#;
    assert!(toml::from_str::<File>(case).is_ok());
    for wrong in [
        case.replace("source =", "sauce ="),
        case.replace("decision =", "verdict ="),
        case.replace("resource =", "resauce ="),
        case.replace("[[case]]", "[[cases]]"),
    ] {
        assert!(toml::from_str::<File>(&wrong).is_err());
    }
}
