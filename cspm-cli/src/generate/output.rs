//! Where records go: native JSON Lines, one record at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cspm_model::finding::{Finding, Severity};
use cspm_model::grant::{Grant, PolicyType};
use cspm_model::resource::DataClass;
use cspm_model::{Properties, Relation, ResourceId};
use serde::Serialize;
use serde_json::{Value, json};

use super::organization::Place;

/// Takes the lines of an estate, the one with the schema left out.
pub(crate) trait Sink {
    /// Takes one record: a JSON object, with the line feed behind it.
    fn line(&mut self, line: &[u8]) -> io::Result<()>;
}

/// Writes `estate-000.jsonl`, `estate-001.jsonl`, ... into a folder.
#[derive(Debug)]
pub(crate) struct EstateFiles {
    folder: PathBuf,
    files: Vec<PathBuf>,
    open: Option<BufWriter<File>>,
    lines_left: usize,
}

impl EstateFiles {
    /// Records in a file: some 30 MB, which an editor still opens.
    const LINES_MAX: usize = 100_000;

    /// Files in this folder, which exists.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            files: Vec::new(),
            open: None,
            lines_left: 0,
        }
    }

    /// The files written.
    pub(crate) fn finish(mut self) -> io::Result<Vec<PathBuf>> {
        if let Some(mut open) = self.open.take() {
            open.flush()?;
        }
        Ok(self.files)
    }
}

impl Sink for EstateFiles {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.lines_left == 0 {
            if let Some(mut full) = self.open.take() {
                full.flush()?;
            }
            let path = self.folder.join(file_name(self.files.len()));
            let mut file = BufWriter::with_capacity(1 << 20, File::create(&path)?);
            writeln!(file, "{{\"schema\":\"{}\"}}", cspm_model::native::SCHEMA)?;
            self.files.push(path);
            self.open = Some(file);
            self.lines_left = Self::LINES_MAX;
        }
        self.lines_left = self.lines_left.saturating_sub(1);
        match &mut self.open {
            Some(file) => file.write_all(line),
            None => Ok(()),
        }
    }
}

/// Name of the file with this number.
pub(crate) fn file_name(number: usize) -> String {
    format!("estate-{number:03}.jsonl")
}

/// How many records were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Counts {
    /// Resources.
    pub(crate) resources: u64,
    /// Grants.
    pub(crate) grants: u64,
    /// Relations.
    pub(crate) relations: u64,
    /// Findings.
    pub(crate) findings: u64,
}

/// A resource as it is written. The evidence is left to the reader, who knows the line.
#[derive(Debug, Serialize)]
pub(crate) struct Item<'a> {
    id: &'a str,
    kind: &'static str,
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    data: &'a [DataClass],
    #[serde(skip_serializing_if = "Properties::is_empty")]
    properties: Properties,
}

impl<'a> Item<'a> {
    /// A resource outside of every account.
    pub(crate) fn global(id: &'a str, kind: &'static str, properties: Properties) -> Self {
        Self {
            id,
            kind,
            provider: "aws",
            account: None,
            region: None,
            name: None,
            tags: BTreeMap::new(),
            data: &[],
            properties,
        }
    }

    /// A resource of an account that has no region.
    pub(crate) fn of_account(
        id: &'a str,
        kind: &'static str,
        place: Place<'a>,
        properties: Properties,
    ) -> Self {
        Self {
            account: Some(&place.account.number),
            ..Self::global(id, kind, properties)
        }
    }

    /// A resource of a region.
    pub(crate) fn regional(
        id: &'a str,
        kind: &'static str,
        place: Place<'a>,
        properties: Properties,
    ) -> Self {
        Self {
            region: Some(place.region),
            ..Self::of_account(id, kind, place, properties)
        }
    }

    /// With a name.
    pub(crate) fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// With one more tag.
    pub(crate) fn tag(mut self, key: &'static str, value: &'a str) -> Self {
        self.tags.insert(key, value);
        self
    }

    /// With data of these classes.
    pub(crate) fn data(mut self, data: &'a [DataClass]) -> Self {
        self.data = data;
        self
    }
}

/// A finding as a scanner would word it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'a> {
    /// The rule.
    pub(crate) check: &'a str,
    /// Resource.
    pub(crate) resource: &'a str,
    /// Grade.
    pub(crate) severity: Severity,
    /// One line.
    pub(crate) title: &'a str,
    /// Port, if it speaks of one.
    pub(crate) port: Option<u16>,
}

/// Serialises records into a sink and counts them.
pub(crate) struct Writer<'a> {
    sink: &'a mut dyn Sink,
    buffer: Vec<u8>,
    counts: Counts,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl<'a> Writer<'a> {
    /// A writer into this sink.
    pub(crate) fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            buffer: Vec::with_capacity(4096),
            counts: Counts::default(),
        }
    }

    /// What was written so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Writes a resource.
    pub(crate) fn resource(&mut self, item: &Item<'_>) -> io::Result<()> {
        self.counts.resources += 1;
        self.record("resource", item)
    }

    /// Writes a policy document.
    pub(crate) fn policy(
        &mut self,
        policy_type: PolicyType,
        attached_to: &str,
        statements: &[Value],
    ) -> io::Result<()> {
        self.named_policy(policy_type, attached_to, None, statements)
    }

    /// Writes the inline policy of an identity.
    pub(crate) fn inline_policy(
        &mut self,
        attached_to: &str,
        name: &str,
        statements: &[Value],
    ) -> io::Result<()> {
        self.named_policy(PolicyType::Identity, attached_to, Some(name), statements)
    }

    fn named_policy(
        &mut self,
        policy_type: PolicyType,
        attached_to: &str,
        name: Option<&str>,
        statements: &[Value],
    ) -> io::Result<()> {
        self.counts.grants += 1;
        let grant = Grant {
            policy_type: Some(policy_type),
            attached_to: Some(attached_to.to_owned()),
            name: name.map(str::to_owned),
            policy_document: Some(Arc::new(
                json!({"Version": "2012-10-17", "Statement": statements}),
            )),
            ..Grant::default()
        };
        self.record("grant", &grant)
    }

    /// Writes that `from` holds a credential of `to`.
    pub(crate) fn credential(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.counts.relations += 1;
        let relation = Relation {
            from: ResourceId::new(from),
            to: ResourceId::new(to),
            kind: "holds_credential_of".to_owned(),
            ..Relation::default()
        };
        self.record("relation", &relation)
    }

    /// Writes a finding under the next id.
    pub(crate) fn finding(&mut self, place: Place<'_>, report: Report<'_>) -> io::Result<()> {
        self.counts.findings += 1;
        let finding = Finding {
            id: format!("f-{:07}", self.counts.findings),
            check: report.check.to_owned(),
            resource: report.resource.to_owned(),
            severity: report.severity,
            title: report.title.to_owned(),
            source: Some("prowler".to_owned()),
            account: Some(place.account.number.clone()),
            status: Some("open".to_owned()),
            ports: report.port.map(|port| port.to_string()),
            ..Finding::default()
        };
        self.record("finding", &finding)
    }

    fn record(&mut self, tag: &str, value: &impl Serialize) -> io::Result<()> {
        self.buffer.clear();
        write!(self.buffer, "{{\"{tag}\":")?;
        serde_json::to_writer(&mut self.buffer, value)?;
        self.buffer.extend_from_slice(b"}\n");
        self.sink.line(&self.buffer)
    }
}
