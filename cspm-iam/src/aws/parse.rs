//! From JSON to a compiled policy.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::action::{ActionPattern, Actions};
use super::condition::Condition;
use super::document::{
    Effect, Policy, PrincipalElement, Resources, Statement, Warning, WarningEffect,
};
use super::error::ParseError;
use super::json;
use super::limits::Limits;
use super::named::NamedPrincipal;
use super::pattern::{Pattern, Syntax};

/// The version from which on policy variables are substituted.
///
/// AWS IAM User Guide, "IAM JSON policy elements: Version", read 2026-11: without the element, a policy is
/// of version 2008-10-17, whose variables are plain text.
const VERSION_WITH_VARIABLES: &str = "2012-10-17";

pub(crate) fn from_value(value: &Value, limits: &Limits) -> Result<Policy, ParseError> {
    match value {
        Value::Object(document) => Reader::new(document, limits).read(document),
        Value::String(text) => from_nested_text(text, limits, 1),
        _ => Err(ParseError::document(
            "",
            "expected an object, or a string that holds one",
        )),
    }
}

pub(crate) fn from_text(text: &str, limits: &Limits) -> Result<Policy, ParseError> {
    from_nested_text(text, limits, 0)
}

fn from_nested_text(text: &str, limits: &Limits, depth: usize) -> Result<Policy, ParseError> {
    let mut depth = depth;
    let mut text = Cow::Borrowed(text);
    loop {
        if text.len() > limits.document_bytes_max {
            let maximum = limits.document_bytes_max;
            return Err(ParseError::limit("document_bytes_max", maximum, text.len()));
        }
        if depth > limits.nesting_max {
            return Err(ParseError::limit("nesting_max", limits.nesting_max, depth));
        }
        match json::read(&text) {
            Ok(Value::Object(document)) => return Reader::new(&document, limits).read(&document),
            Ok(Value::String(inner)) => text = Cow::Owned(inner),
            Ok(_) => {
                let reason = "expected an object, or a string that holds one";
                return Err(ParseError::document("", reason));
            }
            Err(error) => {
                // A JSON document never begins with `%`, so this cannot decode one that is plain.
                if !text.trim_start().starts_with('%') {
                    return Err(ParseError::document("", format!("invalid JSON: {error}")));
                }
                let decoded = percent_decode_str(&text).decode_utf8();
                let Ok(decoded) = decoded else {
                    return Err(ParseError::document(
                        "",
                        "percent-encoded text is not UTF-8",
                    ));
                };
                text = Cow::Owned(decoded.into_owned());
            }
        }
        depth += 1;
    }
}

struct Reader<'a> {
    limits: &'a Limits,
    variables: bool,
    values: usize,
    warnings: Vec<Warning>,
}

impl<'a> Reader<'a> {
    fn new(document: &Map<String, Value>, limits: &'a Limits) -> Self {
        let version = document.get("Version").and_then(Value::as_str);
        let variables = version == Some(VERSION_WITH_VARIABLES);
        Self {
            limits,
            variables,
            values: 0,
            warnings: Vec::new(),
        }
    }

    fn read(mut self, document: &Map<String, Value>) -> Result<Policy, ParseError> {
        let mut statements = Vec::new();
        for (key, value) in document {
            match key.as_str() {
                "Statement" => statements = self.statements(value)?,
                "Version" => match value.as_str() {
                    Some(VERSION_WITH_VARIABLES | "2008-10-17") => {}
                    _ => self.warn(
                        "/Version".to_owned(),
                        "unknown version: read as `2008-10-17`, without policy variables",
                        WarningEffect::MayUnderReport,
                    ),
                },
                "Id" => {}
                _ => self.unknown_key("", key, WarningEffect::Harmless),
            }
        }
        if !document.contains_key("Statement") {
            return Err(ParseError::document("", "no `Statement`"));
        }
        Ok(Policy::new(statements, self.warnings))
    }

    fn statements(&mut self, value: &Value) -> Result<Vec<Statement>, ParseError> {
        let (values, is_list) = match value {
            Value::Array(values) => (values.as_slice(), true),
            Value::Object(_) => (std::slice::from_ref(value), false),
            _ => {
                let reason = "expected an object or a list of objects";
                return Err(ParseError::document("/Statement", reason));
            }
        };
        if values.len() > self.limits.statements_max {
            let maximum = self.limits.statements_max;
            return Err(ParseError::limit("statements_max", maximum, values.len()));
        }
        let read = |(index, value): (usize, &Value)| {
            let pointer = if is_list {
                format!("/Statement/{index}")
            } else {
                "/Statement".to_owned()
            };
            let Value::Object(statement) = value else {
                return Err(ParseError::document(pointer, "expected an object"));
            };
            self.statement(index, &pointer, statement)
        };
        values.iter().enumerate().map(read).collect()
    }

