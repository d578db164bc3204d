//! Which statements of a policy name an action, without asking each of them.

use super::action::{Action, ActionPattern, Actions};
use super::document::Statement;

/// The action patterns of a policy: by service, and sorted by the text before their first wildcard.
///
/// A pattern can match an action only if that text begins the action's name. All such texts are beginnings
/// of the last one that sorts before the action, or that one itself; so one binary search finds it, and
/// links to the next shorter beginning lead to the others.
///
/// COST: managed policies name hundreds of actions; asking each pattern took nine tenths of an evaluation.
/// What is left is waiting for memory where policies are asked in turns, so entries are small, and the text
/// of a service stands together.
#[derive(Debug, Clone)]
pub(crate) struct ActionIndex {
    /// Codes of the services, ascending, each with the first of its entries.
    services: Box<[(u32, u32)]>,
    entries: Box<[Entry]>,
    /// The beginnings of the entries, one after another.
    text: Box<str>,
    /// Patterns that say more than their beginning, and those that do not say which service they are of.
    patterns: Box<[(ActionPattern, u32)]>,
    /// How many of the patterns, at the front, are of no one service.
    of_any_service: usize,
    /// The statements with `NotAction`, ascending.
    all_but: Box<[u32]>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Where the beginning stands in the text; it goes on to that of the next entry.
    begin: u32,
    /// The latest entry before this one whose beginning begins this one's, equal ones included.
    shorter: u32,
    statement: u32,
    /// What follows the beginning: [`NOTHING`], [`ANYTHING`], or what this pattern says.
    rest: u32,
}

const NONE: u32 = u32::MAX;
const NOTHING: u32 = u32::MAX;
const ANYTHING: u32 = u32::MAX - 1;

impl ActionIndex {
    pub(crate) fn new(statements: &[Statement]) -> Self {
        let mut named: Vec<(u32, &str, &ActionPattern, u32)> = Vec::new();
        let mut patterns = Vec::new();
        let mut all_but = Vec::new();
        for (number, statement) in (0..).zip(statements) {
            let of_statement = match &statement.actions {
                Actions::Only(patterns) => patterns,
                Actions::AllBut(patterns) => {
                    all_but.push(number);
                    patterns
                }
            };
            for pattern in of_statement {
                let beginning = pattern.beginning();
                match beginning.split_once(':') {
                    Some((service, _)) => {
                        named.push((service_code(service), beginning, pattern, number));
                    }
                    None => patterns.push((pattern.clone(), number)),
                }
            }
        }
        let of_any_service = patterns.len();
        named.sort_by_key(|(service, beginning, _, statement)| (*service, *beginning, *statement));
        let mut services: Vec<(u32, u32)> = Vec::new();
        let mut text = String::new();
        let mut entries: Vec<Entry> = Vec::with_capacity(named.len() + 1);
        let mut open: Vec<(u32, &str)> = Vec::new();
        for (entry, (service, beginning, pattern, statement)) in (0..).zip(named) {
            if services.last().is_none_or(|(last, _)| *last != service) {
                services.push((service, entry));
                open.clear();
            }
            while open
                .last()
                .is_some_and(|(_, shorter)| !beginning.starts_with(shorter))
            {
                open.pop();
            }
            let rest = if pattern.is_literal() {
                NOTHING
            } else if pattern.is_beginning() {
                ANYTHING
            } else {
                patterns.push((pattern.clone(), statement));
                number(patterns.len() - 1)
            };
            entries.push(Entry {
                begin: number(text.len()),
                shorter: open.last().map_or(NONE, |(entry, _)| *entry),
                statement,
                rest,
            });
            text.push_str(beginning);
            open.push((entry, beginning));
        }
        entries.push(Entry {
            begin: number(text.len()),
            shorter: NONE,
            statement: NONE,
            rest: NOTHING,
        });
        Self {
            services: services.into(),
            entries: entries.into(),
            text: text.into(),
            patterns: patterns.into(),
            of_any_service,
            all_but: all_but.into(),
        }
    }

