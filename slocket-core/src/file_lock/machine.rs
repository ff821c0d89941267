//! One participant: its state, and what a driver can see. Its behaviour is in the files of the procedures.

use super::call::{Call, Role};
use super::memory::{Goal, Memory, Open, Patience, Platform};
use super::result::CallResult;
use super::state::{At, Looked, Obstacle, Resting, State, Then, Turn};
use crate::event::{Notice, Policy, Request, Share, Timer};
use crate::report::{Failure, Report};
use crate::result::Misfit;
use crate::state::{Source, Wait};

/// One participant of a lock that is a locked file: from one request until all its files are closed.
///
/// The machine never performs anything, never blocks, never allocates, and knows no clock. Machines that behave alike are equal, so a model
/// checker can explore them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    pub(super) state: State,
    pub(super) memory: Memory,
}

/// Everything that a driver can tell the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The user of the lock wants something.
    Request(Request),
    /// The call that the machine asked for has come to this.
    Result(CallResult),
    /// Something that the machine waits for has happened.
    Notice(Notice),
}

/// What the driver is to do: exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a call that is not made is a lost lock"]
pub enum Step {
    /// Make this call, at once, and tell its result before anything else.
    Call(Call),
    /// Wait for this.
    Wait(Wait),
    /// Tell the caller, then wait for this.
    Report(Report, Wait),
}

/// An event that no faithful driver sends in that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Misuse {
    /// The call whose result the machine waits for, if it does.
    pub asked: Option<Call>,
    /// The event that does not belong there.
    pub event: Event,
}

impl core::fmt::Display for Misuse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.asked {
            Some(call) => write!(f, "the driver sent {:?} instead of the result of {call:?}", self.event),
            None => write!(f, "the driver sent {:?} at the wrong time", self.event),
        }
    }
}

impl core::error::Error for Misuse {}

