//! The large shapes that benches have in common, of the same sizes in all of them.
//!
//! Each takes the small shape on which answers are verified: how small depends on how slow the verifier is.

use crate::shape::{LazyShape, Shape};

/// Twenty layers of 5,000 states.
pub fn layered(small: fn() -> Shape) -> LazyShape {
    let large = || crate::layered(20, 5_000, 5);
    LazyShape::new("layered", (100_000, 484_250), large, small)
}

/// A thousand accounts of 200 states.
pub fn estate(small: fn() -> Shape) -> LazyShape {
    let large = || crate::estate(1_000, 200);
    LazyShape::new("estate", (200_001, 761_086), large, small)
}

/// A way of a million states, each thousandth a jewel.
pub fn chain(small: fn() -> Shape) -> LazyShape {
    let large = || crate::chain(1_000_000, 1_000);
    LazyShape::new("chain", (1_000_000, 999_999), large, small)
}

/// A state with half a million steps into it, and as many out of it.
pub fn hub(small: fn() -> Shape) -> LazyShape {
    let large = || crate::hub(500_000);
    LazyShape::new("hub", (1_000_001, 1_000_000), large, small)
}

/// A ring of 200,000 gates.
pub fn gate_ring(small: fn() -> Shape) -> LazyShape {
    let large = || crate::gate_ring(200_000);
    LazyShape::new("gate_ring", (600_000, 600_000), large, small)
}

/// A ring of 2,000 gates, for those who hold nothing and have to go round it.
pub fn short_gate_ring(small: fn() -> Shape) -> LazyShape {
    let large = || crate::gate_ring(2_000);
    LazyShape::new("gate_ring", (6_000, 6_000), large, small)
}

/// 200,000 gates over two lanes.
pub fn gate_ladder(small: fn() -> Shape) -> LazyShape {
    let large = || crate::gate_ladder(200_000);
    LazyShape::new("gate_ladder", (600_001, 999_998), large, small)
}

/// 5,000 gates over two lanes, for those who hold nothing.
pub fn short_gate_ladder(small: fn() -> Shape) -> LazyShape {
    let large = || crate::gate_ladder(5_000);
    LazyShape::new("gate_ladder", (15_001, 24_998), large, small)
}

/// A gate of 200,000 inputs.
pub fn wide_gate(small: fn() -> Shape) -> LazyShape {
    let large = || crate::wide_gate(200_000);
    LazyShape::new("wide_gate", (400_002, 400_001), large, small)
}

/// 20,000 states, each with a set of its own, each set in the one before.
pub fn all_sets_differ(small: fn() -> Shape) -> LazyShape {
    let large = || crate::all_sets_differ(20_000, 8);
    LazyShape::new("all_sets_differ", (20_000, 179_991), large, small)
}

/// 20,000 states, each with a set of its own among 10,000 jewels.
pub fn scattered(small: fn() -> Shape) -> LazyShape {
    let large = || crate::scattered(20_000, 10_000);
    LazyShape::new("scattered", (30_256, 208_000), large, small)
}
