//! The workloads on `graph_builder` (neo4j-labs), with searches written for it.

use std::collections::HashSet;

use fixedbitset::FixedBitSet;
use graph_builder::prelude::{
    CsrLayout, DirectedCsrGraph, DirectedNeighbors as _, Graph as _, GraphBuilder,
};

use super::files::Files;
use super::{PerNode, Run, grouped_ways};

pub(crate) fn run(files: &Files, run: &mut Run) {
    let mut edges = files.edges.clone();
    // It has as many nodes as the edges name.
    let last = u32::try_from(files.nodes - 1).expect("few nodes");
    if !edges.iter().any(|edge| edge.0 == last || edge.1 == last) {
        edges.push((last, last));
    }
    let mut made = None;
    let build = || -> DirectedCsrGraph<u32> {
        let builder = GraphBuilder::new().csr_layout(CsrLayout::Unsorted);
        builder.edges(edges.iter().copied()).build()
    };
    run.timed("W5", 0, 0, || {
        made = None;
        made.insert(build()).edge_count().to_string()
    });
    let graph = made.unwrap_or_else(build);
    let reached = || {
        let mut seen = FixedBitSet::with_capacity(files.nodes);
        let mut queue: Vec<u32> = Vec::new();
        for &source in &files.exposed {
            if !seen.put(source as usize) {
                queue.push(source);
            }
        }
        let mut head = 0;
        while let Some(&at) = queue.get(head) {
            head += 1;
            for &to in graph.out_neighbors(at) {
                if !seen.put(to as usize) {
                    queue.push(to);
                }
            }
        }
        queue
    };
    run.timed("W1", files.exposed.len(), 0, || reached().len().to_string());
    run.dump("W1", || {
        let mut nodes = PerNode::new(files.nodes);
        for at in reached() {
            nodes.set(at as usize, 1, 0);
        }
        nodes
    });
    let sources = &files.exposed[..files.exposed.len().min(1_000)];
    let targets: HashSet<u32> = files.sensitive.iter().copied().take(1_000).collect();
    run.timed("W2", sources.len(), targets.len(), || {
        let mut stamp = vec![0_u32; files.nodes];
        let mut queue: Vec<u32> = Vec::new();
        let mut count = 0_u64;
        for (round, &source) in (1..).zip(sources) {
            queue.clear();
            queue.push(source);
            stamp[source as usize] = round;
            let mut head = 0;
            while let Some(&at) = queue.get(head) {
                head += 1;
                count += u64::from(targets.contains(&at));
                for &to in graph.out_neighbors(at) {
                    if stamp[to as usize] != round {
                        stamp[to as usize] = round;
                        queue.push(to);
                    }
                }
            }
        }
        count.to_string()
    });
    run.timed("W4", 0, files.pairs.len(), || {
        let origins = |at: u32, each: &mut dyn FnMut(u32)| {
            for &origin in graph.in_neighbors(at) {
                each(origin);
            }
        };
        grouped_ways(files.nodes, &files.pairs, origins).to_string()
    });
}
