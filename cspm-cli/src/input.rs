//! Files, folders, globs and standard input become documents; compressed ones are unpacked on the way.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use cspm_formats::{Reader, Recognised};
use cspm_model::diagnostic::Effect;
use cspm_model::{Diagnostic, Estate, Limits, Location, ReadError};
use globset::GlobBuilder;

use crate::args::Inputs;
use crate::failure::Failure;
use crate::output::note;
use crate::progress::Progress;
use crate::zstd;

/// What is read, in an error's words.
const FORMATS: &str = "inventory or findings as JSON or JSON Lines, plain, gzip or zstd; `cspm schema estate` describes the native format";

/// A document that was read, for `validate`.
pub(crate) struct ReadDocument {
    pub(crate) source: String,
    pub(crate) outcome: Result<Recognised, ReadError>,
}

/// A document to read.
struct Found {
    path: PathBuf,
    source: String,
    /// Whether the user named this very file: then it has to be readable.
    named: bool,
}

/// Reads all inputs into one estate.
pub(crate) fn read(
    inputs: &Inputs,
    progress: &Progress,
) -> Result<(Estate, Vec<ReadDocument>), Failure> {
    let found = find(&inputs.documents)?;
    let mut reader = Reader::new(Limits::default());
    let mut documents = Vec::with_capacity(found.len());
    let mut broken = Vec::new();
    progress.begin("reading", found.len());
    for document in found {
        progress.step(&document.source);
        let outcome = if document.source == "-" {
            let stdin = io::stdin();
            unpacked(stdin.lock(), "-").and_then(|input| reader.read(input, "-"))
        } else {
            open(&document).and_then(|input| reader.read(input, &document.source))
        };
        if let Err(error) = outcome {
            if document.named || inputs.strict {
                return Err(error.into());
            }
            broken.push(Diagnostic::new(
                "unreadable-document",
                Effect::Lost,
                format!("document set aside: {}", error.kind()),
                error.location().clone(),
            ));
            documents.push(ReadDocument {
                source: document.source,
                outcome: Err(error),
            });
        } else {
            documents.push(ReadDocument {
                source: document.source,
                outcome,
            });
        }
    }
    progress.end();
    let usable = |it: &ReadDocument| matches!(&it.outcome, Ok(read) if read.skipped.is_none());
    if !documents.iter().any(usable) {
        let first = documents.iter().find_map(|it| match &it.outcome {
            Ok(read) => read
                .skipped
                .as_ref()
                .map(|why| format!("{}: {why}", it.source)),
            Err(error) => Some(error.to_string()),
        });
        let what = match &inputs.documents[..] {
            few if few.len() <= 3 => few.join(" "),
            many => format!("{} inputs", many.len()),
        };
        return Err(Failure::Input(match (first, documents.len()) {
            (Some(why), 1) => format!("{why}; expected {FORMATS}"),
            (Some(why), count) => format!(
                "none of the {count} documents in {what} can be read; the first: {why}; expected {FORMATS}"
            ),
            (None, _) => format!(
                "there is no document in {what}: expected {FORMATS} (hidden files, prose and code in a folder are left out)"
            ),
        }));
    }
    let mut builder = reader.finish();
    for diagnostic in broken {
        builder.add_diagnostic(diagnostic);
    }
    let estate = builder.build();
    if inputs.strict
        && let Some(loss) = estate.diagnostics().iter().find(|it| it.is_loss())
    {
        let place = loss
            .location
            .as_ref()
            .map(|it| format!("{it}: "))
            .unwrap_or_default();
        return Err(Failure::Input(format!("{place}{}", loss.message)));
    }
    if !inputs.quiet {
        report_losses(&estate);
    }
    Ok((estate, documents))
}

/// Says on standard error what could not be used, at most a screen of it.
fn report_losses(estate: &Estate) {
    let lost: Vec<&Diagnostic> = estate
        .diagnostics()
        .iter()
        .filter(|it| it.is_loss())
        .collect();
    for diagnostic in lost.iter().take(10) {
        let place = diagnostic
            .location
            .as_ref()
            .map(|it| format!("{it}: "))
            .unwrap_or_default();
        note(&format!("cspm: warning: {place}{}", diagnostic.message));
    }
    if lost.len() > 10 {
        note(&format!(
            "cspm: warning: {} more; `cspm validate` lists them all",
            lost.len() - 10
        ));
    }
}

