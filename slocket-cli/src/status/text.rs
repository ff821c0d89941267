//! A report in words.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use anstyle::{AnsiColor, Style};
use slocket_os::escape::escaped;

use crate::known::{Owner, Party, Report, State};
use crate::{found, kind};

/// All that is known.
pub(super) fn paragraph(report: &Report) -> String {
    let mut text = format!("{}\n", summary(report));
    if let Some(server) = &report.server {
        let title = if report.state == State::Lent { "lender" } else { "server" };
        line(&mut text, title, &party(server));
    }
    for held in report.holder.iter().chain(&report.server) {
        shared_with(&mut text, held, "also");
    }
    for share in &report.shares {
        let title = share.slot.map_or("shared".to_owned(), |slot| format!("slot {slot}"));
        line(&mut text, &title, &format!("by {}", party(&share.party)));
        shared_with(&mut text, &share.party, "");
    }
    for (n, client) in report.clients.iter().enumerate() {
        line(&mut text, if n == 0 { "clients" } else { "" }, &party(client));
    }
    for (n, waiter) in report.queue.iter().enumerate() {
        line(&mut text, if n == 0 { "waiting" } else { "" }, &format!("{}. {}", n + 1, party(waiter)));
    }
    for unseen in &report.unseen {
        line(&mut text, "unseen", &escaped(unseen));
    }
    if let Some(next) = next(report) {
        line(&mut text, "next", &next);
    }
    text
}

/// The same for a list.
pub(super) fn one_line(report: &Report) -> String {
    let mut text = summary(report);
    if !report.queue.is_empty() {
        let _ = write!(text, ", {} waiting", report.queue.len());
    }
    if !report.clients.is_empty() {
        let _ = write!(text, ", {} clients", report.clients.len());
    }
    text.push('\n');
    text
}

/// The lock, its state, and its owner.
pub(super) fn summary(report: &Report) -> String {
    format!("{}: {}", escaped(&report.lock), state_and_whose(report))
}

/// The state, and its owner.
pub(super) fn state_and_whose(report: &Report) -> String {
    let mut text = String::new();
    let (color, words) = state(report);
    let style = Style::new().fg_color(Some(color.into()));
    let _ = write!(text, "{style}{words}{style:#}");
    if report.state == State::Shared {
        let _ = match &report.shares[..] {
            [share] => write!(text, " by {}", party(&share.party)),
            shares => write!(text, " by {} processes", shares.len()),
        };
    } else if let Some(holder) = report.holder.as_ref().or(report.server.as_ref()) {
        let by = match report.state {
            State::Lent => "to",
            _ => "by",
        };
        let _ = write!(text, " {by} {}", party(holder));
    } else if let (Some(owner), State::Stale | State::Foreign | State::Occupied) = (&report.owner, report.state) {
        let _ = write!(text, ", owned by {}", user(owner));
    }
    if let (Some(since), State::Held | State::Lent | State::Served) = (report.since, report.state) {
        let _ = write!(text, ", in use for {}", ago(since));
    }
    text
}

fn state(report: &Report) -> (AnsiColor, String) {
    match report.state {
        State::Free => (AnsiColor::Green, "free".to_owned()),
        State::Held if report.retains => (AnsiColor::Yellow, "held, or retained,".to_owned()),
        State::Held => (AnsiColor::Yellow, "held".to_owned()),
        State::Shared => (AnsiColor::Yellow, "shared".to_owned()),
        State::Lent => (AnsiColor::Yellow, "lent".to_owned()),
        State::Served => (AnsiColor::Yellow, "served".to_owned()),
        State::Stale => (AnsiColor::Red, "stale".to_owned()),
        State::Foreign => (AnsiColor::Red, format!("not a slocket: {}", report.found.unwrap_or("a foreign socket"))),
        State::Occupied => (AnsiColor::Red, format!("not a socket: {}", report.found.unwrap_or(kind::OTHER))),
        State::Unknown => (AnsiColor::Red, "unknown".to_owned()),
    }
}

/// What to expect, or to do.
fn next(report: &Report) -> Option<String> {
    let in_the_way = report.holder.iter().chain(report.shares.iter().map(|share| &share.party));
    let stopped = in_the_way.flat_map(Party::processes).find(|(_, _, stopped)| *stopped);
    if let Some((pid, ..)) = stopped {
        return Some(found::of_stopped(pid));
    }
    if let Some(by) = &report.folder_locked_by {
        return Some(found::of_locked_folder(by));
    }
    let next = match (report.state, report.reclaimable) {
        (State::Stale, Some(true)) => "no process has it open, as after a kill: the next acquire removes the socket",
        (State::Stale, _) => {
            "no process has it open, but it may have been lent (by npm's slocket), or its mode and times were changed: \
             once no process uses the lock, remove the socket"
        }
        (State::Served, _) => {
            "a server that may lend it, such as npm's: it or one of its clients holds the lock; or another program's server"
        }
        (State::Unknown, _) if report.denied => found::OF_OTHERS,
        (State::Occupied, _) if report.found == Some(kind::LINK) => "links are not followed: name what it leads to",
        (State::Occupied, _) if report.found == Some(kind::FILE) => {
            "remove it if it is not needed (flock leaves one), or choose another path for the lock"
        }
        (State::Foreign | State::Occupied, _) => "choose another path for the lock",
        _ => return None,
    };
    Some(next.to_owned())
}

/// The other processes that have the same.
fn shared_with(text: &mut String, party: &Party, title: &str) {
    for (n, sharer) in party.shared_with.iter().enumerate() {
        let title = if n == 0 { title } else { "" };
        let stopped = if sharer.stopped { ", stopped" } else { "" };
        line(text, title, &format!("with pid {} ({}){stopped}", sharer.pid, escaped(&sharer.program)));
    }
}

fn line(text: &mut String, title: &str, words: &str) {
    let style = Style::new().dimmed();
    let _ = writeln!(text, "  {style}{title:<8}{style:#} {words}");
}

fn party(party: &Party) -> String {
    let mut text = match (party.pid, &party.program) {
        (Some(pid), Some(program)) => format!("pid {pid} ({})", escaped(program)),
        (Some(pid), None) => match &party.host {
            Some(host) => format!("pid {pid} on {}", escaped(host)),
            None => format!("pid {pid}"),
        },
        (None, _) => "a process that cannot be seen".to_owned(),
    };
    if party.stopped {
        text.push_str(", stopped");
    }
    if let Some(owner) = &party.owner {
        let _ = write!(text, ", {}", user(owner));
    }
    if let Some(started) = party.started {
        let _ = write!(text, ", started {} ago", ago(started));
    }
    text
}

fn user(owner: &Owner) -> String {
    match &owner.user {
        Some(name) => escaped(name).into_owned(),
        None => format!("uid {}", owner.uid),
    }
}

/// How long ago that was, in its two largest units.
fn ago(since: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let seconds = now.saturating_sub(since);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, ..) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}
