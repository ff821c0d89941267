//! What a participant has open: one place for each role.

use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::io::{Errno, Result};
use rustix::net::SocketAddrUnix;
use slocket_core::{Inode, Role};

use crate::closing::close_apart;
use crate::descriptor::Descriptor;
use crate::folder_guard::FolderGuard;
use crate::making::Making;
use crate::process::Process;
use crate::sys::fifos::Several;
use crate::sys::files::Listing;
use crate::watch::Watch;

/// What a participant has open.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) listener: Socket,
    /// The listener that was closed last, to be opened again: to list another takes longer.
    closed: Option<Descriptor>,
    pub(crate) connection: Socket,
    pub(crate) guest: Socket,
    pub(crate) watch: Option<Watch>,
    pub(crate) listing: Option<Listing>,
    pub(crate) slots: Option<Several>,
    pub(crate) share: Share,
    look: Option<OwnedFd>,
    pin: Option<Pin>,
    swept: Option<Pin>,
    pub(crate) guard: Option<FolderGuard>,
    probe: Option<OwnedFd>,
    queue: Vec<OwnedFd>,
    strays: Vec<OwnedFd>,
}

/// A file that is held fast, and its mode when it was last looked at.
#[derive(Debug)]
struct Pin {
    file: OwnedFd,
    mode: Mode,
}

/// A socket that carries the lock, or a place in a queue.
#[derive(Debug, Default)]
pub(crate) enum Socket {
    #[default]
    Empty,
    /// It is not bound yet, or was not checked.
    New { socket: OwnedFd, address: Option<Arc<SocketAddrUnix>>, making: Option<Making> },
    /// A forked child closes its copy.
    Listed(Descriptor),
}

impl Socket {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self::New { socket, address: None, making: None }
    }

    /// The address that it is bound to, which it is known by from here on.
    #[inline]
    pub(crate) fn set_address(&mut self, bound_to: Option<Arc<SocketAddrUnix>>) {
        if let Self::New { address, making, .. } = self {
            *address = bound_to;
            drop(making.take());
        }
    }

    pub(crate) fn address(&self) -> Option<&Arc<SocketAddrUnix>> {
        match self {
            Self::Empty => None,
            Self::New { address, .. } => address.as_ref(),
            Self::Listed(descriptor) => descriptor.address(),
        }
    }

    /// Has each child that this process forks from here on close its copy.
    #[inline]
    pub(crate) fn list(&mut self, here: Process) {
        *self = match mem::take(self) {
            Self::New { socket, address: Some(address), .. } => {
                let mut descriptor = Descriptor::socket(socket, address);
                descriptor.list(here);
                Self::Listed(descriptor)
            }
            other => other,
        };
    }

    /// The same, by a descriptor that was closed, if it is for such a socket.
    #[inline]
    fn list_again(&mut self, here: Process, mut closed: Descriptor) {
        match mem::take(self) {
            Self::New { socket, address: Some(address), .. } if closed.is_for(&address, here) => {
                closed.open_again(socket);
                *self = Self::Listed(closed);
            }
            other => {
                *self = other;
                self.list(here);
            }
        }
    }

    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        match self {
            Self::Listed(descriptor) => Some(descriptor),
            Self::Empty | Self::New { .. } => None,
        }
    }

    pub(crate) fn descriptor_mut(&mut self) -> Option<&mut Descriptor> {
        match self {
            Self::Listed(descriptor) => Some(descriptor),
            Self::Empty | Self::New { .. } => None,
        }
    }

    #[inline]
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Empty => None,
            Self::New { socket, .. } => Some(socket.as_fd()),
            Self::Listed(descriptor) => Some(descriptor.as_fd()),
        }
    }
}

/// A FIFO that is open for writing: a share.
#[derive(Debug, Default)]
pub(crate) enum Share {
    #[default]
    Empty,
    /// It was not checked.
    New(OwnedFd),
    /// A forked child closes its copy.
    Listed(Descriptor),
}

impl Share {
    /// Has each child that this process forks from here on close its copy.
    pub(crate) fn list(&mut self, inode: Inode, here: Process) {
        *self = match mem::take(self) {
            Self::New(file) => {
                let mut descriptor = Descriptor::file(file, inode);
                descriptor.list(here);
                Self::Listed(descriptor)
            }
            other => other,
        };
    }

    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        match self {
            Self::Listed(descriptor) => Some(descriptor),
            Self::Empty | Self::New(_) => None,
        }
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Empty => None,
            Self::New(file) => Some(file.as_fd()),
            Self::Listed(descriptor) => Some(descriptor.as_fd()),
        }
    }
}

impl Table {
    /// Has each child that this process forks from here on close its copy of the listener.
    #[inline]
    pub(crate) fn list_listener(&mut self, here: Process) {
        match self.closed.take() {
            Some(closed) => self.listener.list_again(here, closed),
            None => self.listener.list(here),
        }
    }

