//! Set questions against the single question asked of every resource.

use std::collections::BTreeMap;

use cspm_iam::aws::sets::{Asker, ResourceFacts, Universe};
use cspm_iam::aws::{
    Action, Context, DecisionKind, Limits, Policy, PolicySet, Principal, Request, evaluate,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

/// Ids that begin alike, end alike, hold each other, and belong to services with rules of their own.
fn arns() -> Vec<String> {
    let mut all = Vec::new();
    for bucket in ["a", "ab", "b", "u"] {
        for key in ["k", "k1", "deep/k1"] {
            all.push(format!("arn:aws:s3:::{bucket}/{key}"));
        }
    }
    for account in ACCOUNTS {
        all.push(format!("arn:aws:sqs:eu-west-1:{account}:queue"));
        all.push(format!("arn:aws:kms:eu-west-1:{account}:key/1"));
        all.push(format!("arn:aws:iam::{account}:role/r"));
        all.push(format!("arn:aws:iam::{account}:role/aws-service-role/s"));
    }
    all
}

#[derive(Debug, Clone)]
struct Thing {
    arn: String,
    account: &'static str,
    policy: Option<Value>,
    tags: Option<BTreeMap<String, String>>,
}

fn pattern() -> impl Strategy<Value = String> {
    let literal = prop::sample::select(arns());
    prop_oneof![
        Just("*".to_owned()),
        literal.clone(),
        literal.prop_flat_map(|it| (0..=it.len()).prop_map(move |at| format!("{}*", &it[..at]))),
        prop::sample::select(vec![
            "arn:aws:s3:::*/k1".to_owned(),
            "arn:aws:s3:::a?/k".to_owned(),
            "arn:aws:s3:::${aws:username}/*".to_owned(),
            "arn:aws:s3:::${aws:PrincipalTag/team}/*".to_owned(),
            "arn:aws:*:*:111122223333:*".to_owned(),
        ]),
    ]
}

fn condition() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(json!({"StringEquals": {"aws:ResourceTag/env": "prod"}}))),
        1 => Just(Some(json!({"StringNotEqualsIfExists": {"aws:ResourceTag/env": "prod"}}))),
        1 => Just(Some(json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}))),
        1 => Just(Some(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}))),
        1 => Just(Some(json!({"StringEquals": {"aws:ResourceAccount": "111122223333"}}))),
    ]
}

fn statement(with_principal: bool) -> impl Strategy<Value = Value> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let action = prop::sample::select(vec![
        "*",
        "s3:*",
        "s3:GetObject",
        "sqs:SendMessage",
        "kms:Decrypt",
    ]);
    let principal = prop::sample::select(vec![
        json!("*"),
        json!({"AWS": "arn:aws:iam::111122223333:user/u"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/r"}),
        json!({"AWS": "111122223333"}),
        json!({"AWS": "444455556666"}),
        json!({"Service": "lambda.amazonaws.com"}),
    ]);
    let patterns = prop::collection::vec(pattern(), 1..3);
    (
        effect,
        action,
        patterns,
        any::<bool>(),
        prop::bool::weighted(0.2),
        condition(),
        principal,
    )
        .prop_map(
            move |(effect, action, patterns, not_action, not_resource, condition, principal)| {
                let mut statement = json!({"Effect": effect});
                let object = statement.as_object_mut().unwrap();
                let key = if not_action && effect == "Deny" && action != "*" {
                    "NotAction"
                } else {
                    "Action"
                };
                object.insert(key.to_owned(), json!(action));
                let key = if not_resource {
                    "NotResource"
                } else {
                    "Resource"
                };
                object.insert(key.to_owned(), json!(patterns));
                if let Some(condition) = condition {
                    object.insert("Condition".to_owned(), condition);
                }
                if with_principal {
                    object.insert("Principal".to_owned(), principal);
                }
                statement
            },
        )
}

fn document(with_principal: bool) -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(with_principal), 0..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let tags = prop::option::of(prop::collection::btree_map(
        Just("Env".to_owned()),
        prop::sample::select(vec!["prod".to_owned(), "test".to_owned()]),
        0..2,
    ));
    let thing = (
        prop::sample::select(arns()),
        prop::sample::select(ACCOUNTS.to_vec()),
        prop::option::weighted(0.3, document(true)),
        tags,
    )
        .prop_map(|(arn, account, policy, tags)| Thing {
            arn,
            account,
            policy,
            tags,
        });
    prop::collection::vec(thing, 0..24).prop_map(|mut all| {
        all.sort_by(|a, b| (a.account, &a.arn).cmp(&(b.account, &b.arn)));
        all.dedup_by(|a, b| a.account == b.account && a.arn == b.arn);
        all
    })
}

fn parsed(documents: &[Value]) -> Vec<Policy> {
    documents
        .iter()
        .map(|it| Policy::from_value(it, &Limits::default()).unwrap())
        .collect()
}

