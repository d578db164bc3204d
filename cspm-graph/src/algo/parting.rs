//! Where the ways to the inputs of a gate part.

use std::ops::Range;

use super::QueryError;
use super::bits::put;
use super::components::ComponentId;
use super::cone::{Cone, LocalGateId, LocalId};
use super::meter::Meter;
use super::order::Order;
use super::set_pool::{SetId, SetPool};
use crate::graph::sealed::Sealed as _;
use crate::graph::{Id, Rows, Table};

/// Returns the states of a cone at which the ways to the inputs of a gate part: those that reach all inputs
/// of at least one gate and do not come to all of them through one and the same state. A state comes after
/// the states that it leads to, unless it lies on a cycle with them.
pub(super) fn parting_states(
    cone: &Cone,
    meter: &mut Meter<'_>,
) -> Result<Vec<LocalId>, QueryError> {
    let plan = Plan::new(cone);
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

/// The order of the work: components in an order in which what a component needs comes before it, as far as
/// there is one.
struct Plan {
    place_of: Table<LocalId, ComponentId>,
    members: Rows<ComponentId, LocalId>,
    component_count: usize,
    /// Bits are inputs of gates, in the order of the components, so that a set is a short window.
    own_bits: Table<ComponentId, Range<usize>>,
    /// Bits of the inputs of each gate, first the one that the gate is looked up by.
    gate_bits: Table<LocalGateId, Vec<usize>>,
    /// Gates by the bit they are looked up by.
    gates_of_bit: Vec<Vec<LocalGateId>>,
    /// The bits that gates are looked up by, as a dense set.
    lookup: Vec<u64>,
}

impl Plan {
    fn new(cone: &Cone) -> Self {
        let Order {
            members,
            component_of: place_of,
            ..
        } = Order::new(
            cone.state_count(),
            |node, k| cone.hops.row(node).get(k).map(|hop| hop.to),
            |node, k| {
                let gate = cone.gates_by_input.row(node).get(k)?;
                Some(cone.gate_output[*gate])
            },
            |node| cone.gates_by_input.row(node).len(),
            cone.gate_count() > 0,
        );
        let component_count = members.row_count();

        let mut inputs = cone.gate_inputs.values().to_vec();
        inputs.sort_unstable_by_key(|&input| (place_of[input], input));
        inputs.dedup();

        let mut own_bits: Table<ComponentId, Range<usize>> = Table::filled(0..0, component_count);
        let mut bit_of_input: Table<LocalId, usize> = Table::filled(0, cone.state_count());
        for (number, &input) in inputs.iter().enumerate() {
            let own = &mut own_bits[place_of[input]];
            *own = if own.start == own.end {
                number..number + 1
            } else {
                own.start..number + 1
            };
            bit_of_input[input] = number;
        }
        let gate_bits: Vec<Vec<usize>> = (0..cone.gate_count())
            .map(|gate| {
                let inputs = cone.gate_inputs.row(LocalGateId::at(gate));
                inputs.iter().map(|&input| bit_of_input[input]).collect()
            })
            .collect();
        let mut gates_of_bit = vec![Vec::new(); inputs.len()];
        let mut lookup = vec![0_u64; inputs.len().div_ceil(64)];
        for (gate, bits) in gate_bits.iter().enumerate() {
            if let Some(&bit) = bits.first() {
                gates_of_bit[bit].push(LocalGateId::at(gate));
                put(&mut lookup, bit);
            }
        }
        Self {
            place_of,
            members,
            component_count,
            own_bits,
            gate_bits: gate_bits.into(),
            gates_of_bit,
            lookup,
        }
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
