//! What a driver learns from the result of a call.

use slocket_core::{
    AcceptResult, AnswerResult, BindResult, Call, CallResult, Cargo, ConnectResult, DoneResult, FifoResult, FileKind,
    FileSystemResult, Flock, FlockResult, Found, Links, Name, NextNameResult, OpenResult, Owner, PeerResult,
    ProbeResult, Question, ReadResult, ReceiveResult, RenameResult, Role, SendResult, StatResult, Times, TimesFound,
    TimesResult, UnlinkResult,
};

use super::{Budget, Checks, Guest, Ledger, Mark, Peer, Pin, Seen, Verdict, bit, idle_bit};

impl Ledger {
    /// The result of the call.
    pub(crate) fn answered(&mut self, call: Call, result: CallResult) {
        if let CallResult::StatResult(result) = result {
            self.saw(call, result);
        }
        match (call, result) {
            (Call::Open(role, name), CallResult::OpenResult(OpenResult::Opened)) => {
                self.fill(role);
                self.verdict = Verdict::None;
                if role == Role::Pin {
                    self.pin = Pin::File(name, None);
                }
            }
            (Call::OpenFolder(role), CallResult::OpenResult(OpenResult::Opened)) => self.fill(role),
            (Call::OpenFifo(role, _, name), CallResult::OpenResult(OpenResult::Opened)) => {
                self.fill(role);
                if role != Role::Share {
                    self.looks_at = Some(name);
                }
            }
            (Call::OpenFifo(Role::Look, _, Name::Shared), CallResult::OpenResult(OpenResult::Missing))
            | (Call::Stat(Name::Shared), CallResult::StatResult(StatResult::Missing)) => {
                self.excludes |= self.has_lock();
                self.are_gone |= self.has_lock();
            }
            (Call::Unlink(Name::Shared), CallResult::UnlinkResult(UnlinkResult::Removed | UnlinkResult::Missing)) => {
                self.are_gone |= self.has_lock();
            }
            (Call::MakeFifo(_), _) => self.are_gone = false,
            (Call::SeeFifo(Role::Share), CallResult::FifoResult(result)) => {
                self.is_trusted = result == FifoResult::Trusted;
            }
            (Call::Read(_), CallResult::ReadResult(ReadResult::Bytes)) => self.spend(|budget| &mut budget.messages),
            (Call::Read(Role::Look), CallResult::ReadResult(ReadResult::NoWriter)) if self.has_lock() => {
                self.idle |= self.looks_at.map_or(0, idle_bit);
            }
            (Call::Read(Role::Look), CallResult::ReadResult(ReadResult::NoWriter)) => {
                self.is_left = true;
                self.spend(|budget| &mut budget.bad_luck);
            }
            (Call::Socket(role, _), CallResult::DoneResult(DoneResult::Done)) => {
                self.fill(role);
                match role {
                    Role::Listener => self.forget_listener(),
                    Role::Connection => self.forget_server(),
                    Role::Probe => self.verdict = Verdict::None,
                    _ => {}
                }
            }
            (Call::FileSystem, CallResult::FileSystemResult(FileSystemResult::Elsewhere)) => match self.bound {
                // What is bound there is taken for ours: its owner is made up.
                Some(_) if !self.listens => {
                    if let Pin::File(_, inode) = self.pin {
                        self.file = inode;
                        self.is_marked = Mark::Set;
                        self.is_given_up = false;
                    }
                }
                Some(_) => {}
                None if self.is_full(Role::Listener) => self.path = Some(Seen::Else),
                None => {}
            },
            (Call::SetTimesOfName(_), _) => self.is_marked = Mark::Set,
            // (A new socket has the mark that bind gave it, whatever comes of this.)
            (
                Call::SetTimes(_, Times::Marked) | Call::SetTimesInProc(_, Times::Marked),
                CallResult::TimesResult(result),
            ) if self.guard != Some(Flock::Exclusive) && (result == TimesResult::Done || !self.listens) => {
                self.is_marked = Mark::Set;
            }
            (
                Call::SetTimes(_, Times::Lent) | Call::SetTimesInProc(_, Times::Lent),
                CallResult::TimesResult(TimesResult::Done),
            ) => {
                self.is_marked = Mark::Cleared;
            }
            (Call::Flock(flock), CallResult::FlockResult(FlockResult::Locked)) => self.guard = Some(flock),
            (Call::Unlock, _) => self.guard = None,
            (Call::Bind(name, _), CallResult::BindResult(BindResult::Bound)) => {
                self.bound = Some(name);
                self.is_published = name == Name::Lock;
                self.has_old_name = name != Name::Lock;
                self.path = None;
            }
            (Call::BindBadge, CallResult::BindResult(BindResult::InUse)) => {
                self.spend(|budget| &mut budget.bad_luck);
            }
            (Call::Bind(name, _), CallResult::BindResult(BindResult::Broken(_))) => self.bound = Some(name),
            (Call::Rename(_), CallResult::RenameResult(RenameResult::Renamed)) => {
                self.is_published = true;
                self.has_old_name = false;
                self.path = None;
            }
            (Call::Link(_), CallResult::RenameResult(RenameResult::Renamed)) => {
                self.is_published = true;
                self.path = None;
            }
            (Call::Unlink(Name::Lock), _) => self.path = None,
            (Call::Unlink(name), _) if self.bound == Some(name) => self.has_old_name = false,
            (Call::Listen, CallResult::DoneResult(DoneResult::Done)) => {
                self.listens = true;
                if self.bound.is_none() {
                    self.file = self.server;
                    self.is_marked = Mark::Set;
                    self.is_published = true;
                }
            }
            (Call::Connect(Role::Probe, _), CallResult::ConnectResult(result)) => {
                self.verdict = match result {
                    ConnectResult::Refused => Verdict::Dead,
                    ConnectResult::Denied(_) => Verdict::Unsettled,
                    ConnectResult::Connected
                    | ConnectResult::Missing(_)
                    | ConnectResult::Full
                    | ConnectResult::WrongType
                    | ConnectResult::Failed(_) => Verdict::None,
                };
            }
            (Call::Connect(Role::Connection, _), CallResult::ConnectResult(ConnectResult::Connected)) => {
                if let Pin::File(Name::Lock, inode) = self.pin {
                    self.server = inode;
                }
            }
            // Connected by path: to whatever has the name by then, if it can be told at all.
            (Call::StatByPath(Name::Lock), CallResult::StatResult(result)) if !self.is_full(Role::Probe) => {
                self.server = match result {
                    StatResult::Found(found) if found.kind == FileKind::Socket => Some(found.inode),
                    StatResult::Found(_) | StatResult::Missing | StatResult::Failed(_) => None,
                };
            }
            (Call::Peer(role), CallResult::PeerResult(result)) => {
                let is = match result {
                    PeerResult::Peer { is_ours: true, is_trusted: true } => Peer::Ours,
                    PeerResult::Peer { is_ours: false, is_trusted: true } => Peer::Trusted,
                    PeerResult::Peer { .. } | PeerResult::Unknown => Peer::Stranger,
                };
                self.guest.has_gone |=
                    role == Role::Guest && result == PeerResult::Unknown && self.is_full(Role::Share);
                // (A guest is not trusted with anything, so only its user counts.)
                match (role, result) {
                    (Role::Connection, _) => self.server_is = is,
                    (Role::Guest, PeerResult::Peer { is_ours: true, .. }) => self.guest.is = Peer::Ours,
                    (Role::Guest, _) => self.guest.is = Peer::Stranger,
                    _ => {}
                }
            }
            (Call::SocketName, CallResult::DoneResult(result)) => self.checks.name = result == DoneResult::Done,
            (Call::CompareBoundFile, CallResult::AnswerResult(AnswerResult::Yes)) => {
                if let Pin::File(_, inode) = self.pin {
                    self.file = inode;
                    self.is_given_up = false;
                }
            }
            (Call::ComparePeerName, CallResult::AnswerResult(result)) => {
                self.checks.same_name = result == AnswerResult::Yes;
            }
            (Call::Ask(Question::IsStream), CallResult::AnswerResult(result)) => {
                self.checks.is_stream = result == AnswerResult::Yes;
            }
            (Call::Accept(role), CallResult::AcceptResult(AcceptResult::Accepted { has_badge })) => {
                self.spend(|budget| &mut budget.guests);
                self.fill(role);
                match role {
                    Role::Queue => self.queued += 1,
                    _ => self.guest = Guest { has_badge, is: Peer::Unknown, has_gone: false },
                }
            }
            (Call::HasEnded(Role::Guest), CallResult::AnswerResult(result)) => {
                self.guest.has_gone = result == AnswerResult::Yes && self.is_full(Role::Share);
            }
            (Call::NextName, CallResult::NextNameResult(NextNameResult::Temporary)) => {
                self.spend(|budget| &mut budget.names);
            }
            (Call::Receive, CallResult::ReceiveResult(result)) => self.received(result),
            (Call::Send(Cargo::Listener { .. }), CallResult::SendResult(SendResult::Sent)) => self.is_sent = true,
            (Call::Reserve, CallResult::DoneResult(DoneResult::Done)) => {
                self.fill(Role::Pin);
                self.pin = Pin::Reserve;
            }
            (Call::Watch, CallResult::AnswerResult(AnswerResult::Yes)) => self.fill(Role::Watch),
            (Call::AskKernel, CallResult::ProbeResult(ProbeResult::Known(probe))) => self.probe = Some(probe),
            (Call::Close(role) | Call::CloseApart(role), _) => self.closed(role),
            _ => {}
        }
    }

