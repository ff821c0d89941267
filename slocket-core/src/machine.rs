//! One participant of the protocol: which procedure comes after which.

use crate::accept::{self, Accepted};
use crate::call::{Call, Cargo, Half, Name, Role};
use crate::clean_up::{self, Cleaned};
use crate::close_out::{self, Removal};
use crate::event::{Event, Misuse, Notice, Occupied, Policy, Request, Share, Stale, Timer};
use crate::exclude::{self, Excluded};
use crate::inspect;
use crate::join::{self, Joined};
use crate::leave::{self, Left};
use crate::memory::Memory;
use crate::next::Next;
use crate::places::Places;
use crate::platform::{Hints, Home, Platform, Probe};
use crate::publish::{self, Published};
use crate::receive::{self, Received};
use crate::reclaim::{self, Reclaimed};
use crate::report::{Failure, Fault, Inspected, Report};
use crate::result::{CallResult, DrainResult, FileSystemResult, Inode, Misfit, SendResult};
use crate::share::{self, Taken};
use crate::state::{Attempt, Calling, Going, Owed, Patience, Resting, State, Wait, Wish};
use crate::{close, give_back, hand_over, mark, part};

/// One participant of the protocol: from one request for the lock until all its descriptors are closed.
///
/// The machine never performs anything, never blocks, never allocates, and knows no clock. Machines that behave alike
/// are equal, so a model checker can explore them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    state: State,
    memory: Memory,
}

/// What the driver is to do: exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a call that is not made is a lost lock"]
pub enum Step {
    /// Make this call, at once, and tell its result before anything else.
    Call(Call),
    /// Wait for this.
    Wait(Wait),
    /// Tell the caller, then wait for this: a duty may go on in the background.
    Report(Report, Wait),
}

impl Machine {
    /// A machine that has not been asked for anything.
    #[must_use]
    pub fn new(platform: Platform, hints: Hints) -> Self {
        Self { state: State::Resting(Resting::Idle), memory: Memory { platform, hints, ..Memory::default() } }
    }

    /// A machine that holds the lock by a listener that was passed to it, which is bound to that file (to none at an abstract
    /// name).
    #[must_use]
    pub fn holding(platform: Platform, hints: Hints, listener: Option<Inode>) -> Self {
        let places = Places::with(Role::Listener);
        let memory = Memory { platform, hints, places, listener, ..Memory::default() };
        Self { state: State::Resting(Resting::Holding), memory }
    }

    /// Tells the machine an event; returns what is to be done next.
    ///
    /// # Errors
    /// [`Misuse`] if the driver sent an event that does not belong in this state; nothing changes then.
    #[inline]
    pub fn handle(&mut self, event: Event) -> Result<Step, Misuse> {
        self.step(&event).map_err(|Misfit| Misuse { asked: self.asked(), event })
    }

    fn step(&mut self, event: &Event) -> Result<Step, Misfit> {
        match (&self.state, event) {
            (State::Calling(..), Event::Result(result)) => self.result(result),
            (State::Resting(_), Event::Request(request)) => self.request(*request),
            (State::Resting(_), Event::Notice(notice)) => self.notice(*notice),
            (State::Calling(..), Event::Request(_) | Event::Notice(_)) | (State::Resting(_), Event::Result(_)) => {
                Err(Misfit)
            }
        }
    }

