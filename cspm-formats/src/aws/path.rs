//! What the name of a document tells: call, account, region, and the resource that the call was about.

use percent_encoding::percent_decode_str;

use crate::findings::is_account;

/// What a path tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PathFacts {
    /// `service-call`, as it stands, less the ending.
    pub(super) calls: Vec<(String, Option<String>)>,
    /// Twelve digits.
    pub(super) account: Option<String>,
    /// A region; `None` for `global`.
    pub(super) region: Option<String>,
    /// Folders, from the whole one up to the root (``).
    pub(super) folders: Vec<String>,
}

impl PathFacts {
    /// Reads a path.
    pub(super) fn of(source: &str) -> Self {
        let parts: Vec<&str> = source.split('/').filter(|part| !part.is_empty()).collect();
        let mut facts = Self::default();
        for (at, part) in parts.iter().enumerate().rev() {
            let last = at.saturating_add(1) == parts.len();
            let name = if last { without_ending(part) } else { part };
            if name.contains('-') {
                let argument = parts.last().filter(|_| !last).map(|part| {
                    percent_decode_str(without_ending(part))
                        .decode_utf8_lossy()
                        .into_owned()
                });
                facts.calls.push((name.to_owned(), argument));
            }
            if last {
                continue;
            }
            if facts.account.is_none() && is_account(part) {
                facts.account = Some((*part).to_owned());
            }
            if facts.region.is_none() && is_region(part) {
                facts.region = Some((*part).to_owned());
            }
        }
        let mut folder = source;
        while let Some((above, _)) = folder.rsplit_once('/') {
            facts.folders.push(above.to_owned());
            folder = above;
        }
        if facts.folders.last().is_none_or(|last| !last.is_empty()) {
            facts.folders.push(String::new());
        }
        facts
    }
}

fn without_ending(name: &str) -> &str {
    name.strip_suffix(".json").unwrap_or(name)
}

/// Whether it is the name of a region, such as `eu-west-1` or `us-gov-east-1`.
pub(super) fn is_region(text: &str) -> bool {
    const DIRECTIONS: [&str; 9] = [
        "north",
        "east",
        "south",
        "west",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
    ];
    let parts: Vec<&str> = text.split('-').collect();
    let (area, direction, number) = match parts.as_slice() {
        [area, direction, number] => (area, direction, number),
        [area, partition, direction, number] if partition.len() > 2 => (area, direction, number),
        _ => return false,
    };
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    area.len() == 2
        && is_word(area)
        && DIRECTIONS.contains(direction)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The region of an availability zone: `eu-west-1a` is in `eu-west-1`.
pub(super) fn region_of_zone(zone: &str) -> Option<&str> {
    let region = zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    is_region(region).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_account_region_call_and_resource() {
        let facts = PathFacts::of(
            "in/account/111122223333/eu-west-1/secretsmanager-get-resource-policy/dev%2Fmail.json",
        );
        assert_eq!(facts.account.as_deref(), Some("111122223333"));
        assert_eq!(facts.region.as_deref(), Some("eu-west-1"));
        assert!(facts.calls.contains(&(
            "secretsmanager-get-resource-policy".to_owned(),
            Some("dev/mail".to_owned())
        )));
        let facts = PathFacts::of("us-east-1/s3-get-bucket-policy/cloud-mapper");
        assert_eq!(facts.account, None);
        assert_eq!(
            facts.folders,
            ["us-east-1/s3-get-bucket-policy", "us-east-1", ""]
        );
    }

    #[test]
    fn regions_are_told_from_other_words() {
        for text in [
            "eu-west-1",
            "us-gov-east-1",
            "ap-southeast-5",
            "us-iso-east-1",
        ] {
            assert!(is_region(text), "{text}");
        }
        for text in [
            "global",
            "subnet-1",
            "s3-get-bucket-policy",
            "eu-west",
            "",
            "eu-west-1a",
            "web-shop-1",
        ] {
            assert!(!is_region(text), "{text}");
        }
        assert_eq!(region_of_zone("eu-west-1a"), Some("eu-west-1"));
        assert_eq!(region_of_zone("nowhere"), None);
    }
}
