//! What the system calls do.

use slocket_core::file_lock::{Call, CallResult, Mode, OpenResult, Role, SeeResult};
use slocket_core::{AnswerResult, DoneResult, FlockResult, MakeResult, Name, UnlinkResult};

use super::configuration::{Configuration, Kind};
use super::world::{Duplicate, Inode, Lock, NAMES, Open, Watch, World};
use crate::broken::Broken;

const DONE: CallResult = CallResult::DoneResult(DoneResult::Done);

pub(super) const TURN: usize = 0;

/// Where a name is kept.
pub(super) fn index(name: Name) -> usize {
    let index = match name {
        Name::Lock => 0,
        Name::Shared => 1,
        Name::Slot(slot) => 2 + usize::from(slot),
        Name::Temporary | Name::Swept => usize::MAX,
    };
    assert!(index < NAMES, "{name:?} is none of the names");
    index
}

/// Which place that is: none for the watch.
pub(super) fn place(role: Role) -> Option<usize> {
    match role {
        Role::Turn => Some(TURN),
        Role::Look => Some(1),
        Role::Share => Some(2),
        Role::Watch => None,
    }
}

impl World {
    /// Makes the call.
    pub(super) fn perform(&mut self, process: usize, configuration: &Configuration, call: Call) -> CallResult {
        match call {
            Call::Open(role, name) => match self.names[index(name)] {
                None => OpenResult::Missing.into(),
                Some(file) if self.kind(file) == Kind::Folder => OpenResult::NotAFile.into(),
                Some(file) => {
                    self.fill(process, configuration, role, file);
                    OpenResult::Opened.into()
                }
            },
            Call::Make(_, name) if self.names[index(name)].is_some() => MakeResult::Exists.into(),
            Call::Make(role, name) => {
                let file = self.make_file(Kind::Lock);
                self.names[index(name)] = Some(file);
                self.fill(process, configuration, role, file);
                MakeResult::Made.into()
            }
            Call::SetMode(role) => {
                self.file(process, configuration, role);
                DONE
            }
            Call::See(role) => match self.file(process, configuration, role).map(|open| self.kind(open.file)) {
                Some(Kind::Lock) => SeeResult::LockFile.into(),
                Some(Kind::Foreign | Kind::Folder) | None => SeeResult::Other.into(),
            },
            Call::Lock(role, mode) => self.lock(process, configuration, role, mode).into(),
            Call::Unlock(role) => {
                self.set_lock(process, configuration, role, Lock::None);
                DONE
            }
            Call::Compare(role, name) => {
                let file = self.file(process, configuration, role).map(|open| open.file);
                if self.names[index(name)] == file { AnswerResult::Yes } else { AnswerResult::No }.into()
            }
            Call::Record => {
                match self.turn(process) {
                    Some(turn) => self.file_mut(turn.file).is_touched = false,
                    None => self.breaks(configuration, Broken::Misuse),
                }
                DONE
            }
            Call::Unlink(name) => self.unlink(process, configuration, name).into(),
            Call::Touch => {
                // (A file that has no name any more is not watched.)
                if let Some(open) = self.file(process, configuration, Role::Turn) {
                    self.file_mut(open.file).is_touched = true;
                    if self.names[index(Name::Lock)] == Some(open.file) {
                        self.changes(Name::Lock);
                    }
                }
                DONE
            }
            Call::WasTouched => {
                let file = self.file(process, configuration, Role::Turn).map(|open| open.file);
                let is_touched = file.is_some_and(|file| self.file_mut(file).is_touched);
                if is_touched { AnswerResult::Yes } else { AnswerResult::No }.into()
            }
            Call::Watch if configuration.watch => {
                self.processes[process].watch = Watch::Armed;
                AnswerResult::Yes.into()
            }
            Call::Watch => AnswerResult::No.into(),
            Call::Close(role) => {
                self.close(process, configuration, role);
                DONE
            }
        }
    }

    /// The same, and it fails. (What fails to be closed is closed nevertheless.)
    pub(super) fn fail(&mut self, process: usize, configuration: &Configuration, call: Call) -> CallResult {
        if let Call::Close(role) = call {
            self.close(process, configuration, role);
        }
        call.failed(slocket_core::Errno(5))
    }

    /// The file at the path, if the process has it locked.
    pub(super) fn turn(&self, process: usize) -> Option<Open> {
        let turn = self.processes[process].places[TURN];
        turn.filter(|open| open.lock == Lock::Exclusive && self.names[index(Name::Lock)] == Some(open.file))
    }

    fn kind(&self, file: u8) -> Kind {
        self.files[usize::from(file)].expect("it is there").kind
    }

    fn file_mut(&mut self, file: u8) -> &mut Inode {
        self.files[usize::from(file)].as_mut().expect("it is there")
    }

