//! When a lock is retained, and when it is passed on instead (protocol section 9).
//!
//! **Others wait no longer than this.** When a process is done with a lock that it was granted from outside, it looks whether
//! another waits. If so, it passes the lock on, unless it held it for less than [`SLICE`]: then it may acquire it again until that time is
//! over, [`MOST_IN_SLICE`] times at most. So where many processes contend, each holds the lock so often before it hands it over, which
//! takes as long as a hundred short holds. (A process that was given a slice and did not come back for the lock gets none for a while.)
//!
//! If none waits, its thread watches the queue from then on. Until that has run, which may take long on a busy machine, the process may
//! acquire the lock again; but when it acquires or releases it, and has not looked for [`LOOK_AFTER`] or [`MOST_UNSEEN`] times, it looks
//! itself.
//!
//! A look is poll(2) of the listener, and stat(2) of the path: a path that was removed by hand is met so, too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::descriptor;
use crate::keeper::{self, How};
use crate::local::{LocalQueue, Lock, Participant, Turn};
use crate::process::Process;
use crate::retention::{Retention, Tick};

/// For how long a process may take the lock again and again although others wait.
const SLICE: Duration = Duration::from_micros(40);

/// How often it may acquire it again meanwhile.
const MOST_IN_SLICE: u8 = 200;

/// How old the last look at a queue may be that is watched.
const LOOK_AFTER: Duration = Duration::from_millis(10);

/// How many acquisitions and releases there may be without a look. (A look takes as long as some tens of them.)
pub(crate) const MOST_UNSEEN: u16 = 8192;

/// Takes the lock, if this process retains it and may take it once more.
#[inline]
pub(crate) fn again(queue: &LocalQueue) -> Option<Lock> {
    queue.retains()?;
    let here = Process::current();
    descriptor::close_copies(here);
    // (The turn of one that was passed on goes to the next inside.)
    check(queue.take(here)?, here).ok()
}

/// A lock that was retained; but if others wait for it, or it is not there any more, it is passed on, and the turn is left.
#[inline]
pub(crate) fn check(mut lock: Lock, here: Process) -> Result<Lock, Turn> {
    if is_to_be_passed_on(lock.participant_mut()) {
        let (participant, turn) = lock.into_parts();
        keeper::give(participant, here);
        return Err(turn);
    }
    Ok(lock)
}

/// Retains a lock whose holder is done with it, or gives it to the first that waits inside; `None` then. Otherwise it is to be passed on.
#[inline]
pub(crate) fn leave(mut lock: Lock, here: Process) -> Option<Lock> {
    let participant = lock.participant_mut();
    let is_to_go = match participant.retention {
        Retention { number: None, .. } => !begin(&mut lock, here),
        Retention { slice: 0, .. } => is_to_be_passed_on(participant),
        Retention { ref mut slice, granted, .. } => {
            *slice -= 1;
            *slice == 0 || granted.is_none_or(|granted| granted.elapsed() >= SLICE)
        }
    };
    if is_to_go { Some(lock) } else { lock.leave(here) }
}

/// The lock was granted, and is released for the first time. Whether it may be retained.
fn begin(lock: &mut Lock, here: Process) -> bool {
    let Some(every) = lock.turn().queue().retains() else { return false };
    if lock.participant().is_loan() {
        return false;
    }
    let queue = Arc::clone(lock.turn().queue());
    let participant = lock.participant_mut();
    participant.retention.looked = Tick::now();
    if participant.is_intact() != Ok(true) {
        return false;
    }
    let how = if participant.is_contended() {
        let is_short = participant.retention.granted.is_some_and(|granted| granted.elapsed() < SLICE);
        if !is_short || !queue.has_slice(here) {
            return false;
        }
        participant.retention.slice = MOST_IN_SLICE;
        // (A thread that comes back ends it itself.)
        How::For(2 * SLICE)
    } else {
        How::UntilAWaiterComes
    };
    participant.retention.number = keeper::arm(participant, &queue, every, how, here);
    participant.retention.number.is_some()
}

/// Whether a process waits outside, or the path is not the lock's any more; if that was not looked at for so long.
#[inline]
fn is_to_be_passed_on(participant: &mut Participant) -> bool {
    let now = Tick::now();
    let Retention { looked, unseen, .. } = &mut participant.retention;
    *unseen += 1;
    if *unseen < MOST_UNSEEN && !looked.is_older_than(LOOK_AFTER, now) {
        return false;
    }
    (*looked, *unseen) = (now, 0);
    participant.is_contended() || participant.is_intact() != Ok(true)
}

/// Notes that the lock was granted from outside.
pub(crate) fn granted(participant: &mut Participant, turn: &Turn) {
    if turn.queue().retains().is_some() {
        participant.retention.granted = Some(Instant::now());
    }
}
