//! Gates of which an attacker needs several inputs at once, and the sets that open them.

use super::QueryError;
use super::bits::put;
use super::contraction::{Contraction, NodeId};
use super::meter::Meter;
use super::reach_sets::Marks;
use super::set_pool::{SetId, SetPool};
use super::set_union::Unions;
use crate::graph::sealed::Sealed as _;
use crate::graph::{AttackGraph, Id as _, Rows, StateSet, Table, define_id};

define_id! {
    /// An open gate, counted among those of a contraction.
    pub(super) struct OpenGateId
}

/// The open gates of a contraction, over its nodes.
pub(super) struct OpenGates {
    /// The nodes that each gate needs, ascending.
    inputs: Rows<OpenGateId, NodeId>,
    output: Table<OpenGateId, NodeId>,
    /// The gates that need a node.
    by_input: Rows<NodeId, OpenGateId>,
    /// COST: a bit for each node that is an input; few are, and most questions end here.
    is_input: Vec<u64>,
    /// The outputs of those gates.
    pub(super) outputs: Rows<NodeId, NodeId>,
    /// The bit of each node that is an input; [`NO_BIT`] for others, and before it is known.
    bit_of: Vec<u32>,
    /// The input of each bit that is one.
    input_of: Vec<Option<NodeId>>,
    /// The bits of inputs, as a dense set.
    input_bits: Vec<u64>,
    /// The look at new bits in which a gate was looked at last, so that one with many inputs is once in each.
    looked_at: Table<OpenGateId, u64>,
    looks: u64,
    /// What sets come to with all gates that they open, by set.
    closed: Vec<Option<SetId>>,
}

const NO_BIT: u32 = u32::MAX;

impl OpenGates {
    pub(super) fn new(graph: &AttackGraph, contraction: &Contraction, ambient: &StateSet) -> Self {
        let mut pairs: Vec<(OpenGateId, NodeId)> = Vec::new();
        let mut outputs = Vec::new();
        for &gate in &contraction.open_gates {
            let inputs = graph.gate_inputs(gate).iter().copied();
            let open = inputs.filter(|&input| !ambient.contains(input));
            // One of which an input was left out of the cone opens for nobody in it.
            let nodes: Option<Vec<NodeId>> = open.map(|input| contraction.node(input)).collect();
            let output = contraction.node(graph.gate_output(gate));
            if let (Some(mut nodes), Some(output)) = (nodes, output) {
                nodes.sort_unstable();
                nodes.dedup();
                let gate = OpenGateId::at(outputs.len());
                pairs.extend(nodes.into_iter().map(|node| (gate, node)));
                outputs.push(output);
            }
        }
        let count = contraction.node_count();
        let inputs = Rows::group(outputs.len(), pairs.iter().copied(), NodeId::at(0));
        let output: Table<OpenGateId, NodeId> = outputs.into();
        let mut is_input = Vec::new();
        let (mut by_input, mut outputs, mut bit_of) = (Rows::none(), Rows::none(), Vec::new());
        if !pairs.is_empty() {
            let turned = pairs.iter().map(|&(gate, input)| (input, gate));
            by_input = Rows::group(count, turned, OpenGateId::at(0));
            let steps = pairs.iter().map(|&(gate, input)| (input, output[gate]));
            outputs = Rows::group(count, steps, NodeId::at(0));
            bit_of = vec![NO_BIT; count];
            is_input.resize(count.div_ceil(64), 0);
            for (_, input) in &pairs {
                put(&mut is_input, input.index());
            }
        }
        Self {
            looked_at: Table::filled(0, output.len()),
            looks: 0,
            inputs,
            output,
            by_input,
            is_input,
            outputs,
            bit_of,
            input_of: Vec::new(),
            input_bits: Vec::new(),
            closed: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.output.is_empty()
    }

    /// The nodes that are inputs, each once, ascending.
    pub(super) fn inputs(&self) -> impl Iterator<Item = NodeId> + '_ {
        let nodes = (0..self.by_input.row_count()).map(NodeId::at);
        nodes.filter(|&node| !self.by_input.row(node).is_empty())
    }

