//! An attempt to acquire the lock: the socket is published, or the queue is joined; a file in the way is looked at, removed, watched
//! or tolerated.

use super::{Machine, Step};
use crate::call::{Call, Role};
use crate::event::{Occupied, Stale};
use crate::inspect;
use crate::join::{self, Joined};
use crate::next::Next;
use crate::platform::Home;
use crate::publish::{self, Published};
use crate::receive::{self, Received};
use crate::reclaim::{self, Reclaimed};
use crate::report::{Failure, Fault, Inspected, Report};
use crate::state::{Attempt, Calling, Going, Patience, Resting, Wish};
use crate::{close, part};

impl Machine {
    /// Where the lock is contended, to publish in vain takes seven calls, and joining begins with a look.
    #[inline]
    pub(super) fn begin(&mut self, attempt: Attempt) -> Step {
        match (attempt.wish, self.memory.platform.home) {
            (Wish::Acquire, Home::Path | Home::Name) if self.memory.hints.in_use => self.join(attempt),
            (Wish::Try, Home::Path) if self.memory.hints.in_use => self.inspect(attempt),
            (Wish::Acquire | Wish::Try, Home::Path | Home::Name) => self.publish(attempt),
        }
    }

    /// Publishes. What was watched for has happened.
    #[inline]
    pub(super) fn publish(&mut self, attempt: Attempt) -> Step {
        if self.memory.places.is_full(Role::Watch) {
            return self.ask(Call::Close(Role::Watch), Calling::Unwatching(attempt, Going::Publish));
        }
        let attempt = Attempt { watched: false, ..attempt };
        self.publishing(attempt, &publish::begin())
    }

    /// Does the path become ours?
    #[inline]
    pub(super) fn publishing(&mut self, attempt: Attempt, next: &Next<publish::Step, Published>) -> Step {
        match *next {
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

    pub(super) fn join(&mut self, attempt: Attempt) -> Step {
        if self.memory.places.is_full(Role::Watch) {
            return self.ask(Call::Close(Role::Watch), Calling::Unwatching(attempt, Going::Join));
        }
        let attempt = Attempt { watched: false, ..attempt };
        let next = join::begin(&self.memory, false);
        self.joining(attempt, &next)
    }

    /// Is there a queue to stand in?
    pub(super) fn joining(&mut self, attempt: Attempt, next: &Next<join::Step, Joined>) -> Step {
        match *next {
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
    pub(super) fn receive(&mut self, attempt: Attempt, next: &Next<receive::Step, Received>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::Receiving(attempt, step)),
            Next::Done(Received::Nothing) => self.rest(Resting::Queued(attempt)),
            // Only a server of the baseline lends to us, and it lends to the next waiter as soon as we return the lock: beside our share.
            Next::Done(Received::Loan) if self.memory.share.is_some() => {
                self.give_up(Report::Failed(Failure::Baseline))
            }
            // (The connection that brought the listener is closed after the release: the caller waits for the lock.)
            Next::Done(Received::Listener | Received::Loan) => self.use_lock(attempt.wish),
            Next::Done(Received::End | Received::Truncated | Received::NotOurs) => {
                let next = close::part_from_server(&self.memory);
                self.part(attempt, &next)
            }
            Next::Done(Received::Foreign) => self.fail(Failure::NotASlocket),
        }
    }

    /// The connection ended without the lock: publish again. (The pause counts from the beginning of the attempt, so it delays
    /// only a waiter that is sent away at once again and again.)
    pub(super) fn part(&mut self, attempt: Attempt, next: &Next<part::Step, ()>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::Parting(attempt, step)),
            Next::Done(()) => {
                self.forget_server();
                self.again(attempt)
            }
        }
    }

    pub(super) fn inspect(&mut self, attempt: Attempt) -> Step {
        let next = inspect::begin(&self.memory);
        self.inspecting(attempt, &next)
    }

