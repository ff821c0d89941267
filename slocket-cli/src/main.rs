//! `slocket`: the command-line tool.
//!
//! | file | idea |
//! |---|---|
//! | `cli.rs` | what may be typed |
//! | `run.rs` | `slocket run`, from the lock to the exit code |
//! | `inherit.rs` | what the command inherits, and whether somebody still has it |
//! | `relay.rs` | signals, passed on to the command |
//! | `found.rs` | what is at a path, and whose |
//! | `status.rs` | `slocket status`; below it: what is known of a lock, and the words for it |
//! | `wait.rs` | `slocket wait` |
//! | `waiting.rs` | what the user sees of a long wait |
//! | `trace.rs` | each step of a lock, for whoever asks by `RUST_LOG` |
//! | `target.rs` | what those two are asked about, and the probe |
//! | `diag.rs` | the kernel's table of sockets |
//! | `processes.rs` | which processes have a socket |
//! | `later.rs` | the line that is due after a second |
//! | `exit.rs` | the exit codes, and which error has which |
//! | `report.rs` | errors in words |
//! | `duration.rs` | `1.5`, `200ms`, `2m` |
//! | `generated.rs` | man pages and completions are current |
//! | `say.rs` | standard error |

mod cli;
mod diag;
mod duration;
mod exit;
mod found;
#[cfg(test)]
mod generated;
mod inherit;
mod later;
mod processes;
mod relay;
mod report;
mod run;
mod say;
mod status;
mod target;
mod trace;
mod wait;
mod waiting;

use std::process::ExitCode;

fn main() -> ExitCode {
    trace::start();
    let code = match cli::parse() {
        Ok(cli::Command::Run(args)) => run::run(&args),
        Ok(cli::Command::Status(args)) => status::run(&args),
        Ok(cli::Command::Wait(args)) => wait::run(&args),
        Err(answer) => cli::answer(&answer),
    };
    ExitCode::from(code)
}
