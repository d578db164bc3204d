//! Wildcards, matched by trying everything.

/// One sign of a pattern.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Sign {
    Char(char),
    One,
    Many,
}

/// A text with wildcards as signs.
pub(crate) fn pattern(text: &str) -> Vec<Sign> {
    text.chars()
        .map(|character| match character {
            '*' => Sign::Many,
            '?' => Sign::One,
            other => Sign::Char(other),
        })
        .collect()
}

/// Whether the whole text is like the pattern.
pub(crate) fn like(pattern: &[Sign], text: &str) -> bool {
    like_chars(pattern, &text.chars().collect::<Vec<char>>())
}

fn like_chars(pattern: &[Sign], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((Sign::Many, rest)), _) => {
            let shorter = || {
                text.split_first()
                    .is_some_and(|(_, tail)| like_chars(pattern, tail))
            };
            like_chars(rest, text) || shorter()
        }
        (Some((Sign::One, rest)), Some((_, tail))) => like_chars(rest, tail),
        (Some((Sign::Char(wanted), rest)), Some((found, tail))) => {
            wanted == found && like_chars(rest, tail)
        }
        _ => false,
    }
}
