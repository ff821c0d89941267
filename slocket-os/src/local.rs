//! The queue inside the process: clones of one lock stand in it, and one of them at a time goes outside for all.
//!
//! So a process has one connection to the outside, however many of its threads or tasks wait. The rule of fairness:
//! **the lock is passed on inside the process only while no process outside waits.** If one does, it is next, and the
//! first waiter inside goes and queues behind it.
//!
//! A lock that is [retained](crate::kept) is kept here, with the turn, until it is wanted again.
//!
//! A forked child has a queue of its own. (`here` is this process.)

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::kept::{Found, Kept, Left};
use crate::participant;
use crate::pool::Pool;
use crate::process::{Inherit, PerProcess, Process};
use crate::sync::{Mutex, MutexGuard};
use crate::want::Want;

/// A participant with which, while it holds the lock, the turn goes along.
pub(crate) type Participant = participant::Participant<Turn>;

/// The states of the queues of locks that are retained.
static STATES: Pool<State> = Pool::new();

/// The queue of one lock inside this process.
pub(crate) struct LocalQueue {
    state: Place,
    /// How long a lock is retained when it is not used; `None` if it is not retained.
    retains: Option<Duration>,
}

/// Where the state of a queue is.
#[allow(clippy::large_enum_variant, reason = "it is in an Arc")]
enum Place {
    /// The lock is not retained.
    Own(PerProcess<State, 2>),
    /// It is retained in its own queue: for that, the state outlives whatever has a reference to the queue.
    Pooled(&'static PerProcess<State>),
}

#[derive(Debug)]
struct State {
    /// How many turns are out: one at most, except for those that were taken beside another.
    turns: usize,
    waiting: VecDeque<Arc<Ticket>>,
    /// How many shares of the lock this process has by way of its handles.
    shares: usize,
    kept: Kept<Lock>,
    /// What the last holder was done with, for the next: it is large.
    spare: Option<Box<Participant>>,
}

/// A lock that is held, or could be at once, and the turn that goes along with it, in one box: the whole is passed from hand to hand by
/// its address.
#[derive(Debug)]
#[must_use = "a lock that is dropped is not passed on"]
pub(crate) struct Lock(Box<Participant>);

impl Inherit for State {
    const NEW: Self = Self { turns: 0, waiting: VecDeque::new(), shares: 0, kept: Kept::NEW, spare: None };

    /// The waiters here are the parent's, and so is the thread that wakes them, and a lock that it retains.
    fn inherit(&mut self) {
        mem::forget(mem::replace(self, Self::NEW));
    }
}

/// The turn: the handle that has it holds the lock, or goes for it outside.
///
/// It goes along with the lock, or with the place outside, from hand to hand. Dropping it gives the turn to the next: so what it came
/// with is to be done with by then. In a child of the process whose turn it is, forked without exec, dropping it does nothing.
#[derive(Debug)]
#[must_use = "dropping a turn gives it to the next"]
pub(crate) struct Turn {
    queue: Arc<LocalQueue>,
    process: Process,
    /// Whether it was given back, or never counted: then nothing is left to be done.
    is_over: bool,
    /// A participant that has finished.
    spare: Option<Box<Participant>>,
}

/// What comes with a turn.
#[derive(Debug)]
pub(crate) enum With {
    /// The lock.
    Lock(Box<Participant>),
    /// The place outside of a waiter that has given up.
    Place(Box<Participant>),
    /// Nothing: the handle that has the turn goes outside itself.
    Nothing,
}

/// What a caller finds that comes to the queue.
#[derive(Debug)]
pub(crate) enum Entered {
    /// The turn: it goes outside.
    Turn(Turn),
    /// The lock, which was retained. (Whether that is what is wanted is not seen to here.)
    Lock(Lock),
    /// A place in the queue.
    Ticket(Arc<Ticket>),
}

/// A place in the queue.
#[derive(Debug)]
pub(crate) struct Ticket {
    want: Want,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    given: Option<(Turn, With)>,
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LocalQueue {
    /// A queue of a lock that is retained for so long when it is not used, if it is retained.
    pub(crate) fn new(retains: Option<Duration>, here: Process) -> Arc<Self> {
        let state = match retains {
            None => Place::Own(PerProcess::of(here)),
            Some(_) => Place::Pooled(STATES.take(here)),
        };
        Arc::new(Self { state, retains })
    }

    #[inline]
    fn lock(&self, here: Process) -> MutexGuard<'_, State> {
        match &self.state {
            Place::Own(state) => state.lock(here),
            Place::Pooled(state) => state.lock(here),
        }
    }

    /// How long a lock is retained when it is not used; `None` if it is not retained.
    pub(crate) fn retains(&self) -> Option<Duration> {
        self.retains
    }

