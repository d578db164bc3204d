//! Shapes of gates.

use crate::shape::{Drawing, Shape};

/// A ring of `rungs` gates. Each needs both states of its rung and gives, through one between, both of the next; the
/// last gives those of the first, where attackers start.
///
/// What leads round the ring leads through gates only, so nothing else holds it together.
pub fn gate_ring(rungs: u32) -> Shape {
    let mut drawing = Drawing::new(3 * rungs);
    for rung in 0..rungs {
        let (left, right, both) = (3 * rung, 3 * rung + 1, 3 * rung + 2);
        let next = 3 * ((rung + 1) % rungs);
        drawing.gate(&[left, right], both);
        drawing.step(both, next);
        drawing.step(both, next + 1);
    }
    let jewels = (0..rungs).step_by(100).map(|rung| (3 * rung + 2, 10));
    drawing.finish([0, 1], jewels)
}

/// Two lanes of `rungs` states from one entry, with a gate over each rung into a third lane. There each state leads
/// to the one before and back, so that any gate gives the whole lane.
pub fn gate_ladder(rungs: u32) -> Shape {
    let mut drawing = Drawing::new(3 * rungs + 1);
    let at = |rung: u32, lane: u32| 1 + 3 * rung + lane;
    for rung in 0..rungs {
        for lane in 0..2 {
            let before = rung.checked_sub(1).map_or(0, |before| at(before, lane));
            drawing.step(before, at(rung, lane));
        }
        drawing.gate(&[at(rung, 0), at(rung, 1)], at(rung, 2));
        if let Some(before) = rung.checked_sub(1) {
            drawing.step(at(rung, 2), at(before, 2));
            drawing.step(at(before, 2), at(rung, 2));
        }
    }
    let ends = rungs
        .checked_sub(1)
        .map(|last| [1, 2].map(|lane| (at(last, lane), 10)));
    drawing.finish([0], ends.into_iter().flatten())
}

/// One gate that needs `inputs` states at once; the entry leads to each of them by a state between.
pub fn wide_gate(inputs: u32) -> Shape {
    let mut drawing = Drawing::new(2 * inputs + 2);
    let needed: Vec<u32> = (inputs + 1..=2 * inputs).collect();
    for (&input, between) in needed.iter().zip(1..) {
        drawing.step(0, between);
        drawing.step(between, input);
    }
    drawing.gate(&needed, 2 * inputs + 1);
    drawing.finish([0], [(2 * inputs + 1, 10)])
}
