//! What the crate says of questions that it does not settle.

use serde_json::{Value, json};

use crate::ask::ask;

fn check(statements: &[Value], certain: bool, exact: bool) {
    let line = json!({
        "principal": "arn:aws:iam::111122223333:role/web",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/red/k",
        "context_complete": false,
        "identity_policies": [{"Version": "2012-10-17", "Statement": statements}],
    });
    let decision = ask(&line);
    assert_eq!(decision.effect().as_str(), "allow", "{line}");
    assert_eq!(
        (decision.certain(), decision.exact()),
        (certain, exact),
        "{line}"
    );
}

fn on(effect: &str, resource: &str, conditions: &Value) -> Value {
    json!({"Effect": effect, "Action": "*", "Resource": resource, "Condition": conditions})
}

#[test]
fn patterns_are_compared_however_many() {
    let allow = on("Allow", "*", &json!({"StringLike": {"k": "a*"}}));
    let deny = |pattern: &str| on("Deny", "*", &json!({"StringNotLike": {"k": pattern}}));
    check(&[allow.clone(), deny("*b")], false, true);
    check(&[allow, deny("*b"), deny("?*?*?")], false, true);
    let absent = json!({"StringLike": {"k": ["a*", "b*"]}, "Null": {"k": "true"}});
    check(
        &[
            on("Allow", "*", &json!({"Null": {"l": "false"}})),
            on("Allow", "*", &absent),
        ],
        false,
        true,
    );
    // A number that has to be like a text as well is more than is compared.
    let both = json!({"StringLike": {"k": "8*"}, "NumericLessThan": {"k": "7"}});
    check(&[on("Allow", "*", &both)], false, false);
}

#[test]
fn a_variable_of_its_own_key_is_settled() {
    let own = "arn:aws:s3:::b/${aws:PrincipalTag/team}/*";
    check(&[on("Allow", own, &json!({}))], false, true);
    check(
        &[on("Allow", "*", &json!({"StringEquals": {"k": "${l}"}}))],
        false,
        true,
    );
}

#[test]
fn a_variable_that_shares_its_key_is_not() {
    let own = "arn:aws:s3:::b/${aws:PrincipalTag/team}/*";
    let blue = json!({"StringEquals": {"aws:PrincipalTag/team": "blue"}});
    check(&[on("Allow", own, &blue)], false, false);
    let allow = on("Allow", "*", &json!({"StringEquals": {"k": "${l}"}}));
    check(
        &[
            allow,
            on("Deny", "*", &json!({"StringNotEquals": {"k": "x"}})),
        ],
        false,
        false,
    );
}

#[test]
fn going_back_on_a_choice_forgets_its_doubts() {
    let own = "arn:aws:s3:::b/${aws:PrincipalTag/team}/*";
    let blue = json!({"StringEquals": {"aws:PrincipalTag/team": "blue", "m": "1"}});
    let plain = json!({"StringEquals": {"x": "1", "y": "1", "z": "1", "w": "1"}});
    // The first way has a doubt, and then meets a contradiction.
    let deny = on("Deny", "*", &json!({"StringEquals": {"m": "1"}}));
    check(
        &[on("Allow", own, &blue), on("Allow", "*", &plain), deny],
        false,
        true,
    );
}

#[test]
fn characters_that_stand_for_others_may_stand_in_policies() {
    let allow = on("Allow", "*", &json!({"StringLike": {"k": "a*"}}));
    let deny = on(
        "Deny",
        "*",
        &json!({"StringLike": {"k": ["a", "*\u{1f}*"]}}),
    );
    check(&[allow, deny], false, true);
}
