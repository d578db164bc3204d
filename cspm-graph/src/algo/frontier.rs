//! What a set of states reaches.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::QueryError;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{AttackGraph, GateId, Rows, StateId, StateSet, Table, View};

/// Frontiers with fewer steps than this are walked by one thread.
const STEPS_OF_A_THREAD: usize = 1 << 9;

/// The bottom-up way is taken where the frontier has more than this share of the steps that are left: then most
/// states that are not reached yet find an origin that is, after few looks.
///
/// # Source
/// Beamer, Asanović, Patterson 2012, "Direction-optimizing breadth-first search". Theirs is a fourteenth, for
/// trees; a reached set asks for no parent, so one look at any reached origin is enough.
const BOTTOM_UP_SHARE: usize = 6;

/// Returns R(`source`), as [`reach_with`](super::reach_with) defines it.
///
/// In rounds: top-down over the rows of the frontier and of what they lead to, or bottom-up over the rows of states
/// that are not reached, whichever looks at fewer steps. Gates are looked at when no ordinary step leads further.
///
/// COST: a frontier holds the rows of its states, not their ids: rows are looked up when a state arrives, all of
/// a row at once, so that the memory answers many questions at a time.
pub(super) fn reach(
    view: &View<'_>,
    source: &[StateId],
    ambient: &StateSet,
    meter: &mut Meter<'_>,
) -> Result<StateSet, QueryError> {
    let graph = view.graph();
    let mut walk = Walk::new(view);
    let mut missing: Table<GateId, Option<u32>> = Table::filled(None, graph.gate_count());
    let mut next: Vec<StateId> = source.to_vec();
    loop {
        let mut frontier = Frontier::default();
        for state in next.drain(..) {
            if walk.reached.insert(state) {
                walk.push(&mut frontier, state);
            }
        }
        walk.exhaust(frontier, meter)?;
        if walk.at_gates.is_empty() {
            return Ok(walk.reached.into_set());
        }
        for state in std::mem::take(&mut walk.at_gates) {
            let mut work = 1;
            for gate in view.gates_from(state) {
                work += 1;
                let inputs = graph.gate_inputs(gate);
                // Inputs that are still missing, counted when the first of them arrives.
                let left = missing[gate].unwrap_or_else(|| {
                    work += inputs.len();
                    inputs
                        .iter()
                        .fold(0, |open, &input| open + u32::from(!ambient.contains(input)))
                });
                let arrived = u32::from(!ambient.contains(state));
                let left = left.saturating_sub(arrived);
                missing[gate] = Some(left);
                if left == 0 {
                    next.push(graph.gate_output(gate));
                }
            }
            meter.spend(work)?;
        }
    }
}

/// Rows to be walked.
#[derive(Default)]
struct Frontier {
    rows: Vec<(u32, u32)>,
    /// Steps of those rows.
    steps: usize,
    /// What was looked at in the round that left them.
    work: usize,
    /// States of the frontier that are inputs of gates.
    at_gates: Vec<StateId>,
}

impl Frontier {
    fn append(&mut self, mut other: Self) {
        self.rows.append(&mut other.rows);
        self.steps += other.steps;
        self.work += other.work;
        self.at_gates.append(&mut other.at_gates);
    }
}

struct Walk<'g> {
    view: &'g View<'g>,
    graph: &'g AttackGraph,
    forward: &'g Rows<StateId, StateId>,
    reached: Reached,
    /// Reached inputs of gates that were not looked at yet.
    at_gates: Vec<StateId>,
    /// Steps from states that were not walked yet.
    steps_left: usize,
}

impl<'g> Walk<'g> {
    fn new(view: &'g View<'g>) -> Self {
        let (graph, forward) = (view.graph(), view.forward());
        Self {
            view,
            graph,
            forward,
            reached: Reached::new(graph.state_count()),
            at_gates: Vec::new(),
            steps_left: forward.values().len(),
        }
    }

    #[inline]
    fn push(&self, frontier: &mut Frontier, state: StateId) {
        let row = self.forward.bounds(state);
        frontier.steps += (row.1 - row.0) as usize;
        frontier.rows.push(row);
        if self.graph.is_gate_input(state) {
            frontier.at_gates.push(state);
        }
    }

    /// Walks on until no ordinary step leads further.
    fn exhaust(&mut self, mut frontier: Frontier, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        loop {
            self.at_gates.append(&mut frontier.at_gates);
            if frontier.rows.is_empty() {
                return Ok(());
            }
            let bottom_up = frontier.steps > STEPS_OF_A_THREAD
                && frontier.steps > self.steps_left / BOTTOM_UP_SHARE;
            frontier = if bottom_up {
                self.steps_left = self.steps_left.saturating_sub(frontier.steps);
                self.bottom_up()
            } else {
                let waiting = frontier.steps;
                let next = self.top_down(frontier);
                self.steps_left = self
                    .steps_left
                    .saturating_sub(waiting.saturating_sub(next.steps));
                next
            };
            meter.spend(frontier.work)?;
        }
    }

    fn top_down(&self, frontier: Frontier) -> Frontier {
        let threads = rayon::current_num_threads();
        if threads < 2 || frontier.steps < STEPS_OF_A_THREAD {
            return self.walk(frontier.rows, Reached::insert_alone);
        }
        let size = frontier.rows.len().div_ceil(threads);
        let parts: Vec<Frontier> = frontier
            .rows
            .par_chunks(size)
            .map(|rows| self.walk(rows.to_vec(), Reached::insert))
            .collect();
        join(parts)
    }

