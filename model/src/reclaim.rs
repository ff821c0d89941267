//! What is at the path, and the removal of a dead socket (protocol section 2, "Reclaim" and "Watch").

use slocket_core::{Event, Inspected, Reclaimed};

use crate::bug::Bug;
use crate::configuration::{Cast, Configuration, Probe};
use crate::kernel::{Guard, Kind, Number};
use crate::participant::{AfterSweep, Call, Watch};
use crate::world::{Broken, World};

impl World {
    pub(crate) fn inspect(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        let inspected = match call {
            Call::PinPath => match self.path {
                None => Inspected::Missing,
                Some(inode) if self.inode(inode).kind == Kind::File => Inspected::NotASocket,
                Some(inode) => {
                    self.processes[process].pin = Some(inode);
                    self.then(process, Call::Probe);
                    return "inspects: pins the socket at the path";
                }
            },
            Call::Probe => {
                let inode = self.processes[process].pin.expect("it is pinned");
                match configuration.probe {
                    Probe::Datagram | Probe::Stream if !self.probe_by_datagram(configuration, inode) => {
                        self.then(process, Call::StatAfterProbe);
                        return "inspects: probes the socket: dead";
                    }
                    Probe::Datagram | Probe::Stream if self.is_marked(configuration, inode) => Inspected::Alive,
                    Probe::Datagram | Probe::Stream => Inspected::Unmarked,
                    Probe::None => Inspected::Stale,
                }
            }
            Call::StatAfterProbe => match self.path {
                None => Inspected::Missing,
                found if found != self.processes[process].pin => Inspected::Alive,
                Some(inode) if self.is_marked(configuration, inode) => Inspected::Dead,
                Some(_) if configuration.has(Bug::StaleAfterOneProbe) => Inspected::Stale,
                Some(_) => {
                    self.then(process, Call::ProbeAgain);
                    return "inspects: not marked";
                }
            },
            Call::ProbeAgain => {
                let inode = self.processes[process].pin.expect("it is pinned");
                if self.probe_by_datagram(configuration, inode) { Inspected::Alive } else { Inspected::Stale }
            }
            _ => {
                self.participant(process).watch = Watch::Armed;
                self.tell(process, configuration, Event::WatchArmed);
                return "watches the path";
            }
        };
        if inspected == Inspected::Stale
            && configuration.probe == Probe::Datagram
            && let Some(inode) = self.path
            && self.is_alive(inode)
            && self.processes[process].pin == Some(inode)
        {
            self.broken = Some(Broken::ToldStale);
        }
        self.processes[process].pin = None;
        self.tell(process, configuration, Event::Inspected(inspected));
        match inspected {
            Inspected::Missing => "inspects: nothing",
            Inspected::Alive => "inspects: alive",
            Inspected::Unmarked => "inspects: alive and not marked",
            Inspected::Dead => "inspects: dead and marked",
            Inspected::Stale => "inspects: dead and not marked",
            _ => "inspects: no socket",
        }
    }

    pub(crate) fn reclaim(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        let has = |bug| configuration.has(bug);
        match call {
            Call::GuardReclaim => {
                let readable = configuration.cast[process] != Cast::Unreadable;
                let guarded = has(Bug::ReclaimWithoutGuard) || readable && self.flock(process, Guard::Exclusive);
                if !guarded {
                    return self.reclaimed(process, configuration, Reclaimed::Busy, "reclaims: the guard is taken");
                }
                self.then(process, Call::PinDead);
                "reclaims: takes the exclusive guard"
            }
            Call::PinDead => {
                let found = self.path.filter(|inode| self.inode(*inode).kind != Kind::File);
                let Some(number) = found else {
                    return self.reclaimed(process, configuration, Reclaimed::Changed, "reclaims: nothing to pin");
                };
                if !has(Bug::ReclaimWithoutPin) {
                    self.processes[process].pin = Some(number);
                }
                let was_marked = self.is_marked(configuration, number);
                let unmarked_too = self.participant(process).unmarked_too || has(Bug::StreamProbesUnmarked);
                if configuration.probe == Probe::Stream && !was_marked && !unmarked_too {
                    // Who connects to a server that may lend, and goes, may hurt it.
                    let what = "reclaims: pins the socket: not marked";
                    return self.reclaimed(process, configuration, Reclaimed::Unmarked, what);
                }
                self.then(process, Call::ProbeDead { number, was_marked });
                "reclaims: pins the socket"
            }
            Call::ProbeDead { number, was_marked } => {
                if self.probes_alive(configuration, number) {
                    let reclaimed = match configuration.probe {
                        Probe::Datagram => Reclaimed::Changed,
                        Probe::Stream => Reclaimed::Busy,
                        Probe::None => Reclaimed::Unmarked,
                    };
                    return self.reclaimed(process, configuration, reclaimed, "reclaims: probes: alive");
                }
                self.then(process, Call::StatDead { number, was_marked });
                "reclaims: probes: dead"
            }
            Call::StatDead { number, was_marked } => {
                let Some(found) = self.path else {
                    return self.reclaimed(process, configuration, Reclaimed::Changed, "reclaims: gone");
                };
                if found != number && !has(Bug::NoComparison) {
                    return self.reclaimed(process, configuration, Reclaimed::Changed, "reclaims: replaced");
                }
                let unmarked_too = self.participant(process).unmarked_too && !has(Bug::StaleNeverReclaimed);
                let marked =
                    if has(Bug::MarkReadBeforeProbe) { was_marked } else { self.is_marked(configuration, found) };
                if !marked && !unmarked_too && !has(Bug::MarkIgnored) {
                    return self.reclaimed(process, configuration, Reclaimed::Unmarked, "reclaims: not marked");
                }
                if has(Bug::GuardDroppedBeforeUnlink) {
                    self.drop_guard(process, configuration);
                }
                self.then(process, Call::UnlinkDead);
                "reclaims: still the same, and marked"
            }
            Call::UnlinkDead => {
                let Some(found) = self.path else {
                    return self.reclaimed(process, configuration, Reclaimed::Changed, "reclaims: gone");
                };
                if !self.may_unlink(process, configuration, found) {
                    return self.reclaimed(process, configuration, Reclaimed::Denied, "reclaims: may not");
                }
                self.set_path(None);
                self.processes[process].pin = None;
                self.then(process, Call::Sweep(0, AfterSweep::Reclaim));
                "reclaims: removes the path"
            }
            _ => self.reclaimed(process, configuration, Reclaimed::Removed, "reclaims: done"),
        }
    }

    fn probes_alive(&mut self, configuration: &Configuration, number: Number) -> bool {
        // Without a pin the number may be nobody's by now, or another's.
        let is_there = self.inodes[usize::from(number)].is_some();
        is_there && !configuration.has(Bug::NoProbe) && self.probe(configuration, number)
    }

    fn reclaimed(
        &mut self,
        process: usize,
        configuration: &Configuration,
        reclaimed: Reclaimed,
        what: &'static str,
    ) -> &'static str {
        self.drop_guard(process, configuration);
        self.processes[process].pin = None;
        self.participant(process).unmarked_too = false;
        self.tell(process, configuration, Event::Reclaimed(reclaimed));
        what
    }
}
