//! Shapes with one extreme: length, or the steps of one state.

use crate::shape::{Drawing, Shape};

/// Each state leads to the next. Every `spacing`th state is a jewel, the last one among them.
pub fn chain(states: u32, spacing: u32) -> Shape {
    let mut drawing = Drawing::new(states);
    for to in 1..states {
        drawing.step(to - 1, to);
    }
    let spacing = spacing.max(1) as usize;
    let jewels = (0..states).rev().step_by(spacing).map(|jewel| (jewel, 1));
    drawing.finish([0], jewels)
}

/// As many states lead to the hub in the middle as it leads to: `rays` each. The first ten are entries, every
/// hundredth target is a jewel.
pub fn hub(rays: u32) -> Shape {
    let mut drawing = Drawing::new(2 * rays + 1);
    for ray in 0..rays {
        drawing.step(ray, rays);
        drawing.step(rays, rays + 1 + ray);
    }
    let jewels = (rays + 1..=2 * rays).step_by(100).map(|jewel| (jewel, 90));
    drawing.finish(0..rays.min(10), jewels)
}
