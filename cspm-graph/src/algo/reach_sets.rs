//! The set of jewels, and of inputs of gates, that each component of a cone reaches.

use std::collections::HashMap;
use std::ops::Range;

use super::meter::Meter;
use super::set_pool::{SetId, SetPool};
use super::upstream::Upstream;
use super::{Jewel, QueryError};
use crate::graph::{GateId, Id as _, StateId, StateSet, Table, View};

/// The sets of all components.
pub(super) struct ReachSets {
    /// By component, the last first.
    pub(super) set_of: Vec<SetId>,
    pub(super) pool: SetPool,
    pub(super) totals: Table<SetId, Totals>,
    pub(super) jewel_of_bit: Vec<u32>,
    pub(super) rounds: usize,
}

/// How many jewels are in a set, and what they are worth.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) count: usize,
    pub(super) value: u64,
}

impl Totals {
    /// Those of a set, from those of a part of it.
    fn with_new(mut self, pool: &SetPool, set: SetId, part: SetId, values: &[Option<u64>]) -> Self {
        pool.each_new_bit(set, part, |bit| {
            if let Some(value) = values[bit] {
                self.count += 1;
                self.value = self.value.saturating_add(value);
            }
        });
        self
    }
}

/// Of a bit that is an input of a gate.
const NO_JEWEL: u32 = u32::MAX;

/// Each component hands its set to those that lead to it, which are looked at after it. A set that holds all open
/// inputs of a gate takes the set of the gate's output too; that has been looked at before, but in a group of
/// components that lead to one another through gates, which is gone through until nothing changes.
///
/// COST: most components are handed one set, if often; they keep it without work. Of several, the largest mostly
/// holds the others, which is seen without storing anything.
pub(super) fn reach_sets(
    view: &View<'_>,
    upstream: &Upstream,
    ambient: &StateSet,
    jewels: &[Jewel],
    meter: &mut Meter<'_>,
) -> Result<ReachSets, QueryError> {
    let count = upstream.component_count();
    let mut gates = Gates::new(view, upstream, ambient);
    // In the order of the components, so that a set is a short window: jewels, then inputs of gates.
    let of_jewels = jewels
        .iter()
        .zip(0..)
        .filter(|(jewel, _)| upstream.contains(jewel.0));
    let of_jewels =
        of_jewels.map(|(&(state, _), jewel)| (position(upstream.component(state)), jewel, None));
    let of_inputs = gates
        .inputs
        .iter()
        .map(|&input| (position(upstream.component(input)), NO_JEWEL, Some(input)));
    let mut bits: Vec<(u32, u32, Option<StateId>)> = of_jewels.chain(of_inputs).collect();
    bits.sort_unstable();
    gates.set_bits(&bits);
    let values = bits
        .iter()
        .map(|bit| jewels.get(bit.1 as usize).map(|it| it.1));
    let mut pass = Pass {
        view,
        upstream,
        unions: Unions::new(values.collect()),
        handed: Handed::new(count),
        set_of: vec![SetPool::empty(); count],
        gates,
        work: 0,
    };

    let mut own = bits.iter().enumerate().peekable();
    let mut bits_of = |component: usize| {
        let mut range = 0..0;
        while let Some((bit, _)) = own.next_if(|(_, bit)| bit.0 as usize == component) {
            range = if range.is_empty() { bit } else { range.start }..bit + 1;
        }
        range
    };
    let mut groups = upstream.groups.iter().peekable();
    let mut rounds = 1;
    let mut component = 0;
    while component < count {
        let Some(group) = groups.next_if(|group| group.start == component) else {
            let set = pass
                .unions
                .of(pass.handed.to(component), bits_of(component));
            pass.set_of[component] = pass.close(set, meter)?;
            pass.hand(component, component..component + 1);
            pass.spend(meter)?;
            component += 1;
            continue;
        };
        let base: Vec<SetId> = group
            .clone()
            .map(|part| pass.unions.of(pass.handed.to(part), bits_of(part)))
            .collect();
        rounds = rounds.max(pass.go_round(group, &base, meter)?);
        component = group.end;
    }
    pass.work += pass.unions.work;
    pass.spend(meter)?;
    meter.spend(pass.work)?;
    let jewel_of_bit: Vec<u32> = bits.iter().map(|bit| bit.1).collect();
    pass.finish(jewel_of_bit, rounds, meter)
}

struct Pass<'p, 'g> {
    view: &'p View<'g>,
    upstream: &'p Upstream,
    unions: Unions,
    handed: Handed,
    set_of: Vec<SetId>,
    gates: Gates,
    work: usize,
}

