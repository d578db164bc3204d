//! Decisions a second, beside other evaluators, on the same requests in one run.
//!
//!     python3 benches/scripts/iam_requests.py --samples FOLDER... --count 100000 --as-written > requests.jsonl
//!     cargo run --release -p cspm-benches --bin iam_throughput -- requests.jsonl [--outside FOLDER]
//!
//! Prints one JSON line an engine: seconds, requests, and how many were allowed. `cspm batch` reads and answers
//! each line of text, parsing its policies. `cspm compiled` and `iam-rs compiled` ask policies that were parsed
//! before, in turns on the same thousand requests at a time. With `--outside`, the folder in which
//! `@cloud-copilot/iam-simulate` is installed, `benches/scripts/iam_outside.mjs` is timed on the same lines.
#![expect(clippy::expect_used, reason = "a bench that cannot run has to say so")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cspm_iam::aws::{
    Action, Context, DecisionKind, Limits, Policy, PolicySet, Principal, Request, batch, evaluate,
};
use iam_rs::{Arn, ContextValue, IAMPolicy, IAMRequest, PolicyEvaluator, PrincipalId};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// How many requests are prepared at a time, so that preparing is not timed and memory stays small.
const CHUNK: usize = 1_000;
/// How often the compiled requests of a chunk are asked.
const ROUNDS: u32 = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, outside) = match arguments.as_slice() {
        [path] => (path, None),
        [path, flag, folder] if flag == "--outside" => (path, Some(folder)),
        _ => {
            println!("usage: iam_throughput REQUESTS.jsonl [--outside FOLDER_WITH_NODE_MODULES]");
            std::process::exit(2);
        }
    };
    batches(path);
    compiled(path);
    if let Some(folder) = outside {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/iam_outside.mjs");
        let answer = Command::new("node")
            .args([script, "--time", folder])
            .stdin(File::open(path).expect("requests"))
            .stderr(Stdio::inherit())
            .output()
            .expect("node");
        let figures: Value =
            serde_json::from_slice(&answer.stdout).expect("figures of the outside evaluator");
        println!("{}", json!({"engine": "iam-simulate", "figures": figures}));
    }
}

fn lines(path: &str) -> impl Iterator<Item = String> {
    BufReader::new(File::open(path).expect("requests"))
        .lines()
        .map(|line| line.expect("a line of text"))
}

