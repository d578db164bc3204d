//! Ways of walking that only larger graphs take: several threads, from below, many parts.

use cspm_graph::algo::{reach, reach_with};
use cspm_graph::graph::{
    AttackGraph, GraphBuilder, KindSet, Limits, StateId, StateSet, StepAttributes, StepKind, View,
    ViewOptions,
};

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

pub(crate) fn id(index: usize) -> StateId {
    StateId::from_index(index).unwrap()
}

/// The shapes: nearly a tree, small world, estate-like with hubs and neighbourhoods, a chain.
pub(crate) fn pairs(shape: usize, count: usize, random: &mut Random) -> Vec<(u32, u32)> {
    let number = |index: usize| u32::try_from(index).unwrap();
    let mut pairs = Vec::new();
    match shape {
        0 => pairs.extend((1..count).map(|to| (number(random.below(to)), number(to)))),
        1 => {
            for _ in 0..count * 12 {
                pairs.push((number(random.below(count)), number(random.below(count))));
            }
        }
        2 => {
            for from in 0..count {
                for _ in 0..random.below(4) {
                    let near = (from + random.below(60)).min(count - 1);
                    pairs.push((number(from), number(near)));
                }
                if random.below(40) == 0 {
                    pairs.push((number(from), number(random.below(count))));
                }
            }
            for _ in 0..3 {
                let hub = random.below(count);
                pairs.extend((0..count / 5).map(|_| (number(hub), number(random.below(count)))));
            }
        }
        _ => pairs.extend((1..count).map(|to| (number(to - 1), number(to)))),
    }
    // Parallel steps and loops.
    for _ in 0..count / 50 {
        let copy = pairs[random.below(pairs.len())];
        pairs.push(copy);
        pairs.push((copy.0, copy.0));
    }
    pairs
}

pub(crate) fn graph(shape: usize, count: usize, gates: usize, random: &mut Random) -> AttackGraph {
    let mut builder = GraphBuilder::new(count);
    for _ in 0..gates {
        let inputs: Vec<StateId> = (0..2 + random.below(2))
            .map(|_| id(random.below(count)))
            .collect();
        builder.add_gate(&inputs, id(random.below(count)), StepAttributes::default());
    }
    let pairs = pairs(shape, count, random);
    builder
        .build_with_pairs(&pairs, &Limits::default())
        .unwrap()
}

/// The same steps, in a view that is not known to be whole: kinds that no step has are left out.
fn filtered(graph: &AttackGraph) -> View<'_> {
    let options = ViewOptions {
        kinds: KindSet::ALL.without(StepKind(200)),
        ..ViewOptions::default()
    };
    let view = graph.view(&options);
    let first = graph.steps().next().unwrap().id();
    // One that is left out of both, so that nothing is whole.
    view.without(&[first])
}

pub(crate) fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(work)
}

