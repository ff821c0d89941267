//! What happens to a holder.

use std::net::Shutdown;

use crate::descriptor::Kind;

/// One thing that happens. Clients and waiters are numbered, and one that is not there is another.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Connect {
        address: Address,
        as_stranger: bool,
    },
    /// This many clients connect, and are gone at once.
    Pass(usize),
    Send(usize, Vec<u8>, Vec<Kind>),
    Shut(usize, Shutdown),
    Close(usize),
    /// A real waiter comes.
    Wait,
    /// It goes.
    GiveUp(usize),
    /// The holder gives the lock back; a client that has the listener closes it, and one that was lent the lock ends.
    Release {
        /// Others connect at the same time, with these addresses.
        meanwhile: Vec<Address>,
    },
    Try,
    Look,
    /// A user moves the socket away.
    Remove,
    /// And back.
    PutBack,
    /// A user puts a file in the place of the socket.
    Replace,
    /// No more than so many wait besides the first.
    Shorten(usize),
}

/// What a client's own socket is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    None,
    Badge,
    /// A badge as long as an address can be.
    LongBadge,
    /// What every badge begins with, and no more.
    BareBadge,
    /// All but the last byte of that.
    ShortOfABadge,
    /// That of another version.
    OtherVersion,
    /// A badge after a NUL byte.
    AfterNul,
    /// A path that ends as a badge does.
    Path,
    /// The kernel chooses.
    Chosen,
}

const ADDRESSES: [Address; 12] = [
    Address::None,
    Address::Badge,
    Address::LongBadge,
    Address::BareBadge,
    Address::ShortOfABadge,
    Address::OtherVersion,
    Address::AfterNul,
    Address::Path,
    Address::Chosen,
    Address::None,
    Address::Badge,
    Address::Badge,
];

/// The acts that the bytes stand for.
pub(super) fn all(bytes: &[u8]) -> impl Iterator<Item = Act> {
    let mut bytes = bytes.iter().copied();
    std::iter::from_fn(move || {
        let act = bytes.next()?;
        let (act, more) = (act & 15, act >> 4);
        let number = usize::from(more);
        Some(match act {
            0 | 1 => Act::Connect { address: address(more), as_stranger: false },
            2 => Act::Connect { address: address(more), as_stranger: true },
            3 => Act::Pass(number),
            4 => {
                let what = bytes.next().unwrap_or(0);
                let text = vec![b'x'; 1 + usize::from(what >> 5)];
                Act::Send(number, text, (0..what & 3).map(|place| Kind::of((what >> 2 & 7) + place)).collect())
            }
            5 => Act::Shut(
                number,
                match bytes.next().unwrap_or(0) % 3 {
                    0 => Shutdown::Write,
                    1 => Shutdown::Read,
                    _ => Shutdown::Both,
                },
            ),
            6 => Act::Close(number),
            7 | 8 => Act::Wait,
            9 => Act::GiveUp(number),
            10 | 11 => Act::Release { meanwhile: Vec::new() },
            12 => {
                let count = more & 7;
                Act::Release { meanwhile: (0..count).map(|_| address(bytes.next().unwrap_or(1))).collect() }
            }
            13 if more & 1 == 0 => Act::Look,
            13 => Act::Try,
            14 => Act::Shorten(number),
            _ => match more % 3 {
                0 => Act::Remove,
                1 => Act::PutBack,
                _ => Act::Replace,
            },
        })
    })
}

fn address(choice: u8) -> Address {
    ADDRESSES[usize::from(choice) % ADDRESSES.len()]
}
