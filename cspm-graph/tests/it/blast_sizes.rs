//! The number of resources behind every state.

use std::collections::BTreeSet;

use cspm_graph::algo::{
    Accuracy, BlastOptions, BlastSize, BlastSizes, blast_resources, blast_sizes, reach, verify,
};
use cspm_graph::graph::{GraphBuilder, Limits, StateId, StateSet, View, ViewOptions};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use crate::large::{Random, graph, id};
use crate::model::{Model, state, step};
use crate::naive;
use crate::shapes::{model_and_cut, times};

/// `SplitMix64` (Steele, Lea, Flood 2014), one output.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What is to be said of a set of resources among all: the number, or the estimate from the place of the last of
/// its first `k` in the order of all.
fn expected(reached: &BTreeSet<u32>, all: &BTreeSet<u32>, k: usize, seed: u64) -> (usize, bool) {
    if reached.len() < k || all.len() <= k {
        return (reached.len(), true);
    }
    let mut order: Vec<u32> = all.iter().copied().collect();
    order.sort_by_key(|&resource| mix(mix(seed) ^ u64::from(resource)));
    let of_set = order.iter().enumerate();
    let mut of_set = of_set.filter(|(_, resource)| reached.contains(resource));
    let (before, _) = of_set.nth(k - 1).unwrap();
    let estimate = (2 * all.len() * (k - 1) + before) / (2 * before);
    (estimate.clamp(k, all.len()), false)
}

fn said(size: BlastSize) -> (usize, bool) {
    (size.count(), size.is_exact())
}

fn ask(view: &View<'_>, ambient: &StateSet, resources: &[u32], k: usize, seed: u64) -> BlastSizes {
    let options = BlastOptions {
        sketch_size: k,
        seed,
    };
    let sizes = blast_sizes(view, ambient, resources, &options, &Limits::default()).unwrap();
    let all: Vec<StateId> = view.graph().states().collect();
    let samples = if all.len() < 2_000 { &all[..] } else { &[] };
    verify::blast_sizes(view, ambient, resources, &options, &sizes, samples).unwrap();
    sizes
}

