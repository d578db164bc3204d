//! What a question takes, in figures that do not drift with the machine.

use std::alloc::System;
use std::fmt;

use cap::Cap;
use cspm_graph::graph::{Limits, Progress};

/// The allocator of a program that counts: `#[global_allocator] static HEAP: Heap = heap();`
///
/// It adds a few atomic instructions to each allocation, so a question that allocates little for each state is
/// slowed a little by being counted.
pub type Heap = Cap<System>;

/// The system's allocator, with counters and no limit.
pub const fn heap() -> Heap {
    Cap::new(System, usize::MAX)
}

/// What one call took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Work units, in the measure of [`Limits::work`].
    pub work: u64,
    /// Bytes asked for, of all threads: those of each allocation, and anew those of each that was resized.
    pub allocated_bytes: usize,
    /// The most bytes held at once beyond those held before, the answer among them.
    pub peak_bytes: usize,
}

/// Asks once, and counts.
pub fn count<A>(heap: &Heap, ask: impl FnOnce(&Limits) -> A) -> (A, Counted) {
    let progress = Progress::new();
    let limits = Limits {
        progress: Some(progress.clone()),
        ..Limits::default()
    };
    // The heap knows its highest level since the start of the program alone. So it is filled up to there, with
    // room that is never touched; then every byte more is seen.
    let room = heap.max_allocated().saturating_sub(heap.allocated());
    let ballast: Vec<u8> = Vec::with_capacity(room);
    let (level, total) = (heap.max_allocated(), heap.total_allocated());
    let answer = ask(&limits);
    let counted = Counted {
        work: progress.work(),
        allocated_bytes: heap.total_allocated() - total,
        peak_bytes: heap.max_allocated() - level,
    };
    drop(std::hint::black_box(ballast));
    (answer, counted)
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            work,
            allocated_bytes,
            peak_bytes,
        } = self;
        write!(
            f,
            "work={work} allocated_bytes={allocated_bytes} peak_bytes={peak_bytes}"
        )
    }
}
