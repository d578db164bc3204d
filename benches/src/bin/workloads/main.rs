//! The reachability core alone, on plain graph files that any engine can read.
//!
//!     cargo run --release -p cspm-benches --bin workloads -- GRAPH_DIR W1,W2,W3,W4,W5
//!         [--peers petgraph,graph_builder] [--rounds N] [--engine NAME] [--threads N] [--dump FILE]
//!
//! W1 to W5 are what every engine answers. Of ours there are also `choke` (what each step and state cuts off; with
//! `--samples N`, checked by leaving out N steps), `cut` (the cheapest cut), `blast` (how many nodes each one reaches),
//! `columns` (the graph with an attribute in every column) and `views` (a view of that, and what is reached in it).
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
mod csr;
mod files;
mod naive;
mod petgraph;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
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
    /// The engine of this process: cspm, petgraph, `graph_builder` or naive.
    #[arg(long, default_value = "cspm")]
    engine: String,
    /// Other engines to run in turns with ours, a process for each.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Rounds of turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Writes what each node gets to files of this name with the workload behind it: count and value, two
    /// little-endian numbers of 64 bits a node.
    #[arg(long)]
    dump: Option<PathBuf>,
    /// Checks so many answers of `choke` by leaving out the step.
    #[arg(long, default_value_t = 0)]
    samples: usize,
    /// Threads, all by default.
    #[arg(long)]
    threads: Option<usize>,
}

/// Which workloads to run, and how to tell of them.
pub(crate) struct Run {
    engine: String,
    workloads: Vec<String>,
    dump: Option<PathBuf>,
    samples: usize,
}

/// A count and a value for each node.
pub(crate) struct PerNode(Vec<(u64, u64)>);

impl PerNode {
    pub(crate) fn new(nodes: usize) -> Self {
        Self(vec![(0, 0); nodes])
    }

    pub(crate) fn set(&mut self, node: usize, count: u64, value: u64) {
        self.0[node] = (count, value);
    }
}

impl Run {
    /// Writes what each node gets, if that is wanted.
    pub(crate) fn dump(&self, workload: &str, answer: impl FnOnce() -> PerNode) {
        let base = workload.split('-').next().unwrap_or_default();
        let Some(dump) = &self.dump else { return };
        if !self.wants(base) {
            return;
        }
        let mut name = dump.clone().into_os_string();
        name.push(format!(".{workload}"));
        let nodes = answer().0.into_iter();
        let bytes: Vec<u8> = nodes
            .flat_map(|(count, value)| [count, value])
            .flat_map(u64::to_le_bytes)
            .collect();
        std::fs::write(name, bytes).expect("a file that can be written");
    }

    /// Whether a workload is to be run.
    pub(crate) fn wants(&self, workload: &str) -> bool {
        self.workloads.iter().any(|it| it == workload)
    }

    /// Checks as many answers as are wanted by other means; `check` says how many it was.
    pub(crate) fn samples(&self, workload: &str, check: impl FnOnce(usize) -> usize) {
        if self.samples > 0 && self.wants(workload) {
            eprintln!(
                "workloads: {workload}: {} answers are right",
                check(self.samples)
            );
        }
    }

    /// As [`Self::timed`], for what takes too long to be repeated.
    pub(crate) fn once(
        &mut self,
        workload: &str,
        s: usize,
        t: usize,
        work: impl FnMut() -> String,
    ) {
        self.repeat(1, workload, s, t, work);
    }

    pub(crate) fn timed(
        &mut self,
        workload: &str,
        s: usize,
        t: usize,
        work: impl FnMut() -> String,
    ) {
        self.repeat(RUNS_MAX, workload, s, t, work);
    }

