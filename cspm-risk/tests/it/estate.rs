//! Estates of the cases: lines of the native format, some of them from a base.

use cspm_model::{Estate, EstateBuilder, native};

/// The lines of `base`, without those that hold one of the texts of `without` and those of resources that
/// `lines` describe anew, and `lines`.
pub(crate) fn compose(base: &str, without: &[String], lines: &str) -> Vec<String> {
    let own: Vec<&str> = lines.lines().filter_map(resource).collect();
    let kept = base.lines().filter(|line| {
        !without.iter().any(|text| line.contains(text.as_str()))
            && resource(line).is_none_or(|id| !own.contains(&id))
    });
    kept.chain(lines.lines())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The id of the resource that a line describes.
fn resource(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("{\"resource\":")?;
    let (_, rest) = rest.split_once("\"id\":")?;
    rest.split('"').nth(1)
}

/// The estate of lines of the native format, every one of which has to be readable.
pub(crate) fn estate(lines: &[String]) -> Estate {
    let mut text = String::from("{\"schema\": \"cspm.estate/1\"}\n");
    text.push_str(&lines.join("\n"));
    let mut builder = EstateBuilder::new(cspm_model::Limits::default());
    native::read_estate(text.as_bytes(), "estate", &mut builder)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let estate = builder.build();
    let unread: Vec<String> = estate
        .diagnostics()
        .iter()
        .filter(|it| it.code == "unreadable-record" || it.code == "conflicting-facts")
        .map(|it| format!("{}: {:?}", it.message, it.location))
        .collect();
    assert!(unread.is_empty(), "{}\n{text}", unread.join("\n"));
    estate
}
