//! The states that each state cannot do without.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::QueryError;
use super::between::Between;
use super::chain_pool::{ChainId, ChainPool, Rank};
use super::components::components;
use super::cone::{LocalGateId, LocalId};
use super::dominators::{Dominators, Place, root};
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{Id, LimitError, Rows, Table};

/// What each state of a part cannot do without, as chains: the state itself on top, then the rest, latest first.
///
/// D(v), what v cannot do without, is the greatest solution of D(v) = {v} for an entry v, and otherwise
/// D(v) = {v} and the intersection over all ways into v of the union over the inputs of the way of their D.
#[derive(Debug)]
pub(super) struct Needs {
    /// The chain of the root is the empty one.
    pub(super) chain: Table<Place, ChainId>,
    pub(super) heads: Table<ChainId, Place>,
    /// The rest of a chain has a lower id than the chain.
    pub(super) rests: Table<ChainId, ChainId>,
}

impl Needs {
    /// # Complexity
    /// Without gates O(n): the dominator tree says it all. With gates one pass over the states below them at which
    /// ways meet, in topological order; within a component, again until nothing changes. Each look at a way costs
    /// at most the distance to where its chain meets the others.
    pub(super) fn build(
        part: &Between,
        dominators: &Dominators,
        entries: &[LocalId],
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        if part.gate_count() > 0 {
            let plan = Plan::new(part, dominators, entries, meter)?;
            return Fixpoint::new(&plan).run(meter);
        }
        // A chain for each place, numbered as the places are.
        let count = dominators.state.len();
        let chain: Vec<ChainId> = (0..count).map(ChainId::at).collect();
        let heads: Vec<Place> = (0..count).map(Place::at).collect();
        let above = dominators.above.values().iter();
        let rests: Vec<ChainId> = above.map(|up| ChainId::at(up.index())).collect();
        Ok(Self {
            chain: chain.into(),
            heads: heads.into(),
            rests: rests.into(),
        })
    }
}

/// Which states have to be worked out, and in which order.
///
/// The dominator tree takes outputs of gates as given, so whatever dominates a state there is needed here. And a
/// state needs nothing besides but what the top of its tree needs: another way to it leads through the top, and
/// from there on without gates. So tops alone are worked out, and of those only the ones below a gate.
struct Plan<'p> {
    part: &'p Between,
    dominators: &'p Dominators,
    top: Table<Place, Place>,
    /// Below each top that is to be worked out, itself and the states of its tree, in order of arrival.
    tree: Rows<Place, Place>,
    /// From tops to tops that read what they need.
    read_by: Rows<Place, Place>,
    /// The tops in components, those first that are read.
    components: Vec<Vec<Place>>,
}

impl<'p> Plan<'p> {
    fn new(
        part: &'p Between,
        dominators: &'p Dominators,
        entries: &[LocalId],
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let count = dominators.state.len();
        let mut top: Table<Place, Place> = Table::filled(root(), count);
        let mut is_open = below_gates(part, dominators, meter)?;
        for &entry in entries {
            is_open[dominators.place[entry]] = false;
        }
        for place in dominators.places() {
            let above = dominators.above[place];
            top[place] = if above == root() { place } else { top[above] };
        }
        for place in dominators.places() {
            is_open[place] = is_open[top[place]];
        }
        let open = dominators.places().filter(|&place| is_open[place]);
        let tree = Rows::group(count, open.clone().map(|place| (top[place], place)), root());

        let mut reads: Vec<(Place, Place)> = Vec::new();
        for reader in open.filter(|&place| top[place] == place) {
            let state = dominators.state[reader];
            let gates = part.gates_by_output.row(state).iter();
            let inputs = gates.flat_map(|&gate| part.gate_inputs.row(gate));
            let read = part.into.row(state).iter().chain(inputs);
            let before = reads.len();
            reads.extend(read.filter_map(|&input| {
                let read = top[dominators.place[input]];
                (read != reader && is_open[read]).then_some((read, reader))
            }));
            reads[before..].sort_unstable();
            meter.spend(1 + reads.len() - before)?;
        }
        reads.dedup();
        if u32::try_from(reads.len()).is_err() {
            // Rows are counted in `u32`; only a graph at the very limit of ids comes here.
            let limit = u64::from(u32::MAX);
            return Err(LimitError::new("steps", limit, reads.len() as u64).into());
        }
        let read_by = Rows::group(count, reads.iter().copied(), root());
        let found = components(count, |top, k| read_by.row(top).get(k).copied());
        let mut order: Vec<Place> = dominators
            .places()
            .filter(|&place| !tree.row(place).is_empty())
            .collect();
        order.sort_unstable_by_key(|&place| (Reverse(found.of[place]), place));
        let components = order
            .chunk_by(|one, other| found.of[*one] == found.of[*other])
            .map(<[Place]>::to_vec)
            .collect();
        Ok(Self {
            part,
            dominators,
            top,
            tree,
            read_by,
            components,
        })
    }
}

