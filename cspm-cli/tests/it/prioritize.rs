//! `cspm prioritize` on the scenario of the open ports: one of 5,000 findings matters.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{
    Folder, OPEN_PORTS, Run, assert_valid, command, cspm, document, find, finish, with,
};

fn run(rest: &[&str]) -> Run {
    cspm(with(&OPEN_PORTS, &[&["prioritize"], rest].concat()))
}

/// The report, made once.
fn report() -> &'static Value {
    static REPORT: OnceLock<Value> = OnceLock::new();
    REPORT.get_or_init(|| run(&["--format", "json"]).ends_with(0).json())
}

#[test]
fn one_finding_is_critical_and_its_path_is_told_hop_by_hop() {
    let report = report();
    let truth = document("testdata/scenarios/open-ports/truth.json");
    let critical: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["priority"] == "critical")
        .collect();
    let [finding] = critical[..] else {
        panic!("{} findings are critical", critical.len());
    };
    assert_eq!(finding["id"], truth["critical"]["finding"]);
    assert_eq!(finding["resource"], truth["critical"]["resource"]);
    assert_eq!(finding["severity"], truth["critical"]["scanner_severity"]);
    assert_eq!(finding["verdict"], "on_path");
    let jewel = &truth["critical"]["crown_jewel"];
    let path = report["attack_paths"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["to"]["resource"] == jewel["id"] && it["to"]["access"] == jewel["access"])
        .unwrap();
    assert_eq!(path["from"]["resource"], "internet");
    assert_eq!(path["certainty"], "certain");
    assert_eq!(path["findings"], json!([finding["id"]]));
    assert!(finding["paths"].as_array().unwrap().contains(&path["id"]));
    let techniques: Vec<&str> = path["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| &report["steps"][id.as_str().unwrap()]["technique"])
        .filter_map(Value::as_str)
        // Which parts of the network a way crosses is a matter of how networks are modelled.
        .filter(|it| !matches!(*it, "network.position" | "network.segment-member"))
        .collect();
    assert_eq!(
        techniques,
        [
            "network.internet-exposed",
            "compute.remote-administration",
            "network.lateral",
            "aws.ec2.instance-profile",
            "aws.secretsmanager.read-secret",
            "data.password-log-in",
        ]
    );
    let last = path["steps"].as_array().unwrap().last().unwrap();
    let gate = &report["steps"][last.as_str().unwrap()];
    assert_eq!(
        gate["requires"].as_array().unwrap().len(),
        1,
        "a gate: {gate}"
    );
}

#[test]
fn every_other_finding_is_suppressed_for_the_reason_that_holds() {
    let report = report();
    let truth = document("testdata/scenarios/open-ports/truth.json");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(json!(findings.len()), truth["findings"]);
    assert_eq!(report["summary"]["findings"], truth["findings"]);
    for counts in ["by_priority", "by_verdict"] {
        let reported: BTreeMap<&str, u64> = report["summary"][counts]
            .as_object()
            .unwrap()
            .iter()
            .map(|(word, count)| (word.as_str(), count.as_u64().unwrap()))
            .filter(|&(_, count)| count > 0)
            .collect();
        assert_eq!(json!(reported), truth[counts], "{counts}");
    }
    // The scenario names what blocks in words of its own.
    let words = BTreeMap::from([
        ("condition", "condition"),
        ("explicit_deny", "explicit_deny"),
        ("network_acl", "network_acl_deny"),
        ("no_public_address", "no_public_address"),
        ("no_route_to_internet", "no_route_to_internet_gateway"),
        ("nothing_of_value", "nothing_of_value_behind"),
        ("permissions_boundary", "permissions_boundary"),
        ("security_group", "open_group_not_attached"),
        ("sideways_open_to_all", "sideways_is_open_to_all_anyway"),
    ]);
    let mut blocked: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings {
        if finding["priority"] == "suppressed" {
            let [word] = finding["blocked_by"].as_array().unwrap().as_slice() else {
                panic!("not one reason: {finding}");
            };
            *blocked.entry(words[word.as_str().unwrap()]).or_default() += 1;
            assert!(!finding["reason"].as_str().unwrap().is_empty(), "{finding}");
            assert_eq!(finding["score"], 0);
        }
    }
    assert_eq!(json!(blocked), truth["by_blocking_reason"]);
}

