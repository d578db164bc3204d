//! The workloads on petgraph: its components and searches, with bit sets over the components.

use std::collections::HashMap;

use fixedbitset::FixedBitSet;
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Bfs, EdgeRef as _};

use super::files::Files;
use super::{PerNode, Run, grouped_ways};

fn node(number: u32) -> NodeIndex<u32> {
    NodeIndex::new(number as usize)
}

pub(crate) fn run(files: &Files, run: &mut Run) {
    let mut made = None;
    let build = || {
        let mut graph = DiGraph::<(), (), u32>::from_edges(files.edges.iter().copied());
        while graph.node_count() < files.nodes {
            graph.add_node(());
        }
        graph
    };
    run.timed("W5", 0, 0, || {
        made = None;
        made.insert(build()).edge_count().to_string()
    });
    let graph = made.unwrap_or_else(build);
    run.timed("W1", files.exposed.len(), 0, || {
        reached(&graph, &files.exposed).to_string()
    });
    run.dump("W1", || {
        let mut nodes = PerNode::new(files.nodes);
        let mut search = search(&graph, &files.exposed);
        while let Some(at) = search.next(&graph) {
            nodes.set(at.index(), 1, 0);
        }
        nodes
    });
    for size in [1_000, 10_000] {
        let sources = &files.exposed[..size.min(files.exposed.len())];
        let targets = &files.sensitive[..size.min(files.sensitive.len())];
        run.timed("W2", sources.len(), targets.len(), || {
            let (component, totals) = totals(&graph, targets, &files.weights);
            let count = sources
                .iter()
                .map(|it| totals[component[*it as usize] as usize].0);
            count.sum::<u64>().to_string()
        });
        let mut last = None;
        run.timed("W3", 0, targets.len(), || {
            let (component, totals) = totals(&graph, targets, &files.weights);
            let (mut count, mut value) = (0, 0);
            for component in &component {
                let (own_count, own_value) = totals[*component as usize];
                count += own_count;
                value += own_value;
            }
            last = Some((component, totals));
            format!("{count},{value}")
        });
        run.dump(&format!("W3-{}", targets.len()), || {
            let (component, totals) = last
                .take()
                .unwrap_or_else(|| totals(&graph, targets, &files.weights));
            let mut nodes = PerNode::new(files.nodes);
            for (at, component) in component.iter().enumerate() {
                let (count, value) = totals[*component as usize];
                nodes.set(at, count, value);
            }
            nodes
        });
    }
    run.timed("W4", 0, files.pairs.len(), || {
        let origins = |at: u32, each: &mut dyn FnMut(u32)| {
            for edge in graph.edges_directed(node(at), Direction::Incoming) {
                each(number(edge.source().index()));
            }
        };
        grouped_ways(files.nodes, &files.pairs, origins).to_string()
    });
}

fn search(graph: &DiGraph<(), (), u32>, sources: &[u32]) -> Bfs<NodeIndex<u32>, FixedBitSet> {
    let mut search = Bfs::new(graph, node(sources[0]));
    search.stack.clear();
    search.discovered.clear();
    for &source in sources {
        if !search.discovered.put(source as usize) {
            search.stack.push_back(node(source));
        }
    }
    search
}

fn reached(graph: &DiGraph<(), (), u32>, sources: &[u32]) -> u64 {
    let mut search = search(graph, sources);
    let mut count = 0;
    while search.next(graph).is_some() {
        count += 1;
    }
    count
}

/// The component of each node, and the number and weight of the targets that each component reaches.
fn totals(
    graph: &DiGraph<(), (), u32>,
    targets: &[u32],
    weights: &[u32],
) -> (Vec<u32>, Vec<(u64, u64)>) {
    let components = petgraph::algo::tarjan_scc(graph);
    let mut component = vec![u32::MAX; graph.node_count()];
    for (at, members) in components.iter().enumerate() {
        for member in members {
            component[member.index()] = number(at);
        }
    }
    let own: HashMap<u32, usize> = targets
        .iter()
        .enumerate()
        .map(|(at, it)| (*it, at))
        .collect();
    let mut sets: Vec<Option<FixedBitSet>> = vec![None; components.len()];
    let mut stamp = vec![u32::MAX; components.len()];
    let mut totals = vec![(0, 0); components.len()];
    for (at, members) in components.iter().enumerate() {
        let mut set: Option<FixedBitSet> = None;
        for member in members {
            if let Some(&bit) = own.get(&number(member.index())) {
                set.get_or_insert_with(|| FixedBitSet::with_capacity(targets.len()))
                    .insert(bit);
            }
            for next in graph.neighbors(*member) {
                let to = component[next.index()];
                if to == number(at) || stamp[to as usize] == number(at) {
                    continue;
                }
                stamp[to as usize] = number(at);
                if let Some(more) = &sets[to as usize] {
                    match &mut set {
                        Some(set) => set.union_with(more),
                        None => set = Some(more.clone()),
                    }
                }
            }
        }
        if let Some(set) = &set {
            for bit in set.ones() {
                totals[at].0 += 1;
                totals[at].1 += u64::from(weights[bit]);
            }
        }
        sets[at] = set;
    }
    (component, totals)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("few nodes")
}
