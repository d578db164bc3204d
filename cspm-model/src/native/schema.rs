//! The JSON Schema of the native estate format, made from the types that read it.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::SCHEMA;
use crate::finding::Finding;
use crate::grant::Grant;
use crate::location::Location;
use crate::relation::{RELATION_KINDS, Relation};
use crate::resource::{Criticality, DataClass, Properties};

/// The JSON Schema (draft 2020-12) of an estate as one document. A line of JSON Lines is one of its
/// records under its tag.
pub fn estate_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let location = generator.subschema_for::<Location>();
    let criticality = generator.subschema_for::<Criticality>();
    let class = generator.subschema_for::<DataClass>();
    generator.subschema_for::<Grant>();
    generator.subschema_for::<Relation>();
    generator.subschema_for::<Finding>();
    let by_kind: Vec<Value> = Properties::schemas(&mut generator)
        .into_iter()
        .map(|(kinds, facts)| {
            json!({
                "if": {"properties": {"kind": {"enum": kinds}}},
                "then": {"properties": {"properties": facts}},
            })
        })
        .collect();
    let resource = json!({
        "description": "A resource: facts only, `properties` by `kind`; an unknown kind is kept as it is.",
        "type": "object",
        "required": ["id", "kind"],
        "properties": {
            "id": {"type": "string", "minLength": 1, "not": {"const": "internet"}},
            "kind": {"type": "string", "minLength": 1},
            "provider": {"type": "string"},
            "account": {"type": "string"},
            "region": {"type": "string"},
            "name": {"type": "string"},
            "aliases": {"type": "array", "items": {"type": "string"}},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            "criticality": criticality,
            "data": {"type": "array", "items": class},
            "properties": {"type": "object"},
            "evidence": {"type": "array", "items": location},
        },
        "patternProperties": {"^x_": true},
        "additionalProperties": false,
        "allOf": by_kind,
    });
    let mut definitions: Map<String, Value> = generator.take_definitions(true);
    definitions.insert("Resource".to_owned(), resource);
    require(&mut definitions, "Relation", &["from", "to", "kind"]);
    if let Some(kind) = definitions
        .get_mut("Relation")
        .and_then(|relation| relation.pointer_mut("/properties/kind"))
    {
        *kind = json!({"enum": RELATION_KINDS});
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "type": "object",
        "required": ["schema"],
        "properties": {
            "schema": {"const": SCHEMA},
            "resources": {"type": "array", "items": {"$ref": "#/$defs/Resource"}},
            "grants": {"type": "array", "items": {"$ref": "#/$defs/Grant"}},
            "relations": {"type": "array", "items": {"$ref": "#/$defs/Relation"}},
            "findings": {"type": "array", "items": {"$ref": "#/$defs/Finding"}},
        },
        "patternProperties": {"^x_": true},
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn require(definitions: &mut Map<String, Value>, name: &str, fields: &[&str]) {
    if let Some(Value::Object(schema)) = definitions.get_mut(name) {
        schema.insert("required".to_owned(), json!(fields));
    }
}