    /// What is in that place.
    ///
    /// # Errors
    /// EBADF if it is empty, which it is not for a machine that asks for it.
    #[inline]
    pub(crate) fn get(&self, role: Role) -> Result<BorrowedFd<'_>> {
        match role {
            Role::Listener => self.listener.as_fd(),
            Role::Connection => self.connection.as_fd(),
            Role::Guest => self.guest.as_fd(),
            Role::Pin => self.pin.as_ref().map(|pin| pin.file.as_fd()),
            Role::Swept => self.swept.as_ref().map(|pin| pin.file.as_fd()),
            Role::Guard => self.guard.as_ref().map(AsFd::as_fd),
            Role::Probe => self.probe.as_ref().map(AsFd::as_fd),
            Role::Queue => self.queue.last().map(AsFd::as_fd),
            Role::Strays => self.strays.last().map(AsFd::as_fd),
            Role::Watch => self.watch.as_ref().map(AsFd::as_fd),
            Role::Share => self.share.as_fd(),
            Role::Look => self.look.as_ref().map(AsFd::as_fd),
            Role::Slots => self.slots.as_ref().and_then(Several::last),
            Role::Listing => None,
        }
        .ok_or(Errno::BADF)
    }

    /// Fills a place; at a list, adds to it.
    pub(crate) fn put(&mut self, role: Role, file: OwnedFd) {
        match role {
            Role::Listener => self.listener = Socket::new(file),
            Role::Connection => self.connection = Socket::new(file),
            Role::Guest => self.guest = Socket::new(file),
            Role::Pin => self.pin = Some(Pin { file, mode: Mode::empty() }),
            Role::Swept => self.swept = Some(Pin { file, mode: Mode::empty() }),
            Role::Probe => self.probe = Some(file),
            Role::Queue => self.queue.push(file),
            Role::Share => self.share = Share::New(file),
            Role::Look => self.look = Some(file),
            Role::Strays | Role::Guard | Role::Watch | Role::Listing | Role::Slots => self.strays.push(file),
        }
    }

    /// Fills a place with a socket that is bound to nothing yet.
    #[inline]
    pub(crate) fn put_unbound(&mut self, role: Role, socket: OwnedFd, making: Making) {
        let unbound = |socket| Socket::New { socket, address: None, making: Some(making) };
        match role {
            Role::Listener => self.listener = unbound(socket),
            Role::Connection => self.connection = unbound(socket),
            // (A probe is never bound.)
            role => self.put(role, socket),
        }
    }

    /// Adds a slot to those that are waited for.
    pub(crate) fn put_slot(&mut self, file: OwnedFd) -> Result<()> {
        let mut slots = self.slots.take().map_or_else(Several::new, Ok)?;
        let added = slots.push(file);
        self.slots = Some(slots);
        added
    }

    /// The mode of a file that is held fast, as it was when it was last looked at.
    pub(crate) fn mode(&self, role: Role) -> Mode {
        let pin = if role == Role::Swept { &self.swept } else { &self.pin };
        pin.as_ref().map_or(Mode::empty(), |pin| pin.mode)
    }

    pub(crate) fn set_mode(&mut self, role: Role, mode: Mode) {
        let pin = if role == Role::Swept { &mut self.swept } else { &mut self.pin };
        if let Some(pin) = pin {
            pin.mode = mode;
        }
    }

    /// Empties a place. What is in it is closed here, or apart.
    #[inline]
    pub(crate) fn close(&mut self, role: Role, apart: bool) {
        match role {
            Role::Listener => match mem::take(&mut self.listener) {
                Socket::Listed(mut listener) if !apart => {
                    listener.close();
                    self.closed = Some(listener);
                }
                listener => part_with(listener, apart),
            },
            Role::Connection => part_with(mem::take(&mut self.connection), apart),
            Role::Guest => part_with(mem::take(&mut self.guest), apart),
            Role::Pin => part_with(self.pin.take(), apart),
            Role::Swept => part_with(self.swept.take(), apart),
            Role::Guard => part_with(self.guard.take(), apart),
            Role::Probe => part_with(self.probe.take(), apart),
            Role::Queue => part_with(self.queue.pop(), apart),
            Role::Strays => {
                let apart = apart && !self.strays.is_empty();
                part_with(mem::take(&mut self.strays), apart);
            }
            Role::Watch => part_with(self.watch.take(), apart),
            Role::Listing => part_with(self.listing.take(), apart),
            Role::Share => part_with(mem::take(&mut self.share), apart),
            Role::Look => part_with(self.look.take(), apart),
            Role::Slots => part_with(self.slots.take(), apart),
        }
    }
}

fn part_with(what: impl Send + 'static, apart: bool) {
    if apart {
        close_apart(what);
    }
}