    /// Takes the turn, with the lock if it is retained, or else a place in the queue.
    #[inline]
    pub(crate) fn enter(self: &Arc<Self>, want: Want, here: Process) -> Entered {
        let mut state = self.lock(here);
        if let Some(lock) = state.kept.take() {
            return Entered::Lock(lock);
        }
        if state.turns == 0 {
            return Entered::Turn(self.turn(&mut state, here));
        }
        let ticket = Arc::new(Ticket { want, slot: Mutex::default() });
        state.waiting.push_back(Arc::clone(&ticket));
        Entered::Ticket(ticket)
    }

    /// Takes the turn, with the lock if it is retained, unless it is out.
    pub(crate) fn try_enter(self: &Arc<Self>, here: Process) -> Option<Entered> {
        let mut state = self.lock(here);
        if let Some(lock) = state.kept.take() {
            return Some(Entered::Lock(lock));
        }
        (state.turns == 0).then(|| Entered::Turn(self.turn(&mut state, here)))
    }

    /// Whether the turn is not out.
    pub(crate) fn is_free(&self, here: Process) -> bool {
        self.lock(here).turns == 0
    }

    /// Takes the lock, if it is retained.
    #[inline]
    pub(crate) fn take(&self, here: Process) -> Option<Lock> {
        self.lock(here).kept.take()
    }

    /// The holder is about to have the queue of its listener watched, under that number. Not if another listener is: a process can have
    /// been given two.
    pub(crate) fn begin(&self, number: u64, is_slice: bool, here: Process) -> bool {
        self.lock(here).kept.begin(number, is_slice)
    }

    /// Whether the lock may be acquired again although others wait.
    pub(crate) fn has_slice(&self, here: Process) -> bool {
        self.lock(here).kept.has_slice()
    }

    /// It is watched.
    pub(crate) fn armed(&self, here: Process) {
        self.lock(here).kept.armed();
    }

    /// A waiter has come to the queue of that listener. The lock is returned if it is to be passed on.
    pub(crate) fn come(&self, number: u64, here: Process) -> Option<Lock> {
        self.lock(here).kept.come(number)
    }

    /// Looks whether the lock was used since it was retained so often.
    pub(crate) fn look(&self, number: u64, uses: u64, here: Process) -> Found<Lock> {
        self.lock(here).kept.look(number, uses)
    }

    /// Takes the lock, to be passed on, if it is retained.
    pub(crate) fn idle(&self, here: Process) -> Option<Lock> {
        self.lock(here).kept.idle()
    }

    /// The same, and retains none from now on.
    pub(crate) fn close(&self, here: Process) -> Option<Lock> {
        self.lock(here).kept.close()
    }

    /// The listener of that number is not watched any more, and is passed on.
    pub(crate) fn passed(&self, number: u64, here: Process) {
        self.lock(here).kept.passed(number);
    }

    /// Takes a turn even if one is out, with a lock that came from another process: for that the other handle waits outside, and
    /// keeps its place there.
    pub(crate) fn enter_beside(self: &Arc<Self>, here: Process) -> Turn {
        self.turn(&mut self.lock(here), here)
    }

    /// Lets a handle try for a share outside, without a turn: the handle that has the turn may be only passing through. No handle waits inside
    /// for a try: tries that overlap without end would keep the turn from all waiters.
    pub(crate) fn try_beside(self: &Arc<Self>, here: Process) -> Turn {
        Turn { queue: Arc::clone(self), process: here, is_over: true, spare: None }
    }

    /// Counts a share that this process has.
    pub(crate) fn count_share(&self, here: Process) {
        self.lock(here).shares += 1;
    }

    /// It has that one no more.
    pub(crate) fn uncount_share(&self, here: Process) {
        let mut state = self.lock(here);
        state.shares = state.shares.saturating_sub(1);
    }

    /// Whether this process has a share of the lock.
    pub(crate) fn has_share(&self, here: Process) -> bool {
        self.lock(here).shares > 0
    }

    #[inline]
    fn turn(self: &Arc<Self>, state: &mut State, here: Process) -> Turn {
        state.turns += 1;
        Turn { queue: Arc::clone(self), process: here, is_over: false, spare: state.spare.take() }
    }

    /// Gives a place up. If the turn had come already, it is returned with what it came with, which has to be passed on.
    ///
    /// (Under the same lock as the giving: what is given to a waiter that has given up would be lost.)
    pub(crate) fn give_up(&self, ticket: &Arc<Ticket>, here: Process) -> Option<(Turn, With)> {
        let mut state = self.lock(here);
        state.waiting.retain(|waiting| !Arc::ptr_eq(waiting, ticket));
        ticket.take()
    }