    fn received(&mut self, result: ReceiveResult) {
        match result {
            ReceiveResult::Listener { unshared } => {
                self.forget_listener();
                self.fill(Role::Listener);
                // (Of our own user it is believed.)
                (self.excludes, self.are_gone) = (unshared, unshared);
            }
            ReceiveResult::Loan => self.is_lent_to_us = true,
            ReceiveResult::Truncated | ReceiveResult::Foreign => self.fill(Role::Strays),
            ReceiveResult::Nothing | ReceiveResult::PeerClosed => {}
        }
        if !matches!(result, ReceiveResult::Nothing | ReceiveResult::PeerClosed) {
            self.spend(|budget| &mut budget.messages);
        }
    }

    /// What is at a name, or held fast.
    fn saw(&mut self, call: Call, result: StatResult) {
        let name = match (call, self.pin) {
            (Call::Stat(name) | Call::StatByPath(name), _) => name,
            (Call::StatFile(Role::Pin), Pin::File(name, _)) => name,
            _ => return,
        };
        if let (Call::StatFile(Role::Pin), StatResult::Found(found)) = (call, result) {
            self.pin = Pin::File(name, Some(found.inode));
        }
        if let StatResult::Found(found) = result
            && self.bound == Some(name)
            && self.file.is_none()
            && self.is_new_and_ours(&found)
        {
            self.file = Some(found.inode);
        }
        if name != Name::Lock {
            if self.bound == Some(name) && self.stands_in_for_another(result) {
                // Whatever has the temporary name now is not to be touched.
                self.has_old_name = false;
            }
            return;
        }
        let seen = match result {
            StatResult::Found(found) if found.kind == FileKind::Socket => Seen::Socket(found.inode, is_marked(&found)),
            StatResult::Found(Found { kind: FileKind::EmptyFile, .. }) if self.bound == Some(Name::Lock) => {
                Seen::EmptyFile
            }
            StatResult::Found(_) => Seen::Else,
            StatResult::Missing => Seen::Missing,
            StatResult::Failed(_) => Seen::Unknown,
        };
        self.path = Some(seen);
        self.checks.at_path = match seen {
            Seen::Socket(inode, _) => Some(inode) == self.server,
            Seen::Unknown => true,
            Seen::EmptyFile | Seen::Else | Seen::Missing => false,
        };
        // Of what is not at the path any more nothing is left to be given up.
        if self.is_published && !self.is_unlinked {
            self.is_given_up = !matches!(seen, Seen::Socket(inode, _) if Some(inode) == self.file);
        }
    }