#[test]
fn the_report_is_valid_and_json_lines_hold_the_same() {
    let report = report();
    assert_valid(
        &cspm(["schema", "report"]).ends_with(0).json(),
        report,
        "report",
    );
    let lines = run(&["--format", "jsonl"]).ends_with(0).lines();
    let mut joined = lines[0].as_object().unwrap().clone();
    for (tag, member) in [
        ("finding", "findings"),
        ("attack_path", "attack_paths"),
        ("possible_path", "possible_paths"),
        ("crown_jewel", "crown_jewels"),
        ("choke_point", "choke_points"),
        ("diagnostic", "diagnostics"),
    ] {
        let items = lines[1..].iter().filter_map(|line| line.get(tag).cloned());
        joined.insert(member.to_owned(), items.collect());
    }
    let steps = lines[1..].iter().filter_map(|line| line.get("step"));
    let steps = steps.map(|step| {
        let mut step = step.as_object().unwrap().clone();
        let id = step.remove("id").unwrap();
        (id.as_str().unwrap().to_owned(), Value::Object(step))
    });
    joined.insert("steps".to_owned(), steps.collect::<Value>());
    assert_eq!(&Value::Object(joined), report);
    assert!(
        lines[1..]
            .iter()
            .all(|it| it.as_object().unwrap().len() == 1)
    );
}

#[test]
fn the_table_tells_the_way_and_what_was_set_aside() {
    let run = run(&[]).ends_with(0);
    let table = run.text();
    assert_eq!(run.err, "", "nothing to warn of");
    for part in [
        "5000 findings: 1 to act on, 4999 suppressed",
        "CRITICAL  ec2_instance_port_ssh_exposed_to_internet  (scanner: medium)",
        "1. internet -> instance/i-05d9fad1548ffe089 tcp/22",
        "role/customers-web control -> secret:customers-db/master-x7Kq2P read",
        "db:customers-db tcp/5432 + secret:customers-db/master-x7Kq2P read -> db:customers-db read",
        "inventory.jsonl.gz#/grant/Statement/0 (line ",
        "3000 exposed: nothing of value",
        "20 exposed: explicit deny",
    ] {
        assert!(table.contains(part), "no `{part}` in\n{table}");
    }
}

#[test]
fn where_nobody_watches_there_is_no_escape() {
    for environment in [None, Some(("NO_COLOR", "1")), Some(("CLICOLOR_FORCE", "1"))] {
        let mut command = command(with(&OPEN_PORTS, &["prioritize"]));
        command.env("TERM", "xterm-256color").envs(environment);
        let run = finish(command).ends_with(0);
        assert!(!run.out.contains(&0x1b), "{environment:?}: standard output");
        assert!(
            !run.err.contains('\u{1b}'),
            "{environment:?}: standard error"
        );
    }
}

/// An estate with as many findings on a path, and one path without a finding.
const THREE: &str = r#"{"schema": "cspm.estate/1",
 "resources": [
  {"id": "a", "kind": "compute.instance"}, {"id": "b", "kind": "compute.instance"}, {"id": "c", "kind": "compute.instance"},
  {"id": "db-a", "kind": "data.database", "data": ["pii"]}, {"id": "db-b", "kind": "data.database", "data": ["pii"]},
  {"id": "db-c", "kind": "data.database", "data": ["pii"]}],
 "relations": [
  {"from": "internet", "to": "a", "kind": "reaches", "ports": "22"}, {"from": "a", "to": "db-a", "kind": "reads"},
  {"from": "internet", "to": "b", "kind": "reaches", "ports": "22"}, {"from": "b", "to": "db-b", "kind": "reads"},
  {"from": "internet", "to": "c", "kind": "reaches", "ports": "22"}, {"from": "c", "to": "db-c", "kind": "reads"},
  {"from": "b", "to": "db-a", "kind": "reads"}],
 "findings": [
  {"id": "f-a", "check": "ssh-open", "resource": "a", "ports": "22", "severity": "low"},
  {"id": "f-b", "check": "ssh-open", "resource": "b", "ports": "22", "severity": "low"}]}"#;

