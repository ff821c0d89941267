//! The queue is left (protocol section 2, "Cancel").
//!
//! A server that hands over may have sent the listener already: after nothing more can arrive, what has arrived is read. A
//! server that may lend must finish: npm's dies if it grants the lock to a connection whose stream, or one half of the stream, has
//! ended. So the place there is kept until the server has granted the lock or ended the stream.

use crate::call::{Call, Half, Name, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::platform::Home;
use crate::receive::{self, Received};
use crate::result::{CallResult, StatResult};

/// How leaving the queue went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Left {
    /// The connection can be closed, and carried nothing.
    Empty,
    /// The listener had arrived already: we hold it.
    Listener,
    /// The server must have its say first.
    Lingering,
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Look,
    FreeReserve,
    ShutDown,
    Receive(receive::Step),
}

type Going = Next<Step, Left>;

/// Begins.
pub(crate) fn begin(memory: &Memory) -> Going {
    match memory.platform.home {
        Home::Path if !memory.hands_over => Next::Call(Call::Stat(Name::Lock), Step::Look),
        Home::Path | Home::Name => shut_down(),
    }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Stepped<Step, Left> {
    Ok(match step {
        // It may have been a loan when we came, and be none now.
        Step::Look => match result.stat()? {
            StatResult::Found(found)
                if Some(found.inode) == memory.server && found.is_socket() && found.is_marked() =>
            {
                shut_down()
            }
            StatResult::Found(_) | StatResult::Missing | StatResult::Failed(_) => {
                if memory.places.is_full(Role::Pin) {
                    Next::Call(Call::Close(Role::Pin), Step::FreeReserve)
                } else {
                    Next::Done(Left::Lingering)
                }
            }
        },
        Step::FreeReserve => {
            result.done()?;
            Next::Done(Left::Lingering)
        }
        Step::ShutDown => {
            result.done()?;
            receive_next(memory)
        }
        Step::Receive(inner) => {
            receive::next(inner, result, memory)?.within(Step::Receive, |received| received_one(received, memory))
        }
    })
}

fn shut_down() -> Going {
    Next::Call(Call::Shutdown(Role::Connection, Half::Read), Step::ShutDown)
}

fn receive_next(memory: &Memory) -> Going {
    receive::begin(memory).within(Step::Receive, |received| received_one(received, memory))
}

fn received_one(received: Received, memory: &Memory) -> Going {
    match received {
        Received::Listener => Next::Done(Left::Listener),
        Received::Loan | Received::NotOurs | Received::Foreign => receive_next(memory),
        Received::Nothing | Received::End | Received::Truncated => Next::Done(Left::Empty),
    }
}
