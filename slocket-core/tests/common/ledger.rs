//! What a driver knows of one machine, by the calls that it has made and what they came to; and what the machine may ask for
//! then. It knows nothing of the machine's insides, and is written down apart from them.

use slocket_core::{
    AcceptResult, AnswerResult, BindResult, Call, CallResult, Cargo, ConnectResult, DoneResult, Failure, FileKind,
    FileSystemResult, Flock, FlockResult, Found, Half, Home, Inode, Kind, Links, Mode, Name, NextNameResult, Notice,
    OpenResult, Owner, PeerResult, Platform, Probe, ProbeResult, Question, ReceiveResult, RenameResult, Report,
    Request, Role, SendResult, Stale, StatResult, Target, Timer, Times, TimesFound, TimesResult, Wait, Way,
};

/// A rule that was broken.
pub(crate) type Rule = &'static str;

/// What a driver knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    home: Home,
    is_private: bool,
    /// What tells a live socket from a dead one, as far as that is known.
    probe: Option<Probe>,

    // The places.
    full: u16,
    queued: u16,
    guard: Option<Flock>,
    /// What is held fast there.
    pin: Pin,
    swept: Option<u64>,

    // The caller.
    asked: Option<Request>,
    is_open: bool,
    /// How the caller has given up.
    stopped: Option<Report>,
    has: Has,
    is_told: bool,

    // The listener: where its file is, whether it listens, and what became of it.
    bound: Option<Name>,
    file: Option<Inode>,
    is_marked: Mark,
    listens: bool,
    is_published: bool,
    has_old_name: bool,
    is_sent: bool,
    is_unlinked: bool,
    is_given_up: bool,
    refuses: bool,
    /// Of one that came: what it was asked.
    checks: Checks,

    // The path, as it was when it was last looked at. Forgotten with each wait.
    path: Option<Seen>,
    /// The probe's verdict of what is held fast.
    verdict: Verdict,

    // Peers.
    server: Option<Inode>,
    server_is: Peer,
    /// "OK" alone came.
    is_lent_to_us: bool,
    is_left: bool,
    guest: Guest,

    // How much may still come before the next wait: a world in which more and more comes for ever is another test's.
    pub(crate) budget: Budget,
}

