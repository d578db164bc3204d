//! Everything together: the report.

use std::collections::{BTreeMap, HashMap, HashSet};

use cspm_graph::algo::choke;
use cspm_graph::graph::StepId;
use cspm_model::diagnostic::{self, Effect};
use cspm_model::report::{
    CrownJewel, Priority, REPORT_SCHEMA, RankedFinding, Report, Summary, Tool, Verdict,
};
use cspm_model::{Certainty, Diagnostic};

use crate::analysis::Analysis;
use crate::error::RiskError;
use crate::fixes::FixMemo;
use crate::judge::{BlastMemo, Detours, Judgement};
use crate::room::{Room, hit};
use crate::ways::{ThroughMemo, Way};

/// Paths that a finding lists unless everything was asked for; each path lists its findings.
const PATHS_SHOWN: usize = 20;

/// Diagnostics that a report keeps; more are counted by kind.
const DIAGNOSTICS: usize = 10_000;

impl Analysis<'_> {
    /// The report.
    ///
    /// # Errors
    /// When a limit of the graph's questions is passed, or the analysis is cancelled.
    pub fn report(&self) -> Result<Report, RiskError> {
        let mut limits_hit: Vec<String> = Vec::new();
        let (mut ways, mut room) = self.ways(&mut limits_hit)?;
        let jewels: Vec<_> = self.jewels.iter().map(|it| (it.state, it.value)).collect();
        let plain = self.view(Certainty::Conditional, false, &[]);
        let choke = choke(&plain, &self.entries, &jewels, &self.limits)?;
        let blast_view = self.view(Certainty::Conditional, true, &[]);
        let resource_of = self.resource_of();
        let mut memo = BlastMemo::new();
        let mut detours = Detours::default();
        let mut judged: Vec<Judgement> = Vec::with_capacity(self.estate.findings().len());
        let mut checks: HashMap<&str, Option<&crate::checks::Check>> = HashMap::new();
        for finding in self.estate.findings() {
            let check = *checks
                .entry(finding.check.as_str())
                .or_insert_with(|| self.checks.of(&finding.check));
            judged.push(self.judge(
                finding,
                check,
                &blast_view,
                &resource_of,
                &mut memo,
                &mut detours,
            )?);
        }
        for at in self.ways_of_findings(&judged, &mut ways, &mut room, &mut limits_hit)? {
            // Only detours through its own step lead on: without a way to show, it is on none.
            if let (Some(judgement), Some(finding)) =
                (judged.get_mut(at), self.estate.findings().get(at))
            {
                self.set_beside(finding, judgement);
            }
        }
        let mut by_step: HashMap<StepId, Vec<usize>> = HashMap::new();
        for (at, way) in ways.iter().enumerate() {
            for &step in &way.steps {
                by_step.entry(step).or_default().push(at);
            }
        }
        let mut fix_memo = FixMemo::new();
        let mut findings = Vec::with_capacity(judged.len());
        for (finding, judgement) in self.estate.findings().iter().zip(&judged) {
            let check = checks.get(finding.check.as_str()).copied().flatten();
            let fix = self.fix(check, judgement, &choke, &mut fix_memo, &mut limits_hit)?;
            let mut on: Vec<usize> = judgement
                .removed
                .iter()
                .filter_map(|it| by_step.get(it))
                .flatten()
                .copied()
                .collect();
            on.sort_unstable();
            on.dedup();
            for &at in &on {
                if let Some(way) = ways.get_mut(at) {
                    way.path.findings.push(finding.id.clone());
                }
            }
            let mut paths: Vec<String> = on
                .iter()
                .filter_map(|&at| ways.get(at))
                .map(|it| it.path.id.clone())
                .collect();
            paths.sort();
            paths.dedup();
            if !self.options.all_ids {
                paths.truncate(PATHS_SHOWN);
            }
            let reason = self.reason(finding, judgement);
            findings.push(RankedFinding {
                id: finding.id.clone(),
                check: finding.check.clone(),
                resource: judgement
                    .concern
                    .as_ref()
                    .and_then(|it| it.positions.first())
                    .and_then(|&at| self.estate.resources().get(at))
                    .map_or_else(|| finding.resource.clone(), |it| it.id.to_string()),
                severity: finding.severity,
                title: finding.title.clone(),
                priority: judgement.priority,
                verdict: judgement.verdict,
                score: judgement.score,
                exposure: judgement.exposure,
                blast_radius: judgement.blast.clone(),
                paths,
                reason: reason.text,
                blocked_by: reason.blocked_by.into_iter().map(str::to_owned).collect(),
                evidence: reason.evidence,
                fix,
                group: self.group(finding, judgement),
            });
        }
        findings.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        let points = self.choke_points(&choke);
        let of_ways = ways.iter().flat_map(|it| it.steps.iter().copied());
        let of_points = points.iter().filter_map(|(step, _)| *step);
        let steps = self.step_table(of_ways.chain(of_points).collect());
        let crown_jewels = self.crown_jewels(&ways);
        let summary = self.summary(&findings, limits_hit);
        let (attack_paths, possible_paths) = split(ways);
        let mut diagnostics = self.estate.diagnostics().to_vec();
        diagnostics.extend(self.derived.diagnostics().iter().cloned());
        for limit in &summary.limits_hit {
            diagnostics.push(Diagnostic {
                code: "limit".to_owned(),
                effect: Effect::UnderReport,
                location: None,
                message: format!("limit `{limit}` cut the analysis: explanations are incomplete, verdicts are not"),
                count: 1,
            });
        }
        Ok(Report {
            schema: REPORT_SCHEMA.to_owned(),
            tool: Tool {
                name: "cspm".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            summary,
            findings,
            attack_paths,
            possible_paths,
            steps,
            crown_jewels,
            choke_points: points.into_iter().map(|(_, point)| point).collect(),
            diagnostics: diagnostic::tidy(diagnostics, DIAGNOSTICS),
        })
    }

    /// The resource of each state, for counting; `u32::MAX` for states of none.
    fn resource_of(&self) -> Vec<u32> {
        let graph = self.derived.graph();
        graph
            .states()
            .map(|id| {
                self.derived
                    .state(id)
                    .filter(|state| {
                        self.derived
                            .node(state.node)
                            .is_some_and(|it| it.is_resource)
                    })
                    .and_then(|state| u32::try_from(state.node.index()).ok())
                    .unwrap_or(u32::MAX)
            })
            .collect()
    }

    /// Every finding on a path has one to show: for those on no most likely way, one through its own step.
    /// Returns the positions of those for which there is none.
    fn ways_of_findings(
        &self,
        judged: &[Judgement],
        ways: &mut Vec<Way>,
        room: &mut Room,
        limits_hit: &mut Vec<String>,
    ) -> Result<Vec<usize>, RiskError> {
        let mut without = Vec::new();
        let mut covered: HashSet<StepId> = ways
            .iter()
            .flat_map(|it| it.steps.iter().copied())
            .collect();
        // Steps that are known to be on a way, shown or not: the room decides what is shown, never what is so.
        let mut proved = covered.clone();
        if room.is_cut() {
            proved.extend(self.likely_steps());
        }
        let mut known: HashSet<String> = ways.iter().map(|it| it.path.id.clone()).collect();
        let mut memo = ThroughMemo::new();
        for (at, judgement) in judged.iter().enumerate() {
            if judgement.verdict != Verdict::OnPath {
                continue;
            }
            if judgement.removed.iter().any(|it| covered.contains(it)) {
                continue;
            }
            let is_proved = judgement.removed.iter().any(|it| proved.contains(it));
            if is_proved && room.is_empty() {
                continue;
            }
            if memo.len() >= self.options.searches {
                hit("searches", limits_hit);
                break;
            }
            if let Some(way) =
                self.way_through(&judgement.removed, judgement.certainty, &mut memo)?
            {
                proved.extend(way.steps.iter().copied());
                if room.take(way.steps.len(), limits_hit) {
                    covered.extend(way.steps.iter().copied());
                    if known.insert(way.path.id.clone()) {
                        ways.push(way);
                    }
                }
            } else if !is_proved {
                without.push(at);
            }
        }
        Ok(without)
    }

    /// Findings of one group have the same cause and the same fix.
    fn group(&self, finding: &cspm_model::Finding, judgement: &Judgement) -> String {
        let mut names: Vec<String> = judgement
            .removed
            .iter()
            .map(|&it| self.derived.step_name(it))
            .collect();
        if names.is_empty() {
            names = vec![finding.check.clone(), judgement.verdict.as_str().to_owned()];
        }
        let hash = names
            .iter()
            .flat_map(|it| it.bytes().chain([b'\n']))
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("g-{hash:016x}")
    }

    fn crown_jewels(&self, ways: &[Way]) -> Vec<CrownJewel> {
        let [_, conditional, _] = &self.layers;
        let mut path_of: HashMap<usize, (u64, &str)> = HashMap::new();
        for way in ways {
            let entry = path_of
                .entry(way.jewel)
                .or_insert((way.cost, way.path.id.as_str()));
            if way.cost < entry.0 {
                *entry = (way.cost, way.path.id.as_str());
            }
        }
        let mut jewels: Vec<CrownJewel> = self
            .jewels
            .iter()
            .enumerate()
            .map(|(at, jewel)| {
                let reachable = conditional.reached.contains(jewel.state);
                let path = path_of.get(&at).map(|(_, id)| (*id).to_owned());
                let blocked_by =
                    (!reachable && path.is_none()).then(|| self.jewel_block(jewel.node));
                CrownJewel {
                    state: self.derived.state_ref(jewel.state),
                    value: jewel.value,
                    reachable,
                    path,
                    blocked_by,
                }
            })
            .collect();
        jewels.sort_by(|a, b| {
            (!a.reachable, std::cmp::Reverse(a.value), &a.state).cmp(&(
                !b.reachable,
                std::cmp::Reverse(b.value),
                &b.state,
            ))
        });
        jewels
    }

    fn summary(&self, findings: &[RankedFinding], mut limits_hit: Vec<String>) -> Summary {
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let mut by_priority: BTreeMap<Priority, u64> = Priority::ALL.map(|it| (it, 0)).into();
        let mut by_verdict: BTreeMap<Verdict, u64> = Verdict::ALL.map(|it| (it, 0)).into();
        for finding in findings {
            *by_priority.entry(finding.priority).or_default() += 1;
            *by_verdict.entry(finding.verdict).or_default() += 1;
        }
        limits_hit.sort();
        limits_hit.dedup();
        let graph = self.derived.graph();
        Summary {
            resources: count(
                self.estate
                    .resources()
                    .iter()
                    .filter(|it| it.collected)
                    .count(),
            ),
            states: count(graph.state_count()),
            steps: count(graph.step_count()),
            entries: count(self.entries.len()),
            crown_jewels: count(self.jewels.len()),
            findings: count(findings.len()),
            not_findings: self.estate.not_findings(),
            unmapped: by_verdict.get(&Verdict::Unmapped).copied().unwrap_or(0),
            by_priority,
            by_verdict,
            limits_hit,
        }
    }
}

/// Ways that need a fact which was not collected stand apart.
fn split(
    ways: Vec<Way>,
) -> (
    Vec<cspm_model::report::AttackPath>,
    Vec<cspm_model::report::AttackPath>,
) {
    let mut paths: Vec<_> = ways.into_iter().map(|it| it.path).collect();
    for path in &mut paths {
        path.findings.sort();
        path.findings.dedup();
    }
    paths.sort_by(|a, b| {
        b.score
            .cmp(&a.score)
            .then_with(|| a.to.cmp(&b.to))
            .then_with(|| a.id.cmp(&b.id))
    });
    paths
        .into_iter()
        .partition(|it| it.certainty != Certainty::Unknown)
}
