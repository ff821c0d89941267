//! `cargo xtask test`: every test of the workspace, and a summary that names what was skipped.

use std::fs;
use std::process::Command;

use trials::storm::FileSystem;

use crate::command::{self, cargo, follow, heading, in_ci};
use crate::kernels::{self, Kernel};
use crate::npm::{self, Npm};
use crate::report::Report;
use crate::result::Result;

/// The package whose tests run for each adapter.
const TRIALS: &str = "trials";

/// The adapters, as `trials` names them; the default one first.
const ADAPTERS: [&str; 5] = ["sync", "tokio", "tokio-threads", "async-std", "smol"];

/// Names the adapter to `trials`.
const UNDER_TRIAL: &str = "SLOCKET_ADAPTER";

/// Trials that each adapter must pass, with several at once: each looks at processes and folders of its own. All others
/// measure: with several at once they would measure each other.
const IN_PARALLEL: [&str; 3] = ["bad_input", "threads", "waiting"];

/// The others that each adapter must pass. What is not named here runs every adapter by itself.
const OF_EACH_ADAPTER: [&str; 9] =
    ["clones", "cost", "crash", "exclusion", "fairness", "interop", "shares", "stranger", "timeout"];

/// Of those, the ones in which no adapter takes part, but npm's package alone: parts of their names. The first turn has them.
const WITHOUT_ADAPTER: [&str; 4] = ["::node_alone", "baseline::", "the_npm_package_spins", "among_npm_processes"];

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Run only the tests whose name contains this
    filter: Option<String>,
}

fn run_all(options: &Options) -> Result<Report> {
    let mut report = Report::default();

    heading("npm package");
    match npm::install()? {
        Npm::Ready { version, node } => println!("slocket@{version} under Node {node}"),
        Npm::Missing(reason) if in_ci() => {
            return Err(format!("{reason}, and with CI=true nothing may be skipped").into());
        }
        Npm::Missing(reason) => println!("{reason}: the tests with npm's slocket will be skipped"),
    }

    heading("build");
    // The tool too: trials run it.
    command::run(&mut cargo(&["build", "--workspace", "--all-targets"]))?;

    heading("unit tests and doctests");
    let filter = options.filter.as_slice();
    let mut command = cargo(&["test", "--workspace", "--exclude", TRIALS, "--no-fail-fast", "--"]);
    test(&mut report, command.args(filter))?;

    for adapter in ADAPTERS {
        heading(&format!("trials with several at once, with {adapter}"));
        report.set_variant(Some(adapter));
        test(&mut report, trials(IN_PARALLEL).env(UNDER_TRIAL, adapter).arg("--").args(filter))?;
    }
    report.set_variant(None);

    heading("trials with real processes, one at a time");
    let mut command = trials(all_but_parallel()?);
    command.args(["--lib", "--bins"]).env_remove(UNDER_TRIAL);
    test(&mut report, command.args(["--", "--test-threads=1"]).args(filter))?;
    for adapter in &ADAPTERS[1..] {
        heading(&format!("the trials of an adapter, with {adapter}"));
        report.set_variant(Some(adapter));
        let mut command = trials(OF_EACH_ADAPTER);
        command.env(UNDER_TRIAL, adapter).args(["--", "--test-threads=1"]).args(filter);
        test(&mut report, command.args(WITHOUT_ADAPTER.iter().flat_map(|part| ["--skip", part])))?;
    }
    report.set_variant(None);
    brave_the_storm(&mut report, filter)?;
    visit_other_kernels(&mut report, filter)?;
    Ok(report)
}

/// The facts, a storm and some trials on each other kernel: in a process of its own, as the storm is.
fn visit_other_kernels(report: &mut Report, filter: &[String]) -> Result {
    for kernel in Kernel::IN_EVERY_RUN {
        let name = format!("kernel {}", kernel.name());
        if filter.iter().any(|filter| !name.contains(filter)) {
            continue;
        }
        heading(&name);
        match kernels::fetch(kernel) {
            Err(reason) if !in_ci() => {
                report.skip(&name, &reason.to_string());
            }
            // If it is not to be had, this says so.
            _ => {
                let mut command = cargo(&["run", "--quiet", "--package", "xtask", "--", "kernels", kernel.name()]);
                let passed = follow(&mut command, |_| {})?;
                report.add(&name, passed);
            }
        }
    }
    Ok(())
}

/// A short storm of processes of every kind at once: in a process of its own, whose panic is a failure like any other.
fn brave_the_storm(report: &mut Report, filter: &[String]) -> Result {
    const NAME: &str = "storm";
    if filter.iter().any(|filter| !NAME.contains(filter)) {
        return Ok(());
    }
    // By way of cargo: this very binary may have been replaced by the build of the whole workspace.
    let mut command = cargo(&["run", "--quiet", "--package", "xtask", "--", "storm", "--seconds", "60"]);
    match FileSystem::Ext4.folder() {
        Err(reason) if !in_ci() => {
            report.skip(NAME, &reason);
            command.args(["--tmpfs", "--name"]);
        }
        _ => {}
    }
    let passed = follow(&mut command, |_| {})?;
    report.add(NAME, passed);
    Ok(())
}

/// Runs these of the trials; what follows is said to them.
fn trials<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Command {
    let mut command = cargo(&["test", "--package", TRIALS, "--no-fail-fast"]);
    for name in names {
        command.args(["--test", name.as_ref()]);
    }
    command
}

/// The names of the trials, but for those that run with several at once: whatever is there, so that none is forgotten.
fn all_but_parallel() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(command::root().join(TRIALS).join("tests"))? {
        let path = entry?.path();
        let name = path.file_stem().expect("an entry of a folder has a name").to_string_lossy().into_owned();
        if !IN_PARALLEL.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn test(report: &mut Report, command: &mut Command) -> Result {
    let failed_so_far = report.failed();
    if !follow(command, |line| report.see(line))? && report.failed() == failed_so_far {
        report.fail("cargo test, before any result");
    }
    Ok(())
}

pub(crate) fn run(options: &Options) -> Result {
    let report = run_all(options)?;
    heading("summary");
    print!("{report}");
    println!("{} passed, {} failed, {} skipped", report.passed(), report.failed(), report.skipped());
    if report.failed() > 0 {
        return Err("tests failed".into());
    }
    if report.passed() == 0 {
        return Err("no test was run".into());
    }
    if in_ci() && report.skipped() > 0 {
        return Err("with CI=true nothing may be skipped".into());
    }
    Ok(())
}
