//! A listening, marked socket comes to the path (protocol section 2, "Publishing the socket").
//!
//! *In place*: under the shared guard of the folder, which keeps reclaimers away, the socket is bound at the path, given the
//! times of the mark, and listens; then the guard is given back. A probe that came before it is registered would call it dead.
//!
//! *Aside*: where no guard is available, or the umask would spoil the mode, it is bound, marked and made to listen under
//! a temporary name, and moved to the path without replacing anything: what is visible is alive. Dead temporary names are
//! swept first.
//!
//! At an abstract name: bound, and made to listen. The name is taken and the socket found by others in one instant.

use crate::call::{Call, Flock, Kind, Mode, Name, Role, Times, Way};
use crate::memory::Memory;
use crate::next::{Next, Stepped, call, done};
use crate::platform::{Home, Ways};
use crate::report::{Failure, Fault};
use crate::result::{
    AnswerResult, BindResult, CallResult, DoneResult, Errno, FileKind, FileSystemResult, FlockResult, Found, ModeFit,
    OpenResult, ProcResult, RenameResult, StatResult,
};
use crate::{sweep, times};

/// How publishing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Published {
    /// Our socket is at the path and listens.
    Listening,
    /// Something is at the path already.
    InUse,
    /// Our temporary name was swept, or our socket removed: again, after a random pause.
    Swept,
    /// It cannot be done.
    Failed(Failure),
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Socket,
    OpenGuard,
    Guard,
    LeaveGuard,
    SeeFileSystem,
    // Aside.
    LookFirst,
    Sweep(sweep::Step),
    ChooseName,
    // Both, from here on.
    SetMode,
    Bind {
        way: Way,
        is_last: bool,
    },
    SeeProc(Way, Errno),
    SeeWhatWasMade(Way, Errno),
    RemoveWhatWasMade,
    Settle(Settle),
    Listen,
    // Aside.
    Rename,
    Link,
    UnlinkOld,
    LookLast,
    // What was bound in vain goes.
    Discard(Published),
    OpenDiscarded(Published),
    LookAtDiscarded(Published),
    RemoveDiscarded(Published),
    /// What is left open is closed.
    Clean(Published),
}

/// A new socket gets the times of the mark, and its mode where the umask took bits away.
///
/// A user who may rename in the folder can have put another file in its place: only our new socket is touched, and where
/// there can be such a user it is held fast first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Settle {
    Look,
    SetTimesOfName,
    Open,
    LookAtFile,
    AskKernel,
    SeeFileSystem,
    SetTimes(times::Step),
    SetMode,
    Remove(Fault),
    Close,
}

type Going = Stepped<Step, Published>;

/// Begins.
pub(crate) fn begin() -> Next<Step, Published> {
    Next::Call(Call::Socket(Role::Listener, Kind::Stream), Step::Socket)
}