    fn request(&mut self, request: Request) -> Result<Step, Misfit> {
        let State::Resting(resting) = &self.state else { return Err(Misfit) };
        Ok(match (*resting, request) {
            (Resting::Idle, Request::Acquire(policy)) => self.begin(Attempt { policy, ..Attempt::default() }),
            (Resting::Idle, Request::Try(policy)) => {
                self.begin(Attempt { wish: Wish::Try, policy: hasty(policy), ..Attempt::default() })
            }
            (Resting::Idle, Request::Share(policy, share)) => {
                self.want(share, Attempt { policy, ..Attempt::default() })
            }
            (Resting::Idle, Request::TryShare(policy, share)) => {
                self.want(share, Attempt { wish: Wish::Try, policy: hasty(policy), ..Attempt::default() })
            }
            (Resting::Idle, Request::Look) => {
                let next = join::begin(&self.memory, true);
                self.look(next)
            }
            (Resting::Idle, Request::Inspect) => match self.memory.platform.home {
                Home::Path => {
                    let next = inspect::begin(&self.memory);
                    self.examine(next)
                }
                // A datagram socket finds no stream socket by such a name.
                Home::Name => self.finish(Report::Inspected(Inspected::Unknown)),
            },

            (Resting::Queued(_), Request::Cancel) => self.leave(Report::Cancelled),
            (Resting::Watching(_) | Resting::Pausing(..), Request::Cancel) => self.finish(Report::Cancelled),

            (Resting::AwaitingShares(_) | Resting::AwaitingSlot(_), Request::Cancel) => self.give_up(Report::Cancelled),

            // A cancel gives a lock that is held back.
            (Resting::Holding | Resting::Borrowing, Request::Release) => self.release(Some(Report::Released)),
            (Resting::Holding | Resting::Borrowing, Request::Cancel) => self.release(Some(Report::Cancelled)),

            (Resting::HoldingShare, Request::Release) => self.give_share_back(Report::Released),
            (Resting::HoldingShare, Request::Cancel) => self.give_share_back(Report::Cancelled),
            (Resting::Holding | Resting::Borrowing, Request::Downgrade) => self.downgrade(),

            (Resting::Lingering, Request::Dismiss) => {
                self.memory.dismissed = true;
                self.ask(Call::Shutdown(Role::Connection, Half::Write), Calling::Dismissing)
            }
            (Resting::Lingering, Request::Cut) => {
                self.memory.dismissed = true;
                self.ask(Call::Shutdown(Role::Connection, Half::Both), Calling::Dismissing)
            }

            // Where no request is open, a cancel comes to nothing.
            (Resting::Idle | Resting::Lingering | Resting::Lent | Resting::Finished, Request::Cancel) => self.stay(),
            (Resting::Idle | Resting::Lent | Resting::Finished, Request::Dismiss | Request::Cut) => self.stay(),
            (
                Resting::Idle
                | Resting::Queued(_)
                | Resting::Watching(_)
                | Resting::Pausing(..)
                | Resting::Lingering
                | Resting::Holding
                | Resting::Borrowing
                | Resting::Lent
                | Resting::AwaitingShares(_)
                | Resting::AwaitingSlot(_)
                | Resting::HoldingShare
                | Resting::Finished,
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
    fn notice(&mut self, notice: Notice) -> Result<Step, Misfit> {
        let State::Resting(resting) = &self.state else { return Err(Misfit) };
        Ok(match (*resting, notice) {
            (Resting::Queued(attempt), Notice::Readable) => {
                let next = receive::begin(&self.memory);
                self.receive(attempt, next)
            }
            (Resting::Queued(_), Notice::TimerFired(Timer::Deadline)) => self.leave(Report::TimedOut),

            (Resting::Watching(attempt), Notice::FsChange | Notice::TimerFired(Timer::Recheck)) => {
                self.inspect(attempt)
            }
            (Resting::Watching(attempt), Notice::TimerFired(Timer::Stale)) => {
                self.inspect(impatient(attempt, Timer::Stale))
            }
            (Resting::Watching(_) | Resting::Pausing(..), Notice::TimerFired(Timer::Deadline)) => {
                self.finish(Report::TimedOut)
            }

            (Resting::Pausing(attempt, Going::Publish, _), Notice::TimerFired(Timer::Retry)) => self.publish(attempt),
            (Resting::Pausing(attempt, Going::Join, _), Notice::TimerFired(Timer::Retry)) => self.join(attempt),
            (Resting::Pausing(attempt, going, level), Notice::TimerFired(timer @ (Timer::Stale | Timer::Try))) => {
                self.rest(Resting::Pausing(impatient(attempt, timer), going, level))
            }

            (Resting::AwaitingShares(waiting), Notice::HungUp) => {
                self.excluding(Wish::Acquire, exclude::resume(waiting))
            }
            (Resting::AwaitingSlot(share), Notice::HungUp) => self.take_share(Wish::Acquire, share),
            (Resting::AwaitingShares(_) | Resting::AwaitingSlot(_), Notice::TimerFired(Timer::Deadline)) => {
                self.give_up(Report::TimedOut)
            }

            (Resting::Lingering, Notice::Readable) => {
                let next = receive::begin(&self.memory);
                self.receive_late(next)
            }
            (Resting::Lent, Notice::Readable) => self.ask(Call::Drain, Calling::SeeingLoan(1)),

            (
                Resting::Idle
                | Resting::Queued(_)
                | Resting::Watching(_)
                | Resting::Pausing(..)
                | Resting::Lingering
                | Resting::Holding
                | Resting::Borrowing
                | Resting::Lent
                | Resting::AwaitingShares(_)
                | Resting::AwaitingSlot(_)
                | Resting::HoldingShare
                | Resting::Finished,
                Notice::Readable | Notice::FsChange | Notice::HungUp | Notice::TimerFired(_),
            ) => self.stay(),
        })
    }

    /// A call has come to this: on with its procedure.
    fn result(&mut self, result: &CallResult) -> Result<Step, Misfit> {
        let State::Calling(call, calling) = &self.state else { return Err(Misfit) };
        let memory = &mut self.memory;
        memory.note(*call, result);
        Ok(match *calling {
            Calling::Publishing(attempt, step) => {
                let next = publish::next(step, result, memory)?;
                self.publishing(attempt, next)
            }
            Calling::Joining(attempt, step) => {
                let next = join::next(step, result, memory)?;
                self.joining(attempt, next)
            }
            Calling::Looking(step) => {
                let next = join::next(step, result, memory)?;
                self.look(next)
            }
            Calling::Examining(step) => {
                let next = inspect::next(step, result, memory)?;
                self.examine(next)
            }
            Calling::Receiving(attempt, step) => {
                let next = receive::next(step, result, memory)?;
                self.receive(attempt, next)
            }
            Calling::ReceivingLate(step) => {
                let next = receive::next(step, result, memory)?;
                self.receive_late(next)
            }
            Calling::Inspecting(attempt, step) => {
                let next = inspect::next(step, result, memory)?;
                self.inspecting(attempt, next)
            }
            // Watch first, then look again: without the second look a wake-up is lost.
            Calling::ArmingWatch(attempt) => {
                result.answer()?;
                self.inspect(Attempt { watched: true, ..attempt })
            }
            Calling::Reclaiming(attempt, step) => {
                let next = reclaim::next(step, result, memory)?;
                self.reclaiming(attempt, next)
            }
            Calling::Unwatching(attempt, going) => {
                result.done()?;
                match going {
                    Going::Publish => self.publish(attempt),
                    Going::Join => self.join(attempt),
                }
            }
            Calling::Parting(attempt, step) => {
                let next = part::next(step, result)?;
                self.part(attempt, next)
            }
            Calling::LeavingLook(step) => {
                let next = leave::next(step, result, memory)?;
                self.leaving(Report::Listened, next)
            }
            Calling::Leaving(report, step) => {
                let next = leave::next(step, result, memory)?;
                self.leaving(report, next)
            }
            Calling::Dismissing => {
                result.done()?;
                self.rest(Resting::Lingering)
            }
            Calling::Accepting(owed, step) => {
                let next = accept::next(step, result, memory)?;
                self.accepting(owed, next)
            }
            Calling::DroppingShare(accepted) => {
                result.done()?;
                self.accepting(Some(Report::Failed(Failure::Baseline)), Next::Done(accepted))
            }
            Calling::HandingOver(owed, step) => {
                let next = hand_over::next(step, result)?;
                self.handing_over(owed, next)
            }
            Calling::ClearingMark(owed, step) => {
                let next = mark::next(step, result, memory)?;
                self.clearing_mark(owed, next)
            }
            // The server outlives its own release.
            Calling::Lending(owed) => match result.send()? {
                SendResult::Sent => {
                    // When it is back, another release begins.
                    self.memory.accepted = 0;
                    match owed {
                        Some(report) => self.tell(report, Resting::Lent),
                        None => self.rest(Resting::Lent),
                    }
                }
                SendResult::Gone => self.set_mark(owed),
                // Nothing can be sent to the next one, either; and npm's clients come again at once.
                SendResult::Failed => {
                    self.memory.accepted = accept::MOST;
                    self.set_mark(owed)
                }
            },
            // (Not all that a borrower sent, if that is much: others wait, too.)
            Calling::SeeingLoan(count) => match result.drain()? {
                DrainResult::Ended => self.set_mark(None),
                DrainResult::More if count < 16 => self.ask(Call::Drain, Calling::SeeingLoan(count + 1)),
                DrainResult::More | DrainResult::Nothing => self.rest(Resting::Lent),
            },
            Calling::SettingMark(owed, step) => {
                let next = mark::next(step, result, memory)?;
                self.setting_mark(owed, next)
            }
            Calling::ClosingOut(owed, step) => {
                let next = close_out::next(step, result, memory)?;
                self.closing_out(owed, next)
            }
            Calling::GivingBack(owed, step) => {
                let next = give_back::next(step, result, memory)?;
                self.giving_back(owed, next)
            }
            Calling::Closing(owed, step) => {
                let next = close::next(step, result, memory)?;
                self.closing(owed, next)
            }
            Calling::Surveying(attempt) => match result.file_system()? {
                FileSystemResult::Local => self.begin(attempt),
                FileSystemResult::Elsewhere => self.fail(Failure::SharedElsewhere),
                FileSystemResult::Failed(errno) => self.fail(Failure::Call(Fault::new(Call::FileSystem, errno))),
            },
            Calling::SurveyingHeld => match result.file_system()? {
                FileSystemResult::Local => {
                    let next = share::begin(memory, Share::Unlimited);
                    self.downgrading(next)
                }
                FileSystemResult::Elsewhere => self.keep_hold(Failure::SharedElsewhere),
                FileSystemResult::Failed(errno) => self.keep_hold(Failure::Call(Fault::new(Call::FileSystem, errno))),
            },
            Calling::Excluding(wish, step) => {
                let next = exclude::next(step, result, memory)?;
                self.excluding(wish, next)
            }
            Calling::Sharing(wish, step) => {
                let next = share::next(step, result, memory)?;
                self.sharing(wish, next)
            }
            Calling::GivingUp(report) => {
                result.done()?;
                self.give_up(report)
            }
            Calling::Downgrading(step) => {
                let next = share::next(step, result, memory)?;
                self.downgrading(next)
            }
            Calling::NotDowngrading(failure) => {
                result.done()?;
                self.keep_hold(failure)
            }
            Calling::CleaningUp(owed, step) => {
                let next = clean_up::next(step, result, memory)?;
                self.cleaning_up(owed, next)
            }
            Calling::TakingTurn(owed, step) => {
                let next = publish::next(step, result, memory)?;
                self.taking_turn(owed, next)
            }
        })
    }

    // ---- An attempt to have the lock.

    /// Where the lock is contended, to publish in vain takes seven calls, and joining begins with a look.
    fn begin(&mut self, attempt: Attempt) -> Step {
        match (attempt.wish, self.memory.platform.home) {
            (Wish::Acquire, Home::Path | Home::Name) if self.memory.hints.in_use => self.join(attempt),
            (Wish::Try, Home::Path) if self.memory.hints.in_use => self.inspect(attempt),
            (Wish::Acquire | Wish::Try, Home::Path | Home::Name) => self.publish(attempt),
        }
    }

    /// Publishes. What was watched for has happened.
    fn publish(&mut self, attempt: Attempt) -> Step {
        if self.memory.places.is_full(Role::Watch) {
            return self.ask(Call::Close(Role::Watch), Calling::Unwatching(attempt, Going::Publish));
        }
        let attempt = Attempt { watched: false, ..attempt };
        self.publishing(attempt, publish::begin())
    }

    /// Does the path become ours?
    #[inline]
    fn publishing(&mut self, attempt: Attempt, next: Next<publish::Step, Published>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Publishing(attempt, step)),
            Next::Done(Published::Listening) => self.use_lock(attempt.wish),
            Next::Done(Published::InUse) => match attempt.wish {
                Wish::Try => self.inspect(attempt),
                Wish::Acquire => self.join(attempt),
            },
            Next::Done(Published::Swept) => self.pause(attempt, Going::Publish),
            Next::Done(Published::Failed(failure)) => self.fail(failure),
        }
    }

    fn join(&mut self, attempt: Attempt) -> Step {
        if self.memory.places.is_full(Role::Watch) {
            return self.ask(Call::Close(Role::Watch), Calling::Unwatching(attempt, Going::Join));
        }
        let attempt = Attempt { watched: false, ..attempt };
        let next = join::begin(&self.memory, false);
        self.joining(attempt, next)
    }

    /// Is there a queue to stand in?
    fn joining(&mut self, attempt: Attempt, next: Next<join::Step, Joined>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Joining(attempt, step)),
            Next::Done(Joined::Queued) => self.rest(Resting::Queued(attempt)),
            Next::Done(Joined::Missing) => self.again(attempt),
            Next::Done(Joined::Refused) => self.inspect(attempt),
            Next::Done(Joined::BacklogFull) => self.pause(attempt, Going::Join),
            Next::Done(Joined::NotASocket) if attempt.policy.occupied == Occupied::Fail => self.fail(Failure::Occupied),
            Next::Done(Joined::NotASocket | Joined::Denied) => self.watch(attempt),
            Next::Done(Joined::WrongType) => self.fail(Failure::NotASlocket),
            Next::Done(Joined::Untrusted) => self.fail(Failure::Untrusted),
            Next::Done(Joined::Failed(fault)) => self.fail(Failure::Call(fault)),
        }
    }

