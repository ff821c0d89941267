//! The protocol: one total function from a state and an event to the next state and what is to be done.

use crate::action::{Action, Actions, Failure, Report};
use crate::event::{
    Accepted, Connected, Delivery, Event, Inspected, Left, Published, Received, Reclaimed, Removal, Stale, Timer,
};
use crate::state::{Attempt, Owed, Patience, State, Wish};

/// An event that no faithful driver sends in that state: an answer that was not asked for, or a request at the wrong time.
///
/// It tells a mistake of the driver, never one of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Misuse {
    /// The state the machine was in, and still is.
    pub state: State,
    /// The event that does not belong there.
    pub event: Event,
}

impl core::fmt::Display for Misuse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the driver sent {:?} in state {:?}", self.event, self.state)
    }
}

impl core::error::Error for Misuse {}

/// The next state and what is to be done.
pub type Step = (State, Actions);

/// Every answer, whatever it says. (Arms above the one that uses this have taken the answers that are expected.)
macro_rules! an_answer {
    () => {
        Event::Published(_)
            | Event::Connected(_)
            | Event::Inspected(_)
            | Event::WatchArmed
            | Event::Reclaimed(_)
            | Event::Left(_)
            | Event::Accepted(_)
            | Event::HandedOver(_)
            | Event::MarkCleared(_)
            | Event::Granted(_)
            | Event::MarkSet(_)
            | Event::ClosedOut(_)
            | Event::GivenBack(_)
    };
}

/// Every request for the lock.
macro_rules! a_start {
    () => {
        Event::Acquire(_) | Event::Try(_) | Event::Look
    };
}

/// Everything that happens by itself.
macro_rules! a_happening {
    () => {
        Event::Received(..) | Event::Ended(_) | Event::LoanEnded | Event::PathChanged | Event::TimerFired(_)
    };
}

/// The caller wants no more, or its time is over.
macro_rules! a_stop {
    () => {
        Event::Cancel | Event::TimerFired(Timer::Deadline)
    };
}

