//! What the tool was given by its parent, and the command gets from it: signals, descriptors.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::harness::{Folder, SLOCKET, start, watch_for};

/// `env OPTIONS slocket run LOCK COMMAND`
fn under(options: &[&str], folder: &Folder, command: &[&str]) -> Command {
    let mut env = Command::new("env");
    env.arg("--default-signal").args(options).args([SLOCKET, "run"]).arg(folder.lock()).args(command);
    env
}

/// It must not wait for a signal that never comes.
#[test]
fn sigchld_may_be_blocked_or_ignored() {
    for option in ["--block-signal=CHLD", "--ignore-signal=CHLD", "--block-signal"] {
        let folder = Folder::new();
        start(under(&[option], &folder, &["sh", "-c", "exit 6"])).assert_end(6, "", "");
        start(under(&[option], &folder, &["sh", "-c", "kill -KILL $$"])).assert_end(137, "", "");
        start(under(&[option], &folder, &["slocket-test-no-such-command"])).end();
        folder.assert_empty();
    }
}

#[test]
fn what_was_blocked_or_ignored_is_so_for_the_command() {
    const SHOW: [&str; 3] = ["sed", "-n", "s/^Sig\\(Ign\\|Blk\\):[[:space:]]*//p"];
    for options in [
        &["-i"][..],
        &["--ignore-signal=PIPE"],
        &["--ignore-signal=HUP,INT,QUIT,TERM,USR1,USR2,WINCH,CONT,PIPE"],
        &["--ignore-signal=CHLD"],
        &["--ignore-signal=CHLD,PIPE"],
        &["--ignore-signal"],
        &["--block-signal=CHLD"],
        &["--block-signal=HUP,INT,QUIT,TERM,USR1,USR2,WINCH,CONT,PIPE,TTOU"],
        &["--block-signal"],
        &["--block-signal=TERM", "--ignore-signal=TERM,CHLD"],
    ] {
        let folder = Folder::new();
        let mut plain = Command::new("env");
        plain.arg("--default-signal").args(options).args(SHOW).arg("/proc/self/status");
        let expected = String::from_utf8(plain.output().expect("env").stdout).expect("hexadecimal");
        assert_eq!(expected.lines().count(), 2, "{expected}");
        let show = [&SHOW[..], &["/proc/self/status"]].concat();
        let output = under(options, &folder, &show).output().expect("it starts");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{options:?}: {output:?}");
        folder.assert_empty();
    }
}

/// To a command that blocks it, it comes when that lets it through.
#[test]
fn a_signal_that_is_blocked_is_relayed() {
    let folder = Folder::new();
    let mut tool = start(under(&["--block-signal=TERM"], &folder, &["sh", "-c", "echo $$; read x"]));
    let command = tool.output_line();
    tool.signal(Signal::TERM);
    watch_for("it is not passed on", || {
        let status = fs::read_to_string(format!("/proc/{command}/status")).expect("it lives");
        let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).expect("the kernel tells");
        (u64::from_str_radix(pending.trim(), 16) == Ok(1 << (Signal::TERM.as_raw() - 1))).then_some(())
    });
    tool.tell();
    tool.assert_end(0, "", "");
}

/// In a mount namespace of its own, in which `prepare` is done first.
fn apart(prepare: &str, folder: &Folder, rest: &str) -> Option<Command> {
    let mut possible = Command::new("unshare");
    possible.args(["-rm", "true"]).stderr(Stdio::null());
    if !possible.status().is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "unshare -rm must work in CI");
        eprintln!("not run: this user may not make user namespaces");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &format!("{prepare}; {rest}"), SLOCKET]).arg(folder.lock());
    Some(command)
}

#[test]
fn nohup_without_proc() {
    let folder = Folder::new();
    let script = "exec env --default-signal --ignore-signal=HUP \"$0\" run \"$1\" -- \
                  sh -c 'trap \"echo term; exit 3\" TERM; echo up; read x'";
    let Some(command) = apart("mount -t tmpfs none /proc", &folder, script) else { return };
    let tool = start(command);
    tool.expect_output("up");
    tool.signal(Signal::HUP);
    // Signals are passed on in order: had the first one killed it, it would be dead before the second.
    tool.signal(Signal::TERM);
    tool.assert_end(3, "term\n", "");
    folder.assert_empty();
}

#[test]
fn closed_without_dev_null() {
    let folder = Folder::new();
    let script = "exec \"$0\" run \"$1\" sh -c 'readlink /proc/$$/fd/0 || echo closed' <&-";
    let Some(command) = apart("mount -t tmpfs none /dev", &folder, script) else { return };
    start(command).assert_end(0, "closed\n", "");
    folder.assert_empty();
}

#[test]
fn what_was_closed_is_so_for_the_command() {
    let list = |closed: &str, words: &[&str], out: &Path| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec \"$@\" {closed}"), "sh"]).args(words);
        command.args(["sh", "-c", "ls /proc/$$/fd >\"$0\""]).arg(out);
        start(command).assert_end(0, "", "");
        fs::read_to_string(out).expect("it was written")
    };
    let (folder, notes) = (Folder::new(), Folder::new());
    let lock = folder.lock();
    for closed in ["", "<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
        let out = notes.path().join("list");
        let expected = list(closed, &["env"], &out);
        let run = [SLOCKET, "run", "-o", lock.to_str().expect("UTF-8")];
        assert_eq!(list(closed, &run, &out), expected, "{closed}");
    }
    folder.assert_empty();
}