    /// Our turn will come.
    fn receive(&mut self, attempt: Attempt, next: Next<receive::Step, Received>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Receiving(attempt, step)),
            Next::Done(Received::Nothing) => self.rest(Resting::Queued(attempt)),
            // Only a server of the baseline lends to us, and lends to the next as soon as it has the lock back: beside our share.
            Next::Done(Received::Loan) if self.memory.share.is_some() => {
                self.give_up(Report::Failed(Failure::Baseline))
            }
            // (The connection that brought the listener is closed after the release: the caller waits for the lock.)
            Next::Done(Received::Listener | Received::Loan) => self.use_lock(attempt.wish),
            Next::Done(Received::End | Received::Truncated | Received::NotOurs) => {
                let next = close::part_from_server(&self.memory);
                self.part(attempt, next)
            }
            Next::Done(Received::Foreign) => self.fail(Failure::NotASlocket),
        }
    }

    /// The connection ended without the lock: publish again. (The pause counts from the beginning of the attempt, so it delays
    /// only a waiter that is sent away at once again and again.)
    fn part(&mut self, attempt: Attempt, next: Next<part::Step, ()>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Parting(attempt, step)),
            Next::Done(()) => {
                self.forget_server();
                self.again(attempt)
            }
        }
    }

    fn inspect(&mut self, attempt: Attempt) -> Step {
        let next = inspect::begin(&self.memory);
        self.inspecting(attempt, next)
    }

    /// Who is at the path, and is it alive?
    fn inspecting(&mut self, attempt: Attempt, next: Next<inspect::Step, Result<Inspected, Fault>>) -> Step {
        let inspected = match next {
            Next::Call(call, step) => return self.ask(call, Calling::Inspecting(attempt, step)),
            Next::Done(Ok(inspected)) => inspected,
            Next::Done(Err(fault)) => return self.fail(Failure::Call(fault)),
        };
        // (The pause ends the timer: in one go, what is met next would be put up with for the rest of this one's time.)
        let is_put_up_with = attempt.wish == Wish::Acquire && attempt.patience == Patience::Running;
        match (inspected, attempt.wish) {
            (Inspected::Missing, _) if is_put_up_with => self.pause(patient(attempt), Going::Publish),
            (Inspected::Dead | Inspected::Unsettled { is_marked: true }, _) if is_put_up_with => {
                self.pause(patient(attempt), Going::Join)
            }
            (Inspected::Missing, _) => self.again(patient(attempt)),
            (Inspected::Alive, Wish::Try) => self.try_again(attempt),
            (Inspected::Unmarked | Inspected::Unsettled { is_marked: false }, Wish::Try) => {
                self.finish(Report::WouldBlock)
            }
            (Inspected::Alive | Inspected::Unmarked | Inspected::Unsettled { is_marked: false }, Wish::Acquire) => {
                self.pause(patient(attempt), Going::Join)
            }
            (Inspected::Dead | Inspected::Unsettled { is_marked: true }, _) => self.reclaim(attempt, false),
            (Inspected::Stale | Inspected::Unknown, _) => self.stale(attempt),
            (Inspected::NotASocket, _) if attempt.policy.occupied == Occupied::Fail => self.fail(Failure::Occupied),
            (Inspected::NotASocket, _) => self.occupied(patient(attempt)),
            (Inspected::WrongType, _) => self.fail(Failure::NotASlocket),
            // Nothing tells that it is held by anybody who is believed.
            (Inspected::Denied, Wish::Try) => self.fail(Failure::Inaccessible),
            (Inspected::Denied, Wish::Acquire) => self.watch(patient(attempt)),
        }
    }

    /// Reclaims. Whatever is there afterwards has not been put up with yet.
    fn reclaim(&mut self, attempt: Attempt, unmarked_too: bool) -> Step {
        let next = reclaim::begin(&self.memory, unmarked_too);
        self.reclaiming(patient(attempt), next)
    }

    /// A dead socket goes.
    fn reclaiming(&mut self, attempt: Attempt, next: Next<reclaim::Step, Reclaimed>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Reclaiming(attempt, step)),
            Next::Done(Reclaimed::Removed | Reclaimed::Changed) => self.again(attempt),
            Next::Done(Reclaimed::Busy) => match attempt.wish {
                Wish::Try => self.try_again(attempt),
                Wish::Acquire => self.pause(attempt, Going::Join),
            },
            Next::Done(Reclaimed::Unmarked) => self.stale(attempt),
            Next::Done(Reclaimed::Denied) => self.fail(Failure::Denied),
            Next::Done(Reclaimed::Elsewhere) => self.fail(Failure::Elsewhere),
            Next::Done(Reclaimed::Failed(fault)) => self.fail(Failure::Call(fault)),
        }
    }

    /// The path looks free: publish, at once for the first times in a row, then with a pause.
    fn again(&mut self, attempt: Attempt) -> Step {
        if attempt.level < 2 { self.publish(one_up(attempt)) } else { self.pause(attempt, Going::Publish) }
    }

    /// No busy loops.
    fn pause(&mut self, attempt: Attempt, going: Going) -> Step {
        self.rest(Resting::Pausing(one_up(attempt), going, attempt.level + 1))
    }

    /// A try meets somebody who may be only passing through, as a look or a reclaim does, so it looks again for a short time.
    fn try_again(&mut self, attempt: Attempt) -> Step {
        match attempt.patience {
            Patience::Fresh => {
                let attempt = Attempt { patience: Patience::Running, ..attempt };
                self.rest(Resting::Pausing(attempt, Going::Publish, 1))
            }
            Patience::Running => self.rest(Resting::Pausing(attempt, Going::Publish, 2)),
            Patience::Over => self.finish(Report::WouldBlock),
        }
    }

    /// Nobody listens there, and it may be lent out: what does the policy say?
    fn stale(&mut self, attempt: Attempt) -> Step {
        match (attempt.policy.stale, attempt.patience) {
            (Stale::Fail, _) => self.fail(Failure::Stale),
            (Stale::Wait, _) | (Stale::Reclaim, Patience::Running) => self.occupied(attempt),
            (Stale::Reclaim, Patience::Over) => self.reclaim(attempt, true),
            (Stale::Reclaim, Patience::Fresh) => self.occupied(Attempt { patience: Patience::Running, ..attempt }),
        }
    }

    /// Something is there that cannot be queued at: it counts as held until the path changes.
    fn occupied(&mut self, attempt: Attempt) -> Step {
        match attempt.wish {
            Wish::Try => self.finish(Report::WouldBlock),
            Wish::Acquire => self.watch(attempt),
        }
    }

    fn watch(&mut self, attempt: Attempt) -> Step {
        if attempt.watched {
            self.rest(Resting::Watching(attempt))
        } else {
            self.ask(Call::Watch, Calling::ArmingWatch(attempt))
        }
    }

    // ---- What the lock is used for.

    /// A share is wanted.
    fn want(&mut self, share: Share, attempt: Attempt) -> Step {
        self.memory.share = Some(share);
        if self.memory.can_be_shared() {
            self.ask(Call::FileSystem, Calling::Surveying(attempt))
        } else {
            self.fail(Failure::NoShares)
        }
    }

    /// The lock is in hand: it is held as soon as nobody has a share; or a share is taken, and the lock is passed on.
    fn use_lock(&mut self, wish: Wish) -> Step {
        match self.memory.share {
            None if self.memory.can_be_shared() => self.excluding(wish, exclude::begin()),
            None => self.tell(Report::Acquired, self.held()),
            Some(share) => self.take_share(wish, share),
        }
    }

    /// How the lock is held.
    fn held(&self) -> Resting {
        if self.memory.places.is_full(Role::Listener) { Resting::Holding } else { Resting::Borrowing }
    }

    /// Has somebody a share?
    fn excluding(&mut self, wish: Wish, next: Next<exclude::Step, Excluded>) -> Step {
        match (next, wish) {
            (Next::Call(call, step), _) => self.ask(call, Calling::Excluding(wish, step)),
            // From here on nobody can have one.
            (Next::Done(Excluded::Done), _) => self.tell(Report::Acquired, self.held()),
            (Next::Done(Excluded::Shared(_)), Wish::Try) => self.give_up(Report::WouldBlock),
            (Next::Done(Excluded::Shared(waiting)), Wish::Acquire) => self.rest(Resting::AwaitingShares(waiting)),
            (Next::Done(Excluded::Failed(failure)), _) => self.give_up(Report::Failed(failure)),
        }
    }

    fn take_share(&mut self, wish: Wish, share: Share) -> Step {
        let next = share::begin(&mut self.memory, share);
        self.sharing(wish, next)
    }

    /// A share is taken, and the lock passed on.
    fn sharing(&mut self, wish: Wish, next: Next<share::Step, Taken>) -> Step {
        match (next, wish, self.memory.share) {
            (Next::Call(call, step), _, _) => self.ask(call, Calling::Sharing(wish, step)),
            (Next::Done(Taken::Shared), _, _) => self.pass_on_shared(),
            (Next::Done(Taken::Full), Wish::Acquire, Some(share)) => self.rest(Resting::AwaitingSlot(share)),
            (Next::Done(Taken::Full), _, _) => self.give_up(Report::WouldBlock),
            (Next::Done(Taken::Failed(failure)), _, _) => self.give_up(Report::Failed(failure)),
        }
    }

    /// The share is open: the lock is passed on before the caller is told.
    fn pass_on_shared(&mut self) -> Step {
        self.memory.has_share = true;
        self.release(Some(Report::Shared { slot: self.memory.slot }))
    }

    /// The lock is held, and is made a share.
    fn downgrade(&mut self) -> Step {
        if !self.memory.can_be_shared() {
            self.keep_hold(Failure::NoShares)
        } else if self.memory.places.is_full(Role::Listener) {
            self.ask(Call::FileSystem, Calling::SurveyingHeld)
        } else {
            self.keep_hold(Failure::Baseline)
        }
    }

    /// Nothing is waited for: nobody else has a share.
    fn downgrading(&mut self, next: Next<share::Step, Taken>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Downgrading(step)),
            Next::Done(Taken::Shared | Taken::Full) => {
                self.memory.share = Some(Share::Unlimited);
                self.pass_on_shared()
            }
            Next::Done(Taken::Failed(failure)) => {
                self.memory.cleans_up = true;
                self.keep_hold(failure)
            }
        }
    }

    fn keep_hold(&mut self, failure: Failure) -> Step {
        match self.memory.litter(Some(Role::Share)) {
            Some(call) => self.ask(call, Calling::NotDowngrading(failure)),
            None => self.tell(Report::NotDowngraded(failure), self.held()),
        }
    }

    /// The lock is in hand, and of no use: it is released in full, and what is left behind is seen to after that.
    fn give_up(&mut self, report: Report) -> Step {
        match self.memory.litter(Some(Role::Share)) {
            Some(call) => self.ask(call, Calling::GivingUp(report)),
            None => self.pass_on(Some(report)),
        }
    }

    fn give_share_back(&mut self, report: Report) -> Step {
        self.drop_share();
        self.close(Some(report))
    }

    /// After a share, or a turn that came to nothing: are there FIFOs that nobody has a share by? (Not for ever: somebody may
    /// make one after the other.)
    fn clean_up(&mut self, owed: Owed) -> Step {
        if self.memory.rounds >= MOST_ROUNDS {
            return self.leave_the_rest(owed);
        }
        self.memory.rounds += 1;
        self.cleaning_up(owed, clean_up::begin(false))
    }

    fn cleaning_up(&mut self, owed: Owed, next: Next<clean_up::Step, Cleaned>) -> Step {
        let has_lock = self.memory.places.is_full(Role::Listener);
        match next {
            Next::Call(call, step) => self.ask(call, Calling::CleaningUp(owed, step)),
            Next::Done(Cleaned::Left) => self.taking_turn(owed, publish::begin()),
            // Who came meanwhile, and found the lock in our hands, relies on another look.
            Next::Done(Cleaned::Done) if has_lock => self.release(owed),
            Next::Done(Cleaned::Refused) if has_lock => {
                self.memory.rounds = MOST_ROUNDS;
                self.release(owed)
            }
            Next::Done(Cleaned::Done | Cleaned::Refused) => self.leave_the_rest(owed),
        }
    }

    /// The lock is tried for. Whoever has it removes what is left, or has a share itself, or looks again.
    fn taking_turn(&mut self, owed: Owed, next: Next<publish::Step, Published>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::TakingTurn(owed, step)),
            Next::Done(Published::Listening) => self.cleaning_up(owed, clean_up::begin(true)),
            Next::Done(Published::Swept) => self.clean_up(owed),
            Next::Done(Published::InUse | Published::Failed(_)) => self.leave_the_rest(owed),
        }
    }

    fn leave_the_rest(&mut self, owed: Owed) -> Step {
        self.memory.cleans_up = false;
        self.close(owed)
    }

    // ---- The end of an attempt.

    fn leave(&mut self, report: Report) -> Step {
        let next = leave::begin(&self.memory);
        self.leaving(report, next)
    }

    /// A grant that raced with the cancel is passed on.
    fn leaving(&mut self, report: Report, next: Next<leave::Step, Left>) -> Step {
        match next {
            Next::Call(call, step) if report == Report::Listened => self.ask(call, Calling::LeavingLook(step)),
            Next::Call(call, step) => self.ask(call, Calling::Leaving(report, step)),
            Next::Done(Left::Empty) => self.close(Some(report)),
            Next::Done(Left::Listener) => self.pass_on(Some(report)),
            Next::Done(Left::Lingering) => self.tell(report, Resting::Lingering),
        }
    }

    /// A loan that still comes is given back at once, a listener is passed on.
    fn receive_late(&mut self, next: Next<receive::Step, Received>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::ReceivingLate(step)),
            Next::Done(Received::Listener | Received::Loan) => self.pass_on(None),
            Next::Done(Received::End) => self.close(None),
            Next::Done(Received::Nothing | Received::Truncated | Received::NotOurs | Received::Foreign) => {
                self.rest(Resting::Lingering)
            }
        }
    }

    /// Looks whether somebody listens.
    fn look(&mut self, next: Next<join::Step, Joined>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Looking(step)),
            Next::Done(Joined::Queued) => self.leave(Report::Listened),
            Next::Done(Joined::Missing | Joined::Refused) => self.finish(Report::Free),
            Next::Done(Joined::BacklogFull | Joined::Untrusted) => self.finish(Report::Listened),
            Next::Done(Joined::NotASocket | Joined::WrongType) => self.fail(Failure::NotASlocket),
            Next::Done(Joined::Denied) => self.fail(Failure::Inaccessible),
            Next::Done(Joined::Failed(fault)) => self.fail(Failure::Call(fault)),
        }
    }

    /// Looks what is at the path. Where a datagram socket does not tell that a socket is dead, its word counts for nothing; and a
    /// connection would take a place in the queue.
    fn examine(&mut self, next: Next<inspect::Step, Result<Inspected, Fault>>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Examining(step)),
            Next::Done(Ok(Inspected::Dead | Inspected::Stale)) if self.memory.known_probe() != Probe::Datagram => {
                self.finish(Report::Inspected(Inspected::Unknown))
            }
            Next::Done(Ok(inspected)) => self.finish(Report::Inspected(inspected)),
            Next::Done(Err(fault)) => self.fail(Failure::Call(fault)),
        }
    }

    fn fail(&mut self, failure: Failure) -> Step {
        self.finish(Report::Failed(failure))
    }

    fn finish(&mut self, report: Report) -> Step {
        self.close(Some(report))
    }

    // ---- Passing the lock on.

    /// The lock came, and is not wanted any more.
    fn pass_on(&mut self, owed: Owed) -> Step {
        self.memory.cleans_up = self.memory.can_be_shared();
        self.release(owed)
    }

    fn release(&mut self, owed: Owed) -> Step {
        if self.memory.places.is_full(Role::Listener) { self.accept(owed) } else { self.give_back(owed) }
    }

    fn accept(&mut self, owed: Owed) -> Step {
        let next = accept::begin(&mut self.memory);
        self.accepting(owed, next)
    }

    /// Who is next?
    fn accepting(&mut self, owed: Owed, next: Next<accept::Step, Accepted>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Accepting(owed, step)),
            Next::Done(Accepted::Waiter) => self.handing_over(owed, hand_over::begin()),
            // It knows nothing of shares, and will hold the lock beside ours.
            Next::Done(accepted @ (Accepted::Client | Accepted::Stranger { has_badge: false }))
                if self.memory.has_share =>
            {
                self.drop_share();
                self.ask(Call::Close(Role::Share), Calling::DroppingShare(accepted))
            }
            Next::Done(Accepted::Client) => {
                // A loan takes its time: whatever was seen before it is old.
                self.memory.intact = false;
                let next = mark::begin(&self.memory, false);
                self.clearing_mark(owed, next)
            }
            Next::Done(Accepted::Gone) => self.accept(owed),
            Next::Done(Accepted::Stranger { .. } | Accepted::Nobody | Accepted::Lost | Accepted::Failed) => {
                let next = close_out::begin(&self.memory);
                self.closing_out(owed, next)
            }
        }
    }

    /// Once the listener is sent, we are out of the story.
    fn handing_over(&mut self, owed: Owed, next: Next<hand_over::Step, SendResult>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::HandingOver(owed, step)),
            Next::Done(SendResult::Sent) => {
                // Whoever has the lock now sees to what is left behind.
                self.memory.cleans_up = false;
                self.close(owed)
            }
            Next::Done(SendResult::Gone) => self.accept(owed),
            Next::Done(SendResult::Failed) => self.close_out(owed),
        }
    }

    /// From here until the mark is set again, dead does not mean free.
    fn clearing_mark(&mut self, owed: Owed, next: Next<mark::Step, bool>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::ClearingMark(owed, step)),
            Next::Done(true) => self.ask(Call::Send(Cargo::Nothing), Calling::Lending(owed)),
            Next::Done(false) => self.close_out(owed),
        }
    }

    fn set_mark(&mut self, owed: Owed) -> Step {
        self.memory.intact = false;
        let next = mark::begin(&self.memory, true);
        self.setting_mark(owed, next)
    }

    /// Dead means free again. Who may not set it hands nothing over.
    fn setting_mark(&mut self, owed: Owed, next: Next<mark::Step, bool>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::SettingMark(owed, step)),
            Next::Done(true) => self.accept(owed),
            Next::Done(false) => self.close_out(owed),
        }
    }

    fn close_out(&mut self, owed: Owed) -> Step {
        let next = close_out::begin(&self.memory);
        self.closing_out(owed, next)
    }

    #[inline]
    fn closing_out(&mut self, owed: Owed, next: Next<close_out::Step, Removal>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::ClosingOut(owed, step)),
            Next::Done(removal) => self.removed(owed, removal),
        }
    }

    fn give_back(&mut self, owed: Owed) -> Step {
        let next = give_back::begin(&self.memory);
        self.giving_back(owed, next)
    }

    fn giving_back(&mut self, owed: Owed, next: Next<give_back::Step, Removal>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::GivingBack(owed, step)),
            Next::Done(removal) => self.removed(owed, removal),
        }
    }

    /// A release that found the path in other hands is a lost lock; and a share that was taken meanwhile is worth nothing. (Who
    /// cancelled or timed out has lost nothing.)
    fn removed(&mut self, owed: Owed, removal: Removal) -> Step {
        let owed = match (owed, removal) {
            // What is removed now is only a turn that was had to clean up.
            _ if self.memory.rounds > 0 => owed,
            (Some(Report::Released), Removal::NotOurs) => Some(Report::Failed(Failure::LockLost)),
            (Some(Report::Released), Removal::Failed(fault)) => Some(Report::Failed(Failure::Call(fault))),
            (_, Removal::NotOurs) if self.memory.has_share => {
                self.drop_share();
                Some(Report::Failed(Failure::LockLost))
            }
            (_, Removal::MetBaseline) => {
                self.drop_share();
                Some(Report::Failed(Failure::Baseline))
            }
            (_, Removal::Done | Removal::NotOurs | Removal::Failed(_)) => owed,
        };
        self.close(owed)
    }

    /// The share is none any more: it is to be closed, and what it leaves behind to be seen to.
    fn drop_share(&mut self) {
        self.memory.has_share = false;
        self.memory.cleans_up = true;
    }

    fn close(&mut self, owed: Owed) -> Step {
        let next = close::begin(&self.memory);
        self.closing(owed, next)
    }

    fn closing(&mut self, owed: Owed, next: Next<close::Step, ()>) -> Step {
        match next {
            Next::Call(call, step) => self.ask(call, Calling::Closing(owed, step)),
            Next::Done(()) => {
                let Memory { platform, hints, places, share, slot, has_share, cleans_up, rounds, .. } = self.memory;
                self.memory = Memory { platform, hints, places, ..Memory::default() };
                match owed {
                    Some(report) if has_share => {
                        self.memory = Memory { share, slot, has_share, ..self.memory };
                        self.tell(report, Resting::HoldingShare)
                    }
                    _ if cleans_up => {
                        self.memory = Memory { cleans_up, rounds, ..self.memory };
                        self.clean_up(owed)
                    }
                    Some(report) => self.tell(report, Resting::Finished),
                    None => self.rest(Resting::Finished),
                }
            }
        }
    }

    // ---- The steps.

    fn ask(&mut self, call: Call, calling: Calling) -> Step {
        self.state = State::Calling(call, calling);
        Step::Call(call)
    }

    fn rest(&mut self, resting: Resting) -> Step {
        self.state = State::Resting(resting);
        Step::Wait(resting.wait())
    }

    fn stay(&self) -> Step {
        Step::Wait(self.wait())
    }

    fn tell(&mut self, report: Report, resting: Resting) -> Step {
        self.state = State::Resting(resting);
        Step::Report(report, resting.wait())
    }

    fn forget_server(&mut self) {
        self.memory.server = None;
        self.memory.hands_over = false;
        self.memory.peer_is_ours = false;
    }
}

