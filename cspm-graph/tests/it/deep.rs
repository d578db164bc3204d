//! Chains of a million states: no recursion, and near-linear time.

use cspm_graph::algo::{
    BlastOptions, QueryError, blast_resources, blast_sizes, choke, free, jewel_sets, min_cut,
    most_likely, next_most_likely, prize, reach,
};
use cspm_graph::graph::{
    AttackGraph, GraphBuilder, Limits, StateId, StateSet, StepAttributes, ViewOptions,
};

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
    let points = choke(&view, &[entry], &jewels, &limits).unwrap();
    let counts = (points.states().len(), points.steps().len());
    assert_eq!(counts, (COUNT as usize, COUNT as usize - 1));
    assert!(points.states().all(|point| point.value() == 1));
}

#[test]
fn chains_that_turn_between_blocks_are_walked_to_their_end() {
    // Each state of a chain leads to one far off, so that neighbours know of few states at a time.
    let quarter = COUNT / 4;
    let at = |chain: u32, place: u32| (2 * chain + place % 2) * quarter + place / 2;
    let pairs: Vec<(u32, u32)> = [0, 1]
        .into_iter()
        .flat_map(|chain| (1..2 * quarter).map(move |to| (at(chain, to - 1), at(chain, to))))
        .collect();
    let limits = Limits::default();
    let graph = GraphBuilder::new(COUNT as usize)
        .build_with_pairs(&pairs, &limits)
        .unwrap();
    let view = graph.view(&ViewOptions::default());
    let jewels = [0, 1].map(|chain| (state(at(chain, 2 * quarter - 1)), 1));
    let ask = |work| {
        let limits = Limits {
            work,
            ..Limits::default()
        };
        jewel_sets(&view, &StateSet::new(), &jewels, &limits)
    };
    // As many rounds as states of a chain, and each is work, if little of it.
    let sets = ask(40_000_000).unwrap();
    assert_eq!([0, 1].map(|chain| sets.count(state(at(chain, 0)))), [1, 1]);
    let QueryError::Limit(error) = ask(8_000_000).unwrap_err() else {
        panic!("another error")
    };
    assert_eq!(error.name(), "work");
}

#[test]
fn every_state_of_a_chain_cuts_off_the_jewels_behind_it() {
    let graph = chain(false);
    let view = graph.view(&ViewOptions::default());
    let jewels: Vec<_> = (0..COUNT).map(|at| (state(at), 1)).collect();
    let points = choke(&view, &[state(0)], &jewels, &Limits::default()).unwrap();
    for (point, left) in points.states().zip((1..=COUNT as usize).rev()) {
        assert_eq!((point.jewel_count(), point.value()), (left, left as u64));
    }
    let last = points.of_state(state(COUNT - 3)).unwrap();
    let behind = COUNT as usize - 3..COUNT as usize;
    assert_eq!(last.jewels(), behind.collect::<Vec<usize>>());
}

#[test]
fn a_hub_is_no_choke_point_of_what_has_another_way() {
    // 0 → 1, 1 → each of the rest, each of them → 2; every other one has a way from 0 as well.
    const RAYS: u32 = 100_000;
    let mut builder = GraphBuilder::new(RAYS as usize + 3);
    let mut add = |from: u32, to: u32| {
        builder.add_step(state(from), state(to), StepAttributes::default());
    };
    add(0, 1);
    for ray in 3..RAYS + 3 {
        add(1, ray);
        add(ray, 2);
        add(2, ray);
        if ray % 2 == 0 {
            add(0, ray);
        }
    }
    let graph = builder.build(&Limits::default()).unwrap();
    let view = graph.view(&ViewOptions::default());
    let jewels: Vec<_> = (0..RAYS + 3).map(|at| (state(at), 1)).collect();
    let points = choke(&view, &[state(0)], &jewels, &Limits::default()).unwrap();
    let count_of = |at: u32| points.of_state(state(at)).map(|point| point.jewel_count());
    assert_eq!(count_of(0), Some(RAYS as usize + 3));
    assert_eq!(
        (count_of(1), count_of(2), count_of(3)),
        (Some(1), Some(1), Some(1))
    );
    assert_eq!(points.steps().len(), 1);
}

#[test]
fn sets_of_long_ways_below_gates_share_what_they_have() {
    // Two lanes, with a gate over each rung into a lane of its own whose states lead back two rungs and on.
    const RUNGS: u32 = 100_000;
    let mut builder = GraphBuilder::new(3 * RUNGS as usize + 1);
    let at = |rung: u32, lane: u32| state(1 + 3 * rung + lane);
    for rung in 0..RUNGS {
        for lane in 0..2 {
            let before = if rung == 0 {
                state(0)
            } else {
                at(rung - 1, lane)
            };
            builder.add_step(before, at(rung, lane), StepAttributes::default());
        }
        let (left, right, over) = (at(rung, 0), at(rung, 1), at(rung, 2));
        builder.add_gate(&[left, right], over, StepAttributes::default());
        if rung > 0 {
            builder.add_step(over, at(rung - 1, 2), StepAttributes::default());
            builder.add_step(at(rung - 1, 2), over, StepAttributes::default());
        }
    }
    let graph = builder.build(&Limits::default()).unwrap();
    let view = graph.view(&ViewOptions::default());
    let limits = Limits {
        work: 20_000_000,
        ..Limits::default()
    };
    // Each gate gives the whole third lane, so the last of it needs the first rung alone.
    let jewels = [(at(RUNGS - 1, 2), 1), (at(RUNGS - 1, 1), 1)];
    let points = choke(&view, &[state(0)], &jewels, &limits).unwrap();
    let of = |place| points.of_state(place).map(|point| point.jewels());
    assert_eq!(of(state(0)), Some(vec![0, 1]));
    assert_eq!(
        (of(at(0, 0)), of(at(0, 1))),
        (Some(vec![0]), Some(vec![0, 1]))
    );
    assert_eq!((of(at(1, 0)), of(at(1, 1))), (None, Some(vec![1])));
}

