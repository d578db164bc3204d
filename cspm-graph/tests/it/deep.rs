//! Chains of a million states: no recursion, and near-linear time.

use cspm_graph::algo::{
    QueryError, blast_resources, choke, free, jewel_sets, min_cut, most_likely, next_most_likely,
    prize, reach,
};
use cspm_graph::graph::{AttackGraph, GraphBuilder, Limits, StateSet, StepAttributes, ViewOptions};

use crate::model::{state, states};

const COUNT: u32 = 1_000_000;

/// Each state leads to the next; with `gated`, each needs the two before it.
fn chain(gated: bool) -> AttackGraph {
    let mut builder = GraphBuilder::new(COUNT as usize);
    for number in 1..COUNT {
        if gated && number > 1 {
            let inputs = states(&[number - 2, number - 1]);
            builder.add_gate(&inputs, state(number), StepAttributes::default());
        } else {
            builder.add_step(state(number - 1), state(number), StepAttributes::default());
        }
    }
    builder.build(&Limits::default()).unwrap()
}

#[test]
fn a_long_chain_is_walked_to_its_end() {
    let graph = chain(false);
    let view = graph.view(&ViewOptions::default());
    let limits = Limits::default();
    let (entry, last) = (state(0), state(COUNT - 1));
    let jewels = [(last, 1)];

    let reached = reach(&view, &[entry], &limits).unwrap();
    assert_eq!(reached.len(), COUNT as usize);
    let sets = jewel_sets(&view, &StateSet::new(), &jewels, &limits).unwrap();
    assert_eq!((sets.count(entry), sets.rounds()), (1, 1));
    let ways = most_likely(&view, &[entry], &limits).unwrap();
    assert_eq!(
        ways.derivation(last).map(|way| way.steps().len()),
        Some(COUNT as usize - 1)
    );
    let prizes = prize(&view, &ways, &jewels, &limits).unwrap();
    assert_eq!(prizes.best(entry).map(|best| best.cost()), Some(0));
    let cut = min_cut(&view, &[entry], &[last], |_| Some(1), &limits).unwrap();
    assert_eq!((cut.steps().len(), cut.is_exact()), (1, true));
    let free = free(&view, &[entry], &reached, &limits).unwrap();
    assert_eq!(free.len(), COUNT as usize);
    let resources: Vec<u32> = (0..COUNT).collect();
    let blast = blast_resources(
        &view,
        &[entry],
        &StateSet::new(),
        &resources,
        usize::MAX,
        &limits,
    );
    assert_eq!(blast.unwrap().count(), COUNT as usize);
    // The further ways take a search for each step: cut, and said so.
    let few = Limits {
        work: 10_000_000,
        ..Limits::default()
    };
    let (found, _) = next_most_likely(&view, &[entry], last, 1, &few).unwrap();
    assert_eq!(found.len(), 1);
    let few = Limits {
        work: 100_000_000,
        ..Limits::default()
    };
    assert!(matches!(
        choke(&view, &[entry], &jewels, &few),
        Err(QueryError::Limit(_))
    ));
}

#[test]
fn a_long_ring_is_one_component() {
    let mut builder = GraphBuilder::new(COUNT as usize);
    for number in 0..COUNT {
        builder.add_step(
            state(number),
            state((number + 1) % COUNT),
            StepAttributes::default(),
        );
    }
    let graph = builder.build(&Limits::default()).unwrap();
    let view = graph.view(&ViewOptions::default());
    let jewels = [(state(COUNT / 2), 3)];
    let sets = jewel_sets(&view, &StateSet::new(), &jewels, &Limits::default()).unwrap();
    assert!(graph.states().all(|at| sets.value(at) == 3));
    assert_eq!(sets.distinct_sets(), 2);
}

#[test]
fn a_long_chain_of_gates_is_walked_to_its_end() {
    let graph = chain(true);
    graph.validate().unwrap();
    let view = graph.view(&ViewOptions::default());
    let limits = Limits::default();
    let (entry, last) = (state(0), state(COUNT - 1));
    assert_eq!(
        reach(&view, &[entry], &limits).unwrap().len(),
        COUNT as usize
    );
    let ways = most_likely(&view, &[entry], &limits).unwrap();
    assert_eq!(
        ways.derivation(last).map(|way| way.steps().len()),
        Some(COUNT as usize - 1)
    );
    let cut = min_cut(&view, &[entry], &[last], |_| Some(1), &limits).unwrap();
    assert_eq!((cut.steps().len(), cut.is_exact()), (1, true));
}
