//! Accounts, as they are found in estates.

use cspm_graph::graph::{Likelihood, StepAttributes};

use crate::random::Random;
use crate::shape::{Drawing, Shape};

/// An estate of `accounts` accounts of `size` states, and the internet.
///
/// An account has a hub, members, and data, a tenth of it. The hub leads to all of them, and every tenth account's
/// to the hub of another; members lead to three others, one in forty to the hub; data needs two members at once, or,
/// one in four, a single one. The internet leads to two members of every fifth account. One of the data of each
/// account is a jewel. Steps succeed with likelihoods of 0.9, 0.5 and 0.1.
pub fn estate(accounts: u32, size: u32) -> Shape {
    let mut random = Random::new(4);
    let likelihoods = [0.9, 0.5, 0.1]
        .map(|probability| Likelihood::from_probability(probability).unwrap_or_default());
    let data = size / 10;
    let members = size - data - 1;
    let mut drawing = Drawing::new(accounts * size + 1);
    for account in 0..accounts {
        let hub = 1 + account * size;
        let (first_member, first_data) = (hub + 1, hub + 1 + members);
        let mut attributes = {
            let mut random = Random::new(u64::from(account));
            move || StepAttributes {
                likelihood: likelihoods
                    .get(random.below(3) as usize)
                    .copied()
                    .unwrap_or_default(),
                ..StepAttributes::default()
            }
        };
        for any in first_member..hub + size {
            drawing.step_with(hub, any, attributes());
        }
        if account % 10 == 0 {
            let other = 1 + random.below(accounts) * size;
            drawing.step_with(hub, other, attributes());
        }
        for member in first_member..first_data {
            for _ in 0..3 {
                let other = first_member + random.below(members);
                drawing.step_with(member, other, attributes());
            }
            if random.once_in(40) {
                drawing.step_with(member, hub, attributes());
            }
        }
        for data in first_data..hub + size {
            let inputs = [(); 2].map(|()| first_member + random.below(members));
            if random.once_in(4) {
                drawing.step_with(inputs[0], data, attributes());
            } else {
                drawing.gate_with(&inputs, data, attributes());
            }
        }
        if account % 5 == 0 {
            for _ in 0..2 {
                let member = first_member + random.below(members);
                drawing.step_with(0, member, attributes());
            }
        }
    }
    let jewels = (1..=accounts).map(|account| (account * size, 1 + u64::from(random.below(1_000))));
    let jewels: Vec<(u32, u64)> = jewels.collect();
    drawing.finish([0], jewels)
}
