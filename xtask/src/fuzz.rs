//! `cargo xtask fuzz`: looks for inputs that break a promise, by cargo-fuzz, on the stable toolchain.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, cargo, follow, heading, root};
use crate::result::Result;

/// The targets, and the longest input of each: enough for a story, and short enough to be changed everywhere.
const TARGETS: [(&str, usize); 5] =
    [("world", 700), ("files", 400), ("received", 64), ("untrusted", 48), ("clients", 96)];

/// The libraries have no `unsafe` of their own, so no sanitizer is needed, and those ask for a nightly toolchain.
const NO_SANITIZER: [&str; 2] = ["--sanitizer", "none"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Run this target only
    #[arg(long, value_parser = TARGETS.map(|(target, _)| target))]
    target: Option<String>,
    /// Replace the corpus by the smallest that covers what it covers, and what was found
    #[arg(long)]
    minimise: bool,
}

/// What a run printed.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    executions: u64,
    per_second: u64,
    edges: u64,
    crashed: bool,
}

pub(crate) fn run(options: &Options) -> Result {
    let installed = cargo(&["fuzz", "--version"]).output().is_ok_and(|output| output.status.success());
    if !installed {
        return Err("cargo-fuzz is not installed (cargo install --locked cargo-fuzz)".into());
    }
    let wanted = |target: &str| options.target.as_deref().is_none_or(|wanted| wanted == target);
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for (target, longest) in TARGETS.into_iter().filter(|(target, _)| wanted(target)) {
        heading(target);
        let found = root().join("fuzz/target/found").join(target);
        fs::create_dir_all(&found)?;
        let limits = [format!("-max_total_time={}", options.seconds), format!("-max_len={longest}")];
        let mut command = on_folders(target, &[&found, &corpus(target), &regressions(target)]);
        let mut figures = Figures::default();
        let success = follow(command.args(["-len_control=0", "-print_final_stats=1"]).args(limits), |line| {
            figures.see(line);
        })?;
        if !success || figures.crashed {
            failed.push(format!("{target}: failed; if it crashed, the input is in fuzz/artifacts/{target}"));
        } else if figures.executions == 0 {
            failed.push(format!("{target}: nothing was executed"));
        } else if options.minimise {
            minimise(target, &found)?;
        }
        let (files, bytes) = size(&corpus(target))?;
        let Figures { executions, per_second, edges, crashed } = figures;
        lines.push(format!(
            "{target:<9}{executions:>10} executions{per_second:>7}/s{edges:>6} edges, corpus of {files} files, {bytes} \
             bytes: {}",
            if crashed || !success { "FAILED" } else { "no crash" }
        ));
    }
    heading("summary");
    println!("{}", lines.join("\n"));
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n       ").into()) }
}

/// The target with these folders of inputs; it writes to the first.
fn on_folders(target: &str, folders: &[&Path]) -> Command {
    let mut command = cargo(&["fuzz", "run"]);
    command.args(NO_SANITIZER).arg(target).args(folders).arg("--");
    command
}

/// Keeps as few inputs as come past every edge.
fn minimise(target: &str, found: &Path) -> Result {
    let fewer = root().join("fuzz/target/fewer").join(target);
    let _ = fs::remove_dir_all(&fewer);
    fs::create_dir_all(&fewer)?;
    let mut command = on_folders(target, &[&fewer, &corpus(target), found]);
    command::run(command.args(["-set_cover_merge=1", "-use_counters=0"]))?;
    if size(&fewer)?.0 == 0 {
        return Err(format!("{target}: nothing is left of the corpus").into());
    }
    fs::remove_dir_all(corpus(target))?;
    fs::rename(fewer, corpus(target))?;
    Ok(())
}

/// What the fuzzer has found worth keeping; `cargo test` replays it.
fn corpus(target: &str) -> PathBuf {
    root().join("fuzz/corpus").join(target)
}

/// What is kept by hand.
fn regressions(target: &str) -> PathBuf {
    root().join("fuzz/regressions").join(target)
}

impl Figures {
    fn see(&mut self, line: &str) {
        if let Some((_, count)) = line.split_once("stat::number_of_executed_units:") {
            self.executions = number(count);
        } else if let Some((_, count)) = line.split_once("stat::average_exec_per_sec:") {
            self.per_second = number(count);
        } else if let Some((_, rest)) = line.strip_prefix('#').and_then(|line| line.split_once(" cov: ")) {
            self.edges = number(rest.split(' ').next().unwrap_or_default());
        }
        self.crashed |= line.contains("ERROR: libFuzzer");
    }
}

fn number(text: &str) -> u64 {
    text.trim().parse().unwrap_or(0)
}

/// How many files are in the folder, and of how many bytes.
fn size(folder: &Path) -> Result<(usize, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        files += 1;
        bytes += entry?.metadata()?.len();
    }
    Ok((files, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_read_from_what_the_fuzzer_prints() {
        let mut figures = Figures::default();
        for line in [
            "#2\tINITED cov: 427 ft: 428 corp: 1/1b exec/s: 0 rss: 28Mb",
            "#2562\tDONE   cov: 1387 ft: 2558 corp: 136/466b lim: 4 exec/s: 160 rss: 29Mb",
            "stat::number_of_executed_units: 2562",
            "stat::average_exec_per_sec:     160",
        ] {
            figures.see(line);
        }
        assert_eq!(figures, Figures { executions: 2562, per_second: 160, edges: 1387, crashed: false });
        figures.see("==24952== ERROR: libFuzzer: deadly signal");
        assert!(figures.crashed);
    }
}
