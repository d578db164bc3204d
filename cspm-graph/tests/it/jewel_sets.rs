//! The jewels that each state reaches.

use cspm_graph::algo::{JewelSets, jewel_sets, jewel_sets_of, reach, verify};
use cspm_graph::graph::{Limits, StateId, StateSet, ViewOptions};
use proptest::prelude::*;

use crate::model::{Model, ModelStep, state, states, step};
use crate::naive;
use crate::shapes::{model_and_cut, times};

fn ask(model: &Model, ambient: &[u32]) -> JewelSets {
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let ambient: StateSet = states(ambient).into_iter().collect();
    let sets = jewel_sets(&view, &ambient, &model.jewels(), &Limits::default()).unwrap();
    let all: Vec<StateId> = graph.states().collect();
    verify::jewel_sets(&view, &ambient, &model.jewels(), &sets, &all).unwrap();
    sets
}

fn ambient_set(ambient: &std::collections::BTreeSet<u32>) -> StateSet {
    ambient.iter().map(|&it| state(it)).collect()
}

fn members(sets: &JewelSets, count: u32) -> Vec<Vec<usize>> {
    (0..count)
        .map(|number| sets.members(state(number)).collect())
        .collect()
}

proptest! {
    #![proptest_config(times(4))]

    #[test]
    fn every_state_reaches_what_its_own_search_finds(
        (model, cut) in model_and_cut(12, 12),
        with_ambient in any::<bool>(),
    ) {
        let graph = model.build();
        let left = model.cut(&cut);
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            // The ambient set is that of all steps, as for the questions that leave ways back out.
            let whole = graph.view(&ViewOptions::default());
            let entries = if with_ambient { model.entries() } else { Vec::new() };
            let ambient = reach(&whole, &entries, &Limits::default()).unwrap();
            let sets = jewel_sets(&view, &ambient, &model.jewels(), &Limits::default()).unwrap();
            let all: Vec<StateId> = graph.states().collect();
            verify::jewel_sets(&view, &ambient, &model.jewels(), &sets, &all).unwrap();

            let ambient = ambient.iter().map(StateId::get).collect();
            let mut distinct = std::collections::BTreeSet::from([Vec::new()]);
            for source in 0..model.state_count {
                let reached = naive::reach_with(&left, &[source], &ambient);
                let numbered = model.jewels.iter().enumerate();
                let expected: Vec<usize> = numbered
                    .filter(|(_, (at, _))| reached.contains(at))
                    .map(|(jewel, _)| jewel)
                    .collect();
                let value = expected.iter().fold(0, |sum: u64, &jewel| sum.saturating_add(model.jewels[jewel].1));
                prop_assert_eq!(sets.count(state(source)), expected.len());
                prop_assert_eq!(sets.value(state(source)), value);
                prop_assert_eq!(sets.members(state(source)).collect::<Vec<_>>(), expected.clone());
                let ambient = ambient_set(&ambient);
                let (entries, jewels) = ([state(source)], model.jewels());
                let own = jewel_sets_of(&view, &entries, &ambient, &jewels, &Limits::default()).unwrap();
                prop_assert_eq!(own.members(state(source)).collect::<Vec<_>>(), expected.clone());
                distinct.insert(expected);
            }
            // Sets of the pool that no state has in the end may be counted, never fewer than there are.
            prop_assert!(sets.distinct_sets() >= distinct.len());
            Ok(())
        })?;
    }

    #[test]
    fn an_ambient_set_need_not_be_closed(
        (model, cut) in model_and_cut(10, 12),
        ambient in proptest::collection::btree_set(0..10_u32, 0..6),
    ) {
        let graph = model.build();
        let left = model.cut(&cut);
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let ambient_set: StateSet = ambient.iter().copied().map(state).collect();
            let sets = jewel_sets(&view, &ambient_set, &model.jewels(), &Limits::default()).unwrap();
            for source in 0..model.state_count {
                let reached = naive::reach_with(&left, &[source], &ambient);
                let count = model.jewels.iter().filter(|(at, _)| reached.contains(at)).count();
                prop_assert_eq!(sets.count(state(source)), count);
            }
            Ok(())
        })?;
    }
}

