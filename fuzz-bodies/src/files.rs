//! A whole world in which the lock is a locked file, step by step.

use std::sync::LazyLock;

use model::files::Act::{Acquire, Downgrade, Look, Release, Share, Slot, Try, TryShare, TrySlot};
use model::files::{Bug, Configuration, Fork, Kind, PLANTED, Script, Walk, walk};

/// What a process may do.
const SCRIPTS: [Script; 11] = [
    &[Acquire, Release],
    &[Acquire, Release, Acquire, Release],
    &[Try, Release],
    &[Share, Release],
    &[TryShare, Release],
    &[Slot(1), Release],
    &[Slot(2), Release],
    &[TrySlot(2), Release],
    &[Look],
    &[Acquire, Downgrade, Release],
    &[Share, Release, Acquire, Release],
];

/// The most processes.
const MOST: usize = 4;

/// The longest walk that is looked at.
const LONGEST: usize = 1_000;

/// All that can take part together: two to four processes, in no order.
static CASTS: LazyLock<Vec<Vec<Script>>> = LazyLock::new(|| {
    let mut casts: Vec<Vec<Script>> = Vec::new();
    let mut smaller = vec![(Vec::new(), 0)];
    for size in 1..=MOST {
        let longer = smaller.iter().flat_map(|(cast, from)| {
            (*from..SCRIPTS.len()).map(move |next| {
                let cast: Vec<Script> = cast.iter().copied().chain([SCRIPTS[next]]).collect();
                (cast, next)
            })
        });
        smaller = longer.collect();
        if size > 1 {
            casts.extend(smaller.iter().map(|(cast, _)| cast.clone()));
        }
    }
    casts
});

/// Walks through the world of lock files that the bytes stand for.
///
/// # Panics
/// If a promise is broken, with the trace.
pub fn files(bytes: &[u8]) {
    let Some((configuration, walk)) = walked_files(None, bytes) else { return };
    if let Err(broken) = walk.verdict(&configuration) {
        panic!("{broken}");
    }
}

/// The walk that the bytes stand for, with a bug planted or without; `None` if they are too few.
#[must_use]
pub fn walked_files(bug: Option<Bug>, bytes: &[u8]) -> Option<(Configuration, Walk)> {
    let (configuration, choices) = configuration(bytes)?;
    let planted = PLANTED.iter().find(|planted| Some(planted.bug) == bug);
    let configuration = Configuration { bug, promise: planted.map(|planted| planted.breaks), ..configuration };
    Some((configuration, walk(&configuration, &choices[..choices.len().min(LONGEST)])))
}

fn configuration(bytes: &[u8]) -> Option<(Configuration, &[u8])> {
    let ([low, high, faults, surroundings, more], choices) = bytes.split_first_chunk()?;
    let cast = &CASTS[usize::from(u16::from_le_bytes([*low, *high])) % CASTS.len()];
    let (kills, failures) = (faults & 3, faults >> 4 & 3);
    let administrator = surroundings & 8 != 0;
    let watch = surroundings & 4 == 0;
    // (What goes wrong in these ways wakes no process.)
    let timers = surroundings & 2 != 0 || !watch || administrator || kills > 0 || failures > 0;
    let fork = match more & 3 {
        0 | 1 => None,
        // (A killed process, or one whose call fails, leaves what it has locked to its child.)
        2 if kills == 0 && failures == 0 => Some(Fork::Stays),
        _ => Some(Fork::Ends),
    };
    let there = match more >> 2 & 7 {
        0 => Some(Kind::Foreign),
        1 => Some(Kind::Folder),
        _ => None,
    };
    let configuration = Configuration {
        removes: surroundings & 1 == 0,
        timers,
        watch,
        denies: surroundings & 0x70 == 0x70,
        kills,
        stops: faults >> 2 & 3,
        failures,
        fork,
        there,
        administrator,
        ..Configuration::of(cast)
    };
    Some((configuration, choices))
}
