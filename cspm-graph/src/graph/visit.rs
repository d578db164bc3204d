//! petgraph's `visit` traits, so that its algorithms run on our graph.
//!
//! Edges are ordinary steps. Gates are none: what needs several states at once is no edge between two, so an
//! algorithm that knows edges only sees less than ours do.

use petgraph::Direction;
use petgraph::visit::{
    Data, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoNeighbors,
    IntoNeighborsDirected, IntoNodeIdentifiers, NodeCompactIndexable, NodeCount, NodeIndexable,
    VisitMap, Visitable,
};

use super::id::sealed::Sealed as _;
use super::{AttackGraph, Likelihood, StateId, StateSet, StepId};

impl GraphBase for AttackGraph {
    type NodeId = StateId;
    type EdgeId = StepId;
}

impl Data for AttackGraph {
    type NodeWeight = ();
    type EdgeWeight = Likelihood;
}

impl GraphProp for AttackGraph {
    type EdgeType = petgraph::Directed;
}

impl NodeCount for AttackGraph {
    fn node_count(&self) -> usize {
        self.state_count()
    }
}

impl NodeIndexable for AttackGraph {
    fn node_bound(&self) -> usize {
        self.state_count()
    }

    fn to_index(&self, state: StateId) -> usize {
        state.index()
    }

    fn from_index(&self, index: usize) -> StateId {
        StateId::at(index)
    }
}

impl NodeCompactIndexable for AttackGraph {}

impl Visitable for AttackGraph {
    type Map = StateSet;

    fn visit_map(&self) -> StateSet {
        StateSet::with_capacity(self.state_count())
    }

    fn reset_map(&self, map: &mut StateSet) {
        *map = self.visit_map();
    }
}

impl VisitMap<StateId> for StateSet {
    fn visit(&mut self, state: StateId) -> bool {
        self.insert(state)
    }

    fn is_visited(&self, state: &StateId) -> bool {
        self.contains(*state)
    }

    fn unvisit(&mut self, state: StateId) -> bool {
        self.remove(state)
    }
}

/// States, as petgraph walks them.
#[derive(Debug, Clone)]
pub struct States<I>(I);

impl<I: Iterator> Iterator for States<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'g> IntoNeighbors for &'g AttackGraph {
    type Neighbors = States<std::iter::Copied<std::slice::Iter<'g, StateId>>>;

    fn neighbors(self, state: StateId) -> Self::Neighbors {
        States(self.forward.row(state).iter().copied())
    }
}

impl<'g> IntoNeighborsDirected for &'g AttackGraph {
    type NeighborsDirected = States<std::iter::Copied<std::slice::Iter<'g, StateId>>>;

    fn neighbors_directed(self, state: StateId, direction: Direction) -> Self::NeighborsDirected {
        let row = match direction {
            Direction::Outgoing => self.forward.row(state),
            Direction::Incoming => self.backward.row(state),
        };
        States(row.iter().copied())
    }
}

impl IntoNodeIdentifiers for &AttackGraph {
    type NodeIdentifiers = States<std::iter::Map<std::ops::Range<usize>, fn(usize) -> StateId>>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        let state: fn(usize) -> StateId = StateId::at;
        States((0..self.state_count()).map(state))
    }
}

/// An ordinary step with its ends.
#[derive(Debug, Clone, Copy)]
pub struct Edge<'g> {
    source: StateId,
    target: StateId,
    step: StepId,
    likelihood: &'g Likelihood,
}

impl<'g> EdgeRef for Edge<'g> {
    type NodeId = StateId;
    type EdgeId = StepId;
    type Weight = Likelihood;

    fn source(&self) -> StateId {
        self.source
    }

    fn target(&self) -> StateId {
        self.target
    }

    fn weight(&self) -> &'g Likelihood {
        self.likelihood
    }

    fn id(&self) -> StepId {
        self.step
    }
}

/// The ordinary steps of a graph, or those from one state.
#[derive(Debug, Clone)]
pub struct Edges<'g> {
    graph: &'g AttackGraph,
    source: usize,
    next: usize,
    end: usize,
}

impl<'g> Iterator for Edges<'g> {
    type Item = Edge<'g>;

    fn next(&mut self) -> Option<Edge<'g>> {
        if self.next >= self.end {
            return None;
        }
        while self.graph.forward.bounds(StateId::at(self.source)).1 as usize <= self.next {
            self.source += 1;
        }
        let step = StepId::at(self.next);
        self.next += 1;
        Some(Edge {
            source: StateId::at(self.source),
            target: self.graph.step(step)?.to(),
            step,
            likelihood: self.graph.likelihood_of(step),
        })
    }
}

impl<'g> IntoEdgeReferences for &'g AttackGraph {
    type EdgeRef = Edge<'g>;
    type EdgeReferences = Edges<'g>;

    fn edge_references(self) -> Edges<'g> {
        Edges {
            graph: self,
            source: 0,
            next: 0,
            end: self.ordinary_count(),
        }
    }
}

impl<'g> IntoEdges for &'g AttackGraph {
    type Edges = Edges<'g>;

    fn edges(self, state: StateId) -> Edges<'g> {
        let (begin, end) = self.forward.bounds(state);
        Edges {
            graph: self,
            source: state.index(),
            next: begin as usize,
            end: end as usize,
        }
    }
}
