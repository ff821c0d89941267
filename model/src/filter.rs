//! What a planted bug does: a filter between the machine and the kernel. A call is skipped and answered as if it were made, made
//! later than another, replaced; or an answer is believed that should not be.

use slocket_core::{
    AcceptResult, AnswerResult, Call, CallResult, Cargo, ConnectResult, FileKind, Flock, FlockResult, Found, Half,
    Inode, Mode, ModeFit, Name, OpenResult, PeerResult, ReceiveResult, RenameResult, Role, SendResult, StatResult,
    Times, TimesFound, TimesResult, UnlinkResult,
};

use crate::bug::Bug;
use crate::change::{Change, socket_like};
use crate::configuration::{Configuration, Probe};
use crate::objects::{Client, Guard, Message, Time};
use crate::perform::DONE;
use crate::player::Late;
use crate::world::World;

const TIMES_DONE: CallResult = CallResult::TimesResult(TimesResult::Done);

impl World {
    /// What a planted bug makes of a call.
    pub(crate) fn change(&self, process: usize, configuration: &Configuration, call: Call) -> Option<Change> {
        use Change::{Altered, Delayed, Other, Replaced, Skipped};
        let bug = configuration.bug?;
        let own = &self.processes[process];
        let listens = own.socket.is_some_and(|socket| self.socket(socket).listens);
        let reclaims = own.guard == Guard::Exclusive;
        let gives_back = own.connection.is_some();
        Some(match (bug, call) {
            // Reclaim.
            (Bug::ReclaimWithoutGuard, Call::Flock(Flock::Exclusive)) => Skipped(FlockResult::Locked.into()),
            (Bug::ReclaimSharesGuard, Call::Flock(Flock::Exclusive)) => Replaced(Call::Flock(Flock::Shared)),
            (Bug::NoReclaim, Call::Flock(Flock::Exclusive)) => Skipped(FlockResult::Busy.into()),
            (Bug::GuardDroppedBeforeUnlink, Call::Unlink(Name::Lock)) if reclaims => {
                let mut world = *self;
                world.processes[process].guard = Guard::None;
                Other("drops the exclusive guard", world)
            }
            (Bug::NoProbe, Call::Connect(Role::Probe, _)) if reclaims => Skipped(ConnectResult::Refused.into()),
            (Bug::NoSecondLookAtDead, Call::Stat(Name::Lock)) if reclaims => {
                Skipped(StatResult::Found(self.as_remembered(process)?).into())
            }
            (Bug::ModeBeforeTimes, Call::SetTimes(..)) if reclaims => Delayed(TIMES_DONE),

            // Publish.
            (Bug::BindWithoutGuard, Call::Flock(Flock::Shared)) => Skipped(FlockResult::Locked.into()),
            (Bug::GuardDroppedBeforeListen, Call::Listen) if own.guard == Guard::Shared => Delayed(DONE),
            (Bug::ListensAfterMove, Call::Listen) if !listens => Delayed(DONE),
            (Bug::MarkedAfterwards | Bug::TimesAfterListen, Call::SetTimesOfName(_) | Call::SetTimes(..))
                if !listens =>
            {
                Delayed(TIMES_DONE)
            }
            (Bug::TimeNeverSet, Call::SetTimesOfName(_) | Call::SetTimes(..)) if !listens => Skipped(TIMES_DONE),
            (Bug::ModeNeverMended, Call::SetMode(_, Mode::OwnerWrites)) => Skipped(DONE),
            (Bug::TemporaryKept, Call::Unlink(Name::Temporary)) if listens => Skipped(UnlinkResult::Removed.into()),
            (Bug::OldNameKept, Call::Unlink(Name::Temporary)) if listens => Skipped(UnlinkResult::Removed.into()),
            (Bug::GuardKept, Call::Unlock | Call::Close(Role::Guard)) if own.guard == Guard::Shared => Skipped(DONE),
            (Bug::GuardClosedOnly, Call::Unlock) => Skipped(DONE),

            // Release.
            (Bug::LendsMarked, Call::SetMode(_, Mode::NotSticky)) => Skipped(DONE),
            (Bug::LendsMarked, Call::SetTimes(_, Times::Lent)) => Skipped(TIMES_DONE),
            (Bug::ClearsStickyOnly, Call::SetTimes(_, Times::Lent)) => Skipped(TIMES_DONE),
            (Bug::ClearsTimeOnly, Call::SetMode(_, Mode::NotSticky)) => Skipped(DONE),
            (Bug::MarkClearedAfterOk, Call::SetMode(_, Mode::NotSticky)) => Skipped(DONE),
            (Bug::MarkClearedAfterOk, Call::SetTimes(_, Times::Lent)) => Delayed(TIMES_DONE),
            (Bug::MarkNeverSet, Call::SetMode(_, Mode::Sticky)) => Skipped(DONE),
            (Bug::MarkNeverSet, Call::SetTimes(_, Times::Marked)) if listens => Skipped(TIMES_DONE),
            (Bug::SetsStickyOnly, Call::SetTimes(_, Times::Marked)) if listens => Skipped(TIMES_DONE),
            (Bug::SetsTimeOnly, Call::SetMode(_, Mode::Sticky)) => Skipped(DONE),
            (Bug::TimeBeforeSticky, Call::SetMode(_, Mode::Sticky)) => Delayed(DONE),
            (Bug::SendSkipped, Call::Send(Cargo::Listener { .. })) => Skipped(SendResult::Sent.into()),
            (Bug::GuestClosedOnly, Call::Shutdown(Role::Guest, Half::Both)) => Skipped(DONE),
            (Bug::LendsAtName, Call::Shutdown(Role::Guest, Half::Both)) => {
                let mut world = *self;
                world.send(own.guest?, Message::Loan);
                Altered(DONE, world)
            }

            // Close out.
            (Bug::UnlinkSkipped, Call::Unlink(Name::Lock)) if listens && !reclaims => {
                Skipped(UnlinkResult::Removed.into())
            }
            (Bug::CloseBeforeUnlink, Call::Unlink(Name::Lock)) if listens && !reclaims => {
                Delayed(UnlinkResult::Removed.into())
            }
            (Bug::CloseOutWithoutShutdown, Call::Shutdown(Role::Listener, _)) => Skipped(DONE),
            (Bug::CloseOutWithoutDrain, Call::Accept(_)) if own.socket.is_some_and(|own| self.socket(own).refuses) => {
                Skipped(AcceptResult::Nobody.into())
            }
            (Bug::KeepsListener, Call::Close(Role::Listener)) if listens => Skipped(DONE),

            // Give back.
            (Bug::LoanClosedOnly, Call::Shutdown(Role::Connection, Half::Both)) => Skipped(DONE),
            (Bug::ServerTakenForGone, Call::HasEnded(Role::Connection)) => Skipped(AnswerResult::Yes.into()),
            (Bug::ServerTakenForGone, Call::Connect(Role::Probe, _)) if gives_back => {
                Skipped(ConnectResult::Refused.into())
            }

            // Join, receive, leave.
            (Bug::ReceivesFromUntrusted, Call::Shutdown(Role::Connection, Half::Both)) => {
                let mut world = *self;
                if let Some(Message::Listener { socket: listener, .. }) = self.connection(own.connection?).inbox {
                    world.socket_mut(listener).names_stranger = false;
                    return Some(Altered(DONE, world));
                }
                return None;
            }
            (Bug::ConnectionKept, Call::Close(Role::Connection)) => Skipped(DONE),
            (Bug::BoundFileUnasked, Call::CompareBoundFile) => Skipped(AnswerResult::No.into()),
            (Bug::PeerNameUnasked | Bug::ListenerUnchecked, Call::ComparePeerName) => Skipped(AnswerResult::Yes.into()),
            (Bug::CancelWithoutShutdown, Call::Shutdown(Role::Connection, Half::Read)) => Skipped(DONE),
            (Bug::CancelWithoutDrain, Call::Receive) if self.connection(own.connection?).client == Client::Deaf => {
                Skipped(ReceiveResult::Nothing.into())
            }

            // Inspect.
            (Bug::NoSecondLook, Call::Open(Role::Pin, Name::Lock)) if self.is_noted(process) => {
                Skipped(OpenResult::Opened.into())
            }
            (Bug::NoSecondLook, Call::StatFile(Role::Pin)) if self.is_noted(process) => {
                Skipped(StatResult::Found(socket_like(0)).into())
            }
            (Bug::StaleAfterOneProbe, Call::Connect(Role::Probe, _)) if self.is_noted(process) => {
                Skipped(ConnectResult::Refused.into())
            }
            (Bug::PathUnchecked, Call::StatByPath(_)) => {
                Skipped(StatResult::Found(self.as_remembered(process)?).into())
            }
            _ => return self.change_of_share(process, configuration, bug, call),
        })
    }

