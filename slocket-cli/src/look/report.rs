//! What the processes and tables of Linux add to what is known.

use super::view::View;
use crate::known::{Owner, Party, Report, Sharer};
use crate::processes::{Process, are_hidden};

impl Report {
    /// The processes that have something are not seen, which are ours or may be others'.
    pub(super) fn cannot_see_processes(&mut self, are_ours: bool, view: &View) {
        let reason = if view.processes.closed() && !are_ours {
            "processes of other users: only root may look into them"
        } else if are_hidden() {
            "processes that /proc hides (it is mounted with hidepid): only root may look into those of others"
        } else {
            // One may also have ended since, or it is in a message that hands it over.
            self.torn = true;
            "processes that /proc does not show here: outside this pid namespace, or gone, or not there yet"
        };
        self.cannot_see(reason);
    }
}

impl Sharer {
    pub(super) fn new(process: Process) -> Self {
        Self { pid: process.pid, program: process.program, stopped: process.stopped }
    }
}

impl Party {
    pub(super) fn new(process: Process, owner: Option<Owner>) -> Self {
        let started = process.started();
        let Process { pid, program, stopped, runs, .. } = process;
        Self {
            pid: Some(pid),
            program: Some(program),
            owner,
            host: None,
            stopped,
            runs,
            started,
            shared_with: Vec::new(),
        }
    }
}
