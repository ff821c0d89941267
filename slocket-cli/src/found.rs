//! What is at a path, and its owner.

use std::io;
use std::process::id;

use slocket_sync::{Holder, Slocket};

use crate::kind;
use crate::known::{Party, Report, Share, State};
use crate::look;
use crate::processes::lineage;
use crate::target::Target;
use crate::users;
use crate::want::Want;

/// What stands between a waiter and the lock.
#[derive(Debug)]
pub(crate) enum Found {
    /// A process holds it.
    Held(Keeper),
    /// Processes have shares.
    Shared(Sharers),
    /// A server may have lent it, and can only be asked by queueing.
    Lender(Keeper),
    /// A socket on which no process listens, and which may have been lent.
    Abandoned { uid: u32 },
    /// A dead socket that the next acquire removes, but a process has the folder locked.
    Dead { by: Option<Holder> },
    /// Something other than a lock.
    Other { kind: &'static str, uid: Option<u32> },
    /// Nothing, any more.
    Nothing,
    /// Only its owner can know; if it is denied, a user who may ask can tell whether it is dead.
    Unknown { uid: Option<u32>, denied: bool },
}

/// A process that holds the lock.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// The process, in words.
    name: String,
    /// Whether the process could be seen.
    seen: bool,
    /// The users that must be trusted.
    uids: Vec<u32>,
    /// A process that has it, and is stopped.
    stopped: Option<(u32, String)>,
    /// It is this process, or one that this descends from.
    nested: bool,
    is_this: bool,
    /// It may be one that only passes through: it runs, or was gone when it was looked for.
    passes: bool,
}

/// The processes with the shares that are in the way.
#[derive(Debug)]
pub(crate) struct Sharers {
    /// In words.
    names: String,
    /// The one that has the lock in hand, and waits for the shares before all others.
    first: Option<Keeper>,
    /// A process that has a share, and is stopped.
    stopped: Option<(u32, String)>,
    /// This process waits for itself, or for one that it descends from.
    nested: bool,
}

/// Finds the processes in the way of a waiter that wants this of the lock, or the file at its path, without queueing.
pub(crate) fn look(target: &Target, want: Want) -> Found {
    found(look::report(target), want)
}

fn found(report: io::Result<Report>, want: Want) -> Found {
    report.map_or(Found::Unknown { uid: None, denied: false }, |report| of_report(&report, want))
}

/// The same, for a waiter to which the lock has told a `holder`, which may see more: the kernel's tables do not show other users and
/// other namespaces.
pub(crate) fn look_beside(target: &Target, want: Want, holder: Option<Holder>) -> Found {
    match (look(target, want), holder) {
        // This process has the lock in hand, and the shares that it waits for are given back just now.
        (Found::Held(keeper), None) if keeper.is_this => Found::Nothing,
        (Found::Held(keeper), Some(holder)) if !keeper.seen => Found::Held(keeper.or(&holder)),
        (Found::Lender(keeper), Some(holder)) if keeper.seen && holder.pid.is_none() => Found::Held(keeper),
        (Found::Lender(keeper), Some(holder)) => Found::Held(keeper.or(&holder)),
        (Found::Unknown { .. }, Some(holder)) => Found::Held(Keeper::of_holder(&holder)),
        (found, _) => found,
    }
}

/// The same, for a waiter that may queue for an instant, where nothing else tells. Looks up the process only if it must be
/// `named`.
pub(crate) fn ask(target: &Target, want: Want, slocket: &Slocket, named: bool) -> Found {
    match if named { look(target, want) } else { found(look::report_on_users(target), want) } {
        Found::Unknown { uid: None, .. } if matches!(target, Target::Abstract(_)) => match slocket.holder() {
            Ok(Some(holder)) => Found::Held(Keeper::of_holder(&holder)),
            Ok(None) => Found::Nothing,
            Err(_) => Found::Unknown { uid: None, denied: false },
        },
        found => found,
    }
}

