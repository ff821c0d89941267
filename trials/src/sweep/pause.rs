//! A victim is held still at each of its system calls, while others use the lock, or take it and keep it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::libc;

use super::outcome::assert_one_holder;
use super::points::{Choice, NO_END, calls, chosen, points, within_bound};
use super::scene::{Company, Role, Scene};
use super::tally::Tally;
use crate::adapter::Adapter;
use crate::patience::PATIENCE;
use crate::place::Place;
use crate::player::Player;
use crate::queue::queued;
use crate::queue::wait_until_queued;
use crate::random::Random;
use crate::stepper::{Deed, Side, Stop};

/// What the others do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Acquire with a time-out, release; try, release.
    Rounds,
    /// Acquire with a time-out, and hold until the victim has answered or queues.
    Hold,
    /// At the first stop as `Hold`; at the second release, and another does as `Hold`.
    PassOn,
    /// At the first stop as `Hold`, with an npm client behind; at the second it lends, and is killed. The client holds.
    LendAndDie,
}

impl Visit {
    /// Those with one stop.
    pub const SINGLE: [Self; 2] = [Self::Rounds, Self::Hold];
    /// Those with two.
    pub const DOUBLE: [Self; 2] = [Self::PassOn, Self::LendAndDie];

    /// What follows the role in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rounds => ", rounds",
            Self::Hold => ", hold",
            Self::PassOn => ", pass on",
            Self::LendAndDie => ", lend and die",
        }
    }
}

/// Holds the victim still at each point.
#[must_use]
pub fn sweep(adapter: Adapter, role: Role, visit: Visit, choice: Choice, random: &mut Random) -> Tally {
    let mut tally = Tally::default();
    let mut missed = 0;
    for stop in chosen(adapter, role, Deed::Pause, choice, random) {
        let is_missed = visited(adapter, role, visit, &[stop], &mut tally) == Some(Reached::Nothing);
        missed = if is_missed { missed + 1 } else { 0 };
        if tally.is_hopeless() || choice.is_over(missed) {
            break;
        }
    }
    tally
}

/// Holds the victim still at each two points, as far as another process takes the lock at the first.
#[must_use]
pub fn double(adapter: Adapter, role: Role, visit: Visit, choice: Choice, random: &mut Random) -> Tally {
    let mut tally = Tally::default();
    let mut firsts = Vec::new();
    for stop in points(Deed::Pause) {
        match visited(adapter, role, Visit::Hold, &[stop], &mut tally) {
            Some(Reached::First { taken: true }) => firsts.push(stop),
            Some(Reached::First { taken: false } | Reached::Second) => {}
            Some(Reached::Nothing) | None => break,
        }
    }
    // These are the first half of what is looked for, and counted elsewhere.
    (tally.points, tally.recovered) = (0, 0);
    let all: Vec<Stop> = points(Deed::Pause).take(NO_END).collect();
    let seconds = |first: Stop| all.iter().copied().skip_while(move |stop| *stop != first).skip(1);
    match choice {
        Choice::Whole => {
            for first in firsts {
                for second in seconds(first) {
                    let reached = visited(adapter, role, visit, &[first, second], &mut tally);
                    if tally.is_hopeless() || matches!(reached, Some(Reached::First { .. } | Reached::Nothing)) {
                        break;
                    }
                }
            }
        }
        Choice::Some(number) => {
            // Soon after the first, where what was seen there is used. (A point that is not reached does not count.)
            while !firsts.is_empty() && tally.points < number {
                let first = firsts[usize::try_from(random.below(firsts.len() as u64)).expect("small")];
                let within = usize::try_from(random.below(12)).expect("small");
                let second = seconds(first).nth(within).expect("far from the end");
                visited(adapter, role, visit, &[first, second], &mut tally);
            }
        }
    }
    tally
}

/// How often a point is tried that was not reached: on a busy machine a visitor may give the lock back too early ([`HOLD`]).
const ATTEMPTS: usize = 5;

