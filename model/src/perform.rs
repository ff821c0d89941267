//! One call of a machine on this kernel. Each arm is a fact about Linux, which a test in `tests/facts` shows on the real one, or
//! a property of the surroundings that the configuration gives.

use slocket_core::{
    AcceptResult, Access, AnswerResult, BindResult, Call, CallResult, Cargo, ConnectResult, DoneResult, DrainResult,
    Errno, FifoResult, FileKind, FileSystemResult, Flock, FlockResult, Found, Half, Kind as SocketKind, Links,
    MakeResult, Mode, ModeFit, Name as CoreName, NextNameResult, OpenResult, Owner, PeerResult, Probe as CoreProbe,
    ProbeResult, ProcResult, Question, ReadResult, ReceiveResult, RenameResult, Role, SendResult, StatResult, Target,
    Times, TimesFound, TimesResult, UnlinkResult, Way,
};

use crate::broken::Broken;
use crate::bug::Bug;
use crate::cast::Cast;
use crate::configuration::{Configuration, Probe, Umask};
use crate::kernel::Connect;
use crate::list::List;
use crate::objects::{Client, Guard, Kind, Message, NAMES, Name, Number, SocketId, Time};
use crate::player::{Child, Player, Watch};
use crate::world::World;

/// What a call has come to.
pub(crate) enum Done {
    /// This.
    Answer(CallResult),
    /// This, for want of something.
    Fault(CallResult),
    /// The kernel has made the first part of it, which others can see.
    Half(&'static str),
}

/// The number of an error. (The machine reads none; it is for the message.)
const ERRNO: Errno = Errno(1);

/// That it was done.
pub(crate) const DONE: CallResult = CallResult::DoneResult(DoneResult::Done);

const FAILED: CallResult = CallResult::DoneResult(DoneResult::Failed(ERRNO));

impl World {
    /// Makes a call, in each way in which the kernel may make it.
    pub(crate) fn perform(
        &self,
        process: usize,
        configuration: &Configuration,
        call: Call,
        done: &mut dyn FnMut(Done, Self),
    ) {
        let mut world = *self;
        if self.failures > 0 {
            let mut world = *self;
            world.failures -= 1;
            for answer in world.faults(process, call) {
                done(Done::Fault(answer), world);
            }
        }
        if let Some(ways) = self.in_two_parts(process, configuration, call) {
            return ways.into_iter().for_each(|(what, world)| done(what, world));
        }
        if let Call::Accept(Role::Guest) = call
            && let Some(own) = self.processes[process].socket
            && let Some(head) = self.socket(own).queue.iter().next()
            && self.client_ended(head)
            && !self.socket(own).refuses
        {
            // Too many were passed over who had gone.
            done(Done::Answer(AcceptResult::Failed.into()), *self);
        }
        let answer = world.make_one(process, configuration, call);
        if let Call::Stat(CoreName::Lock) = call
            && let CallResult::StatResult(StatResult::Found(found)) = answer
            && found.times == TimesFound::Alike
        {
            // It was bound a short while ago, or not.
            done(Done::Answer(StatResult::Found(Found { is_recent: true, ..found }).into()), world);
        }
        done(Done::Answer(answer), world);
    }

    /// How a call can fail for want of something: a descriptor, memory, a right.
    fn faults(&mut self, process: usize, call: Call) -> Vec<CallResult> {
        if self.mind(process).cleans_up() {
            // What is left is the next one's.
            self.mishap();
        }
        match call {
            Call::Socket(..) => vec![FAILED],
            Call::MakeFifo(_) => vec![MakeResult::Failed(ERRNO).into()],
            Call::OpenFifo(..) => vec![OpenResult::Failed(ERRNO).into()],
            Call::Open(..) => vec![OpenResult::Failed(ERRNO).into()],
            Call::OpenFolder(_) => vec![OpenResult::Failed(ERRNO).into()],
            Call::SetMode(..) => vec![FAILED],
            // (Where the times cannot be set, and the mode must be, a socket has no mark until it is passed on.)
            Call::SetTimes(..) | Call::SetTimesInProc(..)
                if self.processes[process].pin.is_some_and(|inode| self.inode(inode).spoiled) =>
            {
                Vec::new()
            }
            Call::SetTimes(..) | Call::SetTimesInProc(..) | Call::SetTimesOfName(_) => {
                vec![TimesResult::Failed(ERRNO).into()]
            }
            // (To whom a close-out cannot accept for another reason than want of a descriptor, nothing is promised.)
            Call::Accept(_) if self.processes[process].socket.is_some_and(|own| self.socket(own).refuses) => {
                vec![AcceptResult::Exhausted.into()]
            }
            Call::Accept(_) => vec![AcceptResult::Exhausted.into(), AcceptResult::Failed.into()],
            Call::Send(_) => vec![SendResult::Failed.into()],
            Call::Watch => vec![AnswerResult::No.into()],
            Call::Receive => {
                let connection = self.processes[process].connection.expect("who receives is connected");
                if !matches!(self.connection(connection).inbox, Some(Message::Listener(_))) {
                    return Vec::new();
                }
                self.connection_mut(connection).inbox = None;
                self.mishap();
                vec![ReceiveResult::Truncated.into()]
            }
            _ => Vec::new(),
        }
    }