    /// What a planted bug makes of an answer, and what it remembers.
    pub(crate) fn answered(
        &mut self,
        process: usize,
        configuration: &Configuration,
        call: Call,
        answer: CallResult,
    ) -> CallResult {
        self.note_misled(process, configuration, call, answer);
        if let (Call::SetTimes(_, Times::Marked), CallResult::TimesResult(TimesResult::Done)) = (call, answer) {
            self.participant(process).lends = false;
        }
        let Some(bug) = configuration.bug else { return answer };
        let answer = match answer {
            CallResult::StatResult(StatResult::Found(found)) => {
                StatResult::Found(self.believed(process, bug, call, found)).into()
            }
            other => other,
        };
        let reclaims = self.processes[process].guard == Guard::Exclusive;
        let machine = self.mind(process).machine();
        let answer = match (bug, call, answer) {
            (Bug::FullIsDead, Call::Connect(Role::Probe, _), CallResult::ConnectResult(ConnectResult::Full)) => {
                ConnectResult::Refused.into()
            }
            (
                Bug::RefusedIsHeld,
                Call::Connect(Role::Connection, _),
                CallResult::ConnectResult(ConnectResult::Refused),
            ) => ConnectResult::Full.into(),
            (Bug::TruncatedIsLoan, _, CallResult::ReceiveResult(ReceiveResult::Truncated)) => {
                ReceiveResult::Loan.into()
            }
            (Bug::TruncatedIsListener, _, CallResult::ReceiveResult(ReceiveResult::Truncated)) => {
                ReceiveResult::Listener { unshared: false }.into()
            }
            (Bug::TrustsAnybody, Call::Peer(Role::Connection), CallResult::PeerResult(_)) => {
                PeerResult::Peer { is_ours: true, is_trusted: true }.into()
            }
            (Bug::HandsOverToAnybody, Call::Peer(Role::Guest | Role::Connection), CallResult::PeerResult(_)) => {
                PeerResult::Peer { is_ours: true, is_trusted: true }.into()
            }
            (Bug::BrokenPipeIsSent, _, CallResult::SendResult(SendResult::Gone)) => SendResult::Sent.into(),
            (Bug::BadgeIgnored, _, CallResult::AcceptResult(AcceptResult::Accepted { .. })) => {
                AcceptResult::Accepted { has_badge: true }.into()
            }
            (Bug::ExistsIsMoved, _, CallResult::RenameResult(RenameResult::Exists)) => RenameResult::Renamed.into(),
            (
                Bug::FailedMarkIsDone,
                Call::SetTimes(_, Times::Lent),
                CallResult::TimesResult(TimesResult::Failed(_)),
            ) => TIMES_DONE,
            (
                Bug::PassesOrphanOn,
                Call::Stat(Name::Lock),
                CallResult::StatResult(StatResult::Found(_) | StatResult::Missing),
            ) if machine.has(Role::Listener) && !reclaims && self.releases(process) => {
                match self.as_remembered(process) {
                    Some(found) => StatResult::Found(found).into(),
                    None => answer,
                }
            }
            (
                Bug::LeavesNpmAtOnce,
                Call::Stat(Name::Lock),
                CallResult::StatResult(StatResult::Found(_) | StatResult::Missing),
            ) if machine.has(Role::Connection) && !machine.has(Role::Listener) => match self.as_remembered(process) {
                Some(found) => StatResult::Found(found).into(),
                None => answer,
            },
            (
                Bug::ListenerUnchecked,
                Call::Stat(Name::Lock),
                CallResult::StatResult(StatResult::Found(_) | StatResult::Missing),
            ) if machine.has(Role::Connection) && machine.has(Role::Listener) && !self.releases(process) => {
                match self.as_remembered(process) {
                    Some(found) => StatResult::Found(found).into(),
                    None => answer,
                }
            }
            (_, _, answer) => answer,
        };
        let answer = self.answered_of_share(process, bug, call, answer);
        self.note(process, configuration, bug, call, answer);
        answer
    }

