//! The watcher of this process: one for all its watches, from the first to a little after the last of them.
//!
//! It is the package `notify`, whose thread reads the events and rings the bells of those that an event is about. What it
//! tells of is only ever a reason to look: a false alarm costs one look, and a missed one is made up for by the timed
//! re-check that each watch has beside it.

use std::collections::BTreeMap;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use notify::event::ModifyKind;
use notify::{Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::address;
use crate::at_path::AtPath;
use crate::bell::Bell;
use crate::closing::{start_thread, without_signals};
use crate::folder::{FolderId, Kept};
use crate::process::{Inherit, PerProcess, Process};

static WATCHER: PerProcess<Slot> = PerProcess::new();

#[derive(Default)]
struct Slot {
    watcher: Option<Watcher>,
    /// A thread is on its way that ends the watcher if it is idle.
    is_seen_to: bool,
}

/// How long a watcher may be idle before it is ended, at the least. To start one takes its time, and to end it the kernel's: some
/// milliseconds. A process that waits again and again has one watcher, rather than many that are about to end.
pub(crate) const LINGERS: Duration = Duration::from_millis(50);

impl Inherit for Slot {
    const NEW: Self = Self { watcher: None, is_seen_to: false };

    /// The thread is the parent's. (Neither is the handle dropped, which would write to that thread, nor is anything closed: a
    /// daemon may have done so, and its numbers may be other files' by now.)
    fn inherit(&mut self) {
        mem::forget(self.watcher.take());
        self.is_seen_to = false;
    }
}

/// Watches a lock's path: the bell rings when something happens to it. `None` if there is no watch: the folder may not be
/// read, no thread is left, no instance or watch of inotify, or the file system is in user space, where a call can take
/// forever, and would keep all other watches waiting.
pub(crate) fn add(at: &AtPath, here: Process) -> Option<(Arc<Bell>, FolderId)> {
    let id = at.folder().watchable()?;
    let bell = Arc::new(Bell::new().ok()?);
    let mut slot = WATCHER.lock(here);
    let watcher = match &mut slot.watcher {
        Some(watcher) => watcher,
        empty => empty.insert(Watcher::start()?),
    };
    let added = watcher.add(at, id.clone(), &bell);
    slot.see_to_end(here);
    added.then_some((bell, id))
}

/// Ends a watch.
pub(crate) fn remove(bell: &Arc<Bell>, folder: &FolderId, here: Process) {
    let mut slot = WATCHER.lock(here);
    if let Some(watcher) = &mut slot.watcher {
        watcher.remove(bell, folder);
    }
    slot.see_to_end(here);
}

impl Slot {
    /// Ends the watcher before long, if it has nothing to watch.
    fn see_to_end(&mut self, here: Process) {
        let is_idle = self.watcher.as_ref().is_some_and(Watcher::is_idle);
        if is_idle && !self.is_seen_to {
            self.is_seen_to = start_thread("slocket-watch", move || end_later(here)).is_ok();
            if !self.is_seen_to {
                self.end_if_idle();
            }
        }
    }

    fn end_if_idle(&mut self) {
        if let Some(watcher) = self.watcher.take_if(|watcher| watcher.is_idle()) {
            watcher.end();
        }
    }
}

/// Ends the watcher if it is idle when the time is over. (What is idle later is seen to then.)
fn end_later(here: Process) {
    thread::sleep(LINGERS);
    let mut slot = WATCHER.lock(here);
    slot.is_seen_to = false;
    if let Some(watcher) = &mut slot.watcher {
        watcher.forget_idle_folders();
    }
    slot.end_if_idle();
}

struct Watcher {
    notify: RecommendedWatcher,
    folders: BTreeMap<FolderId, Watched>,
    bells: Arc<Bells>,
}

/// A folder that is watched.
struct Watched {
    /// What notify knows it by.
    path: PathBuf,
    /// A descriptor of the folder, to which that path leads: no other file has the number as long as notify knows the folder by that path.
    _folder: Kept,
    bells: Vec<(PathBuf, Arc<Bell>)>,
}

impl Watcher {
    /// Starts a thread, which takes no signals: it inherits that.
    fn start() -> Option<Self> {
        // Without a thread, notify would keep a descriptor for ever. So this is asked first.
        start_thread("slocket-watch", || ()).ok()?;
        let bells = Arc::new(Bells::default());
        let ringer = Arc::clone(&bells);
        let ring = move |event: notify::Result<Event>| ringer.tell(event);
        let notify = without_signals(|| RecommendedWatcher::new(ring, Config::default())).ok()?.ok()?;
        let mut watcher = Self { notify, folders: BTreeMap::new(), bells };
        if watcher.answers() {
            Some(watcher)
        } else {
            watcher.end();
            None
        }
    }

    /// Whether notify's thread is there. If it is not, every other call of notify's panics, its drop among them.
    fn answers(&mut self) -> bool {
        self.notify.configure(Config::default()).is_ok()
    }

    /// Ends the thread.
    fn end(mut self) {
        if !self.answers() {
            mem::forget(self);
        }
    }

    /// (No lock is held that the thread takes when it rings: this waits for its answer.)
    fn add(&mut self, at: &AtPath, id: FolderId, bell: &Arc<Bell>) -> bool {
        let bell = || (address::as_path(at.name()).to_path_buf(), Arc::clone(bell));
        if let Some(watched) = self.folders.get_mut(&id) {
            let (name, bell) = bell();
            self.bells.add(&watched.path, &name, &bell);
            watched.bells.push((name, bell));
            return true;
        }
        let Some(folder) = at.folder().keep() else { return false };
        let (name, bell) = bell();
        for path in at.ways(&folder) {
            if !self.answers() {
                return false;
            }
            // First the bell: the caller looks as soon as it is told that the path is watched.
            self.bells.add(&path, &name, &bell);
            match self.notify.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    let watched = Watched { path, _folder: folder, bells: vec![(name, bell)] };
                    self.folders.insert(id, watched);
                    return true;
                }
                Err(error) => {
                    self.bells.remove(&path, &name, &bell);
                    if !matches!(error.kind, ErrorKind::PathNotFound) {
                        return false;
                    }
                }
            }
        }
        false
    }

    fn remove(&mut self, bell: &Arc<Bell>, id: &FolderId) {
        let Some(watched) = self.folders.get_mut(id) else { return };
        let Some(index) = watched.bells.iter().position(|(_, each)| Arc::ptr_eq(each, bell)) else { return };
        let (name, bell) = watched.bells.swap_remove(index);
        self.bells.remove(&watched.path, &name, &bell);
    }

    /// Whether there is nothing to watch.
    fn is_idle(&self) -> bool {
        self.folders.values().all(|watched| watched.bells.is_empty())
    }

    /// Watches folders no longer in which nothing is to be watched. (If there is no other, they end with the thread.)
    fn forget_idle_folders(&mut self) {
        if self.is_idle() {
            return;
        }
        let idle: Vec<FolderId> =
            self.folders.iter().filter(|(_, watched)| watched.bells.is_empty()).map(|(id, _)| id.clone()).collect();
        for id in idle {
            if let Some(watched) = self.folders.remove(&id)
                && self.answers()
            {
                // (It fails if the folder is gone.)
                let _ = self.notify.unwatch(&watched.path);
            }
        }
    }
}

