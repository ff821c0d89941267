//! Makes the calls of the core: finds the descriptors and names that a call is about, and returns the result.

use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use rustix::fs::Stat;
use rustix::io::{self, Errno};
use rustix::net::SocketAddrUnix;
use slocket_core::{
    AcceptResult, BindResult, Call, CallResult, Cargo, DoneResult, FifoResult, FileKind, Mode, Name, NextNameResult,
    OpenResult, Owner, PeerResult, ReceiveResult, Role, SendResult, Target, Times, Way,
};

use crate::at_path::{AtPath, Which};
use crate::connected::Peer;
use crate::escape::escaped;
use crate::folder_guard::FolderGuard;
use crate::making::Making;
use crate::mark::{STICKY, mode_of_fifo, published_mode, times};
use crate::peer;
use crate::process::Process;
use crate::random::random;
use crate::site::{Home, Site};
use crate::sys::files::Listing;
use crate::sys::messages::Received;
use crate::sys::{answer, done, fifos, files, found, messages, sockets};
use crate::table::Table;
use crate::watch::Watch;
use crate::{address, bound, kernel, reserve};

/// What makes the calls of one participant.
#[derive(Debug)]
pub(crate) struct Performer {
    pub(crate) site: Arc<Site>,
    /// The process that holds the lock, or asks for it. A process that was forked from it may only close
    /// the copies: drop this.
    pub(crate) process: Process,
    /// Our user, when that was first of interest in this attempt.
    pub(crate) user: OnceLock<u32>,
    pub(crate) table: Table,
    /// The listener when we connected.
    pub(crate) server: Option<Peer>,
    /// When the last attempt began; the first needs no time.
    pub(crate) began: Option<Instant>,
    /// The address of the socket that sent the message that came last.
    sender: Option<SocketAddrUnix>,
    /// The bits that were drawn last, and the number of the temporary name that was read last.
    drawn: u64,
    read: u64,
}

impl Performer {
    #[inline]
    pub(crate) fn new(site: Arc<Site>, process: Process) -> Self {
        let table = Table::default();
        Self { site, process, user: OnceLock::new(), table, server: None, began: None, sender: None, drawn: 0, read: 0 }
    }

    /// Makes it as good as a new one, if nothing is open.
    pub(crate) fn renew(&mut self, new_site: &Arc<Site>, here: Process) {
        let Self { site, process, user, table: _, server, began, sender, drawn, read } = self;
        if !Arc::ptr_eq(site, new_site) {
            *site = Arc::clone(new_site);
        }
        (*process, *user, *server, *began, *sender, *drawn, *read) = (here, OnceLock::new(), None, None, None, 0, 0);
    }