/// Text in, text out.
fn batches(path: &str) {
    let limits = Limits::default();
    let (mut spent, mut requests, mut allowed, mut bytes) = (Duration::ZERO, 0, 0, 0);
    for line in lines(path) {
        let start = Instant::now();
        let answer = batch::evaluate_line(&line, &limits);
        spent += start.elapsed();
        requests += 1;
        bytes += line.len();
        allowed += usize::from(answer.contains(r#""decision":"allow""#));
    }
    report(
        "cspm batch",
        requests,
        1,
        spent,
        allowed,
        &json!({"bytes": bytes}),
    );
}

#[derive(Deserialize)]
struct Line<'a> {
    principal: String,
    action: String,
    resource: String,
    resource_account: String,
    context: BTreeMap<String, Value>,
    #[serde(borrow)]
    identity_policies: Vec<&'a RawValue>,
}

/// A request with its policies by number.
struct Ours {
    principal: Principal,
    action: Action,
    resource: String,
    account: String,
    context: Context,
    policies: Vec<usize>,
}

/// Both engines, each with policies parsed once.
#[derive(Default)]
struct Engines {
    numbers: HashMap<String, usize>,
    ours: Vec<Policy>,
    theirs: Vec<Option<IAMPolicy>>,
}

impl Engines {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.ours
            .push(Policy::from_text(text, &Limits::default()).expect("a policy"));
        self.theirs.push(IAMPolicy::from_json(text).ok());
        self.numbers.insert(text.to_owned(), self.numbers.len());
        self.numbers.len() - 1
    }

    fn ours(&mut self, line: &Line<'_>) -> Ours {
        let mut context = Context::new(true);
        for (key, value) in &line.context {
            context.insert(key, texts(value));
        }
        Ours {
            principal: Principal::parse(&line.principal).expect("a principal"),
            action: Action::parse(&line.action).expect("an action"),
            resource: line.resource.clone(),
            account: line.resource_account.clone(),
            context,
            policies: line
                .identity_policies
                .iter()
                .map(|policy| self.number(policy.get()))
                .collect(),
        }
    }

    /// Nothing where the other engine refuses part of the request.
    fn theirs(&self, line: &Line<'_>, ours: &Ours) -> Option<(PolicyEvaluator, IAMRequest)> {
        let policies = ours
            .policies
            .iter()
            .map(|number| self.theirs.get(*number)?.clone())
            .collect::<Option<Vec<_>>>()?;
        let mut context = iam_rs::Context::new();
        for (key, value) in &line.context {
            let mut texts = texts(value);
            let value = if value.is_array() {
                ContextValue::StringList(texts)
            } else {
                ContextValue::String(texts.pop().unwrap_or_default())
            };
            context.insert(key.clone(), value);
        }
        let principal = iam_rs::Principal::Aws(PrincipalId::String(line.principal.clone()));
        let resource = Arn::parse(&line.resource).ok()?;
        let request =
            IAMRequest::new_with_context(principal, line.action.clone(), resource, context);
        let evaluator = PolicyEvaluator::with_policies(policies);
        evaluator.evaluate(&request).ok()?;
        Some((evaluator, request))
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn compiled(path: &str) {
    let mut engines = Engines::default();
    let (mut ours_spent, mut theirs_spent) = (Duration::ZERO, Duration::ZERO);
    let (mut ours_requests, mut theirs_requests) = (0, 0);
    let (mut ours_allowed, mut theirs_allowed) = (0, 0);
    let mut agreed = 0;
    let mut source = lines(path).peekable();
    while source.peek().is_some() {
        let chunk: Vec<String> = source.by_ref().take(CHUNK).collect();
        let parsed: Vec<Line<'_>> = chunk
            .iter()
            .map(|line| serde_json::from_str(line).expect("a request as written"))
            .collect();
        let ours: Vec<Ours> = parsed.iter().map(|line| engines.ours(line)).collect();
        let borrowed: Vec<Vec<&Policy>> = ours
            .iter()
            .map(|it| {
                let policies = it.policies.iter();
                policies
                    .filter_map(|number| engines.ours.get(*number))
                    .collect()
            })
            .collect();
        let theirs: Vec<_> = parsed
            .iter()
            .zip(&ours)
            .map(|(line, ours)| engines.theirs(line, ours))
            .collect();

        let answer = |(it, policies): (&Ours, &Vec<&Policy>)| {
            let request = Request {
                principal: &it.principal,
                action: &it.action,
                resource: &it.resource,
                resource_account: Some(&it.account),
                context: &it.context,
            };
            let policies = PolicySet {
                identity: policies,
                ..PolicySet::default()
            };
            evaluate(&request, &policies).effect() == DecisionKind::Allow
        };
        let start = Instant::now();
        for _ in 0..ROUNDS {
            for question in ours.iter().zip(&borrowed) {
                black_box(answer(question));
            }
        }
        ours_spent += start.elapsed();
        let ours_answers: Vec<bool> = ours.iter().zip(&borrowed).map(answer).collect();

        let their_answer = |it: &(PolicyEvaluator, IAMRequest)| {
            it.0.evaluate(&it.1)
                .is_ok_and(|answer| answer.decision == iam_rs::Decision::Allow)
        };
        let start = Instant::now();
        for question in theirs.iter().flatten() {
            black_box(their_answer(question));
        }
        theirs_spent += start.elapsed();

        ours_requests += ours.len();
        ours_allowed += ours_answers.iter().filter(|allowed| **allowed).count();
        for (ours, theirs) in ours_answers.iter().zip(&theirs) {
            if let Some(theirs) = theirs {
                let theirs = their_answer(theirs);
                theirs_requests += 1;
                theirs_allowed += usize::from(theirs);
                agreed += usize::from(theirs == *ours);
            }
        }
    }
    let policies = engines.ours.len();
    report(
        "cspm compiled",
        ours_requests,
        ROUNDS,
        ours_spent,
        ours_allowed,
        &json!({"policies": policies}),
    );
    report(
        "iam-rs compiled",
        theirs_requests,
        1,
        theirs_spent,
        theirs_allowed,
        &json!({"as_ours": agreed}),
    );
}

fn report(
    engine: &str,
    requests: usize,
    rounds: u32,
    spent: Duration,
    allowed: usize,
    more: &Value,
) {
    let each = spent / rounds;
    let count = f64::from(u32::try_from(requests).expect("few requests"));
    println!(
        "{}",
        json!({
            "engine": engine, "requests": requests, "seconds": each.as_secs_f64(), "allowed": allowed,
            "a_second": (count / each.as_secs_f64()).round(), "more": more,
        })
    );
}
