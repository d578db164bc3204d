//! Nodes that lead to one another by gates only, taken apart.

use super::components::components;
use super::contraction::{Contraction, NodeId};
use crate::graph::sealed::Sealed as _;
use crate::graph::{Id as _, Rows, define_id};

define_id! {
    /// A member of a group, by its place.
    pub(super) struct MemberId
}

/// The members of a component over steps and gates, and its components over steps alone: the parts.
pub(super) struct Group {
    members: Vec<NodeId>,
    /// Steps to other members.
    inside: Rows<MemberId, MemberId>,
    /// Steps to nodes that are complete.
    beyond: Rows<MemberId, NodeId>,
    /// Each part after those that its steps lead to.
    parts: Vec<Vec<MemberId>>,
}

impl Group {
    /// # Complexity
    /// O(s log k) for k members and s steps from them.
    pub(super) fn new(contraction: &Contraction, members: &[NodeId]) -> Self {
        let mut members = members.to_vec();
        members.sort_unstable();
        let (mut inside, mut beyond) = (Vec::new(), Vec::new());
        for (at, &member) in members.iter().enumerate() {
            let at = MemberId::at(at);
            for &next in contraction.successors.row(member) {
                match members.binary_search(&next) {
                    Ok(next) => inside.push((at, MemberId::at(next))),
                    Err(_) => beyond.push((at, next)),
                }
            }
        }
        let count = members.len();
        let inside = Rows::group(count, inside.iter().copied(), MemberId::at(0));
        let found = components(count, |at: MemberId, k| inside.row(at).get(k).copied());
        let mut parts: Vec<Vec<MemberId>> = vec![Vec::new(); found.count];
        for (at, part) in found.of.iter() {
            parts[part.index()].push(at);
        }
        Self {
            beyond: Rows::group(count, beyond.iter().copied(), NodeId::at(0)),
            members,
            inside,
            parts,
        }
    }

    /// Number of members and steps, as a measure of work.
    pub(super) fn size(&self) -> usize {
        self.members.len() + self.inside.values().len() + self.beyond.values().len()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &[MemberId]> {
        self.parts.iter().map(Vec::as_slice)
    }

    /// The nodes of a part.
    pub(super) fn nodes<'g>(&'g self, part: &'g [MemberId]) -> impl Iterator<Item = NodeId> + 'g {
        part.iter().map(|&at| self.members[at.index()])
    }

    /// Where steps from a part lead within the group, its own nodes among them.
    pub(super) fn inside<'g>(&'g self, part: &'g [MemberId]) -> impl Iterator<Item = NodeId> + 'g {
        let next = part.iter().flat_map(|&at| self.inside.row(at));
        next.map(|&next| self.members[next.index()])
    }

    /// Where steps from a part lead beyond the group.
    pub(super) fn beyond<'g>(&'g self, part: &'g [MemberId]) -> impl Iterator<Item = NodeId> + 'g {
        part.iter().flat_map(|&at| self.beyond.row(at)).copied()
    }
}
