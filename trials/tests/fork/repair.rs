//! A parent that is killed while it guards the folder: its children have a copy of that, and with it the flock.
use std::fs;

use trials::witness::count;
use trials::{Adapter, Fork, Place, Player, alone, watch_for};

#[test]
fn a_parent_that_is_killed_while_it_guards_the_folder() {
    let _alone = alone();
    for round in 0..25 {
        let place = Place::new();
        let mut parent = Player::start(Adapter::under_trial(), &place.lock());
        parent.send(format!("busy 1 {} {}", place.counter().display(), place.log(parent.name()).display()));
        parent.expect("busy");
        let child: Fork = parent.fork();
        let other: Fork = parent.fork();
        // Whatever it guarded, held, or was making when it was forked, it is done with. (The counter goes up before a release: so
        // the first turn may be that of a socket which the children have a copy of, and the second is not.)
        let before = count(&place.counter());
        watch_for("two more turns of the parent's", || (count(&place.counter()) >= before + 2).then_some(()));
        parent.kill();
        let mut next = Player::start(Adapter::Sync, &place.lock());
        let said = next.ask("acquire-for 5000");
        let flocks = fs::read_to_string("/proc/locks").unwrap();
        assert_eq!(said, "held", "round {round}, while children live: {flocks}");
        next.release();
        next.quit();
        drop((child, other));
    }
}
