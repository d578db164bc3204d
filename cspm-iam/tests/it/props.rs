//! Random requests: the crate against the literal evaluator, and against all completions of a context.

use cspm_iam::aws::{Action, Block, DecisionKind, Limits, Policy, Principal, batch};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::ask::ask;
use crate::literal;

/// Choices taken from random numbers, so that shrinking the numbers shrinks the request.
struct Tape {
    numbers: Vec<u8>,
    at: usize,
}

impl Tape {
    fn number(&mut self, below: usize) -> usize {
        let number = self.numbers.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(number) % below
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.number(of.len())]
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.number(times) == times - 1
    }

    fn some<T: Clone + Into<Value>>(&mut self, of: &[T], at_most: usize) -> Value {
        let count = 1 + self.number(at_most);
        let values: Vec<Value> = (0..count).map(|_| self.one(of).clone().into()).collect();
        if count == 1 {
            values[0].clone()
        } else {
            Value::Array(values)
        }
    }
}

const PRINCIPALS: [&str; 14] = [
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:role/web",
    "arn:aws:sts::111122223333:assumed-role/web/s1",
    "arn:aws:sts::111122223333:assumed-role/web/s2",
    "arn:aws:iam::444455556666:user/eve",
    "arn:aws:sts::444455556666:assumed-role/far/s1",
    "arn:aws:iam::444455556666:role/far",
    "arn:aws:sts::111122223333:federated-user/ana",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:root",
    "lambda.amazonaws.com",
    "anonymous",
    "federated:accounts.google.com",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
];

const NAMED: [&str; 12] = [
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:role/web",
    "arn:aws:sts::111122223333:assumed-role/web/s1",
    "arn:aws:sts::111122223333:assumed-role/web/s2",
    "arn:aws:sts::111122223333:federated-user/ana",
    "444455556666",
    "arn:aws:iam::444455556666:user/eve",
    "arn:aws:iam::444455556666:role/far",
    "AIDAEXAMPLE",
];

/// Actions with a resource of theirs.
const ACTIONS: [(&str, &str); 8] = [
    ("s3:GetObject", "arn:aws:s3:::b/k"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::b"),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/target"),
    (
        "sts:AssumeRoleWithWebIdentity",
        "arn:aws:iam::111122223333:role/target",
    ),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("ec2:DescribeInstances", "*"),
    ("sts:GetCallerIdentity", "*"),
    (
        "iam:PutRolePolicy",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x",
    ),
];

const ACTION_PATTERNS: [&str; 8] = [
    "*",
    "s3:*",
    "S3:get*",
    "sts:*",
    "sts:AssumeRole",
    "kms:?ecrypt",
    "ec2:Describe*",
    "iam:*",
];

const RESOURCE_PATTERNS: [&str; 10] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b*",
    "arn:aws:iam::*:role/target",
    "arn:aws:kms:*key/?",
    "arn:aws:kms:eu*1:111122223333:key/1",
    "arn:aws:kms:eu-west-1:11112222333???????",
    "arn:aws:*k*:*",
    "arn:aws:s3:::other/*",
    "arn:aws:*:111122223333:*",
];

const TEXTS: [&str; 6] = ["a", "b", "ab", "a*", "*b", "?"];

/// How rich the conditions are.
#[derive(Clone, Copy, PartialEq)]
enum Conditions {
    /// Of every kind, policy variables included.
    All,
    /// Few keys, of which all completions can be tried.
    Few,
}