fn of_report(report: &Report, want: Want) -> Found {
    let owner = report.owner.as_ref().map(|owner| owner.uid);
    let uid = owner.unwrap_or(u32::MAX);
    match report.state {
        State::Free => Found::Nothing,
        State::Held | State::Lent => Found::Held(Keeper::of(report, report.holder.as_ref())),
        State::Shared => shared(report, want),
        State::Served => Found::Lender(Keeper::of(report, report.server.as_ref())),
        State::Stale if report.reclaimable == Some(true) => Found::Dead { by: report.folder_locked_by.clone() },
        State::Stale => Found::Abandoned { uid },
        State::Foreign | State::Occupied => Found::Other { kind: report.found.unwrap_or(kind::OTHER), uid: owner },
        State::Unknown => Found::Unknown { uid: owner, denied: report.denied },
    }
}

fn is_this(party: &Party) -> bool {
    party.pid == Some(id())
}

/// The shares that are in the way: all, or only some slots if no process waits before.
fn shared(report: &Report, want: Want) -> Found {
    let first = report.queue.first().filter(|first| !is_this(first));
    let shares: Vec<_> = match want {
        Want::Slot(count) if first.is_none() => {
            report.shares.iter().filter(|share| share.slot.is_some_and(|slot| slot < count.get())).collect()
        }
        Want::Shared if first.is_none() => Vec::new(),
        Want::Lock | Want::Shared | Want::Slot(_) => report.shares.iter().collect(),
    };
    let is_free = match want {
        Want::Slot(count) if first.is_none() => shares.len() < count.get().into(),
        Want::Lock | Want::Shared | Want::Slot(_) => shares.is_empty(),
    };
    if is_free {
        return Found::Nothing;
    }
    let mut stopped = shares.iter().flat_map(|share| share.party.processes()).filter(|(_, _, stopped)| *stopped);
    Found::Shared(Sharers {
        names: names(&shares),
        first: first.map(|first| Keeper::of(report, Some(first))),
        stopped: stopped.next().map(|(pid, program, _)| (pid, program.to_owned())),
        nested: waits_for_itself(&shares, want),
    })
}

/// Whether this process waits for a share that is given back only when it has ended.
fn waits_for_itself(shares: &[&Share], want: Want) -> bool {
    let mut nested = shares.iter().map(|share| is_nested(Some(&share.party)));
    // (Of slots any one will do.)
    if want == Want::Lock { nested.any(|nested| nested) } else { nested.all(|nested| nested) }
}

/// The first of them.
fn names(shares: &[&Share]) -> String {
    const MOST: usize = 4;
    let name = |share: &&Share| {
        let name = match (share.party.pid, &share.party.program) {
            (Some(pid), Some(program)) => format!("pid {pid} ({program})"),
            _ => "a process that cannot be seen from here".to_owned(),
        };
        share.slot.map_or_else(|| name.clone(), |slot| format!("{name} in slot {slot}"))
    };
    let names: Vec<_> = shares.iter().take(MOST).map(name).collect();
    let more = shares.len().saturating_sub(MOST);
    names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

impl Keeper {
    fn of(report: &Report, party: Option<&Party>) -> Self {
        // The owner of the file may be another by now (chown), if it is certain that this is its socket.
        let process = party.and_then(|party| party.owner.as_ref()).map(|owner| owner.uid);
        let file = report.owner.as_ref().map(|owner| owner.uid);
        let uids: Vec<_> = match process {
            Some(uid) if report.certain => vec![uid],
            _ => process.into_iter().chain(file).collect(),
        };
        let uids = if uids.is_empty() { users::of_unknown() } else { uids };
        let name = match party {
            Some(Party { pid: Some(pid), program: Some(program), .. }) => format!("pid {pid} ({program})"),
            Some(Party { pid: Some(pid), host: Some(host), .. }) => format!("pid {pid} on {host}"),
            Some(Party { pid: Some(pid), .. }) => format!("pid {pid}"),
            _ => {
                format!("a process of user {} that cannot be seen from here", uids.first().copied().unwrap_or(u32::MAX))
            }
        };
        let mut stopped = party.into_iter().flat_map(Party::processes).filter(|(_, _, stopped)| *stopped);
        let stopped = stopped.next().map(|(pid, program, _)| (pid, program.to_owned()));
        let seen = party.is_some_and(|party| party.pid.is_some());
        Self {
            name,
            seen,
            uids,
            stopped,
            nested: is_nested(party),
            is_this: party.is_some_and(is_this),
            passes: !seen || party.is_some_and(|party| party.runs),
        }
    }

    fn of_holder(holder: &Holder) -> Self {
        // (gVisor names the process that asks.)
        let nested = holder.pid.is_some_and(|pid| lineage()[1..].contains(&pid));
        Self {
            name: holder.to_string(),
            seen: holder.pid.is_some(),
            uids: vec![holder.uid],
            stopped: None,
            nested,
            is_this: false,
            passes: false,
        }
    }

    fn or(self, holder: &Holder) -> Self {
        Self { uids: self.uids, ..Self::of_holder(holder) }
    }
}

/// Whether this process runs inside of what holds the lock.
fn is_nested(party: Option<&Party>) -> bool {
    let lineage = lineage();
    party.is_some_and(|party| party.processes().any(|(pid, ..)| lineage.contains(&pid)))
}

/// What is to be added where a process waits for one that waits for it.
pub(crate) fn nested_in_words(report: &Report, want: Want) -> &'static str {
    match of_report(report, want) {
        Found::Held(Keeper { nested: true, .. }) | Found::Shared(Sharers { nested: true, .. }) => NESTED,
        _ => "",
    }
}

