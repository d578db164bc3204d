//! Synthetic estates of any size, with the answer beside them: `cspm generate`.
//!
//! An estate is an organisation with everyday life in its accounts, and planted into it a known
//! number of attack paths and of decoys that are one fact away from being some. The truth file is
//! written from the plan, not by analysis, so that an engine can be held against it.
//!
//! The same plan gives the same bytes on every machine: the random numbers are our own, all
//! arithmetic is on integers, and nothing depends on the order of a hash table.

mod background;
mod network;
mod organization;
mod output;
mod plants;
mod rng;
#[cfg(test)]
mod tests;
mod truth;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use network::PublicAddresses;
use organization::Organization;
use output::{EstateFiles, Writer};
use plants::Numbers;
use rng::Rng;

pub(crate) use output::{Counts, Sink};
pub(crate) use truth::Truth;

/// Part of the seed.
const ORGANIZATION: u64 = 1;

/// Name of the file with the answer.
pub(crate) const TRUTH_FILE: &str = "truth.json";

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Resources wanted. Below about a thousand, what is planted may take more than that.
    pub(crate) resources: u64,
    /// Where the random numbers begin.
    pub(crate) seed: u64,
}

impl Plan {
    /// Accounts, the managing one not counted: one for every 1,500 resources, at least four.
    fn member_accounts(&self) -> usize {
        let count = (self.resources / 1500).clamp(4, 5000);
        usize::try_from(count).unwrap_or(4)
    }
}

/// What was written into a folder.
#[derive(Debug)]
pub(crate) struct Generated {
    /// Files of the estate, in the order in which they were written, without the truth file.
    pub(crate) files: Vec<PathBuf>,
    /// Records in them.
    pub(crate) counts: Counts,
    /// The answer.
    pub(crate) truth: Truth,
}

/// Writes the estate of this plan into `folder`, which is made if need be: `estate-000.jsonl`,
/// `estate-001.jsonl`, ... and `truth.json`. What an earlier run left there under these names is gone
/// afterwards.
///
/// # Errors
/// When a file cannot be written.
///
/// # Complexity
/// O(resources) time; memory for the ids of one account and for the truth.
pub(crate) fn generate_into(plan: &Plan, folder: &Path) -> io::Result<Generated> {
    fs::create_dir_all(folder)?;
    let mut files = EstateFiles::new(folder);
    let (truth, counts) = generate(plan, &mut files)?;
    let files = files.finish()?;
    remove_leftovers(folder, files.len())?;
    let mut out = BufWriter::new(File::create(folder.join(TRUTH_FILE))?);
    serde_json::to_writer_pretty(&mut out, &truth)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(Generated {
        files,
        counts,
        truth,
    })
}

/// Removes the files that a larger estate has left in the folder: beside those of this one they would
/// be read as part of it.
fn remove_leftovers(folder: &Path, written: usize) -> io::Result<()> {
    for at in written.. {
        match fs::remove_file(folder.join(output::file_name(at))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            outcome => outcome?,
        }
    }
    Ok(())
}

/// Writes the estate of this plan, one record after the other, and returns what was planted.
///
/// # Errors
/// Those of the sink.
pub(crate) fn generate(plan: &Plan, sink: &mut dyn Sink) -> io::Result<(Truth, Counts)> {
    let mut out = Writer::new(sink);
    let mut truth = Truth::new(plan.seed);
    let mut rng = Rng::fork(plan.seed, ORGANIZATION, 0);
    let mut organization = Organization::new(&mut rng, plan.member_accounts());
    let mut addresses = PublicAddresses::default();
    let numbers = Numbers::for_size(plan.resources);
    plants::plant(
        &mut out,
        &mut organization,
        &mut addresses,
        numbers,
        &mut truth,
    )?;
    // Last of the fixed part: planting opens accounts.
    organization.write(&mut out)?;
    background::fill(
        &mut out,
        &organization,
        &mut addresses,
        plan.seed,
        plan.resources,
    )?;
    truth.resources = out.counts().resources;
    Ok((truth, out.counts()))
}
