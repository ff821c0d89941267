//! `cargo xtask test`: every test of the workspace, and a summary that names what was skipped.

use crate::Result;
use crate::command::{self, cargo, follow, heading, in_ci};
use crate::npm::{self, Npm};
use crate::report::Report;

/// Tests that measure: with several at once they measure each other.
const SERIAL: &str = "trials";

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
    let mut serial = vec!["test", "--package", SERIAL, "--no-fail-fast", "--", "--test-threads=1"];
    serial.extend(filter.iter().map(String::as_str));
    let failed_so_far = report.failed();
    if !follow(&mut cargo(&serial), |line| report.see(line))? && report.failed() == failed_so_far {
        report.fail("cargo test of the trials, before any result");
    }
    Ok(report)
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
