//! The figures, from the counts and the witnesses.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::plan::{Phase, Site};
use super::tally::{Kill, Tally};
use crate::witness::{Interval, Report};

/// What happened in one phase at one site. Times are nanoseconds.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The phase.
    pub phase: Phase,
    /// Where the lock was.
    pub site: Site,
    /// How long it raged.
    pub raged: Duration,
    /// Acquisitions by kind of process: the adapters, `node`, and `run` for commands of the tool.
    pub acquisitions: BTreeMap<String, u64>,
    /// Kills by the same. Of a tool, with its command or without.
    pub kills: BTreeMap<String, u64>,
    /// Killed while they held.
    pub holders_killed: u64,
    /// The tool was killed, and its command still held.
    pub orphans: u64,
    /// Kills that were not done, since the lock was lent or might have been.
    pub spared: u64,
    /// How often a process stood still.
    pub stops: u64,
    /// How often all came to rest, and began again.
    pub lulls: u64,
    /// Time-outs.
    pub timed_out: u64,
    /// Cancelled waits.
    pub cancelled: u64,
    /// Tries that would have blocked.
    pub would_block: u64,
    /// npm's package gave up as the server was gone, and was asked again.
    pub resets: u64,
    /// Processes of npm's package that died by themselves, by what they died of.
    pub npm_deaths: BTreeMap<String, u64>,
    /// The longest that a process waited before it acquired the lock; standing still is counted in.
    pub longest_wait: u64,
    /// From the kill of a holder to the next hold, sorted; where no process stood still meanwhile.
    pub recoveries: Vec<u64>,
    /// Acquisitions of each that lived throughout.
    pub shares: Vec<u64>,
    /// Acquisitions by another process than the one before.
    pub changes: u64,
    /// Second holders.
    pub overlaps: Vec<(Interval, Interval)>,
    /// Updates of the counter that were lost.
    pub miscounts: Vec<Interval>,
    /// A human removed the socket.
    pub human: u64,
    /// Processes of npm's package that the human ended first.
    pub ended_by_human: u64,
    /// Descriptors that our processes which lived throughout have more than before, by process.
    pub descriptors: BTreeMap<String, i64>,
    /// What is left in the lock's folder, and the lock's name if it is an abstract one and not free.
    pub leftovers: Vec<String>,
    /// What else must not happen at all.
    pub violations: Vec<String>,
}

impl Figures {
    pub(super) fn new(
        phase: Phase,
        site: Site,
        raged: Duration,
        report: &Report,
        tally: Tally,
        steady: &[String],
    ) -> Self {
        let per_process = report.per_process();
        let mut acquisitions = BTreeMap::new();
        for (who, count) in &per_process {
            *acquisitions.entry(kind(who)).or_default() += *count as u64;
        }
        let mut kills = BTreeMap::new();
        for kill in &tally.kills {
            *kills.entry(kind(&kill.who)).or_default() += 1;
        }
        let last: BTreeMap<&str, &Interval> =
            report.intervals.iter().map(|interval| (interval.who.as_str(), interval)).collect();
        let last_hold = |kill: &Kill| last.get(kill.who.as_str()).copied();
        let cut_short = |kill: &&Kill| last_hold(kill).is_some_and(|hold| hold.end.is_none());
        let orphaned = |kill: &&Kill| {
            kill.tool_alone
                && last_hold(kill).is_some_and(|hold| hold.start < kill.at && hold.end.is_some_and(|end| end > kill.at))
        };
        let pairs = report.intervals.windows(2);
        Self {
            phase,
            site,
            raged,
            acquisitions,
            kills,
            holders_killed: tally.kills.iter().filter(cut_short).count() as u64,
            orphans: tally.kills.iter().filter(orphaned).count() as u64,
            spared: tally.spared,
            stops: tally.stops.len() as u64,
            lulls: tally.lulls,
            timed_out: tally.timed_out,
            cancelled: tally.cancelled,
            would_block: tally.would_block,
            resets: tally.resets,
            npm_deaths: tally.npm_deaths,
            longest_wait: tally.longest_wait,
            recoveries: recoveries(tally.kills.iter().filter(cut_short), report, &tally.stops),
            shares: steady.iter().map(|who| per_process.get(who.as_str()).map_or(0, |count| *count as u64)).collect(),
            changes: pairs.filter(|pair| pair[0].who != pair[1].who).count() as u64,
            overlaps: report.overlaps.clone(),
            miscounts: report.miscounts.clone(),
            human: tally.human,
            ended_by_human: tally.ended_by_human,
            descriptors: tally.descriptors,
            leftovers: tally.leftovers,
            violations: tally.violations,
        }
    }

