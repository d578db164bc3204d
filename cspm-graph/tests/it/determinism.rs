//! Answers do not depend on the order in which steps were added.

use cspm_graph::algo::{
    BlastOptions, blast_sizes, choke, greedy_cut, jewel_sets, min_cut, most_likely,
    next_most_likely, prize, reach,
};
use cspm_graph::graph::{Limits, StateId, StepId, ViewOptions};
use proptest::prelude::*;

use crate::model::{Model, content};
use crate::shapes::model;

/// Everything that the algorithms say about a model, ids included.
fn answers(model: &Model) -> String {
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let limits = Limits::default();
    let (entries, jewels) = (model.entries(), model.jewels());
    let steps: Vec<_> = graph.steps().map(|step| content(&step)).collect();
    let ambient = reach(&view, &entries, &limits).unwrap();
    let ways = most_likely(&view, &entries, &limits).unwrap();
    let sets = jewel_sets(&view, &ambient, &jewels, &limits).unwrap();
    let prizes = prize(&view, &ways, &jewels, &limits).unwrap();
    let by_state: Vec<_> = graph
        .states()
        .map(|at| {
            let members: Vec<usize> = sets.members(at).collect();
            (ways.derivation(at), members, prizes.best(at))
        })
        .collect();
    let next: Vec<_> = jewels
        .iter()
        .map(|&(at, _): &(StateId, u64)| next_most_likely(&view, &entries, at, 5, &limits).unwrap())
        .collect();
    let points = choke(&view, &entries, &jewels, &limits).unwrap();
    let resources: Vec<u32> = (0..model.state_count).map(|at| at / 2).collect();
    let options = BlastOptions {
        sketch_size: 3,
        seed: 0,
    };
    let sizes = blast_sizes(&view, &ambient, &resources, &options, &limits).unwrap();
    let cost = |step: StepId| (!step.get().is_multiple_of(7)).then_some(step.get() % 3);
    let at: Vec<StateId> = jewels.iter().map(|&(at, _)| at).collect();
    let cut = min_cut(&view, &entries, &at, cost, &limits).unwrap();
    let greedy = greedy_cut(&view, &entries, &jewels, 3, cost, &limits).unwrap();
    let (distinct, rounds) = (sets.distinct_sets(), sets.rounds());
    format!(
        "{steps:?} {ambient:?} {by_state:?} {distinct} {rounds} {next:?} {points:?} {sizes:?} {cut:?} {greedy:?}"
    )
}

proptest! {
    #[test]
    fn insertion_order_changes_nothing(
        (model, steps) in model(10, 10).prop_flat_map(|model| {
            let steps = Just(model.steps.clone()).prop_shuffle();
            (Just(model), steps)
        }),
        backwards in any::<bool>(),
    ) {
        let mut shuffled = Model { steps, ..model.clone() };
        for step in &mut shuffled.steps {
            if backwards {
                step.inputs.reverse();
            }
        }
        shuffled.entries.reverse();
        prop_assert_eq!(answers(&model), answers(&shuffled));
    }

    #[test]
    fn asking_twice_changes_nothing(model in model(10, 10)) {
        prop_assert_eq!(answers(&model), answers(&model));
    }
}
