//! What is the likeliest way to each state, what are the next ones, and which prize draws an attacker?

use criterion::{Criterion, criterion_group};
use cspm_benches::{LazyShape, Shape, chain, estate, gate_ladder, hub, large, layered, wide_gate};
use cspm_graph::algo::{
    Derivation, Derivations, Prizes, most_likely, next_most_likely, prize, verify,
};
use cspm_graph::graph::Limits;

use crate::HEAP;
use crate::timing::{self, Found, Question};

fn benches(criterion: &mut Criterion) {
    let few = LazyShape::new(
        "layered",
        (5_000, 22_925),
        || layered(10, 500, 5),
        || layered(5, 40, 3),
    );
    let layered = large::layered(|| layered(5, 100, 3));
    let estate = large::estate(|| estate(10, 40));
    let chain = large::chain(|| chain(300, 10));
    let hub = large::hub(|| hub(200));
    let ladder = large::gate_ladder(|| gate_ladder(100));
    let gate = large::wide_gate(|| wide_gate(100));

    timing::bench::<Likeliest>(
        criterion,
        &HEAP,
        &[&layered, &estate, &chain, &hub, &ladder, &gate],
    );

    timing::bench::<Next>(criterion, &HEAP, &[&few, &estate]);

    timing::bench::<BestPrize>(
        criterion,
        &HEAP,
        &[&layered, &estate, &chain, &hub, &ladder],
    );
}

/// The likeliest ways to all states.
struct Likeliest;

impl Question for Likeliest {
    const NAME: &'static str = "most_likely";
    type Given = ();
    type Answer = Derivations;

    fn prepare(_: &Shape) {}

    fn ask(shape: &Shape, (): &Self::Given, limits: &Limits) -> Self::Answer {
        most_likely(&shape.view(), &shape.entries, limits).unwrap()
    }

    fn verify(shape: &Shape, (): &Self::Given, ways: &Self::Answer) {
        verify::derivations(&shape.view(), &shape.entries, ways).unwrap();
    }

    fn find(shape: &Shape, (): &Self::Given, ways: &Self::Answer) -> Found {
        found(shape, ways)
    }
}

/// The three likeliest ways to one jewel.
struct Next;

impl Question for Next {
    const NAME: &'static str = "next_most_likely";
    type Given = ();
    type Answer = (Vec<Derivation>, bool);

    fn prepare(_: &Shape) {}

    fn ask(shape: &Shape, (): &Self::Given, limits: &Limits) -> Self::Answer {
        let &(jewel, _) = shape.jewels.first().unwrap();
        next_most_likely(&shape.view(), &shape.entries, jewel, 3, limits).unwrap()
    }

    fn verify(shape: &Shape, (): &Self::Given, (ways, _): &Self::Answer) {
        let &(jewel, _) = shape.jewels.first().unwrap();
        for way in ways {
            verify::derivation(&shape.view(), &shape.entries, jewel, way).unwrap();
        }
    }

    fn find(shape: &Shape, (): &Self::Given, (ways, _): &Self::Answer) -> Found {
        let &(jewel, _) = shape.jewels.first().unwrap();
        for way in ways {
            verify::derivation(&shape.view(), &shape.entries, jewel, way).unwrap();
        }
        assert!(ways.is_sorted_by_key(Derivation::cost));
        vec![
            ("ways", ways.len()),
            ("steps", ways.iter().map(|way| way.steps().len()).sum()),
        ]
    }
}

/// The best prize of each state.
struct BestPrize;

impl Question for BestPrize {
    const NAME: &'static str = "prize";
    type Given = Derivations;
    type Answer = Prizes;

    fn prepare(shape: &Shape) -> Self::Given {
        most_likely(&shape.view(), &shape.entries, &Limits::default()).unwrap()
    }

    fn ask(shape: &Shape, ambient: &Self::Given, limits: &Limits) -> Self::Answer {
        prize(&shape.view(), ambient, &shape.jewels, limits).unwrap()
    }

    fn verify(shape: &Shape, ambient: &Self::Given, prizes: &Self::Answer) {
        verify::prizes(&shape.view(), ambient, &shape.jewels, prizes).unwrap();
    }

    fn find(shape: &Shape, ambient: &Self::Given, prizes: &Self::Answer) -> Found {
        verify::prizes(&shape.view(), ambient, &shape.jewels, prizes).unwrap();
        let states = shape.graph.states();
        let drawn = states.filter(|&state| prizes.best(state).is_some()).count();
        vec![("states", drawn), ("cut", usize::from(prizes.is_cut()))]
    }
}

/// No step may offer less than what was found, and some derivations are gone through.
fn found(shape: &Shape, ways: &Derivations) -> Found {
    let view = shape.view();
    for step in view.steps() {
        let mut offer = Some(u64::from(step.likelihood().cost()));
        for input in step.inputs() {
            offer = offer.zip(ways.cost(input)).map(|(sum, cost)| sum + cost);
        }
        assert!(offer.is_none_or(|offer| ways.cost(step.to()).is_some_and(|cost| cost <= offer)));
    }
    for sample in shape.samples(4) {
        if let Some(way) = ways.derivation(sample) {
            verify::derivation(&view, &shape.entries, sample, &way).unwrap();
        }
    }
    let states = shape.graph.states();
    vec![(
        "states",
        states.filter(|&state| ways.contains(state)).count(),
    )]
}

criterion_group!(likelihood, benches);
