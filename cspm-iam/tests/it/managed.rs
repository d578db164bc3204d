//! The provider's own policies, where a decompressed copy of the sample lies beside the workspace.

use std::path::Path;

use cspm_iam::aws::{Limits, Policy};
use serde_json::Value;

#[test]
fn every_managed_policy_is_read_without_warnings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/samples/aws/managed-policies.jsonl");
    let path = std::env::var_os("CSPM_MANAGED_POLICIES").map_or(path, Into::into);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return;
    };
    let mut read = 0;
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let name = entry["name"].as_str().unwrap();
        let policy = Policy::from_value(&entry["document"], &Limits::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!policy.statements().is_empty(), "{name}");
        assert!(
            policy.warnings().is_empty(),
            "{name}: {:?}",
            policy.warnings()
        );
        read += 1;
    }
    assert!(read > 1_600, "{read}");
}
