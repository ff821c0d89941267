//! Scripts that use flock(1) in the usual ways, word for word, except the command's name.

use std::fs;
use std::process::{Command, Stdio};

use crate::harness::{Folder, SLOCKET, fails, start};

/// What a script writes to standard output, with its own exit code at the end.
///
/// `LOCK` in it is the lock. Messages on standard error are in the tools' own words.
#[track_caller]
fn outcome(script: &str, tool: &str) -> String {
    let folder = Folder::new();
    let script = script.replace("flock", tool).replace("LOCK", folder.lock().to_str().expect("UTF-8"));
    // The process that started the tests may ignore signals.
    let mut command = Command::new("env");
    command.args(["--default-signal", "bash", "-c", &script]).env("SHELL", "/bin/bash").current_dir(folder.path());
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().expect("bash");
    format!("{}{}\n", String::from_utf8_lossy(&output.stdout), output.status)
}

#[track_caller]
fn same(script: &str, expected: &str) {
    let flock = outcome(script, "flock");
    assert_eq!(flock, expected, "flock(1) itself");
    assert_eq!(outcome(script, &format!("{SLOCKET} run")), flock);
}

/// Begins a hold in the background that ends when a line is written to descriptor 7.
const HOLD: &str = r#"
mkfifo go up
flock LOCK -c 'echo > up; read x < go' &
read x < up
exec 7<> go
"#;

#[test]
fn cron_skips_a_run() {
    let script = format!(
        "{HOLD}
flock -n -E 9 LOCK echo 'the second run'
echo \"skipped: $?\"
flock --nonblock -E 0 LOCK -c 'echo the third run' || echo never
echo >&7
wait
flock -n LOCK -c 'echo the next run; exit 3'"
    );
    same(&script, "skipped: 9\nthe next run\nexit status: 3\n");
}

#[test]
fn deploys_one_after_the_other() {
    let script = r#"
echo 0 > count
for n in 1 2 3 4 5 6; do
  flock -x LOCK sh -c 'read c < count; sleep 0.01; echo $((c + 1)) > count' &
done
wait
cat count
flock LOCK test -e count && echo deployed"#;
    same(script, "6\ndeployed\nexit status: 0\n");
}

#[test]
fn a_time_out_with_its_own_exit_code() {
    let script = format!(
        "{HOLD}
flock -w 0.1 -E 42 LOCK echo ran
echo \"code $?\"
flock --timeout 0.1 --conflict-exit-code 43 -e LOCK -c 'echo ran'
echo \"code $?\"
echo >&7
flock -w 60 -E 42 LOCK echo ran"
    );
    same(&script, "code 42\ncode 43\nran\nexit status: 0\n");
}

#[test]
fn a_line_for_the_shell() {
    let script = r#"
flock LOCK -c 'echo "$0 and $#" | tr a-z A-Z; exit 5'
echo "code $?"
flock -n LOCK --command 'kill -TERM $$'
echo "code $?"
flock LOCK sh -c 'for word; do echo "<$word>"; done' sh -n 'a b' -c -- x
flock LOCK /no/such/command"#;
    let upper = "/BIN/BASH AND 0\ncode 5\ncode 143\n<-n>\n<a b>\n<-c>\n<-->\n<x>\n";
    // flock(1) says 69 where a shell, and this tool, say 127.
    assert_eq!(outcome(script, "flock"), format!("{upper}exit status: 69\n"));
    assert_eq!(outcome(script, &format!("{SLOCKET} run")), format!("{upper}exit status: 127\n"));
}

/// What the command leaves behind keeps the lock, unless `-o` says otherwise.
#[test]
fn the_lock_is_inherited() {
    let script = r#"
mkfifo go
exec 7<> go
flock LOCK -c '(read x <&7) > /dev/null 2>&1 &'
flock -n -E 9 LOCK true
echo "the child keeps it: $?"
echo >&7
flock LOCK true
echo "and gives it back: $?"
flock -o LOCK -c '(read x <&7) > /dev/null 2>&1 &'
flock -n -E 9 LOCK true
echo "not with -o: $?"
echo >&7"#;
    same(script, "the child keeps it: 9\nand gives it back: 0\nnot with -o: 0\nexit status: 0\n");
}

/// A hold of a shared lock in the background that ends when a line is written to descriptor 7.
const READ: &str = r#"
mkfifo go up
flock -s LOCK -c 'echo > up; read x < go' &
read x < up
exec 7<> go
"#;

#[test]
fn readers_and_a_writer() {
    let script = format!(
        r#"{READ}
flock -sn LOCK echo 'a second reader'
flock -s -n LOCK -c 'flock --shared --nonblock LOCK echo "a third one"'
flock -n -E 9 LOCK echo never
echo "the writer: $?"
flock -x -w 0.1 -E 8 LOCK echo never
echo "the writer: $?"
flock -sw 5 LOCK echo 'a fourth one, and no writer waits any more'
echo >&7
wait
flock -ew 5 LOCK -c 'flock -sn -E 7 LOCK echo never; echo "a reader beside it: $?"'
flock -xsn LOCK -c 'flock -n -s LOCK echo "the last option counts"'
flock -s -E 6 -x -n LOCK -c 'flock -s -n -E 6 LOCK echo never'"#
    );
    let expected = "a second reader\na third one\nthe writer: 9\nthe writer: 8\n\
                    a fourth one, and no writer waits any more\na reader beside it: 7\n\
                    the last option counts\nexit status: 6\n";
    same(&script, expected);
}

