//! Steps and states that jewels cannot do without.

use cspm_graph::algo::{choke, verify};
use cspm_graph::graph::{Limits, StateId, View, ViewOptions};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::{Model, ModelStep, state, step};
use crate::naive;
use crate::shapes::{model, model_and_cut, model_without_gates, times};

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

/// Compares the answer with what leaving out each step and each state shows.
fn check_against_leaving_out(
    model: &Model,
    left: &Model,
    view: &View<'_>,
) -> Result<(), TestCaseError> {
    let points = choke(view, &model.entries(), &model.jewels(), &Limits::default()).unwrap();
    prop_assert!(points.steps().map(|point| point.id()).is_sorted());
    prop_assert!(points.states().map(|point| point.id()).is_sorted());
    for step in view.graph().steps() {
        let without = |other: &&ModelStep| other.tag != step.tag();
        let steps = left.steps.iter().filter(without).cloned().collect();
        let expected = cut_off(
            left,
            &Model {
                steps,
                ..left.clone()
            },
        );
        let found = points.of_step(step.id());
        prop_assert_eq!(
            found.map(|p| p.jewel_count()),
            expected.as_ref().map(|it| it.0.len())
        );
        prop_assert_eq!(found.map(|p| (p.jewels(), p.value())), expected);
    }
    for number in 0..model.state_count {
        let mut after = left.clone();
        after
            .steps
            .retain(|step| step.to != number && !step.inputs.contains(&number));
        after.entries.retain(|&entry| entry != number);
        let expected = cut_off(left, &after);
        let found = points.of_state(state(number));
        prop_assert_eq!(
            found.map(|p| p.jewel_count()),
            expected.as_ref().map(|it| it.0.len())
        );
        prop_assert_eq!(found.map(|p| (p.jewels(), p.value())), expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(times(2))]

    #[test]
    fn choke_points_are_what_leaving_out_shows((model, cut) in model_and_cut(12, 10)) {
        let graph = model.build();
        let left = model.cut(&cut);
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let (entries, jewels) = (model.entries(), model.jewels());
            let points = choke(&view, &entries, &jewels, &Limits::default()).unwrap();
            verify::choke(&view, &entries, &jewels, &points).unwrap();
            check_against_leaving_out(&model, &left, &view)
        })?;
    }

    #[test]
    fn all_is_exact_where_every_state_is_a_jewel(mut model in model(10, 14)) {
        model.entries.truncate(1);
        model.jewels = (0..model.state_count).map(|at| (at, 1 + u64::from(at))).collect();
        let graph = model.build();
        check_against_leaving_out(&model, &model, &graph.view(&ViewOptions::default()))?;
    }

    #[test]
    fn ways_without_gates_are_exact_too(model in model_without_gates(16, 10)) {
        let graph = model.build();
        check_against_leaving_out(&model, &model, &graph.view(&ViewOptions::default()))?;
    }

    /// Few steps, most of them gates, anywhere: components in which gates feed each other.
    #[test]
    fn gates_among_gates_are_exact(
        (count, inputs) in (4..14_u32).prop_flat_map(|count| {
            let one = (vec(0..count, 1..4), 0..count);
            (Just(count), vec(one, 1..30))
        }),
    ) {
        let mut steps: Vec<ModelStep> = vec![step(&[0], 1), step(&[0], 2), step(&[1], 3)];
        steps.extend(inputs.iter().map(|(inputs, to)| step(inputs, *to)));
        let mut model = Model::new(count, steps);
        model.entries = vec![0];
        model.jewels = (0..count).map(|at| (at, 1 << at)).collect();
        let graph = model.build();
        check_against_leaving_out(&model, &model, &graph.view(&ViewOptions::default()))?;
    }
}

/// The states that each jewel cannot do without, and the tags of the steps.
fn needs(model: &Model) -> Vec<(Vec<u32>, Vec<u32>)> {
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let (entries, jewels) = (model.entries(), model.jewels());
    let points = choke(&view, &entries, &jewels, &Limits::default()).unwrap();
    verify::choke(&view, &entries, &jewels, &points).unwrap();
    (0..jewels.len())
        .map(|jewel| {
            let states = points
                .states()
                .filter(|point| point.jewels().contains(&jewel));
            let steps = points
                .steps()
                .filter(|point| point.jewels().contains(&jewel));
            let tag = |id| graph.step(id).unwrap().tag();
            (
                states.map(|point| StateId::get(point.id())).collect(),
                steps.map(|point| tag(point.id())).collect(),
            )
        })
        .collect()
}

