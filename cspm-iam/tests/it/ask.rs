//! Requests of the batch contract, put through the typed interface.

use cspm_iam::aws::{
    Action, Context, Decision, Limits, Policy, PolicySet, Principal, Request, evaluate,
};
use serde_json::Value;

fn policy(value: &Value) -> Policy {
    Policy::from_value(value, &Limits::default()).unwrap()
}

fn list(line: &Value, field: &str) -> Option<Vec<Policy>> {
    let values = line.get(field)?.as_array().unwrap();
    Some(values.iter().map(policy).collect())
}

fn levels(line: &Value, field: &str) -> Option<Vec<Vec<Policy>>> {
    let levels = line.get(field)?.as_array().unwrap();
    Some(
        levels
            .iter()
            .map(|level| level.as_array().unwrap().iter().map(policy).collect())
            .collect(),
    )
}

fn refs(policies: &[Policy]) -> Vec<&Policy> {
    policies.iter().collect()
}

fn slices<'a, 'p>(levels: &'a [Vec<&'p Policy>]) -> Vec<&'a [&'p Policy]> {
    levels.iter().map(Vec::as_slice).collect()
}

fn context(line: &Value) -> Context {
    let complete = line
        .get("context_complete")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    let mut context = Context::new(complete);
    for (key, value) in line
        .get("context")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let values = match value {
            Value::Null => Vec::new(),
            Value::Array(values) => values.iter().map(text).collect(),
            value => vec![text(value)],
        };
        context.insert(key, values);
    }
    context
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Evaluates a line of the batch contract through the typed interface.
pub(crate) fn ask(line: &Value) -> Decision {
    let text = |field: &str| line.get(field).and_then(Value::as_str);
    let identity = list(line, "identity_policies").unwrap_or_default();
    let resource = line.get("resource_policy").map(policy);
    let boundaries = list(line, "permission_boundaries");
    let session = list(line, "session_policies");
    let endpoint = list(line, "endpoint_policies");
    let service_control = levels(line, "service_control_policies");
    let resource_control = levels(line, "resource_control_policies");

    let identity: Vec<&Policy> = identity.iter().collect();
    let boundaries = boundaries.as_deref().map(refs);
    let session = session.as_deref().map(refs);
    let endpoint = endpoint.as_deref().map(refs);
    let service_control: Option<Vec<Vec<&Policy>>> = service_control
        .as_deref()
        .map(|levels| levels.iter().map(|level| refs(level)).collect());
    let service_control = service_control.as_deref().map(slices);
    let resource_control: Option<Vec<Vec<&Policy>>> = resource_control
        .as_deref()
        .map(|levels| levels.iter().map(|level| refs(level)).collect());
    let resource_control = resource_control.as_deref().map(slices);

    let context = context(line);
    let principal = Principal::parse(text("principal").unwrap()).unwrap();
    let action = Action::parse(text("action").unwrap()).unwrap();
    let request = Request {
        principal: &principal,
        action: &action,
        resource: text("resource").unwrap(),
        resource_account: text("resource_account"),
        context: &context,
    };
    evaluate(
        &request,
        &PolicySet {
            identity: &identity,
            resource: resource.as_ref(),
            boundaries: boundaries.as_deref(),
            session: session.as_deref(),
            service_control: service_control.as_deref(),
            resource_control: resource_control.as_deref(),
            endpoint: endpoint.as_deref(),
        },
    )
}
