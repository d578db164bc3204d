//! Dominators where the outputs of gates count as given.

use super::QueryError;
use super::between::Between;
use super::cone::{LocalGateId, LocalId};
use super::meter::Meter;
use crate::graph::sealed::Sealed as _;
use crate::graph::{Table, define_id};

define_id! {
    /// The place of a state in the order of arrival. Place 0 is that of the root above all entries.
    ///
    /// A state arrives after all inputs of some step that gives it, so whatever a state cannot do without
    /// has an earlier place.
    pub(super) struct Place
}

/// The order of arrival, and the dominator tree of the ordinary steps, with each entry and each output of a
/// gate as a source. States that no other dominates hang at the root.
#[derive(Debug)]
pub(super) struct Dominators {
    /// The state of each place; that of the root means nothing.
    pub(super) state: Table<Place, LocalId>,
    /// The place of each state; all states of the part arrive.
    pub(super) place: Table<LocalId, Place>,
    /// Steps on the longest branch of the derivation by which the state of a place arrived. Whatever a state cannot
    /// do without is on that derivation, and so has less.
    pub(super) depth: Table<Place, u32>,
    /// The closest dominator; the root's is the root.
    pub(super) above: Table<Place, Place>,
}

impl Dominators {
    /// # Complexity
    /// O(n + m log n) for n states and m steps and gate inputs of the part.
    ///
    /// # Source
    /// Lengauer and Tarjan 1979, "A fast algorithm for finding dominators in a flowgraph", the simple form.
    pub(super) fn build(
        part: &Between,
        entries: &[LocalId],
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let arrival = Arrival::walk(part, entries, meter)?;
        let above = tree(part, entries, &arrival, meter)?;
        Ok(Self {
            state: arrival.state,
            place: arrival.place,
            depth: arrival.depth,
            above,
        })
    }

    /// All places but the root's, in the order of arrival.
    pub(super) fn places(&self) -> impl DoubleEndedIterator<Item = Place> + Clone + use<> {
        (1..self.state.len()).map(Place::at)
    }
}

/// The root's place, and the mark of a state that has not arrived.
pub(super) fn root() -> Place {
    Place::at(0)
}

/// A walk in depth from one source after the other; gates give their sources when their last input arrives.
struct Arrival {
    state: Table<Place, LocalId>,
    place: Table<LocalId, Place>,
    /// From where a state was arrived at.
    parent: Table<Place, Place>,
    depth: Table<Place, u32>,
}

