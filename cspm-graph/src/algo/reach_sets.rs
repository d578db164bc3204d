//! The set of jewels that each node of a contraction reaches.

use super::bits::{holds, put};
use super::contraction::{Contraction, NodeId};
use super::gate_group::Group;
use super::meter::Meter;
use super::open_gates::OpenGates;
use super::set_pool::{SetId, SetPool};
use super::set_union::{Totals, Unions};
use super::{Jewel, QueryError};
use crate::graph::sealed::Sealed as _;
use crate::graph::{AttackGraph, Id as _, LimitError, StateSet, Table, pages};

/// The sets of all nodes.
pub(super) struct ReachSets {
    pub(super) set_of: Table<NodeId, SetId>,
    pub(super) pool: SetPool,
    pub(super) totals: Table<SetId, Totals>,
    pub(super) jewel_of_bit: Vec<u32>,
    pub(super) rounds: usize,
}

/// Of a bit that is an input of a gate.
const NO_JEWEL: u32 = u32::MAX;

/// One search for the components of a contraction. When a component is complete, all that it leads to is; so its set
/// is the union of what its steps lead to, and of bits of its own. A set that holds all open inputs of a gate takes
/// the set of the gate's output too. The search goes through open gates as well, so that the output is complete;
/// components that hold together by open gates only are taken apart again, and gone through until nothing changes.
///
/// COST: most components are handed one set, if often; they keep it without work.
///
/// # Source
/// Components as in Pearce 2016, "A space-efficient algorithm for finding strongly connected components", with an
/// explicit stack.
pub(super) fn reach_sets(
    graph: &AttackGraph,
    contraction: &Contraction,
    ambient: &StateSet,
    jewels: &[Jewel],
    meter: &mut Meter<'_>,
) -> Result<ReachSets, QueryError> {
    let gates = OpenGates::new(graph, contraction, ambient);
    let owned = Owned::new(contraction, &gates, jewels);
    let count = contraction.node_count();
    let mut search = Search {
        contraction,
        owned,
        gates,
        unions: Unions::new(),
        marks: Marks::new(count)?,
        next_number: 1,
        path: Vec::new(),
        waiting: Vec::new(),
        handed: Vec::new(),
        members: Vec::new(),
        jewel_of_bit: Vec::new(),
        rounds: 1,
        work: 0,
    };
    // COST: within a block the last node is the first to be led to, so what most nodes lead to is complete already.
    for root in (0..count).rev().map(NodeId::at) {
        if search.marks.of[root] == UNSEEN && !search.complete_at_once(root, meter)? {
            search.enter(root);
            search.walk(meter)?;
        }
    }
    search.finish(meter)
}

/// How far the search is with each node, and the set of those that are complete.
///
/// COST: both in one number, since nearly every look at a node finds it complete and asks for its set.
pub(super) struct Marks {
    /// While a node is open, the number of the earliest open node that it leads back to, from 1 on; once it is
    /// complete, [`COMPLETE`] and the number of its set.
    of: Table<NodeId, u32>,
}

/// Of a node that the search has not come to.
const UNSEEN: u32 = 0;
/// What marks a complete node.
const COMPLETE: u32 = 1 << 31;
/// More sets than marks can tell apart, but for those that one component may add.
const SETS_MAX: usize = 1 << 30;
/// Of a node of the component that is being completed: above all numbers of open nodes.
const COMPLETING: u32 = COMPLETE - 1;

impl Marks {
    fn new(count: usize) -> Result<Self, QueryError> {
        if count > COMPLETING as usize {
            return Err(LimitError::new("states", u64::from(COMPLETING), count as u64).into());
        }
        Ok(Self {
            of: pages::zeros(count).into(),
        })
    }

    /// The set of a complete node, so far the empty one of others.
    pub(super) fn set_of(&self, node: NodeId) -> SetId {
        let mark = self.of[node];
        if mark < COMPLETE {
            SetPool::empty()
        } else {
            SetId::at((mark - COMPLETE) as usize)
        }
    }

