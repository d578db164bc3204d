//! `cspm generate`, and `cspm prioritize` against what was planted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::support::{Folder, cspm};

/// Every file of a folder with its bytes.
fn content(folder: &str) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn generate(folder: &str, seed: &str) {
    cspm([
        "generate",
        "--resources",
        "3000",
        "--seed",
        seed,
        "-o",
        folder,
        "-q",
    ])
    .ends_with(0);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = Folder::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path(name));
    generate(&a, "7");
    generate(&b, "7");
    generate(&c, "8");
    let first = content(&a);
    assert!(first.contains_key("truth.json") && first.contains_key("estate-000.jsonl"));
    assert!(first == content(&b));
    assert!(first != content(&c));
}

#[test]
fn every_planted_path_is_found_and_no_decoy() {
    for seed in ["1", "2", "3", "7"] {
        let folder = Folder::new();
        let estate = folder.path("estate");
        generate(&estate, seed);
        let truth = std::fs::read(Path::new(&estate).join("truth.json")).unwrap();
        let truth: Value = serde_json::from_slice(&truth).unwrap();
        let glob = format!("{estate}/estate-*.jsonl");
        let report = cspm(["prioritize", &glob, "--format", "json"])
            .ends_with(0)
            .json();
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let ends: BTreeSet<(String, String)> = report["attack_paths"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (text(&it["to"]["resource"]), text(&it["to"]["access"])))
            .collect();
        let mut expected = BTreeSet::new();
        for path in truth["paths"].as_array().unwrap() {
            let jewel = &path["crown_jewel"];
            let also = jewel["also"].as_array().into_iter().flatten();
            for access in std::iter::once(&jewel["access"]).chain(also) {
                expected.insert((text(&jewel["id"]), text(access)));
            }
        }
        // Control of a store is not listed apart where the loss is that it is read.
        let reached: BTreeSet<&String> = ends.iter().map(|(id, _)| id).collect();
        let planted: BTreeSet<&String> = expected.iter().map(|(id, _)| id).collect();
        assert!(expected.len() > 5, "seed {seed}: {expected:?}");
        assert_eq!(reached, planted, "seed {seed}");
        assert!(
            expected.is_subset(&ends),
            "seed {seed}: {expected:#?} {ends:#?}"
        );
        for path in truth["paths"].as_array().unwrap() {
            let entry = &path["entry"];
            let jewel = &path["crown_jewel"];
            let told = report["attack_paths"].as_array().unwrap().iter().any(|it| {
                let steps = it["steps"].as_array().unwrap();
                it["to"]["resource"] == jewel["id"]
                    && steps
                        .iter()
                        .any(|id| report["steps"][id.as_str().unwrap()]["to"]["resource"] == *entry)
            });
            assert!(
                told,
                "seed {seed}: {} does not begin at {entry}",
                path["id"]
            );
        }
        let decoys = truth["decoys"].as_array().unwrap();
        assert!(decoys.len() > 5);
        for decoy in decoys {
            let id = text(&decoy["crown_jewel"]["id"]);
            assert!(!reached.contains(&id), "seed {seed}: decoy {}", decoy["id"]);
            let possible = report["possible_paths"].as_array().unwrap();
            assert!(
                possible
                    .iter()
                    .all(|it| it["to"]["resource"] != id.as_str()),
                "seed {seed}: decoy {} is said to be possible",
                decoy["id"]
            );
        }
    }
}

#[test]
fn what_cannot_be_generated_is_said() {
    let folder = Folder::new();
    let target = folder.path("estate");
    for count in ["0", "20000001", "-5", "many"] {
        let count = format!("--resources={count}");
        let run = cspm(["generate", &count, "-o", &target]).ends_with(2);
        assert!(run.err.contains("--resources"), "{}", run.err);
    }
    let file = folder.file("file", "");
    let below = format!("{file}/estate");
    let run = cspm(["generate", "--resources", "10", "-o", &below]).ends_with(4);
    assert!(run.err.contains(&below), "{}", run.err);
}