    /// What the kernel does in two parts that others can come between: a bind by a path makes the inode visible, then registers the socket;
    /// a connect of a stream socket by a path finds the socket, then connects to it. And a bind may get any inode number that
    /// is free.
    fn in_two_parts(&self, process: usize, configuration: &Configuration, call: Call) -> Option<Vec<(Done, Self)>> {
        let own = &self.processes[process];
        match (call, own.half) {
            (Call::Bind(name, way), None) => {
                if way == Way::Proc && !configuration.has_proc {
                    return Some(vec![(Done::Answer(BindResult::Missing(ERRNO).into()), *self)]);
                }
                if self.named(process, name).is_some() {
                    return Some(vec![(Done::Answer(BindResult::InUse.into()), *self)]);
                }
                let mut world = *self;
                world.collect();
                let ways = world.free_numbers().map(|number| {
                    let mut world = world;
                    world.next_number = number;
                    let sticky = !configuration.has(Bug::MarkedAfterwards) && !configuration.has(Bug::BornUnmarked);
                    let inode = world.new_socket(process, configuration, sticky);
                    world.set_name(process, name, Some(inode));
                    if way == Way::Abstract {
                        let socket = world.register(inode, false);
                        world.processes[process].socket = Some(socket);
                        return (Done::Answer(BindResult::Bound.into()), world);
                    }
                    world.processes[process].half = Some(inode);
                    (Done::Half("binds: visible"), world)
                });
                Some(ways.collect())
            }
            (Call::Bind(..), Some(inode)) => {
                let mut world = *self;
                world.processes[process].half = None;
                let socket = world.register(inode, false);
                world.processes[process].socket = Some(socket);
                Some(vec![(Done::Answer(BindResult::Bound.into()), world)])
            }
            (Call::Connect(role, Target::Path(name)), None) if role == Role::Connection || own.asks_by_stream => {
                let mut world = *self;
                let Some(inode) = self.named(process, name) else {
                    return Some(vec![(Done::Answer(ConnectResult::Missing(ERRNO).into()), world)]);
                };
                if !matches!(self.inode(inode).kind, Kind::Bound(_)) || self.inode(inode).locked {
                    let answer = world.connect_to(process, configuration, role, inode);
                    return Some(vec![(Done::Answer(answer.into()), world)]);
                }
                world.processes[process].half = Some(inode);
                Some(vec![(Done::Half("connects by path: finds a socket"), world)])
            }
            (Call::Connect(role, Target::Path(_)), Some(inode)) => {
                let mut world = *self;
                world.processes[process].half = None;
                if self.inode(inode).kind == Kind::Dead {
                    return Some(vec![(Done::Half("connects by path: dead by now, so once more"), world)]);
                }
                let answer = world.connect_to(process, configuration, role, inode);
                Some(vec![(Done::Answer(answer.into()), world)])
            }
            _ => None,
        }
    }

