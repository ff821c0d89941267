//! A request for a lock or a share, from the call to its outcome.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use slocket_core::{Event, Notice, Report, Request, Share, Timer};

use crate::background;
use crate::blocking::{self, Calls};
use crate::cancel::Canceller;
use crate::descriptor;
use crate::error::{Error, What};
use crate::flocks;
use crate::grant::Grant;
use crate::grant::sealed::Granted;
use crate::guard::Guard;
use crate::keeper;
use crate::lately::ANSWER_LASTS;
use crate::local::{self, Entered, Participant, Ticket, Turn, With};
use crate::lock::Lock;
use crate::peer::Holder;
use crate::process::Process;
use crate::retain;
use crate::semaphore::{Permit, Semaphore};
use crate::shared_guard::SharedGuard;
use crate::sharer::{Sharer, Sharers};
use crate::wait::Wait;
use crate::want::Want;

/// What became of a request.
#[derive(Debug)]
pub enum Outcome<G = Guard> {
    /// The lock, or the share, is held.
    Acquired(G),
    /// It could not be acquired without queueing.
    WouldBlock,
}

/// A request for a lock, a shared lock or a permit, from the call to its outcome. Its methods never block (but [`block`](Self::block), and the user's
/// waiting hook, which [`wake`](Self::wake) calls).
///
/// To drive it: take the [`outcome`](Self::outcome) if there is one; wait, either with [`block`](Self::block), or for what
/// [`wait`](Self::wait) and [`poll_turn`](Self::poll_turn) say; [`wake`](Self::wake) it; and so on.
///
/// Clones of one [`Lock`] queue inside the process first, and one of them at a time outside.
///
/// Dropping a session cancels the request: it leaves the queue, passes on a lock that was granted meanwhile, and leaves
/// no file and no descriptor behind. Its place outside goes to the next waiter inside, if there is one. (Towards an
/// npm server the connection is closed by the background thread, once the server has had its say.)
///
/// In a child of the process that asks, forked without exec, the outcome is [`ErrorKind::Forked`](crate::ErrorKind::Forked), and dropping it cancels nothing.
#[derive(Debug)]
#[must_use = "dropping a session cancels the request"]
pub struct Session<G: Grant = Guard> {
    lock: Lock,
    want: Want,
    process: Process,
    /// What the deadline is told by, and when the hook is due.
    clock: Clock,
    deadline: Option<Instant>,
    /// When the waiting hook is due.
    notice: Option<Instant>,
    /// Whether it queues: a waiter has no use for the place of a try.
    queues: bool,
    /// The processes that had shares, if those were waited for when the time was over.
    sharers: Vec<Sharer>,
    stage: Stage<G>,
}

/// Tells the time.
pub(crate) type Clock = fn() -> Instant;

#[derive(Debug)]
enum Stage<G> {
    /// Waiting inside the process.
    Inside(Arc<Ticket>),
    /// Going for the lock outside.
    Outside(Box<Participant>, Turn),
    /// Done; the outcome until it is given out.
    Over(Option<Result<Outcome<G>, Error>>),
}

impl Session<Guard> {
    /// Asks for the lock, waiting for it `timeout` at most.
    pub fn acquire(lock: &Lock, timeout: Option<Duration>) -> Self {
        Self::acquire_until(lock, timeout.and_then(|timeout| after(timeout, Instant::now)))
    }

    /// Asks for the lock, waiting for it until the deadline at most.
    pub fn acquire_until(lock: &Lock, deadline: Option<Instant>) -> Self {
        Self::begin(lock, Want::Lock, deadline, Instant::now)
    }

    /// Asks for the lock without queueing.
    pub fn try_acquire(lock: &Lock) -> Self {
        Self::begin_try(lock, Want::Lock)
    }
}

impl Session<SharedGuard> {
    /// Asks for a shared lock, waiting for it until the deadline at most.
    pub fn acquire_shared_until(lock: &Lock, deadline: Option<Instant>) -> Self {
        Self::begin(lock, SHARED, deadline, Instant::now)
    }