proptest! {
    #![proptest_config(times(4))]

    #[test]
    fn every_state_has_the_size_of_its_reach_set(
        (model, cut) in model_and_cut(14, 12),
        ambient in btree_set(0..14_u32, 0..6),
        resources in vec(prop_oneof![8 => 0..20_u32, 1 => Just(u32::MAX)], 0..16),
        seed in any::<u64>(),
    ) {
        let graph = model.build();
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let ambient_set: StateSet = ambient.iter().copied().map(state).collect();
            let left = model.cut(&cut);
            let named = |number: &u32| resources.get(*number as usize).copied();
            let all: BTreeSet<u32> = (0..model.state_count)
                .filter_map(|number| named(&number))
                .filter(|&resource| resource != u32::MAX)
                .collect();
            // By their last ranks, the sketches of all sizes say what the largest of them holds.
            for k in [3, 4, 5, 6, 30] {
                let sizes = ask(&view, &ambient_set, &resources, k, seed);
                prop_assert_eq!(sizes.resource_count(), all.len());
                for number in 0..model.state_count {
                    let reached = naive::reach_with(&left, &[number], &ambient);
                    let reached: BTreeSet<u32> =
                        reached.iter().filter_map(named).filter(|&it| it != u32::MAX).collect();
                    prop_assert_eq!(
                        said(sizes.size(state(number))),
                        expected(&reached, &all, k, seed),
                        "state {} with sketches of {}", number, k
                    );
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn sketches_of_larger_graphs_are_those_of_reach_sets() {
    let mut random = Random(21);
    for shape in 0..4 {
        for gates in [0, 20, 150] {
            let count = 250;
            let graph = graph(shape, count, gates, &mut random);
            let view = graph.view(&ViewOptions::default());
            let ambient: StateSet = (0..40).map(|_| id(random.below(count))).collect();
            let resources: Vec<u32> = (0..200)
                .map(|_| u32::try_from(random.below(150)).unwrap())
                .collect();
            for k in [4, 16, 200] {
                // Every state is a sample there.
                ask(&view, &ambient, &resources, k, k as u64);
            }
        }
    }
}

#[test]
fn an_input_of_a_gate_alone_opens_nothing() {
    // 0 comes to both inputs by different successors; 1, 2 and 9 to one of them.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[9], 2),
        step(&[1, 2], 3),
        step(&[3], 4),
        step(&[3], 5),
        // Back into the cycle, and a second gate that takes what the first gives.
        step(&[5], 0),
        step(&[4, 1], 6),
        step(&[6], 7),
        // Nobody has 8.
        step(&[0, 8], 9),
    ];
    let graph = Model::new(10, steps).build();
    let view = graph.view(&ViewOptions::default());
    let resources: Vec<u32> = (0..10).collect();
    let counts = |ambient: &[u32]| -> Vec<usize> {
        let ambient: StateSet = ambient.iter().copied().map(state).collect();
        let sizes = ask(&view, &ambient, &resources, 256, 0);
        let states = (0..10).map(|number| sizes.size(state(number)).count());
        states.collect()
    };
    assert_eq!(counts(&[]), [8, 1, 1, 8, 1, 8, 2, 1, 1, 2]);
    // With 2 ambient, 1 opens the first gate, and by 5 and 0 everything but 8 and 9.
    assert_eq!(counts(&[2])[1], 8);
    assert_eq!(counts(&[8])[0], 9);
}

/// Layers of states, each leading to three of the next.
fn layers(width: usize, depth: usize) -> cspm_graph::graph::AttackGraph {
    let mut random = Random(3);
    let mut pairs = Vec::new();
    for layer in 1..depth {
        for at in 0..width {
            for _ in 0..3 {
                let to = id(layer * width + random.below(width)).get();
                pairs.push((id((layer - 1) * width + at).get(), to));
            }
        }
    }
    GraphBuilder::new(width * depth)
        .build_with_pairs(&pairs, &Limits::default())
        .unwrap()
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn estimates_are_near_and_on_both_sides() {
    let (width, depth) = (2_000, 12);
    let graph = layers(width, depth);
    let view = graph.view(&ViewOptions::default());
    let none = StateSet::new();
    let resources: Vec<u32> = (0..).take(width * depth).collect();
    let (mut estimates, mut sum, mut squares) = (0_u32, 0.0, 0.0);
    let samples: Vec<(StateId, usize)> = (0..depth)
        .flat_map(|layer| (0..3).map(move |at| id(layer * width + at)))
        .map(|at| {
            let limits = Limits::default();
            let walked =
                blast_resources(&view, &[at], &none, &resources, usize::MAX, &limits).unwrap();
            assert_eq!(walked.count(), reach(&view, &[at], &limits).unwrap().len());
            (at, walked.count())
        })
        .collect();
    let k = 102;
    for seed in 0..20 {
        let sizes = ask(&view, &none, &resources, k, seed);
        for &(at, walked) in &samples {
            let found = sizes.size(at);
            assert_eq!(found.is_exact(), walked < k);
            let Accuracy::Estimate { error_permille } = found.accuracy() else {
                assert_eq!(found.count(), walked);
                continue;
            };
            assert_eq!(error_permille, 100);
            let error = found.count() as f64 / walked as f64 - 1.0;
            assert!(error.abs() < 0.4, "{found:?} where {walked} were walked");
            estimates += 1;
            sum += error;
            squares += error * error;
        }
    }
    // States of one seed err alike, so the mean is that of twenty draws rather than of all.
    assert!(estimates > 400);
    let (mean, deviation) = (
        sum / f64::from(estimates),
        (squares / f64::from(estimates)).sqrt(),
    );
    assert!(mean.abs() < 0.4 / 20_f64.sqrt(), "mean error {mean}");
    assert!((0.04..0.1).contains(&deviation), "deviation {deviation}");
}

#[test]
fn a_sketch_of_all_resources_is_exact() {
    let graph = Model::new(4, vec![step(&[0], 1), step(&[1], 2), step(&[2], 3)]).build();
    let view = graph.view(&ViewOptions::default());
    let size = |k, number| {
        let sizes = ask(&view, &StateSet::new(), &[5, 6, 5, 7], k, 0);
        said(sizes.size(state(number)))
    };
    assert_eq!((size(3, 0), size(3, 2)), ((3, true), (2, true)));
    // Fewer than three are taken as three; a state that there is not reaches nothing.
    assert_eq!((size(0, 0), size(3, 4)), ((3, true), (0, true)));
}
