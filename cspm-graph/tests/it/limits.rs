//! Limits, each at the limit and one past it, and the cancel token.

use cspm_graph::algo::{
    QueryError, blast_resources, choke, fewest_steps, free, greedy_cut, jewel_sets, jewel_sets_of,
    min_cut, most_likely, next_most_likely, prize, reach, reach_with,
};
use cspm_graph::graph::{
    BuildError, Cancel, GraphBuilder, LimitError, Limits, StateSet, StepAttributes, View,
    ViewOptions,
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
pub(crate) const QUESTIONS: [(&str, Question); 13] = [
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
];

fn ask_all(limits: &Limits) -> Vec<(&'static str, Result<(), QueryError>)> {
    let steps = vec![
        step(&[0], 1),
        step(&[0], 2),
        step(&[0], 3),
        step(&[1, 2], 4),
        step(&[3], 4),
        step(&[4], 1),
    ];
    let graph = Model::new(5, steps).build();
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
fn ways_are_bounded_and_say_so() {
    let graph = Model::new(2, vec![step(&[0], 1); 5]).build();
    let view = graph.view(&ViewOptions::default());
    let ask = |limits: &Limits| {
        let (found, cut) =
            next_most_likely(&view, &states(&[0]), state(1), usize::MAX, limits).unwrap();
        (found.len(), cut)
    };
    assert_eq!(
        ask(&Limits {
            paths: 5,
            ..Limits::default()
        }),
        (5, false)
    );
    assert_eq!(
        ask(&Limits {
            paths: 4,
            ..Limits::default()
        }),
        (4, true)
    );
    // Work that suffices for some ways gives these, and says that there may be more.
    let some = (0..200).map(|work| Limits {
        work,
        ..Limits::default()
    });
    let partial =
        some.filter_map(|limits| next_most_likely(&view, &states(&[0]), state(1), 9, &limits).ok());
    let lengths: Vec<(usize, bool)> = partial.map(|(found, cut)| (found.len(), cut)).collect();
    assert!(
        lengths
            .iter()
            .all(|&(length, cut)| cut == (length < 5) || length == 5)
    );
    assert!(lengths.contains(&(2, true)) && lengths.ends_with(&[(5, false)]));
}

#[test]
fn a_limit_reads_as_one_line() {
    let error = build(&Limits {
        steps: 1,
        ..Limits::default()
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph not built: limit `steps` of 1 passed: 2 observed; raise the limit or ask for less"
    );
}
