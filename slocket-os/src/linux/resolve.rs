//! The path of an open folder, and whether other users can change what it leads to.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{Mode, Stat, lstat, readlink};
use rustix::io::{Errno, Result};
use rustix::process::geteuid;

use crate::address::proc_path;
use crate::at_once::at_once;
use crate::folder::{Folder, is_same};

/// What is known of a folder's path.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// Without symbolic links.
    pub(crate) path: PathBuf,
    /// It leads to the folder, and only root and this user can change that: no other user can rename a folder on the way.
    pub(crate) is_fixed: bool,
    /// No other user can rename our files in the folder.
    pub(crate) is_private: bool,
    /// What the folder was when the lock was named.
    pub(crate) folder: Stat,
    /// Our user then.
    pub(crate) user: u32,
}

/// The last fixed path that was resolved. A program that names a lock mostly names one in the same folder again.
static LAST: Mutex<Option<Last>> = Mutex::new(None);

#[derive(Debug)]
struct Last {
    given: PathBuf,
    user: u32,
    folder: Stat,
    path: PathBuf,
}

/// Finds the path of `folder`, which was opened as `given`.
pub(crate) fn resolve(folder: &Folder, given: &Path) -> Result<Resolved> {
    let (own, user) = (folder.stat()?, geteuid().as_raw());
    let is_private = keeps_names(&own, user, user);
    let last = at_once(&LAST);
    if let Some(last) = last.as_deref().and_then(Option::as_ref)
        && (last.given.as_path(), last.user) == (given, user)
        && is_same(&last.folder, &own)
    {
        return Ok(Resolved { path: last.path.clone(), is_fixed: true, is_private, folder: own, user });
    }
    let path = path_of(folder, given)?;
    let is_fixed = is_fixed(&path, &own, user);
    if is_fixed && let Some(mut last) = last {
        *last = Some(Last { given: given.to_path_buf(), user, folder: own, path: path.clone() });
    }
    Ok(Resolved { path, is_fixed, is_private, folder: own, user })
}

fn path_of(folder: &Folder, given: &Path) -> Result<PathBuf> {
    match readlink(proc_path(folder.as_fd()), Vec::new()) {
        Ok(path) if path.as_bytes().starts_with(b"/") => Ok(OsString::from_vec(path.into_bytes()).into()),
        _ => given.canonicalize().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO)),
    }
}

fn is_fixed(path: &Path, folder: &Stat, user: u32) -> bool {
    let mut ancestors = path.ancestors().map(lstat);
    let Some(Ok(mut below)) = ancestors.next() else { return false };
    if !is_same(&below, folder) {
        return false;
    }
    for parent in ancestors {
        let Ok(parent) = parent else { return false };
        if !keeps_names(&parent, below.st_uid, user) {
            return false;
        }
        below = parent;
    }
    true
}

/// Whether only root and this user can rename a file of the `owner` in the folder.
fn keeps_names(folder: &Stat, owner: u32, user: u32) -> bool {
    let mode = Mode::from_raw_mode(folder.st_mode);
    let is_ours = |uid| [0, user].contains(&uid);
    let others_write = mode.intersects(Mode::WGRP | Mode::WOTH);
    is_ours(folder.st_uid) && (!others_write || mode.contains(Mode::SVTX) && is_ours(owner))
}
