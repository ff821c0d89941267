//! A participant that retains the lock (protocol section 9): its word, by the rules that ship, the watch on its queue, and the thread
//! that is told.
//!
//! The thread and the user of the lock share one word, so each step here changes it, or is a system call between two. No process may
//! rely on a retainer that comes back for the lock, on one that ends, nor on the time after which the lock is given back when it is not
//! used: to others these are faults.

use slocket_core::Request;
use slocket_core::retained::{Happening, Word, next};

use crate::broken::Broken;
use crate::bug::Bug;
use crate::configuration::Configuration;
use crate::label::What;
use crate::player::{Keep, QueueWatch};
use crate::world::World;

type Step<'a> = &'a mut dyn FnMut(What, bool, World);

impl World {
    /// All steps of a retainer that has the lock in hand, by a listener.
    pub(crate) fn retainer_steps(&self, process: usize, configuration: &Configuration, step: Step) {
        self.user_steps(process, configuration, step);
        self.keeper_steps(process, configuration, step);
    }

    /// The steps of the user of the lock.
    fn user_steps(&self, process: usize, configuration: &Configuration, step: Step) {
        let keep = self.keep(process);
        let may_come_back = self.processes[process].rounds > 0;
        match keep.word {
            Word::Nothing => self.first_leave(process, configuration, step),
            Word::Fresh | Word::Wanted if keep.watch == QueueWatch::Planned => {
                let mut world = *self;
                world.arm(process, configuration);
                step(What::Text("has its queue watched"), false, world);
            }
            Word::Fresh | Word::Wanted if keep.is_arming => {
                let mut world = *self;
                world.happen(process, Happening::Armed);
                world.keep_mut(process).is_arming = false;
                world.leave(process, configuration, step);
            }
            Word::Held | Word::Wanted => {
                self.leave(process, configuration, step);
                // It looks now and then, whatever the watch says.
                let mut world = *self;
                world.happen(process, Happening::Pass);
                world.give(process, configuration, false, step);
            }
            Word::Retained => {
                if keep.watch == QueueWatch::Planned {
                    // (A planted bug.)
                    let mut world = *self;
                    world.arm(process, configuration);
                    step(What::Text("has its queue watched late"), false, world);
                }
                if may_come_back {
                    self.take(process, configuration, step);
                } else {
                    self.end(process, configuration, step);
                }
            }
            Word::Fresh | Word::Giving => {}
        }
    }

    /// The lock was granted, and is released for the first time.
    fn first_leave(&self, process: usize, configuration: &Configuration, step: Step) {
        // Nothing can be watched; or a process waits, and has waited long enough.
        let mut world = *self;
        world.released(process);
        world.request(process, configuration, Request::Release, false, step);
        let own = self.processes[process].socket.expect("it has the listener");
        let mut world = *self;
        world.happen(process, Happening::Begin);
        world.keep_mut(process).is_timed = !self.socket(own).queue.is_empty();
        world.keep_mut(process).is_arming = true;
        world.keep_mut(process).watch = QueueWatch::Planned;
        if configuration.has(Bug::ArmsAfterRetained) {
            world.keep_mut(process).is_arming = false;
            world.keep_mut(process).word = Word::Retained;
            world.released(process);
        }
        step(What::Text("looks at its queue, to retain the lock"), false, world);
    }

    /// The queue is watched from now on.
    fn arm(&mut self, process: usize, configuration: &Configuration) {
        let own = self.processes[process].socket;
        if own.is_none() {
            self.broken = Some(Broken::Misuse);
        }
        if configuration.has(Bug::KeeperHoldsListener) {
            self.processes[process].kept = own;
        }
        let keep = self.keep_mut(process);
        keep.watch = match keep.is_timed {
            true if configuration.has(Bug::SliceWithoutTimer) => QueueWatch::Spent,
            true => QueueWatch::Timed,
            false => QueueWatch::Armed,
        };
    }

    /// The holder is done with it.
    fn leave(&self, process: usize, configuration: &Configuration, step: Step) {
        let mut world = *self;
        world.happen(process, Happening::Leave);
        if configuration.has(Bug::RetainsWhateverIsThere) {
            world.keep_mut(process).word = Word::Retained;
        }
        match world.keep(process).word {
            Word::Giving => world.give(process, configuration, false, step),
            _ => {
                world.released(process);
                step(What::Text("retains the lock"), false, world);
            }
        }
    }

    /// It comes back for the lock.
    fn take(&self, process: usize, configuration: &Configuration, step: Step) {
        let mut world = *self;
        if configuration.has(Bug::TakesLookThenStore) {
            world.keep_mut(process).user_saw_it = true;
            return step(What::Text("sees that it retains the lock"), true, world);
        }
        // It looks now and then, whatever the watch says.
        let mut looks = *self;
        looks.happen(process, Happening::Take);
        looks.happen(process, Happening::Pass);
        looks.give(process, configuration, true, step);
        world.happen(process, Happening::Take);
        world.take_again(process);
        step(What::Text("takes the lock that it retains"), true, world);
    }

    fn take_again(&mut self, process: usize) {
        self.processes[process].rounds -= 1;
        self.acquired(process);
    }

