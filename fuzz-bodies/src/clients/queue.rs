//! A ledger of the queue: the clients in order of arrival, and which of them must get the lock next.

use std::collections::VecDeque;

use crate::clients::client::Client;

/// The clients in the queue. (The numbers are those of the scene.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Client(usize),
    /// A waiter of `slocket-os`.
    Waiter(usize),
    /// A client that has gone.
    Gone,
}

/// The client that must get the lock next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The client has to be sent the listener.
    Client(usize),
    /// The client has to be lent the lock.
    Borrower(usize),
    Waiter(usize),
    /// The listener is sent to a client that is gone, but the kernel cannot tell: so it is closed.
    Ghost,
    /// None: the queue is ended, and the path is free.
    Nobody,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// Clients that were lent the lock and had ended their stream already, so that it came back at once.
    brief: Vec<usize>,
}

impl Queue {
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn contains(&self, entry: Entry) -> bool {
        self.entries.contains(&entry)
    }

    /// The client at the head, if it is one.
    pub(super) fn first_client(&self) -> Option<usize> {
        match self.entries.front() {
            Some(Entry::Client(number)) => Some(*number),
            Some(Entry::Waiter(_) | Entry::Gone) | None => None,
        }
    }

    /// That one has gone, and its place is still there.
    pub(super) fn leave(&mut self, entry: Entry) {
        for place in &mut self.entries {
            if *place == entry {
                *place = Entry::Gone;
            }
        }
    }

    /// Ends the queue; returns what was in it.
    pub(super) fn end(&mut self) -> VecDeque<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// The clients that have borrowed the lock meanwhile.
    pub(super) fn take_brief(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.brief)
    }

    /// Takes the clients out of the queue that are passed over, and the next one.
    pub(super) fn next(&mut self, clients: &mut [Client], can_lend: bool) -> Next {
        while let Some(entry) = self.entries.pop_front() {
            let number = match entry {
                Entry::Gone => continue,
                Entry::Waiter(number) => return Next::Waiter(number),
                Entry::Client(number) => number,
            };
            let client = &mut clients[number];
            match (client.has_left(), client.is_stranger, client.has_badge) {
                (true, ..) => {}
                // The next holder must be able to remove what it holds.
                (false, true, _) => return Next::Nobody,
                // Its lender could die unseen.
                (false, false, false) if !can_lend => return Next::Nobody,
                (false, false, _) if client.is_deaf() => {}
                (false, false, true) if client.is_ghost() => return Next::Ghost,
                (false, false, true) => return Next::Client(number),
                (false, false, false) if client.ends_loan() => {
                    client.was_read();
                    self.brief.extend((!client.is_closed()).then_some(number));
                }
                (false, false, false) => return Next::Borrower(number),
            }
        }
        Next::Nobody
    }
}
