//! The likeliest ways, and the next ones.

use std::collections::BTreeSet;

use cspm_graph::algo::{Derivations, most_likely, next_most_likely, verify};
use cspm_graph::graph::{AttackGraph, Likelihood, Limits, StepId, View, ViewOptions};
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use proptest::prelude::*;

use crate::model::{Model, state, states, step};
use crate::naive;
use crate::shapes::{model, model_and_cut, model_without_gates, times};

fn ways(view: &View<'_>, entries: &[u32]) -> Derivations {
    let ways = most_likely(view, &states(entries), &Limits::default()).unwrap();
    verify::derivations(view, &states(entries), &ways).unwrap();
    ways
}

fn tags(graph: &AttackGraph, steps: &[StepId]) -> BTreeSet<u32> {
    steps
        .iter()
        .map(|&id| graph.step(id).unwrap().tag())
        .collect()
}

proptest! {
    #![proptest_config(times(2))]

    #[test]
    fn tree_costs_are_the_least((model, cut) in model_and_cut(12, 10)) {
        let graph = model.build();
        cut.with_options(&graph, |options| {
            let ways = ways(&graph.view(options), &model.entries);
            let expected = naive::tree_costs(&model.cut(&cut), &model.entries);
            for number in 0..model.state_count {
                let at = state(number);
                prop_assert_eq!(ways.cost(at), expected.get(&number).copied());
                let derivation = ways.derivation(at);
                prop_assert_eq!(derivation.is_some(), ways.contains(at));
                // With gates what is shared counts once, so the derivation is at least as likely.
                prop_assert!(derivation.is_none_or(|found| Some(found.cost()) <= ways.cost(at)));
            }
            Ok(())
        })?;
    }

    #[test]
    fn ties_go_by_depth_and_then_by_id((model, cut) in model_and_cut(12, 10)) {
        let graph = model.build();
        cut.with_options(&graph, |options| {
            let ways = ways(&graph.view(options), &model.entries);
            let left = model.cut(&cut);
            for (number, (key, attaining)) in naive::keys(&left) {
                let tags: Vec<u32> = attaining.iter().map(|step| step.tag).collect();
                let first = graph.steps().find(|step| tags.contains(&step.tag()));
                let expected = if key == (0, 0) { None } else { first.map(|step| step.id()) };
                prop_assert_eq!(ways.last_step(state(number)), expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn without_gates_it_is_the_optimum(model in model_without_gates(7, 5)) {
        let graph = model.build();
        let ways = ways(&graph.view(&ViewOptions::default()), &model.entries);
        for number in 0..model.state_count {
            let found = ways.derivation(state(number)).map(|way| way.cost());
            prop_assert_eq!(found, naive::cheapest_path(&model, number));
            prop_assert_eq!(found, ways.cost(state(number)));
        }
    }

    #[test]
    fn petgraph_agrees_without_gates(model in model_without_gates(14, 12)) {
        let mut other = DiGraph::<(), u64>::new();
        // One node more, from which the entries are reached for nothing.
        for _ in 0..=model.state_count {
            other.add_node(());
        }
        let source = NodeIndex::new(model.state_count as usize);
        for &entry in &model.entries {
            other.add_edge(source, NodeIndex::new(entry as usize), 0);
        }
        for step in &model.steps {
            let (from, to) = (step.inputs[0] as usize, step.to as usize);
            other.add_edge(NodeIndex::new(from), NodeIndex::new(to), u64::from(step.cost));
        }
        let expected = dijkstra(&other, source, None, |edge| *edge.weight());
        let graph = model.build();
        let ways = ways(&graph.view(&ViewOptions::default()), &model.entries);
        for number in 0..model.state_count {
            let expected = expected.get(&NodeIndex::new(number as usize)).copied();
            prop_assert_eq!(ways.cost(state(number)), expected);
        }
    }

    #[test]
    fn with_gates_it_is_a_lower_bound_of_the_likelihood(model in model(7, 5)) {
        let graph = model.build();
        let ways = ways(&graph.view(&ViewOptions::default()), &model.entries);
        for number in 0..model.state_count {
            let Some(all) = naive::all_derivations(&model, number) else { continue };
            let cost = |tags: &BTreeSet<u32>| -> u64 {
                tags.iter().map(|&tag| u64::from(model.steps[tag as usize].cost)).sum()
            };
            let best = all.iter().map(|(_, tags)| cost(tags)).min();
            let found = ways.derivation(state(number)).map(|way| way.cost());
            prop_assert_eq!(found.is_some(), best.is_some());
            prop_assert!(found >= best);
        }
    }

    #[test]
    fn next_ways_are_all_ways_in_order(model in model(7, 5), target in 0..7_u32, few in 0..4_usize) {
        let target = target % model.state_count;
        let Some(expected) = naive::all_derivations(&model, target) else { return Ok(()) };
        prop_assume!(expected.len() <= 200);
        let graph = model.build();
        let view = graph.view(&ViewOptions::default());
        let limits = Limits::default();
        let (found, cut) =
            next_most_likely(&view, &model.entries(), state(target), 1000, &limits).unwrap();
        prop_assert!(!cut);
        for way in &found {
            verify::derivation(&view, &model.entries(), state(target), way).unwrap();
        }
        let found_tags: Vec<BTreeSet<u32>> =
            found.iter().map(|way| tags(&graph, way.steps())).collect();
        prop_assert_eq!(
            found_tags.iter().collect::<BTreeSet<_>>(),
            expected.iter().map(|(_, tags)| tags).collect::<BTreeSet<_>>()
        );
        // In order of tree cost, which the naive twin knows by the tags.
        let cost_of = |tags: &BTreeSet<u32>| expected.iter().find(|(_, other)| other == tags).map(|(cost, _)| *cost);
        let costs: Vec<Option<u64>> = found_tags.iter().map(cost_of).collect();
        prop_assert!(costs.is_sorted());
        prop_assert_eq!(found.len(), expected.len());
        if let Some(first) = found.first() {
            let ways = most_likely(&view, &model.entries(), &limits).unwrap();
            let best = ways.derivation(state(target));
            prop_assert_eq!(Some(first), best.as_ref());
        }

        // Fewer are the first of these, and more are announced.
        let (some, cut) = next_most_likely(&view, &model.entries(), state(target), few, &limits).unwrap();
        prop_assert_eq!(&some[..], &found[..few.min(found.len())]);
        prop_assert_eq!(cut, few < found.len());
    }
}

#[test]
fn ties_go_to_the_shorter_way_and_then_to_the_smaller_step() {
    // Two ways of no cost to 3: by 1 and 2, and directly, twice.
    let steps = vec![
        step(&[0], 1),
        step(&[1], 2),
        step(&[2], 3),
        step(&[0], 3),
        step(&[0], 3),
    ];
    let graph = Model::new(4, steps).build();
    let ways = ways(&graph.view(&ViewOptions::default()), &[0]);
    let way = ways.derivation(state(3)).unwrap();
    assert_eq!(tags(&graph, way.steps()), BTreeSet::from([3]));
}

#[test]
fn a_gate_is_as_deep_as_its_deepest_input() {
    // {3, 4} → 5: 3 is deep and free, 4 is near and costs 1; 0 → 6 → 7 → 5 costs 1 too and is three deep.
    let steps = vec![
        step(&[0], 1),
        step(&[1], 2),
        step(&[2], 3),
        step(&[0], 4).cost(1),
        step(&[3, 4], 5),
        step(&[0], 6).cost(1),
        step(&[6], 7),
        step(&[7], 5),
    ];
    let graph = Model::new(8, steps).build();
    let ways = ways(&graph.view(&ViewOptions::default()), &[0]);
    let way = ways.derivation(state(5)).unwrap();
    assert_eq!(tags(&graph, way.steps()), BTreeSet::from([5, 6, 7]));
}

#[test]
fn what_inputs_share_counts_once() {
    // 0 → 1 costs 10; 1 → 2 and 1 → 3 nothing; {2, 3} → 4 costs 1.
    let steps = vec![
        step(&[0], 1).cost(10),
        step(&[1], 2),
        step(&[1], 3),
        step(&[2, 3], 4).cost(1),
    ];
    let graph = Model::new(5, steps).build();
    let ways = ways(&graph.view(&ViewOptions::default()), &[0]);
    assert_eq!(ways.cost(state(4)), Some(21));
    let way = ways.derivation(state(4)).unwrap();
    assert_eq!((way.cost(), way.steps().len()), (11, 4));
    assert!((way.probability() - Likelihood::from_cost(11).to_probability()).abs() < 1e-12);
}

#[test]
fn doubling_gates_do_not_overflow() {
    // Each pair of states is given by the pair before, so tree costs double a hundred times.
    let mut steps = vec![step(&[0], 1).cost(u32::MAX), step(&[0], 2).cost(u32::MAX)];
    for pair in 0..100 {
        let (a, b) = (1 + 2 * pair, 2 + 2 * pair);
        steps.push(step(&[a, b], a + 2));
        steps.push(step(&[a, b], b + 2));
    }
    let graph = Model::new(203, steps).build();
    let view = graph.view(&ViewOptions::default());
    let ways = ways(&view, &[0]);
    assert_eq!(ways.cost(state(201)), Some(u64::MAX));
    let way = ways.derivation(state(201)).unwrap();
    assert_eq!(way.cost(), 2 * u64::from(u32::MAX));
    let (found, cut) =
        next_most_likely(&view, &states(&[0]), state(201), 5, &Limits::default()).unwrap();
    assert_eq!((found.len(), cut), (1, false));
}

#[test]
fn an_entry_has_one_way_without_steps() {
    let graph = Model::new(2, vec![step(&[0], 1), step(&[1], 0)]).build();
    let view = graph.view(&ViewOptions::default());
    let (found, cut) =
        next_most_likely(&view, &states(&[0]), state(0), 5, &Limits::default()).unwrap();
    assert_eq!((found.len(), cut), (1, false));
    assert!(found[0].steps().is_empty());
    let (found, cut) =
        next_most_likely(&view, &states(&[]), state(0), 5, &Limits::default()).unwrap();
    assert_eq!((found.len(), cut), (0, false));
}

#[test]
fn disjoint_ways_are_found_without_searching_them_over_and_over() {
    // Eight disjoint ways of eight steps each: leaving steps out without splitting would take 8^8 searches.
    let mut steps = Vec::new();
    for way in 0..8_u32 {
        let first = 2 + way * 7;
        steps.push(step(&[0], first).cost(way));
        steps.extend((first..first + 6).map(|at| step(&[at], at + 1)));
        steps.push(step(&[first + 6], 1));
    }
    let graph = Model::new(60, steps).build();
    let view = graph.view(&ViewOptions::default());
    let limits = Limits {
        work: 200_000,
        ..Limits::default()
    };
    let (found, cut) = next_most_likely(&view, &states(&[0]), state(1), 100, &limits).unwrap();
    assert_eq!((found.len(), cut), (8, false));
    assert!(
        found
            .iter()
            .map(cspm_graph::algo::Derivation::cost)
            .eq(0..8)
    );
}