#[test]
fn a_cache_that_many_read_and_one_fills() {
    let script = r#"
for n in 1 2 3 4 5 6; do
  flock -s LOCK sh -c 'test -e cache && cat cache' || flock LOCK sh -c 'test -e cache || { echo made; sleep 0.01; echo cached > cache; }'
done
for n in 1 2 3; do flock -s -w 60 LOCK cat cache & done
wait
flock -so LOCK -c '(sleep 0.01) &'
flock -w 60 LOCK rm cache
flock --shared LOCK test -e cache"#;
    let cached = "cached\n".repeat(5 + 3);
    same(script, &format!("made\n{cached}exit status: 1\n"));
}

/// What the command leaves behind keeps its share, unless `-o` says otherwise.
#[test]
fn a_shared_lock_is_inherited() {
    let script = r#"
mkfifo go
exec 7<> go
flock -s LOCK -c '(read x <&7) > /dev/null 2>&1 &'
flock -n -E 9 LOCK true
echo "the child keeps it: $?"
flock -sn LOCK true
echo "readers are welcome: $?"
echo >&7
flock LOCK true
echo "and gives it back: $?"
flock -so LOCK -c '(read x <&7) > /dev/null 2>&1 &'
flock -n -E 9 LOCK true
echo "not with -o: $?"
echo >&7"#;
    let said = "the child keeps it: 9\nreaders are welcome: 0\nand gives it back: 0\nnot with -o: 0\n";
    same(script, &format!("{said}exit status: 0\n"));
}

/// The lines of docs/from-flock.md by which a script starts itself under a lock; and what it calls does the same.
#[test]
fn a_script_that_starts_itself_under_the_lock() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/from-flock.md")).expect("the page");
    let lines: Vec<_> =
        page.lines().map(str::trim).skip_while(|line| !line.starts_with("[ \"${LOCKED")).take(2).collect();
    let folder = Folder::new();
    let script = |name: &str, rest: &str| {
        let lock = folder.path().join(format!("{name}.lock")).display().to_string();
        let begin =
            lines.join("\n").replace("slocket run", &format!("{SLOCKET} run")).replace("/run/backup/lock", &lock);
        let held = format!("{SLOCKET} run -nq {lock} true; echo \"{name} $1 $?\"");
        fs::write(folder.path().join(name), format!("set -u\n{begin}\n{held}\n{rest}\n")).expect("a script");
    };
    script("inner", "echo \"${LOCKED-unset}\"");
    script("outer", "sh ./inner 'a b'; sh inner c");
    let mut command = Command::new("sh");
    let output = command.args(["outer", "x"]).current_dir(folder.path()).stdin(Stdio::null()).output().expect("sh");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "outer x 75\ninner a b 75\nunset\ninner c 75\nunset\n",
        "{output:?}"
    );
}

fn run(args: &[&str]) -> Command {
    let mut command = Command::new(SLOCKET);
    command.arg("run").args(args);
    command
}

/// What has no counterpart is refused before anything is done, and the message says what to write instead.
#[test]
fn what_is_refused() {
    for (args, reason) in [
        (&["9"][..], "write: slocket run PATH -c "),
        (&["-n", "9"], "9: a descriptor cannot be locked"),
        (&["-u", "9"], "released when the command ends"),
        (&["-s", "9"], "write: slocket run PATH -c "),
        (&["-F", "lock", "true"], "leave it out"),
        (&["lock", "-c", "true", "x"], "cannot be used with"),
        (&["--slots", "4"], "<PATH>"),
    ] {
        let folder = Folder::new();
        let mut command = run(args);
        command.current_dir(folder.path());
        if reason == "cannot be used with" || reason == "<PATH>" {
            let (code, errors) = start(command).end();
            assert!(code == Some(64) && errors.contains(reason), "{errors}");
        } else {
            fails(command, 64, reason);
        }
        folder.assert_empty();
    }
}

#[test]
fn verbose() {
    let folder = Folder::new();
    let lock = folder.lock();
    let lock = lock.to_str().expect("UTF-8");
    let (code, errors) = start(run(&["--verbose", lock, "true"])).end();
    assert_eq!(code, Some(0));
    let lines: Vec<_> = errors.lines().collect();
    assert!(lines[0].contains(": getting the lock took ") && lines[1].ends_with(": running true"), "{errors}");
    assert_eq!(lines.len(), 2, "{errors}");
    let (code, errors) = start(run(&["--verbose", "--slots", "2", lock, "true"])).end();
    assert!(code == Some(0) && errors.ends_with(": running true in slot 0\n"), "{errors}");
}
