//! Players that are killed: the holder, waiters, the one that is being handed the lock.

use trials::{Adapter, Place, Player, alone, at_path_and_name, in_file, process, tell, wait_until_queued, witness};

const WAITERS: usize = 8;

at_path_and_name! {
    the_holder_is_killed
    the_first_waiter_is_killed
    the_last_waiter_is_killed
    waiters_in_the_middle_are_killed
    all_waiters_are_killed
    holder_and_first_waiter_are_killed
    the_one_that_is_being_handed_the_lock_is_killed
    a_stopped_waiter_takes_the_lock_when_it_goes_on
}

in_file! {
    the_holder_is_killed
    the_first_waiter_is_killed
    the_last_waiter_is_killed
    waiters_in_the_middle_are_killed
    all_waiters_are_killed
    holder_and_first_waiter_are_killed
    a_stopped_waiter_keeps_no_other_from_the_lock
    a_killed_holder_leaves_its_file_until_the_next_use
}

fn the_holder_is_killed(place: &Place) {
    let rounds = if place.is_in_file() { 15 } else { 50 };
    let _alone = alone();
    let mut waiters = start(place);
    let mut delays: Vec<f64> = Vec::new();
    for _ in 0..rounds {
        let mut holder = Player::start(Adapter::under_trial(), &place.lock());
        holder.acquire();
        queue(&mut waiters, place);
        let killed = witness::now();
        holder.kill();
        serve(&waiters);
        let next = place.report().first_after(killed).expect("a hold after the kill").start;
        delays.push((next - killed) as f64 / 1e6);
    }
    finish(waiters, place, rounds * WAITERS as u64);
    delays.sort_by(f64::total_cmp);
    let median = delays[delays.len() / 2];
    tell(format!(
        "crash: from the kill of the holder to the next hold, {WAITERS} waiters, {rounds} rounds: median {median:.2} ms, \
         least {:.2} ms, most {:.2} ms",
        delays[0],
        delays[delays.len() - 1]
    ));
    // A kill does not change a file: the waiters find it unlocked when they look again, a fifth of a second apart at most.
    let most = if place.is_in_file() { 400.0 } else { 50.0 };
    assert!(median < most, "median {median} ms from the kill to the next hold");
}

fn the_first_waiter_is_killed(place: &Place) {
    waiters_are_killed(place, |_| vec![0]);
}

fn the_last_waiter_is_killed(place: &Place) {
    waiters_are_killed(place, |_| vec![WAITERS - 1]);
}

fn waiters_in_the_middle_are_killed(place: &Place) {
    waiters_are_killed(place, |round| vec![round % WAITERS, (round + 3) % WAITERS, (round + 5) % WAITERS]);
}

fn all_waiters_are_killed(place: &Place) {
    waiters_are_killed(place, |_| (0..WAITERS).collect());
}

fn holder_and_first_waiter_are_killed(place: &Place) {
    const ROUNDS: u64 = 10;
    let _alone = alone();
    let mut waiters = start(place);
    for _ in 0..ROUNDS {
        let mut holder = Player::start(Adapter::under_trial(), &place.lock());
        let mut first = Player::start(Adapter::under_trial(), &place.lock());
        holder.acquire();
        first.send("acquire");
        wait_until_queued(&place.lock(), 1);
        queue_behind(&mut waiters, place, 1);
        holder.kill();
        first.kill();
        serve(&waiters);
    }
    finish(waiters, place, ROUNDS * WAITERS as u64);
}

fn the_one_that_is_being_handed_the_lock_is_killed(place: &Place) {
    const ROUNDS: u64 = 20;
    let _alone = alone();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    let mut waiters = start(place);
    for _ in 0..ROUNDS {
        let mut first = Player::start(Adapter::under_trial(), &place.lock());
        holder.acquire();
        first.send("acquire");
        wait_until_queued(&place.lock(), 1);
        queue_behind(&mut waiters, place, 1);
        // It cannot read, so the listener stays in flight.
        process::stop(first.pid());
        holder.release();
        assert!(waiters.iter().all(|waiter| waiter.answer_now().is_none()), "served while the lock is another's");
        first.kill();
        serve(&waiters);
    }
    holder.quit();
    finish(waiters, place, ROUNDS * WAITERS as u64);
    tell(format!("crash: killed with the listener in flight, {ROUNDS} rounds: none stuck"));
}