/// Takes a result.
#[inline]
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Going {
    match step {
        Step::Socket => match result.done()? {
            DoneResult::Failed(errno) => failed(memory, Call::Socket(Role::Listener, Kind::Stream), errno),
            DoneResult::Done if memory.platform.home == Home::Name => bind(memory, Way::Abstract, false),
            DoneResult::Done if first_way(memory).is_none() => look_first(),
            // Where the umask takes bits away, the mode is corrected before other processes see the socket.
            DoneResult::Done if memory.hints.spoiled => call(Call::FileSystem, Step::SeeFileSystem),
            DoneResult::Done => call(Call::OpenFolder(Role::Guard), Step::OpenGuard),
        },

        // ---- In place, under the shared guard.
        Step::OpenGuard => match result.open()? {
            OpenResult::Opened => call(Call::Flock(Flock::Shared), Step::Guard),
            OpenResult::Missing | OpenResult::Denied(_) | OpenResult::Failed(_) => {
                call(Call::FileSystem, Step::SeeFileSystem)
            }
        },
        Step::Guard => match result.flock()? {
            FlockResult::Locked => set_mode(),
            FlockResult::Busy | FlockResult::Failed(_) => call(Call::Close(Role::Guard), Step::LeaveGuard),
        },
        Step::LeaveGuard => {
            result.done()?;
            call(Call::FileSystem, Step::SeeFileSystem)
        }
        Step::SeeFileSystem => match result.file_system()? {
            FileSystemResult::Local => look_first(),
            // Where no process removes dead sockets, no guard is needed; and a file system in user space (FUSE) may give a socket
            // that is moved to the path another inode, at which no process reaches it.
            FileSystemResult::Elsewhere => set_mode(),
            FileSystemResult::Failed(errno) => failed(memory, Call::FileSystem, errno),
        },

        // ---- Aside, under a temporary name.
        Step::LookFirst => match result.stat()? {
            StatResult::Found(_) => clean(memory, Published::InUse),
            StatResult::Missing => sweep::begin(memory.known_probe()).inside(Step::Sweep, |()| choose_name()),
            StatResult::Failed(errno) => failed(memory, Call::Stat(Name::Lock), errno),
        },
        Step::Sweep(inner) => sweep::next(inner, result, memory)?.inside(Step::Sweep, |()| choose_name()),
        Step::ChooseName => match result.done()? {
            DoneResult::Done => {
                memory.aside = true;
                set_mode()
            }
            DoneResult::Failed(errno) => failed(memory, Call::Random, errno),
        },

        // ---- Either way: bind, look, mark, listen.
        Step::SetMode => match (result.done()?, first_way(memory)) {
            (DoneResult::Done, Some(way)) => bind(memory, way, false),
            (DoneResult::Done, None) => clean(memory, Published::Failed(Failure::TooLong)),
            (DoneResult::Failed(errno), _) => failed(memory, Call::SetSocketMode, errno),
        },
        Step::Bind { way, is_last } => match result.bind()? {
            BindResult::Bound if way == Way::Abstract => call(Call::Listen, Step::Listen),
            BindResult::Bound => settle(memory),
            // (That a temporary name is taken happens once in 2^64 times.)
            BindResult::InUse if memory.aside => clean(memory, Published::Swept),
            BindResult::InUse => clean(memory, Published::InUse),
            // The folder was moved, or `/proc` does not lead to it: it is reached the other way, if at all.
            BindResult::Missing(errno) if !is_last && way != Way::Abstract => {
                call(Call::StatProc, Step::SeeProc(way, errno))
            }
            BindResult::Broken(errno) if way != Way::Abstract => {
                call(Call::Stat(name(memory)), Step::SeeWhatWasMade(way, errno))
            }
            BindResult::Missing(errno) | BindResult::Broken(errno) | BindResult::Failed(errno) => {
                failed(memory, Call::Bind(name(memory), way), errno)
            }
        },
        Step::SeeProc(tried, errno) => {
            let leads = result.proc()? == ProcResult::Leads;
            memory.hints.unfixed |= leads;
            let (fits, way) = if leads { (ways(memory).proc, Way::Proc) } else { (ways(memory).path, Way::Path) };
            if fits { bind(memory, way, true) } else { failed(memory, Call::Bind(name(memory), tried), errno) }
        }
        // Some file systems in user space make an empty file where a socket was asked for; a waiter that found it would wait for it to
        // go. (The name was free, or bind would have said that it is taken: so the file is that of our bind.)
        Step::SeeWhatWasMade(way, errno) => match result.stat()? {
            StatResult::Found(found) if found.kind == FileKind::EmptyFile => {
                call(Call::Unlink(name(memory)), Step::RemoveWhatWasMade)
            }
            StatResult::Found(_) | StatResult::Missing | StatResult::Failed(_) => {
                failed(memory, Call::Bind(name(memory), way), errno)
            }
        },
        Step::RemoveWhatWasMade => {
            result.unlink()?;
            clean(memory, Published::Failed(Failure::NoSockets))
        }
        Step::Settle(settle) => next_in_settle(settle, result, memory),
        Step::Listen => match result.done()? {
            DoneResult::Done if memory.aside => call(Call::Rename(Name::Temporary), Step::Rename),
            DoneResult::Done => clean(memory, Published::Listening),
            // (An abstract name is gone with its socket.)
            DoneResult::Failed(errno) if memory.platform.home == Home::Name => failed(memory, Call::Listen, errno),
            DoneResult::Failed(errno) => discard(memory, fault(Call::Listen, errno)),
        },
        Step::Rename => moved(result.rename()?, memory, Call::Rename(name(memory))),
        Step::Link => match result.rename()? {
            // The path is ours from here on. A sweeper that has looked early may have removed the other name already.
            RenameResult::Renamed => call(Call::Unlink(name(memory)), Step::UnlinkOld),
            RenameResult::Unsupported(errno) => discard(memory, fault(Call::Link(name(memory)), errno)),
            other @ (RenameResult::Exists | RenameResult::Missing | RenameResult::Failed(_)) => {
                moved(other, memory, Call::Link(name(memory)))
            }
        },
        Step::UnlinkOld => {
            result.unlink()?;
            look_last(memory)
        }
        // A user who may rename in the folder can have put another file in its place, which is at the path now.
        Step::LookLast => match result.stat()? {
            StatResult::Found(found) if Some(found.inode) == memory.listener => clean(memory, Published::Listening),
            StatResult::Found(_) | StatResult::Missing => discard(memory, Published::Swept),
            StatResult::Failed(errno) => discard(memory, fault(Call::Stat(Name::Lock), errno)),
        },
        Step::Discard(published) => match result.stat()? {
            StatResult::Found(found) => remove_if_ours(memory, &found, published),
            StatResult::Missing => clean(memory, published),
            // (It is not removed unseen: at the path it can be another's, if the folder was moved.)
            StatResult::Failed(_) if memory.places.is_full(Role::Pin) => look_at_discarded(published),
            StatResult::Failed(_) => call(Call::Open(Role::Pin, name(memory)), Step::OpenDiscarded(published)),
        },
        Step::OpenDiscarded(published) => match result.open()? {
            OpenResult::Opened => look_at_discarded(published),
            OpenResult::Missing | OpenResult::Denied(_) | OpenResult::Failed(_) => clean(memory, published),
        },
        Step::LookAtDiscarded(published) => match result.stat()? {
            StatResult::Found(found) => remove_if_ours(memory, &found, published),
            StatResult::Missing | StatResult::Failed(_) => clean(memory, published),
        },
        Step::RemoveDiscarded(published) => {
            result.unlink()?;
            clean(memory, published)
        }
        Step::Clean(published) => {
            result.done()?;
            clean(memory, published)
        }
    }
}

