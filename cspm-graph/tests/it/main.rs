//! Integration tests of cspm-graph.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may: the relaxation in clippy.toml does not cover functions that tests share"
)]

mod blast_sizes;
mod blindness;
mod choke;
mod cuts;
mod deep;
#[cfg(feature = "derive")]
mod derived;
mod determinism;
mod fewest_steps;
mod free_and_blast;
mod graph;
mod jewel_sets;
mod large;
mod likelihood;
mod limits;
mod model;
mod naive;
mod prize;
mod reach;
mod shapes;
