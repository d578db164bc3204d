//! The states that lead to some targets, contracted: what leads to one another within a block is one node.

use rayon::prelude::*;

use super::QueryError;
use super::gate_steps::GateSteps;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{
    GateId, LimitError, Lists, Pairs as _, Rows, StateId, StateSet, Table, View, define_id,
    group_pairs, pages,
};

define_id! {
    /// A node of a contraction: some states that all lead to one another.
    pub(super) struct NodeId
}

/// The backward cone of some targets, with sets of states that lead to one another made into one node.
///
/// A gate whose open inputs (those outside the ambient) are one or none is a step from that, or from each input:
/// one of them at least must be the attacker's own. Gates with more open inputs are no steps; whatever leads to
/// one of their inputs is in the cone all the same.
///
/// States of a node lead to one another; but two nodes may do so too, if a way between them leaves the block.
#[derive(Debug)]
pub(super) struct Contraction {
    /// The node of each state; [`OUTSIDE`] for those that lead to no target.
    pub(super) node_of: Table<StateId, u32>,
    /// Where steps between different nodes lead.
    pub(super) successors: Rows<NodeId, NodeId>,
    /// Gates with two open inputs or more whose output is in the cone.
    pub(super) open_gates: Vec<GateId>,
}

/// The node of states that lead to no target, as tables of zeros have it. No step leads there or away.
pub(super) const OUTSIDE: u32 = 0;

impl Contraction {
    /// Walks the steps of `view` backward from `targets`; with `within`, between states of that set alone.
    ///
    /// The states are cut into blocks of neighbours. Each block looks for the components of its own part of the
    /// cone, from the states that are known to be in it; steps from other blocks are handed to those. Round by
    /// round, all threads, until no block learns of a further state. Then all steps between nodes are collected.
    ///
    /// COST: the numbers of a block's states fit the second-level cache, and most steps of an estate stay with
    /// neighbours. Every origin of a state that leads to a target does so too, so the backward rows of those
    /// states are the whole cone, and no step that leaves it is looked at.
    ///
    /// # Complexity
    /// O(n + steps into the cone) time; 4 bytes a state, and 8 for each step between nodes.
    ///
    /// # Source
    /// Components of a block as in Pearce 2016, "A space-efficient algorithm for finding strongly connected
    /// components", with an explicit stack. What is complete in a block stays so when further states turn out to be
    /// in the cone: all of its origins in the block are complete as well.
    pub(super) fn find(
        view: &View<'_>,
        targets: impl Iterator<Item = StateId>,
        ambient: &StateSet,
        within: Option<&StateSet>,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let graph = view.graph();
        let gates = GateSteps::new(view, ambient, meter)?;
        let mut node_of: Table<StateId, u32> = pages::zeros(graph.state_count()).into();
        let width = block_width(graph.state_count());
        let targets: Vec<StateId> = targets
            .filter(|&target| within.is_none_or(|within| within.contains(target)))
            .collect();
        let (rows, numbers) = (view.backward(), &mut node_of);
        // One ground for each case, so that the common one tests nothing.
        let (node_count, lists) = match within {
            None => Ground {
                rows,
                gates: &gates,
                within: |_| true,
            }
            .contract(numbers, width, &targets, meter)?,
            Some(within) => Ground {
                rows,
                gates: &gates,
                within: |state| within.contains(state),
            }
            .contract(numbers, width, &targets, meter)?,
        };
        meter.spend(lists.len())?;
        if u32::try_from(lists.len()).is_err() {
            // Rows are counted in `u32`; only a graph at the very limit of ids comes here.
            return Err(LimitError::new("steps", u64::from(u32::MAX), lists.len() as u64).into());
        }
        let successors = group_pairs(node_count, node_count, &lists);
        let mut open_gates = gates.open;
        open_gates.retain(|&gate| node_of[graph.gate_output(gate)] != OUTSIDE);
        Ok(Self {
            node_of,
            successors,
            open_gates,
        })
    }

    /// Number of nodes, [`OUTSIDE`] among them.
    pub(super) fn node_count(&self) -> usize {
        self.successors.row_count()
    }

    /// The node of a state, if it leads to a target.
    pub(super) fn node(&self, state: StateId) -> Option<NodeId> {
        let node = self.node_of[state];
        (node != OUTSIDE).then(|| NodeId::at(node as usize))
    }
}

/// How many states are a block: their numbers fit the second-level cache. Fewer on small graphs, so that those have
/// several blocks as well.
fn block_width(state_count: usize) -> usize {
    const LARGEST: usize = 1 << 16;
    (state_count / 16).next_power_of_two().clamp(2, LARGEST)
}

/// Numbers the nodes of all blocks, from 1 on; returns how many there are with the one outside.
fn number_nodes(node_of: &mut Table<StateId, u32>, width: usize, counts: &[u32]) -> usize {
    let mut before = Vec::with_capacity(counts.len());
    let mut sum = 1;
    for count in counts {
        before.push(sum);
        sum += count;
    }
    let blocks = node_of.values_mut().par_chunks_mut(width).zip(before);
    blocks.for_each(|(numbers, before)| {
        for number in numbers {
            if *number != OUTSIDE {
                *number = FIRST_NODE - *number + before;
            }
        }
    });
    sum as usize
}

