//! Whether several conditions on what is not known can hold together.

use super::condition::{Condition, Nanos, Test, Truth, number_text};
use super::formula::{Atom, AtomId};

/// Whether wanted atoms can hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistent {
    Yes,
    No,
    /// Neither was shown.
    Perhaps,
}

/// Whether the last of `wanted` can hold together with the others, which can hold together.
///
/// Atoms that depend on different keys never contradict each other, so only those that share a key with the
/// last one are looked at.
pub(crate) fn consistent(atoms: &[Atom<'_>], wanted: &[(AtomId, bool)]) -> Consistent {
    let Some(((last, value), others)) = wanted.split_last() else {
        return Consistent::Yes;
    };
    if others.contains(&(*last, !value)) {
        return Consistent::No;
    }
    let Some(atom) = atoms.get(*last) else {
        return Consistent::Yes;
    };
    let keys = atom.keys();
    let related: Vec<(&Atom<'_>, bool)> = wanted
        .iter()
        .filter_map(|(atom, value)| Some((atoms.get(*atom)?, *value)))
        .filter(|(atom, _)| atom.keys().iter().any(|key| keys.contains(key)))
        .collect();
    if related
        .iter()
        .all(|(atom, _)| matches!(atom, Atom::Session(_)))
    {
        return one_session(&related);
    }
    // What is left out can only make it harder: a contradiction among the rest stays one.
    let simple: Vec<Literal<'_>> = related
        .iter()
        .filter_map(|(atom, value)| Some((atom.as_simple_condition()?, *value)))
        .collect();
    if simple.len() == related.len() {
        return among(&simple);
    }
    let alone = related.len() == 1
        && keys
            .iter()
            .enumerate()
            .all(|(index, key)| !keys.iter().skip(index + 1).any(|other| other == key));
    match among(&simple) {
        // Each key of its own: some values make it true, and some false.
        Consistent::Yes if !alone => Consistent::Perhaps,
        found => found,
    }
}

/// A session has one name: two that are both wanted contradict each other.
fn one_session(wanted: &[(&Atom<'_>, bool)]) -> Consistent {
    let mut named = wanted
        .iter()
        .filter_map(|(atom, value)| match (atom, value) {
            (Atom::Session(name), true) => Some(*name),
            _ => None,
        });
    let Some(first) = named.next() else {
        return Consistent::Yes;
    };
    let refused = wanted
        .iter()
        .any(|(atom, value)| !value && matches!(atom, Atom::Session(name) if *name == first));
    if refused || named.any(|other| other != first) {
        Consistent::No
    } else {
        Consistent::Yes
    }
}

/// A condition and whether it is wanted.
type Literal<'a> = (&'a Condition, bool);

fn among(literals: &[Literal<'_>]) -> Consistent {
    let wants = |(_, wanted): &Literal<'_>, truth: Truth| {
        truth == if *wanted { Truth::True } else { Truth::False }
    };
    if literals
        .iter()
        .all(|literal| wants(literal, literal.0.truth_absent()))
    {
        return Consistent::Yes;
    }
    let samples = samples(literals);
    let fits =
        |literal: &Literal<'_>, sample: &str| wants(literal, literal.0.truth_given(&[sample]));
    if samples
        .iter()
        .any(|sample| literals.iter().all(|literal| fits(literal, sample)))
    {
        return Consistent::Yes;
    }
    if literals.iter().any(|literal| literal.0.is_for_many()) {
        // Several values: each has to please the conditions on every value, and each other condition has
        // to be pleased by one of them.
        let (every, some): (Vec<_>, Vec<_>) = literals
            .iter()
            .partition(|(condition, wanted)| condition.is_about_every_value(*wanted));
        let allowed: Vec<&String> = samples
            .iter()
            .filter(|sample| {
                !sample.is_empty() && every.iter().all(|literal| fits(literal, sample))
            })
            .collect();
        let pleased = |literal: &Literal<'_>| allowed.iter().any(|sample| fits(literal, sample));
        if !allowed.is_empty() && some.iter().all(pleased) {
            return Consistent::Yes;
        }
    }
    if is_settled_by_samples(literals) {
        Consistent::No
    } else {
        Consistent::Perhaps
    }
}

/// Whether a contradiction among the samples is a contradiction: they hold a text from every set that the
/// conditions can tell apart, as long as at most two of them have wildcards, or one lists the values.
fn is_settled_by_samples(literals: &[Literal<'_>]) -> bool {
    let with_wildcards = |literal: &&Literal<'_>| literal.0.tests().iter().any(Test::has_wildcards);
    let tests: usize = literals.iter().map(|literal| literal.0.tests().len()).sum();
    let patterns = literals.iter().filter(with_wildcards).count();
    let few = literals
        .iter()
        .any(|(condition, wanted)| *wanted && condition.is_about_few_values())
        && !literals
            .iter()
            .any(|(condition, _)| condition.is_for_many());
    few || patterns == 0 || (patterns <= 2 && tests <= TESTS_MAX)
}

/// Values that tell the cases of all conditions apart, and some that none of them names.
fn samples(literals: &[Literal<'_>]) -> Vec<String> {
    let mut samples: Vec<String> = FRESH.iter().map(|text| (*text).to_owned()).collect();
    for (condition, _) in literals {
        condition.samples(&mut samples);
    }
    let tests = || literals.iter().flat_map(|(condition, _)| condition.tests());
    // Something between two neighbouring numbers.
    let mut bounds: Vec<Nanos> = tests().filter_map(Test::bound).collect();
    bounds.sort_unstable();
    bounds.dedup();
    for (low, high) in bounds.iter().zip(bounds.iter().skip(1)) {
        samples.push(number_text(low.midpoint(*high)));
    }
    // Something that two patterns have in common.
    let with_wildcards: Vec<&Test> = tests().filter(|test| test.has_wildcards()).collect();
    let pairs = with_wildcards.iter().enumerate().flat_map(|(index, one)| {
        with_wildcards
            .iter()
            .skip(index + 1)
            .map(move |other| (one, other))
    });
    samples.extend(
        pairs
            .take(PAIRS_MAX)
            .filter_map(|(one, other)| one.common(other)),
    );
    samples
}

/// Up to how many values all pairs of patterns are looked at.
const TESTS_MAX: usize = 22;

/// Of how many pairs of patterns a common text is looked for.
const PAIRS_MAX: usize = 256;

/// Values that no policy names, of every form that operators tell apart.
const FRESH: [&str; 6] = [
    "",
    "\u{1f}",
    "\u{1f}~\u{1f}",
    "arn:\u{1f}:\u{1f}:\u{1f}:\u{1f}:\u{1f}",
    "0.0.0.0",
    "::",
];