impl Pass<'_, '_> {
    /// Hands the set of a component to those outside `group` that lead to it.
    fn hand(&mut self, component: usize, group: Range<usize>) {
        let set = self.set_of[component];
        for &state in self.upstream.members(component) {
            let mut work = 1;
            self.upstream.each_origin(self.view, state, |origin| {
                work += 1;
                let before = self.upstream.component(origin);
                if !group.contains(&before) {
                    self.handed.hand(set, before);
                }
            });
            self.work += work;
        }
    }

    /// Goes through a group until no set changes; returns how often something did.
    fn go_round(
        &mut self,
        group: &Range<usize>,
        base: &[SetId],
        meter: &mut Meter<'_>,
    ) -> Result<usize, QueryError> {
        let mut rounds = 0;
        loop {
            self.gates.forget();
            let mut inner = Handed::new(group.len());
            let mut changed = false;
            for part in group.clone() {
                let place = part - group.start;
                let mut sets = inner.to(place).to_vec();
                sets.push(base[place]);
                let set = self.unions.of(&sets, 0..0);
                let set = self.close(set, meter)?;
                changed |= std::mem::replace(&mut self.set_of[part], set) != set;
                for &state in self.upstream.members(part) {
                    let mut work = 1;
                    self.upstream.each_origin(self.view, state, |origin| {
                        work += 1;
                        let before = self.upstream.component(origin);
                        if before != part && group.contains(&before) {
                            inner.hand(set, before - group.start);
                        }
                    });
                    self.work += work;
                }
                self.spend(meter)?;
            }
            if !changed {
                break;
            }
            rounds += 1;
        }
        self.gates.forget();
        for part in group.clone() {
            self.hand(part, group.clone());
        }
        Ok(rounds)
    }

    /// A set, and the sets of the outputs of all gates that it opens.
    fn close(&mut self, set: SetId, meter: &mut Meter<'_>) -> Result<SetId, QueryError> {
        if self.gates.all.is_empty() {
            return Ok(set);
        }
        if let Some(&closed) = self.gates.closed.get(&set) {
            return Ok(closed);
        }
        let mut current = set;
        loop {
            let mut gained = vec![current];
            for bit in self.unions.pool.common_bits(current, &self.gates.lookup) {
                for &gate in &self.gates.of_bit[&bit] {
                    let (inputs, output) = &self.gates.all[gate];
                    self.work += inputs.len();
                    let holds = |input: &usize| self.unions.pool.contains(current, *input);
                    if inputs.iter().all(holds) {
                        gained.push(self.set_of[*output]);
                    }
                }
            }
            self.work += self.unions.pool.width(current);
            self.spend(meter)?;
            gained.sort_unstable();
            gained.dedup();
            let next = self.unions.of(&gained, 0..0);
            if next == current {
                break;
            }
            current = next;
        }
        self.gates.closed.insert(set, current);
        Ok(current)
    }

    fn spend(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        if self.work > 1 << 12 {
            meter.spend(std::mem::take(&mut self.work) + std::mem::take(&mut self.unions.work))?;
            meter.check_set_words(self.unions.pool.word_count())?;
        }
        Ok(())
    }

    /// The sets by component, the last first, without the bits of inputs of gates: what differs by those alone
    /// becomes one set.
    fn finish(
        mut self,
        jewel_of_bit: Vec<u32>,
        rounds: usize,
        meter: &mut Meter<'_>,
    ) -> Result<ReachSets, QueryError> {
        meter.check_set_words(self.unions.pool.word_count())?;
        self.set_of.reverse();
        let mut sets = ReachSets {
            set_of: self.set_of,
            pool: self.unions.pool,
            totals: self.unions.totals,
            jewel_of_bit,
            rounds,
        };
        if self.gates.all.is_empty() {
            return Ok(sets);
        }
        let mut pool = SetPool::new();
        let mut totals: Table<SetId, Totals> = vec![Totals::default()].into();
        let mut kept: Table<SetId, Option<SetId>> = Table::filled(None, sets.pool.len());
        for set in &mut sets.set_of {
            let new = if let Some(new) = kept[*set] {
                new
            } else {
                meter.spend(sets.pool.width(*set))?;
                let is_jewel = |bit: &usize| sets.jewel_of_bit[*bit] != NO_JEWEL;
                let bits: Vec<usize> = sets.pool.bits(*set).filter(is_jewel).collect();
                let new = pool.store_bits(&bits);
                if new.index() == totals.len() {
                    totals.push(sets.totals[*set]);
                }
                kept[*set] = Some(new);
                new
            };
            *set = new;
        }
        (sets.pool, sets.totals) = (pool, totals);
        Ok(sets)
    }
}

/// The open gates of a cone, and the bits of their inputs.
struct Gates {
    /// The states that are open inputs, ascending.
    inputs: Vec<StateId>,
    ids: Vec<(Vec<StateId>, usize)>,
    /// The bits of the open inputs, and the component of the output.
    all: Vec<(Vec<usize>, usize)>,
    /// The bits that gates are looked up by, as a dense set.
    lookup: Vec<u64>,
    of_bit: HashMap<usize, Vec<usize>>,
    /// What sets come to with all gates that they open, as far as is known.
    closed: HashMap<SetId, SetId>,
}

