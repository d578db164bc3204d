//! The order in which documents are read does not matter.

use cspm_formats::Reader;
use cspm_model::Limits;

use crate::aws::cases;
use crate::support::{Document, files, samples};

fn text(documents: &[Document], seed: usize) -> String {
    let mut order: Vec<usize> = (0..documents.len()).collect();
    // A fixed shuffle for each seed: multiples of a number that shares no factor with the length.
    if seed > 0 {
        let length = documents.len();
        let step = (seed * 7919 + 1..seed * 7919 + 1000)
            .find(|step| gcd(*step, length) == 1)
            .unwrap();
        order = (0..length).map(|at| (at * step + seed) % length).collect();
    }
    let mut reader = Reader::new(Limits::default());
    for at in order {
        let (name, text) = &documents[at];
        reader.read(text.as_slice(), name).unwrap();
    }
    // Everything but the alias table, which is made from the rest by way of hash maps.
    let estate = reader.finish().build();
    format!(
        "{:#?}{:#?}{:#?}{:#?}",
        estate.resources(),
        estate.grants(),
        estate.findings(),
        estate.diagnostics()
    )
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[test]
fn own_documents_in_any_order() {
    let mut all = Vec::new();
    for (path, case) in cases() {
        let documents = case.documents();
        let want = text(&documents, 0);
        for seed in 1..6 {
            assert_eq!(text(&documents, seed), want, "{}", path.display());
        }
        all.extend(documents);
    }
    // Without the folders, so that accounts are looked for.
    let bare: Vec<Document> = all
        .iter()
        .map(|(name, text)| (name.replace("account/111122223333/", "in/"), text.clone()))
        .collect();
    for documents in [all, bare] {
        let want = text(&documents, 0);
        for seed in 1..6 {
            assert_eq!(text(&documents, seed), want);
        }
    }
}

#[test]
fn samples_in_any_order() {
    for folder in ["joined/acme-small/inventory", "aws/cloudmapper-demo"] {
        let Some(root) = samples(folder) else {
            return;
        };
        let documents = files(&root);
        let want = text(&documents, 0);
        for seed in 1..4 {
            assert_eq!(text(&documents, seed), want);
        }
    }
}
