//! What the source of a part reaches, gates included, without some arcs.

use super::QueryError;
use super::cut_part::Part;
use super::max_flow::{ArcId, NodeId};
use super::meter::Meter;
use crate::graph::Table;

/// How a node was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Nothing,
    Start,
    Arc(ArcId),
    /// All inputs of a gate, this one last.
    AllInputs(ArcId),
}

/// A walk that is run again and again, or led on.
#[derive(Debug)]
pub(super) struct Walk {
    by: Table<NodeId, By>,
    /// Inputs of a gate that were reached.
    arrived: Table<NodeId, u32>,
    /// In the order of arrival; those before `next` were walked on from.
    reached: Vec<NodeId>,
    next: usize,
    is_needed: Table<NodeId, bool>,
}

/// The steps of a way to the sink.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) steps: Vec<ArcId>,
    /// Gates that were given by all their inputs, in the order of arrival, each with the input that came last.
    pub(super) gates: Vec<(NodeId, ArcId)>,
}

impl Walk {
    pub(super) fn new(part: &Part) -> Self {
        let count = part.network.node_count();
        Self {
            by: Table::filled(By::Nothing, count),
            arrived: Table::filled(0, count),
            reached: Vec::new(),
            next: 0,
            is_needed: Table::filled(false, count),
        }
    }

    /// Walks from the source over the steps that `admits` names; true if the sink is reached.
    ///
    /// A gate needs all its inputs, or any input arc that `is_open` names.
    pub(super) fn run(
        &mut self,
        part: &Part,
        admits: impl Fn(ArcId) -> bool,
        is_open: impl Fn(ArcId) -> bool,
        meter: &mut Meter<'_>,
    ) -> Result<bool, QueryError> {
        self.take_back(part, 0);
        self.reach(part.network.source(), By::Start);
        self.lead_on(part, admits, is_open, meter)
    }

    /// Walks on over a step that was not admitted before, and takes it back if the sink is reached so.
    pub(super) fn would_reach(
        &mut self,
        part: &Part,
        step: ArcId,
        admits: impl Fn(ArcId) -> bool,
        meter: &mut Meter<'_>,
    ) -> Result<bool, QueryError> {
        let (tail, head) = (part.network.tail(step), part.network.head(step));
        if !self.has_reached(tail) || self.has_reached(head) {
            return Ok(false);
        }
        let mark = self.reached.len();
        self.reach(head, By::Arc(step));
        let is_reached = self.lead_on(part, admits, |_| false, meter)?;
        if is_reached {
            self.take_back(part, mark);
        }
        Ok(is_reached)
    }

    /// The steps by which the sink was reached, each once.
    pub(super) fn way(&mut self, part: &Part) -> Way {
        let mut way = Way {
            steps: Vec::new(),
            gates: Vec::new(),
        };
        self.is_needed[part.network.sink()] = true;
        for &node in self.reached.iter().rev() {
            if !std::mem::replace(&mut self.is_needed[node], false) {
                continue;
            }
            match self.by[node] {
                By::Nothing | By::Start => {}
                By::Arc(arc) => {
                    self.is_needed[part.network.tail(arc)] = true;
                    if !part.is_input(arc) {
                        way.steps.push(arc);
                    }
                }
                By::AllInputs(last) => {
                    way.gates.push((node, last));
                    for arc in part.inputs(node) {
                        self.is_needed[part.network.tail(arc)] = true;
                    }
                }
            }
        }
        way.gates.reverse();
        way
    }

    #[inline]
    fn has_reached(&self, node: NodeId) -> bool {
        self.by[node] != By::Nothing
    }

    fn reach(&mut self, node: NodeId, by: By) {
        self.by[node] = by;
        self.reached.push(node);
    }

    /// Walks until nothing more is reached, or the sink is.
    fn lead_on(
        &mut self,
        part: &Part,
        admits: impl Fn(ArcId) -> bool,
        is_open: impl Fn(ArcId) -> bool,
        meter: &mut Meter<'_>,
    ) -> Result<bool, QueryError> {
        let sink = part.network.sink();
        while !self.has_reached(sink)
            && let Some(&node) = self.reached.get(self.next)
        {
            self.next += 1;
            let arcs = part.network.arcs(node);
            meter.spend(1 + arcs.len())?;
            for &arc in arcs.iter().filter(|arc| !arc.is_reverse()) {
                let head = part.network.head(arc);
                if part.is_gate(head) {
                    self.arrived[head] += 1;
                    if self.has_reached(head) {
                        continue;
                    }
                    if is_open(arc) {
                        self.reach(head, By::Arc(arc));
                    } else if self.arrived[head] == part.needs(head) {
                        self.reach(head, By::AllInputs(arc));
                    }
                } else if !self.has_reached(head) && admits(arc) {
                    self.reach(head, By::Arc(arc));
                }
            }
        }
        Ok(self.has_reached(sink))
    }

    /// Forgets what was reached after the first `mark` nodes, all of which had been walked on from.
    fn take_back(&mut self, part: &Part, mark: usize) {
        for (place, node) in self.reached.drain(mark..).enumerate() {
            self.by[node] = By::Nothing;
            if mark + place < self.next {
                for &arc in part.network.arcs(node) {
                    let head = part.network.head(arc);
                    if !arc.is_reverse() && part.is_gate(head) {
                        self.arrived[head] -= 1;
                    }
                }
            }
        }
        self.next = self.next.min(mark);
    }
}
