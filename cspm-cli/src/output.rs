//! Where answers go: a file, or standard output.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Writes an answer to `target`, or to standard output.
///
/// A file is written beside its place and moved there whole, so that a run that fails leaves no half of it.
pub(crate) fn write(
    target: Option<&Path>,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Output {
        target: target.map_or_else(
            || "standard output".to_owned(),
            |it| it.display().to_string(),
        ),
        error,
    };
    let Some(path) = target else {
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        return body(&mut out).and_then(|()| out.flush()).map_err(failed);
    };
    // A pipe or a device cannot be moved to.
    if path.exists() && !path.is_file() {
        let mut out = BufWriter::new(File::options().write(true).open(path).map_err(failed)?);
        return body(&mut out).and_then(|()| out.flush()).map_err(failed);
    }
    let beside = beside(path);
    let whole = || -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, File::create(&beside)?);
        body(&mut out)?;
        out.flush()?;
        std::fs::rename(&beside, path)
    };
    whole().map_err(|error| {
        // The error that matters is the first; the leftover may never have been made.
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// A line on standard error. Names come from the account that is read: control characters are shown, not
/// sent.
pub(crate) fn note(line: &str) {
    let line = harmless(line);
    // Nobody listens: there is no other place to say so.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Text without characters that a terminal acts on: controls, and those that reorder what is shown.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|it| match it {
            '\t' => ' ',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            it if it.is_control() => '\u{fffd}',
            it => it,
        })
        .collect()
}
