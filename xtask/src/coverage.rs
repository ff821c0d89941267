//! `cargo xtask coverage`: which lines and branches of `slocket-core` its own tests come past.

use std::env;
use std::process::Command;

use serde_json::Value;

use crate::command::{cargo, heading};
use crate::result::Result;

/// Debian's packages of LLVM whose tools read what rustc writes.
const VERSIONS: std::ops::RangeInclusive<u32> = 19..=30;

const KINDS: [&str; 4] = ["functions", "lines", "regions", "branches"];

pub(crate) fn run() -> Result {
    let installed = cargo(&["llvm-cov", "--version"]).output().is_ok_and(|output| output.status.success());
    if !installed {
        return Err("cargo-llvm-cov is not installed (cargo install --locked cargo-llvm-cov)".into());
    }
    heading("tests of slocket-core, with counters");
    let mut command =
        cargo(&["llvm-cov", "--package", "slocket-core", "--tests", "--branch", "--json", "--summary-only"]);
    // Branches are counted by stable compilers too, but on request only.
    command.env("RUSTC_BOOTSTRAP", "1");
    if env::var_os("LLVM_COV").is_none()
        && let Some(version) = VERSIONS.rev().find(|version| runs(&format!("llvm-cov-{version}")))
    {
        command.env("LLVM_COV", tool("cov", version)?).env("LLVM_PROFDATA", tool("profdata", version)?);
    }
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("cargo llvm-cov failed; it needs LLVM's tools (rustup component add llvm-tools, or Debian's \
                    llvm-19)"
            .into());
    }
    // What the tests print comes first.
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.lines().rfind(|line| line.starts_with('{')).ok_or("cargo llvm-cov prints no figures")?;
    let totals = &serde_json::from_str::<Value>(json)?["data"][0]["totals"];
    heading("summary");
    let mut missed = Vec::new();
    for kind in KINDS {
        let figure = |name: &str| totals[kind][name].as_u64().unwrap_or(0);
        let (count, covered) = (figure("count"), figure("covered"));
        println!("{kind:<9} {covered:>4} of {count}");
        if count == 0 || covered < count {
            missed.push(kind);
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("not all covered: {}", missed.join(", ")).into()) }
}

fn runs(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The path of a tool, which cargo-llvm-cov does not look for in `PATH`.
fn tool(name: &str, version: u32) -> Result<std::path::PathBuf> {
    let name = format!("llvm-{name}-{version}");
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).map(|folder| folder.join(&name)).find(|path| path.is_file());
    Ok(found.ok_or_else(|| format!("{name} is not in PATH"))?)
}
