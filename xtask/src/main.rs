//! The one door to this workspace: `cargo xtask test`, `demo`, `model`, `storm`, `shares`, `kernels`, `platforms`, `bench`, `fuzz`, `coverage`,
//! `mutants`, `book`, `lint`, `dist`, `release-notes`, `ci`, and the sweeps.
//!
//! Each task says what it did and fails if it did nothing.

mod bench;
mod book;
mod claim;
mod command;
mod coverage;
mod demo;
mod dependencies;
mod dist;
mod fuzz;
mod generate;
#[cfg(test)]
mod imports;
mod kernels;
#[cfg(test)]
mod links;
mod lint;
#[cfg(test)]
mod messages;
mod model;
mod mutants;
mod npm;
mod package;
#[cfg(test)]
mod page;
mod platforms;
mod prose;
mod readme;
mod report;
mod result;
mod rustdoc;
mod shares;
mod storm;
mod suites;
mod sweep;
#[cfg(test)]
mod tables;
mod test;
#[cfg(test)]
mod unsafe_code;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The tasks of this workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Watch real processes take turns on a lock, a shared lock and a semaphore, with one of them killed on the way
    Demo(demo::Options),
    /// Run all tests; with CI=true a skipped test is a failure
    Test(test::Options),
    /// Kill a process at each of its system calls, and see the lock come back
    KillSweep(sweep::Options),
    /// Hold a process still at each of its system calls, while others use the lock
    PauseSweep(sweep::Options),
    /// Make each system call of a process fail, with each error that its man page lists
    ErrorSweep(sweep::Options),
    /// Let real processes fight for one lock while they are killed, stopped and cancelled at random
    Storm(storm::Options),
    /// The same with shared locks and slots, too, under two witnesses
    Shares(shares::Options),
    /// Run the facts, a storm and some trials on other kernels: in gVisor, and on older Linux in user mode
    Kernels(kernels::Options),
    /// Compile the libraries for other systems, and run the build for Windows under Wine
    Platforms(platforms::Options),
    /// Measure what slocket costs, beside its peers and the bare system calls
    Bench(bench::Options),
    /// Write the man pages and completions of the tool, and the README of each crate, from their sources
    Generate,
    /// Make the book of the pages, in target/book (needs mdbook)
    Book,
    /// Check formatting, clippy, docs, the MSRV, the dependencies and the packages
    Lint,
    /// Explore every state of the model, and look for the bugs that are planted in it
    Model(model::Options),
    /// Look for inputs that break a promise, from the corpus on (needs cargo-fuzz)
    Fuzz(fuzz::Options),
    /// Count which lines and branches of slocket-core its tests come past (needs cargo-llvm-cov)
    Coverage,
    /// Break slocket-core in every small way: its tests have to see each (needs cargo-mutants)
    Mutants,
    /// Make and try the tool as a static binary and as a Debian package, in target/dist
    Dist(dist::Options),
    /// Print what CHANGELOG.md says about a version
    ReleaseNotes(package::Notes),
    /// Check that what people read is plain English (a part of lint)
    Prose,
    /// All that a change must pass: lint, then test
    Ci,
    #[command(hide = true)]
    DemoPlayer(demo::player::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::KillSweep(options) => sweep::run(sweep::Kind::Kill, &options),
        Task::PauseSweep(options) => sweep::run(sweep::Kind::Pause, &options),
        Task::ErrorSweep(options) => sweep::run(sweep::Kind::Error, &options),
        Task::Storm(options) => storm::run(&options),
        Task::Shares(options) => shares::run(&options),
        Task::Kernels(options) => kernels::run(&options),
        Task::Platforms(options) => platforms::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Generate => generate::run(),
        Task::Book => book::run(),
        Task::Lint => lint::run(),
        Task::Prose => prose::check(),
        Task::Model(options) => model::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Coverage => coverage::run(),
        Task::Mutants => mutants::run(),
        Task::Dist(options) => dist::run(&options),
        Task::ReleaseNotes(options) => package::notes(&options),
        Task::Ci => lint::run().and_then(|()| test::run(&test::Options::default())),
        Task::DemoPlayer(options) => demo::player::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