    /// Asks for a shared lock without queueing.
    pub fn try_acquire_shared(lock: &Lock) -> Self {
        Self::begin_try(lock, SHARED)
    }
}

impl Session<Permit> {
    /// Asks for a permit, waiting for it until the deadline at most.
    pub fn acquire_permit_until(semaphore: &Semaphore, deadline: Option<Instant>) -> Self {
        Self::begin(semaphore.lock(), semaphore.want(), deadline, Instant::now)
    }

    /// Asks for a permit without queueing.
    pub fn try_acquire_permit(semaphore: &Semaphore) -> Self {
        Self::begin_try(semaphore.lock(), semaphore.want())
    }
}

/// A shared lock is wanted.
pub(crate) const SHARED: Want = Want::Share(Share::Unlimited);

impl<G: Grant> Session<G> {
    /// Asks for what is wanted, of which the time is told by that clock.
    pub(crate) fn begin(lock: &Lock, want: Want, deadline: Option<Instant>, clock: Clock) -> Self {
        let process = here();
        Self::go_on(lock, want, process, Self::ask(lock, want, process), deadline, clock)
    }

    /// Acquires what is wanted, if that takes no waiting; otherwise returns the session, which may have failed. (It is large, and most
    /// locks are free.)
    #[allow(clippy::result_large_err, reason = "a box would be made just when the thread is about to wait")]
    #[inline]
    pub(crate) fn acquire_or_begin(
        lock: &Lock,
        want: Want,
        deadline: Option<Instant>,
        clock: Clock,
    ) -> Result<G, Self> {
        let process = here();
        match Self::ask(lock, want, process) {
            Stage::Outside(mut participant, turn) if participant.has_acquired() => {
                participant.take_report();
                retain::granted(&mut participant, &turn);
                Ok(granted(local::Lock::new(participant, turn)))
            }
            stage => Err(Self::go_on(lock, want, process, stage, deadline, clock)),
        }
    }

    /// Asks inside the process, and outside if it has the turn.
    #[inline]
    fn ask(lock: &Lock, want: Want, process: Process) -> Stage<G> {
        match lock.queue().enter(want, process) {
            Entered::Turn(turn) => go(lock, want, process, turn),
            Entered::Lock(retained) => match Self::use_retained(retained, want, process) {
                Ok(stage) => stage,
                Err(turn) => go(lock, want, process, turn),
            },
            Entered::Ticket(ticket) => Stage::Inside(ticket),
        }
    }

    fn go_on(
        lock: &Lock,
        want: Want,
        process: Process,
        stage: Stage<G>,
        deadline: Option<Instant>,
        clock: Clock,
    ) -> Self {
        let notice = lock.hook().and_then(|hook| hook.due(clock()));
        Self { lock: lock.clone(), want, process, clock, deadline, notice, queues: true, sharers: Vec::new(), stage }
    }

    /// Asks for it without queueing.
    pub(crate) fn begin_try(lock: &Lock, want: Want) -> Self {
        let process = here();
        let go = |mut turn: Turn| {
            let mut participant = Participant::again(turn.take_spare(), lock.site(), process);
            participant.tell(want.tried(lock.site().policy()));
            Stage::Outside(participant, turn)
        };
        let entered = match want {
            Want::Lock => lock.queue().try_enter(process),
            Want::Share(_) => {
                if let Some(retained) = lock.queue().idle(process) {
                    keeper::give_up(retained, process);
                }
                // The handle with the turn may have a share, and be passing the lock on.
                Some(Entered::Turn(lock.queue().try_beside(process)))
            }
        };
        let stage = match entered {
            Some(Entered::Turn(turn)) => go(turn),
            Some(Entered::Lock(retained)) => Self::use_retained(retained, want, process).unwrap_or_else(go),
            Some(Entered::Ticket(_)) | None => Stage::Over(Some(Ok(Outcome::WouldBlock))),
        };
        let (lock, clock) = (lock.clone(), Instant::now as Clock);
        Self { lock, want, process, clock, deadline: None, notice: None, queues: false, sharers: Vec::new(), stage }
    }

