//! All steps that can be taken from a state.

use crate::bug::Bug;
use crate::configuration::Configuration;
use crate::label::{Label, What};
use crate::player::Player;
use crate::process::Life;
use crate::world::World;

impl World {
    /// All steps that can be taken, and where they lead.
    pub fn steps(&self, configuration: &Configuration, mut next: impl FnMut(Label, Self)) {
        for process in 0..configuration.cast.len() {
            let mut step = |what, is_fault, mut world: Self| {
                world.collect();
                world.judge(configuration);
                next(Label { process, what, is_fault }, world);
            };
            match self.processes[process].life {
                Life::Dead => continue,
                Life::Dies => {
                    let guard_survives = configuration.has(Bug::GuardSurvives);
                    self.deaths(process, guard_survives, |what, world| step(What::Text(what), false, world));
                    continue;
                }
                Life::Runs => {}
            }
            let mut tell = |what, is_fault, world| step(What::Text(what), is_fault, world);
            match self.processes[process].player {
                Player::Nobody => continue,
                Player::Safe(_) => self.participant_steps(process, configuration, &mut step),
                Player::Npm(_) => self.npm_steps(process, configuration, &mut tell),
                Player::Locker => self.locker_steps(process, &mut tell),
                Player::Remover => self.remover_steps(process, &mut tell),
                Player::Human => self.human_steps(process, &mut tell),
                Player::Server => self.hostile_server_steps(process, configuration, &mut tell),
                Player::Client => self.hostile_client_steps(process, configuration, &mut tell),
                Player::Child(child) => self.child_steps(process, child, configuration, &mut tell),
                Player::Changer(changer) => self.changer_steps(changer, configuration, &mut tell),
                Player::Caller(caller) => self.caller_steps(process, caller, configuration, &mut tell),
            }
            if self.crashes > 0 && matches!(self.processes[process].player, Player::Safe(_) | Player::Npm(_)) {
                let mut world = *self;
                world.crashes -= 1;
                world.excuse_crash(process, configuration);
                world.kill(process);
                world.mishap();
                step(What::Text("is killed"), true, world);
            }
        }
    }
}
