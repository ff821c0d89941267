//! The command line of `slocket run`.

use std::ffi::OsString;
use std::num::NonZeroU16;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};
use slocket_sync::Home;

use crate::target::Target;
use crate::want::Want;
use crate::{duration, examples, exit, home, mode, shell, slots};

/// Run a command while holding a lock
///
/// Waits for the lock, runs the command, releases the lock and exits with the
/// command's own code. The command inherits standard input, output and error,
/// and gets the signals that this tool gets: HUP, INT, QUIT, TERM, USR1, USR2,
/// WINCH and CONT.
///
/// With -s it holds a shared lock meanwhile, with --slots one of several slots.
///
/// The command inherits the lock: if this tool is killed, the lock stays held
/// until the command, and every process that it started, has ended. If the
/// command leaves a process behind in the background, that process keeps the
/// lock.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::of_run(), after_long_help = examples::of_run())]
pub(crate) struct Run {
    /// Do not wait: give up at once if the lock is held
    #[arg(short = 'n', long = "nonblock", aliases = ["nb", "nonblocking"], conflicts_with = "wait")]
    pub(crate) nonblock: bool,

    /// Wait no longer than this: 1.5, 1.5s, 200ms, 2m, 1h
    ///
    /// A number without a unit is seconds. 0 is the same as -n.
    #[arg(short = 'w', long = "wait", alias = "timeout", value_name = "DURATION", allow_hyphen_values = true, value_parser = duration::parse)]
    pub(crate) wait: Option<Duration>,

    /// Exit with this code, 0 to 255, if the lock is held
    ///
    /// It is held with -n, or not free in time with -w.
    #[arg(short = 'E', long = "conflict-exit-code", value_name = "CODE", allow_hyphen_values = true, default_value_t = exit::CONFLICT)]
    pub(crate) conflict_exit_code: u8,

    /// Permissions of the lock, in octal [default: 0600]
    ///
    /// Users with write permission can use the lock. If the group or others can
    /// write, the tool waits for a lock that another user holds. Otherwise it
    /// refuses (exit code 77), unless it cannot connect to that lock: then it
    /// waits, too. An abstract name has no permissions.
    #[arg(verbatim_doc_comment, long, value_name = "MODE", allow_hyphen_values = true, value_parser = mode::parse)]
    pub(crate) mode: Option<u32>,

    /// Say nothing about a lock that is held
    ///
    /// Neither that the tool waits, nor that the time is up, nor that a process
    /// left behind keeps the lock. The exit code tells.
    #[arg(verbatim_doc_comment, short = 'q', long = "quiet")]
    pub(crate) quiet: bool,

    /// Keep the lock from the command
    ///
    /// The command does not inherit it: the lock is free as soon as this tool has
    /// ended, even if the command, or a process that it left behind, still runs.
    #[arg(verbatim_doc_comment, short = 'o', long = "close")]
    pub(crate) close: bool,

    /// Run this line of shell instead of COMMAND
    ///
    /// Uses the shell in the variable SHELL. Defaults to /bin/sh.
    #[arg(
        short = 'c',
        long = "command",
        value_name = "SCRIPT",
        allow_hyphen_values = true,
        conflicts_with = "command"
    )]
    pub(crate) shell: Option<OsString>,

    /// Take a shared lock: many processes can have one at a time
    ///
    /// For readers. A writer takes the lock itself, and waits until no shared lock
    /// is left. First come, first served: a reader that comes after a writer waits
    /// for it. The command inherits the shared lock, as it does a lock. Only at a
    /// path, and not together with npm's slocket, which ignores shared locks.
    #[arg(
        verbatim_doc_comment,
        short = 's',
        long = "shared",
        overrides_with_all = ["shared", "exclusive"],
        conflicts_with = "slots"
    )]
    pub(crate) shared: bool,

    /// Take one of N slots: at most N commands run at once
    ///
    /// N is a number, 1 to 65535, or cpus: the processors that this process may
    /// use. The variable `SLOCKET_SLOT` contains the number of the command's
    /// slot, from 0. No two commands have the same number; lower numbers are
    /// taken first. First come, first served. Each process chooses its own N at
    /// a path. Taking the lock itself waits until no slot is taken. Only at a
    /// path, and not together with npm's slocket.
    #[arg(
        verbatim_doc_comment,
        long,
        value_name = "N",
        allow_hyphen_values = true,
        conflicts_with = "exclusive",
        value_parser = slots::parse
    )]
    pub(crate) slots: Option<NonZeroU16>,

    /// Take the lock itself: the default
    ///
    /// No other process holds it then, nor has a shared lock, nor a slot. Of -s
    /// and -x the last one counts, as with flock(1).
    #[arg(
        verbatim_doc_comment,
        short = 'x',
        visible_short_alias = 'e',
        long = "exclusive",
        overrides_with_all = ["shared", "exclusive"]
    )]
    pub(crate) exclusive: bool,

    /// What the lock is: socket or file
    ///
    /// By default it is a socket on a file system of this machine, and a locked
    /// file on one that other machines see, too (NFS, SMB, 9P, FUSE). All
    /// processes that use the lock must agree. Waiters for a file are served in
    /// no particular order. An abstract name is a socket.
    #[arg(verbatim_doc_comment, long, value_name = "HOME", value_parser = home::parse)]
    pub(crate) home: Option<Home>,

    /// Print how long it took to get the lock, and the command
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Of flock(1): refused, there is no descriptor to unlock
    #[arg(short = 'u', long = "unlock", hide = true)]
    pub(crate) unlock: bool,

    /// Of flock(1): refused, the tool stays while the command runs
    #[arg(short = 'F', long = "no-fork", hide = true)]
    pub(crate) no_fork: bool,

    /// The lock: a path, or, after an @, an abstract name
    ///
    /// An abstract name is not a file: the kernel keeps it for all processes of
    /// the same network namespace, and any user of the machine can take it. npm's
    /// slocket cannot use it. A file whose name begins with an @ is ./@file.
    #[arg(verbatim_doc_comment, value_name = "PATH", value_hint = ValueHint::AnyPath, value_parser = OsStringValueParser::new().try_map(|typed| Target::parse(&typed)))]
    pub(crate) lock: Target,

    /// The command and its arguments
    #[arg(
        value_name = "COMMAND",
        value_hint = ValueHint::CommandWithArguments,
        required_unless_present_any = ["shell", "unlock", "no_fork"],
        trailing_var_arg = true
    )]
    pub(crate) command: Vec<OsString>,
}

impl Run {
    /// What the user wants of the lock.
    pub(crate) fn want(&self) -> Want {
        Want::of(self.shared, self.slots)
    }

    /// What flock(1), or the tool on another system, can do and this one cannot, with what to do instead.
    pub(crate) fn refused(&self) -> Option<&'static str> {
        if self.unlock {
            Some("-u: there is no descriptor to unlock; the lock is released when the command ends")
        } else if self.no_fork {
            Some("-F: the tool must stay to pass the lock on when the command ends; leave it out")
        } else if self.mode.is_some() && !mode::EXISTS {
            Some(
                "--mode: files have no mode on this system; the permissions of the folder say which users can use the lock",
            )
        } else {
            None
        }
    }

    /// The program to run and its arguments.
    pub(crate) fn words(&self) -> Vec<OsString> {
        match &self.shell {
            None => self.command.clone(),
            Some(script) => shell::words(script),
        }
    }

    /// The program to run.
    pub(crate) fn program(&self) -> OsString {
        self.words().swap_remove(0)
    }
}