    /// Takes a lock that this process retains, if that is what is wanted; else passes it on, and leaves the turn.
    fn use_retained(retained: local::Lock, want: Want, here: Process) -> Result<Stage<G>, Turn> {
        let retained = match want {
            Want::Lock => retain::check(retained, here),
            Want::Share(_) => {
                let (participant, turn) = retained.into_parts();
                keeper::give(participant, here);
                Err(turn)
            }
        };
        retained.map(|retained| Stage::Over(Some(Ok(Outcome::Acquired(granted(retained))))))
    }

    /// The outcome, once there is one; it is given out once.
    pub fn outcome(&mut self) -> Option<Result<Outcome<G>, Error>> {
        match &mut self.stage {
            Stage::Over(outcome) => outcome.take(),
            Stage::Outside(participant, _) if participant.has_report() => {
                match mem::replace(&mut self.stage, Stage::Over(None)) {
                    Stage::Outside(participant, turn) => self.conclude(participant, turn),
                    Stage::Inside(_) | Stage::Over(_) => None,
                }
            }
            Stage::Outside(..) | Stage::Inside(_) => None,
        }
    }

    /// What to wait for outside. A session that waits for its turn inside has no descriptor, but wakes the waker that
    /// [`poll_turn`](Self::poll_turn) was given last.
    #[must_use]
    pub fn wait(&self) -> Wait<'_> {
        if !self.process.is_current() {
            return Wait { until: Some(Instant::now()), ..Wait::default() };
        }
        self.wait_here()
    }

    /// The same, in the process that asks.
    fn wait_here(&self) -> Wait<'_> {
        let mut wait = match &self.stage {
            Stage::Outside(participant, _) => participant.wait(),
            Stage::Inside(_) | Stage::Over(_) => Wait::default(),
        };
        wait.deadline = self.deadline();
        wait
    }

    /// When the caller is to be told something, whatever happens.
    fn deadline(&self) -> Option<Instant> {
        self.deadline.into_iter().chain(self.notice).min()
    }

    /// Ends the request at that time.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// The process that asks.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Whether the session waits for its turn inside the process.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        matches!(self.stage, Stage::Inside(_))
    }

    /// Ready when the turn inside the process has come, or when there is none to wait for.
    pub fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &self.stage {
            Stage::Inside(ticket) if self.process.is_current() => ticket.poll(context),
            Stage::Inside(_) => Poll::Ready(()),
            Stage::Outside(..) | Stage::Over(_) => Poll::Ready(()),
        }
    }

    /// Ready when what is waited for outside has changed; the waker is woken then. (On Unix, a descriptor becomes readable.)
    #[cfg(windows)]
    pub fn poll_change(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.wait_here().poll(context)
    }

    /// Blocks the thread until what is waited for has come: no CPU, two system calls. It may return early.
    pub fn block(&mut self) {
        self.block_until(None, None);
    }

    /// The same, until a time at most, or until another thread cancels.
    pub(crate) fn block_until(&mut self, until: Option<Instant>, canceller: Option<&Canceller>) {
        if self.has_outcome() || !self.process.is_current() {
            return;
        }
        let ticket = match &self.stage {
            Stage::Inside(ticket) => Some(&**ticket),
            Stage::Outside(..) | Stage::Over(_) => None,
        };
        let wait = self.wait_here();
        let wait = Wait { until: wait.until.into_iter().chain(until).min(), ..wait };
        blocking::block(wait, Calls { ticket, canceller }, self.process);
    }

    /// Whether there is an outcome, or it was given out.
    pub(crate) fn has_outcome(&self) -> bool {
        match &self.stage {
            Stage::Inside(_) => false,
            Stage::Outside(participant, _) => participant.has_report(),
            Stage::Over(_) => true,
        }
    }

    /// To be called when what was waited for has come; does nothing if it has not.
    pub fn wake(&mut self) {
        if self.is_forked() {
            return;
        }
        if let Stage::Inside(ticket) = &self.stage
            && let Some((turn, with)) = ticket.take()
        {
            self.stage = match with {
                // (To a request for the lock alone.)
                With::Lock(participant) => {
                    match Self::use_retained(local::Lock::new(participant, turn), self.want, self.process) {
                        Ok(stage) => stage,
                        Err(turn) => go(&self.lock, self.want, self.process, turn),
                    }
                }
                With::Place(participant) => Stage::Outside(participant, turn),
                With::Nothing => go(&self.lock, self.want, self.process, turn),
            };
        }
        if let Stage::Outside(participant, _) = &mut self.stage
            && !participant.has_report()
        {
            participant.wake();
        }
        if is_due(&mut self.notice, self.clock) {
            self.call_hook();
            // It may have taken its time: what has come meanwhile counts before a deadline does.
            return;
        }
        if is_due(&mut self.deadline, self.clock) {
            self.time_out();
        }
    }

    /// Names the holder to the waiting hook, if it waits.
    fn call_hook(&mut self) {
        let (known, awaits_shares) = match &self.stage {
            Stage::Inside(_) => (None, false),
            Stage::Outside(participant, _) if !participant.has_report() => {
                (participant.lender(), participant.awaits_shares())
            }
            Stage::Outside(..) | Stage::Over(_) => return,
        };
        let Some(hook) = self.lock.hook() else { return };
        // The holder is asked for, unless it is known: at a server that lends, a process that asks keeps a place in its queue.
        let ask = || known.or_else(|| self.lock.recent_holder(self.process));
        let holder = if awaits_shares { None } else { ask() };
        hook.call(self.lock.name(), holder, self.lock.known_sharers());
    }

    /// Whether this process is a fork of the one that asked: then it is told so, and has no part in the request.
    fn is_forked(&mut self) -> bool {
        if self.process.is_current() {
            return false;
        }
        descriptor::close_copies(Process::current());
        if !matches!(self.stage, Stage::Over(_)) {
            self.stage = Stage::Over(Some(Err(self.lock.site().failed(What::Forked))));
        }
        true
    }

    /// The time is over. What has come already counts.
    fn time_out(&mut self) {
        match mem::replace(&mut self.stage, Stage::Over(None)) {
            Stage::Inside(ticket) => {
                self.give_up(&ticket);
                self.stage = Stage::Over(Some(Err(self.timed_out(None))));
            }
            Stage::Outside(participant, turn) if participant.has_report() => {
                self.stage = Stage::Outside(participant, turn);
            }
            Stage::Outside(participant, turn) => {
                if participant.awaits_shares() {
                    self.sharers = self.lock.known_sharers();
                }
                match turn.pass(participant, With::Place, self.want, self.process) {
                    None => self.stage = Stage::Over(Some(Err(self.timed_out(None)))),
                    Some((turn, mut participant)) => {
                        participant.tell(Event::Notice(Notice::TimerFired(Timer::Deadline)));
                        self.stage = Stage::Outside(participant, turn);
                    }
                }
            }
            over @ Stage::Over(_) => self.stage = over,
        }
    }

    /// Gives up a place inside, and passes on what has come there already.
    fn give_up(&self, ticket: &Arc<Ticket>) {
        match self.lock.queue().give_up(ticket, self.process) {
            Some((turn, With::Lock(participant))) => drop(granted::<G>(local::Lock::new(participant, turn))),
            Some((turn, With::Place(participant))) => cancel::<G>(participant, turn, Some(self.want), self.process),
            Some((turn, With::Nothing)) => drop(turn),
            None => {}
        }
    }

    fn timed_out(&self, holder: Option<Holder>) -> Error {
        let shared = |all, first| self.lock.site().failed(What::TimedOutShared(Sharers { all, first }));
        if !self.sharers.is_empty() {
            return shared(self.sharers.clone(), None);
        }
        let holder = holder.or_else(|| self.lock.recent_holder(self.process));
        let sharers = self.lock.known_sharers();
        if !sharers.is_empty() {
            return shared(sharers, holder);
        }
        let folder_locked_by =
            if holder.is_none() { self.lock.site().at_path().and_then(flocks::who_prevents_repair) } else { None };
        self.lock.site().failed(match (holder, folder_locked_by) {
            (Some(holder), _) => What::TimedOutHeld(holder),
            (None, Some(process)) => What::TimedOutFolderLocked(process),
            (None, None) => What::TimedOut,
        })
    }

    /// Turns the machine's report into the outcome.
    fn conclude(&self, mut participant: Box<Participant>, turn: Turn) -> Option<Result<Outcome<G>, Error>> {
        let outcome = match participant.take_report()? {
            Report::Acquired => {
                retain::granted(&mut participant, &turn);
                return Some(Ok(Outcome::Acquired(granted(local::Lock::new(participant, turn)))));
            }
            _ if !self.process.is_current() => {
                return Some(Err(self.lock.site().failed(What::Forked)));
            }
            Report::Shared { slot } => {
                return Some(Ok(Outcome::Acquired(G::granted(Granted {
                    lock: local::Lock::new(participant, turn),
                    slot,
                }))));
            }
            Report::Failed(failure) => Err(participant.error(failure)),
            Report::TimedOut => Err(self.timed_out(participant.recent_holder(ANSWER_LASTS))),
            Report::WouldBlock
            | Report::NotDowngraded(_)
            | Report::Free
            | Report::Listened
            | Report::Inspected(_)
            | Report::Cancelled
            | Report::Released => Ok(Outcome::WouldBlock),
        };
        background::settle_later(participant);
        drop(turn);
        Some(outcome)
    }
}

