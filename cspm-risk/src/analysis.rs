//! Everything that is worked out once.

use std::collections::HashMap;
use std::sync::Arc;

use cspm_graph::algo::{
    Derivations, JewelSets, Prizes, free, jewel_sets, most_likely, prize, reach,
};
use cspm_graph::derive::{Derived, NodeId, derive};
use cspm_graph::graph::{
    Certainty as Width, Limits, StateId, StateSet, Step, StepId, View, ViewOptions,
};
use cspm_model::{Access, Certainty, Estate};

use crate::checks::Checks;
use crate::concern::Users;
use crate::error::RiskError;
use crate::fixes::Rules;
use crate::options::Options;
use crate::selector::Selector;

/// A state whose loss is the damage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JewelState {
    pub(crate) state: StateId,
    pub(crate) node: NodeId,
    pub(crate) value: u64,
}

/// Answers in one of the three nested views.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) certainty: Certainty,
    pub(crate) reached: StateSet,
    pub(crate) ways: Derivations,
    pub(crate) behind: JewelSets,
    pub(crate) prizes: Prizes,
}

/// What counts for `critical`: certain steps, and a foothold that is more than the default assumption.
#[derive(Debug)]
pub(crate) struct Firm {
    pub(crate) reached: StateSet,
    pub(crate) behind: JewelSets,
    pub(crate) left_out: Vec<StepId>,
}

/// An estate's attack graph with everything that is worked out once. It can be asked again and again.
#[derive(Debug)]
pub struct Analysis<'e> {
    pub(crate) estate: &'e Estate,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    pub(crate) derived: Derived,
    pub(crate) checks: Checks,
    pub(crate) users: Users,
    pub(crate) rules: Rules,
    /// Ascending.
    pub(crate) entries: Vec<StateId>,
    pub(crate) jewels: Vec<JewelState>,
    pub(crate) jewel_of: HashMap<StateId, usize>,
    pub(crate) free: StateSet,
    /// Certain, conditional, unknown.
    pub(crate) layers: [Arc<Layer>; 3],
    pub(crate) firm: Firm,
    /// What lies behind each state when ways back into free states are not left out.
    pub(crate) sideways: JewelSets,
    pub(crate) via: HashMap<NodeId, Vec<StepId>>,
}

/// Crown jewels below this value never make a finding critical.
const CRITICAL_VALUE: u64 = 70;

pub(crate) fn width(certainty: Certainty) -> Width {
    match certainty {
        Certainty::Certain => Width::Certain,
        Certainty::Conditional => Width::Conditional,
        Certainty::Unknown => Width::Unknown,
    }
}

impl<'e> Analysis<'e> {
    /// Analyses an estate.
    ///
    /// # Errors
    /// When a selector means nothing, or the graph is larger than `limits` allow.
    ///
    /// # Complexity
    /// That of `cspm_graph::derive::derive`, and O(m log n) for a graph of n states and m steps.
    pub fn new(estate: &'e Estate, options: &Options, limits: &Limits) -> Result<Self, RiskError> {
        let derived = derive(estate, limits)?;
        let checks = Checks::load()?;
        let mut entries = Vec::new();
        for text in &options.entries {
            if text == "none" {
                continue;
            }
            let states = Selector::parse(text)?.states(estate, &derived, &options.values, false);
            // An estate without any way in has no state for the entry either; that is no mistake.
            if states.is_empty() && text != "internet" {
                return Err(RiskError::Nothing { text: text.clone() });
            }
            entries.extend(states);
        }
        entries.sort_unstable();
        entries.dedup();
        let jewels = jewels(estate, &derived, options);
        let graph = derived.graph();
        let certain = graph.view(&ViewOptions {
            certainty: Width::Certain,
            ..ViewOptions::default()
        });
        let free = free_states(&derived, &certain, &entries, limits)?;
        let layers = layers(&derived, &entries, &jewels, &free, limits)?;
        let firm = firm(&derived, &entries, &jewels, &free, limits)?;
        let [_, conditional, _] = &layers;
        let plain = graph.view(&ViewOptions {
            certainty: Width::Conditional,
            ..ViewOptions::default()
        });
        let sideways = jewel_sets(&plain, &conditional.reached, &values(&jewels), limits)?;
        let mut via: HashMap<NodeId, Vec<StepId>> = HashMap::new();
        for step in graph.steps() {
            if let Some(behind) = derived.behind(&step) {
                for &node in derived.via(behind) {
                    via.entry(node).or_default().push(step.id());
                }
            }
        }
        Ok(Self {
            users: Users::new(estate),
            rules: Rules::new(&derived),
            estate,
            options: options.clone(),
            limits: limits.clone(),
            checks,
            entries,
            jewel_of: jewels
                .iter()
                .enumerate()
                .map(|(at, it)| (it.state, at))
                .collect(),
            jewels,
            free,
            layers,
            firm,
            sideways,
            via,
            derived,
        })
    }

