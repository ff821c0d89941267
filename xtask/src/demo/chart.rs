//! Draws a chart of the holders over time.

use std::ops::Range;

use super::actor::{Actor, State, Turn};
use super::hold::{Hold, SLOTS};
use super::play::Play;
use crate::claim::{Colour, paint};

/// Columns of the time axis: with name and turns a line has 80.
const COLUMNS: u64 = 61;
/// Columns of a process in the live lines.
const LANE: usize = 7;
/// How many processes fit beside each other.
pub(crate) const LANES: u16 = 8;

fn colour(actor: &Actor) -> Colour {
    if actor.name.starts_with("node") { Colour::Green } else { Colour::Cyan }
}

/// The heading of the live lines.
pub(crate) fn live_heading(play: &Play) {
    let lanes: String = play.actors.iter().map(|actor| format!("{:>LANE$}", actor.name)).collect();
    println!("{}", paint(Colour::Grey, &format!("   time{lanes}   held for")));
}

/// One line for the turn that this process has just ended.
pub(crate) fn live(play: &Play, number: usize) {
    let Some(&Turn { held: Some(held), ended: Some(ended), .. }) = play.actors[number].turns.last() else { return };
    let lanes: String = play.actors.iter().enumerate().map(|(lane, actor)| cell(actor, lane == number)).collect();
    let text = format!("{:3} ms", (ended - held) / 1_000_000);
    let remark = if play.actors[number].killed { paint(Colour::Red, &format!("{text}, killed")) } else { text };
    println!("{:5.2} s{lanes}   {remark}", seconds(held - play.began));
}

fn cell(actor: &Actor, ended_its_turn: bool) -> String {
    let (mark, colour) = match (ended_its_turn, actor.state) {
        (true, _) if actor.killed => ("✗", Colour::Red),
        (true, _) => (live_mark(actor.turns.last().map_or(Hold::Lock, |turn| turn.hold)), colour(actor)),
        // The next holder's line may come in before the last holder's: it was waiting then.
        (false, State::Waiting | State::Holding) => ("│", Colour::Grey),
        (false, State::Coming | State::Away | State::Gone) => (" ", Colour::Grey),
    };
    let left = if mark.chars().count() == 3 { 3 } else { 4 };
    let right = LANE - left - mark.chars().count();
    // Padded by hand: to a format the terminal's colours are characters.
    format!("{:left$}{}{:right$}", "", paint(colour, mark), "")
}

fn live_mark(hold: Hold) -> &'static str {
    match hold {
        Hold::Lock => "███",
        Hold::Share => "░░░",
        Hold::Slot(slot) => ["[0]", "[1]"][slot % SLOTS],
    }
}

/// The whole play: a line of bars for each process.
pub(crate) fn draw(play: &Play, legend: &str) {
    for actor in &play.actors {
        let line: String = (0..COLUMNS).map(|column| column_of(play, actor, column)).collect();
        let held = actor.turns.iter().filter(|turn| turn.held.is_some()).count();
        let remark = if actor.killed { paint(Colour::Red, "killed") } else { format!("{held} turns") };
        println!(" {:7}{line}  {remark}", actor.name);
    }
    println!("{}", paint(Colour::Grey, &axis(play)));
    println!("{}", paint(Colour::Grey, &format!("        {legend}   ─ waits   ✗ killed by SIGKILL")));
}

fn column_of(play: &Play, actor: &Actor, column: u64) -> String {
    let length = play.ended.saturating_sub(play.began).max(1);
    let at = |column: u64| play.began + length * column / COLUMNS;
    let span = at(column)..at(column + 1);
    let last = actor.turns.last();
    if actor.killed && last.and_then(|turn| turn.ended).is_some_and(|ended| span.contains(&ended)) {
        return paint(Colour::Red, "✗");
    }
    let held: u64 = actor.turns.iter().filter_map(|turn| Some(overlap(&span, turn.held?..turn.ended?))).sum();
    // A column is as full as the share of its time: two holders at once would show as two full ones.
    let eighths = (held * 8 + (span.end - span.start) / 2) / (span.end - span.start).max(1);
    let waited = |turn: &Turn| overlap(&span, turn.waiting..turn.held.unwrap_or(play.ended));
    match eighths {
        0 if actor.turns.iter().map(waited).sum::<u64>() * 2 > span.end - span.start => paint(Colour::Grey, "─"),
        0 => " ".to_owned(),
        _ => paint(colour(actor), mark(held_most(actor, &span), eighths)),
    }
}

/// What the process held for the longest part of this time.
fn held_most(actor: &Actor, span: &Range<u64>) -> Hold {
    let part = |turn: &&Turn| turn.held.zip(turn.ended).map_or(0, |(held, ended)| overlap(span, held..ended));
    actor.turns.iter().max_by_key(part).map_or(Hold::Lock, |turn| turn.hold)
}

fn mark(hold: Hold, eighths: u64) -> &'static str {
    match hold {
        Hold::Lock => [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"][eighths.min(8) as usize],
        Hold::Share => "░",
        Hold::Slot(slot) => ["0", "1"][slot % SLOTS],
    }
}

fn overlap(one: &Range<u64>, other: Range<u64>) -> u64 {
    one.end.min(other.end).saturating_sub(one.start.max(other.start))
}

fn axis(play: &Play) -> String {
    let length = play.ended.saturating_sub(play.began).max(1);
    let mut line = format!("{:8}", "");
    for second in 0..=length / 1_000_000_000 {
        let column = 8 + second * 1_000_000_000 * COLUMNS / length;
        let label = format!("{second} s");
        let width = line.chars().count() as u64;
        if (second == 0 || column > width) && column + 3 < 80 {
            line.extend(std::iter::repeat_n(' ', column.saturating_sub(width) as usize));
            line.push_str(&label);
        }
    }
    line
}

/// The time in seconds.
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}
