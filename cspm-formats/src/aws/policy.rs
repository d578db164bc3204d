//! Policy documents as grants.

use std::sync::Arc;

use cspm_model::diagnostic::Effect;
use cspm_model::{Grant, PolicyType};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::node::Node;

/// The policy document that is the member `key`: an object, or text that holds one, percent-encoded or
/// not.
pub(super) fn grant(
    node: &Node<'_>,
    key: &str,
    attached_to: &str,
    policy_type: PolicyType,
) -> Option<Grant> {
    let document = match node.get(key)? {
        Value::String(text) if text.trim().is_empty() => return None,
        Value::String(text) => parse(text).unwrap_or_else(|| {
            node.note_at(
                key,
                "unreadable-policy",
                Effect::UnderReport,
                format!("the policy of `{attached_to}` is text that holds no JSON object: kept, but it says nothing"),
            );
            Value::String(text.clone())
        }),
        object @ Value::Object(_) => object.clone(),
        _ => {
            node.note_at(
                key,
                "unreadable-policy",
                Effect::UnderReport,
                format!("the policy of `{attached_to}` is neither an object nor text: ignored"),
            );
            return None;
        }
    };
    Some(Grant {
        policy_document: Some(Arc::new(document)),
        attached_to: Some(attached_to.to_owned()),
        policy_type: Some(policy_type),
        evidence: Some(node.place_of(key)),
        ..Grant::default()
    })
}

fn parse(text: &str) -> Option<Value> {
    let object = |text: &str| {
        serde_json::from_str::<Value>(text)
            .ok()
            .filter(Value::is_object)
    };
    object(text).or_else(|| object(&percent_decode_str(text.trim()).decode_utf8().ok()?))
}
