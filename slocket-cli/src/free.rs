//! Whether a lock is free, without queueing.

use rustix::io::Errno;
use slocket_os::Inspected;

use crate::diag::Table;
use crate::known::{Report, State};
use crate::look;
use crate::target::{self, Target};
use crate::trouble::Trouble;

/// Whether no process has the lock in hand.
pub(crate) fn is_free(target: &Target) -> Result<bool, Trouble> {
    let path = match target {
        Target::Path(path) => path,
        // It cannot be probed: a datagram socket does not find those of another type by it.
        Target::Abstract(name) => return Table::read().map(|table| !table.is_bound(name)).map_err(Trouble::Io),
    };
    if target::look(path).map_err(Trouble::Io)?.is_none() {
        return Ok(true);
    }
    let trouble = match slocket_os::inspect(&[path]).remove(0) {
        Ok(Inspected::Missing | Inspected::Dead | Inspected::Unlocked) => return Ok(true),
        // Without the mark it may be lent.
        Ok(Inspected::Alive | Inspected::Unmarked | Inspected::Stale | Inspected::NotASocket | Inspected::Unknown) => {
            return Ok(false);
        }
        Ok(Inspected::WrongType) => return Err(Trouble::Foreign),
        Ok(Inspected::Unsettled { .. } | Inspected::Denied) => Trouble::Io(Errno::ACCESS.into()),
        Err(error) => Trouble::Lock(error),
    };
    // The kernel's table may tell.
    match look::report(target) {
        Ok(Report { state: State::Stale, reclaimable, .. }) => Ok(reclaimable == Some(true)),
        // The first of the queue has it in hand.
        Ok(Report { state: State::Shared, queue, .. }) => Ok(queue.is_empty()),
        Ok(Report { state: State::Held | State::Lent | State::Served | State::Occupied, .. }) => Ok(false),
        _ => Err(trouble),
    }
}
