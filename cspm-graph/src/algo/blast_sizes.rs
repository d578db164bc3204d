//! How many resources lie behind every state.

use super::blast::{Accuracy, BlastSize, resource};
use super::components::ComponentId;
use super::contraction::{Contraction, NodeId};
use super::meter::Meter;
use super::open_gates::OpenGates;
use super::order::Order;
use super::reach_sets::{ReachSets, reach_sets};
use super::set_pool::{SetId, SetPool};
use super::sketch_pool::{SketchId, SketchPool};
use super::{Jewel, QueryError};
use crate::graph::sealed::Sealed as _;
use crate::graph::{Limits, Rows, StateId, StateSet, Table, View};

/// How [`blast_sizes`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlastOptions {
    /// Counts below this are exact, those above are estimates; less than [`Self::SKETCH_SIZE_MIN`] is taken
    /// as that.
    pub sketch_size: usize,
    /// Picks the order of the resources from which counts are estimated.
    ///
    /// The order is the same for the same seed, here and everywhere. Who knows the seed and chooses the numbers
    /// of resources can choose those that make an estimate err: the error is that over all seeds. An exact count
    /// cannot be moved, and of one state that matters [`blast_resources`](super::blast_resources) gives one.
    pub seed: u64,
}

impl BlastOptions {
    /// An estimate errs by 6 % then, about what a reader takes from "some thousand"; what he would count himself
    /// is exact; and a sketch is a kilobyte.
    pub const SKETCH_SIZE: usize = 256;
    /// With fewer, the error of an estimate has no bound.
    pub const SKETCH_SIZE_MIN: usize = 3;
}

impl Default for BlastOptions {
    fn default() -> Self {
        Self {
            sketch_size: Self::SKETCH_SIZE,
            seed: 0,
        }
    }
}

/// Counts for every state s the distinct resources that have a state in R(s).
///
/// `resource_of` and R(s) are those of [`blast_resources`](super::blast_resources), with which all counts agree
/// that are exact: those below [`BlastOptions::sketch_size`]. Above it they are estimates and marked so. Gates are
/// taken exactly, whatever the size.
///
/// # Errors
/// [`QueryError::Limit`], also where the distinct sketches take more than [`Limits::set_words`];
/// [`QueryError::Cancelled`].
///
/// # Complexity
/// For n states, m steps, sketches of k resources, and d pairs of a component and a distinct sketch among those of
/// its successors: O(n log n + m + d·k), and that of [`jewel_sets`](super::jewel_sets) for the outputs of gates
/// with two or more inputs outside the ambient. Components that such gates join in a cycle are gone through
/// until nothing changes. Space: about 30 bytes a state, and up to 4·k + 40 for each distinct sketch.
///
/// # Source
/// Bottom-k sketches (Cohen 1997, "Size-estimation framework with applications to transitive closure and
/// reachability"; Cohen and Kaplan 2007) over components in completion order. The N resources are put in a
/// pseudo-random order, by `SplitMix64` (Steele, Lea, Flood 2014) of their number; the sketch of s holds the k first
/// of R(s). If they are fewer than k, they are all. Otherwise, with q resources before the k-th, (k - 1)·N/q is
/// unbiased and its relative variance at most 1/(k - 2): over all orders the mean of 1/q is n/(N·(k - 1)) for n
/// resources in R(s), and that of 1/(q·(q - 1)) is n·(n - 1)/(N·(N - 1)·(k - 1)·(k - 2)).
///
/// Let O(s) be the outputs in R(s) of gates with two or more open inputs, which [`jewel_sets`](super::jewel_sets)
/// finds. Then R(s) is s, R(t) for each step s→t, and R(o) for each o in O(s): no more, because R(o) is in R(s) for
/// o in R(s); no less, by induction along a derivation. Oracle in
/// [`verify::blast_sizes`](super::verify::blast_sizes).
pub fn blast_sizes(
    view: &View<'_>,
    ambient: &StateSet,
    resource_of: &[u32],
    options: &BlastOptions,
    limits: &Limits,
) -> Result<BlastSizes, QueryError> {
    let graph = view.graph();
    let mut meter = Meter::new(limits);
    let ranks = Ranks::new(view, resource_of, options.seed, &mut meter)?;
    let targets = graph.states().filter(|&state| ranks.of(state).is_some());
    let contraction = Contraction::find(view, targets, ambient, None, &mut meter)?;
    let gates = OpenGates::new(graph, &contraction, ambient);
    let size = options.sketch_size.max(BlastOptions::SKETCH_SIZE_MIN);
    let order = Order::new(
        contraction.node_count(),
        |node, k| contraction.successors.row(node).get(k).copied(),
        |node, k| gates.outputs_of(node).get(k).copied(),
        |node| gates.outputs_of(node).len(),
        !gates.is_empty(),
    );
    meter.spend(contraction.node_count())?;
    let mut pass = Pass {
        contraction: &contraction,
        sketch_of: vec![SketchPool::empty(); order.members.row_count()].into(),
        order,
        ranks: ranks.by_node(&contraction),
        gains: Gains::find(view, &contraction, ambient, &mut meter)?,
        pool: SketchPool::new(size),
        parts: Vec::new(),
        own: Vec::new(),
    };
    pass.run(&mut meter)?;

    let counts = contraction.node_of.values().iter().map(|&node| {
        let component = pass.order.component_of[NodeId::at(node as usize)];
        estimate(
            pass.pool.ranks(pass.sketch_of[component]),
            size,
            ranks.count,
        )
    });
    let counts: Table<StateId, u32> = counts.collect::<Vec<_>>().into();
    Ok(BlastSizes {
        counts,
        resource_count: ranks.count,
        sketch_size: size,
        distinct_sketches: pass.pool.len(),
    })
}

