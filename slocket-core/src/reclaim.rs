//! A dead socket is removed from the path (protocol section 2, "Reclaim").
//!
//! Under the exclusive guard of the folder, under which no socket is between "visible" and "registered": it is held fast,
//! probed, looked at once more, removed only if it is dead and marked still, and then the dead temporary names are swept.

use crate::call::{Call, Flock, Mode, Name, Role, Times};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::platform::{Home, Probe};
use crate::probe::{self, Probed};
use crate::report::Fault;
use crate::result::{
    CallResult, DoneResult, FileSystemResult, FlockResult, Found, Links, OpenResult, ProbeResult, StatResult,
    UnlinkResult,
};
use crate::{sweep, times};

/// How reclaiming ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reclaimed {
    /// The dead socket is gone.
    Removed,
    /// It is not what it was: missing, replaced or alive.
    Changed,
    /// Another process has the guard.
    Busy,
    /// It does not carry the mark (any more).
    Unmarked,
    /// Nothing tells whether a process has it open.
    Unknown,
    /// We may not unlink it.
    Denied,
    /// No process here has it open, but the file system is not known to be local: it may be alive elsewhere.
    Elsewhere,
    /// A system call failed.
    Failed(Fault),
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// It is removed even if it does not carry the mark: the user has chosen so.
    unmarked_too: bool,
    is_local: bool,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    SeeFileSystem,
    OpenGuard,
    Guard,
    Open,
    LookAtFile,
    AskKernel,
    SetTimes(Probe, times::Step),
    SetMode(Probe),
    Probe(Probe, probe::Step),
    LookAgain(Probe),
    Unlink(Probe),
    Sweep(sweep::Step),
    LookAtName,
    Clean(Reclaimed),
}

type Going = Next<Step, Reclaimed>;

