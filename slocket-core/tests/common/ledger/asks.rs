//! What the machine may ask for, by what its driver knows.

use slocket_core::{
    Access, Call, Cargo, Flock, Half, Home, Kind, Mode, Name, Policy, Probe, Request, Role, Stale, Target, Times, Way,
};

use super::{Checks, Guest, Has, Ledger, Mark, Peer, Pin, Rule, Seen, Verdict, idle_bit};
use crate::common::answers::SPOILED_FIFO;

impl Ledger {
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
                Err("the reserve is not a file")
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
            Call::Unlink(name @ Name::Temporary) => {
                if self.bound == Some(name) {
                    Ok(())
                } else {
                    Err("a temporary name goes that is not ours")
                }
            }
            Call::Unlink(Name::Swept) => {
                let is_dead = self.is_full(Role::Swept) && self.verdict != Verdict::None;
                if is_dead { Ok(()) } else { Err("a temporary name goes that is not dead") }
            }
            Call::Random if self.bound == Some(Name::Temporary) => Err("the name of what is bound is forgotten"),
            Call::NextName if self.is_full(Role::Swept) => Err("the name of what is held fast is forgotten"),
            Call::Accept(_) if !self.listens => Err("no client can be queued there"),
            Call::MakeFifo(_) | Call::OpenFifo(Role::Share, ..) if !self.has_lock() => {
                Err("a share is taken without the lock")
            }
            Call::OpenFifo(Role::Share, ..) if self.is_lent_to_us => {
                Err("a share is taken of what a baseline server has lent, which lends to the next at once")
            }
            Call::OpenFifo(Role::Share, Access::Read, _) => Err("a share that has no writer"),
            Call::OpenFifo(Role::Look | Role::Slots, Access::Both, _) => Err("the process that looks has a share"),
            Call::Unlink(name @ (Name::Shared | Name::Slot(_))) => self.unlinks_share(name),
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
            Some(Request::Inspect) if changes(call) => Err("an inspection changes something"),
            // To clean up.
            _ if publishes && self.is_left => Ok(()),
            Some(Request::Look) if publishes => Err("a look takes something"),
            Some(Request::Try(_) | Request::TryShare(..))
                if matches!(call, Call::Socket(Role::Connection, _) | Call::Watch) =>
            {
                Err("a try waits")
            }
            _ if publishes && self.is_stopped() => Err("the caller has given up"),
            _ if publishes && self.is_told => Err("the caller was told already"),
            _ => Ok(()),
        }
    }

    /// The FIFO of a share goes: only with the lock in hand, and if it was read then that no process has a share by it. And the one by which
    /// others know that there are shares goes last.
    fn unlinks_share(&mut self, name: Name) -> Result<(), Rule> {
        if !self.has_lock() {
            return Err("a FIFO is unlinked without the lock");
        }
        if self.idle & idle_bit(name) == 0 {
            return Err("a FIFO is unlinked that may have a writer");
        }
        self.idle &= !idle_bit(name);
        if name == Name::Shared && self.idle != 0 {
            return Err("the FIFO of shared locks goes before the slots");
        }
        self.excludes = true;
        Ok(())
    }

    /// Times and modes: only of our own socket, or under the exclusive guard of one of ours that is to be repaired.
    fn touches(&mut self, call: Call) -> Result<(), Rule> {
        let mends = self.guard == Some(Flock::Exclusive);
        let is_ours = match (call, self.pin) {
            (Call::SetTimesOfName(name), _) => {
                if !self.is_private {
                    return Err("the times of a name that another user can have replaced");
                }
                self.bound == Some(name) && self.file.is_some()
            }
            (Call::SetMode(_, Mode::OfFifo), Pin::File(Name::Shared | Name::Slot(_), inode)) => {
                inode == Some(SPOILED_FIFO.inode)
            }
            (_, Pin::File(_, inode)) => inode.is_some() && (inode == self.file || mends),
            (_, Pin::Nothing | Pin::Reserve) => false,
        };
        if !is_ours {
            return Err("something is touched that is not our socket");
        }
        match call {
            Call::SetMode(_, Mode::OfFifo) => {}
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
            (Home::Name, Name::Lock, Way::Abstract) | (Home::Path, Name::Temporary, Way::Path | Way::Proc) => Ok(()),
            (Home::Path, Name::Lock, Way::Path | Way::Proc) => {
                // (The second is where no process removes dead sockets.)
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
        let Checks { name, same_name, at_path, is_stream } = self.checks;
        match (self.bound, self.home) {
            (Some(Name::Lock), Home::Name) => Ok(()),
            (Some(_), _) if self.file.is_none() || self.is_marked != Mark::Set => {
                Err("it listens before it is found to be ours, and marked")
            }
            (Some(_), _) => Ok(()),
            (None, _) if self.server_is != Peer::Ours => Err("another user's listener gets our name"),
            (None, _) if !(name && same_name) => Err("a listener is believed that was not asked"),
            (None, Home::Path) if !at_path => Err("a listener is believed that is not the path's"),
            (None, Home::Name) if !is_stream => Err("a listener is believed that may be of another type"),
            (None, _) => Ok(()),
        }
    }

    /// The path is unlinked: only if it was seen to be ours, or to be dead while none can be about to come to life.
    fn unlinks(&mut self) -> Result<(), Rule> {
        let probe = self.probe.unwrap_or(Probe::None);
        let may = match self.path {
            Some(Seen::EmptyFile) => true,
            Some(Seen::Socket(inode, _)) if Some(inode) == self.file => true,
            Some(Seen::Socket(inode, _))
                if self.is_full(Role::Pin) && self.pin == Pin::File(Name::Lock, Some(inode)) =>
            {
                let removes_unmarked =
                    matches!(self.asked, Some(Request::Acquire(Policy { stale: Stale::Reclaim, .. })));
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
        if cargo == Cargo::Nothing && self.is_full(Role::Share) {
            return Err("the lock is lent by a process that has a share");
        }
        if cargo == (Cargo::Listener { unshared: true }) && !(self.are_gone && self.can_be_shared) {
            return Err("a lock is said to be unshared, and may be shared");
        }
        match (cargo, self.guest) {
            (_, Guest { is: Peer::Unknown | Peer::Trusted | Peer::Stranger, .. }) => {
                Err("the lock goes to another user, or to an unknown process")
            }
            (Cargo::Listener { .. }, Guest { has_badge: true, .. })
                if self.is_marked == Mark::Set || self.home == Home::Name =>
            {
                Ok(())
            }
            (Cargo::Listener { .. }, Guest { has_badge: true, .. }) => Err("what is handed over is not marked"),
            (Cargo::Nothing, Guest { has_badge: false, .. }) if self.is_marked == Mark::Cleared => Ok(()),
            (Cargo::Nothing, Guest { has_badge: false, .. }) => Err("lent, and the mark not cleared"),
            (Cargo::Listener { .. } | Cargo::Nothing, _) => Err("granted as the peer does not expect it"),
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

    /// A client can be queued. (A process that finds right after the publication that the path is not its own has held it for no time.)
    fn has_been_held(&self) -> bool {
        if self.is_left {
            return false;
        }
        self.bound.is_none() || self.stopped.is_some() || self.is_told || !self.is_open
    }
}

/// Whether another process can tell that a call was made: all but to look, and to connect a datagram socket.
fn changes(call: Call) -> bool {
    let looks = matches!(
        call,
        Call::Stat(_)
            | Call::StatByPath(_)
            | Call::StatFile(_)
            | Call::Open(Role::Pin, Name::Lock)
            | Call::Socket(Role::Probe, Kind::Datagram)
            | Call::Connect(Role::Probe, _)
            | Call::Close(Role::Pin | Role::Probe)
    );
    !looks
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
        | Call::SeeFifo(role)
        | Call::Read(role)
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
        | Call::Poll
        | Call::Accept(_) => [Some(Role::Listener), None],
        Call::CompareBoundFile => [Some(Role::Listener), Some(Role::Pin)],
        Call::ComparePeerName => [Some(Role::Listener), Some(Role::Connection)],
        Call::BindBadge | Call::Receive => [Some(Role::Connection), None],
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
        | Call::MakeFifo(_)
        | Call::OpenFifo(..)
        | Call::Socket(..)
        | Call::Random
        | Call::Reserve
        | Call::SpendReserve
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
        // (They are lists.)
        Call::OpenFifo(Role::Slots, ..) => [None, None],
        Call::OpenFifo(role, ..) => [Some(role), None],
        Call::Accept(Role::Queue) => [None, None],
        Call::Accept(role) => [Some(role), None],
        Call::Reserve => [Some(Role::Pin), None],
        Call::Watch => [Some(Role::Watch), None],
        Call::Receive => [Some(Role::Listener), Some(Role::Strays)],
        _ => [None, None],
    }
}