impl<G: Grant> Drop for Session<G> {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Over(_)) || self.is_forked() {
            return;
        }
        match mem::replace(&mut self.stage, Stage::Over(None)) {
            Stage::Inside(ticket) => self.give_up(&ticket),
            Stage::Outside(participant, turn) => {
                cancel::<G>(participant, turn, self.queues.then_some(self.want), self.process);
            }
            Stage::Over(_) => {}
        }
    }
}

/// Ends a request that the caller dropped. Its place outside goes to the next waiter inside, if it is in the queue and
/// that one wants the same.
fn cancel<G: Grant>(mut participant: Box<Participant>, turn: Turn, queued_for: Option<Want>, here: Process) {
    match participant.take_report() {
        // An outcome that is not wanted any more: what was acquired is released.
        Some(Report::Acquired) => return drop(granted::<G>(local::Lock::new(participant, turn))),
        Some(Report::Shared { slot }) => {
            return drop(G::granted(Granted { lock: local::Lock::new(participant, turn), slot }));
        }
        Some(_) => {
            background::settle_later(participant);
            return drop(turn);
        }
        None => {}
    }
    let kept = match queued_for {
        Some(want) => turn.pass(participant, With::Place, want, here),
        None => Some((turn, participant)),
    };
    let Some((turn, mut participant)) = kept else { return };
    participant.tell(Event::Request(Request::Cancel));
    background::settle_later(participant);
    drop(turn);
}