    /// Makes a call that the kernel makes at once, and in one way.
    fn make_one(&mut self, process: usize, configuration: &Configuration, call: Call) -> CallResult {
        match call {
            // ---- Names in the folder.
            Call::Stat(name) | Call::StatByPath(name) => match self.named(process, name) {
                Some(inode) => StatResult::Found(self.stat(process, configuration, inode)).into(),
                None => StatResult::Missing.into(),
            },
            Call::StatFile(role) => match self.held_fast(process, role) {
                Some(inode) => StatResult::Found(self.stat(process, configuration, inode)).into(),
                None => StatResult::Missing.into(),
            },
            Call::Open(role, name) => {
                let found = self.named(process, name);
                *self.pin_mut(process, role) = found;
                if found.is_some() { OpenResult::Opened.into() } else { OpenResult::Missing.into() }
            }
            Call::OpenFolder(_) if configuration.cast[process] == Cast::Unreadable => OpenResult::Denied(ERRNO).into(),
            Call::OpenFolder(role) => {
                if role == Role::Listing {
                    self.processes[process].listing = Some(0);
                }
                OpenResult::Opened.into()
            }
            Call::NextName => {
                let from = self.processes[process].listing.expect("it reads the folder");
                match (usize::from(from)..NAMES).find(|name| self.names[*name].is_some()) {
                    Some(name) => {
                        self.processes[process].listing = Some(name as Name + 1);
                        NextNameResult::Temporary.into()
                    }
                    None => {
                        self.processes[process].listing = Some(0);
                        NextNameResult::End.into()
                    }
                }
            }
            Call::Unlink(name) => match self.named(process, name) {
                None => UnlinkResult::Missing.into(),
                Some(inode) if !self.may_unlink(process, configuration, inode) => UnlinkResult::Denied(ERRNO).into(),
                Some(_) => {
                    self.set_name(process, name, None);
                    UnlinkResult::Removed.into()
                }
            },
            Call::Rename(_) if configuration.links => RenameResult::Unsupported(ERRNO).into(),
            Call::Rename(name) | Call::Link(name) => match self.named(process, name) {
                None => RenameResult::Missing.into(),
                Some(_) if self.path.is_some() && !configuration.has(Bug::RenameReplaces) => {
                    RenameResult::Exists.into()
                }
                Some(inode) => {
                    if matches!(call, Call::Rename(_)) {
                        self.set_name(process, name, None);
                    }
                    self.set_path(Some(inode));
                    RenameResult::Renamed.into()
                }
            },
            Call::FileSystem if configuration.elsewhere => FileSystemResult::Elsewhere.into(),
            Call::FileSystem => FileSystemResult::Local.into(),
            Call::StatProc if configuration.has_proc => ProcResult::Leads.into(),
            Call::StatProc => ProcResult::LeadsNowhere.into(),
            Call::SetTimesOfName(name) => {
                let inode = self.named(process, name);
                self.touch(process, configuration, inode, Times::Marked)
            }
            Call::SetTimes(..) if configuration.old_times => TimesResult::Unsupported(ERRNO).into(),
            Call::SetTimesInProc(..) if !configuration.has_proc => TimesResult::Failed(ERRNO).into(),
            Call::SetTimes(role, times) | Call::SetTimesInProc(role, times) => {
                let inode = self.held_fast(process, role);
                self.touch(process, configuration, inode, times)
            }
            Call::SetMode(role, mode) => {
                let is_ours = |inode: &Number| self.inode(*inode).foreign == configuration.is_foreign(process);
                let Some(number) = self.held_fast(process, role).filter(is_ours).filter(|_| configuration.has_proc)
                else {
                    return FAILED;
                };
                let sticky = match mode {
                    Mode::AsAsked | Mode::Sticky => true,
                    Mode::NotSticky => false,
                    Mode::OwnerWrites | Mode::OfFifo => self.inode(number).sticky,
                };
                let inode = self.inode_mut(number);
                inode.locked &= !matches!(mode, Mode::AsAsked | Mode::OwnerWrites | Mode::OfFifo);
                inode.spoiled &= !matches!(mode, Mode::AsAsked | Mode::OfFifo);
                self.chmod(number, sticky, false);
                if let Player::Safe(participant) = &mut self.processes[process].player {
                    participant.lends |= mode == Mode::NotSticky;
                }
                DONE
            }
            Call::Flock(_) if configuration.guardless => FlockResult::Failed(ERRNO).into(),
            Call::Flock(flock) => {
                let guard = if flock == Flock::Shared { Guard::Shared } else { Guard::Exclusive };
                if self.flock(process, guard) { FlockResult::Locked.into() } else { FlockResult::Busy.into() }
            }
            // For all who have a copy of the folder.
            Call::Unlock => {
                self.processes[process].guard = Guard::None;
                DONE
            }

            // ---- Shares.
            Call::MakeFifo(name) if self.named(process, name).is_some() => MakeResult::Exists.into(),
            Call::MakeFifo(name) => {
                self.collect();
                // (That one gets the number that somebody remembers of a socket makes no difference: it is at no path.)
                self.next_number = self.free_numbers().last().expect("there are numbers enough");
                let number = self.new_inode(false, Kind::Fifo);
                let made = self.inode_mut(number);
                made.foreign = configuration.is_foreign(process);
                (made.spoiled, made.locked) =
                    (configuration.umask != Umask::Clear, configuration.umask == Umask::Locks);
                self.set_name(process, name, Some(number));
                MakeResult::Made.into()
            }
            Call::OpenFifo(role, access, name) => match self.named(process, name) {
                None => OpenResult::Missing.into(),
                Some(number) if self.inode(number).locked => OpenResult::Denied(ERRNO).into(),
                Some(number) => {
                    match role {
                        Role::Share => {
                            self.has_a_writer_now(number);
                            self.processes[process].share = Some(number);
                            self.processes[process].acquired_since = true;
                            if (0..).zip(&self.processes).any(|(other, own)| other != process && own.holds) {
                                self.broken = Some(Broken::TwoHolders);
                            }
                        }
                        Role::Slots => {
                            let look = self.look_at(number, access == Access::Both);
                            self.processes[process].slots.push(look);
                        }
                        _ => self.processes[process].look = Some(self.look_at(number, access == Access::Both)),
                    }
                    OpenResult::Opened.into()
                }
            },
            Call::SeeFifo(_) => FifoResult::Trusted.into(),
            Call::Read(role) => {
                let own = &self.processes[process];
                let look = if role == Role::Slots { own.slots.iter().next_back() } else { own.look };
                let look = look.expect("it is open");
                if self.has_writer(look.inode) { ReadResult::Writer.into() } else { ReadResult::NoWriter.into() }
            }

            // ---- Sockets.
            Call::Socket(role, kind) => {
                self.processes[process].asks_by_stream = role == Role::Probe && kind == SocketKind::Stream;
                DONE
            }
            Call::SetSocketMode | Call::SetNonblocking | Call::SocketName => DONE,
            Call::Bind(..) => unreachable!("it is made in two parts"),
            Call::BindBadge => BindResult::Bound.into(),
            Call::Listen => {
                let Some(id) = self.processes[process].socket else { return DONE };
                let is_at_path = self.mind(process).inode() == Some(self.socket(id).inode);
                let socket = self.socket_mut(id);
                socket.listens = true;
                socket.names_stranger = false;
                if socket.strange && (socket.elsewhere || !is_at_path) && !self.at_name {
                    self.broken = Some(Broken::Believed);
                }
                DONE
            }
            Call::Connect(role, target) => {
                let inode = match target {
                    Target::Pinned(_) if !configuration.has_proc => None,
                    Target::Pinned(pin) => self.held_fast(process, pin),
                    Target::Path(name) => self.named(process, name),
                    Target::Abstract => self.path,
                };
                let answer = match inode {
                    Some(inode) => self.connect_to(process, configuration, role, inode),
                    None if target == Target::Abstract => ConnectResult::Refused,
                    None => ConnectResult::Missing(ERRNO),
                };
                answer.into()
            }
            Call::Shutdown(role, half) => {
                self.shut_down(process, configuration, role, half);
                DONE
            }
            Call::Peer(Role::Connection) => {
                let connection = self.connection(self.processes[process].connection.expect("it is connected"));
                let is_ours = connection.foreign_server == configuration.is_foreign(process) && !connection.strange;
                PeerResult::Peer { is_ours, is_trusted: !connection.strange }.into()
            }
            Call::Peer(_) => {
                let guest = self.connection(self.processes[process].guest.expect("one was accepted"));
                let is_ours = guest.foreign_client == configuration.is_foreign(process);
                PeerResult::Peer { is_ours, is_trusted: is_ours }.into()
            }
            Call::Ask(Question::Listens) => {
                let listens = self.processes[process].socket.is_some_and(|socket| self.socket(socket).listens);
                yes(listens)
            }
            Call::Ask(Question::IsStream | Question::IsUnix) => yes(true),
            Call::CompareBoundFile => {
                let own = &self.processes[process];
                yes(own.socket.is_some_and(|socket| Some(self.socket(socket).inode) == own.pin))
            }
            Call::ComparePeerName => {
                let Some(socket) = self.processes[process].socket else { return yes(true) };
                let socket = self.socket(socket);
                yes(!socket.elsewhere && (self.at_name || self.mind(process).inode() == Some(socket.inode)))
            }
            Call::Poll => {
                yes(self.processes[process].socket.is_some_and(|socket| !self.socket(socket).queue.is_empty()))
            }
            Call::Accept(role) => {
                let Some(guest) =
                    self.processes[process].socket.and_then(|socket| self.accept_next(configuration, socket))
                else {
                    return AcceptResult::Nobody.into();
                };
                match role {
                    Role::Queue => self.processes[process].guests.push(guest),
                    _ => self.processes[process].guest = Some(guest),
                }
                AcceptResult::Accepted { has_badge: self.connection(guest).badge }.into()
            }
            Call::HasEnded(Role::Connection) => {
                yes(self.processes[process].connection.is_some_and(|connection| self.server_ended(connection)))
            }
            Call::HasEnded(_) => yes(self.processes[process].guest.is_some_and(|guest| self.client_ended(guest))),
            Call::Drain => match self.processes[process].guest {
                Some(guest) if !self.client_ended(guest) => DrainResult::Nothing.into(),
                Some(_) | None => DrainResult::Ended.into(),
            },
            Call::HasUnread(Role::Connection) => {
                let connection = self.processes[process].connection;
                yes(connection.is_some_and(|connection| self.connection(connection).inbox.is_some()))
            }
            Call::HasUnread(_) => yes(false),
            Call::Receive => {
                let connection = self.processes[process].connection.expect("who receives is connected");
                match self.connection_mut(connection).inbox.take() {
                    Some(Message::Listener(socket)) => {
                        self.processes[process].socket = Some(socket);
                        ReceiveResult::Listener.into()
                    }
                    Some(Message::Loan) => {
                        self.participant(process).borrows = true;
                        ReceiveResult::Loan.into()
                    }
                    None if self.server_ended(connection) => ReceiveResult::PeerClosed.into(),
                    None => ReceiveResult::Nothing.into(),
                }
            }
            Call::Send(cargo) => {
                let own = &self.processes[process];
                let (guest, listener) =
                    (own.guest.expect("one was accepted"), own.socket.expect("it has the listener"));
                let message = if cargo == Cargo::Listener { Message::Listener(listener) } else { Message::Loan };
                if self.send(guest, message) { SendResult::Sent.into() } else { SendResult::Gone.into() }
            }

            // ---- The process.
            Call::Random => {
                self.processes[process].drawn = Some(self.fresh_name(configuration));
                DONE
            }
            Call::Reserve | Call::SpendReserve | Call::KeepReserve => DONE,
            Call::Watch => {
                self.participant(process).watch = Watch::Armed;
                yes(true)
            }
            Call::AskKernel => ProbeResult::Known(match configuration.probe {
                Probe::Datagram => CoreProbe::Datagram,
                Probe::Stream => CoreProbe::Stream,
                Probe::None => CoreProbe::None,
            })
            .into(),
            Call::Close(role) | Call::CloseApart(role) => {
                self.close(process, role);
                DONE
            }
        }
    }

