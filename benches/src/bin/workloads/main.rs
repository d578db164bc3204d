//! The reachability core alone, on plain graph files that any engine can read.
//!
//!     cargo run --release -p cspm-benches --bin workloads -- GRAPH_DIR W1,W2,W3,W4,W5
//!         [--peers petgraph,graph_builder] [--engine NAME] [--threads N] [--dump FILE]
//!
//! Prints one JSON line for each workload: engine, sizes, seconds of every run, and a check value that does not
//! depend on the engine. With `--peers`, one process for each engine is started in turns, each workload in the
//! formulation that suits the engine.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run has to say so"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its figures"
)]

mod cspm;
mod files;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;

use files::Files;

/// Runs of a workload: up to this many, or this long.
const RUNS_MAX: usize = 5;
const RUN_TIME_MAX: Duration = Duration::from_secs(12);

#[derive(Parser)]
struct Options {
    /// Folder of the graph files.
    graph: PathBuf,
    /// Workloads, separated by commas.
    workloads: String,
    /// The engine of this process.
    #[arg(long, default_value = "cspm")]
    engine: String,
    /// Threads, all by default.
    #[arg(long)]
    threads: Option<usize>,
}

/// Which workloads to run, and how to tell of them.
pub(crate) struct Run {
    engine: String,
    workloads: Vec<String>,
}

impl Run {
    pub(crate) fn timed(
        &mut self,
        workload: &str,
        s: usize,
        t: usize,
        mut work: impl FnMut() -> String,
    ) {
        if !self.workloads.iter().any(|it| it == workload) {
            return;
        }
        let mut times: Vec<f64> = Vec::new();
        let begin = Instant::now();
        let check = loop {
            let start = Instant::now();
            let check = work();
            times.push(start.elapsed().as_secs_f64());
            if times.len() == RUNS_MAX || begin.elapsed() > RUN_TIME_MAX {
                break check;
            }
        };
        println!(
            "{}",
            json!({
                "engine": self.engine, "workload": workload, "s": s, "t": t, "times": times, "check": check,
                "peak_rss_bytes": peak_rss_bytes(),
            })
        );
    }
}

/// The most memory that the process has held so far, where the system says so.
fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

fn main() {
    let options = Options::parse();
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .expect("a thread pool");
    }
    let files = match Files::read(&options.graph) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("workloads: {error}");
            std::process::exit(3);
        }
    };
    let mut run = Run {
        engine: options.engine,
        workloads: options.workloads.split(',').map(str::to_owned).collect(),
    };
    cspm::run(&files, &mut run);
}
