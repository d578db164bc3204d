//! A graph and what is asked of it.

use std::cell::LazyCell;
use std::ops::Deref;

use cspm_graph::algo::Jewel;
use cspm_graph::graph::{
    AttackGraph, GraphBuilder, Limits, StateId, StepAttributes, View, ViewOptions,
};

/// A graph, where attackers start in it, and where the value is.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The graph itself.
    pub graph: AttackGraph,
    /// Where attackers start.
    pub entries: Vec<StateId>,
    /// Where the value is.
    pub jewels: Vec<Jewel>,
}

impl Shape {
    /// All of the graph.
    pub fn view(&self) -> View<'_> {
        self.graph.view(&ViewOptions::default())
    }

    /// Some states, evenly spread: the first and the last among them.
    pub fn samples(&self, count: usize) -> Vec<StateId> {
        let last = self.graph.state_count().saturating_sub(1);
        let gaps = count.saturating_sub(1).max(1);
        let states = self.graph.states();
        let mut samples: Vec<StateId> = states.step_by((last / gaps).max(1)).take(gaps).collect();
        samples.extend(self.graph.states().next_back());
        samples
    }
}

/// A shape that is built when a bench first needs it, so that a filtered run builds what it asks for alone.
#[derive(Debug)]
pub struct LazyShape {
    name: &'static str,
    states: usize,
    steps: usize,
    shape: LazyCell<Shape, fn() -> Shape>,
    small: fn() -> Shape,
}

impl LazyShape {
    /// A shape of so many states and steps, gates among them; and a small one from the same generator, on which
    /// answers are verified that could not be in a lifetime on the large one.
    pub fn new(
        name: &'static str,
        (states, steps): (usize, usize),
        large: fn() -> Shape,
        small: fn() -> Shape,
    ) -> Self {
        Self {
            name,
            states,
            steps,
            shape: LazyCell::new(large),
            small,
        }
    }

    /// Name and size: `chain/n=1e6,m=1e6`.
    pub fn label(&self) -> String {
        let (states, steps) = (magnitude(self.states), magnitude(self.steps));
        format!("{}/n={states},m={steps}", self.name)
    }

    /// Number of steps, gates among them, known before there is a graph.
    pub fn step_count(&self) -> usize {
        self.steps
    }

    /// The small one.
    pub fn small(&self) -> Shape {
        (self.small)()
    }
}

impl Deref for LazyShape {
    type Target = Shape;

    fn deref(&self) -> &Shape {
        let shape = &*self.shape;
        let sizes = (shape.graph.state_count(), shape.graph.step_count());
        assert_eq!(sizes, (self.states, self.steps), "sizes of {}", self.name);
        shape
    }
}

/// A count to two digits: `1e6`, `7.8e5`.
fn magnitude(count: usize) -> String {
    let mut power = 0;
    let mut scale = 1;
    while count / scale >= 10 {
        power += 1;
        scale *= 10;
    }
    let mut tenths = (count * 10 + scale / 2) / scale;
    if tenths == 100 {
        (tenths, power) = (10, power + 1);
    }
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}e{power}"),
        (whole, tenth) => format!("{whole}.{tenth}e{power}"),
    }
}

/// Draws a graph by the numbers of its states.
pub(crate) struct Drawing {
    builder: GraphBuilder,
}

impl Drawing {
    pub(crate) fn new(states: u32) -> Self {
        Self {
            builder: GraphBuilder::new(states as usize),
        }
    }

    pub(crate) fn step(&mut self, from: u32, to: u32) {
        self.step_with(from, to, StepAttributes::default());
    }

    pub(crate) fn step_with(&mut self, from: u32, to: u32, attributes: StepAttributes) {
        self.builder.add_step(state(from), state(to), attributes);
    }

    pub(crate) fn gate(&mut self, inputs: &[u32], output: u32) {
        self.gate_with(inputs, output, StepAttributes::default());
    }

    pub(crate) fn gate_with(&mut self, inputs: &[u32], output: u32, attributes: StepAttributes) {
        let inputs: Vec<StateId> = inputs.iter().map(|&input| state(input)).collect();
        self.builder.add_gate(&inputs, state(output), attributes);
    }

    /// The graph; `jewels` by number and value.
    pub(crate) fn finish(
        self,
        entries: impl IntoIterator<Item = u32>,
        jewels: impl IntoIterator<Item = (u32, u64)>,
    ) -> Shape {
        let jewels = jewels.into_iter();
        Shape {
            graph: self
                .builder
                .build(&Limits::default())
                .expect("a graph of a bench is within the default limits"),
            entries: entries.into_iter().map(state).collect(),
            jewels: jewels.map(|(jewel, value)| (state(jewel), value)).collect(),
        }
    }
}

fn state(number: u32) -> StateId {
    StateId::new(number).expect("graphs of benches are far smaller than ids allow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits() {
        let named = [0, 7, 10, 999_999, 1_000_000, 783_412, 94_999].map(magnitude);
        assert_eq!(named, ["0e0", "7e0", "1e1", "1e6", "1e6", "7.8e5", "9.5e4"]);
    }

    #[test]
    fn samples_are_spread_to_both_ends() {
        let shape = crate::chain(1_000, 10);
        let samples = shape.samples(4);
        assert_eq!(samples, [0, 333, 666, 999].map(state));
        assert_eq!(crate::chain(1, 1).samples(4), [state(0), state(0)]);
    }
}
