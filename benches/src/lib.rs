//! Graphs for benches: deterministic, of sizes that their names tell; and the counting of what a question does to
//! them.
//!
//! | shape | what it stands for |
//! |---|---|
//! | [`layered`] | layers with steps forward and some back: long ways, many of them |
//! | [`estate`] | accounts with a hub each, trust between some, data behind gates |
//! | [`chain`] | one way as long as the graph |
//! | [`hub`] | one state with all steps |
//! | [`gate_ring`] | gates that close a cycle |
//! | [`gate_ladder`] | two lanes with a gate over each rung |
//! | [`wide_gate`] | one gate that needs everything |
//! | [`all_sets_differ`] | every state reaches other jewels, and many; nested |
//! | [`scattered`] | the same, but no set in another |
#![expect(
    clippy::expect_used,
    reason = "a bench whose graph cannot be built has to say so"
)]

mod adversary;
mod counted;
mod estate;
mod gates;
pub mod large;
mod layered;
mod long;
mod random;
mod shape;

pub use adversary::{all_sets_differ, scattered};
pub use counted::{Counted, Heap, count, heap};
pub use estate::estate;
pub use gates::{gate_ladder, gate_ring, wide_gate};
pub use layered::layered;
pub use long::{chain, hub};
pub use shape::{LazyShape, Shape};