    /// connect, of the socket that waits or of a probe, to an inode.
    fn connect_to(
        &mut self,
        process: usize,
        configuration: &Configuration,
        role: Role,
        number: Number,
    ) -> ConnectResult {
        if role == Role::Probe && !self.processes[process].asks_by_stream {
            return match self.inodes[usize::from(number)] {
                Some(inode) if inode.locked => ConnectResult::Denied(ERRNO),
                // On a kernel where it tells nothing it is refused whatever it is connected to.
                Some(_) if configuration.probe == Probe::Datagram && self.is_alive(number) => ConnectResult::WrongType,
                Some(_) | None => ConnectResult::Refused,
            };
        }
        if self.inodes[usize::from(number)].is_none() {
            return ConnectResult::Refused;
        }
        match self.connect(number, process, role == Role::Connection, configuration) {
            Connect::Queued(connection) if role == Role::Connection => {
                self.processes[process].connection = Some(connection);
                self.joined(process);
                ConnectResult::Connected
            }
            Connect::Queued(connection) => {
                self.processes[process].probe = Some(connection);
                ConnectResult::Connected
            }
            Connect::Refused => ConnectResult::Refused,
            Connect::Full => ConnectResult::Full,
            Connect::Denied => ConnectResult::Denied(ERRNO),
        }
    }