    /// All acquisitions.
    #[must_use]
    pub fn acquired(&self) -> u64 {
        self.acquisitions.values().sum()
    }

    /// All kills.
    #[must_use]
    pub fn killed(&self) -> u64 {
        self.kills.values().sum()
    }

    /// Jain's index of the shares of those that lived throughout: 1 if they are equal, 1/n if one has all.
    #[must_use]
    pub fn fairness(&self) -> f64 {
        let sum: f64 = self.shares.iter().map(|share| *share as f64).sum();
        let squares: f64 = self.shares.iter().map(|share| (*share as f64).powi(2)).sum();
        if squares > 0.0 { sum * sum / (self.shares.len() as f64 * squares) } else { 0.0 }
    }

    /// The recovery time that so many percent of the recoveries did not exceed.
    #[must_use]
    pub fn recovery(&self, percent: usize) -> Option<u64> {
        let rank = (self.recoveries.len() * percent).div_ceil(100);
        self.recoveries.get(rank.saturating_sub(1)).copied()
    }
}

/// What kind of process has this name.
fn kind(who: &str) -> String {
    who.rsplit_once('-').map_or(who, |(kind, _number)| kind).to_owned()
}

/// From each kill to the next hold. Not where a process stood still meanwhile: it may be that one's turn.
fn recoveries<'a>(kills: impl Iterator<Item = &'a Kill>, report: &Report, stops: &[(u64, u64)]) -> Vec<u64> {
    let starts: Vec<u64> = report.intervals.iter().map(|interval| interval.start).collect();
    let mut recoveries: Vec<u64> = kills
        .filter_map(|kill| {
            let next = *starts.get(starts.partition_point(|start| *start <= kill.at))?;
            let stood_still = stops.iter().any(|(since, until)| *since < next && *until > kill.at);
            (!stood_still).then_some(next - kill.at)
        })
        .collect();
    recoveries.sort_unstable();
    recoveries
}

/// All kinds that occur, those that the figures are given by.
pub(super) fn kinds(all: &[Figures]) -> Vec<String> {
    let kinds = all.iter().flat_map(|figures| figures.acquisitions.keys().chain(figures.kills.keys()).cloned());
    kinds.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(who: &str, start: u64, end: Option<u64>) -> Interval {
        Interval { who: who.to_owned(), start, end, count: None }
    }

    fn figures(tally: Tally) -> Figures {
        let intervals = vec![
            hold("sync-1", 10, Some(20)),
            hold("tokio-threads-2", 30, None),
            hold("run-3", 50, Some(90)),
            hold("sync-1", 100, Some(110)),
        ];
        let report = Report { intervals, ..Report::default() };
        Figures::new(Phase::Ours, Site::Name, Duration::ZERO, &report, tally, &["sync-1".into(), "smol-9".into()])
    }

    fn kill(who: &str, at: u64, tool_alone: bool) -> Kill {
        Kill { who: who.to_owned(), at, tool_alone }
    }

    #[test]
    fn a_hold_without_an_end_was_cut_short() {
        let figures = figures(Tally { kills: vec![kill("tokio-threads-2", 40, false)], ..Tally::default() });
        assert_eq!((figures.holders_killed, figures.orphans), (1, 0));
        assert_eq!(figures.recoveries, [10]);
        assert_eq!(figures.kills, BTreeMap::from([("tokio-threads".to_owned(), 1)]));
        assert_eq!(figures.acquisitions["sync"], 2);
    }

    #[test]
    fn a_recovery_while_a_process_stood_still_is_none() {
        let kills = vec![kill("tokio-threads-2", 40, false)];
        let figures = figures(Tally { kills, stops: vec![(0, 41)], ..Tally::default() });
        assert_eq!((figures.holders_killed, figures.recoveries.len()), (1, 0));
    }

    #[test]
    fn a_command_outlives_its_tool() {
        let kills = vec![kill("run-3", 60, true), kill("run-4", 60, true)];
        let figures = figures(Tally { kills, ..Tally::default() });
        assert_eq!((figures.holders_killed, figures.orphans), (0, 1));
    }

    #[test]
    fn one_with_all_is_not_fair() {
        let figures = figures(Tally::default());
        assert_eq!(figures.shares, [2, 0]);
        assert!((figures.fairness() - 0.5).abs() < 1e-9);
        assert_eq!(figures.changes, 3);
    }

    #[test]
    fn percentiles_are_ones_that_occurred() {
        let figures = Figures { recoveries: (1..=10).collect(), ..figures(Tally::default()) };
        assert_eq!([50, 90, 99, 100].map(|percent| figures.recovery(percent).unwrap()), [5, 9, 10, 10]);
    }
}
