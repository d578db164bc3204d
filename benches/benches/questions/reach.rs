//! What do the entries reach? What is free, what lies behind one state, and what is the shortest way?

use criterion::{Criterion, criterion_group};
use cspm_benches::{Shape, chain, estate, gate_ladder, gate_ring, hub, large, layered, wide_gate};
use cspm_graph::algo::{fewest_steps, free, reach, reach_with, verify};
use cspm_graph::graph::{Limits, StateId, StateSet};

use crate::HEAP;
use crate::timing::{self, Found, Question};

fn benches(criterion: &mut Criterion) {
    let layered = large::layered(|| layered(5, 100, 3));
    let estate = large::estate(|| estate(10, 40));
    let chain = large::chain(|| chain(500, 10));
    let hub = large::hub(|| hub(200));
    let ring = large::gate_ring(|| gate_ring(100));
    let ladder = large::gate_ladder(|| gate_ladder(100));
    let gate = large::wide_gate(|| wide_gate(100));

    timing::bench::<Reach>(
        criterion,
        &HEAP,
        &[&layered, &estate, &chain, &hub, &ring, &ladder, &gate],
    );

    timing::bench::<Behind>(criterion, &HEAP, &[&estate, &chain, &ring]);

    timing::bench::<Free>(criterion, &HEAP, &[&estate, &layered]);

    timing::bench::<Shortest>(criterion, &HEAP, &[&layered, &estate, &hub]);
}

/// What the entries reach.
struct Reach;

impl Question for Reach {
    const NAME: &'static str = "reach";
    type Given = ();
    type Answer = StateSet;

    fn prepare(_: &Shape) {}

    fn ask(shape: &Shape, (): &Self::Given, limits: &Limits) -> Self::Answer {
        reach(&shape.view(), &shape.entries, limits).unwrap()
    }

    fn verify(shape: &Shape, (): &Self::Given, reached: &Self::Answer) {
        verify::reach_with(&shape.view(), &shape.entries, &StateSet::new(), reached).unwrap();
    }

    fn find(shape: &Shape, (): &Self::Given, reached: &Self::Answer) -> Found {
        // What is reached is closed under steps, and all of it but the entries is given by a step from there.
        let mut given: StateSet = shape.entries.iter().copied().collect();
        for step in shape.view().steps() {
            if step.inputs().all(|input| reached.contains(input)) {
                given.insert(step.to());
            }
        }
        assert_eq!(given, *reached);
        vec![("reached", reached.len())]
    }
}

/// What one state in the middle reaches, while others hold what the entries reach.
struct Behind;

impl Question for Behind {
    const NAME: &'static str = "reach_with";
    type Given = StateSet;
    type Answer = StateSet;

    fn prepare(shape: &Shape) -> Self::Given {
        let limits = Limits::default();
        reach(&shape.view(), &shape.entries, &limits).unwrap()
    }

    fn ask(shape: &Shape, ambient: &Self::Given, limits: &Limits) -> Self::Answer {
        reach_with(&shape.view(), &middle(shape), ambient, limits).unwrap()
    }

    fn verify(shape: &Shape, ambient: &Self::Given, reached: &Self::Answer) {
        verify::reach_with(&shape.view(), &middle(shape), ambient, reached).unwrap();
    }

    fn find(_: &Shape, _: &Self::Given, reached: &Self::Answer) -> Found {
        vec![("reached", reached.len())]
    }
}

/// What is free, if every fourth state has to be won first.
struct Free;

impl Question for Free {
    const NAME: &'static str = "free";
    type Given = StateSet;
    type Answer = StateSet;

    fn prepare(shape: &Shape) -> Self::Given {
        shape
            .graph
            .states()
            .filter(|state| state.index() % 4 != 3)
            .collect()
    }

    fn ask(shape: &Shape, passes: &Self::Given, limits: &Limits) -> Self::Answer {
        free(&shape.view(), &shape.entries, passes, limits).unwrap()
    }

    fn verify(shape: &Shape, passes: &Self::Given, found: &Self::Answer) {
        verify::free(&shape.view(), &shape.entries, passes, found).unwrap();
    }

    fn find(_: &Shape, _: &Self::Given, found: &Self::Answer) -> Found {
        vec![("free", found.len())]
    }
}

/// The shortest ways between all pairs of some states.
struct Shortest;

impl Question for Shortest {
    const NAME: &'static str = "fewest_steps";
    type Given = Vec<(StateId, StateId)>;
    type Answer = Vec<Option<Vec<StateId>>>;

    fn prepare(shape: &Shape) -> Self::Given {
        let samples = shape.samples(33);
        let pairs = samples
            .iter()
            .flat_map(|&from| samples.iter().map(move |&to| (from, to)));
        pairs.collect()
    }

    fn ask(shape: &Shape, pairs: &Self::Given, limits: &Limits) -> Self::Answer {
        fewest_steps(&shape.view(), pairs, limits).unwrap()
    }

    fn verify(shape: &Shape, pairs: &Self::Given, found: &Self::Answer) {
        check_ways(shape, pairs, found);
    }

    fn find(shape: &Shape, pairs: &Self::Given, found: &Self::Answer) -> Found {
        check_ways(shape, pairs, found);
        let found = found.iter().flatten();
        vec![
            ("ways", found.clone().count()),
            ("states_on_ways", found.map(Vec::len).sum()),
        ]
    }
}

/// The state in the middle, by number.
fn middle(shape: &Shape) -> Vec<StateId> {
    shape.samples(3).into_iter().skip(1).take(1).collect()
}

/// Each way is made of steps.
fn check_ways(shape: &Shape, pairs: &[(StateId, StateId)], ways: &[Option<Vec<StateId>>]) {
    assert_eq!(pairs.len(), ways.len());
    let view = shape.view();
    for (&(from, to), way) in pairs.iter().zip(ways) {
        let Some(way) = way else {
            continue;
        };
        assert_eq!((way.first(), way.last()), (Some(&from), Some(&to)));
        for hop in way.windows(2) {
            let &[at, next] = hop else { continue };
            assert!(view.steps_from(at).any(|step| step.to() == next));
        }
    }
}

criterion_group!(reachability, benches);