    /// Takes a turn back, and gives it to the first waiter if there is no other.
    #[inline]
    fn take_back(self: &Arc<Self>, here: Process, spare: Option<Box<Participant>>) {
        let woken = {
            let mut state = self.lock(here);
            if spare.is_some() {
                state.spare = spare;
            }
            // (Never below zero, not even in a child that could not be told from its parent.)
            state.turns = state.turns.saturating_sub(1);
            let first = if state.turns == 0 { state.waiting.pop_front() } else { None };
            first.map(|first| first.give(self.turn(&mut state, here), With::Nothing))
        };
        if let Some(woken) = woken {
            woken.wake();
        }
    }
}

impl Turn {
    /// The queue that it is a turn of.
    pub(crate) fn queue(&self) -> &Arc<LocalQueue> {
        &self.queue
    }

    /// Whether a handle waits for the turn. `here` must be the process whose turn it is.
    #[inline]
    pub(crate) fn is_contended(&self, here: Process) -> bool {
        !self.queue.lock(here).waiting.is_empty()
    }

    /// Passes on the turn, and what comes with it, to the first waiter, if that one wants the same; else both come back. `here`
    /// must be the process whose turn it is.
    pub(crate) fn pass(
        self,
        participant: Box<Participant>,
        with: fn(Box<Participant>) -> With,
        want: Want,
        here: Process,
    ) -> Option<(Self, Box<Participant>)> {
        let queue = Arc::clone(&self.queue);
        let woken = {
            let mut state = queue.lock(here);
            let is_for_first = state.waiting.front().is_some_and(|first| first.want == want);
            let Some(first) = is_for_first.then(|| state.waiting.pop_front()).flatten() else {
                return Some((self, participant));
            };
            first.give(self, with(participant))
        };
        woken.wake();
        None
    }
}

impl Lock {
    #[inline]
    pub(crate) fn new(mut participant: Box<Participant>, turn: Turn) -> Self {
        participant.along = Some(turn);
        Self(participant)
    }

    /// What it is made of: nothing is passed on by that.
    #[inline]
    pub(crate) fn into_parts(self) -> (Box<Participant>, Turn) {
        let Self(mut participant) = self;
        let Some(turn) = participant.along.take() else { unreachable!("a lock has its turn until it is taken apart") };
        (participant, turn)
    }

    pub(crate) fn participant(&self) -> &Participant {
        &self.0
    }

    #[inline]
    pub(crate) fn participant_mut(&mut self) -> &mut Participant {
        &mut self.0
    }

    #[inline]
    pub(crate) fn turn(&self) -> &Turn {
        let Some(turn) = &self.0.along else { unreachable!("a lock has its turn until it is taken apart") };
        turn
    }

    /// Retains the lock, of which the queue outside is watched; or gives it to the first that waits inside. If a process outside has
    /// come, or the first wants a share, it is returned, to be passed on.
    #[inline]
    pub(crate) fn leave(self, here: Process) -> Option<Self> {
        let Place::Pooled(state) = self.turn().queue.state else { return Some(self) };
        let woken = {
            let mut state = state.lock(here);
            if let Left::Giving(lock) = state.kept.leave(self) {
                return Some(lock);
            }
            match state.waiting.front().map(|first| first.want) {
                None => return None,
                Some(Want::Share(_)) => return state.kept.idle(),
                Some(Want::Lock) => {}
            }
            let (Some(first), Some(lock)) = (state.waiting.pop_front(), state.kept.take()) else {
                unreachable!("a ticket waits, and the lock has just been retained")
            };
            let (participant, turn) = lock.into_parts();
            first.give(turn, With::Lock(participant))
        };
        woken.wake();
        None
    }
}

impl Turn {
    /// Takes a participant that has finished, if there is one: to be used again.
    pub(crate) fn take_spare(&mut self) -> Option<Box<Participant>> {
        self.spare.take()
    }

    /// Gives the turn to the next, as dropping it does: for a caller that knows already that it is `here`, as [to
    /// ask](Process::current) may be a system call. A participant that has finished is used again.
    #[inline]
    pub(crate) fn end(mut self, here: Process, finished: Option<Box<Participant>>) {
        if !mem::replace(&mut self.is_over, true) && self.process == here {
            self.queue.take_back(here, finished);
        }
    }
}

impl Drop for LocalQueue {
    fn drop(&mut self) {
        if let Place::Pooled(state) = self.state {
            STATES.give_back(state, Process::current());
        }
    }
}

impl fmt::Debug for LocalQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalQueue").field("retains", &self.retains).finish_non_exhaustive()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over && self.process.is_current() {
            self.queue.take_back(self.process, None);
        }
    }
}

/// Whom to wake while no lock is held: a waker may run anything. Nor may the ticket be dropped before, which has the turn.
struct Woken {
    waker: Option<Waker>,
    _ticket: Arc<Ticket>,
}

