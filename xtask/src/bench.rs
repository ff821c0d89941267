//! `cargo xtask bench`: what slocket costs, beside its peers and the bare system calls (`bench/src/main.rs`).

use std::process::Command;

use crate::command::{self, cargo, heading, root};
use crate::npm::{self, Npm};
use crate::result::Result;

/// What is passed on as it is: `--quick`, `--only MEASURE`, `--check`, `--out FOLDER`; `--help` says the rest.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// --quick (under two minutes), --only MEASURE, --check (a missed figure is a failure), --out FOLDER
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result {
    heading("bench");
    // The tool too: it is measured.
    command::run(&mut cargo(&["build", "--release", "--quiet", "--package", "bench", "--package", "slocket-cli"]))?;
    // A peer that is missing is named in the report, and makes the run fail.
    if let Npm::Missing(reason) = npm::install()? {
        println!("npm's slocket is missing: {reason}");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let mut bench = Command::new(root().join(target).join("release/slocket-bench"));
    command::run(bench.arg("run").args(&options.arguments).current_dir(root()))
}
