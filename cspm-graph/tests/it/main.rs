//! Integration tests of cspm-graph.

mod blindness;
mod choke;
mod deep;
mod determinism;
mod free_and_blast;
mod graph;
mod jewel_sets;
mod likelihood;
mod limits;
mod model;
mod naive;
mod prize;
mod reach;
mod shapes;
