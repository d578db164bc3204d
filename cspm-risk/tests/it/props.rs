//! Laws of the ranking on random estates.

use std::collections::{BTreeMap, BTreeSet};

use cspm_graph::algo::reach;
use cspm_graph::graph::{Certainty, ViewOptions};
use cspm_model::report::{Priority, Report, Verdict};
use cspm_risk::{Analysis, Band, Factors, Limits, Options, prioritize, score};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::cases::{consistent, estates};
use crate::estate::estate;

/// What a random estate is made of: machines, roles, stores, a secret and an account.
const NAMES: [&str; 10] = [
    "vm-0", "vm-1", "vm-2", "role-0", "role-1", "bkt-0", "bkt-1", "db-0", "sec-0", "acc-0",
];
const PORTS: [&str; 5] = ["22", "443", "22,443", "8080", "*"];
const RELATIONS: [&str; 7] = [
    "reaches",
    "runs_as",
    "reads",
    "writes",
    "holds_credential_of",
    "step",
    "contains",
];
const CHECKS: [&str; 6] = [
    "port-open",
    "s3_bucket_public_access",
    "iam_role_trust_policy",
    "ec2_instance_port_ssh_exposed_to_internet",
    "s3_bucket_cross_account_access",
    "no-logging",
];
const TECHNIQUES: [&str; 4] = [
    "aws.sts.assume-role",
    "aws.s3.read-objects",
    "aws.s3.public-read",
    "tool.edge",
];

fn relation() -> impl Strategy<Value = String> {
    let from = prop_oneof![1 => Just(NAMES.len()), 3 => 0..NAMES.len()];
    let certainty =
        prop_oneof![6 => Just("certain"), 1 => Just("conditional"), 1 => Just("unknown")];
    (from, 0..NAMES.len(), 0..RELATIONS.len(), 0..PORTS.len(), certainty, 1..5u8, 0..TECHNIQUES.len(), any::<bool>())
        .prop_map(|(from, to, kind, ports, certainty, likelihood, technique, gate)| {
            let (from, kind) = (NAMES.get(from).unwrap_or(&"internet"), RELATIONS[kind]);
            let to = NAMES[to];
            let mut more = String::new();
            if kind == "reaches" {
                more = format!(", \"ports\": \"{}\"", PORTS[ports]);
            }
            if kind == "step" {
                let given = if to.starts_with("bkt") || to.starts_with("db") { "read" } else { "control" };
                let held = if *from == "internet" { "reach" } else { "control" };
                more = format!(
                    ", \"from_access\": \"{held}\", \"to_access\": \"{given}\", \"technique\": \"{}\"",
                    TECHNIQUES[technique]
                );
                if gate {
                    more.push_str(", \"requires\": [{\"resource\": \"sec-0\", \"access\": \"read\"}]");
                }
            }
            format!(
                "{{\"relation\": {{\"from\": \"{from}\", \"to\": \"{to}\", \"kind\": \"{kind}\", \"certainty\": \"{certainty}\", \"likelihood\": 0.{likelihood}{more}}}}}"
            )
        })
}

fn finding() -> impl Strategy<Value = String> {
    (0..NAMES.len() + 1, 0..CHECKS.len(), 0..PORTS.len(), any::<bool>(), 0..3u8).prop_map(
        |(resource, check, ports, stated, weakness)| {
            let resource = NAMES.get(resource).unwrap_or(&"gone");
            let mut more = String::new();
            if stated {
                more = format!(", \"ports\": \"{}\"", PORTS[ports]);
            }
            if weakness == 0 {
                more.push_str(", \"vulnerabilities\": [{\"id\": \"CVE-1\", \"epss\": 0.3}]");
            }
            format!(
                "{{\"finding\": {{\"id\": \"f\", \"check\": \"{}\", \"resource\": \"{resource}\", \"severity\": \"high\"{more}}}}}",
                CHECKS[check]
            )
        },
    )
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    (vec(relation(), 3..25), vec(finding(), 0..12)).prop_map(|(relations, findings)| {
        let kind = |name: &str| match name.get(..2).unwrap_or_default() {
            "vm" => "compute.instance\"",
            "ro" => "identity.role\"",
            "bk" => "data.bucket\", \"data\": [\"pii\"]",
            "db" => "data.database\", \"data\": [\"source_code\"], \"criticality\": \"low\"",
            "se" => "secret\"",
            _ => "account\"",
        };
        let resources = NAMES.iter().map(|name| {
            format!(
                "{{\"resource\": {{\"id\": \"{name}\", \"kind\": \"{}}}}}",
                kind(name)
            )
        });
        resources.chain(relations).chain(findings).collect()
    })
}

