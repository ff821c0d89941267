//! Where a walk takes place: what the random tests and the fuzz target choose among.

use crate::cast::Cast;
use crate::configuration::{Configuration, Probe, Umask};

/// How a configuration is changed by where the participants meet.
pub type Surroundings = fn(Configuration) -> Configuration;

/// Where they meet. (The inputs of the fuzz target that are kept count the first of these: what is new comes last.)
pub const SURROUNDINGS: [Surroundings; 16] = [
    |ordinary| ordinary,
    Configuration::with_every_call,
    Configuration::aside,
    Configuration::shared,
    |folder| folder.aside().with_links().shared(),
    Configuration::without_proc,
    Configuration::unfixed,
    |odd| odd.umask(Umask::Spoils),
    |odd| odd.umask(Umask::Locks),
    Configuration::elsewhere,
    Configuration::guardless,
    |old| old.old_times().asks_kernel(),
    Configuration::in_use,
    |old| old.old_times().shared(),
    |asks| asks.asks_kernel().probe(Probe::Stream),
    |asks| asks.asks_kernel().probe(Probe::None),
];

impl Configuration {
    /// The same there; or where it is, if that breaks a promise that is not made.
    #[must_use]
    pub fn within(self, surroundings: Surroundings) -> Self {
        // (A chmod between bind and the look at it, in a folder in which others rename, leaves a stale socket: see
        // docs/verification.md. And in step, without the random pauses, sweepers that connect take each other's new sockets
        // for dead again and again. What is at an abstract name is in no folder.)
        let stays = self.at_name || self.cast.contains(&Cast::Administrator) || self.probe == Probe::Stream;
        let there = if stays { self } else { surroundings(self) };
        // (What no other user may connect to only its owner can repair.)
        let is_locked_out = there.umask == Umask::Locks && there.cast.contains(&Cast::OtherUser);
        if is_locked_out { self } else { there }
    }
}
