//! Standard libraries for other systems, as rustup has them.

use std::process::Command;

use crate::command::run;
use crate::result::Result;

/// The target that is run under Wine.
pub(super) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// Installs the standard library of a target.
pub(super) fn add(target: &str) -> Result {
    run(Command::new("rustup").args(["target", "add", target]))
}
