//! `slocket` runs a command while it holds a lock, for shell scripts, cron jobs and builds.
//!
//! It reads the options of flock(1), and adds what flock lacks: waiters are served in the order in which they came, the tool names the
//! process that it waits for, a released lock leaves no file, and at most N commands can run at once, each with its own number.
//!
//! ```text
//! $ slocket run build.lock -- make                        # wait for the lock, then run make
//! slocket: build.lock: waiting: held by pid 4711 (slocket)
//! $ slocket run -n build.lock -- make                     # do not wait: exit code 75 if the lock is held
//! $ slocket run -w 10s build.lock -- make                 # wait for ten seconds at most
//! $ slocket run -s cache.lock -- grep -r needle cache     # a shared lock: many readers, no writer
//! $ slocket run --slots 4 jobs.lock -- ./work             # at most 4 at once; $SLOCKET_SLOT is the number
//! $ slocket run @backup -- backup --all                   # an abstract name: a lock without a file
//! $ slocket status build.lock                             # the holder and the waiters, in order
//! $ slocket wait build.lock                               # wait until it is free, without taking it
//! ```
//!
//! The exit code is the command's own. The command inherits the lock: if the tool is killed, the lock stays held until the command ends.
//! `slocket run --help` describes all options.
//!
//! # Comparison
//!
//! | | `slocket run` | flock(1) | GNU `sem` |
//! |---|---|---|---|
//! | order of waiters | first come, first served | not promised | random pauses |
//! | waiting | asleep | asleep | polls |
//! | names the process in the way | yes | no | no |
//! | at most N at once | `--slots N`, each with a number | no | `-j N` |
//! | its tool is killed | the command keeps the lock | the command keeps the lock | the slot is given away |
//! | left on disk | nothing | the lock file | a folder |
//!
//! [docs/from-flock.md][from-flock] and [docs/from-sem.md][from-sem] list every option and every difference. Libraries with the same locks:
//! `slocket-sync` for blocking code, where `std::fs::File::lock` is flock; `slocket-tokio`, `slocket-smol` and `slocket-async-std` for tasks,
//! where `tokio::sync::Mutex` ends at the process.
//!
//! # Cancel safety
//!
//! ^C, TERM and HUP end a wait: the tool leaves the queue, passes on a lock that was granted meanwhile, and dies of the signal. Signals during
//! the command are passed on to it.
//!
//! # Errors
//!
//! A message on standard error names the lock, what was found, and what to do. Exit codes follow sysexits.h: 75 if the lock is held or the time
//! ran out, 73 if no lock can be at the path, 77 without permission. [docs/troubleshooting.md][troubleshooting] explains every message.
//!
//! # Features
//!
//! None. `SLOCKET_LOG=debug` in the environment logs each step.
//!
//! # Platform support
//!
//! Linux, on all of its architectures. Tested on x86-64 with Linux 5.10, 6.1 and later, and in gVisor. Rust 1.88 or later.
//!
//! The tool compiles for macOS, the BSDs, illumos and Windows, too. There each lock is a locked file: [docs/platforms.md][platforms] says what
//! was tried, and what differs.
//!
//! [from-flock]: https://github.com/slocket/slocket/blob/main/docs/from-flock.md
//! [from-sem]: https://github.com/slocket/slocket/blob/main/docs/from-sem.md
//! [platforms]: https://github.com/slocket/slocket/blob/main/docs/platforms.md
//! [troubleshooting]: https://github.com/slocket/slocket/blob/main/docs/troubleshooting.md
//!
//! # The files
//!
//! | file | idea |
//! |---|---|
//! | `cli.rs` | what may be typed; below it: after each command |
//! | `examples.rs` | the examples in the long help |
//! | `want.rs` | what the user wants: the lock, a shared lock, a slot |
//! | `given.rs` | what the tool was given by its parent |
//! | `run.rs` | `slocket run`, from the lock to the exit code |
//! | `hold.rs` | what the tool has of a lock while the command runs |
//! | `inherit.rs` | what the command inherits, and whether a process still has it open |
//! | `start.rs` | the start of the command |
//! | `shell.rs` | the shell that runs a line of `-c` |
//! | `ending.rs` | how the tool ends |
//! | `interrupt.rs` | a deadly signal during a wait: cancels the wait first |
//! | `first.rs` | the first process of a pid namespace, while it waits |
//! | `relay.rs` | signals, passed on to the command |
//! | `signals.rs` | which signals those are, and how the tool dies of one |
//! | `sentry.rs` | whether a signal was meant for the command as well |
//! | `known.rs` | what is known of a lock |
//! | `kind.rs`, `stat.rs` | what can be at a path, and what is |
//! | `found.rs` | what is in the way, and its owner |
//! | `look.rs` | what is known about a lock; below it: the report, its socket, its shares, and a snapshot of the kernel's tables |
//! | `status.rs` | `slocket status`; below it: the words for a report |
//! | `entries.rs` | what is in a folder of locks |
//! | `wait.rs` | `slocket wait` |
//! | `free.rs` | whether a lock is free |
//! | `trouble.rs` | what can go wrong at that |
//! | `waiting.rs` | what the user sees of a long wait |
//! | `trace.rs` | the log of `SLOCKET_LOG` |
//! | `target.rs` | the lock, path or folder that the user named |
//! | `diag.rs` | the kernel's table of sockets |
//! | `processes.rs` | which processes have a socket |
//! | `shares.rs` | the FIFOs beside a lock that is shared |
//! | `later.rs` | the line that is printed after a second |
//! | `patience.rs` | how long the tool stays silent |
//! | `thread.rs` | threads that take no signals |
//! | `terminal.rs` | the terminal |
//! | `exit.rs` | the exit codes, and which error has which |
//! | `refused.rs` | what the system's errors mean |
//! | `sandbox.rs` | what may forbid a call |
//! | `report.rs` | errors in words |
//! | `duration.rs` | `1.5`, `200ms`, `2m` |
//! | `slots.rs` | `4`, `cpus` |
//! | `mode.rs` | `0660` |
//! | `generated.rs` | man pages and completions are current |
//! | `say.rs` | standard error |
//! | `names.rs`, `users.rs` | names as the system has them, and of users |
//! | `elsewhere.rs` | what other systems than Linux have in place of some of these; below it: of Unix, and of Windows |

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what is known only of a lock that is a socket; on Linux, dead code is found")
)]

