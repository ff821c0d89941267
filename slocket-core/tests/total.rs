//! Every pair of a state and an event has the outcome that this table says it has.

mod common;

use common::every::{Every, events};
use common::kinds::{Kind, Waits, kind, waits};
use slocket_core::{Actions, Attempt, Connection, Event, Patience, Received, State, Timer, Wish, transition};

/// What is to come of an event in a state, whatever their payloads are:
///
/// - `+` handled: something is done, or the state changes
/// - `.` ignored: nothing is done, and the state stays
/// - `!` misuse: a faithful driver does not send it; the state stays
///
/// and where it depends on the payload:
///
/// - `present` handled if it is of the present connection, ignored otherwise
/// - `granted` handled if it is a listener or a loan on the present connection, ignored otherwise
/// - `quits` handled unless it is noted already that the caller wants no more
/// - `patient` handled if a stale socket is being put up with, ignored otherwise
/// - `hurried` handled if it is a try that puts up with what is in the way, ignored otherwise
///
/// The column *answer* is the answer to the question that the state waits for; every other answer is a misuse.
const TABLE: &str = "
state            start release cancel answer received ended   loan path deadline retry recheck stale   try
Idle             +     !       .      !      .        .       .    .    .        .     .       .       .
Publishing       !     !       quits  +      .        .       .    .    quits    .     .       .       hurried
Connecting       !     !       quits  +      .        .       .    .    quits    .     .       .       .
Queued           !     !       +      !      present  present .    .    +        .     .       .       .
Inspecting       !     !       quits  +      .        .       .    .    quits    .     .       patient hurried
ArmingWatch      !     !       quits  +      .        .       .    .    quits    .     .       patient .
Watching         !     !       +      !      .        .       .    +    +        .     +       +       .
Reclaiming       !     !       quits  +      .        .       .    .    quits    .     .       .       hurried
PausingToPublish !     !       +      !      .        .       .    .    +        +     .       .       hurried
PausingToConnect !     !       +      !      .        .       .    .    +        +     .       .       .
Leaving          !     !       .      +      .        .       .    .    .        .     .       .       .
Lingering        !     !       .      !      granted  present .    .    .        .     .       .       .
Holding          !     +       +      !      .        .       .    .    .        .     .       .       .
Borrowing        !     +       +      !      .        .       .    .    .        .     .       .       .
Accepting        !     !       .      +      .        .       .    .    .        .     .       .       .
HandingOver      !     !       .      +      .        .       .    .    .        .     .       .       .
ClearingMark     !     !       .      +      .        .       .    .    .        .     .       .       .
Lending          !     !       .      +      .        .       .    .    .        .     .       .       .
Lent             !     !       .      !      .        .       +    .    .        .     .       .       .
SettingMark      !     !       .      +      .        .       .    .    .        .     .       .       .
ClosingOut       !     !       .      +      .        .       .    .    .        .     .       .       .
GivingBack       !     !       .      +      .        .       .    .    .        .     .       .       .
Finished         !     !       .      !      .        .       .    .    .        .     .       .       .
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Handled,
    Ignored,
    Misuse,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Always(Outcome),
    Present,
    Granted,
    Quits,
    Patient,
    Hurried,
}

/// The row of a state.
fn row(state: &State) -> &'static str {
    match state {
        State::Idle => "Idle",
        State::Publishing(_) => "Publishing",
        State::Connecting(_) => "Connecting",
        State::Queued(_) => "Queued",
        State::Inspecting(_) => "Inspecting",
        State::ArmingWatch(_) => "ArmingWatch",
        State::Watching(_) => "Watching",
        State::Reclaiming(_) => "Reclaiming",
        State::PausingToPublish(_) => "PausingToPublish",
        State::PausingToConnect(_) => "PausingToConnect",
        State::Leaving(..) => "Leaving",
        State::Lingering(_) => "Lingering",
        State::Holding => "Holding",
        State::Borrowing => "Borrowing",
        State::Accepting(_) => "Accepting",
        State::HandingOver(_) => "HandingOver",
        State::ClearingMark(_) => "ClearingMark",
        State::Lending(_) => "Lending",
        State::Lent => "Lent",
        State::SettingMark(_) => "SettingMark",
        State::ClosingOut(_) => "ClosingOut",
        State::GivingBack(_) => "GivingBack",
        State::Finished => "Finished",
    }
}

/// The column of an event.
fn column(event: Event) -> &'static str {
    match event {
        Event::Acquire(_) | Event::Try(_) | Event::Look => "start",
        Event::Release => "release",
        Event::Cancel => "cancel",
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
        | Event::GivenBack(_) => "answer",
        Event::Received(..) => "received",
        Event::Ended(_) => "ended",
        Event::LoanEnded => "loan",
        Event::PathChanged => "path",
        Event::TimerFired(Timer::Deadline) => "deadline",
        Event::TimerFired(Timer::Retry) => "retry",
        Event::TimerFired(Timer::Recheck) => "recheck",
        Event::TimerFired(Timer::Stale) => "stale",
        Event::TimerFired(Timer::Try) => "try",
    }
}

/// The table, read: the names of the columns, and the rows with their names.
fn table() -> (Vec<&'static str>, Vec<(&'static str, Vec<Cell>)>) {
    let mut lines = TABLE.trim().lines().map(str::split_whitespace);
    let columns: Vec<_> = lines.next().expect("the table has a head").skip(1).collect();
    let rows: Vec<_> =
        lines.map(|mut words| (words.next().expect("a row has a name"), words.map(cell).collect::<Vec<_>>())).collect();
    assert!(rows.iter().all(|(_, cells)| cells.len() == columns.len()), "a row is as long as the head");
    (columns, rows)
}

