//! Reading the native estate format.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue as BorrowedJson;

use super::SCHEMA;
use crate::diagnostic::{Diagnostic, Effect};
use crate::error::{ReadError, ReadErrorKind};
use crate::estate::EstateBuilder;
use crate::finding::Finding;
use crate::grant::Grant;
use crate::id::ResourceId;
use crate::json::{RawValue, Scanner};
use crate::location::Location;
use crate::ports::PortSet;
use crate::record::Extra;
use crate::relation::{RELATION_KINDS, Relation};
use crate::resource::{Criticality, DataClass, Kind, Properties, Resource};

/// Reads a whole document in the native format into `builder`.
///
/// A record that cannot be used becomes a diagnostic, and the rest is read.
///
/// # Errors
/// When the document as a whole is not what it should be: no JSON, another schema, over a limit.
///
/// # Complexity
/// O(bytes); memory for one record at a time beside what is kept.
pub fn read_estate(
    input: impl BufRead,
    source: &str,
    builder: &mut EstateBuilder,
) -> Result<(), ReadError> {
    let source: Arc<str> = Arc::from(source);
    let mut scanner = Scanner::new(input, &source, builder.limits().record_bytes);
    let mut reader = NativeReader::new(&source);
    scanner.expect(b'{')?;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        reader.member(&key, &mut scanner, builder)?;
    }
    reader.lines(&mut scanner, builder)?;
    reader.finish()
}

/// Reads the members of a native document one by one, for callers that have to look at the first of
/// them before they know what the document is.
#[derive(Debug)]
pub struct NativeReader {
    source: Arc<str>,
    schema_seen: bool,
    records_seen: bool,
}

#[derive(Clone, Copy)]
enum Record {
    Resource,
    Grant,
    Relation,
    Finding,
}

impl Record {
    /// The record type that a member of a document, or a tag of a line, stands for.
    fn parse(word: &str, plural: bool) -> Option<Self> {
        let word = if plural {
            word.strip_suffix('s')?
        } else {
            word
        };
        Some(match word {
            "resource" => Self::Resource,
            "grant" => Self::Grant,
            "relation" => Self::Relation,
            "finding" => Self::Finding,
            _ => return None,
        })
    }
}

impl NativeReader {
    /// A reader of the document named `source`.
    pub fn new(source: &Arc<str>) -> Self {
        Self {
            source: Arc::clone(source),
            schema_seen: false,
            records_seen: false,
        }
    }

    /// Reads the value of the member `key`.
    ///
    /// # Errors
    /// On an unknown member, another schema, or JSON that cannot be followed further.
    pub fn member(
        &mut self,
        key: &str,
        scanner: &mut Scanner<impl BufRead>,
        builder: &mut EstateBuilder,
    ) -> Result<(), ReadError> {
        if key == "schema" {
            let value = scanner.value()?;
            return self.schema(&value);
        }
        if key.starts_with("x_") {
            scanner.value()?;
            return Ok(());
        }
        let Some(record) = Record::parse(key, true) else {
            return Err(ReadError::value(
                scanner.location(),
                format!(
                    "unknown member `{key}`: expected `schema`, `resources`, `grants`, `relations` or `findings`"
                ),
            ));
        };
        scanner.expect(b'[')?;
        self.records_seen = true;
        let mut index: u64 = 0;
        while scanner.element(index == 0)? {
            let value = scanner.value()?;
            let place = value.location(&self.source, &format!("/{key}/{index}"));
            read_record(record, &value.text, &place, builder)?;
            index = index.saturating_add(1);
        }
        Ok(())
    }

    /// Reads one element of the member `key`, for callers that had to look at it first.
    ///
    /// # Errors
    /// On an unknown member, or past the limit of records.
    pub fn element(
        &mut self,
        key: &str,
        index: u64,
        value: &RawValue,
        builder: &mut EstateBuilder,
    ) -> Result<(), ReadError> {
        let place = value.location(&self.source, &format!("/{key}/{index}"));
        let Some(record) = Record::parse(key, true) else {
            return Err(ReadError::value(place, format!("unknown member `{key}`")));
        };
        self.records_seen = true;
        read_record(record, &value.text, &place, builder)
    }