    fn shut_down(&mut self, process: usize, configuration: &Configuration, role: Role, half: Half) {
        let own = &self.processes[process];
        match role {
            Role::Connection | Role::Probe => {
                let end = if role == Role::Connection { own.connection } else { own.probe };
                let Some(end) = end else { return };
                let client = &mut self.connection_mut(end).client;
                *client = match (*client, half) {
                    (Client::Open | Client::Deaf, Half::Read) => Client::Deaf,
                    (Client::Open | Client::Dismissed, Half::Write) => Client::Dismissed,
                    (Client::Closed, _) => Client::Closed,
                    _ => Client::Cut,
                };
            }
            // (A waiter never writes.)
            Role::Guest if half == Half::Read => {}
            Role::Guest => {
                if let Some(guest) = own.guest {
                    self.end_server(guest);
                }
            }
            Role::Queue => {
                let last = own.guests.iter().next_back();
                if let Some(guest) = last {
                    self.end_server(guest);
                }
            }
            // (Where a connection is the probe, a listener cannot be told to refuse.)
            Role::Listener => {
                if let Some(socket) = own.socket {
                    self.socket_mut(socket).refuses = configuration.probe != Probe::Stream;
                }
            }
            Role::Pin | Role::Guard | Role::Listing | Role::Swept | Role::Strays | Role::Watch => {}
            Role::Share | Role::Look | Role::Slots => unreachable!("a FIFO is not shut down"),
        }
    }

