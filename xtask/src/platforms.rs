//! `cargo xtask platforms`: whether the libraries and the tool compile for other systems than Linux, what the code for them does
//! here, and what the build for Windows does under Wine.
//!
//! What is missing is installed: the standard libraries by rustup; with `--wine` the packages of Debian.

mod program;
mod rustup;
mod unix;
mod wine;

use std::process::Command;

use crate::command::{cargo, follow, heading, run as run_command};
use crate::result::Result;
use rustup::{WINDOWS, add};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only targets whose name contains one of these (without any: all)
    targets: Vec<String>,
    /// Run the build for Windows under Wine, too
    #[arg(long)]
    wine: bool,
    /// Run what other Unix systems have in place of Linux's modules, on this kernel, too
    #[arg(long)]
    unix: bool,
}

/// A target, and whether rustup has its standard library. Where it has none, that is compiled with the nightly Rust.
struct Target {
    name: &'static str,
    is_ready: bool,
}

const TARGETS: [Target; 10] = [
    ready("x86_64-apple-darwin"),
    ready("aarch64-apple-darwin"),
    ready("x86_64-unknown-freebsd"),
    ready("x86_64-unknown-netbsd"),
    Target { name: "x86_64-unknown-openbsd", is_ready: false },
    ready("x86_64-unknown-illumos"),
    ready("aarch64-linux-android"),
    ready("aarch64-unknown-linux-musl"),
    ready(WINDOWS),
    ready("x86_64-pc-windows-msvc"),
];

const fn ready(name: &'static str) -> Target {
    Target { name, is_ready: true }
}

/// What has to compile.
const CRATES: [&str; 8] = [
    "slocket-core",
    "slocket-fork",
    "slocket-os",
    "slocket-sync",
    "slocket-tokio",
    "slocket-smol",
    "slocket-async-std",
    "slocket-cli",
];

pub(crate) fn run(options: &Options) -> Result {
    let is_asked = |target: &&Target| {
        options.targets.is_empty() || options.targets.iter().any(|asked| target.name.contains(asked.as_str()))
    };
    let targets: Vec<_> = TARGETS.iter().filter(is_asked).collect();
    if targets.is_empty() {
        return Err(format!("no target is called so: {}", options.targets.join(", ")).into());
    }
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for target in targets {
        heading(target.name);
        let compiles = match compile(target) {
            Ok(how) => how,
            Err(error) => {
                failed.push(format!("{}: {error}", target.name));
                "no"
            }
        };
        rows.push((target.name, compiles));
    }
    let unix = if options.unix { unix::run(&mut failed)? } else { Vec::new() };
    let seen = if options.wine { wine::run(&mut failed)? } else { Vec::new() };

    heading("summary");
    println!("{} crates: {}\n", CRATES.len(), CRATES.join(", "));
    println!("{:<28} compiles", "target");
    for (name, compiles) in rows {
        println!("{name:<28} {compiles}");
    }
    if !unix.is_empty() {
        println!("\n{}", unix.join("\n  "));
    }
    if !seen.is_empty() {
        println!("\n{WINDOWS} under {}", seen.join("\n  "));
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n       ").into()) }
}

/// Compiles all for a target, each warning an error. How it was done.
fn compile(target: &Target) -> Result<&'static str> {
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    let mut command = if target.is_ready {
        add(target.name)?;
        // (Clippy looks at what is for that system alone.)
        let mut command = cargo(&["clippy", "--locked"]);
        command.args(packages).args(["--target", target.name, "--", "--deny", "warnings"]);
        command
    } else {
        let mut source = Command::new("rustup");
        run_command(source.args(["component", "add", "rust-src", "--toolchain", "nightly"]))?;
        let mut command = Command::new("rustup");
        command.args(["run", "nightly", "cargo", "check", "--locked", "-Zbuild-std=std,panic_abort"]);
        command.args(packages).args(["--target", target.name]).current_dir(crate::command::root());
        command
    };
    let mut has_finished = false;
    let succeeded = follow(&mut command, |line| has_finished |= line.trim_start().starts_with("Finished"))?;
    match (succeeded && has_finished, target.is_ready) {
        (true, true) => Ok("yes, without a warning of clippy's"),
        (true, false) => Ok("yes, with the nightly Rust and the standard library's source"),
        (false, _) => Err("it does not compile".into()),
    }
}
