//! The verdict on a finding.

use std::collections::HashMap;

use cspm_graph::algo::{Derivations, JewelSets, blast_resources, reach, reach_with};
use cspm_graph::derive::NodeId;
use cspm_graph::graph::{Likelihood, StateId, StateSet, Step, StepId, View};
use cspm_model::finding::Severity;
use cspm_model::ports::PortSet;
use cspm_model::report::{BlastRadius, Priority, Verdict};
use cspm_model::{Access, Certainty, Finding};

use crate::analysis::{Analysis, Layer, width};
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
    /// Steps that its fix removes and that an attacker can take to something of value, those back into free
    /// states included, ascending.
    pub(crate) cut: Vec<StepId>,
    /// The view in which the verdict holds.
    pub(crate) certainty: Certainty,
    pub(crate) concern: Option<Concern>,
    pub(crate) blast: BlastRadius,
    /// Crown jewels behind it.
    pub(crate) jewels: Vec<usize>,
}

/// Searches for detours, by what was asked.
#[derive(Debug, Default)]
pub(crate) struct Detours {
    /// What the entries reach without a state.
    before: HashMap<(StateId, Certainty, Ground), StateSet>,
    /// Whether a step leads on to a crown jewel without what it needs.
    after: HashMap<(StepId, Certainty, Ground), bool>,
}

/// Which steps count. Complete by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Ground {
    /// All of a view.
    All,
    /// Those that are enough for `critical`.
    Firm,
}

/// Where detours are looked for.
#[derive(Clone, Copy)]
struct Field<'f> {
    ground: Ground,
    certainty: Certainty,
    reached: &'f StateSet,
    ways: &'f Derivations,
    behind: &'f JewelSets,
    left_out: &'f [StepId],
}

