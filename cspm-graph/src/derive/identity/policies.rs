//! Policy documents, parsed once, by what they are attached to.

use std::collections::{BTreeMap, BTreeSet};

use cspm_iam::aws::{self, Policy};
use cspm_model::diagnostic::Effect;
use cspm_model::grant::GrantEffect;
use cspm_model::{Diagnostic, Estate, Grant, Location, PolicyType};
use serde_json::{Map, Value, json};

use super::super::draft::NodeId;

/// Number of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DocumentId(u32);

/// A parsed document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) policy: Policy,
    /// The place of each statement.
    statements: Vec<Location>,
    /// The resource it is attached to.
    pub(super) owner: NodeId,
}

impl Document {
    /// The place of a statement.
    pub(super) fn place(&self, statement: usize) -> Location {
        self.statements
            .get(statement)
            .or_else(|| self.statements.first())
            .cloned()
            .unwrap_or_else(|| Location::builtin("policy"))
    }
}

/// Every document of an estate.
#[derive(Debug, Default)]
pub(super) struct Policies {
    documents: Vec<Document>,
    attached: BTreeMap<(PolicyType, usize), Vec<DocumentId>>,
    /// Tags of principals that policy variables ask for, as condition keys in lower case.
    tag_variables: BTreeSet<String>,
}

/// A document on its way: statements with their places.
#[derive(Default)]
struct Parts {
    version: Option<Value>,
    statements: Vec<(Value, Location)>,
}

impl Policies {
    pub(super) fn new(estate: &Estate, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut policies = Self::default();
        // The evaluator takes one resource policy for a resource: parts of one are joined.
        let mut joined: BTreeMap<(PolicyType, usize), Parts> = BTreeMap::new();
        for grant in estate.grants() {
            if grant
                .provider
                .as_deref()
                .is_some_and(|provider| provider != "aws")
            {
                diagnostics.push(Diagnostic::new(
                    "not-modelled",
                    Effect::UnderReport,
                    format!(
                        "grants of provider `{}` are not evaluated yet",
                        grant.provider.as_deref().unwrap_or_default()
                    ),
                    place(grant),
                ));
                continue;
            }
            if let Some(document) = &grant.policy_document {
                policies.add_document(estate, grant, document, &mut joined, diagnostics);
            } else {
                policies.add_statement(estate, grant, &mut joined, diagnostics);
            }
        }
        for ((kind, owner), parts) in joined {
            policies.add(kind, owner, parts, diagnostics);
        }
        policies
    }