    /// Makes a call.
    ///
    /// # Errors
    /// What there is to say if it could not even be made; or was refused, and its result has no more to tell.
    #[inline]
    pub(crate) fn perform(&mut self, call: Call) -> io::Result<CallResult> {
        match call {
            Call::Stat(name) => {
                let at = self.at()?;
                Ok(self.seen(&files::stat_name(at.folder().as_fd(), &at.name_of(self.which(name))), None))
            }
            Call::StatByPath(name) => {
                let at = self.at()?;
                Ok(self.seen(&files::stat_by_path(&at.path_of(self.which(name))), None))
            }
            Call::StatFile(role) => Ok(self.seen(&files::stat_file(self.table.get(role)?), Some(role))),
            Call::Open(role, name) => {
                let at = self.at()?;
                Ok(self.keep(role, files::open(at.folder().as_fd(), &at.name_of(self.which(name)))))
            }
            Call::OpenFolder(Role::Listing) => {
                let listing = self.at()?.folder().open_anew().and_then(Listing::new);
                let result = files::opened(&listing);
                self.table.listing = listing.ok();
                Ok(result.into())
            }
            Call::OpenFolder(_) => {
                let guard = FolderGuard::open(&self.site, self.process);
                let result = files::opened(&guard);
                self.table.guard = guard.ok();
                Ok(result.into())
            }
            Call::NextName => Ok(match self.table.listing.as_mut().ok_or(Errno::BADF)?.next_number() {
                Some(number) => {
                    self.read = number;
                    NextNameResult::Temporary.into()
                }
                None => NextNameResult::End.into(),
            }),
            Call::Unlink(name) => {
                let at = self.at()?;
                Ok(files::unlink(at.folder().as_fd(), &at.name_of(self.which(name))).into())
            }
            Call::Rename(name) => {
                let at = self.at()?;
                Ok(files::rename(at.folder().as_fd(), &at.name_of(self.which(name)), at.name()).into())
            }
            Call::Link(name) => {
                let at = self.at()?;
                Ok(files::link(at.folder().as_fd(), &at.name_of(self.which(name)), at.name()).into())
            }
            Call::FileSystem => Ok(files::file_system(self.at()?.folder()).into()),
            Call::StatProc => {
                let at = self.at()?;
                Ok(files::stat_proc(at.folder(), at.resolved()).into())
            }
            Call::SetTimesOfName(name) => {
                let at = self.at()?;
                let name = at.name_of(self.which(name));
                Ok(files::set_times_of_name(at.folder().as_fd(), &name, &times(Times::Marked)).into())
            }
            Call::SetTimes(role, what) => Ok(files::set_times(self.table.get(role)?, &times(what)).into()),
            Call::SetTimesInProc(role, what) => {
                Ok(files::set_times_in_proc(self.table.get(role)?, &times(what)).into())
            }
            Call::SetMode(role, mode) => {
                files::set_mode(self.table.get(role)?, self.mode(role, mode)?)?;
                Ok(DoneResult::Done.into())
            }
            Call::Flock(how) => Ok(self.table.guard.as_mut().ok_or(Errno::BADF)?.lock(how).into()),
            Call::Unlock => Ok(done(&self.table.guard.as_mut().ok_or(Errno::BADF)?.unlock()).into()),

            Call::MakeFifo(name) => {
                let at = self.at()?;
                Ok(fifos::make(at.folder().as_fd(), &at.name_of(self.which(name)), mode_of_fifo(at.mode())).into())
            }
            Call::OpenFifo(role, access, name) => {
                let at = self.at()?;
                let opened = fifos::open(at.folder().as_fd(), &at.name_of(self.which(name)), access);
                let result = fifos::opened(&opened);
                if let Ok(file) = opened {
                    match role {
                        Role::Slots => self.table.put_slot(file)?,
                        role => self.table.put(role, file),
                    }
                }
                Ok(result.into())
            }
            Call::SeeFifo(role) => Ok(self.see_fifo(role)?.into()),
            Call::Read(role) => Ok(fifos::has_writer(self.table.get(role)?).into()),

            Call::Socket(role, kind) => {
                self.note_attempt(role);
                let making = Making::begin();
                self.table.put_unbound(role, sockets::socket(kind)?, making);
                Ok(DoneResult::Done.into())
            }
            Call::SetSocketMode => {
                let mode = published_mode(self.at()?.mode());
                Ok(done(&sockets::set_socket_mode(self.table.get(Role::Listener)?, mode)).into())
            }
            Call::Bind(name, way) => {
                let address = self.address(name, way)?;
                let result = sockets::bind_to(self.table.get(Role::Listener)?, &address);
                if result == BindResult::Bound {
                    self.table.listener.set_address(Some(address));
                }
                Ok(result.into())
            }
            Call::BindBadge => {
                let address = Arc::new(address::badge(self.drawn)?);
                let result = sockets::bind_to(self.table.get(Role::Connection)?, &address);
                if result == BindResult::Bound {
                    self.table.connection.set_address(Some(address));
                }
                Ok(result.into())
            }
            Call::Listen => {
                self.is_user_still().then_some(()).ok_or(Errno::PERM)?;
                sockets::listen_on(self.table.get(Role::Listener)?)?;
                self.table.list_listener(self.process);
                Ok(DoneResult::Done.into())
            }
            Call::Connect(role, target) => {
                let address = match target {
                    Target::Pinned(pin) => address::of_path(&address::proc_path(self.table.get(pin)?))
                        .map(Arc::new)
                        .ok_or(Errno::NAMETOOLONG),
                    Target::Path(name) => self.address(name, Way::Path),
                    Target::Abstract => self.address(Name::Lock, Way::Abstract),
                }?;
                Ok(sockets::connect_to(self.table.get(role)?, &address).into())
            }
            Call::Shutdown(role, half) => Ok(done(&sockets::shut_down(self.table.get(role)?, half)).into()),
            Call::Peer(role) => Ok(self.peer(Peer::of(self.table.get(role)?).ok_or(Errno::NOTCONN)?, role).into()),
            Call::Ask(question) => Ok(answer(sockets::ask(self.table.get(Role::Listener)?, question)).into()),
            Call::SocketName => {
                let name = sockets::name(self.table.get(Role::Listener)?)?;
                self.table.listener.set_address(name.map(Arc::new));
                Ok(DoneResult::Done.into())
            }
            Call::CompareBoundFile => {
                let bound_to = bound::inode_of(self.table.get(Role::Listener)?)?;
                Ok(answer(Ok(bound_to == Some(bound::lower(files::stat_file(self.table.get(Role::Pin)?)?.st_ino))))
                    .into())
            }
            Call::ComparePeerName => {
                let peer = match self.sender.take() {
                    Some(sender) => Some(sender),
                    None => sockets::peer_name(self.table.get(Role::Connection)?)?,
                };
                let name = self.table.listener.address().map(AsRef::as_ref);
                Ok(answer(Ok(peer.is_some() && peer.as_ref() == name)).into())
            }
            Call::Poll => Ok(answer(sockets::is_contended(self.table.get(Role::Listener)?)).into()),
            Call::Accept(role) => Ok(self.accept(role)?.into()),
            Call::HasEnded(role) => Ok(answer(Ok(sockets::has_ended(self.table.get(role)?))).into()),
            Call::Drain => Ok(messages::drain(self.table.get(Role::Guest)?).into()),
            Call::HasUnread(role) => Ok(answer(sockets::has_unread(self.table.get(role)?)).into()),
            Call::Receive => Ok(self.receive()?.into()),
            Call::Send(cargo) => Ok(self.send(cargo)?.into()),

            Call::Random => {
                self.drawn = random(self.process)?;
                Ok(DoneResult::Done.into())
            }
            Call::Reserve => {
                self.table.put(Role::Pin, reserve::descriptor()?);
                Ok(DoneResult::Done.into())
            }
            Call::SpendReserve => {
                reserve::spend();
                Ok(DoneResult::Done.into())
            }
            Call::Watch => {
                self.table.watch = Watch::new(self.at()?);
                Ok(answer(Ok(self.table.watch.is_some())).into())
            }
            Call::AskKernel => {
                let at = self.at()?;
                Ok(kernel::ask_in(at.folder(), at.path(), at.is_private(), self.process).into())
            }
            Call::Close(role) => {
                self.table.close(role, false);
                Ok(DoneResult::Done.into())
            }
            Call::CloseApart(role) => {
                self.table.close(role, true);
                Ok(DoneResult::Done.into())
            }
        }
    }