    /// What of a file is believed.
    fn believed(&self, process: usize, bug: Bug, call: Call, found: Found) -> Found {
        let own = &self.processes[process];
        let reclaims = own.guard == Guard::Exclusive;
        let is_look = call == Call::Stat(Name::Lock);
        let times = |times| Found { times, ..found };
        match bug {
            Bug::NoComparison if is_look && reclaims => match self.mind(process).inodes().next() {
                Some(number) => {
                    let inode = Inode { number: number.into(), ..found.inode };
                    Found { inode, ..found }
                }
                None => found,
            },
            Bug::MarkReadBeforeProbe if is_look && reclaims => {
                if self.is_noted(process) {
                    times(TimesFound::Marked)
                } else {
                    times(TimesFound::Apart)
                }
            }
            Bug::MarkIgnored if is_look => times(TimesFound::Marked),
            Bug::MarkIsSticky => times(if found.is_sticky { TimesFound::Marked } else { TimesFound::Apart }),
            Bug::NoComparisonOfTimes if found.is_sticky && found.times == TimesFound::Apart => times(TimesFound::Alike),
            Bug::NoBirthMark if found.times == TimesFound::Alike => times(TimesFound::Apart),
            Bug::MarkedAfterwards if own.guard == Guard::Shared => {
                Found { is_sticky: true, mode: ModeFit::Exact, ..found }
            }
            Bug::StreamProbesUnmarked if reclaims && matches!(call, Call::StatFile(_)) => times(TimesFound::Marked),
            Bug::NoSecondLook if self.is_noted(process) => Found { kind: FileKind::Other, ..found },
            _ => found,
        }
    }

