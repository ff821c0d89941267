//! The ways in which a process of the demo uses the lock.

use std::fmt;
use std::str::FromStr;

/// How many slots the semaphore of the demo has.
pub(crate) const SLOTS: usize = 2;

/// What a process asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// The lock
    Lock,
    /// A shared lock
    Share,
    /// One of [`SLOTS`] slots
    Slot,
}

/// What a process got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Lock,
    Share,
    /// The slot of this number
    Slot(usize),
}

impl Hold {
    /// Whether two processes must never have both at the same time.
    pub(crate) fn excludes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Share, Self::Share) => false,
            (Self::Slot(one), Self::Slot(other)) => one == other,
            (Self::Lock, _) | (_, Self::Lock) | (Self::Share | Self::Slot(_), _) => true,
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "lock",
            Self::Share => "share",
            Self::Slot => "slot",
        })
    }
}

impl FromStr for Want {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let want = [Self::Lock, Self::Share, Self::Slot].into_iter().find(|want| want.to_string() == text);
        want.ok_or_else(|| format!("{text}: expected lock, share or slot"))
    }
}

#[test]
fn two_readers_and_two_slots_go_together_and_nothing_else() {
    let all = [Hold::Lock, Hold::Share, Hold::Slot(0), Hold::Slot(1)];
    let together: Vec<_> = all
        .iter()
        .flat_map(|one| all.iter().map(move |other| (*one, *other)))
        .filter(|(one, other)| !one.excludes(*other))
        .collect();
    let (zero, one) = (Hold::Slot(0), Hold::Slot(1));
    assert_eq!(together, [(Hold::Share, Hold::Share), (zero, one), (one, zero)]);
}
