//! Strategies for graphs of hard shapes.

use cspm_graph::graph::Certainty;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::model::{Cut, Model, ModelStep, step};

/// So many times the usual number of cases, which `PROPTEST_CASES` sets.
pub(crate) fn times(factor: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.saturating_mul(factor),
        ..usual
    }
}

/// A shape laid over some states; states are given by number and taken modulo the number of states.
#[derive(Clone, Debug)]
enum Motif {
    /// A cycle of this many states: 1, 2, 3 or 5.
    Cycle(Vec<u32>),
    Chain(Vec<u32>),
    Star(u32, Vec<u32>),
    /// The same step twice.
    Parallel(u32, u32),
    /// Every state to every other.
    Dense(Vec<u32>),
    /// Each state of one layer to each of the next.
    Layers(Vec<u32>, Vec<u32>, Vec<u32>),
    Gate(Vec<u32>, u32),
    /// A gate whose output leads back to one of its inputs.
    GateInCycle(u32, u32, u32),
    /// The inputs of a gate come by different successors of one state.
    Fork(u32, u32, u32, u32),
    /// Each gate needs the output of the one before.
    GateChain(Vec<u32>),
    /// Two gates that feed each other through a common start.
    CrossedGates(u32, u32, u32, u32),
}

impl Motif {
    fn steps(&self) -> Vec<ModelStep> {
        let one = |from: u32, to: u32| step(&[from], to);
        match self {
            Self::Cycle(around) => {
                let next = around.iter().cycle().skip(1);
                around
                    .iter()
                    .zip(next)
                    .map(|(&from, &to)| one(from, to))
                    .collect()
            }
            Self::Chain(along) => along.windows(2).map(|pair| one(pair[0], pair[1])).collect(),
            Self::Star(center, rays) => rays
                .iter()
                .map(|&ray| {
                    if ray % 2 == 0 {
                        one(*center, ray)
                    } else {
                        one(ray, *center)
                    }
                })
                .collect(),
            Self::Parallel(from, to) => vec![one(*from, *to), one(*from, *to)],
            Self::Dense(among) => among
                .iter()
                .flat_map(|&from| among.iter().map(move |&to| one(from, to)))
                .collect(),
            Self::Layers(first, second, third) => [(first, second), (second, third)]
                .iter()
                .flat_map(|(from, to)| {
                    from.iter()
                        .flat_map(|&from| to.iter().map(move |&to| one(from, to)))
                })
                .collect(),
            Self::Gate(inputs, output) => vec![step(inputs, *output)],
            Self::GateInCycle(a, b, output) => {
                vec![step(&[*a, *b], *output), one(*output, *a)]
            }
            Self::Fork(from, a, b, output) => {
                vec![one(*from, *a), one(*from, *b), step(&[*a, *b], *output)]
            }
            Self::GateChain(along) => along
                .windows(3)
                .map(|three| step(&three[..2], three[2]))
                .collect(),
            Self::CrossedGates(start, a, b, output) => vec![
                step(&[*start, *a], *b),
                step(&[*start, *b], *a),
                step(&[*a, *b], *output),
                one(*start, *a),
            ],
        }
    }
}

fn motif() -> impl Strategy<Value = Motif> {
    let number = || 0..1000_u32;
    let cycle = prop_oneof![
        vec(number(), 1),
        vec(number(), 2),
        vec(number(), 3),
        vec(number(), 5),
    ];
    prop_oneof![
        3 => cycle.prop_map(Motif::Cycle),
        2 => vec(number(), 2..6).prop_map(Motif::Chain),
        1 => (number(), vec(number(), 1..5)).prop_map(|(center, rays)| Motif::Star(center, rays)),
        1 => (number(), number()).prop_map(|(from, to)| Motif::Parallel(from, to)),
        1 => vec(number(), 2..4).prop_map(Motif::Dense),
        1 => (vec(number(), 1..3), vec(number(), 1..3), vec(number(), 1..3))
            .prop_map(|(a, b, c)| Motif::Layers(a, b, c)),
        3 => (vec(number(), 1..4), number()).prop_map(|(inputs, to)| Motif::Gate(inputs, to)),
        2 => (number(), number(), number()).prop_map(|(a, b, c)| Motif::GateInCycle(a, b, c)),
        2 => (number(), number(), number(), number())
            .prop_map(|(s, a, b, c)| Motif::Fork(s, a, b, c)),
        1 => vec(number(), 3..7).prop_map(Motif::GateChain),
        1 => (number(), number(), number(), number())
            .prop_map(|(s, a, b, c)| Motif::CrossedGates(s, a, b, c)),
    ]
}

