//! The open files of a forked child, of which the system tells no list: only what was listed is closed there.

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Arc;

use rustix::net::SocketAddrUnix;
use slocket_core::Inode;

use crate::site::Site;
use crate::sys::{files, found};

/// What a parent had made and not bound: there are no sockets.
pub(crate) enum Unbound {}

pub(crate) fn close_all(_: &[Arc<Site>]) -> Vec<Unbound> {
    Vec::new()
}

pub(crate) fn await_bound(_: &mut Vec<Unbound>, _: &[Arc<Site>], _: Option<u32>) {}

pub(crate) fn close_bound(_: &mut Vec<Unbound>, _: &[Arc<Site>], _: Option<u32>) {}

/// Which file it is.
pub(crate) fn inode(file: BorrowedFd<'_>) -> Option<Inode> {
    files::stat_file(file).ok().map(|stat| found::inode(&stat))
}

/// Whether that is a socket that is bound to that address.
pub(crate) fn is_bound_to(_: RawFd, _: &SocketAddrUnix) -> bool {
    false
}
