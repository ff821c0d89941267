//! What a machine is told, and what it reports to its caller.

use slocket_core::{Event, Failure, Report};

use crate::broken::Broken;
use crate::bug::Bug;
use crate::cast::Cast;
use crate::configuration::Configuration;
use crate::objects::Guard;
use crate::player::{Keep, Participant};
use crate::world::World;

impl World {
    /// Tells the machine an event, and the caller what the machine reports.
    pub(crate) fn tell(&mut self, process: usize, configuration: &Configuration, event: Event) {
        let Ok(report) = self.participant(process).mind.tell(event) else {
            self.broken = Some(Broken::Misuse);
            return;
        };
        if !self.mind(process).knows_temporary() {
            self.processes[process].drawn = None;
        }
        if let Some(report) = report {
            self.reported(process, configuration, report);
        }
        if self.mind(process).machine().is_finished() {
            let own = &self.processes[process];
            let is_open = own.socket.is_some() || own.connection.is_some() || own.guest.is_some() || own.pin.is_some();
            let is_open = is_open || own.swept.is_some() || own.probe.is_some() || own.guard != Guard::None;
            let is_open = is_open || own.share.is_some() || own.looks().next().is_some();
            if (is_open || !own.guests.is_empty() || own.listing.is_some()) && !configuration.has(Bug::KeepsListener) {
                self.broken = Some(Broken::LeftOpen);
            }
            if own.kept.is_some() && configuration.has(Bug::KeeperHoldsListener) {
                self.broken = Some(Broken::LeftOpen);
            }
            let (is_left, arms_late) =
                (configuration.has(Bug::WordLeftRetained), configuration.has(Bug::ArmsAfterRetained));
            let participant = self.participant(process);
            let keep = match participant.keep {
                keep if is_left => keep,
                Keep { watch, .. } if arms_late => Keep { watch, ..Keep::default() },
                _ => Keep::default(),
            };
            *participant = Participant { late: participant.late, keep, ..Participant::default() };
        }
    }

    fn reported(&mut self, process: usize, configuration: &Configuration, report: Report) {
        match report {
            Report::Acquired => {
                self.acquired(process);
                if self.processes.iter().any(|other| other.shares) {
                    self.broken = Some(Broken::TwoHolders);
                }
                self.acquires_badly(process, configuration);
            }
            Report::Shared { slot } => {
                let own = &self.processes[process];
                let is_open =
                    own.socket.is_some() || own.connection.is_some() || own.guest.is_some() || own.pin.is_some();
                if is_open || own.looks().next().is_some() {
                    self.broken = Some(Broken::LeftOpen);
                }
                if self.participant(process).meets_npm {
                    self.broken = Some(Broken::UnsafeShare);
                }
                let slots = if configuration.cast[process] == Cast::OneSlot { 1 } else { configuration.slots };
                self.shared(process, slot, slots);
            }
            Report::NotDowngraded(_) => {
                self.participant(process).keeps = true;
                let own = &mut self.processes[process];
                (own.holds, own.shares) = (true, false);
            }
            Report::Failed(Failure::LockLost) if !self.excused => self.broken = Some(Broken::ToldLost),
            Report::Failed(Failure::Stale) if self.participant(process).misled => {
                self.broken = Some(Broken::ToldStale);
            }
            _ => {}
        }
        if report != Report::Acquired && !matches!(report, Report::Shared { .. } | Report::NotDowngraded(_)) {
            self.left(process);
            if std::mem::take(&mut self.processes[process].lost) && report == Report::Released {
                self.broken = Some(Broken::NotToldLost);
            }
        }
    }
}