    fn close(&mut self, process: usize, role: Role) {
        let own = &mut self.processes[process];
        match role {
            Role::Listener => own.socket = None,
            Role::Connection => {
                self.left(process);
                self.participant(process).borrows = false;
                if let Some(connection) = self.processes[process].connection.take() {
                    self.close_client(connection);
                }
            }
            Role::Probe => {
                own.asks_by_stream = false;
                if let Some(connection) = own.probe.take() {
                    self.close_client(connection);
                }
            }
            Role::Guest => {
                if let Some(guest) = own.guest.take() {
                    self.close_server(guest);
                }
            }
            Role::Queue => {
                if let Some(guest) = own.guests.pop_last() {
                    self.close_server(guest);
                }
            }
            Role::Pin => own.pin = None,
            Role::Swept => own.swept = None,
            Role::Listing => own.listing = None,
            // A forked child that has a copy keeps the guard.
            Role::Guard => {
                if own.guard != Guard::None {
                    self.leave_guard(process);
                    let has_guard = self.orphan != Guard::None;
                    for child in &mut self.processes {
                        if let Player::Child(Child::Copies { has_guard: has, .. }) = &mut child.player {
                            *has = has_guard;
                        }
                    }
                }
            }
            Role::Watch => self.participant(process).watch = Watch::None,
            Role::Share => own.share = None,
            Role::Look => own.look = None,
            Role::Slots => own.slots = List::default(),
            Role::Strays => {}
        }
    }

    /// utimensat.
    fn touch(
        &mut self,
        process: usize,
        configuration: &Configuration,
        inode: Option<Number>,
        times: Times,
    ) -> CallResult {
        let is_ours = |inode: &Number| self.inode(*inode).foreign == configuration.is_foreign(process);
        let Some(inode) = inode.filter(is_ours) else { return TimesResult::Failed(ERRNO).into() };
        let time = match times {
            Times::Marked => Time::Magic,
            Times::Lent if configuration.has(Bug::ClearsWithPresentTime) => Time::Alike,
            Times::Lent => Time::Lent,
        };
        self.set_time(inode, time);
        TimesResult::Done.into()
    }