/// The number of the states of the first node that a block completes; those of later ones count down.
const FIRST_NODE: u32 = u32::MAX;

/// Work after which a block pauses, so that limits and cancelling are looked at.
const WORK_OF_A_ROUND: usize = 1 << 20;

/// Rounds with less work than this are walked by one thread.
const WORK_OF_A_THREAD: usize = 1 << 10;

/// What blocks walk on.
struct Ground<'g, W> {
    /// Origins of the steps into each state.
    rows: &'g Rows<StateId, StateId>,
    gates: &'g GateSteps,
    /// Whether a state may be walked to.
    within: W,
}

/// One block: the search for its components, which can pause.
struct Block<'n> {
    /// The first state.
    base: usize,
    /// [`OUTSIDE`] before a state is seen. While it is open, the number of the earliest open state that it leads back to,
    /// from 1 on; there are at most as many as the block has states. Once its node is complete, that of the node, from
    /// [`FIRST_NODE`] down.
    numbers: &'n mut [u32],
    next_number: u32,
    next_node: u32,
    path: Vec<Open>,
    waiting: Vec<u32>,
    /// States of the block that are in the cone.
    roots: Vec<StateId>,
    /// States that are in the cone, to be handed to their blocks.
    found: Vec<StateId>,
    work: usize,
}

/// A state whose origins are being looked at.
struct Open {
    /// Counted from the first of the block.
    place: u32,
    /// What is left of its row.
    next: u32,
    end: u32,
    lowest: u32,
    /// Whether the row is that of gates that are steps, which comes after that of steps.
    at_gates: bool,
}

impl<W: Fn(StateId) -> bool + Sync> Ground<'_, W> {
    /// Gives each state its node; returns the number of nodes, and the steps between them.
    fn contract(
        &self,
        numbers: &mut Table<StateId, u32>,
        width: usize,
        targets: &[StateId],
        meter: &mut Meter<'_>,
    ) -> Result<(usize, Lists), QueryError> {
        let counts = self.walk(numbers, width, targets, meter)?;
        let node_count = number_nodes(numbers, width, &counts);
        Ok((node_count, Lists::new(self.steps(numbers, width))))
    }

    /// Finds the nodes of all blocks, and how many each has.
    fn walk(
        &self,
        numbers: &mut Table<StateId, u32>,
        width: usize,
        targets: &[StateId],
        meter: &mut Meter<'_>,
    ) -> Result<Vec<u32>, QueryError> {
        let chunks = numbers.values_mut().chunks_mut(width).enumerate();
        let mut blocks: Vec<Block<'_>> = chunks
            .map(|(at, numbers)| Block {
                base: at * width,
                numbers,
                next_number: 1,
                next_node: FIRST_NODE,
                path: Vec::new(),
                waiting: Vec::new(),
                roots: Vec::new(),
                found: Vec::new(),
                work: 0,
            })
            .collect();
        for &target in targets {
            blocks[target.index() / width].roots.push(target);
        }
        // Of the round before: most likely that of this one.
        let mut work = WORK_OF_A_THREAD;
        loop {
            let mut active: Vec<&mut Block<'_>> = blocks
                .iter_mut()
                .filter(|block| block.is_active())
                .collect();
            if active.is_empty() {
                break;
            }
            // COST: where ways turn between blocks at every state, there are as many rounds as states, and calling
            // for the threads takes longer than the round.
            if work < WORK_OF_A_THREAD {
                for block in active {
                    block.walk(self);
                }
            } else {
                active.par_iter_mut().for_each(|block| block.walk(self));
            }
            work = 0;
            for at in 0..blocks.len() {
                work += std::mem::take(&mut blocks[at].work);
                let mut found = std::mem::take(&mut blocks[at].found);
                for state in found.drain(..) {
                    let block = &mut blocks[state.index() / width];
                    if block.numbers[state.index() % width] == OUTSIDE {
                        block.roots.push(state);
                    }
                }
                blocks[at].found = found;
            }
            // Every block was looked at.
            meter.spend(work + blocks.len())?;
        }
        Ok(blocks
            .iter()
            .map(|block| FIRST_NODE - block.next_node)
            .collect())
    }

    /// The steps between different nodes, origin first, in a list for each block.
    ///
    /// COST: neighbours in a row are mostly of one node, so looking at the last one drops most repetitions.
    fn steps(&self, node_of: &Table<StateId, u32>, width: usize) -> Vec<Vec<(u32, u32)>> {
        let blocks = node_of.values().par_chunks(width).enumerate();
        blocks
            .map(|(at, nodes)| {
                let mut steps = Vec::new();
                for (place, &node) in nodes.iter().enumerate() {
                    if node == OUTSIDE {
                        continue;
                    }
                    let state = StateId::at(at * width + place);
                    let mut last = node;
                    let mut add = |origin: u32| {
                        if origin != node && origin != last && origin != OUTSIDE {
                            steps.push((origin, node));
                            last = origin;
                        }
                    };
                    for &origin in self.rows.row(state) {
                        add(node_of[origin]);
                    }
                    for &origin in self.gates.before(state) {
                        add(node_of[origin]);
                    }
                }
                steps
            })
            .collect()
    }
}