    /// What a planted bug remembers.
    fn note(&mut self, process: usize, _: &Configuration, bug: Bug, call: Call, answer: CallResult) {
        let own = &self.processes[process];
        let reclaims = own.guard == Guard::Exclusive;
        let listens = own.socket.is_some_and(|socket| self.socket(socket).listens);
        let found = match answer {
            CallResult::StatResult(StatResult::Found(found)) => Some(found),
            _ => None,
        };
        let is_marked = found.is_some_and(|found| {
            found.times == TimesFound::Marked || found.is_sticky && found.times == TimesFound::Alike
        });
        let drops_pin = bug == Bug::ReclaimWithoutPin && reclaims && matches!(call, Call::StatFile(Role::Pin));
        if drops_pin {
            self.processes[process].pin = None;
        }
        self.note_of_share(process, bug, call);
        let participant = self.participant(process);
        match (bug, call) {
            (Bug::MarkReadBeforeProbe, Call::StatFile(Role::Pin)) => participant.noted = reclaims && is_marked,
            (Bug::MarkReadBeforeProbe, Call::Stat(_)) => participant.noted = false,
            (Bug::NoSecondLook, Call::Watch) => participant.noted = true,
            (Bug::NoSecondLook, Call::StatFile(_)) => participant.noted = false,
            (Bug::StaleAfterOneProbe, Call::Stat(Name::Lock)) => participant.noted = !reclaims && !is_marked,
            (Bug::StaleAfterOneProbe, Call::Connect(..)) => participant.noted = false,
            _ => {}
        }
        let is_due = match (bug, call) {
            (Bug::SharesTooLate | Bug::DowngradesTooLate, Call::Close(Role::Listener)) => true,
            (Bug::GuardDroppedBeforeListen | Bug::MarkedAfterwards, Call::Unlock) => true,
            (Bug::TimesAfterListen, Call::Listen) => true,
            (Bug::ListensAfterMove, Call::Rename(_)) => true,
            (Bug::ModeBeforeTimes, Call::SetMode(_, Mode::OwnerWrites)) => true,
            (Bug::MarkClearedAfterOk, Call::Send(_)) => true,
            (Bug::TimeBeforeSticky, Call::SetTimes(_, Times::Marked)) => listens,
            (Bug::CloseBeforeUnlink, Call::Close(Role::Listener)) => true,
            _ => false,
        };
        if is_due && participant.late == Late::Waits {
            participant.late = Late::Due;
        }
    }

