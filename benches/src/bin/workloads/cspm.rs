//! The workloads on our own core.

use cspm_graph::algo::{self, BlastOptions, Jewel};
use cspm_graph::graph::{
    AttackGraph, Certainty, GraphBuilder, KindSet, Likelihood, Limits, StateId, StateSet,
    StepAttributes, StepId, StepKind, View, ViewOptions,
};
use rayon::prelude::*;

use super::files::Files;
use super::{PerNode, Run};

fn states(numbers: &[u32]) -> Vec<StateId> {
    numbers
        .iter()
        .map(|it| StateId::new(*it).expect("few nodes"))
        .collect()
}

fn frozen(files: &Files) -> AttackGraph {
    let mut builder = GraphBuilder::new(files.nodes);
    for [output, inputs @ ..] in &files.gates {
        let output = StateId::new(*output).expect("few nodes");
        builder.add_gate(&states(inputs), output, StepAttributes::default());
    }
    builder
        .build_with_pairs(&files.edges, &Limits::default())
        .expect("a graph within limits")
}

/// The questions that no peer answers: what each step and state cuts off, the cheapest cut, and how many nodes each
/// one reaches.
fn fixes(files: &Files, run: &mut Run, view: &View<'_>, exposed: &[StateId], jewels: &[Jewel]) {
    let limits = Limits::default();
    let (s, t) = (exposed.len(), jewels.len());
    run.timed("choke", s, t, || {
        let points = algo::choke(view, exposed, jewels, &limits).expect("choke points");
        let value = points.steps().map(|point| point.value()).sum::<u64>();
        format!("{},{},{value}", points.steps().len(), points.states().len())
    });
    run.samples("choke", |count| {
        let points = algo::choke(view, exposed, jewels, &limits).expect("choke points");
        let before = algo::reach(view, exposed, &limits).expect("reach");
        let between = view.steps().filter(|step| before.contains(step.to()));
        let between: Vec<StepId> = between.map(|step| step.id()).collect();
        let named: Vec<StepId> = points.steps().map(|point| point.id()).collect();
        let some = |all: &[StepId], count: usize| -> Vec<StepId> {
            let apart = all.len().div_ceil(count.max(1)).max(1);
            all.iter().copied().step_by(apart).collect()
        };
        let samples = [some(&named, count / 2), some(&between, count / 2)].concat();
        for &step in &samples {
            let after = algo::reach(&view.without(&[step]), exposed, &limits).expect("reach");
            let lost = jewels
                .iter()
                .filter(|(at, _)| before.contains(*at) && !after.contains(*at));
            let lost: u64 = lost.map(|(_, value)| value).sum();
            let said = points.of_step(step).map_or(0, |point| point.value());
            assert_eq!(said, lost, "step {step}");
        }
        samples.len()
    });
    run.timed("cut", s, t, || {
        let at: Vec<StateId> = jewels.iter().map(|jewel| jewel.0).collect();
        let cut = algo::min_cut(view, exposed, &at, |_| Some(1), &limits).expect("a cut");
        format!("{},{}", cut.cost(), cut.lower_bound())
    });
    if t < 10_000 {
        return;
    }
    let everybody: Vec<u32> = (0..).take(files.nodes).collect();
    run.timed("blast", 0, files.nodes, || {
        let (none, options) = (StateSet::new(), BlastOptions::default());
        let sizes = algo::blast_sizes(view, &none, &everybody, &options, &limits).expect("sizes");
        let counts = view.graph().states().map(|state| sizes.size(state).count());
        format!("{},{}", counts.sum::<usize>(), sizes.distinct_sketches())
    });
}

/// The graph with something different in every column of its steps.
fn with_columns(files: &Files) -> AttackGraph {
    let mut builder = GraphBuilder::new(files.nodes);
    for (tag, &(from, to)) in (0..).zip(&files.edges) {
        let likelihood = Likelihood::from_cost(from.wrapping_mul(31) % 100_000);
        let attributes = StepAttributes {
            kind: StepKind(files.kinds.get(tag as usize).copied().unwrap_or(0)),
            certainty: if to % 10 == 0 {
                Certainty::Conditional
            } else {
                Certainty::Certain
            },
            likelihood,
            tag,
        };
        let id = |number| StateId::new(number).expect("few nodes");
        builder.add_step(id(from), id(to), attributes);
    }
    builder
        .build(&Limits::default())
        .expect("a graph within limits")
}