/// Begins.
pub(crate) fn begin(memory: &Memory, unmarked_too: bool) -> Going {
    match memory.platform.home {
        Home::Path => Next::Call(Call::FileSystem, Step { unmarked_too, is_local: false, at: At::SeeFileSystem }),
        // The kernel has done so.
        Home::Name => Next::Done(Reclaimed::Changed),
    }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Stepped<Step, Reclaimed> {
    let Step { unmarked_too, is_local, at } = step;
    let call = |call, at| Next::Call(call, Step { at, ..step });
    let end = |memory: &Memory, reclaimed| clean(step, memory, reclaimed);
    let failed = |memory: &Memory, call, errno| end(memory, Reclaimed::Failed(Fault::new(call, errno)));
    Ok(match at {
        At::SeeFileSystem => match result.file_system()? {
            FileSystemResult::Failed(errno) => failed(memory, Call::FileSystem, errno),
            local @ (FileSystemResult::Local | FileSystemResult::Elsewhere) => {
                let is_local = local == FileSystemResult::Local;
                Next::Call(Call::OpenFolder(Role::Guard), Step { is_local, at: At::OpenGuard, ..step })
            }
        },
        // A process that cannot read the folder cannot repair a crash. Others may, so it waits for them; but no process may where the file system
        // is not known to be local.
        At::OpenGuard => match result.open()? {
            OpenResult::Opened => call(Call::Flock(Flock::Exclusive), At::Guard),
            OpenResult::Missing | OpenResult::Denied(_) | OpenResult::Failed(_) if !is_local => {
                end(memory, Reclaimed::Elsewhere)
            }
            OpenResult::Denied(_) => end(memory, Reclaimed::Busy),
            OpenResult::Missing => end(memory, Reclaimed::Changed),
            OpenResult::Failed(errno) => failed(memory, Call::OpenFolder(Role::Guard), errno),
        },
        At::Guard => match result.flock()? {
            FlockResult::Locked => call(Call::Open(Role::Pin, Name::Lock), At::Open),
            FlockResult::Busy => end(memory, Reclaimed::Busy),
            FlockResult::Failed(_) if !is_local => end(memory, Reclaimed::Elsewhere),
            FlockResult::Failed(errno) => failed(memory, Call::Flock(Flock::Exclusive), errno),
        },
        At::Open => match result.open()? {
            OpenResult::Opened => call(Call::StatFile(Role::Pin), At::LookAtFile),
            OpenResult::Missing => end(memory, Reclaimed::Changed),
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => {
                failed(memory, Call::Open(Role::Pin, Name::Lock), errno)
            }
        },
        At::LookAtFile => match result.stat()? {
            StatResult::Found(found) if !found.is_socket() => end(memory, Reclaimed::Changed),
            // (Where nothing is removed in the end, the kernel is not asked how.)
            StatResult::Found(found) if !is_local => prepare(step, memory, found, Probe::Datagram),
            StatResult::Found(found) => match memory.platform.probe {
                Some(probe) => prepare(step, memory, found, probe),
                None => call(Call::AskKernel, At::AskKernel),
            },
            StatResult::Missing => end(memory, Reclaimed::Changed),
            StatResult::Failed(errno) => failed(memory, Call::StatFile(Role::Pin), errno),
        },
        At::AskKernel => match (result.probe()?, memory.pin) {
            (ProbeResult::Known(probe), Some(found)) => {
                memory.learn(probe);
                prepare(step, memory, found, probe)
            }
            (ProbeResult::Known(_), None) => end(memory, Reclaimed::Changed),
            // Another process sweeps.
            (ProbeResult::Busy, _) => end(memory, Reclaimed::Busy),
            // A process that may not make a socket in the folder may not remove one.
            (ProbeResult::Denied, _) => end(memory, Reclaimed::Denied),
            (ProbeResult::Failed(errno), _) => failed(memory, Call::AskKernel, errno),
        },
        At::SetTimes(probe, inner) => times::next(inner, result)?.within(
            |inner| Step { at: At::SetTimes(probe, inner), ..step },
            |set| match set {
                Ok(()) => call(Call::SetMode(Role::Pin, Mode::OwnerWrites), At::SetMode(probe)),
                Err(fault) => end(memory, Reclaimed::Failed(fault)),
            },
        ),
        At::SetMode(probe) => match result.done()? {
            DoneResult::Done => ask(step, memory, probe),
            DoneResult::Failed(errno) => failed(memory, Call::SetMode(Role::Pin, Mode::OwnerWrites), errno),
        },
        At::Probe(probe, inner) => probe::next(inner, result, memory)?.within(
            |inner| Step { at: At::Probe(probe, inner), ..step },
            |probed| answered(step, memory, probe, probed),
        ),
        At::LookAgain(probe) => match result.stat()? {
            StatResult::Missing => end(memory, Reclaimed::Changed),
            StatResult::Found(found) if memory.pin.is_none_or(|pin| pin.inode != found.inode) => {
                end(memory, Reclaimed::Changed)
            }
            StatResult::Found(found) if !found.is_marked() && !unmarked_too => end(memory, Reclaimed::Unmarked),
            // A chmod in the tick of the kernel's clock in which a socket was bound can put the mark of bind on npm's.
            StatResult::Found(found) if found.is_newborn() && !unmarked_too => end(memory, Reclaimed::Busy),
            StatResult::Found(_) if is_local => call(Call::Unlink(Name::Lock), At::Unlink(probe)),
            // Where holding it fast does not keep its number from being used again, what is there now may be another socket.
            StatResult::Found(_) => call(Call::StatFile(Role::Pin), At::LookAtName),
            StatResult::Failed(errno) => failed(memory, Call::Stat(Name::Lock), errno),
        },
        At::Unlink(probe) => match result.unlink()? {
            UnlinkResult::Removed => sweep::begin(probe)
                .within(|inner| Step { at: At::Sweep(inner), ..step }, |()| end(memory, Reclaimed::Removed)),
            UnlinkResult::Missing => end(memory, Reclaimed::Changed),
            UnlinkResult::Denied(_) => end(memory, Reclaimed::Denied),
            UnlinkResult::Failed(errno) => failed(memory, Call::Unlink(Name::Lock), errno),
        },
        At::Sweep(inner) => sweep::next(inner, result, memory)?
            .within(|inner| Step { at: At::Sweep(inner), ..step }, |()| end(memory, Reclaimed::Removed)),
        At::LookAtName => match result.stat()? {
            StatResult::Found(found) if found.links == Links::None => end(memory, Reclaimed::Changed),
            StatResult::Found(_) => end(memory, Reclaimed::Elsewhere),
            StatResult::Missing => end(memory, Reclaimed::Changed),
            StatResult::Failed(errno) => failed(memory, Call::StatFile(Role::Pin), errno),
        },
        At::Clean(reclaimed) => {
            result.done()?;
            end(memory, reclaimed)
        }
    })
}

/// Under the exclusive guard no process is about to correct the mode of an unsettled socket. So it is corrected here, to be probed. The
/// times first: a chmod takes the mark of bind away.
fn prepare(step: Step, memory: &Memory, found: Found, probe: Probe) -> Going {
    // A client that is connected to a server that may lend, and leaves, may hurt it.
    if probe == Probe::Stream && !found.is_marked() && !step.unmarked_too {
        return clean(step, memory, Reclaimed::Unmarked);
    }
    if found.is_unsettled() && found.is_marked() {
        let in_times = |inner| Step { at: At::SetTimes(probe, inner), ..step };
        return times::begin(Role::Pin, Times::Marked).within(in_times, |_| ask(step, memory, probe));
    }
    ask(step, memory, probe)
}

fn ask(step: Step, memory: &Memory, probe: Probe) -> Going {
    probe::begin(Role::Pin, probe)
        .within(|inner| Step { at: At::Probe(probe, inner), ..step }, |probed| answered(step, memory, probe, probed))
}

fn answered(step: Step, memory: &Memory, probe: Probe, probed: Probed) -> Going {
    let reclaimed = match probed {
        Probed::Dead => return Next::Call(Call::Stat(Name::Lock), Step { at: At::LookAgain(probe), ..step }),
        // A connection tells more than the look before did.
        Probed::Alive if probe == Probe::Stream => Reclaimed::Busy,
        Probed::Unknown => Reclaimed::Unknown,
        Probed::Alive | Probed::Datagram | Probed::Missing | Probed::Unsettled | Probed::Denied => Reclaimed::Changed,
        Probed::Failed(fault) => Reclaimed::Failed(fault),
    };
    clean(step, memory, reclaimed)
}

/// Gives the guard back and closes what is left open, then ends.
fn clean(step: Step, memory: &Memory, reclaimed: Reclaimed) -> Going {
    match memory.litter(None) {
        Some(call) => Next::Call(call, Step { at: At::Clean(reclaimed), ..step }),
        None => Next::Done(reclaimed),
    }
}
