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
/// cheapest cut also cuts the network in which for each gate such an input is open (any input of a gate whose
/// step is cut). The other way round, a cut of a network with one open input for each gate cuts the part, since
/// all inputs together give no more than one of them does there. The cheapest cut is therefore the least over
/// all choices of one input for each gate, and a branch is a choice for some gates:
/// - with the inputs of the other gates closed, there is less to cut: the flow bounds the branch from below;
/// - if the cut of that network cuts the part, the branch has no better one, and is done;
/// - if not, all inputs of some gate are reached in spite of it: that gate is chosen for next.
///
/// The bound of a branch is raised by ways that use the gates not chosen for. A cut holds a step of each way.
/// If no step is on more ways than its cost allows, counted with the flow through it, then the ways and the
/// flow together bound the cost of every cut from below (weak duality).
pub(super) fn cheapest_cut(
    part: &mut Part,
    effort: Effort,
    meter: &mut Meter<'_>,
) -> Result<Cut, QueryError> {
    let mut search = Search::new(part);
    let flow = search.part.network.augment(meter)?;
    let mut lower_bound = flow;
    if !search.try_cut(meter)?.is_empty() {
        lower_bound = search.packing(flow, meter)?;
        let least = search.branch_and_bound(flow, lower_bound, effort, meter)?;
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

    /// Goes through the branches, the most promising choices first, until they are done, a cut costs no more
    /// than `enough`, or the effort is spent. Returns a bound from below: the least of the bounds of the branches
    /// that are left, and of the best cut.
    fn branch_and_bound(
        &mut self,
        flow: u64,
        enough: u64,
        effort: Effort,
        meter: &mut Meter<'_>,
    ) -> Result<u64, QueryError> {
        let mut frames = Vec::new();
        self.descend(&mut frames, flow, meter)?;
        let mut branches = 0;
        let mut work_max = None;
        while let Some(frame) = frames.last_mut() {
            if self.is_found {
                let work = meter.spent();
                let work_max = *work_max.get_or_insert(work.saturating_add(effort.work));
                if self.cost <= enough || branches >= effort.branches || work >= work_max {
                    break;
                }
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
            self.open(&mut frames, &series, flow);
            let flow = flow + self.part.network.augment(meter)?;
            self.descend(&mut frames, flow, meter)?;
        }
        let left = frames.iter().flat_map(|frame| &frame.choices);
        Ok(left.fold(self.cost, |least, &(bound, _)| least.min(bound)))
    }

    /// Sees what is to be done at a branch, and adds the choices for the next gate if it is not done.
    fn descend(
        &mut self,
        frames: &mut Vec<Frame>,
        flow: u64,
        meter: &mut Meter<'_>,
    ) -> Result<(), QueryError> {
        let gates = self.try_cut(meter)?;
        if gates.is_empty() {
            return Ok(());
        }
        let mut bound = flow;
        if self.is_found {
            bound = self.packing(flow, meter)?;
        }
        if !self.is_found || bound < self.cost {
            let frame = self.frame(gates, flow, bound, meter)?;
            frames.push(frame);
        }
        Ok(())
    }

    /// Opens for each of some gates the input that came last, and adds the choices beside it.
    fn open(&mut self, frames: &mut Vec<Frame>, gates: &[(NodeId, ArcId)], flow: u64) {
        for &(gate, last) in gates {
            let others = self.part.inputs(gate).filter(|&arc| arc != last);
            let mut choices: Vec<(u64, ArcId)> = others.map(|arc| (flow, arc)).collect();
            choices.reverse();
            frames.push(Frame {
                mark: self.part.network.mark(),
                flow,
                choices,
                series: Vec::new(),
            });
            self.part.network.set(last, UNBOUNDED);
        }
    }

    /// The choices for the first of some gates, the others to follow in series. `bound` is that of the branch.
    ///
    /// COST: until a cut is found, all gates of a way are chosen for at once. Otherwise a chain of gates took a
    /// flow for each of them.
    fn frame(
        &mut self,
        gates: Vec<(NodeId, ArcId)>,
        flow: u64,
        bound: u64,
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
            let flow = flow + self.part.network.augment(meter)?;
            self.part.network.undo(mark);
            choices.push((flow, arc));
        }
        choices.sort_unstable_by(|one, other| other.cmp(one));
        for (flow, _) in &mut choices {
            *flow = bound.max(*flow);
        }
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

    /// Sees whether the cut of the network cuts the part, and keeps it if it is the best. Otherwise returns the
    /// gates not chosen for on a way in spite of it, the first one first, each with the input that came last:
    /// there are some. To be called when no more can pass.
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

#[cfg(test)]
mod tests {
    use super::super::cut_part::held;
    use super::*;
    use crate::graph::sealed::Sealed as _;
    use crate::graph::{
        AttackGraph, GraphBuilder, Limits, StateId, StateSet, StepAttributes, Table, ViewOptions,
    };

    fn cut(graph: &AttackGraph, effort: Effort) -> (u64, u64) {
        let (view, limits) = (graph.view(&ViewOptions::default()), Limits::default());
        let mut meter = Meter::new(&limits);
        let state = |number| StateId::new(number).unwrap();
        let (entries, jewels) = ([state(0)], [state(1), state(2)]);
        let reached = super::super::reach(&view, &entries, &limits).unwrap();
        let cost = |step| {
            graph
                .step(step)
                .map(|step| step.tag())
                .filter(|&tag| tag > 0)
        };
        let held = held(&view, &entries, &cost, &mut meter).unwrap();
        let targets = jewels
            .into_iter()
            .filter(|&at| reached.contains(at) && !held.contains(at));
        let mut numbers = Table::filled(None, graph.state_count());
        let sets: (&StateSet, &StateSet) = (&reached, &held);
        let mut part = Part::build(&view, sets, targets, &cost, &mut numbers, &mut meter).unwrap();
        assert!(numbers.values().iter().all(Option::is_none));
        if effort.branches == usize::MAX {
            let least = least_over_all_choices(&mut part, &mut meter);
            return (
                least,
                cheapest_cut(&mut part, effort, &mut meter).unwrap().cost,
            );
        }
        let cut = cheapest_cut(&mut part, effort, &mut meter).unwrap();
        let mut walk = Walk::new(&part);
        let mut leads_on = |left_in: Option<ArcId>| {
            let admits = |arc: ArcId| Some(arc) == left_in || !cut.arcs.contains(&arc);
            walk.run(&part, admits, |_| false, &mut meter).unwrap()
        };
        assert!(!leads_on(None) && cut.arcs.iter().all(|&arc| leads_on(Some(arc))));
        (cut.lower_bound, cut.cost)
    }

    /// The least flow over all choices of one input for each gate, each choice tried.
    fn least_over_all_choices(part: &mut Part, meter: &mut Meter<'_>) -> u64 {
        let nodes = (0..part.network.node_count()).map(NodeId::at);
        let gates = nodes.filter(|&node| part.is_gate(node));
        let gates: Vec<Vec<ArcId>> = gates.map(|gate| part.inputs(gate).collect()).collect();
        let mark = part.network.mark();
        let mut least = u64::MAX;
        for choice in 0..1_usize << gates.len() {
            for (place, inputs) in gates.iter().enumerate() {
                part.network.set(inputs[choice >> place & 1], UNBOUNDED);
            }
            least = least.min(part.network.augment(meter).unwrap());
            part.network.undo(mark);
        }
        least
    }

    #[test]
    fn whatever_the_effort_the_cheapest_cost_lies_between_the_bounds() {
        let mut seed = 1_u32;
        let mut draw = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % below
        };
        let state = |number| StateId::new(number).unwrap();
        let costs = |tag| StepAttributes {
            tag,
            ..StepAttributes::default()
        };
        let mut open = 0;
        for _ in 0..200 {
            // Pairs of the states 3 to 10 give the jewels 1 and 2, or states between.
            let mut builder = GraphBuilder::new(14);
            for from_start in 3..11 {
                builder.add_step(state(0), state(from_start), costs(1 + draw(3)));
            }
            for _ in 0..12 {
                let inputs = [state(3 + draw(8)), state(3 + draw(11))];
                let to = [1, 2, 11, 12, 13][draw(5) as usize];
                builder.add_gate(&inputs, state(to), costs(draw(2) * 9));
            }
            for from in 11..14 {
                builder.add_step(state(from), state(1 + draw(10)), costs(draw(5)));
            }
            let graph = builder.build(&Limits::default()).unwrap();
            let all = Effort {
                branches: usize::MAX,
                work: u64::MAX,
            };
            let (least, cost) = cut(&graph, all);
            assert_eq!(least, cost);
            for branches in [0, 1, 3] {
                let (below, above) = cut(&graph, Effort { branches, ..all });
                assert!(below <= cost && cost <= above, "{below} {cost} {above}");
                open += u32::from(below < above);
            }
        }
        assert!(open > 100, "only {open} answers were left open");
    }
}
