//! The command line of `slocket wait`.

use std::num::NonZeroU16;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};

use crate::target::Target;
use crate::want::Want;
use crate::{duration, exit, slots};

/// Wait until a lock is free, without taking it
///
/// Does not queue, so all waiters are served first: it returns when no process
/// holds the lock or waits for it. Another process may take the lock a moment
/// later.
///
/// Notices a release at once, and within half a second that a holder was killed,
/// that an abstract name is free, or that a share was given back.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::of_wait())]
pub(crate) struct Wait {
    /// Wait no longer than this: 1.5, 1.5s, 200ms, 2m, 1h
    ///
    /// A number without a unit is seconds. 0 looks once.
    #[arg(short = 'w', long = "wait", alias = "timeout", value_name = "DURATION", allow_hyphen_values = true, value_parser = duration::parse)]
    pub(crate) wait: Option<Duration>,

    /// Wait until a shared lock is available
    ///
    /// It is when no process holds the lock or waits for it. Other shared locks
    /// and slots are not in the way.
    #[arg(verbatim_doc_comment, short = 's', long = "shared", conflicts_with = "slots")]
    pub(crate) shared: bool,

    /// Wait until one of N slots is free
    ///
    /// And no process holds the lock or waits for it. N is a number, 1 to 65535,
    /// or cpus, as for run.
    #[arg(verbatim_doc_comment, long, value_name = "N", allow_hyphen_values = true, value_parser = slots::parse)]
    pub(crate) slots: Option<NonZeroU16>,

    /// Say nothing about a lock that is held
    #[arg(short = 'q', long = "quiet")]
    pub(crate) quiet: bool,

    /// The lock, or @NAME for an abstract name
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, value_parser = OsStringValueParser::new().try_map(|typed| Target::parse(&typed)))]
    pub(crate) lock: Target,
}

impl Wait {
    /// What the user waits for.
    pub(crate) fn want(&self) -> Want {
        Want::of(self.shared, self.slots)
    }
}
