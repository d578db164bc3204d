//! Every limit, at its value and one past it; and input made to be slow.

use std::time::Instant;

use cspm_iam::aws::{Limits, ParseError, Policy, batch};
use serde_json::{Value, json};

use crate::ask::ask;

fn statement(actions: usize) -> Value {
    json!({"Effect": "Allow", "Action": vec!["s3:*"; actions], "Resource": "*"})
}

fn check(
    read: impl Fn(&Limits) -> Result<Policy, ParseError>,
    set: impl Fn(&mut Limits, usize),
    at: usize,
) {
    let mut limits = Limits::default();
    set(&mut limits, at);
    assert!(read(&limits).is_ok(), "refused at {at}");
    set(&mut limits, at - 1);
    let Err(ParseError::Limit(error)) = read(&limits) else {
        panic!("accepted past {}", at - 1)
    };
    assert_eq!((error.maximum(), error.observed()), (at - 1, at), "{error}");
}

#[test]
fn limits_hold_at_their_value() {
    let text = json!({"Statement": [statement(1), statement(2)]}).to_string();
    let value: Value = serde_json::from_str(&text).unwrap();
    check(
        |limits| Policy::from_text(&text, limits),
        |limits, at| limits.document_bytes_max = at,
        text.len(),
    );
    check(
        |limits| Policy::from_value(&json!(text), limits),
        |limits, at| limits.document_bytes_max = at,
        text.len(),
    );
    check(
        |limits| Policy::from_value(&value, limits),
        |limits, at| limits.statements_max = at,
        2,
    );
    // Three actions and two resources.
    check(
        |limits| Policy::from_value(&value, limits),
        |limits, at| limits.values_max = at,
        5,
    );
    let nested = json!(json!(text).to_string()).to_string();
    check(
        |limits| Policy::from_text(&nested, limits),
        |limits, at| limits.nesting_max = at,
        2,
    );
}

#[test]
fn a_line_may_be_as_long_as_its_limit() {
    let line =
        json!({"principal": "anonymous", "action": "s3:GetObject", "resource": "*"}).to_string();
    let answer = |bytes| {
        let mut limits = Limits::default();
        limits.line_bytes_max = bytes;
        batch::evaluate_line(&line, &limits)
    };
    assert!(answer(line.len()).contains("implicit_deny"));
    assert!(answer(line.len() - 1).contains("line_bytes_max"));
}

#[test]
fn deep_documents_are_refused() {
    let deep = "[".repeat(100_000);
    assert!(Policy::from_text(&deep, &Limits::default()).is_err());
    let deep = format!("{{\"Statement\":{}", "{\"a\":".repeat(100_000));
    assert!(Policy::from_text(&deep, &Limits::default()).is_err());
}

fn incomplete(statements: &[Value]) -> Value {
    json!({
        "principal": "arn:aws:iam::111122223333:user/u",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b4999/k",
        "context_complete": false,
        "identity_policies": [{"Statement": statements}],
    })
}

fn on(effect: &str, conditions: &Value) -> Value {
    json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": conditions})
}

/// Each of twenty-four denies leaves two ways out, and all but one combination of them is blocked by the
/// last ones: the search has to give up, and to say so on the safe side.
#[test]
fn a_hostile_search_is_cut() {
    let mut statements = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
    for index in 0..24 {
        let (one, other) = (format!("a{index}"), format!("b{index}"));
        statements.push(on("Deny", &json!({"StringEquals": {one: "x", other: "x"}})));
    }
    // Whatever is chosen above, these four cannot all be avoided.
    for (one, other) in [
        ("Equals", "Equals"),
        ("Equals", "NotEquals"),
        ("NotEquals", "Equals"),
        ("NotEquals", "NotEquals"),
    ] {
        let mut conditions = json!({format!("String{one}"): {"y": "x"}});
        conditions[format!("String{other}")]["z"] = json!("x");
        statements.push(on("Deny", &conditions));
    }
    let started = Instant::now();
    let decision = ask(&incomplete(&statements));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert_eq!(decision.effect().as_str(), "allow");
    assert!(!decision.exact() && !decision.certain());
    assert!(!decision.conditions().is_empty());
}

#[test]
fn what_leaves_no_choice_is_looked_at_first() {
    let mut statements = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
    for index in 0..24 {
        let (one, other) = (format!("a{index}"), format!("b{index}"));
        statements.push(on("Deny", &json!({"StringEquals": {one: "x", other: "x"}})));
    }
    statements.push(on("Deny", &json!({"StringEquals": {"z": "x"}})));
    statements.push(on("Deny", &json!({"StringNotEquals": {"z": "x"}})));
    let decision = ask(&incomplete(&statements));
    assert_eq!(decision.effect().as_str(), "explicit_deny");
    assert!(decision.exact() && decision.certain());
}

#[test]
fn large_policies_are_evaluated_in_linear_time() {
    let allow = |index: usize| {
        let mut allow = on(
            "Allow",
            &json!({"StringEquals": {"aws:PrincipalTag/a": index.to_string()}}),
        );
        allow["Resource"] = json!(format!("arn:aws:s3:::b{index}/*"));
        allow
    };
    let statements: Vec<Value> = (0..5_000).map(allow).collect();
    let started = Instant::now();
    let decision = ask(&incomplete(&statements));
    assert_eq!(decision.because()[0].statement, 4_999);

    // All denies on one key, and all allows on one key.
    let same = |effect: &str| -> Vec<Value> {
        let condition = |index: usize| json!({"StringEquals": {"k": index.to_string()}});
        (0..5_000)
            .map(|index| on(effect, &condition(index)))
            .collect()
    };
    let mut denies = same("Deny");
    denies.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let decision = ask(&incomplete(&denies));
    assert!(decision.exact() && !decision.certain());
    assert_eq!(decision.conditions().len(), 5_000);
    let decision = ask(&incomplete(&same("Allow")));
    assert!(!decision.certain());
    assert_eq!(decision.conditions().len(), 1);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
