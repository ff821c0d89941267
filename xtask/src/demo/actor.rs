//! One process of the demo, seen from outside.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread;

use super::hold::Hold;
use crate::result::Result;

/// A process, what it does now, and the turns that it has taken.
pub(crate) struct Actor {
    pub(crate) name: String,
    pub(crate) turns: Vec<Turn>,
    pub(crate) state: State,
    pub(crate) killed: bool,
    child: Child,
}

/// One time that a process wanted the lock. Times are nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) waiting: u64,
    pub(crate) held: Option<u64>,
    pub(crate) hold: Hold,
    /// When it was about to release the lock, or about to be killed.
    pub(crate) ended: Option<u64>,
}

/// What a process does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Coming,
    Away,
    Waiting,
    Holding,
    Gone,
}

/// What a process says on its standard output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Ready,
    Waiting(u64),
    Held(u64, Hold),
    Released(u64),
    Nonsense(String),
    Goodbye,
}

impl Actor {
    /// Starts the process; what it says goes to `sender` with its `number`.
    pub(crate) fn start(
        name: String,
        number: usize,
        command: &mut Command,
        sender: Sender<(usize, Said)>,
    ) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("no pipe")?;
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(std::result::Result::ok);
            for said in lines.map(Said::parse).chain([Said::Goodbye]) {
                if sender.send((number, said)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { name, turns: Vec::new(), state: State::Coming, killed: false, child })
    }

    /// Lets a process begin that has said it is ready.
    pub(crate) fn begin(&mut self) -> Result {
        self.state = State::Away;
        Ok(self.child.stdin.as_mut().ok_or("no pipe")?.write_all(b"go\n")?)
    }

    /// Takes note of what the process says; fails where that makes no sense.
    pub(crate) fn note(&mut self, said: &Said) -> Result {
        match (said, self.state, self.turns.last_mut()) {
            (Said::Ready, State::Coming, _) => {}
            (Said::Waiting(at), State::Away, _) => {
                self.turns.push(Turn { waiting: *at, held: None, hold: Hold::Lock, ended: None });
                self.state = State::Waiting;
            }
            (Said::Held(at, hold), State::Waiting, Some(turn)) => {
                (turn.held, turn.hold) = (Some(*at), *hold);
                self.state = State::Holding;
            }
            (Said::Released(at), State::Holding, Some(turn)) => {
                turn.ended = Some(*at);
                self.state = State::Away;
            }
            (Said::Goodbye, _, _) => self.state = State::Gone,
            _ => return Err(format!("{} is {:?} and says {said:?}", self.name, self.state).into()),
        }
        Ok(())
    }

    /// Kills the process with SIGKILL, at this time.
    pub(crate) fn kill(&mut self, now: u64) -> Result {
        let turn = self.turns.last_mut().filter(|turn| turn.held.is_some() && turn.ended.is_none());
        turn.ok_or_else(|| format!("{} does not hold the lock", self.name))?.ended = Some(now);
        self.killed = true;
        Ok(self.child.kill()?)
    }

    /// How a process ended that has said goodbye.
    pub(crate) fn exit(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // Both fail if the process is gone already, which is the normal case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    fn parse(line: String) -> Self {
        let timed = |word: &str| line.strip_prefix(word)?.parse().ok();
        if line == "ready" {
            Self::Ready
        } else if let Some(at) = timed("waiting ") {
            Self::Waiting(at)
        } else if let Some(at) = timed("held ") {
            Self::Held(at, Hold::Lock)
        } else if let Some(at) = timed("shared ") {
            Self::Held(at, Hold::Share)
        } else if let Some((slot, at)) = slot(&line) {
            Self::Held(at, Hold::Slot(slot))
        } else if let Some(at) = timed("released ") {
            Self::Released(at)
        } else {
            Self::Nonsense(line)
        }
    }
}

/// `slot1 123`: slot 1, since 123.
fn slot(line: &str) -> Option<(usize, u64)> {
    let (slot, at) = line.strip_prefix("slot")?.split_once(' ')?;
    Some((slot.parse().ok()?, at.parse().ok()?))
}