impl Machine {
    /// A machine that has not been asked for anything.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { state: State::Resting(Resting::Idle), memory: Memory { platform, ..Memory::default() } }
    }

    /// A machine that holds the lock by a file that was passed to it, and is locked.
    #[must_use]
    pub fn holding(platform: Platform) -> Self {
        let memory = Memory { platform, has_turn: true, open: Open::TURN, ..Memory::default() };
        Self { state: State::Resting(Resting::Holding), memory }
    }

    /// Tells the machine an event; returns what is to be done next.
    ///
    /// # Errors
    /// [`Misuse`] if the driver sent an event that does not belong in this state; nothing changes then.
    pub fn handle(&mut self, event: Event) -> Result<Step, Misuse> {
        let before = *self;
        let step = match (self.state, event) {
            (State::Calling(call, at), Event::Result(result)) => {
                self.memory.note(call, &result);
                self.result(at, &result)
            }
            (State::Resting(resting), Event::Request(request)) => self.request(resting, request),
            (State::Resting(resting), Event::Notice(notice)) => Ok(self.notice(resting, notice)),
            (State::Calling(..), Event::Request(_) | Event::Notice(_)) | (State::Resting(_), Event::Result(_)) => {
                Err(Misfit)
            }
        };
        step.map_err(|Misfit| {
            *self = before;
            Misuse { asked: self.asked(), event }
        })
    }

    fn result(&mut self, at: At, result: &CallResult) -> Result<Step, Misfit> {
        match at {
            At::Turn(turn) => self.turn(turn, result),
            // Watch first, then look again: without the second look a wake-up is lost.
            At::Arming(obstacle) => {
                result.answer()?;
                self.memory.is_armed = true;
                Ok(self.resume(obstacle))
            }
            At::Exclude(slot, step) => self.exclude(slot, step, result),
            At::Share(want, step) => self.share(want, step, result),
            At::Looked(looked) => {
                result.done()?;
                Ok(match looked {
                    Looked::Unlock => self.ask(Call::Touch, At::Looked(Looked::Touch)),
                    Looked::Touch => self.finish(Report::Free),
                })
            }
            At::Tidying(then) => {
                result.done()?;
                Ok(self.tidy(then))
            }
            At::Release(report, step) => self.released(report, step, result),
            At::GiveBack(report) => {
                result.done()?;
                Ok(self.gave_back(report))
            }
            At::Closing(report) => {
                result.done()?;
                Ok(self.finish(report))
            }
        }
    }

    fn request(&mut self, resting: Resting, request: Request) -> Result<Step, Misfit> {
        Ok(match (resting, request) {
            (Resting::Idle, Request::Acquire(policy)) => self.begin(Goal::Lock, policy, false),
            (Resting::Idle, Request::Try(policy)) => self.begin(Goal::Lock, policy, true),
            (Resting::Idle, Request::Share(policy, share)) => self.begin(goal(share), policy, false),
            (Resting::Idle, Request::TryShare(policy, share)) => self.begin(goal(share), policy, true),
            (Resting::Idle, Request::Look | Request::Inspect) => self.begin(Goal::Look, Policy::default(), true),
            (Resting::Waiting(_), Request::Cancel) => self.give_up(Report::Cancelled),
            (Resting::Holding, Request::Release) => self.release(Report::Released),
            (Resting::Holding, Request::Cancel) => self.release(Report::Cancelled),
            (Resting::Holding, Request::Downgrade) => self.downgrade(),
            (Resting::HoldingShare, Request::Release) => self.give_back(Report::Released),
            (Resting::HoldingShare, Request::Cancel) => self.give_back(Report::Cancelled),
            // Where no request is open, these come to nothing.
            (Resting::Idle | Resting::Finished, Request::Cancel | Request::Dismiss | Request::Cut) => self.stay(),
            (
                Resting::Idle | Resting::Waiting(_) | Resting::Holding | Resting::HoldingShare | Resting::Finished,
                Request::Acquire(_)
                | Request::Try(_)
                | Request::Share(..)
                | Request::TryShare(..)
                | Request::Downgrade
                | Request::Look
                | Request::Inspect
                | Request::Release
                | Request::Dismiss
                | Request::Cut,
            ) => return Err(Misfit),
        })
    }

    /// What happens by itself. What no longer matters is legal, and changes nothing.
    fn notice(&mut self, resting: Resting, notice: Notice) -> Step {
        match (resting, notice) {
            (Resting::Waiting(obstacle), Notice::FsChange) => {
                self.memory.level = 1;
                self.resume(obstacle)
            }
            (Resting::Waiting(obstacle), Notice::TimerFired(Timer::Retry)) => {
                self.memory.level = (self.memory.level + 1).min(LONGEST);
                self.resume(obstacle)
            }
            (Resting::Waiting(obstacle), Notice::TimerFired(Timer::Try)) if self.memory.is_try => {
                self.memory.patience = Patience::Over;
                self.resume(obstacle)
            }
            (Resting::Waiting(_), Notice::TimerFired(Timer::Deadline)) => self.give_up(Report::TimedOut),
            (
                Resting::Idle | Resting::Waiting(_) | Resting::Holding | Resting::HoldingShare | Resting::Finished,
                Notice::Readable | Notice::FsChange | Notice::HungUp | Notice::TimerFired(_),
            ) => self.stay(),
        }
    }

    fn begin(&mut self, goal: Goal, policy: Policy, is_try: bool) -> Step {
        let platform = self.memory.platform;
        self.memory = Memory { platform, goal, is_try, occupied: policy.occupied, level: 1, ..Memory::default() };
        self.take_turn()
    }

    /// Another process is in the way.
    pub(super) fn stuck(&mut self, obstacle: Obstacle) -> Step {
        // (That it has moved before does not make it look less often once it has changed again.)
        self.memory.moved = 0;
        if self.memory.is_try {
            match self.memory.patience {
                // It may be only passing through.
                Patience::Fresh => self.memory.patience = Patience::Running,
                Patience::Running => {}
                Patience::Over => return self.give_up(Report::WouldBlock),
            }
        } else if !self.memory.is_armed {
            return self.ask(Call::Watch, At::Arming(obstacle));
        }
        self.rest(Resting::Waiting(obstacle))
    }

    /// Looks again at what was in the way.
    pub(super) fn resume(&mut self, obstacle: Obstacle) -> Step {
        match obstacle {
            Obstacle::Turn => self.take_turn(),
            Obstacle::Shares(slot) => self.look_again(slot),
            Obstacle::Share => self.take_share(),
        }
    }

    /// Ends the request without what was wanted.
    pub(super) fn give_up(&mut self, report: Report) -> Step {
        if !self.memory.has_turn {
            return self.finish(report);
        }
        let may_have_made_files = matches!(self.memory.goal, Goal::Shared | Goal::SlotOf(_));
        self.tidy(if may_have_made_files { Then::CleanUp(report) } else { Then::Release(report) })
    }

    pub(super) fn fail(&mut self, failure: Failure) -> Step {
        match self.memory.goal {
            Goal::CleanUp => self.end_clean_up(),
            Goal::Downgrade => self.tidy(Then::NotDowngraded(failure)),
            Goal::Lock | Goal::Shared | Goal::SlotOf(_) | Goal::Look => self.give_up(Report::Failed(failure)),
        }
    }

    /// What could not be cleaned up stays.
    pub(super) fn end_clean_up(&mut self) -> Step {
        let owed = self.memory.owed.unwrap_or(Report::Released);
        if self.memory.has_turn { self.tidy(Then::Release(owed)) } else { self.finish(owed) }
    }

    /// Closes what is open beside the turn, then goes on.
    pub(super) fn tidy(&mut self, then: Then) -> Step {
        if let Some(role) = self.memory.stray() {
            return self.ask(Call::Close(role), At::Tidying(then));
        }
        match then {
            Then::CleanUp(report) => self.clean_up(report),
            Then::Release(report) => self.release(report),
            Then::Hold => self.hold(Report::Acquired),
            Then::NotDowngraded(failure) => self.hold(Report::NotDowngraded(failure)),
        }
    }

    fn hold(&mut self, report: Report) -> Step {
        self.memory = self.memory.of_holder();
        self.tell(report, Resting::Holding)
    }

    /// Closes what is left, then tells the caller.
    pub(super) fn finish(&mut self, report: Report) -> Step {
        if let Some(role) = self.memory.next_to_close() {
            return self.ask(Call::Close(role), At::Closing(report));
        }
        self.memory = self.memory.of_holder();
        self.tell(report, if self.memory.has_share { Resting::HoldingShare } else { Resting::Finished })
    }

    pub(super) fn ask(&mut self, call: Call, at: At) -> Step {
        self.state = State::Calling(call, at);
        Step::Call(call)
    }

    pub(super) fn ask_turn(&mut self, call: Call, turn: Turn) -> Step {
        self.ask(call, At::Turn(turn))
    }

    fn rest(&mut self, resting: Resting) -> Step {
        self.state = State::Resting(resting);
        Step::Wait(self.wait())
    }

    fn stay(&self) -> Step {
        Step::Wait(self.wait())
    }

    pub(super) fn tell(&mut self, report: Report, resting: Resting) -> Step {
        self.state = State::Resting(resting);
        Step::Report(report, self.wait())
    }
}

