//! The data-driven suite of `testdata/cases/risk`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cspm_model::report::{AttackPath, Priority, Report};
use cspm_risk::{Analysis, Limits, Options};
use serde::Deserialize;

use crate::estate::{compose, estate};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    base: BTreeMap<String, String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    source: String,
    base: Option<String>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    lines: String,
    entries: Option<Vec<String>>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default)]
    findings: BTreeMap<String, Wanted>,
    #[serde(default)]
    jewels: BTreeMap<String, Jewel>,
    #[serde(default)]
    paths: Vec<Way>,
    #[serde(default)]
    possible: Vec<Way>,
    path_count: Option<usize>,
    possible_count: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    verdict: String,
    priority: String,
    blocked_by: Option<Vec<String>>,
    cuts_off: Option<u64>,
    value: Option<u64>,
    jewels: Option<u64>,
    reason: Option<String>,
    exposure: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jewel {
    value: u64,
    reachable: bool,
    blocked_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    to: String,
    techniques: Vec<String>,
    priority: String,
    #[serde(default = "certain")]
    certainty: String,
    findings: Option<Vec<String>>,
    likelihood: Option<f64>,
}

fn certain() -> String {
    "certain".to_owned()
}

impl Case {
    fn report(&self, bases: &BTreeMap<String, String>) -> Report {
        let base = self.base.as_ref().map_or("", |name| {
            bases
                .get(name)
                .unwrap_or_else(|| panic!("{}: no base `{name}`", self.name))
        });
        let estate = estate(&compose(base, &self.without, &self.lines));
        let mut options = Options::default();
        if let Some(entries) = &self.entries {
            options.entries.clone_from(entries);
        }
        let analysis = Analysis::new(&estate, &options, &Limits::default()).unwrap();
        let report = analysis.report().unwrap();
        assert_eq!(
            report.findings.len(),
            estate.findings().len(),
            "{}",
            self.name
        );
        assert!(
            consistent(&report).is_empty(),
            "{}: {:?}",
            self.name,
            consistent(&report)
        );
        report
    }

    fn faults(&self, bases: &BTreeMap<String, String>) -> Vec<String> {
        let report = self.report(bases);
        let mut faults = Vec::new();
        for (id, wanted) in &self.expect.findings {
            let Some(found) = report.findings.iter().find(|it| it.id == *id) else {
                faults.push(format!("{id}: not in the report"));
                continue;
            };
            let mut check = |what: &str, wanted: String, found: String| {
                if wanted != found {
                    faults.push(format!("{id}: {what}: {wanted} expected, {found} found"));
                }
            };
            check(
                "verdict",
                wanted.verdict.clone(),
                found.verdict.as_str().to_owned(),
            );
            check(
                "priority",
                wanted.priority.clone(),
                found.priority.as_str().to_owned(),
            );
            if let Some(it) = &wanted.blocked_by {
                check(
                    "blocked by",
                    format!("{it:?}"),
                    format!("{:?}", found.blocked_by),
                );
            }
            if let Some(it) = wanted.cuts_off {
                check("cuts off", it.to_string(), found.fix.cuts_off.to_string());
            }
            if let Some(it) = wanted.value {
                check("value", it.to_string(), found.fix.value.to_string());
            }
            if let Some(it) = wanted.jewels {
                check(
                    "jewels behind",
                    it.to_string(),
                    found.blast_radius.crown_jewels.to_string(),
                );
            }
            if let Some(it) = wanted.exposure {
                check(
                    "exposure",
                    format!("{it:.3}"),
                    format!("{:.3}", found.exposure),
                );
            }
            if let Some(it) = &wanted.reason
                && !found.reason.contains(it.as_str())
            {
                faults.push(format!(
                    "{id}: reason: `{it}` expected in `{}`",
                    found.reason
                ));
            }
        }
        for (state, wanted) in &self.expect.jewels {
            let Some(found) = report
                .crown_jewels
                .iter()
                .find(|it| it.state.to_string() == *state)
            else {
                faults.push(format!("{state}: no crown jewel"));
                continue;
            };
            if (found.value, found.reachable) != (wanted.value, wanted.reachable) {
                faults.push(format!("{state}: {found:?}"));
            }
            if let Some(it) = &wanted.blocked_by
                && !found
                    .blocked_by
                    .as_ref()
                    .is_some_and(|text| text.contains(it.as_str()))
            {
                faults.push(format!("{state}: {:?}", found.blocked_by));
            }
        }
        for (list, all) in [
            (&self.expect.paths, &report.attack_paths),
            (&self.expect.possible, &report.possible_paths),
        ] {
            for way in list {
                if !all.iter().any(|path| fits(way, path, &report)) {
                    let found: Vec<_> = all.iter().map(|it| text(it, &report)).collect();
                    faults.push(format!(
                        "no way to {} by {:?} ({}): {found:?}",
                        way.to, way.techniques, way.priority
                    ));
                }
            }
        }
        for (wanted, found) in [
            (self.expect.path_count, report.attack_paths.len()),
            (self.expect.possible_count, report.possible_paths.len()),
        ] {
            if wanted.is_some_and(|it| it != found) {
                faults.push(format!("{wanted:?} ways expected, {found} found"));
            }
        }
        faults
            .into_iter()
            .map(|it| format!("{}: {it}", self.name))
            .collect()
    }
}

