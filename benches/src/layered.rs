//! Layers of states.

use crate::random::Random;
use crate::shape::{Drawing, Shape};

/// A graph of `layers` layers of `width` states. Every state has `degree` steps into the next layer, and every
/// tenth one back into the layer before, so that there are cycles. Every twentieth state of the last layer needs
/// two states of the layer before at once: a gate.
///
/// Entries are the first tenth of the first layer, jewels the last tenth of the last.
pub fn layered(layers: u32, width: u32, degree: u32) -> Shape {
    let mut random = Random::new(1);
    let mut drawing = Drawing::new(layers * width);
    for layer in 0..layers.saturating_sub(1) {
        for at in layer * width..(layer + 1) * width {
            for _ in 0..degree {
                drawing.step(at, (layer + 1) * width + random.below(width));
            }
            if at % 10 == 0 && layer > 0 {
                drawing.step(at, (layer - 1) * width + random.below(width));
            }
        }
    }
    if let Some(before) = layers.checked_sub(2) {
        for at in (0..width).step_by(20) {
            let inputs = [(); 2].map(|()| before * width + random.below(width));
            drawing.gate(&inputs, (before + 1) * width + at);
        }
    }
    let jewels = (0..layers * width).rev().take((width / 10) as usize);
    drawing.finish(0..width / 10, jewels.map(|jewel| (jewel, 90)))
}
