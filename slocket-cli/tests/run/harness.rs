//! Starts the tool, talks with it, and looks after it: nothing outlives a test, nothing hangs for ever.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;

/// The tool.
pub(crate) const SLOCKET: &str = env!("CARGO_BIN_EXE_slocket");

/// Only for what hangs.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// Sets or clears the mark of a socket, as its owner does around a loan.
pub(crate) fn set_mark(path: &Path, marked: bool) {
    let (mode, seconds) = if marked { (0o1600, 1_397_509_955) } else { (0o600, 1_397_509_956) };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("ours");
}

/// Whether this machine has a tool that a test needs. If not: says so, and fails under `CI=true`.
#[track_caller]
pub(crate) fn has(tool: &str) -> bool {
    let version = Command::new(tool).arg("--version").stdin(Stdio::null()).output();
    version.is_ok_and(|version| version.status.success()) || skip(&format!("no {tool}"))
}

/// Says that the test of this thread is skipped, and why, and fails under `CI=true`: always false.
#[track_caller]
pub(crate) fn skip(reason: &str) -> bool {
    let line = format!("{}: SKIPPED: {reason}", thread::current().name().unwrap_or("main"));
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}");
    // Past the capture of what tests write.
    let _ = writeln!(io::stderr(), "{line}");
    false
}

/// Looks again and again until `seen` gives something, and gives it back.
#[track_caller]
pub(crate) fn watch_for<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = seen() {
            return found;
        }
        assert!(began.elapsed() < HANG, "hang: {what}");
        // Only to leave the processor to those that are watched.
        thread::yield_now();
    }
}

/// The sentries of a tool, once they watch.
#[track_caller]
pub(crate) fn sentries_of(tool: u32) -> Vec<Pid> {
    let is_sentry =
        |pid: &str| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"slocket: sentry"));
    // It sleeps for the first time when it watches.
    let sleeps = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" S"))
    };
    watch_for("there are no sentries", || {
        let children = fs::read_to_string(format!("/proc/{tool}/task/{tool}/children")).expect("it lives");
        let sentries: Vec<_> = children.split_whitespace().filter(|pid| is_sentry(pid) && sleeps(pid)).collect();
        (sentries.len() == SENTRIES)
            .then(|| sentries.iter().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect())
    })
}

/// How many a tool has.
const SENTRIES: usize = 2;

/// A command that says `up`, ends with code 0 when it reads a line, and with 1 at the end of its input.
pub(crate) const HOLD: [&str; 3] = ["sh", "-c", "echo up; read x"];

/// A folder with one lock, in which nothing may be left.
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::with_prefix("slocket-cli-").expect("a temporary folder") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it exists")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.path().join("lock")
    }

    /// `slocket run OPTIONS LOCK -- COMMAND`
    pub(crate) fn run<S: AsRef<OsStr>>(&self, options: &[&str], command: &[S]) -> Command {
        run(options, &self.lock(), command)
    }

    /// Exits 0 if the lock is free, after having held it.
    #[track_caller]
    pub(crate) fn assert_free(&self) {
        start(self.run(&["-n"], &["true"])).assert_end(0, "", "");
    }

    #[track_caller]
    pub(crate) fn assert_held(&self) {
        start(self.run(&["-nq"], &["true"])).assert_end(75, "", "");
    }

    /// The lock becomes free and leaves nothing behind.
    #[track_caller]
    pub(crate) fn assert_becomes_free(&self) {
        start(self.run(&["-q", "-w", "60"], &["true"])).assert_end(0, "", "");
        self.assert_empty();
    }

    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        let left: Vec<_> =
            fs::read_dir(self.path()).expect("it exists").map(|entry| entry.expect("it exists")).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// `slocket run OPTIONS PATH -- COMMAND`, with no signal ignored: the process that started the tests may ignore some.
pub(crate) fn run<S: AsRef<OsStr>>(options: &[&str], path: &Path, command: &[S]) -> Command {
    let mut run = Command::new("env");
    run.args(["--default-signal", SLOCKET, "run"]).args(options).arg(path).arg("--").args(command);
    without_preferences(&mut run);
    run
}

/// A process with pipes on all three sides.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    errors: Receiver<String>,
}

/// What a user may have set for tools, and that changes what they say.
const PREFERENCES: [&str; 4] = ["RUST_LOG", "SLOCKET_LOG", "NO_COLOR", "CLICOLOR_FORCE"];