    /// What a planted bug does after it has seen, a while ago, that the lock is retained.
    pub(crate) fn late_steps(&self, process: usize, configuration: &Configuration, step: Step) {
        let keep = self.keep(process);
        if keep.user_saw_it {
            let mut world = *self;
            world.keep_mut(process).user_saw_it = false;
            world.keep_mut(process).word = Word::Held;
            world.take_again(process);
            step(What::Text("takes the lock that it retained"), true, world);
        }
        if keep.thread_saw_it && self.mind(process).is_held() {
            let mut world = *self;
            world.keep_mut(process).thread_saw_it = false;
            world.keep_mut(process).word = Word::Giving;
            // (A user that has taken it meanwhile goes on holding.)
            let holds = self.processes[process].holds;
            world.keep_mut(process).watch = QueueWatch::Spent;
            world.request(process, configuration, Request::Release, false, &mut |what, is_fault, mut world| {
                world.processes[process].holds = holds;
                step(what, is_fault, world);
            });
        }
        if keep.watch == QueueWatch::Planned && self.mind(process).is_idle() {
            let mut world = *self;
            world.arm(process, configuration);
            step(What::Text("has a queue watched late"), false, world);
        }
        if configuration.has(Bug::WordLeftRetained)
            && keep.word == Word::Retained
            && self.processes[process].rounds > 0
            && !self.mind(process).is_held()
        {
            let mut world = *self;
            world.take_again(process);
            step(What::Text("takes the lock that it retained"), true, world);
        }
    }

    /// The process ends: what it retains is given back.
    fn end(&self, process: usize, configuration: &Configuration, step: Step) {
        let mut world = *self;
        if configuration.has(Bug::EndsRetaining) {
            world.forget(process);
            return step(What::Text("ends"), true, world);
        }
        world.happen(process, Happening::Idle);
        world.give(process, configuration, true, step);
    }

    /// Those of the thread.
    fn keeper_steps(&self, process: usize, configuration: &Configuration, step: Step) {
        let own = self.processes[process].socket.expect("it has the listener");
        let keep = self.keep(process);
        match keep.watch {
            QueueWatch::Armed if !self.socket(own).queue.is_empty() => {
                let mut world = *self;
                world.keep_mut(process).watch = QueueWatch::Fired;
                world.processes[process].kept = None;
                step(What::Text("its thread wakes: a process has come"), false, world);
            }
            QueueWatch::Timed => {
                let mut world = *self;
                world.keep_mut(process).watch = QueueWatch::Fired;
                step(What::Text("its thread wakes: the slice is over"), false, world);
            }
            QueueWatch::Fired => self.come(process, configuration, step),
            QueueWatch::None | QueueWatch::Planned | QueueWatch::Armed | QueueWatch::Spent => {}
        }
        if keep.word == Word::Retained {
            let mut world = *self;
            if configuration.has(Bug::IdleLookThenStore) {
                if !keep.thread_saw_it {
                    world.keep_mut(process).thread_saw_it = true;
                    step(What::Text("its thread sees that the lock is not used"), true, world);
                }
                return;
            }
            world.happen(process, Happening::Idle);
            world.give(process, configuration, true, step);
        }
    }

    /// The thread is told that a process has come.
    fn come(&self, process: usize, configuration: &Configuration, step: Step) {
        let mut world = *self;
        world.keep_mut(process).watch = QueueWatch::Spent;
        let word = self.keep(process).word;
        if configuration.has(Bug::GivesLookThenStore) && word == Word::Retained {
            world.keep_mut(process).thread_saw_it = true;
            return step(What::Text("its thread sees that the lock is retained"), false, world);
        }
        if configuration.has(Bug::HolderNotTold) && word != Word::Retained {
            return step(What::Text("its thread leaves it to the holder"), false, world);
        }
        world.happen(process, Happening::Come);
        match world.keep(process).word {
            Word::Giving => world.give(process, configuration, false, step),
            _ => step(What::Text("its thread tells the holder"), false, world),
        }
    }

    /// Takes the listener from the watch, and releases in full.
    fn give(mut self, process: usize, configuration: &Configuration, is_fault: bool, step: Step) {
        if self.keep(process).watch != QueueWatch::Planned {
            self.keep_mut(process).watch = QueueWatch::None;
        }
        if configuration.has(Bug::WordLeftRetained) {
            self.keep_mut(process).word = Word::Retained;
        }
        self.released(process);
        self.request(process, configuration, Request::Release, is_fault, step);
    }

    fn happen(&mut self, process: usize, happening: Happening) {
        match next(self.keep(process).word, happening) {
            Some(word) => self.keep_mut(process).word = word,
            None => self.broken = Some(Broken::Misuse),
        }
    }

    pub(crate) fn keep(&self, process: usize) -> Keep {
        match self.processes[process].player {
            crate::player::Player::Safe(participant) => participant.keep,
            other => unreachable!("{other:?} is not a crash-safe participant"),
        }
    }

    fn keep_mut(&mut self, process: usize) -> &mut Keep {
        &mut self.participant(process).keep
    }
}
