//! Which crown jewels each state reaches.

use std::ops::Range;

use super::components::{ComponentId, components};
use super::cone::{Cone, LocalGateId, LocalId};
use super::error::check_states;
use super::meter::Meter;
use super::set_pool::{SetId, SetPool};
use super::upstream::{OUTSIDE, Upstream};
use super::{Jewel, QueryError};
use crate::graph::sealed::Sealed as _;
use crate::graph::{Id, Limits, Rows, StateId, StateSet, Table, View};

/// Returns for every state s the jewels in R(s), as [`reach_with`](super::reach_with) defines it.
///
/// A jewel is named by its index in `jewels`; one state may stand there several times. Exact with gates: an
/// attacker at s may come to the inputs of a gate by different ways, round a cycle, or through other gates.
///
/// # Errors
/// [`QueryError::UnknownState`] if a jewel is not in the graph; [`QueryError::Limit`], [`QueryError::Cancelled`].
///
/// # Complexity
/// For a backward cone of c states and e steps, u distinct unions over windows of w words: O(n + e + u·w) a
/// round. One round is enough unless an open gate lies on a cycle through its own output; then at most one
/// more for each gate and component that learns from another, and one to see that nothing changes.
/// Space: 4 bytes a state, and the distinct sets.
///
/// # Source
/// Hash-consed reach sets over components in completion order. Let X(s) hold the jewels in R(s) and
/// the inputs, in R(s), of gates with two or more inputs outside the ambient. X is the least solution of:
/// s's own bits are in X(s); X(t) is in X(s) for a step s→t; X(output) is in X(s) if all open inputs of a
/// gate are in X(s). Each inclusion is sound, because R(t) is in R(s) for t in R(s); and by induction along
/// a derivation of v in R(s), X(v) is in X(s). Oracle in [`verify::jewel_sets`](super::verify::jewel_sets).
pub fn jewel_sets(
    view: &View<'_>,
    ambient: &StateSet,
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<JewelSets, QueryError> {
    sets_within(view, ambient, jewels, None, limits)
}

/// As [`jewel_sets`], for the states of `entries` and those that they reach; others are said to reach none.
///
/// # Errors
/// As [`jewel_sets`], and [`QueryError::UnknownState`] if an entry is not in the graph.
///
/// # Complexity
/// That of [`reach_with`](super::reach_with) for the entries, and then that of [`jewel_sets`] on what they reach
/// alone, which is mostly a small part of what leads to jewels. With gates of two open inputs or more before a
/// jewel, that of [`jewel_sets`].
pub fn jewel_sets_of(
    view: &View<'_>,
    entries: &[StateId],
    ambient: &StateSet,
    jewels: &[Jewel],
    limits: &Limits,
) -> Result<JewelSets, QueryError> {
    let reached = super::reach_with(view, entries, ambient, limits)?;
    sets_within(view, ambient, jewels, Some(&reached), limits)
}

fn sets_within(
    view: &View<'_>,
    ambient: &StateSet,
    jewels: &[Jewel],
    within: Option<&StateSet>,
    limits: &Limits,
) -> Result<JewelSets, QueryError> {
    let graph = view.graph();
    check_states(graph, jewels.iter().map(|&(state, _)| state))?;
    let mut meter = Meter::new(limits);
    let targets = jewels.iter().map(|&(state, _)| state);
    let upstream = Upstream::find(view, targets.clone(), ambient, within, &mut meter)?;
    if upstream.open_gates.is_empty() {
        return in_one_pass(view, upstream, jewels, &mut meter);
    }
    let cone = Cone::build(
        view,
        targets,
        |state| ambient.contains(state),
        None,
        &mut meter,
    )?;
    meter.spend(cone.state_count() + cone.hops.values().len())?;
    let plan = Plan::new(&cone, jewels);
    let mut fixpoint = Fixpoint::new(&cone, &plan);
    fixpoint.run(&mut meter)?;
    let rounds = fixpoint.rounds;
    let (mut pool, mut set_of) = (fixpoint.pool, fixpoint.set_of);
    if cone.gate_count() > 0 {
        (pool, set_of) = without_gate_bits(&pool, &set_of, &plan, &mut meter)?;
    }

    let mut component_of = Table::filled(OUTSIDE, graph.state_count());
    for (local, &state) in cone.states.iter() {
        component_of[state] = u32::MAX - position(plan.place_of[local].index());
    }
    let mut sets = JewelSets {
        component_of,
        set_of: set_of.values().to_vec(),
        totals: Table::with_capacity(pool.len()),
        jewel_of_bit: plan
            .bits
            .iter()
            .map(|bit| bit.jewel.unwrap_or_default())
            .collect(),
        pool,
        rounds,
    };
    for set in (0..sets.pool.len()).map(SetId::at) {
        meter.spend(sets.pool.width(set))?;
        let mut totals = Totals { count: 0, value: 0 };
        for bit in sets.pool.bits(set) {
            let jewel = plan
                .bits
                .get(bit)
                .and_then(|bit| jewels.get(bit.jewel? as usize));
            totals.count += 1;
            totals.value = totals
                .value
                .saturating_add(jewel.map_or(0, |&(_, value)| value));
        }
        sets.totals.push(totals);
    }
    Ok(sets)
}

/// Each component hands its set to those that lead to it, which are looked at after it.
///
/// COST: most components are handed one set, if often; they keep it without work. Of several, the largest mostly
/// holds the others, which is seen without storing anything.
fn in_one_pass(
    view: &View<'_>,
    upstream: Upstream,
    jewels: &[Jewel],
    meter: &mut Meter<'_>,
) -> Result<JewelSets, QueryError> {
    let graph = view.graph();
    let count = upstream.component_count();
    let mut bits: Vec<(u32, u32)> = jewels
        .iter()
        .zip(0..)
        .filter(|(jewel, _)| upstream.contains(jewel.0))
        .map(|(&(state, _), jewel)| (position(upstream.component(state)), jewel))
        .collect();
    bits.sort_unstable();
    let mut own = bits.iter().enumerate().peekable();

    let mut handed = Handed::new(count);
    let mut unions = Unions::new(&bits, jewels);
    let mut set_of = Vec::with_capacity(count);
    let mut work = 0;
    for component in 0..count {
        let mut bits = 0..0;
        while let Some((bit, _)) = own.next_if(|(_, bit)| bit.0 as usize == component) {
            bits = if bits.is_empty() { bit } else { bits.start }..bit + 1;
        }
        let set = unions.of(handed.to(component), bits);
        set_of.push(set);
        for &state in upstream.members(component) {
            let row = graph.origins(state);
            work += row.len() + 1;
            let ordinary = row.iter().enumerate().filter_map(|(at, &origin)| {
                (view.is_whole() || view.admits(graph.step_into(state, at))).then_some(origin)
            });
            let origins = ordinary.chain(upstream.gate_origins(state).iter().copied());
            for origin in origins.filter(|&origin| upstream.contains(origin)) {
                let before = upstream.component(origin);
                if before != component {
                    handed.hand(set, before);
                }
            }
        }
        if work > 1 << 12 {
            meter.spend(std::mem::take(&mut work) + std::mem::take(&mut unions.work))?;
            meter.check_set_words(unions.pool.word_count())?;
        }
    }
    meter.spend(work + unions.work)?;
    meter.check_set_words(unions.pool.word_count())?;
    // Numbers of components count down from the largest; the sets are turned to follow them.
    set_of.reverse();
    Ok(JewelSets {
        component_of: upstream.component_of,
        set_of,
        totals: unions.totals,
        jewel_of_bit: bits.iter().map(|&(_, jewel)| jewel).collect(),
        pool: unions.pool,
        rounds: 1,
    })
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
    values: Vec<u64>,
    work: usize,
}

impl Unions {
    fn new(bits: &[(u32, u32)], jewels: &[Jewel]) -> Self {
        let value = |&(_, jewel): &(u32, u32)| jewels.get(jewel as usize).map_or(0, |it| it.1);
        Self {
            pool: SetPool::new(),
            totals: vec![Totals { count: 0, value: 0 }].into(),
            values: bits.iter().map(value).collect(),
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
            let mut totals = self.totals[largest];
            let values = &self.values;
            self.pool.each_new_bit(made, largest, |bit| {
                totals.count += 1;
                totals.value = totals.value.saturating_add(values[bit]);
            });
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

/// The jewels that each state reaches. Equal sets are stored once.
#[derive(Clone, Debug)]
pub struct JewelSets {
    /// Numbers that count down from the largest; [`OUTSIDE`] where no jewel is reached.
    component_of: Table<StateId, u32>,
    /// By component.
    set_of: Vec<SetId>,
    totals: Table<SetId, Totals>,
    jewel_of_bit: Vec<u32>,
    pool: SetPool,
    rounds: usize,
}

#[derive(Clone, Copy, Debug)]
struct Totals {
    count: usize,
    value: u64,
}

impl JewelSets {
    /// Number of jewels that the state reaches, itself included; 0 for a state that there is not.
    pub fn count(&self, state: StateId) -> usize {
        self.set(state).map_or(0, |set| self.totals[set].count)
    }

    /// Sum of the values of the jewels that the state reaches; stays at the largest `u64` when it is passed.
    pub fn value(&self, state: StateId) -> u64 {
        self.set(state).map_or(0, |set| self.totals[set].value)
    }

    /// The indices of the jewels that the state reaches, ascending.
    ///
    /// # Complexity
    /// O(k log k) for k jewels.
    pub fn members(&self, state: StateId) -> impl ExactSizeIterator<Item = usize> + use<> {
        let bits = self
            .set(state)
            .into_iter()
            .flat_map(|set| self.pool.bits(set));
        let jewels = bits.filter_map(|bit| self.jewel_of_bit.get(bit));
        let mut members: Vec<usize> = jewels.map(|&jewel| jewel as usize).collect();
        members.sort_unstable();
        members.into_iter()
    }

    /// True if both states reach the same jewels. O(1).
    pub fn same_set(&self, a: StateId, b: StateId) -> bool {
        self.set(a) == self.set(b)
    }

    /// Number of distinct sets, the empty one among them, whether a state has it or not.
    pub fn distinct_sets(&self) -> usize {
        self.pool.len()
    }

    /// Number of passes over the cone until nothing changed.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    fn set(&self, state: StateId) -> Option<SetId> {
        let number = *self.component_of.get(state)?;
        if number == OUTSIDE {
            return Some(SetPool::empty());
        }
        self.set_of.get((u32::MAX - number) as usize).copied()
    }
}

/// Returns the states of a cone at which the ways to the inputs of a gate part: those that reach all inputs
/// of at least one gate and do not come to all of them through one and the same state. A state comes after
/// the states that it leads to, unless it lies on a cycle with them.
pub(super) fn parting_states(
    cone: &Cone,
    meter: &mut Meter<'_>,
) -> Result<Vec<LocalId>, QueryError> {
    // Without jewels, sets hold inputs of gates alone.
    let plan = Plan::new(cone, &[]);
    let mut fixpoint = Fixpoint::new(cone, &plan);
    fixpoint.run(meter)?;
    let set_of = |state: LocalId| fixpoint.set_of[plan.place_of[state]];
    let parts = |state: LocalId| {
        let leads_on = |to: &LocalId| *to != state && set_of(*to) != SetPool::empty();
        let mut next = cone
            .hops
            .row(state)
            .iter()
            .map(|hop| hop.to)
            .filter(leads_on);
        let first = next.next();
        !cone.gates_by_input.row(state).is_empty() || next.any(|other| Some(other) != first)
    };
    let mut opens: Table<SetId, Option<bool>> = Table::filled(None, fixpoint.pool.len());
    let mut states = Vec::new();
    for &state in plan.members.values() {
        let set = set_of(state);
        if *opens[set].get_or_insert_with(|| fixpoint.opens_a_gate(set)) && parts(state) {
            states.push(state);
        }
    }
    Ok(states)
}

/// What a bit of a set stands for: a jewel, or an input of a gate.
#[derive(Clone, Copy, Debug)]
struct Bit {
    place: ComponentId,
    jewel: Option<u32>,
    input: Option<LocalId>,
}

/// The order of the work: components in an order in which what a component needs comes before it, as far as
/// there is one.
struct Plan {
    place_of: Table<LocalId, ComponentId>,
    members: Rows<ComponentId, LocalId>,
    component_count: usize,
    /// In the order of the components, so that a set is a short window.
    bits: Vec<Bit>,
    own_bits: Table<ComponentId, Range<usize>>,
    /// Bits of the inputs of each gate, first the one that the gate is looked up by.
    gate_bits: Table<LocalGateId, Vec<usize>>,
    /// Gates by the bit they are looked up by.
    gates_of_bit: Vec<Vec<LocalGateId>>,
    /// The bits that gates are looked up by, as a dense set.
    lookup: Vec<u64>,
}

impl Plan {
    fn new(cone: &Cone, jewels: &[Jewel]) -> Self {
        let (place_of, component_count) = Self::order(cone);
        let pairs = place_of.iter().map(|(local, &place)| (place, local));
        let members = Rows::group(component_count, pairs, LocalId::at(0));

        let jewel_bits = jewels.iter().zip(0..).filter_map(|(&(state, _), jewel)| {
            let place = place_of[cone.local(state)?];
            Some(Bit {
                place,
                jewel: Some(jewel),
                input: None,
            })
        });
        let mut inputs = cone.gate_inputs.values().to_vec();
        inputs.sort_unstable();
        inputs.dedup();
        let input_bits = inputs.into_iter().map(|input| Bit {
            place: place_of[input],
            jewel: None,
            input: Some(input),
        });
        let mut bits: Vec<Bit> = jewel_bits.chain(input_bits).collect();
        bits.sort_unstable_by_key(|bit| (bit.place, bit.jewel, bit.input));

        let mut own_bits: Table<ComponentId, Range<usize>> = Table::filled(0..0, component_count);
        let mut bit_of_input: Table<LocalId, usize> = Table::filled(0, cone.state_count());
        for (number, bit) in bits.iter().enumerate() {
            let own = &mut own_bits[bit.place];
            *own = if own.start == own.end {
                number..number + 1
            } else {
                own.start..number + 1
            };
            if let Some(input) = bit.input {
                bit_of_input[input] = number;
            }
        }
        let gate_bits: Vec<Vec<usize>> = (0..cone.gate_count())
            .map(|gate| {
                let inputs = cone.gate_inputs.row(LocalGateId::at(gate));
                inputs.iter().map(|&input| bit_of_input[input]).collect()
            })
            .collect();
        let mut gates_of_bit = vec![Vec::new(); bits.len()];
        let mut lookup = vec![0_u64; bits.len().div_ceil(64)];
        for (gate, bits) in gate_bits.iter().enumerate() {
            if let Some(&bit) = bits.first() {
                gates_of_bit[bit].push(LocalGateId::at(gate));
                lookup[bit / 64] |= 1 << (bit % 64);
            }
        }
        Self {
            place_of,
            members,
            component_count,
            bits,
            own_bits,
            gate_bits: gate_bits.into(),
            gates_of_bit,
            lookup,
        }
    }

    /// Components over hops alone, ordered so that outputs of gates come before whatever leads to the gate's
    /// inputs, where no cycle forbids it: then one round is enough.
    fn order(cone: &Cone) -> (Table<LocalId, ComponentId>, usize) {
        let hop = |node: LocalId, k: usize| cone.hops.row(node).get(k).map(|hop| hop.to);
        let plain = components(cone.state_count(), hop);
        if cone.gate_count() == 0 {
            return (plain.of, plain.count);
        }
        let hop_or_gate = |node: LocalId, k: usize| {
            let hops = cone.hops.row(node);
            let gates = cone.gates_by_input.row(node);
            let gate = || {
                gates
                    .get(k - hops.len())
                    .map(|&gate| cone.gate_output[gate])
            };
            hops.get(k).map_or_else(gate, |hop| Some(hop.to))
        };
        let wide = components(cone.state_count(), hop_or_gate);
        // A plain component lies in one wide one; within that, completion order keeps hops in order.
        let mut order: Vec<Option<(ComponentId, ComponentId)>> = vec![None; plain.count];
        for (local, &component) in plain.of.iter() {
            order[component.index()] = Some((wide.of[local], component));
        }
        let mut order: Vec<(ComponentId, ComponentId)> = order.into_iter().flatten().collect();
        order.sort_unstable();
        let mut place: Table<ComponentId, ComponentId> =
            Table::filled(ComponentId::at(0), plain.count);
        for (number, &(_, component)) in order.iter().enumerate() {
            place[component] = ComponentId::at(number);
        }
        let place_of: Vec<ComponentId> = plain
            .of
            .values()
            .iter()
            .map(|&component| place[component])
            .collect();
        (place_of.into(), plain.count)
    }
}

/// The sets so far, round by round.
struct Fixpoint<'c> {
    cone: &'c Cone,
    plan: &'c Plan,
    pool: SetPool,
    set_of: Table<ComponentId, SetId>,
    rounds: usize,
    /// The round in which a set was closed under gates last, and the outcome.
    closed: Table<SetId, (usize, SetId)>,
    /// The round in which the set of a component was read before it was renewed.
    read_early: Table<ComponentId, usize>,
    changed_after_reading: bool,
    /// The last component for which a set was gathered, to gather each set once.
    gathered: Table<SetId, (usize, Option<ComponentId>)>,
}

impl<'c> Fixpoint<'c> {
    fn new(cone: &'c Cone, plan: &'c Plan) -> Self {
        Self {
            cone,
            plan,
            pool: SetPool::new(),
            set_of: Table::filled(SetPool::empty(), plan.component_count),
            rounds: 0,
            closed: Table::with_capacity(0),
            read_early: Table::filled(0, plan.component_count),
            changed_after_reading: false,
            gathered: Table::with_capacity(0),
        }
    }

    /// Rounds until no set changes that was read before it was renewed.
    ///
    /// Sets only grow: each is made anew from sets that only grow. If nothing that was read early has changed
    /// by the end of a round, all sets of that round satisfy the equations with one another.
    fn run(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        loop {
            self.rounds += 1;
            self.changed_after_reading = false;
            for place in (0..self.plan.component_count).map(ComponentId::at) {
                let gathered = self.gather(place, meter)?;
                let closed = self.close(gathered, place, meter)?;
                meter.check_set_words(self.pool.word_count())?;
                if self.set_of[place] != closed {
                    self.set_of[place] = closed;
                    self.changed_after_reading |= self.read_early[place] == self.rounds;
                }
            }
            if !self.changed_after_reading {
                return Ok(());
            }
        }
    }

    /// The own bits of a component and all that its successors have.
    fn gather(&mut self, place: ComponentId, meter: &mut Meter<'_>) -> Result<SetId, QueryError> {
        let mut sets: Vec<SetId> = Vec::new();
        let mut work = 1;
        for &member in self.plan.members.row(place) {
            for hop in self.cone.hops.row(member) {
                work += 1;
                let next = self.plan.place_of[hop.to];
                let set = self.set_of[next];
                if next == place || set == SetPool::empty() {
                    continue;
                }
                while self.gathered.len() <= set.index() {
                    self.gathered.push((0, None));
                }
                let mark = (self.rounds, Some(place));
                if std::mem::replace(&mut self.gathered[set], mark) != mark {
                    work += self.pool.width(set);
                    sets.push(set);
                }
            }
        }
        meter.spend(work)?;
        let own = self.plan.own_bits[place].clone();
        Ok(match sets.as_slice() {
            // COST: a component whose successors agree inherits their set without work.
            &[only] if own.is_empty() => only,
            sets => self.pool.union(sets, own),
        })
    }

    /// True if a set holds all inputs of a gate.
    fn opens_a_gate(&self, set: SetId) -> bool {
        let mut bits = self.pool.common_bits(set, &self.plan.lookup);
        bits.any(|bit| {
            self.plan.gates_of_bit[bit]
                .iter()
                .any(|&gate| self.opens(set, gate))
        })
    }

    fn opens(&self, set: SetId, gate: LocalGateId) -> bool {
        self.plan.gate_bits[gate]
            .iter()
            .all(|&input| self.pool.contains(set, input))
    }

    /// A set and the sets of the outputs of all gates that it opens.
    fn close(
        &mut self,
        set: SetId,
        place: ComponentId,
        meter: &mut Meter<'_>,
    ) -> Result<SetId, QueryError> {
        if self.plan.lookup.is_empty() || self.cone.gate_count() == 0 {
            return Ok(set);
        }
        while self.closed.len() < self.pool.len() {
            self.closed.push((0, SetPool::empty()));
        }
        let (round, closed) = self.closed[set];
        if round == self.rounds {
            return Ok(closed);
        }
        let mut current = set;
        loop {
            let mut work = self.pool.width(current);
            let mut gained = vec![current];
            for bit in self.pool.common_bits(current, &self.plan.lookup) {
                for &gate in &self.plan.gates_of_bit[bit] {
                    work += self.plan.gate_bits[gate].len();
                    if !self.opens(current, gate) {
                        continue;
                    }
                    let from = self.plan.place_of[self.cone.gate_output[gate]];
                    // The set of the component itself is what is being made here: reading it adds nothing.
                    if from > place {
                        self.read_early[from] = self.rounds;
                    }
                    let output = self.set_of[from];
                    work += self.pool.width(output);
                    if !self.pool.is_subset(output, current) {
                        gained.push(output);
                    }
                }
            }
            meter.spend(work)?;
            if gained.len() == 1 {
                break;
            }
            current = self.pool.union(&gained, 0..0);
        }
        while self.closed.len() < self.pool.len() {
            self.closed.push((0, SetPool::empty()));
        }
        self.closed[set] = (self.rounds, current);
        Ok(current)
    }
}

/// The same sets without the bits of inputs of gates: what differs by those alone becomes one set.
fn without_gate_bits(
    pool: &SetPool,
    set_of: &Table<ComponentId, SetId>,
    plan: &Plan,
    meter: &mut Meter<'_>,
) -> Result<(SetPool, Table<ComponentId, SetId>), QueryError> {
    let mut jewels_only = SetPool::new();
    let mut kept: Table<SetId, Option<SetId>> = Table::filled(None, pool.len());
    let mut renamed = Table::with_capacity(set_of.len());
    for &set in set_of.values() {
        let new = if let Some(new) = kept[set] {
            new
        } else {
            meter.spend(pool.width(set))?;
            let is_jewel = |bit: &usize| plan.bits.get(*bit).is_some_and(|bit| bit.jewel.is_some());
            let bits: Vec<usize> = pool.bits(set).filter(is_jewel).collect();
            let new = jewels_only.store_bits(&bits);
            kept[set] = Some(new);
            new
        };
        renamed.push(new);
    }
    Ok((jewels_only, renamed))
}
