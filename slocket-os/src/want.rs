//! What a request asks for.

use slocket_core::{Event, Policy, Request, Share};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// The lock.
    Lock,
    /// A share.
    Share(Share),
}

impl Want {
    /// The request for a participant that waits.
    pub(crate) fn asked(self, policy: Policy) -> Event {
        Event::Request(match self {
            Self::Lock => Request::Acquire(policy),
            Self::Share(share) => Request::Share(policy, share),
        })
    }

    /// The request for a participant that only tries.
    pub(crate) fn tried(self, policy: Policy) -> Event {
        Event::Request(match self {
            Self::Lock => Request::Try(policy),
            Self::Share(share) => Request::TryShare(policy, share),
        })
    }
}