    /// Completes a node, or changes its set; true if that was another.
    ///
    /// INVARIANT: sets fit their bits: a set that is not empty has a word of its own, and `Search::spend` stops at
    /// [`SETS_MAX`].
    fn complete(&mut self, node: NodeId, set: SetId) -> bool {
        let mark = COMPLETE + position(set.index());
        std::mem::replace(&mut self.of[node], mark) != mark
    }
}

/// A node whose successors are being looked at.
struct Open {
    node: NodeId,
    /// What is left of its row.
    next: u32,
    end: u32,
    lowest: u32,
    /// Where the sets begin that it was handed, and those before it in its component.
    handed: usize,
    /// Whether the row is that of outputs of gates, which comes after that of steps.
    at_gates: bool,
}

struct Search<'s> {
    contraction: &'s Contraction,
    owned: Owned,
    gates: OpenGates,
    unions: Unions,
    marks: Marks,
    next_number: u32,
    path: Vec<Open>,
    waiting: Vec<NodeId>,
    /// Sets of complete nodes that steps of open ones lead to.
    handed: Vec<SetId>,
    members: Vec<NodeId>,
    jewel_of_bit: Vec<u32>,
    rounds: usize,
    work: usize,
}

impl Search<'_> {
    /// Completes a node if all that it leads to is complete.
    fn complete_at_once(
        &mut self,
        node: NodeId,
        meter: &mut Meter<'_>,
    ) -> Result<bool, QueryError> {
        if self.gates.row_of(node).is_some() {
            return Ok(false);
        }
        let (contraction, handed) = (self.contraction, self.handed.len());
        let row = contraction.successors.row(node);
        for (looked_at, &next) in row.iter().enumerate() {
            let mark = self.marks.of[next];
            if mark < COMPLETE {
                self.work += looked_at + 1;
                self.handed.truncate(handed);
                return Ok(false);
            }
            hand(&mut self.handed, handed, mark);
        }
        self.work += row.len() + 1;
        self.members.clear();
        self.members.push(node);
        self.complete_members(handed, meter)?;
        self.handed.truncate(handed);
        self.spend(meter)?;
        Ok(true)
    }

    fn enter(&mut self, node: NodeId) {
        self.marks.of[node] = self.next_number;
        let (next, end) = self.contraction.successors.bounds(node);
        self.path.push(Open {
            node,
            next,
            end,
            lowest: self.next_number,
            handed: self.handed.len(),
            at_gates: false,
        });
        self.next_number += 1;
    }

    /// Walks on until the path is empty.
    fn walk(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let contraction = self.contraction;
        while let Some(open) = self.path.last_mut() {
            let places = open.next as usize..open.end as usize;
            let row = if open.at_gates {
                &self.gates.outputs.values()[places]
            } else {
                &contraction.successors.values()[places]
            };
            let mut enter = None;
            let mut looked_at = 0;
            for &next in row {
                match self.marks.of[next] {
                    UNSEEN => {
                        // Looked at again when it is done.
                        enter = Some(next);
                        break;
                    }
                    mark @ COMPLETE.. => {
                        if !open.at_gates {
                            hand(&mut self.handed, open.handed, mark);
                        }
                    }
                    number => open.lowest = open.lowest.min(number),
                }
                looked_at += 1;
            }
            self.work += looked_at + 1;
            open.next += position(looked_at);
            if let Some(next) = enter {
                self.enter(next);
                continue;
            }
            if let (false, Some((next, end))) = (open.at_gates, self.gates.row_of(open.node)) {
                (open.at_gates, open.next, open.end) = (true, next, end);
                continue;
            }
            let (node, lowest, handed) = (open.node, open.lowest, open.handed);
            self.path.pop();
            self.leave(node, lowest, handed, meter)?;
            self.spend(meter)?;
        }
        Ok(())
    }

    /// Completes a node whose successors were all looked at, and its component if it is the first of it.
    fn leave(
        &mut self,
        node: NodeId,
        lowest: u32,
        handed: usize,
        meter: &mut Meter<'_>,
    ) -> Result<(), QueryError> {
        let own = self.marks.of[node];
        if lowest < own {
            self.marks.of[node] = lowest;
            self.waiting.push(node);
            return Ok(());
        }
        self.members.clear();
        self.members.push(node);
        while let Some(&last) = self.waiting.last()
            && self.marks.of[last] >= own
        {
            self.waiting.pop();
            self.members.push(last);
        }
        self.next_number = own;
        if self.members.len() > 1 && self.is_held_together_by_gates() {
            self.complete_group(meter)?;
        } else {
            self.complete_members(handed, meter)?;
        }
        self.handed.truncate(handed);
        Ok(())
    }

    /// Completes the members with their own bits and the sets that they were handed, from a place on.
    fn complete_members(&mut self, handed: usize, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let first = self.unions.bit_count();
        for at in 0..self.members.len() {
            self.own_bits(self.members[at]);
        }
        let own = first..self.unions.bit_count();
        let (set, part) = self.unions.of(&self.handed[handed..], own);
        let (unions, marks) = (&mut self.unions, &self.marks);
        let set = self.gates.close(set, part, unions, marks, meter)?;
        for &member in &self.members {
            self.marks.complete(member, set);
        }
        Ok(())
    }

    /// Gives bits to the jewels of a node, and to the node itself if it is an input of a gate.
    fn own_bits(&mut self, node: NodeId) {
        for &(_, owner) in self.owned.by(node) {
            match owner {
                Owner::Jewel(jewel, value) => {
                    self.unions.add_bit(Some(value));
                    self.jewel_of_bit.push(jewel);
                }
                Owner::Input => {
                    self.gates.set_bit(node, self.unions.bit_count());
                    self.unions.add_bit(None);
                    self.jewel_of_bit.push(NO_JEWEL);
                }
            }
        }
    }

    /// Whether a gate leads from one member to another.
    fn is_held_together_by_gates(&mut self) -> bool {
        if self.gates.is_empty() {
            return false;
        }
        for &member in &self.members {
            self.marks.of[member] = COMPLETING;
        }
        let mut members = self.members.iter();
        members.any(|&member| {
            let outputs = self.gates.outputs_of(member).iter();
            outputs
                .copied()
                .any(|output| output != member && self.marks.of[output] == COMPLETING)
        })
    }

    /// Completes members that hold together by gates: part by part, again and again until no set changes.
    fn complete_group(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let group = Group::new(self.contraction, &self.members);
        meter.spend(group.size())?;
        for &member in &self.members {
            self.marks.complete(member, SetPool::empty());
        }
        // What a part has whatever the gates of the group give.
        let mut base = Vec::new();
        for part in group.parts() {
            let first = self.unions.bit_count();
            for node in group.nodes(part) {
                self.own_bits(node);
            }
            let own = first..self.unions.bit_count();
            let beyond = group.beyond(part);
            let sets: Vec<SetId> = beyond.map(|node| self.marks.set_of(node)).collect();
            base.push(self.unions.of(&sets, own).0);
            self.spend(meter)?;
        }
        let mut rounds = 0;
        loop {
            let mut changed = false;
            for (part, &base) in group.parts().zip(&base) {
                let mut sets = vec![base];
                sets.extend(group.inside(part).map(|node| self.marks.set_of(node)));
                self.work += sets.len() + part.len();
                let (set, _) = self.unions.of(&sets, 0..0);
                let (unions, marks) = (&mut self.unions, &self.marks);
                let set = self.gates.close_anew(set, unions, marks, meter)?;
                for node in group.nodes(part) {
                    changed |= self.marks.complete(node, set);
                }
                self.spend(meter)?;
            }
            if !changed {
                break;
            }
            rounds += 1;
        }
        self.rounds = self.rounds.max(rounds);
        Ok(())
    }

    fn spend(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let sets = self.unions.pool.len();
        if sets > SETS_MAX {
            return Err(LimitError::new("set_words", SETS_MAX as u64, sets as u64).into());
        }
        if self.work + self.unions.work > 1 << 12 {
            meter.spend(std::mem::take(&mut self.work) + std::mem::take(&mut self.unions.work))?;
            meter.check_set_words(self.unions.pool.word_count())?;
        }
        Ok(())
    }

    /// The sets without the bits of inputs of gates: what differs by those alone becomes one set.
    fn finish(self, meter: &mut Meter<'_>) -> Result<ReachSets, QueryError> {
        meter.spend(self.work + self.unions.work)?;
        meter.check_set_words(self.unions.pool.word_count())?;
        let count = self.contraction.node_count();
        let nodes = (0..count).map(NodeId::at);
        let set_of: Vec<SetId> = nodes.map(|node| self.marks.set_of(node)).collect();
        let mut sets = ReachSets {
            set_of: set_of.into(),
            pool: self.unions.pool,
            totals: self.unions.totals,
            jewel_of_bit: self.jewel_of_bit,
            rounds: self.rounds,
        };
        if self.gates.is_empty() {
            return Ok(sets);
        }
        let mut kept: Table<SetId, Option<SetId>> = Table::filled(None, sets.pool.len());
        for set in sets.set_of.values_mut() {
            if kept[*set].is_none() {
                meter.spend(sets.pool.width(*set))?;
                let new = sets.pool.store_without(*set, self.gates.input_bits());
                if new.index() == sets.totals.len() {
                    sets.totals.push(sets.totals[*set]);
                }
                kept[*set] = Some(new);
                meter.check_set_words(sets.pool.word_count())?;
            }
            *set = kept[*set].unwrap_or(*set);
        }
        Ok(sets)
    }
}