#[test]
fn top_counts_the_findings_of_a_table_and_nothing_else() {
    let folder = Folder::new();
    let estate = folder.file("estate.json", THREE);
    let table = cspm(["prioritize", &estate, "--top", "1"]).ends_with(0);
    assert_eq!(table.text().matches("(scanner: ").count(), 1);
    assert!(table.text().contains("... and 1 more"), "{}", table.text());
    let table = cspm(["prioritize", &estate, "--top", "2"]).ends_with(0);
    assert_eq!(table.text().matches("(scanner: ").count(), 2);
    assert!(!table.text().contains("more; --top"), "{}", table.text());
    assert!(
        table
            .text()
            .contains("ATTACK PATHS THAT NO FINDING TELLS OF")
    );
    let json = |top: &str| cspm(["prioritize", &estate, "--format", "json", "--top", top]).out;
    assert_eq!(json("0"), json("9"));
}

#[test]
fn paths_asks_for_more_ways_to_each_crown_jewel() {
    let folder = Folder::new();
    let estate = folder.file("estate.json", THREE);
    let ways = |paths: &str| {
        let run = cspm(["prioritize", &estate, "--format", "json", "--paths", paths]).ends_with(0);
        let report = run.json();
        let to = |jewel: &str| {
            let ends = report["attack_paths"].as_array().unwrap().iter();
            ends.filter(|it| it["to"]["resource"] == jewel).count()
        };
        [to("db-a"), to("db-b"), to("db-c")]
    };
    // The findings on `a` and on `b` each have a way to show, whatever was asked for.
    assert!(ways("1")[0] >= 1);
    assert_eq!(ways("3"), [2, 1, 1]);
    for wrong in ["0", "1001", "-1", "many"] {
        let run = cspm(["prioritize", &estate, &format!("--paths={wrong}")]).ends_with(2);
        assert!(run.err.contains("--paths"), "{}", run.err);
    }
}

#[test]
fn ids_all_lists_every_crown_jewel_of_a_blast_radius() {
    let mut estate = String::from("{\"schema\": \"cspm.estate/1\"}\n");
    let mut add = |record: Value| writeln!(estate, "{record}").unwrap();
    add(json!({"resource": {"id": "a", "kind": "compute.instance"}}));
    add(json!({"relation": {"from": "internet", "to": "a", "kind": "reaches", "ports": "22"}}));
    add(json!({"finding": {"id": "f", "check": "ssh-open", "resource": "a", "ports": "22"}}));
    for number in 0..30 {
        let id = format!("db-{number:02}");
        add(json!({"resource": {"id": id, "kind": "data.database", "data": ["pii"]}}));
        add(json!({"relation": {"from": "a", "to": id, "kind": "reads"}}));
    }
    let folder = Folder::new();
    let estate = folder.file("estate.jsonl", estate);
    for (which, count, cut) in [("first", 20, true), ("all", 30, false)] {
        let run = cspm(["prioritize", &estate, "--format", "json", "--ids", which]).ends_with(0);
        let report = run.json();
        let radius = &find(&report["findings"], "id", "f").unwrap()["blast_radius"];
        assert_eq!(radius["crown_jewels"], 30, "{which}");
        assert_eq!(radius["ids"].as_array().unwrap().len(), count, "{which}");
        assert_eq!(radius["ids_cut"], cut, "{which}");
    }
    cspm(["prioritize", &estate, "--ids", "some"]).ends_with(2);
}

