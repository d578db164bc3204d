//! Attack paths: ways from an entry to a crown jewel.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cspm_graph::algo::{Derivations, most_likely, next_most_likely, reach, reach_with};
use cspm_graph::graph::{Certainty as Width, StateId, StateSet, Step as GraphStep, StepId, View};
use cspm_model::Certainty;
use cspm_model::report::{AttackPath, Condition, Priority, Step};

use crate::analysis::{Analysis, JewelState, Layer};
use crate::error::RiskError;
use crate::judge::rounded;
use crate::room::{Room, hit};
use crate::score::{Band, Factors, score};

/// A way and what it means.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) jewel: usize,
    pub(crate) steps: Vec<StepId>,
    pub(crate) cost: u64,
    pub(crate) path: AttackPath,
}

impl Analysis<'_> {
    /// The most likely ways to every crown jewel, in the narrowest view in which each is lost, the most valuable
    /// first; and the room that is left for further ways.
    pub(crate) fn ways(&self, limits_hit: &mut Vec<String>) -> Result<(Vec<Way>, Room), RiskError> {
        let mut ways = Vec::new();
        // Half of the room is kept for ways that only findings ask for.
        let kept = self.options.path_steps / 2;
        let mut room = Room::new(self.options.path_steps - kept);
        let mut jewels: Vec<(usize, &JewelState)> = self.jewels.iter().enumerate().collect();
        jewels.sort_by_key(|(_, jewel)| std::cmp::Reverse(jewel.value));
        for (at, jewel) in jewels {
            let Some(layer) = self
                .layers
                .iter()
                .find(|it| it.reached.contains(jewel.state))
            else {
                continue;
            };
            if self.is_entry(jewel.state) {
                continue;
            }
            if room.is_empty() {
                room.cut(limits_hit);
                break;
            }
            if self.options.paths > 1 {
                let view = self.view(layer.certainty, false, &[]);
                let (found, cut) = next_most_likely(
                    &view,
                    &self.entries,
                    jewel.state,
                    self.options.paths,
                    &self.limits,
                )?;
                if cut {
                    hit("paths", limits_hit);
                }
                for it in found {
                    if room.take(it.steps().len(), limits_hit) {
                        ways.push(self.way(at, jewel, layer, it.steps().to_vec(), it.cost()));
                    }
                }
            } else if let Some(it) = layer.ways.derivation(jewel.state)
                && room.take(it.steps().len(), limits_hit)
            {
                ways.push(self.way(at, jewel, layer, it.steps().to_vec(), it.cost()));
            }
        }
        room.extend(kept);
        Ok((ways, room))
    }

    /// The steps of the most likely ways to all crown jewels, in the narrowest view in which each is lost.
    ///
    /// COST: ways share their beginnings, so each state is gone through once, however long the ways are together.
    pub(crate) fn likely_steps(&self) -> HashSet<StepId> {
        let mut steps = HashSet::new();
        let mut seen = vec![StateSet::new(); self.layers.len()];
        for jewel in &self.jewels {
            let mut layers = self.layers.iter().zip(&mut seen);
            let Some((layer, seen)) = layers.find(|(it, _)| it.reached.contains(jewel.state))
            else {
                continue;
            };
            let mut open = vec![jewel.state];
            while let Some(state) = open.pop() {
                if seen.insert(state) {
                    steps.extend(layer.ways.last_step(state));
                    open.extend(layer.ways.inputs(state));
                }
            }
        }
        steps
    }

    fn way(
        &self,
        at: usize,
        jewel: &JewelState,
        layer: &Layer,
        steps: Vec<StepId>,
        cost: u64,
    ) -> Way {
        let graph = self.derived.graph();
        let mut conditions: Vec<Condition> = Vec::new();
        let mut certainty = Certainty::Certain;
        for step in steps.iter().filter_map(|&id| graph.step(id)) {
            certainty = certainty.max(match step.certainty() {
                Width::Certain => Certainty::Certain,
                Width::Conditional => Certainty::Conditional,
                Width::Unknown => Certainty::Unknown,
            });
            if let Some(behind) = self.derived.behind(&step) {
                conditions.extend(self.derived.conditions(behind).iter().cloned());
            }
        }
        conditions.sort();
        conditions.dedup();
        let first = steps
            .iter()
            .filter_map(|&id| graph.step(id))
            .flat_map(|step| step.inputs())
            .find(|input| self.is_entry(*input));
        let from = first
            .or_else(|| self.entries.first().copied())
            .unwrap_or(jewel.state);
        let names: Vec<String> = steps.iter().map(|&id| self.derived.step_name(id)).collect();
        let priority = if certainty == Certainty::Unknown {
            Priority::Medium
        } else if certainty == Certainty::Certain && self.is_firm_way(jewel, &steps) {
            Priority::Critical
        } else {
            Priority::High
        };
        let factors = Factors {
            exposure_cost: Some(layer.ways.cost(jewel.state).unwrap_or(cost)),
            step_cost: 0,
            prize_milli: jewel.value.saturating_mul(1000),
            blast_value: jewel.value,
        };
        let path = AttackPath {
            id: path_name(&names),
            from: self.derived.state_ref(from),
            to: self.derived.state_ref(jewel.state),
            certainty,
            conditions,
            likelihood: rounded(cspm_graph::graph::Likelihood::probability_of(cost)),
            value: jewel.value,
            priority,
            score: score(Band::of(priority), &factors),
            steps: names,
            findings: Vec::new(),
        };
        Way {
            jewel: at,
            steps,
            cost,
            path,
        }
    }

    /// A way through one of these steps to a crown jewel behind it: for findings that lie on no most likely
    /// way. `None` where none was found within the search.
    pub(crate) fn way_through(
        &self,
        removed: &[StepId],
        certainty: Certainty,
        memo: &mut ThroughMemo,
    ) -> Result<Option<Way>, RiskError> {
        let graph = self.derived.graph();
        let index = match certainty {
            Certainty::Certain => 0,
            Certainty::Conditional => 1,
            Certainty::Unknown => 2,
        };
        let Some(layer) = self.layers.get(index) else {
            return Ok(None);
        };
        let mut best: Option<Way> = None;
        for step in removed.iter().filter_map(|&id| graph.step(id)) {
            let onward = if let Some(known) = memo.get(&(step.to(), certainty)) {
                known.clone()
            } else {
                let found = self.onward(step.to(), layer)?;
                memo.insert((step.to(), certainty), found.clone());
                found
            };
            let Some((jewel, rest)) = onward else {
                continue;
            };
            let whole = match self.with_what_it_needs(&step, &rest, &layer.ways) {
                Some(steps) => Some(steps),
                None => self.by_other_ways(&step, &rest, layer)?,
            };
            let Some(steps) = whole else { continue };
            let cost = steps
                .iter()
                .filter_map(|&id| graph.step(id))
                .fold(0u64, |sum, it| {
                    sum.saturating_add(u64::from(it.likelihood().cost()))
                });
            let Some(state) = self.jewels.get(jewel) else {
                continue;
            };
            if best.as_ref().is_none_or(|it| cost < it.cost) {
                let mut way = self.way(jewel, state, layer, steps.clone(), cost);
                if way.path.priority == Priority::Critical && !self.on_firm_way(&step) {
                    way.path.priority = Priority::High;
                }
                best = Some(way);
            }
        }
        Ok(best)
    }

    /// A step, the rest of its way, and the ways to all that they need and do not give; nothing where one of
    /// those is not had, or the whole would come to one state twice.
    fn with_what_it_needs(
        &self,
        step: &GraphStep<'_>,
        rest: &[StepId],
        ways: &Derivations,
    ) -> Option<Vec<StepId>> {
        let graph = self.derived.graph();
        let given: HashSet<StateId> = rest
            .iter()
            .filter_map(|&it| graph.step(it))
            .map(|it| it.to())
            .chain([step.to()])
            .collect();
        let mut steps = EachOnce::default();
        for input in step.inputs() {
            steps.extend(ways.derivation(input)?.steps().iter().copied());
        }
        steps.extend([step.id()]);
        for &id in rest {
            // Inputs of gates that do not come from here come by their own most likely way.
            for input in graph.step(id)?.inputs().filter(|it| !given.contains(it)) {
                steps.extend(ways.derivation(input)?.steps().iter().copied());
            }
            steps.extend([id]);
        }
        let steps = steps.in_order;
        let mut gives: Vec<StateId> = steps
            .iter()
            .filter_map(|&id| graph.step(id))
            .map(|it| it.to())
            .collect();
        gives.sort_unstable();
        gives.is_sorted_by(|a, b| a < b).then_some(steps)
    }

    /// The same where what is needed is had without anything that this way gives.
    fn by_other_ways(
        &self,
        step: &GraphStep<'_>,
        rest: &[StepId],
        layer: &Layer,
    ) -> Result<Option<Vec<StepId>>, RiskError> {
        let graph = self.derived.graph();
        let given = rest
            .iter()
            .filter_map(|&it| graph.step(it))
            .map(|it| it.to());
        let mut without: Vec<StepId> = given
            .chain([step.to()])
            .flat_map(|state| graph.steps_into(state))
            .map(|it| it.id())
            .collect();
        without.sort_unstable();
        without.dedup();
        let view = self.view(layer.certainty, false, &without);
        let ways = most_likely(&view, &self.entries, &self.limits)?;
        Ok(self.with_what_it_needs(step, rest, &ways))
    }

    /// The most likely rest of a way: from a state to the best crown jewel behind it, with what the entries
    /// reach at hand for gates.
    fn onward(
        &self,
        from: StateId,
        layer: &Layer,
    ) -> Result<Option<(usize, Vec<StepId>)>, RiskError> {
        let graph = self.derived.graph();
        let members: Vec<usize> = layer.behind.members(from).collect();
        if let Some(&own) = self.jewel_of.get(&from) {
            return Ok(Some((own, Vec::new())));
        }
        let view = self.view(layer.certainty, true, &[]);
        let best = |view: &View<'_>, starts: &[StateId]| -> Result<_, RiskError> {
            let ways = most_likely(view, starts, &self.limits)?;
            let found = members.iter().filter_map(|&at| {
                let derivation = ways.derivation(self.jewels.get(at)?.state)?;
                (!derivation.steps().is_empty())
                    .then(|| (derivation.cost(), at, derivation.steps().to_vec()))
            });
            Ok(found.min().map(|(_, at, steps)| (at, steps)))
        };
        // First without help; then with what the entries hold that a gate may need. What is not reached from
        // here helps with gates only: its own steps would lead past here.
        if let Some(found) = best(&view, &[from])? {
            return Ok(Some(found));
        }
        let reached = reach_with(&view, &[from], &layer.reached, &self.limits)?;
        let alone = reach(&view, &[from], &self.limits)?;
        let mut helpers: Vec<StateId> = view
            .steps()
            .filter(|step| step.is_gate() && step.inputs().any(|it| reached.contains(it)))
            .flat_map(|step| step.inputs().collect::<Vec<_>>())
            .filter(|&it| !alone.contains(it) && layer.reached.contains(it))
            .collect();
        helpers.sort_unstable();
        helpers.dedup();
        let mut past: Vec<StepId> = helpers
            .iter()
            .flat_map(|&it| graph.steps_from(it))
            .filter(|step| !step.inputs().any(|it| alone.contains(it)))
            .map(|step| step.id())
            .collect();
        past.sort_unstable();
        past.dedup();
        helpers.push(from);
        helpers.sort_unstable();
        best(&self.view(layer.certainty, true, &past), &helpers)
    }

    /// The table of steps that a report names.
    pub(crate) fn step_table(&self, steps: BTreeSet<StepId>) -> BTreeMap<String, Step> {
        let named = steps
            .into_iter()
            .filter_map(|id| Some((self.derived.step_name(id), self.derived.step_report(id)?)));
        named.collect()
    }
}

/// Steps in the order in which they come, each once.
#[derive(Debug, Default)]
pub(crate) struct EachOnce {
    pub(crate) in_order: Vec<StepId>,
    known: HashSet<StepId>,
}

impl Extend<StepId> for EachOnce {
    fn extend<T: IntoIterator<Item = StepId>>(&mut self, steps: T) {
        let known = &mut self.known;
        self.in_order
            .extend(steps.into_iter().filter(|&it| known.insert(it)));
    }
}

/// What lies onward of a state, by view.
pub(crate) type ThroughMemo = HashMap<(StateId, Certainty), Option<(usize, Vec<StepId>)>>;

/// The stable id of a path: a hash of its steps.
fn path_name(steps: &[String]) -> String {
    let hash = steps
        .iter()
        .flat_map(|it| it.bytes().chain([b'\n']))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("p-{hash:016x}")
}
