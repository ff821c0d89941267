//! A waiter joins the queue at the path (protocol section 1, CONNECT; section 2, "Which waiters can take a
//! listener: the badge" and "Look").
//!
//! The file at the path is held fast and looked at; a socket of our own, bound to a badge, is connected to it: to that file,
//! not to another file that has its name by then. A server whose user is not trusted is left at once, and nothing is read from it.

use crate::call::{Call, Half, Kind, Name, Role, Target};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::part;
use crate::platform::Home;
use crate::report::Fault;
use crate::result::{
    BindResult, CallResult, ConnectResult, DoneResult, Inode, OpenResult, Owner, PeerResult, StatResult,
};

/// How joining ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Joined {
    /// We are in the server's queue.
    Queued,
    /// The server's user is not to be trusted. The connection is closed already, and nothing was read from it.
    Untrusted,
    /// Nothing is at the path, or something else by now than what was connected to.
    Missing,
    /// No process listens there.
    Refused,
    /// The queue is full.
    BacklogFull,
    /// The file at the path is not a socket.
    NotASocket,
    /// What is at the path is a socket, but not a stream socket.
    WrongType,
    /// The socket belongs to another user, and we may not connect to it: nothing tells whether it is alive.
    Denied,
    /// A system call failed.
    Failed(Fault),
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// It only looks whether a process listens.
    looks: bool,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Open,
    LookAtFile,
    Socket,
    ChooseBadge,
    BindBadge,
    TakeNothing,
    Reserve,
    Connect,
    ConnectByPath,
    LookByPath,
    LookAgain,
    SeePeer(Server),
    Part(part::Step),
    Clean(Joined),
}

/// What was connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Server {
    /// The file that is held fast; or the abstract name.
    AsPinned,
    /// Perhaps this one, which had the name after the call. What was there in between may be a server that must not be left
    /// before it has had its say: so its queue is as good as another.
    Other(Option<Inode>),
}

type Going = Next<Step, Joined>;