/// Holds a reclaimer still just before it guards the folder, and again at each call from there to its removal of what it
/// found dead: all that lies between what it has seen and what it does. (A part of [`double`] that is never left to chance.)
///
/// # Panics
/// If it does not make the calls that reclaiming takes.
#[must_use]
pub fn around_the_probe(adapter: Adapter, visit: Visit) -> Tally {
    let calls = calls(adapter, Role::Reclaims, false);
    let find =
        |number, from: usize| from + calls[from..].iter().position(|call| call.number == number).expect("a reclaim");
    let published = find(libc::SYS_flock, 0);
    let guards = find(libc::SYS_flock, published + 1);
    let removes = find(libc::SYS_unlinkat, guards);
    let mut tally = Tally::default();
    let first = Stop { at: guards, side: Side::Before, deed: Deed::Pause };
    for second in points(Deed::Pause).skip_while(|stop| stop.at < guards).take_while(|stop| stop.at < removes).skip(1) {
        let mut runs = (0..ATTEMPTS).map(|_| visited(adapter, Role::Reclaims, visit, &[first, second], &mut tally));
        let is_reached = runs.any(|reached| matches!(reached, Some(Reached::Second) | None));
        if !is_reached {
            tally.failures.push(format!("{} did not come to {second:?}", adapter.name()));
        }
    }
    tally
}

/// How many stops a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    Nothing,
    First { taken: bool },
    Second,
}

fn visited(adapter: Adapter, role: Role, visit: Visit, stops: &[Stop], tally: &mut Tally) -> Option<Reached> {
    let at: Vec<_> = stops.iter().map(|stop| format!("{:?} call {}", stop.side, stop.at)).collect();
    let what = format!("{} {}, {visit:?}, held still {}", adapter.name(), role.name(), at.join(" and "));
    let reached = tally.attempt(&what, |trace| run(adapter, role, visit, stops, trace));
    let is_point = match reached {
        Some(Reached::Nothing) => false,
        Some(Reached::First { .. }) => stops.len() == 1,
        Some(Reached::Second) | None => true,
    };
    tally.points += usize::from(is_point);
    tally.recovered += usize::from(is_point && reached.is_some());
    reached
}

fn run(adapter: Adapter, role: Role, visit: Visit, stops: &[Stop], trace: &mut String) -> Reached {
    let mut scene = Scene::set(adapter, role, false);
    let mut company = Visitors::new(adapter, &scene.place, role, visit);
    scene.step(stops, PATIENCE);
    scene.play(&mut company);
    *trace = scene.unstep().to_string();
    let reached = company.reached;
    company.give_up();
    assert!(scene.victim.is_some(), "the victim died");
    let is_fine =
        |answer: &String| ["held", "released", "settled", "timed-out"].iter().any(|fine| answer.starts_with(fine));
    assert!(scene.answers.iter().all(is_fine), "the victim said {:?}", scene.answers);
    scene.clear();
    // A visitor that gave up while the lock was lent keeps its place: it may have been handed the lock, and passes it on.
    within_bound("the folder to be clean", || scene.place.leftovers().is_empty().then_some(()));
    company.leave();
    assert_one_holder(&scene.place);
    assert_eq!(scene.place.leftovers(), [""; 0], "left in the lock's folder");
    reached
}

/// The processes that come while the victim stands still.
struct Visitors {
    lock: PathBuf,
    role: Role,
    visit: Visit,
    first: Option<Player>,
    second: Option<Player>,
    client: Option<Player>,
    /// The client queues behind the first.
    client_waits: bool,
    /// The holder of the lock, since when.
    holds: Option<(Who, Instant)>,
    reached: Reached,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    First,
    Second,
    Client,
}

/// How long a process holds the lock for which no other waits. No trial depends on it: a victim that takes longer to come to
/// its next step is looked at less.
const HOLD: Duration = Duration::from_millis(100);

