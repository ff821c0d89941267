//! What is counted while it goes on.

use std::collections::BTreeMap;

use crate::witness;

/// The counts of one phase at one site, before the witnesses are heard.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) kills: Vec<Kill>,
    /// From when to when a process stood still.
    pub(super) stops: Vec<(u64, u64)>,
    pub(super) timed_out: u64,
    pub(super) cancelled: u64,
    pub(super) would_block: u64,
    /// Kills that were not done because the lock was lent, or might have been.
    pub(super) spared: u64,
    /// npm's package gave up as the server was gone, and was asked again.
    pub(super) resets: u64,
    /// Processes of npm's package that died by themselves, by what they died of.
    pub(super) npm_deaths: BTreeMap<String, u64>,
    pub(super) longest_wait: u64,
    pub(super) lulls: u64,
    /// A human removed the socket.
    pub(super) human: u64,
    /// Processes of npm's package that the human ended first.
    pub(super) ended_by_human: u64,
    /// Descriptors that our steady processes have more than before.
    pub(super) descriptors: BTreeMap<String, i64>,
    pub(super) leftovers: Vec<String>,
    /// What must not happen at all.
    pub(super) violations: Vec<String>,
}

/// A process was killed.
#[derive(Clone, Debug)]
pub(super) struct Kill {
    /// The name of the log.
    pub(super) who: String,
    pub(super) at: u64,
    /// The tool was killed, its command was not.
    pub(super) tool_alone: bool,
}

impl Tally {
    /// Takes note of a kill that is about to be done.
    pub(super) fn kill(&mut self, who: &str, tool_alone: bool) {
        self.kills.push(Kill { who: who.to_owned(), at: witness::now(), tool_alone });
    }

    /// Takes note of what a player answered to `storm`.
    pub(super) fn hear(&mut self, who: &str, answer: &str) {
        let numbers = answer.strip_prefix("done ").map(|numbers| numbers.split(' ').map(str::parse::<u64>));
        let numbers: Vec<_> = numbers.into_iter().flatten().filter_map(Result::ok).collect();
        let [_held, timed_out, cancelled, would_block, resets, longest] = numbers[..] else {
            return self.violate(format!("{who}: {answer}"));
        };
        self.timed_out += timed_out;
        self.cancelled += cancelled;
        self.would_block += would_block;
        self.resets += resets;
        self.longest_wait = self.longest_wait.max(longest);
    }

    pub(super) fn violate(&mut self, what: String) {
        self.violations.push(what);
    }
}
