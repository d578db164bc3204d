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

/// Characters of a line on standard error: room for a path and a sentence, not for a document.
const NOTE_CHARS: usize = 4000;

/// A line on standard error. Names come from the account that is read: control characters are shown, not
/// sent.
pub(crate) fn note(line: &str) {
    let line = brief(harmless(line), NOTE_CHARS);
    // Nobody listens: there is no other place to say so.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Text without characters that a terminal acts on: controls, and those that reorder what is shown.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|it| match it {
            '\t' => ' ',
            '\u{061c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            it if it.is_control() => '\u{fffd}',
            it => it,
        })
        .collect()
}

/// Text of at most so many characters, and how many it had if that is more.
pub(crate) fn brief(mut text: String, chars_max: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(chars_max) {
        let count = text.chars().count();
        text.truncate(at);
        text.push_str("... (");
        text.push_str(&count.to_string());
        text.push_str(" characters)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_marks_of_direction_are_shown_and_not_sent() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text), expected);
        check("plain \u{e9}\u{4e2d}", "plain \u{e9}\u{4e2d}");
        check("a\tb", "a b");
        check(
            "\u{1b}[31m\r\n\u{7}",
            "\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}",
        );
        check("\u{9b}31m\u{85}\u{7f}", "\u{fffd}31m\u{fffd}\u{fffd}");
        check("\u{202e}txt.exe\u{2066}", "\u{fffd}txt.exe\u{fffd}");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let check =
            |text: &str, max, expected: &str| assert_eq!(brief(text.to_owned(), max), expected);
        check("", 0, "");
        check("\u{e9}\u{e9}\u{e9}", 3, "\u{e9}\u{e9}\u{e9}");
        check("\u{e9}\u{e9}\u{e9}", 2, "\u{e9}\u{e9}... (3 characters)");
    }
}