/// Which bells to ring, by the path that notify names: the folder's path for what happens to the folder itself.
#[derive(Default)]
struct Bells(Mutex<BTreeMap<PathBuf, Vec<Arc<Bell>>>>);

impl Bells {
    fn add(&self, folder: &Path, name: &Path, bell: &Arc<Bell>) {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for path in [folder.to_path_buf(), folder.join(name)] {
            bells.entry(path).or_default().push(Arc::clone(bell));
        }
    }

    fn remove(&self, folder: &Path, name: &Path, bell: &Arc<Bell>) {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for path in [folder.to_path_buf(), folder.join(name)] {
            if let Some(there) = bells.get_mut(&path) {
                there.retain(|each| !Arc::ptr_eq(each, bell));
                if there.is_empty() {
                    bells.remove(&path);
                }
            }
        }
    }

    /// Rings for an event.
    fn tell(&self, event: notify::Result<Event>) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Ok(event) if !event.need_rescan() => {
                if is_change(event.kind) {
                    let of_event = event.paths.iter().flat_map(|path| of_event(path));
                    of_event.filter_map(|path| bells.get(path)).flatten().for_each(|bell| bell.ring());
                }
            }
            // Some were lost, or cannot be read.
            Ok(_) | Err(_) => bells.values().flatten().for_each(|bell| bell.ring()),
        }
    }
}

/// What an event is about. The BSDs tell of one file for several that changed in a folder: so the folder is as good as the file.
fn of_event(path: &Path) -> impl Iterator<Item = &Path> {
    let folder = if cfg!(target_os = "linux") { None } else { path.parent() };
    [Some(path), folder].into_iter().flatten()
}

/// Whether a name came, went or moved, or its mode, its mark or its owner changed. Opening the folder does not count: the search
/// for the reason of an alarm does that.
fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(_) | EventKind::Modify(ModifyKind::Data(_)))
}
