#![no_std]
#![doc = include_str!("lib.md")]
// A new call, result or state is an error in each place that has to handle it.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod accept;
mod call;
mod clean_up;
mod close;
mod close_out;
mod event;
mod exclude;
mod fifo;
pub mod file_lock;
mod give_back;
mod hand_over;
mod inspect;
mod join;
mod leave;
mod machine;
mod make;
mod mark;
mod memory;
mod next;
mod part;
mod places;
mod platform;
mod probe;
mod publish;
mod receive;
mod reclaim;
mod report;
mod result;
pub mod retained;
mod share;
mod state;
mod sweep;
mod times;

pub use call::{Access, Call, Cargo, Flock, Half, Kind, Mode, Name, Question, Role, Target, Times, Way};
pub use event::{Event, Misuse, Notice, Occupied, Policy, Request, Share, Stale, Timer};
pub use machine::{Machine, Step};
pub use platform::{Hints, Home, Platform, Probe, Ways};
pub use report::{Failure, Fault, Inspected, Report};
pub use result::{
    AcceptResult, AnswerResult, BindResult, CallResult, ConnectResult, DoneResult, DrainResult, Errno, FifoResult,
    FileKind, FileSystemResult, FlockResult, Found, Inode, Links, MakeResult, Misfit, ModeFit, NextNameResult,
    OpenResult, Owner, PeerResult, ProbeResult, ProcResult, ReadResult, ReceiveResult, RenameResult, SendResult,
    StatResult, TimesFound, TimesResult, UnlinkResult,
};
pub use state::{Source, Wait};