impl Block<'_> {
    fn is_active(&self) -> bool {
        !self.roots.is_empty() || !self.path.is_empty()
    }

    /// Walks on until there is nothing left to do, or for a while.
    fn walk(&mut self, ground: &Ground<'_, impl Fn(StateId) -> bool>) {
        while self.work < WORK_OF_A_ROUND {
            if self.path.is_empty() {
                let Some(root) = self.roots.pop() else { return };
                let place = root.index() - self.base;
                if self.numbers[place] != OUTSIDE {
                    continue;
                }
                self.visit(place, ground);
            }
            self.walk_path(ground);
        }
    }

    /// Comes to a state. True if it is complete at once; otherwise it is put on the path.
    ///
    /// COST: most states are: their origins were all seen before, or are in other blocks.
    fn visit(&mut self, place: usize, ground: &Ground<'_, impl Fn(StateId) -> bool>) -> bool {
        let state = StateId::at(self.base + place);
        let mut lowest = self.next_number;
        self.numbers[place] = lowest;
        self.next_number += 1;
        let open = ground.gates.open_before(state).iter().copied();
        self.found
            .extend(open.filter(|&input| (ground.within)(input)));
        let (begin, end) = ground.rows.bounds(state);
        let row = ground.rows.between(begin, end);
        let mut looked_at = 0;
        let unseen = self.look(row, &mut looked_at, &mut lowest, ground);
        self.work += looked_at + 1;
        if unseen.is_none() && ground.gates.range(state).is_none() {
            self.leave(position(place), lowest);
            return true;
        }
        self.path.push(Open {
            place: position(place),
            next: begin + position(looked_at),
            end,
            lowest,
            at_gates: false,
        });
        false
    }

    /// Looks at origins from a place of a row on; stops at one of the block that was not seen.
    fn look(
        &mut self,
        row: &[StateId],
        next: &mut usize,
        lowest: &mut u32,
        ground: &Ground<'_, impl Fn(StateId) -> bool>,
    ) -> Option<usize> {
        while let Some(&origin) = row.get(*next) {
            let place = origin.index().wrapping_sub(self.base);
            match self.numbers.get(place) {
                None => {
                    if (ground.within)(origin) {
                        self.found.push(origin);
                    }
                }
                Some(&OUTSIDE) => {
                    if (ground.within)(origin) {
                        // Looked at again when it is done: its number is then what it leads back to.
                        return Some(place);
                    }
                }
                Some(&number) => *lowest = (*lowest).min(number),
            }
            *next += 1;
        }
        None
    }

    /// Walks on until the path is empty, or for a while.
    fn walk_path(&mut self, ground: &Ground<'_, impl Fn(StateId) -> bool>) {
        while self.work < WORK_OF_A_ROUND
            && let Some(open) = self.path.last()
        {
            let state = StateId::at(self.base + open.place as usize);
            let &Open {
                place,
                next,
                end,
                mut lowest,
                at_gates,
            } = open;
            let depth = self.path.len();
            let row = if at_gates {
                ground.gates.at(next, end)
            } else {
                ground.rows.between(next, end)
            };
            let mut looked_at = 0;
            let mut unseen = self.look(row, &mut looked_at, &mut lowest, ground);
            while let Some(origin) = unseen
                && self.visit(origin, ground)
            {
                unseen = self.look(row, &mut looked_at, &mut lowest, ground);
            }
            self.work += looked_at + 1;
            let open = &mut self.path[depth - 1];
            open.next += position(looked_at);
            open.lowest = lowest;
            if unseen.is_some() {
                continue;
            }
            if let (Some((next, end)), false) = (ground.gates.range(state), at_gates) {
                (open.at_gates, open.next, open.end) = (true, next, end);
            } else {
                self.path.pop();
                self.leave(place, lowest);
            }
        }
    }

    /// Completes a state of which all origins were looked at, and its node if it is the first of it.
    fn leave(&mut self, place: u32, lowest: u32) {
        let own = self.numbers[place as usize];
        if lowest < own {
            self.numbers[place as usize] = lowest;
            self.waiting.push(place);
            return;
        }
        // Those behind it that lead back to it are the others.
        self.numbers[place as usize] = self.next_node;
        self.next_number -= 1;
        while let Some(&last) = self.waiting.last()
            && self.numbers[last as usize] >= own
        {
            self.waiting.pop();
            self.numbers[last as usize] = self.next_node;
            self.next_number -= 1;
        }
        self.next_node -= 1;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: ids in range: there are no more states and steps than ids"
)]
fn position(at: usize) -> u32 {
    at as u32
}