fn condition(tape: &mut Tape, kind: Conditions) -> (String, String, Value) {
    let text = |tape: &mut Tape| {
        let operators = [
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
        ];
        (*tape.one(&operators)).to_owned()
    };
    let choices = if kind == Conditions::All { 8 } else { 4 };
    match tape.number(choices) {
        0 | 1 => {
            let optional = if tape.once_in(4) { "IfExists" } else { "" };
            let operator = text(tape) + optional;
            (operator, "k1".to_owned(), tape.some(&TEXTS, 2))
        }
        2 => {
            let set = *tape.one(&["ForAllValues:", "ForAnyValue:"]);
            let optional = if tape.once_in(6) { "IfExists" } else { "" };
            let operator = format!("{set}{}{optional}", text(tape));
            (operator, "aws:TagKeys".to_owned(), tape.some(&TEXTS, 2))
        }
        3 if tape.once_in(3) => {
            let key = *tape.one(&["k1", "n", "aws:TagKeys"]);
            (
                "Null".to_owned(),
                key.to_owned(),
                json!(*tape.one(&["true", "false"])),
            )
        }
        3 => {
            let operators = [
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericGreaterThanEquals",
                "NumericLessThanEqualsIfExists",
            ];
            let operator = (*tape.one(&operators)).to_owned();
            (operator, "n".to_owned(), json!(*tape.one(&["1", "2"])))
        }
        4 => {
            let key = *tape.one(&["aws:PrincipalArn", "aws:SourceArn"]);
            let operators = ["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEqualsIfExists"];
            let values = [
                "arn:aws:*::*:role/w*",
                "arn:aws:iam::111122223333:*",
                "*",
                "arn:aws:s?s*",
            ];
            (
                (*tape.one(&operators)).to_owned(),
                key.to_owned(),
                tape.some(&values, 2),
            )
        }
        5 => {
            let operators = ["IpAddress", "NotIpAddress", "NotIpAddressIfExists"];
            let values = ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "203.0.113.9"];
            (
                (*tape.one(&operators)).to_owned(),
                "aws:SourceIp".to_owned(),
                tape.some(&values, 2),
            )
        }
        6 => {
            let operators = ["Bool", "BoolIfExists"];
            let keys = ["aws:PrincipalIsAWSService", "aws:SecureTransport"];
            let key = (*tape.one(&keys)).to_owned();
            (
                (*tape.one(&operators)).to_owned(),
                key,
                json!(*tape.one(&["true", "false"])),
            )
        }
        _ => {
            let values = [
                "${aws:username}",
                "${k1, 'a'}",
                "x${aws:username}*",
                "${*}a",
            ];
            (text(tape), "k1".to_owned(), tape.some(&values, 2))
        }
    }
}

fn principal(tape: &mut Tape) -> Value {
    match tape.number(8) {
        0 => json!("*"),
        1 => json!({"Service": "lambda.amazonaws.com"}),
        2 => json!({"Federated": "accounts.google.com"}),
        _ => json!({"AWS": tape.some(&NAMED, 3)}),
    }
}

fn statement(tape: &mut Tape, with_principal: bool, conditions: Conditions) -> Value {
    let mut statement = Map::new();
    let effect = if tape.once_in(4) { "Deny" } else { "Allow" };
    statement.insert("Effect".to_owned(), json!(effect));
    let name = if tape.once_in(8) {
        "NotAction"
    } else {
        "Action"
    };
    // Most patterns should cover the request, or every answer is a deny.
    let patterns = if tape.once_in(2) {
        &ACTION_PATTERNS[..]
    } else {
        &ACTION_PATTERNS[..1]
    };
    statement.insert(name.to_owned(), tape.some(patterns, 2));
    if !(with_principal && tape.once_in(6)) {
        let name = if tape.once_in(8) {
            "NotResource"
        } else {
            "Resource"
        };
        let patterns = if tape.once_in(2) {
            &RESOURCE_PATTERNS[..]
        } else {
            &RESOURCE_PATTERNS[..1]
        };
        statement.insert(name.to_owned(), tape.some(patterns, 2));
    }
    if with_principal {
        let name = if tape.once_in(6) {
            "NotPrincipal"
        } else {
            "Principal"
        };
        statement.insert(name.to_owned(), principal(tape));
    }
    let mut operators = Map::new();
    for _ in 0..tape.number(3) {
        let (operator, key, values) = condition(tape, conditions);
        let keys = operators.entry(operator).or_insert_with(|| json!({}));
        keys.as_object_mut().unwrap().insert(key, values);
    }
    if !operators.is_empty() {
        statement.insert("Condition".to_owned(), Value::Object(operators));
    }
    Value::Object(statement)
}

fn policy(tape: &mut Tape, with_principal: bool, conditions: Conditions) -> Value {
    let count = 1 + tape.number(3);
    let statements: Vec<Value> = (0..count)
        .map(|_| statement(tape, with_principal, conditions))
        .collect();
    let mut policy = json!({"Statement": statements});
    if !tape.once_in(8) {
        policy["Version"] = json!("2012-10-17");
    }
    policy
}