    /// Reads the value of the member `schema`.
    ///
    /// # Errors
    /// When it names another schema, or is no text.
    pub fn schema(&mut self, value: &RawValue) -> Result<(), ReadError> {
        let place = value.location(&self.source, "/schema");
        let found: String =
            serde_json::from_str(&value.text).map_err(|error| ReadError::json(&place, &error))?;
        if found != SCHEMA {
            return Err(ReadError::new(place, ReadErrorKind::Schema { found }));
        }
        self.schema_seen = true;
        Ok(())
    }

    /// Reads the lines that follow the first object, if there are any.
    ///
    /// # Errors
    /// When a line is no JSON, or when lines follow a document that had records already.
    pub fn lines(
        &mut self,
        scanner: &mut Scanner<impl BufRead>,
        builder: &mut EstateBuilder,
    ) -> Result<(), ReadError> {
        while let Some(_next) = scanner.peek()? {
            if self.records_seen {
                return Err(ReadError::value(
                    scanner.location(),
                    "something follows the end of the document: an estate is one document or JSON Lines, not both",
                ));
            }
            let value = scanner.value()?;
            self.line(&value, builder)?;
        }
        Ok(())
    }

    fn line(&mut self, value: &RawValue, builder: &mut EstateBuilder) -> Result<(), ReadError> {
        let place = value.location(&self.source, "");
        let members = match serde_json::from_str(&value.text) {
            Ok(Members(members)) => members,
            Err(error) => {
                let error = ReadError::json(&place, &error);
                builder.add_diagnostic(unreadable(&error));
                return Ok(());
            }
        };
        for (key, text) in members {
            if let Some(record) = Record::parse(&key, false) {
                let offset = text
                    .get()
                    .as_ptr()
                    .addr()
                    .saturating_sub(value.text.as_ptr().addr());
                let place = advance(&place, value.text.get(..offset).unwrap_or_default())
                    .join(&format!("/{key}"));
                let place = Location {
                    column: place.column,
                    ..place
                };
                read_record(record, text.get(), &place, builder)?;
            } else if key == "schema" || key.starts_with("x_") {
                // A file made by joining others states the schema again.
            } else {
                builder.add_diagnostic(unreadable(&ReadError::value(
                    place.clone(),
                    format!(
                        "unknown tag `{key}`: expected `resource`, `grant`, `relation` or `finding`"
                    ),
                )));
            }
        }
        Ok(())
    }

    /// Checks that the document said what it is.
    ///
    /// # Errors
    /// When it did not.
    pub fn finish(self) -> Result<(), ReadError> {
        if self.schema_seen {
            return Ok(());
        }
        Err(ReadError::value(
            Location::document(&self.source),
            format!("`schema` is missing: expected `\"schema\": \"{SCHEMA}\"`"),
        ))
    }
}

fn read_record(
    record: Record,
    text: &str,
    place: &Location,
    builder: &mut EstateBuilder,
) -> Result<(), ReadError> {
    let outcome = match record {
        Record::Resource => resource(text, place).map(|it| builder.add_resource(it)),
        Record::Grant => grant(text, place).map(|it| builder.add_grant(it)),
        Record::Relation => relation(text, place).map(|it| builder.add_relation(it)),
        Record::Finding => finding(text, place).map(|it| builder.add_finding(it)),
    };
    if let Err(error) = outcome {
        builder.add_diagnostic(unreadable(&error));
    }
    builder.check_records(place)
}

fn unreadable(error: &ReadError) -> Diagnostic {
    Diagnostic::new(
        "unreadable-record",
        Effect::Lost,
        format!("record set aside: {}", error.kind()),
        error.location().clone(),
    )
}

/// The place after `text`, which begins at `place`.
fn advance(place: &Location, text: &str) -> Location {
    let mut place = place.clone();
    let lines = text.bytes().filter(|&byte| byte == b'\n').count();
    let last = text.rsplit('\n').next().unwrap_or_default().len();
    let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    place.line = place.line.map(|line| line.saturating_add(count(lines)));
    place.column = Some(if lines == 0 {
        place.column.unwrap_or(1).saturating_add(count(last))
    } else {
        count(last).saturating_add(1)
    });
    place
}