    /// Walks on from some rows, last come first served, for a while; returns the rows that are left.
    ///
    /// COST: the rows of a state that has just come are about to arrive from memory, and its neighbours in the
    /// estate are its neighbours there.
    fn walk(
        &self,
        mut rows: Vec<(u32, u32)>,
        insert: impl Fn(&Reached, StateId) -> bool,
    ) -> Frontier {
        let length = |begin: u32, end: u32| (end - begin) as usize;
        let mut left = Frontier {
            steps: rows.iter().map(|&(begin, end)| length(begin, end)).sum(),
            ..Frontier::default()
        };
        // Soon enough to see that the other way has become the shorter one.
        let steps_max = (self.steps_left / BOTTOM_UP_SHARE).max(2 * left.steps);
        let mut touched = 0;
        let mut budget = ROWS_OF_A_ROUND;
        while budget > 0
            && left.steps <= steps_max
            && let Some((begin, end)) = rows.pop()
        {
            budget -= 1;
            left.steps -= length(begin, end);
            left.work += 1 + length(begin, end);
            if left.work > WORK_OF_A_ROUND {
                budget = 0;
            }
            for &to in self.forward.between(begin, end) {
                if !insert(&self.reached, to) {
                    continue;
                }
                if self.graph.is_gate_input(to) {
                    left.at_gates.push(to);
                }
                let (begin, end) = self.forward.bounds(to);
                if let Some(first) = self.forward.between(begin, end).first() {
                    // Asks for the row without waiting for it.
                    touched ^= first.index();
                    left.steps += length(begin, end);
                    rows.push((begin, end));
                }
            }
        }
        std::hint::black_box(touched);
        left.rows = rows;
        left
    }

    /// The states not reached that have an origin that is.
    fn bottom_up(&self) -> Frontier {
        let backward = self.view.backward();
        let parts: Vec<Frontier> = (0..self.reached.words.len().div_ceil(WORDS_OF_A_PART))
            .into_par_iter()
            .map(|part| {
                let mut next = Frontier::default();
                let words = part * WORDS_OF_A_PART..(part + 1) * WORDS_OF_A_PART;
                for state in self.reached.absent(words) {
                    let mut origins = backward.row(state).iter();
                    let looked_at = origins.len();
                    let found = origins.any(|&from| self.reached.contains(from));
                    next.work += 1 + looked_at - origins.len();
                    if found {
                        self.reached.insert(state);
                        self.push(&mut next, state);
                    }
                }
                next
            })
            .collect();
        join(parts)
    }
}

/// Rows that a thread walks before it is looked which way to go on.
const ROWS_OF_A_ROUND: usize = 1 << 16;

/// Work after which a thread stops a round, so that limits and cancelling are looked at.
const WORK_OF_A_ROUND: usize = 1 << 20;

/// Words of the reached set that a thread takes at once.
const WORDS_OF_A_PART: usize = 1 << 10;

fn join(parts: Vec<Frontier>) -> Frontier {
    let mut whole = Frontier::default();
    for part in parts {
        whole.append(part);
    }
    whole
}

/// The reached states, to which several threads add.
struct Reached {
    state_count: usize,
    words: Vec<AtomicU64>,
}

impl Reached {
    fn new(state_count: usize) -> Self {
        let mut words = Vec::new();
        words.resize_with(state_count.div_ceil(64), AtomicU64::default);
        Self { state_count, words }
    }

    /// Adds a state; true for the one thread that was first.
    ///
    /// COST: nearly all states that a step leads to are reached already; those cost a plain load.
    #[inline]
    fn insert(&self, state: StateId) -> bool {
        let (word, bit) = (&self.words[state.index() / 64], 1 << (state.index() % 64));
        word.load(Ordering::Relaxed) & bit == 0 && word.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// As [`Self::insert`], for one thread alone.
    #[inline]
    fn insert_alone(&self, state: StateId) -> bool {
        let (word, bit) = (&self.words[state.index() / 64], 1 << (state.index() % 64));
        let old = word.load(Ordering::Relaxed);
        word.store(old | bit, Ordering::Relaxed);
        old & bit == 0
    }

    #[inline]
    fn contains(&self, state: StateId) -> bool {
        let word = self.words[state.index() / 64].load(Ordering::Relaxed);
        word >> (state.index() % 64) & 1 == 1
    }

    /// The states in a range of words that are not reached, as the words were when they came up.
    fn absent(&self, words: std::ops::Range<usize>) -> impl Iterator<Item = StateId> + '_ {
        let end = words.end.min(self.words.len());
        (words.start..end).flat_map(move |at| {
            let mut open = !self.words[at].load(Ordering::Relaxed);
            std::iter::from_fn(move || {
                let bit = (open != 0).then(|| open.trailing_zeros() as usize)?;
                open &= open - 1;
                let index = at * 64 + bit;
                (index < self.state_count).then(|| StateId::at(index))
            })
        })
    }

    fn into_set(self) -> StateSet {
        StateSet::from_words(self.words.into_iter().map(AtomicU64::into_inner).collect())
    }
}
