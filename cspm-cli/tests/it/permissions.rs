//! `cspm iam who-can` and `cspm iam can` on the scenario of the web shop, whose grants are known.

use crate::support::{cspm, root};

fn answers(arguments: &[&str]) -> Vec<serde_json::Value> {
    let folder = root().join("testdata/scenarios/web-shop/inventory");
    let folder = folder.to_str().unwrap();
    let mut all = vec!["iam"];
    all.extend_from_slice(arguments);
    all.extend_from_slice(&[folder, "--format", "json", "--quiet"]);
    cspm(all).ends_with(0).json().as_array().unwrap().clone()
}

#[test]
fn who_can_names_those_who_may_and_the_control_that_stops_the_others() {
    let found = answers(&[
        "who-can",
        "s3:GetObject",
        "arn:aws:s3:::shop-payroll/2026/11.csv",
    ]);
    let report = found
        .iter()
        .find(|it| it["principal"] == "arn:aws:iam::111122223333:role/report")
        .unwrap();
    assert_eq!(report["allowed"], false);
    assert_eq!(report["blocked_by"], "explicit_deny");
    assert!(!report["evidence"].as_array().unwrap().is_empty());
}

#[test]
fn can_lists_what_a_role_reads_with_the_statement_that_says_so() {
    let found = answers(&["can", "arn:aws:iam::111122223333:role/shop-web"]);
    let reads = found
        .iter()
        .find(|it| {
            let resource = it["resource"].as_str().unwrap();
            it["action"] == "s3:GetObject"
                && resource.starts_with("arn:aws:s3:::shop-customer-exports")
        })
        .unwrap();
    assert_eq!(
        (&reads["allowed"], &reads["certainty"]),
        (&true.into(), &"certain".into())
    );
    let place = reads["evidence"][0]["pointer"].as_str().unwrap();
    assert!(place.contains("/Statement/"), "{place}");
}
