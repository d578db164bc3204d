//! The part of a graph that a question may use.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::id::sealed::Sealed as _;
use super::{
    AttackGraph, Certainty, GateId, KindSet, Rows, StateId, StateSet, Step, StepId, pages,
};

/// What a view leaves out. By default nothing.
#[derive(Clone, Copy, Debug)]
pub struct ViewOptions<'o> {
    /// The widest certainty that is still part of the view. By default [`Certainty::Unknown`]: all.
    pub certainty: Certainty,
    /// The kinds that are part of the view.
    pub kinds: KindSet,
    /// Steps and gates that are left out; ids that there are not have no effect.
    pub without: &'o [StepId],
    /// If given, only steps and gates whose ends are all among these states are part of the view: those of some
    /// accounts, say.
    pub within: Option<&'o StateSet>,
    /// Free states: what an entry gets without first controlling anything.
    ///
    /// If given, a step from a state that is not free into one that is, is left out: who can walk in from
    /// outside gains nothing by coming from inside. A gate into a free state is left out unless all its
    /// inputs are free. Questions about what lies behind a state (blast radius, prize) want this; questions
    /// about what is reached do not.
    pub free: Option<&'o StateSet>,
}

impl Default for ViewOptions<'_> {
    fn default() -> Self {
        Self {
            certainty: Certainty::Unknown,
            kinds: KindSet::ALL,
            without: &[],
            within: None,
            free: None,
        }
    }
}

/// A graph with some steps left out. States are never left out.
///
/// What a view keeps lies in rows of its own, so that a question tests nothing for each step that it looks at, however
/// the steps were chosen. They are made when a question first asks for them, one direction at a time, on all threads,
/// and clones of a view share them.
///
/// COST: O(m) time once for each direction (O(m log d) backward where steps carry nothing, for rows of d steps), and 8 bytes a step that is kept; nothing where nothing is left out.
#[derive(Clone, Debug)]
pub struct View<'g> {
    graph: &'g AttackGraph,
    left_out: Option<Arc<LeftOut>>,
}

#[derive(Debug)]
struct LeftOut {
    /// A bit for each step that is left out.
    steps: Vec<u64>,
    forward: OnceLock<Kept>,
    backward: OnceLock<Kept>,
}

/// The rows of one direction without what is left out.
#[derive(Debug)]
struct Kept {
    rows: Rows<StateId, StateId>,
    /// The steps themselves, beside the values of the rows.
    steps: Vec<StepId>,
}

impl Kept {
    /// What is in the cell, made first if there is nothing yet.
    ///
    /// Nothing is made while the cell is held: a thread of a pool that waits for a part of the rows may take up another
    /// question to the same view meanwhile, which would wait for the cell, and so for itself. Threads that ask at the
    /// same time each make the rows, and keep those of the first.
    fn once(cell: &OnceLock<Self>, make: impl FnOnce() -> Self) -> &Self {
        if let Some(kept) = cell.get() {
            return kept;
        }
        let made = make();
        cell.get_or_init(|| made)
    }

    /// Takes from the rows of a graph the steps that are kept; `step` tells which stands at a place of a row.
    fn of(
        rows: &Rows<StateId, StateId>,
        step: impl Fn(StateId, usize) -> StepId + Sync,
        keeps: impl Fn(StepId) -> bool + Sync,
    ) -> Self {
        const ROWS_OF_A_PART: usize = 1 << 12;
        let count = rows.row_count();
        let parts: Vec<(Vec<u32>, Vec<StateId>, Vec<StepId>)> = (0..count.div_ceil(ROWS_OF_A_PART))
            .into_par_iter()
            .map(|part| {
                let (mut ends, mut values, mut steps) = (Vec::new(), Vec::new(), Vec::new());
                let states = part * ROWS_OF_A_PART..((part + 1) * ROWS_OF_A_PART).min(count);
                let mut sum = 0;
                for state in states.map(StateId::at) {
                    for (place, &value) in rows.row(state).iter().enumerate() {
                        let step = step(state, place);
                        if keeps(step) {
                            values.push(value);
                            steps.push(step);
                            sum += 1;
                        }
                    }
                    ends.push(sum);
                }
                (ends, values, steps)
            })
            .collect();
        let kept = parts.iter().map(|part| part.1.len()).sum();
        let (mut offsets, mut values, mut steps) = (
            Vec::with_capacity(count + 1),
            Vec::with_capacity(kept),
            Vec::with_capacity(kept),
        );
        pages::ask_for_large_pages(&mut values);
        offsets.push(0);
        let mut before = 0;
        for (ends, own_values, own_steps) in parts {
            offsets.extend(ends.iter().map(|end| before + end));
            before += ends.last().copied().unwrap_or(0);
            values.extend(own_values);
            steps.extend(own_steps);
        }
        Self {
            rows: Rows::from_parts(offsets, values),
            steps,
        }
    }

