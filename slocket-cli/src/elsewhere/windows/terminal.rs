//! The terminal.

use std::io::{self, IsTerminal};

/// Whether standard error is a terminal.
pub(crate) fn has_terminal() -> bool {
    io::stderr().is_terminal()
}
