//! Where steps are collected before the graph is frozen: nodes, states and steps under provisional
//! numbers, with every list stored once.

use std::collections::HashMap;
use std::hash::Hash;

use cspm_model::report::Condition;
use cspm_model::resource::{Class, Kind};
use cspm_model::{Access, Certainty, Estate, Location, ResourceId};

use super::technique::TechniqueId;

/// A node: a resource of the estate (same number), `internet`, or a synthetic part of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The node of the resource at this position.
    pub(super) fn of(position: usize) -> Self {
        Self(u32::try_from(position).unwrap_or(u32::MAX))
    }

    /// Its number.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of a node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Textual id.
    pub id: ResourceId,
    /// Kind.
    pub kind: Kind,
    /// Account.
    pub account: Option<String>,
    /// Whether it is a resource of the estate, which counts in a blast radius.
    pub is_resource: bool,
}

/// A state under a provisional number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DraftState(pub(super) u32);

/// What a state is. `ports` numbers a pair of protocol and ports; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StateKey {
    pub(super) node: NodeId,
    pub(super) access: Access,
    pub(super) ports: u32,
}

/// Number of a list that is stored once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct ListId(u32);

/// Lists, each stored once; number 0 is the empty one.
#[derive(Debug, Clone)]
pub(super) struct Lists<T> {
    lists: Vec<Box<[T]>>,
    numbers: HashMap<Box<[T]>, u32>,
}

impl<T: Clone + Eq + Hash> Lists<T> {
    fn new() -> Self {
        let mut lists = Self {
            lists: Vec::new(),
            numbers: HashMap::new(),
        };
        lists.add(Vec::new());
        lists
    }

    /// The number of a list.
    pub(super) fn add(&mut self, list: Vec<T>) -> ListId {
        let list = list.into_boxed_slice();
        if let Some(&number) = self.numbers.get(&list) {
            return ListId(number);
        }
        let number = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.lists.push(list.clone());
        self.numbers.insert(list, number);
        ListId(number)
    }

    /// The list with this number.
    pub(super) fn list(&self, id: ListId) -> &[T] {
        self.lists.get(id.0 as usize).map_or(&[], |list| list)
    }

    fn release(&mut self) {
        self.numbers = HashMap::new();
    }
}

/// A step before the graph is frozen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DraftStep {
    pub(super) from: DraftState,
    pub(super) requires: Vec<DraftState>,
    pub(super) to: DraftState,
    pub(super) technique: TechniqueId,
    pub(super) certainty: Certainty,
    /// Likelihood of success, if it differs from that of the technique.
    pub(super) likelihood: Option<f64>,
    pub(super) conditions: ListId,
    pub(super) evidence: ListId,
    /// Resources whose facts make the step: security groups, policies, profiles...
    pub(super) via: ListId,
}

/// A step as its maker states it.
#[derive(Debug, Clone)]
pub(super) struct StepFacts {
    pub(super) technique: TechniqueId,
    pub(super) certainty: Certainty,
    pub(super) likelihood: Option<f64>,
    pub(super) conditions: Vec<Condition>,
    pub(super) evidence: Vec<Location>,
    pub(super) via: Vec<NodeId>,
}

impl StepFacts {
    /// A certain step without conditions.
    pub(super) fn certain(technique: TechniqueId, evidence: Vec<Location>) -> Self {
        Self {
            technique,
            certainty: Certainty::Certain,
            likelihood: None,
            conditions: Vec::new(),
            evidence,
            via: Vec::new(),
        }
    }

    pub(super) fn via(mut self, mut via: Vec<NodeId>) -> Self {
        via.sort_unstable();
        via.dedup();
        self.via = via;
        self
    }

    pub(super) fn certainty(mut self, certainty: Certainty) -> Self {
        self.certainty = certainty;
        self
    }
}

/// Everything collected.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) nodes: Vec<Node>,
    pub(super) internet: NodeId,
    /// The state that stands for everybody, once something is open to all.
    pub(super) everybody: Option<DraftState>,
    pub(super) states: Vec<StateKey>,
    numbers: HashMap<StateKey, DraftState>,
    /// States of reaching a node, in the order in which they were named.
    reach_of: HashMap<NodeId, Vec<DraftState>>,
    /// Protocol and ports, by number; 0 is none.
    pub(super) ports: Vec<(String, String)>,
    port_numbers: HashMap<(String, String), u32>,
    pub(super) steps: Vec<DraftStep>,
    pub(super) evidence: Lists<Location>,
    pub(super) conditions: Lists<Condition>,
    pub(super) via: Lists<NodeId>,
    /// Steps of another tool name techniques that the catalogue does not know.
    pub(super) stated: HashMap<String, TechniqueId>,
}

