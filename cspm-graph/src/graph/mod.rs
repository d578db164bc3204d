//! The frozen property graph: ids, steps and gates with their columns, and views of them.
//!
//! A [`GraphBuilder`] collects steps in any order; [`GraphBuilder::build`] freezes them into an
//! [`AttackGraph`]; [`AttackGraph::view`] picks the steps that a question may use. Nothing here knows what
//! a state or a kind stands for: the caller keeps that in tables of its own, indexed by [`StateId`] and by
//! the `tag` of a step.

#![expect(
    clippy::indexing_slicing,
    reason = "INVARIANT: ids in range: ids are checked where they enter, and tables and rows cover them all"
)]

mod attack_graph;
mod attributes;
mod builder;
pub(crate) mod id;
mod kind;
mod likelihood;
mod limits;
pub(crate) mod pages;
mod partition;
mod rows;
mod state_set;
mod view;
#[cfg(feature = "petgraph")]
pub mod visit;

pub use attack_graph::{AttackGraph, InvariantError, Step};
pub use attributes::{Certainty, StepAttributes};
pub use builder::{BuildError, GateWithoutInputsError, GraphBuilder, StepOutOfRangeError};
pub use id::{Id, IdError, StateId, StepId, Table};
pub use kind::{KindSet, StepKind};
pub use likelihood::{Likelihood, LikelihoodError};
pub use limits::{Cancel, LimitError, Limits, Progress};
pub use state_set::{StateSet, StateSetIter};
pub use view::{View, ViewOptions};

pub(crate) use id::{GateId, define_id, sealed};
pub(crate) use partition::{Lists, Pairs, group_pairs};
pub(crate) use rows::Rows;
