//! The first process of a pid namespace, as in a container, does not die of a signal that it does not catch. While it waits, a thread
//! sees to that. (When the command runs, signals are passed on to it.)

use std::process::{exit, id};

use crate::exit::of_signal;
use crate::interrupt::{Watch, watch};

/// As long as what this returns lives, a signal of which another process would die ends this one. `None` for any other process than the
/// first, or if the system does not permit it.
pub(crate) fn mortal() -> Option<Watch> {
    if id() == 1 { watch(|signal| exit(of_signal(signal).into())).ok() } else { None }
}
