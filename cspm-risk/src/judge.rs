//! The verdict on a finding.

use std::collections::HashMap;

use cspm_graph::algo::{blast_resources, reach};
use cspm_graph::graph::{Likelihood, StateId, StateSet, Step, StepId, View};
use cspm_model::finding::Severity;
use cspm_model::ports::PortSet;
use cspm_model::report::{BlastRadius, Priority, Verdict};
use cspm_model::{Access, Certainty, Finding};

use crate::analysis::{Analysis, Layer};
use crate::checks::{Check, End};
use crate::concern::Concern;
use crate::error::RiskError;
use crate::score::{Band, Factors, score};

/// Everything that is known about one finding before it is put in words.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) priority: Priority,
    pub(crate) score: u8,
    pub(crate) exposure: f64,
    /// Steps that its fix removes and that lie on a way to a crown jewel, ascending.
    pub(crate) removed: Vec<StepId>,
    /// The view in which the verdict holds.
    pub(crate) certainty: Certainty,
    pub(crate) concern: Option<Concern>,
    pub(crate) blast: BlastRadius,
    /// Crown jewels behind it.
    pub(crate) jewels: Vec<usize>,
}

/// What the entries reach without a state, by the state and the view.
pub(crate) type Detours = HashMap<(StateId, Certainty), StateSet>;

/// Blast radii by the nodes they start from.
pub(crate) type BlastMemo = HashMap<Concern, (BlastRadius, Vec<usize>)>;

