//! `cspm validate`: what was recognised, skipped and lost.

use crate::support::{Folder, WEB_SHOP, cspm, document, with};

#[test]
fn what_was_read_adds_up() {
    let run = cspm(with(&WEB_SHOP, &["validate"])).ends_with(0);
    let counts = &document("testdata/scenarios/web-shop/truth.json")["findings"]["counts"];
    let records = counts["records"].as_u64().unwrap();
    let settled = counts["not_a_finding"].as_u64().unwrap();
    for part in [
        "READ\n".to_owned(),
        "aws cli: ec2 describe-instances".to_owned(),
        format!("{records} records, {settled} of them passed or manual"),
        format!(
            "{} findings, and {settled} records that are none",
            records - settled
        ),
        "data.bucket".to_owned(),
    ] {
        assert!(run.text().contains(&part), "no `{part}` in\n{}", run.text());
    }
}

#[test]
fn what_was_not_read_is_said_with_its_effect() {
    let folder = Folder::new();
    folder.file("in/table.csv", "a,b,c\n1,2,3\n");
    folder.file("in/half.json", "{\"Vpcs\": [");
    folder.file("in/other.json", "{\"some\": 1, \"thing\": 2}");
    folder.file(
        "in/estate.json",
        "{\"schema\": \"cspm.estate/1\", \"resources\": [{\"id\": \"a\", \"kind\": \"account\"}, {\"id\": 7}],
          \"relations\": [{\"from\": \"a\", \"to\": \"gone\", \"kind\": \"controls\"}]}",
    );
    let run = cspm(["validate", &folder.path("in")]).ends_with(0);
    for part in [
        "SKIPPED",
        "recognised as CSV",
        "half.json",
        "an object that this version does not know, with the members `some`, `thing`",
        "1 account",
        "NOTICED",
        "lost: ",
        "may under-report: ",
        "`gone` is named, but no document describes it",
    ] {
        assert!(run.text().contains(part), "no `{part}` in\n{}", run.text());
    }
}

#[test]
fn nothing_of_use_is_exit_code_3() {
    let folder = Folder::new();
    let path = folder.file("table.csv", "a,b,c\n1,2,3\n");
    let run = cspm(["validate", &path]).ends_with(3);
    assert!(run.err.contains("table.csv"), "{}", run.err);
}
