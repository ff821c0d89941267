//! What the demo says at its end, each checked against what happened.

use std::fs;

use super::hold::{Hold, SLOTS};
use super::play::Play;
use super::stage::{Act, Stage};
use crate::claim::Claim;
use crate::result::Result;

/// Checks all claims.
pub(crate) fn check(act: Act, play: &mut Play, stage: &Stage) -> Result<Vec<Claim>> {
    let counter = fs::read_to_string(stage.counter())?;
    let left = stage.left_behind()?;
    let held = play.held();
    let mut claims = vec![written(act, &held, counter.trim()), overlaps(&held), killed(play, &held), the_rest(play)?];
    claims.extend(at_once(act, &held));
    claims.push(Claim {
        holds: left.is_empty(),
        text: format!("left on disk: {}", if left.is_empty() { "nothing".into() } else { left.join(", ") }),
    });
    Ok(claims)
}

/// The time for which one process held the lock, a share or a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    actor: usize,
    hold: Hold,
    from: u64,
    to: u64,
}

impl Play {
    /// All holds, in order.
    fn held(&self) -> Vec<Interval> {
        let turns = self
            .actors
            .iter()
            .enumerate()
            .flat_map(|(actor, player)| player.turns.iter().map(move |turn| (actor, turn)));
        let mut held: Vec<_> = turns
            .filter_map(|(actor, turn)| {
                let to = turn.ended.unwrap_or(u64::MAX);
                Some(Interval { actor, hold: turn.hold, from: turn.held?, to })
            })
            .collect();
        held.sort_unstable_by_key(|interval| interval.from);
        held
    }
}

fn written(act: Act, held: &[Interval], counter: &str) -> Claim {
    let count = held.iter().filter(|interval| interval.hold == Hold::Lock).count();
    let holds = counter == count.to_string();
    match act {
        Act::Lock => {
            let text = format!("{count} acquisitions, and {counter} in the counter that each holder raised by one");
            Claim { holds, text }
        }
        Act::Shared => {
            let text = format!("{count} writers, and {counter} in the counter; no reader saw it change");
            Claim { holds, text }
        }
        Act::Semaphore => Claim { holds, text: format!("{} slots were taken and given back", held.len()) },
    }
}

/// How many pairs overlap that must not.
fn overlaps(held: &[Interval]) -> Claim {
    let mut overlaps = 0;
    for (at, one) in held.iter().enumerate() {
        // Sorted by their beginning.
        let during = held[at + 1..].iter().take_while(|other| other.from < one.to);
        overlaps += during.filter(|other| one.hold.excludes(other.hold)).count();
    }
    Claim { holds: overlaps == 0, text: format!("{overlaps} overlaps{}", what_excludes(held)) }
}

fn what_excludes(held: &[Interval]) -> &'static str {
    match held.iter().find(|interval| interval.hold != Hold::Lock).map(|interval| interval.hold) {
        None | Some(Hold::Lock) => "",
        Some(Hold::Share) => " of a writer with a reader or a writer",
        Some(Hold::Slot(_)) => " of two processes in one slot",
    }
}

/// That shares and slots are in use at the same time.
fn at_once(act: Act, held: &[Interval]) -> Option<Claim> {
    let most = held.iter().map(|one| held.iter().filter(|other| other.from <= one.from && one.from < other.to).count());
    let most = most.max().unwrap_or_default();
    match act {
        Act::Lock => None,
        Act::Shared => Some(Claim { holds: most > 1, text: format!("up to {most} readers at the same time") }),
        Act::Semaphore => {
            let text = format!("at most {most} processes at the same time, each with its own slot");
            Some(Claim { holds: most == SLOTS, text })
        }
    }
}

fn killed(play: &Play, held: &[Interval]) -> Claim {
    let victim = held.iter().find(|interval| {
        let actor = &play.actors[interval.actor];
        actor.killed && actor.turns.last().and_then(|turn| turn.held) == Some(interval.from)
    });
    let next = victim.and_then(|victim| {
        let later = held.iter().filter(|next| next.from >= victim.to && next.hold.excludes(victim.hold));
        Some((victim, later.min_by_key(|next| next.from)?))
    });
    let Some((victim, next)) = next else {
        return Claim { holds: false, text: "a process was killed, and another one came after it".into() };
    };
    let later = next.from.saturating_sub(victim.to) as f64 / 1e6;
    let (killed, next) = (&play.actors[victim.actor].name, &play.actors[next.actor].name);
    let text = match victim.hold {
        Hold::Lock => format!("{killed} was killed while it held; {next} held the lock {later:.1} ms later"),
        Hold::Share => format!("{killed} was killed while it read; {next} wrote {later:.1} ms later"),
        Hold::Slot(slot) => format!("{killed} was killed in slot {slot}; {next} had that slot {later:.1} ms later"),
    };
    Claim { holds: true, text }
}

fn the_rest(play: &mut Play) -> Result<Claim> {
    let mut unhappy = Vec::new();
    for actor in &mut play.actors {
        let served = actor.turns.iter().filter(|turn| turn.ended.is_some()).count();
        let exit = actor.exit()?;
        let happy = served == play.turns && exit.success();
        if !happy && !actor.killed {
            unhappy.push(format!("{} had {served} turns, {exit}", actor.name));
        }
    }
    let text = format!("all other processes had all {} turns", play.turns);
    Ok(Claim {
        holds: unhappy.is_empty(),
        text: if unhappy.is_empty() { text } else { format!("{text}: {}", unhappy.join("; ")) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(hold: Hold, from: u64, to: u64) -> Interval {
        Interval { actor: 0, hold, from, to }
    }

    fn locks(times: &[(u64, u64)]) -> Vec<Interval> {
        times.iter().map(|&(from, to)| interval(Hold::Lock, from, to)).collect()
    }

    #[test]
    fn one_after_the_other_is_not_an_overlap() {
        assert!(overlaps(&locks(&[(1, 3), (3, 4), (9, 10)])).holds);
    }

    #[test]
    fn an_overlap_is_counted_even_across_a_short_one() {
        let claim = overlaps(&locks(&[(1, 9), (2, 3), (5, 10)]));
        assert!(!claim.holds);
        assert_eq!(claim.text, "2 overlaps");
    }

    #[test]
    fn readers_and_other_slots_overlap_and_a_writer_and_the_same_slot_must_not() {
        let readers = [interval(Hold::Share, 1, 5), interval(Hold::Share, 2, 4)];
        assert!(overlaps(&readers).holds);
        assert!(!overlaps(&[readers[0], readers[1], interval(Hold::Lock, 3, 9)]).holds);
        let slots = [interval(Hold::Slot(0), 1, 5), interval(Hold::Slot(1), 2, 4)];
        assert!(overlaps(&slots).holds);
        assert!(!overlaps(&[slots[0], interval(Hold::Slot(0), 4, 9)]).holds);
    }

    #[test]
    fn too_many_and_too_few_at_once_are_found_out() {
        let slots: Vec<_> = (0..3).map(|slot| interval(Hold::Slot(slot), 1, 5)).collect();
        let holds = |count: usize| at_once(Act::Semaphore, &slots[..count]).is_some_and(|claim| claim.holds);
        assert_eq!([1, 2, 3].map(holds), [false, true, false]);
        assert!(!at_once(Act::Shared, &[interval(Hold::Share, 1, 2), interval(Hold::Share, 2, 3)]).unwrap().holds);
    }
}
