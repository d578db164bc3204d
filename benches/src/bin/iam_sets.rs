//! Set questions on a synthetic estate: every (principal, reads data) set.
//!
//!     cargo run --release -p cspm-benches --bin iam_sets -- [PRINCIPALS RESOURCES STATEMENTS]
//!
//! Prints one JSON line: sizes, seconds, single questions asked, distinct sets, and members of all sets together.
//! Without arguments: 10,000 principals, 1,000,000 resources, 20,000 statements, and each of them at a tenth.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run has to say so"
)]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::time::Instant;

use cspm_iam::aws::sets::{Asker, ResourceFacts, Universe};
use cspm_iam::aws::{Action, Context, Limits, Policy, PolicySet, Principal};
use serde_json::{Value, json};

/// Actions that read data, with the service of what they read.
const READS: [(&str, &str); 5] = [
    ("s3", "s3:GetObject"),
    ("dynamodb", "dynamodb:GetItem"),
    ("secretsmanager", "secretsmanager:GetSecretValue"),
    ("sqs", "sqs:ReceiveMessage"),
    ("ecr", "ecr:BatchGetImage"),
];

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map(|it| it.parse().expect("a number"))
        .collect();
    match arguments[..] {
        [principals, resources, statements] => run(principals, resources, statements),
        _ => {
            for (principals, resources, statements) in [
                (1_000, 1_000_000, 20_000),
                (10_000, 100_000, 20_000),
                (10_000, 1_000_000, 2_000),
                (10_000, 1_000_000, 20_000),
            ] {
                run(principals, resources, statements);
            }
        }
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

fn account_name(account: usize) -> String {
    format!("{:012}", 100_000_000_000 + account)
}

/// Something of one application in one account.
fn arn(random: &mut Random, account: usize, number: usize) -> String {
    let name = account_name(account);
    let app = random.below(50);
    match number % 5 {
        0 => format!("arn:aws:s3:::{name}-app{app:02}-{number}/object"),
        1 => format!("arn:aws:dynamodb:eu-west-1:{name}:table/app{app:02}-{number}"),
        2 => format!("arn:aws:secretsmanager:eu-west-1:{name}:secret:app{app:02}/{number}"),
        3 => format!("arn:aws:sqs:eu-west-1:{name}:app{app:02}-{number}"),
        _ => format!("arn:aws:ecr:eu-west-1:{name}:repository/app{app:02}/{number}"),
    }
}

/// A statement as they are written: one service, all of it, one application of it, one thing, seldom everything.
fn statement(random: &mut Random, account: usize) -> Value {
    let (service, action) = READS[random.below(READS.len())];
    let name = account_name(account);
    let app = random.below(50);
    let one_application = match service {
        "s3" => format!("arn:aws:s3:::{name}-app{app:02}-*"),
        "dynamodb" => format!("arn:aws:dynamodb:*:{name}:table/app{app:02}-*"),
        "secretsmanager" => format!("arn:aws:secretsmanager:eu-west-1:{name}:secret:app{app:02}/*"),
        "sqs" => format!("arn:aws:sqs:eu-west-1:{name}:app{app:02}-*"),
        _ => format!("arn:aws:ecr:eu-west-1:{name}:repository/app{app:02}/*"),
    };
    let resource = match random.below(20) {
        0 => "*".to_owned(),
        1 => format!("arn:aws:{service}:*"),
        2 | 3 => format!("arn:aws:*:*:{name}:*app{app:02}*"),
        _ => one_application,
    };
    let actions = if random.below(10) == 0 {
        json!([format!("{service}:*")])
    } else {
        json!([action, format!("{service}:List*")])
    };
    let effect = if random.below(12) == 0 {
        "Deny"
    } else {
        "Allow"
    };
    let mut statement = json!({"Effect": effect, "Action": actions, "Resource": resource});
    if random.below(15) == 0 {
        statement["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    }
    statement
}

fn run(principal_count: usize, resource_count: usize, statement_count: usize) {
    let random = &mut Random(7);
    let accounts = (resource_count / 4_000).clamp(4, 400);
    let started = Instant::now();
    let bucket_policy = Policy::from_value(
        &json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}),
        &Limits::default(),
    )
    .unwrap();
    // One bucket in fifty has a policy of its own.
    let universe = Universe::new((0..resource_count).map(|number| {
        let account = random.below(accounts);
        let facts = ResourceFacts::new(arn(random, account, number), account_name(account));
        if number % 250 == 0 {
            facts.with_policy(&bucket_policy)
        } else {
            facts
        }
    }));
    let built = started.elapsed();

    // Policies are shared by a power law within an account.
    let per_policy = 4;
    let policies: Vec<(usize, Policy)> = (0..statement_count.div_ceil(per_policy))
        .map(|_| {
            let account = random.below(accounts);
            let statements: Vec<Value> = (0..per_policy)
                .map(|_| statement(random, account))
                .collect();
            let document = json!({"Version": "2012-10-17", "Statement": statements});
            (
                account,
                Policy::from_value(&document, &Limits::default()).unwrap(),
            )
        })
        .collect();
    let mut of_account: Vec<Vec<&Policy>> = vec![Vec::new(); accounts];
    for (account, policy) in &policies {
        of_account[*account].push(policy);
    }
    let control = Policy::from_value(
        &json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
                              {"Effect": "Deny", "Action": "organizations:*", "Resource": "*"}]}),
        &Limits::default(),
    )
    .unwrap();
    let level: [&Policy; 1] = [&control];
    let levels: [&[&Policy]; 2] = [&level, &level];

    let actions: Vec<Action> = READS
        .iter()
        .map(|it| Action::parse(it.1).unwrap())
        .collect();
    let context = Context::new(false);
    let mut sets = universe.sets();
    let (mut asked, mut members) = (0u64, 0u64);
    let mut answers = Vec::with_capacity(principal_count * actions.len());
    let started = Instant::now();
    for number in 0..principal_count {
        let account = random.below(accounts);
        let own = &of_account[account];
        let identity: Vec<&Policy> = (0..=random.below(3))
            .filter_map(|_| {
                let skewed = random.below(own.len() + 1) * random.below(own.len() + 1);
                own.get(skewed / (own.len() + 1)).copied()
            })
            .collect();
        let name = format!("arn:aws:iam::{}:role/r{number}", account_name(account));
        let principal = Principal::parse(&name).unwrap();
        let policies = PolicySet {
            identity: &identity,
            service_control: Some(&levels),
            ..PolicySet::default()
        };
        for action in &actions {
            let asker = Asker {
                principal: &principal,
                policies,
                context: &context,
            };
            let answer = sets.allowed(&asker, action);
            asked += answer.asked();
            members += answer.certain().len()
                + answer
                    .conditional()
                    .iter()
                    .map(|it| it.resources.len())
                    .sum::<u64>();
            answers.push(answer);
        }
    }
    let answered = started.elapsed();
    println!(
        "{}",
        json!({
            "principals": principal_count, "resources": resource_count, "statements": statement_count,
            "build_seconds": built.as_secs_f64(), "answer_seconds": answered.as_secs_f64(),
            "sets_per_second": answers.len() as f64 / answered.as_secs_f64(),
            "questions": asked, "distinct_sets": sets.distinct_sets(), "members": members,
        })
    );
}