/// What a driver and a model can see.
impl Machine {
    /// What the machine waits for: nothing while a call is asked for.
    #[must_use]
    pub fn wait(&self) -> Wait {
        match &self.state {
            State::Resting(resting) => resting.wait(),
            State::Calling(..) => Wait::default(),
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

    /// Whether nothing has been asked for yet.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state == State::Resting(Resting::Idle)
    }

    /// Whether the lock is held for the caller.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.state, State::Resting(Resting::Holding | Resting::Borrowing | Resting::HoldingShare))
    }

    /// Whether it is a share of the lock that is held for the caller.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.state == State::Resting(Resting::HoldingShare)
    }

    /// Whether it removes what is left of shares: no lock is held for the caller, and none will be.
    #[must_use]
    pub fn cleans_up(&self) -> bool {
        matches!(self.state, State::Calling(_, Calling::CleaningUp(..) | Calling::TakingTurn(..)))
    }

    /// Whether it is over: nothing is held, nothing is open.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Resting(Resting::Finished)
    }

    /// Whether the caller has been told and the rest goes on without it, in the background.
    #[must_use]
    pub fn is_background(&self) -> bool {
        self.state.is_background()
    }

    /// Whether only a server's last word is still to come.
    #[must_use]
    pub fn is_lingering(&self) -> bool {
        matches!(
            self.state,
            State::Resting(Resting::Lingering) | State::Calling(_, Calling::ReceivingLate(_) | Calling::Dismissing)
        )
    }

    /// Whether the server was told that we are done, whatever it grants.
    #[must_use]
    pub fn is_dismissed(&self) -> bool {
        self.memory.dismissed
    }

    /// Whether the server that is connected to hands over, so that another process may hold the lock by now than when we
    /// connected; else it lends, whoever it grants the lock to.
    #[must_use]
    pub fn server_hands_over(&self) -> bool {
        self.memory.hands_over
    }

    /// Whether a place for a descriptor is full.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.memory.places.is_full(role)
    }

    /// The file that our listener, or else the server that we are connected to, is bound to.
    #[must_use]
    pub fn inode(&self) -> Option<Inode> {
        self.memory.listener.or(self.memory.server)
    }

    /// What was learned for the next participant at the same lock.
    #[must_use]
    pub fn hints(&self) -> Hints {
        self.memory.hints
    }

    /// Visits every inode that the machine remembers. For model checkers, to which one number is as good as another.
    pub fn for_each_inode(&mut self, mut visit: impl FnMut(&mut Inode)) {
        let Memory { pin, swept, listener, server, .. } = &mut self.memory;
        let found = pin.iter_mut().chain(swept).map(|found| &mut found.inode);
        found.chain(listener).chain(server).for_each(&mut visit);
    }

    /// Whether the machine can still ask for a call about that name: else the driver may forget what it is made of.
    #[must_use]
    pub fn knows(&self, name: Name) -> bool {
        match name {
            Name::Lock | Name::Shared | Name::Slot(_) => true,
            Name::Temporary => self.memory.aside,
            Name::Swept => self.memory.places.is_full(Role::Listing),
        }
    }

    /// Forgets how often something was tried, as far as only the length of a pause depends on it, or the end of a queue of
    /// thousands. For model checkers, in which a pause takes any time.
    pub fn forget_counts(&mut self) {
        self.memory.accepted = 0;
        if self.memory.rounds < MOST_ROUNDS {
            self.memory.rounds = self.memory.rounds.min(1);
        }
        self.state.forget_counts();
    }
}