fn line(tape: &mut Tape, conditions: Conditions) -> Value {
    let (action, resource) = *tape.one(&ACTIONS);
    let mut line = json!({
        "principal": *tape.one(&PRINCIPALS),
        "action": action,
        "resource": resource,
        "resource_account": "111122223333",
    });
    let policies = |tape: &mut Tape, with_principal| -> Value {
        let count = tape.number(3);
        (0..count)
            .map(|_| policy(tape, with_principal, conditions))
            .collect()
    };
    line["identity_policies"] = policies(tape, false);
    if tape.once_in(2) {
        line["resource_policy"] = policy(tape, true, conditions);
    }
    for field in ["permission_boundaries", "session_policies"] {
        if tape.once_in(4) {
            line[field] = policies(tape, false);
        }
    }
    if tape.once_in(4) {
        line["service_control_policies"] =
            (0..tape.number(3)).map(|_| policies(tape, false)).collect();
    }
    if tape.once_in(6) {
        line["resource_control_policies"] =
            (0..tape.number(3)).map(|_| policies(tape, true)).collect();
    }
    if tape.once_in(6) {
        line["endpoint_policies"] = policies(tape, true);
    }
    line
}

/// Values for the keys that few conditions read: for each case that those conditions can tell apart, one.
fn completions(line: &str) -> Vec<Map<String, Value>> {
    let texts = [
        "a", "b", "c", "ab", "acb", "ac", "cb", "xyz", "a*", "*b", "?", "",
    ];
    let mut several: Vec<Value> = vec![Value::Null];
    several.extend(texts[..11].iter().map(|text| json!([text])));
    for (index, one) in texts[..11].iter().enumerate() {
        several.extend(texts[..index].iter().map(|other| json!([one, other])));
    }
    several.push(json!(["a", "b", "c", "ab"]));
    let one: Vec<Value> = [Value::Null]
        .into_iter()
        .chain(texts.iter().map(|text| json!(text)))
        .collect();
    let numbers: Vec<Value> = vec![
        Value::Null,
        json!("0"),
        json!("1"),
        json!("1.5"),
        json!("2"),
        json!("3"),
        // No number: every comparison fails.
        json!("x"),
    ];
    let sessions = vec![
        Value::Null,
        json!("AROA:s1"),
        json!("AROA:s2"),
        json!("AROA:s3"),
    ];
    let mut all = vec![Map::new()];
    let keys = [
        ("k1", one),
        ("aws:TagKeys", several),
        ("n", numbers),
        ("aws:userid", sessions),
    ];
    for (key, values) in keys {
        let read = match key {
            "aws:userid" => line.contains("assumed-role"),
            key => line.contains(&format!("\"{key}\":")),
        };
        if !read {
            continue;
        }
        all = all
            .iter()
            .flat_map(|context| {
                values.iter().map(|value| {
                    let mut context = context.clone();
                    context.insert(key.to_owned(), value.clone());
                    context
                })
            })
            .collect();
    }
    all
}

/// The line without the statements that could grant and are not cited.
fn only_cited(line: &Value, cited: &[String]) -> Value {
    let mut line = line.clone();
    for (pointer, policy) in line["identity_policies"]
        .as_array()
        .cloned()
        .unwrap_or_default()
        .iter()
        .enumerate()
        .map(|(index, policy)| (format!("/identity_policies/{index}"), policy.clone()))
        .chain(
            line.get("resource_policy")
                .map(|policy| ("/resource_policy".to_owned(), policy.clone())),
        )
        .collect::<Vec<_>>()
    {
        for index in 0..policy["Statement"].as_array().unwrap().len() {
            let pointer = format!("{pointer}/Statement/{index}");
            let statement = line.pointer_mut(&pointer).unwrap();
            if statement["Effect"] == "Allow" && !cited.contains(&pointer) {
                // A statement about nothing keeps the places of the others.
                *statement = json!({"Effect": "Allow", "Action": "none:none", "Resource": "none"});
            }
        }
    }
    line
}

/// `PROPTEST_CASES` scales every property alike.
fn config(times: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases * times,
        ..default
    }
}