impl Woken {
    fn wake(self) {
        if let Some(waker) = self.waker {
            waker.wake();
        }
    }
}

impl Ticket {
    /// Gives the turn; whom to wake.
    fn give(self: Arc<Self>, turn: Turn, with: With) -> Woken {
        let waker = {
            let mut slot = lock(&self.slot);
            slot.given = Some((turn, with));
            slot.waker.take()
        };
        Woken { waker, _ticket: self }
    }

    /// Takes the turn, if it has come.
    pub(crate) fn take(&self) -> Option<(Turn, With)> {
        lock(&self.slot).given.take()
    }

    /// Ready when the turn has come.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let replaced = {
            let mut slot = lock(&self.slot);
            if slot.given.is_some() {
                return Poll::Ready(());
            }
            slot.waker.replace(waker)
        };
        // Outside the lock: a waker that is dropped may run anything, too.
        drop(replaced);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Entered {
        fn unwrap(self) -> Turn {
            match self {
                Self::Turn(turn) => turn,
                other => panic!("{other:?}"),
            }
        }

        fn unwrap_err(self) -> Arc<Ticket> {
            match self {
                Self::Ticket(ticket) => ticket,
                other => panic!("{other:?}"),
            }
        }
    }

    fn queue() -> (Arc<LocalQueue>, Process) {
        let here = Process::current();
        (LocalQueue::new(None, here), here)
    }

    fn take(ticket: &Ticket) -> Option<Turn> {
        ticket.take().map(|(turn, _)| turn)
    }

    #[test]
    fn a_turn_that_is_dropped_goes_to_the_first_who_waits() {
        let (queue, here) = queue();
        let turn = queue.enter(Want::Lock, here).unwrap();
        let [first, second] = [(); 2].map(|()| queue.enter(Want::Lock, here).unwrap_err());
        assert!(queue.try_enter(here).is_none() && turn.is_contended(here) && take(&first).is_none());
        drop(turn);
        let turn = take(&first).unwrap();
        assert!(queue.try_enter(here).is_none() && take(&second).is_none());
        turn.end(here, None);
        assert!(!take(&second).unwrap().is_contended(here));
        assert!(queue.try_enter(here).is_some());
    }

    #[test]
    fn a_turn_that_comes_to_one_who_gives_up_is_not_lost() {
        let (queue, here) = queue();
        let turn = queue.enter(Want::Lock, here).unwrap();
        let [first, second, third] = [(); 3].map(|()| queue.enter(Want::Lock, here).unwrap_err());
        assert!(queue.give_up(&second, here).is_none());
        drop(turn);
        assert!(take(&second).is_none());
        drop(queue.give_up(&first, here));
        assert!(take(&third).is_some());
    }

    #[test]
    fn a_turn_that_comes_to_nobody_is_not_lost() {
        let (queue, here) = queue();
        let turn = queue.enter(Want::Lock, here).unwrap();
        drop(queue.enter(Want::Lock, here).unwrap_err());
        drop(queue.enter(Want::Lock, here).unwrap_err());
        let last = queue.enter(Want::Lock, here).unwrap_err();
        drop(turn);
        assert!(take(&last).is_some());
    }

    /// A handle is outside already: it waits for that lock there, and is not to be joined by another.
    #[test]
    fn a_lock_that_is_adopted_leaves_the_turn_where_it_is() {
        let (queue, here) = queue();
        let outside = queue.enter(Want::Lock, here).unwrap();
        let adopted = queue.enter_beside(here);
        let ticket = queue.enter(Want::Lock, here).unwrap_err();
        drop(adopted);
        assert!(take(&ticket).is_none());
        drop(outside);
        assert!(take(&ticket).is_some());
    }

    /// Otherwise tries that overlap without end would keep the turn from all waiters.
    #[test]
    fn nobody_waits_for_one_that_only_tries() {
        let (queue, here) = queue();
        let (turn, first_try) = (queue.enter(Want::Lock, here).unwrap(), queue.try_beside(here));
        let ticket = queue.enter(Want::Lock, here).unwrap_err();
        turn.end(here, None);
        let turn = take(&ticket).unwrap();
        let ticket = queue.enter(Want::Lock, here).unwrap_err();
        drop(first_try);
        queue.try_beside(here).end(here, None);
        assert!(take(&ticket).is_none(), "the turn is out");
        drop(turn);
        assert!(take(&ticket).is_some());
    }

    #[test]
    fn the_turn_of_a_parent_is_let_be() {
        let (queue, here) = queue();
        let parent = here.another();
        let turn = queue.enter(Want::Lock, parent).unwrap();
        let ticket = queue.enter(Want::Lock, parent).unwrap_err();
        drop(turn);
        assert!(take(&ticket).is_none() && queue.try_enter(parent).is_none());
    }
}
