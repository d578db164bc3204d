//! Say yourself what data is worth, and give each team its own list.
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::error::Error;

use cspm_model::report::RankedFinding;
use cspm_model::resource::DataClass;
use cspm_model::{EstateBuilder, Limits as ReadLimits, native};
use cspm_risk::{Limits, Options, prioritize};

fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = EstateBuilder::new(ReadLimits::default());
    native::read_estate(
        include_bytes!("estate.json").as_slice(),
        "estate.json",
        &mut builder,
    )?;
    let estate = builder.build();

    // Here the handbook is what the competition is after.
    let mut options = Options::default();
    options.values.classes.insert(DataClass::Internal, 80);
    options.values.classes.insert(DataClass::Pii, 60);
    let report = prioritize(&estate, &options, &Limits::default())?;

    let mut lists: BTreeMap<&str, Vec<&RankedFinding>> = BTreeMap::new();
    for finding in &report.findings {
        let tags = estate.resource(&finding.resource).map(|it| &it.tags);
        let owner = tags
            .and_then(|it| it.get("owner"))
            .map_or("nobody", String::as_str);
        lists.entry(owner).or_default().push(finding);
    }
    for (owner, mut findings) in lists {
        // What a fix saves first, whatever else it may be.
        findings.sort_by_key(|it| Reverse((it.fix.value, it.score)));
        println!("{owner}:");
        for finding in findings {
            println!(
                "  saves {:>3}  {:<10} {}: {}",
                finding.fix.value,
                finding.priority.as_str(),
                finding.resource,
                finding.title
            );
        }
    }
    Ok(())
}