#[test]
fn fail_on_counts_findings_and_paths_without_any() {
    let folder = Folder::new();
    let check = |estate: &str, codes: [i32; 4]| {
        let path = folder.file("estate.json", estate);
        for (level, code) in ["critical", "high", "medium", "low"].into_iter().zip(codes) {
            let run = cspm(["prioritize", &path, "--fail-on", level, "--format", "json"]);
            let run = run.ends_with(code);
            assert!(!run.out.is_empty(), "the report is written all the same");
        }
        cspm(["prioritize", &path]).ends_with(0);
    };
    let estate = |middle: &str, certainty: &str, findings: &str| {
        format!(
            r#"{{"schema": "cspm.estate/1",
              "resources": [{{"id": "a", "kind": "compute.instance"}}, {{"id": "db", "kind": "data.database", "data": ["pii"]}}],
              "relations": [{middle} {{"from": "a", "to": "db", "kind": "reads", "certainty": "{certainty}", "conditions": []}}],
              "findings": [{findings}]}}"#
        )
    };
    let ssh = r#"{"from": "internet", "to": "a", "kind": "reaches", "ports": "22"},"#;
    let web = r#"{"from": "internet", "to": "a", "kind": "reaches", "ports": "8080"},"#;
    let on_ssh = r#"{"id": "f", "check": "ssh-open", "resource": "a", "ports": "22"}"#;
    let elsewhere = r#"{"id": "f", "check": "c", "resource": "elsewhere", "severity": "low"}"#;
    // A critical finding.
    check(&estate(ssh, "certain", on_ssh), [1, 1, 1, 1]);
    // The same path with no finding at all, and with a foothold that is only the default assumption.
    check(&estate(ssh, "certain", ""), [1, 1, 1, 1]);
    check(&estate(web, "certain", ""), [0, 1, 1, 1]);
    // Value behind it, but no entry; and what the scanner calls low on a thing that nobody knows.
    check(&estate("", "certain", on_ssh), [0, 0, 0, 1]);
    check(&estate("", "certain", elsewhere), [0, 0, 0, 1]);
    // Nothing at all.
    check(&estate("", "certain", ""), [0, 0, 0, 0]);
    let run = run(&["--fail-on", "critical", "--quiet"]).ends_with(1);
    assert_eq!(run.err, "");
}

#[test]
fn an_output_file_holds_what_standard_output_would() {
    let folder = Folder::new();
    let estate = folder.file("estate.json", THREE);
    for format in ["table", "json", "jsonl"] {
        let printed = cspm(["prioritize", &estate, "--format", format]).ends_with(0);
        let path = folder.file("report", "what was there before");
        let run = cspm(["prioritize", &estate, "--format", format, "-o", &path]).ends_with(0);
        assert!(run.out.is_empty());
        assert_eq!(std::fs::read(&path).unwrap(), printed.out, "{format}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path(""))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "only the estate and the report: {left:?}");
}

#[test]
fn an_output_that_cannot_be_written_is_exit_code_4() {
    let folder = Folder::new();
    let estate = folder.file("estate.json", THREE);
    let missing = folder.path("no/such/folder/report.json");
    let occupied = folder.path("");
    for target in [&missing, &occupied] {
        let run = cspm(["prioritize", &estate, "-o", target]).ends_with(4);
        assert!(
            run.err.contains("cannot write") && run.err.contains(target.as_str()),
            "{}",
            run.err
        );
    }
    if cfg!(target_os = "linux") {
        let mut full = command(["prioritize", &estate]);
        full.stdout(
            std::fs::File::options()
                .write(true)
                .open("/dev/full")
                .unwrap(),
        );
        let run = finish(full).ends_with(4);
        assert!(run.err.contains("standard output"), "{}", run.err);
    }
}

#[test]
fn a_reader_that_closes_early_ends_the_run_in_silence() {
    for format in ["table", "json", "jsonl"] {
        let rest = ["prioritize", "--format", format];
        let mut child = command(with(&OPEN_PORTS, &rest)).spawn().unwrap();
        let mut line = String::new();
        let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert!(!line.is_empty());
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{format}");
    }
}