fn report(lines: &[String]) -> Report {
    prioritize(&estate(lines), &Options::default(), &Limits::default()).unwrap()
}

/// What a removal of steps, by their names, leaves reachable: the crown jewels and their values, each
/// resource once.
fn lost(
    analysis: &Analysis<'_>,
    report: &Report,
    without: &BTreeSet<&str>,
) -> BTreeMap<String, u64> {
    let derived = analysis.derived();
    let graph = derived.graph();
    let left_out: Vec<_> = graph
        .steps()
        .map(|it| it.id())
        .filter(|&it| without.contains(derived.step_name(it).as_str()))
        .collect();
    let view = graph.view(&ViewOptions {
        certainty: Certainty::Conditional,
        without: &left_out,
        ..ViewOptions::default()
    });
    let entries = derived.states_of(derived.internet()).to_vec();
    let reached = reach(&view, &entries, &Limits::default()).unwrap();
    let names: BTreeSet<String> = graph
        .states()
        .filter(|&it| reached.contains(it))
        .map(|it| derived.state_ref(it).to_string())
        .collect();
    let lost = report
        .crown_jewels
        .iter()
        .filter(|it| names.contains(&it.state.to_string()));
    lost.map(|it| (it.state.to_string(), it.value)).collect()
}

/// The resources of which a state is lost before and not after.
fn cut_off(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> (u64, u64) {
    let mut values: BTreeMap<&str, u64> = BTreeMap::new();
    for (state, value) in before
        .iter()
        .filter(|(state, _)| !after.contains_key(*state))
    {
        values.insert(state.split('#').next().unwrap(), *value);
    }
    (values.len() as u64, values.values().sum())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_everything_fits(lines in lines()) {
        let estate = estate(&lines);
        let report = report(&lines);
        prop_assert_eq!(report.findings.len(), estate.findings().len());
        let out: BTreeSet<&str> = report.findings.iter().map(|it| it.id.as_str()).collect();
        let all: BTreeSet<&str> = estate.findings().iter().map(|it| it.id.as_str()).collect();
        prop_assert_eq!(out, all);
        let total: u64 = report.summary.by_priority.values().sum();
        prop_assert_eq!(total, report.findings.len() as u64);
        let total: u64 = report.summary.by_verdict.values().sum();
        prop_assert_eq!(total, report.findings.len() as u64);
        prop_assert_eq!(consistent(&report), Vec::<String>::new());
        for finding in &report.findings {
            let suppressed = matches!(finding.verdict, Verdict::Exposed | Verdict::Isolated);
            prop_assert_eq!(suppressed, finding.priority == Priority::Suppressed);
            let most = match finding.verdict {
                Verdict::OnPath => Priority::Critical,
                Verdict::BesidePath | Verdict::Latent => Priority::Medium,
                Verdict::Unmapped => Priority::High,
                _ => Priority::Suppressed,
            };
            prop_assert!(finding.priority >= most, "{:?}", finding);
            if suppressed {
                prop_assert!(!finding.blocked_by.is_empty(), "{:?}", finding);
            }
        }
    }

    #[test]
    fn every_crown_jewel_within_reach_has_a_way(lines in lines()) {
        let report = report(&lines);
        for jewel in &report.crown_jewels {
            let path = report.attack_paths.iter().find(|it| it.to == jewel.state);
            prop_assert_eq!(path.is_some(), jewel.reachable, "{}", jewel.state);
            // What is lost, or perhaps lost, has a way; what is safe has a reason.
            prop_assert!(jewel.path.is_some() || jewel.blocked_by.is_some());
            prop_assert!(jewel.blocked_by.is_none() || !jewel.reachable);
            if let Some(path) = path {
                prop_assert!(jewel.path.is_some());
                prop_assert!(path.certainty != cspm_model::Certainty::Unknown);
            }
        }
        for path in &report.attack_paths {
            if path.priority == Priority::Critical {
                prop_assert!(path.value >= 70);
                prop_assert!(path.certainty == cspm_model::Certainty::Certain);
            }
        }
    }

    #[test]
    fn choke_points_cut_off_what_they_say(lines in lines()) {
        let estate = estate(&lines);
        let analysis = Analysis::new(&estate, &Options::default(), &Limits::default()).unwrap();
        let report = analysis.report().unwrap();
        let before = lost(&analysis, &report, &BTreeSet::new());
        let said: BTreeMap<&str, (u64, u64)> = report.choke_points.iter()
            .filter_map(|it| Some((it.step.as_deref()?, (it.cuts_off, it.value)))).collect();
        let graph = analysis.derived().graph();
        for step in graph.steps() {
            let name = analysis.derived().step_name(step.id());
            let technique = analysis.derived().step_report(step.id()).unwrap().technique;
            if technique.starts_with("builtin.") {
                continue;
            }
            let after = lost(&analysis, &report, &BTreeSet::from([name.as_str()]));
            let (count, value) = cut_off(&before, &after);
            let found = said.get(name.as_str()).copied().unwrap_or((0, 0));
            prop_assert_eq!(found, (count, value), "{} {}", technique, name);
        }
    }

    #[test]
    fn fixes_of_open_ports_cut_off_what_they_say(lines in lines()) {
        let estate = estate(&lines);
        let analysis = Analysis::new(&estate, &Options::default(), &Limits::default()).unwrap();
        let report = analysis.report().unwrap();
        let before = lost(&analysis, &report, &BTreeSet::new());
        let derived = analysis.derived();
        for finding in report.findings.iter().filter(|it| it.check == "port-open" && it.verdict == Verdict::OnPath) {
            let stated = estate.findings().iter().find(|it| it.id == finding.id).unwrap();
            let Some(ports) = stated.ports.as_deref().and_then(cspm_model::ports::PortSet::parse) else { continue };
            if !stated.vulnerabilities.is_empty() {
                continue;
            }
            let closed: Vec<String> = derived.graph().steps().filter(|step| {
                let step = derived.step_report(step.id()).unwrap();
                step.technique == "network.internet-exposed"
                    && step.to.resource.as_str() == finding.resource
                    && step.to.ports.as_deref().and_then(cspm_model::ports::PortSet::parse).is_some_and(|open| {
                        open.ranges().iter().all(|&(a, b)| ports.ranges().iter().any(|&(c, d)| c <= a && b <= d))
                    })
            }).map(|it| derived.step_name(it.id())).collect();
            let after = lost(&analysis, &report, &closed.iter().map(String::as_str).collect());
            let wanted = if finding.priority == Priority::Medium { (0, 0) } else { cut_off(&before, &after) };
            prop_assert_eq!((finding.fix.cuts_off, finding.fix.value), wanted, "{:?}", finding);
        }
    }

    /// Removing the steps of a finding that is on no path changes no crown jewel's fate.
    #[test]
    fn what_is_suppressed_does_not_matter(lines in lines()) {
        let estate = estate(&lines);
        let analysis = Analysis::new(&estate, &Options::default(), &Limits::default()).unwrap();
        let report = analysis.report().unwrap();
        for finding in report.findings.iter().filter(|it| it.priority == Priority::Suppressed) {
            prop_assert_eq!(finding.fix.cuts_off, 0, "{:?}", finding);
            prop_assert!(finding.paths.is_empty());
        }
    }

    /// Explanations may be cut, verdicts never are.
    #[test]
    fn room_for_paths_changes_no_verdict(lines in lines(), path_steps in 0..20usize) {
        let mut options = Options::default();
        options.path_steps = path_steps;
        let cut = prioritize(&estate(&lines), &options, &Limits::default()).unwrap();
        let short = |report: &Report| -> Vec<_> {
            let mut all: Vec<_> = report.findings.iter()
                .map(|it| (it.resource.clone(), it.check.clone(), it.verdict, it.priority, it.score, it.fix.value)).collect();
            all.sort();
            all
        };
        prop_assert_eq!(short(&report(&lines)), short(&cut));
        let steps: usize = cut.attack_paths.iter().chain(&cut.possible_paths).map(|it| it.steps.len()).sum();
        prop_assert!(steps <= path_steps);
    }

    #[test]
    fn order_and_repetition_change_nothing(lines in lines(), seed in any::<u64>()) {
        let whole = report(&lines);
        let mut other = lines.clone();
        let mut state = seed | 1;
        for at in (1..other.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            other.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        let other = report(&other);
        // Findings of one id are told apart by their content, and by place where that is equal.
        let short = |report: &Report| -> Vec<(String, Verdict, u8, String, Vec<String>)> {
            let mut all: Vec<_> = report.findings.iter()
                .map(|it| (it.resource.clone(), it.verdict, it.score, it.check.clone(), it.paths.clone())).collect();
            all.sort();
            all
        };
        prop_assert_eq!(short(&whole), short(&other));
        let ids = |report: &Report| report.attack_paths.iter().map(|it| (it.id.clone(), it.score)).collect::<Vec<_>>();
        prop_assert_eq!(ids(&whole), ids(&other));
    }

    #[test]
    fn the_score_is_monotone_in_each_factor_and_stays_in_its_band(
        exposure in prop::option::of(0..2_000_000u64), step in 0..2_000_000u64,
        prize in 0..200_000u64, blast in 0..100_000u64, more in 0..2_000_000u64, band in 0..5usize,
    ) {
        let band = [Priority::Critical, Priority::High, Priority::Medium, Priority::Low, Priority::Suppressed][band];
        let factors = Factors { exposure_cost: exposure, step_cost: step, prize_milli: prize, blast_value: blast };
        let own = score(Band::of(band), &factors);
        prop_assert_eq!(Priority::of_score(own), band);
        for better in [
            Factors { exposure_cost: exposure.map(|it| it.saturating_sub(more)), ..factors },
            Factors { exposure_cost: exposure.or(Some(more)), ..factors },
            Factors { step_cost: step.saturating_sub(more), ..factors },
            Factors { prize_milli: prize.saturating_add(more), ..factors },
            Factors { blast_value: blast.saturating_add(more), ..factors },
        ] {
            prop_assert!(score(Band::of(band), &better) >= own, "{:?} {:?}", factors, better);
        }
    }
}

#[test]
fn extreme_factors_stay_in_their_band() {
    let extremes = [0, 1, u64::MAX / 2, u64::MAX];
    for exposure in extremes {
        for value in extremes {
            let factors = Factors {
                exposure_cost: Some(exposure),
                step_cost: exposure,
                prize_milli: value,
                blast_value: value,
            };
            for band in Priority::ALL {
                assert_eq!(Priority::of_score(score(Band::of(band), &factors)), band);
            }
        }
    }
}

#[test]
fn the_number_of_threads_and_repetition_change_no_byte() {
    for (name, lines) in estates() {
        assert_eq!(report(&lines), report(&lines), "{name}");
    }
}
