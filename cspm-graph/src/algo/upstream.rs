//! The states that lead to some targets, in components, in one walk.

use std::ops::Range;

use super::QueryError;
use super::components::components;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{GateId, Id as _, Rows, StateId, StateSet, Table, View, define_id};

/// The backward cone of some targets, as strongly connected components over steps.
///
/// A gate whose open inputs (those outside the ambient) are one or none is a step from that, or from each input:
/// one of them at least must be the attacker's own. Gates with more open inputs are no steps: components are taken
/// without them. But the output of one comes before what leads to its inputs, wherever no cycle forbids it; where
/// one does, the components of the cycle are a group.
pub(super) struct Upstream {
    /// The states, those of a component side by side; a component comes before those that lead to it.
    pub(super) order: Vec<StateId>,
    /// Where each component begins in `order`, and at the end the number of states.
    pub(super) begins: Vec<u32>,
    /// The component of each state; [`OUTSIDE`] for those that do not lead to a target.
    pub(super) component_of: Table<StateId, u32>,
    /// Gates with two open inputs or more whose output is in the cone.
    pub(super) open_gates: Vec<GateId>,
    /// Components that lead to one another through open gates, side by side, ascending.
    pub(super) groups: Vec<Range<usize>>,
    /// Inputs of gates that are steps, by output; empty where there are none.
    gate_steps: GateInputs,
    /// Whether nothing that leads to a target was left out.
    is_whole: bool,
}

/// Of a state that leads to no target.
pub(super) const OUTSIDE: u32 = 0;

impl Upstream {
    /// Walks the steps of `view` backward from `targets`; with `within`, between states of that set alone.
    ///
    /// COST: every origin of a state that leads to a target does so too. So the backward rows of those states are
    /// the whole cone, and no step that leaves it is looked at; components come with the same walk.
    ///
    /// # Complexity
    /// O(n + steps into the cone) time; 4 bytes a state, and 16 for each state on the longest path walked.
    ///
    /// # Source
    /// Pearce 2016, "A space-efficient algorithm for finding strongly connected components", with an explicit
    /// stack.
    pub(super) fn find(
        view: &View<'_>,
        targets: impl Iterator<Item = StateId>,
        ambient: &StateSet,
        within: Option<&StateSet>,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let graph = view.graph();
        let (gate_steps, open_inputs, open) = gates(view, ambient, meter)?;
        let allowed = |state: StateId| within.is_none_or(|within| within.contains(state));
        let count = graph.state_count();
        // While a state is open, the number of the earliest open state it leads back to, from 1 on; once its
        // component is complete, a number above all of those.
        let mut number: Table<StateId, u32> = Table::filled(OUTSIDE, count);
        let mut next_number = 1_u32;
        let mut next_component = u32::MAX;
        let mut order = Vec::new();
        let mut sizes = Vec::new();
        let mut path: Vec<Open> = Vec::new();
        let mut waiting: Vec<StateId> = Vec::new();
        let mut work = 0;
        for target in targets {
            if number[target] != OUTSIDE || !allowed(target) {
                continue;
            }
            let mut enter = Some(target);
            loop {
                if let Some(state) = enter.take() {
                    number[state] = next_number;
                    path.push(Open {
                        state,
                        next: 0,
                        lowest: next_number,
                    });
                    next_number += 1;
                }
                let Some(open) = path.last_mut() else { break };
                let state = open.state;
                let row = graph.origins(state);
                let more = gate_steps.before(state);
                let gated = open_inputs.before(state);
                let mut lowest = open.lowest;
                let mut at = open.next as usize;
                loop {
                    let origin = match row.get(at) {
                        Some(&origin) => {
                            if !view.is_whole() && !view.admits(graph.step_into(state, at)) {
                                at += 1;
                                continue;
                            }
                            origin
                        }
                        None => match more.get(at - row.len()) {
                            Some(&origin) => origin,
                            None => match gated.get(at - row.len() - more.len()) {
                                Some(&origin) => origin,
                                None => break,
                            },
                        },
                    };
                    let seen = number[origin];
                    if seen == OUTSIDE && !allowed(origin) {
                        at += 1;
                        continue;
                    }
                    if seen == OUTSIDE {
                        // Looked at again when it is done: its number is then what it leads back to.
                        enter = Some(origin);
                        break;
                    }
                    lowest = lowest.min(seen);
                    at += 1;
                }
                work += at - open.next as usize + 1;
                open.next = position(at);
                open.lowest = lowest;
                if enter.is_some() {
                    continue;
                }
                path.pop();
                if work > 1 << 12 {
                    meter.spend(std::mem::take(&mut work))?;
                }
                if lowest < number[state] {
                    number[state] = lowest;
                    waiting.push(state);
                    continue;
                }
                // The first of its component: those behind it that lead back to it are the others.
                let begin = order.len();
                order.push(state);
                let own = number[state];
                number[state] = next_component;
                next_number -= 1;
                while let Some(&last) = waiting.last()
                    && number[last] >= own
                    && number[last] < next_component
                {
                    waiting.pop();
                    number[last] = next_component;
                    next_number -= 1;
                    order.push(last);
                }
                sizes.push(position(order.len() - begin));
                next_component -= 1;
            }
        }
        meter.spend(work)?;
        let mut open_gates = open;
        open_gates.retain(|&gate| number[graph.gate_output(gate)] != OUTSIDE);
        let whole = within.is_none();
        let mut found = Self::turned(order, &sizes, number, open_gates, gate_steps, whole);
        if !found.open_gates.is_empty() {
            found.split(view, &open_inputs, meter)?;
        }
        Ok(found)
    }

