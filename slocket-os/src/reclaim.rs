//! What is at the path, and the removal of a dead socket (protocol section 2, "Reclaim").

use rustix::io::Errno;
use slocket_core::{Inspected, Reclaimed};

use crate::at_path::AtPath;
use crate::error::{Doing, Fault};
use crate::inode::Probe;
use crate::kernel::{self, Prober};
use crate::sweep::sweep;

/// Looks at the path: a stat and a probe.
pub(crate) fn inspect(at: &AtPath) -> Result<Inspected, Fault> {
    let path = at.path();
    let Some(pin) = at.pin().doing("look at the path")? else { return Ok(Inspected::Missing) };
    if !pin.look.is_socket {
        return Ok(Inspected::NotASocket);
    }
    // (What it says is not acted on here: before that, the kernel is asked whether it tells the truth.)
    let probe = || pin.probe(path).doing("probe the socket");
    match probe()? {
        Probe::Alive if pin.look.is_marked => Ok(Inspected::Alive),
        Probe::Alive => Ok(Inspected::Unmarked),
        Probe::Denied => Ok(Inspected::Denied),
        Probe::Datagram => Ok(Inspected::WrongType),
        Probe::Missing => Ok(Inspected::Missing),
        // Whether somebody is at it still is told by the guard of the folder.
        Probe::Unsettled if pin.look.is_marked => Ok(Inspected::Dead),
        Probe::Unsettled => Ok(Inspected::Unmarked),
        Probe::Unknown => Ok(Inspected::Stale),
        // The mark is read after the probe: its owner may have cleared it, lent the lock and died in between.
        Probe::Dead => match at.look().doing("look at the path")? {
            Some(found) if found.inode != pin.look.inode => Ok(Inspected::Alive),
            // The first probe may have come before the socket was registered, and the mark was cleared for a loan since.
            Some(found) if !found.is_marked => match probe()? {
                Probe::Dead => Ok(Inspected::Stale),
                Probe::Alive | Probe::Datagram | Probe::Missing | Probe::Unsettled | Probe::Denied | Probe::Unknown => {
                    Ok(Inspected::Alive)
                }
            },
            Some(_) => Ok(Inspected::Dead),
            None => Ok(Inspected::Missing),
        },
    }
}

/// Removes the dead socket at the path, under the exclusive guard, with its inode pinned.
pub(crate) fn reclaim(at: &AtPath, unmarked_too: bool) -> Result<Reclaimed, Fault> {
    let path = at.path();
    let is_local = at.folder().is_local().doing("ask for the file system")?;
    let guard = match at.folder().guard_exclusive() {
        Ok(guard) => guard,
        Err(Errno::WOULDBLOCK) => return Ok(Reclaimed::Busy),
        // Who cannot read the folder cannot repair a crash: others may, so it waits for them; but nobody may there.
        Err(_) if !is_local => return Ok(Reclaimed::Elsewhere),
        Err(Errno::ACCESS) => return Ok(Reclaimed::Busy),
        Err(errno) => return Err(errno).doing("guard the folder"),
    };
    let Some(pin) = at.pin().doing("look at the path")? else { return Ok(Reclaimed::Changed) };
    if !pin.look.is_socket {
        return Ok(Reclaimed::Changed);
    }
    // (Where nothing is removed in the end, the kernel is not asked how.)
    let prober = if is_local { kernel::prober(at, pin.look.inode.device) } else { Ok(Prober::Datagram) };
    let prober = match prober {
        // Who is connected to a server that may lend, and goes, may hurt it.
        Ok(Prober::Stream) if !pin.look.is_marked && !unmarked_too => return Ok(Reclaimed::Unmarked),
        Ok(prober) => prober,
        // Somebody else sweeps.
        Err(fault) if fault.errno == Errno::AGAIN => return Ok(Reclaimed::Busy),
        // Who may not make a socket in the folder may not remove one.
        Err(fault) if matches!(fault.errno, Errno::PERM | Errno::ACCESS) => return Ok(Reclaimed::Denied),
        Err(fault) => return Err(fault),
    };
    if pin.look.is_unsettled() && pin.look.is_marked {
        // Under the exclusive guard nobody is about to mend it. The times first: a chmod takes the mark of bind away.
        pin.set_times(true).and_then(|()| pin.let_owner_write()).doing("set the dead socket's mode")?;
    }
    match kernel::probe(prober, &pin, path).doing("probe the socket")? {
        Probe::Dead => {}
        // A connection tells more than the look before did.
        Probe::Alive if prober == Prober::Stream => return Ok(Reclaimed::Busy),
        Probe::Unknown => return Ok(Reclaimed::Unmarked),
        Probe::Alive | Probe::Datagram | Probe::Missing | Probe::Unsettled | Probe::Denied => {
            return Ok(Reclaimed::Changed);
        }
    }
    let removed = match at.look().doing("look at the path")? {
        Some(found) if found.inode != pin.look.inode => return Ok(Reclaimed::Changed),
        Some(found) if !found.is_marked && !unmarked_too => return Ok(Reclaimed::Unmarked),
        None => return Ok(Reclaimed::Changed),
        Some(found) if found.is_newborn() && !unmarked_too => return Ok(Reclaimed::Busy),
        Some(_) if is_local => at.unlink(),
        // Where a pin does not keep the number from being used again, what is there now may be another socket.
        Some(_) if pin.is_removed().doing("look at the socket")? => return Ok(Reclaimed::Changed),
        Some(_) => return Ok(Reclaimed::Elsewhere),
    };
    match removed {
        Ok(()) => {
            sweep(at, prober);
            drop(guard);
            Ok(Reclaimed::Removed)
        }
        Err(Errno::NOENT) => Ok(Reclaimed::Changed),
        Err(Errno::PERM | Errno::ACCESS) => Ok(Reclaimed::Denied),
        Err(errno) => Err(errno).doing("remove the dead socket"),
    }
}
