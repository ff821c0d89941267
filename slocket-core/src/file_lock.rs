//! A lock that is a locked file, where sockets cannot be one: other systems, and file systems that other machines see, too
//! ([protocol section 10][protocol]).
//!
//! The machine has the same requests, notices and reports as that of the [socket](crate::Machine), and calls of its own. The process that
//! has the file at the lock's path locked has the *turn*. The holder keeps the turn; a process that takes a share has it only as
//! long as that takes, and keeps the file of its share locked instead.
//!
//! [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#10-where-the-lock-is-a-locked-file

pub(crate) mod call;
mod exclude;
mod machine;
mod memory;
mod release;
mod result;
mod share;
mod state;
mod turn;

pub use call::{Call, Fault, Mode, Role};
pub use machine::{Event, Machine, Misuse, Step};
pub use memory::Platform;
pub use result::{CallResult, OpenResult, SeeResult};
