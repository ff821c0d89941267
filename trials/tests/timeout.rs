//! Time-outs that end in the very moment in which the lock is granted.
//!
//! In each round a holder releases at an instant, and the first waiter's time-out ends at an instant, on the same clock. The
//! distance between the two is steered towards the point where both outcomes are equally frequent, so that most rounds
//! fall into the window in which grant and cancel cross. A second waiter, without a time-out, then must be served: whatever the
//! first did, the lock is not lost, and the intervals show that nobody held it beside another.

use std::path::Path;

use trials::queue::queued;
use trials::{Adapter, Place, Player, alone, node_or_skip, tell, wait_until_queued, watch_for, witness};

const ROUNDS: u64 = 1000;

/// How long before the time-out's end the waiters start to queue, in nanoseconds.
const LEAD: u64 = 4_000_000;

/// By how much the distance between release and time-out changes after each round, in nanoseconds.
const STEP: i64 = 5_000;

#[test]
fn against_a_server_that_hands_over() {
    let _alone = alone();
    let place = Place::new();
    let holder = Player::start(Adapter::Sync, &place.lock());
    cross("handing over", &place, holder, None);
}

#[test]
fn against_an_npm_server() {
    if !node_or_skip() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let holder = Player::start(Adapter::Node, &place.lock());
    cross("npm server", &place, holder, None);
}

/// The server is ours and lends, first to an npm client, which is the one that releases.
#[test]
fn against_a_server_that_lends() {
    if !node_or_skip() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let server = Player::start(Adapter::Sync, &place.lock());
    let client = Player::start(Adapter::Node, &place.lock());
    cross("lending", &place, client, Some(server));
}

/// Time-outs at random instants, among npm clients and npm servers that come and go.
#[test]
fn among_npm_processes() {
    const PATIENT: u64 = 500;
    const IMPATIENT: u64 = 250;
    if !node_or_skip() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    let adapters = [Adapter::Node, Adapter::Node, Adapter::Node, Adapter::Sync];
    let mut patient = adapters.map(|adapter| Player::start(adapter, &place.lock()));
    let mut impatient = [Adapter::Sync; 4].map(|adapter| Player::start(adapter, &place.lock()));
    for player in &mut patient {
        player.begin_rounds(PATIENT, 0, &place);
    }
    for player in &mut impatient {
        let (counter, log) = (place.counter(), place.log(player.name()));
        player.send(format!("timeouts {IMPATIENT} 12000 {} {}", counter.display(), log.display()));
    }
    let resets: u64 = patient.iter().map(|player| player.expect_done(PATIENT)).sum();
    let mut outcomes = [0, 0];
    for player in &impatient {
        let answer = player.answer();
        let numbers: Vec<u64> = answer.split(' ').skip(1).map(|number| number.parse().expect(&answer)).collect();
        outcomes = [outcomes[0] + numbers[0], outcomes[1] + numbers[1]];
    }
    patient.into_iter().chain(impatient).for_each(Player::quit);
    let [held, timed_out] = outcomes;
    place.assert_exclusive(4 * PATIENT + held);
    tell(format!("time-out, among npm processes: {held} held, {timed_out} timed out, npm gave up {resets} times"));
    assert!(held > IMPATIENT / 10 && timed_out > IMPATIENT / 10, "{held} held, {timed_out} timed out");
}

fn cross(name: &str, place: &Place, mut holder: Player, mut lender: Option<Player>) {
    let lock = place.lock();
    let mut impatient = Player::start(Adapter::Sync, &lock);
    let mut patient = Player::start(Adapter::Sync, &lock);
    for player in [&mut holder, &mut impatient, &mut patient].into_iter().chain(&mut lender) {
        player.witness(place);
    }
    let (mut held, mut timed_out, mut crossed) = (0, 0, 0);
    let mut distance = 0_i64;
    for _ in 0..ROUNDS {
        match &mut lender {
            Some(lender) => lend(lender, &mut holder, &lock),
            None => assert!(!holder.acquire(), "not the server"),
        }
        let others = queued(&lock);
        let end = witness::now() + LEAD;
        impatient.send(format!("acquire-until {end}"));
        // On a machine that is busy elsewhere the time-out may be over before both are queued; that round shows less.
        let late = || witness::now() >= end;
        watch_for("the impatient waiter", || (queued(&lock) > others || late()).then_some(()));
        patient.send("acquire");
        watch_for("the patient waiter", || (queued(&lock) > others + 1 || late()).then_some(()));
        crossed += u64::from(!late());
        holder.send(format!("release-at {}", end.saturating_add_signed(distance)));
        match impatient.answer().as_str() {
            "held" | "held loan" => {
                held += 1;
                distance += STEP;
                impatient.release();
            }
            answer if answer.starts_with("timed-out ") => {
                timed_out += 1;
                distance -= STEP;
            }
            answer => panic!("{answer}"),
        }
        patient.expect_held();
        patient.release();
        holder.expect("released");
        for player in [&mut holder].into_iter().chain(&mut lender) {
            player.send("settle");
            player.expect("settled");
        }
    }
    let lends = if lender.is_some() { ROUNDS } else { 0 };
    for player in [holder, impatient, patient].into_iter().chain(lender) {
        player.quit();
    }
    place.assert_exclusive(2 * ROUNDS + lends + held);
    tell(format!(
        "time-out, {name}: {ROUNDS} rounds, {crossed} with both waiters queued in time, {held} held, {timed_out} timed out, \
         the release {distance} ns after the time-out in the last"
    ));
    assert!(held > ROUNDS / 10 && timed_out > ROUNDS / 10, "grant and cancel do not cross");
}

/// The lender has the lock and lends it to the client.
fn lend(lender: &mut Player, client: &mut Player, lock: &Path) {
    lender.acquire();
    client.send("acquire");
    wait_until_queued(lock, 1);
    lender.release();
    assert!(client.expect_held(), "not lent");
}
