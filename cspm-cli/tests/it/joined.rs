//! Estates of which the truth is known: answers of a provider, findings of a scanner, and a file that
//! says what is reached, by which way, and what each finding is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{cspm, find, root};

/// Every place where the report says something else than the truth.
fn grade(folder: &Path) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let list = |it: &Value| it.as_array().cloned().unwrap_or_default();
    let truth: Value =
        serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let inventory = folder.join("inventory");
    let findings = folder.join("findings");
    // One scanner's word in several formats is one word: the first format is read.
    let findings = Some(findings.join("ocsf"))
        .filter(|it| it.is_dir())
        .unwrap_or(findings);
    let report = cspm([
        "prioritize",
        inventory.to_str().unwrap(),
        findings.to_str().unwrap(),
        "--format",
        "json",
        "--quiet",
    ])
    .ends_with(0)
    .json();
    let mut wrong = Vec::new();

    // Crown jewels: an account is named by its root user, or by its id.
    let same = |jewel: &str, id: &str| {
        let account = jewel
            .ends_with(":root")
            .then(|| jewel.split(':').nth(4).unwrap());
        id == jewel
            || account.is_some_and(|account| {
                id.contains(account) && (id.contains("account") || id.ends_with(":root"))
            })
    };
    let paths = list(&report["attack_paths"]);
    let ends_in = |jewel: &str| {
        let to = |path: &&Value| same(jewel, &text(&path["to"]["resource"]));
        paths.iter().filter(to).collect::<Vec<_>>()
    };
    for jewel in list(&truth["crown_jewels"]) {
        let id = text(&jewel["id"]);
        let ways = ends_in(&id);
        if jewel["reachable"] == false {
            if !ways.is_empty() {
                wrong.push(format!("falsely reached: {id}"));
            }
            continue;
        }
        let enough = |way: &&&Value| {
            way["to"]["access"] == jewel["access"] || way["to"]["access"] == "control"
        };
        let certainties: BTreeSet<String> = ways
            .iter()
            .filter(enough)
            .map(|way| text(&way["certainty"]))
            .collect();
        if certainties.is_empty() {
            wrong.push(format!("missed: {id}"));
            continue;
        }
        let unconditional = list(&jewel["conditions"]).is_empty();
        if unconditional != certainties.contains("certain") {
            wrong.push(format!("certainty of {id}: {certainties:?}"));
        }
        let visited = |way: &Value| {
            let steps = list(&way["steps"]);
            let steps = steps
                .iter()
                .map(|it| &report["steps"][it.as_str().unwrap()]);
            let states = steps.flat_map(|step| {
                let mut states = list(&step["requires"]);
                states.extend([step["from"].clone(), step["to"].clone()]);
                states
            });
            states.map(|it| text(&it["resource"])).collect::<Vec<_>>()
        };
        let ways: Vec<Vec<String>> = ways.into_iter().map(visited).collect();
        let passes = |hops: &Value| {
            let hops = list(hops);
            ways.iter().any(|way| {
                let on = |hop: &Value| way.iter().any(|it| same(hop.as_str().unwrap(), it));
                hops.iter().all(on)
            })
        };
        let true_ways = list(&truth["paths"]);
        let mut true_ways = true_ways
            .iter()
            .filter(|it| it["crown_jewel"]["id"] == id.as_str());
        if !true_ways.any(|it| passes(&it["hops"]) || list(&it["alternatives"]).iter().any(passes))
        {
            wrong.push(format!("reached by no true way: {id}"));
        }
    }

    // Evidence: every step names places that are there.
    let mut documents = Documents::default();
    for path in &paths {
        for id in list(&path["steps"]) {
            let step = &report["steps"][id.as_str().unwrap()];
            let evidence = list(&step["evidence"]);
            if evidence.is_empty() || !evidence.iter().all(|it| documents.resolves(it)) {
                wrong.push(format!("evidence of {} ({})", id, step["technique"]));
            }
        }
    }

    // Findings.
    let counts = &truth["findings"]["counts"];
    let expected = counts["records"].as_u64().unwrap() - counts["not_a_finding"].as_u64().unwrap();
    let reported = list(&report["findings"]);
    if reported.len() as u64 != expected {
        wrong.push(format!("{} findings instead of {expected}", reported.len()));
    }
    if report["summary"]["not_findings"] != counts["not_a_finding"] {
        wrong.push(format!(
            "{} not findings",
            report["summary"]["not_findings"]
        ));
    }
    let graded = |kind: &str| {
        let wanted = list(&truth["findings"][kind]);
        let id = |it: &Value| it.as_str().map_or_else(|| text(&it["uid"]), str::to_owned);
        wanted.iter().map(id).collect::<Vec<_>>()
    };
    for id in graded("must_on_path") {
        match find(&report["findings"], "id", &id) {
            Some(it) if it["verdict"] == "on_path" && it["priority"] != "suppressed" => {}
            other => wrong.push(format!(
                "not on a path: {id}: {:?}",
                other.map(|it| &it["verdict"])
            )),
        }
    }
    let dead_ends = graded("must_suppress");
    let mut noise = Vec::new();
    for id in &dead_ends {
        match find(&report["findings"], "id", id) {
            Some(it) if it["priority"] == "suppressed" => {}
            Some(it) if it["priority"] == "critical" || it["priority"] == "high" => {
                wrong.push(format!("a dead end, but {}: {id}", it["priority"]));
            }
            Some(_) => noise.push(id),
            None => wrong.push(format!("absent: {id}")),
        }
    }
    if noise.len() * 20 > dead_ends.len() {
        wrong.push(format!("dead ends, but not suppressed: {noise:?}"));
    }
    let latent: BTreeSet<String> = list(&truth["resource_verdicts"]["latent"])
        .iter()
        .map(text)
        .collect();
    for it in &reported {
        let urgent = it["priority"] == "critical" || it["priority"] == "high";
        if urgent && latent.contains(&text(&it["resource"])) {
            wrong.push(format!("latent, but {}: {}", it["priority"], it["id"]));
        }
        if it["priority"] == "suppressed" && text(&it["reason"]).is_empty() {
            wrong.push(format!("suppressed without a reason: {}", it["id"]));
        }
    }
    wrong
}

