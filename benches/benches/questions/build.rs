//! How long does it take to freeze a graph, and to leave parts of it out?

use criterion::{Criterion, criterion_group};
use cspm_benches::{Shape, chain, estate, hub, large, layered};
use cspm_graph::algo::reach;
use cspm_graph::graph::{
    AttackGraph, GraphBuilder, Limits, StateId, StateSet, Step, StepAttributes, ViewOptions,
};

use crate::HEAP;
use crate::timing::{self, Found, Question};

/// A step as a caller has it.
type Record = (Vec<StateId>, StateId, StepAttributes);

fn benches(criterion: &mut Criterion) {
    let layered = large::layered(|| layered(5, 100, 3));
    let estate = large::estate(|| estate(10, 40));
    let chain = large::chain(|| chain(300, 10));
    let hub = large::hub(|| hub(200));

    timing::bench::<Build>(criterion, &HEAP, &[&layered, &estate, &chain, &hub]);

    timing::bench::<BuildWithPairs>(criterion, &HEAP, &[&layered, &chain, &hub]);

    timing::bench::<Within>(criterion, &HEAP, &[&layered, &estate, &hub]);
}

/// A graph from steps that come in no order.
struct Build;

impl Question for Build {
    const NAME: &'static str = "build";
    type Given = Vec<Record>;
    type Answer = AttackGraph;

    fn prepare(shape: &Shape) -> Self::Given {
        records(shape)
    }

    fn ask(shape: &Shape, records: &Self::Given, limits: &Limits) -> Self::Answer {
        let mut builder = GraphBuilder::new(shape.graph.state_count());
        for (inputs, to, attributes) in records {
            match inputs.as_slice() {
                &[from] => builder.add_step(from, *to, *attributes),
                inputs => builder.add_gate(inputs, *to, *attributes),
            }
        }
        builder.build(limits).unwrap()
    }

    fn verify(shape: &Shape, _: &Self::Given, graph: &Self::Answer) {
        same(shape, graph);
    }

    fn find(shape: &Shape, _: &Self::Given, graph: &Self::Answer) -> Found {
        same_counts(shape, graph)
    }
}

/// A graph from pairs of numbers in no order.
struct BuildWithPairs;

impl Question for BuildWithPairs {
    const NAME: &'static str = "build_with_pairs";
    type Given = Vec<(u32, u32)>;
    type Answer = AttackGraph;

    fn prepare(shape: &Shape) -> Self::Given {
        let steps = records(shape).into_iter();
        let ordinary = steps.filter_map(|(inputs, to, _)| match inputs.as_slice() {
            &[from] => Some((number(from), number(to))),
            _ => None,
        });
        ordinary.collect()
    }

    fn ask(shape: &Shape, pairs: &Self::Given, limits: &Limits) -> Self::Answer {
        let builder = GraphBuilder::new(shape.graph.state_count());
        builder.build_with_pairs(pairs, limits).unwrap()
    }

    fn verify(_: &Shape, pairs: &Self::Given, graph: &Self::Answer) {
        graph.validate().unwrap();
        assert_eq!(graph.step_count(), pairs.len());
    }

    fn find(_: &Shape, pairs: &Self::Given, graph: &Self::Answer) -> Found {
        graph.validate().unwrap();
        let mut expected = pairs.clone();
        expected.sort_unstable();
        let steps = graph
            .steps()
            .map(|step| (step.inputs().map(number).next(), number(step.to())));
        assert!(steps.eq(expected.into_iter().map(|(from, to)| (Some(from), to))));
        vec![("steps", graph.step_count())]
    }
}

/// A part of the graph, and what is reached there: rows of a view are made when it is first asked.
struct Within;

impl Question for Within {
    const NAME: &'static str = "view_within";
    type Given = StateSet;
    type Answer = StateSet;

    fn prepare(shape: &Shape) -> Self::Given {
        shape
            .graph
            .states()
            .filter(|state| state.index() % 8 != 7)
            .collect()
    }

    fn ask(shape: &Shape, within: &Self::Given, limits: &Limits) -> Self::Answer {
        let options = ViewOptions {
            within: Some(within),
            ..ViewOptions::default()
        };
        reach(&shape.graph.view(&options), &shape.entries, limits).unwrap()
    }

    fn verify(shape: &Shape, within: &Self::Given, reached: &Self::Answer) {
        let others = reached.iter().filter(|&state| !within.contains(state));
        assert!(others.count() <= shape.entries.len());
    }

    fn find(_: &Shape, _: &Self::Given, reached: &Self::Answer) -> Found {
        vec![("reached", reached.len())]
    }
}

fn number(state: StateId) -> u32 {
    u32::try_from(state.index()).unwrap()
}

/// The steps in an order that is none: last first, in strides.
fn records(shape: &Shape) -> Vec<Record> {
    // A prime, so that each step comes once.
    const STRIDE: usize = 7_919;
    let steps: Vec<_> = shape.graph.steps().rev().collect();
    let places = (0..steps.len()).map(|at| at * STRIDE % steps.len());
    let steps = places.filter_map(|place| steps.get(place));
    let records = steps.map(|step| {
        let attributes = StepAttributes {
            kind: step.kind(),
            certainty: step.certainty(),
            likelihood: step.likelihood(),
            tag: step.tag(),
        };
        (step.inputs().collect(), step.to(), attributes)
    });
    records.collect()
}

/// The graph is sound, and step by step that of the shape: the order in which steps come does not matter.
fn same(shape: &Shape, graph: &AttackGraph) {
    graph.validate().unwrap();
    let row = |step: Step<'_>| {
        (
            step.inputs().collect::<Vec<_>>(),
            step.to(),
            step.likelihood(),
            step.kind(),
        )
    };
    assert!(graph.steps().map(row).eq(shape.graph.steps().map(row)));
}

fn same_counts(shape: &Shape, graph: &AttackGraph) -> Found {
    same(shape, graph);
    vec![("steps", graph.step_count()), ("gates", graph.gate_count())]
}

criterion_group!(building, benches);