    fn file(&mut self, process: usize, configuration: &Configuration, role: Role) -> Option<Open> {
        let open = place(role).and_then(|place| self.processes[process].places[place]);
        if open.is_none() {
            self.breaks(configuration, Broken::Misuse);
        }
        open
    }

    fn fill(&mut self, process: usize, configuration: &Configuration, role: Role, file: u8) {
        let place = place(role).expect("the watch is not opened");
        if self.processes[process].places[place].is_some() {
            self.breaks(configuration, Broken::Misuse);
        }
        self.processes[process].places[place] = Some(Open { file, lock: Lock::None });
    }

    fn lock(&mut self, process: usize, configuration: &Configuration, role: Role, mode: Mode) -> FlockResult {
        let Some(own) = self.file(process, configuration, role) else { return FlockResult::Busy };
        let place = place(role);
        let others = self.all_open().filter(|(at, open)| {
            open.file == own.file && at.is_none_or(|(other, at)| other != process || Some(at) != place)
        });
        let (busy, lock) = match mode {
            Mode::Shared => (Lock::Exclusive, Lock::Shared),
            Mode::Exclusive => (Lock::Shared, Lock::Exclusive),
        };
        if { others }.any(|(_, open)| open.lock >= busy) {
            return FlockResult::Busy;
        }
        self.set_lock(process, configuration, role, lock);
        FlockResult::Locked
    }

    pub(super) fn set_lock(&mut self, process: usize, configuration: &Configuration, role: Role, lock: Lock) {
        if self.file(process, configuration, role).is_none() {
            return;
        }
        let place = place(role).expect("it is a file");
        self.processes[process].places[place].as_mut().expect("it is open").lock = lock;
    }

    /// Only the process with the turn removes anything, and nothing that another process has locked.
    fn unlink(&mut self, process: usize, configuration: &Configuration, name: Name) -> UnlinkResult {
        let Some(file) = self.names[index(name)] else { return UnlinkResult::Missing };
        if configuration.denies {
            return UnlinkResult::Denied(slocket_core::Errno(1));
        }
        let is_used = self.all_open().any(|(at, open)| {
            let is_others = match at {
                // (What a process has taken that has lost the lock is nothing, as it will be told.)
                Some((other, _)) => other != process && !self.processes[other].has_lost,
                // (A child's copy that could not be unlocked is not a share.)
                None => self.failures == configuration.failures,
            };
            open.file == file && open.lock != Lock::None && is_others
        });
        if is_used || self.turn(process).is_none() {
            self.breaks(configuration, Broken::UnlinksOthers);
        }
        self.names[index(name)] = None;
        self.changes(name);
        UnlinkResult::Removed
    }

    fn close(&mut self, process: usize, configuration: &Configuration, role: Role) {
        let Some(place) = place(role) else {
            if self.processes[process].watch == Watch::None {
                self.breaks(configuration, Broken::Misuse);
            }
            self.processes[process].watch = Watch::None;
            return;
        };
        if self.file(process, configuration, role).is_some() {
            self.close_place(process, place);
        }
    }

    /// A copy of a child keeps it as it is.
    fn close_place(&mut self, process: usize, place: usize) {
        let Some(open) = self.processes[process].places[place].take() else { return };
        if let Some(child) = &mut self.child
            && usize::from(child.parent) == process
            && child.copies[place] == Duplicate::OfParent
        {
            child.copies[place] = Duplicate::Own(open);
        }
    }

    /// The kernel closes all that it had open.
    pub(super) fn close_all(&mut self, process: usize) {
        (0..3).for_each(|place| self.close_place(process, place));
        self.processes[process].watch = Watch::None;
    }

    /// Those that watch the path can tell, from now on. (Not that a file is made: some watches tell that as well, which is a reason to look
    /// and find nothing new.)
    pub(super) fn changes(&mut self, name: Name) {
        if name != Name::Lock {
            return;
        }
        for process in &mut self.processes {
            if process.watch == Watch::Armed {
                process.watch = Watch::Changed;
            }
        }
    }

    /// Whether no other process can tell whether the call was made, and it comes to the same whenever it is made.
    pub(super) fn is_private(&self, process: usize, call: Call) -> bool {
        match call {
            Call::SetMode(_) | Call::See(_) | Call::Close(Role::Watch) => true,
            Call::Close(role) => {
                let open = place(role).and_then(|place| self.processes[process].places[place]);
                open.is_some_and(|open| open.lock == Lock::None)
            }
            Call::Open(..)
            | Call::Make(..)
            | Call::Lock(..)
            | Call::Unlock(_)
            | Call::Compare(..)
            | Call::Record
            | Call::Unlink(_)
            | Call::Touch
            | Call::WasTouched
            | Call::Watch => false,
        }
    }
}