/// The number of resources behind each state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlastSizes {
    counts: Table<StateId, u32>,
    resource_count: u32,
    sketch_size: usize,
    distinct_sketches: usize,
}

impl BlastSizes {
    /// How many resources the state reaches, its own included; none for a state that there is not.
    pub fn size(&self, state: StateId) -> BlastSize {
        let count = self.counts.get(state).map_or(0, |&count| count as usize);
        // A sketch of all resources is full and yet exact.
        let exact = count < self.sketch_size || self.sketch_size >= self.resource_count();
        BlastSize::new(
            count,
            if exact {
                Accuracy::Exact
            } else {
                Accuracy::Estimate {
                    error_permille: error_permille(self.sketch_size),
                }
            },
        )
    }

    /// Number of distinct resources that have a state.
    pub fn resource_count(&self) -> usize {
        self.resource_count as usize
    }

    /// Number of distinct sketches, the empty one among them, whether a state has it or not.
    pub fn distinct_sketches(&self) -> usize {
        self.distinct_sketches
    }
}

/// The key that resources are ordered by: mix(mix(`seed`) xor `resource`), where mix(x) is the first output of
/// `SplitMix64` with the state x.
///
/// Mixing is a bijection, so no two resources tie. The seed is mixed by itself, or near seeds would give orders that
/// are the same but for a shift.
pub(super) fn order_key(seed: u64, resource: u32) -> u64 {
    let mix = |state: u64| {
        let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    mix(mix(seed) ^ u64::from(resource))
}

/// The number of resources of a set, from its smallest ranks.
fn estimate(ranks: &[u32], size: usize, resource_count: u32) -> u32 {
    let held = u32::try_from(ranks.len()).unwrap_or(u32::MAX);
    match ranks.last() {
        Some(&last) if ranks.len() >= size && held < resource_count => {
            // Both factors are below 2^32. No division by zero: the last of three ranks or more is 2 at least.
            let product = u64::from(resource_count) * u64::from(held - 1);
            let last = u64::from(last.max(1));
            let rounded = (product + last / 2) / last;
            u32::try_from(rounded).map_or(resource_count, |count| count.clamp(held, resource_count))
        }
        _ => held,
    }
}

/// 1/√(k - 2) in thousandths, rounded up.
fn error_permille(size: usize) -> u16 {
    let divisor = size.saturating_sub(2).max(1) as u64;
    let root = 1_000_000_u64.div_ceil(divisor).isqrt();
    let up = u64::from(root * root * divisor < 1_000_000);
    u16::try_from(root + up).unwrap_or(1_000)
}

/// The place of each resource in the pseudo-random order, by state.
struct Ranks {
    of_state: Table<StateId, u32>,
    count: u32,
}

const NO_RANK: u32 = u32::MAX;

impl Ranks {
    fn new(
        view: &View<'_>,
        resource_of: &[u32],
        seed: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let graph = view.graph();
        meter.spend(graph.state_count())?;
        let known = graph
            .states()
            .filter_map(|state| Some((order_key(seed, resource(resource_of, state)?), state)));
        let mut by_key: Vec<(u64, StateId)> = known.collect();
        by_key.sort_unstable();
        let mut of_state = Table::filled(NO_RANK, graph.state_count());
        let mut count = 0;
        for same in by_key.chunk_by(|a, b| a.0 == b.0) {
            for &(_, state) in same {
                of_state[state] = count;
            }
            count += 1;
        }
        Ok(Self { of_state, count })
    }

    #[inline]
    fn of(&self, state: StateId) -> Option<u32> {
        Some(self.of_state[state]).filter(|&rank| rank != NO_RANK)
    }

    /// The ranks of the states of each node.
    fn by_node(&self, contraction: &Contraction) -> Rows<NodeId, u32> {
        let pairs = self.of_state.iter().filter_map(|(state, &rank)| {
            let node = contraction.node(state)?;
            (rank != NO_RANK).then_some((node, rank))
        });
        Rows::group(contraction.node_count(), pairs, NO_RANK)
    }
}

/// The outputs of gates with several open inputs that each node reaches.
struct Gains {
    outputs: Vec<StateId>,
    /// `None` if there is no such gate.
    sets: Option<ReachSets>,
}

impl Gains {
    fn find(
        view: &View<'_>,
        contraction: &Contraction,
        ambient: &StateSet,
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let graph = view.graph();
        let outputs = contraction.open_gates.iter();
        let mut outputs: Vec<StateId> = outputs.map(|&gate| graph.gate_output(gate)).collect();
        outputs.sort_unstable();
        outputs.dedup();
        let sets = if outputs.is_empty() {
            None
        } else {
            let targets: Vec<Jewel> = outputs.iter().map(|&output| (output, 1)).collect();
            Some(reach_sets(graph, contraction, ambient, &targets, meter)?)
        };
        Ok(Self { outputs, sets })
    }

    fn set(&self, node: NodeId) -> SetId {
        let sets = self.sets.as_ref();
        sets.map_or(SetPool::empty(), |sets| sets.set_of[node])
    }

    fn states(&self, set: SetId) -> impl Iterator<Item = StateId> + '_ {
        self.sets.iter().flat_map(move |sets| {
            let bits = sets.pool.bits(set);
            bits.map(|bit| self.outputs[sets.jewel_of_bit[bit] as usize])
        })
    }
}

