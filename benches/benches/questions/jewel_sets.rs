//! Which crown jewels does each state reach?

use criterion::{Criterion, criterion_group};
use cspm_benches::{
    Shape, all_sets_differ, chain, estate, gate_ladder, gate_ring, hub, large, layered, scattered,
};
use cspm_graph::algo::{JewelSets, jewel_sets, jewel_sets_of, reach, reach_with, verify};
use cspm_graph::graph::{Limits, StateSet, ViewOptions};

use crate::HEAP;
use crate::timing::{self, Found, Question};

fn benches(criterion: &mut Criterion) {
    let layered = large::layered(|| layered(5, 100, 3));
    let estate = large::estate(|| estate(10, 40));
    let chain = large::chain(|| chain(500, 10));
    let hub = large::hub(|| hub(200));
    let nested = large::all_sets_differ(|| all_sets_differ(200, 4));
    let scattered = large::scattered(|| scattered(100, 100));
    let ring = large::gate_ring(|| gate_ring(100));
    let short_ring = large::short_gate_ring(|| gate_ring(100));
    let short_ladder = large::short_gate_ladder(|| gate_ladder(100));

    timing::bench::<OfAll>(
        criterion,
        &HEAP,
        &[&layered, &estate, &chain, &hub, &nested, &scattered, &ring],
    );

    timing::bench::<Alone>(criterion, &HEAP, &[&estate, &short_ring, &short_ladder]);

    timing::bench::<OfEntries>(criterion, &HEAP, &[&layered, &estate, &nested, &scattered]);
}

/// The jewels of all states, while others hold what the entries reach.
struct OfAll;

impl Question for OfAll {
    const NAME: &'static str = "jewel_sets";
    type Given = StateSet;
    type Answer = JewelSets;

    fn prepare(shape: &Shape) -> Self::Given {
        reached(shape)
    }

    fn ask(shape: &Shape, ambient: &Self::Given, limits: &Limits) -> Self::Answer {
        jewel_sets(&shape.view(), ambient, &shape.jewels, limits).unwrap()
    }

    fn verify(shape: &Shape, given: &Self::Given, answer: &Self::Answer) {
        verify_sets(shape, given, answer);
    }

    fn find(shape: &Shape, ambient: &Self::Given, sets: &Self::Answer) -> Found {
        found(shape, ambient, sets)
    }
}

/// The same while nobody holds anything for others, so that gates need all their inputs.
struct Alone;

impl Question for Alone {
    const NAME: &'static str = "jewel_sets_alone";
    type Given = StateSet;
    type Answer = JewelSets;

    fn prepare(_: &Shape) -> Self::Given {
        StateSet::new()
    }

    fn ask(shape: &Shape, ambient: &Self::Given, limits: &Limits) -> Self::Answer {
        jewel_sets(&shape.view(), ambient, &shape.jewels, limits).unwrap()
    }

    fn verify(shape: &Shape, given: &Self::Given, answer: &Self::Answer) {
        verify_sets(shape, given, answer);
    }

    fn find(shape: &Shape, ambient: &Self::Given, sets: &Self::Answer) -> Found {
        found(shape, ambient, sets)
    }
}

/// The jewels of the entries.
struct OfEntries;

impl Question for OfEntries {
    const NAME: &'static str = "jewel_sets_of";
    type Given = StateSet;
    type Answer = JewelSets;

    fn prepare(shape: &Shape) -> Self::Given {
        reached(shape)
    }

    fn ask(shape: &Shape, ambient: &Self::Given, limits: &Limits) -> Self::Answer {
        jewel_sets_of(
            &shape.view(),
            &shape.entries,
            ambient,
            &shape.jewels,
            limits,
        )
        .unwrap()
    }

    fn verify(shape: &Shape, ambient: &Self::Given, sets: &Self::Answer) {
        // Nothing is said of what the entries do not reach.
        let view = shape.graph.view(&ViewOptions {
            within: Some(ambient),
            ..ViewOptions::default()
        });
        verify::jewel_sets(&view, ambient, &shape.jewels, sets, &shape.entries).unwrap();
    }

    fn find(shape: &Shape, _: &Self::Given, sets: &Self::Answer) -> Found {
        let counts = shape.entries.iter().map(|&entry| sets.count(entry));
        vec![
            ("sets", sets.distinct_sets()),
            ("jewels_of_entries", counts.sum()),
        ]
    }
}

fn reached(shape: &Shape) -> StateSet {
    reach(&shape.view(), &shape.entries, &Limits::default()).unwrap()
}

fn verify_sets(shape: &Shape, ambient: &StateSet, sets: &JewelSets) {
    let samples = shape.samples(20);
    verify::jewel_sets(&shape.view(), ambient, &shape.jewels, sets, &samples).unwrap();
}

/// Compares some sets with what is reached from the state alone.
fn found(shape: &Shape, ambient: &StateSet, sets: &JewelSets) -> Found {
    for sample in shape.samples(10) {
        let behind = reach_with(&shape.view(), &[sample], ambient, &Limits::default());
        let behind = behind.unwrap();
        let jewels = shape.jewels.iter().enumerate();
        let held = jewels.filter(|(_, (jewel, _))| behind.contains(*jewel));
        assert!(
            held.map(|(index, _)| index).eq(sets.members(sample)),
            "jewels behind {sample}"
        );
    }
    let counts = shape.graph.states().map(|state| sets.count(state));
    vec![
        ("sets", sets.distinct_sets()),
        ("rounds", sets.rounds()),
        ("jewels_of_states", counts.sum()),
    ]
}

criterion_group!(jewels, benches);
