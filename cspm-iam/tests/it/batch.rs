//! The batch contract: what a line may hold, and what is said of one that cannot be evaluated.

use cspm_iam::aws::{Limits, batch};
use serde_json::{Value, json};

fn answer(line: &str) -> Value {
    let answer = batch::evaluate_line(line, &Limits::default());
    assert!(!answer.contains('\n'));
    serde_json::from_str(&answer).unwrap()
}

fn line() -> Value {
    json!({
        "id": "1",
        "principal": "arn:aws:iam::111122223333:user/u",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "identity_policies": [{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}],
    })
}

#[test]
fn the_fields_of_an_answer_stand_in_the_order_of_the_contract() {
    assert_eq!(
        batch::evaluate_line(&line().to_string(), &Limits::default()),
        r#"{"id":"1","decision":"allow","certain":true,"conditions":[],"because":["/identity_policies/0/Statement/0"]}"#,
    );
}

#[test]
fn the_contract_s_example_is_answered() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
    let mut line = line();
    line["resource_account"] = json!("111122223333");
    line["context"] =
        json!({"aws:SourceIp": "203.0.113.9", "aws:TagKeys": ["a", "b"], "n": 1, "b": true});
    line["context_complete"] = json!(true);
    for field in [
        "identity_policies",
        "permission_boundaries",
        "session_policies",
        "endpoint_policies",
    ] {
        line[field] = json!([policy]);
    }
    line["resource_policy"] = policy.clone();
    line["service_control_policies"] = json!([[policy], [policy]]);
    line["resource_control_policies"] = json!([[policy]]);
    let because = json!([
        "/identity_policies/0/Statement/0",
        "/resource_policy/Statement/0"
    ]);
    let expected = json!({"id": "1", "decision": "allow", "certain": true, "conditions": [], "because": because});
    assert_eq!(answer(&line.to_string()), expected);
}

#[test]
fn open_conditions_are_written_in_full() {
    let mut line = line();
    line["context_complete"] = json!(false);
    line["identity_policies"][0]["Statement"][0]["Condition"] =
        json!({"StringEquals": {"sts:ExternalId": ["x", "y"]}});
    let expected = json!([{"key": "sts:ExternalId", "operator": "StringEquals", "values": ["x", "y"],
        "required": true, "setter": "outside"}]);
    let answer = answer(&line.to_string());
    assert_eq!(
        (&answer["certain"], &answer["conditions"]),
        (&json!(false), &expected)
    );
}

#[test]
fn an_unusable_line_is_answered_with_its_id() {
    let change = |field: &str, value: Value| {
        let mut line = line();
        line[field] = value;
        line.to_string()
    };
    let mut missing = line();
    missing.as_object_mut().unwrap().remove("action");
    for (line, id, part) in [
        (String::new(), json!(null), "unusable request"),
        ("nonsense".to_owned(), json!(null), "unusable request"),
        ("[1]".to_owned(), json!(null), "unusable request"),
        ("{\"id\": 7".to_owned(), json!(null), "unusable request"),
        (missing.to_string(), json!("1"), "action"),
        (
            change("principal", json!("ana")),
            json!("1"),
            "`ana` is no principal",
        ),
        (
            change("action", json!("s3:*")),
            json!("1"),
            "`s3:*` is no action",
        ),
        (change("surplus", json!(1)), json!("1"), "surplus"),
        (
            change("context", json!({"k": {}})),
            json!("1"),
            "/context/k",
        ),
        (
            change("resource_policy", json!(1)),
            json!("1"),
            "/resource_policy",
        ),
        (
            change("identity_policies", json!([{}])),
            json!("1"),
            "/identity_policies/0",
        ),
        (
            change("service_control_policies", json!([[], [7]])),
            json!("1"),
            "/service_control_policies/1/0",
        ),
    ] {
        let answer = answer(&line);
        assert_eq!(answer["id"], id, "{line}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(part), "{line}: {error}");
        assert_eq!(answer.as_object().unwrap().len(), 2);
    }
}

#[test]
fn absent_and_null_kinds_of_policy_do_not_apply() {
    let mut line = line();
    for field in [
        "permission_boundaries",
        "session_policies",
        "service_control_policies",
        "resource_policy",
    ] {
        line[field] = Value::Null;
    }
    assert_eq!(answer(&line.to_string())["decision"], "allow");
    line["permission_boundaries"] = json!([]);
    assert_eq!(answer(&line.to_string())["decision"], "implicit_deny");
}

#[test]
fn ids_of_every_kind_are_given_back() {
    for id in [json!(7), json!(null), json!({"a": [1]}), json!("\u{1f600}")] {
        let mut line = line();
        line["id"] = id.clone();
        assert_eq!(answer(&line.to_string())["id"], id);
    }
}