/// Takes one step. Pure and total: every pair of a state and an event has a defined outcome.
///
/// # Errors
/// [`Misuse`] if the driver sent an event that does not belong in this state; the state stays as it is.
#[expect(unreachable_patterns, reason = "`an_answer!` also names the answers that an arm above it has taken")]
#[deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]
pub fn transition(state: State, event: Event) -> Result<Step, Misuse> {
    let step = match (state, event) {
        // ---- Idle: nothing has been asked for.
        (State::Idle, Event::Acquire(stale)) => publish(Attempt { stale, ..Attempt::default() }),
        (State::Idle, Event::Try(stale)) => {
            publish(Attempt { wish: Wish::Try, stale: hasty(stale), ..Attempt::default() })
        }
        (State::Idle, Event::Look) => connect(Attempt { wish: Wish::Look, ..Attempt::default() }),
        (State::Idle, Event::Cancel | a_happening!()) => unchanged(state),
        (State::Idle, Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Publishing: does the path become ours?
        (State::Publishing(attempt), Event::Published(published)) => match published {
            Published::Listening => match attempt.quit {
                None => (State::Holding, Actions::one(Action::Report(Report::Acquired))),
                Some(report) => accept(Some(report)),
            },
            _ if attempt.quit.is_some() => finish(attempt, Report::Cancelled),
            Published::InUse => match attempt.wish {
                Wish::Try => inspect(attempt),
                Wish::Acquire | Wish::Look => connect(attempt),
            },
            Published::Swept => pause_to_publish(attempt),
            Published::Failed(code) => fail(attempt, Failure::Os(code)),
        },
        (State::Publishing(attempt), Event::TimerFired(Timer::Try)) => {
            (State::Publishing(impatient(attempt, Timer::Try)), Actions::none())
        }
        (State::Publishing(attempt), a_stop!()) => (State::Publishing(quit(attempt, event)), Actions::none()),
        (State::Publishing(_), a_happening!()) => unchanged(state),
        (State::Publishing(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Connecting: is there a queue to stand in?
        (State::Connecting(attempt), Event::Connected(connected)) => match connected {
            Connected::Queued if attempt.quit.is_some() => leave(attempt, Report::Cancelled),
            Connected::Queued if attempt.wish == Wish::Look => leave(attempt, Report::Listened),
            Connected::Queued => (State::Queued(attempt), Actions::none()),
            _ if attempt.quit.is_some() => finish(attempt, Report::Cancelled),
            Connected::Missing | Connected::Refused if attempt.wish == Wish::Look => finish(attempt, Report::Free),
            Connected::Missing => again(attempt),
            Connected::Refused => inspect(attempt),
            Connected::BacklogFull | Connected::Untrusted if attempt.wish == Wish::Look => {
                finish(attempt, Report::Listened)
            }
            // What such a server sends is not read: it may be a listener, which would carry our name once it is used.
            Connected::Untrusted => fail(attempt, Failure::Untrusted),
            Connected::BacklogFull => pause_to_connect(attempt),
            Connected::NotASocket if attempt.wish == Wish::Look => fail(attempt, Failure::NotASlocket),
            Connected::Denied if attempt.wish == Wish::Look => fail(attempt, Failure::Inaccessible),
            Connected::NotASocket | Connected::Denied => watch(attempt),
            Connected::WrongType => fail(attempt, Failure::NotASlocket),
            Connected::Failed(code) => fail(attempt, Failure::Os(code)),
        },
        (State::Connecting(attempt), a_stop!()) => {
            // The connection that may come of it has to be left.
            let connection = attempt.connection;
            (State::Connecting(Attempt { connection, ..quit(attempt, event) }), Actions::none())
        }
        (State::Connecting(_), a_happening!()) => unchanged(state),
        (State::Connecting(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Queued: our turn will come.
        (State::Queued(attempt), Event::Received(connection, received)) if connection == attempt.connection => {
            match received {
                Received::Listener => (State::Holding, Actions::one(Action::Report(Report::Acquired))),
                Received::Loan => (State::Borrowing, Actions::one(Action::Report(Report::Acquired))),
                Received::Truncated | Received::NotOurs => disconnected(attempt),
                Received::Foreign => fail(attempt, Failure::NotASlocket),
            }
        }
        (State::Queued(attempt), Event::Ended(connection)) if connection == attempt.connection => disconnected(attempt),
        (State::Queued(attempt), Event::Cancel) => leave(attempt, Report::Cancelled),
        (State::Queued(attempt), Event::TimerFired(Timer::Deadline)) => leave(attempt, Report::TimedOut),
        (State::Queued(_), a_happening!()) => unchanged(state),
        (State::Queued(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Inspecting: who is at the path, and is it alive?
        (State::Inspecting(attempt), Event::Inspected(inspected)) => match inspected {
            _ if attempt.quit.is_some() => finish(attempt, Report::Cancelled),
            Inspected::Missing => again(patient(attempt)),
            Inspected::Alive => match attempt.wish {
                Wish::Try => try_again(attempt),
                Wish::Acquire | Wish::Look => pause_to_connect(patient(attempt)),
            },
            Inspected::Unmarked => match attempt.wish {
                Wish::Try => finish(attempt, Report::WouldBlock),
                Wish::Acquire | Wish::Look => pause_to_connect(patient(attempt)),
            },
            Inspected::Dead => reclaim(attempt, false),
            Inspected::Stale => stale(attempt),
            Inspected::NotASocket => occupied(patient(attempt)),
            Inspected::WrongType => fail(attempt, Failure::NotASlocket),
            Inspected::Denied => match attempt.wish {
                // Nothing tells that it is held by anybody who is believed.
                Wish::Try => fail(attempt, Failure::Inaccessible),
                Wish::Acquire | Wish::Look => watch(patient(attempt)),
            },
            Inspected::Failed(code) => fail(attempt, Failure::Os(code)),
        },
        (State::Inspecting(attempt), a_stop!()) => (State::Inspecting(quit(attempt, event)), Actions::none()),
        (State::Inspecting(attempt), Event::TimerFired(timer @ (Timer::Stale | Timer::Try))) => {
            (State::Inspecting(impatient(attempt, timer)), Actions::none())
        }
        (State::Inspecting(_), a_happening!()) => unchanged(state),
        (State::Inspecting(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- ArmingWatch: watch first, then look again (without the second look a wake-up is lost).
        (State::ArmingWatch(attempt), Event::WatchArmed) if attempt.quit.is_some() => {
            finish(attempt, Report::Cancelled)
        }
        (State::ArmingWatch(attempt), Event::WatchArmed) => inspect(Attempt { watched: true, ..attempt }),
        (State::ArmingWatch(attempt), a_stop!()) => (State::ArmingWatch(quit(attempt, event)), Actions::none()),
        (State::ArmingWatch(attempt), Event::TimerFired(Timer::Stale)) => {
            (State::ArmingWatch(impatient(attempt, Timer::Stale)), Actions::none())
        }
        (State::ArmingWatch(_), a_happening!()) => unchanged(state),
        (State::ArmingWatch(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Watching: nothing to queue at, until the path changes.
        (State::Watching(attempt), Event::PathChanged | Event::TimerFired(Timer::Recheck)) => inspect(attempt),
        (State::Watching(attempt), Event::TimerFired(Timer::Stale)) => inspect(impatient(attempt, Timer::Stale)),
        (State::Watching(attempt), a_stop!()) => finish(quit(attempt, event), Report::Cancelled),
        (State::Watching(_), a_happening!()) => unchanged(state),
        (State::Watching(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Reclaiming: a dead socket goes.
        (State::Reclaiming(attempt), Event::Reclaimed(reclaimed)) => match reclaimed {
            _ if attempt.quit.is_some() => finish(attempt, Report::Cancelled),
            Reclaimed::Removed | Reclaimed::Changed => again(attempt),
            Reclaimed::Busy => match attempt.wish {
                Wish::Try => try_again(attempt),
                Wish::Acquire | Wish::Look => pause_to_connect(attempt),
            },
            Reclaimed::Unmarked => stale(attempt),
            Reclaimed::Denied => fail(attempt, Failure::Denied),
            Reclaimed::Elsewhere => fail(attempt, Failure::Elsewhere),
            Reclaimed::Failed(code) => fail(attempt, Failure::Os(code)),
        },
        (State::Reclaiming(attempt), Event::TimerFired(Timer::Try)) => {
            (State::Reclaiming(impatient(attempt, Timer::Try)), Actions::none())
        }
        (State::Reclaiming(attempt), a_stop!()) => (State::Reclaiming(quit(attempt, event)), Actions::none()),
        (State::Reclaiming(_), a_happening!()) => unchanged(state),
        (State::Reclaiming(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Pausing: no busy loops.
        (State::PausingToPublish(attempt), Event::TimerFired(Timer::Retry)) => publish(attempt),
        (State::PausingToConnect(attempt), Event::TimerFired(Timer::Retry)) => connect(attempt),
        (State::PausingToPublish(attempt), Event::TimerFired(Timer::Try)) => {
            (State::PausingToPublish(impatient(attempt, Timer::Try)), Actions::none())
        }
        (State::PausingToPublish(attempt) | State::PausingToConnect(attempt), a_stop!()) => {
            finish(quit(attempt, event), Report::Cancelled)
        }
        (State::PausingToPublish(_) | State::PausingToConnect(_), a_happening!()) => unchanged(state),
        (State::PausingToPublish(_) | State::PausingToConnect(_), a_start!() | Event::Release | an_answer!()) => {
            return Err(Misuse { state, event });
        }

        // ---- Leaving: a grant that raced with the cancel is passed on.
        (State::Leaving(connection, report), Event::Left(left)) => match left {
            Left::Closed => over(Some(report)),
            Left::Listener => accept(Some(report)),
            Left::Lingering => (State::Lingering(connection), Actions::one(Action::Report(report))),
        },
        (State::Leaving(..), Event::Cancel | a_happening!()) => unchanged(state),
        (State::Leaving(..), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Lingering: a loan that still comes is given back at once, a listener is passed on. (npm's server dies if it
        // grants to a connection that has ended its stream, even its own half.)
        (State::Lingering(own), Event::Received(connection, Received::Listener)) if connection == own => accept(None),
        (State::Lingering(own), Event::Received(connection, Received::Loan)) if connection == own => give_back(None),
        (State::Lingering(own), Event::Ended(connection)) if connection == own => over(None),
        (State::Lingering(_), Event::Cancel | a_happening!()) => unchanged(state),
        (State::Lingering(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Holding and Borrowing: the lock is ours. (A late time-out does not take it away; a cancel gives it back.)
        (State::Holding, Event::Release) => accept(Some(Report::Released)),
        (State::Holding, Event::Cancel) => accept(Some(Report::Cancelled)),
        (State::Borrowing, Event::Release) => give_back(Some(Report::Released)),
        (State::Borrowing, Event::Cancel) => give_back(Some(Report::Cancelled)),
        (State::Holding | State::Borrowing, a_happening!()) => unchanged(state),
        (State::Holding | State::Borrowing, a_start!() | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Accepting: who is next?
        (State::Accepting(owed), Event::Accepted(accepted)) => match accepted {
            Accepted::Waiter => (State::HandingOver(owed), Actions::one(Action::HandOver)),
            Accepted::Client => (State::ClearingMark(owed), Actions::one(Action::ClearMark)),
            Accepted::Gone => accept(owed),
            Accepted::Stranger | Accepted::Nobody | Accepted::Lost | Accepted::Failed => close_out(owed),
        },
        (State::Accepting(_), Event::Cancel | a_happening!()) => unchanged(state),
        (State::Accepting(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- HandingOver: once the listener is sent, we are out of the story.
        (State::HandingOver(owed), Event::HandedOver(delivery)) => match delivery {
            Delivery::Sent => over(owed),
            Delivery::Gone => accept(owed),
            Delivery::Failed => close_out(owed),
        },
        (State::HandingOver(_), Event::Cancel | a_happening!()) => unchanged(state),
        (State::HandingOver(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- ClearingMark: from here until the mark is set again, dead does not mean free.
        (State::ClearingMark(owed), Event::MarkCleared(true)) => (State::Lending(owed), Actions::one(Action::Lend)),
        (State::ClearingMark(owed), Event::MarkCleared(false)) => close_out(owed),
        (State::ClearingMark(_), Event::Cancel | a_happening!()) => unchanged(state),
        (State::ClearingMark(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Lending: the server outlives its own release.
        (State::Lending(owed), Event::Granted(delivery)) => match delivery {
            Delivery::Sent => {
                (State::Lent, owed.map_or(Actions::none(), |report| Actions::one(Action::Report(report))))
            }
            Delivery::Gone | Delivery::Failed => set_mark(owed),
        },
        (State::Lending(_), Event::Cancel | a_happening!()) => unchanged(state),
        (State::Lending(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- Lent: until the client ends its connection.
        (State::Lent, Event::LoanEnded) => set_mark(None),
        (State::Lent, Event::Cancel | a_happening!()) => unchanged(state),
        (State::Lent, a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- SettingMark: dead means free again. Who may not set it hands nothing over.
        (State::SettingMark(owed), Event::MarkSet(true)) => accept(owed),
        (State::SettingMark(owed), Event::MarkSet(false)) => close_out(owed),
        (State::SettingMark(_), Event::Cancel | a_happening!()) => unchanged(state),
        (State::SettingMark(_), a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),

        // ---- ClosingOut and GivingBack: the path is free, or another's.
        (State::ClosingOut(owed), Event::ClosedOut(removal)) | (State::GivingBack(owed), Event::GivenBack(removal)) => {
            over(owed.map(|report| removed(report, removal)))
        }
        (State::ClosingOut(_) | State::GivingBack(_), Event::Cancel | a_happening!()) => unchanged(state),
        (State::ClosingOut(_) | State::GivingBack(_), a_start!() | Event::Release | an_answer!()) => {
            return Err(Misuse { state, event });
        }

        // ---- Finished: what comes late matters no more.
        (State::Finished, Event::Cancel | a_happening!()) => unchanged(state),
        (State::Finished, a_start!() | Event::Release | an_answer!()) => return Err(Misuse { state, event }),
    };
    Ok(step)
}

const fn unchanged(state: State) -> Step {
    (state, Actions::none())
}

/// Publishes. What was watched for has happened.
const fn publish(attempt: Attempt) -> Step {
    let unwatch = if attempt.watched { Some(Action::Unwatch) } else { None };
    let attempt = Attempt { watched: false, ..attempt };
    (State::Publishing(attempt), Actions::one(Action::Publish).after(unwatch))
}

/// Connects, under a new number.
const fn connect(attempt: Attempt) -> Step {
    let connection = attempt.connection.next();
    let unwatch = if attempt.watched { Some(Action::Unwatch) } else { None };
    let attempt = Attempt { connection, watched: false, ..attempt };
    (State::Connecting(attempt), Actions::one(Action::Connect(connection)).after(unwatch))
}

const fn inspect(attempt: Attempt) -> Step {
    (State::Inspecting(attempt), Actions::one(Action::Inspect))
}

/// Reclaims. Whatever is there afterwards has not been put up with yet.
const fn reclaim(attempt: Attempt, unmarked_too: bool) -> Step {
    (State::Reclaiming(patient(attempt)), Actions::one(Action::Reclaim { unmarked_too }))
}

/// The path looks free: publish, at once for the first times in a row, then with a pause.
const fn again(attempt: Attempt) -> Step {
    if attempt.level < 2 { publish(one_up(attempt)) } else { pause_to_publish(attempt) }
}

/// The connection ended without the lock: publish again. (The pause counts from the beginning of the attempt, so it
/// delays only who is sent away at once again and again.)
fn disconnected(attempt: Attempt) -> Step {
    let (state, actions) = again(attempt);
    (state, actions.after(Some(Action::Disconnect)))
}

const fn pause_to_publish(attempt: Attempt) -> Step {
    (State::PausingToPublish(one_up(attempt)), pause(attempt))
}

const fn pause_to_connect(attempt: Attempt) -> Step {
    (State::PausingToConnect(one_up(attempt)), pause(attempt))
}

const fn pause(attempt: Attempt) -> Actions {
    let level = if attempt.level < 6 { attempt.level + 1 } else { 7 };
    Actions::one(Action::Arm { timer: Timer::Retry, level })
}

const fn one_up(attempt: Attempt) -> Attempt {
    let level = if attempt.level < 6 { attempt.level + 1 } else { 6 };
    Attempt { level, ..attempt }
}

/// What was put up with is there no more. (A try puts up with whatever is in the way, for one time.)
const fn patient(attempt: Attempt) -> Attempt {
    match attempt.wish {
        Wish::Try => attempt,
        Wish::Acquire | Wish::Look => Attempt { patience: Patience::Fresh, ..attempt },
    }
}

const fn impatient(attempt: Attempt, timer: Timer) -> Attempt {
    let is_tried = matches!(attempt.wish, Wish::Try);
    match attempt.patience {
        Patience::Running if is_tried == matches!(timer, Timer::Try) => Attempt { patience: Patience::Over, ..attempt },
        Patience::Fresh | Patience::Running | Patience::Over => attempt,
    }
}

/// A try meets somebody who may be only passing through, as a look or a reclaim does, so it looks again for a short time.
fn try_again(attempt: Attempt) -> Step {
    let pause = |level| Actions::one(Action::Arm { timer: Timer::Retry, level });
    match attempt.patience {
        Patience::Fresh => (
            State::PausingToPublish(Attempt { patience: Patience::Running, ..attempt }),
            pause(1).after(Some(Action::Arm { timer: Timer::Try, level: 0 })),
        ),
        Patience::Running => (State::PausingToPublish(attempt), pause(2)),
        Patience::Over => finish(attempt, Report::WouldBlock),
    }
}

/// Nobody listens there, and it may be lent out: what does the policy say?
fn stale(attempt: Attempt) -> Step {
    match (attempt.stale, attempt.patience) {
        (Stale::Fail, _) => fail(attempt, Failure::Stale),
        (Stale::Wait, _) | (Stale::Reclaim, Patience::Running) => occupied(attempt),
        (Stale::Reclaim, Patience::Over) => reclaim(attempt, true),
        (Stale::Reclaim, Patience::Fresh) => {
            let (state, actions) = occupied(Attempt { patience: Patience::Running, ..attempt });
            (state, actions.after(Some(Action::Arm { timer: Timer::Stale, level: 0 })))
        }
    }
}

/// Something is there that cannot be queued at: it counts as held until the path changes.
fn occupied(attempt: Attempt) -> Step {
    match attempt.wish {
        Wish::Try => finish(attempt, Report::WouldBlock),
        Wish::Acquire | Wish::Look => watch(attempt),
    }
}

const fn watch(attempt: Attempt) -> Step {
    if attempt.watched {
        (State::Watching(attempt), Actions::one(Action::Arm { timer: Timer::Recheck, level: 0 }))
    } else {
        (State::ArmingWatch(attempt), Actions::one(Action::Watch))
    }
}

/// Remembers that the caller wants no more (and why, the first time), and forgets what matters no more.
fn quit(attempt: Attempt, stop: Event) -> Attempt {
    if attempt.quit.is_some() {
        return attempt;
    }
    let report = if matches!(stop, Event::Cancel) { Report::Cancelled } else { Report::TimedOut };
    Attempt { quit: Some(report), ..Attempt::default() }
}

/// Who does not wait cannot put up with a stale socket for a while first.
const fn hasty(stale: Stale) -> Stale {
    match stale {
        Stale::Wait | Stale::Reclaim => Stale::Wait,
        Stale::Fail => Stale::Fail,
    }
}

fn leave(attempt: Attempt, report: Report) -> Step {
    let report = attempt.quit.unwrap_or(report);
    (State::Leaving(attempt.connection, report), Actions::one(Action::Leave))
}

fn fail(attempt: Attempt, failure: Failure) -> Step {
    finish(attempt, Report::Failed(failure))
}

/// Ends an attempt that has got nothing. Who has given up is told so, whatever else happened.
fn finish(attempt: Attempt, report: Report) -> Step {
    over(Some(attempt.quit.unwrap_or(report)))
}

/// Ends the machine.
fn over(owed: Owed) -> Step {
    let actions = match owed {
        Some(report) => Actions::two(Action::Close, Action::Report(report)),
        None => Actions::one(Action::Close),
    };
    (State::Finished, actions)
}

const fn accept(owed: Owed) -> Step {
    (State::Accepting(owed), Actions::one(Action::Accept))
}

const fn close_out(owed: Owed) -> Step {
    (State::ClosingOut(owed), Actions::one(Action::CloseOut))
}

const fn set_mark(owed: Owed) -> Step {
    (State::SettingMark(owed), Actions::one(Action::SetMark))
}

const fn give_back(owed: Owed) -> Step {
    (State::GivingBack(owed), Actions::one(Action::GiveBack))
}

/// A release that found the path in other hands is a lost lock. (Who cancelled or timed out has lost nothing.)
const fn removed(report: Report, removal: Removal) -> Report {
    match (report, removal) {
        (Report::Released, Removal::NotOurs) => Report::Failed(Failure::LockLost),
        (Report::Released, Removal::Failed(code)) => Report::Failed(Failure::Os(code)),
        _ => report,
    }
}
