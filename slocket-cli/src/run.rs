//! `slocket run`, from the lock to the exit code.

use std::ffi::OsStr;
use std::io;
use std::mem;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::geteuid;
use signal_hook::consts::SIGINT;
use signal_hook::low_level::emulate_default_handler;
use slocket_sync::{Error, Guard, Holder, Slocket, Trust};

use crate::cli::Run;
use crate::found::{self, Found};
use crate::relay::Relay;
use crate::target::Target;
use crate::waiting::{PATIENCE, Waiting};
use crate::{exit, inherit, report, say};

/// How long an npm server that is busy, or stopped, may put off the end of the tool when it no longer queues.
const FAREWELL: Duration = Duration::from_secs(5);

/// Does it all and returns the exit code.
pub(crate) fn run(args: &Run) -> u8 {
    if let Some(refused) = args.refused() {
        say::say(refused);
        return exit::USAGE;
    }
    let waiting = Waiting::default();
    let done = slocket(args, &waiting).map_err(Refusal::Failed).and_then(|slocket| {
        let guard = acquire(&slocket, args, &waiting)?;
        Ok(run_holding(guard, slocket.path(), args))
    });
    done.unwrap_or_else(|refusal| match refusal {
        Refusal::Said(code) => code,
        Refusal::Failed(error) => {
            say::say_lines(&report::failed(&error));
            exit::code(&error, args.conflict_exit_code)
        }
    })
}

/// Why the command was not run.
enum Refusal {
    /// The user was told, as far as he wants to know; the exit code.
    Said(u8),
    /// The user is still to be told.
    Failed(Error),
}

fn slocket(args: &Run, waiting: &Waiting) -> Result<Slocket, Error> {
    let path = match &args.lock {
        Target::Abstract(name) => {
            let builder = Slocket::abstract_builder(OsStr::from_bytes(name));
            return if args.quiet { builder } else { builder.on_wait(PATIENCE, waiting.hook()) }.build();
        }
        Target::Path(path) => path,
    };
    let builder = Slocket::builder(path);
    let builder = if args.quiet { builder } else { builder.on_wait(PATIENCE, waiting.hook()) };
    let builder = if trusts_anyone(args) { builder.trust(Trust::Anyone) } else { builder };
    if let Some(mode) = args.mode { builder.mode(mode) } else { builder }.build()
}

/// To connect one needs permission to write. Who gives that to others means them to take part, and to hold.
fn trusts_anyone(args: &Run) -> bool {
    matches!(args.lock, Target::Path(_)) && args.mode.is_some_and(|mode| mode & 0o022 != 0)
}

fn is_trusted(uid: u32, args: &Run) -> bool {
    uid == 0 || uid == geteuid().as_raw() || trusts_anyone(args)
}

/// Acquires the lock the way the user wants it.
fn acquire(slocket: &Slocket, args: &Run, waiting: &Waiting) -> Result<Guard, Refusal> {
    let began = Instant::now();
    let acquired = match args.wait {
        Some(limit) if limit > Duration::ZERO => timed(slocket, limit, args, waiting),
        None if !args.nonblock => {
            let acquired = slocket.acquire();
            waiting.over();
            acquired.map_err(Refusal::Failed)
        }
        _ => at_once(slocket, args),
    };
    if acquired.is_err() {
        slocket_sync::depart(FAREWELL);
    } else if args.verbose {
        say::say(&format!("{}: getting the lock took {:?}", slocket.path().display(), began.elapsed()));
    }
    acquired
}

fn at_once(slocket: &Slocket, args: &Run) -> Result<Guard, Refusal> {
    if let Some(guard) = slocket.try_acquire().map_err(Refusal::Failed)? {
        return Ok(guard);
    }
    let path = slocket.path();
    let untrusted = |uid| Err(Refusal::Failed(Error::Untrusted { path: path.to_path_buf(), uid }));
    // Who waits is told so by the lock itself.
    if let Some(uid) = found::owner(path).filter(|uid| !is_trusted(*uid, args)) {
        return untrusted(uid);
    }
    // To learn who it is takes a place in the queue until the next release: not for nothing. (At a name nothing else tells.)
    let found = if args.quiet && path.is_absolute() { found::at(path) } else { found::glance(slocket) };
    match found {
        Found::Holder(Holder { uid, .. }) if !is_trusted(uid, args) => return untrusted(uid),
        // It does not pass by itself, as a hold does: no reason to be silent, or to call it a success.
        Found::Other { .. } => {
            say::say_lines(&report::held(slocket, &found));
            return Err(Refusal::Said(exit::CANNOT_CREATE));
        }
        _ if args.quiet => {}
        _ => say::say_lines(&report::held(slocket, &found)),
    }
    Err(Refusal::Said(args.conflict_exit_code))
}

