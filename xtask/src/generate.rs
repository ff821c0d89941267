//! `cargo xtask generate`: the man pages and completions of the tool, and the README of each crate.

use crate::command::{self, cargo};
use crate::readme;
use crate::result::Result;

/// Has the test that compares them write them instead: only the tool itself knows what may be typed.
pub(crate) fn run() -> Result {
    let mut test = cargo(&["test", "--quiet", "--package", "slocket-cli", "--bin", "slocket", "--"]);
    command::run(
        test.args(["--exact", "generated::man_pages_and_completions_are_current"]).env("SLOCKET_GENERATE", "1"),
    )?;
    println!("written: slocket-cli/man, slocket-cli/completions");
    readme::write()
}
