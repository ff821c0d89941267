//! `slocket`: the command-line tool.
//!
//! | file | idea |
//! |---|---|
//! | `cli.rs` | what may be typed |
//! | `run.rs` | `slocket run`, from the lock to the exit code |
//! | `inherit.rs` | what the command inherits, and whether somebody still has it |
//! | `relay.rs` | signals, passed on to the command |
//! | `found.rs` | what is at a path, and whose |
//! | `later.rs` | the line that is due after a second |
//! | `exit.rs` | the exit codes, and which error has which |
//! | `report.rs` | errors in words |
//! | `duration.rs` | `1.5`, `200ms`, `2m` |
//! | `say.rs` | standard error |

mod cli;
mod duration;
mod exit;
mod found;
mod inherit;
mod later;
mod relay;
mod report;
mod run;
mod say;

use std::process::ExitCode;

fn main() -> ExitCode {
    let code = match cli::parse() {
        Ok(args) => run::run(&args),
        Err(answer) => cli::answer(&answer),
    };
    ExitCode::from(code)
}
