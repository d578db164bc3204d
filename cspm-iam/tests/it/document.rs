//! Reading documents: what is accepted, what is refused with its place, what is warned of.

use cspm_iam::aws::{
    Action, Effect, Limits, NamedPrincipal, ParseError, Policy, Principal, Principals,
    ResourcePatterns, WarningEffect,
};
use serde_json::{Value, json};

fn read(value: &Value) -> Result<Policy, ParseError> {
    Policy::from_value(value, &Limits::default())
}

fn statement() -> Value {
    json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:username}/*"})
}

#[test]
fn a_statement_tells_what_it_is_about() {
    let policy = read(&json!({"Version": "2012-10-17", "Id": "x", "Statement": [{
        "Sid": "One", "Effect": "Deny", "NotAction": "iam:*",
        "Principal": {"AWS": ["111122223333", "*"], "Service": "lambda.amazonaws.com"},
        "NotResource": ["arn:aws:s3:::b/${aws:username}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": false}}}]}))
    .unwrap();
    let [statement] = policy.statements() else {
        panic!("one statement")
    };
    assert_eq!(
        (statement.sid(), statement.effect()),
        (Some("One"), Effect::Deny)
    );
    assert!(statement.has_conditions());
    assert_eq!(
        statement.condition_keys().collect::<Vec<_>>(),
        ["aws:SecureTransport"]
    );
    assert!(statement.covers_action(&Action::parse("s3:GetObject").unwrap()));
    assert!(!statement.covers_action(&Action::parse("IAM:GetUser").unwrap()));
    assert!(statement.covers_any_action("s3") && !statement.covers_any_action("iam"));
    let ResourcePatterns::AllBut([pattern]) = statement.resource_patterns() else {
        panic!()
    };
    assert_eq!(
        (pattern.literal_prefix(), pattern.has_variables()),
        ("arn:aws:s3:::b/", true)
    );
    assert_eq!(
        statement.principals(),
        Principals::Only(&[
            NamedPrincipal::Account("111122223333".to_owned()),
            NamedPrincipal::Everyone,
            NamedPrincipal::Service("lambda.amazonaws.com".to_owned()),
        ]),
    );
    assert!(policy.warnings().is_empty());
}

#[test]
fn literal_principals_are_parsed() {
    let arn = "arn:aws:iam::111122223333:role/team/web";
    let policy = read(
        &json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": arn, "Federated": "accounts.google.com"}}}),
    )
    .unwrap();
    assert_eq!(
        policy.statements()[0].principals().named(),
        [
            NamedPrincipal::Aws(Principal::parse(arn).unwrap()),
            NamedPrincipal::Federated("accounts.google.com".to_owned()),
        ],
    );
    assert_eq!(
        policy.statements()[0].resource_patterns(),
        ResourcePatterns::None
    );
}

#[test]
fn documents_come_as_objects_strings_and_percent_encoded() {
    let text = json!({"Version": "2012-10-17", "Statement": [statement()]}).to_string();
    let encoded: String = text
        .bytes()
        .flat_map(|byte| format!("%{byte:02X}").into_bytes())
        .map(char::from)
        .collect();
    for text in [
        text.clone(),
        json!(text).to_string(),
        encoded.clone(),
        json!(encoded).to_string(),
    ] {
        let policy = Policy::from_text(&text, &Limits::default()).unwrap();
        assert_eq!(policy.statements().len(), 1, "{text}");
    }
    assert_eq!(read(&json!(text)).unwrap().statements().len(), 1);
    assert_eq!(read(&json!(encoded)).unwrap().statements().len(), 1);
}

#[test]
fn what_is_no_policy_is_refused_with_its_place() {
    let with = |field: &str, value: Value| {
        let mut changed = statement();
        changed[field] = value;
        json!({"Statement": [statement(), changed]})
    };
    for (value, pointer) in [
        (json!(1), ""),
        (json!({}), ""),
        (json!("{"), ""),
        (json!("%ff"), ""),
        (json!({"Statement": "x"}), "/Statement"),
        (json!({"Statement": [1]}), "/Statement/0"),
        (json!({"Statement": {}}), "/Statement"),
        (with("Effect", json!("allow")), "/Statement/1"),
        (with("NotAction", json!("x")), "/Statement/1"),
        (with("NotResource", json!("x")), "/Statement/1"),
        (with("Action", json!({})), "/Statement/1/Action"),
        (with("Action", json!([["x"]])), "/Statement/1/Action"),
        (with("Resource", json!(null)), "/Statement/1/Resource"),
        (with("Principal", json!("root")), "/Statement/1/Principal"),
        (
            with("Principal", json!({"AWS": {}})),
            "/Statement/1/Principal/AWS",
        ),
        (with("Condition", json!([])), "/Statement/1/Condition"),
        (
            with("Condition", json!({"Bool": 1})),
            "/Statement/1/Condition/Bool",
        ),
        (
            with("Condition", json!({"Bool": {"a/b": {}}})),
            "/Statement/1/Condition/Bool/a~1b",
        ),
    ] {
        let Err(ParseError::Document(error)) = read(&value) else {
            panic!("{value}")
        };
        assert_eq!(error.pointer(), pointer, "{value}: {error}");
        let message = error.to_string();
        assert!(
            message.starts_with("policy document") && !message.contains('\n'),
            "{message}"
        );
    }
}

#[test]
fn nothing_is_ignored_silently() {
    let policy = read(&json!({"Version": "2021-01-01", "Comment": "x", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {},
         "Condition": {"StringSounds": {"k": "x"}, "NumericEquals": {"n": "many"}}},
        {"Effect": "Deny", "Action": "*", "Principal": {"AWS": "AIDAEXAMPLE", "CanonicalUser": "79a5"},
         "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/40"}}}]}))
    .unwrap();
    let found: Vec<(&str, WarningEffect)> = policy
        .warnings()
        .iter()
        .map(|warning| (warning.pointer(), warning.effect()))
        .collect();
    let mut expected = vec![
        ("/Version", WarningEffect::MayUnderReport),
        ("/Comment", WarningEffect::Harmless),
        ("/Statement/0/Conditions", WarningEffect::MayOverReport),
        (
            "/Statement/0/Condition/StringSounds/k",
            WarningEffect::MayOverReport,
        ),
        (
            "/Statement/0/Condition/NumericEquals/n",
            WarningEffect::MayUnderReport,
        ),
        ("/Statement/1/Principal/AWS", WarningEffect::MayOverReport),
        (
            "/Statement/1/Principal/CanonicalUser",
            WarningEffect::MayOverReport,
        ),
        (
            "/Statement/1/Condition/IpAddress/aws:SourceIp",
            WarningEffect::MayOverReport,
        ),
    ];
    let key = |entry: &(&str, WarningEffect)| entry.0.to_owned();
    let mut found = found;
    found.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(found, expected);
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let twice = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"Bool": {"a": "true"}, "Bool": {"b": "true"}}}]}"#;
    let Err(ParseError::Document(error)) = Policy::from_text(twice, &Limits::default()) else {
        panic!("accepted")
    };
    assert!(error.to_string().contains("stands twice"), "{error}");
}
