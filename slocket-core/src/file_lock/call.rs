//! What comes out of the machine: one system call at a time.

use super::result::{CallResult, OpenResult, SeeResult};
use crate::call::Name;
use crate::result::{AnswerResult, DoneResult, Errno, FlockResult, MakeResult, UnlinkResult};

/// One system call for the driver to make, at once and without blocking. Each is answered by the result that its docs name, before
/// anything else is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// open(2) of a name, for reading and writing, without following a link, into an empty place → [`OpenResult`].
    Open(Role, Name),
    /// The same, of a file that is made, and replaces nothing (`O_CREAT | O_EXCL`) → [`MakeResult`].
    Make(Role, Name),
    /// fchmod(2) of a file that was made just now: the mode that was asked for, whatever the umask → [`DoneResult`].
    SetMode(Role),
    /// fstat(2) and, unless it is empty, read(2): is it a lock file? → [`SeeResult`].
    See(Role),
    /// flock(2), not blocking → [`FlockResult`].
    Lock(Role, Mode),
    /// flock(2): gives that back → [`DoneResult`].
    Unlock(Role),
    /// fstat(2) and stat(2): has this name still that file? → [`AnswerResult`].
    Compare(Role, Name),
    /// write(2): the process that has the turn → [`DoneResult`].
    Record,
    /// unlink(2) → [`UnlinkResult`].
    Unlink(Name),
    /// futimens(2) of [`Role::Turn`]: wakes the processes that watch the path → [`DoneResult`]. The time of its last change becomes one
    /// in January 1970, another one each time: no other change leaves such a time.
    Touch,
    /// fstat(2) of [`Role::Turn`]: is the time of its last change one that [`Call::Touch`] sets? A [`Call::Record`] ends that
    /// → [`AnswerResult`].
    WasTouched,
    /// Watches the path, if the system has a watch to give: [`Role::Watch`] → [`AnswerResult`].
    Watch,
    /// close(2): empties the place → [`DoneResult`].
    Close(Role),
}

/// A place for an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The file at the lock's path. The process that has it locked has the turn.
    Turn,
    /// A file of shares that is looked at.
    Look,
    /// The file of the share that this process has, or is taking.
    Share,
    /// The watch on the path.
    Watch,
}

/// How a file is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `LOCK_SH`.
    Shared,
    /// `LOCK_EX`.
    Exclusive,
}

/// A system call that failed, and its error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The call.
    pub call: Call,
    /// Its error code.
    pub errno: Errno,
}

impl Call {
    /// The result that says that the system refused it.
    #[must_use]
    pub fn failed(self, errno: Errno) -> CallResult {
        match self {
            Self::Open(..) => OpenResult::Failed(errno).into(),
            Self::Make(..) => MakeResult::Failed(errno).into(),
            Self::See(_) => SeeResult::Failed(errno).into(),
            Self::Lock(..) => FlockResult::Failed(errno).into(),
            Self::Compare(..) | Self::WasTouched | Self::Watch => AnswerResult::Failed(errno).into(),
            Self::Unlink(_) => UnlinkResult::Failed(errno).into(),
            Self::SetMode(_) | Self::Unlock(_) | Self::Record | Self::Touch | Self::Close(_) => {
                DoneResult::Failed(errno).into()
            }
        }
    }
}