/// Beside a path, a weakness that has a name weighs more.
fn beside(finding: &Finding) -> Priority {
    if finding.vulnerabilities.is_empty() {
        Priority::Low
    } else {
        Priority::Medium
    }
}

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
            let field = Field {
                ground: Ground::All,
                certainty: layer.certainty,
                reached: &layer.reached,
                ways: &layer.ways,
                behind: &layer.behind,
                left_out: &[],
            };
            for step in candidates.iter().filter_map(|&id| graph.step(id)) {
                if self.on_way(&step, layer) && self.leads_on(&step, field, detours)? {
                    steps.push(step.id());
                }
            }
            Ok(steps)
        };
        // Of several resources each is judged by itself: one that is reached and another of value are no way.
        let any = |layer: &Layer, reached: bool, value: bool| {
            concern.nodes.iter().any(|&node| {
                // By one and the same state: to reach a store is not to be near what it holds.
                self.derived.states_of(node).iter().any(|&it| {
                    (!reached || layer.reached.contains(it))
                        && (!value || layer.behind.count(it) > 0)
                })
            })
        };
        let removed = on_way(conditional)?;
        let (verdict, layer, removed) = if !removed.is_empty() {
            (Verdict::OnPath, conditional, removed)
        } else if any(conditional, true, true) {
            (Verdict::BesidePath, conditional, Vec::new())
        } else {
            let possible = on_way(unknown)?;
            let verdict = if !possible.is_empty() {
                Verdict::OnPath
            } else if any(unknown, true, true) {
                Verdict::BesidePath
            } else if any(unknown, false, true) {
                Verdict::Latent
            } else if any(unknown, true, false) {
                Verdict::Exposed
            } else {
                Verdict::Isolated
            };
            (verdict, unknown, possible)
        };
        let (blast, jewels) = if let Some(known) = memo.get(&concern) {
            known.clone()
        } else {
            let found = self.blast(&states, blast_view, resource_of)?;
            memo.insert(concern.clone(), found.clone());
            found
        };
        let priority = self.priority(finding, verdict, layer, &removed, detours)?;
        let cut = self.cut(&candidates);
        let factors = self.factors(layer, &removed, &states, blast.value);
        Ok(Judgement {
            verdict,
            priority,
            score: score(Band::of(priority), &factors),
            exposure: exposure(layer, &states, self),
            removed,
            cut,
            certainty: layer.certainty,
            concern: Some(concern),
            blast,
            jewels,
        })
    }

    /// Takes a finding off the path.
    pub(crate) fn set_beside(&self, finding: &Finding, judgement: &mut Judgement) {
        let layer = self
            .layers
            .iter()
            .find(|it| it.certainty == judgement.certainty);
        let (Some(layer), Some(concern)) = (layer, &judgement.concern) else {
            return;
        };
        let states = self.states(concern);
        judgement.verdict = Verdict::BesidePath;
        judgement.priority = beside(finding);
        judgement.removed.clear();
        let factors = self.factors(layer, &[], &states, judgement.blast.value);
        judgement.score = score(Band::of(judgement.priority), &factors);
    }

    /// Steps of a fix by which value is reached, ways back into free states included: what such a state is
    /// free by may be part of the same fix.
    fn cut(&self, candidates: &[StepId]) -> Vec<StepId> {
        let [_, conditional, _] = &self.layers;
        let graph = self.derived.graph();
        let leads = |step: &Step<'_>| {
            step.certainty() <= width(Certainty::Conditional)
                && step
                    .inputs()
                    .all(|input| conditional.reached.contains(input))
                && self.sideways.count(step.to()) > 0
        };
        let steps = candidates.iter().copied();
        steps
            .filter(|&id| graph.step(id).is_some_and(|it| leads(&it)))
            .collect()
    }

    /// Whether a step is on a way that does not pass one state twice: what it needs can be had without what
    /// it gives, and what it gives leads on without what it needs.
    ///
    /// Both are necessary; together they are not always sufficient, as the way there and the way on may need
    /// the same third state. To decide that is to find two paths that share no state, which is hard in
    /// general (Fortune, Hopcroft and Wyllie 1980).
    fn leads_on(
        &self,
        step: &Step<'_>,
        field: Field<'_>,
        detours: &mut Detours,
    ) -> Result<bool, RiskError> {
        Ok(self.is_had_before(step, field, detours)? && self.leads_after(step, field, detours)?)
    }

    /// The most likely way shows it for nearly all; for the rest, the entries' reach without the state.
    fn is_had_before(
        &self,
        step: &Step<'_>,
        field: Field<'_>,
        detours: &mut Detours,
    ) -> Result<bool, RiskError> {
        let graph = self.derived.graph();
        let to = step.to();
        let shown = |input: StateId| {
            field.ways.derivation(input).is_some_and(|way| {
                way.steps().iter().all(|id| {
                    field.left_out.binary_search(id).is_err()
                        && graph.step(*id).is_some_and(|it| it.to() != to)
                })
            })
        };
        if step.inputs().all(shown) {
            return Ok(true);
        }
        let key = (to, field.certainty, field.ground);
        if !detours.before.contains_key(&key) {
            if detours.before.len() >= self.options.searches {
                return Ok(true);
            }
            let without = removal(graph.steps_into(to).map(|it| it.id()), field.left_out);
            let view = self.view(field.certainty, false, &without);
            let left = reach(&view, &self.entries, &self.limits)?;
            detours.before.insert(key, left);
        }
        Ok(detours
            .before
            .get(&key)
            .is_some_and(|left| step.inputs().all(|it| left.contains(it))))
    }

    /// What leads back to an input has the same crown jewels behind it; only then there is anything to search.
    fn leads_after(
        &self,
        step: &Step<'_>,
        field: Field<'_>,
        detours: &mut Detours,
    ) -> Result<bool, RiskError> {
        let graph = self.derived.graph();
        let to = step.to();
        let back: Vec<StateId> = step
            .inputs()
            .filter(|&it| field.behind.same_set(it, to))
            .collect();
        let is_jewel = |state: &StateId| {
            let members = field
                .behind
                .members(*state)
                .filter_map(|at| self.jewels.get(at));
            members.into_iter().any(|jewel| jewel.state == *state)
        };
        if back.is_empty() || (self.jewel_of.contains_key(&to) && is_jewel(&to)) {
            return Ok(true);
        }
        let key = (step.id(), field.certainty, field.ground);
        if let Some(&known) = detours.after.get(&key) {
            return Ok(known);
        }
        if detours.after.len() >= self.options.searches {
            return Ok(true);
        }
        let into = back.iter().flat_map(|&it| graph.steps_into(it));
        let without = removal(into.map(|it| it.id()), field.left_out);
        let view = self.view(field.certainty, true, &without);
        let onward = reach_with(&view, &[to], field.reached, &self.limits)?;
        let found = field
            .behind
            .members(to)
            .filter_map(|at| self.jewels.get(at))
            .any(|jewel| onward.contains(jewel.state) && !back.contains(&jewel.state));
        detours.after.insert(key, found);
        Ok(found)
    }

    fn priority(
        &self,
        finding: &Finding,
        verdict: Verdict,
        layer: &Layer,
        removed: &[StepId],
        detours: &mut Detours,
    ) -> Result<Priority, RiskError> {
        Ok(match verdict {
            Verdict::OnPath if layer.certainty == Certainty::Unknown => Priority::Medium,
            Verdict::OnPath if self.has_firm_way(removed, detours)? => Priority::Critical,
            Verdict::OnPath => Priority::High,
            Verdict::BesidePath => beside(finding),
            Verdict::Latent if finding.severity >= Severity::High => Priority::Medium,
            Verdict::Latent => Priority::Low,
            _ => Priority::Suppressed,
        })
    }

    /// Whether one of the steps is on a way that is enough for `critical`.
    fn has_firm_way(&self, removed: &[StepId], detours: &mut Detours) -> Result<bool, RiskError> {
        let [certain, ..] = &self.layers;
        let field = Field {
            ground: Ground::Firm,
            certainty: Certainty::Certain,
            reached: &self.firm.reached,
            ways: &certain.ways,
            behind: &self.firm.behind,
            left_out: &self.firm.left_out,
        };
        for step in removed
            .iter()
            .filter_map(|&id| self.derived.graph().step(id))
        {
            if self.on_firm_way(&step) && self.leads_on(&step, field, detours)? {
                return Ok(true);
            }
        }
        Ok(false)
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
        let own: Vec<_> = concern
            .positions
            .iter()
            .map(|&it| self.derived.node_at(it))
            .collect();
        let mut found = Vec::new();
        let mut consider = |id: StepId, end: End| {
            let Some(technique) = name(id) else { return };
            let by_check = check.is_some_and(|check| check.removes(technique, end));
            let by_ports =
                stated.is_some() && end == End::To && technique == "network.internet-exposed";
            // The step is that of the likeliest weakness of the resource: only its own finding removes it.
            let by_weakness = end == End::To
                && technique == "compute.exploit-known-weakness"
                && self.rests_on(id, finding);
            let closes = ports.is_none_or(|ports| self.is_closed_by(id, ports));
            let alone = end != End::Via || !self.has_other_group(id, &own);
            if ((by_check || by_ports) && closes && alone) || by_weakness {
                found.push(id);
            }
        };
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
            for (at, resource) in self.estate.resources().iter().enumerate() {
                let account = resource.account.as_deref();
                if !account.is_some_and(|it| accounts.contains(&it)) {
                    continue;
                }
                for &state in self.derived.states_of(self.derived.node_at(at)) {
                    for step in graph.steps_into(state) {
                        consider(step.id(), End::ToAccount);
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a step rests on what this finding says.
    fn rests_on(&self, id: StepId, finding: &Finding) -> bool {
        let step = self.derived.graph().step(id);
        let behind = step.and_then(|step| self.derived.behind(&step));
        behind.is_some_and(|behind| {
            let evidence = self.derived.evidence(behind);
            finding
                .evidence
                .as_ref()
                .is_some_and(|place| evidence.contains(place))
        })
    }

    /// Whether another security group lets the same traffic in: then narrowing one of them removes nothing.
    fn has_other_group(&self, id: StepId, own: &[NodeId]) -> bool {
        let step = self.derived.graph().step(id);
        let Some(behind) = step.and_then(|step| self.derived.behind(&step)) else {
            return false;
        };
        let is_group = |node: &NodeId| {
            self.derived
                .node(*node)
                .is_some_and(|it| it.kind.as_str() == "network.security_group")
        };
        let groups: Vec<&NodeId> = self
            .derived
            .via(behind)
            .iter()
            .filter(|it| is_group(it))
            .collect();
        groups.iter().any(|it| own.contains(it)) && groups.iter().any(|it| !own.contains(it))
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
        let mut jewels: Vec<usize> = members.collect();
        jewels.sort_unstable();
        jewels.dedup();
        let (count, value) = self.worth(&jewels);
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

/// Steps to leave out, ascending.
fn removal(steps: impl Iterator<Item = StepId>, left_out: &[StepId]) -> Vec<StepId> {
    let mut all: Vec<StepId> = steps.chain(left_out.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

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
        cut: Vec::new(),
        certainty: Certainty::Unknown,
        concern: None,
        blast: BlastRadius::default(),
        jewels: Vec::new(),
    }
}
