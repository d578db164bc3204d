//! Twins of the algorithms, written from the definitions: plain loops over plain lists.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Model, ModelStep};

type Set = BTreeSet<u32>;

/// The least set with the source, in which a step gives its output if one input at least is in the set and
/// all others are in the set or ambient.
pub(crate) fn reach_with(model: &Model, source: &[u32], ambient: &Set) -> Set {
    let mut reached: Set = source.iter().copied().collect();
    loop {
        let before = reached.len();
        for step in &model.steps {
            let own = step.inputs.iter().any(|input| reached.contains(input));
            let held = |input: &u32| reached.contains(input) || ambient.contains(input);
            if own && step.inputs.iter().all(held) {
                reached.insert(step.to);
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

pub(crate) fn reach(model: &Model, entries: &[u32]) -> Set {
    reach_with(model, entries, &Set::new())
}

pub(crate) fn free(model: &Model, passes: &Set) -> Set {
    let entries: Set = model.entries.iter().copied().collect();
    let mut free = entries.clone();
    loop {
        let before = free.len();
        for step in &model.steps {
            let may = |i: &u32| free.contains(i) && (passes.contains(i) || entries.contains(i));
            if step.inputs.iter().all(may) {
                free.insert(step.to);
            }
        }
        if free.len() == before {
            return free;
        }
    }
}

fn distinct(inputs: &[u32]) -> Set {
    inputs.iter().copied().collect()
}

/// Least tree costs from the entries, by relaxation until nothing changes.
pub(crate) fn tree_costs(model: &Model, entries: &[u32]) -> BTreeMap<u32, u64> {
    let mut costs: BTreeMap<u32, u64> = entries.iter().map(|&entry| (entry, 0)).collect();
    loop {
        let mut changed = false;
        for step in &model.steps {
            let inputs = distinct(&step.inputs);
            if !inputs.iter().all(|input| costs.contains_key(input)) {
                continue;
            }
            let sum = inputs
                .iter()
                .fold(0_u64, |sum, input| sum.saturating_add(costs[input]));
            let offer = sum.saturating_add(u64::from(step.cost));
            if costs.get(&step.to).is_none_or(|&cost| offer < cost) {
                costs.insert(step.to, offer);
                changed = true;
            }
        }
        if !changed {
            return costs;
        }
    }
}

/// Least (tree cost, depth) from the entries, and for each state the steps that attain it.
pub(crate) fn keys(model: &Model) -> BTreeMap<u32, ((u64, u32), Vec<&ModelStep>)> {
    let mut keys: BTreeMap<u32, (u64, u32)> = model.entries.iter().map(|&e| (e, (0, 0))).collect();
    let offer = |keys: &BTreeMap<u32, (u64, u32)>, step: &ModelStep| {
        let inputs = distinct(&step.inputs);
        let known: Option<Vec<(u64, u32)>> = inputs.iter().map(|i| keys.get(i).copied()).collect();
        let known = known?;
        let cost = known
            .iter()
            .fold(u64::from(step.cost), |sum, key| sum.saturating_add(key.0));
        Some((cost, 1 + known.iter().map(|key| key.1).max()?))
    };
    let mut changed = true;
    while changed {
        changed = false;
        for step in &model.steps {
            let Some(key) = offer(&keys, step) else {
                continue;
            };
            if keys.get(&step.to).is_none_or(|&old| key < old) {
                keys.insert(step.to, key);
                changed = true;
            }
        }
    }
    let attaining = |state: u32, key: (u64, u32)| {
        let into = model.steps.iter().filter(move |step| step.to == state);
        into.filter(|step| offer(&keys, step) == Some(key))
            .collect()
    };
    keys.iter()
        .map(|(&state, &key)| (state, (key, attaining(state, key))))
        .collect()
}

/// The least cost of a simple path from an entry, by trying all of them. For graphs without gates.
pub(crate) fn cheapest_path(model: &Model, target: u32) -> Option<u64> {
    let mut best: Option<u64> = None;
    let mut open: Vec<(Vec<u32>, u64)> = model.entries.iter().map(|&e| (vec![e], 0)).collect();
    while let Some((path, cost)) = open.pop() {
        let at = *path.last().unwrap();
        if at == target {
            best = Some(best.map_or(cost, |best| best.min(cost)));
            continue;
        }
        for step in model.steps.iter().filter(|step| step.inputs[0] == at) {
            if !path.contains(&step.to) {
                let mut longer = path.clone();
                longer.push(step.to);
                open.push((longer, cost + u64::from(step.cost)));
            }
        }
    }
    best
}

/// All derivations of the target, as tags of their steps with the tree cost: every choice of one step for
/// each state that needs one, in which no state needs itself. None if there are too many.
pub(crate) fn all_derivations(model: &Model, target: u32) -> Option<Vec<(u64, BTreeSet<u32>)>> {
    let mut found = Vec::new();
    let mut tried = 0;
    let mut open: Vec<BTreeMap<u32, &ModelStep>> = vec![BTreeMap::new()];
    while let Some(chosen) = open.pop() {
        tried += 1;
        if tried > 20_000 {
            return None;
        }
        let given = |state: &u32| model.entries.contains(state) || chosen.contains_key(state);
        let inputs = chosen.values().flat_map(|step| step.inputs.iter().copied());
        let needed = [target]
            .into_iter()
            .chain(inputs)
            .find(|state| !given(state));
        if let Some(state) = needed {
            for step in model.steps.iter().filter(|step| step.to == state) {
                let mut more = chosen.clone();
                more.insert(state, step);
                open.push(more);
            }
            continue;
        }
        let only = Model {
            steps: chosen.values().map(|&step| step.clone()).collect(),
            ..model.clone()
        };
        if reach(&only, &model.entries).contains(&target) {
            // Costs are unique: each state is given by one step.
            let cost = tree_costs(&only, &model.entries)[&target];
            found.push((cost, only.steps.iter().map(|step| step.tag).collect()));
        }
    }
    found.sort();
    Some(found)
}

/// The best prize of each state, as (cost with handicap, jewel), from the words of the definition.
pub(crate) fn prizes(
    model: &Model,
    exposure: &BTreeMap<u32, u64>,
    handicap: impl Fn(u64) -> u64,
) -> BTreeMap<u32, (u64, usize)> {
    // Each gate by what it asks of a state's own reach: (own inputs, output, cost with exposures).
    let mut own_steps: Vec<(Set, u32, u64)> = Vec::new();
    for step in &model.steps {
        let inputs = distinct(&step.inputs);
        let open: Set = inputs
            .iter()
            .copied()
            .filter(|i| !exposure.contains_key(i))
            .collect();
        let exposed = |but: Option<u32>| {
            let ambient = inputs
                .iter()
                .filter(|&&i| !open.contains(&i) && Some(i) != but);
            ambient.fold(u64::from(step.cost), |sum, i| {
                sum.saturating_add(exposure[i])
            })
        };
        if open.is_empty() {
            for &input in &inputs {
                own_steps.push((Set::from([input]), step.to, exposed(Some(input))));
            }
        } else {
            let cost = exposed(None);
            own_steps.push((open, step.to, cost));
        }
    }
    let mut best: BTreeMap<u32, (u64, usize)> = BTreeMap::new();
    for start in 0..model.state_count {
        let mut costs = BTreeMap::from([(start, 0_u64)]);
        let mut changed = true;
        while changed {
            changed = false;
            for (inputs, to, cost) in &own_steps {
                if inputs.iter().all(|input| costs.contains_key(input)) {
                    let offer = inputs
                        .iter()
                        .fold(*cost, |sum, i| sum.saturating_add(costs[i]));
                    if costs.get(to).is_none_or(|&cost| offer < cost) {
                        costs.insert(*to, offer);
                        changed = true;
                    }
                }
            }
        }
        for (jewel, &(at, value)) in model.jewels.iter().enumerate() {
            if let (Some(&cost), true) = (costs.get(&at), value > 0) {
                let worth = (cost.saturating_add(handicap(value)), jewel);
                let place = best.entry(start).or_insert(worth);
                *place = worth.min(*place);
            }
        }
    }
    let mut changed = true;
    while changed {
        changed = false;
        for (inputs, to, cost) in own_steps.iter().filter(|(inputs, ..)| inputs.len() == 1) {
            let Some(&(behind, jewel)) = best.get(to) else {
                continue;
            };
            let worth = (behind.saturating_add(*cost), jewel);
            let place = best.entry(*inputs.first().unwrap()).or_insert(worth);
            if worth < *place {
                *place = worth;
                changed = true;
            }
        }
    }
    best
}
