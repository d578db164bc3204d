//! The sentences that defend a ranking.

use cspm_graph::derive::{NearMiss, NodeId};
use cspm_graph::graph::StepId;
use cspm_model::report::Verdict;
use cspm_model::{Access, Certainty, Finding, Location, StateRef};

use crate::analysis::Analysis;
use crate::concern::Concern;
use crate::judge::Judgement;

/// A reason and the facts it names.
pub(crate) struct Reason {
    pub(crate) text: String,
    pub(crate) evidence: Vec<Location>,
    /// What blocks, in words of a short list.
    pub(crate) blocked_by: Vec<&'static str>,
}

/// What keeps an entry from something.
struct Blocked {
    text: String,
    evidence: Vec<Location>,
    by: Vec<&'static str>,
}

impl Analysis<'_> {
    /// Why a finding has its verdict.
    pub(crate) fn reason(&self, finding: &Finding, judgement: &Judgement) -> Reason {
        let Some(concern) = &judgement.concern else {
            return plain(format!(
                "`{}` is not in the inventory: ranked by the scanner's severity",
                finding.resource
            ));
        };
        match judgement.verdict {
            Verdict::OnPath => self.on_path(judgement),
            Verdict::BesidePath => plain(format!(
                "{}; {} behind it. Its fix removes no step of the way",
                self.reached_text(judgement, concern),
                self.lost(judgement)
            )),
            Verdict::Latent => {
                let blocked = self.blocked(concern);
                Reason {
                    text: format!(
                        "{} behind it, but no entry gets that far: {}",
                        self.lost(judgement),
                        blocked.text
                    ),
                    evidence: blocked.evidence,
                    blocked_by: blocked.by,
                }
            }
            Verdict::Exposed => self.exposed(judgement, concern),
            Verdict::Isolated => {
                let blocks = |&it: &NodeId| self.derived.network_block(it).is_some();
                if self.states(concern).is_empty() && !concern.nodes.iter().any(blocks) {
                    return Reason {
                        blocked_by: vec!["no_step"],
                        ..plain("no step of an attack depends on it".to_owned())
                    };
                }
                let blocked = self.blocked(concern);
                Reason {
                    text: format!(
                        "no entry reaches it: {}. Nothing of value lies behind it. It would matter only if both changed",
                        blocked.text
                    ),
                    evidence: blocked.evidence,
                    blocked_by: blocked.by,
                }
            }
            Verdict::Accepted => plain("an exception in force covers it".to_owned()),
            Verdict::Unmapped => plain("not in the inventory".to_owned()),
        }
    }

    fn on_path(&self, judgement: &Judgement) -> Reason {
        let step = judgement
            .removed
            .first()
            .and_then(|&id| self.step_text(id))
            .unwrap_or_default();
        let doubt = if judgement.certainty == Certainty::Unknown {
            ". A fact on the way was not collected"
        } else {
            ""
        };
        plain(format!(
            "its fix removes a step of an attack path ({step}) that leads to {}{doubt}",
            self.lost_names(judgement)
        ))
    }

    fn step_text(&self, id: StepId) -> Option<String> {
        let step = self.derived.graph().step(id)?;
        let behind = self.derived.behind(&step)?;
        let technique = self.derived.techniques().technique(behind.technique)?;
        let from = step.inputs().next().map(|it| self.derived.state_ref(it))?;
        Some(format!(
            "{} -> {}: {}",
            short(&from),
            short(&self.derived.state_ref(step.to())),
            technique.title
        ))
    }

    fn exposed(&self, judgement: &Judgement, concern: &Concern) -> Reason {
        let reached = self.reached_text(judgement, concern);
        let mut evidence = Vec::new();
        let mut text = format!("{reached}, but nothing of value lies behind it");
        let mut by = "nothing_of_value";
        if let Some((void, miss)) = self.void_grant(concern) {
            text.push_str(": ");
            text.push_str(&void);
            evidence.extend(miss.evidence.clone());
            by = miss.control.as_str();
        } else if self
            .states(concern)
            .iter()
            .any(|&it| self.sideways.count(it) > 0)
        {
            text.push_str(" that the internet does not reach as well: neighbours lead further, but by ports that are open to everybody anyway");
            by = "sideways_open_to_all";
        }
        text.push_str(". It would matter if it got a way or a grant of its own to sensitive data");
        Reason {
            text,
            evidence,
            blocked_by: vec![by],
        }
    }

    /// A grant of a resource, or of the roles it carries, on a crown jewel that another control makes void.
    fn void_grant(&self, concern: &Concern) -> Option<(String, &NearMiss)> {
        let graph = self.derived.graph();
        let mut principals: Vec<NodeId> = concern.nodes.clone();
        for &node in &concern.nodes {
            if let Some(state) = self.derived.state_of(node, Access::Control) {
                let carried = graph
                    .steps_from(state)
                    .filter_map(|step| self.derived.state(step.to()));
                principals.extend(
                    carried
                        .filter(|it| it.access == Access::Control)
                        .map(|it| it.node),
                );
            }
        }
        let misses = self.derived.near_misses();
        principals
            .iter()
            .flat_map(|&it| misses.of_principal(it))
            .find_map(|miss| {
                let valuable = self.jewels.iter().any(|jewel| jewel.node == miss.target)
                    || self.leads_to_value(miss.target);
                if !valuable {
                    return None;
                }
                let name = |node: NodeId| {
                    self.derived
                        .node(node)
                        .map(|it| short_id(it.id.as_str()).to_owned())
                };
                Some((
                    format!(
                        "the grant of {} on {} is void by {}",
                        name(miss.principal)?,
                        name(miss.target)?,
                        miss.reason
                    ),
                    miss,
                ))
            })
    }

    fn leads_to_value(&self, node: NodeId) -> bool {
        let [.., unknown] = &self.layers;
        self.derived
            .states_of(node)
            .iter()
            .any(|&it| unknown.behind.count(it) > 0)
            || self.derived.state_of(node, Access::Read).is_some_and(|it| {
                self.derived
                    .graph()
                    .steps_from(it)
                    .any(|step| step.is_gate())
            })
    }

    fn reached_text(&self, judgement: &Judgement, concern: &Concern) -> String {
        let [_, conditional, unknown] = &self.layers;
        let layer = if judgement.certainty == Certainty::Unknown {
            unknown
        } else {
            conditional
        };
        let states = self.states(concern);
        let reached: Vec<StateRef> = states
            .iter()
            .filter(|&&it| layer.reached.contains(it) && self.free.contains(it))
            .map(|&it| self.derived.state_ref(it))
            .collect();
        let Some(first) = reached.first() else {
            return "an entry reaches it by way of other resources".to_owned();
        };
        let what = match (&first.protocol, &first.ports, first.access) {
            (Some(protocol), Some(_), _) => {
                let ports: Vec<&str> = reached
                    .iter()
                    .filter(|it| {
                        it.protocol.as_ref() == Some(protocol) && it.resource == first.resource
                    })
                    .filter_map(|it| it.ports.as_deref())
                    .collect();
                format!(" on {protocol} {}", ports.join(","))
            }
            (_, _, Access::Read) => ": everybody reads it".to_owned(),
            _ => String::new(),
        };
        format!("{} reaches it{what}", self.who())
    }

    /// Who the attackers are, in words.
    fn who(&self) -> &'static str {
        let internet = self.derived.states_of(self.derived.internet());
        if self.entries == internet {
            "the internet"
        } else {
            "an entry"
        }
    }

    /// What keeps an entry from it.
    fn blocked(&self, concern: &Concern) -> Blocked {
        for &node in &concern.nodes {
            if let Some(block) = self.derived.network_block(node) {
                let controls = block.controls();
                let words: Vec<&str> = controls.iter().map(|(it, _)| it.text()).collect();
                return Blocked {
                    text: words.join(", and "),
                    evidence: controls.iter().map(|(_, it)| it.clone()).collect(),
                    by: controls.iter().map(|(it, _)| it.as_str()).collect(),
                };
            }
        }
        for &node in &concern.nodes {
            if let Some(miss) = self.derived.near_misses().on_target(node).next() {
                return Blocked {
                    text: self.miss_text(miss),
                    evidence: miss.evidence.iter().cloned().collect(),
                    by: vec![miss.control.as_str()],
                };
            }
        }
        let holders = concern.nodes.iter().any(|&node| {
            self.derived
                .states_of(node)
                .iter()
                .any(|&it| self.derived.graph().steps_into(it).next().is_some())
        });
        let text = if holders {
            "whatever leads to it is out of reach itself"
        } else {
            "no step leads to it"
        };
        Blocked {
            text: text.to_owned(),
            evidence: Vec::new(),
            by: vec!["no_step"],
        }
    }

    fn miss_text(&self, miss: &NearMiss) -> String {
        let who = if miss.principal == self.derived.internet() {
            "everybody".to_owned()
        } else {
            self.derived
                .node(miss.principal)
                .map_or_else(String::new, |it| short_id(it.id.as_str()).to_owned())
        };
        format!("the grant of {who} is void by {}", miss.reason)
    }

    /// What keeps a crown jewel safe that nothing reaches.
    pub(crate) fn jewel_block(&self, node: NodeId) -> String {
        let [.., unknown] = &self.layers;
        let misses = self.derived.near_misses();
        let reached = |node: NodeId| {
            node == self.derived.internet()
                || self
                    .derived
                    .state_of(node, Access::Control)
                    .is_some_and(|it| unknown.reached.contains(it))
        };
        // A void grant of somebody who is within reach says more than one of somebody who is not.
        let miss = misses
            .on_target(node)
            .find(|miss| reached(miss.principal))
            .or_else(|| misses.on_target(node).next());
        if let Some(miss) = miss {
            return self.miss_text(miss);
        }
        let concern = Concern {
            positions: Vec::new(),
            nodes: vec![node],
        };
        self.blocked(&concern).text
    }

    fn lost(&self, judgement: &Judgement) -> String {
        let blast = &judgement.blast;
        match blast.crown_jewels {
            0 => "possibly something of value lies".to_owned(),
            1 => format!("{} lies", self.lost_names(judgement)),
            count => format!("{count} crown jewels of total value {} lie", blast.value),
        }
    }

    fn lost_names(&self, judgement: &Judgement) -> String {
        match judgement.blast.crown_jewels {
            1 => judgement
                .jewels
                .first()
                .and_then(|&at| self.jewels.get(at))
                .map_or_else(String::new, |it| short(&self.derived.state_ref(it.state))),
            0 => "a crown jewel".to_owned(),
            count => format!(
                "{count} crown jewels of total value {}",
                judgement.blast.value
            ),
        }
    }
}

fn plain(text: String) -> Reason {
    Reason {
        text,
        evidence: Vec::new(),
        blocked_by: Vec::new(),
    }
}

/// A state without the parts of its id that say nothing to a person.
pub(crate) fn short(state: &StateRef) -> String {
    let mut text = format!("{} ({})", short_id(state.resource.as_str()), state.access);
    if let (Some(protocol), Some(ports)) = (&state.protocol, &state.ports) {
        text = format!("{} ({protocol} {ports})", short_id(state.resource.as_str()));
    }
    if let it @ ("internet" | "everybody") = state.resource.as_str() {
        it.clone_into(&mut text);
    }
    text
}

/// The last part of an ARN: `role/web`, `customers`.
fn short_id(id: &str) -> &str {
    if id.starts_with("arn:") {
        id.splitn(6, ':').nth(5).unwrap_or(id)
    } else {
        id
    }
}
