//! Documents for tests, and how they are read.

use std::path::{Path, PathBuf};

use cspm_formats::{Reader, Recognised};
use cspm_model::{Estate, Limits};

/// A name, and the text of a document.
pub(crate) type Document = (String, Vec<u8>);

/// Reads documents in their order.
pub(crate) fn read(documents: &[Document]) -> (Estate, Vec<Recognised>) {
    let mut reader = Reader::new(Limits::default());
    let recognised = documents
        .iter()
        .map(|(name, text)| reader.read(text.as_slice(), name).unwrap())
        .collect();
    (reader.finish().build(), recognised)
}

/// Folder of the samples, where they are.
pub(crate) fn samples(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/samples")
        .join(folder);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no samples at {}", path.display());
    None
}

/// Every file below a folder, in the order of names; gzip files are decompressed.
pub(crate) fn files(root: &Path) -> Vec<Document> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let text = if path.extension().is_some_and(|it| it == "gz") {
                let mut gzip = std::process::Command::new("gzip");
                gzip.arg("-dc").arg(&path).output().unwrap().stdout
            } else {
                std::fs::read(&path).unwrap()
            };
            found.push((name.trim_end_matches(".gz").to_owned(), text));
        }
    }
    found.sort();
    found
}