impl Arrival {
    fn walk(
        part: &Between,
        entries: &[LocalId],
        meter: &mut Meter<'_>,
    ) -> Result<Self, QueryError> {
        let count = part.state_count();
        let mut arrival = Self {
            state: Table::with_capacity(count + 1),
            place: Table::filled(root(), count),
            parent: Table::with_capacity(count + 1),
            depth: Table::with_capacity(count + 1),
        };
        arrival.state.push(LocalId::at(0));
        arrival.parent.push(root());
        arrival.depth.push(0);
        let mut missing: Table<LocalGateId, usize> = Table::with_capacity(part.gate_count());
        for gate in part.gates.ids() {
            missing.push(part.gate_inputs.row(gate).len());
        }
        let given = entries.iter().map(|&entry| (entry, 1));
        let mut sources: Vec<(LocalId, u32)> = given.collect();
        let mut next_source = 0;
        let mut path: Vec<(Place, u32, std::slice::Iter<'_, LocalId>)> = Vec::new();
        let mut arrive = |state: LocalId, parent: Place, depth: u32, sources: &mut Vec<_>| {
            if arrival.place[state] != root() {
                return None;
            }
            let place = Place::at(arrival.state.len());
            arrival.place[state] = place;
            arrival.state.push(state);
            arrival.parent.push(parent);
            arrival.depth.push(depth);
            for &gate in part.gates_by_input.row(state) {
                missing[gate] -= 1;
                if missing[gate] == 0 {
                    let inputs = part.gate_inputs.row(gate).iter();
                    let depths = inputs.map(|&input| arrival.depth[arrival.place[input]]);
                    let depth = depths.fold(0, u32::max) + 1;
                    sources.push((part.gate_output[gate], depth));
                }
            }
            Some((place, depth + 1, part.from.row(state).iter()))
        };
        while let Some(&(source, depth)) = sources.get(next_source) {
            next_source += 1;
            path.extend(arrive(source, root(), depth, &mut sources));
            while let Some((from, depth, steps)) = path.last_mut() {
                let (from, depth) = (*from, *depth);
                let before = steps.len();
                let next = steps.find_map(|&to| arrive(to, from, depth, &mut sources));
                let work = 1 + before - steps.len();
                if next.is_none() {
                    path.pop();
                }
                path.extend(next);
                meter.spend(work)?;
            }
        }
        Ok(arrival)
    }
}

fn tree(
    part: &Between,
    entries: &[LocalId],
    arrival: &Arrival,
    meter: &mut Meter<'_>,
) -> Result<Table<Place, Place>, QueryError> {
    let count = arrival.state.len();
    let mut is_source: Table<Place, bool> = Table::filled(false, count);
    for &source in entries.iter().chain(part.gate_output.values()) {
        is_source[arrival.place[source]] = true;
    }
    let mut forest = Forest::new(count);
    let mut above: Table<Place, Place> = Table::filled(root(), count);
    // States whose dominator is still to be found, in a list for each place that is their semidominator.
    let mut first_of: Table<Place, Place> = Table::filled(root(), count);
    let mut next_of: Table<Place, Place> = Table::filled(root(), count);
    for place in (1..count).rev().map(Place::at) {
        let parent = arrival.parent[place];
        let mut semi = parent;
        if is_source[place] {
            semi = root();
        } else {
            let origins = part.into.row(arrival.state[place]);
            let mut work = 1;
            for &from in origins {
                let (least, hops) = forest.least(arrival.place[from]);
                semi = semi.min(forest.semi[least]);
                work += 1 + hops;
                if semi == root() {
                    break;
                }
            }
            meter.spend(work)?;
        }
        forest.semi[place] = semi;
        // Those of the root have it as their dominator already.
        if semi != root() {
            next_of[place] = std::mem::replace(&mut first_of[semi], place);
        }
        forest.hang[place] = Some(parent);
        let mut open = std::mem::replace(&mut first_of[parent], root());
        while open != root() {
            let (least, hops) = forest.least(open);
            let closer = forest.semi[least] < forest.semi[open];
            above[open] = if closer { least } else { parent };
            open = next_of[open];
            meter.spend(1 + hops)?;
        }
    }
    for place in (1..count).map(Place::at) {
        if above[place] != forest.semi[place] {
            above[place] = above[above[place]];
        }
    }
    Ok(above)
}

/// The part of the walk that was looked at already, with paths made short as they are walked.
struct Forest {
    semi: Table<Place, Place>,
    /// The place with the least semidominator on the shortened way up to `hang`, that excluded.
    least: Table<Place, Place>,
    hang: Table<Place, Option<Place>>,
    path: Vec<Place>,
}

impl Forest {
    fn new(count: usize) -> Self {
        let same: Vec<Place> = (0..count).map(Place::at).collect();
        Self {
            semi: same.clone().into(),
            least: same.into(),
            hang: Table::filled(None, count),
            path: Vec::new(),
        }
    }

    /// The place with the least semidominator on the way up from `place`, the top excluded, and the length of
    /// that way.
    #[inline]
    fn least(&mut self, place: Place) -> (Place, usize) {
        let mut at = place;
        while let Some(up) = self.hang[at] {
            if self.hang[up].is_none() {
                break;
            }
            self.path.push(at);
            at = up;
        }
        let hops = self.path.len();
        while let Some(at) = self.path.pop() {
            let Some(up) = self.hang[at] else { continue };
            if self.semi[self.least[up]] < self.semi[self.least[at]] {
                self.least[at] = self.least[up];
            }
            self.hang[at] = self.hang[up];
        }
        (self.least[place], hops)
    }
}
