//! A share of a lock that this process has.

use std::fmt;
use std::sync::Arc;

use crate::background;
use crate::descriptor::{self, Descriptor};
use crate::error::{Error, ErrorKind, What};
use crate::local::{LocalQueue, Lock, Participant};
use crate::process::Process;
use crate::site::Site;
use crate::trace::warning;

/// A share that is held as long as this lives. Nothing is done meanwhile.
pub(crate) struct HeldShare {
    /// `None` once it was given back.
    held: Option<(Box<Participant>, Arc<LocalQueue>)>,
}

impl HeldShare {
    /// The lock was passed on: so the turn inside the process is over.
    pub(crate) fn new(lock: Lock) -> Self {
        let (participant, turn) = lock.into_parts();
        let here = participant.process();
        let queue = Arc::clone(turn.queue());
        queue.count_share(here);
        turn.end(here, None);
        Self { held: Some((participant, queue)) }
    }

    fn participant(&self) -> &Participant {
        let Some((participant, _)) = &self.held else { unreachable!("a share is held until it is dropped") };
        participant
    }

    pub(crate) fn site(&self) -> &Site {
        self.participant().site()
    }

    /// The descriptor that is the share.
    ///
    /// # Errors
    /// `Forked` in a child of the process that has the share.
    pub(crate) fn descriptor(&self) -> Result<&Descriptor, Error> {
        descriptor::note_shown();
        let participant = self.participant();
        let descriptor = participant.share().filter(|_| participant.process().is_current());
        descriptor.ok_or_else(|| self.site().failed(What::Forked))
    }

    /// Gives it back.
    pub(crate) fn release(mut self) -> Result<(), Error> {
        self.give_back()
    }

    fn give_back(&mut self) -> Result<(), Error> {
        let Some((mut participant, queue)) = self.held.take() else { return Ok(()) };
        let here = Process::current();
        if participant.process() != here {
            descriptor::close_copies(here);
            return Err(participant.site().failed(What::Forked));
        }
        queue.uncount_share(here);
        let released = participant.release();
        background::settle_later(participant);
        released
    }
}

impl fmt::Debug for HeldShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.site().name())
    }
}

impl Drop for HeldShare {
    fn drop(&mut self) {
        match self.give_back() {
            Ok(()) => {}
            // Not this process's to give back.
            Err(error) if error.kind() == ErrorKind::Forked => {}
            Err(_error) => {
                warning!(error = %_error, "a share could not be given back");
            }
        }
    }
}
