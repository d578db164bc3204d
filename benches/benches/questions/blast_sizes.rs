//! How many resources lie behind each state, and behind one?

use criterion::{Criterion, criterion_group};
use cspm_benches::{
    Shape, all_sets_differ, chain, estate, gate_ring, hub, large, layered, scattered,
};
use cspm_graph::algo::{
    BlastOptions, BlastSize, BlastSizes, blast_resources, blast_sizes, reach, verify,
};
use cspm_graph::graph::{Limits, StateId, StateSet};

use crate::HEAP;
use crate::timing::{self, Found, Question};

/// What the entries reach, and the resource of each state: two states each.
type Given = (StateSet, Vec<u32>);

fn benches(criterion: &mut Criterion) {
    let layered = large::layered(|| layered(5, 400, 3));
    let estate = large::estate(|| estate(10, 100));
    let chain = large::chain(|| chain(2_000, 10));
    let hub = large::hub(|| hub(1_000));
    let nested = large::all_sets_differ(|| all_sets_differ(1_000, 4));
    let scattered = large::scattered(|| scattered(100, 2_000));
    let ring = large::short_gate_ring(|| gate_ring(400));

    timing::bench::<OfAll>(
        criterion,
        &HEAP,
        &[&layered, &estate, &chain, &hub, &nested, &scattered],
    );

    timing::bench::<Alone>(criterion, &HEAP, &[&estate, &ring]);

    timing::bench::<OfEntries>(criterion, &HEAP, &[&layered, &estate, &chain, &hub]);
}

/// The resources of all states, while others hold what the entries reach.
struct OfAll;

impl Question for OfAll {
    const NAME: &'static str = "blast_sizes";
    type Given = Given;
    type Answer = BlastSizes;

    fn prepare(shape: &Shape) -> Self::Given {
        given(shape)
    }

    fn ask(shape: &Shape, (ambient, resources): &Self::Given, limits: &Limits) -> Self::Answer {
        blast_sizes(
            &shape.view(),
            ambient,
            resources,
            &BlastOptions::default(),
            limits,
        )
        .unwrap()
    }

    fn verify(shape: &Shape, given: &Self::Given, answer: &Self::Answer) {
        verify_sizes(shape, given, answer);
    }

    fn find(shape: &Shape, given: &Self::Given, answer: &Self::Answer) -> Found {
        found(shape, given, answer)
    }
}

/// The same while nobody holds anything for others, so that gates need all their inputs.
struct Alone;

impl Question for Alone {
    const NAME: &'static str = "blast_sizes_alone";
    type Given = Given;
    type Answer = BlastSizes;

    fn prepare(shape: &Shape) -> Self::Given {
        (StateSet::new(), given(shape).1)
    }

    fn ask(shape: &Shape, (ambient, resources): &Self::Given, limits: &Limits) -> Self::Answer {
        blast_sizes(
            &shape.view(),
            ambient,
            resources,
            &BlastOptions::default(),
            limits,
        )
        .unwrap()
    }

    fn verify(shape: &Shape, given: &Self::Given, answer: &Self::Answer) {
        verify_sizes(shape, given, answer);
    }

    fn find(shape: &Shape, given: &Self::Given, answer: &Self::Answer) -> Found {
        found(shape, given, answer)
    }
}

/// The resources of the entries together, counted by walking.
struct OfEntries;

impl Question for OfEntries {
    const NAME: &'static str = "blast_resources";
    type Given = Given;
    type Answer = BlastSize;

    fn prepare(shape: &Shape) -> Self::Given {
        given(shape)
    }

    fn ask(shape: &Shape, (ambient, resources): &Self::Given, limits: &Limits) -> Self::Answer {
        let (view, entries) = (shape.view(), &shape.entries);
        blast_resources(&view, entries, ambient, resources, usize::MAX, limits).unwrap()
    }

    fn verify(shape: &Shape, (_, resources): &Self::Given, size: &Self::Answer) {
        assert_eq!(size.count(), count(shape, resources));
    }

    fn find(shape: &Shape, (_, resources): &Self::Given, size: &Self::Answer) -> Found {
        assert_eq!(size.count(), count(shape, resources));
        vec![("resources", size.count())]
    }
}

fn given(shape: &Shape) -> Given {
    let reached = reach(&shape.view(), &shape.entries, &Limits::default()).unwrap();
    let resources = (0..shape.graph.state_count()).map(|state| u32::try_from(state / 2).unwrap());
    (reached, resources.collect())
}

/// The distinct resources of what the entries reach.
fn count(shape: &Shape, resources: &[u32]) -> usize {
    let reached = reach(&shape.view(), &shape.entries, &Limits::default()).unwrap();
    let resource_of = |state: StateId| resources.get(state.index());
    let mut of_reached: Vec<_> = reached.iter().map(resource_of).collect();
    of_reached.sort_unstable();
    of_reached.dedup();
    of_reached.len()
}

fn verify_sizes(shape: &Shape, given: &Given, sizes: &BlastSizes) {
    let (ambient, resources) = given;
    let (options, samples) = (BlastOptions::default(), shape.samples(20));
    verify::blast_sizes(&shape.view(), ambient, resources, &options, sizes, &samples).unwrap();
}

/// Compares some counts with those of a walk: exact ones have to be the same, estimates near.
fn found(shape: &Shape, given: &Given, sizes: &BlastSizes) -> Found {
    let (ambient, resources) = given;
    let limits = Limits::default();
    for sample in shape.samples(10) {
        let walked = blast_resources(
            &shape.view(),
            &[sample],
            ambient,
            resources,
            usize::MAX,
            &limits,
        );
        let (walked, found) = (walked.unwrap().count(), sizes.size(sample));
        // Five times the standard error, which is a sixteenth.
        let tolerance = if found.is_exact() { 0 } else { walked / 3 };
        assert!(
            walked.abs_diff(found.count()) <= tolerance,
            "resources behind {sample}"
        );
    }
    let counts = shape.graph.states().map(|state| sizes.size(state));
    vec![
        ("sketches", sizes.distinct_sketches()),
        ("estimates", counts.filter(|size| !size.is_exact()).count()),
    ]
}

criterion_group!(blast, benches);
