//! The start of the command, which gets what the tool got: blocked and ignored signals, descriptors, environment.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn, posix_spawnp};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::unistd::execvp;
use rustix::fs::{Access, access};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitOptions, kill_process, waitpid};

use crate::cli::Run;
use crate::given::was_ignored;
use crate::relay::Relay;
use crate::{exit, report, say, sentry, slots};

/// Runs a script that does not name its interpreter (execvp(3)).
const SHELL: &str = "/bin/sh";

/// Where programs are looked for by default (confstr(3), `_CS_PATH`).
const PATH: &str = "/bin:/usr/bin";

/// The tool by this name is a process that becomes the command when it is told to.
const GATE: &str = "slocket: gate";

/// Starts the command with the signals blocked that were, and with the number of its slot, if it has one.
///
/// A process that ignores SIGCHLD does not learn how a child ended. If the tool was started that way, so is the command, and its start
/// is delayed until the tool no longer ignores SIGCHLD.
pub(crate) fn start(relay: &mut Relay, args: &Run, slot: Option<u16>) -> io::Result<Pid> {
    relay.command_starts()?;
    let (words, blocked) = (&*args.words(), relay.before());
    match was_ignored(Signal::SIGCHLD) {
        Some(false) => spawn(words, blocked, slot),
        Some(true) => {
            find(&words[0])?;
            let Ok(gate) = spawn_one("/proc/self/exe".as_ref(), &[&[GATE.into()], words].concat(), blocked, slot)
            else {
                heed_children()?;
                return spawn(words, blocked, slot);
            };
            retry_on_intr(|| waitpid(Some(gate), WaitOptions::UNTRACED))?;
            heed_children()?;
            kill_process(gate, rustix::process::Signal::CONT)?;
            Ok(gate)
        }
        None => {
            heed_children()?;
            spawn(words, blocked, slot)
        }
    }
}

/// SIGCHLD is ignored no more.
fn heed_children() -> io::Result<()> {
    signal_hook::flag::register(signal_hook::consts::SIGCHLD, Arc::new(AtomicBool::new(false))).map(drop)
}

/// If this process is one of the tool's own helpers: does its work, and returns the exit code.
pub(crate) fn help() -> Option<u8> {
    gate().or_else(sentry::sentry)
}

/// If this process is a gate: becomes the command, once it is told to; if it cannot, the exit code.
fn gate() -> Option<u8> {
    let mut args = env::args_os();
    args.next().filter(|name| name == GATE)?;
    let words: Vec<_> = args.collect();
    let _ = raise(Signal::SIGSTOP);
    let error = match exec(&words) {
        error if error.raw_os_error() == Some(Errno::ENOEXEC as i32) => {
            by_the_shell(&words).map_or(error, |words| exec(&words))
        }
        error => error,
    };
    say::say_lines(&report::not_run(words.first()?, &error));
    Some(exit::code_of_start(&error))
}

fn exec(words: &[OsString]) -> io::Error {
    let Some(program) = words.first() else { return Errno::EINVAL.into() };
    if was_ignored(Signal::SIGPIPE) == Some(true) {
        let words: Result<Vec<_>, _> = words.iter().map(c_string).collect();
        return match words {
            Ok(words) => execvp(&words[0], &words).map_or_else(io::Error::from, |never| match never {}),
            Err(error) => error,
        };
    }
    // It no longer ignores SIGPIPE then.
    Command::new(program).args(&words[1..]).exec()
}

fn spawn(words: &[OsString], blocked: &SigSet, slot: Option<u16>) -> io::Result<Pid> {
    match spawn_one(&words[0], words, blocked, slot) {
        Err(error) if error.raw_os_error() == Some(Errno::ENOEXEC as i32) => {
            let words = by_the_shell(words).ok_or(error)?;
            spawn_one(&words[0], &words, blocked, slot)
        }
        started => started,
    }
}

fn spawn_one(program: &OsStr, words: &[OsString], blocked: &SigSet, slot: Option<u16>) -> io::Result<Pid> {
    let mut attributes = PosixSpawnAttr::init()?;
    let mut flags = PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK;
    attributes.set_sigmask(blocked)?;
    if was_ignored(Signal::SIGPIPE) != Some(true) {
        // Rust's runtime ignores it.
        flags |= PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF;
        attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    }
    attributes.set_flags(flags)?;
    let actions = PosixSpawnFileActions::init()?;
    let words: Vec<_> = words.iter().map(c_string).collect::<io::Result<_>>()?;
    let environment: Vec<_> = environment(slot).map(variable).collect::<io::Result<_>>()?;
    let program = c_string(program)?;
    let started = if program.is_empty() {
        Err(Errno::ENOENT)
    } else if program.as_bytes().contains(&b'/') {
        posix_spawn(&*program, &actions, &attributes, &words, &environment)
    } else {
        posix_spawnp(&program, &actions, &attributes, &words, &environment)
    };
    Pid::from_raw(started?.as_raw()).ok_or_else(|| Errno::ESRCH.into())
}

/// The words by which the shell runs a script that does not begin with `#!`.
fn by_the_shell(words: &[OsString]) -> Option<Vec<OsString>> {
    let (program, rest) = words.split_first()?;
    let script = find(program).ok()?;
    Some([&[SHELL.into(), script.into_os_string()], rest].concat())
}

/// The file of a program.
fn find(program: &OsStr) -> io::Result<PathBuf> {
    let is_program = |file: &Path| {
        access(file, Access::EXEC_OK)?;
        if file.is_file() { Ok(()) } else { Err(rustix::io::Errno::ACCESS) }
    };
    if program.as_bytes().contains(&b'/') {
        is_program(program.as_ref())?;
        return Ok(program.into());
    }
    let folders = env::var_os("PATH").unwrap_or_else(|| PATH.into());
    let mut failure = rustix::io::Errno::NOENT;
    for folder in env::split_paths(&folders) {
        let file = if folder.as_os_str().is_empty() { Path::new(".").join(program) } else { folder.join(program) };
        match is_program(&file) {
            Ok(()) if !program.is_empty() => return Ok(file),
            Err(rustix::io::Errno::ACCESS) => failure = rustix::io::Errno::ACCESS,
            _ => {}
        }
    }
    Err(failure.into())
}

/// That of the tool, with the number of the slot.
fn environment(slot: Option<u16>) -> impl Iterator<Item = (OsString, OsString)> {
    let inherited = env::vars_os().filter(move |(name, _)| slot.is_none() || name != slots::VARIABLE);
    inherited.chain(slots::variable(slot).map(|(name, number)| (name.into(), number.into())))
}

fn c_string(word: impl AsRef<OsStr>) -> io::Result<CString> {
    CString::new(word.as_ref().as_bytes()).map_err(io::Error::from)
}

fn variable((name, value): (OsString, OsString)) -> io::Result<CString> {
    let mut variable = name;
    variable.push("=");
    variable.push(value);
    CString::new(variable.into_vec()).map_err(io::Error::from)
}
