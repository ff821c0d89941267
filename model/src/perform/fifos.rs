//! Calls about FIFOs.

use slocket_core::{Access, MakeResult, Name as CoreName, OpenResult, ReadResult, Role};

use crate::broken::Broken;
use crate::configuration::{Configuration, Umask};
use crate::objects::Kind;
use crate::perform::answer::ERRNO;
use crate::world::World;

impl World {
    pub(super) fn make_fifo(&mut self, process: usize, configuration: &Configuration, name: CoreName) -> MakeResult {
        if self.named(process, name).is_some() {
            return MakeResult::Exists;
        }
        self.collect();
        // (That a FIFO gets the number that a participant remembers from a socket makes no difference: it is at no path.)
        self.next_number = self.free_numbers().last().expect("there are numbers enough");
        let number = self.new_inode(false, Kind::Fifo);
        let made = self.inode_mut(number);
        made.foreign = configuration.is_foreign(process);
        (made.spoiled, made.locked) = (configuration.umask != Umask::Clear, configuration.umask == Umask::Locks);
        self.set_name(process, name, Some(number));
        MakeResult::Made
    }

    pub(super) fn open_fifo(&mut self, process: usize, role: Role, access: Access, name: CoreName) -> OpenResult {
        match self.named(process, name) {
            None => OpenResult::Missing,
            Some(number) if self.inode(number).locked => OpenResult::Denied(ERRNO),
            Some(number) => {
                match role {
                    Role::Share => {
                        self.has_a_writer_now(number);
                        self.processes[process].share = Some(number);
                        self.processes[process].acquired_since = true;
                        let participant = self.participant(process);
                        participant.meets_npm = participant.borrows;
                        if (0..).zip(&self.processes).any(|(other, own)| other != process && own.holds) {
                            self.broken = Some(Broken::TwoHolders);
                        }
                    }
                    Role::Slots => {
                        let look = self.look_at(number, access == Access::Both);
                        self.processes[process].slots.push(look);
                    }
                    _ => self.processes[process].look = Some(self.look_at(number, access == Access::Both)),
                }
                OpenResult::Opened
            }
        }
    }

    pub(super) fn read_fifo(&self, process: usize, role: Role) -> ReadResult {
        let own = &self.processes[process];
        let look = if role == Role::Slots { own.slots.iter().next_back() } else { own.look };
        let look = look.expect("it is open");
        if self.has_writer(look.inode) { ReadResult::Writer } else { ReadResult::NoWriter }
    }
}
