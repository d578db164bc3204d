//! A JSON value with its place in a document. What is not as it should be is noted, never skipped in
//! silence.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cspm_model::diagnostic::Effect;
use cspm_model::location::escape_pointer;
use cspm_model::{Diagnostic, Location};
use serde_json::Value;

/// A document, or one record of a stream, and what was noted while it was read.
#[derive(Debug)]
pub(crate) struct Document {
    base: Location,
    /// A member of the root that holds a part of a longer list, and where that part begins.
    part: Option<(String, usize)>,
    noted: RefCell<Vec<Diagnostic>>,
}

impl Document {
    /// A document whose root stands at `base`.
    pub(crate) fn new(base: Location) -> Self {
        Self {
            base,
            part: None,
            noted: RefCell::new(Vec::new()),
        }
    }

    /// The same document, of which only a part is at hand: the list `key` of the root begins with its
    /// element `first`.
    pub(crate) fn with_part(mut self, key: &str, first: usize) -> Self {
        self.part = Some((key.to_owned(), first));
        self
    }

    /// Its root.
    pub(crate) fn root<'a>(&'a self, value: &'a Value) -> Node<'a> {
        Node {
            document: self,
            value,
            pointer: String::new(),
        }
    }

    /// What was noted.
    pub(crate) fn into_noted(self) -> Vec<Diagnostic> {
        self.noted.into_inner()
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    document: &'a Document,
    value: &'a Value,
    pointer: String,
}

impl<'a> Node<'a> {
    /// Its place.
    pub(crate) fn place(&self) -> Location {
        if self.pointer.is_empty() {
            self.document.base.clone()
        } else {
            self.document.base.join(&self.pointer)
        }
    }

    /// The place of its member `key`.
    pub(crate) fn place_of(&self, key: &str) -> Location {
        self.document.base.join(&self.pointer_of(key))
    }

    /// Whether it has the member `key`, null or not.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    /// The member `key`, unless it is null.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    /// The text of the member `key`; an empty text counts as none.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        let text = self.get(key)?.as_str();
        if text.is_none() {
            self.unexpected(key, "text");
        }
        text.filter(|text| !text.is_empty())
    }

    /// The same, owned.
    pub(crate) fn string(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// The truth value of the member `key`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        let flag = self.get(key)?.as_bool();
        if flag.is_none() {
            self.unexpected(key, "true or false");
        }
        flag
    }

    /// The whole number of the member `key`.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        let number = self.get(key)?.as_i64();
        if number.is_none() {
            self.unexpected(key, "a whole number");
        }
        number
    }

    /// The port number of the member `key`.
    pub(crate) fn port(&self, key: &str) -> Option<u16> {
        let number = self.number(key)?;
        let port = u16::try_from(number).ok();
        if port.is_none() {
            self.unexpected(key, "a port");
        }
        port
    }

    /// A number that may stand as text.
    pub(crate) fn decimal(&self, key: &str) -> Option<f64> {
        let number = match self.get(key)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.unexpected(key, "a number");
        }
        number
    }

    /// The object that is the member `key`.
    pub(crate) fn child(&self, key: &str) -> Option<Node<'a>> {
        let value = self.get(key)?;
        if !value.is_object() {
            self.unexpected(key, "an object");
            return None;
        }
        Some(self.descend(value, self.pointer_of(key)))
    }

    /// The objects in the list that is the member `key`. What is no object is noted as lost.
    pub(crate) fn objects(&self, key: &str) -> Vec<Node<'a>> {
        self.elements(key)
            .filter(|node| {
                let fine = node.value.is_object();
                if !fine {
                    node.lost("expected an object");
                }
                fine
            })
            .collect()
    }

    /// The texts in the list that is the member `key`, each with its place.
    pub(crate) fn placed_texts(&self, key: &str) -> Vec<(&'a str, Node<'a>)> {
        self.elements(key)
            .filter_map(|node| {
                if let Some(text) = node.value.as_str().filter(|text| !text.is_empty()) {
                    return Some((text, node));
                }
                node.lost("expected text");
                None
            })
            .collect()
    }

    /// The texts in the list that is the member `key`.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        self.placed_texts(key)
            .into_iter()
            .map(|(text, _)| text.to_owned())
            .collect()
    }

    /// The texts of the member `part` of each object in the list `key`.
    pub(crate) fn texts_of(&self, key: &str, part: &str) -> Vec<String> {
        self.objects(key)
            .iter()
            .filter_map(|item| item.string(part))
            .collect()
    }

    /// Tags: a list of `Key` and `Value`, or an object.
    pub(crate) fn tags(&self, key: &str) -> BTreeMap<String, String> {
        match self.get(key) {
            Some(Value::Object(members)) => members
                .iter()
                .filter_map(|(name, value)| {
                    if value.as_str().is_none() {
                        self.unexpected(key, "text by text");
                    }
                    Some((name.clone(), value.as_str()?.to_owned()))
                })
                .collect(),
            Some(_) => self
                .objects(key)
                .iter()
                .filter_map(|tag| {
                    let name = tag.text("Key").or_else(|| tag.text("key"))?;
                    let value = tag.text("Value").or_else(|| tag.text("value"));
                    Some((name.to_owned(), value.unwrap_or_default().to_owned()))
                })
                .collect(),
            None => BTreeMap::new(),
        }
    }

    /// Notes that the value itself cannot be used, so that a record is lost.
    pub(crate) fn lost(&self, why: &str) {
        self.note(
            "unreadable-record",
            Effect::Lost,
            format!("record set aside: {why}"),
            self.place(),
        );
    }

    /// Notes that the member `key` is missing, so that the record is lost.
    pub(crate) fn missing(&self, key: &str) {
        self.lost(&format!("`{key}` is missing"));
    }

    /// Notes something at the member `key`.
    pub(crate) fn note_at(&self, key: &str, code: &str, effect: Effect, message: String) {
        self.note(code, effect, message, self.place_of(key));
    }

    /// Notes something.
    pub(crate) fn note(&self, code: &str, effect: Effect, message: String, place: Location) {
        self.document
            .noted
            .borrow_mut()
            .push(Diagnostic::new(code, effect, message, place));
    }

    fn elements(&self, key: &str) -> impl Iterator<Item = Node<'a>> {
        let pointer = self.pointer_of(key);
        let first = match &self.document.part {
            Some((part, first)) if self.pointer.is_empty() && part == key => *first,
            _ => 0,
        };
        self.list(key).iter().enumerate().map(move |(at, value)| {
            self.descend(value, format!("{pointer}/{}", first.saturating_add(at)))
        })
    }

    fn list(&self, key: &str) -> &'a [Value] {
        match self.get(key) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.unexpected(key, "a list");
                &[]
            }
        }
    }

    fn unexpected(&self, key: &str, wanted: &str) {
        self.note_at(
            key,
            "unexpected-value",
            Effect::UnderReport,
            format!("`{key}` should be {wanted}: ignored"),
        );
    }

    fn pointer_of(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, escape_pointer(key))
    }

    fn descend(&self, value: &'a Value, pointer: String) -> Node<'a> {
        Node {
            document: self.document,
            value,
            pointer,
        }
    }
}

/// Text on one line: runs of white space and control characters become one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else {
            line.push(character);
        }
    }
    line.truncate(line.trim_end().len());
    line
}
