//! The way with the fewest steps.

use std::collections::{BTreeMap, VecDeque};

use cspm_graph::algo::fewest_steps;
use cspm_graph::graph::{GraphBuilder, Limits, StateId, ViewOptions};
use proptest::prelude::*;

use crate::large::{Random, graph, id};
use crate::model::{Model, state};
use crate::shapes::{model_and_cut, times};

/// Steps from a state to each that it reaches by ordinary steps: a plain search from one end.
fn distances(model: &Model, from: u32) -> BTreeMap<u32, usize> {
    let mut distances = BTreeMap::from([(from, 0)]);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        // An input that is named twice counts once.
        let from_here = model
            .steps
            .iter()
            .filter(|it| it.inputs.iter().all(|&input| input == at));
        for step in from_here {
            if !distances.contains_key(&step.to) {
                distances.insert(step.to, distances[&at] + 1);
                queue.push_back(step.to);
            }
        }
    }
    distances
}

proptest! {
    #![proptest_config(times(2))]

    #[test]
    fn no_way_is_shorter((model, cut) in model_and_cut(12, 12)) {
        let graph = model.build();
        let left = model.cut(&cut);
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let all = || 0..model.state_count;
            let pairs: Vec<(StateId, StateId)> =
                all().flat_map(|from| all().map(move |to| (state(from), state(to)))).collect();
            let ways = fewest_steps(&view, &pairs, &Limits::default()).unwrap();
            for (&(from, to), way) in pairs.iter().zip(&ways) {
                let expected = distances(&left, from.get()).get(&to.get()).copied();
                prop_assert_eq!(way.as_ref().map(|way| way.len() - 1), expected, "{} to {}", from, to);
                let Some(way) = way else { continue };
                prop_assert_eq!((way.first(), way.last()), (Some(&from), Some(&to)));
                for pair in way.windows(2) {
                    let found = view.steps_from(pair[0]).any(|it| !it.is_gate() && it.to() == pair[1]);
                    prop_assert!(found, "no step from {} to {}", pair[0], pair[1]);
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn pairs_with_the_same_target_do_not_disturb_one_another() {
    let mut random = Random(11);
    for shape in 0..3 {
        let graph = graph(shape, 3_000, 0, &mut random);
        let view = graph.view(&ViewOptions::default());
        let targets: Vec<StateId> = (0..3).map(|_| id(random.below(3_000))).collect();
        let pairs: Vec<(StateId, StateId)> = (0..60)
            .map(|at| (id(random.below(3_000)), targets[at % targets.len()]))
            .collect();
        let together = fewest_steps(&view, &pairs, &Limits::default()).unwrap();
        for (pair, way) in pairs.iter().zip(together) {
            let alone = fewest_steps(&view, &[*pair], &Limits::default()).unwrap();
            assert_eq!(
                way.map(|it| it.len()),
                alone[0].as_ref().map(Vec::len),
                "{pair:?}"
            );
        }
    }
}

#[test]
fn of_many_states_in_which_searches_meet_the_first_is_taken() {
    // Both searches come to all of the middle at once: 0 to 1 to each of it, and from there a long chain to 2. Steps
    // beside the way make the other search the smaller one until then.
    let (middle, length) = (40_000, 40_000);
    let (chain, beside) = (3 + middle, 3 + middle + length);
    let mut pairs = vec![(0, 1)];
    for at in 3..chain {
        pairs.extend([(1, at), (beside, at), (at, chain)]);
    }
    pairs.extend((1..10).map(|at| (1, beside + at)));
    pairs.extend((chain..beside - 1).map(|at| (at, at + 1)));
    pairs.push((beside - 1, 2));
    let graph = GraphBuilder::new(beside as usize + 10)
        .build_with_pairs(&pairs, &Limits::default())
        .unwrap();
    let view = graph.view(&ViewOptions::default());
    // Enough for each step a few times, and for one way back, not for one from each state of the middle.
    let limits = Limits {
        work: 2_000_000,
        ..Limits::default()
    };
    let ways = fewest_steps(&view, &[(state(0), state(2))], &limits).unwrap();
    let way = ways.first().cloned().flatten().unwrap();
    assert_eq!(way.len(), length as usize + 4);
    assert_eq!(way[2], state(3));
}
