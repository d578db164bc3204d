//! Conditions of statements.

mod operator;
mod scalar;
mod test;

use super::context::{Facts, Lookup};
use super::pattern::Match;

use operator::{Base, Operator, Quantifier};
pub(crate) use scalar::{Nanos, number_text};
pub(crate) use test::Test;

/// One operator applied to one key: what a statement demands of the request's context.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    key: String,
    folded_key: String,
    operator_text: String,
    operator: Operator,
    values: Vec<String>,
    tests: Vec<Test>,
}

/// Something in a condition that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    /// Whether the condition holds too often because of it, or too seldom; nothing where it stays open.
    pub(crate) matches: Option<bool>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// It depends on what is not known.
    Open,
}

impl Condition {
    pub(crate) fn compile(operator: &str, key: &str, values: &[String], variables: bool) -> Self {
        let parsed = Operator::parse(operator);
        let tests = values
            .iter()
            .map(|value| Test::compile(parsed.base, value, variables))
            .collect();
        Self {
            key: key.to_owned(),
            folded_key: key.to_ascii_lowercase(),
            operator_text: operator.to_owned(),
            operator: parsed,
            values: values.to_vec(),
            tests,
        }
    }

    /// The key as it is written in the policy.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn folded_key(&self) -> &str {
        &self.folded_key
    }

    pub(crate) fn operator(&self) -> &str {
        &self.operator_text
    }

    pub(crate) fn values(&self) -> &[String] {
        &self.values
    }

    /// What in the condition is not understood.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let name = &self.operator_text;
        if self.operator.base == Base::Unknown {
            let message =
                format!("condition operator `{name}` is not known: treated as satisfiable");
            return vec![Fault {
                message,
                matches: None,
            }];
        }
        let malformed = |(test, value): (&Test, &String)| {
            test.is_malformed().then(|| Fault {
                message: format!("`{value}` is no value for `{name}`: it equals nothing"),
                matches: Some(self.operator.negated),
            })
        };
        self.tests
            .iter()
            .zip(&self.values)
            .filter_map(malformed)
            .collect()
    }

    /// Whether the operator is known, so that its truth follows from the key's values.
    pub(crate) fn is_modelled(&self) -> bool {
        self.operator.base != Base::Unknown
    }

    /// Whether the condition compares with values of other keys.
    pub(crate) fn has_variables(&self) -> bool {
        self.tests.iter().any(Test::has_variables)
    }

    /// Whether values are compared as texts, and nothing else.
    pub(crate) fn compares_texts(&self) -> bool {
        matches!(
            self.operator.base,
            Base::StringEquals
                | Base::StringEqualsIgnoreCase
                | Base::StringLike
                | Base::Binary
                | Base::Arn
        )
    }

    /// Whether the condition holds where the key has a value, if that does not depend on which.
    pub(crate) fn truth_of_any_value(&self) -> Option<bool> {
        (self.operator.base == Base::Null).then(|| self.null_accepts(false))
    }

    /// Whether a value satisfies the operator where none of the tests matches it.
    pub(crate) fn is_negated(&self) -> bool {
        self.operator.negated
    }

    /// Whether the condition is written for keys with several values.
    pub(crate) fn is_for_many(&self) -> bool {
        self.operator.quantifier.is_some()
    }

    /// Whether the condition holds in a request of which this is known.
    pub(crate) fn evaluate(&self, facts: Facts<'_>) -> Truth {
        if self.operator.base == Base::Unknown {
            return Truth::Open;
        }
        // A statement that compares with a variable without value is invalid: a positive operator finds it
        // equal to nothing, and so a negated one is made to find it equal to everything.
        let is_void =
            self.operator.negated && self.tests.iter().any(|test| test.lacks_value(facts));
        let matches = |test: &Test, value: &str| {
            if is_void {
                Match::Yes
            } else {
                test.matches(value, facts)
            }
        };
        match facts.lookup(&self.folded_key) {
            Lookup::Open if self.can_never_hold(facts) => Truth::False,
            Lookup::Open => Truth::Open,
            Lookup::Absent => self.truth_absent(),
            Lookup::One(value) => self.truth_of(&[&value], matches),
            Lookup::Many(values) => {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                self.truth_of(&values, matches)
            }
        }
    }

    /// Whether the condition fails whatever the key is: it wants one of values that are all missing.
    fn can_never_hold(&self, facts: Facts<'_>) -> bool {
        !self.operator.negated
            && self.truth_absent() == Truth::False
            && !self.tests.is_empty()
            && self.tests.iter().all(|test| test.lacks_value(facts))
    }

    /// Whether the condition holds in a request without the key.
    ///
    /// # Source
    /// AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for
    /// multivalued context keys", read 2026-11: a missing key makes a positive comparison false and a
    /// negated one true, `...IfExists` and `ForAllValues` true, `ForAnyValue` false. With both `ForAnyValue`
    /// and `IfExists` it is false, as AWS re:Post, "ForAnyValue:StringEqualsIfExists behaving unexpectedly",
    /// found out by trying.
    pub(crate) fn truth_absent(&self) -> Truth {
        if self.operator.base == Base::Null {
            return truth(self.null_accepts(true));
        }
        let holds = match self.operator.quantifier {
            Some(quantifier) => quantifier == Quantifier::All,
            None => self.operator.negated || self.operator.if_exists,
        };
        truth(holds)
    }

    /// Whether the condition holds where the key has these values, variables left aside.
    pub(crate) fn truth_given(&self, values: &[&str]) -> Truth {
        self.truth_of(values, Test::matches_alone)
    }

    /// Whether this value, among others that are not empty, satisfies the operator.
    pub(crate) fn satisfied_among_others(&self, value: &str) -> Truth {
        if self.operator.base == Base::Null {
            return truth(self.null_accepts(false));
        }
        self.satisfied_by(value, Test::matches_alone)
    }

    fn truth_of(&self, values: &[&str], matches: impl Fn(&Test, &str) -> Match) -> Truth {
        if self.operator.base == Base::Null {
            return truth(self.null_accepts(false));
        }
        let satisfied = values
            .iter()
            .map(|value| self.satisfied_by(value, &matches));
        // "A null dataset, such as an empty string" counts as no value at all for the set operators.
        let nothing = values.iter().all(|value| value.is_empty());
        match self.operator.quantifier {
            Some(Quantifier::All) if nothing => Truth::True,
            Some(Quantifier::Any) if nothing => Truth::False,
            Some(Quantifier::All) => all(satisfied),
            // Without a set operator, a key with several values matches where one of them does, and a
            // negated operator is the opposite of the plain one. AWS advises against it without saying
            // what it does.
            None if self.operator.negated => all(satisfied),
            Some(Quantifier::Any) | None => any(satisfied),
        }
    }

    /// Whether one value of the key satisfies the operator, its negation included.
    fn satisfied_by(&self, value: &str, matches: impl Fn(&Test, &str) -> Match) -> Truth {
        let found = any(self.tests.iter().map(|test| match matches(test, value) {
            Match::Yes => Truth::True,
            Match::No => Truth::False,
            Match::Open => Truth::Open,
        }));
        if self.operator.negated {
            found.negated()
        } else {
            found
        }
    }

    /// AWS IAM User Guide, "Condition operator to check existence of condition keys", read 2026-11.
    fn null_accepts(&self, absent: bool) -> bool {
        self.tests.contains(&Test::Bool(Some(absent)))
    }

    /// Whether the condition, wanted true or false, needs every value of the key to satisfy it, rather than
    /// one.
    pub(crate) fn is_about_every_value(&self, wanted: bool) -> bool {
        let every = match self.operator.quantifier {
            Some(quantifier) => quantifier == Quantifier::All,
            None => self.operator.negated,
        };
        every == wanted
    }

    /// Whether only values among [`Condition::samples`] make the condition true, so that a key with one of
    /// them is all there is to look at.
    pub(crate) fn is_about_few_values(&self) -> bool {
        self.operator.base == Base::StringEquals
            && !self.operator.negated
            && self.operator.quantifier.is_none()
    }

    /// Values that tell the condition's cases apart.
    pub(crate) fn samples(&self, samples: &mut Vec<String>) {
        for test in &self.tests {
            test.samples(samples);
        }
    }

    pub(crate) fn tests(&self) -> &[Test] {
        &self.tests
    }
}

impl Truth {
    fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Open => Self::Open,
        }
    }
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}

fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let mut found = Truth::False;
    for truth in truths {
        match truth {
            Truth::True => return Truth::True,
            Truth::Open => found = Truth::Open,
            Truth::False => {}
        }
    }
    found
}

fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
    any(truths.into_iter().map(Truth::negated)).negated()
}