fn columns(files: &Files, run: &mut Run) {
    run.timed("columns", 0, 0, || {
        let graph = with_columns(files);
        let tenths = graph.byte_count() * 10 / graph.step_count().max(1);
        format!("{}.{} bytes a step", tenths / 10, tenths % 10)
    });
    let graph = run.wants("views").then(|| with_columns(files));
    run.timed("views", 0, 0, || {
        let options = ViewOptions {
            certainty: Certainty::Certain,
            kinds: KindSet::ALL.without(StepKind(7)),
            ..ViewOptions::default()
        };
        let graph = graph.as_ref().expect("made above");
        let exposed = states(&files.exposed);
        let reached = algo::reach(&graph.view(&options), &exposed, &Limits::default());
        reached.expect("reach").len().to_string()
    });
}

pub(crate) fn run(files: &Files, run: &mut Run) {
    columns(files, run);
    let limits = Limits::default();
    let mut made = None;
    run.timed("W5", 0, 0, || {
        made = None;
        let graph = frozen(files);
        let check = graph.step_count();
        made = Some(graph);
        check.to_string()
    });
    let graph = made.unwrap_or_else(|| frozen(files));
    let view = graph.view(&ViewOptions::default());
    let exposed = states(&files.exposed);
    run.timed("W1", exposed.len(), 0, || {
        let reached = algo::reach(&view, &exposed, &limits).expect("reach");
        reached.len().to_string()
    });
    run.dump("W1", || {
        let mut nodes = PerNode::new(files.nodes);
        for state in &algo::reach(&view, &exposed, &limits).expect("reach") {
            nodes.set(state.index(), 1, 0);
        }
        nodes
    });
    let ambient = if files.gates.is_empty() {
        StateSet::new()
    } else {
        algo::reach(&view, &exposed, &limits).expect("reach")
    };
    for size in [1_000, 10_000] {
        let (entries, targets) = (size.min(exposed.len()), size.min(files.sensitive.len()));
        let jewels: Vec<Jewel> = states(&files.sensitive)
            .into_iter()
            .zip(files.weights.iter().map(|it| u64::from(*it)))
            .take(targets)
            .collect();
        run.timed("W3", 0, targets, || {
            let sets = algo::jewel_sets(&view, &ambient, &jewels, &limits).expect("sets");
            let nodes = (0..files.nodes).into_par_iter().with_min_len(1 << 14);
            let of_node = |node| {
                let state = StateId::from_index(node).expect("few nodes");
                let (count, value) = sets.count_and_value(state);
                (count as u64, value)
            };
            let add = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
            let (count, value) = nodes.map(of_node).reduce(|| (0, 0), add);
            format!("{count},{value}")
        });
        run.dump(&format!("W3-{targets}"), || {
            let sets = algo::jewel_sets(&view, &ambient, &jewels, &limits).expect("sets");
            let mut nodes = PerNode::new(files.nodes);
            for state in graph.states() {
                let (count, value) = sets.count_and_value(state);
                nodes.set(state.index(), count as u64, value);
            }
            nodes
        });
        let entries = &exposed[..entries];
        run.timed("W2", entries.len(), targets, || {
            let sets =
                algo::jewel_sets_of(&view, entries, &ambient, &jewels, &limits).expect("sets");
            let count: usize = entries.iter().map(|&entry| sets.count(entry)).sum();
            count.to_string()
        });
        fixes(files, run, &view, &exposed, &jewels);
    }
    let pairs: Vec<(StateId, StateId)> = files
        .pairs
        .iter()
        .map(|&(from, to)| {
            let id = |number| StateId::new(number).expect("few nodes");
            (id(from), id(to))
        })
        .collect();
    run.timed("W4", 0, pairs.len(), || {
        let ways = algo::fewest_steps(&view, &pairs, &limits).expect("ways");
        let hops: usize = ways.iter().flatten().map(|way| way.len() - 1).sum();
        hops.to_string()
    });
}
