//! A small graph as plain lists, and the same graph frozen.

use cspm_graph::algo::Jewel;
use cspm_graph::graph::{
    AttackGraph, Certainty, GraphBuilder, KindSet, Likelihood, Limits, StateId, StateSet, Step,
    StepAttributes, StepId, StepKind, ViewOptions,
};

/// A step or gate as written down: inputs may repeat.
#[derive(Clone, Debug)]
pub(crate) struct ModelStep {
    pub(crate) inputs: Vec<u32>,
    pub(crate) to: u32,
    pub(crate) kind: u8,
    pub(crate) certainty: Certainty,
    pub(crate) cost: u32,
    pub(crate) tag: u32,
}

/// A graph and what is asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) state_count: u32,
    pub(crate) steps: Vec<ModelStep>,
    pub(crate) entries: Vec<u32>,
    pub(crate) jewels: Vec<(u32, u64)>,
}

/// What a view leaves out.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(crate) certainty: Certainty,
    pub(crate) kinds: Vec<u8>,
    /// Tags of the steps that are left out.
    pub(crate) without: Vec<u32>,
    pub(crate) within: Option<Vec<u32>>,
    pub(crate) free: Option<Vec<u32>>,
}

pub(crate) fn state(number: u32) -> StateId {
    StateId::new(number).unwrap()
}

pub(crate) fn states(numbers: &[u32]) -> Vec<StateId> {
    numbers.iter().copied().map(state).collect()
}

pub(crate) fn numbers(states: &StateSet) -> Vec<u32> {
    states.iter().map(StateId::get).collect()
}

/// A certain step of kind 0 without cost.
pub(crate) fn step(inputs: &[u32], to: u32) -> ModelStep {
    let certainty = Certainty::Certain;
    ModelStep {
        inputs: inputs.to_vec(),
        to,
        kind: 0,
        certainty,
        cost: 0,
        tag: 0,
    }
}

impl ModelStep {
    pub(crate) fn cost(self, cost: u32) -> Self {
        Self { cost, ..self }
    }
}

impl Model {
    /// A graph of certain steps, tagged by their place.
    pub(crate) fn new(state_count: u32, steps: Vec<ModelStep>) -> Self {
        let mut model = Self {
            state_count,
            steps,
            entries: Vec::new(),
            jewels: Vec::new(),
        };
        model.tag();
        model
    }

    /// Gives each step its place as its tag.
    pub(crate) fn tag(&mut self) {
        for (step, tag) in self.steps.iter_mut().zip(0..) {
            step.tag = tag;
        }
    }

    pub(crate) fn build(&self) -> AttackGraph {
        let mut builder = GraphBuilder::new(self.state_count as usize);
        for step in &self.steps {
            let attributes = StepAttributes {
                kind: StepKind(step.kind),
                certainty: step.certainty,
                likelihood: Likelihood::from_cost(step.cost),
                tag: step.tag,
            };
            match step.inputs.as_slice() {
                &[from] => builder.add_step(state(from), state(step.to), attributes),
                inputs => builder.add_gate(&states(inputs), state(step.to), attributes),
            }
        }
        let graph = builder.build(&Limits::default()).unwrap();
        graph.validate().unwrap();
        graph
    }

    pub(crate) fn entries(&self) -> Vec<StateId> {
        states(&self.entries)
    }

    pub(crate) fn jewels(&self) -> Vec<Jewel> {
        self.jewels
            .iter()
            .map(|&(at, value)| (state(at), value))
            .collect()
    }

    /// The model without what a view leaves out.
    pub(crate) fn cut(&self, cut: &Cut) -> Self {
        let keeps = |step: &&ModelStep| {
            let ways_back = cut.free.as_ref().is_some_and(|free| {
                free.contains(&step.to) && !step.inputs.iter().all(|input| free.contains(input))
            });
            let within = cut.within.as_ref().is_none_or(|within| {
                let mut ends = step.inputs.iter().chain([&step.to]);
                ends.all(|end| within.contains(end))
            });
            step.certainty <= cut.certainty
                && cut.kinds.contains(&step.kind)
                && !cut.without.contains(&step.tag)
                && !ways_back
                && within
        };
        Self {
            steps: self.steps.iter().filter(keeps).cloned().collect(),
            ..self.clone()
        }
    }
}

impl Cut {
    /// Calls `ask` with the options that leave the same out of a frozen graph.
    pub(crate) fn with_options<T>(
        &self,
        graph: &AttackGraph,
        ask: impl FnOnce(&ViewOptions<'_>) -> T,
    ) -> T {
        let left_out = graph
            .steps()
            .filter(|step| self.without.contains(&step.tag()));
        let without: Vec<StepId> = left_out.map(|step| step.id()).collect();
        let set = |states: &Option<Vec<u32>>| -> Option<StateSet> {
            let states = states.as_ref()?.iter();
            Some(states.copied().map(state).collect())
        };
        let (within, free) = (set(&self.within), set(&self.free));
        ask(&ViewOptions {
            certainty: self.certainty,
            kinds: self
                .kinds
                .iter()
                .copied()
                .map(StepKind)
                .collect::<KindSet>(),
            without: &without,
            within: within.as_ref(),
            free: free.as_ref(),
        })
    }
}

/// What a step is, without its id.
pub(crate) fn content(step: &Step<'_>) -> (Vec<u32>, u32, u8, Certainty, u32, u32) {
    (
        step.inputs().map(StateId::get).collect(),
        step.to().get(),
        step.kind().0,
        step.certainty(),
        step.likelihood().cost(),
        step.tag(),
    )
}
