//! Keys of the console (Ctrl-C, Ctrl-Break): the command gets them by itself, and the tool waits until it has ended.

use std::io;
use std::process::Child;
use std::task::{Context, Waker};

use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

use crate::ending::Ending;
use crate::exit;
use crate::signals::Code;

/// While it lives, the tool does not end by such a key.
pub(crate) struct Relay {
    c: CtrlC,
    pause: CtrlBreak,
}

impl Relay {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { c: ctrl_c()?, pause: ctrl_break()? })
    }

    /// The command is about to start. A key that came before will not reach it by itself.
    pub(crate) fn command_starts(&mut self) -> io::Result<()> {
        let mut context = Context::from_waker(Waker::noop());
        if self.c.poll_recv(&mut context).is_ready() || self.pause.poll_recv(&mut context).is_ready() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }

    /// Waits for the end of the command.
    #[allow(clippy::unused_self, reason = "it is in force meanwhile")]
    pub(crate) fn wait(&mut self, mut command: Child) -> io::Result<Ending> {
        let status = command.wait()?;
        Ok(Ending { code: status.code().map_or(exit::OS_ERROR.into(), Code::from), dies_of: None })
    }
}
