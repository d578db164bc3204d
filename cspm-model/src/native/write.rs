//! Writing the native estate format.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::SCHEMA;
use crate::estate::Estate;
use crate::id::ResourceId;
use crate::location::Location;
use crate::record::Extra;
use crate::resource::{Criticality, DataClass, Kind, Properties, Resource};

/// The two forms of the format. Complete by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EstateForm {
    /// One JSON document.
    Document,
    /// JSON Lines.
    Lines,
}

#[derive(Serialize)]
struct ResourceOut<'a> {
    id: &'a ResourceId,
    kind: &'a Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: &'a Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    aliases: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    criticality: Option<Criticality>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    data: &'a [DataClass],
    #[serde(skip_serializing_if = "Properties::is_empty")]
    properties: &'a Properties,
    evidence: &'a [Location],
    #[serde(flatten)]
    extra: &'a Extra,
}

impl<'a> From<&'a Resource> for ResourceOut<'a> {
    fn from(resource: &'a Resource) -> Self {
        Self {
            id: &resource.id,
            kind: &resource.kind,
            provider: &resource.provider,
            account: &resource.account,
            region: &resource.region,
            name: &resource.name,
            aliases: &resource.aliases,
            tags: &resource.tags,
            criticality: resource.criticality,
            data: &resource.data,
            properties: &resource.properties,
            evidence: &resource.evidence,
            extra: &resource.extra,
        }
    }
}

/// Writes an estate, each record with the evidence it was read with, so that reading it again gives
/// the same report.
///
/// Records that were passed or resolved are no part of an estate; their number is lost. Resources that
/// only relations name are left to the reader to make again.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_estate(estate: &Estate, form: EstateForm, out: &mut impl Write) -> io::Result<()> {
    let resources = estate
        .resources()
        .iter()
        .filter(|it| it.collected)
        .map(ResourceOut::from);
    match form {
        EstateForm::Document => {
            write!(out, "{{\"schema\": \"{SCHEMA}\",\n \"resources\": ")?;
            array(out, resources)?;
            write!(out, ",\n \"grants\": ")?;
            array(out, estate.grants())?;
            write!(out, ",\n \"relations\": ")?;
            array(out, estate.relations())?;
            write!(out, ",\n \"findings\": ")?;
            array(out, estate.findings())?;
            writeln!(out, "}}")
        }
        EstateForm::Lines => {
            writeln!(out, "{{\"schema\": \"{SCHEMA}\"}}")?;
            lines(out, "resource", resources)?;
            lines(out, "grant", estate.grants())?;
            lines(out, "relation", estate.relations())?;
            lines(out, "finding", estate.findings())
        }
    }
}

fn array(out: &mut impl Write, items: impl IntoIterator<Item: Serialize>) -> io::Result<()> {
    let mut separator = "[\n  ";
    for item in items {
        write!(out, "{separator}")?;
        serde_json::to_writer(&mut *out, &item)?;
        separator = ",\n  ";
    }
    write!(
        out,
        "{}",
        if separator.starts_with('[') {
            "[]"
        } else {
            "\n ]"
        }
    )
}

fn lines(
    out: &mut impl Write,
    tag: &str,
    items: impl IntoIterator<Item: Serialize>,
) -> io::Result<()> {
    for item in items {
        write!(out, "{{\"{tag}\":")?;
        serde_json::to_writer(&mut *out, &item)?;
        writeln!(out, "}}")?;
    }
    Ok(())
}