/// Takes the lock, if that is what is wanted, and this process retains it: nothing else is to be done then.
#[inline]
pub(crate) fn again<G: Grant>(lock: &Lock, want: Want) -> Option<G> {
    match want {
        Want::Lock => retain::again(lock.queue()).map(granted),
        Want::Share(_) => None,
    }
}

#[inline]
fn granted<G: Grant>(lock: local::Lock) -> G {
    G::granted(Granted { lock, slot: None })
}

/// That time from now. One too far away to be told never comes.
pub(crate) fn after(time: Duration, clock: Clock) -> Option<Instant> {
    clock().checked_add(time)
}

/// Whether a time has come, which is over then.
fn is_due(time: &mut Option<Instant>, clock: Clock) -> bool {
    time.take_if(|time| *time <= clock()).is_some()
}

/// The process that asks. It has closed its copies of what its parent had open by then, if it is a fork: else it might wait at
/// one of them.
#[inline]
fn here() -> Process {
    let here = Process::current();
    descriptor::close_copies(here);
    here
}

/// Goes outside for what is wanted.
#[inline]
fn go<G>(lock: &Lock, want: Want, here: Process, mut turn: Turn) -> Stage<G> {
    let mut participant = Participant::again(turn.take_spare(), lock.site(), here);
    participant.tell(want.asked(lock.site().policy()));
    Stage::Outside(participant, turn)
}
