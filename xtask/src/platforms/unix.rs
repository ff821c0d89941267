//! What other Unix systems run in place of Linux's modules, on this machine's kernel: a copy of the crates, in which no system is Linux.
//!
//! It shows what that code does with the calls of a Unix system, not what other kernels do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{follow, heading, root, run as run_command};
use crate::result::Result;

/// What is copied.
const CRATES: [&str; 4] = ["slocket-core", "slocket-fork", "slocket-os", "slocket-sync"];

/// How Linux is named, and what no system is called.
const LINUX: (&str, &str) = ("target_os = \"linux\"", "target_os = \"none\"");

/// What a system says that does not tell which file systems are local, and what others say.
const LOCAL: (&str, &str) = ("    Ok(0)\n", "    Ok(LOCAL)\n");

/// It needs a lock that is a socket.
const SKIPPED: &str = "a_socket_and_a_file_do_not_mix";

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
    let mut count = 0;
    replace(&copy.join("slocket-os/src"), LINUX, &mut count)?;
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

/// Replaces one text by another in all sources of a folder, and counts the files.
fn replace(folder: &Path, (from, to): (&str, &str), count: &mut u32) -> Result {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            replace(&path, (from, to), count)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        if text.contains(from) {
            *count += 1;
            fs::write(&path, text.replace(from, to))?;
        }
    }
    Ok(())
}

fn try_out(copy: &Path, removes: bool) -> Result<String> {
    let mut result = count(copy)?;
    if removes {
        let mut passed = None;
        let mut tests = cargo(copy, &["test", "--package", "slocket-sync", "--test", "file", "--", "--skip", SKIPPED]);
        let succeeded = follow(&mut tests, |line| {
            if let Some(rest) = line.strip_prefix("test result: ok. ") {
                passed = rest.split_once(" passed").and_then(|(count, _)| count.parse::<u32>().ok());
            }
        })?;
        match passed {
            Some(passed) if succeeded && passed > 0 => result += &format!("; {passed} tests of slocket-sync pass"),
            _ => return Err("tests of slocket-sync fail".into()),
        }
    }
    Ok(result)
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
