//! `slocket status`: the holder of a lock and its waiters, without queueing.

mod text;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anstream::AutoStream;

use crate::cli::Status;
use crate::entries::{is_of_the_kernel, lock_by};
use crate::known::Report;
use crate::target::{Target, folder};
use crate::want::Want;
use crate::{exit, found, look, say};

/// How often it is looked again, with `--watch`.
const PAUSE: Duration = Duration::from_secs(1);

/// Clears a terminal.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Does it all and returns the exit code.
pub(crate) fn run(args: &Status) -> u8 {
    let is_drawn = args.watch && io::stdout().is_terminal();
    let mut last = None;
    loop {
        let shown = match shown(args, last.is_none()) {
            Ok(shown) => shown,
            Err(code) => return code,
        };
        let is_new = last.as_ref() != Some(&shown.content);
        let written = match &*shown.text {
            text if is_drawn => write(&format!("{CLEAR}{text}")),
            text if is_new => write(text),
            _ => Ok(()),
        };
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                say::say(&format!("cannot write: {error}"));
                return exit::OS_ERROR;
            }
            Ok(()) if args.watch => thread::sleep(PAUSE),
            // A reader may close the pipe at any time.
            _ => return shown.code,
        }
        last = Some(shown.content);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut output = AutoStream::auto(io::stdout());
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// What is written, and the exit code.
struct Shown {
    text: String,
    /// The same without what changes all the time: how long ago something was.
    content: String,
    code: u8,
}

/// Looks at the lock, or at the folder. The exit code, if that fails. What cannot be looked at in a folder is told only if
/// `is_first`.
fn shown(args: &Status, is_first: bool) -> Result<Shown, u8> {
    match &args.lock {
        Target::Path(path) if path.is_dir() => {
            let (locks, code) = below(path, is_first);
            let reports = several(&locks, is_first);
            let content = json(&reports);
            let text = if args.json { content.clone() } else { reports.iter().map(text::one_line).collect() };
            Ok(Shown { text, content, code })
        }
        target => match look::report(target) {
            Ok(report) => {
                let content = json(&report);
                let text = if args.json { content.clone() } else { text::paragraph(&report) };
                Ok(Shown { text, content, code: exit::SUCCESS })
            }
            Err(error) => {
                say::say_lines(&cannot_look(target, &error));
                Err(exit::code_of_io(&error))
            }
        },
    }
}

/// What is there, for a waiter.
pub(crate) fn words(target: &Target, want: Want) -> Option<String> {
    let report = look::report(target).ok()?;
    let words = text::state_and_whose(&report);
    Some(format!("{}{}", anstream::adapter::strip_str(&words), found::nested_in_words(&report, want)))
}

fn several(locks: &[PathBuf], is_first: bool) -> Vec<Report> {
    let targets: Vec<_> = locks.iter().cloned().map(Target::Path).collect();
    let mut reports = Vec::new();
    for (target, report) in targets.iter().zip(look::reports(&targets)) {
        match report {
            Ok(report) if report.is_free() => {}
            Ok(report) => reports.push(report),
            Err(error) if is_first => say::say_lines(&cannot_look(target, &error)),
            Err(_) => {}
        }
    }
    reports
}

/// The locks that may be in a folder and in all below it, and the exit code: that of the first folder that cannot be read.
fn below(folder: &Path, is_first: bool) -> (Vec<PathBuf>, u8) {
    let mut locks = BTreeSet::new();
    let mut code = exit::SUCCESS;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if is_of_the_kernel(&folder) {
            continue;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Removed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                if is_first {
                    say::say_lines(&cannot_look(&Target::Path(folder), &error));
                }
                code = if code == exit::SUCCESS { exit::code_of_io(&error) } else { code };
                continue;
            }
        };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) => locks.extend(lock_by(entry.path(), kind)),
                Err(_) => {}
            }
        }
    }
    (locks.into_iter().collect(), code)
}

fn json<T: serde::Serialize + ?Sized>(reports: &T) -> String {
    let mut text = serde_json::to_string_pretty(reports).unwrap_or_default();
    text.push('\n');
    say::escaped_json(&text)
}

pub(crate) fn cannot_look(target: &Target, error: &io::Error) -> Vec<String> {
    if let (Target::Path(path), io::ErrorKind::NotFound) = (target, error.kind()) {
        return vec![
            format!("{target}: its folder cannot be found: {error}"),
            format!("no lock can be there: see whether {} is the right folder", folder(path).display()),
        ];
    }
    if error.kind() == io::ErrorKind::AlreadyExists {
        return vec![format!("{target}: {error}"), "remove it, or choose another path".to_owned()];
    }
    let mut lines = vec![format!("{target}: cannot look at it: {error}")];
    if error.kind() == io::ErrorKind::PermissionDenied {
        lines.push("run this as root, or as a user who may search its folder and write to its socket".to_owned());
    }
    lines
}