/// How often it is looked whether there are FIFOs to remove.
const MOST_ROUNDS: u8 = 16;

/// (The next pause is one level above; and there are six.)
const fn one_up(attempt: Attempt) -> Attempt {
    let level = if attempt.level < 5 { attempt.level + 1 } else { 5 };
    Attempt { level, ..attempt }
}

/// What was put up with is there no more. (A try puts up with whatever is in the way, for one time.)
const fn patient(attempt: Attempt) -> Attempt {
    match attempt.wish {
        Wish::Try => attempt,
        Wish::Acquire => Attempt { patience: Patience::Fresh, ..attempt },
    }
}

const fn impatient(attempt: Attempt, timer: Timer) -> Attempt {
    let is_tried = matches!(attempt.wish, Wish::Try);
    match attempt.patience {
        Patience::Running if is_tried == matches!(timer, Timer::Try) => Attempt { patience: Patience::Over, ..attempt },
        Patience::Fresh | Patience::Running | Patience::Over => attempt,
    }
}

/// Who does not wait cannot put up with a stale socket for a while first.
const fn hasty(policy: Policy) -> Policy {
    match policy.stale {
        Stale::Wait | Stale::Reclaim => Policy { stale: Stale::Wait, ..policy },
        Stale::Fail => policy,
    }
}
