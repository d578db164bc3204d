//! Limits, each at the limit and one past it, and the cancel token.

use cspm_graph::algo::{
    BlastOptions, QueryError, blast_resources, blast_sizes, choke, fewest_steps, free, greedy_cut,
    jewel_sets, jewel_sets_of, min_cut, most_likely, next_most_likely, prize, reach, reach_with,
};
use cspm_graph::graph::{
    AttackGraph, BuildError, Cancel, GraphBuilder, LimitError, Limits, Progress, StateSet,
    StepAttributes, View, ViewOptions,
};

use crate::model::{Model, state, states, step};

fn build(limits: &Limits) -> Result<(), BuildError> {
    let mut builder = GraphBuilder::new(4);
    builder.add_step(state(0), state(1), StepAttributes::default());
    builder.add_gate(&states(&[0, 1, 2]), state(3), StepAttributes::default());
    builder.build(limits).map(drop)
}

#[test]
fn sizes_are_bounded_at_build() {
    let check = |limits: &dyn Fn(usize) -> Limits, name: &str, size: usize| {
        assert_eq!(build(&limits(size)), Ok(()), "{name} at the limit");
        let Err(BuildError::Limit(error)) = build(&limits(size - 1)) else {
            panic!("{name} one past the limit was built")
        };
        let expected = (name, size as u64 - 1, size as u64);
        assert_eq!((error.name(), error.limit(), error.observed()), expected);
    };
    check(
        &|states| Limits {
            states,
            ..Limits::default()
        },
        "states",
        4,
    );
    check(
        &|steps| Limits {
            steps,
            ..Limits::default()
        },
        "steps",
        2,
    );
    check(
        &|gate_inputs| Limits {
            gate_inputs,
            ..Limits::default()
        },
        "gate_inputs",
        3,
    );
}

#[test]
fn more_states_than_ids_are_refused_whatever_the_limit() {
    let limits = Limits {
        states: usize::MAX,
        ..Limits::default()
    };
    let error = GraphBuilder::new(usize::MAX).build(&limits).unwrap_err();
    assert!(matches!(error, BuildError::Limit(error) if error.limit() == Limits::STATES as u64));
}

type Question = fn(&View<'_>, &Limits) -> Result<(), QueryError>;

/// Every question, by name.
pub(crate) const QUESTIONS: [(&str, Question); 14] = [
    ("reach", |view, limits| {
        reach(view, &[state(0)], limits).map(drop)
    }),
    ("reach_with", |view, limits| {
        reach_with(view, &[state(0)], &StateSet::new(), limits).map(drop)
    }),
    ("jewel_sets", |view, limits| {
        jewel_sets(view, &StateSet::new(), &[(state(4), 1)], limits).map(drop)
    }),
    ("jewel_sets_of", |view, limits| {
        jewel_sets_of(
            view,
            &[state(0)],
            &StateSet::new(),
            &[(state(4), 1)],
            limits,
        )
        .map(drop)
    }),
    ("fewest_steps", |view, limits| {
        fewest_steps(view, &[(state(0), state(4))], limits).map(drop)
    }),
    ("most_likely", |view, limits| {
        most_likely(view, &[state(0)], limits).map(drop)
    }),
    ("next_most_likely", |view, limits| {
        next_most_likely(view, &[state(0)], state(4), 5, limits).map(drop)
    }),
    ("prize", |view, limits| {
        let none = most_likely(view, &[], &Limits::default())?;
        prize(view, &none, &[(state(4), 1)], limits).map(drop)
    }),
    ("choke", |view, limits| {
        choke(view, &[state(0)], &[(state(4), 1)], limits).map(drop)
    }),
    ("min_cut", |view, limits| {
        min_cut(view, &[state(0)], &[state(4)], |_| Some(1), limits).map(drop)
    }),
    ("greedy_cut", |view, limits| {
        let jewels = [(state(4), 1)];
        greedy_cut(view, &[state(0)], &jewels, 3, |_| Some(1), limits).map(drop)
    }),
    ("free", |view, limits| {
        free(view, &[state(0)], &StateSet::new(), limits).map(drop)
    }),
    ("blast_resources", |view, limits| {
        blast_resources(view, &[state(0)], &StateSet::new(), &[], 9, limits).map(drop)
    }),
    ("blast_sizes", |view, limits| {
        let resources = [7, 7, 8, 9, 1];
        let options = BlastOptions::default();
        blast_sizes(view, &StateSet::new(), &resources, &options, limits).map(drop)
    }),
];

fn small_graph() -> AttackGraph {
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[0], 3),
        step(&[1, 2], 4),
        step(&[3], 4),
        step(&[4], 1),
    ];
    Model::new(5, steps).build()
}

