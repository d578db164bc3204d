//! Bounds on sizes and work, and the token that stops a question.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{StateId, StepId};

/// Bounds on the size of a graph and on the work of a question.
#[derive(Clone, Debug)]
pub struct Limits {
    /// States of a graph.
    pub states: usize,
    /// Steps of a graph, gates among them.
    pub steps: usize,
    /// Inputs of all gates of a graph together.
    pub gate_inputs: usize,
    /// Work units of one question: about one for each step followed and each word of a set combined.
    ///
    /// Where threads race for the same states, a question takes some per cent more or less from one time to the next:
    /// one that needs nearly all of it may be answered or not. An answer never depends on it.
    pub work: u64,
    /// Words of 64 bits in the distinct sets of [`jewel_sets`](crate::algo::jewel_sets) and
    /// [`choke`](crate::algo::choke), and the sketches of [`blast_sizes`](crate::algo::blast_sizes).
    pub set_words: usize,
    /// Ways that [`next_most_likely`](crate::algo::next_most_likely) returns at most, whatever is asked.
    pub paths: usize,
    /// Forward searches of [`prize`](crate::algo::prize) from states at which the ways to a gate part.
    pub searches: usize,
    /// Stops the question from another thread.
    pub cancel: Option<Cancel>,
    /// Shows another thread how much work the question has taken so far.
    pub progress: Option<Progress>,
}

impl Limits {
    /// As many states as there are ids for. What bounds a caller earlier is memory: 16 bytes each in the
    /// graph, and up to 50 in a question.
    pub const STATES: usize = StateId::MAX as usize;
    /// As many steps as there are ids for. What bounds a caller earlier is memory: 22 bytes each in the
    /// graph, and twice 20 more while it is built.
    pub const STEPS: usize = StepId::MAX as usize;
    /// Positions in the table of inputs are `u32`.
    pub const GATE_INPUTS: usize = StepId::MAX as usize;
    /// Some minutes of one processor: two thousand times the steps of an estate of five million resources.
    pub const WORK: u64 = 100_000_000_000;
    /// 2 GiB. An estate of a million resources and ten thousand jewels needs a hundredth of it.
    pub const SET_WORDS: usize = 1 << 28;
    /// More ways to one state than any person reads.
    pub const PATHS: usize = 100;
    /// Some seconds on an estate of a million resources.
    pub const SEARCHES: usize = 10_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            states: Self::STATES,
            steps: Self::STEPS,
            gate_inputs: Self::GATE_INPUTS,
            work: Self::WORK,
            set_words: Self::SET_WORDS,
            paths: Self::PATHS,
            searches: Self::SEARCHES,
            cancel: None,
            progress: None,
        }
    }
}

/// A limit was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limit `{name}` of {limit} passed: {observed} observed; raise the limit or ask for less")]
pub struct LimitError {
    name: &'static str,
    limit: u64,
    observed: u64,
}

impl LimitError {
    pub(crate) fn new(name: &'static str, limit: u64, observed: u64) -> Self {
        Self {
            name,
            limit,
            observed,
        }
    }

    /// Which field of [`Limits`] it was.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The bound.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The first value seen beyond the bound; the true one may be larger.
    pub fn observed(&self) -> u64 {
        self.observed
    }
}

/// A token that stops a running question: all clones of it share one flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
}

impl Cancel {
    /// A token that is not cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops every question that carries a clone of this token, soon. There is no way back.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// True once [`Self::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }
}

/// A counter of work that another thread can read: all clones of it share one count.
///
/// Questions add to it now and then while they run, and what is left when they end, whether answered or not. So
/// the count lags a little behind a question that runs, is complete afterwards, and sums up where several questions
/// carry clones of one counter. How much work a question will take is not known before; [`Limits::work`] is the
/// most. No answer depends on the count.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    work: Arc<AtomicU64>,
}

impl Progress {
    /// A counter that nothing was added to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Work units so far, in the measure of [`Limits::work`].
    pub fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, units: u64) {
        self.work.fetch_add(units, Ordering::Relaxed);
    }
}
