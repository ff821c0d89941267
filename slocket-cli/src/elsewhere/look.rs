//! What is known of locks: what their files tell.

use std::io;
use std::path::Path;

use slocket_sync::{ErrorKind, Holder, Slocket};

use crate::elsewhere::owner;
use crate::kind::{FILE, Kind};
use crate::known::{Owner, Party, Report, Share, State};
use crate::target::{self, Target};
use crate::{shares, stat};

/// What is known of one lock.
pub(crate) fn report(target: &Target) -> io::Result<Report> {
    let Target::Path(path) = target else { return Err(io::ErrorKind::Unsupported.into()) };
    let mut report = Report::new(target, State::Free);
    if let Some(found) = target::look(path)? {
        report.owner = owner::of_file(&found).map(Owner::new);
        match stat::kind(&found) {
            Kind::Other(FILE) => add_file(&mut report, path),
            other => occupied(&mut report, other),
        }
    }
    add_shares(&mut report, path);
    Ok(report)
}

/// The same: there are no tables of processes to read.
pub(crate) fn report_on_users(target: &Target) -> io::Result<Report> {
    report(target)
}

/// What is known of these locks.
pub(crate) fn reports(targets: &[Target]) -> Vec<io::Result<Report>> {
    targets.iter().map(report).collect()
}

fn occupied(report: &mut Report, kind: Kind) {
    report.state = State::Occupied;
    report.found = Some(match kind {
        Kind::Socket { .. } => "a socket",
        Kind::Other(kind) => kind,
    });
}

fn add_file(report: &mut Report, path: &Path) {
    match Slocket::new(path).and_then(|lock| lock.holder()) {
        // (The file stays, or was removed meanwhile.)
        Ok(None) => {}
        Ok(Some(holder)) => {
            report.state = State::Held;
            report.holder = Some(party(&holder));
            report.cannot_see("the waiters: a lock that is a file has no queue");
        }
        Err(error) if error.kind() == ErrorKind::Occupied => occupied(report, Kind::Other(FILE)),
        Err(error) => {
            let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
            report.state = State::Unknown;
            report.cannot_see(&format!("whether the lock is held: {why}"));
        }
    }
}

/// The process that the record names.
fn party(holder: &Holder) -> Party {
    Party {
        pid: holder.pid,
        host: holder.host.clone(),
        owner: owner::of_holder(holder.uid).map(Owner::new),
        ..Party::default()
    }
}

fn add_shares(report: &mut Report, path: &Path) {
    let shares = match shares::beside(path) {
        Ok(shares) => shares,
        Err(error) => return report.cannot_see(&format!("whether it is shared: {error}")),
    };
    let taken = shares.into_iter().filter(|share| share.is_busy);
    report.shares = taken.map(|share| Share { slot: share.slot, party: Party::default() }).collect();
    if report.shares.is_empty() {
        return;
    }
    report.cannot_see("which processes have shares: this system does not tell");
    match report.state {
        // It has the lock in hand, and waits for the shares to be given back.
        State::Held => {
            report.state = State::Shared;
            report.queue.extend(report.holder.take());
        }
        State::Free => report.state = State::Shared,
        _ => {}
    }
}