    fn repeat(
        &mut self,
        runs: usize,
        workload: &str,
        s: usize,
        t: usize,
        mut work: impl FnMut() -> String,
    ) {
        if !self.wants(workload) {
            return;
        }
        let mut times: Vec<f64> = Vec::new();
        let begin = Instant::now();
        let check = loop {
            let start = Instant::now();
            let check = work();
            times.push(start.elapsed().as_secs_f64());
            if times.len() == runs || begin.elapsed() > RUN_TIME_MAX {
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

/// One backward search for each distinct target, until all its sources are found: the steps of all ways together.
pub(crate) fn grouped_ways(
    nodes: usize,
    pairs: &[(u32, u32)],
    mut origins: impl FnMut(u32, &mut dyn FnMut(u32)),
) -> u64 {
    let mut by_target: HashMap<u32, Vec<u32>> = HashMap::new();
    for &(source, target) in pairs {
        by_target.entry(target).or_default().push(source);
    }
    let (mut stamp, mut before) = (vec![0_u32; nodes], vec![0_u32; nodes]);
    let mut queue: Vec<u32> = Vec::new();
    let mut steps = 0;
    for (round, (target, sources)) in (1..).zip(by_target) {
        queue.clear();
        queue.push(target);
        stamp[target as usize] = round;
        let mut wanted: HashSet<u32> = sources.iter().copied().collect();
        let mut head = 0;
        while let (Some(&at), false) = (queue.get(head), wanted.is_empty()) {
            head += 1;
            origins(at, &mut |origin| {
                if stamp[origin as usize] != round {
                    stamp[origin as usize] = round;
                    before[origin as usize] = at;
                    queue.push(origin);
                    wanted.remove(&origin);
                }
            });
        }
        for mut at in sources {
            while at != target {
                at = before[at as usize];
                steps += 1;
            }
        }
    }
    steps
}

/// Seconds of all runs, by workload and engine.
type Times = BTreeMap<(String, u64), BTreeMap<String, Vec<f64>>>;

/// Starts a process for each engine, in turns; at the end tells medians on standard error, and how many times as long
/// others took.
fn take_turns(options: &Options) {
    let this = std::env::current_exe().expect("the path of this program");
    let mut times = Times::new();
    for _ in 0..options.rounds {
        let ours = std::iter::once(&options.engine);
        for engine in ours.chain(&options.peers) {
            let mut turn = Command::new(&this);
            turn.arg(&options.graph)
                .arg(&options.workloads)
                .args(["--engine", engine]);
            if let Some(threads) = options.threads {
                turn.args(["--threads", &threads.to_string()]);
            }
            let output = turn.stderr(Stdio::inherit()).output();
            let output = output.expect("a process of this program");
            if !output.status.success() {
                eprintln!("workloads: {engine} failed: {}", output.status);
            }
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                println!("{line}");
                let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
                let workload = line["workload"].as_str().unwrap_or_default().to_owned();
                let runs = line["times"].as_array().into_iter().flatten();
                let of_workload = times.entry((workload, line["t"].as_u64().unwrap_or(0)));
                let of_engine = of_workload.or_default().entry(engine.clone()).or_default();
                of_engine.extend(runs.filter_map(serde_json::Value::as_f64));
            }
        }
    }
    tell_ratios(&options.engine, &mut times);
}

fn tell_ratios(ours: &str, times: &mut Times) {
    for ((workload, t), engines) in times {
        let medians = engines.iter_mut().filter_map(|(engine, runs)| {
            runs.sort_by(f64::total_cmp);
            Some((engine.as_str(), *runs.get(runs.len() / 2)?))
        });
        let medians: BTreeMap<&str, f64> = medians.collect();
        for (engine, median) in &medians {
            let ratio = medians.get(ours).map_or(0.0, |ours| median / ours);
            let median = median * 1e3;
            eprintln!("{workload} t={t} {engine}: {median:.2} ms, {ratio:.2} times {ours}");
        }
    }
}

fn main() {
    let options = Options::parse();
    if !options.peers.is_empty() {
        take_turns(&options);
        return;
    }
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
        engine: options.engine.clone(),
        workloads: options.workloads.split(',').map(str::to_owned).collect(),
        dump: options.dump,
        samples: options.samples,
    };
    match options.engine.as_str() {
        "cspm" => cspm::run(&files, &mut run),
        "naive" => naive::run(&files, &mut run),
        "graph_builder" => csr::run(&files, &mut run),
        "petgraph" => {
            // Its search for components calls itself for each node of a path.
            let work = move || petgraph::run(&files, &mut run);
            let thread = std::thread::Builder::new().stack_size(8 << 30);
            let running = thread.spawn(work).expect("a thread");
            if running.join().is_err() {
                std::process::exit(1);
            }
        }
        other => {
            eprintln!(
                "workloads: unknown engine `{other}`: expected cspm, petgraph, graph_builder or naive"
            );
            std::process::exit(2);
        }
    }
}
