//! The human: sets a lock free that is lost, once no process can hold it.
//!
//! A dead socket without the mark may have been lent: some client, one of our players or npm's, may hold the lock still. The human
//! of the storm trusts no process:
//!
//! * What is at the path is a socket, without the mark, and the kernel says that no process has it open.
//! * Every tool that was killed has lost its command too.
//! * Our borrower keeps the connection on which the loan came, whose address is its badge. So all our players are made to
//!   stand still, and none of them may have a socket with a badge.
//! * npm's package closes that connection when the server is gone, and holds on. It cannot be asked: so those of its
//!   processes that live are ended, as one stops a service before one clears up after it. (Only once no log says that one of
//!   them holds: the holder removes the socket itself in the end.)
//!
//! While all that is so, no process is left to change it: the socket is removed, and all go on.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};

use super::member::Member;
use super::scene::{Found, Scene};
use crate::adapter::Adapter;
use crate::process;

/// How long the lock is not used before the human has a look: usually it comes right by itself. Proves nothing.
const LOOK_AFTER: Duration = Duration::from_millis(200);

impl Scene {
    /// Has the human look if nothing has moved for a while.
    pub(super) fn help_if_need_be(&mut self) {
        if self.progress.1.elapsed() > LOOK_AFTER {
            self.help();
        }
    }

    /// Removes the socket if the lock is lost.
    pub(super) fn help(&mut self) {
        let Some(lost) = self.lost() else { return };
        if self.members.iter().any(Member::holds) || self.tools.iter_mut().any(|tool| tool.killed) {
            return;
        }
        self.resume(Instant::now() + Duration::from_secs(3600));
        let mut ours: Vec<u32> = self.members.iter().filter(|member| member.is_ours()).map(Member::pid).collect();
        for tool in &mut self.tools {
            if !tool.is_gone() {
                ours.push(tool.pid());
            }
        }
        ours.iter().for_each(|pid| process::stop(*pid));
        if !any_has_badge(&ours) {
            let npm = self.end_npm();
            if self.lost() == Some(lost) {
                fs::remove_file(self.place.lock()).expect("the lost socket");
                self.tally.human += 1;
            }
            self.tally.ended_by_human += npm as u64;
            for _ in 0..npm {
                let member = self.start(Adapter::Node, false);
                self.members.push(member);
            }
        }
        ours.iter().for_each(|pid| process::resume(*pid));
    }

    /// The socket at the path, if no process can tell whether the lock is held.
    fn lost(&self) -> Option<Found> {
        let found = self.found().filter(|found| found.is_socket && !found.is_marked)?;
        let address = SocketAddrUnix::new(self.place.lock()).expect("a short path");
        let probe = socket(AddressFamily::UNIX, SocketType::DGRAM, None).expect("a socket");
        (connect(&probe, &address) == Err(Errno::CONNREFUSED)).then_some(found)
    }

    /// Ends all processes of npm's package, and says how many there were.
    fn end_npm(&mut self) -> usize {
        let (npm, ours): (Vec<_>, _) =
            std::mem::take(&mut self.members).into_iter().partition(|member| !member.is_ours());
        self.members = ours;
        let count = npm.len();
        for member in npm {
            member.kill();
        }
        count
    }
}

/// Whether one of these processes, which stand still, has a socket with a badge.
fn any_has_badge(pids: &[u32]) -> bool {
    let table = fs::read("/proc/net/unix").expect("/proc/net/unix");
    let badges: BTreeSet<String> = String::from_utf8_lossy(&table)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let inode = fields.nth(6)?;
            fields.next()?.starts_with("@slocket/2/").then(|| format!("socket:[{inode}]"))
        })
        .collect();
    pids.iter().any(|pid| process::descriptors(*pid).iter().any(|descriptor| badges.contains(descriptor)))
}
