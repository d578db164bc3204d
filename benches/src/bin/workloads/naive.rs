//! The workloads from their definitions: one plain search for each node. For small graphs.

use super::files::Files;
use super::{PerNode, Run};

struct Lists {
    targets: Vec<Vec<u32>>,
    gates_of: Vec<Vec<usize>>,
}

/// R(source): a gate gives its output where one input at least is in it, and the others in it or ambient.
fn reach(files: &Files, lists: &Lists, source: &[u32], ambient: &[bool]) -> Vec<u32> {
    let mut seen = vec![false; files.nodes];
    let mut found: Vec<u32> = Vec::new();
    let mut add = |node: u32, found: &mut Vec<u32>| {
        if !std::mem::replace(&mut seen[node as usize], true) {
            found.push(node);
        }
    };
    for &node in source {
        add(node, &mut found);
    }
    let mut head = 0;
    let mut held = vec![false; files.nodes];
    while let Some(&at) = found.get(head) {
        head += 1;
        held[at as usize] = true;
        for &to in &lists.targets[at as usize] {
            add(to, &mut found);
        }
        for &gate in &lists.gates_of[at as usize] {
            let [output, inputs @ ..] = files.gates[gate];
            if inputs
                .iter()
                .all(|&it| held[it as usize] || ambient[it as usize])
            {
                add(output, &mut found);
            }
        }
    }
    found
}

pub(crate) fn run(files: &Files, run: &mut Run) {
    let mut lists = Lists {
        targets: vec![Vec::new(); files.nodes],
        gates_of: vec![Vec::new(); files.nodes],
    };
    for &(from, to) in &files.edges {
        lists.targets[from as usize].push(to);
    }
    for (gate, [_, inputs @ ..]) in files.gates.iter().enumerate() {
        for &input in inputs {
            lists.gates_of[input as usize].push(gate);
        }
    }
    let nobody = vec![false; files.nodes];
    let all = reach(files, &lists, &files.exposed, &nobody);
    run.timed("W1", files.exposed.len(), 0, || {
        reach(files, &lists, &files.exposed, &nobody)
            .len()
            .to_string()
    });
    run.dump("W1", || {
        let mut nodes = PerNode::new(files.nodes);
        for &at in &all {
            nodes.set(at as usize, 1, 0);
        }
        nodes
    });
    let mut ambient = nobody;
    for &at in &all {
        ambient[at as usize] = true;
    }
    for size in [1_000, 10_000] {
        let targets = &files.sensitive[..size.min(files.sensitive.len())];
        let mut weight = vec![None; files.nodes];
        for (target, value) in targets.iter().zip(&files.weights) {
            weight[*target as usize] = Some(u64::from(*value));
        }
        let mut nodes = PerNode::new(files.nodes);
        run.once("W3", 0, targets.len(), || {
            let (mut count, mut value) = (0, 0);
            for (at, source) in (0..files.nodes).zip(0_u32..) {
                let found = reach(files, &lists, &[source], &ambient);
                let weights = found.iter().filter_map(|it| weight[*it as usize]);
                let (own_count, own_value) = weights.fold((0, 0), |(n, sum), it| (n + 1, sum + it));
                nodes.set(at, own_count, own_value);
                count += own_count;
                value += own_value;
            }
            format!("{count},{value}")
        });
        run.dump(&format!("W3-{}", targets.len()), || nodes);
    }
}
