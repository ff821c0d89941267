//! Processes that contend for one lock for a while, and what their stamps say.

use std::path::Path;
use std::time::Duration;

use trials::witness::now;

use crate::crew::Crew;
use crate::peer::Peer;
use crate::result::Result;

/// How long the lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Not,
    /// For 50 µs, at work.
    Spin50Micros,
    /// For a millisecond, asleep.
    SleepMilli,
}

impl Held {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Not => "not held",
            Self::Spin50Micros => "50 µs held, spinning",
            Self::SleepMilli => "1 ms held, asleep",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Not => "0 spin",
            Self::Spin50Micros => "50000 spin",
            Self::SleepMilli => "1000000 sleep",
        }
    }
}

/// The contenders, and how they contend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bout {
    pub(crate) peer: Peer,
    pub(crate) processes: usize,
    pub(crate) held: Held,
    pub(crate) window: Duration,
}

/// One acquisition. All instants are of `CLOCK_MONOTONIC`, which all processes share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acquisition {
    who: usize,
    asked: u64,
    acquired: u64,
    /// When the release began.
    released: u64,
}

/// What happened.
#[derive(Debug)]
pub(crate) struct Contention {
    /// In the order in which they were acquired.
    acquisitions: Vec<Acquisition>,
    processes: usize,
    start: u64,
    end: u64,
    /// Times that a library gave up with an error, and was asked again.
    pub(crate) errors: u64,
    /// Processes that never came back.
    pub(crate) hung: usize,
}

/// Lets them contend. The path must be fresh. A machine so busy that the whole window passes before any process has begun gets
/// another.
pub(crate) fn contend(crew: &mut Crew, bout: Bout, path: &Path) -> Result<Contention> {
    for _ in 0..10 {
        let seen = once(crew, bout, path)?;
        if seen.hung > 0 || seen.count() > 0 {
            return Ok(seen);
        }
    }
    Err(format!("{}: no process acquired the lock", bout.peer.name()).into())
}

fn once(crew: &mut Crew, bout: Bout, path: &Path) -> Result<Contention> {
    let start = call(crew, bout)?;
    contend_from(crew, bout, path, start)
}

/// Calls the contenders; by when all will have read the command.
pub(crate) fn call(crew: &mut Crew, bout: Bout) -> Result<u64> {
    crew.call(bout.peer.runtime(), bout.processes)?;
    Ok(now() + 20_000_000 + bout.processes as u64 * 200_000)
}

/// Lets them contend from that instant on.
pub(crate) fn contend_from(crew: &mut Crew, bout: Bout, path: &Path, start: u64) -> Result<Contention> {
    let Bout { peer, processes, held, window } = bout;
    let end = start + u64::try_from(window.as_nanos())?;
    let line = format!("contend {} {} {start} {end} {}", peer.key(), path.display(), held.words());
    let answers = crew.command(peer.runtime(), processes, &line, window)?;
    let mut contention = Contention { acquisitions: Vec::new(), processes, start, end, errors: 0, hung: 0 };
    for (who, answer) in answers.iter().enumerate() {
        match answer {
            None => contention.hung += 1,
            Some(lines) => contention.add(who, lines)?,
        }
    }
    contention.acquisitions.sort_by_key(|acquisition| acquisition.acquired);
    Ok(contention)
}

impl Contention {
    /// Adds what one of them has answered.
    pub(crate) fn add(&mut self, who: usize, lines: &[String]) -> Result {
        for line in lines {
            let words: Vec<_> = line.split(' ').collect();
            match words.as_slice() {
                ["done", errors] => self.errors += errors.parse::<u64>()?,
                [asked, acquired, released] => self.acquisitions.push(Acquisition {
                    who,
                    asked: asked.parse()?,
                    acquired: acquired.parse()?,
                    released: released.parse()?,
                }),
                _ => return Err(format!("no acquisition: {line:?}").into()),
            }
        }
        Ok(())
    }

    /// Pairs of holds that overlap: two holders.
    pub(crate) fn overlaps(&self) -> usize {
        self.pairs().filter(|(before, after)| after.acquired < before.released).count()
    }

    /// How many held at the same time, at the most.
    pub(crate) fn depth(&self) -> usize {
        let holds = self.acquisitions.iter().flat_map(|hold| [(hold.acquired, 1), (hold.released, -1)]);
        let mut changes: Vec<(u64, i64)> = holds.collect();
        // Of one instant the releases first.
        changes.sort_unstable();
        let deepest = changes.iter().scan(0, |depth, (_, change)| {
            *depth += change;
            Some(*depth)
        });
        usize::try_from(deepest.max().unwrap_or(0)).unwrap_or(0)
    }

    /// Holds of one's that overlap with any of another's.
    pub(crate) fn overlaps_with(&self, other: &Self) -> usize {
        let overlap = |one: &Acquisition, two: &Acquisition| one.acquired < two.released && two.acquired < one.released;
        self.acquisitions.iter().filter(|one| other.acquisitions.iter().any(|two| overlap(one, two))).count()
    }

    /// Those of a single process, in a window of its own.
    pub(crate) fn of_one(start: u64, end: u64, lines: &[String]) -> Result<Self> {
        let mut seen = Self { acquisitions: Vec::new(), processes: 1, start, end, errors: 0, hung: 0 };
        seen.add(0, lines)?;
        Ok(seen)
    }

