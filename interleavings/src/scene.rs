//! One lock, the threads that use it, and the thread that watches its queue outside.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use loom::sync::Notify;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::kept::Found;
use crate::local::{Entered, LocalQueue, Lock, Participant, Turn, With};
use crate::process::Process;
use crate::want::Want;

/// One lock of this process.
#[derive(Clone)]
pub struct Scene {
    queue: Arc<LocalQueue>,
    shared: Arc<Shared>,
}

struct Shared {
    /// How many threads hold the lock.
    holders: AtomicUsize,
    /// How often it was passed on.
    passed: AtomicUsize,
    /// How often it was had.
    had: AtomicUsize,
    /// The listeners that there were, and the number of that which is watched.
    listeners: AtomicUsize,
    watched: AtomicUsize,
    /// How often the thread that watches a listener was told that a process has come.
    came: AtomicUsize,
}

/// What a thread does with the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Acquires it and releases it, so often.
    Holds(usize),
    /// Waits for it, and gives up if it does not come at once.
    GivesUp,
    /// The thread that watches the queue outside, to which a process has come.
    Comes,
    /// The same, and it looks whether the lock is used.
    LooksForUse,
    /// The last handle is dropped.
    Closes,
}

/// Runs that in every order that makes a difference. How many there were.
pub fn explore(body: impl Fn() + Sync + Send + 'static) -> usize {
    let runs = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        body();
    });
    runs.load(std::sync::atomic::Ordering::Relaxed)
}

impl Scene {
    /// A lock that is not retained.
    #[must_use]
    pub fn ordinary() -> Self {
        Self::new(None)
    }

    /// A lock that is retained when it is released.
    #[must_use]
    pub fn retaining() -> Self {
        Self::new(Some(Duration::from_secs(1)))
    }

    /// A lock that this process retains already.
    #[must_use]
    pub fn retained() -> Self {
        let scene = Self::retaining();
        scene.acquire_and_release();
        scene
    }

    fn new(retains: Option<Duration>) -> Self {
        let [holders, passed, had, listeners, watched, came] = [(); 6].map(|()| AtomicUsize::new(0));
        let shared = Shared { holders, passed, had, listeners, watched, came };
        Self { queue: LocalQueue::new(retains, Process), shared: Arc::new(shared) }
    }

    /// Runs the threads to their end. The lock must have been had as often as they acquired it, and must be free at the end: retained by
    /// a thread that does not hold it, or passed on.
    pub fn run(&self, users: &[User]) {
        let threads: Vec<_> = users
            .iter()
            .map(|&user| {
                let scene = self.clone();
                thread::spawn(move || scene.play(user))
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!(self.shared.holders.load(Ordering::SeqCst), 0);
        if self.shared.came.load(Ordering::SeqCst) > 0 {
            assert!(self.shared.passed.load(Ordering::SeqCst) > 0, "the process that has come is not served");
        }
        // No thread keeps the turn, or the lock, for ever.
        assert!(!matches!(self.queue.enter(Want::Lock, Process), Entered::Ticket(_)), "the turn is lost");
    }

    /// How often the lock was had.
    #[must_use]
    pub fn had(&self) -> usize {
        self.shared.had.load(Ordering::SeqCst)
    }

    fn play(&self, user: User) {
        match user {
            User::Holds(times) => (0..times).for_each(|_| self.acquire_and_release()),
            User::GivesUp => match self.queue.enter(Want::Lock, Process) {
                Entered::Lock(lock) => self.release(self.hold(lock)),
                Entered::Turn(turn) => self.release(self.hold(Lock::new(Participant::new(), turn))),
                Entered::Ticket(ticket) => {
                    let came = self.queue.give_up(&ticket, Process);
                    if let Some((turn, with)) = came {
                        self.take_what_came(turn, with);
                    }
                }
            },
            User::Comes => {
                let number = self.shared.watched.load(Ordering::SeqCst);
                self.shared.came.fetch_add(usize::from(number > 0), Ordering::SeqCst);
                if let Some(lock) = self.queue.come(number as u64, Process) {
                    self.pass_on(lock);
                }
            }
            User::LooksForUse => {
                let number = self.shared.watched.load(Ordering::SeqCst) as u64;
                if let Found::Idle(lock) = self.queue.look(number, 1, Process) {
                    self.pass_on(lock);
                }
            }
            User::Closes => {
                if let Some(lock) = self.queue.close(Process) {
                    self.pass_on(lock);
                }
            }
        }
    }

    fn acquire_and_release(&self) {
        match self.queue.enter(Want::Lock, Process) {
            Entered::Lock(lock) => self.release(self.hold(lock)),
            Entered::Turn(turn) => self.release(self.hold(Lock::new(Participant::new(), turn))),
            Entered::Ticket(ticket) => {
                let bell = Arc::new(Bell(Notify::new()));
                let waker = Waker::from(Arc::clone(&bell));
                while ticket.poll(&mut Context::from_waker(&waker)) == Poll::Pending {
                    bell.0.wait();
                }
                let (turn, with) = ticket.take().expect("it has come");
                self.take_what_came(turn, with);
            }
        }
    }

    fn take_what_came(&self, turn: Turn, with: With) {
        match with {
            With::Lock(participant) | With::Place(participant) => self.release(self.hold(Lock::new(participant, turn))),
            With::Nothing => self.release(self.hold(Lock::new(Participant::new(), turn))),
        }
    }

    fn hold(&self, lock: Lock) -> Lock {
        assert_eq!(self.shared.holders.fetch_add(1, Ordering::SeqCst), 0, "two holders");
        lock.participant().hold();
        self.shared.had.fetch_add(1, Ordering::SeqCst);
        lock
    }

    /// As `retain.rs` does it.
    fn release(&self, mut lock: Lock) {
        self.shared.holders.fetch_sub(1, Ordering::SeqCst);
        if self.queue.retains().is_none() {
            return self.pass_on(lock);
        }
        if lock.participant().number.is_none() {
            let number = self.shared.listeners.fetch_add(1, Ordering::SeqCst) + 1;
            if !self.queue.begin(number as u64, false, Process) {
                return self.pass_on(lock);
            }
            // The watch is armed: the thread can be told from now on.
            self.shared.watched.store(number, Ordering::SeqCst);
            self.queue.armed(Process);
            lock.participant_mut().number = Some(number as u64);
        }
        if let Some(lock) = lock.leave(Process) {
            self.pass_on(lock);
        }
    }

    /// As `keeper.rs` does it.
    fn pass_on(&self, lock: Lock) {
        let (participant, turn) = lock.into_parts();
        participant.hold();
        if let Some(number) = participant.number {
            self.queue.passed(number, Process);
        }
        self.shared.passed.fetch_add(1, Ordering::SeqCst);
        drop(participant);
        turn.end(Process, None);
    }
}

struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}