impl Gates {
    fn new(view: &View<'_>, upstream: &Upstream, ambient: &StateSet) -> Self {
        let graph = view.graph();
        let open = |gate: &GateId| -> (Vec<StateId>, usize) {
            let inputs = graph.gate_inputs(*gate).iter().copied();
            let open = inputs.filter(|&input| !ambient.contains(input)).collect();
            (open, upstream.component(graph.gate_output(*gate)))
        };
        let mut ids: Vec<(Vec<StateId>, usize)> = upstream.open_gates.iter().map(open).collect();
        // One of which an input was left out of the cone opens for nobody in it.
        ids.retain(|(inputs, _)| inputs.iter().all(|&input| upstream.contains(input)));
        let mut inputs: Vec<StateId> = ids.iter().flat_map(|(inputs, _)| inputs).copied().collect();
        inputs.sort_unstable();
        inputs.dedup();
        Self {
            inputs,
            ids,
            all: Vec::new(),
            lookup: Vec::new(),
            of_bit: HashMap::new(),
            closed: HashMap::new(),
        }
    }

    fn set_bits(&mut self, bits: &[(u32, u32, Option<StateId>)]) {
        let bit_of: HashMap<StateId, usize> = bits
            .iter()
            .enumerate()
            .filter_map(|(bit, (_, _, input))| Some(((*input)?, bit)))
            .collect();
        self.lookup = vec![0; bits.len().div_ceil(64)];
        for (number, (inputs, output)) in self.ids.drain(..).enumerate() {
            let bits: Vec<usize> = inputs.iter().map(|input| bit_of[input]).collect();
            if let Some(&first) = bits.first() {
                self.lookup[first / 64] |= 1 << (first % 64);
                self.of_bit.entry(first).or_default().push(number);
            }
            self.all.push((bits, output));
        }
    }

    /// Outputs may have changed.
    fn forget(&mut self) {
        self.closed.clear();
    }
}

/// The sets that components were handed, a list for each.
struct Handed {
    /// The latest of each component, by its place in `all`, from 1 on.
    latest: Vec<u32>,
    all: Vec<(SetId, u32)>,
    found: Vec<SetId>,
}

impl Handed {
    fn new(count: usize) -> Self {
        Self {
            latest: vec![0; count],
            all: vec![(SetPool::empty(), 0)],
            found: Vec::new(),
        }
    }

    #[inline]
    fn hand(&mut self, set: SetId, component: usize) {
        let latest = &mut self.latest[component];
        let (last, _) = self.all[*latest as usize];
        if last != set {
            self.all.push((set, *latest));
            *latest = position(self.all.len() - 1);
        }
    }

    /// What a component was handed, each once.
    fn to(&mut self, component: usize) -> &[SetId] {
        self.found.clear();
        let mut at = self.latest[component];
        while at != 0 {
            let (set, before) = self.all[at as usize];
            self.found.push(set);
            at = before;
        }
        if self.found.len() > 1 {
            self.found.sort_unstable();
            self.found.dedup();
        }
        &self.found
    }
}

/// Unions of sets, with their totals.
struct Unions {
    pool: SetPool,
    totals: Table<SetId, Totals>,
    /// Of each bit that is a jewel.
    values: Vec<Option<u64>>,
    work: usize,
}

impl Unions {
    fn new(values: Vec<Option<u64>>) -> Self {
        Self {
            pool: SetPool::new(),
            totals: vec![Totals::default()].into(),
            values,
            work: 0,
        }
    }

    /// The union of sets, each there once, and a range of bits.
    fn of(&mut self, sets: &[SetId], bits: Range<usize>) -> SetId {
        let largest = match sets {
            [] => SetPool::empty(),
            &[only] => only,
            &[first, ..] => sets.iter().copied().fold(first, |largest, set| {
                self.work += self.pool.width(set);
                if self.totals[set].count > self.totals[largest].count {
                    set
                } else {
                    largest
                }
            }),
        };
        let holds = |set: &SetId| self.pool.is_subset(*set, largest);
        if bits.is_empty() && sets.iter().all(holds) {
            return largest;
        }
        let made = self.pool.union(sets, bits);
        self.work += self.pool.width(made);
        // From the totals of the largest part, if the set is new.
        if made.index() == self.totals.len() {
            let totals = self.totals[largest].with_new(&self.pool, made, largest, &self.values);
            self.totals.push(totals);
        }
        made
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: ids in range: there are no more components and steps than ids"
)]
fn position(at: usize) -> u32 {
    at as u32
}
