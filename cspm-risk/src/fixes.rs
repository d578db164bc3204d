//! What fixes cut off.

use std::collections::{HashMap, HashSet};

use cspm_graph::algo::{ChokePoints, reach};
use cspm_graph::derive::Derived;
use cspm_graph::graph::StepId;
use cspm_model::report::{ChokePoint, Fix};
use cspm_model::{Certainty, Location};

use crate::analysis::Analysis;
use crate::checks::Check;
use crate::error::RiskError;
use crate::judge::{IDS_SHOWN, Judgement};
use crate::room::hit;

/// Steps from neighbours by the rule that lets them in: closing a rule to the internet closes it to them.
#[derive(Debug, Default)]
pub(crate) struct Rules(HashMap<Location, Vec<StepId>>);

impl Rules {
    pub(crate) fn new(derived: &Derived) -> Self {
        let lateral = derived
            .techniques()
            .iter()
            .find(|(_, it)| it.name == "network.lateral");
        let mut by_rule: HashMap<Location, Vec<StepId>> = HashMap::new();
        for step in derived.graph().steps() {
            let Some(behind) = derived.behind(&step) else {
                continue;
            };
            if lateral.is_some_and(|(id, _)| id == behind.technique) {
                for rule in derived.evidence(behind) {
                    by_rule.entry(rule.clone()).or_default().push(step.id());
                }
            }
        }
        Self(by_rule)
    }

    fn of<'a>(&'a self, analysis: &'a Analysis<'_>, step: StepId) -> Vec<&'a Location> {
        let derived = &analysis.derived;
        let behind = derived
            .graph()
            .step(step)
            .and_then(|it| derived.behind(&it));
        let evidence = behind.map(|it| derived.evidence(it)).unwrap_or_default();
        evidence
            .iter()
            .filter(|it| self.0.contains_key(it))
            .collect()
    }

    fn shares(&self, analysis: &Analysis<'_>, step: StepId) -> bool {
        !self.of(analysis, step).is_empty()
    }

    /// The steps, and those of neighbours by the same rules where no other rule lets them in.
    fn closed_with(&self, analysis: &Analysis<'_>, removed: &[StepId]) -> Vec<StepId> {
        let rules: HashSet<&Location> = removed
            .iter()
            .flat_map(|&it| self.of(analysis, it))
            .collect();
        let mut all = removed.to_vec();
        for step in rules.iter().filter_map(|it| self.0.get(*it)).flatten() {
            if self
                .of(analysis, *step)
                .iter()
                .all(|it| rules.contains(*it))
            {
                all.push(*step);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What removing a set of steps cuts off, by the set.
pub(crate) type FixMemo = HashMap<Vec<StepId>, (u64, u64)>;

impl Analysis<'_> {
    /// The fix of a finding.
    ///
    /// Exact: a single step is a choke point or is not; several are removed together and the entries' reach is
    /// worked out again.
    pub(crate) fn fix(
        &self,
        check: Option<&Check>,
        judgement: &Judgement,
        choke: &ChokePoints,
        memo: &mut FixMemo,
        limits_hit: &mut Vec<String>,
    ) -> Result<Fix, RiskError> {
        let removed = &judgement.removed;
        let technique = removed.first().and_then(|&id| {
            let step = self.derived.graph().step(id)?;
            let behind = self.derived.behind(&step)?;
            self.derived.techniques().technique(behind.technique)
        });
        let text = check
            .map(|it| it.fix.clone())
            .or_else(|| technique.map(|it| it.stop.clone()))
            .unwrap_or_default();
        let [_, conditional, _] = &self.layers;
        let (cuts_off, value) = if removed.is_empty() || judgement.certainty == Certainty::Unknown {
            (0, 0)
        } else if let [only] = judgement.cut[..]
            && !self.rules.shares(self, only)
        {
            let jewels = choke
                .of_step(only)
                .map(|it| it.jewels())
                .unwrap_or_default();
            self.worth(&jewels)
        } else if let Some(&known) = memo.get(&judgement.cut) {
            known
        } else if memo.len() >= self.options.searches {
            hit("searches", limits_hit);
            (0, 0)
        } else {
            let whole = self.rules.closed_with(self, &judgement.cut);
            let view = self.view(Certainty::Conditional, false, &whole);
            let left = reach(&view, &self.entries, &self.limits)?;
            let lost = self.jewels.iter().enumerate().filter(|(_, jewel)| {
                conditional.reached.contains(jewel.state) && !left.contains(jewel.state)
            });
            let lost: Vec<usize> = lost.map(|(at, _)| at).collect();
            let (count, value) = self.worth(&lost);
            memo.insert(judgement.cut.clone(), (count, value));
            (count, value)
        };
        Ok(Fix {
            cuts_off,
            value,
            text,
        })
    }

    /// The choke points as the report states them, the most valuable first.
    pub(crate) fn choke_points(&self, choke: &ChokePoints) -> Vec<(Option<StepId>, ChokePoint)> {
        let graph = self.derived.graph();
        let mut points = Vec::new();
        let shown = if self.options.all_ids {
            usize::MAX
        } else {
            IDS_SHOWN
        };
        let names = |jewels: &[usize]| {
            let named = jewels
                .iter()
                .filter_map(|&at| self.jewels.get(at))
                .take(shown);
            named
                .map(|jewel| self.derived.state_ref(jewel.state))
                .collect::<Vec<_>>()
        };
        for point in choke.steps() {
            let jewels = point.jewels();
            let (count, value) = self.worth(&jewels);
            let technique = graph
                .step(point.id())
                .and_then(|step| self.derived.behind(&step))
                .and_then(|behind| self.derived.techniques().technique(behind.technique));
            // What follows from a definition cannot be removed.
            if technique.is_some_and(|it| it.name.starts_with("builtin.")) {
                continue;
            }
            points.push((
                Some(point.id()),
                ChokePoint {
                    step: Some(self.derived.step_name(point.id())),
                    state: None,
                    cuts_off: count,
                    value,
                    crown_jewels: names(&jewels),
                    fix: technique.map(|it| it.stop.clone()).unwrap_or_default(),
                },
            ));
        }
        for point in choke.states() {
            let jewels = point.jewels();
            let (count, value) = self.worth(&jewels);
            let state = self.derived.state_ref(point.id());
            if self.is_entry(point.id()) {
                continue;
            }
            points.push((
                None,
                ChokePoint {
                    step: None,
                    fix: format!("keep attackers from `{state}`"),
                    state: Some(state),
                    cuts_off: count,
                    value,
                    crown_jewels: names(&jewels),
                },
            ));
        }
        points.sort_by(|(_, a), (_, b)| {
            (
                std::cmp::Reverse(a.value),
                std::cmp::Reverse(a.cuts_off),
                &a.step,
                &a.state,
            )
                .cmp(&(
                    std::cmp::Reverse(b.value),
                    std::cmp::Reverse(b.cuts_off),
                    &b.step,
                    &b.state,
                ))
        });
        points
    }
}
