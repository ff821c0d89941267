//! A victim is killed at each of its system calls, and the next process gets the lock by itself.

use std::fs;
use std::time::Duration;

use super::outcome::{assert_clean, assert_one_holder};
use super::points::{Choice, NO_END, chosen, points, within_bound};
use super::scene::{Nobody, Role, Scene, is_share};
use super::tally::Tally;
use crate::adapter::Adapter;
use crate::patience::PATIENCE;
use crate::player::Heard;
use crate::player::Player;
use crate::random::Random;
use crate::stepper::{Deed, Record, Side, Stepper, Stop};
use crate::witness::{self, shares};

/// Kills the victim at each point.
#[must_use]
pub fn sweep(adapter: Adapter, role: Role, choice: Choice, random: &mut Random) -> Tally {
    let mut tally = Tally::default();
    let mut missed = 0;
    for stop in chosen(adapter, role, Deed::Kill, choice, random) {
        let is_missed = visit(adapter, role, stop, None, &mut tally) == Some(Outcome::Survived);
        missed = if is_missed { missed + 1 } else { 0 };
        if tally.is_hopeless() || choice.is_over(missed) {
            break;
        }
    }
    tally
}

/// Kills the victim at each point, and then, each time again, the process that repairs that at each of its points.
#[must_use]
pub fn pairs(adapter: Adapter, role: Role, choice: Choice, random: &mut Random) -> Tally {
    let mut tally = Tally::default();
    for first in chosen(adapter, role, Deed::Kill, choice, random) {
        let seconds: Vec<Stop> = match (choice, visit(adapter, role, first, Some(NEVER), &mut tally)) {
            (_, Some(Outcome::Survived)) => break,
            (Choice::Whole, Some(Outcome::Repaired(_))) => points(Deed::Kill).take(NO_END).collect(),
            (Choice::Some(_), Some(Outcome::Repaired(calls))) => {
                let which = random.below(2 * calls.max(1) as u64);
                points(Deed::Kill).skip(usize::try_from(which).expect("small")).take(1).collect()
            }
            (_, Some(Outcome::Recovered(_) | Outcome::Lost) | None) => continue,
        };
        for second in seconds {
            let outcome = visit(adapter, role, first, Some(second), &mut tally);
            if tally.is_hopeless() || matches!(outcome, Some(Outcome::Repaired(_))) {
                break;
            }
        }
        if tally.is_hopeless() {
            break;
        }
    }
    tally
}

/// A point that is not reached.
const NEVER: Stop = Stop { at: usize::MAX, side: Side::Before, deed: Deed::Kill };

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// There was no such point: the victim was not killed.
    Survived,
    /// The next one acquired the lock after so long.
    Recovered(Duration),
    /// There was no such second point: the one that repairs was not killed, and made so many calls.
    Repaired(usize),
    /// The lock was lost, as the protocol says.
    Lost,
}

fn visit(adapter: Adapter, role: Role, first: Stop, second: Option<Stop>, tally: &mut Tally) -> Option<Outcome> {
    let what = match second {
        None => format!("{} {}, killed {:?} call {}", adapter.name(), role.name(), first.side, first.at),
        Some(second) => format!(
            "{} {}, killed {:?} call {}, the next one killed {:?} call {}",
            adapter.name(),
            role.name(),
            first.side,
            first.at,
            second.side,
            second.at
        ),
    };
    let outcome = tally.attempt(&what, |trace| run(adapter, role, first, second, trace));
    match outcome {
        Some((Outcome::Survived | Outcome::Repaired(_), _)) => {}
        Some((outcome, temporary)) => {
            tally.points += 1;
            tally.temporary += usize::from(temporary);
            match outcome {
                Outcome::Recovered(time) => {
                    tally.recovered += 1;
                    tally.times.push(time);
                }
                _ => tally.lost += 1,
            }
        }
        None => tally.points += 1,
    }
    outcome.map(|(outcome, _)| outcome)
}

