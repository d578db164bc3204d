//! The best prize from each state.

use cspm_graph::algo::{Derivations, Prizes, most_likely, prize, verify};
use cspm_graph::graph::{Likelihood, Limits, StateId, View, ViewOptions};
use proptest::prelude::*;

use crate::model::{Model, state, step};
use crate::naive;
use crate::shapes::{model_and_cut, times};

fn exposure(view: &View<'_>, entries: &[StateId]) -> Derivations {
    most_likely(view, entries, &Limits::default()).unwrap()
}

fn ask(model: &Model) -> Prizes {
    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let ambient = exposure(&view, &model.entries());
    let prizes = prize(&view, &ambient, &model.jewels(), &Limits::default()).unwrap();
    verify::prizes(&view, &ambient, &model.jewels(), &prizes).unwrap();
    prizes
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a logarithm of a u64 is below 45"
)]
/// The handicap of a value against the largest, by the words of the documentation.
fn handicap(largest: u64, value: u64) -> u64 {
    let ratio = (largest as f64).ln() - (value as f64).ln();
    (ratio * f64::from(Likelihood::UNITS_PER_NAT))
        .round()
        .max(0.0) as u64
}

proptest! {
    #![proptest_config(times(4))]

    #[test]
    fn prizes_are_the_best_ways_from_each_state((model, cut) in model_and_cut(10, 10)) {
        let graph = model.build();
        let whole = graph.view(&ViewOptions::default());
        let ambient = exposure(&whole, &model.entries());
        let largest = model.jewels.iter().map(|&(_, value)| value).max().unwrap_or(0);
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let prizes = prize(&view, &ambient, &model.jewels(), &Limits::default()).unwrap();
            verify::prizes(&view, &ambient, &model.jewels(), &prizes).unwrap();
            prop_assert!(!prizes.is_cut());

            let exposure = naive::tree_costs(&model, &model.entries);
            let expected =
                naive::prizes(&model.cut(&cut), &exposure, |value| handicap(largest, value));
            for number in 0..model.state_count {
                let found = prizes.best(state(number)).map(|best| {
                    (best.cost() + handicap(largest, best.value()), best.jewel())
                });
                prop_assert_eq!(found, expected.get(&number).copied(), "state {}", number);
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_likely_small_prize_beats_an_unlikely_large_one() {
    // 0 → 1 is certain and worth 60; 0 → 2 has a chance of a half and is worth 100.
    let half = Likelihood::from_probability(0.5).unwrap().cost();
    let model = Model {
        jewels: vec![(2, 100), (1, 60), (0, 0)],
        ..Model::new(3, vec![step(&[0], 1), step(&[0], 2).cost(half)])
    };
    let prizes = ask(&model);
    let best = prizes.best(state(0)).unwrap();
    assert_eq!((best.jewel(), best.value(), best.cost()), (1, 60, 0));
    assert!((best.expected_value() - 60.0).abs() < 1e-9);
    assert_eq!(prizes.best(state(2)).unwrap().jewel(), 0);
    assert_eq!(prizes.best(state(7)), None);
}

#[test]
fn a_gate_counts_with_the_exposure_of_what_is_ambient() {
    // Entry 0 reaches 1 at cost 7. {1, 2} → 3 (jewel); 4 → 2.
    let steps = vec![
        step(&[0], 1).cost(7),
        step(&[1, 2], 3).cost(1),
        step(&[4], 2).cost(2),
    ];
    let model = Model {
        entries: vec![0],
        jewels: vec![(3, 9)],
        ..Model::new(5, steps)
    };
    let prizes = ask(&model);
    assert_eq!(prizes.best(state(2)).map(|best| best.cost()), Some(8));
    assert_eq!(prizes.best(state(4)).map(|best| best.cost()), Some(10));
    assert_eq!(prizes.best(state(1)), None);
}

#[test]
fn an_open_gate_counts_where_all_inputs_are_reached() {
    // 5 → 0 (cost 3), 0 → 1, 0 → 2, {1, 2} → 3 (jewel), nothing ambient.
    let steps = vec![
        step(&[5], 0).cost(3),
        step(&[0], 1).cost(1),
        step(&[0], 2).cost(2),
        step(&[1, 2], 3).cost(4),
    ];
    let model = Model {
        jewels: vec![(3, 9)],
        ..Model::new(6, steps)
    };
    let prizes = ask(&model);
    assert_eq!(prizes.best(state(0)).map(|best| best.cost()), Some(7));
    // What the inputs share before the search starts counts once.
    assert_eq!(prizes.best(state(5)).map(|best| best.cost()), Some(10));
    assert_eq!(prizes.best(state(1)), None);

    let graph = model.build();
    let view = graph.view(&ViewOptions::default());
    let ambient = exposure(&view, &[]);
    let limits = Limits {
        searches: 0,
        ..Limits::default()
    };
    let cut = prize(&view, &ambient, &model.jewels(), &limits).unwrap();
    assert!(cut.is_cut());
    assert_eq!(cut.best(state(0)), None);
    assert!(cut.best(state(3)).is_some());
    // At the limit: 0 is the only state that has a choice and reaches both inputs.
    let limits = Limits {
        searches: 1,
        ..Limits::default()
    };
    assert!(
        !prize(&view, &ambient, &model.jewels(), &limits)
            .unwrap()
            .is_cut()
    );
}

#[test]
fn ties_go_to_the_smaller_jewel_index_behind_open_gates_too() {
    // 0 gives 1, 2 and 3; {1, 2} → 4 at cost 0 and {1, 3} → 5 at cost 0; 5 is the first jewel.
    let steps = vec![
        step(&[0], 1).cost(1),
        step(&[0], 2).cost(1),
        step(&[0], 3).cost(1),
        step(&[1, 2], 4),
        step(&[1, 3], 5),
    ];
    let model = Model {
        jewels: vec![(5, 9), (4, 9)],
        ..Model::new(6, steps)
    };
    assert_eq!(ask(&model).best(state(0)).map(|best| best.jewel()), Some(0));
    let model = Model {
        jewels: vec![(4, 9), (5, 9)],
        ..model
    };
    assert_eq!(ask(&model).best(state(0)).map(|best| best.jewel()), Some(0));
}