fn ask_all(limits: &Limits) -> Vec<(&'static str, Result<(), QueryError>)> {
    let graph = small_graph();
    let view = graph.view(&ViewOptions::default());
    QUESTIONS
        .iter()
        .map(|&(name, ask)| (name, ask(&view, limits)))
        .collect()
}

#[test]
fn a_cancelled_question_says_so() {
    let cancel = Cancel::new();
    cancel.clone().cancel();
    assert!(cancel.is_cancelled());
    for (name, outcome) in ask_all(&Limits {
        cancel: Some(cancel.clone()),
        ..Limits::default()
    }) {
        assert_eq!(outcome, Err(QueryError::Cancelled), "{name}");
    }
    for (name, outcome) in ask_all(&Limits {
        cancel: Some(Cancel::new()),
        ..Limits::default()
    }) {
        assert_eq!(outcome, Ok(()), "{name}");
    }
}

#[test]
fn every_question_has_a_least_work_with_which_it_is_answered() {
    let mut enough = vec![None; QUESTIONS.len()];
    for work in 0..1_000 {
        let outcomes = ask_all(&Limits {
            work,
            ..Limits::default()
        });
        for ((name, outcome), enough) in outcomes.into_iter().zip(&mut enough) {
            match (outcome, &enough) {
                (Ok(()), _) => {
                    enough.get_or_insert(work);
                }
                (Err(QueryError::Limit(error)), None) => {
                    let LimitError { .. } = error;
                    assert_eq!((error.name(), error.limit()), ("work", work), "{name}");
                    assert!(error.observed() > work, "{name}");
                }
                (outcome, _) => panic!("{name} with work {work}: {outcome:?}"),
            }
        }
    }
    assert!(
        enough.iter().all(|work| work.is_some_and(|work| work > 0)),
        "{enough:?}"
    );
}

#[test]
fn progress_shows_the_work_that_is_counted() {
    let graph = small_graph();
    let view = graph.view(&ViewOptions::default());
    let asked = |ask: Question, work| {
        let progress = Progress::new();
        let limits = Limits {
            work,
            progress: Some(progress.clone()),
            ..Limits::default()
        };
        (ask(&view, &limits), progress.work())
    };
    for (name, ask) in QUESTIONS {
        let (outcome, all) = asked(ask, Limits::WORK);
        assert_eq!(outcome, Ok(()), "{name}");
        assert!(all > 0, "{name}");
        assert_eq!(asked(ask, all), (Ok(()), all), "{name}");
        // Some questions have parts, and the limit is that of each; one gives up the rest of its answer.
        if ["jewel_sets_of", "prize", "next_most_likely"].contains(&name) {
            continue;
        }
        for work in 0..all {
            let (outcome, shown) = asked(ask, work);
            let Err(QueryError::Limit(error)) = outcome else {
                panic!("{name} with work {work}: {outcome:?}")
            };
            assert_eq!(error.observed(), shown, "{name} with work {work}");
        }
    }
    let shared = Limits {
        progress: Some(Progress::new()),
        ..Limits::default()
    };
    let work = || shared.progress.as_ref().map(Progress::work);
    reach(&view, &[state(0)], &shared).unwrap();
    let once = work();
    reach(&view, &[state(0)], &shared).unwrap();
    assert_eq!(work(), once.map(|once| 2 * once));
}

