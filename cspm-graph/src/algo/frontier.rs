//! What a set of states reaches.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::QueryError;
use super::bits::ones;
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{AttackGraph, GateId, Rows, StateId, StateSet, Table, View};

/// Frontiers with fewer steps than this are walked by one thread.
const STEPS_OF_A_THREAD: usize = 1 << 9;

/// So are those with less than one step for so many words of the reached set: a round of several threads ends with a look
/// at all words.
const WORDS_OF_A_STEP: usize = 2;

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
/// COST: most rows are short, and whether a state is new cannot be guessed: a branch on either is guessed wrongly for
/// every row and every new state. So what is new is collected without a branch, over several rows at a time.
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
    /// None is empty.
    rows: Vec<(u32, u32)>,
    /// States whose rows were not looked up: places of words of the reached set, and bits of those.
    ///
    /// COST: where the next round goes bottom-up again, nobody asks for their rows.
    found: Vec<(usize, u64)>,
    /// Steps of all those rows.
    steps: usize,
    /// What was looked at in the round that left them.
    work: usize,
    /// States of the frontier that are inputs of gates.
    at_gates: Vec<StateId>,
}

impl Frontier {
    fn append(&mut self, mut other: Self) {
        self.rows.append(&mut other.rows);
        self.found.append(&mut other.found);
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
    /// What each thread has added in rounds of several: sets of words as `reached`.
    added: Vec<Vec<u64>>,
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
            added: Vec::new(),
            at_gates: Vec::new(),
            steps_left: forward.values().len(),
        }
    }

    fn push(&self, frontier: &mut Frontier, state: StateId) {
        let row = self.forward.bounds(state);
        if row.0 < row.1 {
            frontier.steps += length(row);
            frontier.rows.push(row);
        }
        if self.graph.is_gate_input(state) {
            frontier.at_gates.push(state);
        }
    }

    /// Walks on until no ordinary step leads further.
    fn exhaust(&mut self, mut frontier: Frontier, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        loop {
            self.at_gates.append(&mut frontier.at_gates);
            if frontier.steps == 0 {
                return Ok(());
            }
            let bottom_up = frontier.steps > STEPS_OF_A_THREAD
                && frontier.steps > self.steps_left / BOTTOM_UP_SHARE;
            let waiting = frontier.steps;
            frontier = if bottom_up {
                self.bottom_up()
            } else {
                self.top_down(frontier)
            };
            let walked = if bottom_up { waiting } else { frontier.work };
            self.steps_left = self.steps_left.saturating_sub(walked);
            meter.spend(frontier.work)?;
        }
    }

    fn top_down(&mut self, frontier: Frontier) -> Frontier {
        let mut rows = frontier.rows;
        for (at, found) in frontier.found {
            let states = ones(found).map(|bit| StateId::at(at * 64 + bit));
            let found = states.map(|state| self.forward.bounds(state));
            rows.extend(found.filter(|row| row.0 < row.1));
        }
        let (threads, word_count) = (rayon::current_num_threads(), self.reached.words.len());
        let too_few = STEPS_OF_A_THREAD.max(word_count / WORDS_OF_A_STEP);
        if threads < 2 || frontier.steps < too_few {
            return self.walk(rows, |state| self.reached.insert(state));
        }
        let size = rows.len().div_ceil(threads);
        let mut added = std::mem::take(&mut self.added);
        added.resize_with(threads, || vec![0; word_count]);
        let parts: Vec<Frontier> = rows
            .par_chunks(size)
            .zip(&mut added)
            .map(|(rows, added)| {
                self.walk(rows.to_vec(), |state| {
                    self.reached.insert_beside_others(state, added)
                })
            })
            .collect();
        self.reached.add(&added);
        self.added = added;
        let mut whole = join(parts);
        // Two threads may both have been the first, and a gate counts each input once.
        whole.at_gates.sort_unstable();
        whole.at_gates.dedup();
        whole
    }

    /// Walks on from some rows, last come first served, for a while; returns the rows that are left.
    ///
    /// COST: the neighbours in the estate of a state that has just come are its neighbours in memory.
    fn walk(&self, mut rows: Vec<(u32, u32)>, mut insert: impl FnMut(StateId) -> bool) -> Frontier {
        let mut left = Frontier {
            steps: rows.iter().map(|&row| length(row)).sum(),
            ..Frontier::default()
        };
        // Soon enough to see that the other way has become the shorter one.
        let steps_max = (self.steps_left / BOTTOM_UP_SHARE).max(2 * left.steps);
        let has_gates = self.graph.gate_count() > 0;
        // COST: looked up once, not for each step.
        let words = self.reached.words.as_slice();
        let mut fresh = [StateId::at(0); FRESH];
        // The rows that wait; those behind are only room.
        let mut waiting = rows.len();
        while waiting > 0 && left.steps <= steps_max && left.work < WORK_OF_A_ROUND {
            let (mut count, mut steps) = (0, 0);
            while waiting > 0 && count < FRESH_OF_A_LOOK {
                waiting -= 1;
                let (begin, end) = rows[waiting];
                let stop = end.min(begin + PIECE);
                if stop < end {
                    rows[waiting].0 = stop;
                    waiting += 1;
                }
                for &to in self.forward.between(begin, stop) {
                    fresh[count % FRESH] = to;
                    count += usize::from(!holds(words, to));
                }
                steps += length((begin, stop));
                left.work += 1;
            }
            left.work += steps;
            left.steps -= steps;
            if rows.len() < waiting + count {
                rows.resize(2 * (waiting + count), (0, 0));
            }
            for &to in &fresh[..count % FRESH] {
                let is_new = insert(to);
                let row = self.forward.bounds(to);
                let steps = if is_new { length(row) } else { 0 };
                rows[waiting] = row;
                waiting += usize::from(steps > 0);
                left.steps += steps;
                if has_gates && is_new && self.graph.is_gate_input(to) {
                    left.at_gates.push(to);
                }
            }
        }
        rows.truncate(waiting);
        left.rows = rows;
        left
    }

    /// The states not reached that have an origin that is.
    fn bottom_up(&self) -> Frontier {
        let backward = self.view.backward();
        let chunks = self.reached.words.par_chunks(WORDS_OF_A_PART).enumerate();
        let parts: Vec<Frontier> = chunks
            .map(|(part, words)| {
                let mut next = Frontier::default();
                for (place, word) in words.iter().enumerate() {
                    let at = part * WORDS_OF_A_PART + place;
                    let old = word.load(Ordering::Relaxed);
                    let mut found = 0;
                    for bit in ones(!old & self.reached.mask(at)) {
                        let state = StateId::at(at * 64 + bit);
                        let mut origins = backward.row(state).iter();
                        let looked_at = origins.len();
                        let is_reached = origins.any(|&from| self.reached.contains(from));
                        next.work += 1 + looked_at - origins.len();
                        if is_reached {
                            found |= 1 << bit;
                            next.steps += length(self.forward.bounds(state));
                            if self.graph.is_gate_input(state) {
                                next.at_gates.push(state);
                            }
                        }
                    }
                    if found != 0 {
                        // No other thread writes this word in this round.
                        word.store(old | found, Ordering::Relaxed);
                        next.found.push((at, found));
                    }
                }
                next
            })
            .collect();
        join(parts)
    }
}