/// Documents that evidence names, each read once.
#[derive(Default)]
struct Documents(BTreeMap<PathBuf, Value>);

impl Documents {
    /// Whether the document is there, and the place in it. A policy may stand as text inside a string.
    fn resolves(&mut self, evidence: &Value) -> bool {
        let source = evidence["source"].as_str().unwrap();
        if source.starts_with("builtin:") {
            return true;
        }
        let path = root().join(source);
        let Ok(bytes) = std::fs::read(&path) else {
            return false;
        };
        let document = self
            .0
            .entry(path)
            .or_insert_with(|| serde_json::from_slice(&bytes).unwrap());
        let mut place = document.clone();
        let pointer = evidence["pointer"].as_str().unwrap_or_default();
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            if let Some(text) = place.as_str() {
                let Ok(inner) = serde_json::from_str(text) else {
                    return false;
                };
                place = inner;
            }
            let next = match &place {
                Value::Array(items) => part.parse().ok().and_then(|at: usize| items.get(at)),
                Value::Object(members) => members.get(&part),
                _ => None,
            };
            let Some(next) = next.cloned() else {
                return false;
            };
            place = next;
        }
        true
    }
}

#[test]
fn the_web_shop_is_as_its_truth_says() {
    let wrong = grade(&root().join("testdata/scenarios/web-shop"));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A larger estate that is handed out beside the repository.
#[test]
fn the_joined_sample_is_as_its_truth_says() {
    let folder = root().join("../shared/samples/joined/acme-small");
    if !folder.exists() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let wrong = grade(&folder);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
