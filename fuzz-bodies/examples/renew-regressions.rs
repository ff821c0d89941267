//! Renews the inputs in `fuzz/regressions/world` that do not meet their bug any more, after a change of the model, and looks for
//! those that are missing: `cargo run --release --package fuzz-bodies --example renew-regressions`. It takes minutes.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use fuzz_bodies::walked;
use model::{PLANTED, Planted};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions/world");
    for planted in PLANTED {
        let file = folder.join(format!("{:?}", planted.bug));
        let old = fs::read(&file).ok();
        if old.as_ref().is_some_and(|old| meets(&planted, old)) {
            continue;
        }
        match found(&planted, old.as_deref()) {
            Some(bytes) => {
                let shortest =
                    (5..=bytes.len()).find(|&length| meets(&planted, &bytes[..length])).expect("the whole does");
                fs::write(&file, &bytes[..shortest]).expect("the regressions can be written");
                println!("{:?}: {shortest} bytes", planted.bug);
            }
            None => {
                let _ = fs::remove_file(&file);
                println!("{:?}: not met", planted.bug);
            }
        }
    }
}

/// How long each is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks in the configuration of the old one first, then in any.
fn found(planted: &Planted, old: Option<&[u8]>) -> Option<Vec<u8>> {
    let began = Instant::now();
    let mut tries = 0_u32;
    while began.elapsed() < PATIENCE {
        tries += 1;
        let bytes = varied(old.filter(|_| tries.is_multiple_of(2)));
        if meets(planted, &bytes) {
            return Some(bytes);
        }
    }
    None
}

fn meets(planted: &Planted, bytes: &[u8]) -> bool {
    walked(Some(planted.bug), bytes).is_some_and(|(_, walk)| walk.broken == Some(planted.breaks))
}

/// The same configuration, if there is one, and other choices.
fn varied(old: Option<&[u8]>) -> Vec<u8> {
    let random = || RandomState::new().hash_one(0).to_le_bytes();
    let configuration: Vec<u8> = old.map_or_else(|| random().to_vec(), <[u8]>::to_vec);
    configuration.into_iter().take(5).chain((0..10).flat_map(|_| random())).collect()
}
