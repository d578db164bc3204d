//! Shapes that no sharing of sets helps.

use crate::random::Random;
use crate::shape::{Drawing, Shape};

/// A chain of which each state holds a jewel, with `extra` steps from each to random states ahead: every state
/// reaches itself and all after it. So all sets differ, each is as wide as it has members, and each state is handed
/// some that are of no use.
pub fn all_sets_differ(states: u32, extra: u32) -> Shape {
    let mut random = Random::new(2);
    let mut drawing = Drawing::new(states);
    for from in 0..states.saturating_sub(1) {
        drawing.step(from, from + 1);
        for _ in 0..extra {
            drawing.step(from, from + 1 + random.below(states - from - 1));
        }
    }
    drawing.finish([0], (0..states).map(|state| (state, u64::from(state) + 1)))
}

/// Of `sources` states each leads to four of 256 relays, and each relay to a twentieth of `jewels` jewels, all at
/// random. So nearly all sets differ, none is in another, and each spans all jewels with a fifth of them.
pub fn scattered(sources: u32, jewels: u32) -> Shape {
    const RELAYS: u32 = 256;
    let mut random = Random::new(3);
    let mut drawing = Drawing::new(sources + RELAYS + jewels);
    for source in 0..sources {
        for _ in 0..4 {
            drawing.step(source, sources + random.below(RELAYS));
        }
    }
    for relay in sources..sources + RELAYS {
        for _ in 0..jewels / 20 {
            drawing.step(relay, sources + RELAYS + random.below(jewels));
        }
    }
    let first = sources + RELAYS;
    drawing.finish(
        0..sources.min(100),
        (first..first + jewels).map(|jewel| (jewel, 7)),
    )
}
