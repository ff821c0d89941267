//! The start of the command.

use std::ffi::OsString;
use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};

use crate::cli::Run;
use crate::relay::Relay;
use crate::{shell, slots};

/// Starts the command, with the number of its slot, if it has one.
pub(crate) fn start(relay: &mut Relay, args: &Run, slot: Option<u16>) -> io::Result<Child> {
    relay.command_starts()?;
    let words = args.words();
    let mut command = Command::new(&words[0]);
    match &args.shell {
        // (It reads its line as it is: what is quoted for other programs it does not understand.)
        Some(script) => {
            command.args(shell::OPTIONS).raw_arg(quoted(script));
        }
        None => {
            command.args(&words[1..]);
        }
    }
    command.envs(slots::variable(slot)).spawn()
}

/// With the outer quotes that the shell takes away.
fn quoted(script: &OsString) -> OsString {
    let mut quoted = OsString::from("\"");
    quoted.push(script);
    quoted.push("\"");
    quoted
}

/// The tool has no helpers here.
pub(crate) fn help() -> Option<u8> {
    None
}