    /// A temporary name that is gone, is another's, or cannot be looked at.
    fn stands_in_for_another(&self, result: StatResult) -> bool {
        !matches!(result, StatResult::Found(found)
            if found.kind == FileKind::Socket && found.links == Links::One && found.owner != Owner::Other
                && (found.is_sticky || self.is_private || self.file == Some(found.inode)))
    }

    fn is_new_and_ours(&self, found: &Found) -> bool {
        found.kind == FileKind::Socket
            && found.links == Links::One
            && found.owner != Owner::Other
            && found.times != TimesFound::Marked
            && (found.is_sticky || self.is_private)
    }

    fn closed(&mut self, role: Role) {
        if role == Role::Queue {
            self.queued = self.queued.saturating_sub(1);
            if self.queued > 0 {
                return;
            }
        }
        self.full &= !bit(role);
        match role {
            Role::Pin => {
                self.pin = Pin::Nothing;
                self.verdict = Verdict::None;
            }
            Role::Swept => {
                self.verdict = Verdict::None;
            }
            Role::Listener => self.forget_listener(),
            Role::Connection => self.forget_server(),
            Role::Guest => {
                self.meets_baseline |= !self.guest.has_badge && !self.guest.has_gone && self.is_full(Role::Share);
                self.guest = Guest::default();
            }
            Role::Share => (self.is_trusted, self.meets_baseline) = (false, false),
            Role::Look | Role::Slots => self.looks_at = None,
            Role::Probe | Role::Guard | Role::Listing | Role::Queue | Role::Strays | Role::Watch => {}
        }
    }