fn certainty() -> impl Strategy<Value = Certainty> + Clone {
    prop_oneof![
        4 => Just(Certainty::Certain),
        1 => Just(Certainty::Conditional),
        1 => Just(Certainty::Unknown),
    ]
}

/// Graphs of up to `states_max` states, laid together from motifs, with entries and jewels anywhere.
///
/// Few different costs, so that there are ties, and values of 0 and of the largest size.
pub(crate) fn model(states_max: u32, motifs_max: usize) -> impl Strategy<Value = Model> {
    let attributes = vec(
        (0..3_u8, certainty(), prop_oneof![0..4_u32, 0..200_000_u32]),
        1..20,
    );
    let value = prop_oneof![2 => 1..3_u64, 2 => 1..100_u64, 1 => Just(0), 1 => Just(u64::MAX)];
    (1..=states_max).prop_flat_map(move |state_count| {
        (
            vec(motif(), 0..=motifs_max),
            attributes.clone(),
            vec(0..state_count, 0..4),
            vec((0..state_count, value.clone()), 0..5),
        )
            .prop_map(move |(motifs, attributes, entries, jewels)| {
                let mut steps: Vec<ModelStep> = motifs.iter().flat_map(Motif::steps).collect();
                for (step, (kind, certainty, cost)) in
                    steps.iter_mut().zip(attributes.iter().cycle())
                {
                    for input in &mut step.inputs {
                        *input %= state_count;
                    }
                    step.to %= state_count;
                    (step.kind, step.certainty, step.cost) = (*kind, *certainty, *cost);
                }
                let mut model = Model {
                    state_count,
                    steps,
                    entries,
                    jewels,
                };
                model.tag();
                model
            })
    })
}

/// A model without gates: those that are drawn lose all inputs but one.
pub(crate) fn model_without_gates(
    states_max: u32,
    motifs_max: usize,
) -> impl Strategy<Value = Model> {
    model(states_max, motifs_max).prop_map(without_gates)
}

/// The model, each step with its first input alone.
pub(crate) fn without_gates(mut model: Model) -> Model {
    for step in &mut model.steps {
        step.inputs.truncate(1);
    }
    model
}

/// A model and what a view leaves out of it: most often nothing or little.
pub(crate) fn model_and_cut(
    states_max: u32,
    motifs_max: usize,
) -> impl Strategy<Value = (Model, Cut)> {
    model(states_max, motifs_max).prop_flat_map(|model| {
        let tags: Vec<u32> = model.steps.iter().map(|step| step.tag).collect();
        let all: Vec<u32> = (0..model.state_count).collect();
        let (tag_count, state_count) = (tags.len(), all.len());
        let certainty = prop_oneof![
            2 => Just(Certainty::Unknown),
            1 => Just(Certainty::Conditional),
            1 => Just(Certainty::Certain),
        ];
        let kinds =
            prop_oneof![3 => Just((0..=255).collect()), 1 => subsequence(vec![0, 1, 2], 0..=3)];
        let without = prop_oneof![
            2 => Just(Vec::new()),
            1 => subsequence(tags, 0..=tag_count.min(3)),
        ];
        let within = prop_oneof![
            4 => Just(None),
            1 => subsequence(all.clone(), 0..=state_count).prop_map(Some),
        ];
        let free = prop_oneof![
            2 => Just(None),
            1 => subsequence(all, 0..=state_count).prop_map(Some),
        ];
        let cut = (certainty, kinds, without, within, free).prop_map(
            |(certainty, kinds, without, within, free)| Cut {
                certainty,
                kinds,
                without,
                within,
                free,
            },
        );
        (Just(model), cut)
    })
}