fn folded(tags: &BTreeMap<String, String>) -> Option<String> {
    tags.iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("env"))
        .map(|(_, value)| value.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Every resource is in the set that its own question puts it in: certain, conditional with the same
    /// decision, or none.
    #[test]
    fn props_sets_hold_what_single_questions_say(
        things in things(),
        identity in prop::collection::vec(document(false), 0..3),
        boundary in prop::option::weighted(0.3, document(false)),
        control in prop::option::weighted(0.3, prop::collection::vec(document(false), 1..3)),
        principal in prop::sample::select(vec![
            "arn:aws:iam::111122223333:user/u",
            "arn:aws:iam::111122223333:role/r",
            "arn:aws:iam::444455556666:role/r",
            "arn:aws:iam::111122223333:role/aws-service-role/x/s",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::999999999999:user/stranger",
            "lambda.amazonaws.com",
            "anonymous",
        ]),
        action in prop::sample::select(vec!["s3:GetObject", "sqs:SendMessage", "kms:Decrypt", "sts:AssumeRole"]),
        complete in any::<bool>(),
    ) {
        let policies: Vec<Option<Policy>> = things
            .iter()
            .map(|it| it.policy.as_ref().map(|it| Policy::from_value(it, &Limits::default()).unwrap()))
            .collect();
        let universe = Universe::new(things.iter().zip(&policies).map(|(thing, policy)| {
            let mut facts = ResourceFacts::new(thing.arn.clone(), thing.account);
            if let Some(policy) = policy {
                facts = facts.with_policy(policy);
            }
            if let Some(tags) = &thing.tags {
                facts = facts.with_tags(tags);
            }
            facts
        }));
        let (identity, boundary, control) =
            (parsed(&identity), boundary.map(|it| parsed(&[it])), control.map(|it| parsed(&it)));
        let identity: Vec<&Policy> = identity.iter().collect();
        let boundary: Option<Vec<&Policy>> = boundary.as_ref().map(|it| it.iter().collect());
        let level: Option<Vec<&Policy>> = control.as_ref().map(|it| it.iter().collect());
        let levels: Option<Vec<&[&Policy]>> = level.as_ref().map(|it| vec![it.as_slice()]);
        let policy_set = PolicySet {
            identity: &identity,
            boundaries: boundary.as_deref(),
            service_control: levels.as_deref(),
            resource_control: levels.as_deref(),
            ..PolicySet::default()
        };
        let principal = Principal::parse(principal).unwrap();
        let action = Action::parse(action).unwrap();
        let context = Context::new(complete);
        let asker = Asker { principal: &principal, policies: policy_set, context: &context };
        let answer = universe.sets().allowed(&asker, &action);

        for (thing, policy) in things.iter().zip(&policies) {
            let mut known = context.clone();
            if let Some(tags) = &thing.tags {
                known.insert("aws:ResourceTag/env", folded(tags));
            }
            let request = Request {
                principal: &principal,
                action: &action,
                resource: &thing.arn,
                resource_account: Some(thing.account),
                context: &known,
            };
            let single = evaluate(&request, &PolicySet { resource: policy.as_ref(), ..policy_set });
            let id = universe.id(thing.account, &thing.arn).unwrap();
            let place = format!("{principal} {} {}", action.as_str(), thing.arn);
            let allowed = single.effect() == DecisionKind::Allow;
            prop_assert_eq!(answer.certain().contains(id), allowed && single.certain(), "certain: {}", place);
            let conditional: Vec<_> =
                answer.conditional().iter().filter(|it| it.resources.contains(id)).collect();
            prop_assert_eq!(conditional.len(), usize::from(allowed && !single.certain()), "conditional: {}", place);
            for found in conditional {
                prop_assert_eq!(&found.decision, &single, "decision: {}", place);
            }
        }
    }
}

#[test]
fn one_question_answers_for_a_class_and_equal_answers_are_one_set() {
    let universe = Universe::new(
        (0..10_000)
            .map(|at| ResourceFacts::new(format!("arn:aws:s3:::b-{at:05}/k"), "111122223333")),
    );
    let documents = parsed(&[json!({"Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b-00*", "arn:aws:s3:::b-5*"]},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b-000*"}]})]);
    let identity: Vec<&Policy> = documents.iter().collect();
    let context = Context::new(true);
    let action = Action::parse("s3:GetObject").unwrap();
    let mut sets = universe.sets();
    let mut answers = Vec::new();
    for name in ["a", "b"] {
        let principal =
            Principal::parse(&format!("arn:aws:iam::111122223333:user/{name}")).unwrap();
        let policies = PolicySet {
            identity: &identity,
            ..PolicySet::default()
        };
        let asker = Asker {
            principal: &principal,
            policies,
            context: &context,
        };
        answers.push(sets.allowed(&asker, &action));
    }
    assert_eq!(answers[0].certain().len(), 900);
    assert_eq!(
        answers[0].asked(),
        2,
        "one for the allowed class, one for the denied"
    );
    assert!(answers[0].certain().is_same(answers[1].certain()));
    assert_eq!(sets.distinct_sets(), 1);
}
