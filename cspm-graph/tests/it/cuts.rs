//! Sets of steps that cut jewels off: the cheapest, and one after another.

use std::collections::BTreeSet;
use std::ops::Range;

use cspm_graph::algo::{GreedyCut, MinCut, Pick, choke, greedy_cut, min_cut, verify};
use cspm_graph::graph::{AttackGraph, Limits, StateId, StepId, ViewOptions};
use petgraph::algo::maximum_flow::dinics;
use petgraph::graph::{DiGraph, NodeIndex};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::{Model, ModelStep, step};
use crate::naive;
use crate::shapes::{model, model_and_cut, model_without_gates, times, without_gates};

/// What it costs to cut the step of each tag; `None` if it cannot be cut.
type Costs = Vec<Option<u32>>;

fn costs() -> impl Strategy<Value = Costs> {
    let cost = prop_oneof![1 => Just(None), 4 => (0..5_u32).prop_map(Some)];
    prop_oneof![1 => Just(vec![Some(1)]), 3 => vec(cost, 1..20)]
}

/// Models in which nearly all states lie between the entry and the jewels: 0 and the last ones. Most steps lead
/// onwards, a half of them are gates.
fn model_between(state_count: u32, steps: Range<usize>) -> impl Strategy<Value = Model> {
    let one = (0..100_u32, 0..100_u32, 1..state_count, 0..10_u32);
    vec(one, steps).prop_map(move |draws| {
        let steps = draws.iter().map(|&(one, other, to, shape)| {
            let below = if shape == 0 { state_count } else { to };
            let inputs = [one % below, other % below];
            step(&inputs[..=usize::from(shape % 2 == 0)], to)
        });
        asked(
            state_count,
            steps.collect(),
            &[(state_count - 1, 7), (state_count - 2, 5)],
        )
    })
}

fn cost_of(costs: &Costs, tag: u32) -> Option<u32> {
    costs[tag as usize % costs.len()]
}

fn tags(graph: &AttackGraph, steps: &[StepId]) -> Vec<u32> {
    let tag = |&step: &StepId| graph.step(step).unwrap().tag();
    steps.iter().map(tag).collect()
}

fn places(model: &Model) -> Vec<StateId> {
    model.jewels().into_iter().map(|(state, _)| state).collect()
}

fn without(model: &Model, is_cut: impl Fn(&ModelStep) -> bool) -> Model {
    let mut left = model.clone();
    left.steps.retain(|step| !is_cut(step));
    left
}

/// The jewels that are reached whatever is cut, and the least cost of a set that cuts the others off, by
/// trying all sets.
fn cheapest(model: &Model, costs: &Costs) -> (Vec<usize>, u64) {
    let can_be_cut: Vec<(u32, u64)> = model
        .steps
        .iter()
        .filter_map(|step| Some((step.tag, u64::from(cost_of(costs, step.tag)?))))
        .collect();
    let reached = |cut: &BTreeSet<u32>| -> Vec<usize> {
        let left = without(model, |step| cut.contains(&step.tag));
        let reached = naive::reach(&left, &left.entries);
        let numbered = model.jewels.iter().enumerate();
        numbered
            .filter(|(_, (at, _))| reached.contains(at))
            .map(|(jewel, _)| jewel)
            .collect()
    };
    let uncuttable = reached(&can_be_cut.iter().map(|&(tag, _)| tag).collect());
    let mut least = u64::MAX;
    for set in 0..1_u32 << can_be_cut.len() {
        let chosen = can_be_cut
            .iter()
            .enumerate()
            .filter(|(place, _)| set >> place & 1 == 1);
        let cost = chosen.clone().map(|(_, (_, cost))| cost).sum();
        if cost < least && reached(&chosen.map(|(_, (tag, _))| *tag).collect()) == uncuttable {
            least = cost;
        }
    }
    (uncuttable, least)
}

fn ask(model: &Model, costs: &Costs) -> (AttackGraph, MinCut) {
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let cost = |step: StepId| cost_of(costs, graph.step(step).unwrap().tag());
    let (entries, jewels) = (model.entries(), places(model));
    let cut = min_cut(&view, &entries, &jewels, cost, &Limits::default()).unwrap();
    verify::min_cut(&view, &entries, &jewels, cost, &cut).unwrap();
    (graph, cut)
}

fn ask_greedily(model: &Model, costs: &Costs, budget: usize) -> (AttackGraph, GreedyCut) {
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let cost = |step: StepId| cost_of(costs, graph.step(step).unwrap().tag());
    let (entries, jewels) = (model.entries(), model.jewels());
    let cut = greedy_cut(&view, &entries, &jewels, budget, cost, &Limits::default()).unwrap();
    verify::greedy_cut(&view, &entries, &jewels, cost, &cut).unwrap();
    (graph, cut)
}