/// The states that some gate leads to.
fn below_gates(
    part: &Between,
    dominators: &Dominators,
    meter: &mut Meter<'_>,
) -> Result<Table<Place, bool>, QueryError> {
    let mut is_below = Table::filled(false, dominators.state.len());
    let mut open: Vec<LocalId> = Vec::new();
    let mut add = |state: LocalId, open: &mut Vec<LocalId>| {
        if !std::mem::replace(&mut is_below[dominators.place[state]], true) {
            open.push(state);
        }
    };
    // Every gate of the part fires, so the outputs are below gates from the start.
    for &output in part.gate_output.values() {
        add(output, &mut open);
    }
    while let Some(state) = open.pop() {
        let steps = part.from.row(state);
        for &to in steps {
            add(to, &mut open);
        }
        meter.spend(1 + steps.len())?;
    }
    Ok(is_below)
}

/// The sets so far; they only shrink.
struct Fixpoint<'p> {
    plan: &'p Plan<'p>,
    /// The places by depth and then arrival.
    ///
    /// COST: inputs of a gate that come by long ways of their own are joined in one chain. By depth the ways take
    /// turns in it, and the next gate further up shares what is below; in the order of arrival one way would lie
    /// on top of the other, and each gate would have a chain of its own.
    order: Table<Rank, Place>,
    rank: Table<Place, Rank>,
    pool: ChainPool,
    /// None where nothing is known yet, which stands for the set of everything.
    chain: Table<Place, Option<ChainId>>,
}

impl<'p> Fixpoint<'p> {
    fn new(plan: &'p Plan<'p>) -> Self {
        let count = plan.top.len();
        let mut chain = Table::filled(None, count);
        chain[root()] = Some(ChainPool::empty());
        // COST: depths are small numbers, so this sorts by counting.
        let depths = plan.dominators.depth.iter();
        let by_depth = depths.map(|(place, &depth)| (Rank::at(depth as usize), place));
        let (_, order) = Rows::group(count, by_depth, root()).into_parts();
        let mut rank = Table::filled(Rank::at(0), count);
        for (at, &place) in order.iter().enumerate() {
            rank[place] = Rank::at(at);
        }
        Self {
            plan,
            order: order.into(),
            rank,
            pool: ChainPool::new(count),
            chain,
        }
    }

