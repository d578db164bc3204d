//! Steps and states that jewels cannot do without.

use cspm_graph::algo::{choke, verify};
use cspm_graph::graph::{Limits, ViewOptions};
use proptest::prelude::*;

use crate::model::{Model, state, step};
use crate::naive;
use crate::shapes::{model_and_cut, times};

/// The jewels that are reached with `before` and not with `after`, and their value.
fn cut_off(before: &Model, after: &Model) -> Option<(Vec<usize>, u64)> {
    let reached = naive::reach(before, &before.entries);
    let left = naive::reach(after, &after.entries);
    let jewels: Vec<usize> = (0..before.jewels.len())
        .filter(|&jewel| {
            let at = before.jewels[jewel].0;
            reached.contains(&at) && !left.contains(&at)
        })
        .collect();
    let value = jewels.iter().fold(0_u64, |sum, &jewel| {
        sum.saturating_add(before.jewels[jewel].1)
    });
    (!jewels.is_empty()).then_some((jewels, value))
}

proptest! {
    #![proptest_config(times(2))]

    #[test]
    fn choke_points_are_what_leaving_out_shows((model, cut) in model_and_cut(12, 10)) {
        let graph = model.build();
        let left = model.cut(&cut);
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let points = choke(&view, &model.entries(), &model.jewels(), &Limits::default()).unwrap();
            verify::choke(&view, &model.entries(), &model.jewels(), &points).unwrap();
            prop_assert!(points.steps().is_sorted_by_key(cspm_graph::algo::ChokePoint::id));
            prop_assert!(points.states().is_sorted_by_key(cspm_graph::algo::ChokePoint::id));
            for step in graph.steps() {
                let without = |other: &&crate::model::ModelStep| other.tag != step.tag();
                let steps = left.steps.iter().filter(without).cloned().collect();
                let expected = cut_off(&left, &Model { steps, ..left.clone() });
                let found = points.of_step(step.id());
                prop_assert_eq!(found.map(|p| (p.jewels().to_vec(), p.value())), expected);
            }
            for number in 0..model.state_count {
                let mut after = left.clone();
                after.steps.retain(|step| step.to != number && !step.inputs.contains(&number));
                after.entries.retain(|&entry| entry != number);
                let found = points.of_state(state(number));
                prop_assert_eq!(
                    found.map(|p| (p.jewels().to_vec(), p.value())),
                    cut_off(&left, &after)
                );
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_gate_makes_both_its_inputs_choke_points() {
    // 0 → 1, 0 → 2 twice, {1, 2} → 3.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[0], 2),
        step(&[1, 2], 3),
    ];
    let model = Model {
        entries: vec![0],
        jewels: vec![(3, 8)],
        ..Model::new(4, steps)
    };
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let points = choke(&view, &model.entries(), &model.jewels(), &Limits::default()).unwrap();
    let tags: Vec<u32> = points
        .steps()
        .iter()
        .map(|point| graph.step(point.id()).unwrap().tag())
        .collect();
    assert_eq!(tags, [0, 3]);
    assert_eq!(points.states().len(), 4);
    assert!(
        points
            .states()
            .iter()
            .all(|point| point.value() == 8 && point.jewels() == [0])
    );
}

#[test]
fn a_jewel_that_is_an_entry_is_cut_off_by_itself_alone() {
    let model = Model {
        entries: vec![0],
        jewels: vec![(0, 8)],
        ..Model::new(2, vec![step(&[1], 0)])
    };
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let points = choke(&view, &model.entries(), &model.jewels(), &Limits::default()).unwrap();
    assert!(points.steps().is_empty());
    assert_eq!(points.states().len(), 1);
    assert_eq!(
        points
            .of_state(state(0))
            .map(cspm_graph::algo::ChokePoint::value),
        Some(8)
    );
}
