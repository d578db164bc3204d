//! The attack graph of an estate with everything that explains it.

use std::collections::HashMap;
use std::fmt::Write as _;

use cspm_model::report::{self, Condition};
use cspm_model::{Access, Diagnostic, Location, ResourceId, StateRef};

use super::draft::{ListId, Lists, Node, NodeId};
use super::identity::NearMisses;
use super::network::NetworkBlock;
use super::technique::{TechniqueId, Techniques};
use crate::graph::{AttackGraph, Certainty, StateId, Step, StepId};

/// A state of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The resource.
    pub node: NodeId,
    /// What is held of it.
    pub access: Access,
    pub(super) ports: u32,
}

/// What stands behind a step.
#[derive(Debug, Clone, Copy)]
pub struct DerivedStep {
    /// Its technique.
    pub technique: TechniqueId,
    pub(super) evidence: ListId,
    pub(super) conditions: ListId,
    pub(super) via: ListId,
}

/// The attack graph of an estate, and the facts behind each of its states and steps.
#[derive(Debug)]
pub struct Derived {
    pub(super) graph: AttackGraph,
    pub(super) nodes: Vec<Node>,
    pub(super) internet: NodeId,
    pub(super) states: Vec<State>,
    pub(super) states_of: HashMap<NodeId, Vec<StateId>>,
    pub(super) ports: Vec<(String, String)>,
    pub(super) steps: Vec<DerivedStep>,
    pub(super) evidence: Lists<Location>,
    pub(super) conditions: Lists<Condition>,
    pub(super) via: Lists<NodeId>,
    pub(super) techniques: Techniques,
    pub(super) blocks: HashMap<NodeId, NetworkBlock>,
    pub(super) misses: NearMisses,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Derived {
    /// The frozen graph.
    pub fn graph(&self) -> &AttackGraph {
        &self.graph
    }

    /// The techniques of its steps.
    pub fn techniques(&self) -> &Techniques {
        &self.techniques
    }

    /// What was noticed while deriving.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Grants that are void.
    pub fn near_misses(&self) -> &NearMisses {
        &self.misses
    }

    /// What keeps the internet from a resource over the network, if it is known.
    pub fn network_block(&self, node: NodeId) -> Option<&NetworkBlock> {
        self.blocks.get(&node)
    }

    /// The node of the resource at this position of the estate.
    pub fn node_at(&self, position: usize) -> NodeId {
        NodeId::of(position)
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// A node.
    pub fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(node.index())
    }

    /// The node of `internet`.
    pub fn internet(&self) -> NodeId {
        self.internet
    }

    /// The states of a node, ascending.
    pub fn states_of(&self, node: NodeId) -> &[StateId] {
        self.states_of.get(&node).map_or(&[], Vec::as_slice)
    }

    /// The first state of a node with this access.
    pub fn state_of(&self, node: NodeId, access: Access) -> Option<StateId> {
        self.states_of(node)
            .iter()
            .copied()
            .find(|&id| self.state(id).is_some_and(|state| state.access == access))
    }

    /// A state.
    pub fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id.index())
    }

    /// Protocol and ports of a state of reaching over the network.
    pub fn ports_of(&self, id: StateId) -> Option<(&str, &str)> {
        let state = self.state(id)?;
        let (protocol, ports) = self.ports.get(state.ports as usize)?;
        (!ports.is_empty()).then_some((protocol.as_str(), ports.as_str()))
    }

    /// A state as documents name it.
    pub fn state_ref(&self, id: StateId) -> StateRef {
        let Some(state) = self.state(id) else {
            return StateRef::new(ResourceId::default(), Access::Reach);
        };
        let resource = self
            .node(state.node)
            .map(|node| node.id.clone())
            .unwrap_or_default();
        let mut named = StateRef::new(resource, state.access);
        if let Some((protocol, ports)) = self.ports_of(id) {
            named.protocol = Some(protocol.to_owned());
            named.ports = Some(ports.to_owned());
        }
        named
    }

    /// What stands behind a step.
    pub fn behind(&self, step: &Step<'_>) -> Option<DerivedStep> {
        self.steps.get(step.tag() as usize).copied()
    }

    /// The places of the facts behind a step.
    pub fn evidence(&self, step: DerivedStep) -> &[Location] {
        self.evidence.list(step.evidence)
    }

    /// What must hold for a step.
    pub fn conditions(&self, step: DerivedStep) -> &[Condition] {
        self.conditions.list(step.conditions)
    }

    /// Resources whose facts make a step, beside its ends: groups, policies, profiles.
    pub fn via(&self, step: DerivedStep) -> &[NodeId] {
        self.via.list(step.via)
    }

    /// The stable id of a step: a hash of its ends, its technique and the owners of its evidence, not of
    /// positions.
    pub fn step_name(&self, id: StepId) -> String {
        let Some(step) = self.graph.step(id) else {
            return String::new();
        };
        let mut text = String::new();
        for input in step.inputs() {
            let _ = writeln!(text, "{}", self.state_ref(input));
        }
        let _ = writeln!(text, ">{}", self.state_ref(step.to()));
        if let Some(behind) = self.behind(&step) {
            if let Some(technique) = self.techniques.technique(behind.technique) {
                text.push_str(&technique.name);
            }
            for owner in self.via(behind) {
                if let Some(node) = self.node(*owner) {
                    let _ = write!(text, "\n{}", node.id);
                }
            }
        }
        format!("s-{:016x}", stable_hash(&text))
    }

    /// A step as the report states it.
    pub fn step_report(&self, id: StepId) -> Option<report::Step> {
        let step = self.graph.step(id)?;
        let behind = self.behind(&step)?;
        let technique = self.techniques.technique(behind.technique)?;
        let mut inputs = step.inputs().map(|input| self.state_ref(input));
        Some(report::Step {
            from: inputs.next()?,
            requires: inputs.collect(),
            to: self.state_ref(step.to()),
            technique: technique.name.clone(),
            certainty: match step.certainty() {
                Certainty::Certain => cspm_model::Certainty::Certain,
                Certainty::Conditional => cspm_model::Certainty::Conditional,
                Certainty::Unknown => cspm_model::Certainty::Unknown,
            },
            conditions: self.conditions(behind).to_vec(),
            likelihood: rounded(step.likelihood().to_probability()),
            evidence: self.evidence(behind).to_vec(),
        })
    }
}

/// Six digits: what costs in fixed point can tell apart, and the same text on every machine.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo; IETF draft-eastlake-fnv): the same on every machine and in every
/// version. Names are no secrets: a collision would join two steps in a report, not in the graph.
fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
