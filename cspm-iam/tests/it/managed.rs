//! The provider's own policies, where the sample lies beside the workspace.

use std::io::Read;
use std::path::Path;

use cspm_iam::aws::{Limits, Policy};
use flate2::read::GzDecoder;
use serde_json::Value;

#[test]
fn every_managed_policy_is_read_without_warnings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/samples/aws/managed-policies.jsonl.gz");
    let path = std::env::var_os("CSPM_MANAGED_POLICIES").map_or(path, Into::into);
    let Ok(packed) = std::fs::read(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return;
    };
    let mut text = String::new();
    GzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .unwrap();
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
