//! The processes with shares of a lock.

use std::io;
use std::path::Path;

use slocket_os::{Builder, Home};

use super::view::View;
use crate::known::{Owner, Party, Report, Share, Sharer, State};
use crate::processes::in_order;
use crate::shares::{self, Fifo};

/// The FIFOs beside a lock; none beside what has no path.
pub(super) fn beside(path: Option<&Path>) -> io::Result<Vec<Fifo>> {
    path.map_or(Ok(Vec::new()), shares::beside)
}

impl Report {
    /// Adds the shares. `before` is what was beside the lock before all else was looked at: where it is not the same now, what was seen
    /// in between may be of another time.
    pub(super) fn add_shares(&mut self, path: &Path, before: &io::Result<Vec<Fifo>>, view: &View) {
        let after = shares::beside(path);
        let (before, after) = match (before, &after) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(error), _) | (_, Err(error)) => {
                if self.state == State::Free {
                    self.state = State::Unknown;
                }
                return self.cannot_see(&format!("whether it is shared: {error}"));
            }
        };
        self.torn |= before != after;
        self.is_file = after.iter().any(|share| share.is_file);
        let taken: Vec<_> = after.iter().filter(|fifo| fifo.is_busy).map(|fifo| fifo.slot).collect();
        if taken.is_empty() {
            return;
        }
        self.shares = self.whose(path, &taken, view);
        match (self.state, self.reclaimable) {
            // One that has the lock in hand beside a share waits for it to be given back, or passes the lock on.
            (State::Held, _) => {
                self.state = State::Shared;
                self.since = None;
                let first = self.holder.take();
                drop(self.queue.splice(..0, first));
            }
            (State::Free | State::Stale, None | Some(true)) => {
                self.state = State::Shared;
                self.reclaimable = None;
            }
            // (npm's slocket knows nothing of shares.)
            _ => {}
        }
    }

    fn whose(&mut self, path: &Path, taken: &[Option<u16>], view: &View) -> Vec<Share> {
        if view.processes.unseen {
            return taken.iter().map(|&slot| Share { slot, party: Party::default() }).collect();
        }
        let home = if self.is_file { Home::File } else { Home::ByFileSystem };
        let found = Builder::new(path).home(home).build().and_then(|lock| lock.sharers()).unwrap_or_default();
        let mut shares = Vec::new();
        for &slot in taken {
            let found: Vec<_> = found.iter().filter(|found| found.slot == slot).collect();
            let found: Vec<_> =
                found.iter().filter_map(|found| Some((found.process.pid?, found.process.uid))).collect();
            let parties = parties(&found, slot.is_some());
            if parties.is_empty() {
                self.cannot_see_processes(false, view);
                shares.push(Share { slot, party: Party::default() });
            }
            shares.extend(parties.into_iter().map(|party| Share { slot, party }));
        }
        shares
    }
}

/// The processes and their users. A process that another one has started is listed with that one: the command of `slocket run` has the
/// same share. So are all processes that have the same slot.
pub(super) fn parties(found: &[(u32, u32)], is_one: bool) -> Vec<Party> {
    let pids: Vec<_> = found.iter().map(|(pid, _)| *pid).collect();
    let mut parties: Vec<Party> = Vec::new();
    for process in in_order(&pids) {
        let is_with = |party: &&mut Party| is_one || party.processes().any(|(pid, ..)| pid == process.parent);
        if let Some(party) = parties.iter_mut().find(is_with) {
            party.shared_with.push(Sharer::new(process));
        } else {
            let owner = found.iter().find(|(pid, _)| *pid == process.pid).map(|(_, uid)| Owner::new(*uid));
            parties.push(Party::new(process, owner));
        }
    }
    parties
}