impl Draft {
    pub(super) fn new(estate: &Estate) -> Self {
        let mut nodes: Vec<Node> = estate
            .resources()
            .iter()
            .map(|resource| Node {
                id: resource.id.clone(),
                kind: resource.kind.clone(),
                account: resource.account.clone(),
                is_resource: true,
            })
            .collect();
        let internet = NodeId::of(nodes.len());
        nodes.push(Node {
            id: ResourceId::internet(),
            kind: Kind::new("entry.internet"),
            account: None,
            is_resource: false,
        });
        Self {
            nodes,
            internet,
            everybody: None,
            states: Vec::new(),
            numbers: HashMap::new(),
            reach_of: HashMap::new(),
            ports: vec![(String::new(), String::new())],
            port_numbers: HashMap::new(),
            steps: Vec::new(),
            evidence: Lists::new(),
            conditions: Lists::new(),
            via: Lists::new(),
            stated: HashMap::new(),
        }
    }

    /// A node that is no resource.
    pub(super) fn synthetic(&mut self, id: &str, kind: &str, account: Option<String>) -> NodeId {
        let node = NodeId::of(self.nodes.len());
        self.nodes.push(Node {
            id: ResourceId::new(id),
            kind: Kind::new(kind),
            account,
            is_resource: false,
        });
        node
    }

    pub(super) fn class(&self, node: NodeId) -> Class {
        self.nodes
            .get(node.index())
            .map_or(Class::Opaque, |node| node.kind.class())
    }

    /// The state of this access.
    pub(super) fn state(&mut self, node: NodeId, access: Access) -> DraftState {
        self.number(StateKey {
            node,
            access,
            ports: 0,
        })
    }

    /// The state of reaching these ports.
    pub(super) fn reach(&mut self, node: NodeId, protocol: &str, ports: &str) -> DraftState {
        let key = (protocol.to_owned(), ports.to_owned());
        let next = u32::try_from(self.ports.len()).unwrap_or(u32::MAX);
        let number = *self.port_numbers.entry(key.clone()).or_insert(next);
        if number == next {
            self.ports.push(key);
        }
        self.number(StateKey {
            node,
            access: Access::Reach,
            ports: number,
        })
    }

    /// The entry `internet`.
    pub(super) fn internet(&mut self) -> DraftState {
        self.state(self.internet, Access::Reach)
    }

    /// The state, if a step or a jewel has named it.
    pub(super) fn existing(&self, node: NodeId, access: Access) -> Option<DraftState> {
        self.numbers
            .get(&StateKey {
                node,
                access,
                ports: 0,
            })
            .copied()
    }

    fn number(&mut self, key: StateKey) -> DraftState {
        let next = DraftState(u32::try_from(self.states.len()).unwrap_or(u32::MAX));
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.states.push(key);
            if key.access == Access::Reach {
                self.reach_of.entry(key.node).or_default().push(number);
            }
        }
        number
    }

    /// The states of reaching a node.
    pub(super) fn reach_of(&self, node: NodeId) -> impl Iterator<Item = (DraftState, StateKey)> {
        let states = self.reach_of.get(&node).map_or(&[][..], Vec::as_slice);
        states
            .iter()
            .filter_map(|&state| Some((state, *self.states.get(state.0 as usize)?)))
    }

    /// Adds a step.
    pub(super) fn step(&mut self, from: DraftState, to: DraftState, facts: StepFacts) {
        self.gate(from, Vec::new(), to, facts);
    }

    /// Adds a gate: `from` and all of `requires` give `to`. A step into itself is left out.
    pub(super) fn gate(
        &mut self,
        from: DraftState,
        mut requires: Vec<DraftState>,
        to: DraftState,
        facts: StepFacts,
    ) {
        requires.retain(|&state| state != from);
        requires.sort_unstable();
        requires.dedup();
        if from == to || requires.contains(&to) {
            return;
        }
        let conditions = self.conditions.add(facts.conditions);
        let evidence = self.evidence.add(facts.evidence);
        let via = self.via.add(facts.via);
        self.steps.push(DraftStep {
            from,
            requires,
            to,
            technique: facts.technique,
            certainty: facts.certainty,
            likelihood: facts.likelihood,
            conditions,
            evidence,
            via,
        });
    }

    /// Gives back what only collecting needed.
    pub(super) fn release(&mut self) {
        self.numbers = HashMap::new();
        self.reach_of = HashMap::new();
        self.evidence.release();
        self.conditions.release();
        self.via.release();
    }
}
