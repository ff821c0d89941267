//! Starts and commands one player: a process of its own that uses a lock.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::adapter::Adapter;
use crate::patience::{PATIENCE, watch_for};
use crate::place::Place;
use crate::{node, process, trace};

/// The command line of a player of this adapter.
fn line_of(adapter: Adapter, lock: &Path) -> Vec<PathBuf> {
    match adapter {
        Adapter::Sync | Adapter::Tokio | Adapter::TokioThreads | Adapter::AsyncStd | Adapter::Smol => {
            vec![binary("player"), adapter.name().into(), lock.into()]
        }
        Adapter::Node => vec!["node".into(), node::player(), lock.into()],
    }
}

/// What there is to hear from a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An answer.
    Answer(String),
    /// Nothing yet.
    Nothing,
    /// It has died.
    End,
}

/// A running player. Killed when dropped.
#[derive(Debug)]
pub struct Player {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<String>,
    pid: u32,
}

impl Player {
    /// Starts a player and waits until it is ready.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(adapter: Adapter, lock: &Path) -> Self {
        Self::start_with(adapter, lock, &[])
    }

    /// Starts a player with options: `--mode=0660`, `--stale=wait`, `--stale=fail`, `--stale=MS` (reclaim after), `--trust=anyone`,
    /// `--retain=MS`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start_with(adapter: Adapter, lock: &Path, options: &[&str]) -> Self {
        let mut line = line_of(adapter, lock);
        line.extend(options.iter().map(PathBuf::from));
        Self::run(adapter, &line, Stdio::inherit())
    }

    /// Starts a player whose system calls, those of all its threads, go to a file that [`trace::read`] understands.
    ///
    /// # Panics
    /// If there is no strace.
    #[must_use]
    #[track_caller]
    pub fn start_traced(adapter: Adapter, lock: &Path, trace: &Path) -> Self {
        Self::start_traced_with(adapter, lock, trace, &[])
    }

    /// The same, with [options](Self::start_with).
    ///
    /// # Panics
    /// If there is no strace.
    #[must_use]
    #[track_caller]
    pub fn start_traced_with(adapter: Adapter, lock: &Path, trace: &Path, options: &[&str]) -> Self {
        let mut line = trace::command(trace);
        line.extend(line_of(adapter, lock));
        line.extend(options.iter().map(PathBuf::from));
        Self::run(adapter, &line, Stdio::inherit())
    }

    /// Starts a player each of whose calls of some kinds begins after so many microseconds, in all of its threads and children.
    ///
    /// # Panics
    /// If there is no strace.
    #[must_use]
    #[track_caller]
    pub fn start_slow(adapter: Adapter, lock: &Path, slow: &[(&str, u32)]) -> Self {
        let mut line = trace::command(Path::new("/dev/null"));
        let calls: Vec<&str> = slow.iter().map(|(call, _)| *call).collect();
        line.extend(["-e".into(), format!("trace={}", calls.join(",")).into()]);
        for (call, micros) in slow {
            line.extend(["-e".into(), format!("inject={call}:delay_enter={micros}").into()]);
        }
        line.extend(line_of(adapter, lock));
        Self::run(adapter, &line, Stdio::inherit())
    }

    /// Starts a player in which a shared library comes before all others.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start_preloaded(adapter: Adapter, lock: &Path, library: &Path) -> Self {
        let mut command = Self::command(&line_of(adapter, lock));
        command.env("LD_PRELOAD", library);
        Self::spawn(adapter, command)
    }

    /// Starts a player with [options](Self::start_with), whose standard error goes to a file.
    ///
    /// # Panics
    /// If it cannot be started, or the file not be made.
    #[must_use]
    #[track_caller]
    pub fn start_noting(adapter: Adapter, lock: &Path, complaints: &Path, options: &[&str]) -> Self {
        let file = File::create(complaints).unwrap_or_else(|error| panic!("{}: {error}", complaints.display()));
        let mut line = line_of(adapter, lock);
        line.extend(options.iter().map(PathBuf::from));
        Self::run(adapter, &line, file.into())
    }

    /// Starts a player that leads a process group, as [`Stepper`](crate::stepper::Stepper) needs it. Its
    /// complaints go to a file.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start_apart(adapter: Adapter, lock: &Path, complaints: &Path) -> Self {
        let mut command = Self::command(&line_of(adapter, lock));
        command.process_group(0).stderr(File::create(complaints).expect("a file for stderr"));
        Self::spawn(adapter, command)
    }

    #[track_caller]
    fn run(adapter: Adapter, line: &[PathBuf], stderr: Stdio) -> Self {
        let mut command = Self::command(line);
        command.stderr(stderr);
        Self::spawn(adapter, command)
    }

    fn command(line: &[PathBuf]) -> Command {
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    #[track_caller]
    fn spawn(adapter: Adapter, mut command: Command) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let (tell, answers) = channel();
        let stdout = child.stdout.take().expect("a pipe");
        thread::spawn(move || read(stdout, &tell));
        let stdin = child.stdin.take();
        let mut player = Self { name: adapter.name().to_owned(), pid: child.id(), child, stdin, answers };
        let ready = player.answer();
        let pid = ready.strip_prefix("ready ").and_then(|pid| pid.parse().ok());
        player.pid = pid.unwrap_or_else(|| panic!("{}: {ready}", player.name));
        player.name = format!("{}-{}", adapter.name(), player.pid);
        player
    }

    /// The adapter and the process id, as in `sync-4711`: a name for its log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id of the player itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a command and does not wait for the answer.
    ///
    /// # Panics
    /// If the player has died.
    #[track_caller]
    pub fn send(&mut self, command: impl Display) {
        self.try_send(&command).unwrap_or_else(|error| panic!("{}: `{command}`: {error}", self.name));
    }

    /// As [`send`](Self::send), to a player that may have died.
    ///
    /// # Errors
    /// If it has.
    ///
    /// # Panics
    /// After `quit`.
    pub fn try_send(&mut self, command: impl Display) -> io::Result<()> {
        let stdin = self.stdin.as_mut().expect("open until `quit`");
        // One write: a player must not see half a command.
        stdin.write_all(format!("{command}\n").as_bytes())
    }

    /// Waits for the next answer.
    ///
    /// # Panics
    /// If the player has died, or after [`PATIENCE`].
    #[track_caller]
    pub fn answer(&self) -> String {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => panic!("hang: {} did not answer in {PATIENCE:?}", self.name),
            Err(RecvTimeoutError::Disconnected) => panic!("{} died and left an answer open", self.name),
        }
    }

    /// What a player that may have died has answered, or answers within that time.
    #[must_use]
    pub fn hear(&self, within: Duration) -> Heard {
        match self.answers.recv_timeout(within) {
            Ok(answer) => Heard::Answer(answer),
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::End,
        }
    }

    /// The next answer, if it is there already.
    ///
    /// # Panics
    /// If the player has died.
    #[must_use]
    #[track_caller]
    pub fn answer_now(&self) -> Option<String> {
        match self.answers.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("{} died and left an answer open", self.name),
        }
    }

    /// The next answer of a player that may have died, if it is there.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        self.answers.try_recv().ok()
    }

    /// Waits for the next answer, which must be the one given.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn expect(&self, answer: impl Display) {
        let got = self.answer();
        assert_eq!(got, answer.to_string(), "{}", self.name);
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

    /// Acquires, and says whether the lock is on loan from a lending server.
    ///
    /// # Panics
    /// If the answer is not `held`.
    #[track_caller]
    pub fn acquire(&mut self) -> bool {
        self.send("acquire");
        self.expect_held()
    }

    /// Waits for `held`, and says whether the lock is on loan.
    ///
    /// # Panics
    /// If the answer is another.
    #[track_caller]
    pub fn expect_held(&self) -> bool {
        match self.answer().as_str() {
            "held" => false,
            "held loan" => true,
            other => panic!("{}: {other}", self.name),
        }
    }

    /// Acquires a shared lock.
    ///
    /// # Panics
    /// If the answer is not `held shared`.
    #[track_caller]
    pub fn share(&mut self) {
        self.send("share");
        self.expect("held shared");
    }

    /// Acquires one of so many slots, and says which.
    ///
    /// # Panics
    /// If the answer is another.
    #[track_caller]
    pub fn slot(&mut self, permits: usize) -> usize {
        self.send(format!("slot {permits}"));
        self.expect_slot()
    }

    /// Waits for a slot, and says which.
    ///
    /// # Panics
    /// If the answer is another.
    #[track_caller]
    pub fn expect_slot(&self) -> usize {
        let answer = self.answer();
        let slot = answer.strip_prefix("held slot ").and_then(|slot| slot.parse().ok());
        slot.unwrap_or_else(|| panic!("{}: {answer}", self.name))
    }

    /// Begins `rounds` rounds of acquire, both witnesses, release, and does not wait for them: see
    /// [`expect_done`](Self::expect_done).
    ///
    /// # Panics
    /// If the player has died.
    #[track_caller]
    pub fn begin_rounds(&mut self, rounds: u64, hold_micros: u64, place: &Place) {
        let (counter, log) = (place.counter(), place.log(&self.name));
        self.send(format!("rounds {rounds} {hold_micros} {} {}", counter.display(), log.display()));
    }

    /// The same, each tried again and again until it is held; the answer is `done TRIES WOULD_BLOCK`.
    ///
    /// # Panics
    /// If the player has died.
    #[track_caller]
    pub fn begin_tries(&mut self, tries: u64, place: &Place) {
        let (counter, log) = (place.counter(), place.log(&self.name));
        self.send(format!("tries {tries} {} {}", counter.display(), log.display()));
    }

    /// Has every hold from here on seen by both witnesses.
    ///
    /// # Panics
    /// If the player has died.
    #[track_caller]
    pub fn witness(&mut self, place: &Place) {
        let (counter, log) = (place.counter(), place.log(&self.name));
        self.send(format!("witness {} {}", counter.display(), log.display()));
        self.expect("ok");
    }

    /// Has every hold from here on, of a share too, seen by both witnesses of shares.
    ///
    /// # Panics
    /// If the player has died.
    #[track_caller]
    pub fn witness_shares(&mut self, place: &Place) {
        self.send(format!("witness-shares {} {}", place.notes().display(), self.name));
        self.expect("ok");
    }

    /// Has it read without pause, each time for so long, until [`Place::stop`] is there.
    ///
    /// # Panics
    /// If the player has died.
    #[track_caller]
    pub fn begin_reads(&mut self, micros: u64, place: &Place) {
        self.send(format!("reads {micros} {} {}", place.notes().display(), self.name));
    }

    /// Releases.
    ///
    /// # Panics
    /// If that fails.
    #[track_caller]
    pub fn release(&mut self) {
        self.send("release");
        self.expect("released");
    }

    /// Waits for the end of `rounds`, and says how often the npm package gave up in between because the server went away.
    ///
    /// # Panics
    /// If the answer is another.
    #[track_caller]
    pub fn expect_done(&self, rounds: u64) -> u64 {
        let answer = self.answer();
        let resets = match answer.split(' ').collect::<Vec<_>>()[..] {
            ["done", done] if done.parse() == Ok(rounds) => Some(0),
            ["done", done, resets] if done.parse() == Ok(rounds) => resets.parse().ok(),
            _ => None,
        };
        resets.unwrap_or_else(|| panic!("{}: {answer}", self.name))
    }

    /// Lets it settle, ends it, and waits for its end.
    ///
    /// # Panics
    /// If it does not exit with 0.
    #[track_caller]
    pub fn quit(mut self) {
        self.send("quit");
        let status = self.wait();
        assert!(status.success(), "{}: {status}", self.name);
    }

    /// As [`quit`](Self::quit); does something else all the while.
    ///
    /// # Panics
    /// If it does not exit with 0.
    #[track_caller]
    pub fn quit_while(mut self, mut other: impl FnMut()) {
        self.send("quit");
        self.stdin = None;
        let status = watch_for(&format!("{} to end", self.name), || {
            other();
            self.child.try_wait().expect("wait")
        });
        assert!(status.success(), "{}: {status}", self.name);
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    ///
    /// # Panics
    /// If it had died of something else.
    #[track_caller]
    pub fn kill(mut self) {
        let status = self.kill_and_wait();
        assert_eq!(status.signal(), Some(9), "{}: {status}", self.name);
    }

    /// Kills it (SIGKILL), waits until it is gone, and says what it died of.
    ///
    /// # Panics
    /// If there is no such process any more.
    #[track_caller]
    pub fn kill_and_wait(&mut self) -> ExitStatus {
        process::signal(self.pid, Signal::KILL);
        self.wait()
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// If that cannot be told.
    #[must_use]
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("wait").is_none()
    }

    /// Waits for its end, whatever ends it.
    ///
    /// # Panics
    /// After [`PATIENCE`].
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        self.stdin = None;
        let what = format!("{} to end", self.name);
        watch_for(&what, || self.child.try_wait().expect("wait"))
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            if self.pid != self.child.id() {
                // Killing strace alone would let the player run on.
                process::signal(self.pid, Signal::KILL);
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A binary of this build: beside the program that runs, or, for a test, one folder up.
///
/// # Panics
/// If it was not built.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let found = program.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no `{name}` beside {}: run `cargo build --workspace` first", program.display()))
}

fn read(stdout: ChildStdout, tell: &Sender<String>) {
    for line in BufReader::new(stdout).lines() {
        let Ok(line) = line else { return };
        if tell.send(line).is_err() {
            return;
        }
    }
}
