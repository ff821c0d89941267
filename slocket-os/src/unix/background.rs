//! What goes on after the caller has been told: loans that are still out, and farewells to servers that may lend.
//!
//! One thread for the process, started when there is something to do, ended when there is not.

use std::io::{Read, Write};
use std::mem;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, PoisonError};
use std::time::Duration;

use crate::closing::start_thread;
use crate::descriptor;
use crate::local::Participant;
use crate::process::{Inherit, PerProcess, Process};
use crate::wait::{Wait, block_on_any};

/// How many are looked after before the oldest that linger are let go: descriptors are few. First the server is told; if
/// twice as many are looked after, it is a server that takes no note, and is left.
const MOST: usize = 64;

static BACKGROUND: PerProcess<Background> = PerProcess::new();

struct Background {
    arrivals: Vec<Participant>,
    /// Some lock of this process is lent.
    has_loans: bool,
    /// The process is about to end: servers are told.
    departs: bool,
    /// Wakes the thread; `None` if there is no thread.
    wake: Option<UnixStream>,
    /// Tells that there is less to be looked after; there from the first wait for that on.
    idle: Option<Arc<Condvar>>,
}

impl Inherit for Background {
    const NEW: Self = Self { arrivals: Vec::new(), has_loans: false, departs: false, wake: None, idle: None };

    /// What the parent's thread looks after is the parent's. A child has no such thread.
    fn inherit(&mut self) {
        mem::forget(mem::take(&mut self.arrivals));
        *self = Self::NEW;
    }
}

impl Background {
    fn idle(&mut self) -> Arc<Condvar> {
        Arc::clone(self.idle.get_or_insert_default())
    }

    fn tell_idle(&self) {
        if let Some(idle) = &self.idle {
            idle.notify_all();
        }
    }
}

/// Waits until every lock that this process has lent is back and has been passed on; for `within` at most, if that is said. Whether all
/// are back.
pub(crate) fn await_loans(within: Option<Duration>) -> bool {
    let mut background = BACKGROUND.lock(Process::current());
    let idle = background.idle();
    if let Some(within) = within {
        let waited = idle.wait_timeout_while(background, within, |background| background.has_loans);
        return !waited.unwrap_or_else(PoisonError::into_inner).0.has_loans;
    }
    while background.has_loans {
        background = idle.wait(background).unwrap_or_else(PoisonError::into_inner);
    }
    true
}

/// Tells the servers that may lend (npm's) that no request of this process waits any more, and waits until they have taken note,
/// for `within` at most. For a process that ends soon after it gave up waiting.
///
/// While the process runs, a request that was given up keeps its place at such a server, and gives a loan back as soon
/// as it comes: npm's server dies if it grants the lock to a connection that was just ended. One that has time to take
/// note first does not. It returns at once if there is no such place.
pub fn depart(within: Duration) {
    let mut background = BACKGROUND.lock(Process::current());
    background.departs = true;
    if let Some(wake) = &mut background.wake {
        // A full buffer wakes just as well.
        let _ = wake.write(&[0]);
    }
    let idle = background.idle();
    let waited = idle.wait_timeout_while(background, within, |background| background.wake.is_some());
    let (mut background, _) = waited.unwrap_or_else(PoisonError::into_inner);
    background.departs = false;
}

/// Closes the copies that this process has of its parent's sockets, if it was forked without exec.
///
/// Else they keep a lock from being free when the parent is killed, and an abstract name even after a release. Using any lock does
/// the same first, so this is for a child that uses none. What a thread of the parent was about to bind in the instant of the fork
/// may be left to a second call: see [`Guard`](crate::Guard#fork).
pub fn close_copies() {
    descriptor::close_copies(Process::current());
}

/// Looks after a participant whose caller has been told, if there is something left to be done; otherwise returns it, to be
/// used again.
#[inline]
pub(crate) fn settle_later(participant: Box<Participant>) -> Option<Box<Participant>> {
    if participant.is_finished() {
        return Some(participant).filter(|participant| participant.is_spent());
    }
    adopt(*participant);
    None
}

fn adopt(participant: Participant) {
    let here = participant.process();
    let mut background = BACKGROUND.lock(here);
    background.has_loans |= !participant.is_lingering();
    background.arrivals.push(participant);
    if let Some(wake) = &mut background.wake {
        // A full buffer wakes just as well.
        let _ = wake.write(&[0]);
        return;
    }
    let started = UnixStream::pair().and_then(|(signal, wake)| {
        signal.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        start_thread("slocket", move || look_after(Some(&signal), here))?;
        Ok(wake)
    });
    match started {
        Ok(wake) => background.wake = Some(wake),
        Err(_) => {
            // No thread or no descriptor is available. A loan must not be dropped, so the caller looks after it; but one that
            // only lingers must not keep the caller waiting.
            for participant in &mut background.arrivals {
                if participant.is_lingering() {
                    participant.cut_short();
                }
            }
            background.arrivals.retain(|participant| !participant.is_finished());
            drop(background);
            look_after(None, here);
        }
    }
}

/// Looks after all participants that arrive, until none is left.
fn look_after(signal: Option<&UnixStream>, here: Process) {
    let mut participants: Vec<Participant> = Vec::new();
    loop {
        let departs = {
            let mut background = BACKGROUND.lock(here);
            participants.append(&mut background.arrivals);
            background.has_loans = participants.iter().any(|participant| !participant.is_lingering());
            if !background.has_loans {
                background.tell_idle();
            }
            if participants.is_empty() {
                if signal.is_some() {
                    background.wake = None;
                    background.tell_idle();
                }
                return;
            }
            background.departs
        };
        let_go(&mut participants, departs);
        participants.retain(|participant| !participant.is_finished());
        if participants.is_empty() {
            continue;
        }
        wait(&participants, signal);
        for participant in &mut participants {
            participant.wake();
        }
        participants.retain(|participant| !participant.is_finished());
    }
}

/// Lets go the oldest of too many that linger; all of them, if the process departs.
fn let_go(participants: &mut [Participant], departs: bool) {
    let count = participants.len();
    let told = if departs { count } else { count.saturating_sub(MOST) };
    let untold = participants.iter_mut().filter(|participant| participant.is_lingering_untold());
    for participant in untold.take(told) {
        participant.dismiss();
    }
    let lingering = participants.iter_mut().filter(|participant| participant.is_lingering());
    for participant in lingering.take(count.saturating_sub(2 * MOST)) {
        participant.cut_short();
    }
}

/// Waits until a participant, or a thread that adds one, has something to tell.
fn wait(participants: &[Participant], signal: Option<&UnixStream>) {
    let arrival = Wait { descriptor: signal.map(AsFd::as_fd), ..Wait::default() };
    let waits: Vec<Wait<'_>> = participants.iter().map(Participant::wait).chain([arrival]).collect();
    block_on_any(&waits);
    if let Some(mut signal) = signal {
        let mut bytes = [0; 64];
        while matches!(signal.read(&mut bytes), Ok(count) if count > 0) {}
    }
}