    /// The path. (A machine at an abstract name asks for nothing there.)
    fn at(&self) -> io::Result<&AtPath> {
        self.site.at_path().ok_or(Errno::BADF)
    }

    /// What a name is made of.
    const fn which(&self, name: Name) -> Which {
        match name {
            Name::Lock => Which::Lock,
            Name::Temporary => Which::Temporary(self.drawn),
            Name::Swept => Which::Temporary(self.read),
            Name::Shared => Which::Share(None),
            Name::Slot(slot) => Which::Share(Some(slot)),
        }
    }

    /// What was seen of a file; of one that is held fast, its mode is remembered.
    fn seen(&mut self, stat: &io::Result<Stat>, pin: Option<Role>) -> CallResult {
        let user = || *self.user.get_or_init(peer::user);
        let seen = stat.as_ref().map_err(|errno| *errno).and_then(|stat| Ok(self.at()?.seen(stat, user)));
        if let (Some(role), Ok(seen)) = (pin, &seen) {
            self.table.set_mode(role, seen.mode);
        }
        found::result(&seen).into()
    }

    /// Whether what was opened is a FIFO of a user whose servers are trusted.
    fn see_fifo(&mut self, role: Role) -> io::Result<FifoResult> {
        let stat = files::stat_file(self.table.get(role)?)?;
        let user = || *self.user.get_or_init(peer::user);
        let seen = self.at()?.seen(&stat, user);
        let is_trusted = seen.found.owner == Owner::Us || self.site.trusts_also(seen.uid);
        Ok(match (seen.found.kind, is_trusted) {
            (FileKind::Fifo, true) => {
                if role == Role::Share {
                    self.table.share.list(seen.found.inode, self.process);
                }
                FifoResult::Trusted
            }
            (FileKind::Fifo, false) => FifoResult::Untrusted,
            (FileKind::Socket | FileKind::EmptyFile | FileKind::Other, _) => FifoResult::Other,
        })
    }

