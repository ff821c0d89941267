//! The table from call to system call: one function for each [`Call`](slocket_core::Call), which makes that system call (again, if a
//! signal interrupted it) and returns its result. Nothing here knows the protocol.

#[cfg(target_os = "linux")]
pub(crate) mod fifos;
#[cfg(target_os = "linux")]
pub(crate) mod files;
#[cfg(target_os = "linux")]
pub(crate) mod found;
#[cfg(unix)]
pub(crate) mod lock_files;
#[cfg(target_os = "linux")]
pub(crate) mod messages;
#[cfg(target_os = "linux")]
pub(crate) mod sockets;
#[cfg(unix)]
pub(crate) mod system;

#[cfg(unix)]
pub(crate) use rustix::io;

#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use crate::elsewhere::files;
#[cfg(not(target_os = "linux"))]
pub(crate) use crate::elsewhere::found;
#[cfg(windows)]
pub(crate) use crate::elsewhere::{io, lock_files, system};

use io::Errno;

/// The code of an error, as the core carries it.
pub(crate) fn code(errno: Errno) -> slocket_core::Errno {
    slocket_core::Errno(errno.raw_os_error())
}

/// Whether it was done.
pub(crate) fn done<T>(result: &io::Result<T>) -> slocket_core::DoneResult {
    match result {
        Ok(_) => slocket_core::DoneResult::Done,
        Err(errno) => slocket_core::DoneResult::Failed(code(*errno)),
    }
}

/// The answer to a question.
pub(crate) fn answer(result: io::Result<bool>) -> slocket_core::AnswerResult {
    match result {
        Ok(true) => slocket_core::AnswerResult::Yes,
        Ok(false) => slocket_core::AnswerResult::No,
        Err(errno) => slocket_core::AnswerResult::Failed(code(errno)),
    }
}
