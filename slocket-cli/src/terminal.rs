//! The terminal.

use std::io;

use nix::unistd::getpgrp;
use rustix::termios::tcgetpgrp;

/// Whether standard error is a terminal, and ours: a job in the background leaves it to the others.
pub(crate) fn has_terminal() -> bool {
    tcgetpgrp(io::stderr()).is_ok_and(|group| group.as_raw_pid() == getpgrp().as_raw())
}
