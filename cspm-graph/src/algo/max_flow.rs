//! How much can pass from the source of a network to its sink, and where it is narrowest.

use super::QueryError;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{Id as _, Rows, Table, define_id};

define_id! {
    /// A node of a network.
    pub(super) struct NodeId
}

define_id! {
    /// An arc of a network: the k-th given arc is number 2k, its reverse 2k + 1.
    pub(super) struct ArcId
}

impl ArcId {
    /// The arc that was given as the k-th.
    #[inline]
    pub(super) fn given(k: usize) -> Self {
        Self::at(2 * k)
    }

    /// Which arc it is, or is the reverse of, among those given.
    #[inline]
    pub(super) fn number(self) -> usize {
        self.index() / 2
    }

    #[inline]
    pub(super) fn is_reverse(self) -> bool {
        self.index() % 2 == 1
    }

    #[inline]
    pub(super) fn twin(self) -> Self {
        Self::at(self.index() ^ 1)
    }
}

/// The capacity of an arc that no flow fills.
///
/// No sum comes near it: bounded capacities are below 2³², and there are fewer than 2³¹ arcs.
pub(super) const UNBOUNDED: u64 = u64::MAX;

/// A network with its flow. Some bounded arc lies on every way from the source to the sink.
///
/// INVARIANT: flow fits `u64`: each push adds to an arc at most what it adds to the flow as a whole, and that
/// is at most the sum of all bounded capacities, below 2⁶³.
#[derive(Debug)]
pub(super) struct FlowNetwork {
    source: NodeId,
    sink: NodeId,
    heads: Table<ArcId, NodeId>,
    /// What may still pass. Unbounded arcs stay so; their reverse holds what passes.
    left: Table<ArcId, u64>,
    arcs: Rows<NodeId, ArcId>,
    /// Distance from the source over arcs with something left, in the last search.
    level: Table<NodeId, u32>,
    /// The place in its row up to which a node was looked at.
    next: Table<NodeId, u32>,
    queue: Vec<NodeId>,
    /// What was left of arcs before they were changed; kept for [`Self::undo`] once asked for.
    trail: Option<Vec<(ArcId, u64)>>,
}

const UNSEEN: u32 = u32::MAX;

impl FlowNetwork {
    /// A network without flow; arcs are given as tail, head and capacity.
    ///
    /// INVARIANT: arcs fit `u32`: callers bound their number below `u32::MAX / 2` first.
    pub(super) fn new(
        node_count: usize,
        source: NodeId,
        sink: NodeId,
        given: &[(NodeId, NodeId, u64)],
    ) -> Self {
        let heads: Vec<NodeId> = given
            .iter()
            .flat_map(|&(tail, head, _)| [head, tail])
            .collect();
        let left: Vec<u64> = given
            .iter()
            .flat_map(|&(_, _, capacity)| [capacity, 0])
            .collect();
        let tails = given
            .iter()
            .flat_map(|&(tail, head, _)| [tail, head])
            .zip((0..).map(ArcId::at));
        Self {
            source,
            sink,
            arcs: Rows::group(node_count, tails, ArcId::at(0)),
            heads: heads.into(),
            left: left.into(),
            level: Table::filled(UNSEEN, node_count),
            next: Table::filled(0, node_count),
            queue: Vec::new(),
            trail: None,
        }
    }

    pub(super) fn node_count(&self) -> usize {
        self.level.len()
    }

    pub(super) fn source(&self) -> NodeId {
        self.source
    }

    pub(super) fn sink(&self) -> NodeId {
        self.sink
    }

    /// The arcs from a node, reverse ones among them.
    #[inline]
    pub(super) fn arcs(&self, node: NodeId) -> &[ArcId] {
        self.arcs.row(node)
    }

    #[inline]
    pub(super) fn head(&self, arc: ArcId) -> NodeId {
        self.heads[arc]
    }

    #[inline]
    pub(super) fn tail(&self, arc: ArcId) -> NodeId {
        self.heads[arc.twin()]
    }

    /// What may still pass an arc.
    #[inline]
    pub(super) fn left(&self, arc: ArcId) -> u64 {
        self.left[arc]
    }

    /// True if the source led to the node in the last search, over arcs with something left. Once no more
    /// can pass, these nodes are the source side of the least cut that is nearest to the source: every other
    /// least cut has them on that side too.
    #[inline]
    pub(super) fn is_on_source_side(&self, node: NodeId) -> bool {
        self.level[node] != UNSEEN
    }

    /// Lets pass what can pass in addition, and returns how much that is.
    ///
    /// # Complexity
    /// O(nodes² × arcs), and O(√arcs × arcs) where all capacities are 1; far less in practice.
    ///
    /// # Source
    /// Dinic 1970, with an explicit stack.
    pub(super) fn augment(&mut self, meter: &mut Meter<'_>) -> Result<u64, QueryError> {
        let mut added = 0;
        while self.search(meter)? {
            added += self.block(meter)?;
        }
        Ok(added)
    }

