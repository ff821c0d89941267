//! `slocket run`, whose command inherits the lock.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::place::Place;
use crate::player::binary;
use crate::process;

/// What the tool exits with if it did not get the lock in time.
const CONFLICT: i32 = 75;

/// One run of the tool.
#[derive(Debug)]
pub(crate) struct Tool {
    /// The name of the log of its command.
    pub(crate) name: String,
    child: Child,
    status: Option<ExitStatus>,
    /// What the command says; broken off when tool and command both are gone.
    said: Receiver<()>,
    pub(crate) killed: bool,
}

/// What has become of a tool since.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Its command has begun: it holds.
    Began,
    /// The tool and its command are gone, and so they should be.
    Ended,
    /// The tool ended as it should not.
    Failed(String),
}

impl Tool {
    /// Starts it, with the binary `witnessed` for its command. `options` are its own, `arguments` those of the command.
    pub(crate) fn start(name: String, options: &[&str], arguments: &[&str], place: &Place) -> Self {
        let mut command = Command::new(binary("slocket"));
        command.args(["run", "-q"]).args(options);
        if place.is_in_file() {
            command.arg("--home=file").arg(place.path());
        } else {
            command.arg(place.lock());
        }
        command.arg("--").arg(binary("witnessed")).args(arguments);
        // A group of its own, so that tool and command can be killed together.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the tool");
        let (tell, said) = channel();
        let mut stdout: ChildStdout = child.stdout.take().expect("a pipe");
        thread::spawn(move || {
            let mut bytes = [0; 64];
            while matches!(stdout.read(&mut bytes), Ok(1..)) {
                let _ = tell.send(());
            }
        });
        Self { name, child, status: None, said, killed: false }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The tool itself is gone, or a zombie.
    pub(crate) fn is_gone(&mut self) -> bool {
        self.status = self.status.or_else(|| self.child.try_wait().expect("wait"));
        self.status.is_some()
    }

    pub(crate) fn news(&mut self) -> Option<News> {
        let gone = self.is_gone();
        match self.said.try_recv() {
            Ok(()) => return Some(News::Began),
            // The command lives on, though the tool may be dead.
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) if !gone => return None,
            Err(TryRecvError::Disconnected) => {}
        }
        let status = self.status?;
        Some(match (status.code(), status.signal()) {
            (Some(0 | CONFLICT), _) => News::Ended,
            (None, Some(9)) if self.killed => News::Ended,
            _ => News::Failed(format!("{}: slocket run ended with {status}", self.name)),
        })
    }

    /// Kills the tool, but not its command. A tool that has ended cannot be killed any more: `false`.
    pub(crate) fn kill_alone(&mut self) -> bool {
        if self.is_gone() {
            return false;
        }
        process::signal(self.pid(), Signal::KILL);
        self.killed = true;
        true
    }

    /// Kills the tool and its command.
    pub(crate) fn kill_all(&mut self) -> bool {
        if self.is_gone() {
            return false;
        }
        // Not waited for yet, so its group is still its own.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        self.killed = true;
        true
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if self.kill_all() {
            let _ = self.child.wait();
        }
    }
}
