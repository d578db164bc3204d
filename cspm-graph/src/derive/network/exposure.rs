//! Cells become steps: from the internet, and from neighbours.

use std::collections::HashMap;

use cspm_model::{Access, Location};

use super::super::draft::{Draft, NodeId, StepFacts};
use super::super::technique::Techniques;
use super::cells::{Admission, Barriers, Cell, Cells, classes};
use super::topology::{Role, Topology};

/// Which control keeps the internet from a resource. Complete for what is modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NetworkControl {
    /// It does not run.
    Stopped,
    /// It has no public address.
    Address,
    /// Its subnet has no route to an internet gateway.
    Route,
    /// The network ACL of its subnet denies it.
    Acl,
    /// No security group of it admits the internet.
    SecurityGroup,
}

impl NetworkControl {
    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "not_running",
            Self::Address => "no_public_address",
            Self::Route => "no_route_to_internet",
            Self::Acl => "network_acl",
            Self::SecurityGroup => "security_group",
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Stopped => "it does not run",
            Self::Address => "it has no public address",
            Self::Route => "its subnet has no route to an internet gateway",
            Self::Acl => "the network ACL of its subnet denies it",
            Self::SecurityGroup => "no security group attached to it admits the internet",
        }
    }
}

/// What keeps the internet from a resource that it does not reach: every control that would have to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkBlock {
    controls: Vec<(NetworkControl, Location)>,
}

impl NetworkBlock {
    /// The controls with the place where each is said.
    pub fn controls(&self) -> &[(NetworkControl, Location)] {
        &self.controls
    }
}

/// Makes the steps; returns what keeps the internet from the resources it does not reach.
pub(super) fn derive(
    topology: &Topology<'_>,
    techniques: &Techniques,
    draft: &mut Draft,
) -> HashMap<NodeId, NetworkBlock> {
    let classes = classes(topology);
    let cells = Cells::new(topology, &classes);
    let exposed = techniques.named("network.internet-exposed");
    let position = techniques.named("network.position");
    let lateral = techniques.named("network.lateral");
    let member_of = techniques.named("network.segment-member");
    let internet = draft.internet();
    let mut reached: HashMap<NodeId, bool> = HashMap::new();
    let mut blocks: HashMap<NodeId, NetworkBlock> = HashMap::new();
    let mut hubs: HashMap<usize, NodeId> = HashMap::new();
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut hub = |draft: &mut Draft, number: usize| {
        *hubs
            .entry(number)
            .or_insert_with(|| segment(draft, topology, &classes, number, &mut names))
    };
    let mut sends: Vec<bool> = vec![false; classes.len()];
    for (number, class) in classes.iter().enumerate() {
        let (found, barriers) = cells.of(number);
        for cell in &found {
            let ports = cell.ports.to_string();
            for &at in &class.members {
                let Some(interface) = topology.interfaces.get(at) else {
                    continue;
                };
                for (public, admission) in [
                    (interface.public_v4, &cell.v4),
                    (interface.public_v6, &cell.v6),
                ] {
                    if let (true, Some(admission)) = (public, admission) {
                        reached.insert(interface.owner, true);
                        let to = draft.reach(interface.owner, cell.protocol, &ports);
                        let facts = step(exposed, admission, Some(&interface.evidence));
                        draft.step(internet, to, facts);
                    }
                }
            }
            neighbours(
                topology,
                cell,
                &class.members,
                draft,
                (lateral, member_of),
                number,
                &mut hub,
            );
            for (peer, _) in &cell.peers {
                if let Some(sends) = sends.get_mut(*peer) {
                    *sends = true;
                }
            }
        }
        for &at in &class.members {
            note_block(topology, at, &barriers, &found, &mut blocks);
        }
    }
    for (number, class) in classes.iter().enumerate() {
        if sends.get(number) != Some(&true) {
            continue;
        }
        let place = hub(draft, number);
        for &at in &class.members {
            let Some(interface) = topology.interfaces.get(at) else {
                continue;
            };
            let from = draft.state(interface.owner, Access::Control);
            let to = draft.state(place, Access::Control);
            let facts = StepFacts::certain(position, vec![interface.evidence.clone()]);
            draft.step(from, to, facts);
        }
    }
    for (at, interface) in topology.interfaces.iter().enumerate() {
        if !interface.running {
            note_block(topology, at, &Barriers::default(), &[], &mut blocks);
        }
    }
    blocks.retain(|owner, _| !reached.contains_key(owner));
    blocks
}

fn step(
    technique: super::super::technique::TechniqueId,
    admission: &Admission,
    interface: Option<&Location>,
) -> StepFacts {
    let mut evidence = admission.evidence.clone();
    evidence.extend(interface.cloned());
    StepFacts::certain(technique, evidence)
        .certainty(admission.certainty)
        .via(admission.via.iter().map(|&at| NodeId::of(at)).collect())
}

