//! A crash-safe participant: the machine that ships, and a driver that makes its calls on this kernel, one step at a time.

use std::num::NonZeroU16;

use slocket_core::{Call, Event, Hints, Home, Machine, Notice, Policy, Request, Share, Source, Stale, Timer};

use crate::bug::Bug;
use crate::cast::Cast;
use crate::change::Change;
use crate::configuration::Configuration;
use crate::label::What;
use crate::list::List;
use crate::mind::Mind;
use crate::objects::{Client, Message};
use crate::perform::Done;
use crate::player::{Late, Participant, Player, Watch};
use crate::weight::Weight;
use crate::world::World;

type Step<'a> = &'a mut dyn FnMut(What, bool, World);

impl World {
    /// All steps that a crash-safe participant can take.
    pub(crate) fn participant_steps(&self, process: usize, configuration: &Configuration, step: Step) {
        let Player::Safe(participant) = self.processes[process].player else { unreachable!("it is ours") };
        let mind = participant.mind;
        if participant.late == Late::Due {
            let mut world = *self;
            world.participant(process).late = Late::None;
            world.make_late(process, configuration);
            return world.go_on(process, configuration, Some(What::Text("makes a call late")), false, step);
        }
        if participant.forgets {
            let mut world = *self;
            world.forget(process);
            if configuration.has(Bug::ParentReleasesToo) {
                world = *self;
                world.participant(process).forgets = false;
                return world.request(process, configuration, Request::Release, false, step);
            }
            return step(What::Text("forgets what a child has taken over"), false, world);
        }
        if configuration.cast[process] == Cast::Retainer {
            self.late_steps(process, configuration, step);
        }
        if mind.asked().is_some() {
            return self.go_on(process, configuration, None, false, step);
        }
        if mind.is_idle() {
            if self.processes[process].rounds > 0 {
                self.begin(process, configuration, step);
            }
            return;
        }
        if mind.is_held() && configuration.cast[process] == Cast::Retainer && self.processes[process].socket.is_some() {
            return self.retainer_steps(process, configuration, step);
        }
        if mind.is_held() {
            let mut world = *self;
            if configuration.cast[process] == Cast::Downgrader && !mind.is_shared() && !participant.keeps {
                let own = &mut world.processes[process];
                // What is read is true from here on, and nothing is written any more.
                (own.holds, own.shares) = (false, true);
                return world.request(process, configuration, Request::Downgrade, false, step);
            }
            world.released(process);
            return world.request(process, configuration, Request::Release, false, step);
        }
        self.notices(process, configuration, step);
        if mind.is_lingering() {
            self.farewells(process, configuration, step);
        }
        if self.cancels > 0 && !mind.is_background() {
            let mut world = *self;
            world.cancels -= 1;
            if configuration.has(Bug::CancelReleasesAsClient) && world.releases_as_client(process) {
                return step(What::Text("cuts its connection, and removes the path"), true, world);
            }
            if configuration.has(Bug::GivesUpByClose) && self.processes[process].has_lock() {
                world.forget(process);
                return step(What::Text("closes the listener"), true, world);
            }
            world.request(process, configuration, Request::Cancel, true, step);
        }
    }

    /// A new attempt: by a participant that found the path in use when it last came, or not.
    fn begin(&self, process: usize, configuration: &Configuration, step: Step) {
        let policy = Policy::from(Stale::Wait);
        let slot_of = |slots| Share::SlotOf(NonZeroU16::new(slots).expect("one at least"));
        let request = match configuration.cast[process] {
            Cast::Reader | Cast::OtherReader => Request::Share(policy, Share::Unlimited),
            Cast::TryReader => Request::TryShare(policy, Share::Unlimited),
            Cast::Slot => Request::Share(policy, slot_of(configuration.slots.into())),
            Cast::TrySlot => Request::TryShare(policy, slot_of(configuration.slots.into())),
            Cast::OneSlot => Request::Share(policy, slot_of(1)),
            Cast::Try => Request::Try(Stale::Wait.into()),
            Cast::Impatient => Request::Acquire(Stale::Reclaim.into()),
            Cast::Strict => Request::Acquire(Stale::Fail.into()),
            _ => Request::Acquire(Stale::Wait.into()),
        };
        let platform = configuration.platform();
        let hints = configuration.hints();
        let is_known = self.path.is_some() && platform.home == Home::Path && !hints.in_use;
        for in_use in [hints.in_use, true].into_iter().take(1 + usize::from(is_known)) {
            let mut world = *self;
            world.processes[process].rounds -= 1;
            world.participant(process).mind = Mind::new(Machine::new(platform, Hints { in_use, ..hints }));
            world.request(process, configuration, request, false, step);
        }
    }

