//! Shapes are what their docs say.

use std::collections::BTreeSet;

use cspm_benches::{
    Shape, all_sets_differ, chain, estate, gate_ladder, gate_ring, hub, layered, scattered,
    wide_gate,
};
use cspm_graph::algo::{JewelSets, choke, jewel_sets, reach, reach_with};
use cspm_graph::graph::{Limits, StateSet};

fn shapes() -> [Shape; 9] {
    [
        layered(5, 100, 3),
        estate(10, 50),
        chain(300, 10),
        hub(300),
        gate_ring(50),
        gate_ladder(50),
        wide_gate(50),
        all_sets_differ(100, 4),
        scattered(100, 200),
    ]
}

fn sets_of(shape: &Shape) -> JewelSets {
    let none = StateSet::new();
    jewel_sets(&shape.view(), &none, &shape.jewels, &Limits::default()).unwrap()
}

#[test]
fn shapes_are_sound_and_the_same_each_time() {
    for (one, other) in shapes().iter().zip(shapes()) {
        one.graph.validate().unwrap();
        let steps = |shape: &Shape| -> Vec<_> {
            let steps = shape.graph.steps();
            let ends = steps.map(|step| (step.inputs().collect::<Vec<_>>(), step.to()));
            ends.collect()
        };
        assert_eq!(steps(one), steps(&other));
        assert_eq!((&one.entries, &one.jewels), (&other.entries, &other.jewels));
    }
}

#[test]
fn entries_of_each_shape_reach_jewels() {
    let limits = Limits::default();
    for shape in shapes() {
        let reached = reach(&shape.view(), &shape.entries, &limits).unwrap();
        let mut jewels = shape.jewels.iter();
        assert!(
            jewels.any(|&(jewel, _)| reached.contains(jewel)),
            "{shape:?}"
        );
    }
}

#[test]
fn all_sets_differ_and_are_wide() {
    const COUNT: u32 = 500;
    let shape = all_sets_differ(COUNT, 8);
    let sets = sets_of(&shape);
    let each = shape.graph.states().map(|state| sets.members(state));
    let distinct: BTreeSet<Vec<usize>> = each.map(Iterator::collect).collect();
    assert_eq!(distinct.len(), COUNT as usize);
    for (state, ahead) in shape.graph.states().zip((1..=COUNT as usize).rev()) {
        assert_eq!(sets.count(state), ahead);
    }
}

#[test]
fn scattered_sets_differ_and_none_is_in_another() {
    let shape = scattered(300, 1_000);
    let sets = sets_of(&shape);
    let sources = shape.graph.states().take(300);
    let sets: Vec<BTreeSet<usize>> = sources
        .map(|source| sets.members(source).collect())
        .collect();
    for (at, one) in sets.iter().enumerate() {
        assert!(one.len() > 100, "{} members", one.len());
        let others = sets.iter().enumerate().filter(|&(other, _)| other != at);
        for (_, other) in others {
            assert!(!one.is_subset(other));
        }
    }
}

#[test]
fn a_ring_is_held_together_by_gates_alone() {
    let shape = gate_ring(50);
    let (view, limits) = (shape.view(), Limits::default());
    let reached = reach(&view, &shape.entries, &limits).unwrap();
    assert_eq!(reached.len(), shape.graph.state_count());
    // Of two states that a gate needs one is no use, unless others hold the other.
    let one = &shape.entries[..1];
    assert_eq!(reach(&view, one, &limits).unwrap().len(), 1);
    assert_eq!(
        reach_with(&view, one, &reached, &limits).unwrap().len(),
        reached.len()
    );
}

#[test]
fn a_wide_gate_needs_all_its_inputs() {
    let shape = wide_gate(50);
    let limits = Limits::default();
    let points = choke(&shape.view(), &shape.entries, &shape.jewels, &limits).unwrap();
    assert_eq!(points.states().len(), shape.graph.state_count());
    assert_eq!(points.steps().len(), shape.graph.step_count());
}
