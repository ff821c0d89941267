//! Programs with many threads that fork at any instant, whatever their threads have hold of.

use trials::{Adapter, Fork, Place, Player, alone};

const THREADS: usize = 8;
const CHILDREN: usize = 60;

/// Each child uses its parent's lock, which the threads of its parent use all the while, and so do its own.
#[test]
fn children_of_a_process_whose_threads_use_the_lock() {
    let _alone = alone();
    let place = Place::new();
    let busy = |name: &str| format!("{} {}", place.counter().display(), place.log(name).display());
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    let name = parent.name().to_owned();
    parent.send(format!("busy {THREADS} {}", busy(&name)));
    parent.expect("busy");
    let mut holds = 0;
    for _ in 0..CHILDREN / 4 {
        let mut children: Vec<Fork> = (0..4).map(|_| parent.fork()).collect();
        for child in &mut children {
            let name = format!("{name}-{}", child.pid());
            child.send(format!("rounds 5 0 {}", busy(&name)));
        }
        for mut child in children {
            child.expect("done 5");
            holds += 5;
            child.quit();
        }
    }
    let idle = parent.ask("idle");
    let own: Option<u64> = idle.strip_prefix("idle ").and_then(|holds| holds.parse().ok());
    parent.quit();
    place.assert_exclusive(holds + own.unwrap_or_else(|| panic!("{idle}")));
}
