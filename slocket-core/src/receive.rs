//! What the server sent is taken, and a listener that came is checked and taken over (protocol section 2, "Received").
//!
//! Before listen(2), which makes `SO_PEERCRED` name us to later clients: the connection's peer is our own
//! user; the listener has the address that we are connected to; and the path is still the file that we connected to.

use crate::call::{Call, Name, Question, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::platform::Home;
use crate::result::{AnswerResult, CallResult, DoneResult, ReceiveResult, StatResult};

/// What a server sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Received {
    /// Nothing yet.
    Nothing,
    /// The connection has ended.
    End,
    /// "OK" and one listening Unix stream socket, which is taken over: the lock is handed over.
    Listener,
    /// "OK" and no descriptor: the lock is lent.
    Loan,
    /// The listener was lost for want of descriptors, or could not be taken over.
    Truncated,
    /// "OK" and a listener that is not this lock's, or that another user sent. It is given away unused.
    NotOurs,
    /// Anything else: not a slocket server.
    Foreign,
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    FreeReserve,
    Receive { had_reserve: bool },
    Reserve,
    SocketName,
    PeerName,
    IsStreamAtName,
    Look,
    Listen,
    // Of what is not this lock's listener: is it a listener at all?
    Listens,
    IsStream,
    IsUnix,
    CloseListener(Received),
    CloseStrays(Received),
}

type Going = Next<Step, Received>;

/// Begins.
pub(crate) fn begin(memory: &Memory) -> Going {
    if memory.places.is_full(Role::Pin) {
        Next::Call(Call::Close(Role::Pin), Step::FreeReserve)
    } else {
        Next::Call(Call::Receive, Step::Receive { had_reserve: false })
    }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Stepped<Step, Received> {
    Ok(match step {
        Step::FreeReserve => {
            result.done()?;
            Next::Call(Call::Receive, Step::Receive { had_reserve: true })
        }
        Step::Receive { had_reserve } => match result.receive()? {
            ReceiveResult::Nothing if had_reserve => Next::Call(Call::Reserve, Step::Reserve),
            ReceiveResult::Nothing => Next::Done(Received::Nothing),
            ReceiveResult::PeerClosed => Next::Done(Received::End),
            // A lock is not handed over between users: so none of our processes did this.
            ReceiveResult::Listener { .. } if !memory.peer_is_ours => give_away(Received::NotOurs),
            ReceiveResult::Listener { unshared } => {
                memory.unshared = unshared && memory.can_be_shared();
                Next::Call(Call::SocketName, Step::SocketName)
            }
            // (Nothing is lent at an abstract name: its lender could die unseen.)
            ReceiveResult::Loan if memory.platform.home == Home::Name => Next::Done(Received::Foreign),
            ReceiveResult::Loan => Next::Done(Received::Loan),
            ReceiveResult::Truncated => {
                Next::Call(Call::CloseApart(Role::Strays), Step::CloseStrays(Received::Truncated))
            }
            ReceiveResult::Foreign => Next::Call(Call::CloseApart(Role::Strays), Step::CloseStrays(Received::Foreign)),
        },
        Step::Reserve => {
            result.done()?;
            Next::Done(Received::Nothing)
        }
        // A connection's peer has the address of its listener. (Of a socket that was published aside that is the temporary name;
        // of one that was bound in another mount namespace, its path there.)
        Step::SocketName => match result.done()? {
            DoneResult::Done => Next::Call(Call::ComparePeerName, Step::PeerName),
            DoneResult::Failed(_) => Next::Call(Call::Ask(Question::Listens), Step::Listens),
        },
        Step::PeerName => match result.answer()? {
            // (There, a socket of another type can have the same name.)
            AnswerResult::Yes if memory.platform.home == Home::Name => {
                Next::Call(Call::Ask(Question::IsStream), Step::IsStreamAtName)
            }
            AnswerResult::Yes => Next::Call(Call::Stat(Name::Lock), Step::Look),
            AnswerResult::No => Next::Call(Call::Ask(Question::Listens), Step::Listens),
            AnswerResult::Failed(_) => drop_listener(),
        },
        Step::IsStreamAtName => match result.answer()? {
            AnswerResult::Yes => listen(),
            AnswerResult::No | AnswerResult::Failed(_) => give_away(Received::Foreign),
        },
        // Else the lock is lost, and another may have been published at the path.
        Step::Look => match result.stat()? {
            StatResult::Found(found) if Some(found.inode) == memory.server => listen(),
            // (The target of the connection is unknown, if the path was free right after: see `join`.)
            StatResult::Failed(_) if memory.server.is_some() => listen(),
            StatResult::Found(_) | StatResult::Missing | StatResult::Failed(_) => give_away(Received::NotOurs),
        },
        Step::Listen => match result.done()? {
            DoneResult::Done => {
                memory.listener = memory.server;
                Next::Done(Received::Listener)
            }
            // The name is that of a connection that was accepted, too.
            DoneResult::Failed(_) => Next::Call(Call::Ask(Question::Listens), Step::Listens),
        },
        Step::Listens => match result.answer()? {
            AnswerResult::Yes => Next::Call(Call::Ask(Question::IsStream), Step::IsStream),
            AnswerResult::No | AnswerResult::Failed(_) => give_away(Received::Foreign),
        },
        Step::IsStream => match result.answer()? {
            AnswerResult::Yes => Next::Call(Call::Ask(Question::IsUnix), Step::IsUnix),
            AnswerResult::No | AnswerResult::Failed(_) => give_away(Received::Foreign),
        },
        Step::IsUnix => match result.answer()? {
            AnswerResult::Yes => give_away(Received::NotOurs),
            AnswerResult::No | AnswerResult::Failed(_) => give_away(Received::Foreign),
        },
        Step::CloseListener(received) | Step::CloseStrays(received) => {
            result.done()?;
            Next::Done(received)
        }
    })
}

fn listen() -> Going {
    Next::Call(Call::Listen, Step::Listen)
}

/// It came and could not be taken over: we hold nothing.
fn drop_listener() -> Going {
    give_away(Received::Truncated)
}

fn give_away(received: Received) -> Going {
    Next::Call(Call::CloseApart(Role::Listener), Step::CloseListener(received))
}