    /// The outputs of gates that need a node.
    pub(super) fn outputs_of(&self, node: NodeId) -> &[NodeId] {
        match self.row_of(node) {
            Some((begin, end)) => self.outputs.between(begin, end),
            None => &[],
        }
    }

    /// Where the row of a node in `outputs` begins and ends, if there is something in it.
    #[inline]
    pub(super) fn row_of(&self, node: NodeId) -> Option<(u32, u32)> {
        let word = self.is_input.get(node.index() / 64)?;
        (word >> (node.index() % 64) & 1 == 1).then(|| self.outputs.bounds(node))
    }

    /// Tells the bit of a node that is an input.
    pub(super) fn set_bit(&mut self, input: NodeId, bit: usize) {
        self.bit_of[input.index()] = position(bit);
        self.input_of.resize(bit, None);
        self.input_of.push(Some(input));
        self.input_bits.resize(bit / 64 + 1, 0);
        put(&mut self.input_bits, bit);
    }

    /// The bits of inputs, as a dense set.
    pub(super) fn input_bits(&self) -> &[u64] {
        &self.input_bits
    }

    /// A set, and the sets of the outputs of all gates that it opens; `part` is a part of it for which that is done.
    /// The sets of those outputs have to be complete.
    pub(super) fn close(
        &mut self,
        set: SetId,
        part: SetId,
        unions: &mut Unions,
        marks: &Marks,
        meter: &mut Meter<'_>,
    ) -> Result<SetId, QueryError> {
        if self.is_empty() || set == part {
            return Ok(set);
        }
        if self.closed.len() < unions.pool.len() {
            self.closed.resize(unions.pool.len(), None);
        }
        if let Some(closed) = self.closed[set.index()] {
            return Ok(closed);
        }
        let closed = self.open(set, part, unions, marks, meter)?;
        self.closed[set.index()] = Some(closed);
        Ok(closed)
    }

    /// As [`Self::close`], where sets of outputs may still grow.
    pub(super) fn close_anew(
        &mut self,
        set: SetId,
        unions: &mut Unions,
        marks: &Marks,
        meter: &mut Meter<'_>,
    ) -> Result<SetId, QueryError> {
        self.open(set, SetPool::empty(), unions, marks, meter)
    }

    /// COST: only gates of which an input is not in the part can have been opened by what is beside it.
    fn open(
        &mut self,
        set: SetId,
        part: SetId,
        unions: &mut Unions,
        marks: &Marks,
        meter: &mut Meter<'_>,
    ) -> Result<SetId, QueryError> {
        let (mut current, mut done) = (set, part);
        let mut gained = Vec::new();
        loop {
            let mut work = unions.pool.width(current);
            self.looks += 1;
            let look = self.looks;
            let each_input = |bit: usize| {
                let input = self.input_of.get(bit).copied().flatten();
                for &gate in input.map_or(&[][..], |input| self.by_input.row(input)) {
                    work += 1;
                    if std::mem::replace(&mut self.looked_at[gate], look) == look {
                        continue;
                    }
                    let output = marks.set_of(self.output[gate]);
                    let mut holds = |input: &NodeId| {
                        work += 1;
                        let bit = self.bit_of[input.index()];
                        bit != NO_BIT && unions.pool.contains(current, bit as usize)
                    };
                    if self.inputs.row(gate).iter().all(&mut holds) {
                        gained.push(output);
                    }
                }
            };
            unions
                .pool
                .each_new_bit_of(current, done, &self.input_bits, each_input);
            unions.work += work;
            // Each gate that opens may make a set, as wide as there are inputs.
            unions.spend(meter)?;
            if gained.is_empty() {
                return Ok(current);
            }
            gained.push(current);
            let (next, _) = unions.of(&gained, 0..0);
            if next == current {
                return Ok(current);
            }
            (done, current) = (current, next);
            gained.clear();
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: ids in range: there are no more bits than inputs of gates and jewels"
)]
fn position(at: usize) -> u32 {
    at as u32
}
