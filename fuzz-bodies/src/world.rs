//! A whole world, step by step.

use std::sync::LazyLock;

use model::{Bug, Cast, Configuration, Probe, SURROUNDINGS, Walk, walk};

const EVERYBODY: [Cast; 6] = [Cast::Safe, Cast::Try, Cast::Unreadable, Cast::Npm, Cast::Locker, Cast::Remover];

/// The most processes.
const MOST: usize = 5;

/// Participants that may come on top, if there is room: a child that one of them forks, an administrator whose chmods go anywhere, a
/// hostile client.
const GUESTS: [Option<Cast>; 4] = [None, Some(Cast::Child), Some(Cast::Administrator), Some(Cast::Pest)];

/// How many surroundings the bytes speak of. (With more the inputs that are kept would speak of others.)
const PLACES: usize = 12;

/// The longest walk that is looked at: what takes more steps is found by few more, and late.
const LONGEST: usize = 2_000;

/// The casts that can play together: two to five participants, in no order, at most one that removes what belongs to another.
static CASTS: LazyLock<Vec<[Vec<Cast>; GUESTS.len()]>> = LazyLock::new(|| {
    let mut casts = Vec::new();
    let mut smaller = vec![(Vec::new(), &EVERYBODY[..])];
    for size in 1..=MOST {
        let mut larger = Vec::new();
        for (cast, others) in &smaller {
            for (at, member) in others.iter().enumerate() {
                let cast: Vec<Cast> = cast.iter().chain([member]).copied().collect();
                let from = if *member == Cast::Remover { at + 1 } else { at };
                larger.push((cast, &others[from..]));
            }
        }
        if size > 1 {
            casts.extend(larger.iter().map(|(cast, _)| cast.clone()));
        }
        smaller = larger;
    }
    let with = |cast: &Vec<Cast>, guest: Option<Cast>| cast.iter().copied().chain(guest).take(MOST).collect();
    casts.iter().map(|cast| GUESTS.map(|guest| with(cast, guest))).collect()
});

/// Walks through the world that the bytes stand for.
///
/// # Panics
/// If a promise is broken, with the trace.
pub fn world(bytes: &[u8]) {
    let Some((configuration, walk)) = walked(None, bytes) else { return };
    if let Err(broken) = walk.verdict(&configuration) {
        panic!("{broken}");
    }
}

/// The walk that the bytes stand for, with a bug planted or without; `None` if they are too few.
#[must_use]
pub fn walked(bug: Option<Bug>, bytes: &[u8]) -> Option<(Configuration, Walk)> {
    let (configuration, choices) = configuration(bytes)?;
    let configuration = Configuration { bug, ..configuration };
    Some((configuration, walk(&configuration, &choices[..choices.len().min(LONGEST)])))
}

fn configuration(bytes: &[u8]) -> Option<(Configuration, &[u8])> {
    let ([low, high, rounds, faults, surroundings], choices) = bytes.split_first_chunk()?;
    let casts = &CASTS[usize::from(u16::from_le_bytes([*low, *high])) % CASTS.len()];
    let cast = &casts[usize::from(surroundings >> 6)];
    let probe = match surroundings >> 4 & 3 {
        0 | 1 => Probe::Datagram,
        2 => Probe::Stream,
        _ => Probe::None,
    };
    let configuration = Configuration {
        rounds: 1 + rounds % 4,
        crashes: faults & 3,
        cancels: faults >> 2 & 3,
        failures: faults >> 4 & 3,
        backlog: surroundings & 7,
        rechecks: surroundings & 8 != 0,
        probe,
        ..Configuration::of(cast)
    };
    Some((configuration.within(SURROUNDINGS[usize::from(rounds >> 2) % PLACES]), choices))
}