/// One run; whether it left a dead temporary name to the next.
fn run(adapter: Adapter, role: Role, first: Stop, second: Option<Stop>, trace: &mut String) -> (Outcome, bool) {
    let mut scene = Scene::set(adapter, role, false);
    // Before the kill, so that its start does not count.
    let mut next = scene.start();
    next.witness(&scene.place);
    let mut repairer = second.map(|_| {
        let mut player = Player::start_apart(adapter, &scene.place.lock(), &scene.place.note("repairer"));
        player.witness(&scene.place);
        player
    });
    scene.step(&[first], PATIENCE);
    scene.play(&mut Nobody);
    // Of the process that was killed last.
    let mut record = scene.unstep().clone();
    *trace = record.to_string();
    let Some(mut due) = record.killed else {
        scene.make_way();
        scene.clear();
        next.quit();
        if let Some(repairer) = repairer {
            repairer.quit();
        }
        assert_one_holder(&scene.place);
        assert_eq!(scene.place.leftovers(), [""; 0], "left though no process was killed");
        return (Outcome::Survived, false);
    };

    let mut outcome = None;
    if let (Some(second), Some(player)) = (second, repairer.take()) {
        scene.make_way();
        scene.end_loan(&record);
        if scene.is_lost(&record) {
            player.quit();
        } else {
            let repaired = repair(&mut scene, role, player, second, trace);
            if let Some(again) = repaired.killed {
                (due, record) = (again, repaired);
            } else {
                outcome = Some(Outcome::Repaired(repaired.calls.len()));
            }
        }
    }
    if let Some(share) = role.share() {
        let now = witness::now();
        if scene.make_way_for_share() {
            due = now;
        }
        next.send(share);
        let expected = scene.next_share();
        within_bound("the next one to have a share", || next.answer_now().map(|answer| assert_eq!(answer, expected)));
        next.release();
        scene.make_way();
        let left = scene.place.leftovers();
        assert!(!left.iter().any(|name| is_share(name)), "left when the last share was given back: {left:?}");
    }
    next.begin_rounds(1, 0, &scene.place);
    let now = witness::now();
    if scene.make_way() | scene.end_loan(&record) {
        due = now;
    }
    if scene.is_lost(&record) {
        assert_eq!(next.hear(Duration::ZERO), Heard::Nothing, "held while the lock may be lent out");
        scene.dismiss_client();
        fs::remove_file(scene.place.lock()).expect("the socket of the dead lender");
        outcome = Some(Outcome::Lost);
    }
    within_bound("the next one to be served", || {
        scene.serve_client_now();
        if second.is_some() && scene.is_unmarked() && scene.bury_client() {
            fs::remove_file(scene.place.lock()).expect("the socket of the dead npm server");
            outcome = Some(Outcome::Lost);
        }
        next.answer_now().map(|answer| assert_eq!(answer, "done 1"))
    });
    let name = next.name().to_owned();
    next.quit_while(|| scene.serve_client_now());
    scene.clear();
    assert_one_holder(&scene.place);
    let (report, shares) = (scene.place.report(), shares::check(scene.place.notes()));
    let share = shares.iter().find(|share| share.who == name).map(|share| share.start);
    let start = share.or_else(|| report.intervals.iter().find(|hold| hold.who == name).map(|hold| hold.start));
    let temporary = assert_clean(&scene.place, first.at.is_multiple_of(2));
    let recovered = Outcome::Recovered(Duration::from_nanos(start.expect("its hold").saturating_sub(due)));
    (outcome.unwrap_or(recovered), temporary)
}

/// Has a player acquire and release, to be killed on the way.
fn repair(scene: &mut Scene, role: Role, mut player: Player, stop: Stop, trace: &mut String) -> Record {
    let stepper = Stepper::attach(&player, &scene.place, &[stop]);
    let mut died = false;
    for command in [role.share().unwrap_or("acquire"), "release"] {
        died = died || player.try_send(command).is_err();
        died = died
            || within_bound("the one that repairs", || {
                scene.serve_client_now();
                match player.hear(Duration::ZERO) {
                    Heard::Answer(answer) => {
                        assert!(!answer.starts_with("error"), "{answer}");
                        Some(false)
                    }
                    Heard::Nothing => None,
                    Heard::End => Some(true),
                }
            });
    }
    let record = stepper.finish();
    trace.push_str("    then\n");
    trace.push_str(&record.to_string());
    if record.killed.is_none() {
        player.quit_while(|| scene.serve_client_now());
    } else {
        player.wait();
    }
    record
}