fn a_stopped_waiter_takes_the_lock_when_it_goes_on(place: &Place) {
    let _alone = alone();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    let mut first = Player::start(Adapter::under_trial(), &place.lock());
    let mut second = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    first.send("acquire");
    wait_until_queued(&place.lock(), 1);
    second.send("acquire");
    wait_until_queued(&place.lock(), 2);
    process::stop(first.pid());
    holder.release();
    holder.quit();
    process::resume(first.pid());
    first.expect_held();
    assert_eq!(second.answer_now(), None);
    first.release();
    second.expect_held();
    second.release();
    first.quit();
    second.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// A release is for all that wait, in no order: so none has the lock in its name while it stands still.
fn a_stopped_waiter_keeps_no_other_from_the_lock(place: &Place) {
    let _alone = alone();
    let [mut holder, mut first, mut second] = [(); 3].map(|()| Player::start(Adapter::under_trial(), &place.lock()));
    holder.acquire();
    first.send("acquire");
    wait_until_queued(&place.lock(), 1);
    second.send("acquire");
    wait_until_queued(&place.lock(), 2);
    process::stop(first.pid());
    holder.release();
    second.expect_held();
    process::resume(first.pid());
    wait_until_queued(&place.lock(), 1);
    assert_eq!(first.answer_now(), None, "two holders");
    second.release();
    first.expect_held();
    first.release();
    [holder, first, second].into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

fn a_killed_holder_leaves_its_file_until_the_next_use(place: &Place) {
    let start = || Player::start(Adapter::under_trial(), &place.lock());
    let mut holder = start();
    holder.acquire();
    let pid = holder.pid();
    holder.kill();
    assert_eq!(place.leftovers(), ["lock"]);
    let record = std::fs::read_to_string(place.path()).expect("the file");
    assert!(record.starts_with(&format!("slocket\npid {pid}\n")), "{record}");
    let mut next = start();
    // The record of a process that has not locked the file is not believed.
    assert_eq!(next.ask("holder"), "holder none");
    assert_eq!(next.ask("try"), "held");
    next.release();
    assert_eq!(place.leftovers(), [""; 0]);

    let mut sharer = start();
    sharer.share();
    sharer.kill();
    assert_eq!(place.leftovers(), [".lock.shared"]);
    assert_eq!(next.ask("try"), "held");
    next.release();
    next.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// Twenty rounds of waiters queued in a known order, of which those that `doomed` names are killed while they wait.
fn waiters_are_killed(place: &Place, doomed: impl Fn(usize) -> Vec<usize>) {
    let rounds = if place.is_in_file() { 5 } else { 20 };
    let _alone = alone();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    let mut waiters: Vec<Option<Player>> = start(place).into_iter().map(Some).collect();
    let mut expected: Vec<String> = Vec::new();
    for round in 0..rounds {
        holder.acquire();
        let doomed = doomed(round);
        for (place_in_queue, waiter) in waiters.iter_mut().enumerate() {
            let waiter = waiter.get_or_insert_with(|| Player::start(Adapter::under_trial(), &place.lock()));
            waiter.begin_rounds(1, 0, place);
            wait_until_queued(&place.lock(), place_in_queue + 1);
            if !doomed.contains(&place_in_queue) {
                expected.push(waiter.name().to_owned());
            }
        }
        for index in doomed {
            waiters[index].take().expect("a waiter").kill();
        }
        holder.release();
        waiters.iter().flatten().for_each(|waiter| {
            waiter.expect_done(1);
        });
    }
    holder.quit();
    waiters.into_iter().flatten().for_each(Player::quit);
    let report = place.assert_exclusive(expected.len() as u64);
    if place.is_in_file() {
        // No order between processes is promised there: each has its hold.
        let (mut order, mut expected) = (report.order(), expected);
        order.sort_unstable();
        expected.sort_unstable();
        assert_eq!(order, expected, "the others are served");
    } else {
        assert_eq!(report.order(), expected, "the others keep their order");
    }
}

fn start(place: &Place) -> Vec<Player> {
    (0..WAITERS).map(|_| Player::start(Adapter::under_trial(), &place.lock())).collect()
}

fn queue(waiters: &mut [Player], place: &Place) {
    queue_behind(waiters, place, 0);
}

fn queue_behind(waiters: &mut [Player], place: &Place, others: usize) {
    for waiter in waiters.iter_mut() {
        waiter.begin_rounds(1, 0, place);
    }
    wait_until_queued(&place.lock(), others + waiters.len());
}

fn serve(waiters: &[Player]) {
    for waiter in waiters {
        waiter.expect_done(1);
    }
}

fn finish(waiters: Vec<Player>, place: &Place, holds: u64) {
    waiters.into_iter().for_each(Player::quit);
    place.assert_exclusive(holds);
}
