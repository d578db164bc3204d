//! What an answer depends on, as a formula over open conditions, and the search for a completion.

use super::condition::{Condition, Test};
use super::decision::{OpenCondition, StatementRef};
use super::keys::Setter;
use super::pattern::Pattern;
use super::solve::{Consistent, Theory};

/// Something that is not known of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Atom<'a> {
    /// A condition whose key is not known, or that compares with something not known.
    Condition {
        condition: &'a Condition,
        key_is_open: bool,
    },
    /// The resource matches the pattern, whose variables are not known.
    Resource(&'a Pattern),
    /// The session of a role has this name.
    Session(&'a str),
}

impl Atom<'_> {
    /// The keys that the atom's truth depends on, in lower case.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let patterns = match self {
            Self::Condition {
                condition,
                key_is_open,
            } => {
                if *key_is_open {
                    keys.push(condition.folded_key().to_owned());
                }
                condition.tests().iter().flat_map(Test::patterns).collect()
            }
            Self::Resource(pattern) => vec![*pattern],
            Self::Session(_) => {
                keys.push(SESSION_KEY.to_owned());
                Vec::new()
            }
        };
        let variables = patterns.into_iter().flat_map(Pattern::variable_keys);
        keys.extend(variables.map(str::to_ascii_lowercase));
        keys
    }

    /// The condition, if its truth follows from the values of its key alone.
    pub(crate) fn as_simple_condition(&self) -> Option<&Condition> {
        match self {
            Self::Condition {
                condition,
                key_is_open: true,
            } => (condition.is_modelled() && !condition.has_variables()).then_some(*condition),
            _ => None,
        }
    }

    /// The atom as a condition of the answer.
    pub(crate) fn as_open_condition(&self, required: bool) -> OpenCondition {
        match self {
            Self::Condition {
                condition,
                key_is_open,
            } => {
                // Where the key is known, it is the other side of the comparison that is open.
                let mut others = condition.tests().iter().flat_map(Test::patterns);
                let other = others.find_map(|pattern| pattern.variable_keys().next());
                let decisive = if *key_is_open { None } else { other };
                OpenCondition {
                    key: condition.key().to_owned(),
                    operator: condition.operator().to_owned(),
                    values: condition.values().to_vec(),
                    required,
                    setter: Setter::of(decisive.unwrap_or(condition.key())),
                }
            }
            Self::Resource(pattern) => {
                let key = pattern.variable_keys().next().unwrap_or_default();
                OpenCondition {
                    key: key.to_owned(),
                    operator: "Resource".to_owned(),
                    values: vec![pattern.as_str().to_owned()],
                    required,
                    setter: Setter::of(key),
                }
            }
            Self::Session(name) => OpenCondition {
                key: SESSION_KEY.to_owned(),
                operator: "StringLike".to_owned(),
                values: vec![format!("*:{name}")],
                required,
                setter: Setter::Principal,
            },
        }
    }
}

/// The key that ends in the name of a role's session.
///
/// AWS IAM User Guide, "AWS global condition context keys", `aws:userid`, read 2026-11: for a session of a
/// role, `role-id:caller-specified-role-name`.
pub(crate) const SESSION_KEY: &str = "aws:userid";

/// An atom by its position in the list of atoms.
pub(crate) type AtomId = usize;

/// A monotone formula over atoms that are wanted true or false.
///
/// INVARIANT: bounded-depth. The nesting follows the kinds of policies, not the input, so recursion over a
/// formula is bounded by a constant.
#[derive(Debug, Clone)]
pub(crate) enum Formula {
    Known(bool),
    Wanted(AtomId, bool),
    All(Vec<Self>),
    Any(Vec<Self>),
    /// The same as what it holds, which is what this statement grants.
    Granted(StatementRef, Box<Self>),
}

impl Formula {
    pub(crate) const TRUE: Self = Self::Known(true);
    pub(crate) const FALSE: Self = Self::Known(false);

    /// All of these, known parts evaluated.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut open = Vec::new();
        for part in parts {
            match part {
                Self::Known(true) => {}
                Self::Known(false) => return Self::FALSE,
                Self::All(parts) => open.extend(parts),
                part => open.push(part),
            }
        }
        match (open.pop(), open.is_empty()) {
            (None, _) => Self::TRUE,
            (Some(only), true) => only,
            (Some(last), false) => {
                open.push(last);
                Self::All(open)
            }
        }
    }

    /// One of these, the cheapest first: the one that needs fewest open conditions, then the first.
    pub(crate) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut open: Vec<(usize, Self)> = Vec::new();
        for part in parts {
            match part {
                Self::Known(true) => return Self::TRUE,
                Self::Known(false) => {}
                part => open.push((part.cost(), part)),
            }
        }
        open.sort_by_key(|(cost, _)| *cost);
        let mut parts: Vec<Self> = open.into_iter().map(|(_, part)| part).collect();
        match (parts.len(), parts.pop()) {
            (_, None) => Self::FALSE,
            (1, Some(only)) => only,
            (_, last) => {
                parts.extend(last);
                Self::Any(parts)
            }
        }
    }

    /// The opposite.
    pub(crate) fn negated(&self) -> Self {
        match self {
            Self::Known(value) => Self::Known(!value),
            Self::Wanted(atom, wanted) => Self::Wanted(*atom, !wanted),
            Self::All(parts) => Self::any(parts.iter().map(Self::negated)),
            Self::Any(parts) => Self::all(parts.iter().map(Self::negated)),
            Self::Granted(_, part) => part.negated(),
        }
    }

    /// Adds every atom with the value in which the formula wants it.
    pub(crate) fn atoms(&self, wanted: &mut Vec<(AtomId, bool)>) {
        match self {
            Self::Known(_) => {}
            Self::Wanted(atom, value) => wanted.push((*atom, *value)),
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.atoms(wanted);
                }
            }
            Self::Granted(_, part) => part.atoms(wanted),
        }
    }

    /// How many atoms the cheapest way to make it true needs.
    fn cost(&self) -> usize {
        match self {
            Self::Known(_) => 0,
            Self::Wanted(..) => 1,
            Self::All(parts) => parts.iter().map(Self::cost).sum(),
            Self::Any(parts) => parts.iter().map(Self::cost).min().unwrap_or(0),
            Self::Granted(_, part) => part.cost(),
        }
    }
}

