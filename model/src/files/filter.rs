//! What a planted bug does between the machine and the kernel.

use slocket_core::file_lock::{Call, CallResult};

use super::configuration::Configuration;
use super::world::World;

impl World {
    pub(super) fn filtered(&mut self, process: usize, configuration: &Configuration, call: Call) -> Option<CallResult> {
        Some(self.perform(process, configuration, call))
    }
}
