//! The waiting hook: a request that waits for long names the holder.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::name::LockName;
use crate::peer::Holder;
use crate::sharer::{Sharer, Sharers};

/// What a waiting hook is given: see [`Builder::on_wait`](crate::Builder::on_wait).
#[derive(Debug)]
#[non_exhaustive]
pub struct Waiting<'a> {
    /// The lock's name, with the folder of a path resolved.
    pub name: &'a LockName,
    /// The holder of the lock, as asked within the last second; `None` if it is not known: what is at the path may not be a socket, or
    /// may be a dead one.
    pub holder: Option<Holder>,
    /// The processes that have shares of the lock, as far as they are known. No process holds the lock then: a `holder` beside them is in
    /// front, and waits for them itself.
    pub sharers: Vec<Sharer>,
}

impl fmt::Display for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waiting for {}", self.name)?;
        match &self.holder {
            first if !self.sharers.is_empty() => {
                write!(f, ", shared by {}", Sharers { all: self.sharers.clone(), first: first.clone() })
            }
            Some(holder) => write!(f, ", held by {holder}"),
            None => Ok(()),
        }
    }
}

/// What is to be called, and after how long.
#[derive(Clone)]
pub(crate) struct Hook {
    after: Duration,
    call: Arc<dyn Fn(&Waiting<'_>) + Send + Sync>,
}

impl Hook {
    pub(crate) fn new(after: Duration, call: impl Fn(&Waiting<'_>) + Send + Sync + 'static) -> Self {
        Self { after, call: Arc::new(call) }
    }

    /// When it is due, for a request that is made now. (A time too far away to be told never comes.)
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.after)
    }

    pub(crate) fn call(&self, name: &LockName, holder: Option<Holder>, sharers: Vec<Sharer>) {
        (self.call)(&Waiting { name, holder, sharers });
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("after", &self.after).finish_non_exhaustive()
    }
}
