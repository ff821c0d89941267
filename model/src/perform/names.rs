//! What a name leads to.

use slocket_core::Name as CoreName;

use crate::bug::Bug;
use crate::configuration::Configuration;
use crate::objects::{NAMES, Name, Number};
use crate::world::World;

impl World {
    /// What has a name.
    pub(crate) fn named(&self, process: usize, name: CoreName) -> Option<Number> {
        if let Some(share) = share(name) {
            return self.shares.get(share).copied().flatten();
        }
        match self.temporary(process, name) {
            Some(name) => self.names[usize::from(name)],
            None => self.path,
        }
    }

    pub(super) fn set_name(&mut self, process: usize, name: CoreName, inode: Option<Number>) {
        if let Some(share) = share(name) {
            self.shares[share] = inode;
            return;
        }
        match self.temporary(process, name) {
            Some(name) => self.names[usize::from(name)] = inode,
            None => self.set_path(inode),
        }
    }

    /// Which temporary name that is.
    fn temporary(&self, process: usize, name: CoreName) -> Option<Name> {
        let own = &self.processes[process];
        match name {
            CoreName::Lock | CoreName::Shared | CoreName::Slot(_) => None,
            CoreName::Temporary => Some(own.drawn.expect("one was drawn")),
            CoreName::Swept => Some(own.read().expect("one was read")),
        }
    }

    /// A new name: neither is it in the folder, nor does a participant remember it. (With 64 random bits none comes
    /// twice.)
    pub(super) fn fresh_name(&self, configuration: &Configuration) -> Name {
        if configuration.has(Bug::NamesRepeat) {
            return 0;
        }
        let is_remembered =
            |name| self.processes.iter().any(|process| process.drawn == Some(name) || process.read() == Some(name));
        let fresh = (0..NAMES as Name).find(|name| self.names[usize::from(*name)].is_none() && !is_remembered(*name));
        fresh.expect("there are names enough")
    }
}

/// At which place the name of a share is.
fn share(name: CoreName) -> Option<usize> {
    match name {
        CoreName::Shared => Some(0),
        CoreName::Slot(slot) => Some(1 + usize::from(slot)),
        CoreName::Lock | CoreName::Temporary | CoreName::Swept => None,
    }
}
