//! `cargo xtask test`: every test of the workspace, and a summary that names what was skipped.

use std::path::Path;
use std::process::Command;
use std::thread;

use trials::storm::FileSystem;

use crate::command::{self, cargo, follow, heading, in_ci};
use crate::kernels::{self, Kernel};
use crate::npm::{self, Npm};
use crate::report::Report;
use crate::result::Result;
use crate::suites::{self, Built, Suite};

/// The package whose tests run for each adapter.
const TRIALS: &str = "trials";

/// The adapters, as `trials` names them; the default one first.
const ADAPTERS: [&str; 5] = ["sync", "tokio", "tokio-threads", "async-std", "smol"];

/// Names the adapter to `trials`.
const UNDER_TRIAL: &str = "SLOCKET_ADAPTER";

/// Trials that each adapter must pass, with several at once: each looks at processes and folders of its own. All others
/// measure: with several at once they would measure each other.
const IN_PARALLEL: [&str; 4] = ["bad_input", "retained", "threads", "waiting"];

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

/// Suites that only compute. They run while a processor is idle, beside the trials, which mostly wait for processes and timers.
/// They look at nothing outside themselves, so a busy machine cannot make them fail.
const BEHIND: [(&str, &[&str]); 2] =
    [("model", &["planted", "random", "exhaustive", "files", "grain", "names"]), ("slocket-core", &["total"])];

fn run_all(options: &Options) -> Result<Report> {
    heading("npm package");
    match npm::install()? {
        Npm::Ready { version, node } => println!("slocket@{version} under Node {node}"),
        Npm::Missing(reason) if in_ci() => {
            return Err(format!("{reason}, and with CI=true nothing may be skipped").into());
        }
        Npm::Missing(reason) => println!("{reason}: the tests with npm's slocket will be skipped"),
    }

    heading("build");
    let built = suites::build()?;
    let filter = options.filter.as_slice();
    let behind = BEHIND.iter().flat_map(|(package, names)| names.iter().map(|name| built.test(package, name)));
    let behind: Vec<_> = behind.collect::<Result<_>>()?;
    let idle = Command::new("chrt").args(["--idle", "0", "true"]).output().is_ok_and(|output| output.status.success());
    thread::scope(|scope| {
        let started = idle.then(|| {
            println!(
                "Meanwhile, for later: {}",
                behind.iter().map(|suite| &*suite.name).collect::<Vec<_>>().join(", ")
            );
            scope.spawn(|| run_behind(&behind, filter))
        });
        let mut report = Report::default();
        run_in_front(&mut report, &built, &behind, filter)?;
        heading("suites that only compute");
        match started.map(|thread| thread.join().expect("it does not panic")) {
            Some(heard) => {
                for (suite, (lines, passed)) in behind.iter().zip(heard?) {
                    judge(&mut report, suite, |hear| {
                        lines.iter().for_each(|line| hear(line));
                        Ok(passed)
                    })?;
                }
            }
            None => {
                for suite in &behind {
                    test(&mut report, suite, suite.command().args(filter))?;
                }
            }
        }
        Ok(report)
    })
}

/// Runs the suites that only compute; returns the lines of each, and whether it passed.
fn run_behind(suites: &[&Suite], filter: &[String]) -> std::result::Result<Vec<(Vec<String>, bool)>, String> {
    let run = |suite: &&Suite| {
        let mut lines = Vec::new();
        let mut command = suite.command_when_idle();
        let passed = command::listen(command.args(filter), |line| lines.push(line.to_owned()));
        passed.map(|passed| (lines, passed)).map_err(|error| error.to_string())
    };
    suites.iter().map(run).collect()
}

/// Runs everything else, in turn.
fn run_in_front(report: &mut Report, built: &Built, behind: &[&Suite], filter: &[String]) -> Result {
    heading("unit tests and doctests");
    for suite in built.suites.iter().filter(|suite| suite.package != TRIALS && !behind.contains(suite)) {
        test(report, suite, suite.command().args(filter))?;
    }
    let mut doctests = cargo(&["test", "--workspace", "--doc", "--no-fail-fast", "--"]);
    let failed_so_far = report.failed();
    if !follow(doctests.args(filter), |line| report.see(line))? && report.failed() == failed_so_far {
        report.fail("doctests, before any result");
    }

    for adapter in ADAPTERS {
        heading(&format!("trials with several at once, with {adapter}"));
        report.set_variant(Some(adapter));
        for name in IN_PARALLEL {
            let suite = built.test(TRIALS, name)?;
            test(report, suite, suite.command().env(UNDER_TRIAL, adapter).args(filter))?;
        }
    }
    report.set_variant(None);

    heading("trials with real processes, one at a time");
    for suite in built.suites.iter().filter(|suite| suite.package == TRIALS) {
        if suite.is_unit_tests || !IN_PARALLEL.contains(&&*suite.name) {
            test(report, suite, suite.command().env_remove(UNDER_TRIAL).arg("--test-threads=1").args(filter))?;
        }
    }
    for adapter in &ADAPTERS[1..] {
        heading(&format!("the trials of an adapter, with {adapter}"));
        report.set_variant(Some(adapter));
        for name in OF_EACH_ADAPTER {
            let suite = built.test(TRIALS, name)?;
            let mut command = suite.command();
            command.env(UNDER_TRIAL, adapter).arg("--test-threads=1").args(filter);
            test(report, suite, command.args(WITHOUT_ADAPTER.iter().flat_map(|part| ["--skip", part])))?;
        }
    }
    report.set_variant(None);
    brave_the_storm(report, &built.xtask, filter)?;
    visit_other_kernels(report, &built.xtask, filter)
}

/// The facts, a storm and some trials on each other kernel: in a process of its own, as the storm is.
fn visit_other_kernels(report: &mut Report, xtask: &Path, filter: &[String]) -> Result {
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
            // If it is not available, this says so.
            _ => {
                let passed = follow(Command::new(xtask).args(["kernels", kernel.name()]), |_| {})?;
                report.add(&name, passed);
            }
        }
    }
    Ok(())
}

/// A short storm of processes of every kind at once: in a process of its own, whose panic is a failure like any other.
fn brave_the_storm(report: &mut Report, xtask: &Path, filter: &[String]) -> Result {
    const NAME: &str = "storm";
    if filter.iter().any(|filter| !NAME.contains(filter)) {
        return Ok(());
    }
    let mut command = Command::new(xtask);
    command.args(["storm", "--without-build", "--seconds", "60"]);
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

fn test(report: &mut Report, suite: &Suite, command: &mut Command) -> Result {
    judge(report, suite, |hear| command::listen(command, hear))
}

/// Shows the lines of a suite and counts its tests; `run` passes on each line, and returns whether the suite passed.
fn judge(report: &mut Report, suite: &Suite, run: impl FnOnce(&mut dyn FnMut(&str)) -> Result<bool>) -> Result {
    let failed_so_far = report.failed();
    let mut hear = |line: &str| {
        println!("{line}");
        report.see(&command::plain(line));
    };
    hear(&suite.announced());
    let passed = run(&mut hear)?;
    if !passed {
        println!("error: test failed, to rerun: cargo test -p {} {}", suite.package, suite.selected());
        if report.failed() == failed_so_far {
            report.fail(&format!("{}, before any result", suite.name));
        }
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
