//! Rank findings inside your own tool: an estate in, the most urgent findings out.
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

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

    let report = prioritize(&estate, &Options::default(), &Limits::default())?;

    for finding in report.findings.iter().take(10) {
        println!(
            "{:>3} {:<10} {}",
            finding.score,
            finding.priority.as_str(),
            finding.title
        );
        println!("    {}", finding.reason);
        let paths = report.attack_paths.iter();
        for path in paths.filter(|it| finding.paths.contains(&it.id)) {
            println!(
                "    {} -> {}, likelihood {:.2}",
                path.from, path.to, path.likelihood
            );
            for step in path.steps.iter().filter_map(|id| report.steps.get(id)) {
                println!("      {}  by {}", step.to, step.technique);
            }
        }
    }
    Ok(())
}
