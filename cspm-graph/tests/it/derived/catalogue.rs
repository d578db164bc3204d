//! The technique catalogue and the names that code uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cspm_graph::derive::Rule;
use cspm_graph::derive::Techniques;
use cspm_iam::aws::Action;

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") {
            into.push(path);
        }
    }
}

/// The string literals of code that look like the name of a technique.
fn named_in_code() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/derive"),
        &mut files,
    );
    let families = [
        "builtin.", "network.", "compute.", "aws.", "data.", "stated.",
    ];
    let kinds = [
        "compute.instance",
        "compute.function",
        "network.segment",
        "network.vantage",
        "network.internet_gateway",
    ];
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // Doc examples speak of kinds of resources.
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for literal in code.split('"').skip(1).step_by(2) {
            let is_name = families.iter().any(|it| {
                literal.starts_with(it) && !literal.ends_with('.') && !literal.ends_with(".toml")
            }) && literal
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b".-".contains(&it));
            let is_kind = kinds.contains(&literal)
                || (literal.starts_with("data.") && !literal.contains('-'));
            if is_name && !is_kind {
                names.insert(literal.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_name_in_code_is_in_the_catalogue() {
    let techniques = Techniques::load().unwrap();
    let known: BTreeSet<&str> = techniques.iter().map(|(_, it)| it.name.as_str()).collect();
    let used = named_in_code();
    assert!(used.len() >= 20, "{used:?}");
    for name in &used {
        assert!(
            known.contains(name.as_str()),
            "`{name}` is not in the catalogue"
        );
    }
    // What no code names follows from a rule.
    for (_, technique) in techniques.iter() {
        assert!(
            technique.rule.is_some() || used.contains(&technique.name),
            "`{}` is never used",
            technique.name
        );
    }
}

#[test]
fn every_technique_says_what_it_is_and_how_to_stop_it() {
    let techniques = Techniques::load().unwrap();
    let mut names = BTreeSet::new();
    for (id, technique) in techniques.iter() {
        let name = &technique.name;
        assert_eq!(techniques.technique(id), Some(technique));
        assert!(names.insert(name.clone()), "{name} stands twice");
        assert!(
            technique.source.starts_with("https://") || technique.source.starts_with("builtin:"),
            "{name}"
        );
        assert!(
            technique.likelihood > 0.0 && technique.likelihood <= 1.0,
            "{name}"
        );
        for text in [&technique.title, &technique.stop] {
            assert!(
                !text.is_empty() && !text.ends_with('.') && !text.contains('\n'),
                "{name}: {text}"
            );
        }
        for id in &technique.mitre {
            let digits = id.strip_prefix('T').unwrap();
            assert!(
                digits.bytes().all(|it| it.is_ascii_digit() || it == b'.') && digits.len() >= 4,
                "{name}: {id}"
            );
        }
        let actions = match &technique.rule {
            Some(Rule::OnTarget { any_of, .. } | Rule::SelfGrant { any_of, .. }) => any_of.clone(),
            Some(Rule::PassRole { all_of, .. }) => all_of.clone(),
            _ => Vec::new(),
        };
        assert!(technique.rule.is_none() || !actions.is_empty(), "{name}");
        for action in actions {
            assert!(Action::parse(&action).is_ok(), "{name}: {action}");
        }
        if let Some(Rule::OnTarget { access, .. }) = &technique.rule {
            assert!(cspm_model::Access::parse(access).is_some(), "{name}");
        }
        if let Some(Rule::SelfGrant { target, .. }) = &technique.rule {
            assert!(
                ["self", "policy", "group"].contains(&target.as_str()),
                "{name}"
            );
        }
    }
}