    fn forget_listener(&mut self) {
        self.bound = None;
        self.file = None;
        self.is_marked = Mark::None;
        self.listens = false;
        self.is_published = false;
        self.is_sent = false;
        self.is_unlinked = false;
        self.is_given_up = false;
        self.refuses = false;
        self.checks = Checks::default();
        self.forget_shares();
    }

    /// The lock is in other hands.
    fn forget_shares(&mut self) {
        (self.idle, self.excludes, self.are_gone) = (0, false, false);
    }

    fn forget_server(&mut self) {
        self.server = None;
        self.server_is = Peer::Unknown;
        self.is_lent_to_us = false;
        self.forget_shares();
    }

    fn fill(&mut self, role: Role) {
        self.full |= bit(role);
    }

    fn spend(&mut self, of: impl Fn(&mut Budget) -> &mut u16) {
        let left = of(&mut self.budget);
        *left = left.saturating_sub(1);
    }

    /// Whether the result can still come before the next wait.
    pub(crate) fn affords(&self, call: Call, result: CallResult) -> bool {
        let Budget { names, guests, messages, bad_luck } = self.budget;
        match (call, result) {
            (Call::NextName, CallResult::NextNameResult(NextNameResult::Temporary)) => names > 0,
            (Call::Accept(_), CallResult::AcceptResult(AcceptResult::Accepted { .. })) => guests > 0,
            (Call::Receive, CallResult::ReceiveResult(result)) => {
                messages > 0 || matches!(result, ReceiveResult::Nothing | ReceiveResult::PeerClosed)
            }
            (Call::BindBadge, CallResult::BindResult(BindResult::InUse)) => bad_luck > 0,
            // (There are two slots.)
            (Call::OpenFifo(_, _, Name::Slot(slot)), CallResult::OpenResult(OpenResult::Opened))
            | (Call::Stat(Name::Slot(slot)), CallResult::StatResult(StatResult::Found(_))) => slot < 2,
            (Call::Read(_), CallResult::ReadResult(ReadResult::Bytes)) => messages > 0,
            (Call::Read(Role::Look), CallResult::ReadResult(ReadResult::NoWriter)) => self.has_lock() || bad_luck > 0,
            _ => true,
        }
    }
}

fn is_marked(found: &Found) -> bool {
    found.times == TimesFound::Marked || found.is_sticky && found.times == TimesFound::Alike
}