    fn step(&self, state: StateId, place: usize) -> StepId {
        self.steps[self.rows.range(state).start + place]
    }
}

impl<'g> View<'g> {
    pub(super) fn new(graph: &'g AttackGraph, options: &ViewOptions<'_>) -> Self {
        let mut steps = Vec::new();
        if options.certainty < Certainty::Unknown || options.kinds != KindSet::ALL {
            let leaves_out = |step: StepId| {
                let attributes = graph.attributes(step);
                attributes.certainty > options.certainty || !options.kinds.contains(attributes.kind)
            };
            let count = graph.step_count();
            let word = |at: usize| {
                let own = at * 64..(at * 64 + 64).min(count);
                own.rev().fold(0, |word, step| {
                    word << 1 | u64::from(leaves_out(StepId::at(step)))
                })
            };
            steps = (0..count.div_ceil(64)).into_par_iter().map(word).collect();
        }
        if let Some(within) = options.within {
            leave_out_all_but_within(graph, within, &mut steps);
        }
        if let Some(free) = options.free {
            leave_out_ways_back(graph, free, &mut steps);
        }
        leave_out_all(graph, options.without, &mut steps);
        Self::without_bits(graph, steps)
    }

    fn without_bits(graph: &'g AttackGraph, steps: Vec<u64>) -> Self {
        let nothing = steps.iter().all(|&word| word == 0);
        let left_out = LeftOut {
            steps,
            forward: OnceLock::new(),
            backward: OnceLock::new(),
        };
        Self {
            graph,
            left_out: (!nothing).then(|| Arc::new(left_out)),
        }
    }

