//! First come, first served.

use trials::{Adapter, Place, Player, alone, at_path_and_name, tell, wait_until_queued};

const WAITERS: usize = 32;
const ROUNDS: usize = 20;

at_path_and_name! { waiters_are_served_in_the_order_of_their_arrival }

fn waiters_are_served_in_the_order_of_their_arrival(place: &Place) {
    let _alone = alone();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    let mut waiters: Vec<_> = (0..WAITERS).map(|_| Player::start(Adapter::under_trial(), &place.lock())).collect();
    let mut expected: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        // Another order each time, so that no order by process id or by age passes.
        waiters.rotate_left(7);
        waiters.swap(0, 1 + round);
        holder.acquire();
        for (before, waiter) in waiters.iter_mut().enumerate() {
            waiter.begin_rounds(1, 0, place);
            wait_until_queued(&place.lock(), before + 1);
            expected.push(waiter.name().to_owned());
        }
        holder.release();
        for waiter in &waiters {
            waiter.expect_done(1);
        }
    }
    for player in waiters {
        player.quit();
    }
    holder.quit();
    let report = place.assert_exclusive((WAITERS * ROUNDS) as u64);
    let wrong = report.order().iter().zip(&expected).position(|(served, expected)| served != expected);
    assert_eq!(
        wrong.map(|hold| (hold / WAITERS, hold % WAITERS)),
        None,
        "round and place of the first one out of order"
    );
    tell(format!("fairness: {WAITERS} waiters, {ROUNDS} rounds, all served in the order of their arrival"));
}
