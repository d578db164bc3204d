//! Run petgraph's algorithms on an attack graph: its `visit` traits are ours.
//!
//!     cargo run -p cspm-examples --example petgraph
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;

use cspm_graph::algo::reach;
use cspm_graph::graph::{
    AttackGraph, GraphBuilder, Likelihood, Limits, StateId, StepAttributes, ViewOptions,
};
use petgraph::algo::{dijkstra, kosaraju_scc};
use petgraph::visit::EdgeRef as _;

const NAMES: [&str; 5] = ["internet", "web", "build", "deploy role", "customers"];

fn graph() -> Result<AttackGraph, Box<dyn Error>> {
    let mut builder = GraphBuilder::new(NAMES.len());
    for (from, to, likelihood) in [
        (0, 1, 0.2),
        (1, 2, 0.5),
        (2, 3, 1.0),
        (3, 2, 0.9),
        (3, 4, 0.8),
    ] {
        let attributes = StepAttributes {
            likelihood: Likelihood::from_probability(likelihood)?,
            ..StepAttributes::default()
        };
        builder.add_step(StateId::new(from)?, StateId::new(to)?, attributes);
    }
    Ok(builder.build(&Limits::default())?)
}

fn name(state: StateId) -> &'static str {
    NAMES.get(state.index()).copied().unwrap_or("?")
}

fn main() -> Result<(), Box<dyn Error>> {
    let graph = graph()?;
    let internet = StateId::new(0)?;

    // Who controls one of these controls all of them.
    for component in kosaraju_scc(&graph) {
        if component.len() > 1 {
            let names: Vec<&str> = component.into_iter().map(name).collect();
            println!("lead to one another: {}", names.join(", "));
        }
    }

    let costs = dijkstra(&graph, internet, None, |step| {
        u64::from(step.weight().cost())
    });
    let view = graph.view(&ViewOptions::default());
    let reached = reach(&view, &[internet], &Limits::default())?;
    for state in graph.states() {
        assert_eq!(
            costs.contains_key(&state),
            reached.contains(state),
            "both reach the same"
        );
    }
    println!("{} is reached by both", name(StateId::new(4)?));
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
