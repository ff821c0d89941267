//! What the caller asks for, in each state that rests.

use super::{Machine, Step};
use crate::call::{Call, Half, Role};
use crate::event::{Policy, Request, Stale};
use crate::platform::Home;
use crate::report::{Inspected, Report};
use crate::result::Misfit;
use crate::state::{Attempt, Calling, Resting, State, Wish};
use crate::{inspect, join};

impl Machine {
    #[inline]
    pub(super) fn request(&mut self, request: Request) -> Result<Step, Misfit> {
        let State::Resting(resting) = &self.state else { return Err(Misfit) };
        match (*resting, request) {
            (Resting::Idle, Request::Acquire(policy)) => Ok(self.begin(Attempt { policy, ..Attempt::default() })),
            (Resting::Idle, Request::Try(policy)) => {
                Ok(self.begin(Attempt { wish: Wish::Try, policy: hasty(policy), ..Attempt::default() }))
            }
            (Resting::Idle, Request::Share(policy, share)) => {
                Ok(self.want(share, Attempt { policy, ..Attempt::default() }))
            }
            (Resting::Idle, Request::TryShare(policy, share)) => {
                Ok(self.want(share, Attempt { wish: Wish::Try, policy: hasty(policy), ..Attempt::default() }))
            }
            (Resting::Idle, Request::Look) => {
                let next = join::begin(&self.memory, true);
                Ok(self.look(&next))
            }
            (Resting::Idle, Request::Inspect) => match self.memory.platform.home {
                Home::Path => {
                    let next = inspect::begin(&self.memory);
                    Ok(self.examine(&next))
                }
                // A datagram socket finds no stream socket by such a name.
                Home::Name => Ok(self.finish(Report::Inspected(Inspected::Unknown))),
            },

            (Resting::Queued(_), Request::Cancel) => Ok(self.leave(Report::Cancelled)),
            (Resting::Watching(_) | Resting::Pausing(..), Request::Cancel) => Ok(self.finish(Report::Cancelled)),

            (Resting::AwaitingShares(_) | Resting::AwaitingSlot(_), Request::Cancel) => {
                Ok(self.give_up(Report::Cancelled))
            }

            // A cancel gives a lock that is held back.
            (Resting::Holding | Resting::Borrowing, Request::Release) => Ok(self.release(Some(Report::Released))),
            (Resting::Holding | Resting::Borrowing, Request::Cancel) => Ok(self.release(Some(Report::Cancelled))),

            (Resting::HoldingShare, Request::Release) => Ok(self.give_share_back(Report::Released)),
            (Resting::HoldingShare, Request::Cancel) => Ok(self.give_share_back(Report::Cancelled)),
            (Resting::Holding | Resting::Borrowing, Request::Downgrade) => Ok(self.downgrade()),

            (Resting::Lingering, Request::Dismiss) => {
                self.memory.dismissed = true;
                Ok(self.ask(Call::Shutdown(Role::Connection, Half::Write), Calling::Dismissing))
            }
            (Resting::Lingering, Request::Cut) => {
                self.memory.dismissed = true;
                Ok(self.ask(Call::Shutdown(Role::Connection, Half::Both), Calling::Dismissing))
            }

            // Where no request is open, a cancel comes to nothing.
            (Resting::Idle | Resting::Lingering | Resting::Lent | Resting::Finished, Request::Cancel) => {
                Ok(self.stay())
            }
            (Resting::Idle | Resting::Lent | Resting::Finished, Request::Dismiss | Request::Cut) => Ok(self.stay()),
            (
                Resting::Idle
                | Resting::Queued(_)
                | Resting::Watching(_)
                | Resting::Pausing(..)
                | Resting::Lingering
                | Resting::Holding
                | Resting::Borrowing
                | Resting::Lent
                | Resting::AwaitingShares(_)
                | Resting::AwaitingSlot(_)
                | Resting::HoldingShare
                | Resting::Finished,
                Request::Acquire(_)
                | Request::Try(_)
                | Request::Share(..)
                | Request::TryShare(..)
                | Request::Downgrade
                | Request::Look
                | Request::Inspect
                | Request::Release
                | Request::Dismiss
                | Request::Cut,
            ) => Err(Misfit),
        }
    }
}

/// A try does not wait for a stale socket.
const fn hasty(policy: Policy) -> Policy {
    match policy.stale {
        Stale::Wait | Stale::Reclaim => Policy { stale: Stale::Wait, ..policy },
        Stale::Fail => policy,
    }
}
