//! Plain and ambient reach.

use std::collections::BTreeSet;

use cspm_graph::algo::{QueryError, reach, reach_with, verify};
use cspm_graph::graph::{Limits, StateSet, ViewOptions};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;
use proptest::prelude::*;

use crate::model::{Model, numbers, state, states, step};
use crate::naive;
use crate::shapes::{model_and_cut, model_without_gates};

proptest! {
    #[test]
    fn reach_is_the_least_set((model, cut) in model_and_cut(12, 10)) {
        let graph = model.build();
        let left = model.cut(&cut);
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let found = reach(&view, &model.entries(), &Limits::default()).unwrap();
            verify::reach_with(&view, &model.entries(), &StateSet::new(), &found).unwrap();
            let expected = naive::reach(&left, &left.entries);
            prop_assert_eq!(numbers(&found), expected.iter().copied().collect::<Vec<_>>());

            for source in 0..model.state_count {
                let ambient = &found;
                let found = reach_with(&view, &[state(source)], ambient, &Limits::default()).unwrap();
                verify::reach_with(&view, &[state(source)], ambient, &found).unwrap();
                let expected = naive::reach_with(&left, &[source], &expected);
                prop_assert_eq!(numbers(&found), expected.into_iter().collect::<Vec<_>>());
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_ambient_set_need_not_be_closed(
        (model, cut) in model_and_cut(10, 10),
        ambient in proptest::collection::btree_set(0..10_u32, 0..6),
        source in proptest::collection::vec(0..10_u32, 0..3),
    ) {
        let graph = model.build();
        let source: Vec<u32> = source.into_iter().filter(|&s| s < model.state_count).collect();
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let ambient_set: StateSet = ambient.iter().copied().map(state).collect();
            let found = reach_with(&view, &states(&source), &ambient_set, &Limits::default()).unwrap();
            let expected = naive::reach_with(&model.cut(&cut), &source, &ambient);
            prop_assert_eq!(numbers(&found), expected.into_iter().collect::<Vec<_>>());
            Ok(())
        })?;
    }

    #[test]
    fn petgraph_agrees_without_gates(model in model_without_gates(14, 12)) {
        let mut other = DiGraph::<(), ()>::new();
        for _ in 0..model.state_count {
            other.add_node(());
        }
        for step in &model.steps {
            other.add_edge(NodeIndex::new(step.inputs[0] as usize), NodeIndex::new(step.to as usize), ());
        }
        let mut expected = BTreeSet::new();
        for &entry in &model.entries {
            let mut search = Dfs::new(&other, NodeIndex::new(entry as usize));
            while let Some(node) = search.next(&other) {
                expected.insert(u32::try_from(node.index()).unwrap());
            }
        }
        let graph = model.build();
        let view = graph.view(&ViewOptions::default());
        let found = reach(&view, &model.entries(), &Limits::default()).unwrap();
        prop_assert_eq!(numbers(&found), expected.into_iter().collect::<Vec<_>>());
    }
}

fn check(state_count: u32, steps: &[(&[u32], u32)], entries: &[u32], expected: &[u32]) {
    let steps = steps.iter().map(|&(inputs, to)| step(inputs, to)).collect();
    let graph = Model::new(state_count, steps).build();
    let view = graph.view(&ViewOptions::default());
    let found = reach(&view, &states(entries), &Limits::default()).unwrap();
    assert_eq!(numbers(&found), expected);
}

#[test]
fn a_gate_waits_for_its_last_input() {
    check(4, &[(&[0], 1), (&[1, 2], 3)], &[0], &[0, 1]);
    check(
        4,
        &[(&[0], 1), (&[1, 2], 3), (&[0], 2)],
        &[0],
        &[0, 1, 2, 3],
    );
    check(4, &[(&[0, 3], 1), (&[1], 3)], &[0], &[0]);
    check(3, &[(&[0, 1], 2)], &[0, 0, 1], &[0, 1, 2]);
}

#[test]
fn the_ambient_alone_opens_no_gate() {
    let graph = Model::new(5, vec![step(&[1, 2], 3), step(&[0, 1], 4)]).build();
    let view = graph.view(&ViewOptions::default());
    let ambient: StateSet = states(&[1, 2]).into_iter().collect();
    let found = reach_with(&view, &[state(0)], &ambient, &Limits::default()).unwrap();
    assert_eq!(numbers(&found), [0, 4]);
}

#[test]
fn unknown_states_are_an_error() {
    let graph = Model::new(2, vec![]).build();
    let view = graph.view(&ViewOptions::default());
    let error = reach(&view, &states(&[0, 2]), &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "question not answered: state 2 is not in the graph, which has 2 states"
    );
    assert!(matches!(error, QueryError::UnknownState(error) if error.state() == state(2)));
}
