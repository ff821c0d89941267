//! All values of each enum of the machine, or representatives where there are too many.

use std::sync::OnceLock;

use slocket_core::{
    Accepted, Attempt, Connected, Connection, Delivery, Event, Failure, Inspected, Left, Owed, Patience, Published,
    Received, Reclaimed, Removal, Report, Stale, State, Timer, Wish,
};

use super::{CODE, connections};

/// A type whose values, or representatives of them, can be listed.
pub(crate) trait Every: Copy + 'static {
    fn every() -> Vec<Self>;
}

/// Lists an enum: its plain variants, then each variant with a payload and the values that stand for it.
///
/// The same list makes a match, so a variant that is missing here does not compile.
macro_rules! every {
    ($type:ident: $($plain:ident),* $(; $($pattern:pat => $values:expr),+ $(,)?)?) => {
        impl Every for $type {
            fn every() -> Vec<Self> {
                let _all = |value: Self| match value {
                    $(Self::$plain => (),)*
                    $($($pattern => (),)+)?
                };
                #[allow(unused_mut, reason = "of the enums without a payload")]
                let mut values: Vec<Self> = vec![$(Self::$plain),*];
                $($({
                    let before = values.len();
                    values.extend($values);
                    assert!(values.len() > before, "nothing stands for {}", stringify!($pattern));
                    assert!(values[before..].iter().all(|value| matches!(value, $pattern)), "{}", stringify!($pattern));
                })+)?
                values
            }
        }
    };
}

/// Each value of the payload, wrapped.
fn of<T: Every, W>(wrap: impl FnMut(T) -> W) -> impl Iterator<Item = W> {
    T::every().into_iter().map(wrap)
}

every!(Stale: Wait, Fail, Reclaim);
every!(Timer: Deadline, Retry, Recheck, Stale, Try);
every!(Wish: Acquire, Try, Look);
every!(Patience: Fresh, Running, Over);
every!(Published: Listening, InUse, Swept; Self::Failed(_) => [Self::Failed(CODE)]);
every!(Connected: Queued, Untrusted, Missing, Refused, BacklogFull, NotASocket, WrongType, Denied;
    Self::Failed(_) => [Self::Failed(CODE)]);
every!(Inspected: Missing, Alive, Unmarked, Dead, Stale, NotASocket, WrongType, Denied;
    Self::Failed(_) => [Self::Failed(CODE)]);
every!(Reclaimed: Removed, Changed, Busy, Unmarked, Denied, Elsewhere; Self::Failed(_) => [Self::Failed(CODE)]);
every!(Left: Closed, Listener, Lingering);
every!(Accepted: Waiter, Client, Stranger, Gone, Nobody, Lost, Failed);
every!(Delivery: Sent, Gone, Failed);
every!(Removal: Done, NotOurs; Self::Failed(_) => [Self::Failed(CODE)]);
every!(Received: Listener, Loan, Truncated, NotOurs, Foreign);
every!(Failure: NotASlocket, Untrusted, Stale, Denied, Inaccessible, Elsewhere, LockLost; Self::Os(_) => [Self::Os(CODE)]);
every!(Report: Acquired, WouldBlock, TimedOut, Cancelled, Released, Free, Listened;
    Self::Failed(_) => of(Self::Failed));

every!(Event: Look, Release, Cancel, WatchArmed, LoanEnded, PathChanged;
    Self::Acquire(_) => of(Self::Acquire),
    Self::Try(_) => of(Self::Try),
    Self::Published(_) => of(Self::Published),
    Self::Connected(_) => of(Self::Connected),
    Self::Inspected(_) => of(Self::Inspected),
    Self::Reclaimed(_) => of(Self::Reclaimed),
    Self::Left(_) => of(Self::Left),
    Self::Accepted(_) => of(Self::Accepted),
    Self::HandedOver(_) => of(Self::HandedOver),
    Self::MarkCleared(_) => of(Self::MarkCleared),
    Self::Granted(_) => of(Self::Granted),
    Self::MarkSet(_) => of(Self::MarkSet),
    Self::ClosedOut(_) => of(Self::ClosedOut),
    Self::GivenBack(_) => of(Self::GivenBack),
    Self::Received(..) => of(|connection| of(move |received| Self::Received(connection, received))).flatten(),
    Self::Ended(_) => of(Self::Ended),
    Self::TimerFired(_) => of(Self::TimerFired),
);

every!(State: Idle, Holding, Borrowing, Lent, Finished;
    Self::Publishing(_) => of(Self::Publishing),
    Self::Connecting(_) => of(Self::Connecting),
    Self::Queued(_) => of(Self::Queued),
    Self::Inspecting(_) => of(Self::Inspecting),
    Self::ArmingWatch(_) => of(Self::ArmingWatch),
    Self::Watching(_) => of(Self::Watching),
    Self::Reclaiming(_) => of(Self::Reclaiming),
    Self::PausingToPublish(_) => of(Self::PausingToPublish),
    Self::PausingToConnect(_) => of(Self::PausingToConnect),
    Self::Leaving(..) => of(|connection| of(move |report| Self::Leaving(connection, report))).flatten(),
    Self::Lingering(_) => of(Self::Lingering),
    Self::Accepting(_) => owed().map(Self::Accepting),
    Self::HandingOver(_) => owed().map(Self::HandingOver),
    Self::ClearingMark(_) => owed().map(Self::ClearingMark),
    Self::Lending(_) => owed().map(Self::Lending),
    Self::SettingMark(_) => owed().map(Self::SettingMark),
    Self::ClosingOut(_) => owed().map(Self::ClosingOut),
    Self::GivingBack(_) => owed().map(Self::GivingBack),
);

/// Every event.
pub(crate) fn events() -> &'static [Event] {
    static EVENTS: OnceLock<Vec<Event>> = OnceLock::new();
    EVENTS.get_or_init(Event::every)
}

impl Every for bool {
    fn every() -> Vec<Self> {
        vec![false, true]
    }
}

impl Every for Connection {
    fn every() -> Vec<Self> {
        connections().to_vec()
    }
}

impl Every for Attempt {
    fn every() -> Vec<Self> {
        let mut attempts = Vec::new();
        for wish in Wish::every() {
            for stale in Stale::every() {
                for patience in Patience::every() {
                    for level in [0, 1, 2, 6, 7] {
                        for connection in Connection::every() {
                            for watched in bool::every() {
                                for quit in [None, Some(Report::Cancelled), Some(Report::TimedOut)] {
                                    attempts.push(Self { wish, stale, patience, level, connection, watched, quit });
                                }
                            }
                        }
                    }
                }
            }
        }
        attempts
    }
}

fn owed() -> impl Iterator<Item = Owed> {
    of(Some).chain([None])
}