#[test]
fn whatever_way_is_walked_the_same_is_reached() {
    let mut random = Random(5);
    for shape in 0..4 {
        for (count, gates) in [(20_000, 0), (20_000, 300)] {
            let graph = graph(shape, count, gates, &mut random);
            graph.validate().unwrap();
            let source: Vec<StateId> = (0..20).map(|_| id(random.below(count))).collect();
            let ambient: StateSet = (0..200).map(|_| id(random.below(count))).collect();
            let whole = graph.view(&ViewOptions::default());
            // The step that the filtered view lacks is added by hand.
            let view = filtered(&graph);
            let missing = graph.steps().next().unwrap();
            let (from, to) = (missing.inputs().next().unwrap(), missing.to());
            let limits = Limits::default();
            let mut expected = reach_with(&view, &source, &ambient, &limits).unwrap();
            if expected.contains(from) && !missing.is_gate() && !expected.contains(to) {
                let more: Vec<StateId> = expected.iter().chain([to]).collect();
                expected = reach_with(&view, &more, &ambient, &limits).unwrap();
            }
            for threads in [1, 2, 3] {
                let found =
                    with_threads(threads, || reach_with(&whole, &source, &ambient, &limits));
                assert_eq!(
                    found.unwrap(),
                    expected,
                    "shape {shape}, {gates} gates, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn pairs_give_the_graph_that_steps_give() {
    let mut random = Random(9);
    for shape in 0..4 {
        let count = 9_000;
        let pairs = pairs(shape, count, &mut random);
        let mut builder = GraphBuilder::new(count);
        for &(from, to) in &pairs {
            let (from, to) = (StateId::new(from).unwrap(), StateId::new(to).unwrap());
            builder.add_step(from, to, StepAttributes::default());
        }
        let expected = builder.build(&Limits::default()).unwrap();
        let ends = |graph: &AttackGraph| -> Vec<(StateId, StateId, usize)> {
            let steps = graph.steps();
            steps
                .map(|it| (it.inputs().next().unwrap(), it.to(), it.id().index()))
                .collect()
        };
        for threads in [1, 2, 3] {
            let limits = Limits::default();
            let found = with_threads(threads, || {
                GraphBuilder::new(count).build_with_pairs(&pairs, &limits)
            });
            let found = found.unwrap();
            found.validate().unwrap();
            assert_eq!(ends(&found), ends(&expected));
            for state in found.states().step_by(97) {
                let into = |graph: &AttackGraph| -> Vec<usize> {
                    graph.steps_into(state).map(|it| it.id().index()).collect()
                };
                assert_eq!(into(&found), into(&expected));
            }
        }
    }
}

#[test]
fn a_pair_beyond_the_states_is_refused() {
    let pairs = [(0, 1), (1, 5), (7, 0)];
    let error = GraphBuilder::new(5)
        .build_with_pairs(&pairs, &Limits::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph not built: step with tag 0 names state 5, but there are only 5 states"
    );
    let limits = Limits {
        steps: 2,
        ..Limits::default()
    };
    let error = GraphBuilder::new(9)
        .build_with_pairs(&pairs, &limits)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("limit `steps` of 2 passed: 3 observed"),
        "{error}"
    );
}

#[test]
fn work_is_counted_however_it_is_walked() {
    let mut random = Random(13);
    for shape in 0..4 {
        let graph = graph(shape, 100_000, 0, &mut random);
        let view = graph.view(&ViewOptions::default());
        let source: Vec<StateId> = (0..10).map(id).collect();
        let limits = Limits {
            work: 1_000,
            ..Limits::default()
        };
        for threads in [1, 2] {
            let reached = with_threads(threads, || reach(&view, &source, &limits));
            let few = reach(&view, &source, &Limits::default()).unwrap().len() < 500;
            assert_eq!(reached.is_ok(), few, "shape {shape}, {threads} threads");
        }
    }
}

#[test]
fn the_whole_graph_may_be_entries() {
    let mut random = Random(3);
    let graph = graph(1, 5_000, 10, &mut random);
    let all: Vec<StateId> = graph.states().collect();
    let view = graph.view(&ViewOptions::default());
    assert_eq!(reach(&view, &all, &Limits::default()).unwrap().len(), 5_000);
    assert!(reach(&view, &[], &Limits::default()).unwrap().is_empty());
}

#[test]
fn what_a_wide_part_hides_is_walked_to_its_end() {
    // 0 leads to all of the first half, and that to one another; the last of it begins a chain through the rest. Wide
    // parts are walked from what is not reached yet, chains from what is.
    let half = 20_000;
    let spread = (1..half).flat_map(|at| [(0, at), (at, at * 7 % half), (at, at * 31 % half)]);
    let chain = (half..2 * half).map(|at| (at - 1, at));
    let pairs: Vec<(u32, u32)> = spread.chain(chain).collect();
    let graph = GraphBuilder::new(2 * half as usize)
        .build_with_pairs(&pairs, &Limits::default())
        .unwrap();
    let view = graph.view(&ViewOptions::default());
    for threads in [1, 2] {
        let reached = with_threads(threads, || reach(&view, &[id(0)], &Limits::default()));
        assert_eq!(reached.unwrap().len(), 2 * half as usize);
    }
}

#[test]
fn an_input_that_two_threads_come_to_at_once_counts_once() {
    // Both entries lead to the same inputs, in the same order, each on a thread of its own. The other input of each
    // gate is never reached. Steps elsewhere keep the wide part from being walked from below.
    let inputs = 40_000;
    let (never, output, elsewhere) = (2, 3, 4 + inputs);
    let mut builder = GraphBuilder::new(elsewhere + 10);
    for at in 4..elsewhere {
        builder.add_gate(&[id(at), id(never)], id(output), StepAttributes::default());
    }
    let number = |index: usize| u32::try_from(index).unwrap();
    let both = (4..elsewhere).flat_map(|at| [(0, number(at)), (1, number(at))]);
    let others = (0..14 * inputs).map(|at| (at % 10, at / 10 % 10));
    let others = others.map(|(from, to)| (number(elsewhere + from), number(elsewhere + to)));
    let pairs: Vec<(u32, u32)> = both.chain(others).collect();
    let graph = builder
        .build_with_pairs(&pairs, &Limits::default())
        .unwrap();
    let view = graph.view(&ViewOptions::default());
    for _ in 0..10 {
        let reached = with_threads(2, || reach(&view, &[id(0), id(1)], &Limits::default()));
        let reached = reached.unwrap();
        assert_eq!(reached.len(), 2 + inputs);
        assert!(!reached.contains(id(output)));
    }
}