/// The name that the socket is bound at.
fn name(memory: &Memory) -> Name {
    if memory.aside { Name::Temporary } else { Name::Lock }
}

/// By which addresses the socket can be bound.
fn ways(memory: &Memory) -> Ways {
    if memory.aside { memory.platform.temporary } else { memory.platform.lock }
}

/// By which address the socket is bound first, if one fits: the path, under which others see it; or by way of the open folder
/// where the path is too long, or another user could exchange a folder on the way.
fn first_way(memory: &Memory) -> Option<Way> {
    let ways = ways(memory);
    match (ways.path && !memory.hints.unfixed, ways.proc) {
        (true, _) => Some(Way::Path),
        (false, true) => Some(Way::Proc),
        (false, false) => None,
    }
}

fn look_first() -> Going {
    call(Call::Stat(Name::Lock), Step::LookFirst)
}

fn choose_name() -> Going {
    call(Call::Random, Step::ChooseName)
}

fn set_mode() -> Going {
    call(Call::SetSocketMode, Step::SetMode)
}

fn bind(memory: &Memory, way: Way, is_last: bool) -> Going {
    call(Call::Bind(name(memory), way), Step::Bind { way, is_last })
}

fn settle(memory: &Memory) -> Going {
    if memory.platform.is_private {
        call(Call::Stat(name(memory)), Step::Settle(Settle::Look))
    } else {
        hold_fast(memory)
    }
}

