//! Which event comes next: mostly one that belongs there, else any.

use slocket_core::{
    Accepted, Action, Connected, Connection, Delivery, Event, Inspected, Left, Published, Received, Reclaimed, Removal,
    Stale, Timer,
};

use crate::machine::ledger::{Ledger, Wait};

/// A byte below this stands for something that belongs there.
const BELONGS: u8 = 176;

/// The event that the next bytes stand for; `None` at their end.
pub(super) fn next(ledger: &Ledger, bytes: &mut impl Iterator<Item = u8>) -> Option<Event> {
    let (kind, choice) = (bytes.next()?, bytes.next()?);
    let connection = ledger.any_connection(choice >> 4);
    Some(match (ledger.question, ledger.wait) {
        _ if kind >= BELONGS => any(kind - BELONGS, choice, connection),
        (Some(question), _) => answer(question, choice),
        (None, Wait::Start) => of(choice, &[Event::Acquire(stale(kind)), Event::Try(stale(kind)), Event::Look]),
        (None, Wait::Server | Wait::Farewell) => received(choice, ledger.any_connection(0)),
        (None, Wait::Loan) => Event::LoanEnded,
        (None, Wait::Path) => {
            let timers = [Timer::Recheck, Timer::Stale].map(Event::TimerFired);
            of(choice, &[Event::PathChanged, timers[0], timers[1]])
        }
        (None, Wait::Pause) => Event::TimerFired(of(choice, &[Timer::Retry, Timer::Try])),
        (None, Wait::Caller) => of(choice, &[Event::Release, Event::Cancel]),
        (None, Wait::Over | Wait::Nowhere) => any(kind, choice, connection),
    })
}

fn any(kind: u8, choice: u8, connection: Connection) -> Event {
    const QUESTIONS: [Action; 12] = [
        Action::Publish,
        Action::Inspect,
        Action::Watch,
        Action::Reclaim { unmarked_too: false },
        Action::Leave,
        Action::Accept,
        Action::HandOver,
        Action::ClearMark,
        Action::Lend,
        Action::SetMark,
        Action::CloseOut,
        Action::GiveBack,
    ];
    match kind % 24 {
        0 => Event::Acquire(stale(choice)),
        1 => Event::Try(stale(choice)),
        2 => Event::Look,
        3 => Event::Release,
        4..=6 => Event::Cancel,
        7 => Event::TimerFired(Timer::Deadline),
        8 => received(choice, connection),
        9 => Event::LoanEnded,
        10 => Event::PathChanged,
        11 => Event::TimerFired(of(choice, &[Timer::Deadline, Timer::Retry, Timer::Recheck, Timer::Stale, Timer::Try])),
        other => match QUESTIONS.get(usize::from(other) - 11) {
            Some(question) => answer(*question, choice),
            None => answer(Action::Connect(connection), choice),
        },
    }
}

/// An answer to a question.
fn answer(question: Action, choice: u8) -> Event {
    let code = 1 + i32::from(choice >> 4);
    let sent = of(choice, &[Delivery::Sent, Delivery::Gone, Delivery::Failed]);
    let removal = of(choice, &[Removal::Done, Removal::NotOurs, Removal::Failed(code)]);
    let yes = choice & 1 == 0;
    match question {
        Action::Publish => Event::Published(of(
            choice,
            &[Published::InUse, Published::Listening, Published::Swept, Published::Failed(code)],
        )),
        Action::Connect(_) => Event::Connected(of(
            choice,
            &[
                Connected::Queued,
                Connected::Refused,
                Connected::Untrusted,
                Connected::Missing,
                Connected::BacklogFull,
                Connected::NotASocket,
                Connected::WrongType,
                Connected::Denied,
                Connected::Failed(code),
            ],
        )),
        Action::Inspect => Event::Inspected(of(
            choice,
            &[
                Inspected::Stale,
                Inspected::Dead,
                Inspected::Missing,
                Inspected::Alive,
                Inspected::Unmarked,
                Inspected::NotASocket,
                Inspected::WrongType,
                Inspected::Denied,
                Inspected::Failed(code),
            ],
        )),
        Action::Watch => Event::WatchArmed,
        Action::Reclaim { .. } => Event::Reclaimed(of(
            choice,
            &[
                Reclaimed::Removed,
                Reclaimed::Changed,
                Reclaimed::Busy,
                Reclaimed::Unmarked,
                Reclaimed::Denied,
                Reclaimed::Elsewhere,
                Reclaimed::Failed(code),
            ],
        )),
        Action::Leave => Event::Left(of(choice, &[Left::Closed, Left::Listener, Left::Lingering])),
        Action::Accept => Event::Accepted(of(
            choice,
            &[
                Accepted::Waiter,
                Accepted::Client,
                Accepted::Gone,
                Accepted::Nobody,
                Accepted::Stranger,
                Accepted::Lost,
                Accepted::Failed,
            ],
        )),
        Action::HandOver => Event::HandedOver(sent),
        Action::ClearMark => Event::MarkCleared(yes),
        Action::Lend => Event::Granted(sent),
        Action::SetMark => Event::MarkSet(yes),
        Action::CloseOut => Event::ClosedOut(removal),
        Action::GiveBack => Event::GivenBack(removal),
        Action::Disconnect | Action::Unwatch | Action::Arm { .. } | Action::Close | Action::Report(_) => {
            unreachable!("{question:?} asks nothing")
        }
    }
}

fn received(choice: u8, connection: Connection) -> Event {
    match of(choice, &[None, Some(Received::Listener), Some(Received::Loan), Some(Received::Truncated)]) {
        None if choice & 8 != 0 => {
            Event::Received(connection, of(choice >> 2, &[Received::Foreign, Received::NotOurs]))
        }
        None => Event::Ended(connection),
        Some(received) => Event::Received(connection, received),
    }
}

fn stale(choice: u8) -> Stale {
    of(choice, &[Stale::Wait, Stale::Fail, Stale::Reclaim])
}

fn of<T: Copy>(choice: u8, values: &[T]) -> T {
    values[usize::from(choice) % values.len()]
}