impl Visitors {
    fn new(adapter: Adapter, place: &Place, role: Role, visit: Visit) -> Self {
        let start = |adapter| {
            let mut player = Player::start(adapter, &place.lock());
            player.witness(place);
            player
        };
        Self {
            lock: place.lock(),
            role,
            visit,
            first: Some(start(adapter)),
            client_waits: false,
            second: (visit == Visit::PassOn).then(|| start(adapter)),
            client: (visit == Visit::LendAndDie).then(|| start(Adapter::Node)),
            holds: None,
            reached: Reached::Nothing,
        }
    }

    /// Ends them.
    fn leave(self) {
        [self.first, self.second, self.client].into_iter().flatten().for_each(Player::quit);
    }

    /// The holder releases the lock.
    fn give_up(&mut self) {
        let Some((who, _)) = self.holds.take() else { return };
        self.player(who).release();
        if self.client_waits {
            self.let_client_hold();
            self.give_up();
        }
    }

    /// The client has been lent the lock.
    fn let_client_hold(&mut self) {
        self.client_waits = false;
        self.player(Who::Client).expect_held();
        self.holds = Some((Who::Client, Instant::now()));
    }

    fn player(&mut self, who: Who) -> &mut Player {
        match who {
            Who::First => self.first.as_mut().expect("a first"),
            Who::Second => self.second.as_mut().expect("a second"),
            Who::Client => self.client.as_mut().expect("a client"),
        }
    }

    /// What a visitor takes and keeps.
    fn takes(&self) -> &'static str {
        match self.role {
            Role::SharesBeside | Role::WaitsForShares | Role::Downgrades | Role::GivesUpOnShares => "share-for 20",
            Role::TakesSlot | Role::TakesSecondSlot | Role::WaitsForSlot => "slot-for 2 20",
            _ => "acquire-for 20",
        }
    }

    /// What a visitor takes and gives back at once.
    fn tries(&self) -> &'static [&'static str] {
        match self.role.share() {
            Some("share") => &["acquire-for 20", "try", "share-for 20", "try-share"],
            Some(_) => &["acquire-for 20", "try", "slot-for 2 20", "try-slot 2"],
            None if self.role.is_about_shares() => &["acquire-for 20", "try", "share-for 20", "try-slot 3"],
            None => &["acquire-for 20", "try"],
        }
    }

    /// Tries to come to hold the lock, or a share, and keeps it.
    fn take(&mut self, who: Who) -> bool {
        let command = self.takes();
        let is_held = says_held(&self.player(who).ask(command));
        if is_held {
            self.holds = Some((who, Instant::now()));
        }
        is_held
    }
}

impl Company for Visitors {
    fn at_stop(&mut self, which: usize) {
        if which == 0 {
            let taken = match self.visit {
                Visit::Rounds => {
                    for command in self.tries() {
                        let first = self.player(Who::First);
                        if says_held(&first.ask(command)) {
                            first.release();
                        }
                    }
                    false
                }
                Visit::Hold | Visit::PassOn | Visit::LendAndDie => self.take(Who::First),
            };
            if taken && let Some(client) = &mut self.client {
                let before = queued(&self.lock);
                client.send("acquire");
                wait_until_queued(&self.lock, before + 1);
                self.client_waits = true;
            }
            self.reached = Reached::First { taken };
            return;
        }
        self.reached = Reached::Second;
        match self.visit {
            Visit::PassOn => {
                self.give_up();
                self.take(Who::Second);
            }
            Visit::LendAndDie => {
                if self.client_waits && self.holds.take().is_some() {
                    self.player(Who::First).release();
                    self.let_client_hold();
                    self.first.take().into_iter().for_each(Player::kill);
                }
            }
            Visit::Rounds | Visit::Hold => {}
        }
    }

    fn beside(&mut self, done: bool) {
        let Some((_, since)) = self.holds else { return };
        let is_waited_for = queued(&self.lock) > usize::from(self.client.is_some());
        if done || is_waited_for || since.elapsed() > HOLD {
            self.give_up();
        }
    }
}

fn says_held(answer: &str) -> bool {
    assert!(!answer.starts_with("error"), "{answer}");
    answer.starts_with("held")
}
