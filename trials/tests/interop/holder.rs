//! A process that uses the npm package in the ways that the player does not (`interop/holder.js`).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use trials::{process, watch_for};

/// The running process. Killed when dropped.
pub(crate) struct NodeHolder {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl NodeHolder {
    /// Starts a process that holds the lock or queues for it.
    pub(crate) fn start(lock: &Path) -> Self {
        Self::start_with(lock, Stdio::inherit())
    }

    /// The same, where the process is expected to die with a message of Node's.
    pub(crate) fn start_silent(lock: &Path) -> Self {
        Self::start_with(lock, Stdio::null())
    }

    fn start_with(lock: &Path, stderr: Stdio) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/holder.js");
        let mut command = Command::new("node");
        command.arg(script).arg(lock).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().expect("node");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, stdin, stdout }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub(crate) fn send(&mut self, command: &str) {
        self.stdin.write_all(format!("{command}\n").as_bytes()).expect("the process lives");
    }

    /// Waits for the next answer, which must be the one given.
    #[track_caller]
    pub(crate) fn expect(&mut self, answer: &str) {
        assert_eq!(self.answer(), answer, "holder.js");
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.send(command);
        self.answer()
    }

    /// Waits until it has accepted so many connections that wait: those of a server that ends with some unaccepted are
    /// reset, and npm's slocket gives up on that.
    #[track_caller]
    pub(crate) fn wait_until_queue_is(&mut self, length: usize) {
        let length = length.to_string();
        watch_for("Node to accept the waiters", || (self.ask("queued") == length).then_some(()));
    }

    /// Waits until the package has seen that the server is gone: before that its release does not remove the path, and the
    /// lock is lost for all.
    #[track_caller]
    pub(crate) fn wait_until_it_sees_the_end(&mut self) {
        watch_for("Node to see that the server is gone", || (self.ask("connected") == "false").then_some(()));
    }

    /// Sends a signal and waits for the end of the process.
    #[track_caller]
    pub(crate) fn end_by(&mut self, signal: rustix::process::Signal) -> ExitStatus {
        process::signal(self.pid(), signal);
        self.wait()
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        watch_for("holder.js to end", || self.child.try_wait().expect("wait"))
    }

    #[track_caller]
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("an answer");
        line.trim_end().to_owned()
    }
}

impl Drop for NodeHolder {
    fn drop(&mut self) {
        // Both fail where the process has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