    /// What can happen by itself.
    fn notices(&self, process: usize, configuration: &Configuration, step: Step) {
        let Player::Safe(participant) = self.processes[process].player else { unreachable!("it is ours") };
        let wait = participant.mind.wait();
        let mut tell = |world: Self, notice| {
            let mut world = world;
            let what = What::Notice(notice);
            world.tell(process, configuration, Event::Notice(notice));
            match world.mind(process).asked() {
                Some(_) => world.go_on(process, configuration, None, false, step),
                None => step(what, false, world),
            }
        };
        match wait.source {
            Some(Source::Connection) => {
                let connection = self.processes[process].connection.expect("a waiter is connected");
                let message = self.connection(connection).inbox;
                let mut world = *self;
                if let Some(message) = message {
                    if !participant.mind.is_lingering() {
                        world.served(process, message);
                    } else if message == Message::Loan && configuration.has(Bug::LateLoanRemovesPath) {
                        world.set_path(None);
                    }
                    tell(world, Notice::Readable);
                } else if self.server_ended(connection) && !configuration.has(Bug::EndIgnored) {
                    tell(world, Notice::Readable);
                }
            }
            Some(Source::Guest) => {
                let guest = self.processes[process].guest.expect("a lender has a guest");
                if self.client_ended(guest) {
                    tell(*self, Notice::Readable);
                }
            }
            Some(Source::Path) if participant.watch == Watch::Changed => {
                let mut world = *self;
                world.participant(process).watch = Watch::Armed;
                tell(world, Notice::FsChange);
            }
            Some(Source::Look | Source::Slots) => {
                let own = &self.processes[process];
                let looks = if wait.source == Some(Source::Look) { own.look } else { None };
                let mut looks = looks.into_iter().chain(own.slots.iter());
                if looks.any(|look| self.has_hung_up(look)) {
                    tell(*self, Notice::HungUp);
                }
            }
            Some(Source::Path) | None => {}
        }
        let rechecks = participant.watch == Watch::None || participant.watch == Watch::Armed && configuration.rechecks;
        let timers = [
            (wait.retry.is_some(), Timer::Retry),
            (wait.recheck && rechecks, Timer::Recheck),
            (wait.stale && !configuration.has(Bug::StaleNeverReclaimed), Timer::Stale),
            (wait.hasty, Timer::Try),
        ];
        for (_, timer) in timers.into_iter().filter(|(is_armed, _)| *is_armed) {
            tell(*self, Notice::TimerFired(timer));
        }
    }

    /// The ways in which a background thread takes its leave of a server that takes too long.
    fn farewells(&self, process: usize, configuration: &Configuration, step: Step) {
        if self.dismissals == 0 {
            return;
        }
        let connection = self.processes[process].connection.expect("a lingering client is connected");
        let client = self.connection(connection).client;
        for (request, is_possible) in
            [(Request::Dismiss, client == Client::Open), (Request::Cut, client != Client::Cut)]
        {
            let mut world = *self;
            world.dismissals -= 1;
            world.connection_mut(connection).farewell = true;
            if !is_possible {
                continue;
            }
            if request == Request::Cut && configuration.has(Bug::CutWithoutDismissal) {
                world.connection_mut(connection).client = Client::Cut;
                step(What::Text("cuts its connection"), true, world);
                continue;
            }
            world.request(process, configuration, request, true, step);
        }
    }

