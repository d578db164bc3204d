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

/// Denies with many open conditions each, all of which contradict the only allow but the last: the search
/// has to give up, and say so on the safe side.
#[test]
fn a_hostile_search_is_cut() {
    let keys: Vec<String> = (0..40).map(|index| format!("k{index}")).collect();
    let equals = |value: &str| -> Value {
        keys.iter()
            .map(|key| (key.clone(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let mut statements = vec![
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": equals("x")}}),
    ];
    for first in 0..40 {
        let like: serde_json::Map<String, Value> = keys
            .iter()
            .cycle()
            .skip(first)
            .take(39)
            .map(|key| (key.clone(), json!("?")))
            .collect();
        statements.push(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": like, "StringNotEquals": {"z": format!("{first}")}}}));
    }
    statements.push(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLikeIfExists": {"z": "*"}, "StringLike": equals("?")}}));
    let line = json!({
        "principal": "arn:aws:iam::111122223333:user/u", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
        "context_complete": false, "identity_policies": [{"Statement": statements}],
    });
    let started = Instant::now();
    let decision = ask(&line);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    if !decision.exact() {
        assert!(!decision.certain());
    }
}

#[test]
fn large_policies_are_evaluated_in_linear_time() {
    let statements: Vec<Value> = (0..5_000)
        .map(|index| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::b{index}/*"),
            "Condition": {"StringEquals": {"aws:PrincipalTag/a": format!("{index}")}}}))
        .collect();
    let line = json!({
        "principal": "arn:aws:iam::111122223333:user/u", "action": "s3:GetObject", "resource": "arn:aws:s3:::b4999/k",
        "context_complete": false, "identity_policies": [{"Statement": statements}],
    });
    let started = Instant::now();
    let decision = ask(&line);
    assert_eq!(decision.because()[0].statement, 4_999);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
