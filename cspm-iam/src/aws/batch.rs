//! One JSON request a line, one JSON answer a line: a plain format to compare evaluators with.
//!
//! A request holds `principal`, `action` and `resource`; it may hold `id`, `resource_account`, `context`,
//! `context_complete` (true by default) and the policies: `identity_policies`, `resource_policy`,
//! `permission_boundaries`, `session_policies`, `service_control_policies`, `resource_control_policies`
//! and `endpoint_policies`. Kinds of policy that are left out, or null, do not apply. Other fields are an
//! error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::Action;
use super::context::Context;
use super::decision::{Decision, OpenCondition};
use super::document::Policy;
use super::error::ParseError;
use super::evaluate::{PolicySet, Request, evaluate};
use super::limits::Limits;
use super::principal::Principal;

/// Evaluates one line: a request as a JSON object in, its answer as a JSON object out, without line breaks.
///
/// A line that cannot be evaluated gives an object with `id` (null where it could not be read) and `error`.
///
/// ```
/// use cspm_iam::aws::{Limits, batch};
///
/// let line = r#"{"id": "1", "principal": "arn:aws:iam::111122223333:user/u", "action": "s3:GetObject",
///     "resource": "arn:aws:s3:::b/k", "identity_policies": []}"#;
/// assert_eq!(
///     batch::evaluate_line(line, &Limits::default()),
///     r#"{"id":"1","decision":"implicit_deny","certain":true,"conditions":[],"because":[]}"#,
/// );
/// ```
pub fn evaluate_line(line: &str, limits: &Limits) -> String {
    let answer = match read(line, limits) {
        Ok(request) => match request.answer(limits) {
            Ok(decision) => {
                let answer = Answer::new(request.id, &decision);
                serde_json::to_string(&answer)
            }
            Err(error) => serde_json::to_string(&Refusal {
                id: request.id,
                error,
            }),
        },
        Err(error) => {
            let id = identify(line, limits);
            serde_json::to_string(&Refusal { id, error })
        }
    };
    // Strings, booleans and JSON values can always be written.
    answer.unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    id: Value,
    principal: String,
    action: String,
    resource: String,
    resource_account: Option<String>,
    context: Option<BTreeMap<String, Value>>,
    context_complete: Option<bool>,
    identity_policies: Option<Vec<Value>>,
    resource_policy: Option<Value>,
    permission_boundaries: Option<Vec<Value>>,
    session_policies: Option<Vec<Value>>,
    service_control_policies: Option<Vec<Vec<Value>>>,
    resource_control_policies: Option<Vec<Vec<Value>>>,
    endpoint_policies: Option<Vec<Value>>,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: Value,
    decision: &'static str,
    certain: bool,
    conditions: Vec<AnswerCondition<'a>>,
    because: Vec<String>,
}

#[derive(Serialize)]
struct AnswerCondition<'a> {
    key: &'a str,
    operator: &'a str,
    values: &'a [String],
    required: bool,
    setter: &'static str,
}

#[derive(Serialize)]
struct Refusal {
    id: Value,
    error: String,
}

impl<'a> Answer<'a> {
    fn new(id: Value, decision: &'a Decision) -> Self {
        let condition = |open: &'a OpenCondition| AnswerCondition {
            key: open.key(),
            operator: open.operator(),
            values: open.values(),
            required: open.required(),
            setter: open.setter().as_str(),
        };
        Self {
            id,
            decision: decision.effect().as_str(),
            certain: decision.certain(),
            conditions: decision.conditions().iter().map(condition).collect(),
            because: decision.because().iter().map(ToString::to_string).collect(),
        }
    }
}

fn read(line: &str, limits: &Limits) -> Result<Line, String> {
    if line.len() > limits.line_bytes_max {
        let maximum = limits.line_bytes_max;
        return Err(ParseError::limit("line_bytes_max", maximum, line.len()).to_string());
    }
    serde_json::from_str(line).map_err(|error| format!("unusable request: {error}"))
}

/// The id of a line that is no request.
fn identify(line: &str, limits: &Limits) -> Value {
    if line.len() > limits.line_bytes_max {
        return Value::Null;
    }
    let id = |value: Value| value.get("id").cloned();
    serde_json::from_str(line)
        .ok()
        .and_then(id)
        .unwrap_or_default()
}