    /// Makes a request. Its consequences are of the same step, up to a call that others can see.
    ///
    /// It hides nothing: between the two no other process can tell the difference, no cancel can come (a driver makes a call at once),
    /// and a kill is one before the first. And a process that releases holds until the call: longer, not shorter.
    pub(crate) fn request(
        mut self,
        process: usize,
        configuration: &Configuration,
        request: Request,
        is_fault: bool,
        step: Step,
    ) {
        self.tell(process, configuration, Event::Request(request));
        match self.mind(process).asked() {
            Some(_) => self.go_on(process, configuration, None, is_fault, step),
            None => step(What::Request(request), is_fault, self),
        }
    }

    /// Makes calls: one that weighs, what leads to it, and all that are quiet around it. `made` is the one that weighs, when it
    /// has been made.
    fn go_on(&self, process: usize, configuration: &Configuration, made: Option<What>, is_fault: bool, step: Step) {
        let is_late = matches!(self.processes[process].player, Player::Safe(Participant { late: Late::Due, .. }));
        let asked = match self.processes[process].player {
            Player::Safe(participant) if self.broken.is_none() && !is_late => participant.mind.asked(),
            _ => None,
        };
        let Some(call) = asked else {
            return step(made.unwrap_or(What::Text("rests")), is_fault, *self);
        };
        let weight = self.weight(process, configuration, call);
        if let Some(made) = made
            && weight != Weight::Quiet
        {
            return step(made, is_fault, *self);
        }
        self.make(process, configuration, call, &mut |done, mut world| {
            let (answer, is_faulty) = match done {
                Done::Answer(answer) => (answer, false),
                Done::Fault(answer) => (answer, true),
                // The machine waits for the rest.
                Done::Half(_) if configuration.coarse => {
                    let made = if weight == Weight::Quiet { made } else { None };
                    return world.go_on(process, configuration, made, is_fault, step);
                }
                Done::Half(what) => return step(What::Text(what), is_fault, world),
            };
            let answer = world.answered(process, configuration, call, answer);
            world.tell(process, configuration, Event::Result(answer));
            let what = What::Call(call, answer);
            let made = if weight == Weight::Weighs || is_faulty && made.is_none() { Some(what) } else { made };
            let made = if is_faulty { Some(what) } else { made };
            world.go_on(process, configuration, made, is_fault || is_faulty, step);
        });
    }

    /// Makes a call, or what a planted bug makes instead.
    fn make(&self, process: usize, configuration: &Configuration, call: Call, done: &mut dyn FnMut(Done, Self)) {
        match self.change(process, configuration, call) {
            None => self.perform(process, configuration, call, done),
            Some(Change::Skipped(answer)) => done(Done::Answer(answer), *self),
            Some(Change::Delayed(answer)) => {
                let mut world = *self;
                world.participant(process).late = Late::Waits;
                done(Done::Answer(answer), world);
            }
            Some(Change::Other(what, world)) => done(Done::Half(what), world),
            Some(Change::Altered(answer, world)) => done(Done::Answer(answer), world),
            Some(Change::Replaced(other)) => self.perform(process, configuration, other, done),
        }
    }

    /// Closes all, and is ready for the next round.
    pub(crate) fn forget(&mut self, process: usize) {
        let own = &mut self.processes[process];
        (own.socket, own.pin, own.swept, own.listing, own.drawn) = (None, None, None, None, None);
        (own.share, own.look, own.slots) = (None, None, List::default());
        self.left(process);
        if let Some(connection) = self.processes[process].connection.take() {
            self.close_client(connection);
        }
        if let Some(guest) = self.processes[process].guest.take() {
            self.close_server(guest);
        }
        *self.participant(process) = Participant::default();
    }

    /// A bug of old: a cancel ends both halves of its connection to a server that may lend, takes that for the server's end, and
    /// releases as a client whose server is gone.
    fn releases_as_client(&mut self, process: usize) -> bool {
        let machine = self.mind(process).machine();
        if self.processes[process].connection.is_none() || machine.server_hands_over() {
            return false;
        }
        self.set_path(None);
        self.forget(process);
        true
    }
}