const NESTED: &str = ", inside of which this runs: a deadlock";

/// What to do about a stopped process.
pub(crate) fn of_stopped(pid: u32) -> String {
    format!("pid {pid} is stopped: kill -CONT {pid} resumes it; if it is killed, the next waiter gets the lock")
}

/// Why a dead socket stays.
pub(crate) fn of_locked_folder(by: &Holder) -> String {
    format!("its holder was killed, and {by} has the folder locked (flock)")
}

/// What to do about a socket of another user's, if one may not ask whether it is dead.
pub(crate) const OF_OTHERS: &str = "no process seen here has it open; if it is dead, its owner or root removes it by taking the lock once, or you do, if the folder is yours";

/// Whether that stands in the way as a lock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A trusted user holds the lock.
    Held,
    /// Another user is in the way.
    Untrusted(u32),
    /// An untrusted user keeps the lock from being used.
    Kept,
    /// A file that is not a lock is there.
    NoLock,
    /// It went away during the look.
    Gone,
}

impl Found {
    /// What it means to a waiter that trusts these users.
    pub(crate) fn standing(&self, believes: impl Fn(u32) -> bool) -> Standing {
        let by = |uids: &[u32]| match uids.iter().find(|&&uid| !believes(uid)) {
            Some(&uid) => Standing::Untrusted(uid),
            None if uids.is_empty() => Standing::Kept,
            None => Standing::Held,
        };
        match self {
            Self::Held(keeper) | Self::Lender(keeper) => by(&keeper.uids),
            // The shares themselves belong to a trusted user, or the acquire fails.
            Self::Shared(sharers) => sharers.first.as_ref().map_or(Standing::Held, |first| by(&first.uids)),
            Self::Abandoned { uid } => by(&[*uid]),
            // It may as well be dead.
            Self::Unknown { denied: true, .. } => Standing::Kept,
            Self::Unknown { uid, .. } => by(uid.as_slice()),
            Self::Dead { by: Some(by) } if believes(by.uid) => Standing::Held,
            Self::Dead { by: Some(_) } => Standing::Kept,
            Self::Other { .. } => Standing::NoLock,
            Self::Dead { by: None } | Self::Nothing => Standing::Gone,
        }
    }

