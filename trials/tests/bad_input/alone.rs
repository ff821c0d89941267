//! A test in a process of its own: this very binary, started again in the surroundings that the test needs.

use std::any::type_name;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::{env, fs, io, thread};

use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use tempfile::TempDir;
use trials::lock::warm_up;
use trials::{Adapter, UNDER_TRIAL, tell};

use crate::census::Census;
use crate::scene::HANG;

/// Tells the process that it is the inside of a test, and of which one.
const INSIDE: &str = "SLOCKET_BAD_INPUT";

/// What a test says that could not be run.
const SKIPPED: &str = "SKIPPED: ";

/// A user that owns nothing, for what root may do but others may not.
pub(crate) const NOBODY: u32 = 65534;

/// What surrounds the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Nothing special.
    Plain,
    /// A user to whom permissions apply: this one, or ours if we are not root.
    User(u32),
    /// A user in the group of [`NOBODY`]. Needs root.
    Member(u32),
    /// A user namespace of this user, which is root there, and the only one with a name there. Needs root.
    RootOfItsOwn(u32),
    /// A user namespace in which no user has a name.
    Nameless,
    /// Mounts of its own.
    Mounts,
    /// The same, and every connect(2) takes a while.
    MountsSlowConnects,
    /// A network of its own, for its `net.core.somaxconn`.
    Network,
    /// Process ids of its own.
    Processes,
    /// A user namespace of its own, for its limits.
    Limits,
    /// The first waits of every thread are interrupted, as by signals.
    Interrupted,
    /// Every change of a mode takes a while.
    SlowModes,
    /// Every change of the mode of an open file takes a while.
    SlowFileModes,
    /// A while passes after every bind(2).
    SlowBinds,
    /// statfs(2) says that every file system is of this type.
    FileSystem(u32),
    /// The first bind(2) of every process fails with this.
    NoSockets(&'static str),
    /// Every mkfifo fails with this.
    NoFifos(&'static str),
}

/// Runs `inside` in a process of its own, which may leave nothing behind.
#[track_caller]
pub(crate) fn alone<I: FnOnce()>(setting: Setting, inside: I) {
    run(&name_of::<I>(), setting, |_| {}, |_| inside());
}

/// Runs `inside` in a process of its own, and `outside` here, meanwhile; they can talk.
#[track_caller]
pub(crate) fn beside<O: FnOnce(&mut Talk), I: FnOnce(&mut Talk)>(setting: Setting, outside: O, inside: I) {
    run(&name_of::<O>(), setting, outside, inside);
}

/// Runs a test that needs root: for another user, or for what only root may mount.
#[track_caller]
pub(crate) fn with_root<T: FnOnce()>(test: T) {
    if env::var_os(INSIDE).is_none() && !geteuid().is_root() {
        as_root(&name_of::<T>());
    } else {
        test();
    }
}

/// The name of the test that the closure is in.
fn name_of<F>() -> String {
    let name = type_name::<F>();
    let (_, name) = name.split_once("::").expect("a path");
    name.trim_end_matches("::{{closure}}").to_owned()
}

#[track_caller]
fn run(name: &str, setting: Setting, outside: impl FnOnce(&mut Talk), inside: impl FnOnce(&mut Talk)) {
    if let Ok(wanted) = env::var(INSIDE) {
        // A test may need several processes: this is one of them.
        if wanted == format!("{setting:?}") {
            let talk = io::stdin().as_fd().try_clone_to_owned().expect("a descriptor");
            let mut talk = Talk::new(UnixStream::from(talk));
            // What the runtime has from its first use on is not a leak.
            warm_up(Adapter::under_trial());
            let census = Census::take();
            inside(&mut talk);
            census.assert_same();
        }
        return;
    }
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let mut output = tempfile::tempfile().expect("a temporary file");
    let (child, _copy) = match start(name, setting, theirs, &output) {
        Ok(child) => child,
        Err(reason) => return skip(name, reason),
    };
    let mut talk = Talk::new(ours);
    let result = catch_unwind(AssertUnwindSafe(|| outside(&mut talk)));
    drop(talk);
    let status = wait(child);
    output.rewind().expect("a file");
    let mut text = String::new();
    output.read_to_string(&mut text).expect("text");
    let passed = status.is_some_and(|status| status.success()) && text.contains("test result: ok. 1 passed");
    assert!(passed, "the process of {name} ({setting:?}) failed ({status:?}):\n{text}");
    for line in text.lines().filter(|line| line.contains(SKIPPED)) {
        tell(line);
    }
    if let Err(panic) = result {
        resume_unwind(panic);
    }
}

fn start(
    name: &str,
    setting: Setting,
    stdin: UnixStream,
    output: &fs::File,
) -> Result<(Child, Option<TempDir>), String> {
    let program = env::current_exe().expect("a program");
    let stdin = OwnedFd::from(stdin);
    let spawn = |program: &Path| {
        let mut command = setting.command(program)?;
        command.args(["--exact", name, "--nocapture"]).env(INSIDE, format!("{setting:?}"));
        command.current_dir("/").process_group(0);
        let pipe = |file: &fs::File| Stdio::from(file.try_clone().expect("a descriptor"));
        command.stdin(stdin.try_clone().expect("a descriptor")).stdout(pipe(output)).stderr(pipe(output));
        Ok::<_, String>(command.spawn())
    };
    // A tool that starts it for another user cannot say why it could not.
    if !matches!(setting, Setting::RootOfItsOwn(_)) {
        match spawn(&program)? {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            result => return Ok((result.expect("it starts"), None)),
        }
    }
    // That user may not come to where the binary is.
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("ours");
    let copy = folder.path().join("test");
    // Not by this process: what it has open to write is inherited by what other threads start, and cannot be run meanwhile.
    let copied = Command::new("cp").arg(&program).arg(&copy).status().expect("cp");
    assert!(copied.success(), "a copy: {copied}");
    // Whatever the umask.
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("ours");
    Ok((spawn(&copy)?.expect("it starts"), Some(folder)))
}

impl Setting {
    /// How `program` is started in the setting; or why that is not possible.
    fn command(self, program: &Path) -> Result<Command, String> {
        let is_root = geteuid().is_root();
        let unshare = |what: &str| format!("unshare {} {what}", if is_root { "" } else { "--map-root-user" });
        let tool = match self {
            Self::Plain => return Ok(Command::new(program)),
            Self::User(_) | Self::Member(_) if !is_root => return Ok(Command::new(program)),
            Self::User(user) | Self::Member(user) => {
                let mut command = Command::new(program);
                command.uid(user).gid(if self == Self::User(user) { user } else { NOBODY });
                return Ok(command);
            }
            Self::RootOfItsOwn(_) => "unshare --user --map-root-user".to_owned(),
            Self::Nameless => "unshare --user".to_owned(),
            Self::Mounts => unshare("--mount"),
            Self::MountsSlowConnects => unshare(&format!("--mount {}", strace("connect", "delay_enter=1000"))),
            Self::Network => unshare("--net"),
            Self::Processes => unshare("--pid --fork"),
            Self::Limits => "unshare --user --map-root-user".to_owned(),
            Self::Interrupted => strace("poll,ppoll,epoll_wait,epoll_pwait,epoll_pwait2", "error=EINTR:when=1..3"),
            Self::SlowModes => strace("chmod,fchmodat", "delay_enter=500000"),
            Self::SlowFileModes => strace("fchmod", "delay_enter=500000"),
            Self::SlowBinds => strace("bind", "delay_exit=300000"),
            Self::NoSockets(error) => strace("bind", &format!("error={error}:when=1")),
            Self::NoFifos(error) => strace("mknod,mknodat", &format!("error={error}")),
            Self::FileSystem(magic) => {
                let bytes: String = u64::from(magic).to_ne_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                strace("statfs,fstatfs", &format!("poke_exit=@arg2={bytes}"))
            }
        };
        let mut words = tool.split_whitespace();
        let tool = words.next().expect("a word");
        let run = |program: &Path| {
            let mut command = Command::new(tool);
            command.args(words.clone()).arg(program);
            if let Self::RootOfItsOwn(user) = self {
                command.uid(user).gid(user);
            }
            command
        };
        match run(Path::new("true")).output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!("no {tool}")),
            Err(error) => Err(format!("{tool}: {error}")),
            Ok(output) if !output.status.success() => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Ok(_) => Ok(run(program)),
        }
    }
}

