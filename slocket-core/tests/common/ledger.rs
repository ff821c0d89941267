//! What a driver knows of one machine, by the calls that it has made and what they came to; and what the machine may ask for
//! then. It knows nothing of the machine's insides, and is written down apart from them.

mod asks;
mod results;

use slocket_core::{Failure, Flock, Home, Inode, Name, Notice, Platform, Probe, Report, Request, Role, Timer, Wait};

/// A rule that was broken.
pub(crate) type Rule = &'static str;

/// What a driver knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    home: Home,
    is_private: bool,
    can_be_shared: bool,
    /// What tells a live socket from a dead one, as far as that is known.
    probe: Option<Probe>,

    // The places.
    full: u16,
    queued: u16,
    guard: Option<Flock>,
    /// What is held fast there.
    pin: Pin,

    // The caller.
    asked: Option<Request>,
    is_open: bool,
    /// How the caller has given up.
    stopped: Option<Report>,
    has: Has,
    is_told: bool,

    // The listener: where its file is, whether it listens, and what happened to it.
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

    // Shares.
    /// Which FIFOs have no writer, as was read with the lock in hand: that of shared locks, and each slot.
    idle: u8,
    /// No process has a share, as was seen with the lock in hand.
    excludes: bool,
    /// Nor is anything left of one.
    are_gone: bool,
    /// What is open to be looked at.
    looks_at: Option<Name>,
    /// A FIFO without a writer was seen without the lock in hand.
    is_left: bool,
    /// Our share is a FIFO of a user who is trusted.
    is_trusted: bool,
    /// What is held while a share is taken for it.
    downgraded: Has,
    /// While our share was open, a client without a badge was accepted that had not ended its stream.
    meets_baseline: bool,

    // Peers.
    server: Option<Inode>,
    server_is: Peer,
    /// "OK" alone came.
    is_lent_to_us: bool,
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
    Share,
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
    /// It has gone, as far as can be told. (Looked at only while our share is open.)
    has_gone: bool,
}

const ROLES: [Role; 14] = [
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
    Role::Share,
    Role::Look,
    Role::Slots,
];

/// Every role.
pub(crate) const fn roles() -> [Role; 14] {
    ROLES
}

impl Ledger {
    pub(crate) fn new(platform: Platform, budget: Budget) -> Self {
        Self {
            home: platform.home,
            is_private: platform.is_private,
            can_be_shared: platform.shares && platform.home == Home::Path,
            probe: platform.probe,
            full: 0,
            queued: 0,
            guard: None,
            pin: Pin::default(),
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
            idle: 0,
            excludes: false,
            are_gone: false,
            looks_at: None,
            is_left: false,
            is_trusted: false,
            downgraded: Has::default(),
            meets_baseline: false,
            server: None,
            server_is: Peer::default(),
            is_lent_to_us: false,
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
        let begins = matches!(
            request,
            Request::Acquire(_)
                | Request::Try(_)
                | Request::Share(..)
                | Request::TryShare(..)
                | Request::Look
                | Request::Inspect
        );
        match request {
            _ if begins && (self.asked.is_some() || self.is_open) => Err("a machine serves one request"),
            Request::Acquire(_)
            | Request::Try(_)
            | Request::Share(..)
            | Request::TryShare(..)
            | Request::Look
            | Request::Inspect => {
                self.asked = Some(request);
                self.is_open = true;
                Ok(())
            }
            Request::Downgrade if matches!(self.has, Has::Nothing | Has::Share) => {
                Err("what is not held is made a share")
            }
            Request::Downgrade => {
                self.downgraded = std::mem::take(&mut self.has);
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
        if (self.is_full(Role::Look) || self.is_full(Role::Slots)) && !self.has_lock() {
            return Err("a share is waited for without the lock");
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
        self.is_left = false;
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
        match report {
            Report::Shared { .. } => return self.is_shared(),
            Report::NotDowngraded(_) if self.downgraded == Has::Nothing => {
                return Err("nothing was to be made a share");
            }
            Report::NotDowngraded(_) => {
                self.has = std::mem::take(&mut self.downgraded);
                return Ok(());
            }
            _ => {}
        }
        let is_release = report == Report::Released || report == Report::Failed(Failure::LockLost);
        let is_answer = match self.asked {
            Some(Request::Look) => matches!(report, Report::Free | Report::Listened),
            Some(Request::Inspect) => matches!(report, Report::Inspected(_)),
            _ => !matches!(report, Report::Free | Report::Listened | Report::Inspected(_)),
        };
        if !is_answer && !matches!(report, Report::Failed(_)) && !is_release && self.stopped.is_none() {
            return Err("the answer to another question");
        }
        if report == Report::WouldBlock && !matches!(self.asked, Some(Request::Try(_) | Request::TryShare(..))) {
            return Err("would block, and was to wait");
        }
        if report != Report::Acquired {
            self.is_told = true;
            return Ok(());
        }
        if self.can_be_shared && !self.excludes {
            return Err("the lock is held, and a process may have a share");
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

    /// The caller is told that it has a share.
    fn is_shared(&mut self) -> Result<(), Rule> {
        if self.has_lock() || self.is_full(Role::Connection) {
            return Err("a share is held, and the lock was not passed on");
        }
        if !self.is_full(Role::Share) || !self.is_trusted {
            return Err("the share is not held");
        }
        if self.meets_baseline {
            return Err("a share is reported beside which a baseline client will hold the lock");
        }
        if self.downgraded == Has::Nothing && !matches!(self.asked, Some(Request::Share(..) | Request::TryShare(..))) {
            return Err("a share was not asked for");
        }
        self.downgraded = Has::Nothing;
        self.has = Has::Share;
        Ok(())
    }

    /// Whether the lock is in hand, whatever for.
    fn has_lock(&self) -> bool {
        let has_listener = self.is_full(Role::Listener) && self.listens && !self.is_sent && !self.is_given_up;
        has_listener || self.is_lent_to_us && self.is_full(Role::Connection)
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
}

const fn bit(role: Role) -> u16 {
    1 << role as u16
}

const fn idle_bit(name: Name) -> u8 {
    match name {
        Name::Shared => 1,
        Name::Slot(0) => 2,
        Name::Slot(1) => 4,
        Name::Slot(2) => 8,
        Name::Slot(_) | Name::Lock | Name::Temporary | Name::Swept => 16,
    }
}
