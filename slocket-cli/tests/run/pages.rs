//! The commands of `docs/at-most.md`, `docs/readers-and-writers.md`, `docs/from-sem.md` and of two guides, as they stand there. A script
//! stands for the programs that they start: it says when it runs, and notices if it does not run as it was meant to.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::available_parallelism;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{Folder, SLOCKET, has, watch_for};

/// The blocks of a page in that language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = fs::read_to_string(path).expect(page);
    let opening = format!("```{language}\n");
    let blocks: Vec<_> =
        text.split(&opening).skip(1).map(|rest| rest.split("```").next().expect("its end").to_owned()).collect();
    assert!(!blocks.is_empty(), "{page} has no {language}");
    blocks
}

/// What the pages' commands stand for: it has the slot for itself, and ends when it reads a line.
const WORK: &str = r#"#!/bin/sh
own=${SLOCKET_SLOT-$$}
mkdir "$STAGE/running/$own" || echo "slot $own twice" >> "$STAGE/faults"
echo "slot=${SLOCKET_SLOT-none} gpu=${CUDA_VISIBLE_DEVICES-none} database=${TEST_DATABASE-none}" >> "$STAGE/log"
timeout 60 sh -c 'read line < "$STAGE/go"' # (only for what hangs)
rmdir "$STAGE/running/$own"
"#;

/// A folder in which commands are run, with what they start, and a private folder for their locks.
struct Stage {
    folder: Folder,
    go: File,
}

impl Stage {
    fn new() -> Self {
        let folder = Folder::new();
        let path = folder.path();
        for inner in ["bin", "run", "running", "home", "cache", "source"] {
            fs::create_dir(path.join(inner)).expect("a folder");
        }
        symlink(SLOCKET, path.join("bin/slocket")).expect("a link");
        mknodat(CWD, path.join("go"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a FIFO");
        // Open for both: so no process waits for the other side.
        let go = File::options().read(true).write(true).open(path.join("go")).expect("the FIFO");
        Self { folder, go }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).expect("a script");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
    }

    fn command(&self, program: &str) -> Command {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").expect("a path"));
        let mut command = Command::new("env");
        command.args(["--default-signal", program]).env("PATH", path).env("XDG_RUNTIME_DIR", self.path("run"));
        command.env("STAGE", self.folder.path()).env("HOME", self.path("home")).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, script: &str) -> Child {
        self.command("sh").args(["-c", script]).spawn().expect("a shell")
    }

    /// Those that run, by their slots, or else by their process ids.
    fn running(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path("running")).expect("it is there");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
    }

    fn wait_until_running(&self, count: usize) -> BTreeSet<String> {
        watch_for("so many do not run", || Some(self.running()).filter(|running| running.len() >= count))
    }