    /// The numbers of the statements whose `Action` or `NotAction` covers the action, ascending, instead of
    /// what `covering` holds.
    ///
    /// # Complexity
    /// O(log n + k) for n patterns, k of which begin as the action does or are of no one service.
    pub(crate) fn covering(&self, action: &Action, covering: &mut Vec<u32>) {
        covering.clear();
        for (pattern, statement) in self.patterns.iter().take(self.of_any_service) {
            if pattern.covers(action) {
                covering.push(*statement);
            }
        }
        let name = action.folded();
        let mut next = self.last_before(action.service_code(), name);
        while let Some(entry) = self.entries.get(index(next)) {
            let beginning = self.beginning(next);
            let matches = name.starts_with(beginning)
                && match entry.rest {
                    NOTHING => name.len() == beginning.len(),
                    ANYTHING => true,
                    pattern => self
                        .patterns
                        .get(index(pattern))
                        .is_some_and(|(pattern, _)| pattern.covers(action)),
                };
            if matches {
                covering.push(entry.statement);
            }
            next = entry.shorter;
        }
        covering.sort_unstable();
        covering.dedup();
        if !self.all_but.is_empty() {
            let named = std::mem::take(covering);
            let apart = |one: &[u32], it: &u32| one.binary_search(it).is_err();
            covering.extend(self.all_but.iter().filter(|it| apart(&named, it)));
            covering.extend(named.iter().filter(|it| apart(&self.all_but, it)));
            covering.sort_unstable();
        }
    }

    /// The last entry of the service whose beginning is not after `name`.
    fn last_before(&self, service: u32, name: &str) -> u32 {
        let Ok(at) = self.services.binary_search_by_key(&service, |it| it.0) else {
            return NONE;
        };
        let first = self.services.get(at).map_or(0, |it| it.1);
        let end = self
            .services
            .get(at + 1)
            .map_or(number(self.entries.len()) - 1, |it| it.1);
        let (mut low, mut high) = (first, end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.beginning(middle) <= name {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == first { NONE } else { low - 1 }
    }

    fn beginning(&self, entry: u32) -> &str {
        let at = |entry: usize| {
            self.entries
                .get(entry)
                .map_or(0, |entry| index(entry.begin))
        };
        self.text
            .get(at(index(entry))..at(index(entry) + 1))
            .unwrap_or_default()
    }
}

/// A number by which the patterns of a service are found. Where two services share one, their patterns stand
/// together and are told apart by their text.
///
/// FNV-1a (Fowler, Noll, Vo), of 32 bits.
pub(crate) fn service_code(service: &str) -> u32 {
    service.bytes().fold(0x811c_9dc5, |code, byte| {
        (code ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Documents are far below four gigabytes (`Limits::document_bytes_max`); a longer one would match less.
fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::{Limits, Policy};

    /// Few services and letters, so that beginnings of beginnings, equal ones and shared services come up.
    fn pattern() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[sS](3|qs):[abA*?]{1,5}",
            1 => "s3:(a|ab|abc|abca)[*]?",
            1 => "[s3q*]{1,3}",
            1 => "(s[*]:a|[*]:ab|[*])",
        ]
    }

    fn statement() -> impl Strategy<Value = Value> {
        (any::<bool>(), prop::collection::vec(pattern(), 1..5)).prop_map(|(negated, patterns)| {
            let element = if negated { "NotAction" } else { "Action" };
            json!({"Effect": "Allow", element: patterns, "Resource": "*"})
        })
    }

    proptest! {
        #[test]
        fn props_the_index_finds_the_statements_that_cover(
            statements in prop::collection::vec(statement(), 0..6),
            names in prop::collection::vec("(s3|sqs|s):[abAc]{1,5}", 1..6),
        ) {
            let policy = Policy::from_value(&json!({"Statement": statements}), &Limits::default()).unwrap();
            let mut found = vec![7];
            for name in names {
                let action = Action::parse(&name).unwrap();
                policy.covering(&action, &mut found);
                let expected: Vec<u32> = (0..)
                    .zip(policy.statements())
                    .filter(|(_, it)| it.covers_action(&action))
                    .map(|(number, _)| number)
                    .collect();
                prop_assert_eq!(&found, &expected, "{}", name);
            }
        }
    }

    #[test]
    fn services_that_share_a_code_are_told_apart() {
        // Both have this code; found by trying.
        let (one, other) = ("costarring", "liquid");
        assert_eq!(service_code(one), service_code(other));
        let statement =
            json!({"Effect": "Allow", "Action": ["costarring:a*", "liquid:b"], "Resource": "*"});
        let policy =
            Policy::from_value(&json!({"Statement": statement}), &Limits::default()).unwrap();
        let covered = |name: &str| {
            let mut covering = Vec::new();
            policy.covering(&Action::parse(name).unwrap(), &mut covering);
            !covering.is_empty()
        };
        assert!(covered("costarring:ab") && covered("liquid:b"));
        assert!(!covered("liquid:ab") && !covered("costarring:b"));
    }
}
