//! The thread that watches the queues of retained locks: one for the process, while any is retained (protocol section 9).
//!
//! It waits by epoll(7), once for each listener: `EPOLLONESHOT`. It must never wait by anything that has a reference to the listener,
//! such as poll(2), a blocking accept, or a duplicate: a listener that was handed over would outlive the death of its receiver. Epoll
//! knows the file without keeping it open; but it also knows it after it was sent away, so a listener is taken out *before* it is
//! passed on.
//!
//! When a waiter comes to a queue, and when a lock was not used for the time asked for, the thread passes the lock on. If it is held, it
//! notes that, and the holder passes it on.

use std::collections::BTreeMap;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::{self, Errno, write};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime};

use crate::background;
use crate::closing::start_thread;
use crate::error::Error;
use crate::kept::Found;
use crate::local::{LocalQueue, Lock, Participant};
use crate::process::{Inherit, PerProcess, Process};
use crate::trace::warning;

static KEEPER: PerProcess<Keeper> = PerProcess::new();

/// The number of the descriptor by which the thread is woken, and that of its timer.
const BELL: u64 = 0;
const TIMER: u64 = 1;

/// So many events are taken at once.
const EVENTS: usize = 16;

/// For how long a thread that has nothing to watch waits for more, at most.
const LINGERS: Duration = Duration::from_secs(1);

/// A time that never comes.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

struct Keeper {
    /// What the thread waits by; `None` if there is no thread.
    watch: Option<Arc<Watch>>,
    /// The listeners that are watched.
    watched: BTreeMap<u64, Watched>,
    last: u64,
    /// When the thread wakes at the latest.
    wakes: Option<Instant>,
    /// When the timer is due.
    slice_ends: Option<Instant>,
    /// For how long a thread that has nothing to watch waits for more.
    lingers: Duration,
}

/// An epoll instance, with an eventfd and a timer that wake the thread.
#[derive(Debug)]
struct Watch {
    epoll: OwnedFd,
    bell: OwnedFd,
    timer: OwnedFd,
}

/// How a queue is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// A process waits, and is served after that time at the latest.
    For(Duration),
    UntilAWaiterComes,
}

/// The listener of a lock that is retained, or held and retained afterwards.
struct Watched {
    queue: Weak<LocalQueue>,
    /// How long it is retained when it is not used.
    every: Duration,
    /// When it is looked whether it was used, and how often that was when it was looked last.
    due: Instant,
    uses: u64,
    /// When it is passed on, if its time is limited.
    slice_ends: Option<Instant>,
}

impl Inherit for Keeper {
    const NEW: Self = Self {
        watch: None,
        watched: BTreeMap::new(),
        last: TIMER,
        wakes: None,
        slice_ends: None,
        lingers: Duration::ZERO,
    };

    /// What is watched is the parent's, and so is the thread.
    fn inherit(&mut self) {
        mem::forget(mem::replace(self, Self::NEW));
    }
}

impl Watch {
    fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &bell, EventData::new_u64(BELL), EventFlags::IN | EventFlags::ET)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        Ok(Self { epoll, bell, timer })
    }
}

impl Keeper {
    /// The watch of the thread, which is started if there is none. (Not if the system has no thread or no descriptor left.)
    fn watch(&mut self, here: Process) -> Option<Arc<Watch>> {
        if self.watch.is_none() {
            let watch = Arc::new(Watch::new().ok()?);
            let of_thread = Arc::clone(&watch);
            start_thread("slocket-keep", move || keep(&of_thread, here)).ok()?;
            self.watch = Some(watch);
            (self.wakes, self.slice_ends) = (None, None);
        }
        self.watch.clone()
    }

    /// Has the thread wake by that time.
    fn wake_by(&mut self, time: Instant) {
        let Some(watch) = &self.watch else { return };
        if self.wakes.is_some_and(|wakes| wakes > time) {
            let _ = write(&watch.bell, &1_u64.to_ne_bytes());
        }
    }

    /// Has the timer fire by that time.
    fn set_timer(&mut self, time: Instant, now: Instant) -> io::Result<()> {
        let Some(watch) = &self.watch else { return Err(Errno::BADF) };
        // (One that is long over has fired, and the thread has not seen to it yet.)
        if self.slice_ends.is_some_and(|ends| ends <= time) {
            return Ok(());
        }
        let left = time.saturating_duration_since(now).max(Duration::from_nanos(1));
        let value = Timespec::try_from(left).map_err(|_| Errno::INVAL)?;
        let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(
            &watch.timer,
            TimerfdTimerFlags::empty(),
            &Itimerspec { it_interval: interval, it_value: value },
        )?;
        self.slice_ends = Some(time);
        Ok(())
    }
}

