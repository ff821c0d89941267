//! What slocket costs, beside other locks and the bare system calls: `cargo xtask bench`.
//!
//! All peers of a measure run interleaved, A B C A B C …, in at least five rounds, so that what else the machine does falls
//! on all of them; figures are medians over the rounds.
//!
//! | file | what is in it |
//! |---|---|
//! | `peer.rs`, `lock.rs`, `floor.rs`, `handover.rs` | what is measured |
//! | `worker.rs`, `crew.rs`, `contention.rs` | processes that use a lock on command |
//! | `install.rs` | peers that do not come with cargo |
//! | `plan.rs` | how long, how often, how many |
//! | `uncontended.rs` … `command_line.rs` | the measures |
//! | `figure.rs`, `report.rs`, `plot.rs` | figures, tables, plots |

#![allow(clippy::incompatible_msrv, reason = "std's File::lock, of Rust 1.89, is measured; the libraries do without")]

mod command_line;
mod contention;
mod crew;
mod fairness;
mod figure;
mod floor;
mod handoff;
mod handover;
mod idle;
mod install;
mod lock;
mod peer;
mod plan;
mod plot;
mod pound;
mod readers;
mod recovery;
mod report;
mod result;
mod semaphore;
mod tasks;
mod throughput;
mod uncontended;
mod waiter;
mod worker;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};

use plan::{Bench, Scale};
use report::Section;
use result::Result;

#[derive(Parser)]
#[command(name = "slocket-bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures
    Run(Options),
    #[command(hide = true)]
    Worker,
    #[command(hide = true)]
    Tasks { way: String, path: PathBuf, tasks: usize, millis: u64 },
    #[command(hide = true)]
    Wait { way: String, path: PathBuf, tasks: usize },
    #[command(hide = true)]
    Pound { library: String, folder: PathBuf, locks: usize, how: String },
    #[command(hide = true)]
    Idle { kind: String, path: PathBuf },
}

#[derive(clap::Args)]
struct Options {
    /// Less of everything: under two minutes; writes into target/bench
    #[arg(long)]
    quick: bool,
    /// Hardly anything, and nothing in Node or Python: does the harness work?
    #[arg(long, hide = true, conflicts_with = "quick")]
    tiny: bool,
    /// Only this measure; may be repeated; writes into target/bench
    #[arg(long, value_name = "MEASURE", value_parser = MEASURES.map(|(name, _)| name))]
    only: Vec<String>,
    /// A wanted figure that is missed is a failure
    #[arg(long)]
    check: bool,
    /// Writes benchmarks.md and the plots there
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

type Measure = fn(&mut Bench) -> Result<Section>;

/// The measures by their names, in the order of the report.
const MEASURES: [(&str, Measure); 12] = [
    ("uncontended", uncontended::measure),
    ("handoff", handoff::measure),
    ("fairness", fairness::measure),
    ("throughput", throughput::measure),
    ("idle", idle::measure),
    ("tasks", tasks::measure),
    ("waiter", waiter::measure),
    ("recovery", recovery::measure),
    ("readers", readers::measure),
    ("semaphore", semaphore::measure),
    ("pound", pound::measure),
    ("command-line", command_line::measure),
];

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(options) => run(&options),
        Command::Worker => worker::serve(),
        Command::Tasks { way, path, tasks, millis } => tasks::serve(&way, &path, tasks, Duration::from_millis(millis)),
        Command::Wait { way, path, tasks } => tasks::wait(&way, &path, tasks),
        Command::Pound { library, folder, locks, how } => pound::serve(&library, &folder, locks, &how),
        Command::Idle { kind, path } => idle::serve(&kind, &path),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slocket-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result {
    let scale = match (options.quick, options.tiny) {
        (true, _) => Scale::Quick,
        (_, true) => Scale::Tiny,
        _ => Scale::Full,
    };
    let _alone = trials::alone();
    let mut bench = Bench::prepare(scale)?;
    let mut sections = Vec::new();
    for (name, measure) in MEASURES {
        if !options.only.is_empty() && !options.only.iter().any(|only| only == name) {
            continue;
        }
        let began = Instant::now();
        println!("measuring: {name} …");
        let mut section = match measure(&mut bench) {
            Ok(section) => section,
            Err(error) => Section { title: name, failures: vec![format!("{name}: {error}")], ..Section::default() },
        };
        section.key = name;
        println!("           {name}: {:.0} s", began.elapsed().as_secs_f64());
        sections.push(section);
    }
    let document = report::document(&bench.header(), &sections);
    println!("\n{document}");

    let whole = scale == Scale::Full && options.only.is_empty();
    let out = options.out.clone().unwrap_or_else(|| install::root().join(if whole { "docs" } else { "target/bench" }));
    write(&out, &document, &sections)?;

    let mut failures: Vec<_> = sections.iter().flat_map(|section| section.failures.iter().cloned()).collect();
    if options.check {
        let missed = sections.iter().flat_map(|section| &section.claims).filter(|claim| !claim.reached);
        failures.extend(missed.map(|claim| format!("missed: {}: {}", claim.text, claim.measured)));
    }
    if sections.iter().all(|section| section.tables.iter().all(|table| table.rows.is_empty())) {
        failures.push("nothing was measured".into());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n               ").into()) }
}

fn write(out: &std::path::Path, document: &str, sections: &[Section]) -> Result {
    let plots = out.join("benchmarks");
    fs::create_dir_all(&plots)?;
    for (name, svg) in sections.iter().flat_map(|section| &section.plots) {
        fs::write(plots.join(name), svg)?;
    }
    let file = out.join("benchmarks.md");
    fs::write(&file, document)?;
    println!("written: {}", file.display());
    Ok(())
}