fn cell(word: &str) -> Cell {
    match word {
        "+" => Cell::Always(Outcome::Handled),
        "." => Cell::Always(Outcome::Ignored),
        "!" => Cell::Always(Outcome::Misuse),
        "present" => Cell::Present,
        "granted" => Cell::Granted,
        "quits" => Cell::Quits,
        "patient" => Cell::Patient,
        "hurried" => Cell::Hurried,
        other => panic!("the table says {other:?}"),
    }
}

/// What a cell says for these payloads.
fn outcome(cell: Cell, state: &State, event: Event) -> Outcome {
    let handled = match cell {
        Cell::Always(outcome) => return outcome,
        Cell::Present => matches!(event,
            Event::Received(connection, _) | Event::Ended(connection) if Some(connection) == present(state)),
        Cell::Granted => matches!(event,
            Event::Received(connection, Received::Listener | Received::Loan) if Some(connection) == present(state)),
        Cell::Quits => attempt(state).is_some_and(|attempt| attempt.quit.is_none()),
        Cell::Patient => puts_up(state).is_some_and(|wish| wish != Wish::Try),
        Cell::Hurried => puts_up(state) == Some(Wish::Try),
    };
    if handled { Outcome::Handled } else { Outcome::Ignored }
}

/// The wish of one that is putting up with something.
fn puts_up(state: &State) -> Option<Wish> {
    attempt(state).filter(|attempt| attempt.patience == Patience::Running).map(|attempt| attempt.wish)
}

fn attempt(state: &State) -> Option<&Attempt> {
    match state {
        State::Publishing(attempt)
        | State::Connecting(attempt)
        | State::Queued(attempt)
        | State::Inspecting(attempt)
        | State::ArmingWatch(attempt)
        | State::Watching(attempt)
        | State::Reclaiming(attempt)
        | State::PausingToPublish(attempt)
        | State::PausingToConnect(attempt) => Some(attempt),
        State::Idle
        | State::Leaving(..)
        | State::Lingering(_)
        | State::Holding
        | State::Borrowing
        | State::Accepting(_)
        | State::HandingOver(_)
        | State::ClearingMark(_)
        | State::Lending(_)
        | State::Lent
        | State::SettingMark(_)
        | State::ClosingOut(_)
        | State::GivingBack(_)
        | State::Finished => None,
    }
}

/// The number of the connection that a state is waiting on.
fn present(state: &State) -> Option<Connection> {
    if let State::Lingering(connection) = state { Some(*connection) } else { attempt(state).map(|a| a.connection) }
}

/// What the machine does, in how many actions.
fn observed(state: State, event: Event) -> (Outcome, usize) {
    match transition(state, event) {
        Err(misuse) => {
            assert_eq!((misuse.state, misuse.event), (state, event), "a misuse names what was wrong");
            (Outcome::Misuse, 0)
        }
        Ok((after, actions)) => match actions.into_iter().count() {
            0 if after == state => (Outcome::Ignored, 0),
            count => (Outcome::Handled, count),
        },
    }
}

#[test]
fn every_pair_has_the_outcome_of_the_table() {
    let (columns, rows) = table();
    let events: Vec<(usize, Event)> = events()
        .iter()
        .map(|event| {
            let at = columns.iter().position(|name| *name == column(*event));
            (at.unwrap_or_else(|| panic!("no column for {event:?}")), *event)
        })
        .collect();
    let states = State::every();
    let (mut counts, mut most) = ([0_usize; 3], 0);
    let mut met = vec![vec![0_usize; columns.len()]; rows.len()];
    for state in &states {
        let at = rows.iter().position(|(name, _)| *name == row(state));
        let at = at.unwrap_or_else(|| panic!("no row for {state:?}"));
        for (column, event) in &events {
            let expected = match kind(*event) {
                Kind::Answer(question) if waits(state) != Waits::Answer(question) => Outcome::Misuse,
                Kind::Request | Kind::Answer(_) | Kind::Happening => outcome(rows[at].1[*column], state, *event),
            };
            let (outcome, actions) = observed(*state, *event);
            assert_eq!(outcome, expected, "{event:?} in {state:?}");
            most = most.max(actions);
            counts[expected as usize] += 1;
            met[at][*column] += 1;
        }
    }
    let [handled, ignored, misuse] = counts;
    println!(
        "{} states x {} events = {} pairs: {handled} handled, {ignored} ignored, {misuse} misuse",
        states.len(),
        events.len(),
        handled + ignored + misuse
    );
    for ((name, _), met) in rows.iter().zip(&met) {
        assert!(met.iter().all(|count| *count > 0), "a cell in the row of {name} stands for no pair: {met:?}");
    }
    assert_eq!(most, Actions::CAPACITY, "the capacity is what the longest step needs, from whatever state");
    assert!(handled > 100_000 && ignored > 100_000 && misuse > 100_000, "too few pairs: {counts:?}");
}

#[test]
fn a_state_waits_for_the_answer_that_its_row_handles() {
    let (columns, rows) = table();
    let answer = columns.iter().position(|name| *name == "answer").expect("a column for answers");
    for state in State::every() {
        let (name, cells) = rows.iter().find(|(name, _)| *name == row(&state)).expect("a row for each state");
        let handles = matches!(cells[answer], Cell::Always(Outcome::Handled));
        assert_eq!(handles, matches!(waits(&state), Waits::Answer(_)), "{name}");
    }
}