fn hold_fast(memory: &Memory) -> Going {
    call(Call::Open(Role::Pin, name(memory)), Step::Settle(Settle::Open))
}

fn next_in_settle(step: Settle, result: &CallResult, memory: &mut Memory) -> Going {
    match step {
        Settle::Look => match result.stat()? {
            StatResult::Found(found) if found.is_our_new_socket() && found.mode == ModeFit::Exact => {
                memory.listener = Some(found.inode);
                call(Call::SetTimesOfName(name(memory)), Step::Settle(Settle::SetTimesOfName))
            }
            StatResult::Found(_) => hold_fast(memory),
            StatResult::Missing => gone(memory),
            StatResult::Failed(errno) => discard(memory, fault(Call::Stat(name(memory)), errno)),
        },
        // Where the system does not do it, the socket carries the mark that bind gave it.
        Settle::SetTimesOfName => {
            result.times()?;
            listen()
        }
        Settle::Open => match result.open()? {
            OpenResult::Opened => call(Call::StatFile(Role::Pin), Step::Settle(Settle::LookAtFile)),
            OpenResult::Missing => gone(memory),
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => {
                discard(memory, fault(Call::Open(Role::Pin, name(memory)), errno))
            }
        },
        Settle::LookAtFile => match result.stat()? {
            StatResult::Found(found) => {
                // (Where no other user can have put another file there, the kernel may have changed the mode itself.)
                let is_ours = found.is_our_new_socket() || memory.platform.is_private && found.is_our_unmarked_socket();
                if is_ours {
                    mark(memory)
                } else if found.is_our_unmarked_socket() {
                    // An administrator may have changed its mode meanwhile.
                    call(Call::CompareBoundFile, Step::Settle(Settle::AskKernel))
                } else if found.is_socket() {
                    see_file_system()
                } else {
                    gone(memory)
                }
            }
            StatResult::Missing => gone(memory),
            StatResult::Failed(errno) => discard(memory, fault(Call::StatFile(Role::Pin), errno)),
        },
        Settle::AskKernel => match result.answer()? {
            AnswerResult::Yes => mark(memory),
            AnswerResult::No | AnswerResult::Failed(_) => see_file_system(),
        },
        // One whose owner the file system makes up keeps the mark that bind gave it.
        Settle::SeeFileSystem => match result.file_system()? {
            FileSystemResult::Elsewhere => {
                memory.listener = memory.pin.map(|found| found.inode);
                call(Call::Close(Role::Pin), Step::Settle(Settle::Close))
            }
            FileSystemResult::Local => gone(memory),
            FileSystemResult::Failed(errno) => discard(memory, fault(Call::FileSystem, errno)),
        },
        Settle::SetTimes(inner) => times::next(inner, result)?.inside(in_times, |_| settle_mode(memory)),
        Settle::SetMode => match result.done()? {
            DoneResult::Done => call(Call::Close(Role::Pin), Step::Settle(Settle::Close)),
            DoneResult::Failed(errno) => {
                let fault = Fault::new(Call::SetMode(Role::Pin, Mode::AsAsked), errno);
                call(Call::Unlink(name(memory)), Step::Settle(Settle::Remove(fault)))
            }
        },
        Settle::Remove(fault) => {
            result.unlink()?;
            clean(memory, Published::Failed(Failure::Call(fault)))
        }
        Settle::Close => {
            result.done()?;
            listen()
        }
    }
}

/// What is held fast is the new socket.
fn mark(memory: &mut Memory) -> Going {
    memory.listener = memory.pin.map(|found| found.inode);
    times::begin(Role::Pin, Times::Marked).inside(in_times, |_| settle_mode(memory))
}