    /// What stat tells.
    fn stat(&self, process: usize, configuration: &Configuration, number: Number) -> Found {
        let inode = self.inode(number);
        let links = self.names.iter().chain(&self.shares).filter(|name| **name == Some(number)).count();
        Found {
            inode: slocket_core::Inode { device: 0, number: number.into() },
            kind: match inode.kind {
                Kind::File => FileKind::Other,
                Kind::Fifo => FileKind::Fifo,
                Kind::Visible | Kind::Bound(_) | Kind::Dead => FileKind::Socket,
            },
            owner: if inode.foreign == configuration.is_foreign(process) { Owner::Us } else { Owner::Other },
            links: match links + usize::from(self.path == Some(number)) {
                0 => Links::None,
                1 => Links::One,
                _ => Links::More,
            },
            is_sticky: inode.sticky,
            owner_writes: !inode.locked,
            mode: if inode.spoiled || !inode.sticky && inode.kind != Kind::Fifo {
                ModeFit::Fewer
            } else {
                ModeFit::Exact
            },
            times: match inode.time {
                Time::Magic => TimesFound::Marked,
                Time::Alike => TimesFound::Alike,
                Time::Apart | Time::Lent => TimesFound::Apart,
            },
            is_recent: false,
        }
    }

    /// What has a name.
    pub(crate) fn named(&self, process: usize, name: CoreName) -> Option<Number> {
        if let Some(share) = share(name) {
            return self.shares.get(share).copied().flatten();
        }
        match self.temporary(process, name) {
            Some(name) => self.names[usize::from(name)],
            None => self.path,
        }
    }

    fn set_name(&mut self, process: usize, name: CoreName, inode: Option<Number>) {
        if let Some(share) = share(name) {
            self.shares[share] = inode;
            return;
        }
        match self.temporary(process, name) {
            Some(name) => self.names[usize::from(name)] = inode,
            None => self.set_path(inode),
        }
    }

    /// Which temporary name that is.
    fn temporary(&self, process: usize, name: CoreName) -> Option<Name> {
        let own = &self.processes[process];
        match name {
            CoreName::Lock | CoreName::Shared | CoreName::Slot(_) => None,
            CoreName::Temporary => Some(own.drawn.expect("one was drawn")),
            CoreName::Swept => Some(own.read().expect("one was read")),
        }
    }

    fn held_fast(&self, process: usize, role: Role) -> Option<Number> {
        let own = &self.processes[process];
        // (A planted bug holds nothing fast, and goes by the number.)
        let by_number = || self.mind(process).inodes().next();
        if role == Role::Swept { own.swept } else { own.pin.or_else(by_number) }
    }

    fn pin_mut(&mut self, process: usize, role: Role) -> &mut Option<Number> {
        let own = &mut self.processes[process];
        if role == Role::Swept { &mut own.swept } else { &mut own.pin }
    }

    /// The head of a queue; of a planted bug, its tail.
    fn accept_next(&mut self, configuration: &Configuration, own: SocketId) -> Option<u8> {
        if configuration.has(Bug::LastFirst)
            && let Some(last) = self.socket_mut(own).queue.pop_last()
        {
            let mut others = std::mem::take(&mut self.socket_mut(own).queue);
            self.socket_mut(own).queue.push(last);
            while let Some(other) = others.pop() {
                self.socket_mut(own).queue.push(other);
            }
        }
        self.accept(own)
    }

    /// A name that nobody has used: neither is it in the folder, nor does somebody remember it. (With 64 random bits none comes
    /// twice.)
    fn fresh_name(&self, configuration: &Configuration) -> Name {
        if configuration.has(Bug::NamesRepeat) {
            return 0;
        }
        let is_remembered =
            |name| self.processes.iter().any(|process| process.drawn == Some(name) || process.read() == Some(name));
        let fresh = (0..NAMES as Name).find(|name| self.names[usize::from(*name)].is_none() && !is_remembered(*name));
        fresh.expect("there are names enough")
    }
}

/// At which place the name of a share is.
fn share(name: CoreName) -> Option<usize> {
    match name {
        CoreName::Shared => Some(0),
        CoreName::Slot(slot) => Some(1 + usize::from(slot)),
        CoreName::Lock | CoreName::Temporary | CoreName::Swept => None,
    }
}

fn yes(yes: bool) -> CallResult {
    if yes { AnswerResult::Yes.into() } else { AnswerResult::No.into() }
}