    fn add_document(
        &mut self,
        estate: &Estate,
        grant: &Grant,
        document: &Value,
        joined: &mut BTreeMap<(PolicyType, usize), Parts>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let (Some(kind), Some(attached)) = (grant.policy_type, grant.attached_to.as_deref()) else {
            return;
        };
        if matches!(kind, PolicyType::Session | PolicyType::Endpoint) {
            diagnostics.push(Diagnostic::new(
                "not-modelled",
                Effect::OverReport,
                "session and endpoint policies limit nothing yet: what they would keep out is reported",
                place(grant),
            ));
        }
        let Some(owner) = estate.resolve(attached, None) else {
            diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::UnderReport,
                format!("a policy is attached to `{attached}`, which no document describes"),
                place(grant),
            ));
            return;
        };
        let mut parts = Parts::default();
        let parsed;
        let object = match document {
            Value::String(text) => {
                let plain = percent_decoded(text);
                match serde_json::from_str::<Value>(&plain) {
                    Ok(value) => {
                        parsed = value;
                        &parsed
                    }
                    Err(error) => {
                        diagnostics.push(unreadable(grant, &error.to_string()));
                        return;
                    }
                }
            }
            other => other,
        };
        parts.version = object.get("Version").cloned();
        match object.get("Statement") {
            Some(Value::Array(statements)) => {
                for (number, statement) in statements.iter().enumerate() {
                    let at = place(grant).join(&format!("/Statement/{number}"));
                    parts.statements.push((statement.clone(), at));
                }
            }
            Some(statement) => {
                parts
                    .statements
                    .push((statement.clone(), place(grant).join("/Statement")));
            }
            None => diagnostics.push(unreadable(grant, "a policy document without `Statement`")),
        }
        if matches!(kind, PolicyType::Resource | PolicyType::Trust) {
            let whole = joined.entry((kind, owner)).or_default();
            // Of several parts, the newest version counts: it is what each of them is written for at least.
            let newer = |version: &Option<Value>| {
                version.as_ref().and_then(Value::as_str).map(str::to_owned)
            };
            if newer(&parts.version) > newer(&whole.version) {
                whole.version = parts.version;
            }
            whole.statements.extend(parts.statements);
        } else {
            self.add(kind, owner, parts, diagnostics);
        }
    }

    /// A grant in short form. One identity is granted as by a policy of its own; anybody else as by a
    /// policy of each resource named.
    fn add_statement(
        &mut self,
        estate: &Estate,
        grant: &Grant,
        joined: &mut BTreeMap<(PolicyType, usize), Parts>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let named: Vec<&String> = grant.principal.iter().chain(&grant.principals).collect();
        if let Some(attached) = grant.attached_to.as_deref() {
            let names: Vec<String> = named.into_iter().cloned().collect();
            Self::add_beside(estate, grant, attached, &names, joined, diagnostics);
            return;
        }
        let mut others = Vec::new();
        for name in named {
            let identity = estate.resolve(name, None).filter(|&at| {
                estate.resources().get(at).is_some_and(|it| {
                    matches!(it.kind.class(), cspm_model::resource::Class::Identity)
                        || it.kind.as_str() == "unknown"
                })
            });
            match identity {
                Some(owner) => {
                    let parts = Parts {
                        version: Some(json!("2012-10-17")),
                        statements: vec![(statement(grant, None), place(grant))],
                    };
                    self.add(PolicyType::Identity, owner, parts, diagnostics);
                }
                None => others.push(name.clone()),
            }
        }
        if others.is_empty() && grant.not_principals.is_empty() {
            return;
        }
        let principal = if grant.not_principals.is_empty() {
            ("Principal", principals(&others))
        } else {
            ("NotPrincipal", principals(&grant.not_principals))
        };
        for name in &grant.resources {
            let bare = name.trim_end_matches("/*");
            match estate.resolve(bare, None) {
                Some(owner) => {
                    let is_role = estate
                        .resources()
                        .get(owner)
                        .is_some_and(|it| it.kind.as_str() == "identity.role");
                    let kind = if is_role {
                        PolicyType::Trust
                    } else {
                        PolicyType::Resource
                    };
                    let whole = joined.entry((kind, owner)).or_default();
                    whole.version = Some(json!("2012-10-17"));
                    whole
                        .statements
                        .push((statement(grant, Some(&principal)), place(grant)));
                }
                None => diagnostics.push(Diagnostic::new(
                    "not-collected",
                    Effect::UnderReport,
                    format!("a grant names `{name}`, which no document describes"),
                    place(grant),
                )),
            }
        }
    }

    /// A statement beside the policy of a resource.
    fn add_beside(
        estate: &Estate,
        grant: &Grant,
        attached: &str,
        names: &[String],
        joined: &mut BTreeMap<(PolicyType, usize), Parts>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(owner) = estate.resolve(attached, None) else {
            diagnostics.push(Diagnostic::new(
                "not-collected",
                Effect::UnderReport,
                format!("a grant is attached to `{attached}`, which no document describes"),
                place(grant),
            ));
            return;
        };
        let principal = if grant.not_principals.is_empty() {
            ("Principal", principals(names))
        } else {
            ("NotPrincipal", principals(&grant.not_principals))
        };
        let kind = grant.policy_type.unwrap_or(PolicyType::Resource);
        let whole = joined.entry((kind, owner)).or_default();
        whole.version = Some(json!("2012-10-17"));
        whole
            .statements
            .push((statement(grant, Some(&principal)), place(grant)));
    }

    fn add(
        &mut self,
        kind: PolicyType,
        owner: usize,
        parts: Parts,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let (values, statements): (Vec<Value>, Vec<Location>) =
            parts.statements.into_iter().unzip();
        // Without a version, a document is of the older one (AWS IAM User Guide, "Version", read 2026-11).
        let version = parts.version.unwrap_or_else(|| json!("2008-10-17"));
        let document = json!({"Version": version, "Statement": values});
        let at = statements
            .first()
            .cloned()
            .unwrap_or_else(|| Location::builtin("policy"));
        self.note_tag_variables(&document.to_string().to_ascii_lowercase());
        match Policy::from_value(&document, &aws::Limits::default()) {
            Ok(policy) => {
                for warning in policy.warnings() {
                    let effect = match warning.effect() {
                        aws::WarningEffect::MayUnderReport => Effect::UnderReport,
                        aws::WarningEffect::MayOverReport => Effect::OverReport,
                        _ => Effect::None,
                    };
                    let message = format!("{}: {}", warning.pointer(), warning.message());
                    diagnostics.push(Diagnostic::new("policy", effect, message, at.clone()));
                }
                let id = DocumentId(u32::try_from(self.documents.len()).unwrap_or(u32::MAX));
                self.documents.push(Document {
                    policy,
                    statements,
                    owner: NodeId::of(owner),
                });
                self.attached.entry((kind, owner)).or_default().push(id);
            }
            Err(error) => diagnostics.push(Diagnostic::new(
                "unreadable-policy",
                Effect::UnderReport,
                format!("policy set aside: {error}"),
                at,
            )),
        }
    }

    /// Documents as the evaluator takes them.
    pub(super) fn ready(&self, ids: &[DocumentId]) -> Vec<&Policy> {
        ids.iter()
            .filter_map(|&id| self.document(id))
            .map(|it| &it.policy)
            .collect()
    }

    fn note_tag_variables(&mut self, text: &str) {
        for rest in text
            .split("${")
            .skip(1)
            .filter(|it| it.starts_with("aws:principaltag/"))
        {
            if let Some(end) = rest.find(['}', ',']) {
                self.tag_variables
                    .extend(rest.get(..end).map(|it| it.trim().to_owned()));
            }
        }
    }

    /// Tags of principals that policy variables ask for, as condition keys in lower case.
    pub(super) fn tag_variables(&self) -> &BTreeSet<String> {
        &self.tag_variables
    }

    pub(super) fn document(&self, id: DocumentId) -> Option<&Document> {
        self.documents.get(id.0 as usize)
    }

    /// The documents of a type attached to the resource at this position.
    pub(super) fn attached(&self, kind: PolicyType, owner: usize) -> &[DocumentId] {
        self.attached.get(&(kind, owner)).map_or(&[], Vec::as_slice)
    }

    /// The policy of the resource itself, or of a role its trust policy.
    pub(super) fn of_resource(&self, kind: PolicyType, owner: usize) -> Option<&Document> {
        self.attached(kind, owner)
            .first()
            .and_then(|&id| self.document(id))
    }
}

