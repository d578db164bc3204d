//! Which states reach which: each source by itself.

use std::collections::BTreeSet;

use cspm_graph::algo::{most_likely, reach_with};
use cspm_graph::graph::{Certainty as Width, StateId, StateSet, StepId};
use cspm_model::Certainty;
use cspm_model::report::{Condition, REACH_SCHEMA, ReachPair, ReachReport};

use crate::analysis::Analysis;
use crate::error::RiskError;
use crate::judge::rounded;
use crate::selector::Selector;
use crate::ways::EachOnce;

impl Analysis<'_> {
    /// Every pair of a state of `from` that reaches a state of `to`, with the narrowest view in which it does
    /// and its most likely way there. What the entries of the analysis reach is at hand for gates.
    ///
    /// # Errors
    /// When a selector means nothing, or a limit is passed.
    ///
    /// # Complexity
    /// O(m log n) for each source.
    pub fn reach(&self, from: &Selector, to: &Selector) -> Result<ReachReport, RiskError> {
        let select = |selector: &Selector, as_goal: bool| {
            let states = selector.states(self.estate, &self.derived, &self.options.values, as_goal);
            if states.is_empty() {
                return Err(RiskError::Nothing {
                    text: selector.as_str().to_owned(),
                });
            }
            Ok(states)
        };
        let sources = select(from, false)?;
        let targets = select(to, true)?;
        let views: Vec<_> = self
            .layers
            .iter()
            .map(|layer| (layer, self.view(layer.certainty, false, &[])))
            .collect();
        let mut pairs = Vec::new();
        let mut steps = BTreeSet::new();
        for &source in &sources {
            let mut open: Vec<StateId> =
                targets.iter().copied().filter(|&it| it != source).collect();
            for (layer, view) in &views {
                if open.is_empty() {
                    break;
                }
                let reached = reach_with(view, &[source], &layer.reached, &self.limits)?;
                let here: Vec<StateId> = open
                    .iter()
                    .copied()
                    .filter(|&it| reached.contains(it))
                    .collect();
                if here.is_empty() {
                    continue;
                }
                open.retain(|it| !reached.contains(*it));
                let found = self.best_ways(source, &here, &reached, layer.certainty)?;
                for (target, way) in found {
                    steps.extend(way.iter().copied());
                    pairs.push(self.pair(source, target, layer.certainty, &way));
                }
            }
        }
        pairs.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        Ok(ReachReport {
            schema: REACH_SCHEMA.to_owned(),
            pairs,
            steps: self.step_table(steps),
        })
    }

    /// The most likely way from a state to each target: with the inputs of gates that only others hold as
    /// further starts, whose own ways stand in front.
    fn best_ways(
        &self,
        source: StateId,
        targets: &[StateId],
        reached: &StateSet,
        certainty: Certainty,
    ) -> Result<Vec<(StateId, Vec<StepId>)>, RiskError> {
        let graph = self.derived.graph();
        let view = self.view(certainty, false, &[]);
        let Some(layer) = self.layers.iter().find(|it| it.certainty == certainty) else {
            return Ok(Vec::new());
        };
        // Inputs that the source does not reach itself, of gates that fire with what it does reach.
        let mut helpers: Vec<StateId> = graph
            .steps()
            .filter(|step| {
                step.is_gate() && view.contains(step.id()) && reached.contains(step.to())
            })
            .flat_map(|step| step.inputs().collect::<Vec<_>>())
            .filter(|&it| !reached.contains(it) && layer.reached.contains(it))
            .collect();
        helpers.sort_unstable();
        helpers.dedup();
        let alone = most_likely(&view, &[source], &self.limits)?;
        let helped = if helpers.is_empty() {
            None
        } else {
            let entries: Vec<StateId> = std::iter::once(source)
                .chain(helpers.iter().copied())
                .collect();
            Some(most_likely(&view, &entries, &self.limits)?)
        };
        let mut found = Vec::new();
        for &target in targets {
            let way = alone
                .derivation(target)
                .or_else(|| helped.as_ref().and_then(|it| it.derivation(target)));
            let Some(way) = way else { continue };
            let mut steps = EachOnce::default();
            let inputs: Vec<StateId> = way
                .steps()
                .iter()
                .filter_map(|&id| graph.step(id))
                .flat_map(|step| step.inputs().collect::<Vec<_>>())
                .filter(|it| helpers.binary_search(it).is_ok())
                .collect();
            for input in inputs {
                let way = layer.ways.derivation(input);
                steps.extend(way.iter().flat_map(|it| it.steps().iter().copied()));
            }
            steps.extend(way.steps().iter().copied());
            found.push((target, steps.in_order));
        }
        Ok(found)
    }

    fn pair(&self, from: StateId, to: StateId, certainty: Certainty, way: &[StepId]) -> ReachPair {
        let graph = self.derived.graph();
        let mut conditions: Vec<Condition> = Vec::new();
        let mut cost: u64 = 0;
        for step in way.iter().filter_map(|&id| graph.step(id)) {
            cost = cost.saturating_add(u64::from(step.likelihood().cost()));
            if step.certainty() > Width::Certain
                && let Some(behind) = self.derived.behind(&step)
            {
                conditions.extend(self.derived.conditions(behind).iter().cloned());
            }
        }
        conditions.sort();
        conditions.dedup();
        ReachPair {
            from: self.derived.state_ref(from),
            to: self.derived.state_ref(to),
            certainty,
            conditions,
            likelihood: rounded(cspm_graph::graph::Likelihood::probability_of(cost)),
            steps: way.iter().map(|&id| self.derived.step_name(id)).collect(),
        }
    }
}