/// Asks for the cheapest cut of a view, and compares it with all sets of steps of what is left of the model in it.
fn compare(
    model: &Model,
    left: &Model,
    options: &ViewOptions<'_>,
    costs: &Costs,
) -> Result<(), TestCaseError> {
    let graph = model.build();
    let view = graph.view(options);
    let cost = |step: StepId| cost_of(costs, graph.step(step).unwrap().tag());
    let (entries, jewels) = (model.entries(), places(model));
    let found = min_cut(&view, &entries, &jewels, cost, &Limits::default()).unwrap();
    verify::min_cut(&view, &entries, &jewels, cost, &found).unwrap();
    let (uncuttable, least) = cheapest(left, costs);
    prop_assert_eq!(found.uncuttable(), uncuttable);
    prop_assert_eq!((found.cost(), found.lower_bound()), (least, least));
    Ok(())
}

proptest! {
    #![proptest_config(times(2))]

    #[test]
    fn no_set_of_steps_is_cheaper((mut model, cut) in model_and_cut(9, 4), costs in costs()) {
        model.steps.truncate(11);
        cut.with_options(&model.build(), |options| compare(&model, &model.cut(&cut), options, &costs))?;
    }

    #[test]
    fn no_set_of_steps_between_is_cheaper(model in model_between(7, 6..13), costs in costs()) {
        compare(&model, &model, &ViewOptions::default(), &costs)?;
    }

    #[test]
    fn without_gates_the_cost_is_the_flow_that_petgraph_finds(
        model in prop_oneof![
            model_without_gates(30, 25),
            model_between(20, 20..60).prop_map(without_gates),
        ],
        costs in vec(0..9_u32, 1..20),
    ) {
        let costs: Costs = costs.into_iter().map(Some).collect();
        let (_, cut) = ask(&model, &costs);
        let mut network: DiGraph<(), u64> = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..model.state_count).map(|_| network.add_node(())).collect();
        let (source, sink) = (network.add_node(()), network.add_node(()));
        for step in &model.steps {
            let cost = u64::from(cost_of(&costs, step.tag).unwrap());
            if cost > 0 {
                network.add_edge(nodes[step.inputs[0] as usize], nodes[step.to as usize], cost);
            }
        }
        let plenty = 1_000_000;
        for &entry in model.entries.iter().collect::<BTreeSet<_>>() {
            network.add_edge(source, nodes[entry as usize], plenty);
        }
        for &(at, _) in model.jewels.iter().filter(|(at, _)| !model.entries.contains(at)) {
            network.add_edge(nodes[at as usize], sink, plenty);
        }
        let (flow, _) = dinics(&network, source, sink);
        prop_assert!(cut.is_exact());
        prop_assert_eq!(cut.cost(), flow);
    }

    #[test]
    fn a_set_cuts_on_larger_graphs_with_gates(
        model in prop_oneof![model(40, 40), model_between(20, 20..60)],
        costs in costs(),
    ) {
        let (_, cut) = ask(&model, &costs);
        // What cuts all jewels off cuts fewer off too.
        let mut fewer = model;
        fewer.jewels.pop();
        let (_, fewer) = ask(&fewer, &costs);
        prop_assert!(fewer.lower_bound() <= cut.cost());
    }

    #[test]
    fn each_step_chosen_is_the_one_that_cuts_the_most_off(
        mut model in prop_oneof![model(12, 10), model_between(9, 8..20)],
        costs in costs(),
        budget in 0..5_usize,
    ) {
        drop(ask_greedily(&model, &costs, budget));
        // So that each jewel that is cut off shows in the sum.
        for (_, value) in &mut model.jewels {
            *value = (*value).min(1_000);
        }
        let (graph, cut) = ask_greedily(&model, &costs, budget);
        prop_assert!(cut.picks().len() <= budget);
        prop_assert_eq!(cut.rounds().collect::<Vec<_>>().concat(), cut.picks());
        let mut chosen: Vec<StepId> = Vec::new();
        let mut value = 0;
        for round in cut.rounds().map(Some).chain([None]) {
            let view = graph.view(&ViewOptions::default()).without(&chosen);
            let points = choke(&view, &model.entries(), &model.jewels(), &Limits::default()).unwrap();
            let tag = |step: StepId| graph.step(step).unwrap().tag();
            let best = points
                .steps()
                .filter(|point| point.value() > 0 && cost_of(&costs, tag(point.id())).is_some())
                .min_by_key(|point| {
                    let cost = cost_of(&costs, tag(point.id()));
                    (std::cmp::Reverse(point.value()), cost, point.id())
                })
                .map(|point| point.id());
            match round {
                Some(round) => {
                    let steps: Vec<StepId> = round.iter().map(Pick::step).collect();
                    if best.is_some() {
                        prop_assert_eq!(steps.as_slice(), best.as_slice());
                    } else {
                        prop_assert!(steps.len() > 1 && steps.is_sorted());
                    }
                    let after = round.last().map_or(0, Pick::value);
                    prop_assert!(after > value);
                    value = after;
                    chosen.extend(steps);
                }
                None => prop_assert!(chosen.len() == budget || best.is_none()),
            }
        }
    }
}

