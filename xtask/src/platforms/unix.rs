//! What other Unix systems run in place of Linux's modules, on this machine's kernel: a copy of the crates, in which no system is Linux.
//!
//! It shows what that code does with the calls of a Unix system, not what other kernels do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{follow, heading, root, run as run_command};
use crate::result::Result;

/// What is copied.
const CRATES: [&str; 5] = ["slocket-core", "slocket-fork", "slocket-os", "slocket-sync", "slocket-cli"];

/// The crates that name Linux.
const NAME_LINUX: [&str; 3] = ["slocket-os/src", "slocket-cli/src", "slocket-cli/Cargo.toml"];

/// How Linux is named, and what no system is called.
const LINUX: (&str, &str) = ("target_os = \"linux\"", "target_os = \"none\"");

/// What a system says that does not tell which file systems are local, and what others say.
const LOCAL: (&str, &str) = ("    Ok(0)\n", "    Ok(LOCAL)\n");

/// It needs a lock that is a socket.
const SKIPPED: &str = "a_socket_and_a_file_do_not_mix";

/// The tests of the tool that need no socket, and none of what only Linux tells: those whose names contain one of these.
const OF_THE_TOOL: [&str; 20] = [
    "bad_input::",
    "command::in",
    "command::its_",
    "command::killed_by_a_signal",
    "command::not_found",
    "command::the_code",
    "exclusion::of_many",
    "exclusion::twenty",
    "file::a_file",
    "file::each_has_a_slot",
    "file::the_command_keeps",
    "flock::",
    "inheritance::a_process_left_behind",
    "inheritance::nested",
    "inheritance::waiters_of_a_killed_tool",
    "inheritance::with_close",
    "signals::kill_the_command",
    "signals::one_that",
    "signals::reach_the_command",
    "signals::the_tool_stays",
];

/// So many processes count, and so often each.
const PROCESSES: usize = 8;
const TIMES: u64 = 1000;

/// Runs it, where files are removed and where they stay. What was seen.
pub(super) fn run(failed: &mut Vec<String>) -> Result<Vec<String>> {
    let mut seen = vec!["the code for other Unix systems, on this kernel:".to_owned()];
    for (what, removes) in [("files are removed", true), ("files stay", false)] {
        heading(&format!("other Unix systems: {what}"));
        match copy(removes).and_then(|copy| try_out(&copy, removes)) {
            Ok(result) => seen.push(format!("{what}: {result}")),
            Err(error) => failed.push(format!("other Unix systems: {what}: {error}")),
        }
    }
    Ok(seen)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Makes the copy.
fn copy(removes: bool) -> Result<PathBuf> {
    let copy = target().join("other-unix");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    fs::create_dir_all(&copy)?;
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let members = manifest.lines().find(|line| line.starts_with("members = ")).ok_or("Cargo.toml has no members")?;
    fs::write(copy.join("Cargo.toml"), manifest.replace(members, &format!("members = {CRATES:?}")))?;
    fs::copy(root().join("Cargo.lock"), copy.join("Cargo.lock"))?;
    for name in CRATES {
        copy_folder(&root().join(name), &copy.join(name))?;
    }
    let mut count = 1;
    for name in NAME_LINUX {
        let mut of_this = 0;
        replace(&copy.join(name), LINUX, &mut of_this)?;
        count *= of_this;
    }
    if removes {
        let mut local = 0;
        replace(&copy.join("slocket-os/src/elsewhere/unix"), LOCAL, &mut local)?;
        count *= local;
    }
    if count == 0 { Err("nothing is changed in the copy".into()) } else { Ok(copy) }
}

fn copy_folder(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &to)?;
        } else {
            fs::write(to, fs::read(&path)?)?;
        }
    }
    Ok(())
}

/// Replaces one text by another in a file, or in all files of a folder, and counts the files.
fn replace(path: &Path, (from, to): (&str, &str), count: &mut u32) -> Result {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            replace(&entry?.path(), (from, to), count)?;
        }
        return Ok(());
    }
    let text = fs::read_to_string(path)?;
    if text.contains(from) {
        *count += 1;
        fs::write(path, text.replace(from, to))?;
    }
    Ok(())
}

fn try_out(copy: &Path, removes: bool) -> Result<String> {
    let mut result = count(copy)?;
    if removes {
        for (package, test, chosen) in
            [("slocket-sync", "file", &["--skip", SKIPPED][..]), ("slocket-cli", "run", &OF_THE_TOOL)]
        {
            let passed = tests(copy, package, test, chosen)?;
            result += &format!("; {passed} tests of {package} pass");
        }
    }
    Ok(result)
}

/// Runs the chosen tests of a package. How many passed, if all did.
fn tests(copy: &Path, package: &str, test: &str, chosen: &[&str]) -> Result<u32> {
    let mut passed = None;
    let mut tests = cargo(copy, &["test", "--package", package, "--test", test, "--"]);
    let succeeded = follow(tests.args(chosen), |line| {
        if let Some(rest) = line.strip_prefix("test result: ok. ") {
            passed = rest.split_once(" passed").and_then(|(count, _)| count.parse::<u32>().ok());
        }
    })?;
    match passed {
        Some(passed) if succeeded && passed > 0 => Ok(passed),
        _ => Err(format!("tests of {package} fail").into()),
    }
}

/// Some processes count in one file.
fn count(copy: &Path) -> Result<String> {
    run_command(&mut cargo(copy, &["build", "--package", "slocket-sync", "--example", "sync-counter"]))?;
    let folder = copy.join("counted");
    fs::create_dir_all(&folder)?;
    let program = target().join("other-unix-target/debug/examples/sync-counter");
    let start = |_| Command::new(&program).arg(&folder).arg(TIMES.to_string()).spawn();
    let children = (0..PROCESSES).map(start).collect::<std::io::Result<Vec<_>>>()?;
    for mut child in children {
        if !child.wait()?.success() {
            return Err("a process that counts fails".into());
        }
    }
    let expected = TIMES * PROCESSES as u64;
    let counted = fs::read_to_string(folder.join("slocket-counter"))?;
    if counted == expected.to_string() {
        Ok(format!("{PROCESSES} processes counted to {counted}"))
    } else {
        Err(format!("they counted to {counted}, not {expected}").into())
    }
}

fn cargo(copy: &Path, arguments: &[&str]) -> Command {
    let mut command = crate::command::cargo(arguments);
    command.current_dir(copy).env("CARGO_TARGET_DIR", target().join("other-unix-target"));
    command
}