/// The members of an object, each as often as it stands there.
struct Members<'a>(Vec<(Cow<'a, str>, &'a BorrowedJson)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with one tagged record")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// A resource as it stands in a document; its properties are read once the kind is known.
#[derive(Default)]
struct ResourceRecord<'a> {
    id: Option<ResourceId>,
    kind: Option<Kind>,
    provider: Option<String>,
    account: Option<String>,
    region: Option<String>,
    name: Option<String>,
    aliases: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
    criticality: Option<Criticality>,
    data: Option<Vec<DataClass>>,
    properties: Option<&'a BorrowedJson>,
    evidence: Option<Vec<Location>>,
    extra: Extra,
}

impl<'de: 'a, 'a> Deserialize<'de> for ResourceRecord<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = ResourceRecord<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a resource")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                const FIELDS: &[&str] = &[
                    "id",
                    "kind",
                    "provider",
                    "account",
                    "region",
                    "name",
                    "aliases",
                    "tags",
                    "criticality",
                    "data",
                    "properties",
                    "evidence",
                ];
                let mut record = ResourceRecord::default();
                while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                    macro_rules! take {
                        ($field:ident) => {{
                            if record.$field.is_some() {
                                return Err(A::Error::duplicate_field(stringify!($field)));
                            }
                            record.$field = Some(map.next_value()?);
                        }};
                    }
                    match &*key {
                        "id" => take!(id),
                        "kind" => take!(kind),
                        "provider" => take!(provider),
                        "account" => take!(account),
                        "region" => take!(region),
                        "name" => take!(name),
                        "aliases" => take!(aliases),
                        "tags" => take!(tags),
                        "criticality" => take!(criticality),
                        "data" => take!(data),
                        "properties" => take!(properties),
                        "evidence" => take!(evidence),
                        other if other.starts_with("x_") => {
                            record.extra.insert(other.to_owned(), map.next_value()?);
                        }
                        other => return Err(A::Error::unknown_field(other, FIELDS)),
                    }
                }
                Ok(record)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

fn resource(text: &str, place: &Location) -> Result<Resource, ReadError> {
    let record: ResourceRecord<'_> =
        serde_json::from_str(text).map_err(|error| ReadError::json(place, &error))?;
    let missing = |field: &str| {
        ReadError::value(
            place.clone(),
            format!("a resource needs `{field}`, which is missing or empty"),
        )
    };
    let id = record
        .id
        .filter(|id| !id.as_str().is_empty())
        .ok_or_else(|| missing("id"))?;
    let kind = record
        .kind
        .filter(|kind| !kind.as_str().is_empty())
        .ok_or_else(|| missing("kind"))?;
    if id.as_str() == ResourceId::INTERNET {
        return Err(ReadError::value(
            place.clone(),
            "`internet` is a reserved id",
        ));
    }
    let properties = match record.properties {
        None => Properties::empty(&kind),
        Some(raw) => {
            let offset = raw
                .get()
                .as_ptr()
                .addr()
                .saturating_sub(text.as_ptr().addr());
            let base = advance(place, text.get(..offset).unwrap_or_default());
            Properties::parse(&kind, raw.get()).map_err(|error| {
                ReadError::json(
                    &Location {
                        pointer: place.join("/properties").pointer,
                        ..base
                    },
                    &error,
                )
            })?
        }
    };
    let mut evidence = record.evidence.unwrap_or_default();
    if evidence.is_empty() {
        evidence.push(place.clone());
    }
    Ok(Resource {
        id,
        kind,
        provider: record.provider,
        account: record.account,
        region: record.region,
        name: record.name,
        aliases: record.aliases.unwrap_or_default(),
        tags: record.tags.unwrap_or_default(),
        criticality: record.criticality,
        data: record.data.unwrap_or_default(),
        properties,
        evidence,
        collected: true,
        extra: record.extra,
    })
}

