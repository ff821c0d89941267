//! One participant of the protocol: which procedure comes after which.
//!
//! Here is its state, and what a driver can see. Its behaviour is in the folder: each file takes the results of procedures, and goes
//! on with the next procedure.
//!
//! What an uncontended acquire and release run through is `#[inline]`, here and in `slocket-os`, so that it comes to lie in one place of the
//! program: each system call in between has put the processor's caches to other use, and to load it again takes longer than to run it.

mod attempt;
mod clean_up;
mod end;
mod look;
mod notices;
mod pass_on;
mod requests;
mod results;
mod use_lock;

use crate::call::{Call, Name, Role};
use crate::event::{Event, Misuse};
use crate::memory::Memory;
use crate::places::Places;
use crate::platform::{Hints, Platform};
use crate::report::Report;
use crate::result::{Inode, Misfit};
use crate::state::{Calling, Resting, State, Wait};

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
    pub fn handle(&mut self, event: Event) -> Result<Step, Misuse> {
        self.hear(event).map_err(|Misfit| Misuse { asked: self.asked(), event })
    }

    /// The same, in less time.
    ///
    /// # Errors
    /// [`Misfit`] if the driver sent an event that does not belong in this state; nothing changes then.
    #[inline]
    pub fn hear(&mut self, event: Event) -> Result<Step, Misfit> {
        match event {
            Event::Result(result) => self.answer(&result),
            Event::Request(request) => self.request(request),
            Event::Notice(notice) => self.notice(notice),
        }
    }

    #[inline]
    fn ask(&mut self, call: Call, calling: Calling) -> Step {
        self.state = State::Calling(call, calling);
        Step::Call(call)
    }

    #[inline]
    fn rest(&mut self, resting: Resting) -> Step {
        self.state = State::Resting(resting);
        Step::Wait(resting.wait())
    }

    fn stay(&self) -> Step {
        Step::Wait(self.wait())
    }

    #[inline]
    fn tell(&mut self, report: Report, resting: Resting) -> Step {
        self.state = State::Resting(resting);
        Step::Report(report, resting.wait())
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
        matches!(self.state, State::Resting(Resting::Idle))
    }

    /// Whether the lock is held for the caller.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.state, State::Resting(Resting::Holding | Resting::Borrowing | Resting::HoldingShare))
    }

    /// Whether it is a share of the lock that is held for the caller.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.state, State::Resting(Resting::HoldingShare))
    }

    /// Whether it removes what is left of shares: no lock is held for the caller, and none will be.
    #[must_use]
    pub fn cleans_up(&self) -> bool {
        matches!(self.state, State::Calling(_, Calling::CleaningUp(..) | Calling::TakingTurn(..)))
    }

    /// Whether it is over: nothing is held, nothing is open.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Resting(Resting::Finished))
    }

    /// Whether the caller has been told and the rest goes on without it, in the background.
    #[must_use]
    #[inline]
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
    /// connected; otherwise it lends, to any client.
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
        self.memory.forget_counts();
        self.state.forget_counts();
    }
}
