//! The processes that contend for a lock: started once, commanded many times.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::install;
use crate::peer::Runtime;
use crate::result::Result;

/// How long a process may take beyond its time before it is called hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// Processes of each runtime, as many as were ever asked for.
#[derive(Default)]
pub(crate) struct Crew {
    members: HashMap<Runtime, Vec<Worker>>,
}

impl Crew {
    /// The first `count` processes of a runtime, started if there are not so many yet.
    pub(crate) fn call(&mut self, runtime: Runtime, count: usize) -> Result<&mut [Worker]> {
        let members = self.members.entry(runtime).or_default();
        // All at once: an interpreter takes its time.
        let mut fresh = Vec::new();
        while members.len() + fresh.len() < count {
            fresh.push(Worker::spawn(runtime)?);
        }
        for worker in &mut fresh {
            worker.expect("ready")?;
        }
        members.append(&mut fresh);
        Ok(&mut members[..count])
    }

    /// Sends each of the first `count` processes the same line, and collects what each answers up to `done`, within
    /// `time` and [`PATIENCE`]. `None`: that one had to be killed, or died.
    pub(crate) fn command(
        &mut self,
        runtime: Runtime,
        count: usize,
        line: &str,
        time: Duration,
    ) -> Result<Vec<Option<Vec<String>>>> {
        let members = self.call(runtime, count)?;
        let pids: Vec<_> = members.iter().map(Worker::pid).collect();
        for worker in members.iter_mut() {
            worker.send(line)?;
        }
        let (finished, watch) = mpsc::channel::<()>();
        let watchdog = thread::spawn(move || {
            if watch.recv_timeout(time + PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                for pid in pids {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
        });
        let answers: Vec<_> = members.iter_mut().map(|worker| worker.answer().ok()).collect();
        drop(finished);
        watchdog.join().expect("the watchdog");
        if answers.iter().any(Option::is_none) {
            // A process that hung was killed with all the others.
            self.members.remove(&runtime);
        }
        Ok(answers)
    }

    /// Ends all processes of a runtime.
    pub(crate) fn dismiss(&mut self, runtime: Runtime) {
        self.members.remove(&runtime);
    }
}

/// One process.
pub(crate) struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one that is ready.
    pub(crate) fn start(runtime: Runtime) -> Result<Self> {
        let mut worker = Self::spawn(runtime)?;
        worker.expect("ready")?;
        Ok(worker)
    }

    fn spawn(runtime: Runtime) -> Result<Self> {
        let mut command = match runtime {
            Runtime::Rust => myself(&["worker"])?,
            Runtime::Node => install::script("node", "worker.js"),
            Runtime::Python => install::script("python3", "worker.py"),
        };
        Self::of(&mut command)
    }

    /// Starts any program that answers on stdout.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        Ok(Self { child, stdin, stdout })
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn send(&mut self, line: &str) -> Result {
        let stdin = self.stdin.as_mut().ok_or("stdin is closed")?;
        Ok(writeln!(stdin, "{line}")?)
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err("a process has died".into());
        }
        Ok(line.trim_end().to_owned())
    }

    pub(crate) fn expect(&mut self, expected: &str) -> Result<String> {
        let line = self.line()?;
        let rest = line.strip_prefix(expected).ok_or_else(|| format!("{line:?} instead of {expected:?}"))?;
        Ok(rest.trim().to_owned())
    }

    /// The lines up to one that begins with `done`, which is the last.
    pub(crate) fn answer(&mut self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let is_last = line.starts_with("done");
            lines.push(line);
            if is_last {
                return Ok(lines);
            }
        }
    }

    /// Kills it and waits until the system has buried it.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// This very program with another command.
pub(crate) fn myself(arguments: &[&str]) -> Result<Command> {
    let program: PathBuf = std::env::current_exe()?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}