fn grant(text: &str, place: &Location) -> Result<Grant, ReadError> {
    let mut grant: Grant =
        serde_json::from_str(text).map_err(|error| ReadError::json(place, &error))?;
    let wrong = |message: &str| Err(ReadError::value(place.clone(), message));
    let count = |filled: &[bool]| filled.iter().filter(|&&it| it).count();
    let stated = [
        grant.principal.is_some(),
        !grant.principals.is_empty(),
        !grant.not_principals.is_empty(),
    ];
    if grant.policy_document.is_some() {
        if grant.effect.is_some() || count(&stated) > 0 || !grant.actions.is_empty() {
            return wrong("a grant is a statement in short form or a `policy_document`, not both");
        }
        if grant.policy_type.is_none() || grant.attached_to.is_none() {
            return wrong("a `policy_document` needs `policy_type` and `attached_to`");
        }
    } else {
        if grant.effect.is_none() {
            return wrong("a grant needs `effect`, or a `policy_document`");
        }
        if count(&stated) != 1 {
            return wrong("a grant needs one of `principal`, `principals`, `not_principals`");
        }
        if count(&[!grant.actions.is_empty(), !grant.not_actions.is_empty()]) != 1 {
            return wrong("a grant needs one of `actions`, `not_actions`");
        }
        if count(&[!grant.resources.is_empty(), !grant.not_resources.is_empty()]) != 1 {
            return wrong("a grant needs one of `resources`, `not_resources`");
        }
    }
    grant.evidence.get_or_insert_with(|| place.clone());
    Ok(grant)
}

fn relation(text: &str, place: &Location) -> Result<Relation, ReadError> {
    let mut relation: Relation =
        serde_json::from_str(text).map_err(|error| ReadError::json(place, &error))?;
    let wrong = |message: String| Err(ReadError::value(place.clone(), message));
    if relation.from.as_str().is_empty() || relation.to.as_str().is_empty() {
        return wrong("a relation needs `from` and `to`".to_owned());
    }
    if !RELATION_KINDS.contains(&relation.kind.as_str()) {
        return wrong(format!(
            "unknown kind of relation `{}`: expected one of {}",
            relation.kind,
            RELATION_KINDS.join(", ")
        ));
    }
    if relation.kind == "step"
        && (relation.from_access.is_none()
            || relation.to_access.is_none()
            || relation.technique.is_none())
    {
        return wrong("a `step` needs `from_access`, `to_access` and `technique`".to_owned());
    }
    if let Some(ports) = &relation.ports
        && PortSet::parse(ports).is_none()
    {
        return wrong(format!(
            "`{ports}` is no set of ports: expected `22`, `8000-8100`, a list, or `*`"
        ));
    }
    if let Some(protocol) = &mut relation.protocol {
        // Numbers of the IANA registry, and whatever case.
        let lower = protocol.trim().to_ascii_lowercase();
        *protocol = match lower.as_str() {
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            _ => lower,
        };
    }
    if let Some(likelihood) = relation.likelihood
        && !(likelihood > 0.0 && likelihood <= 1.0)
    {
        return wrong(format!(
            "a likelihood of {likelihood} is outside 0 (excluded) to 1"
        ));
    }
    if relation.to.as_str() == ResourceId::INTERNET {
        return wrong(
            "no step leads into `internet`: entries are where an attacker starts".to_owned(),
        );
    }
    if relation.evidence.is_empty() {
        relation.evidence.push(place.clone());
    }
    Ok(relation)
}

fn finding(text: &str, place: &Location) -> Result<Finding, ReadError> {
    let mut finding: Finding =
        serde_json::from_str(text).map_err(|error| ReadError::json(place, &error))?;
    if finding.resource_names().is_empty() {
        return Err(ReadError::value(
            place.clone(),
            "a finding needs `resource` or `resources`",
        ));
    }
    if finding.resource.is_empty()
        && let Some(first) = finding.resources.first().cloned()
    {
        finding.resource = first;
    }
    if let Some(ports) = &finding.ports
        && PortSet::parse(ports).is_none()
    {
        return Err(ReadError::value(
            place.clone(),
            format!("`{ports}` is no set of ports: expected `22`, `8000-8100`, a list, or `*`"),
        ));
    }
    finding.evidence.get_or_insert_with(|| place.clone());
    Ok(finding)
}
