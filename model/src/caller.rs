//! A program that connects to a lock at an abstract name without a badge (protocol section 6).

use crate::configuration::Configuration;
use crate::kernel::Connect;
use crate::objects::Message;
use crate::player::{Caller, Player};
use crate::world::World;

impl World {
    /// All steps that a caller can take.
    pub(crate) fn caller_steps(
        &self,
        process: usize,
        caller: Caller,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let mut world = *self;
        let own = self.processes[process].connection;
        match (caller, own) {
            (Caller::Idle, _) if self.processes[process].rounds == 0 => {}
            (Caller::Idle, _) => {
                world.processes[process].rounds -= 1;
                let connect = self.path.map(|name| world.connect(name, process, false, configuration));
                if let Some(Connect::Queued(connection)) = connect {
                    world.processes[process].connection = Some(connection);
                    world.processes[process].player = Player::Caller(Caller::Queued);
                }
                step("calls without a badge", false, world);
            }
            (Caller::Queued, Some(connection)) if self.server_ended(connection) => {
                world.hang_up(process);
                step("calls: reads the end of the stream", false, world);
            }
            (Caller::Queued, Some(connection)) => {
                if self.connection(connection).inbox == Some(Message::Loan) {
                    world.connection_mut(connection).inbox = None;
                    world.processes[process].player = Player::Caller(Caller::Borrows);
                    world.acquired(process);
                    step("calls: receives a loan", false, world);
                }
            }
            (Caller::Borrows, _) => {
                world.released(process);
                world.hang_up(process);
                step("calls: is done", false, world);
            }
            (Caller::Queued, None) => unreachable!("a queued participant is connected"),
        }
    }

    fn hang_up(&mut self, process: usize) {
        if let Some(connection) = self.processes[process].connection.take() {
            self.close_client(connection);
        }
        self.processes[process].player = Player::Caller(Caller::Idle);
    }
}
