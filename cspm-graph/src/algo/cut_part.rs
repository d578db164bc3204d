//! The part of a view that lies between what cannot be cut and some jewels, as a network.

use super::QueryError;
use super::max_flow::{ArcId, FlowNetwork, NodeId, UNBOUNDED};
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{GateId, LimitError, StateId, StateSet, StepId, Table, View};

/// What is asked of a step: what cutting it costs, or nothing if it cannot be cut.
pub(super) type Cost<'c> = &'c dyn Fn(StepId) -> Option<u32>;

/// What is reached through steps that cannot be cut: the entries among it, and held whatever is cut.
///
/// # Complexity
/// O(n bits + steps from what is held).
pub(super) fn held(
    view: &View<'_>,
    entries: &[StateId],
    cost: Cost<'_>,
    meter: &mut Meter<'_>,
) -> Result<StateSet, QueryError> {
    let graph = view.graph();
    let mut held = StateSet::with_capacity(graph.state_count());
    let mut arrived: Table<GateId, u32> = Table::filled(0, graph.gate_count());
    let mut frontier: Vec<StateId> = entries.to_vec();
    while let Some(state) = frontier.pop() {
        if !held.insert(state) {
            continue;
        }
        let mut work = 1;
        for (step, to) in view.ordinary_from(state) {
            work += 1;
            if !held.contains(to) && cost(step).is_none() {
                frontier.push(to);
            }
        }
        for gate in view.gates_from(state) {
            work += 1;
            arrived[gate] += 1;
            let all = arrived[gate] as usize == graph.gate_inputs(gate).len();
            if all && cost(graph.gate_step(gate)).is_none() {
                frontier.push(graph.gate_output(gate));
            }
        }
        meter.spend(work)?;
    }
    Ok(held)
}

/// What is between: the source stands for all that is held, the sink for all jewels to be cut off.
///
/// Steps into what is held and steps from a jewel are left out: no cut needs the ones, and each cut has made
/// the others idle. A gate with one input that is not held needs that one alone, and a gate with none is a
/// step from the source. Each other gate is a node of its own: *input arcs* lead into it, and the arc from it
/// is its step. Input arcs are closed at first. To open one is to say that this input alone gives the gate.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) network: FlowNetwork,
    /// The steps that are arcs, ascending. Arcs beyond them are input arcs.
    steps: Vec<(StepId, Option<u32>)>,
    /// How many inputs a node needs: one, or all of a gate.
    needs: Table<NodeId, u32>,
}

const SOURCE: usize = 0;
const SINK: usize = 1;

impl Part {
    /// The part that leads to `targets`, none of which is held, through states that are reached.
    ///
    /// `numbers` has an empty place for each state, and has again in the end.
    ///
    /// # Complexity
    /// O(steps and gate inputs into the part), and sorting the steps.
    pub(super) fn build(
        view: &View<'_>,
        (reached, held): (&StateSet, &StateSet),
        targets: impl IntoIterator<Item = StateId>,
        cost: Cost<'_>,
        numbers: &mut Table<StateId, Option<NodeId>>,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let mut draft = Draft {
            view,
            reached,
            held,
            numbers,
            found: Vec::new(),
            node_count: SINK + 1,
            steps: Vec::new(),
            gates: Vec::new(),
        };
        for target in targets {
            if draft.numbers[target].is_none() {
                draft.numbers[target] = Some(NodeId::at(SINK));
                draft.found.push(target);
            }
        }
        let walked = draft.walk(meter);
        for &state in &draft.found {
            draft.numbers[state] = None;
        }
        walked?;
        draft.finish(cost)
    }

    pub(super) fn has_gates(&self) -> bool {
        self.needs.values().iter().any(|&needs| needs > 1)
    }

    /// The arcs that are steps, ascending by step.
    pub(super) fn step_arcs(&self) -> impl Iterator<Item = ArcId> + use<> {
        (0..self.steps.len()).map(ArcId::given)
    }

    /// True if the arc is the input of a gate, or the reverse of one.
    #[inline]
    pub(super) fn is_input(&self, arc: ArcId) -> bool {
        arc.number() >= self.steps.len()
    }

    /// The step that an arc is, if it is one.
    pub(super) fn step(&self, arc: ArcId) -> Option<StepId> {
        self.steps.get(arc.number()).map(|&(step, _)| step)
    }

    /// What cutting an arc costs. Arcs that cannot be cut are never asked.
    pub(super) fn cost(&self, arc: ArcId) -> u32 {
        self.steps
            .get(arc.number())
            .and_then(|&(_, cost)| cost)
            .unwrap_or(u32::MAX)
    }

    #[inline]
    pub(super) fn needs(&self, node: NodeId) -> u32 {
        self.needs[node]
    }

    #[inline]
    pub(super) fn is_gate(&self, node: NodeId) -> bool {
        self.needs[node] > 1
    }