/// Hands the set of a complete node to one whose sets begin at a place, unless it is empty or the last one again.
#[inline]
fn hand(handed: &mut Vec<SetId>, begin: usize, mark: u32) {
    let set = SetId::at((mark - COMPLETE) as usize);
    let is_last = handed.len() > begin && handed.last() == Some(&set);
    if set != SetPool::empty() && !is_last {
        handed.push(set);
    }
}

/// What a bit stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// A jewel, by its index, and its value.
    Jewel(u32, u64),
    /// The node itself, which is an open input of a gate.
    Input,
}

/// Jewels and inputs of gates, by node.
struct Owned {
    by_node: Vec<(NodeId, Owner)>,
    /// A bit for each node that has some.
    has_some: Vec<u64>,
}

impl Owned {
    fn new(contraction: &Contraction, gates: &OpenGates, jewels: &[Jewel]) -> Self {
        let numbered = jewels.iter().zip(0..);
        let of_jewels = numbered.filter_map(|(&(state, value), jewel)| {
            Some((contraction.node(state)?, Owner::Jewel(jewel, value)))
        });
        let of_inputs = gates.inputs().map(|input| (input, Owner::Input));
        let mut by_node: Vec<(NodeId, Owner)> = of_jewels.chain(of_inputs).collect();
        by_node.sort_unstable();
        let mut has_some = vec![0; contraction.node_count().div_ceil(64)];
        for (node, _) in &by_node {
            put(&mut has_some, node.index());
        }
        Self { by_node, has_some }
    }

    #[inline]
    fn by(&self, node: NodeId) -> &[(NodeId, Owner)] {
        if !holds(&self.has_some, node.index()) {
            return &[];
        }
        let begin = self.by_node.partition_point(|&(owner, _)| owner < node);
        let length = self.by_node[begin..].partition_point(|&(owner, _)| owner == node);
        &self.by_node[begin..begin + length]
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: ids in range: there are no more nodes and steps than ids"
)]
fn position(at: usize) -> u32 {
    at as u32
}
