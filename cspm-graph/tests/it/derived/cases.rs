//! The data-driven suite of `testdata/cases/derive`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cspm_graph::algo::reach;
use cspm_graph::derive::{Derived, NodeId};
use cspm_graph::graph::{Certainty as Width, Limits, StateId, ViewOptions};
use cspm_model::StateRef;
use cspm_model::ports::PortSet;
use cspm_model::report::Step;
use serde::Deserialize;

use super::estate::{compose, derived, estate, expanded};

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
    /// Why the case does not hold yet.
    open: Option<String>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default)]
    steps: Vec<Wanted>,
    #[serde(default)]
    absent: Vec<Unwanted>,
    #[serde(default)]
    ways: Vec<Way>,
    #[serde(default)]
    no_ways: Vec<NoWay>,
    #[serde(default)]
    states: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    blocks: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    misses: Vec<Miss>,
    #[serde(default)]
    diagnostics: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    from: String,
    to: String,
    technique: String,
    #[serde(default = "certain")]
    certainty: String,
    likelihood: Option<f64>,
    requires: Option<Vec<String>>,
    conditions: Option<Vec<String>>,
    evidence: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unwanted {
    from: Option<String>,
    to: Option<String>,
    technique: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    from: String,
    to: String,
    #[serde(default = "certain")]
    certainty: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoWay {
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Miss {
    principal: String,
    target: String,
    control: String,
}

fn certain() -> String {
    "certain".to_owned()
}

/// A state as a case writes it: `web`, `web#control`, `web#reach:tcp/22` (a state that holds these ports).
struct Pattern {
    resource: String,
    access: Option<String>,
    protocol: Option<String>,
    ports: Option<PortSet>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let text = expanded(text);
        let (resource, rest) = text
            .split_once('#')
            .map_or((&*text, None), |(a, b)| (a, Some(b)));
        let (access, network) = rest.map_or((None, None), |it| {
            it.split_once(':')
                .map_or((Some(it), None), |(a, b)| (Some(a), Some(b)))
        });
        let network = network.map(|it| it.split_once('/').expect("protocol/ports"));
        Self {
            resource: resource.to_owned(),
            access: access.map(str::to_owned),
            protocol: network.map(|(protocol, _)| protocol.to_owned()),
            ports: network.map(|(_, ports)| PortSet::parse(ports).expect("ports")),
        }
    }

    fn is(&self, state: &StateRef) -> bool {
        let id = state.resource.as_str();
        let named = id == self.resource
            || id
                .strip_suffix(self.resource.as_str())
                .is_some_and(|rest| rest.ends_with([':', '/']) && !rest.starts_with("segment:"));
        let access = self
            .access
            .as_deref()
            .is_none_or(|it| it == state.access.as_str());
        let network = self.ports.as_ref().is_none_or(|wanted| {
            let held = state
                .ports
                .as_deref()
                .and_then(PortSet::parse)
                .unwrap_or_default();
            self.protocol == state.protocol
                && wanted.ranges().iter().all(|&(a, b)| {
                    held.ranges()
                        .iter()
                        .any(|&(first, last)| first <= a && b <= last)
                })
        });
        named && access && network
    }
}

struct World {
    derived: Derived,
    steps: Vec<Step>,
}

impl World {
    fn states(&self, pattern: &str) -> Vec<StateId> {
        let pattern = Pattern::new(pattern);
        let all = self.derived.graph().states();
        all.filter(|&it| pattern.is(&self.derived.state_ref(it)))
            .collect()
    }

    fn node(&self, name: &str) -> Option<NodeId> {
        let pattern = Pattern::new(name);
        (0..self.derived.node_count())
            .map(|at| self.derived.node_at(at))
            .find(|&node| {
                let id = self.derived.node(node).unwrap().id.clone();
                pattern.is(&StateRef::new(id, cspm_model::Access::Control))
            })
    }

    /// The narrowest view in which one leads to the other.
    fn way(&self, from: &str, to: &str) -> Option<&'static str> {
        let (from, to) = (self.states(from), self.states(to));
        let views = [
            (Width::Certain, "certain"),
            (Width::Conditional, "conditional"),
            (Width::Unknown, "unknown"),
        ];
        views.into_iter().find_map(|(certainty, word)| {
            let view = self.derived.graph().view(&ViewOptions {
                certainty,
                ..ViewOptions::default()
            });
            let found = reach(&view, &from, &Limits::default()).unwrap();
            to.iter()
                .any(|&it| found.contains(it) && !from.contains(&it))
                .then_some(word)
        })
    }
}

