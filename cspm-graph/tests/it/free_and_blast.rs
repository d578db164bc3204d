//! Free states, and the resources behind a state.

use std::collections::BTreeSet;

use cspm_graph::algo::{blast_resources, free, verify};
use cspm_graph::graph::{Limits, StateSet, ViewOptions};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use crate::model::{Model, numbers, state, states, step};
use crate::naive;
use crate::shapes::model_and_cut;

proptest! {
    #[test]
    fn free_is_the_least_set(
        (model, cut) in model_and_cut(12, 10),
        passes in btree_set(0..14_u32, 0..12),
    ) {
        let graph = model.build();
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let pass_set: StateSet = passes.iter().copied().map(state).collect();
            let found = free(&view, &model.entries(), &pass_set, &Limits::default()).unwrap();
            verify::free(&view, &model.entries(), &pass_set, &found).unwrap();
            let expected = naive::free(&model.cut(&cut), &passes);
            prop_assert_eq!(numbers(&found), expected.into_iter().collect::<Vec<_>>());
            Ok(())
        })?;
    }

    #[test]
    fn resources_are_counted_once_and_up_to_the_limit(
        (model, cut) in model_and_cut(12, 10),
        source in vec(0..12_u32, 1..3),
        ambient in btree_set(0..12_u32, 0..6),
        resources in vec(prop_oneof![4 => 0..5_u32, 1 => Just(u32::MAX)], 0..12),
        limit in 0..6_usize,
    ) {
        let graph = model.build();
        let source: Vec<u32> = source.iter().map(|number| number % model.state_count).collect();
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let ambient_set: StateSet = ambient.iter().copied().map(state).collect();
            let limits = Limits::default();
            let found =
                blast_resources(&view, &states(&source), &ambient_set, &resources, limit, &limits).unwrap();
            let reached = naive::reach_with(&model.cut(&cut), &source, &ambient);
            let named = reached.iter().filter_map(|&number| resources.get(number as usize));
            let count = named.filter(|&&r| r != u32::MAX).collect::<BTreeSet<_>>().len();
            prop_assert_eq!(found.count(), count.min(limit));
            prop_assert_eq!(found.is_exact(), count <= limit);
            Ok(())
        })?;
    }
}

#[test]
fn control_is_where_free_ends() {
    // internet 0 → 1 (reach) → 2 (control) → 3 (reach of another); 0 → 3 is not there.
    let graph = Model::new(4, vec![step(&[0], 1), step(&[1], 2), step(&[2], 3)]).build();
    let view = graph.view(&ViewOptions::default());
    let passes: StateSet = states(&[1, 3]).into_iter().collect();
    let found = free(&view, &states(&[0]), &passes, &Limits::default()).unwrap();
    assert_eq!(numbers(&found), [0, 1, 2]);
}

#[test]
fn a_count_at_the_limit_is_exact_and_one_past_is_not() {
    let graph = Model::new(3, vec![step(&[0], 1), step(&[1], 2)]).build();
    let view = graph.view(&ViewOptions::default());
    let ask = |limit| {
        let none = StateSet::new();
        let limits = Limits::default();
        blast_resources(&view, &states(&[0]), &none, &[4, 5, 6], limit, &limits).unwrap()
    };
    assert_eq!((ask(3).count(), ask(3).is_exact()), (3, true));
    assert_eq!((ask(2).count(), ask(2).is_exact()), (2, false));
    assert_eq!((ask(0).count(), ask(0).is_exact()), (0, false));
}