    /// The input arcs of a gate.
    pub(super) fn inputs(&self, gate: NodeId) -> impl Iterator<Item = ArcId> + '_ {
        let around = self.network.arcs(gate).iter();
        around
            .filter(|arc| arc.is_reverse())
            .map(|arc| arc.twin())
            .filter(|&arc| self.is_input(arc))
    }
}

/// A part that grows backwards from the targets.
struct Draft<'d, 'g> {
    view: &'d View<'g>,
    reached: &'d StateSet,
    held: &'d StateSet,
    numbers: &'d mut Table<StateId, Option<NodeId>>,
    found: Vec<StateId>,
    node_count: usize,
    steps: Vec<(StepId, NodeId, NodeId)>,
    gates: Vec<(StepId, Vec<NodeId>, NodeId)>,
}

impl Draft<'_, '_> {
    fn walk(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let (view, graph) = (self.view, self.view.graph());
        let mut place = 0;
        while let Some(&state) = self.found.get(place) {
            place += 1;
            let mut work = 1;
            let node = self.numbers[state].unwrap_or(NodeId::at(SINK));
            for (step, from) in view.ordinary_into(state) {
                work += 1;
                if let Some(tail) = self.origin(from)
                    && tail != node
                {
                    self.steps.push((step, tail, node));
                }
            }
            for gate in view.gates_into(state) {
                let inputs = graph.gate_inputs(gate);
                work += inputs.len();
                if !inputs.iter().all(|&input| self.may_use(input, node)) {
                    continue;
                }
                let open = inputs.iter().filter(|&&input| !self.held.contains(input));
                let open: Vec<StateId> = open.copied().collect();
                let tails: Vec<NodeId> = open.iter().filter_map(|&i| self.origin(i)).collect();
                match tails.as_slice() {
                    [] => self
                        .steps
                        .push((graph.gate_step(gate), NodeId::at(SOURCE), node)),
                    &[tail] => self.steps.push((graph.gate_step(gate), tail, node)),
                    _ => self.gates.push((graph.gate_step(gate), tails, node)),
                }
            }
            meter.spend(work)?;
        }
        Ok(())
    }

    /// True if a state is reached, is no target, and is not `node` itself.
    fn may_use(&self, state: StateId, node: NodeId) -> bool {
        let number = self.numbers[state];
        self.reached.contains(state) && number != Some(NodeId::at(SINK)) && number != Some(node)
    }

    /// The node that a step comes from, if it is of use; a new one if need be.
    fn origin(&mut self, from: StateId) -> Option<NodeId> {
        if self.held.contains(from) {
            return Some(NodeId::at(SOURCE));
        }
        if let Some(node) = self.numbers[from] {
            return (node != NodeId::at(SINK)).then_some(node);
        }
        if !self.reached.contains(from) {
            return None;
        }
        let node = NodeId::at(self.node_count);
        self.node_count += 1;
        self.numbers[from] = Some(node);
        self.found.push(from);
        Some(node)
    }

    fn finish(mut self, cost: Cost<'_>) -> Result<Part, QueryError> {
        let input_count: usize = self.gates.iter().map(|(_, inputs, _)| inputs.len()).sum();
        let arc_count = self.steps.len() + self.gates.len() + input_count;
        let node_count = self.node_count + self.gates.len();
        let most = u32::MAX as usize / 2;
        if arc_count >= most || node_count >= most {
            // Each arc and its reverse have ids of 32 bits; only a graph near the very limit of ids comes here.
            let observed = arc_count.max(node_count) as u64;
            return Err(LimitError::new("steps", most as u64, observed).into());
        }
        let mut needs: Table<NodeId, u32> = Table::filled(1, self.node_count);
        let mut input_arcs = Vec::with_capacity(input_count);
        self.gates.sort_unstable_by_key(|&(step, ..)| step);
        for (step, inputs, output) in &self.gates {
            let gate = NodeId::at(needs.len());
            needs.push(u32::try_from(inputs.len()).unwrap_or(u32::MAX));
            input_arcs.extend(inputs.iter().map(|&input| (input, gate, 0)));
            self.steps.push((*step, gate, *output));
        }
        // Arcs in the order of steps, so that answers come out in it.
        self.steps.sort_unstable();
        let costs: Vec<(StepId, Option<u32>)> = self
            .steps
            .iter()
            .map(|&(step, ..)| (step, cost(step)))
            .collect();
        let step_arcs = self.steps.iter().zip(&costs);
        let arcs: Vec<(NodeId, NodeId, u64)> = step_arcs
            .map(|(&(_, tail, head), &(_, cost))| (tail, head, cost.map_or(UNBOUNDED, u64::from)))
            .chain(input_arcs)
            .collect();
        let (source, sink) = (NodeId::at(SOURCE), NodeId::at(SINK));
        Ok(Part {
            network: FlowNetwork::new(node_count, source, sink, &arcs),
            steps: costs,
            needs,
        })
    }
}