impl Case {
    fn faults(&self, bases: &BTreeMap<String, String>) -> Vec<String> {
        let base = self.base.as_ref().map_or("", |name| {
            bases
                .get(name)
                .unwrap_or_else(|| panic!("{}: no base `{name}`", self.name))
        });
        let estate = estate(&compose(base, &self.without, &self.lines));
        let derived = derived(&estate);
        let steps: Vec<Step> = derived
            .graph()
            .steps()
            .map(|it| derived.step_report(it.id()).unwrap())
            .collect();
        let world = World { derived, steps };
        let mut faults = Vec::new();
        for wanted in &self.expect.steps {
            faults.extend(self.wanted(&world, wanted));
        }
        for unwanted in &self.expect.absent {
            let (from, to) = (
                unwanted.from.as_deref().map(Pattern::new),
                unwanted.to.as_deref().map(Pattern::new),
            );
            for step in &world.steps {
                if from.as_ref().is_none_or(|it| it.is(&step.from))
                    && to.as_ref().is_none_or(|it| it.is(&step.to))
                    && unwanted
                        .technique
                        .as_ref()
                        .is_none_or(|it| *it == step.technique)
                {
                    faults.push(format!("unwanted: {}", line(step)));
                }
            }
        }
        for way in &self.expect.ways {
            let found = world.way(&way.from, &way.to).unwrap_or("no way");
            if found != way.certainty {
                faults.push(format!(
                    "{} to {}: {} expected, {found} found",
                    way.from, way.to, way.certainty
                ));
            }
        }
        for way in &self.expect.no_ways {
            if let Some(found) = world.way(&way.from, &way.to) {
                faults.push(format!("{} to {}: a way that is {found}", way.from, way.to));
            }
        }
        for (name, wanted) in &self.expect.states {
            let mut found: Vec<String> = world
                .states(&format!("{name}#reach"))
                .iter()
                .filter_map(|&it| world.derived.ports_of(it))
                .map(|(protocol, ports)| format!("{protocol}/{ports}"))
                .collect();
            found.sort();
            let mut wanted = wanted.clone();
            wanted.sort();
            if found != wanted {
                faults.push(format!(
                    "states of {name}: {wanted:?} expected, {found:?} found"
                ));
            }
        }
        for (name, wanted) in &self.expect.blocks {
            let block = world
                .node(name)
                .and_then(|node| world.derived.network_block(node));
            let found: Vec<&str> = block
                .map(|it| it.controls().iter().map(|(it, _)| it.as_str()).collect())
                .unwrap_or_default();
            if found != *wanted {
                faults.push(format!(
                    "block of {name}: {wanted:?} expected, {found:?} found"
                ));
            }
        }
        for wanted in &self.expect.misses {
            let (principal, target) = (
                world.node(&wanted.principal).unwrap(),
                world.node(&wanted.target).unwrap(),
            );
            let misses: Vec<_> = world.derived.near_misses().on_target(target).collect();
            if !misses
                .iter()
                .any(|it| it.principal == principal && it.control.as_str() == wanted.control)
            {
                faults.push(format!(
                    "no void grant of {} on {}: {misses:?}",
                    wanted.principal, wanted.target
                ));
            }
        }
        for code in &self.expect.diagnostics {
            let all = estate
                .diagnostics()
                .iter()
                .chain(world.derived.diagnostics());
            if !all.into_iter().any(|it| it.code == *code) {
                faults.push(format!("no diagnostic `{code}`"));
            }
        }
        if !faults.is_empty() {
            faults.extend(
                world
                    .steps
                    .iter()
                    .map(|step| format!("    found: {}", line(step))),
            );
        }
        faults
            .into_iter()
            .map(|it| format!("{}: {it}", self.name))
            .collect()
    }

