//! Questions about a frozen graph: one file for each.
//!
//! Every question is asked of a [`View`](crate::graph::View). Entries are what the attacker holds at the
//! start. The *ambient* set A is what the entries reach; what an attacker who holds s reaches, R(s), is the
//! least set with: s in R(s); a step u→v with u in R(s) gives v; a gate with at least one input in R(s) and
//! all others in R(s) or A gives its output.
//!
//! | question | function |
//! |---|---|
//! | what do these entries reach? | [`reach`] |
//! | what does this state reach, given the ambient? | [`reach_with`] |
//! | which crown jewels does each state reach? | [`jewel_sets`] |
//! | which of them does each of these entries reach? | [`jewel_sets_of`] |
//! | what is the shortest way between two states? | [`fewest_steps`] |
//! | what is the likeliest way to each state? | [`most_likely`] |
//! | and the next ones? | [`next_most_likely`] |
//! | which prize draws an attacker from each state? | [`prize`] |
//! | which single steps and states, left out, cut jewels off? | [`choke`] |
//! | what is the cheapest set of steps that cuts all of them off? | [`min_cut`] |
//! | and which few steps cut the most off, one after another? | [`greedy_cut`] |
//! | what can be walked into from outside? | [`free`] |
//! | how many resources lie behind a state? | [`blast_resources`] |
//! | how many lie behind each? | [`blast_sizes`] |
//!
//! [`verify`] checks answers by other means than those that found them.

#![expect(
    clippy::indexing_slicing,
    reason = "INVARIANT: ids in range: ids are checked where they enter, and tables and rows cover them all"
)]

mod between;
mod bits;
mod blast;
mod blast_sizes;
mod chain_pool;
mod choke;
mod components;
mod cone;
mod contraction;
mod cut_part;
mod cut_search;
mod cut_walk;
mod dominators;
mod error;
mod fewest_steps;
mod free;
mod frontier;
mod gate_group;
mod gate_steps;
mod greedy_cut;
mod jewel_sets;
mod knuth;
mod losses;
mod max_flow;
mod meter;
mod min_cut;
mod most_likely;
mod needs;
mod next_most_likely;
mod open_gates;
mod order;
mod parting;
mod prize;
mod reach;
mod reach_sets;
mod set_pool;
mod set_union;
mod sketch_pool;
pub mod verify;
mod verify_blast;
mod verify_choke;
mod verify_cuts;

pub use blast::{Accuracy, BlastSize, blast_resources};
pub use blast_sizes::{BlastOptions, BlastSizes, blast_sizes};
pub use choke::{ChokePoint, ChokePoints, choke};
pub use error::{QueryError, UnknownStateError};
pub use fewest_steps::fewest_steps;
pub use free::free;
pub use greedy_cut::{GreedyCut, Pick, greedy_cut};
pub use jewel_sets::{JewelSets, jewel_sets, jewel_sets_of};
pub use min_cut::{MinCut, min_cut};
pub use most_likely::{Derivation, Derivations, most_likely};
pub use next_most_likely::next_most_likely;
pub use prize::{Prize, Prizes, prize};
pub use reach::{reach, reach_with};

/// A crown jewel: a state whose loss is the damage, and its value.
pub type Jewel = (crate::graph::StateId, u64);
