//! A child that a participant forks at any instant: it has copies of all descriptors (protocol section 5).

use slocket_core::retained::Word;
use slocket_core::{Event, Request, Role};

use crate::bug::Bug;
use crate::cast::Cast;
use crate::configuration::{Configuration, Probe};
use crate::objects::{Client, Guard};
use crate::player::{Child, Keep, Participant, Player};
use crate::process::Life;
use crate::world::World;

impl World {
    /// All steps of a child.
    ///
    /// No participant may rely on what it closes, unless a process was killed: then a copy is all that keeps the lock. And unless
    /// a copy of the listener is as good as the listener: at an abstract name, and on a kernel where a listener cannot be told
    /// to refuse.
    pub(crate) fn child_steps(
        &self,
        process: usize,
        child: Child,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let Child::Copies { heritage, has_guard } = child else { return self.fork_steps(process, configuration, step) };
        let own = &self.processes[process];
        let is_fault = !self.mishap && !self.at_name && configuration.probe != Probe::Stream;
        // What is closed after its owner was killed dies now.
        let mut step = |what, is_fault, mut world: Self| {
            if self.mishap {
                world.mishap();
            }
            step(what, is_fault, world);
        };
        if let Some(mind) = heritage
            && configuration.has(Bug::ChildFindsRetained)
        {
            let mut world = *self;
            let keep = Keep { word: Word::Held, ..Keep::default() };
            world.processes[process].player = Player::Safe(Participant { mind, keep, ..Participant::default() });
            world.acquired(process);
            return step("a child takes what its parent retains", false, world);
        }
        if own.socket.is_some() {
            let mut world = *self;
            if let Some(mind) = heritage {
                world.processes[process].player = Player::Safe(Participant { mind, ..Participant::default() });
                world.tell(process, configuration, Event::Request(Request::Release));
            } else {
                world.processes[process].socket = None;
            }
            step("a child closes its copy of the listener", is_fault, world);
        }
        if let Some(connection) = own.connection {
            let mut world = *self;
            if configuration.has(Bug::ChildEndsConnection) {
                world.connection_mut(connection).client = Client::Cut;
            }
            world.processes[process].connection = None;
            world.close_client(connection);
            step("a child closes its copy of the connection", is_fault, world);
        }
        if let Some(guest) = own.guest {
            let mut world = *self;
            world.processes[process].guest = None;
            world.close_server(guest);
            step("a child closes its copy of its parent's guest", is_fault, world);
        }
        if own.pin.is_some() {
            let mut world = *self;
            world.processes[process].pin = None;
            step("a child closes its copy of a pin", is_fault, world);
        }
        let parent = self.processes.iter().position(|parent| parent.forked);
        if self.orphan != Guard::None || parent.is_some() {
            let mut world = *self;
            world.orphan = Guard::None;
            if let Some(parent) = parent {
                world.processes[parent].forked = false;
                if configuration.has(Bug::ChildUnlocks) {
                    world.processes[parent].guard = Guard::None;
                }
            }
            step("a child closes its copy of the folder", is_fault || has_guard, world);
        }
        match configuration.cast[process] {
            Cast::Heir => self.heir_steps(process, configuration, &mut step),
            Cast::Daemon => self.daemon_steps(process, parent, &mut step),
            _ => {}
        }
    }

    fn fork_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        for parent in 0..self.processes.len() {
            let forks = self.processes[parent];
            let Player::Safe(participant) = forks.player else { continue };
            if forks.life != Life::Runs || forks.rounds == 0 && participant.is_idle() {
                continue;
            }
            let mut world = *self;
            world.processes[parent].forked = true;
            let child = &mut world.processes[process];
            let is_heir = configuration.has(Bug::ChildReleases) && forks.holds && forks.socket.is_some();
            let finds_it = configuration.has(Bug::ChildFindsRetained) && participant.keep.word == Word::Retained;
            let heritage = Some(participant.mind).filter(|_| is_heir || finds_it);
            child.player = Player::Child(Child::Copies { heritage, has_guard: false });
            (child.socket, child.connection, child.guest) = (forks.socket, forks.connection, forks.guest);
            child.pin = forks.pin;
            step("is forked", true, world);
        }
    }

    /// Closes its copies before it acquires; else it may wait for itself.
    fn heir_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let mut world = *self;
        if configuration.has(Bug::HeirKeepsCopies) {
            world.processes[process].kept = world.processes[process].socket.take();
        }
        let own = &world.processes[process];
        let is_free = !own.has_copies() || configuration.has(Bug::HeirKeepsCopies) && own.connection.is_none();
        let has_folder = (self.orphan != Guard::None || self.processes.iter().any(|parent| parent.forked))
            && !configuration.has(Bug::HeirKeepsFolder);
        if is_free && !has_folder && own.guest.is_none() && own.pin.is_none() {
            world.processes[process].player = Player::Safe(Participant::default());
            step("a child has closed its copies, and goes on", false, world);
        }
    }

    /// Takes over what its parent holds, which then closes its own, and does not release.
    fn daemon_steps(&self, process: usize, parent: Option<usize>, step: &mut impl FnMut(&'static str, bool, Self)) {
        let Some(parent) = parent else { return };
        let Player::Safe(participant) = self.processes[parent].player else { return };
        let own = self.processes[process];
        // (Of a waiter that was handed the listener, the connection that brought it is still open.)
        let has_copy = if participant.mind.machine().has(Role::Listener) {
            own.socket.is_some() && own.socket == self.processes[parent].socket
        } else {
            own.connection.is_some() && own.connection == self.processes[parent].connection
        };
        if participant.mind.is_held() && has_copy && self.processes[parent].holds {
            let mut world = *self;
            // (It closes its other copies.)
            world.processes[process].pin = None;
            if let Some(guest) = world.processes[process].guest.take() {
                world.close_server(guest);
            }
            // (A process that leaves it to another does not retain it.)
            world.processes[process].player = Player::Safe(Participant { keep: Keep::default(), ..participant });
            world.processes[process].holds = true;
            world.processes[process].acquired_since = self.processes[parent].acquired_since;
            world.processes[parent].holds = false;
            world.processes[parent].forked = false;
            world.processes[parent].rounds = 0;
            world.participant(parent).forgets = true;
            step("a child takes the lock over", true, world);
        }
    }
}
