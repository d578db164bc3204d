//! Wrong use and unusable input: the exit code, and a message that says what, where and what to do.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Folder, Run, cspm, cspm_reading, gzip, zstd};

/// The run failed with this code, said all these parts in one line, and nothing on standard output.
#[track_caller]
fn check(run: Run, code: i32, parts: &[&str]) {
    let run = run.ends_with(code);
    for part in parts {
        assert!(run.err.contains(part), "no `{part}` in: {}", run.err);
    }
    if code == 3 {
        assert_eq!(run.err.trim_end().lines().count(), 1, "{}", run.err);
        assert!(run.err.starts_with("cspm: "), "{}", run.err);
    }
    assert!(run.out.is_empty());
}

/// The start of an estate that is cut off.
const HALF: &str = "{\"schema\": \"cspm.estate/1\",\n \"resources\": [{\"id\": \"a\", \"kind\"";

#[test]
fn wrong_use_is_exit_code_2_and_names_the_right_one() {
    check(cspm([""; 0]), 2, &["prioritize", "reach", "generate"]);
    check(cspm(["prioritise"]), 2, &["prioritise", "prioritize"]);
    check(cspm(["prioritize"]), 2, &["<INPUT>"]);
    check(
        cspm(["prioritize", "--formt", "json", "x"]),
        2,
        &["--formt", "--format"],
    );
    check(
        cspm(["prioritize", "--format", "yaml", "x"]),
        2,
        &["yaml", "table", "json"],
    );
    check(
        cspm(["prioritize", "--fail-on", "dreadful", "x"]),
        2,
        &["critical", "low"],
    );
    check(cspm(["prioritize", "--top", "-1", "x"]), 2, &["-1"]);
    check(cspm(["iam"]), 2, &["evaluate"]);
    let help = cspm(["prioritize", "--help"]).ends_with(0);
    for option in [
        "--format",
        "--output",
        "--entry",
        "--top",
        "--paths",
        "--fail-on",
        "--strict",
    ] {
        assert!(help.text().contains(option), "{option}");
    }
}

#[test]
fn inputs_that_are_not_there_are_named() {
    let folder = Folder::new();
    let missing = folder.path("missing.json");
    check(
        cspm(["prioritize", &missing]),
        3,
        &["missing.json", "no such file", "a glob"],
    );
    let glob = folder.path("*.json");
    check(
        cspm(["prioritize", &glob]),
        3,
        &["*.json", "no file matches"],
    );
    folder.file("notes/readme.md", "notes");
    folder.file("notes/.hidden.json", "{}");
    let notes = folder.path("notes");
    check(
        cspm(["prioritize", &notes]),
        3,
        &["notes", "no document", "expected", "hidden"],
    );
    std::fs::create_dir(folder.path("empty")).unwrap();
    check(
        cspm(["prioritize", &folder.path("empty")]),
        3,
        &["empty", "no document"],
    );
}

