//! What a server does.

use crate::descriptor::{Kind, MOST};

/// One thing that a server does, or lets the waiter do.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send(Vec<u8>, Vec<Kind>),
    /// Ends the stream, and keeps the connection.
    Shut,
    /// Closes the connection; one that was not accepted yet is accepted first.
    Close,
    /// Closes the listener: a queued client that is not accepted is reset.
    StopListening,
    Unlink,
    Mark,
    Unmark,
    /// The waiter takes what has come.
    Wake,
    /// The waiter gives up, or gives back what it holds.
    GiveUp,
}

/// The acts that the bytes stand for.
pub(crate) fn all(bytes: &[u8]) -> impl Iterator<Item = Act> {
    let mut bytes = bytes.iter().copied();
    std::iter::from_fn(move || {
        let act = bytes.next()?;
        let (act, more) = (act & 15, act >> 4);
        Some(match act {
            0 => Act::Send(b"OK".to_vec(), Vec::new()),
            1 if more & 1 == 0 => Act::Send(b"OK".to_vec(), vec![Kind::Own]),
            1 => Act::Send(b"OK unshared".to_vec(), vec![Kind::Own]),
            2 => Act::Send(b"OK".to_vec(), vec![Kind::of(more)]),
            3 => Act::Send(b"OK".to_vec(), (0..=more & 3).map(|_| Kind::of(bytes.next().unwrap_or(0))).collect()),
            4 => {
                let text = bytes.by_ref().take(usize::from(more)).collect();
                Act::Send(
                    text,
                    bytes.next().filter(|byte| byte & 1 != 0).map(|byte| Kind::of(byte >> 1)).into_iter().collect(),
                )
            }
            5 => Act::Send(
                [&b"O"[..], b"K", b"OKOK", b"OK\n", b"OK unshared"][usize::from(more % 5)].to_vec(),
                Vec::new(),
            ),
            6 => Act::Send(b"OK".to_vec(), vec![Kind::of(more); MOST]),
            7..=9 => Act::Wake,
            10 => Act::Close,
            11 => Act::Shut,
            12 => Act::StopListening,
            13 => Act::Unlink,
            14 if more & 1 == 0 => Act::Mark,
            14 => Act::Unmark,
            _ => Act::GiveUp,
        })
    })
}