/// How a formula comes true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// What has to be so.
    pub(crate) wanted: Vec<(AtomId, bool)>,
    /// The statements on the way.
    pub(crate) granted: Vec<StatementRef>,
    /// Whether the way is proven to exist.
    pub(crate) proven: bool,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Way(Way),
    /// No completion makes the formula true.
    Nothing,
    /// The search was cut.
    Cut,
}

/// How much work a search may do: goals looked at, and values tried. Real policies need hundreds; a million
/// keeps the worst case within a second and some tens of megabytes.
const WORK_MAX: usize = 1_000_000;

/// A goal and those to be met after it.
#[derive(Clone, Copy)]
struct Goals<'f> {
    first: &'f Formula,
    rest: usize,
}

/// The end of a list of goals.
const NO_GOALS: usize = usize::MAX;

/// A place to come back to: the alternatives that are left of one goal.
struct Choice<'f> {
    alternatives: &'f [Formula],
    rest: usize,
    wanted_len: usize,
    granted_len: usize,
    unproven_len: usize,
}

/// Looks for a completion of the context that makes `formula` true.
///
/// Alternatives are tried in order, depth first, so the result is deterministic: the first consistent
/// choice. Goals form a list in an arena that choices share; nothing recurses on the size of the input.
pub(crate) fn find(formula: &Formula, atoms: &[Atom<'_>]) -> Found {
    // COST: nearly all questions with a complete context end here.
    if let Formula::Known(value) = formula {
        return if *value {
            Found::Way(Way {
                proven: true,
                ..Way::default()
            })
        } else {
            Found::Nothing
        };
    }
    let mut theory = Theory::new(atoms, WORK_MAX);
    let mut arena = vec![Goals {
        first: formula,
        rest: NO_GOALS,
    }];
    let mut goals = 0;
    let mut way = Way::default();
    let mut unproven: Vec<usize> = Vec::new();
    let mut choices: Vec<Choice<'_>> = Vec::new();
    loop {
        let Some(Goals { first, rest }) = arena.get(goals).copied() else {
            way.proven = unproven.is_empty();
            return Found::Way(way);
        };
        let parts = if let Formula::All(parts) = first {
            parts.len()
        } else {
            1
        };
        if !theory.spend(parts) {
            return Found::Cut;
        }
        goals = rest;
        let met = match first {
            Formula::Known(value) => *value,
            Formula::Wanted(atom, wanted) => {
                way.wanted.push((*atom, *wanted));
                match theory.consistent(&way.wanted) {
                    Consistent::Yes => true,
                    Consistent::No => false,
                    Consistent::Perhaps => {
                        unproven.push(way.wanted.len());
                        true
                    }
                    Consistent::Cut => return Found::Cut,
                }
            }
            Formula::All(parts) => {
                // What leaves no choice comes first: it rules out alternatives before they are tried.
                let forced = |part: &&Formula| matches!(part, Formula::Wanted(..));
                let others = parts.iter().filter(|part| !forced(part)).rev();
                goals =
                    others
                        .chain(parts.iter().filter(forced).rev())
                        .fold(rest, |rest, first| {
                            arena.push(Goals { first, rest });
                            arena.len() - 1
                        });
                true
            }
            Formula::Any(alternatives) => {
                choices.push(Choice {
                    alternatives,
                    rest,
                    wanted_len: way.wanted.len(),
                    granted_len: way.granted.len(),
                    unproven_len: unproven.len(),
                });
                false
            }
            Formula::Granted(statement, part) => {
                way.granted.push(*statement);
                arena.push(Goals { first: part, rest });
                goals = arena.len() - 1;
                true
            }
        };
        if met {
            continue;
        }
        // Back to the latest goal with an alternative left.
        loop {
            let Some(choice) = choices.last_mut() else {
                return Found::Nothing;
            };
            way.wanted.truncate(choice.wanted_len);
            way.granted.truncate(choice.granted_len);
            unproven.truncate(choice.unproven_len);
            if let Some((first, others)) = choice.alternatives.split_first() {
                choice.alternatives = others;
                arena.push(Goals {
                    first,
                    rest: choice.rest,
                });
                goals = arena.len() - 1;
                break;
            }
            choices.pop();
        }
    }
}
