//! What a lock that is a locked file costs: the wake-up of a waiter, beside that of flock(2); system calls; processor time.

use std::fs;
use std::time::Duration;

use trials::process::processor_share_over;
use trials::trace::{self, of_library as library};
use trials::{Adapter, Place, Player, alone, process, strace_or_skip, tell, wait_until_queued, watch_for};

const HAND_OVERS: usize = 200;
/// The median of the wake-ups is at most so many times that of flock(2), after which the file is still there. Here the waiter closes the file that was removed
/// and makes another one. That is about eight times as long; the rest is for a machine that is busy elsewhere.
const MOST: f64 = 30.0;

/// How many system calls an uncontended acquire and release may make together.
const BUDGET: usize = 15;

#[test]
fn a_waiter_is_woken_soon() {
    let _alone = alone();
    Adapter::OURS.into_iter().for_each(is_woken_soon);
}

fn is_woken_soon(adapter: Adapter) {
    let (place, flocks) = (Place::in_file(), Place::new());
    let file = flocks.note("flock");
    fs::write(&file, "").expect("a file");
    let mut ours = Pair::new(adapter, &place, "acquire".to_owned(), "release");
    let mut others = Pair::new(adapter, &flocks, format!("flock {}", file.display()), "unflock");
    // By turns, so that whatever else the machine does concerns both.
    for _ in 0..HAND_OVERS {
        ours.hand_over(|waiter| {
            wait_until_queued(&place.lock(), 1);
            watch_for("the waiter to sleep", || (process::state(waiter)? == 'S').then_some(()));
        });
        others.hand_over(|waiter| {
            watch_for("the waiter to sleep", || {
                let waits_in = fs::read_to_string(format!("/proc/{waiter}/syscall")).ok()?;
                waits_in.starts_with(&format!("{} ", nix::libc::SYS_flock)).then_some(())
            });
        });
    }
    let (ours, others) = (ours.end(&place), others.end(&flocks));
    let micros = |times: &[u64], percent: usize| times[(times.len() - 1) * percent / 100] as f64 / 1e3;
    let ratio = micros(&ours, 50) / micros(&others, 50);
    tell(format!(
        "file, {}: from the release to the next hold, {HAND_OVERS} hand-overs: p50 {:.0} us, p90 {:.0} us, most {:.0} us; by flock(2) p50 {:.0} us, \
         p90 {:.0} us, most {:.0} us; {ratio:.1} times as long",
        adapter.name(),
        micros(&ours, 50),
        micros(&ours, 90),
        micros(&ours, 100),
        micros(&others, 50),
        micros(&others, 90),
        micros(&others, 100),
    ));
    assert!(ratio <= MOST, "{ratio:.1} times as long as by flock(2)");
}

/// Two processes that pass something on to each other: the first waits, the second holds.
struct Pair {
    players: [Player; 2],
    acquire: String,
    release: &'static str,
}

impl Pair {
    fn new(adapter: Adapter, place: &Place, acquire: String, release: &'static str) -> Self {
        let mut players = [(); 2].map(|()| Player::start(adapter, &place.lock()));
        players.iter_mut().for_each(|player| player.witness(place));
        assert_eq!(players[0].ask(&acquire), "held");
        Self { players, acquire, release }
    }

    /// The one that holds passes it on when the other sleeps, as `asleep` sees.
    fn hand_over(&mut self, asleep: impl FnOnce(u32)) {
        self.players.swap(0, 1);
        let [waiter, holder] = &mut self.players;
        waiter.send(&self.acquire);
        asleep(waiter.pid());
        assert_eq!(holder.ask(self.release), "released");
        waiter.expect("held");
    }

    /// The times from just before each release to the next hold, in nanoseconds, sorted.
    fn end(mut self, place: &Place) -> Vec<u64> {
        assert_eq!(self.players[0].ask(self.release), "released");
        self.players.into_iter().for_each(Player::quit);
        let report = place.assert_exclusive(HAND_OVERS as u64 + 1);
        let times = report.intervals.windows(2).map(|pair| pair[1].start - pair[0].end.expect("an end"));
        let mut times: Vec<u64> = times.collect();
        times.sort_unstable();
        times
    }
}

#[test]
fn a_waiter_uses_no_processor_time() {
    let _alone = alone();
    let place = Place::in_file();
    let start = |adapter| Player::start(adapter, &place.lock());
    let mut holder = start(Adapter::Sync);
    holder.acquire();
    let mut waiters = Adapter::OURS.map(start);
    waiters.iter_mut().for_each(|waiter| waiter.send("acquire"));
    wait_until_queued(&place.lock(), waiters.len());
    let pids = [0, 1, 2, 3, 4].map(|index: usize| waiters[index].pid());
    for (adapter, used) in Adapter::OURS.into_iter().zip(processor_share_over(Duration::from_secs(5), pids)) {
        let name = adapter.name();
        tell(format!("file: a waiter uses {:.2} % of a processor over 5 s ({name})", used * 100.0));
        assert!(used < 0.01, "a waiter uses {:.2} % of a processor ({name})", used * 100.0);
    }
    holder.release();
    // One has it, whichever it is, and gives it back when it ends.
    for waiter in &mut waiters {
        waiter.send("release");
    }
    for waiter in waiters {
        waiter.expect_held();
        waiter.expect("released");
        waiter.quit();
    }
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn an_uncontended_lock_makes_few_system_calls() {
    if !strace_or_skip() {
        return;
    }
    let _alone = alone();
    let place = Place::in_file();
    let file = place.note("trace");
    let mut player = Player::start_traced(Adapter::Sync, &place.lock(), &file);
    // The first lock of a process may pay for what later ones reuse.
    for _ in 0..2 {
        player.send("once-marked");
        player.expect("done 1");
    }
    player.quit();
    let calls = trace::read(&file);
    let second = calls.iter().rposition(|call| call.line.contains("mark: begin")).expect("the marks");
    let acquire = library(trace::between(&calls[second..], "mark: begin", "mark: held"));
    let release = library(trace::between(&calls[second..], "mark: held", "mark: end"));
    tell(format!("file: {} system calls to acquire, {} to release:", acquire.len(), release.len()));
    for call in acquire.iter().chain(&release) {
        tell(format!("    {}", call.line));
    }
    assert!(acquire.iter().any(|call| call.name() == "flock"), "this is not the way that is to be counted");
    let sum = acquire.len() + release.len();
    assert!(sum <= BUDGET, "{sum} system calls, {BUDGET} are the budget");
}
