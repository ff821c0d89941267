//! Players that are killed at any instant, while others queue, time out and take turns.

use std::time::{SystemTime, UNIX_EPOCH};

use trials::{Adapter, Place, Player, alone, process, tell, watch_for};

const PLAYERS: usize = 6;
const KILLS: u64 = 300;

#[test]
fn kills_at_any_instant() {
    let _alone = alone();
    let place = Place::new();
    let mut random = Random::new();
    let mut players: Vec<_> = (0..PLAYERS).map(|index| start(&place, index)).collect();
    for _ in 0..KILLS {
        // That the count goes on after each kill shows that the lock is not lost, whoever died.
        let goal = place.count() + 1 + random.below(20);
        watch_for("the count to go on", || (place.count() >= goal).then_some(()));
        let index = random.below(PLAYERS as u64) as usize;
        if random.below(2) == 0 {
            // A player that stands still collects what it is sent, the listener too.
            process::stop(players[index].pid());
            let count = place.count();
            for _ in 0..random.below(100) {
                std::thread::yield_now();
            }
            assert!(place.count() >= count);
        }
        std::mem::replace(&mut players[index], start(&place, index)).kill();
    }
    let goal = place.count() + 1;
    watch_for("the count to go on", || (place.count() >= goal).then_some(()));
    players.into_iter().for_each(Player::kill);

    let report = place.report();
    assert_eq!(report.overlaps, [], "two held the lock at a time");
    let ended = report.intervals.iter().filter(|interval| interval.end.is_some()).count() as u64;
    let (count, begun) = (place.count(), report.intervals.len() as u64);
    assert!((ended..=begun).contains(&count), "{begun} holds begun, {ended} ended, but {count} counted");

    let mut last = Player::start(Adapter::under_trial(), &place.lock());
    last.acquire();
    last.release();
    last.quit();
    assert_eq!(place.leftovers(), [""; 0]);
    tell(format!("storm: {KILLS} kills, {begun} holds, {} of them cut short, 0 overlaps, nothing left", begun - ended));
}

/// Every third player has random time-outs.
fn start(place: &Place, index: usize) -> Player {
    let mut player = Player::start(Adapter::under_trial(), &place.lock());
    if index.is_multiple_of(3) {
        let (counter, log) = (place.counter(), place.log(player.name()));
        player.send(format!("timeouts 1000000000 1000 {} {}", counter.display(), log.display()));
    } else {
        player.begin_rounds(1_000_000_000, 0, place);
    }
    player
}

/// A xorshift: this needs no quality, only variety.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Self(time.as_nanos() as u64 | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
