//! Whether several conditions on what is not known can hold together.

use std::collections::BTreeMap;

use super::condition::{Nanos, Test, Truth, number_text};
use super::formula::{Atom, AtomId};
use super::pattern::UNUSUAL;
use super::texts::{self, Empty, Literal, Search};

/// Whether wanted atoms can hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistent {
    Yes,
    No,
    /// Neither was shown.
    Perhaps,
    /// Looking any further would be too much work.
    Cut,
}

/// What is known about the atoms of one answer, and what was found out on the way.
pub(crate) struct Theory<'a> {
    atoms: &'a [Atom<'a>],
    /// For each atom, the keys that its truth depends on.
    keys: Vec<Vec<KeyId>>,
    /// For each key, whether an atom on it cannot be decided from its values alone.
    opaque: Vec<bool>,
    /// For each key, values that met all conditions wanted of it when last looked at. They meet any part of
    /// those conditions too, so that going back on a choice leaves them valid.
    witnesses: Vec<Option<Witness>>,
    work_left: usize,
}

/// A key by its position in the lists of a theory.
type KeyId = usize;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Witness {
    Absent,
    Values(Vec<String>),
}

impl Witness {
    fn meets(&self, (condition, wanted): &Literal<'_>) -> bool {
        let truth = match self {
            Self::Absent => condition.truth_absent(),
            Self::Values(values) => {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                condition.truth_given(&values)
            }
        };
        truth == wanted_truth(*wanted)
    }
}

/// What the conditions on one key come to.
enum Among {
    Witness(Witness),
    None,
    NoneFound,
    Cut,
}