impl Line {
    fn answer(&self, limits: &Limits) -> Result<Decision, String> {
        let name = |error: ParseError| error.to_string();
        let principal = Principal::parse(&self.principal).map_err(name)?;
        let action = Action::parse(&self.action).map_err(name)?;
        let mut context = Context::new(self.context_complete.unwrap_or(true));
        for (key, value) in self.context.iter().flatten() {
            let values = texts(value).ok_or_else(|| {
                format!("/context/{key}: expected a text, a number, a boolean or a list of them")
            })?;
            context.insert(key, values);
        }
        let identity = policies("identity_policies", self.identity_policies.as_ref(), limits)?;
        let resource = match &self.resource_policy {
            Some(value) => Some(policy("/resource_policy", value, limits)?),
            None => None,
        };
        let boundaries = policies(
            "permission_boundaries",
            self.permission_boundaries.as_ref(),
            limits,
        )?;
        let session = policies("session_policies", self.session_policies.as_ref(), limits)?;
        let service_control = levels(
            "service_control_policies",
            self.service_control_policies.as_ref(),
            limits,
        )?;
        let resource_control = levels(
            "resource_control_policies",
            self.resource_control_policies.as_ref(),
            limits,
        )?;
        let endpoint = policies("endpoint_policies", self.endpoint_policies.as_ref(), limits)?;

        let identity = borrowed(identity.as_deref().unwrap_or_default());
        let boundaries = boundaries.as_deref().map(borrowed);
        let session = session.as_deref().map(borrowed);
        let endpoint = endpoint.as_deref().map(borrowed);
        let service_control = service_control.as_deref().map(borrowed_levels);
        let service_control = service_control.as_deref().map(borrowed_lists);
        let resource_control = resource_control.as_deref().map(borrowed_levels);
        let resource_control = resource_control.as_deref().map(borrowed_lists);
        let policies = PolicySet {
            identity: &identity,
            resource: resource.as_ref(),
            boundaries: boundaries.as_deref(),
            session: session.as_deref(),
            service_control: service_control.as_deref(),
            resource_control: resource_control.as_deref(),
            endpoint: endpoint.as_deref(),
        };
        let request = Request {
            principal: &principal,
            action: &action,
            resource: &self.resource,
            resource_account: self.resource_account.as_deref(),
            context: &context,
        };
        Ok(evaluate(&request, &policies))
    }
}

fn borrowed(policies: &[Policy]) -> Vec<&Policy> {
    policies.iter().collect()
}

fn borrowed_levels(levels: &[Vec<Policy>]) -> Vec<Vec<&Policy>> {
    levels.iter().map(|level| level.iter().collect()).collect()
}

fn borrowed_lists<'a, 'b>(levels: &'a [Vec<&'b Policy>]) -> Vec<&'a [&'b Policy]> {
    levels.iter().map(Vec::as_slice).collect()
}

fn policy(pointer: &str, value: &Value, limits: &Limits) -> Result<Policy, String> {
    Policy::from_value(value, limits).map_err(|error| format!("{pointer}: {error}"))
}

fn policies(
    field: &str,
    values: Option<&Vec<Value>>,
    limits: &Limits,
) -> Result<Option<Vec<Policy>>, String> {
    let Some(values) = values else {
        return Ok(None);
    };
    let read = |(index, value)| policy(&format!("/{field}/{index}"), value, limits);
    values
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn levels(
    field: &str,
    values: Option<&Vec<Vec<Value>>>,
    limits: &Limits,
) -> Result<Option<Vec<Vec<Policy>>>, String> {
    let Some(values) = values else {
        return Ok(None);
    };
    let mut levels = Vec::new();
    for (level, values) in values.iter().enumerate() {
        let read = policies(&format!("{field}/{level}"), Some(values), limits)?;
        levels.push(read.unwrap_or_default());
    }
    Ok(Some(levels))
}

/// The values of a context key: one or several; null for a key that is known to be absent.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(values) => values.iter().map(text).collect(),
        value => Some(vec![text(value)?]),
    }
}
