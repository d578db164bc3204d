//! Which single steps and states, left out, cut jewels off?

use criterion::{Criterion, criterion_group};
use cspm_benches::{
    Shape, all_sets_differ, chain, estate, gate_ladder, gate_ring, hub, large, layered, wide_gate,
};
use cspm_graph::algo::{ChokePoints, choke, reach, verify};
use cspm_graph::graph::{Limits, StateId, Step, StepId};

use crate::HEAP;
use crate::timing::{self, Found, Question};

fn benches(criterion: &mut Criterion) {
    let layered = large::layered(|| layered(5, 100, 3));
    let estate = large::estate(|| estate(10, 40));
    let chain = large::chain(|| chain(200, 10));
    let hub = large::hub(|| hub(200));
    let differ = large::all_sets_differ(|| all_sets_differ(100, 4));
    let ring = large::gate_ring(|| gate_ring(50));
    let ladder = large::gate_ladder(|| gate_ladder(50));
    let gate = large::wide_gate(|| wide_gate(50));

    let shapes = [
        &layered, &estate, &chain, &hub, &differ, &ring, &ladder, &gate,
    ];
    timing::bench::<Choke>(criterion, &HEAP, &shapes);
}

/// All choke points.
struct Choke;

impl Question for Choke {
    const NAME: &'static str = "choke";
    type Given = ();
    type Answer = ChokePoints;

    fn prepare(_: &Shape) {}

    fn ask(shape: &Shape, (): &Self::Given, limits: &Limits) -> Self::Answer {
        choke(&shape.view(), &shape.entries, &shape.jewels, limits).unwrap()
    }

    fn verify(shape: &Shape, (): &Self::Given, points: &Self::Answer) {
        verify::choke(&shape.view(), &shape.entries, &shape.jewels, points).unwrap();
    }

    fn find(shape: &Shape, (): &Self::Given, answer: &Self::Answer) -> Found {
        found(shape, answer)
    }
}

/// Leaves some points out, and looks how many jewels are reached no more.
fn found(shape: &Shape, points: &ChokePoints) -> Found {
    let limits = Limits::default();
    let view = shape.view();
    let jewels_reached = |without: &[StepId], entries: &[StateId]| {
        let reached = reach(&view.without(without), entries, &limits).unwrap();
        let jewels = shape.jewels.iter();
        jewels.filter(|(jewel, _)| reached.contains(*jewel)).count()
    };
    let all = jewels_reached(&[], &shape.entries);
    let some = points.steps().step_by(points.steps().len() / 5 + 1);
    for point in some {
        let left = jewels_reached(&[point.id()], &shape.entries);
        assert_eq!(all - left, point.jewel_count());
    }
    for state in shape.samples(5) {
        let around: Vec<_> = view
            .steps_from(state)
            .chain(view.steps_into(state))
            .collect();
        let around: Vec<_> = around.iter().map(Step::id).collect();
        let others = shape
            .entries
            .iter()
            .copied()
            .filter(|&entry| entry != state);
        let left = jewels_reached(&around, &others.collect::<Vec<_>>());
        let claimed = points
            .of_state(state)
            .map_or(0, |point| point.jewel_count());
        assert_eq!(all - left, claimed, "jewels cut off by {state}");
    }
    let cut_off = points.states().map(|point| point.jewel_count());
    vec![
        ("states", points.states().len()),
        ("steps", points.steps().len()),
        ("jewels_cut_off", cut_off.sum()),
    ]
}

criterion_group!(choke_points, benches);