fn timed(slocket: &Slocket, limit: Duration, args: &Run, waiting: &Waiting) -> Result<Guard, Refusal> {
    let acquired = slocket.acquire_timeout(limit);
    waiting.over();
    match acquired {
        Ok(guard) => Ok(guard),
        Err(error @ Error::TimedOut { .. }) => {
            if !args.quiet {
                say::say_lines(&report::timed_out(slocket, limit, error));
            }
            Err(Refusal::Said(args.conflict_exit_code))
        }
        Err(error) => Err(Refusal::Failed(error)),
    }
}

fn run_holding(guard: Guard, path: &Path, args: &Run) -> u8 {
    let mut relay = match Relay::new() {
        Ok(relay) => relay,
        Err(error) => {
            release(guard);
            return os_error("cannot catch signals", &error);
        }
    };
    let (inherited, witness) = if args.close {
        (None, None)
    } else {
        match inherit::inherit(&guard) {
            Ok((inherited, witness)) => (Some(inherited), Some(witness)),
            Err(error) => {
                release(guard);
                return os_error("cannot pass the lock to the command", &error);
            }
        }
    };
    let words = args.words();
    let program = &words[0];
    if args.verbose {
        say::say(&format!("{}: running {}", path.display(), program.display()));
    }
    let command = Command::new(program).args(&words[1..]).spawn();
    drop(inherited);
    let mut interrupted = false;
    let code = match command {
        Ok(mut command) => match relay.wait(&mut command) {
            Ok(status) => {
                interrupted = status.signal() == Some(SIGINT);
                of_command(status)
            }
            Err(error) => os_error("cannot wait for the command", &error),
        },
        Err(error) => not_run(program.as_ref(), &error),
    };
    if witness.is_some_and(|witness| witness.left_behind()) {
        if !args.quiet {
            say::say(&format!("{}: kept by a process that the command left behind; -o avoids this", path.display()));
        }
        // To release would hand the lock to the next while a descendant of this command still runs under it.
        mem::forget(guard);
    } else {
        release(guard);
        settle(relay, path, args.quiet);
    }
    if interrupted {
        // A shell goes on with its script unless what it waited for has died of the key, too.
        let _ = emulate_default_handler(SIGINT);
    }
    code
}

/// Releases. A failure is told, but the exit code stays that of the command, which has run.
fn release(guard: Guard) {
    if let Err(error) = guard.release() {
        say::say_lines(&report::failed(&error));
    }
}

/// Waits until a lock that was lent on release is back: the lender must not be gone before.
fn settle(relay: Relay, path: &Path, quiet: bool) {
    if !slocket_sync::settle_timeout(PATIENCE) {
        if !quiet {
            say::say(&format!(
                "{}: lent to a client that cannot take it over; waiting until it is done",
                path.display()
            ));
        }
        // The command has ended: from here on who wants to stop the tool may.
        let waits_for_signals = thread::Builder::new().spawn(|| relay.give_up());
        slocket_sync::settle();
        drop(waits_for_signals);
    }
    // Who looked for the holder may still have a place in an npm server's queue.
    slocket_sync::depart(FAREWELL);
}

fn of_command(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => (code & 0xff) as u8,
        (None, Some(signal)) => exit::SIGNALLED.saturating_add((signal & 0x7f) as u8),
        (None, None) => exit::OS_ERROR,
    }
}

fn not_run(program: &Path, error: &io::Error) -> u8 {
    say::say(&format!("{}: cannot run the command: {error}", program.display()));
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => exit::NOT_FOUND,
        // The process could not even be made.
        Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE) => exit::OS_ERROR,
        _ => exit::CANNOT_RUN,
    }
}

fn os_error(what: &str, error: &io::Error) -> u8 {
    say::say(&format!("{what}: {error}"));
    exit::OS_ERROR
}