    /// Makes the call that a planted bug has put off.
    pub(crate) fn make_late(&mut self, process: usize, configuration: &Configuration) {
        let own = self.processes[process].socket;
        let inode = own.map(|socket| self.socket(socket).inode);
        match (configuration.bug, own, inode) {
            (Some(Bug::SharesTooLate | Bug::DowngradesTooLate), ..) => self.share_late(process),
            (Some(Bug::GuardDroppedBeforeListen | Bug::ListensAfterMove), Some(own), _) => {
                self.socket_mut(own).listens = true;
            }
            (Some(Bug::MarkedAfterwards | Bug::TimesAfterListen), _, Some(inode)) => self.set_time(inode, Time::Magic),
            (Some(Bug::ModeBeforeTimes), ..) => {
                if let Some(inode) = self.processes[process].pin {
                    self.set_time(inode, Time::Magic);
                }
            }
            (Some(Bug::MarkClearedAfterOk), _, Some(inode)) => {
                self.chmod(inode, false, false);
                self.set_time(inode, Time::Lent);
            }
            (Some(Bug::TimeBeforeSticky), _, Some(inode)) => self.chmod(inode, true, false),
            (Some(Bug::CloseBeforeUnlink), ..) => self.set_path(None),
            _ => {}
        }
    }

    /// An old bug: the receiver of the listener clears its mark.
    pub(crate) fn acquires_badly(&mut self, process: usize, configuration: &Configuration) {
        let own = &self.processes[process];
        if let Some(socket) = own.socket
            && own.connection.is_some()
            && configuration.has(Bug::HandedOverUnmarked)
        {
            let inode = self.socket(socket).inode;
            self.chmod(inode, false, false);
            self.set_time(inode, Time::Lent);
        }
    }

    /// Notes that a participant that only looks took a live socket for dead.
    fn note_misled(&mut self, process: usize, configuration: &Configuration, call: Call, answer: CallResult) {
        let own = &self.processes[process];
        let is_misled = match (call, answer) {
            (Call::Connect(Role::Probe, _), CallResult::ConnectResult(ConnectResult::Refused)) => {
                let is_alive = own.pin.is_some_and(|inode| self.is_alive(inode));
                own.guard == Guard::None && configuration.probe == Probe::Datagram && is_alive
            }
            (Call::Close(_), _) => return,
            _ => false,
        };
        self.participant(process).misled = is_misled;
    }

    /// The file that the machine remembers, as it should be.
    fn as_remembered(&self, process: usize) -> Option<Found> {
        let mind = self.mind(process);
        let number = mind.inode().or_else(|| mind.inodes().next())?;
        Some(socket_like(number))
    }

    /// Whether it has given the lock back, and passes it on.
    fn releases(&self, process: usize) -> bool {
        let own = &self.processes[process];
        !own.holds
            && own.socket.is_some_and(|socket| self.socket(socket).listens)
            && own.guard == Guard::None
            && !matches!(self.mind(process).asked(), Some(Call::Stat(Name::Temporary)))
    }
}
