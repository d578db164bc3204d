//! An order of nodes in which what a node leads to comes before it.

use std::ops::Range;

use super::components::{ComponentId, components};
use crate::graph::sealed::Sealed as _;
use crate::graph::{Id, Rows, Table};

/// The components of a graph over steps, each after those that it leads to; and the outputs of gates before what leads to
/// the gate's inputs, where no cycle forbids it.
pub(super) struct Order<N> {
    /// The nodes of each component.
    pub(super) members: Rows<ComponentId, N>,
    pub(super) component_of: Table<N, ComponentId>,
    /// Components that lead to one another through gates, side by side.
    pub(super) groups: Vec<Range<usize>>,
}

impl<N: Id> Order<N> {
    /// `step(node, k)` is the k-th node that a node leads to by steps, and `gate(node, k)` by gates, of which
    /// `gate_count(node)` have it as an input; `has_gates` says whether any node is one.
    ///
    /// # Complexity
    /// O(k log k + e) for k nodes and e steps and inputs of gates.
    pub(super) fn new(
        count: usize,
        step: impl Fn(N, usize) -> Option<N>,
        gate: impl Fn(N, usize) -> Option<N>,
        gate_count: impl Fn(N) -> usize,
        has_gates: bool,
    ) -> Self {
        let plain = components(count, &step);
        let wide = has_gates.then(|| {
            components(count, |node: N, k| match k.checked_sub(gate_count(node)) {
                Some(k) => step(node, k),
                None => gate(node, k),
            })
        });
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
        let component_of: Table<N, ComponentId> = of.collect::<Vec<_>>().into();
        let pairs = component_of
            .iter()
            .map(|(node, &component)| (component, node));
        Self {
            members: Rows::group(plain.count, pairs, N::at(0)),
            component_of,
            groups,
        }
    }
}
