//! The sweep of dead temporary names (protocol section 2, "Aside").

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, unlinkat};

use crate::address;
use crate::at_path::AtPath;
use crate::inode::{Pin, Probe};
use crate::kernel::{self, Prober};

/// How many names of a folder are read, and how many sockets are probed: whoever may write to the folder can fill it.
const MOST_NAMES: usize = 4096;
const MOST_PROBES: usize = 64;

/// Removes dead temporary names from the lock's folder, marked or not. What cannot be removed, or is one too many, stays for
/// the next one.
pub(crate) fn sweep(at: &AtPath, prober: Prober) {
    let folder = at.folder().as_fd();
    let Ok(entries) = at.folder().open_anew().and_then(Dir::new) else { return };
    let names =
        entries.take(MOST_NAMES).flatten().filter(|entry| address::is_temporary_name(entry.file_name().to_bytes()));
    for entry in names.take(MOST_PROBES) {
        let name = Path::new(OsStr::from_bytes(entry.file_name().to_bytes()));
        let Ok(Some(pin)) = Pin::new_in(folder, name) else { continue };
        let path = at.path().with_file_name(name);
        // One that is not settled may be alive; then its owner tries again, under another name.
        let is_dead = || matches!(kernel::probe(prober, &pin, &path), Ok(Probe::Dead | Probe::Unsettled));
        if pin.look.is_socket && is_dead() {
            let _ = unlinkat(folder, name, AtFlags::empty());
        }
    }
}