/// Has the queue of a listener watched, so that the lock can be retained, for so long when it is not used. The number by which it is
/// known from then on; `None` if it cannot be watched.
pub(crate) fn arm(
    participant: &Participant,
    queue: &Arc<LocalQueue>,
    every: Duration,
    how: How,
    here: Process,
) -> Option<u64> {
    let listener = participant.listener()?;
    let mut keeper = KEEPER.lock(here);
    let watch = keeper.watch(here)?;
    let number = keeper.last + 1;
    // Before it is watched: what the thread is told must be about this one.
    if !queue.begin(number, how != How::UntilAWaiterComes, here) {
        return None;
    }
    keeper.last = number;
    let now = Instant::now();
    let slice_ends = match how {
        How::For(time) => Some(now + time),
        How::UntilAWaiterComes => None,
    };
    let armed = match slice_ends {
        Some(ends) => keeper.set_timer(ends, now),
        None => {
            let once = EventFlags::IN | EventFlags::ONESHOT;
            epoll::add(&watch.epoll, listener.as_fd(), EventData::new_u64(number), once)
        }
    };
    if armed.is_err() {
        queue.passed(number, here);
        return None;
    }
    let due = now + every.min(NEVER);
    keeper.watched.insert(number, Watched { queue: Arc::downgrade(queue), every, due, uses: 0, slice_ends });
    keeper.lingers = every;
    keeper.wake_by(due);
    drop(keeper);
    queue.armed(here);
    Some(number)
}

/// Takes a listener from the watch. To be called before it is passed on.
pub(crate) fn disarm(participant: &mut Participant, here: Process) {
    let Some(number) = participant.retention.number.take() else { return };
    let watched = {
        let mut keeper = KEEPER.lock(here);
        let watched = keeper.watched.remove(&number);
        let is_in_epoll = watched.as_ref().is_some_and(|watched| watched.slice_ends.is_none());
        if let (Some(watch), Some(listener)) = (&keeper.watch, participant.listener())
            && is_in_epoll
        {
            // (There is nothing to be done if it fails; and it does not.)
            let _ = epoll::delete(&watch.epoll, listener.as_fd());
        }
        watched
    };
    if let Some(queue) = watched.and_then(|watched| watched.queue.upgrade()) {
        queue.passed(number, here);
    }
}

/// Releases a lock in full. A participant that has finished by that is returned, to be used again.
#[inline]
pub(crate) fn pass_on(
    mut participant: Box<Participant>,
    here: Process,
) -> (Result<(), Error>, Option<Box<Participant>>) {
    disarm(&mut participant, here);
    let released = participant.release();
    (released, background::settle_later(participant))
}

/// The same, where no caller is told.
pub(crate) fn give(participant: Box<Participant>, here: Process) {
    if let (Err(_error), _) = pass_on(participant, here) {
        warning!(error = %_error, "the release of a retained lock failed");
    }
}

/// The same, and gives the turn to the next inside.
pub(crate) fn give_up(lock: Lock, here: Process) {
    let (participant, turn) = lock.into_parts();
    give(participant, here);
    turn.end(here, None);
}

/// Passes on all that this process retains.
pub(crate) fn give_all(here: Process) {
    let queues: Vec<_> = KEEPER.lock(here).watched.values().filter_map(|watched| watched.queue.upgrade()).collect();
    for queue in queues {
        if let Some(lock) = queue.idle(here) {
            give_up(lock, here);
        }
    }
    // The thread does not wait for more.
    let mut keeper = KEEPER.lock(here);
    if keeper.watched.is_empty() {
        keeper.lingers = Duration::ZERO;
        keeper.wake_by(Instant::now());
    }
}

/// Watches, until there has been nothing to watch for a while.
fn keep(watch: &Arc<Watch>, here: Process) {
    let mut events = Vec::with_capacity(EVENTS);
    while let Some(wakes) = look_after(watch, here) {
        match wait(watch, wakes, &mut events) {
            Ok(()) | Err(Errno::INTR) => {}
            // A process that closes all that it does not know has other files at these numbers.
            Err(_) => {
                mem::forget(Arc::clone(watch));
                return abandon(here);
            }
        }
        for event in events.drain(..) {
            match event.data.u64() {
                BELL => {}
                TIMER => end_slices(here),
                number => come(number, here),
            }
        }
    }
}

/// Waits until a waiter comes to a queue, or that time.
fn wait(watch: &Watch, until: Instant, events: &mut Vec<Event>) -> io::Result<()> {
    let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
    epoll::wait(&watch.epoll, spare_capacity(events), left.as_ref()).map(drop)
}