    fn statement(
        &mut self,
        index: usize,
        pointer: &str,
        statement: &Map<String, Value>,
    ) -> Result<Statement, ParseError> {
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => {
                return Err(ParseError::document(
                    pointer,
                    "`Effect` must be `Allow` or `Deny`",
                ));
            }
        };
        for key in statement.keys() {
            let known = matches!(
                key.as_str(),
                "Sid"
                    | "Effect"
                    | "Principal"
                    | "NotPrincipal"
                    | "Action"
                    | "NotAction"
                    | "Resource"
                    | "NotResource"
                    | "Condition"
            );
            if !known {
                // Whatever it was meant to do, most likely it was meant to narrow the statement.
                self.unknown_key(pointer, key, widening(effect));
            }
        }
        let sid = statement
            .get("Sid")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Ok(Statement {
            index,
            sid,
            effect,
            actions: self.actions(pointer, statement)?,
            resources: self.resources(pointer, statement)?,
            principals: self.principals(pointer, statement, effect)?,
            conditions: self.conditions(pointer, statement, effect)?,
        })
    }

    fn actions(
        &mut self,
        pointer: &str,
        statement: &Map<String, Value>,
    ) -> Result<Actions, ParseError> {
        let Some((name, value, negated)) = either(statement, pointer, "Action", "NotAction")?
        else {
            return Err(ParseError::document(pointer, "no `Action` or `NotAction`"));
        };
        let texts = self.texts(&format!("{pointer}/{name}"), value)?;
        let patterns = texts
            .iter()
            .map(|text| ActionPattern::compile(text))
            .collect();
        Ok(if negated {
            Actions::AllBut(patterns)
        } else {
            Actions::Only(patterns)
        })
    }

    fn resources(
        &mut self,
        pointer: &str,
        statement: &Map<String, Value>,
    ) -> Result<Resources, ParseError> {
        let Some((name, value, negated)) = either(statement, pointer, "Resource", "NotResource")?
        else {
            return Ok(Resources::Absent);
        };
        let texts = self.texts(&format!("{pointer}/{name}"), value)?;
        let syntax = Syntax {
            wildcards: true,
            variables: self.variables,
            segments: true,
        };
        let patterns = texts
            .iter()
            .map(|text| Pattern::compile(text, syntax))
            .collect();
        Ok(if negated {
            Resources::AllBut(patterns)
        } else {
            Resources::Only(patterns)
        })
    }

    fn principals(
        &mut self,
        pointer: &str,
        statement: &Map<String, Value>,
        effect: Effect,
    ) -> Result<PrincipalElement, ParseError> {
        let Some((name, value, negated)) = either(statement, pointer, "Principal", "NotPrincipal")?
        else {
            return Ok(PrincipalElement::Absent);
        };
        let pointer = format!("{pointer}/{name}");
        // Who is not recognised is not covered by `Principal`, and not left out by `NotPrincipal`.
        let unnamed = if negated {
            widening(effect)
        } else {
            narrowing(effect)
        };
        let mut named = Vec::new();
        match value {
            Value::String(text) if text == "*" => {
                self.count_value()?;
                named.push(NamedPrincipal::Everyone);
            }
            Value::Object(kinds) => {
                for (kind, value) in kinds {
                    let pointer = format!("{pointer}/{}", escaped(kind));
                    let make: fn(&str) -> NamedPrincipal = match kind.as_str() {
                        "AWS" => NamedPrincipal::aws,
                        "Service" => |text| NamedPrincipal::Service(text.to_owned()),
                        "Federated" => |text| NamedPrincipal::Federated(text.to_owned()),
                        "CanonicalUser" => |text| NamedPrincipal::CanonicalUser(text.to_owned()),
                        _ => |text| NamedPrincipal::Unknown(text.to_owned()),
                    };
                    for text in self.texts(&pointer, value)? {
                        let name = make(&text);
                        if kind == "AWS" && matches!(name, NamedPrincipal::Unknown(_)) {
                            self.warn(
                                pointer.clone(),
                                format!(
                                    "`{text}` stands for no known principal: it matches nobody"
                                ),
                                unnamed,
                            );
                        }
                        named.push(name);
                    }
                    if !matches!(kind.as_str(), "AWS" | "Service" | "Federated") {
                        self.warn(
                            pointer,
                            "principals of this type are not modelled: they match nobody",
                            unnamed,
                        );
                    }
                }
            }
            _ => return Err(ParseError::document(pointer, "expected `*` or an object")),
        }
        Ok(if negated {
            PrincipalElement::AllBut(named)
        } else {
            PrincipalElement::Only(named)
        })
    }

    fn conditions(
        &mut self,
        pointer: &str,
        statement: &Map<String, Value>,
        effect: Effect,
    ) -> Result<Vec<Condition>, ParseError> {
        let Some(value) = statement.get("Condition") else {
            return Ok(Vec::new());
        };
        let pointer = format!("{pointer}/Condition");
        let Value::Object(operators) = value else {
            return Err(ParseError::document(pointer, "expected an object"));
        };
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            let pointer = format!("{pointer}/{}", escaped(operator));
            let Value::Object(keys) = keys else {
                return Err(ParseError::document(pointer, "expected an object"));
            };
            for (key, value) in keys {
                let pointer = format!("{pointer}/{}", escaped(key));
                let values = self.texts(&pointer, value)?;
                let condition = Condition::compile(operator, key, &values, self.variables);
                for fault in condition.faults() {
                    let warned = match fault.matches {
                        // An allow may hold then, and a deny may not.
                        None => WarningEffect::MayOverReport,
                        Some(true) => widening(effect),
                        Some(false) => narrowing(effect),
                    };
                    self.warn(pointer.clone(), fault.message, warned);
                }
                conditions.push(condition);
            }
        }
        Ok(conditions)
    }

    /// One text or a list of texts; numbers and booleans are taken as their text.
    fn texts(&mut self, pointer: &str, value: &Value) -> Result<Vec<String>, ParseError> {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            _ => std::slice::from_ref(value),
        };
        let mut texts = Vec::with_capacity(values.len().min(1_024));
        for value in values {
            self.count_value()?;
            texts.push(match value {
                Value::String(text) => text.clone(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(ParseError::document(
                        pointer,
                        "expected a text or a list of texts",
                    ));
                }
            });
        }
        Ok(texts)
    }

    fn count_value(&mut self) -> Result<(), ParseError> {
        self.values += 1;
        if self.values > self.limits.values_max {
            return Err(ParseError::limit(
                "values_max",
                self.limits.values_max,
                self.values,
            ));
        }
        Ok(())
    }

    fn unknown_key(&mut self, pointer: &str, key: &str, effect: WarningEffect) {
        self.warn(
            format!("{pointer}/{}", escaped(key)),
            "unknown element: ignored",
            effect,
        );
    }

    fn warn(&mut self, pointer: String, message: impl Into<String>, effect: WarningEffect) {
        self.warnings.push(Warning {
            pointer,
            message: message.into(),
            effect,
        });
    }
}

/// What a statement that covers too much does to answers.
fn widening(effect: Effect) -> WarningEffect {
    match effect {
        Effect::Allow => WarningEffect::MayOverReport,
        Effect::Deny => WarningEffect::MayUnderReport,
    }
}

/// What a statement that covers too little does to answers.
fn narrowing(effect: Effect) -> WarningEffect {
    match effect {
        Effect::Allow => WarningEffect::MayUnderReport,
        Effect::Deny => WarningEffect::MayOverReport,
    }
}

/// The one of two elements that exclude each other, and whether it is the negated one.
fn either<'s>(
    statement: &'s Map<String, Value>,
    pointer: &str,
    plain: &'static str,
    negated: &'static str,
) -> Result<Option<(&'static str, &'s Value, bool)>, ParseError> {
    match (statement.get(plain), statement.get(negated)) {
        (Some(_), Some(_)) => {
            let reason = format!("`{plain}` and `{negated}` exclude each other");
            Err(ParseError::document(pointer, reason))
        }
        (Some(value), None) => Ok(Some((plain, value, false))),
        (None, Some(value)) => Ok(Some((negated, value, true))),
        (None, None) => Ok(None),
    }
}

/// A key as one part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