    /// What is at the path, and is it alive?
    pub(super) fn inspecting(
        &mut self,
        attempt: Attempt,
        next: &Next<inspect::Step, Result<Inspected, Fault>>,
    ) -> Step {
        let inspected = match *next {
            Next::Call(call, step) => return self.ask(call, Calling::Inspecting(attempt, step)),
            Next::Done(Ok(inspected)) => inspected,
            Next::Done(Err(fault)) => return self.fail(Failure::Call(fault)),
        };
        // (The pause ends the timer: in one go, what is met next would be put up with for the rest of this one's time.)
        let is_put_up_with = attempt.wish == Wish::Acquire && attempt.patience == Patience::Running;
        match (inspected, attempt.wish) {
            (Inspected::Missing, _) if is_put_up_with => self.pause(attempt.patient(), Going::Publish),
            (Inspected::Dead | Inspected::Unsettled { is_marked: true }, _) if is_put_up_with => {
                self.pause(attempt.patient(), Going::Join)
            }
            // (A lock file is not what a socket is looked for with.)
            (Inspected::Missing | Inspected::Unlocked, _) => self.again(attempt.patient()),
            (Inspected::Alive, Wish::Try) => self.try_again(attempt),
            (Inspected::Unmarked | Inspected::Unsettled { is_marked: false }, Wish::Try) => {
                self.finish(Report::WouldBlock)
            }
            (Inspected::Alive | Inspected::Unmarked | Inspected::Unsettled { is_marked: false }, Wish::Acquire) => {
                self.pause(attempt.patient(), Going::Join)
            }
            (Inspected::Dead | Inspected::Unsettled { is_marked: true }, _) => self.reclaim(attempt, false),
            (Inspected::Stale, _) => self.stale(attempt),
            (Inspected::Unknown, _) => self.unknown(attempt),
            (Inspected::NotASocket, _) if attempt.policy.occupied == Occupied::Fail => self.fail(Failure::Occupied),
            (Inspected::NotASocket, _) => self.occupied(attempt.patient()),
            (Inspected::WrongType, _) => self.fail(Failure::NotASlocket),
            // Nothing tells that a trusted user holds it.
            (Inspected::Denied, Wish::Try) => self.fail(Failure::Inaccessible),
            (Inspected::Denied, Wish::Acquire) => self.watch(attempt.patient()),
        }
    }

    /// Reclaims. Whatever is there afterwards has not been put up with yet.
    fn reclaim(&mut self, attempt: Attempt, unmarked_too: bool) -> Step {
        let next = reclaim::begin(&self.memory, unmarked_too);
        self.reclaiming(attempt.patient(), &next)
    }

    /// A dead socket goes.
    pub(super) fn reclaiming(&mut self, attempt: Attempt, next: &Next<reclaim::Step, Reclaimed>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::Reclaiming(attempt, step)),
            Next::Done(Reclaimed::Removed | Reclaimed::Changed) => self.again(attempt),
            Next::Done(Reclaimed::Busy) => match attempt.wish {
                Wish::Try => self.try_again(attempt),
                Wish::Acquire => self.pause(attempt, Going::Join),
            },
            Next::Done(Reclaimed::Unmarked) => self.stale(attempt),
            Next::Done(Reclaimed::Unknown) => self.unknown(attempt),
            Next::Done(Reclaimed::Denied) => self.fail(Failure::Denied),
            Next::Done(Reclaimed::Elsewhere) => self.fail(Failure::Elsewhere),
            Next::Done(Reclaimed::Failed(fault)) => self.fail(Failure::Call(fault)),
        }
    }

    /// The path looks free: publish, at once for the first times in a row, then with a pause.
    fn again(&mut self, attempt: Attempt) -> Step {
        if attempt.level < 2 { self.publish(attempt.one_up()) } else { self.pause(attempt, Going::Publish) }
    }

    /// No busy loops.
    fn pause(&mut self, attempt: Attempt, going: Going) -> Step {
        self.rest(Resting::Pausing(attempt.one_up(), going, attempt.level + 1))
    }

    /// A try meets a process that may be only passing through, as a look or a reclaim does, so it looks again for a short time.
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

    /// No process listens there, and it may be lent out: what does the policy say?
    fn stale(&mut self, attempt: Attempt) -> Step {
        match (attempt.policy.stale, attempt.patience) {
            (Stale::Fail, _) => self.fail(Failure::Stale),
            (Stale::Wait, _) | (Stale::Reclaim, Patience::Running) => self.occupied(attempt),
            (Stale::Reclaim, Patience::Over) => self.reclaim(attempt, true),
            (Stale::Reclaim, Patience::Fresh) => self.occupied(Attempt { patience: Patience::Running, ..attempt }),
        }
    }

    /// Only a connection tells whether a process listens by now; and one that retains the lock changes nothing at the path.
    fn unknown(&mut self, attempt: Attempt) -> Step {
        match (attempt.wish, attempt.policy.stale) {
            (Wish::Acquire, Stale::Wait) => self.pause(attempt.patient(), Going::Join),
            (Wish::Acquire, Stale::Fail | Stale::Reclaim) | (Wish::Try, _) => self.stale(attempt),
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

    fn forget_server(&mut self) {
        self.memory.server = None;
        self.memory.hands_over = false;
        self.memory.peer_is_ours = false;
    }
}
