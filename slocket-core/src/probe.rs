//! Is a socket alive? (protocol section 2, "Is a socket alive: the probe")
//!
//! A socket of our own is connected to the file that is held fast, not to its name. A stream socket that a process has open refuses a
//! datagram socket by its type (`EPROTOTYPE`), and one that no process has open refuses it altogether (`ECONNREFUSED`); this
//! disturbs no process. Where the kernel does not tell so, a stream socket is connected, and left at once.

use crate::call::{Call, Half, Kind, Name, Role, Target};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::platform::Probe;
use crate::report::Fault;
use crate::result::{CallResult, ConnectResult, DoneResult, Owner, StatResult};

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Probed {
    /// Some process has it open, even if it does not listen (yet).
    Alive,
    /// No process has it open.
    Dead,
    /// It is a datagram socket.
    Datagram,
    /// It is gone.
    Missing,
    /// It cannot be told: see [`Found::is_unsettled`](crate::Found).
    Unsettled,
    /// This kernel does not tell.
    Unknown,
    /// It is another user's, and we may not connect to it.
    Denied,
    /// The system refused.
    Failed(Fault),
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// Where the socket is held fast.
    pin: Role,
    probe: Probe,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Socket,
    Connect,
    ConnectByPath,
    LookByPath,
    ShutDown,
    Close(Probed),
}

/// Begins: the socket that is held fast there.
pub(crate) fn begin(pin: Role, probe: Probe) -> Next<Step, Probed> {
    match probe.kind() {
        Some(kind) => Next::Call(Call::Socket(Role::Probe, kind), Step { pin, probe, at: At::Socket }),
        None => Next::Done(Probed::Unknown),
    }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, Probed> {
    let Step { pin, probe, at } = step;
    let call = |call, at| Next::Call(call, Step { pin, probe, at });
    let name = if pin == Role::Swept { Name::Swept } else { Name::Lock };
    let pinned = Call::Connect(Role::Probe, Target::Pinned(pin));
    let by_path = Call::Connect(Role::Probe, Target::Path(name));
    Ok(match at {
        At::Socket => match result.done()? {
            DoneResult::Done => call(pinned, At::Connect),
            DoneResult::Failed(errno) => {
                let kind = probe.kind().unwrap_or(Kind::Datagram);
                Next::Done(Probed::Failed(Fault::new(Call::Socket(Role::Probe, kind), errno)))
            }
        },
        At::Connect => match result.connect()? {
            // `/proc` is not mounted, or the file is gone.
            ConnectResult::Missing(_) => call(by_path, At::ConnectByPath),
            answer @ (ConnectResult::Connected
            | ConnectResult::Refused
            | ConnectResult::Full
            | ConnectResult::WrongType
            | ConnectResult::Denied(_)
            | ConnectResult::Failed(_)) => told(step, memory, answer, pinned),
        },
        At::ConnectByPath => match result.connect()? {
            ConnectResult::Connected => call(Call::StatByPath(name), At::LookByPath),
            answer @ (ConnectResult::Missing(_)
            | ConnectResult::Refused
            | ConnectResult::Full
            | ConnectResult::WrongType
            | ConnectResult::Denied(_)
            | ConnectResult::Failed(_)) => told(step, memory, answer, by_path),
        },
        At::LookByPath => match result.stat()? {
            StatResult::Found(found) if memory.pinned(pin).is_some_and(|pinned| pinned.inode == found.inode) => {
                told(step, memory, ConnectResult::Connected, by_path)
            }
            // Something else has the name by now: of what is held fast that tells nothing.
            StatResult::Found(_) | StatResult::Missing => call(Call::Close(Role::Probe), At::Close(Probed::Missing)),
            StatResult::Failed(errno) => {
                let fault = Fault::new(Call::StatByPath(name), errno);
                call(Call::Close(Role::Probe), At::Close(Probed::Failed(fault)))
            }
        },
        At::ShutDown => {
            result.done()?;
            call(Call::Close(Role::Probe), At::Close(Probed::Alive))
        }
        At::Close(probed) => {
            result.done()?;
            Next::Done(probed)
        }
    })
}

/// What the answer to a connect says.
fn told(step: Step, memory: &Memory, answer: ConnectResult, asked: Call) -> Next<Step, Probed> {
    let pinned = memory.pinned(step.pin);
    let probed = match (step.probe, answer) {
        (Probe::Stream, ConnectResult::Connected) => {
            return Next::Call(Call::Shutdown(Role::Probe, Half::Both), Step { at: At::ShutDown, ..step });
        }
        (Probe::Datagram | Probe::None, ConnectResult::Connected) | (Probe::Stream, ConnectResult::WrongType) => {
            Probed::Datagram
        }
        (Probe::Datagram | Probe::None, ConnectResult::WrongType) | (Probe::Stream, ConnectResult::Full) => {
            Probed::Alive
        }
        (_, ConnectResult::Refused) => Probed::Dead,
        (_, ConnectResult::Missing(_)) => Probed::Missing,
        (_, ConnectResult::Denied(_)) if pinned.is_some_and(|pinned| pinned.is_unsettled()) => Probed::Unsettled,
        (_, ConnectResult::Denied(_)) if pinned.is_some_and(|pinned| pinned.owner != Owner::Us) => Probed::Denied,
        (_, ConnectResult::Denied(errno) | ConnectResult::Failed(errno)) => Probed::Failed(Fault::new(asked, errno)),
        // (A datagram socket's queue is full only of a datagram socket.)
        (Probe::Datagram | Probe::None, ConnectResult::Full) => Probed::Datagram,
    };
    Next::Call(Call::Close(Role::Probe), Step { at: At::Close(probed), ..step })
}
