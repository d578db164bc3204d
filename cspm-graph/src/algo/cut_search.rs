//! The cheapest cut of a part, and a bound from below.

use super::QueryError;
use super::cut_part::Part;
use super::cut_walk::Walk;
use super::max_flow::{ArcId, NodeId, UNBOUNDED};
use super::meter::Meter;

/// A set of steps that cuts a part.
#[derive(Debug)]
pub(super) struct Cut {
    /// Ascending by step; none could be left in alone.
    pub(super) arcs: Vec<ArcId>,
    pub(super) cost: u64,
    pub(super) lower_bound: u64,
}

/// How much is tried after the first cut is found, for cheaper ones and for a proof that there are none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Choices of an input for a gate.
    pub(super) branches: usize,
    /// Work units.
    pub(super) work: u64,
}

/// Returns a cut of a part: without gates a cheapest one, with gates the best that was found.
///
/// Without gates the flow bounds each cut from below, and its source side gives a cut of that cost.
///
/// With gates, every cut leaves some input of each gate out of reach, or cuts the gate's own step. So a
/// cheapest cut is also a cut of the network in which for each gate the arc of such an input is open, any for a
/// gate whose step is cut. The other way round a cut of a network with one open input for each gate cuts the
/// part, since all inputs give no more than one. The cheapest cut is therefore the least over all choices of
/// one input for each gate, and a branch is a choice for some gates:
/// - with the inputs of the other gates closed, there is less to cut: the flow bounds the branch from below;
/// - if the cut of that network cuts the part, the branch has no better one, and is done;
/// - if not, all inputs of some gate are reached in spite of it: that gate is chosen for next.
///
/// The bound of a branch is raised by ways that use the gates not chosen for. A cut holds a step of each way. If no
/// step is on more ways than its cost allows, counted with the flow through it, the ways and the flow together
/// bound its cost from below (weak duality).
pub(super) fn cheapest_cut(
    part: &mut Part,
    effort: Effort,
    meter: &mut Meter<'_>,
) -> Result<Cut, QueryError> {
    let mut search = Search::new(part);
    let flow = search.part.network.augment(meter)?;
    let gates = search.try_cut(meter)?;
    let mut lower_bound = flow;
    if !gates.is_empty() {
        lower_bound = search.packing(flow, meter)?;
        let least = search.branch_and_bound(gates, flow, lower_bound, effort, meter)?;
        lower_bound = lower_bound.max(least);
    }
    Ok(Cut {
        lower_bound,
        cost: search.cost,
        arcs: search.best,
    })
}

struct Search<'p> {
    part: &'p mut Part,
    walk: Walk,
    /// Whether each step is left out, by the number of its arc.
    is_cut: Vec<bool>,
    /// The best cut so far: at first all steps that can be cut.
    best: Vec<ArcId>,
    cost: u64,
    is_found: bool,
}

/// A gate, and the choices for it that are left.
struct Frame {
    /// Where the changes of the network begin that belong to a choice.
    mark: usize,
    flow: u64,
    /// The bound of each choice and the arc to be opened, the most promising one last.
    choices: Vec<(u64, ArcId)>,
    /// Gates further along the way, each with the input to be opened together with the first choice.
    series: Vec<(NodeId, ArcId)>,
}

impl<'p> Search<'p> {
    fn new(part: &'p mut Part) -> Self {
        let all = part.step_arcs();
        let best: Vec<ArcId> = all
            .filter(|&arc| part.network.left(arc) != UNBOUNDED)
            .collect();
        Self {
            walk: Walk::new(part),
            is_cut: vec![false; part.step_arcs().count()],
            cost: cost(part, &best),
            best,
            is_found: false,
            part,
        }
    }

    /// Goes through the branches, the most promising choices first, until they are done, `enough` is attained, or
    /// the effort spent. Returns a bound from below: the least of the bounds of the branches that were left
    /// out, and of the best cut.
    fn branch_and_bound(
        &mut self,
        gates: Vec<(NodeId, ArcId)>,
        flow: u64,
        enough: u64,
        effort: Effort,
        meter: &mut Meter<'_>,
    ) -> Result<u64, QueryError> {
        let mut frames = vec![self.frame(gates, flow, meter)?];
        let mut branches = 0;
        let work_max = meter.spent().saturating_add(effort.work);
        while let Some(frame) = frames.last_mut() {
            let is_spent = branches >= effort.branches || meter.spent() >= work_max;
            if self.is_found && (is_spent || self.cost <= enough) {
                break;
            }
            self.part.network.undo(frame.mark);
            let Some((bound, arc)) = frame.choices.pop() else {
                frames.pop();
                continue;
            };
            if self.is_found && bound >= self.cost {
                continue;
            }
            branches += usize::from(self.is_found);
            let flow = frame.flow;
            let series = std::mem::take(&mut frame.series);
            self.part.network.set(arc, UNBOUNDED);
            for (gate, last) in series {
                frames.push(self.frame_in_series(gate, last, flow));
                self.part.network.set(last, UNBOUNDED);
            }
            let flow = flow + self.part.network.augment(meter)?;
            let gates = self.try_cut(meter)?;
            let is_open =
                !gates.is_empty() && (!self.is_found || self.packing(flow, meter)? < self.cost);
            if is_open {
                frames.push(self.frame(gates, flow, meter)?);
            }
        }
        let left_out = frames.iter().flat_map(|frame| &frame.choices);
        Ok(left_out.fold(self.cost, |least, &(bound, _)| least.min(bound)))
    }