/// Steps of a row.
#[inline]
fn length((begin, end): (u32, u32)) -> usize {
    (end - begin) as usize
}

/// New states that are collected before they are added.
const FRESH_OF_A_LOOK: usize = 1 << 4;

/// Steps of a row that are walked at once.
const PIECE: u32 = 1 << 7;

/// Room for those, and all of a piece beside them; a power of two, so that no place is out of range.
const FRESH: usize = 1 << 8;

/// Work after which a thread stops a round, so that limits and cancelling are looked at.
const WORK_OF_A_ROUND: usize = 1 << 21;

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

    /// Adds a state, while no other thread adds any; true if it is new.
    #[inline]
    fn insert(&self, state: StateId) -> bool {
        let (word, bit) = (&self.words[state.index() / 64], 1 << (state.index() % 64));
        let old = word.load(Ordering::Relaxed);
        word.store(old | bit, Ordering::Relaxed);
        old & bit == 0
    }

    /// Adds a state, while other threads add as well, and to what this one has added; true if it is new.
    ///
    /// What another thread adds to the same word meanwhile may be lost until [`Self::add`] puts it back; and two
    /// threads may both be told that a state is new. Both then walk on from it, which is no harm.
    ///
    /// COST: a locked instruction would keep the processor from asking for the next states before it is done.
    #[inline]
    fn insert_beside_others(&self, state: StateId, added: &mut [u64]) -> bool {
        let (at, bit) = (state.index() / 64, 1 << (state.index() % 64));
        let (word, mine) = (&self.words[at], &mut added[at]);
        let seen = word.load(Ordering::Relaxed);
        let old = *mine | seen;
        *mine |= bit;
        word.store(seen | bit, Ordering::Relaxed);
        old & bit == 0
    }

    /// Adds all that threads have added.
    fn add(&self, added: &[Vec<u64>]) {
        // COST: fewer are added sooner than other threads have woken.
        const WORDS: usize = 1 << 16;
        let parts = self.words.par_chunks(WORDS).enumerate();
        parts.for_each(|(part, words)| {
            for added in added {
                let added = &added[part * WORDS..];
                for (word, added) in words.iter().zip(added) {
                    word.store(word.load(Ordering::Relaxed) | added, Ordering::Relaxed);
                }
            }
        });
    }

    #[inline]
    fn contains(&self, state: StateId) -> bool {
        holds(&self.words, state)
    }

    /// The bits of a word that are states.
    fn mask(&self, at: usize) -> u64 {
        match self.state_count - at * 64 {
            64.. => u64::MAX,
            count => (1 << count) - 1,
        }
    }

    fn into_set(self) -> StateSet {
        StateSet::from_words(self.words.into_iter().map(AtomicU64::into_inner).collect())
    }
}

#[inline]
fn holds(words: &[AtomicU64], state: StateId) -> bool {
    let word = words[state.index() / 64].load(Ordering::Relaxed);
    word >> (state.index() % 64) & 1 == 1
}
