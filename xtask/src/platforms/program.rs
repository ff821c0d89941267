//! A program that runs under Wine.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::result::Result;

/// A bound for hangs: Wine is slow on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program that runs. It is killed when this is dropped.
pub(super) struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Program {
    pub(super) fn start(name: &str, mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        let (sender, lines) = channel();
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let streams = [
            output.map(|stream| Box::new(stream) as Box<dyn std::io::Read + Send>),
            errors.map(|stream| Box::new(stream) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).split(b'\n').map_while(std::io::Result::ok) {
                    let _ = sender.send(String::from_utf8_lossy(&line).trim_end().to_owned());
                }
            });
        }
        let input = child.stdin.take();
        Ok(Self { name: name.to_owned(), child, input, lines, said: Vec::new() })
    }

    /// Waits until it prints a line that contains this, and returns the line.
    pub(super) fn says(&mut self, wanted: &str) -> Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(wanted) {
                        return Ok(line);
                    }
                }
                Err(_) => return Err(format!("{} does not say \"{wanted}\": {:?}", self.name, self.said).into()),
            }
        }
    }

    /// Sends it a line.
    pub(super) fn enter(&mut self) -> Result {
        let input = self.input.as_mut().ok_or("its input is closed")?;
        input.write_all(b"\n")?;
        Ok(input.flush()?)
    }

    /// Waits until it has ended; whether it succeeded.
    pub(super) fn ends(&mut self) -> Result<bool> {
        Ok(self.code()? == 0)
    }

    /// The same; its exit code, of which this system knows the last 8 bits.
    pub(super) fn code(&mut self) -> Result<i32> {
        drop(self.input.take());
        self.streams_end()?;
        self.child.wait()?.code().ok_or_else(|| format!("{} was killed", self.name).into())
    }

    /// Its streams end with it, and with all that it has started.
    fn streams_end(&mut self) -> Result {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => self.said.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
                Err(_) => return Err(format!("{} does not end: {:?}", self.name, self.said).into()),
            }
        }
    }

    /// The same, and fails if it did not succeed.
    pub(super) fn succeeds(&mut self) -> Result {
        if self.ends()? { Ok(()) } else { Err(format!("{} fails: {:?}", self.name, self.said).into()) }
    }

    /// Whether it has ended by itself: what it said then.
    pub(super) fn has_ended(&mut self) -> Result<Option<String>> {
        Ok(self.child.try_wait()?.map(|status| {
            self.said.extend(self.lines.try_iter());
            format!("{}: {status}: {:?}", self.name, self.said)
        }))
    }

    /// Kills it (SIGKILL, which ends what Windows takes for a process as suddenly).
    pub(super) fn kill(mut self) -> Result {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Program {
    /// Kills it, and waits until all that it has started has ended, too. (Its input stays open.)
    pub(super) fn kill_alone(&mut self) -> Result {
        self.child.kill()?;
        self.child.wait()?;
        self.streams_end()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