fn jewels_at(state_count: u32, steps: Vec<ModelStep>, jewels: &[u32]) -> Model {
    let jewels = jewels.iter().map(|&at| (at, 10)).collect();
    Model {
        jewels,
        ..Model::new(state_count, steps)
    }
}

#[test]
fn a_cycle_shares_one_set() {
    let around = vec![
        step(&[0], 1),
        step(&[1], 2),
        step(&[2], 0),
        step(&[2], 3),
        step(&[4], 0),
    ];
    let sets = ask(&jewels_at(6, around, &[1, 3]), &[]);
    assert_eq!(
        members(&sets, 6),
        [
            vec![0, 1],
            vec![0, 1],
            vec![0, 1],
            vec![1],
            vec![0, 1],
            vec![]
        ]
    );
    assert!(sets.same_set(state(0), state(4)) && !sets.same_set(state(0), state(3)));
    assert_eq!((sets.distinct_sets(), sets.rounds()), (3, 1));
}

#[test]
fn inputs_by_different_successors_open_a_gate() {
    // 0 → 1, 0 → 2, {1, 2} → 3 (jewel); and 4 → 0.
    let fork = || {
        vec![
            step(&[0], 1),
            step(&[0], 2),
            step(&[1, 2], 3),
            step(&[4], 0),
        ]
    };
    let sets = ask(&jewels_at(5, fork(), &[3]), &[]);
    assert_eq!(
        members(&sets, 5),
        [vec![0], vec![], vec![], vec![0], vec![0]]
    );
    assert_eq!(sets.rounds(), 1);
    // With one input held by others, the other one is enough.
    let sets = ask(&jewels_at(5, fork(), &[3]), &[2]);
    assert_eq!(
        members(&sets, 5),
        [vec![0], vec![0], vec![], vec![0], vec![0]]
    );
    // With both held by others, either is.
    let sets = ask(&jewels_at(5, fork(), &[3]), &[1, 2]);
    assert_eq!(
        members(&sets, 5),
        [vec![0], vec![0], vec![0], vec![0], vec![0]]
    );
}

#[test]
fn gates_in_a_row_take_one_round() {
    // Each gate needs the output of the one before and a state that 0 gives.
    let mut steps = vec![step(&[0], 1)];
    for gate in 0..20 {
        let (before, side, after) = (1 + 2 * gate, 2 + 2 * gate, 3 + 2 * gate);
        steps.push(step(&[0], side));
        steps.push(step(&[before, side], after));
    }
    let sets = ask(&jewels_at(42, steps, &[41]), &[]);
    assert_eq!(sets.count(state(0)), 1);
    assert_eq!(sets.count(state(1)), 0);
    assert_eq!(sets.rounds(), 1);
}

#[test]
fn gates_round_a_cycle_take_more_rounds_and_end() {
    // {0, 1} → 2, 2 → 3, {3, 4} → 0, 0 → 4, 2 → 5 (jewel): whoever holds 0 and 1 comes round.
    let steps = vec![
        step(&[0, 1], 2),
        step(&[2], 3),
        step(&[3, 4], 0),
        step(&[0], 4),
        step(&[2], 5),
        step(&[6], 1),
        step(&[6], 3),
        step(&[6], 4),
    ];
    let sets = ask(&jewels_at(7, steps, &[5]), &[]);
    assert_eq!(sets.count(state(6)), 1);
    assert_eq!(sets.count(state(1)), 0);
}

#[test]
fn one_state_may_be_several_jewels() {
    let model = Model {
        jewels: vec![(1, u64::MAX), (0, 5), (1, 7)],
        ..Model::new(2, vec![step(&[0], 1)])
    };
    let sets = ask(&model, &[]);
    assert_eq!(members(&sets, 2), [vec![0, 1, 2], vec![0, 2]]);
    assert_eq!(sets.value(state(1)), u64::MAX);
    assert_eq!((sets.count(state(9)), sets.value(state(9))), (0, 0));
}

#[test]
fn many_jewels_span_words() {
    let steps = (0..300).map(|number| step(&[number], number + 1)).collect();
    let jewels: Vec<u32> = (0..=300).collect();
    let sets = ask(&jewels_at(301, steps, &jewels), &[]);
    for number in 0..=300 {
        assert_eq!(sets.count(state(number)), 301 - number as usize);
    }
}
