//! A player that another one has forked, without exec: it has a copy of all that its parent had open.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use rustix::net::sockopt::socket_peercred;
use rustix::process::Signal;

use crate::patience::{PATIENCE, watch_for};
use crate::player::Player;
use crate::process;

/// A running child of a player. Killed when dropped.
#[derive(Debug)]
pub struct Fork {
    pid: u32,
    stream: BufReader<UnixStream>,
}

impl Player {
    /// Forks the player. The child takes the same commands, with what the parent had at hand: the lock, and a copy of the
    /// guard if it was held. (Of its threads, a process has but the one that forked it; so it uses the lock by the blocking
    /// adapter, whatever its parent uses.)
    ///
    /// # Panics
    /// If it does not come.
    #[track_caller]
    pub fn fork(&mut self) -> Fork {
        Fork::made(|socket| forked(&self.ask(format!("fork {socket}"))))
    }

    /// Has the player acquire the lock, and fork while the future waits for it. The child does with its copy of the future
    /// what is said, and then takes commands.
    ///
    /// # Panics
    /// If the child does not come: for example, the lock was not held.
    #[track_caller]
    pub fn fork_waiting(&mut self, copy: Copied) -> Fork {
        self.fork_waiting_for("lock", copy)
    }

    /// The same while it waits for something else: `slot N`.
    ///
    /// # Panics
    /// If the child does not come: for example, there was nothing to wait for.
    #[track_caller]
    pub fn fork_waiting_for(&mut self, what: &str, copy: Copied) -> Fork {
        let copy = match copy {
            Copied::Dropped => "drop",
            Copied::Polled => "poll",
        };
        Fork::made(|socket| self.send(format!("forking {what} {copy} {socket}")))
    }
}

/// What a child does with its copy of a future that waits for the lock.
#[derive(Clone, Copy, Debug)]
pub enum Copied {
    /// It drops the copy.
    Dropped,
    /// It polls the copy, which must be told that the request is its parent's, and drops it then.
    Polled,
}

/// The answer of a parent.
#[track_caller]
fn forked(answer: &str) {
    assert!(answer.starts_with("forked "), "{answer}");
}

impl Fork {
    /// A child of the process that is asked.
    #[track_caller]
    fn made(ask: impl FnOnce(&str)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("child");
        let listener = UnixListener::bind(&socket).expect("a socket");
        ask(socket.to_str().expect("UTF-8"));
        listener.set_nonblocking(true).expect("a socket");
        let (stream, _) = watch_for("the child", || listener.accept().ok());
        stream.set_nonblocking(false).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let mut stream = BufReader::new(stream);
        let mut ready = String::new();
        stream.read_line(&mut ready).expect("the child answers");
        assert!(ready.starts_with("ready "), "{ready:?}");
        // (What it says itself is its id in its own pid namespace.)
        let peer = socket_peercred(stream.get_ref()).expect("a socket's peer");
        Self { pid: peer.pid.as_raw_nonzero().get().unsigned_abs(), stream }
    }

    /// Forks the child in its turn.
    ///
    /// # Panics
    /// If the grandchild does not come.
    #[track_caller]
    pub fn fork(&mut self) -> Self {
        Self::made(|socket| forked(&self.ask(format!("fork {socket}"))))
    }

    /// The process id of the child.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a command and does not wait for the answer.
    ///
    /// # Panics
    /// If the child has died.
    #[track_caller]
    pub fn send(&mut self, command: impl Display) {
        self.stream.get_mut().write_all(format!("{command}\n").as_bytes()).expect("the child lives");
    }

    /// Waits for the next answer.
    ///
    /// # Panics
    /// If the child has died, or after [`PATIENCE`].
    #[track_caller]
    pub fn answer(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the child answers");
        line.strip_suffix('\n').expect("the child lives").to_owned()
    }

    /// Waits for the next answer, which must be the one given.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn expect(&mut self, answer: impl Display) {
        assert_eq!(self.answer(), answer.to_string(), "child {}", self.pid);
    }

    /// Sends a command and waits for the answer.
    ///
    /// # Panics
    /// As [`send`](Self::send) and [`answer`](Self::answer).
    #[track_caller]
    pub fn ask(&mut self, command: impl Display) -> String {
        self.send(command);
        self.answer()
    }

    /// Kills it (SIGKILL) and waits until it has nothing open any more.
    ///
    /// # Panics
    /// If it is gone already.
    #[track_caller]
    pub fn kill(self) {
        process::signal(self.pid, Signal::KILL);
        watch_for("the end of the child", || process::is_over(self.pid).then_some(()));
    }

    /// Lets it settle, and ends it.
    ///
    /// # Panics
    /// If it has died.
    #[track_caller]
    pub fn quit(mut self) {
        self.send("quit");
        watch_for("the end of the child", || process::is_over(self.pid).then_some(()));
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        if !process::is_over(self.pid) {
            process::signal(self.pid, Signal::KILL);
        }
    }
}
