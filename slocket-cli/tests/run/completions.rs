//! The completions, as each shell has them: what comes up when a user types.
#![cfg(target_os = "linux")]

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::harness::has;
use crate::terminal::at_terminal;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/completions");

/// What a shell writes when it runs a script with the file of completions as `$1`, or `$argv[1]`.
#[track_caller]
fn said(shell: &[&str], script: &str, file: &str) -> String {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["-c", script]).args(&shell[..1]).arg(Path::new(FOLDER).join(file));
    let output = command.output().expect("the shell starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn bash() {
    let script = r#"
source "$1"
typed() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    "$(complete -p slocket | sed 's/.*-F \([^ ]*\).*/\1/')" slocket "${@: -1}" "${@: -2:1}"
    echo "${COMPREPLY[*]}"
}
typed slocket ''
typed slocket s
typed slocket run --wa
typed slocket status --j"#;
    let all = "-h -V --help --version run status wait help";
    assert_eq!(said(&["bash", "--norc"], script, "slocket.bash"), format!("{all}\nstatus\n--wait\n--json\n"));
}

#[test]
fn fish() {
    if !has("fish") {
        return;
    }
    let script = "
set -l file $argv[2]
source $file
for typed in 'slocket ' 'slocket s' 'slocket run --wa' 'slocket status --j'
    complete -C $typed | string replace -r '\\t.*' ''
end";
    let all = "help\nrun\nstatus\nwait";
    assert_eq!(said(&["fish", "--no-config"], script, "slocket.fish"), format!("{all}\nstatus\n--wait\n--json\n"));
}

/// It completes at a terminal only.
#[test]
fn zsh() {
    if !has("zsh") {
        return;
    }
    let mut command = Command::new("setsid");
    command.args(["--ctty", "zsh", "-f", "-i"]).env("TERM", "xterm").env("COLUMNS", "200");
    let (mut shell, mut screen) = at_terminal(&mut command);
    let mut keys = screen.keys.try_clone().expect("a descriptor");
    let mut press = |text: &str| keys.write_all(text.as_bytes()).expect("a terminal");
    press(&format!("fpath=({FOLDER} $fpath); autoload -Uz compinit; compinit -D -u; PS1=rea''dy\n"));
    screen.until("ready");
    press("slocket \t");
    for command in
        ["Run a command while", "Show the holder of a lock", "Wait until a lock is free", "Print this message"]
    {
        screen.until(command);
    }
    press("run --wa\t");
    screen.until("run --wait");
    drop(screen);
    let _ = shell.kill();
    shell.wait().expect("it ends");
}
