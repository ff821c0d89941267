//! A world for one machine: a path, what is at it, a queue and a server; only what a scenario needs.

use std::collections::VecDeque;

use slocket_core::{
    AcceptResult, AnswerResult, BindResult, Call, CallResult, ConnectResult, DoneResult, DrainResult, FifoResult,
    FileSystemResult, FlockResult, Found, Half, Inode, Kind, Links, MakeResult, Mode, ModeFit, Name, NextNameResult,
    OpenResult, PeerResult, Probe, ProbeResult, ProcResult, ReadResult, ReceiveResult, RenameResult, Role, SendResult,
    StatResult, Target, Times, TimesFound, TimesResult, UnlinkResult,
};

use crate::common::answers::{FIFO, FILE, MARKED, NEW, UNMARKED};

/// What is at a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct There {
    pub(crate) found: Found,
    pub(crate) life: Life,
}

/// What a socket says to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Listens,
    /// Its queue is full.
    Full,
    /// Some process has it open, but it does not listen.
    Refuses,
    Dead,
    /// It is a datagram socket.
    Datagram,
    /// We may not connect to it.
    Denied,
}

pub(crate) const HOLDER: There = There { found: MARKED, life: Life::Listens };
pub(crate) const NPM: There = There { found: UNMARKED, life: Life::Listens };
pub(crate) const DEAD: There = There { found: Found { is_recent: false, ..MARKED }, life: Life::Dead };
pub(crate) const STALE: There = There { found: UNMARKED, life: Life::Dead };
/// The FIFO of a share.
pub(crate) const SHARES: There = There { found: FIFO, life: Life::Dead };
pub(crate) const DIRECTORY: There = There { found: FILE, life: Life::Dead };

/// A client in the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) has_badge: bool,
    pub(crate) is_ours: bool,
    /// It has ended its stream before it was accepted.
    pub(crate) has_ended: bool,
    pub(crate) takes: SendResult,
}

pub(crate) const WAITER: Guest = Guest { has_badge: true, is_ours: true, has_ended: false, takes: SendResult::Sent };
pub(crate) const CLIENT: Guest = Guest { has_badge: false, ..WAITER };
pub(crate) const STRANGER: Guest = Guest { is_ours: false, ..WAITER };

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) path: Option<There>,
    pub(crate) temporary: Option<There>,
    /// The FIFOs of shares.
    pub(crate) shared: Option<There>,
    pub(crate) slots: [Option<There>; 4],
    /// The results of reads from them, in turn; then no process has them open for writing.
    pub(crate) reads: VecDeque<ReadResult>,
    pub(crate) fifo: FifoResult,
    /// Whom a connection reaches.
    pub(crate) server: PeerResult,
    pub(crate) server_has_ended: bool,
    /// What the server sends, in its order.
    pub(crate) sent: VecDeque<ReceiveResult>,
    pub(crate) queue: VecDeque<Guest>,
    pub(crate) drains: VecDeque<DrainResult>,
    /// Temporary names that others have left.
    pub(crate) left: usize,
    pub(crate) guard: FlockResult,
    pub(crate) file_system: FileSystemResult,
    pub(crate) probe: ProbeResult,
    /// What comes to the path as soon as it is unlinked.
    pub(crate) next: Option<There>,
    /// The result of a call, once, instead of the usual one.
    pub(crate) instead: Vec<(Call, CallResult)>,
    guest: Option<Guest>,
    pinned: Option<There>,
    asks_by: Kind,
    listener: Option<Inode>,
    inodes: u64,
}

impl World {
    /// The path is free, and no other process is there.
    pub(crate) fn new() -> Self {
        Self {
            path: None,
            temporary: None,
            shared: None,
            slots: [None; 4],
            reads: VecDeque::new(),
            fifo: FifoResult::Trusted,
            server: PeerResult::Peer { is_ours: true, is_trusted: true },
            server_has_ended: false,
            sent: VecDeque::new(),
            queue: VecDeque::new(),
            drains: VecDeque::new(),
            left: 0,
            guard: FlockResult::Locked,
            file_system: FileSystemResult::Local,
            probe: ProbeResult::Known(Probe::Datagram),
            next: None,
            instead: Vec::new(),
            guest: None,
            pinned: None,
            asks_by: Kind::Stream,
            listener: None,
            inodes: 100,
        }
    }