/// A waiter has come to the queue of that listener.
fn come(number: u64, here: Process) {
    let queue = KEEPER.lock(here).watched.get(&number).and_then(|watched| watched.queue.upgrade());
    if let Some(lock) = queue.and_then(|queue| queue.come(number, here)) {
        give_up(lock, here);
    }
}

/// Passes on the locks of which the slice is over.
fn end_slices(here: Process) {
    let numbers: Vec<_> = {
        let mut keeper = KEEPER.lock(here);
        keeper.slice_ends = None;
        let now = Instant::now();
        let ends = |watched: &Watched| watched.slice_ends.filter(|ends| *ends > now);
        if let Some(next) = keeper.watched.values().filter_map(ends).min() {
            // (If it cannot be set, they end now.)
            let _ = keeper.set_timer(next, now);
        }
        let is_set = keeper.slice_ends.is_some();
        let is_over = |watched: &Watched| watched.slice_ends.is_some_and(|ends| ends <= now || !is_set);
        keeper.watched.iter().filter(|(_, watched)| is_over(watched)).map(|(number, _)| *number).collect()
    };
    for number in numbers {
        come(number, here);
    }
}

/// Nothing can be watched any more: as if a waiter had come to every queue.
fn abandon(here: Process) {
    let numbers: Vec<_> = {
        let mut keeper = KEEPER.lock(here);
        keeper.watch = None;
        keeper.watched.keys().copied().collect()
    };
    for number in numbers {
        come(number, here);
    }
}

