//! Ports that relations name: cut where any relation cuts, so that states of one resource do not overlap.
//!
//! Otherwise who reaches `22,80` and who reaches `22` would hold states that have nothing to do with each
//! other, and a port that is open to the internet would look like a secret of the neighbours.

use std::collections::{BTreeMap, HashMap};

use cspm_model::ports::PortSet;
use cspm_model::resource::Class;
use cspm_model::{Access, Estate};

use super::draft::{Draft, DraftState, NodeId};
use super::network::{administration_ports, boundaries, ranges_between};

/// Sets of ports of one resource that are cut against each other; more are kept as they are written. What is
/// cut grows with the square.
const SETS_MAX: usize = 256;

/// The states that stand for the ports of relations.
#[derive(Debug, Default)]
pub(super) struct StatedPorts {
    parts: HashMap<(NodeId, String), Vec<PortSet>>,
}

impl StatedPorts {
    /// Cuts the ports that relations of `estate` name, against each other and against those that the network
    /// part has made.
    pub(super) fn new(estate: &Estate, draft: &Draft) -> Self {
        let mut named: HashMap<(NodeId, String), Vec<PortSet>> = HashMap::new();
        for relation in estate.relations() {
            let ports = match (relation.kind.as_str(), relation.to_access, &relation.ports) {
                ("reaches", _, ports) => ports.as_deref().unwrap_or("*"),
                ("step", Some(Access::Reach), Some(ports)) => ports,
                _ => continue,
            };
            let (Some(ports), Some(at)) = (
                PortSet::parse(ports),
                estate.resolve(relation.to.as_str(), None),
            ) else {
                continue;
            };
            let protocol = relation.protocol.as_deref().unwrap_or("tcp").to_owned();
            named
                .entry((NodeId::of(at), protocol))
                .or_default()
                .push(ports);
        }
        let cut = |(key, sets): ((NodeId, String), Vec<PortSet>)| {
            let parts = parts(draft, &key, sets);
            (key, parts)
        };
        Self {
            parts: named.into_iter().map(cut).collect(),
        }
    }

    /// The states that together are these ports, which do not overlap; at least one.
    pub(super) fn states(
        &self,
        draft: &mut Draft,
        node: NodeId,
        protocol: &str,
        text: &str,
    ) -> Vec<DraftState> {
        let Some(ports) = PortSet::parse(text) else {
            return vec![draft.reach(node, protocol, text)];
        };
        let parts = self.parts.get(&(node, protocol.to_owned()));
        let mut found: Vec<&PortSet> = Vec::new();
        for part in parts
            .into_iter()
            .flatten()
            .filter(|part| within(part, &ports))
        {
            if !found.iter().any(|known| within(part, known)) {
                found.push(part);
            }
        }
        if found.is_empty() {
            return vec![draft.reach(node, protocol, &ports.to_string())];
        }
        found
            .into_iter()
            .map(|part| draft.reach(node, protocol, &part.to_string()))
            .collect()
    }
}

/// The administration port, and which of the sets hold it.
type Signature = (Option<u16>, Vec<bool>);

/// What the sets of one resource are cut into: first the states that are there already, then the rest.
fn parts(
    draft: &Draft,
    (node, protocol): &(NodeId, String),
    mut sets: Vec<PortSet>,
) -> Vec<PortSet> {
    let mut parts: Vec<PortSet> = draft
        .reach_of(*node)
        .filter_map(|(_, key)| draft.ports.get(key.ports as usize))
        .filter(|(it, _)| it == protocol)
        .filter_map(|(_, ports)| PortSet::parse(ports))
        .collect();
    parts.sort();
    sets.sort();
    sets.dedup();
    if sets.len() > SETS_MAX {
        parts.extend(sets);
        return parts;
    }
    let administers = protocol == "tcp" && draft.class(*node) == Class::Compute;
    let alone = if administers {
        administration_ports()
    } else {
        &[]
    };
    let mut starts: Vec<u16> = alone.iter().flat_map(|&port| [port, port + 1]).collect();
    for set in sets.iter().chain(&parts) {
        starts.extend(boundaries(set));
    }
    let mut by_signature: BTreeMap<Signature, Vec<(u16, u16)>> = BTreeMap::new();
    for range in ranges_between(starts) {
        let signature: Vec<bool> = sets
            .iter()
            .chain(&parts)
            .map(|set| set.contains(range.0))
            .collect();
        if signature.iter().take(sets.len()).any(|&it| it) {
            let alone = Some(range.0).filter(|it| alone.contains(it));
            by_signature
                .entry((alone, signature))
                .or_default()
                .push(range);
        }
    }
    parts.extend(by_signature.into_values().map(PortSet::from_ranges));
    parts
}

fn within(inner: &PortSet, outer: &PortSet) -> bool {
    inner
        .ranges()
        .iter()
        .all(|&(first, last)| outer.ranges().iter().any(|&(a, b)| a <= first && last <= b))
}