    /// Whether a process had to wait until all others had gone, for more than a tenth of the window.
    pub(crate) fn ended_late(&self) -> bool {
        let waited_it_out = |acquisition: &Acquisition| {
            acquisition.acquired >= self.end && (acquisition.acquired - acquisition.asked) * 10 > self.end - self.start
        };
        self.acquisitions.iter().any(waited_it_out)
    }

    /// How long each waited.
    pub(crate) fn waits(&self) -> impl Iterator<Item = u64> {
        self.acquisitions.iter().map(|acquisition| acquisition.acquired - acquisition.asked)
    }

    /// From the release of one to the acquired of the next, wherever the next is another process, and waited already.
    pub(crate) fn handoffs(&self) -> impl Iterator<Item = u64> {
        let waited = |(before, after): &(&Acquisition, &Acquisition)| {
            before.who != after.who && after.asked < before.released && before.released < self.end
        };
        self.pairs().filter(waited).map(|(before, after)| after.acquired.saturating_sub(before.released))
    }

    /// Acquisitions within the window.
    pub(crate) fn count(&self) -> usize {
        self.inside().count()
    }

    /// Acquisitions in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count() as f64 / ((self.end - self.start) as f64 / 1e9)
    }

    /// The share of acquisitions by another process than the last holder.
    pub(crate) fn changes(&self) -> f64 {
        let inside: Vec<_> = self.inside().collect();
        let changes = inside.windows(2).filter(|pair| pair[0].who != pair[1].who).count();
        changes as f64 / (inside.len().max(2) - 1) as f64
    }

    /// Jain's index of how often each process acquired: 1 if all did equally often, 1/n if one alone did.
    pub(crate) fn jain(&self) -> f64 {
        let mut counts = vec![0.0; self.processes];
        self.inside().for_each(|acquisition| counts[acquisition.who] += 1.0);
        let sum: f64 = counts.iter().sum();
        let squares: f64 = counts.iter().map(|count| count * count).sum();
        if squares == 0.0 { 0.0 } else { sum * sum / (counts.len() as f64 * squares) }
    }

    /// The longest wait, including those that had not ended at the end.
    pub(crate) fn longest_wait(&self) -> u64 {
        self.waits().max().unwrap_or(0)
    }

    /// The share of acquisitions that overtook a process that had asked before.
    pub(crate) fn inversions(&self) -> f64 {
        let mut by_asked: Vec<_> = self.acquisitions.iter().collect();
        by_asked.sort_by_key(|acquisition| acquisition.asked);
        let mut latest = 0;
        let mut overtook = 0;
        for acquisition in &by_asked {
            overtook += usize::from(acquisition.acquired < latest);
            latest = latest.max(acquisition.acquired);
        }
        overtook as f64 / by_asked.len().max(1) as f64
    }

    fn inside(&self) -> impl Iterator<Item = &Acquisition> {
        self.acquisitions.iter().filter(|acquisition| acquisition.acquired < self.end)
    }

    fn pairs(&self) -> impl Iterator<Item = (&Acquisition, &Acquisition)> {
        self.acquisitions.iter().zip(self.acquisitions.iter().skip(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Process, asked, acquired, released.
    fn seen(stamps: &[(usize, u64, u64, u64)]) -> Contention {
        let acquisitions = stamps
            .iter()
            .map(|&(who, asked, acquired, released)| Acquisition { who, asked, acquired, released })
            .collect();
        Contention { acquisitions, processes: 2, start: 0, end: 1000, errors: 0, hung: 0 }
    }

    #[test]
    fn turns() {
        let seen = seen(&[(0, 0, 1, 10), (1, 2, 12, 20), (0, 11, 23, 30), (1, 21, 34, 40)]);
        assert_eq!(seen.handoffs().collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!((seen.overlaps(), seen.changes(), seen.jain()), (0, 1.0, 1.0));
        assert_eq!((seen.longest_wait(), seen.inversions()), (13, 0.0));
    }

    #[test]
    fn one_takes_it_all_and_the_other_waits() {
        let seen = seen(&[(0, 0, 1, 10), (0, 11, 12, 20), (0, 21, 22, 30), (1, 2, 34, 40)]);
        assert_eq!(seen.handoffs().collect::<Vec<_>>(), [4]);
        assert_eq!(seen.inversions(), 0.5);
        assert!((seen.changes() - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(seen.jain(), 16.0 / (2.0 * 10.0));
        assert_eq!(seen.longest_wait(), 32);
    }

    #[test]
    fn how_many_held_at_a_time() {
        let seen = |stamps| self::seen(stamps);
        assert_eq!(seen(&[(0, 0, 1, 10), (1, 2, 5, 20), (0, 11, 12, 15), (1, 20, 20, 30)]).depth(), 2);
        let (writer, readers) = (seen(&[(0, 0, 1, 10), (0, 0, 20, 30)]), seen(&[(0, 0, 10, 20), (1, 0, 25, 26)]));
        assert_eq!(writer.overlaps_with(&readers), 1);
    }

    #[test]
    fn two_holders_are_seen() {
        assert_eq!(seen(&[(0, 0, 1, 10), (1, 2, 9, 20)]).overlaps(), 1);
    }

    #[test]
    fn a_process_that_came_after_the_release_is_not_a_handoff() {
        assert_eq!(seen(&[(0, 0, 1, 10), (1, 15, 16, 20)]).handoffs().count(), 0);
    }
}