    /// Components were completed from the far end: the other way round, each comes before what leads to it.
    fn turned(
        mut order: Vec<StateId>,
        sizes: &[u32],
        number: Table<StateId, u32>,
        open_gates: Vec<GateId>,
        gate_steps: GateInputs,
        is_whole: bool,
    ) -> Self {
        order.reverse();
        let mut begins = Vec::with_capacity(sizes.len() + 1);
        let mut begin = 0;
        for size in sizes.iter().rev() {
            begins.push(begin);
            begin += size;
        }
        begins.push(begin);
        Self {
            order,
            begins,
            component_of: number,
            open_gates,
            groups: Vec::new(),
            gate_steps,
            is_whole,
        }
    }

    /// Takes apart the components that hold together by open gates only.
    fn split(
        &mut self,
        view: &View<'_>,
        open_inputs: &GateInputs,
        meter: &mut Meter<'_>,
    ) -> Result<(), QueryError> {
        let within = |component: usize, state: StateId| {
            self.contains(state) && self.component(state) == component
        };
        let held_together = |component: usize| {
            let mut members = self.members(component).iter();
            members.any(|&state| {
                let mut inputs = open_inputs.before(state).iter();
                inputs.any(|&input| input != state && within(component, input))
            })
        };
        let (mut order, mut begins) = (Vec::with_capacity(self.order.len()), Vec::new());
        let mut groups = Vec::new();
        for component in 0..self.component_count() {
            let members = self.members(component);
            meter.spend(members.len())?;
            if members.len() == 1 || !held_together(component) {
                begins.push(position(order.len()));
                order.extend_from_slice(members);
                continue;
            }
            let mut sorted = members.to_vec();
            sorted.sort_unstable();
            let mut pairs: Vec<(LocalId, LocalId)> = Vec::new();
            for (local, &state) in sorted.iter().enumerate() {
                self.each_origin(view, state, |origin| {
                    if within(component, origin)
                        && let Ok(origin) = sorted.binary_search(&origin)
                    {
                        pairs.push((LocalId::at(local), LocalId::at(origin)));
                    }
                });
            }
            meter.spend(pairs.len())?;
            let rows = Rows::group(sorted.len(), pairs.iter().copied(), LocalId::at(0));
            let parts = components(sorted.len(), |at: LocalId, k| rows.row(at).get(k).copied());
            // Completed from the far end, so they are turned as well.
            let mut of_part: Vec<Vec<StateId>> = vec![Vec::new(); parts.count];
            for (local, &state) in sorted.iter().enumerate() {
                of_part[parts.count - 1 - parts.of[LocalId::at(local)].index()].push(state);
            }
            groups.push(begins.len()..begins.len() + parts.count);
            for part in of_part {
                begins.push(position(order.len()));
                order.extend(part);
            }
        }
        begins.push(position(order.len()));
        (self.order, self.begins, self.groups) = (order, begins, groups);
        let count = self.component_count();
        for component in 0..count {
            for at in self.begins[component]..self.begins[component + 1] {
                self.component_of[self.order[at as usize]] =
                    u32::MAX - position(count - 1 - component);
            }
        }
        Ok(())
    }

