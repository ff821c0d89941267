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
    site: Arc<Site>,
    queue: Arc<LocalQueue>,
    extra: Option<Arc<Extra>>,
}

/// What few locks have, until the last handle is gone.
#[derive(Debug)]
struct Extra {
    hook: Option<Hook>,
    queue: Arc<LocalQueue>,
}

impl Lock {
    #[inline]
    pub(crate) fn new(
        name: LockName,
        home: Home,
        occupied: OccupiedPolicy,
        trust: Trust,
        hook: Option<Hook>,
        retains: Option<Duration>,
    ) -> Self {
        let here = Process::current();
        reserve::keep(here);
        let site = Site::new(name, home, occupied, trust, here);
        let queue = LocalQueue::new(retains, here);
        let has_extra = hook.is_some() || retains.is_some();
        let extra = has_extra.then(|| Arc::new(Extra { hook, queue: Arc::clone(&queue) }));
        Self { site, queue, extra }
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
        &self.site
    }

    /// The queue inside this process.
    pub(crate) fn queue(&self) -> &Arc<LocalQueue> {
        &self.queue
    }

    /// The last known holder.
    pub(crate) fn lately(&self) -> &Lately {
        self.site.lately()
    }

    pub(crate) fn hook(&self) -> Option<&Hook> {
        self.extra.as_ref()?.hook.as_ref()
    }
}

/// The last handle is gone: what is retained cannot be acquired again.
impl Drop for Extra {
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