/// How much may come before the next wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Temporary names.
    pub(crate) names: u16,
    /// Connections.
    pub(crate) guests: u16,
    /// Messages.
    pub(crate) messages: u16,
    /// Badges and addresses that are taken already.
    pub(crate) bad_luck: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Pin {
    #[default]
    Nothing,
    File(Name, Option<Inode>),
    Reserve,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Has {
    #[default]
    Nothing,
    Listener,
    Loan,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Mark {
    #[default]
    None,
    Set,
    /// The sticky bit is taken, or may be.
    Clearing,
    Cleared,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Checks {
    name: bool,
    same_name: bool,
    at_path: bool,
    is_stream: bool,
    never_blocks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Seen {
    /// A socket, and whether it is marked.
    Socket(Inode, bool),
    /// What bind made instead of a socket.
    EmptyFile,
    Else,
    Missing,
    /// The system did not tell.
    Unknown,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Verdict {
    #[default]
    None,
    Dead,
    /// We may not ask, and it is one of ours whose mode is still to come.
    Unsettled,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Peer {
    #[default]
    Unknown,
    Ours,
    Trusted,
    Stranger,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Guest {
    has_badge: bool,
    is: Peer,
}

const ROLES: [Role; 11] = [
    Role::Listener,
    Role::Connection,
    Role::Guest,
    Role::Pin,
    Role::Guard,
    Role::Probe,
    Role::Listing,
    Role::Swept,
    Role::Queue,
    Role::Strays,
    Role::Watch,
];

/// Every role.
pub(crate) const fn roles() -> [Role; 11] {
    ROLES
}

impl Ledger {
    pub(crate) fn new(platform: Platform, budget: Budget) -> Self {
        Self {
            home: platform.home,
            is_private: platform.is_private,
            probe: platform.probe,
            full: 0,
            queued: 0,
            guard: None,
            pin: Pin::default(),
            swept: None,
            asked: None,
            is_open: false,
            stopped: None,
            has: Has::default(),
            is_told: false,
            bound: None,
            file: None,
            is_marked: Mark::default(),
            listens: false,
            is_published: false,
            has_old_name: false,
            is_sent: false,
            is_unlinked: false,
            is_given_up: false,
            refuses: false,
            checks: Checks::default(),
            path: None,
            verdict: Verdict::default(),
            server: None,
            server_is: Peer::default(),
            is_lent_to_us: false,
            is_left: false,
            guest: Guest::default(),
            budget,
        }
    }

    pub(crate) fn is_full(&self, role: Role) -> bool {
        self.full & bit(role) != 0
    }

    // ---- The caller.

    /// A request that the machine has taken.
    pub(crate) fn request(&mut self, request: Request) -> Result<(), Rule> {
        let begins = matches!(request, Request::Acquire(_) | Request::Try(_) | Request::Look);
        match request {
            _ if begins && (self.asked.is_some() || self.is_open) => Err("a machine serves one request"),
            Request::Acquire(_) | Request::Try(_) | Request::Look => {
                self.asked = Some(request);
                self.is_open = true;
                Ok(())
            }
            Request::Release if self.has == Has::Nothing => Err("what is not held is released"),
            Request::Release | Request::Cancel if self.has != Has::Nothing => {
                self.has = Has::Nothing;
                self.is_open = true;
                if request == Request::Cancel {
                    self.stopped = Some(Report::Cancelled);
                }
                Ok(())
            }
            Request::Release => Err("the lock is given back twice"),
            Request::Cancel => {
                if self.is_open {
                    self.stopped = Some(Report::Cancelled);
                }
                Ok(())
            }
            Request::Dismiss | Request::Cut => Ok(()),
        }
    }

    /// A notice that the machine has made something of.
    pub(crate) fn notice(&mut self, notice: Notice) {
        if notice == Notice::TimerFired(Timer::Deadline) && self.is_open {
            self.stopped = Some(Report::TimedOut);
        }
    }

    /// The machine waits; `is_over` if it says that it has finished.
    pub(crate) fn waits(&mut self, wait: Wait, is_over: bool, budget: Budget) -> Result<(), Rule> {
        let transient = [Role::Probe, Role::Listing, Role::Swept, Role::Guard, Role::Queue, Role::Strays];
        if transient.into_iter().any(|role| self.is_full(role)) || self.guard.is_some() {
            return Err("something is left open while the machine waits");
        }
        let can_move = wait.source.is_some() || wait.retry.is_some() || wait.recheck;
        if self.is_open && !can_move {
            return Err("a request is open, and nothing is waited for");
        }
        if self.is_told && !is_over && !can_move {
            return Err("a duty in the background that waits for nothing");
        }
        if is_over && ROLES.into_iter().any(|role| self.is_full(role)) {
            return Err("something is left open at the end");
        }
        if is_over && (self.is_open || self.has != Has::Nothing || !self.is_told) {
            return Err("the end, and the caller was not told");
        }
        if is_over && self.has_old_name {
            return Err("a temporary name is left behind");
        }
        self.path = None;
        self.verdict = Verdict::None;
        self.budget = budget;
        Ok(())
    }

    /// The caller is told.
    pub(crate) fn reports(&mut self, report: Report) -> Result<(), Rule> {
        if !self.is_open {
            return Err("a report without a request");
        }
        self.is_open = false;
        match (report, self.stopped) {
            (Report::Cancelled | Report::TimedOut, stopped) if stopped != Some(report) => {
                return Err("the caller is told that it gave up, and did not");
            }
            (Report::Cancelled | Report::TimedOut, _) | (_, None) => {}
            (_, Some(_)) => return Err("the caller has given up, and is told something else"),
        }
        let is_release = report == Report::Released || report == Report::Failed(Failure::LockLost);
        let looks = self.asked == Some(Request::Look);
        if matches!(report, Report::Free | Report::Listened) != looks
            && !matches!(report, Report::Failed(_))
            && !is_release
            && self.stopped.is_none()
        {
            return Err("the answer to another question");
        }
        if report == Report::WouldBlock && !matches!(self.asked, Some(Request::Try(_))) {
            return Err("would block, and was to wait");
        }
        if report != Report::Acquired {
            self.is_told = true;
            return Ok(());
        }
        self.has = if self.is_full(Role::Listener) && self.listens && !self.is_sent && !self.is_given_up {
            Has::Listener
        } else if self.is_lent_to_us && self.is_full(Role::Connection) {
            Has::Loan
        } else {
            return Err("the lock is not held");
        };
        if self.has == Has::Listener && self.home == Home::Path && self.is_marked != Mark::Set {
            return Err("the socket that is held is not marked");
        }
        Ok(())
    }

    /// Whether this is what the machine says of itself.
    pub(crate) fn agrees(&self, is_held: bool, is_background: bool, is_finished: bool) -> Result<(), Rule> {
        if is_held != (self.has != Has::Nothing) {
            return Err("whether the lock is held is told wrong");
        }
        if self.is_told && !is_background && !is_finished {
            return Err("the caller was told, and it is neither over nor in the background");
        }
        if is_background && !self.is_told {
            return Err("in the background, and the caller was not told");
        }
        Ok(())
    }

    // ---- Calls.

    /// The machine asks for a call: may it?
    pub(crate) fn asks(&mut self, call: Call) -> Result<(), Rule> {
        if self.asked.is_none() {
            return Err("a call, and nothing was requested");
        }
        if self.has != Has::Nothing {
            return Err("a call while the lock is held: a holder runs no event loop");
        }
        for role in used(call).into_iter().flatten() {
            if !self.is_full(role) {
                return Err("a place is used that is empty");
            }
        }
        for role in filled(call).into_iter().flatten() {
            if self.is_full(role) {
                return Err("a place is filled that is full");
            }
        }
        self.looks_and_tries(call)?;
        match call {
            Call::StatFile(role) | Call::SetTimes(role, _) | Call::SetTimesInProc(role, _) | Call::SetMode(role, _)
                if role == Role::Pin && !matches!(self.pin, Pin::File(..)) =>
            {
                Err("the reserve is no file")
            }
            Call::Connect(_, Target::Pinned(Role::Pin)) if !matches!(self.pin, Pin::File(Name::Lock, _)) => {
                Err("what is connected to is not what was at the path")
            }
            Call::SetTimes(..) | Call::SetTimesInProc(..) | Call::SetMode(..) | Call::SetTimesOfName(_) => {
                self.touches(call)
            }
            Call::Flock(_) if self.guard.is_some() => Err("the guard is taken twice"),
            Call::Unlock if self.guard.is_none() => Err("the guard is given back, and was not had"),
            Call::Close(Role::Guard) if self.guard.is_some() => {
                Err("the guard is closed and not given back: a forked child would keep it")
            }
            Call::Bind(name, way) => self.binds(name, way),
            Call::Listen => self.may_listen(),
            Call::Rename(name) | Call::Link(name) => {
                if self.bound == Some(name) && self.listens && self.is_marked == Mark::Set {
                    Ok(())
                } else {
                    Err("what comes to the path is not our marked socket that listens")
                }
            }
            Call::Unlink(Name::Lock) => self.unlinks(),
            Call::Unlink(name @ Name::Temporary(number)) => {
                let is_ours = self.bound == Some(name);
                let is_dead = self.swept == Some(number) && self.is_full(Role::Swept) && self.verdict != Verdict::None;
                if is_ours || is_dead { Ok(()) } else { Err("a temporary name goes that is neither ours nor dead") }
            }
            Call::Accept(_) if !self.listens => Err("nobody can be queued there"),
            Call::Send(cargo) => self.sends(cargo),
            Call::Receive if self.server_is != Peer::Ours && self.server_is != Peer::Trusted => {
                Err("what a stranger has sent is read")
            }
            Call::Close(Role::Listener) | Call::CloseApart(Role::Listener) => self.closes_listener(),
            Call::Shutdown(Role::Listener, half) => {
                if half != Half::Read {
                    return Err("a listener is shut down for reading only");
                }
                if !self.is_given_up {
                    return Err("newcomers are refused before the path is given up");
                }
                self.refuses = true;
                Ok(())
            }
            Call::Shutdown(Role::Connection, half) if !self.is_told && half != Half::Read && self.server.is_some() => {
                // (To part from a server that is not of our user, the connection is ended.)
                if self.server_is == Peer::Ours && !self.is_lent_to_us && !self.is_stopped() {
                    return Err("a place in the queue is cut");
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// A look takes nothing, and a try does not queue. (Either may pass on what it was handed.)
    fn looks_and_tries(&self, call: Call) -> Result<(), Rule> {
        let publishes = matches!(
            call,
            Call::Socket(Role::Listener, _)
                | Call::Bind(..)
                | Call::Rename(_)
                | Call::Link(_)
                | Call::Flock(_)
                | Call::Watch
        );
        match self.asked {
            Some(Request::Look) if publishes => Err("a look takes something"),
            Some(Request::Try(_)) if matches!(call, Call::Socket(Role::Connection, _) | Call::Watch) => {
                Err("a try waits")
            }
            _ if publishes && self.is_stopped() => Err("the caller has given up"),
            _ if publishes && self.is_told => Err("the caller was told already"),
            _ => Ok(()),
        }
    }

    /// Times and modes: only of our own socket, or under the exclusive guard of one of ours that is to be mended.
    fn touches(&mut self, call: Call) -> Result<(), Rule> {
        let mends = self.guard == Some(Flock::Exclusive);
        let is_ours = match (call, self.pin) {
            (Call::SetTimesOfName(name), _) => {
                if !self.is_private {
                    return Err("the times of a name that another user can have replaced");
                }
                self.bound == Some(name) && self.file.is_some()
            }
            (_, Pin::File(_, inode)) => inode.is_some() && (inode == self.file || mends),
            (_, Pin::Nothing | Pin::Reserve) => false,
        };
        if !is_ours {
            return Err("something is touched that is not our socket");
        }
        match call {
            Call::SetMode(_, Mode::Sticky) if !mends => {}
            Call::SetMode(_, Mode::NotSticky) if !mends => self.is_marked = Mark::Clearing,
            Call::SetMode(_, Mode::AsAsked) if !self.listens => {}
            Call::SetMode(_, Mode::OwnerWrites) if mends => {}
            Call::SetMode(..) => return Err("the mode is none of its business here"),
            Call::SetTimes(_, Times::Lent) | Call::SetTimesInProc(_, Times::Lent)
                if self.is_marked != Mark::Clearing =>
            {
                return Err("the times go before the bit");
            }
            _ => {}
        }
        Ok(())
    }

    fn binds(&mut self, name: Name, way: Way) -> Result<(), Rule> {
        if self.bound.is_some() {
            return Err("a socket is bound twice");
        }
        match (self.home, name, way) {
            (Home::Name, Name::Lock, Way::Abstract) | (Home::Path, Name::Temporary(_), Way::Path | Way::Proc) => Ok(()),
            (Home::Path, Name::Lock, Way::Path | Way::Proc) => {
                // (The second is where nobody removes dead sockets.)
                let is_guarded = self.guard == Some(Flock::Shared) || self.path == Some(Seen::Else);
                if is_guarded { Ok(()) } else { Err("bound in place without the guard") }
            }
            _ => Err("another kind of address"),
        }
    }

    fn may_listen(&self) -> Result<(), Rule> {
        if self.listens {
            return Err("it listens already");
        }
        let Checks { name, same_name, at_path, is_stream, never_blocks } = self.checks;
        match (self.bound, self.home) {
            (Some(Name::Lock), Home::Name) => Ok(()),
            (Some(_), _) if self.file.is_none() || self.is_marked != Mark::Set => {
                Err("it listens before it is found to be ours, and marked")
            }
            (Some(_), _) => Ok(()),
            (None, _) if self.server_is != Peer::Ours => Err("another user's listener gets our name"),
            (None, _) if !(name && same_name && never_blocks) => Err("a listener is believed that was not asked"),
            (None, Home::Path) if !at_path => Err("a listener is believed that is not the path's"),
            (None, Home::Name) if !is_stream => Err("a listener is believed that may be of another type"),
            (None, _) => Ok(()),
        }
    }

    /// The path is unlinked: only if it was seen to be ours, or to be dead while nobody can be about to come to life.
    fn unlinks(&mut self) -> Result<(), Rule> {
        let probe = self.probe.unwrap_or(Probe::None);
        let may = match self.path {
            Some(Seen::EmptyFile) => true,
            Some(Seen::Socket(inode, _)) if Some(inode) == self.file => true,
            Some(Seen::Socket(inode, _))
                if self.is_full(Role::Pin) && self.pin == Pin::File(Name::Lock, Some(inode)) =>
            {
                let removes_unmarked = matches!(self.asked, Some(Request::Acquire(Stale::Reclaim)));
                let is_marked = matches!(self.path, Some(Seen::Socket(_, true)));
                match self.guard {
                    Some(Flock::Exclusive) => {
                        self.verdict == Verdict::Dead && probe != Probe::None && (is_marked || removes_unmarked)
                    }
                    // What a dead server has lent us.
                    None => {
                        self.is_lent_to_us
                            && Some(inode) == self.server
                            && self.verdict == Verdict::Dead
                            && probe == Probe::Datagram
                    }
                    Some(Flock::Shared) => false,
                }
            }
            _ => false,
        };
        if !may {
            return Err("the path is unlinked, and was not seen to be ours, or dead");
        }
        self.is_unlinked = true;
        self.is_given_up = true;
        Ok(())
    }

    fn sends(&mut self, cargo: Cargo) -> Result<(), Rule> {
        if !self.listens || self.is_unlinked || self.refuses {
            return Err("a lock is passed on that is given up");
        }
        let is_intact = match (self.home, self.path) {
            (Home::Name, _) | (_, Some(Seen::Unknown)) => true,
            (Home::Path, Some(Seen::Socket(inode, _))) => Some(inode) == self.file,
            (Home::Path, _) => false,
        };
        if !is_intact {
            return Err("a lock is passed on that may be lost");
        }
        match (cargo, self.guest) {
            (_, Guest { is: Peer::Unknown | Peer::Trusted | Peer::Stranger, .. }) => {
                Err("the lock goes to another user, or to somebody unknown")
            }
            (Cargo::Listener, Guest { has_badge: true, .. })
                if self.is_marked == Mark::Set || self.home == Home::Name =>
            {
                Ok(())
            }
            (Cargo::Listener, Guest { has_badge: true, .. }) => Err("what is handed over is not marked"),
            (Cargo::Nothing, Guest { has_badge: false, .. }) if self.is_marked == Mark::Cleared => Ok(()),
            (Cargo::Nothing, Guest { has_badge: false, .. }) => Err("lent, and the mark not cleared"),
            (Cargo::Listener | Cargo::Nothing, _) => Err("granted as the peer does not expect it"),
        }
    }

    /// The lock is never thrown away.
    fn closes_listener(&self) -> Result<(), Rule> {
        let is_lock = self.listens && self.is_published && !self.is_sent;
        if is_lock && !self.is_given_up && self.home == Home::Path {
            return Err("the lock is closed before the path is given up");
        }
        if is_lock && self.home == Home::Path && !self.refuses && self.has_been_held() {
            return Err("closed before newcomers are refused: they would be reset");
        }
        Ok(())
    }

    /// Somebody can be queued. (Who finds right after the publication that the path is not ours has had it for no time.)
    fn has_been_held(&self) -> bool {
        self.bound.is_none() || self.stopped.is_some() || self.is_told || !self.is_open
    }

    // ---- Results.

    /// What the call has come to.
    pub(crate) fn answered(&mut self, call: Call, result: CallResult) {
        if let CallResult::StatResult(result) = result {
            self.saw(call, result);
        }
        match (call, result) {
            (Call::Open(role, name), CallResult::OpenResult(OpenResult::Opened)) => {
                self.fill(role);
                self.verdict = Verdict::None;
                match (role, name) {
                    (Role::Swept, Name::Temporary(number)) => self.swept = Some(number),
                    (Role::Pin, name) => self.pin = Pin::File(name, None),
                    _ => {}
                }
            }
            (Call::OpenFolder(role), CallResult::OpenResult(OpenResult::Opened)) => self.fill(role),
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
            (Call::BindBadge(_), CallResult::BindResult(BindResult::InUse)) => {
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
            (Call::Peer(role), CallResult::PeerResult(result)) => {
                let is = match result {
                    PeerResult::Peer { is_ours: true, is_trusted: true } => Peer::Ours,
                    PeerResult::Peer { is_ours: false, is_trusted: true } => Peer::Trusted,
                    PeerResult::Peer { .. } | PeerResult::Unknown => Peer::Stranger,
                };
                // (A guest is not trusted with anything, so only its user counts.)
                match (role, result) {
                    (Role::Connection, _) => self.server_is = is,
                    (Role::Guest, PeerResult::Peer { is_ours: true, .. }) => self.guest.is = Peer::Ours,
                    (Role::Guest, _) => self.guest.is = Peer::Stranger,
                    _ => {}
                }
            }
            (Call::SocketName, CallResult::DoneResult(result)) => self.checks.name = result == DoneResult::Done,
            (Call::ComparePeerName, CallResult::AnswerResult(result)) => {
                self.checks.same_name = result == AnswerResult::Yes;
            }
            (Call::Ask(Question::IsStream), CallResult::AnswerResult(result)) => {
                self.checks.is_stream = result == AnswerResult::Yes;
            }
            (Call::SetNonblocking, CallResult::DoneResult(result)) => {
                self.checks.never_blocks = result == DoneResult::Done;
            }
            (Call::Accept(role), CallResult::AcceptResult(AcceptResult::Accepted { has_badge })) => {
                self.spend(|budget| &mut budget.guests);
                self.fill(role);
                match role {
                    Role::Queue => self.queued += 1,
                    _ => self.guest = Guest { has_badge, is: Peer::Unknown },
                }
            }
            (Call::NextName, CallResult::NextNameResult(NextNameResult::Temporary(_))) => {
                self.spend(|budget| &mut budget.names);
            }
            (Call::Receive, CallResult::ReceiveResult(result)) => self.received(result),
            (Call::Send(Cargo::Listener), CallResult::SendResult(SendResult::Sent)) => self.is_sent = true,
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
            ReceiveResult::Listener => {
                self.forget_listener();
                self.fill(Role::Listener);
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
                && (found.is_sticky || self.is_private))
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
                self.swept = None;
                self.verdict = Verdict::None;
            }
            Role::Listener => self.forget_listener(),
            Role::Connection => self.forget_server(),
            Role::Guest => self.guest = Guest::default(),
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
    }

    fn forget_server(&mut self) {
        self.server = None;
        self.server_is = Peer::Unknown;
        self.is_lent_to_us = false;
        self.is_left = false;
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
            (Call::NextName, CallResult::NextNameResult(NextNameResult::Temporary(_))) => names > 0,
            (Call::Accept(_), CallResult::AcceptResult(AcceptResult::Accepted { .. })) => guests > 0,
            (Call::Receive, CallResult::ReceiveResult(result)) => {
                messages > 0 || matches!(result, ReceiveResult::Nothing | ReceiveResult::PeerClosed)
            }
            (Call::BindBadge(_), CallResult::BindResult(BindResult::InUse)) => bad_luck > 0,
            _ => true,
        }
    }
}

fn is_marked(found: &Found) -> bool {
    found.times == TimesFound::Marked || found.is_sticky && found.times == TimesFound::Alike
}

/// The places that a call uses.
fn used(call: Call) -> [Option<Role>; 2] {
    match call {
        Call::StatFile(role)
        | Call::SetTimes(role, _)
        | Call::SetTimesInProc(role, _)
        | Call::SetMode(role, _)
        | Call::Shutdown(role, _)
        | Call::Peer(role)
        | Call::HasEnded(role)
        | Call::HasUnread(role)
        | Call::Close(role)
        | Call::CloseApart(role) => [Some(role), None],
        Call::Connect(role, Target::Pinned(pin)) => [Some(role), Some(pin)],
        Call::Connect(role, Target::Path(_) | Target::Abstract) => [Some(role), None],
        Call::NextName => [Some(Role::Listing), None],
        Call::Flock(_) | Call::Unlock => [Some(Role::Guard), None],
        Call::SetSocketMode
        | Call::Bind(..)
        | Call::Listen
        | Call::Ask(_)
        | Call::SocketName
        | Call::SetNonblocking
        | Call::Poll
        | Call::Accept(_) => [Some(Role::Listener), None],
        Call::ComparePeerName => [Some(Role::Listener), Some(Role::Connection)],
        Call::BindBadge(_) | Call::Receive => [Some(Role::Connection), None],
        Call::Drain => [Some(Role::Guest), None],
        Call::Send(_) => [Some(Role::Guest), Some(Role::Listener)],
        Call::Stat(_)
        | Call::StatByPath(_)
        | Call::Open(..)
        | Call::OpenFolder(_)
        | Call::Unlink(_)
        | Call::Rename(_)
        | Call::Link(_)
        | Call::FileSystem
        | Call::StatProc
        | Call::SetTimesOfName(_)
        | Call::Socket(..)
        | Call::Random
        | Call::Reserve
        | Call::SpendReserve
        | Call::KeepReserve
        | Call::Watch
        | Call::AskKernel => [None, None],
    }
}

/// The places that a call may fill.
fn filled(call: Call) -> [Option<Role>; 2] {
    match call {
        Call::Open(role, _) | Call::OpenFolder(role) | Call::Socket(role, Kind::Stream | Kind::Datagram) => {
            [Some(role), None]
        }
        // (The queue is a list.)
        Call::Accept(Role::Queue) => [None, None],
        Call::Accept(role) => [Some(role), None],
        Call::Reserve => [Some(Role::Pin), None],
        Call::Watch => [Some(Role::Watch), None],
        Call::Receive => [Some(Role::Listener), Some(Role::Strays)],
        _ => [None, None],
    }
}

const fn bit(role: Role) -> u16 {
    1 << match role {
        Role::Listener => 0,
        Role::Connection => 1,
        Role::Guest => 2,
        Role::Pin => 3,
        Role::Guard => 4,
        Role::Probe => 5,
        Role::Listing => 6,
        Role::Swept => 7,
        Role::Queue => 8,
        Role::Strays => 9,
        Role::Watch => 10,
    }
}