#[test]
fn the_space_of_sets_is_bounded() {
    // Each state of a chain reaches a set of its own: of one word each, then of two.
    let steps = (0..99).map(|number| step(&[number], number + 1)).collect();
    let graph = Model::new(100, steps).build();
    let view = graph.view(&ViewOptions::default());
    let jewels: Vec<_> = (0..100).map(|number| (state(number), 1)).collect();
    let ask = |set_words| {
        let limits = Limits {
            set_words,
            ..Limits::default()
        };
        jewel_sets(&view, &StateSet::new(), &jewels, &limits).map(|sets| sets.count(state(0)))
    };
    assert_eq!(ask(64 + 2 * 36), Ok(100));
    let error = ask(64 + 2 * 36 - 1).unwrap_err();
    assert!(
        matches!(error, QueryError::Limit(error) if error.name() == "set_words"),
        "{error}"
    );
}

#[test]
fn the_space_of_sets_is_bounded_while_gates_open() {
    // Whoever holds 0 opens one gate after the other, and comes to a set of some words with each.
    let count = 3_000;
    let (first, second, output) = (|at| 1 + 3 * at, |at| 2 + 3 * at, |at| 3 + 3 * at);
    let mut steps = vec![step(&[0], first(0))];
    for at in 0..count {
        steps.extend([
            step(&[0], second(at)),
            step(&[first(at), second(at)], output(at)),
        ]);
        if at + 1 < count {
            steps.push(step(&[output(at)], first(at + 1)));
        }
    }
    let graph = Model::new(3 * count + 1, steps).build();
    let view = graph.view(&ViewOptions::default());
    let limits = Limits {
        set_words: 10_000,
        ..Limits::default()
    };
    let jewels = [(state(output(count - 1)), 1)];
    let error = jewel_sets(&view, &StateSet::new(), &jewels, &limits).unwrap_err();
    let QueryError::Limit(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.name(), "set_words");
    // Noticed soon.
    assert!(error.observed() < 20_000, "{error}");
}

#[test]
fn the_space_of_sketches_is_bounded() {
    // Each state of a chain reaches resources of its own: one, two, then as many as a sketch holds or all.
    let steps = (0..9).map(|number| step(&[number], number + 1)).collect();
    let graph = Model::new(10, steps).build();
    let view = graph.view(&ViewOptions::default());
    let resources: Vec<u32> = (0..10).collect();
    let ask = |set_words| {
        let limits = Limits {
            set_words,
            ..Limits::default()
        };
        let options = BlastOptions::default();
        blast_sizes(&view, &StateSet::new(), &resources, &options, &limits)
            .map(|sizes| sizes.size(state(0)).count())
    };
    // Two ranks a word.
    let words = (1..=10).sum::<usize>().div_ceil(2);
    assert_eq!(ask(words), Ok(10));
    let error = ask(words - 1).unwrap_err();
    assert!(
        matches!(error, QueryError::Limit(error) if error.name() == "set_words"),
        "{error}"
    );
}

#[test]
fn the_space_of_choke_points_is_bounded() {
    // Two ways of three states each meet in a gate: a chain for each of them, the gate's with all on it.
    let mut steps: Vec<_> = [1, 4]
        .iter()
        .flat_map(|&from| {
            [
                step(&[0], from),
                step(&[from], from + 1),
                step(&[from + 1], from + 2),
            ]
        })
        .collect();
    steps.push(step(&[3, 6], 7));
    let graph = Model::new(8, steps).build();
    let view = graph.view(&ViewOptions::default());
    let ask = |set_words| {
        let limits = Limits {
            set_words,
            ..Limits::default()
        };
        choke(&view, &[state(0)], &[(state(7), 1)], &limits).map(|points| points.states().len())
    };
    let enough = (0..1000).find(|&words| ask(words).is_ok()).unwrap();
    assert_eq!(ask(enough), Ok(8));
    let error = ask(enough - 1).unwrap_err();
    assert!(
        matches!(error, QueryError::Limit(error) if error.name() == "set_words"),
        "{error}"
    );
}
