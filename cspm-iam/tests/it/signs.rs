//! Wildcards, matched by trying everything.

/// One sign of a pattern.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Sign {
    Char(char),
    One,
    Many,
    /// Of the segments of an ARN: not a colon.
    OneWithin,
    ManyWithin,
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

/// A part of the pattern of an ARN. `colons` counts those seen; up to the fifth, wildcards keep within
/// segments, but for a `*` at the end of one. `ends` says whether nothing follows this part.
pub(crate) fn arn_pattern(text: &str, colons: &mut usize, ends: bool) -> Vec<Sign> {
    let mut signs = Vec::new();
    for (at, character) in text.char_indices() {
        let after = text[at..].trim_start_matches('*');
        let is_last = after.starts_with(':') || (after.is_empty() && ends);
        signs.push(match character {
            '*' if *colons >= 5 || is_last => Sign::Many,
            '*' => Sign::ManyWithin,
            '?' if *colons >= 5 => Sign::One,
            '?' => Sign::OneWithin,
            other => Sign::Char(other),
        });
        *colons += usize::from(character == ':');
    }
    signs
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
        (Some((Sign::ManyWithin, rest)), _) => {
            let shorter = || {
                text.split_first()
                    .is_some_and(|(first, tail)| *first != ':' && like_chars(pattern, tail))
            };
            like_chars(rest, text) || shorter()
        }
        (Some((Sign::One, rest)), Some((_, tail))) => like_chars(rest, tail),
        (Some((Sign::OneWithin, rest)), Some((first, tail))) => {
            *first != ':' && like_chars(rest, tail)
        }
        (Some((Sign::Char(wanted), rest)), Some((found, tail))) => {
            wanted == found && like_chars(rest, tail)
        }
        _ => false,
    }
}
