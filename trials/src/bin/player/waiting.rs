//! A child that is forked while a future of its parent waits for the lock.

use std::path::{Path, PathBuf};
use std::task::{Context, Poll, Waker};

use fork::{Fork, fork};
use trials::Adapter;
use trials::lock::{ErrorKind, Kind, Waits};

use crate::commands::Commands;

/// Waits for what `rest` names; it says, too, what the child does with its copy of the future, and where it takes its commands from,
/// with which it plays on.
pub(crate) fn wait(commands: &mut Commands, rest: &str, play_on: fn(&mut Commands, &Path) -> !) -> String {
    let words: Vec<&str> = rest.split(' ').collect();
    let (kind, copy, socket) = match *words {
        ["lock", copy, socket] => (Kind::Lock, copy, socket),
        ["slot", permits, copy, socket] => match permits.parse() {
            Ok(permits) => (Kind::SlotOf(permits), copy, socket),
            Err(_) => return format!("error Usage {rest}"),
        },
        _ => return format!("error Usage {rest}"),
    };
    let (polls, socket) = (copy == "poll", PathBuf::from(socket));
    let lock = commands.lock().clone();
    commands.wait_beside(kind, move |waits| match fork() {
        Ok(Fork::Parent(_)) => waits,
        Ok(Fork::Child) => {
            end_copy(waits, polls);
            // Right here: the thread that is forked may be one of the runtime's, and the child has no other.
            play_on(&mut Commands::new(Adapter::Sync, lock), &socket)
        }
        Err(error) => panic!("fork: {error}"),
    })
}

/// What the child does with its copy of the future.
fn end_copy(mut waits: Waits, polls: bool) {
    if polls {
        let polled = waits.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if !matches!(&polled, Poll::Ready(Err(error)) if error.kind() == ErrorKind::Forked) {
            eprintln!("player: a child that polls its parent's future: {polled:?}");
            std::process::exit(1);
        }
    }
}
