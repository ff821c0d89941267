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
//! [from-flock]: https://github.com/slocket/slocket/blob/main/docs/from-flock.md
//! [from-sem]: https://github.com/slocket/slocket/blob/main/docs/from-sem.md
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
//! | `interrupt.rs` | a deadly signal during a wait: cancels the wait first |
//! | `first.rs` | the first process of a pid namespace, while it waits |
//! | `relay.rs` | signals, passed on to the command |
//! | `signals.rs` | which signals those are |
//! | `sentry.rs` | whether a signal was meant for the command as well |
//! | `found.rs` | what is at a path, and its owner |
//! | `look.rs` | what is known about a lock; below it: the report, its socket, its shares, and a snapshot of the kernel's tables |
//! | `status.rs` | `slocket status`; below it: the words for a report |
//! | `wait.rs` | `slocket wait` |
//! | `waiting.rs` | what the user sees of a long wait |
//! | `trace.rs` | the log of `SLOCKET_LOG` |
//! | `target.rs` | the lock, path or folder that the user named |
//! | `diag.rs` | the kernel's table of sockets |
//! | `processes.rs` | which processes have a socket |
//! | `shares.rs` | the FIFOs beside a lock that is shared |
//! | `later.rs` | the line that is printed after a second |
//! | `patience.rs` | how long the tool stays silent |
//! | `thread.rs` | threads that take no signals |
//! | `exit.rs` | the exit codes, and which error has which |
//! | `report.rs` | errors in words |
//! | `duration.rs` | `1.5`, `200ms`, `2m` |
//! | `slots.rs` | `4`, `cpus` |
//! | `mode.rs` | `0660` |
//! | `generated.rs` | man pages and completions are current |
//! | `say.rs` | standard error |

#[cfg(not(target_os = "linux"))]
compile_error!("the tool is for Linux; the libraries compile for other systems, too");

mod cli;
mod diag;
mod duration;
mod examples;
mod exit;
mod first;
mod found;
#[cfg(test)]
mod generated;
mod given;
mod hold;
mod home;
mod inherit;
mod interrupt;
mod later;
mod look;
mod mode;
mod patience;
mod processes;
mod relay;
mod report;
mod run;
mod say;
mod sentry;
mod shares;
mod signals;
mod slots;
mod start;
mod status;
mod target;
mod thread;
mod trace;
mod wait;
mod waiting;
mod want;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = start::gate().or_else(sentry::sentry) {
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
    ending.die();
    ExitCode::from(ending.code)
}
