//! How every question is benched: verified, counted, timed.

use std::cell::OnceCell;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use cspm_benches::{Heap, LazyShape, Shape, count};
use cspm_graph::graph::Limits;

/// What is in an answer: names and counts.
pub(crate) type Found = Vec<(&'static str, usize)>;

/// A question as it is asked of a shape.
pub(crate) trait Question {
    /// What benches of it are called.
    const NAME: &'static str;
    /// What is there before the question is asked.
    type Given;
    /// What is counted and timed.
    type Answer;

    /// Makes what is there before; neither counted nor timed.
    fn prepare(shape: &Shape) -> Self::Given;

    /// The question itself.
    fn ask(shape: &Shape, given: &Self::Given, limits: &Limits) -> Self::Answer;

    /// Verifies the answer by other means, however slow; of a small shape.
    fn verify(shape: &Shape, given: &Self::Given, answer: &Self::Answer);

    /// Checks the answer of a large shape as far as that is quick, and says what is in it.
    fn find(shape: &Shape, given: &Self::Given, answer: &Self::Answer) -> Found;
}

/// Benches a question on some shapes: `reach/chain/n=1e6,m=1e6`.
///
/// Before it is timed it is verified on the small shape, and asked once of the large one, for one line on stdout:
/// `counted NAME: work=… allocated_bytes=… peak_bytes=…`, and what is in the answer. All that happens only if the
/// bench is run at all.
pub(crate) fn bench<Q: Question>(criterion: &mut Criterion, heap: &Heap, shapes: &[&LazyShape]) {
    let limits = Limits::default();
    for &shape in shapes {
        let label = shape.label();
        let prepared = OnceCell::new();
        let mut group = criterion.benchmark_group(Q::NAME);
        group
            .throughput(Throughput::Elements(shape.step_count() as u64))
            .sample_size(10)
            .warm_up_time(Duration::from_secs(1))
            .measurement_time(Duration::from_secs(3));
        group.bench_function(&label, |bencher| {
            let given = prepared.get_or_init(|| {
                let small = shape.small();
                let given = Q::prepare(&small);
                Q::verify(&small, &given, &Q::ask(&small, &given, &limits));

                let given = Q::prepare(shape);
                let (answer, counted) = count(heap, |limits| Q::ask(shape, &given, limits));
                let found = Q::find(shape, &given, &answer);
                print!("counted {}/{label}: {counted}", Q::NAME);
                for (what, count) in found {
                    print!(" {what}={count}");
                }
                println!();
                given
            });
            bencher.iter(|| Q::ask(shape, given, &limits));
        });
        group.finish();
    }
}