    fn wanted(&self, world: &World, wanted: &Wanted) -> Option<String> {
        let (from, to) = (Pattern::new(&wanted.from), Pattern::new(&wanted.to));
        let fits = |step: &&Step| {
            // Which of a gate's inputs stands first follows from their order.
            let inputs: Vec<&StateRef> =
                std::iter::once(&step.from).chain(&step.requires).collect();
            let others: Vec<&&StateRef> = inputs.iter().filter(|it| !from.is(it)).collect();
            inputs.iter().any(|it| from.is(it))
                && to.is(&step.to)
                && step.technique == wanted.technique
                && step.certainty.as_str() == wanted.certainty
                && wanted
                    .likelihood
                    .is_none_or(|it| (it - step.likelihood).abs() < 1e-3)
                && wanted
                    .requires
                    .as_ref()
                    .map_or(step.requires.is_empty(), |all| {
                        all.len() == others.len()
                            && all
                                .iter()
                                .all(|it| others.iter().any(|state| Pattern::new(it).is(state)))
                    })
                && wanted.conditions.as_ref().is_none_or(|all| {
                    let keys: Vec<&str> =
                        step.conditions.iter().map(|it| it.key.as_str()).collect();
                    keys == *all
                })
                && wanted.evidence.as_ref().is_none_or(|it| {
                    step.evidence
                        .iter()
                        .any(|place| place.pointer.ends_with(it.as_str()))
                })
        };
        let evidence = world.steps.iter().all(|step| !step.evidence.is_empty());
        if !evidence {
            return Some("a step without evidence".to_owned());
        }
        (!world.steps.iter().any(|step| fits(&step))).then(|| {
            format!(
                "missing: {} -> {}: {} ({})",
                wanted.from, wanted.to, wanted.technique, wanted.certainty
            )
        })
    }
}

fn line(step: &Step) -> String {
    let requires: Vec<String> = step.requires.iter().map(ToString::to_string).collect();
    let evidence: Vec<&str> = step.evidence.iter().map(|it| &*it.pointer).collect();
    let conditions: Vec<&str> = step.conditions.iter().map(|it| it.key.as_str()).collect();
    format!(
        "{} +{requires:?} -> {}: {} ({}, {}) {evidence:?} {conditions:?}",
        step.from,
        step.to,
        step.technique,
        step.certainty.as_str(),
        step.likelihood
    )
}

fn files() -> Vec<(String, File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/cases/derive");
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
            let found = case.faults(&file.base);
            match &case.open {
                None => faults.extend(found),
                Some(_) if found.is_empty() => {
                    faults.push(format!("{}: it holds now: take `open` away", case.name));
                }
                Some(_) => {}
            }
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
fn names_are_unique_and_sources_are_dated() {
    let mut names = BTreeSet::new();
    for (file, cases) in files() {
        for case in cases.case {
            let dated = case.source.contains("read 20") || case.source.starts_with("builtin:");
            assert!(dated, "{file}: {}: no dated source", case.name);
            assert!(
                names.insert(case.name.clone()),
                "{file}: {} stands twice",
                case.name
            );
        }
    }
    assert!(names.len() >= 100, "only {} cases", names.len());
}

#[test]
fn unknown_keys_are_rejected() {
    let case = r#"
        [[case]]
        name = "n"
        source = "s"
        [case.expect]
        steps = [{ from = "a", to = "b", technique = "t" }]
        no_ways = [{ from = "a", to = "b" }]
    "#;
    assert!(toml::from_str::<File>(case).is_ok());
    for (right, wrong) in [
        ("source =", "sauce ="),
        ("steps =", "stapes ="),
        ("technique =", "method ="),
        ("no_ways =", "noways ="),
        ("[[case]]", "[[cases]]"),
    ] {
        assert!(
            toml::from_str::<File>(&case.replace(right, wrong)).is_err(),
            "{wrong}"
        );
    }
}