    /// The attack graph.
    pub fn derived(&self) -> &Derived {
        &self.derived
    }

    /// The view of a certainty, with or without ways back into free states.
    pub(crate) fn view(&self, certainty: Certainty, behind: bool, without: &[StepId]) -> View<'_> {
        self.derived.graph().view(&ViewOptions {
            certainty: width(certainty),
            without,
            free: behind.then_some(&self.free),
            ..ViewOptions::default()
        })
    }

    pub(crate) fn is_entry(&self, state: StateId) -> bool {
        self.entries.binary_search(&state).is_ok()
    }

    /// Whether a step lies on a way from an entry to a crown jewel in a layer.
    pub(crate) fn on_way(&self, step: &Step<'_>, layer: &Layer) -> bool {
        step.certainty() <= width(layer.certainty)
            && !self.is_way_back(step)
            && step.inputs().all(|input| layer.reached.contains(input))
            && layer.behind.count(step.to()) > 0
    }

    /// Whether a step lies on a way that is enough for `critical`.
    pub(crate) fn on_firm_way(&self, step: &Step<'_>) -> bool {
        step.certainty() == Width::Certain
            && !self.is_way_back(step)
            && self.firm.left_out.binary_search(&step.id()).is_err()
            && step.inputs().all(|input| self.firm.reached.contains(input))
            && self.firm.behind.count(step.to()) > 0
    }

    /// Whether a way to a crown jewel is enough for `critical`: value at its end, and a foothold that is more than
    /// the default assumption.
    pub(crate) fn is_firm_way(&self, jewel: &JewelState, steps: &[StepId]) -> bool {
        jewel.value >= CRITICAL_VALUE
            && steps
                .iter()
                .all(|it| self.firm.left_out.binary_search(it).is_err())
    }

    /// Whoever can walk in from outside gains nothing by coming from inside.
    fn is_way_back(&self, step: &Step<'_>) -> bool {
        self.free.contains(step.to()) && !step.inputs().all(|input| self.free.contains(input))
    }

    /// How many resources some crown jewels are, and their value. The indices are ascending, each once.
    ///
    /// COST: the jewels of a resource stand side by side, so nothing is looked up. Every state of a long chain may
    /// ask this of all jewels behind it.
    pub(crate) fn worth(&self, jewels: &[usize]) -> (u64, u64) {
        let (mut count, mut value, mut last) = (0, 0_u64, None);
        for jewel in jewels.iter().filter_map(|&at| self.jewels.get(at)) {
            if last.replace(jewel.node) != Some(jewel.node) {
                count += 1;
                value = value.saturating_add(jewel.value);
            }
        }
        (count, value)
    }
}

/// Read and write of stores that hold something of value, control of accounts. Those of a resource stand side by side,
/// and have one value.
fn jewels(estate: &Estate, derived: &Derived, options: &Options) -> Vec<JewelState> {
    let mut jewels = Vec::new();
    for (at, resource) in estate.resources().iter().enumerate() {
        let value = options.values.of(resource);
        if value == 0 {
            continue;
        }
        let node = derived.node_at(at);
        let accesses: &[Access] = if resource.kind.as_str() == "account" {
            &[Access::Control]
        } else {
            &[Access::Read, Access::Write]
        };
        for &access in accesses {
            if let Some(state) = derived.state_of(node, access) {
                jewels.push(JewelState { state, node, value });
            }
        }
    }
    jewels
}

