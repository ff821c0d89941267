//! Renews the inputs in `fuzz/regressions/world` that do not meet their bug any more, after a change of the model:
//! `cargo run --release --package fuzz-bodies --example renew-regressions`.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use fuzz_bodies::walked;
use model::{PLANTED, Planted};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions/world");
    for planted in PLANTED {
        let file = folder.join(format!("{:?}", planted.bug));
        let Ok(old) = fs::read(&file) else { continue };
        if meets(&planted, &old) {
            continue;
        }
        match (0..20_000_000).map(|_| varied(&old)).find(|bytes| meets(&planted, bytes)) {
            Some(bytes) => {
                let shortest =
                    (5..=bytes.len()).find(|&length| meets(&planted, &bytes[..length])).expect("the whole does");
                fs::write(&file, &bytes[..shortest]).expect("the regressions can be written");
                println!("{:?}: {shortest} bytes", planted.bug);
            }
            None => println!("{:?}: not met", planted.bug),
        }
    }
}

fn meets(planted: &Planted, bytes: &[u8]) -> bool {
    walked(Some(planted.bug), bytes).is_some_and(|(_, walk)| walk.broken == Some(planted.breaks))
}

/// The same configuration, and other choices.
fn varied(bytes: &[u8]) -> Vec<u8> {
    let random = || RandomState::new().hash_one(0).to_le_bytes();
    bytes[..5].iter().copied().chain((0..10).flat_map(|_| random())).collect()
}