    /// The choices for the first of some gates, the others to follow in series.
    ///
    /// COST: until a cut is found, all gates of a way are chosen for at once. Otherwise a chain of gates took a
    /// flow for each of them.
    fn frame(
        &mut self,
        gates: Vec<(NodeId, ArcId)>,
        flow: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Frame, QueryError> {
        let mark = self.part.network.mark();
        let mut gates = gates.into_iter();
        let first = gates.next().map(|(gate, _)| gate);
        let inputs: Vec<ArcId> = first
            .into_iter()
            .flat_map(|it| self.part.inputs(it))
            .collect();
        let mut choices = Vec::with_capacity(inputs.len());
        for arc in inputs {
            self.part.network.set(arc, UNBOUNDED);
            let bound = flow + self.part.network.augment(meter)?;
            self.part.network.undo(mark);
            choices.push((bound, arc));
        }
        choices.sort_unstable_by(|one, other| other.cmp(one));
        let series = if self.is_found {
            Vec::new()
        } else {
            gates.collect()
        };
        Ok(Frame {
            mark,
            flow,
            choices,
            series,
        })
    }

    /// The choices for a gate beside `last`, which is to be opened at once.
    fn frame_in_series(&mut self, gate: NodeId, last: ArcId, flow: u64) -> Frame {
        let others = self.part.inputs(gate).filter(|&arc| arc != last);
        let mut choices: Vec<(u64, ArcId)> = others.map(|arc| (flow, arc)).collect();
        choices.reverse();
        Frame {
            mark: self.part.network.mark(),
            flow,
            choices,
            series: Vec::new(),
        }
    }

    /// Sees whether the cut of the network cuts the part, and keeps it if it is the best. Otherwise returns the
    /// gates not chosen for on a way in spite of it: there are some. To be called when no more can pass.
    fn try_cut(&mut self, meter: &mut Meter<'_>) -> Result<Vec<(NodeId, ArcId)>, QueryError> {
        let network = &self.part.network;
        let cut: Vec<ArcId> = self
            .part
            .step_arcs()
            .filter(|&arc| {
                network.is_on_source_side(network.tail(arc))
                    && !network.is_on_source_side(network.head(arc))
            })
            .collect();
        meter.spend(self.is_cut.len())?;
        for arc in &cut {
            self.is_cut[arc.number()] = true;
        }
        let is_cut = &self.is_cut;
        let admits = |arc: ArcId| !is_cut[arc.number()];
        let mut gates = Vec::new();
        if self.walk.run(self.part, admits, |_| false, meter)? {
            gates = self.walk.way(self.part).gates;
            let part = &*self.part;
            let is_chosen = |gate| part.inputs(gate).any(|arc| part.network.left(arc) > 0);
            gates.retain(|&(gate, _)| !is_chosen(gate));
        } else {
            self.keep(cut.clone(), meter)?;
        }
        for arc in &cut {
            self.is_cut[arc.number()] = false;
        }
        Ok(gates)
    }

    /// Keeps a cut if it is the best, without steps to spare. `walk` has just been without it.
    fn keep(&mut self, mut cut: Vec<ArcId>, meter: &mut Meter<'_>) -> Result<(), QueryError> {
        let part = &*self.part;
        // A cheapest cut of a network without gates holds no step to spare but one without cost.
        let has_gates = part.has_gates();
        let mut spare: Vec<ArcId> = cut
            .iter()
            .copied()
            .filter(|&arc| has_gates || part.cost(arc) == 0)
            .collect();
        spare.sort_unstable_by_key(|&arc| (std::cmp::Reverse(part.cost(arc)), arc));
        for arc in spare {
            self.is_cut[arc.number()] = false;
            let is_cut = &self.is_cut;
            let admits = |arc: ArcId| !is_cut[arc.number()];
            if self.walk.would_reach(part, arc, admits, meter)? {
                self.is_cut[arc.number()] = true;
            }
        }
        cut.retain(|arc| self.is_cut[arc.number()]);
        let cost = cost(part, &cut);
        if !self.is_found || cost < self.cost {
            self.is_found = true;
            self.best = cut;
            self.cost = cost;
        }
        Ok(())
    }

    /// The flow, and ways beside it that use gates not chosen for: a bound from below for the branch.
    fn packing(&mut self, flow: u64, meter: &mut Meter<'_>) -> Result<u64, QueryError> {
        let mark = self.part.network.mark();
        let mut bound = flow;
        while bound < self.cost {
            let network = &self.part.network;
            let has_left = |arc: ArcId| network.left(arc) > 0;
            if !self.walk.run(self.part, has_left, has_left, meter)? {
                break;
            }
            let steps = self.walk.way(self.part).steps;
            let narrowest = steps.iter().map(|&arc| self.part.network.left(arc)).min();
            let narrowest = narrowest.unwrap_or(0);
            bound = bound.saturating_add(narrowest);
            for arc in steps {
                let left = self.part.network.left(arc);
                if left != UNBOUNDED {
                    self.part.network.set(arc, left - narrowest);
                }
            }
        }
        self.part.network.undo(mark);
        Ok(bound)
    }
}

fn cost(part: &Part, arcs: &[ArcId]) -> u64 {
    // Below 2⁶³: fewer than 2³¹ arcs of less than 2³² each.
    arcs.iter().map(|&arc| u64::from(part.cost(arc))).sum()
}