fn place(grant: &Grant) -> Location {
    grant
        .evidence
        .clone()
        .unwrap_or_else(|| Location::builtin("grant"))
}

fn unreadable(grant: &Grant, why: &str) -> Diagnostic {
    Diagnostic::new(
        "unreadable-policy",
        Effect::UnderReport,
        format!("policy set aside: {why}"),
        place(grant),
    )
}

fn percent_decoded(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn principals(names: &[String]) -> Value {
    if names.iter().any(|name| name == "*") {
        return json!("*");
    }
    let mut aws = Vec::new();
    let mut services = Vec::new();
    let mut federated = Vec::new();
    for name in names {
        if let Some(account) = name.strip_prefix("aws:account/") {
            aws.push(account.to_owned());
        } else if let Some(name) = name.strip_prefix("federated:") {
            federated.push(name.to_owned());
        } else if name.starts_with("arn:") || name.bytes().all(|byte| byte.is_ascii_digit()) {
            aws.push(name.clone());
        } else {
            services.push(name.clone());
        }
    }
    let mut object = Map::new();
    for (key, names) in [
        ("AWS", aws),
        ("Service", services),
        ("Federated", federated),
    ] {
        if !names.is_empty() {
            object.insert(key.to_owned(), json!(names));
        }
    }
    Value::Object(object)
}

fn statement(grant: &Grant, principal: Option<&(&str, Value)>) -> Value {
    let mut object = Map::new();
    let effect = match grant.effect {
        Some(GrantEffect::Deny) => "Deny",
        _ => "Allow",
    };
    object.insert("Effect".to_owned(), json!(effect));
    if let Some((key, value)) = principal {
        object.insert((*key).to_owned(), value.clone());
    }
    for (key, list) in [
        ("Action", &grant.actions),
        ("NotAction", &grant.not_actions),
        ("Resource", &grant.resources),
        ("NotResource", &grant.not_resources),
    ] {
        if !list.is_empty() {
            object.insert(key.to_owned(), json!(list));
        }
    }
    if let Some(conditions) = &grant.conditions
        && conditions.as_object().is_none_or(|it| !it.is_empty())
    {
        object.insert("Condition".to_owned(), conditions.clone());
    }
    Value::Object(object)
}
