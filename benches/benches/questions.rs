//! The questions of the reachability core on a layered graph. Answers are verified before they are timed.
#![expect(clippy::unwrap_used, reason = "a bench that cannot run has to say so")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cspm_benches::{ends, layered};
use cspm_graph::algo::{jewel_sets, most_likely, reach, verify};
use cspm_graph::graph::{Limits, StateSet, ViewOptions};

const WIDTH: u32 = 5_000;

fn questions(criterion: &mut Criterion) {
    let limits = Limits::default();
    let graph = layered(20, WIDTH, 5).unwrap();
    let view = graph.view(&ViewOptions::default());
    let (entries, jewels) = ends(&graph, 5_000);
    let reached = reach(&view, &entries, &limits).unwrap();
    verify::reach_with(&view, &entries, &StateSet::new(), &reached).unwrap();
    let steps = u64::try_from(graph.step_count()).unwrap();
    let name = |question: &str| format!("{question}/layered/n=1e5,m={steps}");

    let mut group = criterion.benchmark_group("questions");
    group
        .throughput(Throughput::Elements(steps))
        .sample_size(20);
    group.bench_function(name("reach"), |bencher| {
        bencher.iter(|| reach(&view, &entries, &limits).unwrap());
    });
    group.bench_function(name("jewel_sets"), |bencher| {
        bencher.iter(|| jewel_sets(&view, &reached, &jewels, &limits).unwrap());
    });
    group.bench_function(name("most_likely"), |bencher| {
        bencher.iter(|| most_likely(&view, &entries, &limits).unwrap());
    });
    group.finish();
}

criterion_group!(benches, questions);
criterion_main!(benches);
