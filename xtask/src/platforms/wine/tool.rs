//! The tool under Wine, as people run it.

use std::fs;

use trials::witness;

use super::setup::{ANYWHERE, FOLDER, Trial, Wine};
use crate::platforms::program::Program;
use crate::result::Result;

pub(super) const TRIALS: [(&str, Trial); 5] = [
    ("tool: exclusion", exclusion),
    ("tool: killed while its command runs", killed),
    ("tool: exit codes", codes),
    ("tool: shared locks and slots", shared),
    ("tool: status and wait", look),
];

const LOCK: &str = "C:\\trial\\build.lock";

/// So many start the tool at once, and so often each.
const STARTERS: usize = 4;
const TIMES: usize = 15;

/// `sysexits.h`, as on other systems.
const USAGE: i32 = 64;
const CONFLICT: i32 = 75;
const NOT_FOUND: i32 = 127;

impl Wine {
    fn tool(&self, arguments: &[&str]) -> Result<Program> {
        let mut command = self.command(self.programs.join("slocket.exe"));
        command.args(arguments);
        Program::start("slocket", command)
    }

    /// Runs it to its end.
    fn code(&self, arguments: &[&str]) -> Result<i32> {
        self.tool(arguments)?.code()
    }

    fn expect(&self, code: i32, arguments: &[&str]) -> Result {
        match self.code(arguments)? {
            found if found == code => Ok(()),
            found => Err(format!("slocket {} exits with {found}, not {code}", arguments.join(" ")).into()),
        }
    }

    /// Starts a tool whose command runs until it gets a line, and waits until it does.
    fn hold(&self, options: &[&str]) -> Result<Program> {
        let mut tool = self.tool(&[&["run"], options, &[LOCK, "-c", "echo up& set /p line="]].concat())?;
        tool.says("up")?;
        Ok(tool)
    }
}

/// Lets a command end that [`Wine::hold`] has started.
fn end(mut tool: Program) -> Result {
    tool.enter()?;
    tool.succeeds()
}

/// Commands with two witnesses.
fn exclusion(wine: &Wine) -> Result<String> {
    let command = wine.programs.join(format!("{ANYWHERE}.exe"));
    let command = format!("Z:{}", command.display()).replace('/', "\\");
    for time in 0..TIMES {
        let start = |starter| {
            let name = format!("run-{time}-{starter}");
            wine.tool(&["run", LOCK, "--", &command, "hold", FOLDER, &name])
        };
        for mut tool in (0..STARTERS).map(start).collect::<Result<Vec<_>>>()? {
            tool.succeeds()?;
        }
    }
    let report = witness::check(&wine.trial());
    let (held, expected) = (report.intervals.len(), STARTERS * TIMES);
    if held != expected || !report.overlaps.is_empty() || !report.miscounts.is_empty() {
        return Err(format!("{held} of {expected}: {:?}, {:?}", report.overlaps, report.miscounts).into());
    }
    Ok(format!("{STARTERS} at once, {held} commands: no second holder, no update lost"))
}

/// The command ends with its tool, and the lock is free.
fn killed(wine: &Wine) -> Result<String> {
    let mut tool = wine.hold(&[])?;
    wine.expect(CONFLICT, &["run", "-nq", LOCK, "-c", "echo ran"])?;
    let mut waiter = wine.tool(&["run", LOCK, "-c", "echo the next"])?;
    let waits = waiter.says("waiting: held by pid ")?;
    tool.kill_alone()?;
    waiter.says("the next")?;
    waiter.succeeds()?;
    Ok(format!("{waits}; its command ended with it, and the waiter ran its own"))
}

fn codes(wine: &Wine) -> Result<String> {
    wine.expect(7, &["run", LOCK, "--", "cmd", "/c", "exit 7"])?;
    wine.expect(3, &["run", LOCK, "-c", "exit 3"])?;
    wine.expect(NOT_FOUND, &["run", LOCK, "--", "there-is-no-such-program"])?;
    for options in [&["@name"][..], &["--home", "socket", LOCK], &["--mode", "0660", LOCK]] {
        wine.expect(USAGE, &[&["run"], options, &["-c", "exit 3"]].concat())?;
    }
    let tool = wine.hold(&[])?;
    wine.expect(CONFLICT, &["run", "-n", LOCK, "-c", "exit 3"])?;
    wine.expect(CONFLICT, &["run", "-w", "200ms", LOCK, "-c", "exit 3"])?;
    wine.expect(9, &["run", "-E", "9", "-n", LOCK, "-c", "exit 3"])?;
    end(tool)?;
    Ok("the command's own, 75 if the lock is held or the time is up, -E, 127 without a command, 64 for what Windows lacks".into())
}

fn shared(wine: &Wine) -> Result<String> {
    let (one, other) = (wine.hold(&["-s"])?, wine.hold(&["-s"])?);
    wine.expect(CONFLICT, &["run", "-nq", LOCK, "-c", "exit 3"])?;
    wine.expect(CONFLICT, &["wait", "-q", "-w", "200ms", LOCK])?;
    wine.expect(0, &["wait", "-s", "-w", "200ms", LOCK])?;
    end(one)?;
    end(other)?;
    let held = wine.hold(&["--slots", "2"])?;
    let mut slot = wine.tool(&["run", "--slots", "2", LOCK, "-c", "echo slot %SLOCKET_SLOT%"])?;
    slot.says("slot 1")?;
    slot.succeeds()?;
    wine.expect(CONFLICT, &["run", "-nq", "--slots", "1", LOCK, "-c", "exit 3"])?;
    end(held)?;
    Ok("two readers, which keep a writer out; each slot has a number".to_owned())
}

fn look(wine: &Wine) -> Result<String> {
    let tool = wine.hold(&[])?;
    let mut status = wine.tool(&["status", LOCK])?;
    let line = status.says("held by pid ")?;
    status.succeeds()?;
    let mut folder = wine.tool(&["status", FOLDER])?;
    folder.says("held by pid ")?;
    folder.succeeds()?;
    wine.expect(CONFLICT, &["wait", "-w", "200ms", LOCK])?;
    let mut waiter = wine.tool(&["wait", LOCK])?;
    waiter.says("waiting: held by pid ")?;
    end(tool)?;
    waiter.succeeds()?;
    let mut status = wine.tool(&["status", LOCK])?;
    status.says("free")?;
    status.succeeds()?;
    // (What Windows lets no process remove while the lock is held stays.)
    fs::remove_file(wine.trial().join("build.lock"))?;
    Ok(format!("{line}; wait ends when it is free"))
}
