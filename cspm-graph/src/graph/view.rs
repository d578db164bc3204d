//! The part of a graph that a question may use.

use super::id::sealed::Sealed as _;
use super::{AttackGraph, Certainty, GateId, KindSet, StateId, StateSet, Step, StepId};

/// What a view leaves out. By default nothing.
#[derive(Clone, Copy, Debug)]
pub struct ViewOptions<'o> {
    /// The widest certainty that is still part of the view. By default [`Certainty::Unknown`]: all.
    pub certainty: Certainty,
    /// The kinds that are part of the view.
    pub kinds: KindSet,
    /// Steps and gates that are left out; ids that there are not have no effect.
    pub without: &'o [StepId],
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
            free: None,
        }
    }
}

/// A graph with some steps left out. States are never left out.
#[derive(Clone, Debug)]
pub struct View<'g> {
    graph: &'g AttackGraph,
    /// A bit for each step that is left out; `None` if none is.
    left_out: Option<Vec<u64>>,
}

impl<'g> View<'g> {
    pub(super) fn new(graph: &'g AttackGraph, options: &ViewOptions<'_>) -> Self {
        let mut view = Self {
            graph,
            left_out: None,
        };
        if options.certainty < Certainty::Unknown || options.kinds != KindSet::ALL {
            for step in graph.steps() {
                if step.certainty() > options.certainty || !options.kinds.contains(step.kind()) {
                    view.leave_out(step.id());
                }
            }
        }
        if let Some(free) = options.free {
            view.leave_out_ways_back(free);
        }
        for &step in options.without {
            if step.index() < graph.step_count() {
                view.leave_out(step);
            }
        }
        view
    }

    /// The whole graph.
    pub fn graph(&self) -> &'g AttackGraph {
        self.graph
    }

    /// True if nothing is left out.
    #[inline]
    pub(crate) fn is_whole(&self) -> bool {
        self.left_out.is_none()
    }

    /// The same view with some more steps and gates left out; ids that there are not have no effect.
    #[must_use]
    pub fn without(&self, steps: &[StepId]) -> Self {
        let mut view = self.clone();
        for &step in steps {
            if step.index() < view.graph.step_count() {
                view.leave_out(step);
            }
        }
        view
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
        self.graph
            .ordinary_from(state)
            .filter(|&(step, _)| self.admits(step))
    }

    /// Ordinary steps of the view into a known state, with their origins.
    #[inline]
    pub(crate) fn ordinary_into(&self, state: StateId) -> impl Iterator<Item = (StepId, StateId)> {
        self.graph
            .ordinary_into(state)
            .filter(|&(step, _)| self.admits(step))
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
            .get(index / 64)
            .is_none_or(|word| word >> (index % 64) & 1 == 0)
    }

    #[inline]
    fn admits_gate(&self, gate: GateId) -> bool {
        self.left_out.is_none() || self.admits(self.graph.gate_step(gate))
    }

    fn leave_out(&mut self, step: StepId) {
        let words = self.graph.step_count().div_ceil(64);
        let left_out = self.left_out.get_or_insert_with(|| vec![0; words]);
        if let Some(word) = left_out.get_mut(step.index() / 64) {
            *word |= 1 << (step.index() % 64);
        }
    }

    fn leave_out_ways_back(&mut self, free: &StateSet) {
        let graph = self.graph;
        for state in free
            .iter()
            .take_while(|state| state.index() < graph.state_count())
        {
            for (step, from) in graph.ordinary_into(state) {
                if !free.contains(from) {
                    self.leave_out(step);
                }
            }
            for &gate in graph.gates_into(state) {
                if !graph
                    .gate_inputs(gate)
                    .iter()
                    .all(|&input| free.contains(input))
                {
                    self.leave_out(graph.gate_step(gate));
                }
            }
        }
    }
}
