//! The graph and its algorithms know nothing of clouds, and every public question is under test.

use std::fs;
use std::path::Path;

use crate::limits::QUESTIONS;

#[test]
fn graph_and_algo_use_no_other_crate_of_the_workspace() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    let mut open: Vec<_> = ["graph", "algo"].map(|folder| source.join(folder)).to_vec();
    while let Some(folder) = open.pop() {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            files += 1;
            for line in text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
            {
                let foreign = line.contains("cspm_") || line.contains("crate::derive");
                assert!(!foreign, "{}: {line}", path.display());
                let names = ["petgraph", "rayon", "roaring"];
                let shown = line.trim_start().starts_with("pub ")
                    && names.iter().any(|name| line.contains(name));
                assert!(!shown, "{}: {line}", path.display());
            }
        }
    }
    assert!(files > 20, "only {files} files seen");
}

#[test]
fn every_public_question_is_asked_in_the_tests_of_limits() {
    // Functions are the names in lower case that `algo` exports.
    let exports = include_str!("../../src/algo/mod.rs");
    let lists = exports
        .lines()
        .filter_map(|line| line.strip_prefix("pub use ")?.split_once("::"));
    let names = lists.flat_map(|(_, list)| list.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let mut functions: Vec<&str> = names
        .filter(|name| name.starts_with(|c: char| c.is_lowercase()))
        .collect();
    functions.sort_unstable();
    let mut asked: Vec<&str> = QUESTIONS.iter().map(|&(name, _)| name).collect();
    asked.sort_unstable();
    assert_eq!(functions, asked);
}