/// Passes on what was not used for so long. When to look again; `None` if there is nothing to look at any more.
fn look_after(watch: &Arc<Watch>, here: Process) -> Option<Instant> {
    loop {
        let now = Instant::now();
        let (number, queue, uses) = {
            let mut keeper = KEEPER.lock(here);
            if !keeper.watch.as_ref().is_some_and(|current| Arc::ptr_eq(current, watch)) {
                return None;
            }
            let Some((&number, watched)) = keeper.watched.iter().min_by_key(|(_, watched)| watched.due) else {
                // The thread stays for a while: under contention there is soon something to watch again.
                let most = now + keeper.lingers.min(LINGERS);
                let until = keeper.wakes.map_or(most, |wakes| wakes.min(most));
                keeper.wakes = Some(until);
                if until > now {
                    return Some(until);
                }
                keeper.watch = None;
                return None;
            };
            if watched.due > now {
                let wakes = watched.due;
                keeper.wakes = Some(wakes);
                return Some(wakes);
            }
            (number, watched.queue.clone(), watched.uses)
        };
        let found = queue.upgrade().map_or(Found::Gone, |queue| queue.look(number, uses, here));
        let uses = match found {
            Found::Idle(lock) => {
                give_up(lock, here);
                continue;
            }
            Found::Used(uses) => Some(uses),
            Found::Gone => None,
        };
        let mut keeper = KEEPER.lock(here);
        match (uses, keeper.watched.get_mut(&number)) {
            (Some(uses), Some(watched)) => {
                watched.uses = uses;
                watched.due = now + watched.every.min(NEVER);
            }
            _ => drop(keeper.watched.remove(&number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use tempfile::TempDir;

    use super::*;
    use crate::builder::Builder;
    use crate::error::TryAcquireError;
    use crate::lock::Lock;
    use crate::retain;
    use crate::session::{Outcome, Session};

    /// The watch is the whole process's: a test that abandons it would disturb the others.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    struct Folder {
        folder: TempDir,
        _alone: MutexGuard<'static, ()>,
    }

    impl Folder {
        fn path(&self) -> &Path {
            self.folder.path()
        }
    }

    /// A lock that is retained for longer than a test takes, and another of its handles, such as a second process has.
    fn two() -> (Folder, Lock, Lock) {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = Folder { folder: TempDir::with_prefix("slocket-keeper-").unwrap(), _alone: alone };
        let builder = Builder::new(folder.path().join("lock"));
        let retained = builder.clone().retain(Duration::from_secs(3600)).build().unwrap();
        (folder, retained, builder.build().unwrap())
    }

    fn use_once(lock: &Lock) {
        lock.acquire_blocking(None).unwrap().release().unwrap();
    }

    fn acquire(waiter: &mut Session) -> crate::Guard {
        loop {
            match waiter.outcome() {
                Some(Ok(Outcome::Acquired(guard))) => return guard,
                Some(other) => panic!("{other:?}"),
                None => {
                    waiter.block();
                    waiter.wake();
                }
            }
        }
    }

    #[test]
    fn a_waiter_is_served_and_nothing_is_left() {
        let (folder, retained, other) = two();
        for _ in 0..100 {
            use_once(&retained);
            assert!(other.path().unwrap().exists());
            use_once(&other);
        }
        use_once(&retained);
        let clone = retained.clone();
        drop(retained);
        assert!(other.path().unwrap().exists(), "there is another handle");
        drop(clone);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_lock_that_outlives_its_handles_is_not_retained() {
        let (folder, retained, _) = two();
        use_once(&retained);
        let guard = retained.acquire_blocking(None).unwrap();
        drop(retained);
        drop(guard);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_try_has_what_another_process_retains() {
        let (folder, retained, ordinary) = two();
        let tries = Builder::new(folder.path().join("lock")).retain(Duration::from_secs(3600)).build().unwrap();
        use_once(&retained);
        // (The thread that passes it on may not run for longer than a try waits.)
        let start = Instant::now();
        while let Err(error) = tries.try_acquire().map(|guard| guard.release().unwrap()) {
            assert!(matches!(error, TryAcquireError::WouldBlock), "{error:?}");
            assert!(start.elapsed() < Duration::from_secs(60), "it never has it");
        }
        // What the try left in the queue may end that before long: until it is retained with an empty queue.
        let is_kept = || {
            let keeper = KEEPER.lock(Process::current());
            let is_of =
                |watched: &Watched| watched.queue.upgrade().is_some_and(|queue| Arc::ptr_eq(&queue, tries.queue()));
            keeper.watched.values().any(|watched| watched.slice_ends.is_none() && is_of(watched))
        };
        while !is_kept() {
            use_once(&tries);
        }
        // Now that one retains it. A handle that does not retain it takes it for held, and leaves nothing behind.
        let tried = ordinary.try_acquire();
        assert!(matches!(tried, Err(TryAcquireError::WouldBlock)), "{tried:?}");
        tries.try_acquire().unwrap().release().unwrap();
        // A lock that is held is not had so.
        let guard = retained.acquire_blocking(None).unwrap();
        assert!(matches!(tries.try_acquire(), Err(TryAcquireError::WouldBlock)));
        assert!(matches!(retained.try_acquire(), Err(TryAcquireError::WouldBlock)), "its own");
        guard.release().unwrap();
    }

    /// Else others would wait for as long as the thread does not run.
    #[test]
    fn a_process_looks_even_if_its_thread_is_not_told() {
        let (_folder, retained, other) = two();
        let here = Process::current();
        use_once(&retained);
        let lock = retained.queue().take(here).unwrap();
        {
            let keeper = KEEPER.lock(here);
            let watch = keeper.watch.as_ref().unwrap();
            epoll::delete(&watch.epoll, lock.participant().listener().unwrap().as_fd()).unwrap();
        }
        assert!(lock.leave(here).is_none());
        let mut waiter = Session::acquire(&other, None);
        let mut overtaken = 0;
        loop {
            match retained.try_acquire() {
                Ok(guard) => guard.release().unwrap(),
                Err(TryAcquireError::WouldBlock) => break,
                Err(error) => panic!("{error}"),
            }
            overtaken += 1;
        }
        assert!(overtaken <= retain::MOST_UNSEEN / 2, "{overtaken}");
        acquire(&mut waiter).release().unwrap();
        use_once(&retained);
    }

    /// What a process does that closes all that it does not know.
    #[test]
    fn a_watch_that_has_failed_is_as_if_a_waiter_had_come() {
        let (_folder, retained, _) = two();
        use_once(&retained);
        let guard = retained.acquire_blocking(None).unwrap();
        abandon(Process::current());
        guard.release().unwrap();
        assert!(!retained.path().unwrap().exists());
        use_once(&retained);
        abandon(Process::current());
        assert!(!retained.path().unwrap().exists());
    }

    #[test]
    fn a_lock_that_is_left_to_another_is_not_watched() {
        let (_folder, retained, _) = two();
        for leave in [0, 1, 2] {
            use_once(&retained);
            let guard = retained.acquire_blocking(None).unwrap();
            match leave {
                0 => guard.disown().unwrap().adopt().unwrap().release().unwrap(),
                1 => retained.adopt(guard.into_fd().unwrap()).unwrap().release().unwrap(),
                _ => guard.downgrade().unwrap().release().unwrap(),
            }
            use_once(&retained);
        }
        drop(retained);
        assert!(KEEPER.lock(Process::current()).watched.values().all(|watched| watched.queue.upgrade().is_some()));
    }
}
