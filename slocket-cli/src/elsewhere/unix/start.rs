//! The start of the command, which gets what the tool got: the signals that were blocked, descriptors, environment.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use crate::cli::Run;
use crate::relay::{self, Relay};
use crate::{exit, report, say, slots};

/// The tool by this name is a process that becomes the command. It begins with all signals blocked that are passed on: so none is lost, or
/// ends the tool, in the instant in which the command starts.
const GATE: &str = "slocket: gate";

/// Starts the command, with the number of its slot, if it has one.
pub(crate) fn start(relay: &mut Relay, args: &Run, slot: Option<u16>) -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg0(GATE).arg(relay.before()).args(args.words()).envs(slots::variable(slot)).spawn()
}

/// If this process is a gate: becomes the command; if it cannot, the exit code.
pub(crate) fn help() -> Option<u8> {
    let mut args = env::args_os();
    args.next().filter(|name| name == GATE)?;
    relay::restore(&args.next()?);
    let program = args.next()?;
    let error = Command::new(&program).args(args).exec();
    say::say_lines(&report::not_run(&program, &error));
    Some(exit::code_of_start(&error))
}