/// Each component takes the sketches of those it leads to, which were looked at before it, but in a group that is
/// gone through until nothing changes.
struct Pass<'p> {
    contraction: &'p Contraction,
    order: Order<NodeId>,
    ranks: Rows<NodeId, u32>,
    gains: Gains,
    pool: SketchPool,
    sketch_of: Table<ComponentId, SketchId>,
    parts: Vec<SketchId>,
    own: Vec<u32>,
}

impl Pass<'_> {
    fn run(&mut self, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let groups = std::mem::take(&mut self.order.groups);
        let mut groups = groups.into_iter().peekable();
        let mut component = 0;
        while component < self.sketch_of.len() {
            let Some(group) = groups.next_if(|group| group.start == component) else {
                self.update(ComponentId::at(component), meter)?;
                component += 1;
                continue;
            };
            let mut changed = true;
            while changed {
                changed = false;
                for part in group.clone() {
                    changed |= self.update(ComponentId::at(part), meter)?;
                }
            }
            component = group.end;
        }
        meter.check_set_words(self.pool.word_count())
    }

    /// Gives a component the sketch that follows from those it leads to; true if it is another.
    fn update(
        &mut self,
        component: ComponentId,
        meter: &mut Meter<'_>,
    ) -> Result<bool, QueryError> {
        let members = self.order.members.row(component);
        // All nodes of a component reach the same.
        let gained = members
            .first()
            .map_or(SetPool::empty(), |&node| self.gains.set(node));
        let mut work = 0;
        // What a successor gains comes with its sketch.
        let mut inherits = gained == SetPool::empty();
        self.parts.clear();
        self.own.clear();
        for &node in members {
            let (own, successors) = (self.ranks.row(node), self.contraction.successors.row(node));
            work += 1 + own.len() + successors.len();
            self.own.extend_from_slice(own);
            for &to in successors {
                let after = self.order.component_of[to];
                let sketch = self.sketch_of[after];
                if after != component && self.parts.last() != Some(&sketch) {
                    self.parts.push(sketch);
                }
                inherits |= after != component && self.gains.set(to) == gained;
            }
        }
        if !inherits {
            let outputs = self.gains.states(gained);
            let nodes = outputs.filter_map(|output| self.contraction.node(output));
            let gains = nodes.map(|node| self.sketch_of[self.order.component_of[node]]);
            self.parts.extend(gains);
        }
        work += self.parts.len();
        self.parts.sort_unstable();
        self.parts.dedup();
        self.own.sort_unstable();
        self.own.dedup();
        let sketch = self.pool.union(&self.parts, &self.own);
        meter.spend(work + self.pool.take_work())?;
        meter.check_set_words(self.pool.word_count())?;
        Ok(std::mem::replace(&mut self.sketch_of[component], sketch) != sketch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_rounded_up() {
        let error = |size| error_permille(size);
        assert_eq!((error(3), error(6), error(18)), (1_000, 500, 250));
        assert_eq!((error(4), error(256), error(10_002)), (708, 63, 10));
        assert_eq!((error(0), error(usize::MAX)), (1_000, 1));
    }

    #[test]
    fn estimates_follow_the_last_rank() {
        assert_eq!(estimate(&[], 4, 0), 0);
        assert_eq!(estimate(&[1, 5, 9], 4, 100), 3);
        assert_eq!(estimate(&[1, 5, 9, 20], 4, 100), 15);
        // Full with all there are, with nearly all, with as few as there can be.
        assert_eq!(estimate(&[0, 1, 2, 3], 4, 4), 4);
        assert_eq!(estimate(&[0, 1, 2, 3], 4, 100), 100);
        assert_eq!(estimate(&[96, 97, 98, 99], 4, 100), 4);
        assert_eq!(estimate(&[0, 1, u32::MAX - 1], 3, u32::MAX), 3);
    }
}
