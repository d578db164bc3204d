//! The same facts in any order give the same steps.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::cases::estates;
use super::estate::{derived, estate};

/// Everything about an attack graph that is no position.
fn fingerprint(lines: &[String]) -> (Vec<String>, BTreeSet<String>) {
    let derived = derived(&estate(lines));
    let graph = derived.graph();
    let mut steps: Vec<String> = graph
        .steps()
        .map(|step| {
            let report = derived.step_report(step.id()).unwrap();
            format!(
                "{} {} {:?} {} {} {:?} {} {:?}",
                derived.step_name(step.id()),
                report.from,
                report.requires,
                report.to,
                report.technique,
                report.certainty,
                report.likelihood,
                report.conditions
            )
        })
        .collect();
    steps.sort();
    let diagnostics = derived
        .diagnostics()
        .iter()
        .map(|it| format!("{} {}", it.code, it.message))
        .collect();
    (steps, diagnostics)
}

fn shuffled(lines: &[String], seed: u64) -> Vec<String> {
    let mut left = lines.to_vec();
    let mut state = seed | 1;
    let mut all = Vec::with_capacity(left.len());
    while !left.is_empty() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(state >> 33).unwrap() % left.len();
        all.push(left.swap_remove(at));
    }
    all
}

#[test]
fn shuffled_cases_give_the_same_steps() {
    for (name, lines) in estates() {
        let whole = fingerprint(&lines);
        for seed in [3, 17] {
            assert_eq!(fingerprint(&shuffled(&lines, seed)), whole, "{name}");
        }
        let reversed: Vec<String> = lines.iter().rev().cloned().collect();
        assert_eq!(fingerprint(&reversed), whole, "{name}");
    }
}

#[test]
fn names_of_steps_are_unique() {
    for (name, lines) in estates() {
        let derived = derived(&estate(&lines));
        let mut seen = BTreeSet::new();
        for step in derived.graph().steps() {
            let text = derived.step_report(step.id()).unwrap();
            assert!(
                seen.insert(derived.step_name(step.id())),
                "{name}: {text:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn several_cases_in_one_estate_do_not_depend_on_their_order(seed in any::<u64>(), at in any::<prop::sample::Index>()) {
        let all = estates();
        let (_, lines) = &all[at.index(all.len())];
        prop_assert_eq!(fingerprint(&shuffled(lines, seed)), fingerprint(lines));
    }
}
