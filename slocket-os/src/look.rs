//! The holder of a lock.

use std::sync::Arc;

use slocket_core::{Event, Report, Request};

use crate::background;
use crate::descriptor;
use crate::error::{Error, Fault};
use crate::local::Participant;
use crate::lock::Lock;
use crate::peer::Holder;
use crate::process::Process;
use crate::site::Site;
use crate::sys::io::Errno;

impl Lock {
    /// Returns the holder of the lock; `None` if no process listens there.
    ///
    /// It stands in the queue for an instant, without taking the lock.
    ///
    /// # Errors
    /// [`Occupied`](crate::ErrorKind::Occupied) or [`NotASlocket`](crate::ErrorKind::NotASlocket) if something else is at the path; or what the system refused.
    pub fn holder(&self) -> Result<Option<Holder>, Error> {
        look(self.site())
    }

    /// Returns the holder of the lock within the last second; asks if it is not known.
    pub(crate) fn recent_holder(&self, here: Process) -> Option<Holder> {
        self.lately().holder(here, || self.holder().ok().flatten())
    }
}

/// Asks for the listener at the lock's path.
fn look(site: &Arc<Site>) -> Result<Option<Holder>, Error> {
    let here = Process::current();
    descriptor::close_copies(here);
    let mut participant = Participant::new(site, here);
    participant.tell(Event::Request(Request::Look));
    let holder = match participant.take_report() {
        Some(Report::Listened) => match (participant.take_server(), site.at_path()) {
            (Some(server), _) => Ok(Some(server)),
            // If its queue is full, only the owner of the socket is known.
            (None, Some(at)) => {
                Ok(at.look().ok().flatten().map(|seen| Holder { pid: None, uid: seen.uid, program: None, host: None }))
            }
            (None, None) => Err(site.error(Fault::new(Errno::AGAIN, "ask a server whose queue is full"))),
        },
        Some(Report::Failed(failure)) => Err(participant.error(failure)),
        _ => Ok(None),
    };
    background::settle_later(participant);
    holder
}
