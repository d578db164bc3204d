//! The same facts give the same bytes: whatever the order of inputs, of records and of threads.

use serde_json::Value;

use crate::support::{Folder, OPEN_PORTS, WEB_SHOP, command, cspm, finish, root, unpacked, with};

const JSON: [&str; 3] = ["prioritize", "--format", "json"];

#[test]
fn the_order_of_inputs_changes_nothing() {
    for inputs in [OPEN_PORTS, WEB_SHOP] {
        let [first, second] = inputs;
        let expected = cspm(with(&[first, second], &JSON)).ends_with(0).out;
        assert!(!expected.is_empty());
        assert_eq!(
            cspm(with(&[second, first], &JSON)).ends_with(0).out,
            expected
        );
        // Named twice, and found once more by a glob, a document is read once.
        let parent = format!("{}/*.jsonl.gz", first.rsplit_once('/').unwrap().0);
        let twice = cspm(with(&[second, first, second, &format!("./{first}")], &JSON));
        assert_eq!(twice.ends_with(0).out, expected);
        if inputs == OPEN_PORTS {
            assert_eq!(cspm(with(&[&parent], &JSON)).ends_with(0).out, expected);
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for inputs in [OPEN_PORTS, WEB_SHOP] {
        let reports = ["1", "2", "7"].map(|threads| {
            let mut command = command(with(&inputs, &JSON));
            command.env("RAYON_NUM_THREADS", threads);
            finish(command).ends_with(0).out
        });
        assert!(!reports[0].is_empty());
        assert_eq!(reports[0], reports[1]);
        assert_eq!(reports[0], reports[2]);
    }
}

/// Numbers in an order that looks random and is always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        // Constants of Knuth's MMIX; the upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// The report without what a shuffled file may change: where in it a record stands, and so which of
/// several places that say the same is named.
fn without_places(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for place in ["pointer", "line", "column", "evidence"] {
                members.remove(place);
            }
            members.values_mut().for_each(without_places);
        }
        Value::Array(items) => items.iter_mut().for_each(without_places),
        _ => {}
    }
}

#[test]
fn the_order_of_records_changes_nothing_but_places() {
    let folder = Folder::new();
    let report = |files: &[String]| {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let mut report = cspm(with(&files, &JSON)).ends_with(0).json();
        without_places(&mut report);
        report
    };
    let texts = OPEN_PORTS.map(|path| unpacked(&root().join(path)));
    let files = |texts: &[String]| {
        let names = ["findings.jsonl", "inventory.jsonl"];
        names
            .iter()
            .zip(texts)
            .map(|(name, text)| folder.file(name, text))
            .collect::<Vec<_>>()
    };
    let expected = report(&files(&texts));
    assert_eq!(expected["summary"]["findings"], 5000);
    for seed in 1..=2 {
        let mut dice = Dice(seed);
        let shuffled = texts.clone().map(|text| {
            let (head, records) = text.split_once('\n').unwrap();
            let mut records: Vec<&str> = records.lines().collect();
            dice.shuffle(&mut records);
            format!("{head}\n{}\n", records.join("\n"))
        });
        assert!(report(&files(&shuffled)) == expected, "seed {seed}");
    }
}

#[test]
fn the_order_of_keys_changes_nothing_but_places() {
    // What `serde_json` writes has its keys sorted; a record written by hand has not.
    let folder = Folder::new();
    let texts = OPEN_PORTS.map(|path| unpacked(&root().join(path)));
    let report = |texts: [String; 2]| {
        let paths = [
            folder.file("findings.jsonl", &texts[0]),
            folder.file("inventory.jsonl", &texts[1]),
        ];
        let mut report = cspm(with(&[&paths[0], &paths[1]], &JSON))
            .ends_with(0)
            .json();
        without_places(&mut report);
        report
    };
    let sorted = texts.clone().map(|text| {
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap().to_string());
        lines.collect::<Vec<_>>().join("\n")
    });
    assert!(sorted != texts);
    assert!(report(sorted) == report(texts));
}

#[test]
fn reach_and_export_are_the_same_as_well() {
    let [first, second] = WEB_SHOP;
    for rest in [
        &[
            "reach",
            "--from",
            "internet",
            "--to",
            "sensitive",
            "--format",
            "json",
        ][..],
        &[
            "reach",
            "--from",
            "principals",
            "--to",
            "sensitive",
            "--format",
            "jsonl",
        ],
        &["export"],
        &["export", "--format", "jsonl"],
        &["validate"],
    ] {
        let run = |inputs: &[&str], threads: &str| {
            let mut command = command(with(inputs, rest));
            command.env("RAYON_NUM_THREADS", threads);
            finish(command).ends_with(0).out
        };
        let expected = run(&[first, second], "1");
        assert!(!expected.is_empty());
        assert_eq!(run(&[second, first], "2"), expected, "{rest:?}");
    }
}
