//! `cspm reach`: pairs, entries, selectors.

use serde_json::{Value, json};

use crate::support::{Folder, OPEN_PORTS, assert_valid, cspm, with};

const ESTATE: &str = r#"{"schema": "cspm.estate/1",
 "resources": [
  {"id": "web", "kind": "compute.instance", "account": "1", "tags": {"env": "prod"}},
  {"id": "batch", "kind": "compute.instance", "account": "2", "tags": {"env": "test"}},
  {"id": "role", "kind": "identity.role", "account": "1"},
  {"id": "db", "kind": "data.database", "account": "1", "data": ["pii"]},
  {"id": "logs", "kind": "data.bucket", "account": "2"},
  {"id": "account", "kind": "account"}],
 "relations": [
  {"from": "internet", "to": "web", "kind": "reaches", "ports": "22"},
  {"from": "web", "to": "role", "kind": "runs_as"},
  {"from": "batch", "to": "role", "kind": "can_assume", "certainty": "conditional", "conditions": ["somebody signs in"]},
  {"from": "role", "to": "logs", "kind": "reads"},
  {"from": "role", "to": "db", "kind": "step", "from_access": "control", "to_access": "read", "technique": "our.log-in",
   "requires": [{"resource": "web", "access": "control"}]},
  {"from": "role", "to": "account", "kind": "controls", "certainty": "unknown"}]}"#;

/// The pairs as `FROM -> TO: CERTAINTY`.
fn pairs(rest: &[&str]) -> Vec<String> {
    let folder = Folder::new();
    let estate = folder.file("estate.json", ESTATE);
    let arguments = [&["reach", &estate, "--format", "json"], rest].concat();
    let answer = cspm(arguments).ends_with(0).json();
    let schema = cspm(["schema", "reach"]).ends_with(0).json();
    assert_valid(&schema, &answer, "reach");
    let state = |it: &Value| {
        let part = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        format!("{}#{}", part("resource"), part("access"))
    };
    answer["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            for step in pair["steps"].as_array().unwrap() {
                assert!(answer["steps"][step.as_str().unwrap()].is_object());
            }
            let certainty = pair["certainty"].as_str().unwrap();
            format!(
                "{} -> {}: {certainty}",
                state(&pair["from"]),
                state(&pair["to"])
            )
        })
        .collect()
}

#[test]
fn pairs_have_the_certainty_of_the_narrowest_view() {
    assert_eq!(
        pairs(&["--from", "internet", "--to", "sensitive"]),
        [
            "internet#reach -> account#control: unknown",
            "internet#reach -> db#read: certain"
        ]
    );
    assert_eq!(
        pairs(&["--from", "kind:compute.*", "--to", "admin"]),
        [
            "batch#control -> account#control: unknown",
            "web#control -> account#control: unknown"
        ]
    );
    assert_eq!(
        pairs(&["--from", "id:batch", "--to", "id:logs#read"]),
        ["batch#control -> logs#read: conditional"]
    );
}

#[test]
fn what_the_entries_hold_is_at_hand_for_gates() {
    let question = ["--from", "id:batch", "--to", "id:db"];
    assert_eq!(pairs(&question), ["batch#control -> db#read: conditional"]);
    let alone = [&question[..], &["--entry", "none"]].concat();
    assert_eq!(pairs(&alone), [""; 0]);
    let helped = [&question[..], &["--entry", "id:web"]].concat();
    assert_eq!(pairs(&helped), ["batch#control -> db#read: conditional"]);
}

#[test]
fn every_selector_selects() {
    let to_db = "-> db#read: certain";
    for (selector, expected) in [
        ("internet", "internet#reach"),
        ("id:w*", "web#control"),
        ("id:web#control", "web#control"),
        ("tag:env=prod", "web#control"),
        ("account:1#control", "web#control"),
        ("kind:*", "web#control"),
    ] {
        let found = pairs(&["--from", selector, "--to", "id:db#read"]);
        let line = format!("{expected} {to_db}");
        assert!(found.contains(&line), "{selector}: {found:?}");
    }
    let found = pairs(&["--from", "principals", "--to", "id:logs#read"]);
    assert_eq!(found, ["role#control -> logs#read: certain"]);
}

#[test]
fn a_selector_that_means_nothing_is_wrong_use() {
    let folder = Folder::new();
    let estate = folder.file("estate.json", ESTATE);
    for (selector, right) in [
        ("everything", "`tag:KEY=VALUE`"),
        ("tag:env", "`tag:KEY=VALUE`"),
        ("id:web#fly", "`reach`, `read`, `write` or `control`"),
        ("id:[", "`id:[` is no selector"),
        ("id:nobody", "selects nothing"),
        ("tag:env=stage", "selects nothing"),
        ("account:3", "selects nothing"),
    ] {
        for question in [
            ["--from", selector, "--to", "sensitive"],
            ["--from", "internet", "--to", selector],
        ] {
            let run = cspm([&["reach", &estate], &question[..]].concat()).ends_with(2);
            assert!(run.err.contains(right), "{selector}: {}", run.err);
            assert!(run.err.contains(selector), "{selector}: {}", run.err);
            assert!(run.out.is_empty());
        }
        let run = cspm(["prioritize", &estate, "--entry", selector]).ends_with(2);
        assert!(run.err.contains(selector), "{selector}: {}", run.err);
    }
    cspm(["reach", &estate, "--from", "internet"]).ends_with(2);
}

#[test]
fn other_entries_can_be_chosen() {
    let folder = Folder::new();
    let estate = folder.file("estate.json", ESTATE);
    let reached = |entries: &[&str]| {
        let mut arguments = vec!["prioritize", &estate, "--format", "json"];
        arguments.extend(entries.iter().flat_map(|it| ["--entry", *it]));
        let report = cspm(arguments).ends_with(0).json();
        let jewels = report["crown_jewels"].as_array().unwrap().clone();
        let jewel = jewels
            .into_iter()
            .find(|it| it["state"]["resource"] == "db");
        (
            report["summary"]["entries"].clone(),
            jewel.unwrap()["reachable"].clone(),
        )
    };
    assert_eq!(reached(&[]), (json!(1), json!(true)));
    assert_eq!(reached(&["none"]), (json!(0), json!(false)));
    assert_eq!(reached(&["id:batch"]).1, json!(false));
    assert_eq!(reached(&["id:batch", "id:web"]).1, json!(true));
}

#[test]
fn forms_say_the_same() {
    let rest = [
        "reach",
        "--from",
        "internet",
        "--to",
        "sensitive",
        "--format",
    ];
    let run = |format: &str| cspm(with(&OPEN_PORTS, &[&rest[..], &[format]].concat())).ends_with(0);
    let document = run("json").json();
    let lines = run("jsonl").lines();
    assert_eq!(lines[0], json!({"schema": "cspm.reach/1"}));
    let tagged = |tag: &str| {
        lines
            .iter()
            .filter_map(|it| it.get(tag).cloned())
            .collect::<Vec<_>>()
    };
    assert_eq!(json!(tagged("pair")), document["pairs"]);
    let steps = tagged("step");
    assert_eq!(steps.len(), document["steps"].as_object().unwrap().len());
    for mut step in steps {
        let id = step.as_object_mut().unwrap().remove("id").unwrap();
        assert_eq!(step, document["steps"][id.as_str().unwrap()]);
    }
    let table = run("table");
    for part in ["certain, likelihood 0.180", "network.lateral", "1 pairs"] {
        assert!(table.text().contains(part), "{}", table.text());
    }
}