fn techniques(path: &AttackPath, report: &Report) -> Vec<String> {
    path.steps
        .iter()
        .map(|it| report.steps[it].technique.clone())
        .collect()
}

fn text(path: &AttackPath, report: &Report) -> String {
    format!(
        "{} {:?} {} {}",
        path.to,
        techniques(path, report),
        path.priority.as_str(),
        path.certainty.as_str()
    )
}

fn fits(way: &Way, path: &AttackPath, report: &Report) -> bool {
    way.to == path.to.to_string()
        && way.techniques == techniques(path, report)
        && way.priority == path.priority.as_str()
        && way.certainty == path.certainty.as_str()
        && way.findings.as_ref().is_none_or(|it| *it == path.findings)
        && way
            .likelihood
            .is_none_or(|it| (it - path.likelihood).abs() < 1e-3)
}

/// What every report promises, whatever is in it.
pub(crate) fn consistent(report: &Report) -> Vec<String> {
    let mut faults = Vec::new();
    let paths: Vec<&AttackPath> = report
        .attack_paths
        .iter()
        .chain(&report.possible_paths)
        .collect();
    let ids: BTreeSet<&str> = paths.iter().map(|it| it.id.as_str()).collect();
    if ids.len() != paths.len() {
        faults.push("a path stands twice".to_owned());
    }
    for path in &paths {
        let mut held: BTreeSet<String> =
            BTreeSet::from([path.from.to_string(), "internet#reach".to_owned()]);
        for name in &path.steps {
            let Some(step) = report.steps.get(name) else {
                faults.push(format!("{}: step {name} is not in the table", path.id));
                continue;
            };
            for input in std::iter::once(&step.from).chain(&step.requires) {
                if !held.contains(&input.to_string()) {
                    faults.push(format!("{}: {input} is not held before {name}", path.id));
                }
            }
            held.insert(step.to.to_string());
        }
        if !held.contains(&path.to.to_string()) {
            faults.push(format!("{}: does not lead to {}", path.id, path.to));
        }
        if Priority::of_score(path.score) != path.priority {
            faults.push(format!(
                "{}: {} is outside {}",
                path.id,
                path.score,
                path.priority.as_str()
            ));
        }
    }
    for finding in &report.findings {
        if Priority::of_score(finding.score) != finding.priority {
            faults.push(format!(
                "{}: {} is outside {}",
                finding.id,
                finding.score,
                finding.priority.as_str()
            ));
        }
        for id in &finding.paths {
            let path = paths.iter().find(|it| it.id == *id);
            if !path.is_some_and(|it| it.findings.contains(&finding.id)) {
                faults.push(format!("{}: path {id} does not know it", finding.id));
            }
        }
        let on_path = finding.verdict.as_str() == "on_path";
        if on_path == finding.paths.is_empty() {
            faults.push(format!(
                "{}: {} with {} paths",
                finding.id,
                finding.verdict.as_str(),
                finding.paths.len()
            ));
        }
        if finding.reason.is_empty() {
            faults.push(format!("{}: no reason", finding.id));
        }
    }
    let sorted = report
        .findings
        .windows(2)
        .all(|it| (it[1].score, &it[0].id) <= (it[0].score, &it[1].id));
    if !sorted {
        faults.push("findings are not in order".to_owned());
    }
    faults
}

fn files() -> Vec<(String, File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/cases/risk");
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let file = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, file)
    };
    paths.iter().map(read).collect()
}

/// The estates of all cases, for other tests.
pub(crate) fn estates() -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for (_, file) in files() {
        for case in file.case {
            let base = case.base.as_ref().map_or("", |name| &file.base[name]);
            all.push((case.name, compose(base, &case.without, &case.lines)));
        }
    }
    all
}

#[test]
fn every_case_holds() {
    let mut faults = Vec::new();
    for (_, file) in files() {
        for case in &file.case {
            faults.extend(case.faults(&file.base));
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn names_are_unique_and_every_case_has_a_source() {
    let mut names = BTreeSet::new();
    for (file, cases) in files() {
        for case in cases.case {
            assert!(!case.source.is_empty(), "{file}: {}", case.name);
            assert!(
                names.insert(case.name.clone()),
                "{file}: {} stands twice",
                case.name
            );
        }
    }
    assert!(names.len() >= 30, "only {} cases", names.len());
}

#[test]
fn unknown_keys_are_rejected() {
    let case = "[[case]]\nname = \"n\"\nsource = \"s\"\n[case.expect.findings]\nf = { verdict = \"on_path\", priority = \"high\" }";
    assert!(toml::from_str::<File>(case).is_ok());
    for (right, wrong) in [
        ("source", "sauce"),
        ("verdict", "opinion"),
        ("expect.findings", "expect.finds"),
    ] {
        assert!(
            toml::from_str::<File>(&case.replace(right, wrong)).is_err(),
            "{wrong}"
        );
    }
}
