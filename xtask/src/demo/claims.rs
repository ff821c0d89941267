//! What the demo says at its end, each checked against what happened.

use std::fs;

use super::play::Play;
use super::stage::Stage;
use crate::claim::Claim;
use crate::result::Result;

/// Checks all claims.
pub(crate) fn check(play: &mut Play, stage: &Stage) -> Result<Vec<Claim>> {
    let counter = fs::read_to_string(stage.counter())?;
    let left = stage.left_behind()?;
    let held = play.held();
    Ok(vec![
        Claim {
            holds: counter.trim() == held.len().to_string(),
            text: format!("{} acquisitions, and {counter} in the counter that each holder raised by one", held.len()),
        },
        overlaps(&held),
        killed(play, &held),
        the_rest(play)?,
        Claim {
            holds: left.is_empty(),
            text: format!("left on disk: {}", if left.is_empty() { "nothing".into() } else { left.join(", ") }),
        },
    ])
}

/// The time for which one process held the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    actor: usize,
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
            .filter_map(|(actor, turn)| Some(Interval { actor, from: turn.held?, to: turn.ended.unwrap_or(u64::MAX) }))
            .collect();
        held.sort_unstable_by_key(|interval| interval.from);
        held
    }
}

fn overlaps(held: &[Interval]) -> Claim {
    // Sorted by their beginning, so one that lasts past a later beginning overlaps.
    let mut latest = 0;
    let mut overlaps = 0;
    for interval in held {
        overlaps += usize::from(interval.from < latest);
        latest = latest.max(interval.to);
    }
    Claim { holds: overlaps == 0, text: format!("{overlaps} overlaps") }
}

fn killed(play: &Play, held: &[Interval]) -> Claim {
    let at = held.iter().position(|interval| {
        let actor = &play.actors[interval.actor];
        actor.killed && actor.turns.last().and_then(|turn| turn.held) == Some(interval.from)
    });
    let Some((victim, next)) = at.and_then(|at| Some((held[at], held.get(at + 1)?))) else {
        return Claim { holds: false, text: "a holder was killed, and another process held the lock after it".into() };
    };
    let later = next.from.saturating_sub(victim.to) as f64 / 1e6;
    let (victim, next) = (&play.actors[victim.actor].name, &play.actors[next.actor].name);
    Claim { holds: true, text: format!("{victim} was killed while it held; {next} held the lock {later:.1} ms later") }
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

    fn interval(from: u64, to: u64) -> Interval {
        Interval { actor: 0, from, to }
    }

    #[test]
    fn one_after_the_other_is_no_overlap() {
        assert!(overlaps(&[interval(1, 3), interval(3, 4), interval(9, 10)]).holds);
    }

    #[test]
    fn an_overlap_is_counted_even_across_a_short_one() {
        let claim = overlaps(&[interval(1, 9), interval(2, 3), interval(5, 10)]);
        assert!(!claim.holds);
        assert_eq!(claim.text, "2 overlaps");
    }
}
