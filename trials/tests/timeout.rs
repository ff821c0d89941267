//! Time-outs that end in the very moment in which the lock is granted.
//!
//! In each round a holder releases at an instant, and the first waiter's time-out ends at an instant, on the same clock. The
//! distance between the two is steered towards the point where both outcomes are equally frequent, so that most rounds
//! fall into the window in which grant and cancel cross. A second waiter, without a time-out, then must be served: whatever the
//! first did, the lock is not lost, and the intervals show that no two held it at a time.

use std::path::PathBuf;

use trials::queue::{queued, waits};
use trials::{
    Adapter, Place, Player, alone, at_path_and_name, in_file, node_or_skip, tell, wait_until_queued, watch_for, witness,
};

const ROUNDS: u64 = 1000;
/// At a file.
const FEWER_ROUNDS: u64 = 100;

/// How long before the time-out's end the waiters start to queue, in nanoseconds.
const LEAD: u64 = 4_000_000;
/// At a file, where a waiter is not seen so soon.
const LONGER_LEAD: u64 = 12_000_000;

/// By how much the distance between release and time-out changes after each round, in nanoseconds.
const STEP: i64 = 5_000;
/// At a file, with fewer rounds.
const LONGER_STEP: i64 = 40_000;

/// How many of them it moves at a time at the most.
const MOST_STEPS: i64 = 16;

at_path_and_name! { against_a_server_that_hands_over }
in_file! { against_a_release_that_wakes }

fn against_a_server_that_hands_over(place: &Place) {
    let _alone = alone();
    let holder = Player::start(Adapter::under_trial(), &place.lock());
    cross("handing over", place, holder, None);
}

/// The release of a file wakes all that wait, in no order. So the second waiter comes only when the first has its answer.
fn against_a_release_that_wakes(place: &Place) {
    let _alone = alone();
    let holder = Player::start(Adapter::under_trial(), &place.lock());
    cross("a file", place, holder, None);
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
    let server = Player::start(Adapter::under_trial(), &place.lock());
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
    let adapters = [Adapter::Node, Adapter::Node, Adapter::Node, Adapter::under_trial()];
    let mut patient = adapters.map(|adapter| Player::start(adapter, &place.lock()));
    let mut impatient = [Adapter::under_trial(); 4].map(|adapter| Player::start(adapter, &place.lock()));
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

/// The participants of a crossing, all on the same lock.
struct Crossing {
    lock: PathBuf,
    /// Holds the lock and lends it to the holder, if there is one.
    lender: Option<Player>,
    /// Holds the lock, and releases it around the time-out.
    holder: Player,
    /// The first in the queue, with the time-out.
    impatient: Player,
    /// The second in the queue; at a file, the one that comes after.
    patient: Player,
    /// In how many rounds both waiters were queued in time.
    in_time: u64,
    is_in_file: bool,
}

fn cross(name: &str, place: &Place, holder: Player, lender: Option<Player>) {
    let lock = place.lock();
    let (impatient, patient) =
        (Player::start(Adapter::under_trial(), &lock), Player::start(Adapter::under_trial(), &lock));
    let is_in_file = place.is_in_file();
    let (rounds, step) = if is_in_file { (FEWER_ROUNDS, LONGER_STEP) } else { (ROUNDS, STEP) };
    let mut crossing = Crossing { lock, lender, holder, impatient, patient, in_time: 0, is_in_file };
    crossing.all().for_each(|player| player.witness(place));
    let (mut held, mut timed_out) = (0, 0);
    // An event loop that runs and one that stands still see the end of the waiter's stream, or not, before they release.
    let mut manners = [("", 0_i64, step), ("blindly", 0_i64, step)];
    for round in 0..rounds {
        let (manner, distance, stride) = &mut manners[(round % 2) as usize];
        let has_held = crossing.round(manner, *distance);
        *(if has_held { &mut held } else { &mut timed_out }) += 1;
        // Faster and faster towards where they cross, and slowly there.
        let is_same = (*stride > 0) == has_held;
        let length = if is_same { stride.abs() * 2 } else { stride.abs() / 4 };
        *stride = length.clamp(step, MOST_STEPS * step) * if has_held { 1 } else { -1 };
        *distance += *stride;
    }
    let (in_time, lends) = (crossing.in_time, if crossing.lender.is_some() { rounds } else { 0 });
    for player in [crossing.holder, crossing.impatient, crossing.patient].into_iter().chain(crossing.lender) {
        player.quit();
    }
    place.assert_exclusive(2 * rounds + lends + held);
    let distances = manners.map(|(_, distance, _)| distance / 1000);
    tell(format!(
        "time-out, {name}: {rounds} rounds, {held} held, {timed_out} timed out, {in_time} with both waiters queued in time; \
         the release at last {distances:?} us after the time-out"
    ));
    assert!(held > rounds / 10 && timed_out > rounds / 10, "grant and cancel do not cross");
}

impl Crossing {
    /// One round; whether the impatient waiter held the lock.
    fn round(&mut self, manner: &str, distance: i64) -> bool {
        self.hold();
        let (others, impatient) = (queued(&self.lock), self.impatient.pid());
        let is_queued = || if self.is_in_file { waits(impatient, &self.lock) } else { queued(&self.lock) > others };
        let end = witness::now() + if self.is_in_file { LONGER_LEAD } else { LEAD };
        // On a machine that is busy elsewhere the time-out may be over before both are queued; that round shows less.
        let late = || witness::now() >= end;
        self.impatient.send(format!("acquire-until {end}"));
        watch_for("the impatient waiter", || (is_queued() || late()).then_some(()));
        if !self.is_in_file {
            self.patient.send("acquire");
            watch_for("the patient waiter", || (queued(&self.lock) > others + 1 || late()).then_some(()));
        }
        self.in_time += u64::from(!late());
        self.holder.send(format!("release-at {} {manner}", end.saturating_add_signed(distance)));
        self.holder.expect("released");

        let answer = self.impatient.answer();
        let held = answer.starts_with("held");
        assert!(held || answer.starts_with("timed-out "), "{answer}");
        if held {
            self.impatient.release();
        }
        if self.is_in_file {
            self.patient.send("acquire");
        }
        let answer = watch_for("the patient waiter to be served", || {
            assert!(self.holder.is_alive(), "the release next to a time-out has killed the releasing process");
            self.patient.answer_now()
        });
        assert!(answer.starts_with("held"), "{answer}");
        self.patient.release();
        self.all().for_each(|player| player.send("settle"));
        self.all().for_each(|player| player.expect("settled"));
        // A client that gave up keeps its place at a server that may lend, until its turn has come and gone.
        watch_for("the queue to be empty", || (queued(&self.lock) == 0).then_some(()));
        held
    }

    /// Has the holder hold the lock, on loan if there is a lender.
    fn hold(&mut self) {
        let Some(lender) = &mut self.lender else {
            assert!(!self.holder.acquire(), "not the server");
            return;
        };
        lender.acquire();
        self.holder.send("acquire");
        wait_until_queued(&self.lock, 1);
        lender.release();
        assert!(self.holder.expect_held(), "not lent");
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Player> {
        [&mut self.holder, &mut self.impatient, &mut self.patient].into_iter().chain(&mut self.lender)
    }
}
