//! `slocket`: the command-line tool.
//!
//! | file | idea |
//! |---|---|
//! | `cli.rs` | what may be typed; below it: after each command |
//! | `examples.rs` | examples of it, for the long help |
//! | `want.rs` | what is wanted of a lock: to hold it, a shared lock, a slot |
//! | `given.rs` | what the tool was given by its parent |
//! | `run.rs` | `slocket run`, from the lock to the exit code |
//! | `hold.rs` | what the tool has of a lock while the command runs |
//! | `inherit.rs` | what the command inherits, and whether somebody still has it |
//! | `start.rs` | the start of the command |
//! | `interrupt.rs` | a signal of which the tool dies while it waits: the wait is called off first |
//! | `first.rs` | the first process of a pid namespace, while it waits |
//! | `relay.rs` | signals, passed on to the command |
//! | `signals.rs` | which signals those are |
//! | `sentry.rs` | whether a signal was meant for the command as well |
//! | `found.rs` | what is at a path, and whose |
//! | `look.rs` | what is known of a lock; below it: the report on one, what its socket tells, who shares it, and the kernel's tables at an instant |
//! | `status.rs` | `slocket status`; below it: the words for a report |
//! | `wait.rs` | `slocket wait` |
//! | `waiting.rs` | what the user sees of a long wait |
//! | `trace.rs` | each step of a lock, for whoever asks by `SLOCKET_LOG` |
//! | `target.rs` | what those two are asked about |
//! | `diag.rs` | the kernel's table of sockets |
//! | `processes.rs` | which processes have a socket |
//! | `shares.rs` | the FIFOs beside a lock that is shared |
//! | `later.rs` | the line that is due after a second |
//! | `patience.rs` | how long the user is left without a word |
//! | `thread.rs` | threads that take no signals |
//! | `exit.rs` | the exit codes, and which error has which |
//! | `report.rs` | errors in words |
//! | `duration.rs` | `1.5`, `200ms`, `2m` |
//! | `slots.rs` | `4`, `cpus` |
//! | `mode.rs` | `0660` |
//! | `generated.rs` | man pages and completions are current |
//! | `say.rs` | standard error |

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
