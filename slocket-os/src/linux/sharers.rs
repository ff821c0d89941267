//! The processes with shares of a lock: a share is a FIFO that is open for writing, and `/proc` lists the processes that have it open. Where
//! the lock is a locked file, so is a share, and `/proc/locks` lists the processes that have it locked.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::FileType;
use rustix::io::Errno;
use slocket_core::Inode;

use crate::at_path::{AtPath, Which};
use crate::error::{Error, Fault};
use crate::flocks;
use crate::lock::Lock;
use crate::peer::{Holder, program};
use crate::sharer::Sharer;
use crate::sys::files;
use crate::sys::found::inode;

impl Lock {
    /// Returns the processes that have shares of the lock, those with a shared lock first, then by the number of the slot. A process is
    /// named once for each shared lock or slot, however often it has it, and so is each that has inherited one.
    ///
    /// They are found in `/proc`: those that this process may look into, which are those of its own user at least. None at an
    /// abstract name.
    ///
    /// # Errors
    /// What the system refused, for example if the folder may not be searched any more.
    pub fn sharers(&self) -> Result<Vec<Sharer>, Error> {
        let Some(at) = self.site().at_path() else { return Ok(Vec::new()) };
        let fault = |errno| self.site().error(Fault::new(errno, "look at the shares"));
        if at.lock_file().is_some() {
            return Ok(lockers(&files_of_shares(at, FileType::RegularFile).map_err(fault)?));
        }
        Ok(found(&files_of_shares(at, FileType::Fifo).map_err(fault)?))
    }

    /// The same; none if that cannot be told.
    pub(crate) fn known_sharers(&self) -> Vec<Sharer> {
        self.sharers().unwrap_or_default()
    }
}

/// The FIFO of a share, or its locked file.
struct Fifo {
    slot: Option<u16>,
    /// Without its folder, by which it is known where the folder has another path.
    name: Vec<u8>,
    inode: Inode,
}

/// All that there are: they are always a beginning of the sequence.
fn files_of_shares(at: &AtPath, kind: FileType) -> Result<Vec<Fifo>, Errno> {
    let mut fifos = Vec::new();
    for slot in [None].into_iter().chain((0..=u16::MAX).map(Some)) {
        let name = at.name_of(Which::Share(slot));
        match files::stat_name(at.folder().as_fd(), &name) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == kind => {
                fifos.push(Fifo { slot, name: name.to_bytes().to_vec(), inode: inode(&stat) });
            }
            Ok(_) | Err(Errno::NOENT | Errno::NAMETOOLONG) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(fifos)
}

/// The processes that have the files locked.
fn lockers(files: &[Fifo]) -> Vec<Sharer> {
    let sharers = files.iter().flat_map(|file| {
        let process = |pid| fs::metadata(format!("/proc/{pid}")).ok().map(|process| (pid, process.uid()));
        let processes = flocks::all_who_lock(file.inode).into_iter().filter_map(process);
        processes.map(|(pid, uid)| Sharer { process: Holder::in_file_of(uid, pid), slot: file.slot })
    });
    sharers.collect()
}

fn found(fifos: &[Fifo]) -> Vec<Sharer> {
    let mut found = Vec::new();
    if fifos.is_empty() {
        return found;
    }
    let Ok(names) = files::names(Path::new("/proc")) else { return found };
    for name in names {
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let process = Path::new("/proc").join(name);
        // (Another user's may not be looked into, and one may have ended.)
        let Ok(open) = files::names(&process.join("fd")) else { continue };
        let mut slots: Vec<_> = open.filter_map(|number| share(&process, &number, fifos)).collect();
        slots.sort_unstable();
        slots.dedup();
        let Ok(uid) = fs::metadata(&process).map(|process| process.uid()) else { continue };
        let sharer = |slot| Sharer { process: Holder { pid: Some(pid), uid, program: program(pid), host: None }, slot };
        found.extend(slots.into_iter().map(sharer));
    }
    found.sort_by_key(|sharer| (sharer.slot, sharer.process.pid));
    found
}

/// The slot, if that descriptor of a process is a share.
fn share(process: &Path, number: &OsStr, fifos: &[Fifo]) -> Option<Option<u16>> {
    let file = process.join("fd").join(number);
    // (To follow the link is dearer.)
    let target = fs::read_link(&file).ok()?;
    let name = target.file_name()?.as_bytes();
    let fifo = fifos.iter().find(|fifo| fifo.name == name)?;
    let seen = fs::metadata(&file).ok()?;
    let is_it = fifo.inode == Inode { device: seen.dev(), number: seen.ino() };
    (is_it && is_open_for_writing(&process.join("fdinfo").join(number))).then_some(fifo.slot)
}

fn is_open_for_writing(info: &Path) -> bool {
    const ACCESS: u32 = 0o3;
    files::flags(info).is_some_and(|flags| flags & ACCESS != 0)
}
