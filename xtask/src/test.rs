//! `cargo xtask test`: every test of the workspace, and a summary that names what was skipped.

use std::process::Command;

use trials::storm::FileSystem;

use crate::Result;
use crate::command::{self, cargo, follow, heading, in_ci};
use crate::npm::{self, Npm};
use crate::report::Report;

/// Tests that measure: with several at once they measure each other.
const SERIAL: &str = "trials";

/// The adapters that follow the default one, as `trials` names them.
const OTHER_ADAPTERS: [&str; 4] = ["tokio", "tokio-threads", "async-std", "smol"];

/// Names the adapter to `trials`.
const UNDER_TRIAL: &str = "SLOCKET_ADAPTER";

/// The trials that each adapter must pass. The others run every adapter by themselves.
const OF_EACH_ADAPTER: [&str; 6] = ["cost", "crash", "exclusion", "fairness", "stranger", "timeout"];

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
    let mut parallel = vec!["test", "--workspace", "--exclude", SERIAL, "--no-fail-fast", "--"];
    parallel.extend(filter.iter().map(String::as_str));
    if !follow(&mut cargo(&parallel), |line| report.see(line))? && report.failed() == 0 {
        report.fail("cargo test, before any result");
    }

    heading("trials with real processes, one at a time");
    let mut command = cargo(&["test", "--package", SERIAL, "--no-fail-fast"]);
    trials(&mut report, command.env_remove(UNDER_TRIAL), filter)?;
    for adapter in OTHER_ADAPTERS {
        heading(&format!("the trials of an adapter, with {adapter}"));
        report.set_variant(Some(adapter));
        let mut command = cargo(&["test", "--package", SERIAL, "--no-fail-fast"]);
        command.args(OF_EACH_ADAPTER.iter().flat_map(|name| ["--test", name])).env(UNDER_TRIAL, adapter);
        trials(&mut report, &mut command, filter)?;
    }
    report.set_variant(None);
    brave_the_storm(&mut report, filter)?;
    Ok(report)
}

/// A short storm of processes of every kind at once: in a process of its own, whose panic is a failure like any other.
fn brave_the_storm(report: &mut Report, filter: &[String]) -> Result {
    const NAME: &str = "storm";
    if filter.iter().any(|filter| !NAME.contains(filter)) {
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["storm", "--seconds", "60"]);
    match FileSystem::Ext4.folder() {
        Err(reason) if !in_ci() => {
            report.skip(&format!("{NAME}: {reason}"));
            command.arg("--tmpfs");
        }
        _ => {}
    }
    let passed = follow(&mut command, |_| {})?;
    report.add(NAME, passed);
    Ok(())
}

fn trials(report: &mut Report, command: &mut Command, filter: &[String]) -> Result {
    command.args(["--", "--test-threads=1"]).args(filter);
    let failed_so_far = report.failed();
    if !follow(command, |line| report.see(line))? && report.failed() == failed_so_far {
        report.fail("cargo test of the trials, before any result");
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
