//! What may be typed after `slocket status`.

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};

use crate::target::Target;
use crate::{examples, exit};

/// Say who holds a lock and who waits for it
///
/// Queues nowhere and disturbs nobody: it reads what the kernel says of all
/// sockets (see `man 7 sock_diag`). The first line is the state:
///
///   free     nobody holds it
///   held     by the process named
///   shared   by the processes named, which have shared locks or slots: nobody
///            holds it
///   lent     to the process named, which cannot take the lock over (npm's)
///   served   by a server that may lend it, as npm's slocket does: the server or
///            one of its clients holds it, and the kernel does not tell which;
///            or the server is no slocket at all, which it does not tell either
///   stale    a socket that no process has open, as after a kill
///   not a slocket, not a socket: something else is at the path
///
/// Then those who wait, in the order in which they came. (The order of
/// those whom an npm server has accepted is not known.) What could not be seen
/// is said: only root may look into the processes of other users, and nobody
/// into those of another pid or network namespace.
///
/// When somebody began to wait, or came to hold, the kernel does not record. Known
/// are when a process was started, and since when the lock has been in use, be it
/// by one holder or by many in turn.
///
/// For a folder: one line for every socket in it and below.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::of_status(), after_long_help = examples::of_status())]
pub(crate) struct Status {
    /// Write JSON: an object, or for a folder an array of them
    ///
    /// Times are in seconds since 1970. What is not known is left out.
    #[arg(long)]
    pub(crate) json: bool,

    /// The lock, a folder of locks, or @NAME for an abstract name
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, value_parser = OsStringValueParser::new().try_map(|typed| Target::parse(&typed)))]
    pub(crate) lock: Target,
}