fn tape(numbers: Vec<u8>) -> Tape {
    Tape { numbers, at: 0 }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn complete_contexts_agree_with_the_literal_evaluator(
        numbers in proptest::collection::vec(any::<u8>(), 400),
        known in proptest::collection::vec(any::<u8>(), 8),
    ) {
        let mut line = line(&mut tape(numbers), Conditions::All);
        let mut known = tape(known);
        let mut context = Map::new();
        for (key, values) in [
            ("k1", vec![json!("a"), json!("b"), json!("xana1"), json!(["a", "b"])]),
            ("aws:TagKeys", vec![json!(["a"]), json!(["a", "b"]), json!("ab"), json!("")]),
            ("n", vec![json!("1"), json!(2), json!("1.5"), json!("x")]),
            ("aws:SourceArn", vec![json!("arn:aws:sns:eu-west-1:111122223333:t")]),
            ("aws:SourceIp", vec![json!("10.1.2.3"), json!("2001:db8::9"), json!("203.0.113.9")]),
            ("aws:SecureTransport", vec![json!("true"), json!(false)]),
        ] {
            if !known.once_in(3) {
                context.insert(key.to_owned(), known.one(&values).clone());
            }
        }
        line["context"] = Value::Object(context);
        let decision = ask(&line);
        prop_assert_eq!(decision.effect().as_str(), literal::decide(&line), "{}", line);
        prop_assert!(decision.certain() && decision.exact() && decision.conditions().is_empty());
        prop_assert_eq!(decision.blocked_by().is_some(), decision.effect() != DecisionKind::Allow);
        let names_deny = matches!(decision.blocked_by(), Some(Block::ExplicitDeny(_)));
        prop_assert_eq!(names_deny, decision.effect() == DecisionKind::ExplicitDeny);
        if decision.effect() == DecisionKind::Allow {
            let cited: Vec<String> = decision.because().iter().map(ToString::to_string).collect();
            let allowed = ask(&only_cited(&line, &cited)).effect();
            prop_assert_eq!(allowed, DecisionKind::Allow, "not enough cited: {} {:?}", line, cited);
        }
    }
}

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn incomplete_contexts_agree_with_all_completions(
        numbers in proptest::collection::vec(any::<u8>(), 400),
    ) {
        let mut line = line(&mut tape(numbers), Conditions::Few);
        line["context_complete"] = json!(false);
        let decision = ask(&line);
        let text = line.to_string();
        let (mut possible, mut always) = (false, true);
        let mut kinds = std::collections::BTreeSet::new();
        for context in completions(&text) {
            line["context"] = Value::Object(context);
            let found = literal::decide(&line);
            let allowed = found == "allow";
            possible |= allowed;
            always &= allowed;
            kinds.insert(found);
            let met = decision.conditions().iter().all(|condition| {
                let (operator, key) = (condition.operator(), condition.key());
                literal::holds(&line, operator, key, condition.values()) == condition.required()
            });
            if met && decision.effect() == DecisionKind::Allow {
                prop_assert!(allowed, "conditions are not enough: {}", line);
            }
        }
        prop_assert!(decision.exact(), "{}", text);
        prop_assert_eq!(decision.effect() == DecisionKind::Allow, possible, "possible: {}", text);
        if possible {
            prop_assert_eq!(decision.certain(), always, "certain: {}", text);
            prop_assert_eq!(decision.conditions().is_empty(), always, "conditions: {}", text);
        } else {
            prop_assert!(decision.certain());
            if kinds.len() == 1 {
                prop_assert!(kinds.contains(decision.effect().as_str()), "kind: {}", text);
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics_on_any_text(text in ".{0,60}", json in "[\\[\\]{}\",:a-zEAS*?$%0-9 ]{0,80}") {
        for text in [text, json] {
            let _ = Policy::from_text(&text, &Limits::default());
            let _ = Policy::from_value(&json!(text), &Limits::default());
            let _ = Principal::parse(&text);
            let _ = Action::parse(&text);
            let answer = batch::evaluate_line(&text, &Limits::default());
            prop_assert!(serde_json::from_str::<Value>(&answer).is_ok());
        }
    }

    #[test]
    fn every_text_can_stand_at_every_place(
        numbers in proptest::collection::vec(any::<u8>(), 400),
        texts in proptest::collection::vec(".{0,12}|[*?$\\{\\}:a, ']{0,24}|-?[0-9.:/-]{0,30}", 1..4),
        place in any::<u8>(),
    ) {
        let mut line = line(&mut tape(numbers), Conditions::All);
        line["context_complete"] = json!(place % 2 == 0);
        let texts = json!(texts);
        let statement = json!({
            "Effect": if place % 4 < 2 { "Allow" } else { "Deny" }, "Action": texts, "Resource": texts,
            "Condition": {
                "StringLike": {"k1": texts}, "ArnLike": {"aws:PrincipalArn": texts},
                "DateLessThan": {"aws:CurrentTime": texts}, "NumericEquals": {"n": texts},
                "NotIpAddress": {"aws:SourceIp": texts}, "ForAllValues:StringLike": {"aws:TagKeys": texts},
            },
        });
        line["identity_policies"] = json!([
            {"Version": "2012-10-17", "Statement": [statement]},
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": texts,
                "Condition": statement["Condition"]}},
        ]);
        line["context"] = json!({"aws:CurrentTime": texts, "aws:SourceIp": texts[0], "n": texts});
        let decision = ask(&line);
        for condition in decision.conditions() {
            prop_assert!(!condition.to_string().is_empty());
        }
    }
}
