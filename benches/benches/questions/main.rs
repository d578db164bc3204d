//! Benches of the reachability core, one module for each question or family of questions.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures, and one that cannot run has to say so"
)]

mod blast_sizes;
mod build;
mod choke;
mod jewel_sets;
mod most_likely;
mod reach;
mod timing;

use criterion::criterion_main;
use cspm_benches::{Heap, heap};

#[global_allocator]
static HEAP: Heap = heap();

criterion_main!(
    reach::reachability,
    jewel_sets::jewels,
    choke::choke_points,
    blast_sizes::blast,
    most_likely::likelihood,
    build::building,
);