    /// Calls `each` with the states of the cone from which a step of the view, or a gate that is one, leads to
    /// `state`.
    #[inline]
    pub(super) fn each_origin(
        &self,
        view: &View<'_>,
        state: StateId,
        mut each: impl FnMut(StateId),
    ) {
        let graph = view.graph();
        let row = graph.origins(state);
        if view.is_whole() && self.is_whole {
            // Whatever leads to the cone is part of it.
            for &origin in row {
                each(origin);
            }
        } else {
            for (at, &origin) in row.iter().enumerate() {
                let admitted = view.is_whole() || view.admits(graph.step_into(state, at));
                if admitted && self.contains(origin) {
                    each(origin);
                }
            }
        }
        for &origin in self.gate_steps.before(state) {
            if self.contains(origin) {
                each(origin);
            }
        }
    }

    pub(super) fn component_count(&self) -> usize {
        self.begins.len() - 1
    }

    /// The position of the component of a state that is in the cone.
    #[inline]
    pub(super) fn component(&self, state: StateId) -> usize {
        // Numbers count down from the largest, in the order of completion.
        let completed = (u32::MAX - self.component_of[state]) as usize;
        self.component_count() - 1 - completed
    }

    /// Whether a state leads to a target.
    #[inline]
    pub(super) fn contains(&self, state: StateId) -> bool {
        self.component_of[state] != OUTSIDE
    }

    /// The states of a component.
    #[inline]
    pub(super) fn members(&self, component: usize) -> &[StateId] {
        &self.order[self.begins[component] as usize..self.begins[component + 1] as usize]
    }
}

/// A state whose origins are being looked at.
struct Open {
    state: StateId,
    next: u32,
    lowest: u32,
}

/// Inputs of some gates, by output.
pub(super) struct GateInputs {
    /// COST: most states are no output; a bit says so where the place of a row would have to be waited for.
    outputs: StateSet,
    rows: Rows<StateId, StateId>,
}

impl GateInputs {
    fn new(pairs: &[(StateId, StateId)], state_count: usize) -> Self {
        let rows = if pairs.is_empty() {
            Rows::none()
        } else {
            Rows::group(state_count, pairs.iter().copied(), StateId::at(0))
        };
        Self {
            outputs: pairs.iter().map(|&(output, _)| output).collect(),
            rows,
        }
    }

    #[inline]
    fn before(&self, output: StateId) -> &[StateId] {
        if self.outputs.contains(output) {
            self.rows.row(output)
        } else {
            &[]
        }
    }
}

define_id! {
    /// A state among those of one component.
    struct LocalId
}

/// The gates of a view: those that are steps, as inputs by output; the open inputs of the others, by output; and
/// those others.
fn gates(
    view: &View<'_>,
    ambient: &StateSet,
    meter: &mut Meter<'_>,
) -> Result<(GateInputs, GateInputs, Vec<GateId>), QueryError> {
    let graph = view.graph();
    let mut steps: Vec<(StateId, StateId)> = Vec::new();
    let mut open_inputs: Vec<(StateId, StateId)> = Vec::new();
    let mut others = Vec::new();
    for gate in (0..graph.gate_count()).map(GateId::at) {
        if !view.admits(graph.gate_step(gate)) {
            continue;
        }
        let (inputs, output) = (graph.gate_inputs(gate), graph.gate_output(gate));
        meter.spend(inputs.len())?;
        let open = || {
            inputs
                .iter()
                .copied()
                .filter(|&input| !ambient.contains(input))
        };
        match open().take(2).count() {
            0 => steps.extend(inputs.iter().map(|&input| (output, input))),
            1 => steps.extend(open().map(|input| (output, input))),
            _ => {
                others.push(gate);
                open_inputs.extend(open().map(|input| (output, input)));
            }
        }
    }
    let count = graph.state_count();
    Ok((
        GateInputs::new(&steps, count),
        GateInputs::new(&open_inputs, count),
        others,
    ))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: ids in range: there are no more states and steps than ids"
)]
fn position(at: usize) -> u32 {
    at as u32
}