fn asked(state_count: u32, steps: Vec<ModelStep>, jewels: &[(u32, u64)]) -> Model {
    Model {
        entries: vec![0],
        jewels: jewels.to_vec(),
        ..Model::new(state_count, steps)
    }
}

#[test]
fn a_set_of_steps_is_told_as_one_round() {
    // 0 → 1 and 0 → 2 → 1 → 3, and 0 → 4 → 3. What cuts 3 off cuts 1 off on the way.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[2], 1),
        step(&[1], 3),
        step(&[0], 4),
        step(&[4], 3),
    ];
    let model = asked(5, steps, &[(3, 7), (1, 5)]);
    let costs = vec![Some(1), None, Some(0), None, None, Some(0)];
    let (graph, cut) = ask_greedily(&model, &costs, 3);
    let rounds: Vec<Vec<(u32, u64)>> = cut
        .rounds()
        .map(|round| {
            let told = |pick: &Pick| (graph.step(pick.step()).unwrap().tag(), pick.value());
            round.iter().map(told).collect()
        })
        .collect();
    assert_eq!(rounds, [vec![(0, 0), (2, 5), (5, 12)]]);
}

#[test]
fn of_several_cheapest_cuts_it_is_the_one_nearest_to_the_entries() {
    // 0 → 1 → 2 → 3, and 4 → 3 from where nobody is; 2 → 5 leads nowhere.
    let steps = vec![
        step(&[2], 3),
        step(&[1], 2),
        step(&[0], 1),
        step(&[4], 3),
        step(&[2], 5),
    ];
    let model = asked(6, steps, &[(3, 1)]);
    let check = |costs: &[Option<u32>], expected: &[u32], cost: u64| {
        let (graph, cut) = ask(&model, &costs.to_vec());
        assert_eq!(
            (tags(&graph, cut.steps()), cut.cost()),
            (expected.to_vec(), cost)
        );
        assert!(cut.is_exact() && cut.uncuttable().is_empty());
    };
    check(&[Some(1)], &[2], 1);
    check(&[Some(3), Some(2), Some(2), None, None], &[2], 2);
    check(&[Some(3), Some(2), None, Some(1), Some(1)], &[1], 2);
    check(&[Some(0), Some(2), None, Some(0), Some(0)], &[0], 0);
}

#[test]
fn a_credential_shared_by_two_gates_is_cut_once() {
    // Paths 1 and 2 and the credential 3 from 0; {1, 3} → 4 and {2, 3} → 5. Each path alone is cheaper.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[0], 3),
        step(&[1, 3], 4),
        step(&[2, 3], 5),
        step(&[3], 6),
    ];
    let check = |costs: &[u32], expected: &[u32], cost: u64| {
        let model = asked(7, steps.clone(), &[(4, 1), (5, 1)]);
        let costs: Costs = costs.iter().copied().map(Some).collect();
        let (graph, cut) = ask(&model, &costs);
        assert_eq!(
            (tags(&graph, cut.steps()), cut.cost()),
            (expected.to_vec(), cost)
        );
        assert!(cut.is_exact());
    };
    check(&[2, 2, 3, 9, 9, 0], &[2], 3);
    check(&[1, 1, 3, 9, 9, 0], &[0, 1], 2);
    check(&[2, 2, 9, 1, 2, 0], &[1, 3], 3);
}

#[test]
fn what_cannot_be_cut_off_is_named_and_the_rest_is_cut() {
    // 0 → 1 cannot be cut, {0, 1} → 2 neither; 1 → 3 can. The entry is a jewel, and 4 is not reached.
    let steps = vec![
        step(&[0], 1),
        step(&[0, 1], 2),
        step(&[1], 3),
        step(&[3], 0),
    ];
    let jewels = [(3, 1), (0, 1), (2, 1), (4, 1), (2, 1)];
    let costs = vec![None, None, Some(7), Some(0)];
    let (graph, cut) = ask(&asked(5, steps, &jewels), &costs);
    assert_eq!(cut.uncuttable(), [1, 2, 4]);
    assert_eq!((tags(&graph, cut.steps()), cut.cost()), (vec![2], 7));
    assert!(cut.is_exact());
}

#[test]
fn the_largest_costs_are_summed() {
    let steps = vec![step(&[0], 1); 50];
    let (_, cut) = ask(&asked(2, steps, &[(1, 1)]), &vec![Some(u32::MAX)]);
    assert_eq!(cut.cost(), 50 * u64::from(u32::MAX));
}

