//! `cspm export`: an estate that is written and read again gives the same report.

use crate::support::{Folder, OPEN_PORTS, WEB_SHOP, cspm, cspm_reading, gzip, with, zstd};

const JSON: [&str; 3] = ["prioritize", "--format", "json"];

#[test]
fn what_was_exported_gives_the_same_report_however_it_is_packed_and_handed_over() {
    for inputs in [OPEN_PORTS, WEB_SHOP] {
        let expected = cspm(with(&inputs, &JSON)).ends_with(0);
        // Records that are no findings are no part of an estate: their number is not handed on.
        let not_findings = |count: u64| format!("\"not_findings\": {count},");
        let count = expected.json()["summary"]["not_findings"].as_u64().unwrap();
        let expected = expected
            .text()
            .replacen(&not_findings(count), &not_findings(0), 1);
        for form in ["json", "jsonl"] {
            let folder = Folder::new();
            let exported = cspm(with(&inputs, &["export", "--format", form])).ends_with(0);
            assert_eq!(exported.err, "");
            let exported = exported.out;
            for (name, bytes) in [
                ("estate", exported.clone()),
                ("estate.gz", gzip(&exported)),
                ("estate.zst", zstd(&exported)),
            ] {
                let path = folder.file(name, &bytes);
                let report = cspm(with(&[&path], &JSON)).ends_with(0);
                assert!(report.text() == expected, "{form}: {name}");
                let report = cspm_reading(&bytes, with(&["-"], &JSON)).ends_with(0);
                assert!(
                    report.text() == expected,
                    "{form}: {name} on standard input"
                );
            }
            let again = cspm_reading(&exported, ["export", "-", "--format", form]).ends_with(0);
            assert!(again.out == exported, "{form}: an export of an export");
        }
    }
}

#[test]
fn both_forms_say_the_same() {
    let folder = Folder::new();
    let lines = folder.path("lines");
    cspm(with(
        &WEB_SHOP,
        &["export", "--format", "jsonl", "-o", &lines],
    ))
    .ends_with(0);
    let document = cspm(with(&WEB_SHOP, &["export"])).ends_with(0).out;
    assert_eq!(cspm(["export", &lines]).ends_with(0).out, document);
}