/// The steps from neighbours into a cell: from each class that gets in, by way of one state of this class,
/// to each member.
fn neighbours(
    topology: &Topology<'_>,
    cell: &Cell,
    members: &[usize],
    draft: &mut Draft,
    (lateral, member_of): (
        super::super::technique::TechniqueId,
        super::super::technique::TechniqueId,
    ),
    number: usize,
    hub: &mut impl FnMut(&mut Draft, usize) -> NodeId,
) {
    if cell.peers.is_empty() {
        return;
    }
    let ports = cell.ports.to_string();
    let own = hub(draft, number);
    let shared = draft.reach(own, cell.protocol, &ports);
    for (peer, admission) in &cell.peers {
        let sender = hub(draft, *peer);
        let from = draft.state(sender, Access::Control);
        draft.step(from, shared, step(lateral, admission, None));
    }
    for interface in members.iter().filter_map(|&at| topology.interfaces.get(at)) {
        let to = draft.reach(interface.owner, cell.protocol, &ports);
        let facts = StepFacts::certain(member_of, vec![interface.evidence.clone()]);
        draft.step(shared, to, facts);
    }
}

/// The node that stands for the members of a class.
fn segment(
    draft: &mut Draft,
    topology: &Topology<'_>,
    classes: &[super::cells::Class],
    number: usize,
    names: &mut HashMap<String, u32>,
) -> NodeId {
    let resources = topology.estate.resources();
    let name = |at: Option<usize>| {
        at.and_then(|at| resources.get(at)).map_or("?", |it| {
            it.id
                .as_str()
                .rsplit_once('/')
                .map_or(it.id.as_str(), |(_, bare)| bare)
        })
    };
    let class = classes.get(number);
    let first = class
        .and_then(|class| class.members.first())
        .and_then(|&at| topology.interfaces.get(at));
    let groups: Vec<&str> = first
        .map(|it| it.groups.iter().map(|&group| name(Some(group))).collect())
        .unwrap_or_default();
    let account = first
        .and_then(|it| resources.get(it.owner.index()))
        .and_then(|owner| owner.account.clone());
    let what = match first.map(|it| &it.role) {
        Some(Role::Sender) => "functions",
        Some(Role::Listens(_)) => "services",
        _ => "machines",
    };
    // The lowest member tells apart what subnet and groups do not.
    let member = first
        .and_then(|it| resources.get(it.owner.index()))
        .map_or("?", |it| {
            it.id
                .as_str()
                .rsplit_once('/')
                .map_or(it.id.as_str(), |(_, bare)| bare)
        });
    let mut id = format!(
        "segment:{}/{}/{}/{what}/{member}",
        name(class.and_then(|it| it.vpc)),
        name(class.and_then(|it| it.subnet)),
        groups.join("+"),
    );
    // Two interfaces of one machine may be in classes that differ in their addresses only.
    let count = names.entry(id.clone()).or_default();
    *count += 1;
    if *count > 1 {
        id = format!("{id}~{count}");
    }
    draft.synthetic(&id, "network.segment", account)
}

/// Notes which controls keep the internet from the owner of an interface.
fn note_block(
    topology: &Topology<'_>,
    at: usize,
    barriers: &Barriers,
    cells: &[Cell],
    blocks: &mut HashMap<NodeId, NetworkBlock>,
) {
    let Some(interface) = topology.interfaces.get(at) else {
        return;
    };
    if matches!(interface.role, Role::Sender) || blocks.contains_key(&interface.owner) {
        return;
    }
    let open = |cell: &Cell| {
        (interface.public_v4 && cell.v4.is_some()) || (interface.public_v6 && cell.v6.is_some())
    };
    if cells.iter().any(open) {
        return;
    }
    let mut controls = Vec::new();
    let place = || interface.evidence.clone();
    if !interface.running {
        controls.push((NetworkControl::Stopped, place()));
    }
    if !interface.public_v4 && !interface.public_v6 {
        controls.push((NetworkControl::Address, place()));
    }
    if let Some(table) = &barriers.no_route {
        controls.push((NetworkControl::Route, table.clone()));
    }
    if let Some(entry) = &barriers.acl {
        controls.push((NetworkControl::Acl, entry.clone()));
    }
    if barriers.no_group_rule && interface.running {
        let group = interface
            .groups
            .first()
            .and_then(|&it| topology.estate.resources().get(it));
        controls.push((
            NetworkControl::SecurityGroup,
            group.map_or_else(place, |group| group.evidence_of("")),
        ));
    }
    if !controls.is_empty() {
        blocks.insert(interface.owner, NetworkBlock { controls });
    }
}
