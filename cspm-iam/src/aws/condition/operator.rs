//! Condition operators by name.

/// An operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) base: Base,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
    pub(crate) quantifier: Option<Quantifier>,
}

/// What an operator compares, without its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Null,
    Unknown,
}

/// How the request's number or date stands to that of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The set operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Any,
}

impl Operator {
    /// Takes the name of an operator apart, whatever its case.
    ///
    /// # Source
    /// AWS IAM User Guide, "IAM JSON policy elements: Condition operators", read 2026-11.
    pub(crate) fn parse(name: &str) -> Self {
        let folded = name.to_ascii_lowercase();
        let (quantifier, rest) = match folded.split_once(':') {
            Some(("forallvalues", rest)) => (Some(Quantifier::All), rest),
            Some(("foranyvalue", rest)) => (Some(Quantifier::Any), rest),
            _ => (None, folded.as_str()),
        };
        let (if_exists, rest) = match rest.strip_suffix("ifexists") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (base, negated) = base(rest).unwrap_or((Base::Unknown, false));
        // `IfExists` can be added to every operator but `Null`.
        let base = if if_exists && base == Base::Null {
            Base::Unknown
        } else {
            base
        };
        Self {
            base,
            negated,
            if_exists,
            quantifier,
        }
    }
}

fn base(name: &str) -> Option<(Base, bool)> {
    Some(match name {
        "stringequals" => (Base::StringEquals, false),
        "stringnotequals" => (Base::StringEquals, true),
        "stringequalsignorecase" => (Base::StringEqualsIgnoreCase, false),
        "stringnotequalsignorecase" => (Base::StringEqualsIgnoreCase, true),
        "stringlike" => (Base::StringLike, false),
        "stringnotlike" => (Base::StringLike, true),
        "bool" => (Base::Bool, false),
        "binaryequals" => (Base::Binary, false),
        "ipaddress" => (Base::IpAddress, false),
        "notipaddress" => (Base::IpAddress, true),
        // The two forms behave the same: "ArnEquals, ArnLike: case-sensitive matching of the ARN".
        "arnequals" | "arnlike" => (Base::Arn, false),
        "arnnotequals" | "arnnotlike" => (Base::Arn, true),
        "null" => (Base::Null, false),
        _ => {
            if let Some(rest) = name.strip_prefix("numeric") {
                let (comparison, negated) = comparison(rest)?;
                (Base::Numeric(comparison), negated)
            } else {
                let (comparison, negated) = comparison(name.strip_prefix("date")?)?;
                (Base::Date(comparison), negated)
            }
        }
    })
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    Some(match name {
        "equals" => (Comparison::Equal, false),
        "notequals" => (Comparison::Equal, true),
        "lessthan" => (Comparison::Less, false),
        "lessthanequals" => (Comparison::LessOrEqual, false),
        "greaterthan" => (Comparison::Greater, false),
        "greaterthanequals" => (Comparison::GreaterOrEqual, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        name: &str,
        base: Base,
        negated: bool,
        quantifier: Option<Quantifier>,
        optional: bool,
    ) {
        let expected = Operator {
            base,
            negated,
            if_exists: optional,
            quantifier,
        };
        assert_eq!(Operator::parse(name), expected, "{name}");
    }

    #[test]
    fn names_are_taken_apart() {
        check("StringEquals", Base::StringEquals, false, None, false);
        check("stringnotlikeifexists", Base::StringLike, true, None, true);
        check(
            "ForAllValues:StringEqualsIgnoreCase",
            Base::StringEqualsIgnoreCase,
            false,
            Some(Quantifier::All),
            false,
        );
        check(
            "NumericLessThanEquals",
            Base::Numeric(Comparison::LessOrEqual),
            false,
            None,
            false,
        );
        check(
            "DateNotEquals",
            Base::Date(Comparison::Equal),
            true,
            None,
            false,
        );
        check(
            "ForAnyValue:ArnNotEqualsIfExists",
            Base::Arn,
            true,
            Some(Quantifier::Any),
            true,
        );
        check("NullIfExists", Base::Unknown, false, None, true);
        check("StringMatches", Base::Unknown, false, None, false);
        check(
            "ForSomeValues:StringEquals",
            Base::Unknown,
            false,
            None,
            false,
        );
    }
}
