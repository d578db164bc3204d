//! The workloads on our own core.

use cspm_graph::algo::{self, Jewel};
use cspm_graph::graph::{
    AttackGraph, GraphBuilder, Limits, StateId, StateSet, StepAttributes, ViewOptions,
};

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

pub(crate) fn run(files: &Files, run: &mut Run) {
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
            let (mut count, mut value) = (0, 0);
            for state in graph.states() {
                count += sets.count(state) as u64;
                value += sets.value(state);
            }
            format!("{count},{value}")
        });
        run.dump(&format!("W3-{targets}"), || {
            let sets = algo::jewel_sets(&view, &ambient, &jewels, &limits).expect("sets");
            let mut nodes = PerNode::new(files.nodes);
            for state in graph.states() {
                nodes.set(state.index(), sets.count(state) as u64, sets.value(state));
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
