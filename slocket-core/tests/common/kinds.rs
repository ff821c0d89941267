//! Which actions ask, which events answer, and what each state waits for: said once more, independently of the machine.

use slocket_core::{Action, Event, State};

/// A question of the machine to its driver, named after the action that asks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    Publish,
    Connect,
    Inspect,
    Watch,
    Reclaim,
    Leave,
    Accept,
    HandOver,
    ClearMark,
    Lend,
    SetMark,
    CloseOut,
    GiveBack,
}

/// The question that an action asks.
pub(crate) fn asked_by(action: Action) -> Option<Question> {
    match action {
        Action::Publish => Some(Question::Publish),
        Action::Connect(_) => Some(Question::Connect),
        Action::Inspect => Some(Question::Inspect),
        Action::Watch => Some(Question::Watch),
        Action::Reclaim { .. } => Some(Question::Reclaim),
        Action::Leave => Some(Question::Leave),
        Action::Accept => Some(Question::Accept),
        Action::HandOver => Some(Question::HandOver),
        Action::ClearMark => Some(Question::ClearMark),
        Action::Lend => Some(Question::Lend),
        Action::SetMark => Some(Question::SetMark),
        Action::CloseOut => Some(Question::CloseOut),
        Action::GiveBack => Some(Question::GiveBack),
        Action::Disconnect | Action::Unwatch | Action::Arm { .. } | Action::Close | Action::Report(_) => None,
    }
}

/// What kind of event this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Request,
    Answer(Question),
    Happening,
}

pub(crate) fn kind(event: Event) -> Kind {
    match event {
        Event::Acquire(_) | Event::Try(_) | Event::Look | Event::Release | Event::Cancel => Kind::Request,
        Event::Published(_) => Kind::Answer(Question::Publish),
        Event::Connected(_) => Kind::Answer(Question::Connect),
        Event::Inspected(_) => Kind::Answer(Question::Inspect),
        Event::WatchArmed => Kind::Answer(Question::Watch),
        Event::Reclaimed(_) => Kind::Answer(Question::Reclaim),
        Event::Left(_) => Kind::Answer(Question::Leave),
        Event::Accepted(_) => Kind::Answer(Question::Accept),
        Event::HandedOver(_) => Kind::Answer(Question::HandOver),
        Event::MarkCleared(_) => Kind::Answer(Question::ClearMark),
        Event::Granted(_) => Kind::Answer(Question::Lend),
        Event::MarkSet(_) => Kind::Answer(Question::SetMark),
        Event::ClosedOut(_) => Kind::Answer(Question::CloseOut),
        Event::GivenBack(_) => Kind::Answer(Question::GiveBack),
        Event::Received(..) | Event::Ended(_) | Event::LoanEnded | Event::PathChanged | Event::TimerFired(_) => {
            Kind::Happening
        }
    }
}

/// What a state is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Waits {
    /// The answer to this question.
    Answer(Question),
    /// Something that comes by itself.
    Happening,
    /// A request of the caller.
    Caller,
    /// Nothing any more.
    Over,
}

pub(crate) fn waits(state: &State) -> Waits {
    match state {
        State::Publishing(_) => Waits::Answer(Question::Publish),
        State::Connecting(_) => Waits::Answer(Question::Connect),
        State::Inspecting(_) => Waits::Answer(Question::Inspect),
        State::ArmingWatch(_) => Waits::Answer(Question::Watch),
        State::Reclaiming(_) => Waits::Answer(Question::Reclaim),
        State::Leaving(..) => Waits::Answer(Question::Leave),
        State::Accepting(_) => Waits::Answer(Question::Accept),
        State::HandingOver(_) => Waits::Answer(Question::HandOver),
        State::ClearingMark(_) => Waits::Answer(Question::ClearMark),
        State::Lending(_) => Waits::Answer(Question::Lend),
        State::SettingMark(_) => Waits::Answer(Question::SetMark),
        State::ClosingOut(_) => Waits::Answer(Question::CloseOut),
        State::GivingBack(_) => Waits::Answer(Question::GiveBack),
        State::Queued(_)
        | State::Watching(_)
        | State::PausingToPublish(_)
        | State::PausingToConnect(_)
        | State::Lingering(_)
        | State::Lent => Waits::Happening,
        State::Idle | State::Holding | State::Borrowing => Waits::Caller,
        State::Finished => Waits::Over,
    }
}
