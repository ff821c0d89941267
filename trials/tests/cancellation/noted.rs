//! At which await point a future was dropped: the adapters' own waiting, with a note of where it was dropped, and of each waiter that
//! was sent away from a queue.

use std::fs;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, getsockname, recv};
use slocket_os::Grant;
use slocket_os::Runtime;
use slocket_os::Session;

/// An await point of an acquire, and whether what it waits for has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// Inside the process, behind another clone.
    Inside,
    /// The same; the turn has come and was not taken yet.
    InsideGranted,
    /// Queued at a server.
    Queued,
    /// The same; the lock has come and was not taken yet.
    QueuedGranted,
    /// The same; the server has ended the connection, which was not noticed yet.
    QueuedEnded,
    /// Watching something at the path that cannot be queued at.
    Watching,
    /// Pausing before it tries again.
    Pausing,
    /// With the lock in hand, until no process has a share.
    Shares,
    /// The same; no process has that one any more, which was not noticed yet.
    SharesGone,
    /// With the lock in hand, until one of the slots is free.
    Slots,
    /// The same; one is, which was not noticed yet.
    SlotsGone,
}

static DROPPED: Mutex<Vec<Point>> = Mutex::new(Vec::new());

/// Where the waiting was dropped, in order, since it was last asked. (Trials that ask are alone.)
pub(crate) fn take() -> Vec<Point> {
    std::mem::take(&mut DROPPED.lock().unwrap_or_else(PoisonError::into_inner))
}

static WAITS: AtomicUsize = AtomicUsize::new(0);

/// How many waits have begun: one for each await point that was reached.
pub(crate) fn waits() -> usize {
    WAITS.load(Ordering::SeqCst)
}

static LAST: Mutex<Option<Point>> = Mutex::new(None);

/// Where the wait began that began last.
pub(crate) fn last() -> Option<Point> {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

static SENT_AWAY: AtomicUsize = AtomicUsize::new(0);

/// How often a server has ended a connection, or a waiter had to pause before it tried again.
pub(crate) fn sent_away() -> usize {
    SENT_AWAY.load(Ordering::SeqCst)
}

/// Waits as `R` does.
pub(crate) struct Noted<R>(PhantomData<fn() -> R>);

impl<R: Runtime> Runtime for Noted<R> {
    async fn readable(descriptor: BorrowedFd<'_>) -> io::Result<()> {
        R::readable(descriptor).await
    }

    async fn sleep_until(time: Instant) {
        R::sleep_until(time).await;
    }

    async fn wait<G: Grant>(session: &mut Session<G>) {
        WAITS.fetch_add(1, Ordering::SeqCst);
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(point(session));
        let mut note = Note { session, ended: false };
        R::wait(note.session).await;
        note.ended = true;
        if matches!(point(note.session), Point::QueuedEnded | Point::Pausing) {
            SENT_AWAY.fetch_add(1, Ordering::SeqCst);
        }
    }
}

struct Note<'a, G: Grant> {
    session: &'a mut Session<G>,
    ended: bool,
}

impl<G: Grant> Drop for Note<'_, G> {
    fn drop(&mut self) {
        if !self.ended {
            let point = point(self.session);
            DROPPED.lock().unwrap_or_else(PoisonError::into_inner).push(point);
        }
    }
}

fn point<G: Grant>(session: &mut Session<G>) -> Point {
    if session.is_inside() {
        let turn = session.poll_turn(&mut Context::from_waker(Waker::noop()));
        return if turn.is_ready() { Point::InsideGranted } else { Point::Inside };
    }
    let wait = session.wait();
    // A connection has its badge for a name; what tells of a watch has none.
    let has_name = |descriptor| getsockname(descriptor).is_ok_and(|address| address.addr_len() > 2);
    match wait.descriptor {
        Some(connection) if has_name(connection) => queued(connection),
        Some(descriptor) => match (of_a_share(descriptor), is_ready(descriptor)) {
            (None, _) => Point::Watching,
            (Some(Share::One), false) => Point::Shares,
            (Some(Share::One), true) => Point::SharesGone,
            (Some(Share::AnySlot), false) => Point::Slots,
            (Some(Share::AnySlot), true) => Point::SlotsGone,
        },
        None => Point::Pausing,
    }
}

/// Looks at what has come, and leaves it there.
fn queued(connection: BorrowedFd<'_>) -> Point {
    match recv(connection, &mut [0_u8; 2], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((2, _)) => Point::QueuedGranted,
        Ok(_) | Err(rustix::io::Errno::CONNRESET) => Point::QueuedEnded,
        Err(_) => Point::Queued,
    }
}

/// What of a lock is waited for to end.
enum Share {
    /// A shared lock, or a slot: its FIFO.
    One,
    /// Any of the slots: what watches all of their FIFOs.
    AnySlot,
}

fn of_a_share(descriptor: BorrowedFd<'_>) -> Option<Share> {
    let file = fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).expect("it is open");
    let name = file.file_name()?.to_str()?;
    match name {
        "anon_inode:[eventpoll]" => Some(Share::AnySlot),
        _ => (name.ends_with(".shared") || name.contains(".slot-")).then_some(Share::One),
    }
}

fn is_ready(descriptor: BorrowedFd<'_>) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)], Some(&now)).expect("poll") > 0
}
