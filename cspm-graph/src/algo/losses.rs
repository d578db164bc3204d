//! Which jewels are lost with a state, and by which step alone a state comes.

use std::ops::Range;

use super::between::Between;
use super::chain_pool::ChainId;
use super::cone::{LocalGateId, LocalId};
use super::dominators::{Dominators, Place};
use super::meter::Meter;
use super::needs::Needs;
use super::{Jewel, QueryError};
use crate::graph::sealed::Sealed as _;
use crate::graph::{Rows, StepId, Table, View};

/// The chains as a tree in which each hangs below its rest, with the jewels at the chains of their states.
///
/// A jewel cannot do without a state if its chain is below a chain with the state as head. A state is the head
/// of one chain where there are no gates, and of few otherwise; none of them is below another.
pub(super) struct Losses<'p> {
    part: &'p Between,
    dominators: &'p Dominators,
    needs: &'p Needs,
    /// The chains with each head, in the order of the tree.
    chains: Rows<Place, ChainId>,
    /// The chains below each, itself among them, as a span in the order of the tree.
    below: Table<ChainId, Range<usize>>,
    /// The jewels below each chain, as a span of `order`.
    jewels: Table<ChainId, Range<usize>>,
    /// Sum of the values of those jewels, up to the largest number there is.
    value: Table<ChainId, u64>,
    /// Indices of jewels in the order of the tree.
    pub(super) order: Vec<usize>,
}

impl<'p> Losses<'p> {
    /// # Complexity
    /// O(chains + jewels), and a sort of the chains of each state.
    pub(super) fn count(
        part: &'p Between,
        dominators: &'p Dominators,
        needs: &'p Needs,
        jewels: &[Jewel],
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let count = needs.heads.len();
        meter.spend(count + jewels.len())?;
        let reached = || {
            let numbered = jewels.iter().enumerate();
            numbered.filter_map(|(jewel, &(state, value))| {
                let place = dominators.place[part.local(state)?];
                Some((needs.chain[place], jewel, value))
            })
        };
        let mut own: Table<ChainId, usize> = Table::filled(0, count);
        let mut value: Table<ChainId, u64> = Table::filled(0, count);
        for (chain, _, worth) in reached() {
            own[chain] += 1;
            value[chain] = value[chain].saturating_add(worth);
        }
        for (chain, &rest) in needs.rests.iter().skip(1).rev() {
            value[rest] = value[rest].saturating_add(value[chain]);
        }
        let spans = tree_order(&needs.rests, &own);
        let below = tree_order(&needs.rests, &Table::filled(1, count));

        let mut order = vec![0; spans[ChainId::at(0)].end];
        let mut next = spans.clone();
        for (chain, jewel, _) in reached() {
            // Those of the chain itself come first in its span.
            order[next[chain].start] = jewel;
            next[chain].start += 1;
        }

        let heads = needs
            .heads
            .iter()
            .skip(1)
            .map(|(chain, &head)| (head, chain));
        let mut chains = Rows::group(dominators.state.len(), heads, ChainId::at(0));
        if count > dominators.state.len() {
            for place in dominators.places() {
                chains
                    .row_mut(place)
                    .sort_unstable_by_key(|&chain| below[chain].start);
            }
        }
        Ok(Self {
            part,
            dominators,
            needs,
            chains,
            below,
            jewels: spans,
            value,
            order,
        })
    }

    /// The spans of the jewels that are lost with a state, and their values.
    pub(super) fn of(&self, place: Place) -> impl Iterator<Item = (Range<usize>, u64)> + '_ {
        let chains = self.chains.row(place).iter();
        let spans = chains.map(|&chain| (self.jewels[chain].clone(), self.value[chain]));
        spans.filter(|(span, _)| !span.is_empty())
    }

    /// The step or gate without which a state that is no entry is not reached, if there is one: the only one that
    /// does not need the state itself.
    pub(super) fn only_way(
        &self,
        view: &View<'_>,
        local: LocalId,
        meter: &mut Meter<'_>,
    ) -> Result<Option<StepId>, QueryError> {
        let place = self.dominators.place[local];
        let part = self.part;
        let mut only = None;
        for &from in part.into.row(local) {
            meter.spend(1)?;
            if !self.needs(from, place) && only.replace(Way::From(from)).is_some() {
                return Ok(None);
            }
        }
        for &gate in part.gates_by_output.row(local) {
            let inputs = part.gate_inputs.row(gate);
            meter.spend(inputs.len())?;
            let needs_itself = inputs.iter().any(|&input| self.needs(input, place));
            if !needs_itself && only.replace(Way::Gate(gate)).is_some() {
                return Ok(None);
            }
        }
        Ok(match only {
            None => None,
            Some(Way::Gate(gate)) => Some(view.graph().gate_step(part.gates[gate])),
            Some(Way::From(from)) => {
                let mut steps = view.ordinary_into(part.states[local]);
                let origin = part.states[from];
                steps
                    .find(|&(_, from)| from == origin)
                    .map(|(step, _)| step)
            }
        })
    }

    /// Whether a state cannot do without the one at `place`.
    fn needs(&self, state: LocalId, place: Place) -> bool {
        let at = self.below[self.needs.chain[self.dominators.place[state]]].start;
        let chains = self.chains.row(place);
        let after = chains.partition_point(|&chain| self.below[chain].start <= at);
        let closest = after.checked_sub(1).map(|before| chains[before]);
        closest.is_some_and(|chain| at < self.below[chain].end)
    }
}

/// A way into a state.
enum Way {
    From(LocalId),
    Gate(LocalGateId),
}

/// For each chain a span that holds its own items and then the spans of the chains above it, one after the other.
fn tree_order(
    rests: &Table<ChainId, ChainId>,
    own: &Table<ChainId, usize>,
) -> Table<ChainId, Range<usize>> {
    let mut sizes = own.clone();
    for (chain, &rest) in rests.iter().skip(1).rev() {
        sizes[rest] += sizes[chain];
    }
    let mut spans: Table<ChainId, Range<usize>> = Table::with_capacity(rests.len());
    let mut next: Table<ChainId, usize> = Table::with_capacity(rests.len());
    for (chain, &rest) in rests.iter() {
        // The empty chain is its own rest, and the first.
        let start = next.get(rest).copied().unwrap_or(0);
        spans.push(start..start + sizes[chain]);
        next.push(start + own[chain]);
        if chain != rest {
            next[rest] += sizes[chain];
        }
    }
    spans
}
