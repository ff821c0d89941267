//! Adopting a lock that is a socket.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{SocketAddrUnix, getsockname};
use slocket_core::{Found, Question};

use crate::bound::{inode_of, lower};
use crate::error::{Error, Fault, What};
use crate::guard::Guard;
use crate::lock::Lock;
use crate::process::Process;
use crate::site::Home;
use crate::socket_participant::SocketParticipant;
use crate::sys::sockets;

/// Makes the lock this process's, whose listener that is.
pub(crate) fn adopt_socket(lock: &Lock, descriptor: OwnedFd, here: Process) -> Result<Guard, Error> {
    let failed = |errno| lock.site().error(Fault::new(errno, ADOPT));
    let not_the_lock = || lock.site().failed(What::NotTheLock);
    if !is_listener(descriptor.as_fd()) || fcntl_getfl(&descriptor).map_err(failed)?.contains(OFlags::NONBLOCK) {
        return Err(not_the_lock());
    }
    let address = getsockname(&descriptor).and_then(SocketAddrUnix::try_from).map_err(failed)?;
    let inode = match lock.site().home() {
        Home::Name(name) if **name.address() == address => None,
        Home::Name(_) => return Err(not_the_lock()),
        Home::Path(at) => {
            let found = at.look().map_err(failed)?.map(|seen| seen.found).filter(Found::is_socket);
            let is_bound_to = |found: &Found| inode_of(descriptor.as_fd()) == Ok(Some(lower(found.inode.number)));
            let found = found.filter(is_bound_to).map(|found| found.inode);
            Some(found.ok_or_else(not_the_lock)?)
        }
    };
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC).map_err(failed)?;
    sockets::set_nonblocking(descriptor.as_fd()).map_err(failed)?;
    sockets::listen_on(descriptor.as_fd()).map_err(failed)?;
    let turn = lock.queue().enter_beside(here);
    let participant = SocketParticipant::holding(lock.site(), here, descriptor, address, inode);
    Ok(Guard::new(participant.into(), turn))
}

/// What is being done when a descriptor is adopted.
pub(crate) const ADOPT: &str = "adopt the descriptor";

/// Whether that is a listening Unix stream socket.
fn is_listener(socket: BorrowedFd<'_>) -> bool {
    [Question::Listens, Question::IsStream, Question::IsUnix].map(|question| sockets::ask(socket, question))
        == [Ok(true); 3]
}
