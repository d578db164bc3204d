//! The native estate format: read, written, refused.

use cspm_model::native::{EstateForm, estate_schema, read_estate, write_estate};
use cspm_model::{Estate, EstateBuilder, Limits, Properties};

const EXAMPLE: &str = r#"{ "schema": "cspm.estate/1",
  "resources": [
    { "id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1", "kind": "compute.instance", "provider": "aws",
      "account": "111122223333", "region": "eu-west-1", "name": "web-1", "tags": {"env": "prod"},
      "criticality": "high", "data": ["pii"], "x_note": {"kept": true},
      "properties": {"subnet": "subnet-1", "security_groups": ["sg-1"], "public_addresses": ["203.0.113.7"]} },
    { "id": "weird", "kind": "robot.arm", "properties": {"joints": 7} } ],
  "grants": [
    { "principal": "arn:aws:iam::111122223333:role/web", "effect": "allow",
      "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::customers/*"], "conditions": {} } ],
  "relations": [
    { "from": "internet", "to": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1", "kind": "reaches", "ports": "22", "protocol": "tcp" },
    { "from": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1", "to": "arn:aws:iam::111122223333:role/web", "kind": "runs_as" } ],
  "findings": [
    { "id": "f-1", "check": "ssh", "resource": "i-0a1", "severity": "medium", "title": "SSH open to the internet" } ] }"#;

fn read(text: &str) -> Estate {
    let mut builder = EstateBuilder::new(Limits::default());
    read_estate(text.as_bytes(), "estate.json", &mut builder).unwrap();
    builder.build()
}

fn fails(text: &str) -> String {
    let mut builder = EstateBuilder::new(Limits::default());
    read_estate(text.as_bytes(), "estate.json", &mut builder)
        .unwrap_err()
        .to_string()
}

fn written(estate: &Estate, form: EstateForm) -> String {
    let mut out = Vec::new();
    write_estate(estate, form, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_documented_example_is_read_whole() {
    let estate = read(EXAMPLE);
    assert_eq!(estate.diagnostics().len(), 1, "{:?}", estate.diagnostics());
    assert!(estate.diagnostics()[0].message.contains("role/web"));
    let web = estate
        .resource("arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1")
        .unwrap();
    let Properties::Instance(facts) = &web.properties else {
        panic!("no instance")
    };
    assert_eq!(facts.public_addresses, ["203.0.113.7"]);
    assert_eq!(
        web.evidence[0].to_string(),
        "estate.json#/resources/0 (line 3, column 5)"
    );
    assert!(
        !estate
            .resource("arn:aws:iam::111122223333:role/web")
            .unwrap()
            .collected
    );
    assert_eq!(
        estate.resolve("i-0a1", None),
        estate.position(web.id.as_str())
    );
    assert_eq!(
        estate.resolve("web-1", None),
        estate.position(web.id.as_str())
    );
}

#[test]
fn written_and_read_again_it_is_the_same() {
    let estate = read(EXAMPLE);
    for form in [EstateForm::Document, EstateForm::Lines] {
        let text = written(&estate, form);
        let again = read(&text);
        assert_eq!(
            written(&again, EstateForm::Document),
            written(&estate, EstateForm::Document)
        );
        assert_eq!(again.resources(), estate.resources());
    }
}

#[test]
fn the_example_is_valid_by_its_schema_and_nonsense_is_not() {
    let schema = jsonschema::validator_for(&estate_schema()).unwrap();
    let example: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(&example)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let estate = read(EXAMPLE);
    let rewritten = serde_json::from_str(&written(&estate, EstateForm::Document)).unwrap();
    assert!(schema.is_valid(&rewritten));
    for wrong in [
        r#"{"schema": "cspm.estate/1", "resources": [{"id": "a"}]}"#,
        r#"{"schema": "cspm.estate/1", "resources": [{"id": "a", "kind": "data.bucket", "properties": {"subnet": "x"}}]}"#,
        r#"{"schema": "cspm.estate/1", "relations": [{"from": "a", "to": "b", "kind": "likes"}]}"#,
        r#"{"schema": "cspm.estate/2"}"#,
    ] {
        assert!(
            !schema.is_valid(&serde_json::from_str(wrong).unwrap()),
            "{wrong}"
        );
    }
}

#[test]
fn one_bad_record_does_not_hide_the_rest() {
    let estate = read(
        "{\"schema\": \"cspm.estate/1\", \"resources\": [\n{\"id\": \"a\", \"kind\": \"data.bucket\", \"colour\": 1},\n{\"id\": \"b\", \"kind\": \"data.bucket\", \"properties\":\n  {\"acl\": 3}},\n{\"id\": \"c\", \"kind\": \"data.bucket\"}]}",
    );
    assert_eq!(estate.resources().len(), 1);
    let texts: Vec<String> = estate
        .diagnostics()
        .iter()
        .map(|it| format!("{} | {}", it.location.as_ref().unwrap(), it.message))
        .collect();
    assert!(
        texts[0].starts_with("estate.json#/resources/0 (line 2, column 43)"),
        "{texts:?}"
    );
    assert!(texts[0].contains("unknown field `colour`"), "{texts:?}");
    assert!(
        texts[1].starts_with("estate.json#/resources/1/properties (line 4, column 11)"),
        "{texts:?}"
    );
}

#[test]
fn a_wrong_document_says_where_and_what() {
    for (text, want) in [
        (
            "",
            "estate.json (line 1, column 1): the document ends where `{` should be",
        ),
        ("[]", "expected `{`, found `[`"),
        ("{}", "`schema` is missing"),
        (
            r#"{"schema": "cspm.estate/9"}"#,
            "unknown schema `cspm.estate/9`",
        ),
        (
            r#"{"schema": "cspm.estate/1", "rules": []}"#,
            "unknown member `rules`",
        ),
        (
            r#"{"schema": "cspm.estate/1", "resources": [{"id": "a"#,
            "cut off",
        ),
        (
            r#"{"schema": "cspm.estate/1", "resources": []} {}"#,
            "not both",
        ),
    ] {
        let found = fails(text);
        assert!(found.contains(want), "{text}: {found}");
    }
}

#[test]
fn fragments_merge_whatever_their_order() {
    let a = r#"{"schema": "cspm.estate/1", "resources": [{"id": "b", "kind": "data.bucket", "tags": {"x": "1"}}]}"#;
    let b = r#"{"schema": "cspm.estate/1", "resources": [{"id": "b", "kind": "data.bucket", "name": "bee", "properties": {"ownership": "ObjectWriter"}}]}"#;
    let build = |order: [(&str, &str); 2]| {
        let mut builder = EstateBuilder::new(Limits::default());
        for (name, text) in order {
            read_estate(text.as_bytes(), name, &mut builder).unwrap();
        }
        written(&builder.build(), EstateForm::Document)
    };
    let one = build([("a", a), ("b", b)]);
    assert_eq!(one, build([("b", b), ("a", a)]));
    assert!(one.contains("ObjectWriter") && one.contains("bee") && one.contains("\"x\":\"1\""));
}

#[test]
fn finding_ids_are_made_unique_and_none_is_lost() {
    let text = r#"{"schema": "cspm.estate/1", "findings": [
        {"id": "f", "check": "a", "resource": "r"}, {"id": "f", "check": "b", "resource": "r"},
        {"check": "c", "resource": "r"}, {"id": "g", "check": "a", "resource": "r", "status": "PASS"}]}"#;
    let estate = read(text);
    let ids: Vec<&str> = estate
        .findings()
        .iter()
        .map(|finding| finding.id.as_str())
        .collect();
    assert_eq!(ids, ["c@r", "f", "f~2"]);
    assert_eq!(estate.not_findings(), 1);
}

#[test]
fn a_line_may_hold_a_tag_twice_and_loses_neither() {
    let estate = read(
        "{\"schema\": \"cspm.estate/1\"}\n{\"resource\": {\"id\": \"a\", \"kind\": \"secret\"}, \"resource\": {\"id\": \"b\", \"kind\": \"secret\"}}",
    );
    assert_eq!(estate.resources().len(), 2);
}
