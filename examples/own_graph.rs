//! Ask the questions of a graph of your own. No cloud: states are numbers, names are yours.
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

use cspm_graph::algo::{choke, most_likely, reach};
use cspm_graph::graph::{GraphBuilder, Likelihood, Limits, StateId, StepAttributes, ViewOptions};

/// A house, and what a burglar can hold in it.
const STATES: [&str; 6] = ["street", "garden", "hall", "key", "code", "safe"];

fn main() -> Result<(), Box<dyn Error>> {
    let state = |name: &str| {
        let index = STATES
            .iter()
            .position(|it| *it == name)
            .ok_or("no such state")?;
        Ok::<_, Box<dyn Error>>(StateId::new(u32::try_from(index)?)?)
    };

    let mut builder = GraphBuilder::new(STATES.len());
    let ways = [
        ("street", "garden", 0.9),
        ("street", "hall", 0.1),
        ("garden", "hall", 0.5),
        ("hall", "key", 0.8),
        ("hall", "code", 0.2),
    ];
    for (from, to, probability) in ways {
        let likelihood = Likelihood::from_probability(probability)?;
        let attributes = StepAttributes {
            likelihood,
            ..StepAttributes::default()
        };
        builder.add_step(state(from)?, state(to)?, attributes);
    }
    // A gate: the safe opens to who holds the key and the code, both at once.
    builder.add_gate(
        &[state("key")?, state("code")?],
        state("safe")?,
        StepAttributes::default(),
    );

    let limits = Limits::default();
    let graph = builder.build(&limits)?;
    let view = graph.view(&ViewOptions::default());
    let (street, safe) = (state("street")?, state("safe")?);
    let name = |id: StateId| STATES.get(id.index()).copied().unwrap_or("?");

    let reached = reach(&view, &[street], &limits)?;
    println!(
        "from the street: {:?}",
        reached.iter().map(name).collect::<Vec<_>>()
    );

    if let Some(way) = most_likely(&view, &[street], &limits)?.derivation(safe) {
        println!("the likeliest way to the safe, {:.3}:", way.probability());
        for step in way.steps().iter().filter_map(|&id| graph.step(id)) {
            let inputs: Vec<_> = step.inputs().map(name).collect();
            println!("  {} -> {}", inputs.join(" + "), name(step.to()));
        }
    }

    let points = choke(&view, &[street], &[(safe, 100)], &limits)?;
    let states: Vec<_> = points.states().map(|it| name(it.id())).collect();
    println!(
        "guard any of these, and the safe is safe: {}",
        states.join(", ")
    );
    Ok(())
}