impl Analysis<'_> {
    /// Judges a finding.
    pub(crate) fn judge(
        &self,
        finding: &Finding,
        check: Option<&Check>,
        blast_view: &View<'_>,
        resource_of: &[u32],
        memo: &mut BlastMemo,
        detours: &mut Detours,
    ) -> Result<Judgement, RiskError> {
        let Some(concern) = self.concern(finding) else {
            return Ok(unmapped(finding));
        };
        let [_, conditional, unknown] = &self.layers;
        let states = self.states(&concern);
        let candidates = self.removed_by(finding, check, &concern);
        let mut on_way = |layer: &Layer| -> Result<Vec<StepId>, RiskError> {
            let graph = self.derived.graph();
            let mut steps = Vec::new();
            for step in candidates.iter().filter_map(|&id| graph.step(id)) {
                if self.on_way(&step, layer) && self.leads_on(&step, layer, detours)? {
                    steps.push(step.id());
                }
            }
            Ok(steps)
        };
        let reached_in = |layer: &Layer| states.iter().any(|&it| layer.reached.contains(it));
        let value_in = |layer: &Layer| states.iter().any(|&it| layer.behind.count(it) > 0);
        let removed = on_way(conditional)?;
        let (verdict, layer, removed) = if !removed.is_empty() {
            (Verdict::OnPath, conditional, removed)
        } else if reached_in(conditional) && value_in(conditional) {
            (Verdict::BesidePath, conditional, Vec::new())
        } else {
            let possible = on_way(unknown)?;
            match (reached_in(unknown), value_in(unknown)) {
                _ if !possible.is_empty() => (Verdict::OnPath, unknown, possible),
                (true, true) => (Verdict::BesidePath, unknown, Vec::new()),
                (false, true) => (Verdict::Latent, unknown, Vec::new()),
                (true, false) => (Verdict::Exposed, unknown, Vec::new()),
                (false, false) => (Verdict::Isolated, unknown, Vec::new()),
            }
        };
        let (blast, jewels) = match memo.get(&concern) {
            Some(known) => known.clone(),
            None => {
                let found = self.blast(&states, blast_view, resource_of)?;
                memo.insert(concern.clone(), found.clone());
                found
            }
        };
        let priority = self.priority(finding, verdict, layer, &removed);
        let factors = self.factors(layer, &removed, &states, blast.value);
        Ok(Judgement {
            verdict,
            priority,
            score: score(Band::of(priority), &factors),
            exposure: exposure(layer, &states, self),
            removed,
            certainty: layer.certainty,
            concern: Some(concern),
            blast,
            jewels,
        })
    }

    /// Whether what a step needs can be had without what it gives: a step back to where every attacker has
    /// been is on no way.
    ///
    /// The most likely way shows it for nearly all; for the rest, the entries' reach without the state.
    fn leads_on(
        &self,
        step: &Step<'_>,
        layer: &Layer,
        detours: &mut Detours,
    ) -> Result<bool, RiskError> {
        let graph = self.derived.graph();
        let to = step.to();
        let passes = |input: StateId| {
            layer.ways.derivation(input).is_some_and(|way| {
                way.steps()
                    .iter()
                    .filter_map(|&id| graph.step(id))
                    .any(|it| it.to() == to)
            })
        };
        if !step.inputs().any(passes) {
            return Ok(true);
        }
        let key = (to, layer.certainty);
        if !detours.contains_key(&key) {
            if detours.len() >= self.options.searches {
                return Ok(true);
            }
            let into: Vec<StepId> = graph.steps_into(to).map(|it| it.id()).collect();
            let left = reach(
                &self.view(layer.certainty, false, &into),
                &self.entries,
                &self.limits,
            )?;
            detours.insert(key, left);
        }
        Ok(detours
            .get(&key)
            .is_some_and(|left| step.inputs().all(|it| left.contains(it))))
    }

    fn priority(
        &self,
        finding: &Finding,
        verdict: Verdict,
        layer: &Layer,
        removed: &[StepId],
    ) -> Priority {
        let graph = self.derived.graph();
        match verdict {
            Verdict::OnPath
                if layer.certainty == Certainty::Unknown && !self.same_as_conditional(removed) =>
            {
                Priority::Medium
            }
            Verdict::OnPath => {
                let firm = removed
                    .iter()
                    .filter_map(|&id| graph.step(id))
                    .any(|it| self.on_firm_way(&it));
                if firm {
                    Priority::Critical
                } else {
                    Priority::High
                }
            }
            Verdict::BesidePath if !finding.vulnerabilities.is_empty() => Priority::Medium,
            Verdict::BesidePath => Priority::Low,
            Verdict::Latent if finding.severity >= Severity::High => Priority::Medium,
            Verdict::Latent => Priority::Low,
            _ => Priority::Suppressed,
        }
    }

    fn same_as_conditional(&self, removed: &[StepId]) -> bool {
        let [_, conditional, _] = &self.layers;
        let graph = self.derived.graph();
        removed
            .iter()
            .filter_map(|&id| graph.step(id))
            .any(|it| self.on_way(&it, conditional))
    }

    /// The factors of the step that weighs most, or of the states where no step is removed.
    fn factors(
        &self,
        layer: &Layer,
        removed: &[StepId],
        states: &[StateId],
        blast_value: u64,
    ) -> Factors {
        let prize = |state: StateId| {
            layer
                .prizes
                .best(state)
                .map_or(0, |prize| thousandths(prize.expected_value()))
        };
        let steps = removed
            .iter()
            .filter_map(|&id| self.derived.graph().step(id))
            .map(|step| Factors {
                exposure_cost: step.inputs().filter_map(|it| layer.ways.cost(it)).max(),
                step_cost: u64::from(step.likelihood().cost()),
                prize_milli: prize(step.to()),
                blast_value,
            });
        let own = Factors {
            exposure_cost: states.iter().filter_map(|&it| layer.ways.cost(it)).min(),
            step_cost: 0,
            prize_milli: states.iter().map(|&it| prize(it)).max().unwrap_or(0),
            blast_value,
        };
        steps
            .max_by_key(|factors| (score(Band::HIGH, factors), factors.prize_milli))
            .unwrap_or(own)
    }

    /// The steps that the fix of a finding removes, ascending.
    fn removed_by(
        &self,
        finding: &Finding,
        check: Option<&Check>,
        concern: &Concern,
    ) -> Vec<StepId> {
        let graph = self.derived.graph();
        let name = |id: StepId| {
            let step = graph.step(id)?;
            let behind = self.derived.behind(&step)?;
            self.derived
                .techniques()
                .technique(behind.technique)
                .map(|it| it.name.as_str())
        };
        let stated = finding.ports.as_deref().and_then(PortSet::parse);
        let ports = stated.as_ref().or(check.and_then(|it| it.ports.as_ref()));
        let mut found = Vec::new();
        let mut consider = |id: StepId, end: End| {
            let Some(technique) = name(id) else { return };
            let by_check = check.is_some_and(|check| check.removes(technique, end));
            let by_ports =
                stated.is_some() && end == End::To && technique == "network.internet-exposed";
            let by_weakness = !finding.vulnerabilities.is_empty()
                && end == End::To
                && technique == "compute.exploit-known-weakness";
            let closes = ports.is_none_or(|ports| self.is_closed_by(id, ports));
            if ((by_check || by_ports) && closes) || by_weakness {
                found.push(id);
            }
        };
        let own: Vec<_> = concern
            .positions
            .iter()
            .map(|&it| self.derived.node_at(it))
            .collect();
        for &node in &own {
            for &state in self.derived.states_of(node) {
                graph
                    .steps_into(state)
                    .for_each(|step| consider(step.id(), End::To));
                graph
                    .steps_from(state)
                    .for_each(|step| consider(step.id(), End::From));
            }
            for &id in self.via.get(&node).map_or(&[][..], Vec::as_slice) {
                consider(id, End::Via);
            }
        }
        if check.is_some_and(Check::is_about_accounts) {
            let accounts: Vec<&str> = concern
                .positions
                .iter()
                .filter_map(|&it| self.estate.resources().get(it)?.account.as_deref())
                .collect();
            for step in graph.steps() {
                let to = self
                    .derived
                    .state(step.to())
                    .and_then(|it| self.derived.node(it.node));
                if to
                    .and_then(|it| it.account.as_deref())
                    .is_some_and(|it| accounts.contains(&it))
                {
                    consider(step.id(), End::ToAccount);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether closing these ports removes the step: a step over other ports as well stays.
    fn is_closed_by(&self, id: StepId, ports: &PortSet) -> bool {
        let Some(step) = self.derived.graph().step(id) else {
            return false;
        };
        match self
            .derived
            .ports_of(step.to())
            .map(|(_, it)| PortSet::parse(it))
        {
            None => true,
            Some(None) => false,
            Some(Some(open)) => open
                .ranges()
                .iter()
                .all(|&(first, last)| ports.ranges().iter().any(|&(a, b)| a <= first && last <= b)),
        }
    }

    /// What could be lost from these states on.
    fn blast(
        &self,
        states: &[StateId],
        view: &View<'_>,
        resource_of: &[u32],
    ) -> Result<(BlastRadius, Vec<usize>), RiskError> {
        let [_, conditional, _] = &self.layers;
        let members = states.iter().flat_map(|&it| conditional.behind.members(it));
        let (jewels, count, value) = self.worth(members);
        let resources = blast_resources(
            view,
            states,
            &conditional.reached,
            resource_of,
            self.options.blast_resources,
            &self.limits,
        )?;
        let shown = if self.options.all_ids {
            jewels.len()
        } else {
            IDS_SHOWN
        };
        let ids: Vec<_> = jewels
            .iter()
            .filter_map(|&at| self.jewels.get(at))
            .take(shown)
            .map(|jewel| self.derived.state_ref(jewel.state))
            .collect();
        let blast = BlastRadius {
            resources: u64::try_from(resources.count()).unwrap_or(u64::MAX),
            resources_exact: resources.is_exact(),
            crown_jewels: count,
            value,
            ids_cut: ids.len() < jewels.len(),
            ids,
        };
        Ok((blast, jewels))
    }
}

/// Crown jewels that a blast radius or a choke point lists unless all are asked for.
pub(crate) const IDS_SHOWN: usize = 20;

/// How likely an entry reaches the strongest state that it reaches.
fn exposure(layer: &Layer, states: &[StateId], analysis: &Analysis<'_>) -> f64 {
    let strength = |id: StateId| {
        analysis
            .derived
            .state(id)
            .map_or(0, |state| match state.access {
                Access::Control => 3,
                Access::Write | Access::Read => 2,
                Access::Reach => 1,
            })
    };
    states
        .iter()
        .filter_map(|&it| {
            layer
                .ways
                .cost(it)
                .map(|cost| (strength(it), std::cmp::Reverse(cost)))
        })
        .max()
        .map_or(0.0, |(_, cost)| rounded(Likelihood::probability_of(cost.0)))
}

/// Six digits.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float to integer cast saturates; values are far below 2^52"
)]
fn thousandths(value: f64) -> u64 {
    (value * 1000.0).round() as u64
}

fn unmapped(finding: &Finding) -> Judgement {
    let (priority, score) = match finding.severity {
        Severity::Critical => (Priority::High, 80),
        Severity::High => (Priority::High, 70),
        Severity::Medium => (Priority::Medium, 40),
        Severity::Low => (Priority::Low, 10),
        Severity::Informational | Severity::Unknown => (Priority::Low, 1),
    };
    Judgement {
        verdict: Verdict::Unmapped,
        priority,
        score,
        exposure: 0.0,
        removed: Vec::new(),
        certainty: Certainty::Unknown,
        concern: None,
        blast: BlastRadius::default(),
        jewels: Vec::new(),
    }
}
