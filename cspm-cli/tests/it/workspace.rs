//! The workspace is built as its design says: who depends on whom, and who touches the world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::root;

fn manifest(folder: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

fn members() -> Vec<String> {
    let members = manifest("")["workspace"]["members"]
        .as_array()
        .unwrap()
        .clone();
    members
        .into_iter()
        .map(|it| it.as_str().unwrap().to_owned())
        .collect()
}

/// The packages of the workspace that a package needs, for others to use it.
fn depends_on(folder: &str, packages: &BTreeSet<String>) -> BTreeSet<String> {
    let manifest = manifest(folder);
    ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|it| manifest.get(*it)?.as_table())
        .flat_map(|it| it.keys().cloned())
        .filter(|it| packages.contains(it))
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let names: BTreeMap<String, String> = members()
        .into_iter()
        .map(|folder| {
            let name = manifest(&folder)["package"]["name"]
                .as_str()
                .unwrap()
                .to_owned();
            (folder, name)
        })
        .collect();
    let packages: BTreeSet<String> = names.values().cloned().collect();
    let check = |folder: &str, allowed: &[&str]| {
        let found = depends_on(folder, &packages);
        let allowed: BTreeSet<String> = allowed.iter().map(|it| (*it).to_owned()).collect();
        assert!(
            found.is_subset(&allowed),
            "{folder} depends on {found:?}, not only on {allowed:?}"
        );
    };
    check("cspm-model", &[]);
    check("cspm-iam", &["cspm-model"]);
    check("cspm-formats", &["cspm-model"]);
    check("cspm-graph", &["cspm-model", "cspm-iam"]);
    check("cspm-risk", &["cspm-model", "cspm-iam", "cspm-graph"]);
    for (folder, name) in &names {
        // One folder, one name; and benches, examples and the command are ends.
        assert!(
            name == folder || name == &format!("cspm-{folder}"),
            "{folder}: {name}"
        );
        let ends = ["cspm-benches", "cspm-examples", "cspm-cli"];
        let found = depends_on(folder, &packages);
        assert!(
            ends.iter().all(|it| !found.contains(*it)),
            "{folder} depends on {found:?}"
        );
    }
    for folder in [
        "cspm-model",
        "cspm-iam",
        "cspm-formats",
        "cspm-graph",
        "cspm-risk",
        "cspm-cli",
    ] {
        assert!(names.contains_key(folder), "{folder} is gone");
    }
    // Who has a graph of their own takes no policies.
    let graph = manifest("cspm-graph");
    let iam = &graph["dependencies"]["cspm-iam"];
    assert_eq!(iam["optional"].as_bool(), Some(true));
}

/// Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The code of a file without comments and without its tests, which stand at its end.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().filter(|it| !it.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn libraries_touch_no_files_no_network_no_environment_and_no_clock() {
    // Addresses of `std::net` are mere values; what opens a connection is not.
    const WORLD: [&str; 17] = [
        "std::fs",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "UnixStream",
        "std::env",
        "std::process",
        "std::time",
        "SystemTime",
        "Instant",
        "std::{fs",
        "std::{env",
        "fs::File",
        "stdout()",
        "stderr()",
        "stdin()",
    ];
    let mut seen = 0;
    for package in [
        "cspm-model",
        "cspm-iam",
        "cspm-formats",
        "cspm-graph",
        "cspm-risk",
    ] {
        for path in sources(&root().join(package).join("src")) {
            let code = code(&path);
            seen += 1;
            for word in WORLD {
                assert!(!code.contains(word), "{}: {word}", path.display());
            }
        }
    }
    assert!(seen > 50, "{seen} files");
}

#[test]
fn the_graph_and_its_algorithms_know_no_cloud() {
    for folder in ["graph", "algo"] {
        for path in sources(&root().join("cspm-graph/src").join(folder)) {
            let code = code(&path).to_lowercase();
            for word in ["cspm_model", "cspm_iam", "aws", "azure", "bucket"] {
                assert!(!code.contains(word), "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn every_package_keeps_the_lints_and_forbids_unsafe_code() {
    for folder in members() {
        let lints = manifest(&folder);
        assert_eq!(
            lints["lints"]["workspace"].as_bool(),
            Some(true),
            "{folder}"
        );
    }
    for package in [
        "cspm-model",
        "cspm-iam",
        "cspm-formats",
        "cspm-risk",
        "cspm-cli",
    ] {
        let top = ["lib.rs", "main.rs"].map(|it| root().join(package).join("src").join(it));
        let top = top.iter().find(|it| it.exists()).unwrap();
        let text = std::fs::read_to_string(top).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{package}");
    }
}
