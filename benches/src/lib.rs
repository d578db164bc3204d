//! Graphs for benches: shaped like estates, deterministic, checked before they are timed.

use cspm_graph::graph::{AttackGraph, BuildError, GraphBuilder, Limits, StateId, StepAttributes};

/// A graph of `layers` layers of `width` states. Every state has `degree` steps into the next layer, and every
/// tenth one back into the layer before, so that there are cycles. Every twentieth state of the last layer needs
/// two states of the layer before at once: a gate.
///
/// # Errors
/// When the graph is larger than the default limits.
pub fn layered(layers: u32, width: u32, degree: u32) -> Result<AttackGraph, BuildError> {
    let mut random = Random(1);
    let states = usize::try_from(layers * width).unwrap_or(usize::MAX);
    let mut builder = GraphBuilder::new(states);
    let id = |layer: u32, at: u32| StateId::new(layer * width + at);
    for layer in 0..layers.saturating_sub(1) {
        for at in 0..width {
            for _ in 0..degree {
                let target = random.below(width);
                if let (Ok(from), Ok(to)) = (id(layer, at), id(layer + 1, target)) {
                    builder.add_step(from, to, StepAttributes::default());
                }
            }
            if at % 10 == 0
                && layer > 0
                && let (Ok(from), Ok(to)) = (id(layer, at), id(layer - 1, random.below(width)))
            {
                builder.add_step(from, to, StepAttributes::default());
            }
        }
    }
    if let Some(last) = layers.checked_sub(2) {
        for at in (0..width).step_by(20) {
            let (a, b) = (random.below(width), random.below(width));
            if let (Ok(a), Ok(b), Ok(to)) = (id(last, a), id(last, b), id(last + 1, at)) {
                builder.add_gate(&[a, b], to, StepAttributes::default());
            }
        }
    }
    builder.build(&Limits::default())
}

/// The states of the first layer, where attackers start, and of the last, where the value is.
pub fn ends(graph: &AttackGraph, width: usize) -> (Vec<StateId>, Vec<(StateId, u64)>) {
    let first = graph.states().take(width / 10).collect();
    let last = graph
        .states()
        .rev()
        .take(width / 10)
        .map(|state| (state, 90))
        .collect();
    (first, last)
}

/// `SplitMix64` (Steele, Lea, Flood 2014): the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        u32::try_from(mixed % u64::from(bound.max(1))).unwrap_or(0)
    }
}
