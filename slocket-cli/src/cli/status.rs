//! The command line of `slocket status`.

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};

use crate::target::Target;
use crate::{examples, exit};

/// Show the holder of a lock and its waiters, in order
///
/// Does not queue, and does not disturb other processes: it reads the kernel's
/// tables of sockets (see `man 7 sock_diag`). The first line is the state:
///
///   free     no process holds it
///   held     by the process named
///   shared   by the processes named, which have shared locks or slots: no
///            process holds the lock itself
///   lent     to the process named, an npm client, which cannot take it over
///   served   by a server that may lend it, as npm's slocket does: the server or
///            one of its clients holds it, and the kernel does not tell which;
///            or the server is another program's
///   stale    a socket that no process has open, as after a kill
///   not a slocket, not a socket: something else is at the path
///
/// Then the waiters, in the order in which they came. (The order of clients that
/// an npm server has accepted is unknown.) It says what it could not see: only
/// root can look into processes of other users, and no process into those of
/// another pid or network namespace.
///
/// The kernel does not record when a process began to wait or to hold. Shown
/// instead: when each process started, and how long the lock has been in use, by
/// one holder or by several in turn.
///
/// For a folder: one line for every lock in it and below.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::of_status(), after_long_help = examples::of_status())]
pub(crate) struct Status {
    /// Write JSON: an object, or for a folder an array of them
    ///
    /// Times are in seconds since 1970. Unknown values are left out.
    #[arg(long)]
    pub(crate) json: bool,

    /// Keep showing it, until ^C
    ///
    /// On a terminal the text is drawn again each second. Elsewhere it is written
    /// again whenever something has changed.
    #[arg(verbatim_doc_comment, long)]
    pub(crate) watch: bool,

    /// The lock, a folder of locks, or @NAME for an abstract name
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, value_parser = OsStringValueParser::new().try_map(|typed| Target::parse(&typed)))]
    pub(crate) lock: Target,
}
