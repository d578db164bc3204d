//! How the work of questions grows with the graph.
//!
//! Work is counted on one thread, where it is the same on every machine.

use cspm_benches::{
    Shape, all_sets_differ, chain, gate_ladder, gate_ring, hub, scattered, wide_gate,
};
use cspm_graph::algo::{BlastOptions, blast_sizes, choke, jewel_sets, most_likely, prize, reach};
use cspm_graph::graph::{Limits, Progress, StateSet};

/// The work of a question about a shape, and the answer.
fn work<A: Send>(ask: impl FnOnce(&Limits) -> A + Send) -> (u64, A) {
    let progress = Progress::new();
    let limits = Limits {
        progress: Some(progress.clone()),
        ..Limits::default()
    };
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1);
    let answer = alone.build().unwrap().install(|| ask(&limits));
    (progress.work(), answer)
}

/// Checks that the work is at most `most` for each state and step, and twice that of half a shape, but for a tenth.
fn is_linear<A: Send>(
    shape: impl Fn(u32) -> Shape,
    size: u32,
    most: u64,
    ask: impl Fn(&Shape, &Limits) -> A + Sync,
) {
    let at = |size: u32| {
        let shape = shape(size);
        let graph = &shape.graph;
        let parts = (graph.state_count() + graph.step_count()) as u64;
        let (work, _) = work(|limits| ask(&shape, limits));
        (work, parts)
    };
    let ((half, _), (whole, parts)) = (at(size / 2), at(size));
    assert!(
        whole <= most * parts,
        "{whole} units for {parts} states and steps"
    );
    assert!(
        whole <= 2 * half + half / 5,
        "{half} units, and {whole} for twice as much"
    );
}

#[test]
fn reach_touches_each_step_once() {
    const COUNT: u32 = 100_000;
    let shape = chain(COUNT, 100);
    let (units, reached) = work(|limits| reach(&shape.view(), &shape.entries, limits).unwrap());
    assert_eq!(reached.len(), COUNT as usize);
    assert!(
        (u64::from(COUNT)..=4 * u64::from(COUNT)).contains(&units),
        "{units} units"
    );

    let ask =
        |shape: &Shape, limits: &Limits| reach(&shape.view(), &shape.entries, limits).unwrap();
    is_linear(hub, 100_000, 4, ask);
    is_linear(gate_ring, 100_000, 4, ask);
    is_linear(gate_ladder, 100_000, 4, ask);
    is_linear(wide_gate, 100_000, 4, ask);
}

#[test]
fn jewel_sets_of_a_chain_are_as_many_as_jewels() {
    // Sets are windows of a few words, so that those do not count.
    const COUNT: u32 = 100_000;
    let shape = chain(COUNT, 1_000);
    let ambient = StateSet::new();
    let (units, sets) =
        work(|limits| jewel_sets(&shape.view(), &ambient, &shape.jewels, limits).unwrap());
    // One for each jewel, and the empty one.
    assert_eq!(sets.distinct_sets(), shape.jewels.len() + 1);
    assert_eq!(sets.count(shape.entries[0]), shape.jewels.len());
    assert!(units <= 8 * u64::from(COUNT), "{units} units");
}

#[test]
fn jewel_sets_are_linear_where_sets_are_shared() {
    let ask = |shape: &Shape, limits: &Limits| {
        let (view, ambient) = (shape.view(), StateSet::new());
        // As many jewels whatever the size.
        let jewels = &shape.jewels[..10.min(shape.jewels.len())];
        jewel_sets(&view, &ambient, jewels, limits).unwrap()
    };
    is_linear(|size| chain(size, 1_000), 100_000, 8, ask);
    is_linear(hub, 100_000, 8, ask);
}

#[test]
fn choke_points_of_shapes_with_short_sets_are_linear() {
    let ask = |shape: &Shape, limits: &Limits| {
        choke(&shape.view(), &shape.entries, &shape.jewels, limits).unwrap()
    };
    is_linear(|size| chain(size, 100), 100_000, 16, ask);
    is_linear(hub, 100_000, 16, ask);
    is_linear(gate_ladder, 30_000, 16, ask);
    is_linear(gate_ring, 30_000, 16, ask);
}

#[test]
fn likeliest_ways_and_prizes_are_linear_in_steps() {
    // The logarithm of the heap is no work unit.
    let ask = |shape: &Shape, limits: &Limits| {
        let ways = most_likely(&shape.view(), &shape.entries, limits).unwrap();
        prize(&shape.view(), &ways, &shape.jewels, limits).unwrap()
    };
    is_linear(|size| chain(size, 100), 100_000, 16, ask);
    is_linear(hub, 100_000, 16, ask);
    is_linear(gate_ladder, 30_000, 16, ask);
    is_linear(wide_gate, 30_000, 16, ask);
}

#[test]
fn sketches_of_a_chain_are_few() {
    // A state changes the sketch of what is behind it if it is among the first of all there.
    const COUNT: u32 = 100_000;
    let shape = chain(COUNT, 100);
    let resources: Vec<u32> = (0..COUNT).collect();
    let options = BlastOptions {
        sketch_size: 16,
        seed: 0,
    };
    let (units, sizes) = work(|limits| {
        blast_sizes(
            &shape.view(),
            &StateSet::new(),
            &resources,
            &options,
            limits,
        )
        .unwrap()
    });
    assert!(
        sizes.distinct_sketches() < 300,
        "{} sketches",
        sizes.distinct_sketches()
    );
    assert!(units <= 30 * u64::from(COUNT), "{units} units");
}

#[test]
fn sets_that_differ_cost_no_more_than_their_width() {
    for shape in [all_sets_differ(2_000, 8), scattered(2_000, 2_000)] {
        let ambient = StateSet::new();
        let (units, sets) =
            work(|limits| jewel_sets(&shape.view(), &ambient, &shape.jewels, limits).unwrap());
        let words = shape.jewels.len().div_ceil(64) + 1;
        let most = shape.graph.step_count() * words + sets.distinct_sets() * words;
        assert!(units <= most as u64, "{units} units of {most}");
    }
}