/// The documents of all inputs, in the order of their names, none twice.
fn find(inputs: &[String]) -> Result<Vec<Found>, Failure> {
    let mut found: Vec<Found> = Vec::new();
    for input in inputs {
        if input == "-" {
            found.push(Found {
                path: PathBuf::new(),
                source: "-".to_owned(),
                named: true,
            });
            continue;
        }
        let path = Path::new(input);
        if path.is_dir() {
            folder(path, &mut found)?;
        } else if path.exists() {
            found.push(Found {
                path: path.to_owned(),
                source: name_of(path),
                named: true,
            });
        } else if input.contains(['*', '?', '[']) {
            glob(input, &mut found)?;
        } else {
            return Err(Failure::Input(format!(
                "{input}: there is no such file or folder; expected a file, a folder, a glob, or `-` for standard input"
            )));
        }
    }
    // A document that was named itself counts as named, however it was found as well.
    found.sort_by(|a, b| a.source.cmp(&b.source).then_with(|| b.named.cmp(&a.named)));
    let mut seen = BTreeSet::new();
    found.retain(|it| {
        // Standard input has an empty path, and can be read once only, as any other document.
        seen.insert(it.path.canonicalize().unwrap_or_else(|_| it.path.clone()))
    });
    Ok(found)
}

/// The name of a document: its path with `/`, whatever the system writes, and without `./`, so that one
/// document has one name.
fn name_of(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .filter(|it| *it != Component::CurDir)
        .map(|it| it.as_os_str().to_string_lossy())
        .collect();
    parts.join("/").replace("//", "/")
}

/// Every file below a folder, hidden ones left out.
fn folder(root: &Path, found: &mut Vec<Found>) -> Result<(), Failure> {
    let mut open = vec![root.to_owned()];
    while let Some(next) = open.pop() {
        let entries = std::fs::read_dir(&next)
            .map_err(|error| Failure::Input(format!("{}: {error}", next.display())))?;
        for entry in entries {
            let entry =
                entry.map_err(|error| Failure::Input(format!("{}: {error}", next.display())))?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            // A link to a folder above would never end: links to folders are not followed.
            let kind = entry
                .file_type()
                .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
            if kind.is_dir() {
                open.push(path);
            } else if path.is_file() && !is_prose_or_code(&path) {
                found.push(Found {
                    source: name_of(&path),
                    path,
                    named: false,
                });
            }
        }
    }
    Ok(())
}

/// Whether a file is told by its ending to be no data: folders of data hold notes and scripts too. Named
/// themselves, they are read.
fn is_prose_or_code(path: &Path) -> bool {
    const ENDINGS: [&str; 14] = [
        "md", "txt", "rst", "py", "sh", "rs", "js", "ts", "html", "css", "png", "svg", "pdf", "log",
    ];
    path.extension()
        .and_then(|it| it.to_str())
        .is_some_and(|it| ENDINGS.iter().any(|ending| it.eq_ignore_ascii_case(ending)))
}

/// The files that a glob means, for shells that do not expand it.
fn glob(pattern: &str, found: &mut Vec<Found>) -> Result<(), Failure> {
    let matcher = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|error| Failure::Usage(format!("{pattern}: {error}")))?
        .compile_matcher();
    let fixed: PathBuf = Path::new(pattern)
        .components()
        .take_while(|it| {
            !it.as_os_str()
                .to_string_lossy()
                .contains(['*', '?', '[', '{'])
        })
        .collect();
    let root = if fixed.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        fixed
    };
    let mut below = Vec::new();
    if root.is_dir() {
        folder(&root, &mut below)?;
    }
    let before = found.len();
    found.extend(
        below
            .into_iter()
            .filter(|it| matcher.is_match(it.path.strip_prefix("./").unwrap_or(&it.path))),
    );
    if found.len() == before {
        return Err(Failure::Input(format!("{pattern}: no file matches")));
    }
    Ok(())
}

fn open(document: &Found) -> Result<Box<dyn BufRead>, ReadError> {
    let file = File::open(&document.path).map_err(|error| io_error(&document.source, error))?;
    unpacked(BufReader::with_capacity(1 << 16, file), &document.source)
}

fn io_error(source: &str, error: io::Error) -> ReadError {
    ReadError::new(Location::document(&source.into()), error.into())
}

/// The input, unpacked if it is gzip or zstd, which is told by its first bytes.
pub(crate) fn unpacked<'i>(
    mut input: impl BufRead + 'i,
    source: &str,
) -> Result<Box<dyn BufRead + 'i>, ReadError> {
    let head = input.fill_buf().map_err(|error| io_error(source, error))?;
    if head.starts_with(&[0x1f, 0x8b]) {
        let unpacked = Unpacker {
            name: "gzip",
            inner: flate2::bufread::MultiGzDecoder::new(input),
        };
        return Ok(Box::new(BufReader::with_capacity(1 << 16, unpacked)));
    }
    if zstd::begins(head) {
        let unpacked = Unpacker {
            name: "zstd",
            inner: zstd::Frames::new(input),
        };
        return Ok(Box::new(BufReader::with_capacity(1 << 16, unpacked)));
    }
    Ok(Box::new(input))
}

/// Reads what an unpacker gives; its errors say what is wrong with the file, and what to do.
struct Unpacker<R> {
    name: &'static str,
    inner: R,
}

impl<R: Read> Read for Unpacker<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let name = self.name;
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "not a whole {name} file ({error}): it is cut off or damaged, fetch it again"
                ),
            )
        })
    }
}
