//! An order of the nodes of a contraction in which what a node leads to comes before it.

use std::ops::Range;

use super::components::{ComponentId, components};
use super::contraction::{Contraction, NodeId};
use super::open_gates::OpenGates;
use crate::graph::sealed::Sealed as _;
use crate::graph::{Rows, Table};

/// The components of a contraction over steps, each after those that it leads to; and the outputs of open gates before
/// what leads to the gate's inputs, where no cycle forbids it.
pub(super) struct Order {
    /// The nodes of each component.
    pub(super) members: Rows<ComponentId, NodeId>,
    pub(super) component_of: Table<NodeId, ComponentId>,
    /// Components that lead to one another through open gates, side by side.
    pub(super) groups: Vec<Range<usize>>,
}

impl Order {
    /// # Complexity
    /// O(k log k + e) for k nodes and e steps between them.
    pub(super) fn new(contraction: &Contraction, gates: &OpenGates) -> Self {
        let count = contraction.node_count();
        let successors = &contraction.successors;
        let plain = components(count, |node, k| successors.row(node).get(k).copied());
        let wide = if gates.is_empty() {
            None
        } else {
            Some(components(count, |node, k| {
                let row = successors.row(node);
                let gate = || gates.outputs_of(node).get(k - row.len()).copied();
                row.get(k).copied().or_else(gate)
            }))
        };
        // A plain component lies in one wide one; within that, completion order keeps steps in order.
        let mut rank: Table<ComponentId, (ComponentId, ComponentId)> =
            Table::filled((ComponentId::at(0), ComponentId::at(0)), plain.count);
        for (node, &component) in plain.of.iter() {
            let around = wide.as_ref().map_or(component, |wide| wide.of[node]);
            rank[component] = (around, component);
        }
        let mut order = rank.values().to_vec();
        order.sort_unstable();
        let mut place: Table<ComponentId, ComponentId> =
            Table::filled(ComponentId::at(0), plain.count);
        for (at, &(_, component)) in order.iter().enumerate() {
            place[component] = ComponentId::at(at);
        }
        let mut groups = Vec::new();
        let mut begin = 0;
        for same in order.chunk_by(|a, b| a.0 == b.0) {
            if same.len() > 1 {
                groups.push(begin..begin + same.len());
            }
            begin += same.len();
        }
        let of = plain.of.values().iter().map(|&component| place[component]);
        let component_of: Table<NodeId, ComponentId> = of.collect::<Vec<_>>().into();
        let pairs = component_of
            .iter()
            .map(|(node, &component)| (component, node));
        Self {
            members: Rows::group(plain.count, pairs, NodeId::at(0)),
            component_of,
            groups,
        }
    }
}
