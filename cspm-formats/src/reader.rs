//! What a document is, and the loop over its records.

use std::io::BufRead;
use std::sync::Arc;

use cspm_model::diagnostic::Effect;
use cspm_model::error::ReadErrorKind;
use cspm_model::json::{RawValue, Scanner};
use cspm_model::native::NativeReader;
use cspm_model::{Diagnostic, EstateBuilder, Limits, Location, ReadError};
use serde_json::{Map, Value};

use crate::aws::{self, Collection, Parts};
use crate::findings::{self, Outcome};
use crate::node::Document;
use crate::sniff;

/// Reads documents in any order and makes one estate.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    builder: EstateBuilder,
    collection: Collection,
}

/// What a document was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// `native estate`, `prowler ocsf findings`, `aws cli: ec2 describe-instances`, ...
    pub format: &'static str,
    /// Records read: items of an answer, records of an estate, findings. Those that are no findings and
    /// those set aside with a diagnostic are counted too.
    pub records: u64,
    /// Records that a scanner reports as passed, manual or resolved.
    pub not_findings: u64,
    /// Why nothing was read, if nothing was.
    pub skipped: Option<String>,
}

impl Recognised {
    fn new(format: &'static str, records: u64) -> Self {
        Self {
            format,
            records,
            not_findings: 0,
            skipped: None,
        }
    }

    fn skipped(format: &'static str, reason: impl Into<String>) -> Self {
        Self {
            skipped: Some(reason.into()),
            ..Self::new(format, 0)
        }
    }
}

const UNRECOGNISED: &str = "unrecognised";

/// A record of a stream that this version reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordKind {
    Finding(findings::Format),
    LogLine,
}

impl RecordKind {
    fn of(value: &Value) -> Option<Self> {
        if let Some(format) = findings::Format::of(value) {
            return Some(Self::Finding(format));
        }
        aws::is_log_line(value).then_some(Self::LogLine)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Finding(format) => format.name(),
            Self::LogLine => "collection log",
        }
    }
}