    /// Lets all that run end, and all that will.
    fn let_go(&self) {
        (&self.go).write_all(&[b'\n'; 100]).expect("room");
    }

    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// No two commands met, and no lock is left.
    #[track_caller]
    fn assert_in_order(&self) {
        assert_eq!(self.lines("faults"), [""; 0]);
        let left: Vec<_> = fs::read_dir(self.path("run")).expect("it is there").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[track_caller]
fn said(child: Child) -> String {
    let Output { status, stdout, stderr } = child.wait_with_output().expect("its end");
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("text")
}

/// How many slots a script asks for.
fn slots(script: &str) -> usize {
    match script.split("--slots ").nth(1).and_then(|rest| rest.split(' ').next()) {
        Some("cpus") => available_parallelism().expect("it is known").get(),
        Some(number) => number.parse().expect("a number"),
        None => 1,
    }
}

#[test]
fn so_many_run_at_once_and_no_more() {
    let scripts = blocks("at-most.md", "sh");
    assert!(scripts.len() >= 8, "they are there");
    for script in scripts {
        let stage = Stage::new();
        for name in ["bin/make", "bin/cargo", "bin/pytest", "work", "train", "update-driver"] {
            stage.program(name, WORK);
        }
        for job in 0..5 {
            fs::write(stage.path(&format!("{job}.job")), "").expect("a file");
        }
        let slots = slots(&script);
        let times = slots + 2;
        let runs = times * if script.contains("*.job") { 5 } else { 1 };
        let all: Vec<_> = (0..times).map(|_| stage.start(&script)).collect();
        let running = stage.wait_until_running(slots);
        assert_eq!(running.len(), slots, "{script}");
        if script.contains("--slots") {
            assert_eq!(running, (0..slots).map(|slot| slot.to_string()).collect(), "{script}");
        }
        stage.let_go();
        all.into_iter().for_each(|child| _ = said(child));
        stage.assert_in_order();
        let log = stage.lines("log");
        assert_eq!(log.len(), runs, "{script}");
        // Each has what was made of the number of its slot.
        for line in log {
            let slot = line.split(['=', ' ']).nth(1).expect("a slot");
            let of = |name: &str, value: &str| if script.contains(name) { value.to_owned() } else { "none".into() };
            let (gpu, database) = (of("CUDA", slot), of("TEST_DATABASE", &format!("test_{slot}")));
            assert_eq!(line, format!("slot={slot} gpu={gpu} database={database}"), "{script}");
            assert!(slot == "none" || slot.parse::<usize>().expect("a number") < slots, "{script}");
        }
    }
}

#[test]
fn two_link_at_once() {
    if !has("make") {
        return;
    }
    let stage = Stage::new();
    fs::write(stage.path("Makefile"), &blocks("at-most.md", "make")[0]).expect("a file");
    stage.program("link", WORK);
    for name in ["one", "two", "three", "four"] {
        fs::write(stage.path(&format!("{name}.o")), "").expect("a file");
    }
    let make = stage.command("make").args(["-j16", "CC=./link"]).spawn().expect("make");
    assert_eq!(stage.wait_until_running(2), BTreeSet::from(["0", "1"].map(str::to_owned)));
    stage.let_go();
    said(make);
    assert_eq!(stage.lines("log").len(), 4);
    stage.assert_in_order();
}

#[test]
fn cargo_runs_its_tests_in_slots() {
    let stage = Stage::new();
    let lines = blocks("at-most.md", "toml")[0].replace("/run/user/1000", stage.path("run").to_str().expect("UTF-8"));
    assert!(lines.contains(stage.path("run").to_str().expect("UTF-8")));
    for (name, text) in [
        ("Cargo.toml", "[package]\nname = \"suite\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\ndoctest = false\n"),
        ("lib.rs", "#[test]\nfn slot() {\n    assert_eq!(std::env::var(\"SLOCKET_SLOT\").unwrap(), \"0\");\n}\n"),
        ("config.toml", &lines),
    ] {
        fs::write(stage.path(name), text).expect("a file");
    }
    fs::create_dir(stage.path(".cargo")).expect("a folder");
    fs::rename(stage.path("config.toml"), stage.path(".cargo/config.toml")).expect("it is moved");
    let mut cargo = stage.command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    // (Rust may be where only the real home says; and another cargo may use what is there.)
    cargo.env("HOME", std::env::var_os("HOME").unwrap_or_default()).env("CARGO_HOME", stage.path("home"));
    cargo.env_remove("RUSTFLAGS");
    cargo.args(["test", "--offline", "--target-dir", "target"]);
    let said = said(cargo.spawn().expect("cargo"));
    assert!(said.contains("test slot ... ok"), "{said}");
    stage.assert_in_order();
}

#[test]
fn builds_take_turns() {
    let stage = Stage::new();
    // With one name for all of them, two at once are a fault.
    stage.program("bin/make", &WORK.replace("${SLOCKET_SLOT-$$}", "alone"));
    let all: Vec<_> = (0..3).map(|_| stage.start(&blocks("guide-build.md", "sh")[0])).collect();
    assert_eq!(stage.wait_until_running(1).len(), 1);
    stage.let_go();
    all.into_iter().for_each(|child| _ = said(child));
    assert_eq!(stage.lines("log").len(), 3);
    stage.assert_in_order();
}

#[test]
fn a_job_that_still_runs_is_skipped() {
    let stage = Stage::new();
    stage.program("bin/backup", WORK);
    let script = &blocks("guide-cron.md", "sh")[0];
    let first = stage.start(script);
    stage.wait_until_running(1);
    let Output { status, stdout, stderr } = stage.start(script).wait_with_output().expect("its end");
    assert_eq!((status.code(), stdout, stderr), (Some(75), Vec::new(), Vec::new()), "cron has nothing to mail");
    stage.let_go();
    said(first);
    assert_eq!(stage.lines("log").len(), 1);
    stage.assert_in_order();
}

/// A writer, which has it alone: neither another nor a reader is beside it.
const WRITE: &str = r#"#!/bin/sh
mkdir "$STAGE/running/writer" || echo "two writers" >> "$STAGE/faults"
slocket run -snq "$XDG_RUNTIME_DIR/cache.lock" true && echo "a reader beside a writer" >> "$STAGE/faults"
echo "written" >> "$STAGE/log"
rmdir "$STAGE/running/writer"
"#;

#[test]
fn readers_and_writers() {
    let [one_each, filled, flock] = &blocks("readers-and-writers.md", "sh")[..] else { panic!("not three") };
    let all = |stage: &Stage, script: &str| {
        let all: Vec<_> = (0..5).map(|_| stage.start(script)).collect();
        all.into_iter().map(said).collect::<String>()
    };

    let stage = Stage::new();
    stage.program("bin/rsync", WRITE);
    fs::write(stage.path("cache/hay"), "a needle\n").expect("a file");
    assert_eq!(all(&stage, one_each), "cache/hay:a needle\n".repeat(5));
    assert_eq!(stage.lines("log").len(), 5);
    stage.assert_in_order();

    let stage = Stage::new();
    stage.program("fill", &format!("{WRITE}echo 'a needle' > \"$1/hay\"\n"));
    assert_eq!(all(&stage, filled), "cache/hay:a needle\n".repeat(5));
    assert_eq!(stage.lines("log").len(), 1, "it is filled once");
    stage.assert_in_order();

    if has("flock") {
        assert_eq!(said(stage.start(flock)), "a later reader, before the writer\na writer\n");
    }
}

/// A command that sem can start, too: it knows of no slots.
const GZIP: &str = r#"#!/bin/sh
mkdir "$STAGE/running/$$"
[ "$(ls "$STAGE/running" | wc -l)" -le 4 ] || echo "a fifth" >> "$STAGE/faults"
echo "$1" >> "$STAGE/log"
timeout 60 sh -c 'read line < "$STAGE/go"' # (only for what hangs)
rmdir "$STAGE/running/$$"
"#;

#[test]
fn a_loop_by_sem() {
    let scripts = blocks("from-sem.md", "sh");
    assert_eq!(scripts.iter().filter(|script| script.contains("sem ")).count(), 1);
    for script in scripts {
        if script.contains("sem ") && !has("sem") {
            continue;
        }
        let stage = Stage::new();
        stage.program("bin/gzip", GZIP);
        let logs: Vec<_> = (0..7).map(|log| format!("{log}.log")).collect();
        logs.iter().for_each(|name| fs::write(stage.path(name), "").expect("a file"));
        let all = stage.start(&script);
        assert_eq!(stage.wait_until_running(4).len(), 4, "{script}");
        stage.let_go();
        said(all);
        let mut log = stage.lines("log");
        log.sort();
        assert_eq!(log, logs, "{script}");
        stage.assert_in_order();
    }
}

/// What the page says of a sem that is killed, and of the tool.
#[test]
fn a_sem_that_is_killed_gives_away_what_its_command_has() {
    if !has("sem") {
        return;
    }
    let stage = Stage::new();
    stage.program("work", WORK);
    let kill_one_that_runs = |stage: &Stage, words: &[&str]| {
        let mut child = stage.command(words[0]).args(&words[1..]).spawn().expect(words[0]);
        stage.wait_until_running(1);
        child.kill().expect("it lives");
        child.wait().expect("its end");
        assert_eq!(stage.running().len(), 1, "its command goes on");
    };

    let sem = ["sem", "--fg", "-j1", "--id", "x", "./work"];
    kill_one_that_runs(&stage, &sem);
    let second = stage.command(sem[0]).args(&sem[1..]).spawn().expect("sem");
    assert_eq!(stage.wait_until_running(2).len(), 2);
    stage.let_go();
    said(second);
    watch_for("the first does not end", || stage.running().is_empty().then_some(()));

    let stage = Stage::new();
    stage.program("work", WORK);
    let lock = stage.path("run/lock");
    let lock = lock.to_str().expect("UTF-8");
    kill_one_that_runs(&stage, &["slocket", "run", "--slots", "1", lock, "./work"]);
    let status = |words: &[&str]| stage.command("slocket").args(words).status().expect("the tool").code();
    assert_eq!(status(&["run", "-n", "--slots", "1", lock, "true"]), Some(75));
    stage.let_go();
    assert_eq!(status(&["run", "-w", "60", "--slots", "1", lock, "true"]), Some(0));
    stage.assert_in_order();
}

/// What the page says of words and exit codes.
#[test]
fn the_words_and_the_code_of_a_command() {
    if !has("sem") {
        return;
    }
    let stage = Stage::new();
    let script = r#"
sem --fg --id x echo 'a  b' '$((1 + 1))'
slocket run "$STAGE/run/lock" echo 'a  b' '$((1 + 1))'
sem --fg --id x 'exit 7'; echo "code $?"
slocket run "$STAGE/run/lock" -c 'exit 7'; echo "code $?"
sem --id x 'exit 7'; echo "code $?"
sem --wait --id x
sem --id x read line '<' go
sem --fg --id x --st -1 echo never; echo "code $?"
echo > go
sem --wait --id x
slocket run "$STAGE/run/lock" -c 'slocket run -w 0.1 "$STAGE/run/lock" echo never'; echo "code $?""#;
    let said = said(stage.start(script));
    assert_eq!(said, "a b 2\na  b $((1 + 1))\ncode 7\ncode 7\ncode 0\ncode 1\ncode 75\n");
    stage.assert_in_order();
}