impl<'a> Theory<'a> {
    pub(crate) fn new(atoms: &'a [Atom<'a>], work_max: usize) -> Self {
        let mut ids: BTreeMap<String, KeyId> = BTreeMap::new();
        let mut opaque = Vec::new();
        let mut keys = Vec::with_capacity(atoms.len());
        for atom in atoms {
            let mut of_atom = Vec::new();
            for key in atom.keys() {
                let id = *ids.entry(key).or_insert_with(|| {
                    opaque.push(false);
                    opaque.len() - 1
                });
                if let Some(opaque) = opaque.get_mut(id) {
                    *opaque |= atom.as_simple_condition().is_none();
                }
                of_atom.push(id);
            }
            keys.push(of_atom);
        }
        let witnesses = vec![None; opaque.len()];
        Self {
            atoms,
            keys,
            opaque,
            witnesses,
            work_left: work_max,
        }
    }

    /// Takes `units` off the work that may still be done; whether that much was left.
    pub(crate) fn spend(&mut self, units: usize) -> bool {
        match self.work_left.checked_sub(units) {
            Some(left) => {
                self.work_left = left;
                true
            }
            None => false,
        }
    }

    /// Whether the last of `wanted` can hold together with the others, which can hold together.
    ///
    /// Atoms that depend on different keys never contradict each other, so only those that share a key with
    /// the last one are looked at.
    pub(crate) fn consistent(&mut self, wanted: &[(AtomId, bool)]) -> Consistent {
        let Some((last, _)) = wanted.split_last() else {
            return Consistent::Yes;
        };
        let Some(atom) = self.atoms.get(last.0) else {
            return Consistent::Yes;
        };
        let keys = self.keys.get(last.0).cloned().unwrap_or_default();
        // COST: most conditions are met by what met those before them.
        if let (Some(condition), [key]) = (atom.as_simple_condition(), keys.as_slice())
            && self.opaque.get(*key) == Some(&false)
            && let Some(Some(witness)) = self.witnesses.get(*key)
            && witness.meets(&(condition, last.1))
        {
            return Consistent::Yes;
        }
        if !self.spend(wanted.len()) {
            return Consistent::Cut;
        }
        if wanted.contains(&(last.0, !last.1)) {
            return Consistent::No;
        }
        let shares = |atom: &AtomId| {
            self.keys
                .get(*atom)
                .is_some_and(|others| others.iter().any(|key| keys.contains(key)))
        };
        let related: Vec<(&Atom<'a>, bool)> = wanted
            .iter()
            .filter(|(atom, _)| shares(atom))
            .filter_map(|(atom, value)| Some((self.atoms.get(*atom)?, *value)))
            .collect();
        if related
            .iter()
            .all(|(atom, _)| matches!(atom, Atom::Session(_)))
        {
            return one_session(&related);
        }
        // What is left out can only make it harder: a contradiction among the rest stays one.
        let simple: Vec<Literal<'a>> = related
            .iter()
            .filter_map(|(atom, value)| Some((atom.as_simple_condition()?, *value)))
            .collect();
        let all_simple = simple.len() == related.len();
        // Alone on keys of its own, an atom is true for some of their values, and false for others.
        let alone = related.len() == 1
            && keys
                .iter()
                .enumerate()
                .all(|(index, key)| !keys.iter().skip(index + 1).any(|other| other == key));
        match self.among(&simple) {
            Among::Witness(witness) => {
                if let (true, [key]) = (all_simple, keys.as_slice())
                    && let Some(slot) = self.witnesses.get_mut(*key)
                {
                    *slot = Some(witness);
                }
                if all_simple || alone {
                    Consistent::Yes
                } else {
                    Consistent::Perhaps
                }
            }
            Among::None => Consistent::No,
            Among::NoneFound => Consistent::Perhaps,
            Among::Cut => Consistent::Cut,
        }
    }

    /// Looks for values of one key that meet all of `literals`.
    fn among(&mut self, literals: &[Literal<'a>]) -> Among {
        if literals
            .iter()
            .all(|literal| Witness::Absent.meets(literal))
        {
            return Among::Witness(Witness::Absent);
        }
        let values: usize = literals
            .iter()
            .map(|(condition, _)| condition.tests().len())
            .sum();
        let samples_max = FRESH.len() + values * SAMPLES_PER_VALUE;
        if !self.spend(samples_max.saturating_mul(values)) {
            return Among::Cut;
        }
        let samples = samples(literals);
        let fits = |literal: &Literal<'_>, sample: &str| {
            literal.0.truth_given(&[sample]) == wanted_truth(literal.1)
        };
        for sample in &samples {
            if literals.iter().all(|literal| fits(literal, sample)) {
                return Among::Witness(Witness::Values(vec![sample.clone()]));
            }
        }
        let found = if literals.iter().any(|literal| literal.0.is_for_many()) {
            self.several(literals, &samples)
        } else {
            match texts::search(literals, Empty::Refused, |units| self.spend(units)) {
                Some(Search::Text(text)) => Among::Witness(Witness::Values(vec![text])),
                Some(Search::None) => Among::None,
                Some(Search::Cut) => Among::Cut,
                None => Among::NoneFound,
            }
        };
        match found {
            Among::Witness(witness) if !literals.iter().all(|it| witness.meets(it)) => {
                Among::NoneFound
            }
            Among::NoneFound if is_settled_by_samples(literals) => Among::None,
            found => found,
        }
    }

    /// Looks for several values: each has to please the conditions on every value, and each other condition has
    /// to be pleased by one of them. An empty text among others is a value like them, where alone it counts as
    /// none; so one that is not empty comes first.
    fn several(&mut self, literals: &[Literal<'a>], samples: &[String]) -> Among {
        let (every, some): (Vec<Literal<'a>>, Vec<Literal<'a>>) = literals
            .iter()
            .partition(|(condition, wanted)| condition.is_about_every_value(*wanted));
        let mut questions = vec![(every.clone(), Empty::Refused)];
        for literal in some {
            let mut both = every.clone();
            both.push(literal);
            questions.push((both, Empty::Allowed));
        }
        let mut values = Vec::new();
        for (wanted, empty) in questions {
            let pleases = |sample: &&String| {
                let mut literals = wanted.iter();
                (empty == Empty::Allowed || !sample.is_empty())
                    && literals.all(|it| it.0.satisfied_among_others(sample) == wanted_truth(it.1))
            };
            if let Some(sample) = samples.iter().find(pleases) {
                values.push(sample.clone());
                continue;
            }
            match texts::search(&wanted, empty, |units| self.spend(units)) {
                Some(Search::Text(text)) => values.push(text),
                Some(Search::None) => return Among::None,
                Some(Search::Cut) => return Among::Cut,
                None => return Among::NoneFound,
            }
        }
        Among::Witness(Witness::Values(values))
    }
}

/// The most samples that one value of a condition gives.
const SAMPLES_PER_VALUE: usize = 5;

fn wanted_truth(wanted: bool) -> Truth {
    if wanted { Truth::True } else { Truth::False }
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

/// Whether a contradiction among the samples is a contradiction: they hold a text from every set that the
/// conditions can tell apart, as long as none has wildcards, or one lists the values.
fn is_settled_by_samples(literals: &[Literal<'_>]) -> bool {
    let has_wildcards = |literal: &Literal<'_>| literal.0.tests().iter().any(Test::has_wildcards);
    let few = literals
        .iter()
        .any(|(condition, wanted)| *wanted && condition.is_about_few_values())
        && !literals
            .iter()
            .any(|(condition, _)| condition.is_for_many());
    // Samples are no texts that no policy names where a policy does name them.
    let usual = |literal: &Literal<'_>| {
        !literal
            .0
            .values()
            .iter()
            .any(|value| value.contains(char::from(UNUSUAL)))
    };
    literals.iter().all(usual) && (few || !literals.iter().any(has_wildcards))
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
    samples
}

/// Values that no policy names, of every form that operators tell apart.
const FRESH: [&str; 6] = [
    "",
    "\u{1f}",
    "\u{1f}~\u{1f}",
    "arn:\u{1f}:\u{1f}:\u{1f}:\u{1f}:\u{1f}",
    "0.0.0.0",
    "::",
];
