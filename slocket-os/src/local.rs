//! The queue inside the process: clones of one lock stand in it, and one of them at a time goes outside for all.
//!
//! So a process has one connection to the outside, however many of its threads or tasks wait. The rule of fairness:
//! **the lock is passed on inside the process only while nobody outside waits.** If somebody does, he is next, and the
//! first of those inside goes and queues behind him.
//!
//! A forked child has a queue of its own. (`here` is this process.)

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::participant::Participant;
use crate::process::{Inherit, PerProcess, Process};

/// The queue of one lock inside this process.
#[derive(Debug, Default)]
pub(crate) struct LocalQueue {
    state: PerProcess<State>,
}

#[derive(Debug)]
struct State {
    /// Somebody of this process holds the lock, or goes for it outside.
    busy: bool,
    waiting: VecDeque<Arc<Ticket>>,
}

impl Inherit for State {
    const NEW: Self = Self { busy: false, waiting: VecDeque::new() };

    /// Those who wait here are the parent's, and so is whoever they are woken by.
    fn inherit(&mut self) {
        mem::forget(mem::replace(self, Self::NEW));
    }
}

/// A place in the queue.
#[derive(Debug, Default)]
pub(crate) struct Ticket {
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    turn: Option<Turn>,
    waker: Option<Waker>,
}

/// What the first in the queue is given.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The lock.
    Lock(Box<Participant>),
    /// The place outside of one who has given up.
    Place(Box<Participant>),
    /// Nothing: it goes outside itself.
    Go,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LocalQueue {
    /// Becomes the one who goes outside (`None`), or takes a place behind.
    pub(crate) fn enter(&self, here: Process) -> Option<Arc<Ticket>> {
        let mut state = self.state.lock(here);
        if !state.busy {
            state.busy = true;
            return None;
        }
        let ticket = Arc::new(Ticket::default());
        state.waiting.push_back(Arc::clone(&ticket));
        Some(ticket)
    }

    /// Becomes the one who goes outside, unless somebody is that already.
    pub(crate) fn try_enter(&self, here: Process) -> bool {
        let mut state = self.state.lock(here);
        !mem::replace(&mut state.busy, true)
    }

    /// Whether somebody waits here.
    pub(crate) fn is_contended(&self, here: Process) -> bool {
        !self.state.lock(here).waiting.is_empty()
    }

    /// Gives the first who waits his turn; the turn comes back if nobody waits.
    pub(crate) fn pass(&self, turn: Turn, here: Process) -> Option<Turn> {
        let waker = {
            let mut state = self.state.lock(here);
            let Some(first) = state.waiting.pop_front() else { return Some(turn) };
            first.give(turn)
        };
        wake(waker);
        None
    }

    /// Has no more to do with the outside: the next one goes.
    pub(crate) fn leave(&self, here: Process) {
        let waker = {
            let mut state = self.state.lock(here);
            let first = state.waiting.pop_front();
            state.busy = first.is_some();
            first.and_then(|first| first.give(Turn::Go))
        };
        wake(waker);
    }

    /// Gives a place up. If the turn had come already, it is returned and has to be passed on.
    ///
    /// (Under the same lock as the giving: a turn given to who has given up would be lost.)
    pub(crate) fn give_up(&self, ticket: &Arc<Ticket>, here: Process) -> Option<Turn> {
        let mut state = self.state.lock(here);
        state.waiting.retain(|waiting| !Arc::ptr_eq(waiting, ticket));
        ticket.take()
    }
}

/// Wakes, while no lock is held: a waker may run anything.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Ticket {
    /// Gives the turn; whom to wake.
    fn give(&self, turn: Turn) -> Option<Waker> {
        let mut slot = lock(&self.slot);
        slot.turn = Some(turn);
        slot.waker.take()
    }

    /// Takes the turn, if it has come.
    pub(crate) fn take(&self) -> Option<Turn> {
        lock(&self.slot).turn.take()
    }

    /// Ready when the turn has come.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let replaced = {
            let mut slot = lock(&self.slot);
            if slot.turn.is_some() {
                return Poll::Ready(());
            }
            slot.waker.replace(waker)
        };
        // Outside the lock: a waker that is dropped may run anything, too.
        drop(replaced);
        Poll::Pending
    }
}
