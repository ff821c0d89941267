//! What a call came to.

use crate::result::{AnswerResult, DoneResult, Errno, FlockResult, MakeResult, Misfit, UnlinkResult, results};

results! {
    DoneResult done;
    OpenResult open;
    MakeResult make;
    SeeResult see;
    FlockResult flock;
    AnswerResult answer;
    UnlinkResult unlink;
}

/// Whether a file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpenResult {
    /// It is in its place.
    Opened,
    /// Nothing has the name.
    Missing,
    /// Something has the name that cannot be opened so: a socket, a folder, a link.
    NotAFile,
    /// The lock's file is of a user who is trusted, and may not be opened; a process has it locked, or is about to. Only of
    /// [`Name::Lock`](crate::Name::Lock).
    Held,
    /// The system refused.
    Failed(Errno),
}

/// What an open file is, that should be a lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeeResult {
    /// A regular file that is empty, or has the record of a holder in it, of a user who is trusted.
    LockFile,
    /// The same, of another user.
    Untrusted,
    /// Anything else.
    Other,
    /// The system refused.
    Failed(Errno),
}
