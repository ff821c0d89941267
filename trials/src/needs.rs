//! What a trial needs of the machine. Where it is missing the trial says so and is skipped; under `CI=true` it fails.

use std::fmt::Display;
use std::process::{Command, Stdio};

use crate::tell::tell;

/// Whether strace(1) is there; else skips the trial that asks.
#[must_use]
#[track_caller]
pub fn strace_or_skip() -> bool {
    runs("strace", "-V") || skip("no strace")
}

/// Whether a program runs.
pub(crate) fn runs(program: &str, version: &str) -> bool {
    let status = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Says that the trial of this thread is skipped, and why: always false.
///
/// # Panics
/// If the environment says `CI=true`.
#[track_caller]
pub fn skip(reason: impl Display) -> bool {
    let line = format!("SKIPPED: {reason}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}, which CI must not skip");
    tell(format!("{}: {line}", std::thread::current().name().unwrap_or("?")));
    false
}