    /// Searches from the source; true if more can pass.
    fn search(&mut self, meter: &mut Meter<'_>) -> Result<bool, QueryError> {
        for &node in &self.queue {
            self.level[node] = UNSEEN;
            self.next[node] = 0;
        }
        self.queue.clear();
        self.queue.push(self.source);
        self.level[self.source] = 0;
        let mut place = 0;
        while let Some(&node) = self.queue.get(place) {
            place += 1;
            let row = self.arcs.row(node);
            meter.spend(1 + row.len())?;
            for &arc in row {
                let head = self.heads[arc];
                if self.left[arc] > 0 && self.level[head] == UNSEEN {
                    self.level[head] = self.level[node] + 1;
                    self.queue.push(head);
                    if head == self.sink {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Sets what may pass an arc.
    pub(super) fn set(&mut self, arc: ArcId, left: u64) {
        if let Some(trail) = &mut self.trail {
            trail.push((arc, self.left[arc]));
        }
        self.left[arc] = left;
    }

    /// A mark for [`Self::undo`]; from the first on, changes are written down.
    pub(super) fn mark(&mut self) -> usize {
        self.trail.get_or_insert_default().len()
    }

    /// Takes back what was changed since the mark.
    pub(super) fn undo(&mut self, mark: usize) {
        while let Some(trail) = &mut self.trail
            && trail.len() > mark
            && let Some((arc, left)) = trail.pop()
        {
            self.left[arc] = left;
        }
    }

    /// Fills ways along the levels until each of them holds a full arc.
    fn block(&mut self, meter: &mut Meter<'_>) -> Result<u64, QueryError> {
        let mut added = 0;
        let mut path: Vec<ArcId> = Vec::new();
        let mut at = self.source;
        loop {
            if at == self.sink {
                meter.spend(path.len())?;
                added += self.push(&path);
                let full = path.iter().position(|&arc| self.left[arc] == 0);
                path.truncate(full.unwrap_or(0));
                at = path.last().map_or(self.source, |&arc| self.heads[arc]);
                continue;
            }
            meter.spend(1)?;
            if let Some(&arc) = self.arcs.row(at).get(self.next[at] as usize) {
                let head = self.heads[arc];
                if self.left[arc] > 0 && self.level[head] == self.level[at] + 1 {
                    path.push(arc);
                    at = head;
                } else {
                    self.next[at] += 1;
                }
            } else if let Some(arc) = path.pop() {
                at = self.heads[arc.twin()];
                self.next[at] += 1;
            } else {
                return Ok(added);
            }
        }
    }

    /// Fills a way from the source to the sink up to its narrowest arc.
    fn push(&mut self, path: &[ArcId]) -> u64 {
        let narrowest = path.iter().map(|&arc| self.left[arc]).min().unwrap_or(0);
        for &arc in path {
            for (arc, left) in [
                (arc, self.left[arc] - narrowest),
                (arc.twin(), self.left[arc.twin()].saturating_add(narrowest)),
            ] {
                if self.left[arc] != UNBOUNDED {
                    self.set(arc, left);
                }
            }
        }
        narrowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Limits;

    /// From node 0 to node 1; the expected flow, and the source side of the cut.
    fn check(node_count: usize, given: &[(usize, usize, u64)], flow: u64, side: &[usize]) {
        let given: Vec<_> = given
            .iter()
            .map(|&(tail, head, capacity)| (NodeId::at(tail), NodeId::at(head), capacity))
            .collect();
        let limits = Limits::default();
        let mut network = FlowNetwork::new(node_count, NodeId::at(0), NodeId::at(1), &given);
        let mark = network.mark();
        for _ in 0..2 {
            assert_eq!(network.augment(&mut Meter::new(&limits)), Ok(flow));
            let found: Vec<usize> = (0..node_count)
                .filter(|&node| network.is_on_source_side(NodeId::at(node)))
                .collect();
            assert_eq!(found, side);
            network.undo(mark);
        }
    }

    #[test]
    fn the_cut_is_the_one_nearest_to_the_source() {
        check(2, &[], 0, &[0]);
        check(3, &[(0, 2, 5), (2, 1, 5)], 5, &[0]);
        check(3, &[(0, 2, UNBOUNDED), (2, 1, 5), (2, 1, 0)], 5, &[0, 2]);
        check(
            4,
            &[(0, 2, 1), (2, 3, 1), (3, 1, 1), (0, 3, 1)],
            1,
            &[0, 2, 3],
        );
    }

    #[test]
    fn flow_is_sent_back_where_that_lets_more_pass() {
        // The shortest way takes the middle arc, which both longer ways need otherwise.
        let given = [
            (0, 2, 1),
            (2, 5, 1),
            (5, 1, 1),
            (0, 3, 1),
            (3, 4, 1),
            (4, 5, 1),
        ];
        let more = [(2, 6, 1), (6, 7, 1), (7, 8, 1), (8, 1, 1)];
        check(9, &[&given[..], &more[..]].concat(), 2, &[0]);
    }
}