#[test]
fn a_dense_cycle_below_gates_needs_what_its_gates_share() {
    // {1, 2} → 4, {1, 3} → 5, and both lead to each state of a clique.
    const CLIQUE: u32 = 500;
    let mut builder = GraphBuilder::new(6 + CLIQUE as usize);
    let plain = StepAttributes::default();
    for (from, to) in (1..=3).map(|to| (0, to)) {
        builder.add_step(state(from), state(to), plain);
    }
    builder.add_gate(&states(&[1, 2]), state(4), plain);
    builder.add_gate(&states(&[1, 3]), state(5), plain);
    for member in 6..6 + CLIQUE {
        for from in (4..6).chain(6..6 + CLIQUE) {
            builder.add_step(state(from), state(member), plain);
        }
    }
    let graph = builder.build(&Limits::default()).unwrap();
    let view = graph.view(&ViewOptions::default());
    let limits = Limits {
        work: 10_000_000,
        ..Limits::default()
    };
    let jewels: Vec<_> = (6..6 + CLIQUE).map(|at| (state(at), 1)).collect();
    let points = choke(&view, &[state(0)], &jewels, &limits).unwrap();
    let count_of = |at: u32| points.of_state(state(at)).map(|point| point.jewel_count());
    assert_eq!(
        (count_of(0), count_of(1)),
        (Some(CLIQUE as usize), Some(CLIQUE as usize))
    );
    assert_eq!([2, 3, 4, 5].map(count_of), [None; 4]);
    assert!((6..6 + CLIQUE).all(|at| count_of(at) == Some(1)));
    assert_eq!(points.steps().len(), 1);
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
fn resources_behind_each_of_a_million_states_are_counted() {
    let resources: Vec<u32> = (0..COUNT).collect();
    let sizes = |pairs: Vec<(u32, u32)>| {
        let builder = GraphBuilder::new(COUNT as usize);
        let graph = builder.build_with_pairs(&pairs, &Limits::default());
        let graph = graph.unwrap();
        let view = graph.view(&ViewOptions::default());
        let options = BlastOptions::default();
        let none = StateSet::new();
        let sizes = blast_sizes(&view, &none, &resources, &options, &Limits::default()).unwrap();
        move |number: u32| {
            let size = sizes.size(state(number));
            (size.count(), size.is_exact())
        }
    };
    // Four standard errors.
    let is_near = |size: (usize, bool), expected: u32| {
        !size.1 && size.0.abs_diff(expected as usize) * 4 < expected as usize
    };
    let chain = sizes((1..COUNT).map(|to| (to - 1, to)).collect());
    assert_eq!(chain(COUNT - 1), (1, true));
    assert_eq!(chain(COUNT - 255), (255, true));
    assert!(is_near(chain(COUNT - 256), 256));
    assert!(is_near(chain(COUNT / 2), COUNT / 2));
    assert!(is_near(chain(0), COUNT));

    let ring = sizes((0..COUNT).map(|at| (at, (at + 1) % COUNT)).collect());
    assert!(is_near(ring(0), COUNT));
    assert!((0..COUNT).all(|at| ring(at) == ring(0)));

    // Half of the others lead to the hub, and the hub to the other half.
    let spokes = (1..COUNT).map(|at| if at % 2 == 0 { (at, 0) } else { (0, at) });
    let hub = sizes(spokes.collect());
    assert!(is_near(hub(0), COUNT / 2));
    assert!((1..COUNT).all(|at| (hub(at) == (1, true)) == (at % 2 == 1)));
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
    let points = choke(&view, &[entry], &[(last, 7)], &limits).unwrap();
    let counts = (points.states().len(), points.steps().len());
    assert_eq!(counts, (COUNT as usize, COUNT as usize - 1));
    assert!(points.steps().all(|point| point.value() == 7));
    let cut = min_cut(&view, &[entry], &[last], |_| Some(1), &limits).unwrap();
    assert_eq!((cut.steps().len(), cut.is_exact()), (1, true));
}

#[test]
fn gates_with_many_inputs_are_near_linear_work() {
    // Each input comes by a way of its own: all of them, and the ways, cut the jewel off.
    let count = 20_000;
    let mut builder = GraphBuilder::new(count as usize + 3);
    let (entry, output, jewel) = (state(count), state(count + 1), state(count + 2));
    let inputs: Vec<StateId> = (0..count).map(state).collect();
    for &input in &inputs {
        builder.add_step(entry, input, StepAttributes::default());
    }
    builder.add_gate(&inputs, output, StepAttributes::default());
    builder.add_step(output, jewel, StepAttributes::default());
    let graph = builder.build(&Limits::default()).unwrap();
    let view = graph.view(&ViewOptions::default());
    let limits = Limits {
        work: u64::from(100 * count),
        ..Limits::default()
    };
    let points = choke(&view, &[entry], &[(jewel, 7)], &limits).unwrap();
    assert_eq!(points.states().len(), count as usize + 3);
    let sets = jewel_sets(&view, &StateSet::new(), &[(jewel, 7)], &limits).unwrap();
    assert_eq!((sets.value(entry), sets.value(state(0))), (7, 0));
    let (resources, options) = (
        (0..count + 3).collect::<Vec<u32>>(),
        BlastOptions::default(),
    );
    let sizes = blast_sizes(&view, &StateSet::new(), &resources, &options, &limits).unwrap();
    assert_eq!(sizes.size(output).count(), 2);
}