/// Takes preferences out of the environment, but those that the test states.
pub(crate) fn without_preferences(command: &mut Command) {
    for name in PREFERENCES {
        if command.get_envs().all(|(stated, _)| stated != name) {
            command.env_remove(name);
        }
    }
}

/// Starts a process, without the preferences of the user that runs the tests.
#[track_caller]
pub(crate) fn start(mut command: Command) -> Process {
    without_preferences(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    Process {
        input: child.stdin.take(),
        output: lines(child.stdout.take().expect("piped")),
        errors: lines(child.stderr.take().expect("piped")),
        child,
    }
}

/// Starts `slocket run OPTIONS LOCK` with a command that holds the lock, and returns when it does.
#[track_caller]
pub(crate) fn hold(folder: &Folder, options: &[&str]) -> Process {
    let holder = start(folder.run(options, &HOLD));
    holder.expect_output("up");
    holder
}

/// Ends with this code and says why, in three lines at most.
#[track_caller]
pub(crate) fn fails(command: Command, code: i32, reason: &str) {
    let (ended, errors) = start(command).end();
    assert_eq!(ended, Some(code), "{errors}");
    assert!(errors.starts_with("slocket: ") && errors.contains(reason), "{errors}");
    assert!(errors.lines().count() <= 3, "{errors}");
}

/// Reads lines, each with its end, so that an incomplete line is seen, too.
fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let _ = send.send(String::from_utf8_lossy(&line).into_owned());
            line.clear();
        }
    });
    lines
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub(crate) fn expect_output(&self, line: &str) {
        assert_eq!(self.output.recv_timeout(HANG), Ok(format!("{line}\n")));
    }

    /// The next line on standard output, without its end.
    #[track_caller]
    pub(crate) fn output_line(&self) -> String {
        let line = self.output.recv_timeout(HANG).expect("a line on standard output");
        line.strip_suffix('\n').expect("a whole line").to_owned()
    }

    /// The next line on standard error, without its end.
    #[track_caller]
    pub(crate) fn error_line(&self) -> String {
        let line = self.errors.recv_timeout(HANG).expect("a line on standard error");
        line.strip_suffix('\n').expect("a whole line").to_owned()
    }

    /// Lets the command that waits for a line go on.
    #[track_caller]
    pub(crate) fn tell(&mut self) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(b"go\n").expect("it reads its input");
    }

    /// Closes its standard input.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it lives, or is a zombie");
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is a child").is_none()
    }

    /// Waits for the end of the process itself, which others that have its pipes may outlive.
    #[track_caller]
    pub(crate) fn status(&mut self) -> ExitStatus {
        let pid = self.pid();
        let (send, ended) = mpsc::channel();
        thread::spawn(move || {
            // Does not reap: the number stays its own until the wait below.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == rustix::io::Errno::INTR) {}
            let _ = send.send(());
        });
        ended.recv_timeout(HANG).expect("it ends");
        self.child.wait().expect("it is a child")
    }

    /// Waits for the end and compares exit code and all that was not read yet.
    #[track_caller]
    pub(crate) fn assert_end(mut self, code: i32, output: &str, errors: &str) {
        let status = self.status();
        let (out, err) = (rest(&self.output), rest(&self.errors));
        assert_eq!((status.code(), &*out, &*err), (Some(code), output, errors), "{status}");
    }

    /// Waits for the end and returns exit code and standard error; there is nothing on standard output.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = self.status();
        assert_eq!(rest(&self.output), "");
        (status.code(), rest(&self.errors))
    }

    /// Waits until it has died of a signal.
    #[track_caller]
    pub(crate) fn assert_killed_by(&mut self, signal: Signal) {
        assert_eq!(self.status().signal(), Some(signal.as_raw()));
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its input ends with it, and with that the commands of these tests.
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that comes until the other end is closed.
#[track_caller]
fn rest(lines: &Receiver<String>) -> String {
    let mut rest = String::new();
    loop {
        match lines.recv_timeout(HANG) {
            Ok(line) => rest.push_str(&line),
            Err(RecvTimeoutError::Disconnected) => return rest,
            Err(RecvTimeoutError::Timeout) => panic!("a process still writes after {rest:?}"),
        }
    }
}
