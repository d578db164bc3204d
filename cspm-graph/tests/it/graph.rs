//! The frozen graph against the lists it was built from.

use cspm_graph::algo::reach;
use cspm_graph::graph::{
    BuildError, Certainty, GraphBuilder, Limits, StateId, StepAttributes, StepId, ViewOptions,
};
use proptest::prelude::*;
use rayon::prelude::*;

use crate::model::{Model, content, state, states, step};
use crate::shapes::{model, model_and_cut};

fn listed(model: &Model) -> Vec<(Vec<u32>, u32, u8, Certainty, u32, u32)> {
    let mut steps: Vec<_> = model
        .steps
        .iter()
        .map(|step| {
            let mut inputs = step.inputs.clone();
            inputs.sort_unstable();
            inputs.dedup();
            (
                inputs,
                step.to,
                step.kind,
                step.certainty,
                step.cost,
                step.tag,
            )
        })
        .collect();
    steps.sort();
    steps
}

proptest! {
    #[test]
    fn nothing_is_lost_or_invented(model in model(12, 10)) {
        let graph = model.build();
        let mut found: Vec<_> = graph.steps().map(|step| content(&step)).collect();
        found.sort();
        prop_assert_eq!(&found, &listed(&model));
        prop_assert_eq!(graph.state_count(), model.state_count as usize);
        prop_assert_eq!(graph.step_count(), model.steps.len());
        prop_assert_eq!(graph.gate_count(), found.iter().filter(|step| step.0.len() > 1).count());
    }

    #[test]
    fn both_directions_agree(model in model(12, 10)) {
        let graph = model.build();
        for at in graph.states() {
            let from: Vec<StepId> = graph.steps_from(at).map(|step| step.id()).collect();
            let expected = graph.steps().filter(|step| step.inputs().any(|input| input == at));
            prop_assert_eq!(from, expected.map(|step| step.id()).collect::<Vec<_>>());

            let into: Vec<_> = graph.steps_into(at).collect();
            let key = |step: &cspm_graph::graph::Step<'_>| (step.is_gate(), step.kind(), step.id());
            // Gates come after steps, in the order of their ids.
            let steps = into.iter().filter(|step| !step.is_gate());
            let gates = into.iter().filter(|step| step.is_gate());
            prop_assert!(steps.clone().is_sorted_by_key(key));
            prop_assert!(gates.clone().is_sorted_by_key(cspm_graph::graph::Step::id));
            prop_assert!(into.is_sorted_by_key(cspm_graph::graph::Step::is_gate));
            let mut found: Vec<StepId> = into.iter().map(cspm_graph::graph::Step::id).collect();
            found.sort();
            let expected = graph.steps().filter(|step| step.to() == at);
            prop_assert_eq!(found, expected.map(|step| step.id()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_view_leaves_out_what_it_is_told((model, cut) in model_and_cut(12, 10)) {
        let graph = model.build();
        cut.with_options(&graph, |options| {
            let view = graph.view(options);
            let mut found: Vec<_> = view.steps().map(|step| content(&step)).collect();
            found.sort();
            prop_assert_eq!(found, listed(&model.cut(&cut)));
            for at in graph.states() {
                let from = graph.steps_from(at).filter(|step| view.contains(step.id()));
                let found = view.steps_from(at).map(|step| step.id());
                prop_assert!(found.eq(from.map(|step| step.id())));
                let into = graph.steps_into(at).filter(|step| view.contains(step.id()));
                let found = view.steps_into(at).map(|step| step.id());
                prop_assert!(found.eq(into.map(|step| step.id())));
            }
            Ok(())
        })?;
    }
}

#[test]
fn ids_that_there_are_not_have_no_step() {
    let graph = Model::new(2, vec![step(&[0], 1)]).build();
    let beyond = StepId::new(1).unwrap();
    assert!(graph.step(beyond).is_none());
    assert_eq!(
        graph.steps_from(state(2)).count() + graph.steps_into(state(9)).count(),
        0
    );
    let view = graph.view(&ViewOptions {
        without: &[beyond],
        ..ViewOptions::default()
    });
    assert!(!view.contains(beyond));
    assert_eq!(view.without(&[beyond]).steps().count(), 1);
}

#[test]
fn a_gate_counts_each_input_once() {
    let mut builder = GraphBuilder::new(4);
    let attributes = StepAttributes {
        tag: 7,
        ..StepAttributes::default()
    };
    builder.add_gate(&states(&[2, 1, 2, 1]), state(3), attributes);
    builder.add_gate(&states(&[2, 2, 2]), state(0), attributes);
    let graph = builder.build(&Limits::default()).unwrap();
    graph.validate().unwrap();
    let found: Vec<_> = graph.steps().map(|step| content(&step)).collect();
    assert_eq!(found[0].0, [2]);
    assert_eq!(found[1].0, [1, 2]);
    assert_eq!((graph.step_count(), graph.gate_count()), (2, 1));
}

#[test]
fn what_cannot_be_built_is_told() {
    let attributes = StepAttributes {
        tag: 5,
        ..StepAttributes::default()
    };
    let build = |add: &dyn Fn(&mut GraphBuilder)| {
        let mut builder = GraphBuilder::new(2);
        add(&mut builder);
        builder.build(&Limits::default())
    };
    for (from, to) in [(0, 2), (2, 0)] {
        let error = build(&|b| b.add_step(state(from), state(to), attributes)).unwrap_err();
        let BuildError::StepOutOfRange(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            (error.state(), error.state_count(), error.tag()),
            (state(2), 2, 5)
        );
    }
    for (inputs, to) in [([0, 1], 2), ([0, 2], 1)] {
        let error = build(&|b| b.add_gate(&states(&inputs), state(to), attributes)).unwrap_err();
        assert!(matches!(error, BuildError::StepOutOfRange(_)), "{error:?}");
    }
    let error = build(&|b| b.add_gate(&[], state(0), attributes)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph not built: gate with tag 5 has no input: give it one, or make its output an entry"
    );
}

#[test]
fn a_graph_without_states_is_a_graph() {
    let (builder, limits) = (GraphBuilder::new(0), Limits::default());
    let of_steps = builder.clone().build(&limits).unwrap();
    let of_pairs = builder.clone().build_with_pairs(&[], &limits).unwrap();
    for graph in [of_steps, of_pairs] {
        graph.validate().unwrap();
        assert_eq!(graph.states().collect::<Vec<StateId>>(), []);
    }
    let error = builder.build_with_pairs(&[(0, 0)], &limits).unwrap_err();
    assert!(matches!(error, BuildError::StepOutOfRange(_)), "{error:?}");
}

#[test]
fn a_view_answers_all_threads_of_a_pool_at_once() {
    // The first questions make the rows of the view; while a thread waits for its share of that, it takes up another
    // question to the same view.
    let count = 20_000;
    let pairs: Vec<(u32, u32)> = (1..count).map(|to| (to - 1, to)).collect();
    let limits = Limits::default();
    let graph = GraphBuilder::new(count as usize)
        .build_with_pairs(&pairs, &limits)
        .unwrap();
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(8);
        pool.build().unwrap().install(|| {
            for round in 0..1_000 {
                let view = graph.view(&ViewOptions {
                    without: &[StepId::new(5).unwrap()],
                    ..ViewOptions::default()
                });
                (0..16).into_par_iter().with_max_len(1).for_each(|at| {
                    // Some come late.
                    for _ in 0..at % 2 * ((at * 37 + round * 13) % 400) * 100 {
                        std::hint::spin_loop();
                    }
                    let reached = reach(&view, &[state(count - 1 - at)], &limits).unwrap();
                    assert_eq!(reached.len(), at as usize + 1);
                });
            }
        });
        done.send(()).unwrap();
    });
    let patience = std::time::Duration::from_secs(120);
    assert_eq!(is_done.recv_timeout(patience), Ok(()), "stuck");
}

#[test]
fn graphs_and_answers_can_be_shared_between_threads() {
    fn check<T: Clone + Send + Sync>() {}
    check::<cspm_graph::graph::AttackGraph>();
    check::<cspm_graph::graph::View<'_>>();
    check::<cspm_graph::graph::StateSet>();
    check::<Limits>();
    check::<cspm_graph::algo::Derivations>();
    check::<cspm_graph::algo::JewelSets>();
    check::<cspm_graph::algo::Prizes>();
    check::<cspm_graph::algo::ChokePoints>();
    check::<cspm_graph::algo::MinCut>();
    check::<cspm_graph::algo::GreedyCut>();
    check::<cspm_graph::algo::BlastSizes>();
}