    fn at(&mut self, name: Name) -> &mut Option<There> {
        match name {
            Name::Lock => &mut self.path,
            Name::Temporary | Name::Swept => &mut self.temporary,
            Name::Shared => &mut self.shared,
            Name::Slot(slot) => &mut self.slots[usize::from(slot)],
        }
    }

    /// Changes what is held fast, and what is at the path if it is that.
    fn change_pinned(&mut self, change: impl Fn(&mut Found)) {
        let Some(pinned) = &mut self.pinned else { return };
        change(&mut pinned.found);
        let inode = pinned.found.inode;
        for there in [&mut self.path, &mut self.temporary].into_iter().flatten() {
            if there.found.inode == inode {
                change(&mut there.found);
            }
        }
    }

    fn stat(&mut self, name: Name) -> StatResult {
        self.at(name).map_or(StatResult::Missing, |there| StatResult::Found(there.found))
    }

    /// The result of the call.
    pub(crate) fn perform(&mut self, call: Call) -> CallResult {
        if let Some(at) = self.instead.iter().position(|(expected, _)| *expected == call) {
            return self.instead.remove(at).1;
        }
        match call {
            Call::Stat(name) | Call::StatByPath(name) => self.stat(name).into(),
            Call::StatFile(_) => {
                let pinned = self.pinned.expect("something is held fast");
                let there = [self.path, self.temporary, self.shared].into_iter().chain(self.slots).flatten();
                let named = there.map(|there| there.found).find(|found| found.inode == pinned.found.inode);
                StatResult::Found(named.unwrap_or(Found { links: Links::None, ..pinned.found })).into()
            }
            Call::Open(_, name) => match *self.at(name) {
                Some(there) => {
                    self.pinned = Some(there);
                    OpenResult::Opened.into()
                }
                None => OpenResult::Missing.into(),
            },
            Call::OpenFolder(_) => OpenResult::Opened.into(),
            Call::MakeFifo(name) => {
                let there = self.at(name);
                if there.is_some() {
                    return MakeResult::Exists.into();
                }
                *there = Some(SHARES);
                MakeResult::Made.into()
            }
            Call::OpenFifo(_, _, name) => {
                let is_there = self.at(name).is_some();
                if is_there { OpenResult::Opened.into() } else { OpenResult::Missing.into() }
            }
            Call::SeeFifo(_) => self.fifo.into(),
            Call::Read(_) => self.reads.pop_front().unwrap_or(ReadResult::NoWriter).into(),
            Call::NextName if self.left == 0 => NextNameResult::End.into(),
            Call::NextName => {
                self.left -= 1;
                NextNameResult::Temporary.into()
            }
            Call::Unlink(name) => {
                let next = if name == Name::Lock { self.next.take() } else { None };
                let removed = std::mem::replace(self.at(name), next);
                if removed.is_some() { UnlinkResult::Removed.into() } else { UnlinkResult::Missing.into() }
            }
            Call::Rename(_) | Call::Link(_) => {
                let there = self.temporary.expect("a name to be moved");
                if self.path.is_some() {
                    return RenameResult::Exists.into();
                }
                self.path = Some(there);
                if matches!(call, Call::Rename(_)) {
                    self.temporary = None;
                }
                RenameResult::Renamed.into()
            }
            Call::FileSystem => self.file_system.into(),
            Call::StatProc => ProcResult::Leads.into(),
            Call::SetTimesOfName(name) => {
                self.at(name).as_mut().expect("a name").found.times = TimesFound::Marked;
                TimesResult::Done.into()
            }
            Call::SetTimes(_, times) | Call::SetTimesInProc(_, times) => {
                let times = if times == Times::Marked { TimesFound::Marked } else { TimesFound::Apart };
                self.change_pinned(|found| found.times = times);
                TimesResult::Done.into()
            }
            Call::SetMode(_, mode) => {
                self.change_pinned(|found| {
                    match mode {
                        Mode::Sticky | Mode::AsAsked => found.is_sticky = true,
                        Mode::NotSticky => found.is_sticky = false,
                        Mode::OwnerWrites => found.owner_writes = true,
                        Mode::OfFifo => found.mode = ModeFit::Exact,
                    }
                    if found.times == TimesFound::Alike {
                        found.times = TimesFound::Apart;
                    }
                });
                DoneResult::Done.into()
            }
            Call::Flock(_) => self.guard.into(),
            Call::Socket(role, kind) => {
                if role == Role::Probe {
                    self.asks_by = kind;
                }
                DoneResult::Done.into()
            }
            Call::Bind(name, _) => {
                self.inodes += 1;
                let inode = Inode { device: 1, number: self.inodes };
                let there = self.at(name);
                if there.is_some() {
                    return BindResult::InUse.into();
                }
                *there = Some(There { found: Found { inode, ..NEW }, life: Life::Refuses });
                self.listener = Some(inode);
                BindResult::Bound.into()
            }
            Call::BindBadge => BindResult::Bound.into(),
            Call::Listen => {
                for there in [&mut self.path, &mut self.temporary].into_iter().flatten() {
                    if Some(there.found.inode) == self.listener {
                        there.life = Life::Listens;
                    }
                }
                DoneResult::Done.into()
            }
            Call::Connect(role, target) => self.connect(role, target).into(),
            Call::Peer(Role::Guest) => {
                let is_ours = self.guest.expect("a guest").is_ours;
                PeerResult::Peer { is_ours, is_trusted: is_ours }.into()
            }
            Call::Peer(_) => self.server.into(),
            Call::Ask(_) | Call::CompareBoundFile | Call::ComparePeerName | Call::Watch => AnswerResult::Yes.into(),
            Call::Poll => answer(!self.queue.is_empty()).into(),
            Call::Accept(_) => match self.queue.pop_front() {
                Some(guest) => {
                    self.guest = Some(guest);
                    AcceptResult::Accepted { has_badge: guest.has_badge }.into()
                }
                None => AcceptResult::Nobody.into(),
            },
            Call::HasEnded(Role::Guest) => answer(self.guest.expect("a guest").has_ended).into(),
            Call::HasEnded(_) => answer(self.server_has_ended).into(),
            Call::HasUnread(_) => AnswerResult::No.into(),
            Call::Drain => self.drains.pop_front().unwrap_or(DrainResult::Nothing).into(),
            Call::Receive => self.sent.pop_front().unwrap_or(ReceiveResult::Nothing).into(),
            Call::Send(_) => self.guest.expect("a guest").takes.into(),
            Call::AskKernel => self.probe.into(),
            Call::Shutdown(_, Half::Read | Half::Write | Half::Both)
            | Call::Unlock
            | Call::Random
            | Call::SetSocketMode
            | Call::SocketName
            | Call::Reserve
            | Call::SpendReserve
            | Call::Close(_)
            | Call::CloseApart(_) => DoneResult::Done.into(),
        }
    }

    fn connect(&mut self, role: Role, target: Target) -> ConnectResult {
        let there = match target {
            Target::Pinned(_) => self.pinned,
            Target::Path(name) => *self.at(name),
            Target::Abstract => self.path,
        };
        let is_datagram = role == Role::Probe && self.asks_by == Kind::Datagram;
        match there.map(|there| there.life) {
            None if target == Target::Abstract => ConnectResult::Refused,
            None => ConnectResult::Missing(crate::common::answers::ERRNO),
            Some(Life::Denied) => ConnectResult::Denied(crate::common::answers::ERRNO),
            Some(Life::Dead) => ConnectResult::Refused,
            Some(Life::Datagram) if is_datagram => ConnectResult::Connected,
            Some(Life::Datagram) => ConnectResult::WrongType,
            Some(Life::Listens | Life::Full | Life::Refuses) if is_datagram => ConnectResult::WrongType,
            Some(Life::Listens) => ConnectResult::Connected,
            Some(Life::Full) => ConnectResult::Full,
            Some(Life::Refuses) => ConnectResult::Refused,
        }
    }
}

fn answer(yes: bool) -> AnswerResult {
    if yes { AnswerResult::Yes } else { AnswerResult::No }
}