mod cli;
#[cfg(target_os = "linux")]
mod diag;
mod duration;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod ending;
#[cfg(target_os = "linux")]
mod entries;
#[cfg(unix)]
mod errors;
mod examples;
mod exit;
#[cfg(target_os = "linux")]
mod first;
mod found;
#[cfg(target_os = "linux")]
mod free;
#[cfg(test)]
mod generated;
#[cfg(target_os = "linux")]
mod given;
mod hold;
mod home;
#[cfg(unix)]
mod inherit;
#[cfg(target_os = "linux")]
mod interrupt;
mod kind;
mod known;
mod later;
#[cfg(target_os = "linux")]
mod look;
mod mode;
#[cfg(unix)]
mod names;
mod patience;
#[cfg(target_os = "linux")]
mod processes;
mod refused;
#[cfg(target_os = "linux")]
mod relay;
mod report;
mod run;
#[cfg(unix)]
mod sandbox;
mod say;
#[cfg(target_os = "linux")]
mod sentry;
#[cfg(target_os = "linux")]
mod shares;
#[cfg(unix)]
mod shell;
#[cfg(unix)]
mod signals;
mod slots;
#[cfg(target_os = "linux")]
mod start;
#[cfg(unix)]
mod stat;
mod status;
mod target;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod thread;
mod trace;
mod trouble;
#[cfg(unix)]
mod users;
mod wait;
mod waiting;
mod want;

#[cfg(not(target_os = "linux"))]
use elsewhere::{entries, first, free, interrupt, look, processes, relay, shares, start};
#[cfg(windows)]
use elsewhere::{inherit, names, sandbox, shell, signals, stat, terminal, thread, users};

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = start::help() {
        return ExitCode::from(code);
    }
    let log = trace::start();
    let ending = match cli::parse() {
        Ok(cli::Command::Run(args)) => run::run(&args),
        Ok(cli::Command::Status(args)) => status::run(&args).into(),
        Ok(cli::Command::Wait(args)) => wait::run(&args).into(),
        Err(answer) => cli::answer(&answer).into(),
    };
    drop(log);
    ending.end()
}
