//! Bookkeeping over all states that can be reached: nothing is used that is not open, and nothing open is forgotten.

mod common;

use common::explore::{Step, explore};
use slocket_core::{Accepted, Action, Connected, Delivery, Event, Left, Published, Received, Removal, State};

/// What the platform has open for a participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Open {
    connection: bool,
    watch: bool,
    listener: bool,
    loan: bool,
    /// Somebody is accepted, and neither served nor closed.
    peer: bool,
    /// Our socket carries the mark.
    mark: Mark,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Mark {
    #[default]
    Set,
    Cleared,
    /// We were refused to change it.
    Stuck,
}

impl Open {
    /// What the event says has happened to them.
    fn after_event(mut self, state: &State, event: Event) -> Self {
        match event {
            Event::Published(Published::Listening) => self.listener = true,
            Event::Connected(Connected::Queued) => self.connection = true,
            Event::WatchArmed => self.watch = true,
            Event::Left(Left::Closed) => self.connection = false,
            Event::Left(Left::Listener) => (self.connection, self.listener) = (false, true),
            Event::Accepted(accepted) => self.peer = matches!(accepted, Accepted::Waiter | Accepted::Client),
            Event::HandedOver(Delivery::Sent) => (self.listener, self.peer) = (false, false),
            Event::MarkCleared(true) => self.mark = Mark::Cleared,
            Event::MarkSet(true) => self.mark = Mark::Set,
            Event::MarkCleared(false) | Event::MarkSet(false) => self.mark = Mark::Stuck,
            Event::ClosedOut(_) => (self.listener, self.peer) = (false, false),
            Event::GivenBack(_) => (self.loan, self.connection) = (false, false),
            Event::LoanEnded if *state == State::Lent => self.peer = false,
            Event::Received(_, Received::Listener) => self.listener = true,
            Event::Received(_, Received::Loan) if matches!(state, State::Queued(_) | State::Lingering(_)) => {
                self.loan = true;
            }
            // At the end of the stream the descriptor is still ours to close.
            _ => (),
        }
        self
    }

    /// What an action makes of them, if it may be asked for.
    fn after_action(mut self, action: Action) -> Result<Self, &'static str> {
        let held = self.listener || self.loan;
        match action {
            Action::Publish if held => Err("publishes while it holds"),
            Action::Publish | Action::Connect(_) if self.connection => Err("the connection is left open"),
            Action::Publish | Action::Connect(_) if self.watch => Err("the watch is left on"),
            Action::Inspect | Action::Watch | Action::Reclaim { .. } if held || self.connection => {
                Err("looks at the path though it has what it wants")
            }
            Action::Watch if self.watch => Err("watches twice"),
            Action::Unwatch if !self.watch => Err("there is no watch"),
            Action::Leave if !self.connection => Err("there is no queue to leave"),
            Action::Accept | Action::CloseOut if !self.listener => Err("there is no listener"),
            Action::Accept if self.mark != Mark::Set => Err("whoever is accepted now might get an unmarked socket"),
            Action::HandOver | Action::ClearMark if !(self.listener && self.peer) => Err("there is nobody to serve"),
            Action::HandOver if self.mark != Mark::Set => Err("an unmarked socket is handed over"),
            Action::Lend if !(self.listener && self.peer) => Err("there is nobody to lend to"),
            Action::Lend if self.mark != Mark::Cleared => Err("a marked socket is lent"),
            Action::SetMark if self.mark != Mark::Cleared => Err("the mark is set already"),
            Action::GiveBack if !(self.loan && self.connection) => Err("there is no loan"),
            Action::Close if held => Err("the lock is thrown away"),
            Action::Report(slocket_core::Report::Acquired) if !held => Err("the lock is not held"),
            Action::Unwatch => Ok(Self { watch: false, ..self }),
            Action::Disconnect | Action::Leave => {
                // Who leaves still reads to the end; the answer says what came of it.
                self.connection = action == Action::Leave;
                Ok(self)
            }
            Action::Close => Ok(Self::default()),
            _ => Ok(self),
        }
    }
}

/// Which happenings the platform can tell of, with this open.
fn possible(open: &Open, step: &Step) -> bool {
    match step.event {
        // The connection is read only where the state is interested in it.
        Event::Received(..) | Event::Ended(_) => {
            open.connection && (step.before != step.after || !step.actions.is_empty())
        }
        Event::PathChanged => open.watch,
        Event::LoanEnded => step.before == State::Lent,
        _ => true,
    }
}

#[test]
fn everything_that_is_used_is_open_and_the_lock_is_never_thrown_away() {
    let explored = explore(Open::default(), |open, step| {
        if !possible(&open, step) {
            let ignored = step.before == step.after && step.actions.is_empty();
            return if ignored { Ok(open) } else { Err("moved by what cannot be") };
        }
        step.actions
            .iter()
            .try_fold(open.after_event(&step.before, step.event), |open, action| open.after_action(*action))
    });
    println!("{} states with what is open, {} steps", explored.places.len(), explored.steps);
    for (state, open) in explored.places {
        match state {
            State::Idle | State::Finished => assert_eq!(open, Open::default(), "{state:?}"),
            State::Queued(_) => assert!(open.connection && !open.listener && !open.loan, "{open:?}"),
            State::Watching(attempt) => assert!(open.watch && attempt.watched, "{open:?}"),
            State::Holding => assert!(open.listener && !open.loan && open.mark == Mark::Set, "{open:?}"),
            State::Borrowing => assert!(open.loan && !open.listener && open.connection, "{open:?}"),
            State::Lent => assert!(open.listener && open.peer && open.mark == Mark::Cleared, "{open:?}"),
            State::Lingering(_) => assert!(open.connection && !open.listener && !open.loan, "{open:?}"),
            State::ClosingOut(_) => assert!(open.listener, "{open:?}"),
            _ => (),
        }
    }
}

/// Who cannot change the mark gives up the path rather than serve anybody.
#[test]
fn after_a_refusal_to_change_the_mark_the_path_is_given_up() {
    let refused = std::cell::Cell::new(0);
    explore(false, |stuck, step| match step.event {
        Event::MarkCleared(false) | Event::MarkSet(false) => {
            refused.set(refused.get() + 1);
            if step.does(Action::CloseOut) { Ok(true) } else { Err("it goes on") }
        }
        Event::ClosedOut(removal) if stuck => {
            let _: Removal = removal;
            Ok(false)
        }
        _ if stuck && (step.asks() || step.before != step.after) => Err("something else comes first"),
        _ => Ok(stuck),
    });
    assert!(refused.get() > 1);
}