/// A model with entry 0 and jewels of value 1.
fn model_of(state_count: u32, steps: Vec<ModelStep>, jewels: &[u32]) -> Model {
    Model {
        entries: vec![0],
        jewels: jewels.iter().map(|&jewel| (jewel, 1)).collect(),
        ..Model::new(state_count, steps)
    }
}

#[test]
fn a_gate_whose_inputs_come_by_different_successors_needs_the_state_before() {
    // 0 → 1 → {2, 3}, {2, 3} → 4; 2 has a way around 1, so only by 3 is 1 needed.
    let steps = vec![
        step(&[0], 1),
        step(&[1], 2),
        step(&[1], 3),
        step(&[2, 3], 4),
        step(&[0], 2),
    ];
    let found = needs(&model_of(5, steps, &[4, 2]));
    assert_eq!(found[0], (vec![0, 1, 2, 3, 4], vec![0, 2, 3]));
    assert_eq!(found[1], (vec![0, 2], vec![]));
}

#[test]
fn inputs_with_ways_of_their_own_each_cut_off_what_lies_behind() {
    // 0 → 1 → 2 and 3 → 4 → 5 from two entries, {2, 5} → 6 → 7. Neither way dominates the other.
    let steps = vec![
        step(&[0], 1),
        step(&[1], 2),
        step(&[3], 4),
        step(&[4], 5),
        step(&[2, 5], 6),
        step(&[6], 7),
    ];
    let mut model = model_of(8, steps, &[7, 2, 5]);
    model.entries = vec![3, 0];
    let found = needs(&model);
    assert_eq!(found[0].0, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(found[0].1.len(), 6);
    assert_eq!(found[1].0, [0, 1, 2]);
    assert_eq!(found[2].0, [3, 4, 5]);
}

#[test]
fn alternatives_have_in_common_what_all_their_gates_need() {
    // {1, 2} → 4, {1, 3} → 4; and {1, 3} → 5, {2, 3} → 6: 3 stands on different sets in turn.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[0], 3),
        step(&[1, 2], 4),
        step(&[1, 3], 4),
        step(&[1, 3], 5),
        step(&[2, 3], 6),
        // A way back is none that counts.
        step(&[5], 3),
        step(&[5, 6], 5),
    ];
    let found = needs(&model_of(7, steps, &[4, 5, 6]));
    assert_eq!(found[0].0, [0, 1, 4]);
    assert_eq!(found[1], (vec![0, 1, 3, 5], vec![0, 2, 5]));
    assert_eq!(found[2], (vec![0, 2, 3, 6], vec![1, 2, 6]));
}

#[test]
fn sets_on_a_cycle_below_a_gate_shrink_until_they_agree() {
    // {1, 2} → 3 → 4 → 5 → 3, and 4 has a second way from 0 by 6: then 3 does not need the gate's inputs.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[1, 2], 3),
        step(&[3], 4),
        step(&[4], 5),
        step(&[5], 3),
        step(&[0], 6),
        step(&[6], 4),
    ];
    let found = needs(&model_of(7, steps.clone(), &[3, 5]));
    assert_eq!(found[0].0, [0, 3]);
    assert_eq!(found[1].0, [0, 4, 5]);
    // Without that way all of them do.
    let found = needs(&model_of(7, steps[..7].to_vec(), &[3, 5]));
    assert_eq!(found[1].0, [0, 1, 2, 3, 4, 5]);
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
        .map(|point| graph.step(point.id()).unwrap().tag())
        .collect();
    assert_eq!(tags, [0, 3]);
    assert_eq!(points.states().len(), 4);
    assert!(
        points
            .states()
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
    assert_eq!(points.steps().len(), 0);
    assert_eq!(points.states().len(), 1);
    assert_eq!(
        points.of_state(state(0)).map(|point| point.value()),
        Some(8)
    );
}