#[test]
fn a_choice_that_was_made_in_passing_is_made_again() {
    // {1, 2} → 3 and {3, 4} → 5. To open either input of the first gate lets nothing pass as yet.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[0], 4),
        step(&[1, 2], 3),
        step(&[3, 4], 5),
    ];
    let check = |costs: [u32; 5], expected: &[u32]| {
        let costs: Costs = costs.into_iter().map(Some).collect();
        let (graph, cut) = ask(&asked(6, steps.clone(), &[(5, 1)]), &costs);
        assert_eq!(tags(&graph, cut.steps()), expected);
        assert!(cut.is_exact());
    };
    check([1, 5, 3, 9, 9], &[0]);
    check([5, 1, 3, 9, 9], &[1]);
    check([5, 5, 3, 9, 9], &[2]);
    check([5, 5, 3, 2, 9], &[3]);
    check([5, 5, 3, 9, 1], &[4]);
}

/// Two of the states that the entry gives hold the jewel, for each pair of them that is named.
fn pairs_that_hold(count: u32, pairs: &[(u32, u32)]) -> Model {
    let mut steps: Vec<ModelStep> = (1..=count).map(|at| step(&[0], at)).collect();
    let gates = pairs.iter();
    steps.extend(gates.map(|&(one, other)| step(&[one, other], count + 1)));
    asked(count + 2, steps, &[(count + 1, 1)])
}

#[test]
fn twelve_gates_of_two_inputs_are_always_exact() {
    // Four triangles: each needs two of its three states cut off, and packed ways tell of one and a half.
    let triangles = (0..4).map(|at| 3 * at + 1);
    let pairs: Vec<(u32, u32)> = triangles
        .flat_map(|a| [(a, a + 1), (a, a + 2), (a + 1, a + 2)])
        .collect();
    let (_, cut) = ask(&pairs_that_hold(12, &pairs), &vec![Some(1)]);
    assert_eq!((cut.cost(), cut.lower_bound()), (8, 8));
}

#[test]
fn more_gates_than_can_be_tried_leave_a_bound() {
    // Twelve triangles.
    let triangles = (0..12).map(|at| 3 * at + 1);
    let pairs: Vec<(u32, u32)> = triangles
        .flat_map(|a| [(a, a + 1), (a, a + 2), (a + 1, a + 2)])
        .collect();
    let (_, cut) = ask(&pairs_that_hold(36, &pairs), &vec![Some(1)]);
    assert_eq!(cut.cost(), 24);
    assert!(!cut.is_exact() && (12..24).contains(&cut.lower_bound()));
}

#[test]
fn where_no_step_alone_helps_a_jewel_is_cut_off_by_several() {
    // Two ways to 3, three to 4; one step to the small jewel 5, and none may cut 0 → 6.
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[1], 3),
        step(&[2], 3),
        step(&[0], 4),
        step(&[0], 4),
        step(&[0], 4),
        step(&[0], 5),
        step(&[0], 6),
    ];
    let mut model = asked(7, steps, &[(3, 10), (4, 12), (5, 1), (6, 50)]);
    let mut costs: Costs = vec![Some(1); 9];
    costs[8] = None;
    let check = |model: &Model, costs: &Costs, budget, expected: &[(u32, u64)], value_left: u64| {
        let (graph, cut) = ask_greedily(model, costs, budget);
        let tag = |step| graph.step(step).unwrap().tag();
        let picks: Vec<_> = cut
            .picks()
            .iter()
            .map(|it| (tag(it.step()), it.value()))
            .collect();
        assert_eq!((picks.as_slice(), cut.value_left()), (expected, value_left));
    };
    check(&model, &costs, 0, &[], 73);
    check(&model, &costs, 2, &[(7, 1)], 72);
    check(&model, &costs, 3, &[(7, 1), (0, 1), (1, 11)], 62);
    check(&model, &costs, 5, &[(7, 1), (0, 1), (1, 11)], 62);
    let all = [(7, 1), (0, 1), (1, 11), (4, 11), (5, 11), (6, 23)];
    check(&model, &costs, 6, &all, 50);
    check(&model, &costs, usize::MAX, &all, 50);
    // Three steps for 30 are cheaper for their value than two for 10.
    model.jewels[1].1 = 30;
    check(&model, &costs, 4, &[(7, 1), (4, 1), (5, 1), (6, 31)], 60);
    model.jewels[1].1 = 12;
    // Cheaper ways to the other jewel, so that one comes first.
    costs[4..7].fill(Some(0));
    check(&model, &costs, 4, &[(7, 1), (4, 1), (5, 1), (6, 13)], 60);
}