    /// A name in the folder, for a text.
    pub(crate) fn file_name(&self, name: Name) -> String {
        self.at()
            .map(|at| at.name_of(self.which(name)).to_string_lossy().into_owned())
            .map(|name| escaped(&name).to_string())
            .unwrap_or_default()
    }

    /// The owner of what has that name; our own user's number if that cannot be told.
    pub(crate) fn owner(&self, name: Name) -> u32 {
        let stat = self.at().and_then(|at| files::stat_name(at.folder().as_fd(), &at.name_of(self.which(name))));
        stat.map_or_else(|_| peer::user(), |stat| stat.st_uid)
    }

    fn keep(&mut self, role: Role, opened: io::Result<OwnedFd>) -> CallResult {
        let result: OpenResult = files::opened(&opened);
        if let Ok(file) = opened {
            self.table.put(role, file);
        }
        result.into()
    }

    /// What becomes of the mode of a file that is held fast.
    fn mode(&self, role: Role, mode: Mode) -> io::Result<rustix::fs::Mode> {
        let before = self.table.mode(role);
        Ok(match mode {
            Mode::AsAsked => published_mode(self.at()?.mode()),
            Mode::OwnerWrites => before | rustix::fs::Mode::WUSR,
            Mode::Sticky => before | STICKY,
            Mode::NotSticky => before - STICKY,
            Mode::OfFifo => mode_of_fifo(self.at()?.mode()),
        })
    }

    fn address(&self, name: Name, way: Way) -> io::Result<Arc<SocketAddrUnix>> {
        match self.site.home() {
            Home::Path(at) => at.address(self.which(name), way),
            Home::Name(name) => Ok(Arc::clone(name.address())),
        }
    }

    fn peer(&mut self, peer: Peer, role: Role) -> PeerResult {
        let uid = peer.user();
        let is_ours = uid == *self.user.get_or_init(peer::user) && !peer::is_anybody(uid);
        let is_trusted = is_ours || self.site.trusts_also(uid);
        if role == Role::Connection {
            self.table.connection.list(self.process);
            self.server = Some(peer);
        }
        PeerResult::Peer { is_ours, is_trusted }
    }

    fn accept(&mut self, role: Role) -> io::Result<AcceptResult> {
        let listener = self.table.get(Role::Listener)?;
        // (At an abstract name all are accepted, and nothing is shut down before: if the listener came blocking, accept(2) would wait
        // for the next.)
        if role == Role::Queue && !sockets::is_contended(listener)? {
            return Ok(AcceptResult::Nobody);
        }
        let (result, peer) = sockets::accept(listener);
        if let Some(peer) = peer {
            self.table.put(role, peer);
            if role == Role::Guest {
                self.table.guest.set_address(self.table.listener.address().cloned());
                self.table.guest.list(self.process);
            }
        }
        Ok(result)
    }

    fn receive(&mut self) -> io::Result<ReceiveResult> {
        let Received { result, descriptors, sender } = messages::receive(self.table.get(Role::Connection)?);
        let role = if matches!(result, ReceiveResult::Listener { .. }) { Role::Listener } else { Role::Strays };
        descriptors.into_iter().for_each(|descriptor| self.table.put(role, descriptor));
        self.sender = sender;
        Ok(result)
    }

    fn send(&self, cargo: Cargo) -> io::Result<SendResult> {
        let guest = self.table.get(Role::Guest)?;
        Ok(match cargo {
            Cargo::Listener { unshared } => messages::send(guest, Some(self.table.get(Role::Listener)?), unshared),
            Cargo::Nothing => messages::send(guest, None, false),
        })
    }

    /// Whether our user is the one that others were compared with. (A program can change it while it waits. listen(2) then gives
    /// the new name to a listener that was trusted under the old one, and may have come from any process of that user.)
    fn is_user_still(&self) -> bool {
        self.user.get().is_none_or(|user| *user == peer::user())
    }

    /// An attempt begins with its socket; the first needs no time.
    fn note_attempt(&mut self, role: Role) {
        if role == Role::Connection {
            self.began = Some(Instant::now());
            self.server = None;
            self.user = OnceLock::new();
        } else if role == Role::Listener {
            self.user = OnceLock::new();
            if let Some(began) = &mut self.began {
                *began = Instant::now();
            }
        }
    }
}