/// States that an entry gets without first controlling anything. Control itself is never one: it always has
/// to be won.
fn free_states(
    derived: &Derived,
    certain: &View<'_>,
    entries: &[StateId],
    limits: &Limits,
) -> Result<StateSet, RiskError> {
    let mut passes = StateSet::with_capacity(derived.graph().state_count());
    let mut controls = Vec::new();
    for id in derived.graph().states() {
        match derived.state(id).map(|state| state.access) {
            Some(Access::Control) => controls.push(id),
            Some(_) => {
                passes.insert(id);
            }
            None => {}
        }
    }
    let mut found = free(certain, entries, &passes, limits)?;
    for id in controls {
        found.remove(id);
    }
    Ok(found)
}

type Jewel = (StateId, u64);

fn values(jewels: &[JewelState]) -> Vec<Jewel> {
    jewels.iter().map(|it| (it.state, it.value)).collect()
}

fn layers(
    derived: &Derived,
    entries: &[StateId],
    jewels: &[JewelState],
    free: &StateSet,
    limits: &Limits,
) -> Result<[Arc<Layer>; 3], RiskError> {
    let graph = derived.graph();
    let has = |wanted: Width| graph.steps().any(|step| step.certainty() == wanted);
    let layer = |certainty: Certainty| -> Result<Arc<Layer>, RiskError> {
        let options = ViewOptions {
            certainty: width(certainty),
            ..ViewOptions::default()
        };
        let plain = graph.view(&options);
        let reached = reach(&plain, entries, limits)?;
        let ways = most_likely(&plain, entries, limits)?;
        let blast = graph.view(&ViewOptions {
            free: Some(free),
            ..options
        });
        let behind = jewel_sets(&blast, &reached, &values(jewels), limits)?;
        let prizes = prize(&blast, &ways, &values(jewels), limits)?;
        Ok(Arc::new(Layer {
            certainty,
            reached,
            ways,
            behind,
            prizes,
        }))
    };
    let certain = layer(Certainty::Certain)?;
    // A view that adds no step has the answers of the one before.
    let conditional = if has(Width::Conditional) {
        layer(Certainty::Conditional)?
    } else {
        Arc::clone(&certain)
    };
    let unknown = if has(Width::Unknown) {
        layer(Certainty::Unknown)?
    } else {
        Arc::clone(&conditional)
    };
    Ok([certain, conditional, unknown])
}

/// The certain view without footholds that are mere assumption, and without jewels of little value.
fn firm(
    derived: &Derived,
    entries: &[StateId],
    jewels: &[JewelState],
    free: &StateSet,
    limits: &Limits,
) -> Result<Firm, RiskError> {
    let graph = derived.graph();
    let mut left_out: Vec<StepId> = graph
        .steps()
        .filter(|step| {
            step.inputs().all(|input| free.contains(input))
                && derived
                    .behind(step)
                    .and_then(|behind| derived.techniques().technique(behind.technique))
                    .is_some_and(|technique| !technique.firm)
        })
        .map(|step| step.id())
        .collect();
    left_out.sort_unstable();
    let options = ViewOptions {
        certainty: Width::Certain,
        without: &left_out,
        ..ViewOptions::default()
    };
    let plain = graph.view(&options);
    let reached = reach(&plain, entries, limits)?;
    let blast = graph.view(&ViewOptions {
        free: Some(free),
        ..options
    });
    let heavy: Vec<Jewel> = values(jewels)
        .into_iter()
        .filter(|&(_, value)| value >= CRITICAL_VALUE)
        .collect();
    let behind = jewel_sets(&blast, &reached, &heavy, limits)?;
    Ok(Firm {
        reached,
        behind,
        left_out,
    })
}
