//! The use of the lock once it is in hand: it is held, as soon as no process has a share; or a share is taken, and the lock is passed on
//! (protocol section 8).

use super::{Machine, Step};
use crate::call::{Call, Role};
use crate::event::Share;
use crate::exclude::{self, Excluded};
use crate::next::Next;
use crate::report::{Failure, Fault, Report};
use crate::result::FileSystemResult;
use crate::share::{self, Taken};
use crate::state::{Attempt, Calling, Resting, Wish};

impl Machine {
    /// A share is wanted.
    pub(super) fn want(&mut self, share: Share, attempt: Attempt) -> Step {
        self.memory.share = Some(share);
        if self.memory.can_be_shared() {
            self.ask(Call::FileSystem, Calling::Surveying(attempt))
        } else {
            self.fail(Failure::NoShares)
        }
    }

    /// Can the file system have a share?
    pub(super) fn surveying(&mut self, attempt: Attempt, file_system: FileSystemResult) -> Step {
        match file_system {
            FileSystemResult::Local => self.begin(attempt),
            FileSystemResult::Elsewhere => self.fail(Failure::SharedElsewhere),
            FileSystemResult::Failed(errno) => self.fail(Failure::Call(Fault::new(Call::FileSystem, errno))),
        }
    }

    /// The lock is in hand: it is held as soon as no process has a share; or a share is taken, and the lock is passed on.
    #[inline]
    pub(super) fn use_lock(&mut self, wish: Wish) -> Step {
        match self.memory.share {
            None if self.memory.can_be_shared() && !self.memory.unshared => self.excluding(wish, &exclude::begin()),
            None => self.tell(Report::Acquired, self.held()),
            Some(share) => self.take_share(wish, share),
        }
    }

    /// How the lock is held.
    fn held(&self) -> Resting {
        if self.memory.places.is_full(Role::Listener) { Resting::Holding } else { Resting::Borrowing }
    }

    /// Looks whether a process has a share.
    pub(super) fn excluding(&mut self, wish: Wish, next: &Next<exclude::Step, Excluded>) -> Step {
        match (*next, wish) {
            (Next::Call(call, step), _) => self.ask(call, Calling::Excluding(wish, step)),
            // From here on no process can have one.
            (Next::Done(Excluded::Gone), _) => {
                self.memory.unshared = self.memory.places.is_full(Role::Listener);
                self.tell(Report::Acquired, self.held())
            }
            (Next::Done(Excluded::Idle), _) => self.tell(Report::Acquired, self.held()),
            (Next::Done(Excluded::Shared(_)), Wish::Try) => self.give_up(Report::WouldBlock),
            (Next::Done(Excluded::Shared(waiting)), Wish::Acquire) => self.rest(Resting::AwaitingShares(waiting)),
            (Next::Done(Excluded::Failed(failure)), _) => self.give_up(Report::Failed(failure)),
        }
    }

    pub(super) fn take_share(&mut self, wish: Wish, share: Share) -> Step {
        let next = share::begin(&mut self.memory, share);
        self.sharing(wish, &next)
    }

    /// A share is taken, and the lock passed on.
    pub(super) fn sharing(&mut self, wish: Wish, next: &Next<share::Step, Taken>) -> Step {
        match (*next, wish, self.memory.share) {
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
    pub(super) fn downgrade(&mut self) -> Step {
        if !self.memory.can_be_shared() {
            self.keep_hold(Failure::NoShares)
        } else if self.memory.places.is_full(Role::Listener) {
            self.ask(Call::FileSystem, Calling::SurveyingHeld)
        } else {
            self.keep_hold(Failure::Baseline)
        }
    }

    /// Can the file system have a share?
    pub(super) fn surveying_held(&mut self, file_system: FileSystemResult) -> Step {
        match file_system {
            FileSystemResult::Local => {
                let next = share::begin(&mut self.memory, Share::Unlimited);
                self.downgrading(&next)
            }
            FileSystemResult::Elsewhere => self.keep_hold(Failure::SharedElsewhere),
            FileSystemResult::Failed(errno) => self.keep_hold(Failure::Call(Fault::new(Call::FileSystem, errno))),
        }
    }

    /// Nothing is waited for: no other process has a share.
    pub(super) fn downgrading(&mut self, next: &Next<share::Step, Taken>) -> Step {
        match *next {
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

    pub(super) fn keep_hold(&mut self, failure: Failure) -> Step {
        match self.memory.litter(Some(Role::Share)) {
            Some(call) => self.ask(call, Calling::NotDowngrading(failure)),
            None => self.tell(Report::NotDowngraded(failure), self.held()),
        }
    }

    /// The lock is in hand, and of no use: it is released in full, and what is left behind is seen to after that.
    pub(super) fn give_up(&mut self, report: Report) -> Step {
        match self.memory.litter(Some(Role::Share)) {
            Some(call) => self.ask(call, Calling::GivingUp(report)),
            None => self.pass_on(Some(report)),
        }
    }

    pub(super) fn give_share_back(&mut self, report: Report) -> Step {
        self.drop_share();
        self.close(Some(report))
    }

    /// The share is none any more: it is to be closed, and what it leaves behind to be seen to.
    pub(super) fn drop_share(&mut self) {
        self.memory.has_share = false;
        self.memory.cleans_up = true;
    }
}