    /// The whole graph.
    pub fn graph(&self) -> &'g AttackGraph {
        self.graph
    }

    /// The same view with some more steps and gates left out; ids that there are not have no effect.
    #[must_use]
    pub fn without(&self, steps: &[StepId]) -> Self {
        let mut left_out = match &self.left_out {
            Some(left_out) => left_out.steps.clone(),
            None => Vec::new(),
        };
        leave_out_all(self.graph, steps, &mut left_out);
        Self::without_bits(self.graph, left_out)
    }

    /// Targets of the ordinary steps from each state.
    pub(crate) fn forward(&self) -> &Rows<StateId, StateId> {
        match self.kept_forward() {
            Some(kept) => &kept.rows,
            None => &self.graph.forward,
        }
    }

    /// Origins of the ordinary steps into each state.
    pub(crate) fn backward(&self) -> &Rows<StateId, StateId> {
        match self.kept_backward() {
            Some(kept) => &kept.rows,
            None => &self.graph.backward,
        }
    }

    fn kept_forward(&self) -> Option<&Kept> {
        let left_out = self.left_out.as_ref()?;
        Some(Kept::once(&left_out.forward, || {
            let step = |state, place| self.graph.step_from(state, place);
            Kept::of(&self.graph.forward, step, |step| self.admits(step))
        }))
    }

    fn kept_backward(&self) -> Option<&Kept> {
        let left_out = self.left_out.as_ref()?;
        Some(Kept::once(&left_out.backward, || {
            let step = |state, place| self.graph.step_into(state, place);
            Kept::of(&self.graph.backward, step, |step| self.admits(step))
        }))
    }

    /// True if a step or gate is part of the view.
    #[inline]
    pub fn contains(&self, step: StepId) -> bool {
        step.index() < self.graph.step_count() && self.admits(step)
    }

    /// The steps and gates of the view that have `state` as an input, ascending.
    pub fn steps_from(&self, state: StateId) -> impl Iterator<Item = Step<'g>> {
        self.graph
            .steps_from(state)
            .filter(|step| self.admits(step.id()))
    }

    /// The steps and gates of the view that give `state`: steps by kind, then id; gates after them.
    pub fn steps_into(&self, state: StateId) -> impl Iterator<Item = Step<'g>> {
        self.graph
            .steps_into(state)
            .filter(|step| self.admits(step.id()))
    }

    /// All steps of the view in ascending order, gates last.
    pub fn steps(&self) -> impl Iterator<Item = Step<'g>> {
        (0..self.graph.step_count())
            .map(StepId::at)
            .filter(|&step| self.admits(step))
            .map(|step| Step::new(self.graph, step))
    }

    /// Ordinary steps of the view from a known state, with their targets.
    #[inline]
    pub(crate) fn ordinary_from(&self, state: StateId) -> impl Iterator<Item = (StepId, StateId)> {
        let kept = self.kept_forward();
        let row = kept
            .map_or(&self.graph.forward, |kept| &kept.rows)
            .row(state);
        let step = move |place| match kept {
            Some(kept) => kept.step(state, place),
            None => self.graph.step_from(state, place),
        };
        row.iter()
            .enumerate()
            .map(move |(place, &to)| (step(place), to))
    }

    /// Ordinary steps of the view into a known state, with their origins.
    #[inline]
    pub(crate) fn ordinary_into(&self, state: StateId) -> impl Iterator<Item = (StepId, StateId)> {
        let kept = self.kept_backward();
        let row = kept
            .map_or(&self.graph.backward, |kept| &kept.rows)
            .row(state);
        let step = move |place| match kept {
            Some(kept) => kept.step(state, place),
            None => self.graph.step_into(state, place),
        };
        row.iter()
            .enumerate()
            .map(move |(place, &from)| (step(place), from))
    }

    #[inline]
    pub(crate) fn gates_from(&self, state: StateId) -> impl Iterator<Item = GateId> {
        self.graph
            .gates_from(state)
            .iter()
            .copied()
            .filter(|&gate| self.admits_gate(gate))
    }

    #[inline]
    pub(crate) fn gates_into(&self, state: StateId) -> impl Iterator<Item = GateId> {
        self.graph
            .gates_into(state)
            .iter()
            .copied()
            .filter(|&gate| self.admits_gate(gate))
    }

    /// True if a known step is part of the view.
    #[inline]
    pub(crate) fn admits(&self, step: StepId) -> bool {
        let Some(left_out) = &self.left_out else {
            return true;
        };
        let index = step.index();
        left_out
            .steps
            .get(index / 64)
            .is_none_or(|word| word >> (index % 64) & 1 == 0)
    }

    #[inline]
    fn admits_gate(&self, gate: GateId) -> bool {
        self.left_out.is_none() || self.admits(self.graph.gate_step(gate))
    }
}

/// Leaves out a known step.
fn leave_out(graph: &AttackGraph, step: StepId, left_out: &mut Vec<u64>) {
    if left_out.is_empty() {
        left_out.resize(graph.step_count().div_ceil(64), 0);
    }
    if let Some(word) = left_out.get_mut(step.index() / 64) {
        *word |= 1 << (step.index() % 64);
    }
}

fn leave_out_all(graph: &AttackGraph, steps: &[StepId], left_out: &mut Vec<u64>) {
    for &step in steps {
        if step.index() < graph.step_count() {
            leave_out(graph, step, left_out);
        }
    }
}

fn leave_out_all_but_within(graph: &AttackGraph, within: &StateSet, left_out: &mut Vec<u64>) {
    for state in graph.states() {
        let is_within = within.contains(state);
        for (step, to) in graph.ordinary_from(state) {
            if !is_within || !within.contains(to) {
                leave_out(graph, step, left_out);
            }
        }
    }
    for gate in (0..graph.gate_count()).map(GateId::at) {
        let mut ends = graph
            .gate_inputs(gate)
            .iter()
            .copied()
            .chain([graph.gate_output(gate)]);
        if !ends.all(|end| within.contains(end)) {
            leave_out(graph, graph.gate_step(gate), left_out);
        }
    }
}

fn leave_out_ways_back(graph: &AttackGraph, free: &StateSet, left_out: &mut Vec<u64>) {
    for state in free
        .iter()
        .take_while(|state| state.index() < graph.state_count())
    {
        for (step, from) in graph.ordinary_into(state) {
            if !free.contains(from) {
                leave_out(graph, step, left_out);
            }
        }
        for &gate in graph.gates_into(state) {
            let mut inputs = graph.gate_inputs(gate).iter();
            if !inputs.all(|&input| free.contains(input)) {
                leave_out(graph, graph.gate_step(gate), left_out);
            }
        }
    }
}
