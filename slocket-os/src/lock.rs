//! A lock by its path or its abstract name.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::keeper;
use crate::lately::Lately;
use crate::local::LocalQueue;
use crate::name::LockName;
use crate::policy::{OccupiedPolicy, Trust};
use crate::process::Process;
use crate::reserve;
use crate::site::{Home, Site};
use crate::waiting::Hook;

/// A lock by its path or its abstract name, with its options. Cheap to clone.
///
/// The adapters' handles wrap it, and convert into each other by it. All handles that were made from one lock share one queue
/// inside the process.
#[derive(Clone, Debug)]
pub struct Lock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    site: Arc<Site>,
    hook: Option<Hook>,
    queue: Arc<LocalQueue>,
    lately: Lately,
}

impl Lock {
    pub(crate) fn new(
        home: Home,
        occupied: OccupiedPolicy,
        trust: Trust,
        hook: Option<Hook>,
        retains: Option<Duration>,
    ) -> Self {
        let here = Process::current();
        reserve::keep(here);
        let site = Site::new(home, occupied, trust, here);
        let (queue, lately) = (LocalQueue::new(retains, here), Lately::default());
        Self { shared: Arc::new(Shared { site, hook, queue, lately }) }
    }

    /// Returns the name, with the folder of a path resolved.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.site().name()
    }

    /// Returns the path, with its folder resolved; `None` for an abstract name.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.site().path()
    }

    /// Where it is.
    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.shared.site
    }

    /// The queue inside this process.
    pub(crate) fn queue(&self) -> &Arc<LocalQueue> {
        &self.shared.queue
    }

    /// The last known holder.
    pub(crate) fn lately(&self) -> &Lately {
        &self.shared.lately
    }

    pub(crate) fn hook(&self) -> Option<&Hook> {
        self.shared.hook.as_ref()
    }
}

/// The last handle is gone: what is retained cannot be acquired again.
impl Drop for Shared {
    fn drop(&mut self) {
        if self.queue.retains().is_some() {
            let here = Process::current();
            if let Some(retained) = self.queue.close(here) {
                keeper::give_up(retained, here);
            }
        }
    }
}

impl AsRef<Self> for Lock {
    fn as_ref(&self) -> &Self {
        self
    }
}

// A panic while the lock is held leaves nothing of the library's half done: the guard releases the lock.
impl UnwindSafe for Lock {}
impl RefUnwindSafe for Lock {}