/// The command that interferes with some system calls.
fn strace(calls: &str, interference: &str) -> String {
    format!("strace -f -o /dev/null -e trace={calls} -e inject={calls}:{interference}")
}

/// Runs the whole test as root, if sudo(8) lets us without a password.
#[track_caller]
fn as_root(name: &str) {
    let program = env::current_exe().expect("a program");
    let may = Command::new("sudo").args(["--non-interactive", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return skip(name, "it needs root, and we are not");
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", "env"]).arg(format!("{UNDER_TRIAL}={}", Adapter::under_trial().name()));
    command.arg(program).args(["--exact", name, "--nocapture"]);
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("test result: ok. 1 passed"), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Says, in the process of a test, that it cannot be run here; with `CI=true` that is a failure.
#[track_caller]
pub(crate) fn skip_here(reason: impl Display) {
    skip(&env::args().nth(2).expect("the name of the test"), reason);
}

/// Says that a test cannot be run here; with `CI=true` that is a failure.
#[track_caller]
fn skip(name: &str, reason: impl Display) {
    let line = format!("{name}: {SKIPPED}{reason}");
    assert!(env::var("CI").as_deref() != Ok("true"), "{line}");
    tell(line);
}

/// Waits for the end; if it does not come, makes one, and tells `None`.
fn wait(mut child: Child) -> Option<ExitStatus> {
    let group = Pid::from_child(&child);
    let (send, ended) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let _ = send.send(child.wait());
    });
    let status = ended.recv_timeout(HANG);
    if status.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = waiter.join();
    status.ok().and_then(Result::ok)
}

/// A line of talk between the two processes of a test.
pub(crate) struct Talk {
    stream: BufReader<UnixStream>,
}

impl Talk {
    fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(HANG)).expect("a time-out");
        Self { stream: BufReader::new(stream) }
    }

    /// Says a line.
    #[track_caller]
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stream.get_mut(), "{line}").expect("the other process lives");
    }

    /// Waits for a line.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the other process answers");
        line.strip_suffix('\n').expect("the other process lives").to_owned()
    }

    /// Waits for this very line.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.hear(), line);
    }
}
