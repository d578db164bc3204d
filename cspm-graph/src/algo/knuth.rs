//! Least cost derivations: Dijkstra's algorithm in Knuth's form, for graphs with gates.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::QueryError;
use super::meter::Meter;
use crate::graph::{Id, StepId, Table};

/// A graph as the search sees it.
pub(super) trait Relation {
    type Node: Id;
    type Gate: Id;

    /// Calls `visit(target, cost, step)` for each step from a node.
    fn for_each_hop(&self, from: Self::Node, visit: impl FnMut(Self::Node, u64, StepId));
    /// Calls `visit(gate)` for each gate with this node as an input.
    fn for_each_gate(&self, from: Self::Node, visit: impl FnMut(Self::Gate));
    fn gate(&self, gate: Self::Gate) -> GateTerms<Self::Node>;
}

/// What a gate takes and gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct GateTerms<N> {
    /// Number of inputs that must arrive.
    pub(super) inputs: usize,
    /// Cost beside that of the inputs.
    pub(super) cost: u64,
    pub(super) output: N,
    pub(super) step: StepId,
}

/// How to go on after a node is settled.
#[derive(Clone, Copy, Debug)]
pub(super) enum GoOn {
    /// With its steps.
    From,
    /// Without them.
    Beside,
    /// Not at all.
    Stop,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    pub(super) cost: u64,
    /// Steps on the longest branch of the derivation.
    pub(super) depth: u32,
    /// The last step; none for a source and for a node that is not reached.
    pub(super) via: Option<StepId>,
    /// Place in the order in which nodes were settled.
    pub(super) rank: u32,
}

impl Label {
    const NONE: Self = Self {
        cost: u64::MAX,
        depth: u32::MAX,
        via: None,
        rank: u32::MAX,
    };

    pub(super) fn is_settled(&self) -> bool {
        self.rank != u32::MAX
    }
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    arrived: usize,
    cost: u64,
    depth: u32,
}

impl Pending {
    const NONE: Self = Self {
        arrived: 0,
        cost: 0,
        depth: 0,
    };
}

/// The state of a search; can be used again for the same relation without clearing whole tables.
///
/// The key of a derivation is (cost, depth, last step): costs of steps and of the inputs of gates add up,
/// depth is one more than that of the deepest input. Both only grow along a derivation and grow with their
/// inputs, which is what Knuth's theorem asks for; and as depth grows strictly, every candidate for a node is
/// known before the node is settled, so ties at equal cost and depth go to the smallest last step.
#[derive(Debug)]
pub(super) struct Search<N, G> {
    labels: Table<N, Label>,
    pending: Table<G, Pending>,
    touched: Vec<N>,
    touched_gates: Vec<G>,
    heap: BinaryHeap<Reverse<(u64, u32, StepId, N)>>,
    settled: u32,
}

impl<N: Id, G: Id> Search<N, G> {
    pub(super) fn new(node_count: usize, gate_count: usize) -> Self {
        Self {
            labels: Table::filled(Label::NONE, node_count),
            pending: Table::filled(Pending::NONE, gate_count),
            touched: Vec::new(),
            touched_gates: Vec::new(),
            heap: BinaryHeap::new(),
            settled: 0,
        }
    }

    /// Settles nodes from `sources` in order of their key; `settle` sees each node with its cost and says how
    /// to go on. What an earlier run left behind is forgotten first.
    pub(super) fn run<R>(
        &mut self,
        relation: &R,
        sources: &[N],
        meter: &mut Meter<'_>,
        mut settle: impl FnMut(N, u64) -> GoOn,
    ) -> Result<(), QueryError>
    where
        R: Relation<Node = N, Gate = G>,
    {
        self.clear();
        let mut sources = sources.to_vec();
        sources.sort_unstable();
        sources.dedup();
        for &source in &sources {
            self.labels[source] = Label {
                cost: 0,
                depth: 0,
                via: None,
                rank: self.settled,
            };
            self.settled += 1;
            self.touched.push(source);
        }
        for &source in &sources {
            match settle(source, 0) {
                GoOn::From => self.expand(relation, source, meter)?,
                GoOn::Beside => {}
                GoOn::Stop => return Ok(()),
            }
        }
        while let Some(Reverse((cost, depth, step, node))) = self.heap.pop() {
            let label = &mut self.labels[node];
            if label.is_settled()
                || (label.cost, label.depth, label.via) != (cost, depth, Some(step))
            {
                continue;
            }
            label.rank = self.settled;
            self.settled += 1;
            match settle(node, cost) {
                GoOn::From => self.expand(relation, node, meter)?,
                GoOn::Beside => {}
                GoOn::Stop => return Ok(()),
            }
        }
        Ok(())
    }

    /// What is known of a node: final once it is settled.
    pub(super) fn label(&self, node: N) -> &Label {
        &self.labels[node]
    }

    fn clear(&mut self) {
        for node in self.touched.drain(..) {
            self.labels[node] = Label::NONE;
        }
        for gate in self.touched_gates.drain(..) {
            self.pending[gate] = Pending::NONE;
        }
        self.heap.clear();
        self.settled = 0;
    }

    fn expand<R>(&mut self, relation: &R, node: N, meter: &mut Meter<'_>) -> Result<(), QueryError>
    where
        R: Relation<Node = N, Gate = G>,
    {
        let Label { cost, depth, .. } = self.labels[node];
        let mut work = 1;
        relation.for_each_hop(node, |to, step_cost, step| {
            work += 1;
            self.offer(to, cost.saturating_add(step_cost), depth + 1, step);
        });
        relation.for_each_gate(node, |gate| {
            work += 1;
            let terms = relation.gate(gate);
            let pending = &mut self.pending[gate];
            if pending.arrived == 0 {
                self.touched_gates.push(gate);
            }
            pending.arrived += 1;
            // Saturating: shared parts count once for each use, so chained gates can double the sum each.
            pending.cost = pending.cost.saturating_add(cost);
            pending.depth = pending.depth.max(depth);
            if pending.arrived == terms.inputs {
                let (cost, depth) = (pending.cost.saturating_add(terms.cost), pending.depth + 1);
                self.offer(terms.output, cost, depth, terms.step);
            }
        });
        meter.spend(work)
    }

    #[inline]
    fn offer(&mut self, node: N, cost: u64, depth: u32, step: StepId) {
        let label = &mut self.labels[node];
        if (cost, depth, Some(step)) >= (label.cost, label.depth, label.via) {
            return;
        }
        if label.depth == u32::MAX {
            self.touched.push(node);
        }
        (label.cost, label.depth, label.via) = (cost, depth, Some(step));
        self.heap.push(Reverse((cost, depth, step, node)));
    }
}
