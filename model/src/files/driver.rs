//! A process: its script, its machine, and what its caller is told.

use slocket_core::file_lock::{Event, Platform, Role, Step};
use slocket_core::{Failure, Report};

use super::configuration::{Act, Configuration};
use super::kernel::{TURN, place};
use super::mind::Mind;
use super::world::{Asked, Has, Lock, Process, Watch, World};
use crate::broken::Broken;

impl World {
    /// Tells the machine, and the caller what it says.
    pub(super) fn tell(&mut self, process: usize, configuration: &Configuration, event: Event) {
        let Ok((mind, step)) = self.processes[process].mind.handle(event) else {
            return self.breaks(configuration, Broken::Misuse);
        };
        self.processes[process].mind = mind;
        match step {
            Step::Call(_) => {}
            Step::Wait(_) => self.rests(process, configuration),
            Step::Report(report, _) => {
                self.told(process, configuration, report);
                self.rests(process, configuration);
            }
        }
    }

    /// What the process wants next, if it wants anything.
    pub(super) fn next_act(&self, process: usize, configuration: &Configuration) -> Option<Asked> {
        let own = &self.processes[process];
        let act = configuration.scripts.get(process)?.get(usize::from(own.at))?;
        Some(match *act {
            Act::Acquire => Asked::Lock { is_try: false },
            Act::Try => Asked::Lock { is_try: true },
            Act::Share => Asked::Share { slots: 0, is_try: false },
            Act::TryShare => Asked::Share { slots: 0, is_try: true },
            Act::Slot(slots) => Asked::Share { slots, is_try: false },
            Act::TrySlot(slots) => Asked::Share { slots, is_try: true },
            Act::Look => Asked::Look,
            Act::Downgrade => Asked::Downgrade,
            Act::Release => Asked::Release,
        })
    }

    /// It asks for that.
    pub(super) fn asks(&mut self, process: usize, configuration: &Configuration, asked: Asked) {
        let is_dirty = self.is_dirty;
        let own = &mut self.processes[process];
        own.at += 1;
        own.asked = Some(asked);
        own.has = match asked {
            Asked::Downgrade => Has::Share(None),
            _ => Has::Nothing,
        };
        if matches!(asked, Asked::Lock { .. }) {
            own.cleans = is_dirty;
        }
        self.tell(process, configuration, Event::Request(asked.request()));
    }

    fn told(&mut self, process: usize, configuration: &Configuration, report: Report) {
        let may_fail = self.failures < configuration.failures;
        let is_removed = self.administrator != configuration.administrator;
        let own = &mut self.processes[process];
        let Some(asked) = own.asked.take() else {
            return self.breaks(configuration, Broken::WrongReport);
        };
        let had_lost = own.has_lost;
        let (has, broken) = match (asked, report) {
            (Asked::Lock { .. }, Report::Acquired) => (Has::Lock, None),
            (Asked::Share { slots: 0, .. }, Report::Shared { slot: None }) => (Has::Share(None), None),
            (Asked::Share { slots, .. }, Report::Shared { slot: Some(slot) }) => {
                (Has::Share(Some(slot)), (slot >= slots).then_some(Broken::SameSlot))
            }
            (Asked::Downgrade, Report::Shared { slot: None }) => {
                (Has::Share(None), had_lost.then_some(Broken::NotToldLost))
            }
            // (A process that has lost the lock can be in the way of one that has it, for an instant.)
            (Asked::Downgrade, Report::NotDowngraded(_)) if may_fail || is_removed => (Has::Lock, None),
            (Asked::Lock { is_try: true } | Asked::Share { is_try: true, .. }, Report::WouldBlock)
            | (Asked::Look, Report::Free | Report::Listened)
            | (Asked::Cancelled, Report::Cancelled)
            | (Asked::TimedOut, Report::TimedOut) => (Has::Nothing, None),
            (Asked::Release, Report::Released) => (Has::Nothing, had_lost.then_some(Broken::NotToldLost)),
            (_, Report::Failed(Failure::LockLost)) => (Has::Nothing, (!had_lost).then_some(Broken::ToldLost)),
            (Asked::Look, Report::Failed(Failure::Occupied)) if configuration.there.is_some() => (Has::Nothing, None),
            (_, Report::Failed(_)) if may_fail => (Has::Nothing, None),
            _ => (Has::Nothing, Some(Broken::WrongReport)),
        };
        own.has = has;
        if has == Has::Nothing {
            own.has_lost = false;
            if std::mem::take(&mut own.cleans) && asked == Asked::Release {
                self.is_dirty = false;
            }
        }
        let script = configuration.scripts[process];
        let own = &mut self.processes[process];
        while own.has == Has::Nothing
            && let Some(Act::Release | Act::Downgrade) = script.get(usize::from(own.at))
        {
            own.at += 1;
        }
        if let Some(broken) = broken {
            self.breaks(configuration, broken);
        }
    }