    /// The end of a sentence that begins with "waiting" or "timed out".
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Held(keeper) => {
                let nested = if keeper.nested { NESTED } else { "" };
                let stopped = match &keeper.stopped {
                    Some((pid, program)) if keeper.name == format!("pid {pid} ({program})") => {
                        ", which is stopped".to_owned()
                    }
                    Some((pid, program)) => format!(", and by pid {pid} ({program}), which is stopped"),
                    None => String::new(),
                };
                format!("held by {}", keeper.name) + &stopped + nested
            }
            Self::Shared(sharers) => {
                let ending = match (&sharers.first, sharers.nested) {
                    (None, false) => String::new(),
                    (None, true) => NESTED.to_owned(),
                    (Some(first), false) => format!(", for which {} waits first", first.name),
                    (Some(first), true) => {
                        format!(", inside of which this runs, and {} waits first: a deadlock", first.name)
                    }
                };
                let stopped = sharers.stopped.as_ref();
                let stopped = stopped.map(|(pid, program)| format!("; pid {pid} ({program}) is stopped"));
                format!("shared by {}", sharers.names) + &ending + &stopped.unwrap_or_default()
            }
            Self::Lender(_) => "held by a server that lends it to others, such as npm's".to_owned(),
            Self::Abandoned { uid } => {
                format!("a socket that no process listens on, owned by uid {uid}, is at the path")
            }
            Self::Dead { by: Some(by) } => of_locked_folder(by),
            Self::Dead { by: None } => "its holder was killed, and a process has the folder locked (flock)".to_owned(),
            Self::Other { kind, uid: Some(uid) } => format!("{kind}, owned by uid {uid}, is at the path"),
            Self::Other { kind, uid: None } => format!("{kind} is at the path"),
            Self::Nothing => "held a moment ago, by an unknown process".to_owned(),
            Self::Unknown { uid: Some(uid), denied: true } => {
                format!("a socket of uid {uid}, to which you may not connect, is at the path")
            }
            Self::Unknown { .. } => "held by an unknown process".to_owned(),
        }
    }

    /// What the user can do about it.
    pub(crate) fn advice(&self) -> String {
        let advice = match self {
            Self::Held(Keeper { nested: true, .. }) => {
                "take the lock once, outside: the commands inside have it already"
            }
            Self::Shared(Sharers { nested: true, .. }) => {
                "take the lock itself, outside, or choose another path for the commands inside"
            }
            Self::Held(Keeper { stopped: Some((pid, _)), .. })
            | Self::Shared(Sharers { stopped: Some((pid, _)), .. }) => {
                return of_stopped(*pid);
            }
            Self::Shared(_) => "wait longer, or see what those processes are busy with",
            Self::Held(_) | Self::Lender(_) | Self::Nothing | Self::Unknown { denied: false, .. } => {
                "wait longer, or see what that process is busy with"
            }
            Self::Unknown { denied: true, .. } => OF_OTHERS,
            Self::Abandoned { .. } => {
                "npm's slocket, or a change of its mode and times, leaves one: once no process uses the lock, remove the socket"
            }
            Self::Dead { .. } => "wait until that process lets go, or end it; do not remove the socket",
            Self::Other { kind: kind::LINK, .. } => "links are not followed: name what it leads to",
            Self::Other { kind: kind::FILE, .. } => {
                "remove it if it is not needed (flock leaves one), or choose another path"
            }
            Self::Other { .. } => "choose another path",
        };
        advice.to_owned()
    }

    /// Whether the process in the way may have just taken a share itself, and is passing the lock on.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Held(keeper) => keeper.passes,
            Self::Shared(sharers) => sharers.first.as_ref().is_some_and(|first| first.passes),
            _ => false,
        }
    }

    /// Whether there is something to do about it at once.
    pub(crate) fn wants_advice(&self) -> bool {
        match self {
            Self::Held(keeper) => keeper.nested || keeper.stopped.is_some(),
            Self::Shared(sharers) => sharers.nested || sharers.stopped.is_some(),
            Self::Abandoned { .. } | Self::Dead { .. } | Self::Other { .. } => true,
            Self::Unknown { denied, .. } => *denied,
            Self::Lender(_) | Self::Nothing => false,
        }
    }
}