fn see_file_system() -> Going {
    call(Call::FileSystem, Step::Settle(Settle::SeeFileSystem))
}

fn in_times(step: times::Step) -> Step {
    Step::Settle(Settle::SetTimes(step))
}

/// From here on such a socket is published aside, where no process sees it before its mode is right.
fn settle_mode(memory: &mut Memory) -> Going {
    if memory.pin.is_some_and(|found| found.mode == ModeFit::Exact) {
        return call(Call::Close(Role::Pin), Step::Settle(Settle::Close));
    }
    memory.hints.spoiled = true;
    call(Call::SetMode(Role::Pin, Mode::AsAsked), Step::Settle(Settle::SetMode))
}

fn listen() -> Going {
    call(Call::Listen, Step::Listen)
}

/// The new socket is not in the lock's folder: it was removed, or the folder was moved.
fn gone(memory: &mut Memory) -> Going {
    memory.hints.unfixed = true;
    if memory.aside { discard(memory, Published::Swept) } else { clean(memory, Published::Swept) }
}

fn moved(result: RenameResult, memory: &mut Memory, asked: Call) -> Going {
    match result {
        RenameResult::Renamed => look_last(memory),
        RenameResult::Exists => discard(memory, Published::InUse),
        RenameResult::Missing => discard(memory, Published::Swept),
        // The file system cannot: a second name, then without the first, does the same.
        RenameResult::Unsupported(_) => call(Call::Link(name(memory)), Step::Link),
        RenameResult::Failed(errno) => discard(memory, fault(asked, errno)),
    }
}

fn look_last(memory: &mut Memory) -> Going {
    if memory.platform.is_private {
        clean(memory, Published::Listening)
    } else {
        call(Call::Stat(Name::Lock), Step::LookLast)
    }
}

/// Removes a socket that was bound in vain, unless a sweep has removed it.
fn discard(memory: &Memory, published: Published) -> Going {
    call(Call::Stat(name(memory)), Step::Discard(published))
}

fn look_at_discarded(published: Published) -> Going {
    call(Call::StatFile(Role::Pin), Step::LookAtDiscarded(published))
}

fn remove_if_ours(memory: &mut Memory, found: &Found, published: Published) -> Going {
    if is_to_be_discarded(memory, found) {
        call(Call::Unlink(name(memory)), Step::RemoveDiscarded(published))
    } else {
        clean(memory, published)
    }
}

/// Whether the file of that name is the socket that was bound in vain. No other process removes a live socket; but a user who may
/// rename in the folder can have put another file in its place: our files never have the sticky bit by chance. At the path, a file that
/// is marked already is another process's lock: the folder was moved.
fn is_to_be_discarded(memory: &Memory, found: &Found) -> bool {
    let is_bound_by_us = found.is_sticky || memory.platform.is_private;
    match (memory.aside, memory.listener) {
        (true, listener) => listener == Some(found.inode) || is_bound_by_us && found.is_our_socket(),
        (false, Some(inode)) => found.inode == inode,
        (false, None) => is_bound_by_us && found.is_our_unmarked_socket(),
    }
}

fn fault(call: Call, errno: Errno) -> Published {
    Published::Failed(Failure::Call(Fault::new(call, errno)))
}

fn failed(memory: &mut Memory, call: Call, errno: Errno) -> Going {
    clean(memory, fault(call, errno))
}

/// Closes what is left open, the guard among it, then ends.
#[inline]
fn clean(memory: &mut Memory, published: Published) -> Going {
    let listens = matches!(published, Published::Listening);
    let socket = if listens { None } else { Some(Role::Listener) };
    if let Some(close) = memory.litter(socket) {
        return call(close, Step::Clean(published));
    }
    memory.aside = false;
    memory.hints.in_use = matches!(published, Published::InUse);
    if !listens {
        memory.listener = None;
    }
    done(published)
}