#[test]
fn unusable_documents_say_where_and_what_to_do() {
    let folder = Folder::new();
    let file = |name: &str, bytes: &[u8]| folder.file(name, bytes);
    let read = |path: &str| cspm(["prioritize", path]);
    check(
        read(&file("empty.json", b"")),
        3,
        &["empty.json", "is empty", "expected JSON"],
    );
    check(
        read(&file("blank.json", b" \n\n ")),
        3,
        &["blank.json", "is empty"],
    );
    check(
        read(&file("half.json", HALF.as_bytes())),
        3,
        &["half.json", "line 2, column 16", "cut off"],
    );
    check(
        read(&file("other.json", b"{\"schema\": \"cspm.estate/2\"}")),
        3,
        &[
            "other.json#/schema",
            "line 1, column 12",
            "`cspm.estate/2`",
            "`cspm.estate/1`",
        ],
    );
    check(
        read(&file(
            "member.json",
            b"{\"schema\": \"cspm.estate/1\",\n\"resorces\": []}",
        )),
        3,
        &["member.json", "line 2", "`resorces`", "`resources`"],
    );
    check(
        read(&file(
            "bytes.jsonl",
            b"{\"schema\": \"cspm.estate/1\"}\n{\"resource\": {\"id\": \"\xff\", \"kind\": \"account\"}}\n",
        )),
        3,
        &["bytes.jsonl", "line 2", "UTF-8"],
    );
    check(
        read(&file(
            "wrong.json",
            b"{\"schema\": \"cspm.estate/1\",\n\"resources\": [} ",
        )),
        3,
        &["wrong.json", "line 2"],
    );
    check(
        read(&file("prose.json", b"What a day.")),
        3,
        &["prose.json", "expected", "schema"],
    );
    check(
        read(&file("some.csv", b"a,b,c\n1,2,3\n")),
        3,
        &["some.csv", "CSV", "expected"],
    );
    let noise: Vec<u8> = (0..4096_u32)
        .map(|it| it.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    check(
        read(&file("noise.bin", &noise)),
        3,
        &["noise.bin", "expected"],
    );
    check(
        cspm_reading(b"", ["prioritize", "-"]),
        3,
        &["-: ", "is empty"],
    );
    check(
        cspm_reading(
            HALF.as_bytes(),
            ["reach", "-", "--from", "internet", "--to", "sensitive"],
        ),
        3,
        &["-", "cut off"],
    );
}

#[test]
fn packed_files_that_are_not_whole_are_named() {
    let folder = Folder::new();
    // Noise does not shrink, so that there is something to cut.
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    let mut estate = String::from("{\"schema\": \"cspm.estate/1\"}\n");
    for _ in 0..500 {
        let id = noise();
        let record = json!({"resource": {"id": id.to_string(), "kind": "account"}});
        writeln!(estate, "{record}").unwrap();
    }
    for (kind, packed) in [
        ("gzip", gzip(estate.as_bytes())),
        ("zstd", zstd(estate.as_bytes())),
    ] {
        let whole = folder.file("whole", &packed);
        cspm(["prioritize", &whole]).ends_with(0);
        for end in [packed.len() / 2, packed.len() - 1, 5] {
            let half = folder.file("half", &packed[..end]);
            check(
                cspm(["prioritize", &half]),
                3,
                &[
                    "half",
                    &format!("not a whole {kind} file"),
                    "fetch it again",
                ],
            );
        }
        // Two packed files, one behind the other, are one.
        let more =
            "{\"finding\": {\"id\": \"f\", \"check\": \"c\", \"resource\": \"elsewhere\"}}\n";
        let more = if kind == "gzip" {
            gzip(more.as_bytes())
        } else {
            zstd(more.as_bytes())
        };
        let both = folder.file("both", [packed, more].concat());
        let report = cspm(["prioritize", &both, "--format", "json"])
            .ends_with(0)
            .json();
        assert_eq!(report["summary"]["findings"], 1, "{kind}");
        assert_eq!(report["summary"]["resources"], 500, "{kind}");
    }
}

#[test]
fn a_bad_record_is_told_and_left_out_and_fatal_if_asked() {
    let folder = Folder::new();
    let text = "{\"schema\": \"cspm.estate/1\"}\n{\"resource\": {\"id\": \"a\"}}\n{\"resource\": {\"id\": \"b\", \"kind\": \"account\"}}\n";
    let estate = folder.file("bad.jsonl", text);
    let place = ["bad.jsonl#/resource", "line 2", "needs `kind`"];
    for arguments in [
        &["prioritize", &estate, "--format", "json"][..],
        &["export", &estate],
        &["reach", &estate, "--from", "internet", "--to", "admin"],
    ] {
        let run = cspm(arguments).ends_with(0);
        assert!(
            place.iter().all(|part| run.err.contains(part)),
            "{}",
            run.err
        );
        assert!(!run.out.is_empty());
        let quiet = cspm([arguments, &["--quiet"]].concat()).ends_with(0);
        assert_eq!(quiet.err, "");
        check(cspm([arguments, &["--strict"]].concat()), 3, &place);
    }
    let run = cspm(["validate", &estate]).ends_with(0);
    assert!(
        place.iter().all(|part| run.text().contains(part)),
        "{}",
        run.text()
    );
    check(cspm(["validate", &estate, "--strict"]), 3, &place);
    let report = cspm(["prioritize", &estate, "--format", "json"]).json();
    assert_eq!(report["summary"]["resources"], 1);
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 1);
}

#[test]
fn a_broken_document_in_a_folder_is_set_aside_and_fatal_if_named_or_asked() {
    let folder = Folder::new();
    folder.file(
        "in/good.json",
        "{\"schema\": \"cspm.estate/1\", \"resources\": [{\"id\": \"b\", \"kind\": \"account\"}]}",
    );
    let half = folder.file("in/half.json", "{\"Vpcs\": [{\"VpcId\"");
    let inputs = folder.path("in");
    let run = cspm(["prioritize", &inputs, "--format", "json"]).ends_with(0);
    assert!(
        run.err.contains("half.json") && run.err.contains("cut off"),
        "{}",
        run.err
    );
    let report = run.json();
    assert_eq!(report["summary"]["resources"], 1);
    assert_eq!(report["diagnostics"][0]["code"], "unreadable-document");
    check(cspm(["prioritize", &inputs, "--strict"]), 3, &["half.json"]);
    check(cspm(["prioritize", &inputs, &half]), 3, &["half.json"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    let path = folder.file("secret.json", "{}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        eprintln!("skipped in part: this user may read everything");
    } else {
        check(
            cspm(["prioritize", &path]),
            3,
            &["secret.json", "cannot read", "denied"],
        );
    }
    // A link that leads nowhere, or in a circle, is no file for anybody.
    for (name, to) in [
        ("dangling.json", "nowhere.json"),
        ("circle.json", "circle.json"),
    ] {
        std::os::unix::fs::symlink(to, folder.path(name)).unwrap();
        check(cspm(["prioritize", &folder.path(name)]), 3, &[name]);
    }
}
