//! A text that some conditions accept and others refuse.

use std::collections::{BTreeSet, HashMap};

use super::condition::{Condition, Test};
use super::pattern::Unit;

/// A condition, and whether it has to hold.
pub(crate) type Literal<'a> = (&'a Condition, bool);

/// What a search for a text comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Search {
    Text(String),
    /// There is no such text.
    None,
    /// There may be one.
    Cut,
}

/// Whether an empty text will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    Allowed,
    Refused,
}

/// Looks for a shortest text that meets all of `literals`, each by itself.
///
/// Nothing where one of them is no comparison of texts. `spend` takes units of work, and says whether they
/// were left.
///
/// # Complexity
/// O(states · alphabet · pattern length), for the states of the product of all patterns that are found; real
/// policies have some dozens. Its number can grow exponentially with that of patterns with several `*`, so it
/// is the work that bounds it.
///
/// # Source
/// Subset construction (Rabin, Scott 1959), breadth first, over all patterns at once.
pub(crate) fn search(
    literals: &[Literal<'_>],
    empty: Empty,
    spend: impl FnMut(usize) -> bool,
) -> Option<Search> {
    Some(Product::new(literals)?.search(empty, spend))
}

/// One character of a pattern, or a wildcard.
#[derive(Debug, Clone, Copy)]
enum Piece {
    Character { of: char, folded: bool },
    One { colon: bool },
    Run { colon: bool },
}

/// All patterns of some conditions, read at once.
struct Product {
    /// The pieces of all patterns, an end (`None`) behind each.
    pieces: Vec<Option<Piece>>,
    starts: Vec<usize>,
    /// For each condition, the ends of its patterns, and whether one of them has to be reached.
    wanted: Vec<(Vec<usize>, bool)>,
    alphabet: Vec<char>,
}

impl Product {
    fn new(literals: &[Literal<'_>]) -> Option<Self> {
        let mut product = Self {
            pieces: Vec::new(),
            starts: Vec::new(),
            wanted: Vec::new(),
            alphabet: Vec::new(),
        };
        let mut alphabet = BTreeSet::new();
        for (condition, wanted) in literals {
            if let Some(truth) = condition.truth_of_any_value() {
                if truth != *wanted {
                    // No value changes it.
                    product.wanted.push((Vec::new(), true));
                }
                continue;
            }
            if !condition.compares_texts() {
                return None;
            }
            let mut ends = Vec::new();
            let mut everything = false;
            for test in condition.tests() {
                if *test == Test::AnyArn {
                    everything = true;
                } else if !test.is_malformed() {
                    ends.push(product.add(test, &mut alphabet)?);
                }
            }
            let wanted = *wanted != condition.is_negated();
            if everything {
                if !wanted {
                    // Everything matches, and nothing should.
                    product.wanted.push((Vec::new(), true));
                }
                continue;
            }
            product.wanted.push((ends, wanted));
        }
        // One character that no pattern names stands for all others.
        let other = ('\u{1f}'..='\u{2fff}').find(|it| !alphabet.contains(it))?;
        product.alphabet = alphabet.into_iter().chain([other]).collect();
        Some(product)
    }

    /// Adds the pattern of a test; returns its end.
    fn add(&mut self, test: &Test, alphabet: &mut BTreeSet<char>) -> Option<usize> {
        self.starts.push(self.pieces.len());
        let folded = test.folds_case();
        for (number, pattern) in test.patterns().iter().enumerate() {
            // Of an ARN, only the last part has colons.
            let colon = number + 1 == test.patterns().len();
            if number > 0 {
                self.character(':', false, alphabet)?;
            }
            let mut bytes = Vec::new();
            for unit in pattern.units().into_iter().map(Some).chain([None]) {
                if let Some(Unit::Byte(byte)) = unit {
                    bytes.push(byte);
                    continue;
                }
                for character in String::from_utf8(std::mem::take(&mut bytes)).ok()?.chars() {
                    if character == ':' && !colon {
                        return None;
                    }
                    self.character(character, folded, alphabet)?;
                }
                match unit {
                    Some(Unit::One | Unit::OneWithin) => {
                        self.pieces.push(Some(Piece::One { colon }));
                    }
                    Some(Unit::Run | Unit::RunWithin) => {
                        self.pieces.push(Some(Piece::Run { colon }));
                    }
                    Some(Unit::Byte(_)) | None => {}
                }
            }
        }
        self.pieces.push(None);
        Some(self.pieces.len() - 1)
    }

    fn character(&mut self, of: char, folded: bool, alphabet: &mut BTreeSet<char>) -> Option<()> {
        alphabet.insert(of);
        if folded {
            alphabet.insert(only(of.to_uppercase())?);
            alphabet.insert(only(of.to_lowercase())?);
        }
        self.pieces.push(Some(Piece::Character { of, folded }));
        Some(())
    }

    fn search(&self, empty: Empty, mut spend: impl FnMut(usize) -> bool) -> Search {
        let mut first = vec![0_u64; self.pieces.len().div_ceil(64)];
        for &start in &self.starts {
            self.enter(start, &mut first);
        }
        // Places in the order of their discovery, each with the one before and the character between.
        let mut found: Vec<(Vec<u64>, usize, char)> = vec![(first.clone(), 0, ' ')];
        let mut known: HashMap<Vec<u64>, usize> = HashMap::from([(first, 0)]);
        let mut at = 0;
        while let Some((places, _, _)) = found.get(at).cloned() {
            let acceptable = at > 0 || empty == Empty::Allowed;
            if acceptable && self.accepts(&places) {
                return Search::Text(text_to(at, &found));
            }
            if !spend(self.alphabet.len() * self.pieces.len().max(1)) {
                return Search::Cut;
            }
            for &character in &self.alphabet {
                let next = self.step(&places, character);
                // A text that is not empty may lead to where the empty one stands.
                let as_empty = found.first().is_some_and(|(first, _, _)| *first == next);
                if as_empty && empty == Empty::Refused && self.accepts(&next) {
                    return Search::Text(text_to(at, &found) + character.encode_utf8(&mut [0; 4]));
                }
                if !known.contains_key(&next) {
                    known.insert(next.clone(), found.len());
                    found.push((next, at, character));
                }
            }
            at += 1;
        }
        Search::None
    }

    fn accepts(&self, places: &[u64]) -> bool {
        self.wanted.iter().all(|(ends, wanted)| {
            let matched = ends.iter().any(|end| has(places, *end));
            matched == *wanted
        })
    }

    /// Where the patterns may be after one more character.
    fn step(&self, places: &[u64], character: char) -> Vec<u64> {
        let mut next = vec![0; places.len()];
        for (at, piece) in self.pieces.iter().enumerate() {
            if !has(places, at) {
                continue;
            }
            match piece {
                Some(Piece::Character { of, folded }) => {
                    let same = *of == character
                        || (*folded && only(character.to_lowercase()) == Some(*of));
                    if same {
                        self.enter(at + 1, &mut next);
                    }
                }
                Some(Piece::One { colon }) if *colon || character != ':' => {
                    self.enter(at + 1, &mut next);
                }
                Some(Piece::Run { colon }) if *colon || character != ':' => {
                    self.enter(at, &mut next);
                }
                _ => {}
            }
        }
        next
    }

    /// Adds a place, and those that need no character from there.
    fn enter(&self, at: usize, places: &mut [u64]) {
        let mut at = at;
        loop {
            if let Some(word) = places.get_mut(at / 64) {
                *word |= 1 << (at % 64);
            }
            match self.pieces.get(at) {
                Some(Some(Piece::Run { .. })) => at += 1,
                _ => return,
            }
        }
    }
}

fn has(places: &[u64], at: usize) -> bool {
    places
        .get(at / 64)
        .is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// The character, if it is a single one.
fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

fn text_to(mut at: usize, found: &[(Vec<u64>, usize, char)]) -> String {
    let mut characters = Vec::new();
    while at != 0
        && let Some((_, before, character)) = found.get(at)
    {
        characters.push(*character);
        at = *before;
    }
    characters.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(conditions: &[(&str, &[&str], bool)], expected: &Search) {
        let compiled: Vec<(Condition, bool)> = conditions
            .iter()
            .map(|(operator, values, wanted)| {
                let values: Vec<String> = values.iter().map(|&it| it.to_owned()).collect();
                (Condition::compile(operator, "k", &values, false), *wanted)
            })
            .collect();
        let literals: Vec<Literal<'_>> =
            compiled.iter().map(|(it, wanted)| (it, *wanted)).collect();
        let found = search(&literals, Empty::Refused, |_| true);
        assert_eq!(found.as_ref(), Some(expected), "{conditions:?}");
    }

    fn text(text: &str) -> Search {
        Search::Text(text.to_owned())
    }

    #[test]
    fn what_patterns_have_in_common_need_not_be_the_shortest() {
        let both: [(&str, &[&str], bool); 2] =
            [("StringLike", &["a*"], true), ("StringLike", &["*b"], true)];
        check(&both, &text("ab"));
        let but = ("StringEquals", &["ab"][..], false);
        check(&[both[0], both[1], but], &text("aab"));
        let three = ("StringLike", &["?"][..], true);
        check(&[both[0], both[1], three], &Search::None);
        check(
            &[both[0], both[1], ("StringNotLike", &["*x*"][..], false)],
            &text("axb"),
        );
    }

    #[test]
    fn case_is_folded_where_the_operator_folds_it() {
        check(
            &[
                ("StringEqualsIgnoreCase", &["ab"], true),
                ("StringEquals", &["ab", "AB", "Ab"], false),
            ],
            &text("aB"),
        );
        check(
            &[
                ("StringEqualsIgnoreCase", &["ab"], true),
                ("StringLike", &["b*"], true),
            ],
            &Search::None,
        );
    }

    #[test]
    fn parts_of_an_arn_keep_their_colons_apart() {
        check(
            &[
                ("ArnLike", &["arn:aws:s3:::a*"], true),
                ("StringLike", &["arn:*:b:c"], true),
            ],
            &text("arn:aws:s3:::a:b:c"),
        );
        check(
            &[
                ("ArnLike", &["arn:*:s3:::a"], true),
                ("StringEquals", &["arn:x:y:s3:::a"], true),
            ],
            &Search::None,
        );
        check(
            &[("ArnLike", &["*"], true), ("StringEquals", &["x"], true)],
            &text("x"),
        );
        check(&[("ArnNotLike", &["*"], true)], &Search::None);
    }

    #[test]
    fn work_is_bounded() {
        let values: Vec<String> = (0..12).map(|it| format!("*{it}????????????")).collect();
        let condition = Condition::compile("StringNotLike", "k", &values, false);
        let never = Condition::compile("StringEquals", "k", &[String::new()], false);
        let mut left = 1_000_000_usize;
        let spend = |units: usize| {
            let enough = left >= units;
            left = left.saturating_sub(units);
            enough
        };
        let literals = [(&condition, true), (&never, true)];
        assert_eq!(search(&literals, Empty::Refused, spend), Some(Search::Cut));
    }
}