    /// Nothing is open at a rest that is not used, and nothing is left to be told.
    fn rests(&mut self, process: usize, configuration: &Configuration) {
        let own = self.processes[process];
        let machine = own.mind.machine();
        let only = |role: Role| {
            let others = own.places.iter().enumerate().filter(|(at, _)| Some(*at) != place(role));
            own.watch == Watch::None && { others }.all(|(_, open)| open.is_none())
        };
        let is_tidy = match own.has {
            _ if own.asked.is_some() => true,
            Has::Nothing => machine.is_finished() && only(Role::Turn) && own.places[TURN].is_none(),
            Has::Lock => {
                let has_turn = own.has_lost || self.turn(process).is_some();
                machine.is_held() && !machine.is_shared() && only(Role::Turn) && has_turn
            }
            Has::Share(slot) => {
                let share = place(Role::Share).and_then(|place| own.places[place]);
                let is_locked = share.is_some_and(|open| open.lock != Lock::None);
                machine.is_shared() && machine.slot() == slot && only(Role::Share) && is_locked
            }
        };
        if !is_tidy {
            self.breaks(configuration, Broken::LeftOpen);
        }
        // It waits, if it has not told.
        if own.asked.is_some() && machine.wait().retry.is_none() {
            self.breaks(configuration, Broken::WrongReport);
        }
        if machine.is_finished() {
            self.processes[process].mind = Mind::new(Platform { removes: configuration.removes });
        }
    }

    /// What no state may show.
    pub(super) fn check(&mut self, configuration: &Configuration) {
        let all = self.processes;
        // (A downgrade that fails gives all back before it says so.)
        let may_have_failed =
            |own: &Process| own.asked == Some(Asked::Downgrade) && self.failures < configuration.failures;
        let having = || all.iter().filter(|own| own.has != Has::Nothing && !own.has_lost && !may_have_failed(own));
        let locks = { having() }.filter(|own| own.has == Has::Lock).count();
        let has_two = locks > 0 && having().count() > 1;
        let slots = || having().filter(|own| matches!(own.has, Has::Share(Some(_))));
        let has_same_slot = { slots() }.any(|own| slots().filter(|other| other.has == own.has).count() > 1);
        if has_two {
            self.breaks(configuration, Broken::TwoHolders);
        }
        if has_same_slot {
            self.breaks(configuration, Broken::SameSlot);
        }
        let went_wrong = self.is_dirty
            || self.failures < configuration.failures
            || self.administrator != configuration.administrator
            || configuration.looks_leave_files();
        let is_clean = configuration.removes && !configuration.denies && !went_wrong;
        let is_left = |name: usize| name > 0 || configuration.there.is_none();
        let left = self.names.iter().enumerate().any(|(name, file)| file.is_some() && is_left(name));
        if is_clean && left && self.is_over(configuration) {
            self.breaks(configuration, Broken::LeftOnDisk);
        }
    }
}