/// Begins.
pub(crate) fn begin(memory: &Memory, looks: bool) -> Going {
    let (call, at) = match memory.platform.home {
        Home::Path => (Call::Open(Role::Pin, Name::Lock), At::Open),
        Home::Name => (Call::Socket(Role::Connection, Kind::Stream), At::Socket),
    };
    Next::Call(call, Step { looks, at })
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Stepped<Step, Joined> {
    let Step { looks, at } = step;
    let call = |call, at| Next::Call(call, Step { looks, at });
    let clean = |memory: &mut Memory, joined| clean(looks, memory, joined);
    let failed = |memory: &mut Memory, asked, errno| clean(memory, Joined::Failed(Fault::new(asked, errno)));
    Ok(match at {
        At::Open => match result.open()? {
            OpenResult::Opened => call(Call::StatFile(Role::Pin), At::LookAtFile),
            OpenResult::Missing => clean(memory, Joined::Missing),
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => {
                failed(memory, Call::Open(Role::Pin, Name::Lock), errno)
            }
        },
        At::LookAtFile => match result.stat()? {
            StatResult::Found(found) if found.is_socket() => {
                call(Call::Socket(Role::Connection, Kind::Stream), At::Socket)
            }
            StatResult::Found(_) => clean(memory, Joined::NotASocket),
            StatResult::Missing => clean(memory, Joined::Missing),
            StatResult::Failed(errno) => failed(memory, Call::StatFile(Role::Pin), errno),
        },
        At::Socket => match result.done()? {
            DoneResult::Done => call(Call::Random, At::ChooseBadge),
            DoneResult::Failed(errno) => failed(memory, Call::Socket(Role::Connection, Kind::Stream), errno),
        },
        At::ChooseBadge => match result.done()? {
            DoneResult::Done => call(Call::BindBadge, At::BindBadge),
            DoneResult::Failed(errno) => failed(memory, Call::Random, errno),
        },
        At::BindBadge => match result.bind()? {
            // A look takes nothing, and a holder that meets it passes it over. (npm's server dies if it cannot send.)
            BindResult::Bound if looks && hands_over(memory) => {
                call(Call::Shutdown(Role::Connection, Half::Read), At::TakeNothing)
            }
            BindResult::Bound => connect(step, memory),
            BindResult::InUse => call(Call::Random, At::ChooseBadge),
            BindResult::Missing(errno) | BindResult::Broken(errno) | BindResult::Failed(errno) => {
                failed(memory, Call::BindBadge, errno)
            }
        },
        At::TakeNothing => {
            result.done()?;
            connect(step, memory)
        }
        At::Reserve => match result.done()? {
            DoneResult::Done => call(Call::Connect(Role::Connection, Target::Abstract), At::Connect),
            DoneResult::Failed(errno) => failed(memory, Call::Reserve, errno),
        },
        At::Connect => match (result.connect()?, memory.platform.home) {
            (ConnectResult::Connected, _) => call(Call::Peer(Role::Connection), At::SeePeer(Server::AsPinned)),
            // `/proc` is not mounted, or the file is gone.
            (ConnectResult::Missing(_), Home::Path) => {
                call(Call::Connect(Role::Connection, Target::Path(Name::Lock)), At::ConnectByPath)
            }
            // Gone, or bound and not listening yet: nothing tells which, and either passes.
            (ConnectResult::Refused, Home::Name) => clean(memory, Joined::Missing),
            (ConnectResult::Full, Home::Name) => clean(memory, Joined::BacklogFull),
            (
                ConnectResult::Missing(errno) | ConnectResult::Denied(errno) | ConnectResult::Failed(errno),
                Home::Name,
            ) => failed(memory, Call::Connect(Role::Connection, Target::Abstract), errno),
            (ConnectResult::WrongType, Home::Name) => clean(memory, Joined::WrongType),
            (answer, Home::Path) => told(step, memory, answer, Target::Pinned(Role::Pin)),
        },
        At::ConnectByPath => match result.connect()? {
            ConnectResult::Connected => call(Call::StatByPath(Name::Lock), At::LookByPath),
            answer @ (ConnectResult::Missing(_)
            | ConnectResult::Refused
            | ConnectResult::Full
            | ConnectResult::WrongType
            | ConnectResult::Denied(_)
            | ConnectResult::Failed(_)) => told(step, memory, answer, Target::Path(Name::Lock)),
        },
        At::LookByPath => match result.stat()? {
            StatResult::Found(found) if is_pinned(memory, found.inode) => {
                call(Call::Peer(Role::Connection), At::SeePeer(Server::AsPinned))
            }
            StatResult::Found(found) if found.is_socket() => {
                call(Call::Peer(Role::Connection), At::SeePeer(Server::Other(Some(found.inode))))
            }
            StatResult::Found(_) | StatResult::Missing => {
                call(Call::Peer(Role::Connection), At::SeePeer(Server::Other(None)))
            }
            StatResult::Failed(errno) => failed(memory, Call::StatByPath(Name::Lock), errno),
        },
        // Where the lock is contended, the path has mostly changed hands between the look and the call.
        At::LookAgain => match result.stat()? {
            StatResult::Found(found) if is_pinned(memory, found.inode) => clean(memory, Joined::Refused),
            StatResult::Found(_) | StatResult::Missing => clean(memory, Joined::Missing),
            StatResult::Failed(errno) => failed(memory, Call::Stat(Name::Lock), errno),
        },
        At::SeePeer(server) => match result.peer()? {
            PeerResult::Peer { is_ours, is_trusted: true } => {
                (memory.server, memory.hands_over) = match server {
                    Server::AsPinned => (memory.pin.map(|found| found.inode), hands_over(memory)),
                    Server::Other(inode) => (inode, false),
                };
                // From here on it is but the reserve.
                memory.pin = None;
                memory.peer_is_ours = is_ours;
                Next::Done(Joined::Queued)
            }
            // Nothing is read: a listener that came would carry our name once it is used.
            PeerResult::Peer { is_trusted: false, .. } | PeerResult::Unknown => part::end(Role::Connection)
                .within(|inner| Step { looks, at: At::Part(inner) }, |()| clean(memory, Joined::Untrusted)),
        },
        At::Part(inner) => part::next(inner, result)?
            .within(|inner| Step { looks, at: At::Part(inner) }, |()| clean(memory, Joined::Untrusted)),
        At::Clean(joined) => {
            result.done()?;
            clean(memory, joined)
        }
    })
}

fn connect(step: Step, memory: &Memory) -> Going {
    match memory.platform.home {
        Home::Path => {
            let target = Target::Pinned(Role::Pin);
            Next::Call(Call::Connect(Role::Connection, target), Step { at: At::Connect, ..step })
        }
        Home::Name => Next::Call(Call::Reserve, Step { at: At::Reserve, ..step }),
    }
}

/// What the answer to a connect at a path says.
fn told(step: Step, memory: &mut Memory, answer: ConnectResult, target: Target) -> Going {
    let pin = memory.pin;
    let joined = match answer {
        ConnectResult::Connected => {
            return Next::Call(Call::Peer(Role::Connection), Step { at: At::SeePeer(Server::AsPinned), ..step });
        }
        ConnectResult::Refused => return Next::Call(Call::Stat(Name::Lock), Step { at: At::LookAgain, ..step }),
        ConnectResult::Missing(_) => Joined::Missing,
        ConnectResult::Full => Joined::BacklogFull,
        ConnectResult::WrongType => Joined::WrongType,
        ConnectResult::Denied(_) if pin.is_some_and(|pin| pin.is_unsettled()) => Joined::Refused,
        ConnectResult::Denied(_) if pin.is_some_and(|pin| pin.owner != Owner::Us) => Joined::Denied,
        ConnectResult::Denied(errno) | ConnectResult::Failed(errno) => {
            Joined::Failed(Fault::new(Call::Connect(Role::Connection, target), errno))
        }
    };
    clean(step.looks, memory, joined)
}

fn is_pinned(memory: &Memory, inode: Inode) -> bool {
    memory.pin.is_some_and(|pin| pin.inode == inode)
}

/// Whether the server hands over, and always will: its socket is marked, or at an abstract name.
fn hands_over(memory: &Memory) -> bool {
    memory.platform.home == Home::Name || memory.pin.is_some_and(|pin| pin.is_marked())
}

/// Closes what is left open, then ends.
fn clean(looks: bool, memory: &Memory, joined: Joined) -> Going {
    match memory.litter(Some(Role::Connection)) {
        Some(call) => Next::Call(call, Step { looks, at: At::Clean(joined) }),
        None => Next::Done(joined),
    }
}
