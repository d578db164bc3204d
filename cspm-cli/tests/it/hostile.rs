//! What somebody writes who wants the command to fail, to hang, or to show what is not so.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Folder, cspm, cspm_reading};

/// The report on an estate in JSON Lines, given as its records.
fn report(records: &[Value]) -> Value {
    let input = lines(records);
    cspm_reading(input.as_bytes(), ["prioritize", "-", "--format", "json"])
        .ends_with(0)
        .json()
}

fn lines(records: &[Value]) -> String {
    let mut text = String::from("{\"schema\": \"cspm.estate/1\"}\n");
    for record in records {
        writeln!(text, "{record}").unwrap();
    }
    text
}

/// Nothing that a terminal acts on, line breaks of our own left out.
fn assert_harmless(text: &str) {
    let bad = |it: char| {
        (it.is_control() && it != '\n')
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if let Some((at, found)) = text.char_indices().find(|(_, it)| bad(*it)) {
        panic!("{found:?} at {at}, which a terminal acts on");
    }
}

#[test]
fn no_name_reaches_the_terminal_raw() {
    let evil = "\u{1b}[2J\u{1b}]0;title\u{7}\r\n 99 CRITICAL all is well\u{9b}1m\u{85}\u{202e}\u{2066}\u{8}";
    let name = |it: &str| format!("{it}{evil}");
    let input = lines(&[
        json!({"resource": {"id": name("web"), "kind": "compute.instance", "name": evil, "tags": {evil: evil}}}),
        json!({"resource": {"id": name("db"), "kind": "data.database", "data": ["pii"]}}),
        json!({"resource": {"id": name("odd"), "kind": name("kind")}}),
        json!({"relation": {"from": "internet", "to": name("web"), "kind": "reaches", "ports": "22",
            "evidence": [{"source": name("source"), "pointer": name("pointer")}]}}),
        json!({"relation": {"from": name("web"), "to": name("db"), "kind": "step", "from_access": "control",
            "to_access": "read", "technique": name("technique"), "certainty": "conditional", "conditions": [evil]}}),
        json!({"relation": {"from": name("web"), "to": name("gone"), "kind": "controls"}}),
        json!({"relation": {"from": name("web"), "to": name("db"), "kind": name("kind")}}),
        json!({"relation": {"from": name("web"), "to": name("db"), "kind": "reaches", "ports": evil}}),
        json!({"finding": {"id": name("f"), "check": name("check"), "resource": name("web"), "title": evil, "ports": "22", "severity": "high"}}),
        json!({"finding": {"id": name("g"), "check": name("check"), "resource": name("lost"), "title": evil, "severity": "high"}}),
        json!({"finding": {"id": name("h"), "check": name("check"), "resource": name("odd")}}),
        json!({"resource": {"id": "x", "kind": "account", evil: 1}}),
        json!({evil: 1}),
    ]);
    let folder = Folder::new();
    let estate = folder.file("in/e\u{1b}[31m\nvil.jsonl", &input);
    folder.file("in/e\u{1b}[31mmpty.json", "");
    let selector = format!("id:{evil}");
    for arguments in [
        &["prioritize", &folder.path("in")][..],
        &["prioritize", &estate, "--top", "1"],
        &["reach", &estate, "--from", "internet", "--to", "sensitive"],
        &["reach", &estate, "--from", "internet", "--to", &selector],
        &["validate", &folder.path("in")],
        &["prioritize", &estate, "--strict"],
        &["prioritize", evil],
    ] {
        let run = cspm(arguments);
        assert!([0, 2, 3].contains(&run.code), "{}: {}", run.code, run.err);
        assert_harmless(run.text());
        assert_harmless(&run.err);
        assert!(!run.text().contains("\n 99 CRITICAL all is well"));
    }
    for format in ["json", "jsonl"] {
        let run = cspm(["prioritize", &estate, "--format", format, "-q"]).ends_with(0);
        let raw = |it: char| it.is_ascii_control() && it != '\n';
        assert!(
            !run.text().contains(raw),
            "JSON escapes what is below a blank"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(200_000), close.repeat(200_000));
    for (text, code) in [
        (deep("[", "]"), 3),
        ("[".repeat(3_000_000), 3),
        (deep("{\"a\":", "}"), 3),
        (
            format!(
                "{{\"schema\": \"cspm.estate/1\", \"x_a\": {}}}",
                deep("[", "]")
            ),
            0,
        ),
        (
            format!(
                "{{\"schema\": \"cspm.estate/1\", \"resources\": [{{\"id\": \"a\", \"kind\": \"b\", \"properties\": {{\"a\": {}}}}}]}}",
                deep("[", "]")
            ),
            0,
        ),
        (
            format!(
                "{{\"schema\": \"cspm.estate/1\"}}\n{{\"resource\": {}}}\n",
                deep("[", "]")
            ),
            0,
        ),
        (
            format!("{{\"Vpcs\": [{{\"VpcId\": {}}}]}}", deep("[", "]")),
            3,
        ),
    ] {
        let run = cspm_reading(text.as_bytes(), ["prioritize", "-"]).ends_with(code);
        assert!(run.err.len() < 5000, "{}", run.err);
    }
}

#[test]
fn numbers_are_refused_where_they_make_no_sense() {
    let estate = |relation: &str| {
        format!(
            "{{\"schema\": \"cspm.estate/1\"}}\n{{\"resource\": {{\"id\": \"a\", \"kind\": \"account\"}}}}\n{{\"relation\": {{\"from\": \"internet\", \"to\": \"a\", {relation}}}}}\n"
        )
    };
    let check = |relation: &str, used: bool| {
        let run = cspm_reading(
            estate(relation).as_bytes(),
            ["prioritize", "-", "--format", "json"],
        )
        .ends_with(0);
        let lost = run.json()["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["effect"] == "lost");
        assert_eq!(lost, !used, "{relation}: {}", run.text());
    };
    for likelihood in [
        "1e999",
        "-1e999",
        "0",
        "-0.0",
        "1.0000001",
        "-0.5",
        "null1",
        "\"1\"",
    ] {
        check(
            &format!("\"kind\": \"controls\", \"likelihood\": {likelihood}"),
            false,
        );
    }
    for likelihood in [
        "1",
        "1.0",
        "5e-324",
        "0.00000000000000000000000000000000000001",
        "null",
    ] {
        check(
            &format!("\"kind\": \"controls\", \"likelihood\": {likelihood}"),
            true,
        );
    }
    for ports in [
        "99999999999999999999",
        "65536",
        "-1",
        "9-3",
        "",
        "22,",
        "1-2-3",
    ] {
        check(
            &format!("\"kind\": \"reaches\", \"ports\": \"{ports}\""),
            false,
        );
    }
    check("\"kind\": \"reaches\", \"ports\": \"0-65535\"", true);
}

#[test]
fn steps_of_no_likelihood_worth_naming_still_count() {
    let mut records =
        vec![json!({"resource": {"id": "db", "kind": "data.database", "data": ["pii"]}})];
    for at in 0..50 {
        let [from, to] = [at, at + 1].map(|it| format!("i{it:02}"));
        records.push(json!({"resource": {"id": from, "kind": "compute.instance"}}));
        records.push(
            json!({"relation": {"from": from, "to": to, "kind": "controls", "likelihood": 5e-324}}),
        );
    }
    records.push(json!({"resource": {"id": "i50", "kind": "compute.instance"}}));
    records.push(
        json!({"relation": {"from": "internet", "to": "i00", "kind": "reaches", "ports": "22"}}),
    );
    records.push(json!({"relation": {"from": "i50", "to": "db", "kind": "reads"}}));
    records.push(
        json!({"finding": {"id": "f", "check": "ssh-open", "resource": "i00", "ports": "22"}}),
    );
    let report = report(&records);
    assert_eq!(report["findings"][0]["verdict"], "on_path");
    assert_eq!(report["attack_paths"][0]["likelihood"], 0.0);
}

#[test]
fn a_key_twice_in_a_record_is_no_choice_of_ours() {
    let text = "{\"schema\": \"cspm.estate/1\"}
{\"resource\": {\"id\": \"a\", \"id\": \"b\", \"kind\": \"account\"}}
{\"finding\": {\"id\": \"1\", \"check\": \"c\", \"resource\": \"a\", \"severity\": \"low\", \"severity\": \"high\"}}
";
    let report = cspm_reading(text.as_bytes(), ["prioritize", "-", "--format", "json"])
        .ends_with(0)
        .json();
    assert_eq!(report["summary"]["findings"], 0);
    assert_eq!(report["summary"]["resources"], 0);
    for diagnostic in report["diagnostics"].as_array().unwrap() {
        assert!(
            diagnostic["message"]
                .as_str()
                .unwrap()
                .contains("duplicate field"),
            "{diagnostic}"
        );
    }
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 2);
}

#[test]
fn long_texts_do_not_flood_a_table() {
    let long = "A\u{e9}".repeat(2_000_000);
    let input = lines(&[
        json!({"resource": {"id": "i", "kind": "compute.instance", "name": long, "tags": {"a": long}}}),
        json!({"resource": {"id": long, "kind": "data.database", "data": ["pii"]}}),
        json!({"relation": {"from": "internet", "to": "i", "kind": "reaches", "ports": "22"}}),
        json!({"relation": {"from": "i", "to": long, "kind": "reads"}}),
        json!({"finding": {"id": long, "check": long, "resource": "i", "title": long, "ports": "22"}}),
        json!({"finding": {"id": "f", "check": "c", "resource": long, "title": "words ".repeat(500_000)}}),
        json!({"resource": {"id": "x", "kind": "account", &long: 1}}),
    ]);
    let run = cspm_reading(input.as_bytes(), ["prioritize", "-"]).ends_with(0);
    assert!(run.out.len() < 60_000, "{} bytes", run.out.len());
    assert!(run.err.len() < 20_000, "{} bytes", run.err.len());
    assert!(run.text().contains("... (4000000 characters)"));
    let json = cspm_reading(input.as_bytes(), ["prioritize", "-", "--format", "json"]).ends_with(0);
    assert!(json.out.len() > long.len(), "machine formats cut nothing");
}

#[test]
fn a_path_already_told_is_the_only_one_called_so() {
    // One server reads two databases: the second path is listed with the first finding, not told.
    let report = lines(&[
        json!({"resource": {"id": "a", "kind": "compute.instance"}}),
        json!({"resource": {"id": "db-1", "kind": "data.database", "data": ["pii"]}}),
        json!({"resource": {"id": "db-2", "kind": "data.database", "data": ["pii"]}}),
        json!({"relation": {"from": "internet", "to": "a", "kind": "reaches", "ports": "22"}}),
        json!({"relation": {"from": "a", "to": "db-1", "kind": "reads"}}),
        json!({"relation": {"from": "a", "to": "db-2", "kind": "reads"}}),
        json!({"finding": {"id": "f-1", "check": "ssh-open", "resource": "a", "ports": "22"}}),
        json!({"finding": {"id": "f-2", "check": "ssh-open", "resource": "a", "ports": "22"}}),
    ]);
    let run = cspm_reading(report.as_bytes(), ["prioritize", "-"]).ends_with(0);
    for line in run.text().lines().filter(|it| it.contains(": shown above")) {
        let id = line
            .trim()
            .strip_prefix("path ")
            .unwrap()
            .split(':')
            .next()
            .unwrap();
        let told = format!("path {id}: likelihood");
        assert!(run.text().contains(&told), "{line}\n{}", run.text());
    }
}

/// Runs the command on records and fails if it takes longer than anybody waits.
fn in_time(records: &[Value], arguments: &[&str]) {
    let input = lines(records);
    let start = Instant::now();
    cspm_reading(input.as_bytes(), arguments).ends_with(0);
    // Seconds where it is linear; hours where it is not. The bound is for slow machines.
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{arguments:?}: {:?}",
        start.elapsed()
    );
}

#[test]
fn long_ways_and_many_findings_take_no_time_to_print() {
    let mut chain = vec![
        json!({"resource": {"id": "db", "kind": "data.database", "data": ["pii"]}}),
        json!({"relation": {"from": "internet", "to": "i000000", "kind": "reaches", "ports": "22"}}),
        json!({"relation": {"from": "i019999", "to": "db", "kind": "reads"}}),
    ];
    for at in 0..20_000 {
        let [from, to] = [at, at + 1].map(|it| format!("i{it:06}"));
        chain.push(json!({"resource": {"id": from, "kind": "compute.instance"}}));
        if at + 1 < 20_000 {
            chain.push(json!({"relation": {"from": from, "to": to, "kind": "controls"}}));
        }
    }
    in_time(
        &chain,
        &["reach", "-", "--from", "internet", "--to", "sensitive"],
    );
}

#[test]
fn fifty_megabytes_of_findings_without_an_inventory_are_all_unmapped() {
    const COUNT: usize = 120_000;
    let folder = Folder::new();
    let mut text = String::from("{\"schema\": \"cspm.estate/1\"}\n");
    let title = "port 22 (SSH) is open to the internet ".repeat(7);
    for at in 0..COUNT {
        writeln!(
            text,
            "{{\"finding\":{{\"id\":\"f-{at:06}\",\"check\":\"ssh-open\",\"resource\":\"arn:aws:ec2:eu-west-1:111122223333:instance/i-{at:017x}\",\"severity\":\"medium\",\"title\":\"{title}{at}\"}}}}"
        )
        .unwrap();
    }
    assert!(text.len() > 50_000_000, "{}", text.len());
    let findings = folder.file("findings.jsonl", text);
    let target = folder.path("report.json");
    let run = cspm([
        "prioritize",
        &findings,
        "--format",
        "json",
        "-o",
        &target,
        "--fail-on",
        "high",
    ]);
    assert_eq!(run.ends_with(0).err, "");
    let report: Value = serde_json::from_slice(&std::fs::read(&target).unwrap()).unwrap();
    assert_eq!(report["summary"]["findings"], COUNT);
    assert_eq!(report["summary"]["unmapped"], COUNT);
    assert_eq!(report["summary"]["by_priority"]["medium"], COUNT);
}

#[test]
fn standard_input_named_twice_is_read_once() {
    let input = lines(&[json!({"resource": {"id": "a", "kind": "account"}})]);
    let run = cspm_reading(
        input.as_bytes(),
        ["prioritize", "-", "-", "--format", "json"],
    )
    .ends_with(0);
    assert_eq!(run.json()["summary"]["resources"], 1);
}

#[test]
fn what_broke_something_once_does_so_no_more() {
    let folder = crate::support::root().join("testdata/regressions");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        for subcommand in ["validate", "prioritize", "export"] {
            let run = cspm([subcommand, path.to_str().unwrap()]);
            assert!(
                [0, 3].contains(&run.code),
                "{}: {}",
                path.display(),
                run.err
            );
            assert_harmless(&run.err);
            if subcommand != "export" {
                assert_harmless(run.text());
            }
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
    let count = |file: &str| {
        let path = format!("testdata/regressions/{file}");
        let run = cspm(["prioritize", &path, "--format", "json"]).ends_with(0);
        run.json()["summary"]["resources"].clone()
    };
    assert_eq!(count("frames.jsonl.zst"), 2);
    assert_eq!(count("kind-with-escape.jsonl"), 1);
}