impl Reader {
    /// A reader that has read nothing, and keeps to `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            builder: EstateBuilder::new(limits),
            collection: Collection::default(),
        }
    }

    /// Reads one document and says what it was.
    ///
    /// `source` is the document's name, a path with `/`. It stands in every piece of evidence, and where
    /// the document does not say it itself, it tells account, region, call and resource: folders such
    /// as `account/111122223333/eu-west-1/ec2-describe-vpcs.json` or
    /// `us-east-1/s3-get-bucket-policy/my-bucket`, with percent-encoded names.
    ///
    /// A document that is not understood is no error: it is said in the answer, and in a diagnostic.
    ///
    /// # Errors
    /// When it is empty, no valid JSON, cut off, or over a limit; with line and column. Records read
    /// before the error stay.
    ///
    /// # Complexity
    /// O(bytes). Findings and native records are held one at a time, other documents whole.
    pub fn read(&mut self, input: impl BufRead, source: &str) -> Result<Recognised, ReadError> {
        let mut input = input;
        let source: Arc<str> = Arc::from(source);
        self.read_document(&mut input, &source)
    }

    /// Finishes what needs several documents, and gives the builder.
    ///
    /// # Complexity
    /// O(n log n) for n resources.
    #[must_use]
    pub fn finish(mut self) -> EstateBuilder {
        self.collection.finish(&mut self.builder);
        self.builder
    }

    fn read_document(
        &mut self,
        input: &mut dyn BufRead,
        source: &Arc<str>,
    ) -> Result<Recognised, ReadError> {
        let place = Location::document(source);
        let head = match input.fill_buf() {
            Ok(buffer) => {
                sniff::other_than_json(buffer.get(..buffer.len().min(4096)).unwrap_or_default())
            }
            Err(error) => return Err(ReadError::new(place, ReadErrorKind::Io(error))),
        };
        let mut scanner = Scanner::new(input, source, self.limits.record_bytes);
        match scanner.peek()? {
            None => Err(ReadError::value(
                place,
                "the document is empty: expected JSON, or leave the file out",
            )),
            Some(b'{') => self.read_object(&mut scanner),
            Some(b'[') => self.read_array(&mut scanner),
            Some(_) => {
                let reason = format!("recognised as {head}, which this version does not read");
                Ok(self.skip(source, UNRECOGNISED, reason))
            }
        }
    }

    /// Adds a member. One that was there already is lost, and said to be.
    fn put(
        &mut self,
        members: &mut Map<String, Value>,
        key: String,
        value: Value,
        source: &Arc<str>,
    ) {
        let pointer = format!("/{}", cspm_model::location::escape_pointer(&key));
        if members.insert(key, value).is_some() {
            self.builder.add_diagnostic(Diagnostic::new(
                "duplicate-member",
                Effect::Lost,
                "the member stands twice: only the last is read",
                Location::at(source, &pointer),
            ));
        }
    }

    /// A document that is not read, with a diagnostic.
    fn skip(&mut self, source: &Arc<str>, format: &'static str, reason: String) -> Recognised {
        self.builder.add_diagnostic(Diagnostic::new(
            "unrecognised-document",
            Effect::Lost,
            format!("document set aside: {reason}"),
            Location::document(source),
        ));
        Recognised::skipped(format, reason)
    }

    fn read_array(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
    ) -> Result<Recognised, ReadError> {
        let source = Arc::clone(scanner.source());
        scanner.expect(b'[')?;
        if !scanner.element(true)? {
            expect_end(scanner)?;
            return Ok(Recognised::new("empty list", 0));
        }
        let raw = scanner.value()?;
        let first = parse(&raw, &source, "/0")?;
        let Some(RecordKind::Finding(_)) = RecordKind::of(&first) else {
            let name = first.as_object().and_then(sniff::foreign);
            let reason = name.map_or_else(
                || "a list of things that this version does not know".to_owned(),
                |name| format!("a list, each element recognised as {name}, which this version does not read"),
            );
            return Ok(self.skip(&source, UNRECOGNISED, reason));
        };
        let read = self.read_elements(scanner, "", &raw)?;
        expect_end(scanner)?;
        Ok(read)
    }

    /// Reads the findings of a list whose first element is `first`, already taken.
    fn read_elements(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
        pointer: &str,
        first: &RawValue,
    ) -> Result<Recognised, ReadError> {
        let source = Arc::clone(scanner.source());
        let mut stream = Stream::default();
        let mut index: u64 = 0;
        self.stream_record(
            &mut stream,
            first,
            &first.location(&source, &format!("{pointer}/0")),
        )?;
        while scanner.element(false)? {
            let raw = scanner.value()?;
            index = index.saturating_add(1);
            let place = raw.location(&source, &format!("{pointer}/{index}"));
            self.stream_record(&mut stream, &raw, &place)?;
        }
        Ok(stream.recognised())
    }

    /// Reads one record of a stream. One that cannot be read is set aside.
    fn stream_record(
        &mut self,
        stream: &mut Stream,
        raw: &RawValue,
        place: &Location,
    ) -> Result<(), ReadError> {
        match serde_json::from_str::<Value>(&raw.text) {
            Ok(value) => self.record(stream, &value, place)?,
            Err(error) => {
                stream.records = stream.records.saturating_add(1);
                let error = ReadError::json(place, &error);
                self.set_aside(&error.kind().to_string(), error.location().clone());
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        stream: &mut Stream,
        value: &Value,
        place: &Location,
    ) -> Result<(), ReadError> {
        stream.records = stream.records.saturating_add(1);
        let kind = RecordKind::of(value);
        stream.kind = stream.kind.or(kind);
        match kind {
            Some(RecordKind::Finding(format)) => {
                let document = Document::new(place.clone());
                let outcome = format.read(&document.root(value));
                let noted = document.into_noted();
                for diagnostic in noted {
                    self.builder.add_diagnostic(diagnostic);
                }
                match outcome {
                    Outcome::Finding(finding) => self.builder.add_finding(*finding),
                    Outcome::NotFinding => {
                        stream.not_findings = stream.not_findings.saturating_add(1);
                        self.builder.add_not_finding();
                    }
                    Outcome::Unreadable(why) => self.set_aside(&why, place.clone()),
                }
            }
            Some(RecordKind::LogLine) => self.collection.log_line(value, place),
            None => self.set_aside(
                "expected a finding in the Open Cybersecurity Schema or the AWS Security Finding Format",
                place.clone(),
            ),
        }
        self.check_records(place)
    }

    fn set_aside(&mut self, why: &str, place: Location) {
        self.builder.add_diagnostic(Diagnostic::new(
            "unreadable-record",
            Effect::Lost,
            format!("record set aside: {why}"),
            place,
        ));
    }

    fn check_records(&self, place: &Location) -> Result<(), ReadError> {
        let count = self
            .builder
            .record_count()
            .saturating_add(self.collection.record_count());
        if count > self.limits.records {
            return Err(ReadError::new(
                place.clone(),
                ReadErrorKind::Limit {
                    limit: "records",
                    value: self.limits.records,
                },
            ));
        }
        Ok(())
    }

    fn read_object(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
    ) -> Result<Recognised, ReadError> {
        let source = Arc::clone(scanner.source());
        let start = scanner.location();
        scanner.expect(b'{')?;
        // A member of an answer may be as long as a document.
        scanner.limit_value_bytes(self.limits.document_bytes);
        let mut members = Map::new();
        let mut held: usize = 0;
        let mut first = true;
        while let Some(key) = scanner.key(first)? {
            first = false;
            let listed = scanner.peek()? == Some(b'[');
            if listed
                && members.is_empty()
                && let Some(parts) = Collection::in_parts(&source, &key)
            {
                return self.read_parts(scanner, &key, &parts);
            }
            if listed && may_be_streamed(&key) {
                match self.read_list_member(scanner, &key, &members)? {
                    Member::Whole(recognised) => return Ok(recognised),
                    Member::Value(value, bytes) => {
                        held = held.saturating_add(bytes);
                        self.put(&mut members, key, value, &source);
                    }
                }
            } else {
                let raw = scanner.value()?;
                let value = parse(
                    &raw,
                    &source,
                    &format!("/{}", cspm_model::location::escape_pointer(&key)),
                )?;
                if key == "schema"
                    && value
                        .as_str()
                        .is_some_and(|it| it.starts_with("cspm.estate"))
                {
                    let mut native = NativeReader::new(&source);
                    native.schema(&raw)?;
                    let before = self.counts();
                    // Members that did not look like an estate's before the schema said that they are.
                    for (key, value) in std::mem::take(&mut members) {
                        let text = value.to_string();
                        let mut again =
                            Scanner::new(text.as_bytes(), &source, self.limits.record_bytes);
                        native.member(&key, &mut again, &mut self.builder)?;
                    }
                    return self.read_native(scanner, native, before);
                }
                held = held.saturating_add(raw.text.len());
                self.put(&mut members, key, value, &source);
            }
            if held > self.limits.document_bytes {
                return Err(ReadError::new(
                    Location::document(&source),
                    ReadErrorKind::Limit {
                        limit: "document bytes",
                        value: self.limits.document_bytes,
                    },
                ));
            }
        }
        scanner.limit_value_bytes(self.limits.record_bytes);
        let value = Value::Object(members);
        if RecordKind::of(&value).is_some() {
            return self.read_lines(scanner, &value, &start);
        }
        if scanner.peek()?.is_some() {
            if aws::is_answer(&value, &source) {
                expect_end(scanner)?;
            }
            let name = value.as_object().and_then(sniff::foreign);
            let reason = name.map_or_else(
                || "lines of things that this version does not know".to_owned(),
                |name| {
                    format!("lines, each recognised as {name}, which this version does not read")
                },
            );
            return Ok(self.skip(&source, UNRECOGNISED, reason));
        }
        let recognised = self.whole(&source, value);
        self.check_records(&Location::document(&source))?;
        Ok(recognised)
    }

    /// Reads the member `key`, a list that may be one of records.
    fn read_list_member(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
        key: &str,
        members: &Map<String, Value>,
    ) -> Result<Member, ReadError> {
        let source = Arc::clone(scanner.source());
        scanner.expect(b'[')?;
        let mut items = Vec::new();
        let mut bytes: usize = 0;
        let mut index: u64 = 0;
        while scanner.element(index == 0)? {
            let raw = scanner.value()?;
            let value = parse(&raw, &source, &format!("/{key}/{index}"))?;
            if index == 0 {
                if findings::Format::of(&value).is_some() {
                    scanner.limit_value_bytes(self.limits.record_bytes);
                    let read = self.read_elements(scanner, &format!("/{key}"), &raw)?;
                    return self.read_pages(scanner, read).map(Member::Whole);
                }
                if is_native(key, &value) && members.keys().all(|key| key.starts_with("x_")) {
                    scanner.limit_value_bytes(self.limits.record_bytes);
                    let mut native = NativeReader::new(&source);
                    let before = self.counts();
                    native.element(key, 0, &raw, &mut self.builder)?;
                    while scanner.element(false)? {
                        index = index.saturating_add(1);
                        let raw = scanner.value()?;
                        native.element(key, index, &raw, &mut self.builder)?;
                    }
                    return self.read_native(scanner, native, before).map(Member::Whole);
                }
            }
            index = index.saturating_add(1);
            bytes = bytes.saturating_add(raw.text.len());
            if bytes > self.limits.document_bytes {
                return Err(ReadError::new(
                    Location::document(&source),
                    ReadErrorKind::Limit {
                        limit: "document bytes",
                        value: self.limits.document_bytes,
                    },
                ));
            }
            items.push(value);
        }
        Ok(Member::Value(Value::Array(items), bytes))
    }

    /// Reads an answer whose list is the member `key`, a part at a time.
    fn read_parts(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
        key: &str,
        parts: &Parts,
    ) -> Result<Recognised, ReadError> {
        // COST: held whole, an answer of 278 MB with 100,000 instances took 2.5 GB; in parts, 0.3 GB, which is
        // what its facts take. Larger parts were no faster.
        const PART_BYTES: usize = 1 << 16;
        let source = Arc::clone(scanner.source());
        scanner.limit_value_bytes(self.limits.record_bytes);
        scanner.expect(b'[')?;
        let (mut items, mut bytes, mut count) = (Vec::new(), 0_usize, 0_usize);
        while scanner.element(count == 0)? {
            let raw = scanner.value()?;
            items.push(parse(&raw, &source, &format!("/{key}/{count}"))?);
            bytes = bytes.saturating_add(raw.text.len());
            count = count.saturating_add(1);
            if bytes >= PART_BYTES {
                let first = count.saturating_sub(items.len());
                self.collection
                    .add_part(&source, parts, std::mem::take(&mut items), first);
                self.check_records(&raw.location(&source, ""))?;
                bytes = 0;
            }
        }
        let first = count.saturating_sub(items.len());
        self.collection.add_part(&source, parts, items, first);
        // Behind the list, only the token of the next page.
        while scanner.key(false)?.is_some() {
            scanner.value()?;
        }
        expect_end(scanner)?;
        self.check_records(&Location::document(&source))?;
        Ok(Recognised::new(
            parts.format(),
            u64::try_from(count).unwrap_or(u64::MAX),
        ))
    }

    /// Reads the rest of an object that held findings, and the objects that follow it: pages of one
    /// answer, one behind the other.
    fn read_pages(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
        read: Recognised,
    ) -> Result<Recognised, ReadError> {
        let mut total = read;
        let mut inside = true;
        loop {
            if !inside {
                match scanner.peek()? {
                    None => return Ok(total),
                    Some(_) => scanner.expect(b'{')?,
                }
            }
            let mut first = !inside;
            inside = false;
            while let Some(key) = scanner.key(first)? {
                first = false;
                if !key.eq_ignore_ascii_case("findings") {
                    scanner.value()?;
                    continue;
                }
                scanner.expect(b'[')?;
                if scanner.element(true)? {
                    let raw = scanner.value()?;
                    let page = self.read_elements(scanner, &format!("/{key}"), &raw)?;
                    total.records = total.records.saturating_add(page.records);
                    total.not_findings = total.not_findings.saturating_add(page.not_findings);
                }
            }
        }
    }

    /// Reads the rest of a native document, from behind a member.
    fn read_native(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
        mut native: NativeReader,
        before: (usize, u64),
    ) -> Result<Recognised, ReadError> {
        scanner.limit_value_bytes(self.limits.record_bytes);
        while let Some(key) = scanner.key(false)? {
            native.member(&key, scanner, &mut self.builder)?;
        }
        native.lines(scanner, &mut self.builder)?;
        native.finish()?;
        let not_findings = self.builder.not_findings().saturating_sub(before.1);
        let records = self.builder.record_count().saturating_sub(before.0);
        Ok(Recognised {
            records: u64::try_from(records)
                .unwrap_or(u64::MAX)
                .saturating_add(not_findings),
            not_findings,
            ..Recognised::new("native estate", 0)
        })
    }

    fn counts(&self) -> (usize, u64) {
        (self.builder.record_count(), self.builder.not_findings())
    }

    /// Reads one record that was a whole object, and those on the lines that follow.
    fn read_lines(
        &mut self,
        scanner: &mut Scanner<&mut dyn BufRead>,
        first: &Value,
        start: &Location,
    ) -> Result<Recognised, ReadError> {
        let source = Arc::clone(scanner.source());
        let mut stream = Stream::default();
        self.record(&mut stream, first, start)?;
        while scanner.peek()?.is_some() {
            let raw = scanner.value()?;
            let place = raw.location(&source, "");
            self.stream_record(&mut stream, &raw, &place)?;
        }
        Ok(stream.recognised())
    }

    /// A document that is held whole.
    fn whole(&mut self, source: &Arc<str>, value: Value) -> Recognised {
        let Value::Object(members) = &value else {
            return self.skip(
                source,
                UNRECOGNISED,
                "neither an object nor a list".to_owned(),
            );
        };
        let records = members
            .values()
            .filter_map(|member| member.as_array().map(Vec::len))
            .reduce(usize::saturating_add)
            .unwrap_or(1);
        match self.collection.add(source, value) {
            aws::Added::Read(format) => {
                Recognised::new(format, u64::try_from(records).unwrap_or(u64::MAX))
            }
            aws::Added::Harmless(format, reason) => Recognised::skipped(format, reason),
            aws::Added::NotModelled(format, reason) => {
                self.builder.add_diagnostic(Diagnostic::new(
                    "not-modelled",
                    Effect::UnderReport,
                    format!("document set aside: {reason}"),
                    Location::document(source),
                ));
                Recognised::skipped(format, reason)
            }
            aws::Added::Refused(format, reason) => self.skip(source, format, reason),
            aws::Added::Unknown(value) => {
                let name = value.as_object().and_then(sniff::foreign);
                let empty_findings = value.as_object().is_some_and(|members| {
                    members
                        .keys()
                        .any(|key| key.eq_ignore_ascii_case("findings"))
                        && records == 0
                });
                if empty_findings {
                    return Recognised::new("aws security hub findings", 0);
                }
                let inspector = value
                    .get("findings")
                    .and_then(|it| it.get(0))
                    .and_then(Value::as_object)
                    .and_then(sniff::foreign);
                let reason = name.or(inspector).map_or_else(
                    || {
                        let keys: Vec<&str> = value
                            .as_object()
                            .map(|members| members.keys().take(4).map(String::as_str).collect())
                            .unwrap_or_default();
                        format!(
                            "an object that this version does not know, with the members `{}`",
                            crate::node::one_line(&keys.join("`, `"))
                        )
                    },
                    |name| format!("recognised as {name}, which this version does not read"),
                );
                if name == Some(sniff::ANSWER) {
                    // It holds no fact, so nothing is lost.
                    return Recognised::skipped(UNRECOGNISED, sniff::ANSWER);
                }
                self.skip(source, UNRECOGNISED, reason)
            }
        }
    }
}

/// What a list that is a member of an object turned out to be.
enum Member {
    /// The document was read to its end.
    Whole(Recognised),
    /// A value, and how many bytes it had.
    Value(Value, usize),
}

/// What a stream of records held.
#[derive(Debug, Default)]
struct Stream {
    kind: Option<RecordKind>,
    records: u64,
    not_findings: u64,
}

impl Stream {
    fn recognised(&self) -> Recognised {
        Recognised {
            not_findings: self.not_findings,
            ..Recognised::new(
                self.kind.map_or(UNRECOGNISED, RecordKind::name),
                self.records,
            )
        }
    }
}

fn may_be_streamed(key: &str) -> bool {
    matches!(
        key,
        "resources" | "grants" | "relations" | "findings" | "Findings"
    )
}

/// Whether the first element of a list looks like a record of the native format.
fn is_native(key: &str, value: &Value) -> bool {
    let has = |name: &str| value.get(name).is_some();
    match key {
        "resources" => has("id") && has("kind"),
        "grants" => has("effect") || has("policy_document"),
        "relations" => has("from") && has("to") && has("kind"),
        "findings" => (has("check") || has("id")) && (has("resource") || has("resources")),
        _ => false,
    }
}

fn parse(raw: &RawValue, source: &Arc<str>, pointer: &str) -> Result<Value, ReadError> {
    serde_json::from_str(&raw.text)
        .map_err(|error| ReadError::json(&raw.location(source, pointer), &error))
}

fn expect_end(scanner: &mut Scanner<&mut dyn BufRead>) -> Result<(), ReadError> {
    if scanner.peek()?.is_some() {
        return Err(ReadError::value(
            scanner.location(),
            "something follows the end of the document",
        ));
    }
    Ok(())
}
