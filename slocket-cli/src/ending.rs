//! How the tool ends.

use std::process::ExitCode;

use crate::signals::{self, Code, Signal};

/// The code, and the signal of which the tool dies.
pub(crate) struct Ending {
    pub(crate) code: Code,
    /// The command died of this signal, or the wait was called off by it.
    pub(crate) dies_of: Option<Signal>,
}

impl From<u8> for Ending {
    fn from(code: u8) -> Self {
        Self { code: code.into(), dies_of: None }
    }
}

impl Ending {
    /// A shell goes on with its script unless its command died of the key (Ctrl-C). (The first process of a pid
    /// namespace does not die of the signal, nor does a process that ignores it: it exits with the code.)
    pub(crate) fn end(self) -> ExitCode {
        if let Some(signal) = self.dies_of {
            signals::die_of(signal);
        }
        signals::exit(self.code)
    }
}
