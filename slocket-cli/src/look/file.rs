//! What a lock file tells of a lock.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use slocket_sync::{Error, Holder, Home, Slocket};

use super::sharing::parties;
use super::view::View;
use crate::known::{Owner, Party, Report, State};

/// No lock was acquired in 1970.
const LONG_AGO: u64 = 365 * 24 * 60 * 60;

/// Adds what the lock file at a path tells.
pub(super) fn add(report: &mut Report, path: &Path, found: &Metadata, view: &View) {
    let holder = Slocket::builder(path).home(Home::File).build().and_then(|lock| lock.holder());
    match holder {
        // A killed holder, or one on a network file system, leaves the file.
        Ok(None) => report.state = State::Free,
        Ok(Some(holder)) => {
            report.state = State::Held;
            // (A file that was touched has a time long ago.)
            report.since = u64::try_from(found.mtime()).ok().filter(|&since| since > LONG_AGO);
            report.holder = Some(party(report, &holder, view));
            report.cannot_see("the waiters: a lock that is a file has no queue");
        }
        Err(error) => why(report, &error),
    }
}

fn why(report: &mut Report, error: &Error) {
    let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    report.cannot_see(&format!("whether the lock is held: {why}"));
}

/// The process that the record in the file names.
fn party(report: &mut Report, holder: &Holder, view: &View) -> Party {
    let owner = Some(Owner::new(holder.uid));
    if let Some(host) = &holder.host {
        return Party { pid: holder.pid, owner, host: Some(host.clone()), ..Party::default() };
    }
    let seen = holder.pid.and_then(|pid| parties(&[(pid, holder.uid)], true).pop());
    seen.unwrap_or_else(|| {
        report.cannot_see_processes(slocket_os::is_ours(holder.uid), view);
        Party { owner, ..Party::default() }
    })
}