/// The level of the longest pause.
const LONGEST: u8 = 6;

const fn goal(share: Share) -> Goal {
    match share {
        Share::Unlimited => Goal::Shared,
        Share::SlotOf(count) => Goal::SlotOf(count),
    }
}

/// What a driver and a model can see.
impl Machine {
    /// What the machine waits for: nothing while a call is asked for.
    #[must_use]
    pub fn wait(&self) -> Wait {
        match self.state {
            State::Resting(Resting::Waiting(_)) => Wait {
                source: self.memory.is_open(Role::Watch).then_some(Source::Path),
                retry: Some(self.memory.level),
                hasty: self.memory.patience == Patience::Running,
                ..Wait::default()
            },
            State::Resting(Resting::Idle | Resting::Holding | Resting::HoldingShare | Resting::Finished)
            | State::Calling(..) => Wait::default(),
        }
    }

    /// The call whose result is waited for.
    #[must_use]
    pub fn asked(&self) -> Option<Call> {
        match self.state {
            State::Calling(call, _) => Some(call),
            State::Resting(_) => None,
        }
    }

    /// Whether the lock, or a share, is held for the caller.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.state, State::Resting(Resting::Holding | Resting::HoldingShare))
    }

    /// Whether it is a share of the lock that is held for the caller.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.state == State::Resting(Resting::HoldingShare)
    }

    /// The slot that is held.
    #[must_use]
    pub fn slot(&self) -> Option<u16> {
        self.memory.slot
    }

    /// Whether it has the turn, and waits for shares to be given back.
    #[must_use]
    pub fn awaits_shares(&self) -> bool {
        matches!(self.state, State::Resting(Resting::Waiting(Obstacle::Shares(_) | Obstacle::Share)))
    }

    /// Whether it only looks whether a process holds the lock.
    #[must_use]
    pub fn looks(&self) -> bool {
        self.memory.goal == Goal::Look
    }

    /// Whether it is over: nothing is held, nothing is open.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Resting(Resting::Finished)
    }

    /// Whether a place for a file is full.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.memory.is_open(role)
    }

    /// Forgets how often something was tried. For model checkers, in which a pause takes any time.
    pub fn forget_counts(&mut self) {
        self.memory.level = self.memory.level.min(1);
    }
}