    fn run(mut self, meter: &mut Meter<'_>) -> Result<Needs, QueryError> {
        let (plan, above) = (self.plan, &self.plan.dominators.above);
        for place in plan.dominators.places() {
            if plan.tree.row(plan.top[place]).is_empty()
                && let Some(rest) = self.chain[above[place]]
            {
                self.chain[place] = Some(self.pool.extend(self.rank[place], rest, meter)?);
            }
        }
        let mut waits: Table<Place, bool> = Table::filled(false, self.chain.len());
        for component in &plan.components {
            // In order of arrival, so that when a state's turn comes some way into it is known.
            let mut waiting: VecDeque<Place> = component.iter().copied().collect();
            for &top in component {
                waits[top] = true;
            }
            while let Some(top) = waiting.pop_front() {
                waits[top] = false;
                if !self.renew(top, meter)? {
                    continue;
                }
                for &reader in plan.read_by.row(top) {
                    // Later components have not had their turn.
                    let is_member = component.binary_search(&reader).is_ok();
                    if is_member && !std::mem::replace(&mut waits[reader], true) {
                        waiting.push_back(reader);
                    }
                }
            }
        }
        let (heads, rests) = self.pool.into_parts();
        let heads: Vec<Place> = heads
            .values()
            .iter()
            .map(|&rank| self.order[rank])
            .collect();
        let chain = self.chain.values().iter();
        let chain: Vec<ChainId> = chain
            .map(|chain| chain.unwrap_or(ChainPool::empty()))
            .collect();
        Ok(Needs {
            chain: chain.into(),
            heads: heads.into(),
            rests,
        })
    }

    /// Works out what a top needs from what is known now, and what its tree needs with it; true if it changed.
    fn renew(&mut self, top: Place, meter: &mut Meter<'_>) -> Result<bool, QueryError> {
        let plan = self.plan;
        let Some(rest) = self.shared_by_ways(top, meter)? else {
            return Ok(false);
        };
        let chain = self.pool.extend(self.rank[top], rest, meter)?;
        if self.chain[top].replace(chain) == Some(chain) {
            return Ok(false);
        }
        for &place in plan.tree.row(top) {
            if place != top
                && let Some(rest) = self.chain[plan.dominators.above[place]]
            {
                self.chain[place] = Some(self.pool.extend(self.rank[place], rest, meter)?);
            }
        }
        Ok(true)
    }

    /// What all known ways into a top need. Ways that start in its own tree need the top, so they add nothing.
    fn shared_by_ways(
        &mut self,
        top: Place,
        meter: &mut Meter<'_>,
    ) -> Result<Option<ChainId>, QueryError> {
        let (part, dominators) = (self.plan.part, self.plan.dominators);
        let state = dominators.state[top];
        let mut shared: Option<ChainId> = None;
        for &from in part.into.row(state) {
            meter.spend(1)?;
            let from = dominators.place[from];
            if self.plan.top[from] != top
                && let Some(way) = self.chain[from]
            {
                shared = Some(self.shared(shared, way, meter)?);
                if shared == Some(ChainPool::empty()) {
                    return Ok(shared);
                }
            }
        }
        for &gate in part.gates_by_output.row(state) {
            if let Some(way) = self.gate_needs(top, gate, meter)? {
                shared = Some(self.shared(shared, way, meter)?);
            }
        }
        Ok(shared)
    }

    fn shared(
        &mut self,
        shared: Option<ChainId>,
        way: ChainId,
        meter: &mut Meter<'_>,
    ) -> Result<ChainId, QueryError> {
        match shared {
            Some(shared) => self.pool.common(shared, way, meter),
            None => Ok(way),
        }
    }

    /// What a gate into a top needs; none if that is not known yet, or the top itself is among it.
    fn gate_needs(
        &mut self,
        top: Place,
        gate: LocalGateId,
        meter: &mut Meter<'_>,
    ) -> Result<Option<ChainId>, QueryError> {
        let mut chains = Vec::new();
        for &input in self.plan.part.gate_inputs.row(gate) {
            meter.spend(1)?;
            let input = self.plan.dominators.place[input];
            let Some(chain) = self.chain[input] else {
                return Ok(None);
            };
            if self.plan.top[input] == top {
                return Ok(None);
            }
            chains.push(chain);
        }
        // COST: two and two, and these again, so that of many inputs none is joined more often than there are doublings.
        while chains.len() > 1 {
            let pairs = chains.chunks(2).map(|pair| match *pair {
                [one, other] => self.pool.joined(one, other, meter),
                _ => Ok(pair[0]),
            });
            chains = pairs.collect::<Result<_, _>>()?;
        }
        Ok(Some(chains.pop().unwrap_or(ChainPool::empty())))
    }
}
