//! The scenes that the sweeps play: a victim in one role, and those around it.

use std::fs::{self, File};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::libc;
use rustix::fs::{FlockOperation, flock};

use crate::adapter::Adapter;
use crate::patience::{PATIENCE, watch_for};
use crate::place::Place;
use crate::player::Heard;
use crate::player::Player;
use crate::process;
use crate::queue::wait_until_queued;
use crate::queue::{listener, queued, waits};
use crate::stepper::{Deed, Record, Stepper, Stop};

/// What the victim does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Acquires a free lock, in place, and releases it.
    Newcomer,
    /// The same, aside: a stranger has the folder's flock.
    Aside,
    /// Queues, is handed the lock, hands it over to the next.
    Waiter,
    /// Holds, and hands over to the first of two waiters.
    HandsOver,
    /// Holds, and closes out: no process waits.
    ClosesOut,
    /// Holds, lends to an npm client, takes the lock back, closes out.
    Lends,
    /// Queues, and gives up.
    TimesOut,
    /// Removes a dead socket and dead temporary names; acquires and releases.
    Reclaims,
    /// As [`Newcomer`](Self::Newcomer), at an abstract name.
    NewcomerAtName,
    /// As [`Waiter`](Self::Waiter), at an abstract name.
    WaiterAtName,
    /// As [`HandsOver`](Self::HandsOver), at an abstract name.
    HandsOverAtName,
    /// As [`ClosesOut`](Self::ClosesOut), at an abstract name.
    ClosesOutAtName,
    /// As [`TimesOut`](Self::TimesOut), at an abstract name.
    TimesOutAtName,
    /// Takes a shared lock, and gives it back: makes a FIFO, opens it, removes it.
    Shares,
    /// The same, beside one that another process has.
    SharesBeside,
    /// Takes the first of two slots, and gives it back.
    TakesSlot,
    /// Takes the second, as another process has the first.
    TakesSecondSlot,
    /// Waits for one of two slots, both of which are taken, until one is given back.
    WaitsForSlot,
    /// Has the lock in hand and waits for shares, with a waiter behind; holds, and hands over.
    WaitsForShares,
    /// Holds, and makes the lock a shared one before a waiter.
    Downgrades,
    /// Has the lock in hand and waits for shares, with a waiter behind; gives up.
    GivesUpOnShares,
    /// As [`Newcomer`](Self::Newcomer), where the lock is a locked file.
    NewcomerInFile,
    /// As [`Waiter`](Self::Waiter), where the lock is a locked file: there it waits until the file changes.
    WaiterInFile,
    /// As [`Shares`](Self::Shares), where the lock is a locked file: makes a file, locks it, removes it.
    SharesInFile,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::Newcomer,
        Self::Aside,
        Self::Waiter,
        Self::HandsOver,
        Self::ClosesOut,
        Self::Lends,
        Self::TimesOut,
        Self::Reclaims,
        Self::NewcomerAtName,
        Self::WaiterAtName,
        Self::HandsOverAtName,
        Self::ClosesOutAtName,
        Self::TimesOutAtName,
        Self::Shares,
        Self::SharesBeside,
        Self::TakesSlot,
        Self::TakesSecondSlot,
        Self::WaitsForSlot,
        Self::WaitsForShares,
        Self::Downgrades,
        Self::GivesUpOnShares,
        Self::NewcomerInFile,
        Self::WaiterInFile,
        Self::SharesInFile,
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Newcomer => "newcomer",
            Self::Aside => "aside",
            Self::Waiter => "waiter",
            Self::HandsOver => "hands-over",
            Self::ClosesOut => "closes-out",
            Self::Lends => "lends",
            Self::TimesOut => "times-out",
            Self::Reclaims => "reclaims",
            Self::NewcomerAtName => "newcomer-at-name",
            Self::WaiterAtName => "waiter-at-name",
            Self::HandsOverAtName => "hands-over-at-name",
            Self::ClosesOutAtName => "closes-out-at-name",
            Self::TimesOutAtName => "times-out-at-name",
            Self::Shares => "shares",
            Self::SharesBeside => "shares-beside",
            Self::TakesSlot => "takes-slot",
            Self::TakesSecondSlot => "takes-second-slot",
            Self::WaitsForSlot => "waits-for-slot",
            Self::WaitsForShares => "waits-for-shares",
            Self::Downgrades => "downgrades",
            Self::GivesUpOnShares => "gives-up-on-shares",
            Self::NewcomerInFile => "newcomer-in-file",
            Self::WaiterInFile => "waiter-in-file",
            Self::SharesInFile => "shares-in-file",
        }
    }
}

impl Role {
    /// Whether the victim holds when the scene begins.
    #[must_use]
    pub fn begins_as_holder(self) -> bool {
        matches!(
            self,
            Self::HandsOver
                | Self::HandsOverAtName
                | Self::ClosesOut
                | Self::ClosesOutAtName
                | Self::Lends
                | Self::Downgrades
        )
    }

    /// Whether a process takes a share of the lock, or waits for one.
    #[must_use]
    pub fn is_about_shares(self) -> bool {
        self.share().is_some() || matches!(self, Self::WaitsForShares | Self::Downgrades | Self::GivesUpOnShares)
    }

    /// The share that the victim wants, as a player is asked for it; `None` if it wants the lock.
    #[must_use]
    pub fn share(self) -> Option<&'static str> {
        match self {
            Self::Shares | Self::SharesBeside | Self::SharesInFile => Some("share"),
            Self::TakesSlot | Self::TakesSecondSlot | Self::WaitsForSlot => Some("slot 2"),
            _ => None,
        }
    }
}

impl Role {
    /// Whether the lock is a locked file.
    #[must_use]
    pub fn is_in_file(self) -> bool {
        matches!(self, Self::NewcomerInFile | Self::WaiterInFile | Self::SharesInFile)
    }

    /// Whether the lock is at an abstract name.
    fn is_at_name(self) -> bool {
        matches!(
            self,
            Self::NewcomerAtName
                | Self::WaiterAtName
                | Self::HandsOverAtName
                | Self::ClosesOutAtName
                | Self::TimesOutAtName
        )
    }
}

/// The processes that are about while the victim stands still, and after.
pub trait Company {
    /// The victim stands still, at one of its stops.
    fn at_stop(&mut self, _which: usize) {}

    /// The victim runs; it has done what it could when `done`.
    fn beside(&mut self, _done: bool) {}
}

/// None.
#[derive(Debug)]
pub struct Nobody;

impl Company for Nobody {}

/// A scene, from when it is set to when it is cleared.
#[derive(Debug)]
pub struct Scene {
    /// Where it is played.
    pub place: Place,
    /// The victim; `None` once it has died.
    pub victim: Option<Player>,
    /// Everybody's adapter.
    pub adapter: Adapter,
    role: Role,
    stepper: Option<Stepper>,
    record: Record,
    /// Holds the lock before the victim.
    holder: Option<Player>,
    /// Each in the queue once, for one round.
    behind: Vec<Player>,
    client: Option<Client>,
    stranger: Option<File>,
    /// Each has a share before the victim wants anything; the slots are taken in order.
    sharers: Vec<Player>,
    /// How many of them have given theirs back.
    given_back: usize,
    /// How long a victim whose calls fail may wait before they fail no more.
    patience: Duration,
    calls_fail: bool,
    /// It had to be let go by that.
    pub waited: bool,
    /// The victim's answers.
    pub answers: Vec<String>,
    /// What descriptors the victim had before it used the lock (in this scene).
    pub idle: Vec<String>,
    /// What was heard of the victim, but not listened to.
    heard: Option<Heard>,
}

/// An npm client that waits for the lock, and then has it.
#[derive(Debug)]
struct Client {
    player: Player,
    has_released: bool,
    has_died: bool,
}

impl Scene {
    /// Sets the scene, up to where the victim gets its command. A victim is *warm* if it has used the lock before.
    ///
    /// # Panics
    /// If the players do not do what they should.
    #[must_use]
    pub fn set(adapter: Adapter, role: Role, warm: bool) -> Self {
        let place = match () {
            () if role.is_at_name() => Place::at_name(),
            () if role.is_in_file() => Place::in_file(),
            () => Place::new(),
        };
        let lock = place.lock();
        let mut victim = Player::start_apart(adapter, &lock, &place.note("complaints"));
        victim.witness(&place);
        if warm {
            warm_up(&mut victim, &lock);
            if role.is_about_shares() {
                victim.share();
                victim.release();
            }
        }
        process::wait_until_it_watches_nothing(victim.pid());
        let idle = descriptors(victim.pid());
        let mut scene = Self {
            idle,
            place,
            victim: Some(victim),
            adapter,
            role,
            stepper: None,
            record: Record::default(),
            holder: None,
            behind: Vec::new(),
            client: None,
            stranger: None,
            sharers: Vec::new(),
            given_back: 0,
            patience: PATIENCE,
            calls_fail: false,
            waited: false,
            answers: Vec::new(),
            heard: None,
        };
        match role {
            Role::Newcomer | Role::NewcomerAtName | Role::NewcomerInFile => {}
            Role::Aside => scene.stranger = Some(guard(scene.place.folder())),
            Role::Waiter | Role::WaiterAtName | Role::WaiterInFile | Role::TimesOut | Role::TimesOutAtName => {
                let mut holder = scene.start();
                holder.witness(&scene.place);
                holder.acquire();
                scene.holder = Some(holder);
                scene.behind.push(scene.start());
            }
            Role::HandsOver | Role::HandsOverAtName => {
                scene.victim().acquire();
                for count in 1..=2 {
                    let waiter = scene.start();
                    scene.behind.push(waiter);
                    scene.queue_behind(count - 1);
                }
            }
            Role::ClosesOut | Role::ClosesOutAtName => {
                scene.victim().acquire();
            }
            Role::Lends => {
                scene.victim().acquire();
                let mut client = Player::start(Adapter::Node, &lock);
                client.witness(&scene.place);
                client.send("acquire");
                wait_until_queued(&lock, 1);
                scene.client = Some(Client { player: client, has_released: false, has_died: false });
            }
            Role::Reclaims => {
                let mut dead = scene.start();
                dead.acquire();
                dead.kill();
                for number in 1..=2 {
                    drop(
                        UnixListener::bind(scene.place.folder().join(format!(".slocket-{number:016x}"))).expect("bind"),
                    );
                }
            }
            Role::Shares | Role::SharesInFile | Role::TakesSlot => {}
            Role::SharesBeside => scene.add_sharers(&["share"]),
            Role::TakesSecondSlot => scene.add_sharers(&["slot 2"]),
            Role::WaitsForSlot => scene.add_sharers(&["slot 2", "slot 2"]),
            Role::WaitsForShares => {
                scene.add_sharers(&["share", "slot 2"]);
                scene.behind.push(scene.start());
            }
            Role::GivesUpOnShares => {
                scene.add_sharers(&["share"]);
                scene.behind.push(scene.start());
            }
            Role::Downgrades => {
                scene.victim().acquire();
                scene.behind.push(scene.start());
                scene.queue_behind(0);
            }
        }
        scene
    }

    /// Each takes a share.
    fn add_sharers(&mut self, shares: &[&str]) {
        for share in shares {
            let mut sharer = self.start();
            sharer.witness(&self.place);
            let answer = sharer.ask(share);
            assert!(answer.starts_with("held "), "{answer}");
            self.sharers.push(sharer);
        }
    }

    /// Another player.
    #[must_use]
    pub fn start(&self) -> Player {
        Player::start(self.adapter, &self.place.lock())
    }

    /// From here on the victim's calls are counted and it is stopped; if they fail, for that long at most.
    ///
    /// # Panics
    /// If there is no victim any more.
    pub fn step(&mut self, stops: &[Stop], patience: Duration) {
        self.patience = patience;
        self.calls_fail = stops.iter().any(|stop| matches!(stop.deed, Deed::Fail(_)));
        let victim = self.victim.as_ref().expect("a victim");
        self.stepper = Some(Stepper::attach(victim, &self.place, stops));
    }

    /// Lets go of the victim; returns what was seen.
    pub fn unstep(&mut self) -> &Record {
        if let Some(stepper) = self.stepper.take() {
            self.record = stepper.finish();
        }
        // Perhaps only after its last answer, in a thread that was not done.
        if self.record.killed.is_some()
            && let Some(mut victim) = self.victim.take()
        {
            victim.wait();
        }
        &self.record
    }

    /// Has the victim do its part.
    ///
    /// # Panics
    /// If a player does what it should not.
    pub fn play(&mut self, company: &mut dyn Company) {
        match self.role {
            Role::Newcomer | Role::NewcomerAtName | Role::NewcomerInFile | Role::Aside | Role::Reclaims => {
                self.command("acquire");
                self.use_and_release(company);
            }
            Role::Waiter | Role::WaiterAtName | Role::WaiterInFile => {
                self.command("acquire");
                self.let_queue(company);
                self.release_holder();
                self.use_and_release(company);
            }
            Role::HandsOver | Role::HandsOverAtName | Role::ClosesOut | Role::ClosesOutAtName => {
                self.command("release");
                self.hear(company);
            }
            Role::Lends => {
                self.command("release");
                // Where no thread is available, the lender looks after the loan itself, and answers when it is back.
                let start = Instant::now();
                self.watch("the loan", company, |scene| {
                    (scene.is_over() || start.elapsed() > Duration::from_millis(300)).then_some(())
                });
                let looks_after_it_itself = self.heard.is_none();
                if looks_after_it_itself {
                    self.serve_client(company);
                }
                if self.hear(company).is_some() {
                    self.command("settle");
                    if !looks_after_it_itself {
                        self.serve_client(company);
                    }
                    self.hear(company);
                }
            }
            Role::TimesOut | Role::TimesOutAtName => {
                self.command("acquire-for 40");
                self.let_queue(company);
                self.use_and_release(company);
            }
            Role::Shares | Role::SharesInFile | Role::SharesBeside | Role::TakesSlot | Role::TakesSecondSlot => {
                self.command(self.role.share().expect("a share"));
                self.use_and_release(company);
            }
            Role::WaitsForSlot => {
                self.command(self.role.share().expect("a share"));
                self.let_wait(2, company);
                self.give_back();
                self.use_and_release(company);
            }
            Role::WaitsForShares => {
                self.command("acquire");
                self.let_wait(1, company);
                self.begin_behind();
                self.give_back();
                self.let_wait(2, company);
                self.give_back();
                self.use_and_release(company);
            }
            Role::Downgrades => {
                self.command("downgrade");
                if self.hear(company).is_some() {
                    self.command("release");
                    self.hear(company);
                    // (If it could not be made a shared one the lock is held as before, or lost.)
                    self.answers.retain(|answer| answer != "error Usage nothing is held");
                }
            }
            Role::GivesUpOnShares => {
                self.command("acquire-for 40");
                self.let_wait(1, company);
                self.begin_behind();
                self.use_and_release(company);
            }
        }
    }

    /// Takes out of the way what keeps others from the lock: the holder before the victim, the stranger, those that have shares.
    /// Whether there was anything.
    pub fn make_way(&mut self) -> bool {
        let was_in_the_way = self.stranger.is_some() || self.holder.is_some() || !self.sharers.is_empty();
        self.stranger = None;
        while !self.sharers.is_empty() {
            self.give_back();
        }
        self.release_holder();
        was_in_the_way
    }

    /// Takes out of the way what keeps others from a share such as the victim wants. Whether there was anything.
    pub fn make_way_for_share(&mut self) -> bool {
        let is_full = self.role == Role::WaitsForSlot && self.sharers.len() == 2;
        if is_full {
            self.give_back();
        }
        is_full
    }

    /// What a player answers that takes a share such as the victim wants, when there are none but those of the scene.
    #[must_use]
    pub fn next_share(&self) -> String {
        match self.role.share() {
            Some("share") => "held shared".to_owned(),
            // The owners of slots took them in order, and the first gives its back first.
            _ if self.given_back > 0 || self.sharers.is_empty() => "held slot 0".to_owned(),
            _ => format!("held slot {}", self.sharers.len()),
        }
    }

    /// Whether a loan was under way when the process with these calls was killed: the mark was cleared and not yet set again. (Each
    /// takes two calls, for the bit and for the time.)
    fn was_lending(&self, record: &Record) -> bool {
        let bits = record.count(libc::SYS_chmod, 0) + record.count(libc::SYS_fchmodat, 0);
        let times = record.count(libc::SYS_utimensat, 0);
        self.role == Role::Lends && (bits % 2 == 1 || times % 2 == 1)
    }

    /// Whether only a human can tell that the lock is free: its lender was killed before it set the mark again.
    #[must_use]
    pub fn is_lost(&self, record: &Record) -> bool {
        self.was_lending(record) && self.is_unmarked()
    }

    /// After the process with these calls was killed: an npm client that holds the lock gives it back. Whether there is one.
    ///
    /// # Panics
    /// If it was granted the lock and does not say so.
    pub fn end_loan(&mut self, record: &Record) -> bool {
        let granted = self.was_lending(record) && record.count(libc::SYS_sendmsg, 2) > 0;
        if let Some(client) = self.client.as_mut().filter(|client| granted && !client.has_released) {
            client.player.expect_held();
            client.player.release();
            client.has_released = true;
            client.player.send("settle");
            client.player.expect("settled");
            return true;
        }
        false
    }

    /// An npm client may come to hold the lock otherwise: it gives it back. (If its server died, it gives up.)
    ///
    /// # Panics
    /// If it answers anything else.
    pub fn serve_client_now(&mut self) {
        let Some(client) = self.client.as_mut().filter(|client| !client.has_released) else { return };
        match client.player.hear(Duration::ZERO) {
            Heard::Answer(answer) => {
                client.has_released = true;
                if answer.starts_with("held") {
                    client.player.release();
                } else {
                    assert!(answer.starts_with("error ECONNRESET"), "the npm client: {answer}");
                }
            }
            Heard::End => client.has_died = true,
            Heard::Nothing => {}
        }
    }

    /// Kills an npm client that waits at a socket which no process will remove.
    pub fn dismiss_client(&mut self) {
        if let Some(client) = self.client.take() {
            client.player.kill();
        }
    }

    /// Whether the npm client has become a server that died: as npm's do when they grant the lock to a process that was
    /// killed. It is taken out of the scene then.
    #[must_use]
    pub fn bury_client(&mut self) -> bool {
        // (An answer that is still to come is not for here.)
        let has_died = |client: &mut Client| {
            client.has_died || client.has_released && client.player.hear(Duration::ZERO) == Heard::End
        };
        self.client.take_if(has_died).map(|mut client| client.player.wait()).is_some()
    }

    /// Whether the path is a socket without the mark.
    #[must_use]
    pub fn is_unmarked(&self) -> bool {
        let found = fs::symlink_metadata(self.place.lock());
        found.is_ok_and(|found| found.file_type().is_socket() && !crate::mark::is_marked(&found))
    }

    /// Waits for the processes that queue behind the victim, and ends all but the victim.
    ///
    /// # Panics
    /// If a waiter was not served.
    pub fn serve(&mut self) {
        self.make_way();
        for waiter in self.behind.drain(..) {
            waiter.expect_done(1);
            waiter.quit();
        }
        watch_for("the npm client to be served", || {
            self.serve_client_now();
            self.client.as_ref().is_none_or(|client| client.has_released).then_some(())
        });
        if let Some(client) = self.client.take() {
            client.player.quit();
        }
    }

    /// Waits for the processes that queue behind the victim, and ends all.
    ///
    /// # Panics
    /// If a waiter was not served.
    pub fn clear(&mut self) {
        self.serve();
        if let Some(victim) = self.victim.take() {
            victim.quit();
        }
    }

    fn victim(&mut self) -> &mut Player {
        self.victim.as_mut().expect("a victim")
    }

    fn command(&mut self, command: &str) {
        if let Some(victim) = &mut self.victim {
            let _ = victim.try_send(command);
        }
    }

    /// The victim's answer; `None` if it died.
    fn hear(&mut self, company: &mut dyn Company) -> Option<String> {
        self.watch("the victim's answer", company, |scene| scene.is_over().then_some(()));
        company.beside(true);
        if let Some(Heard::Answer(answer)) = self.heard.take() {
            self.answers.push(answer.clone());
            return Some(answer);
        }
        self.unstep();
        if let Some(mut victim) = self.victim.take() {
            victim.wait();
        }
        None
    }

    /// Whether the victim has answered or died.
    fn is_over(&mut self) -> bool {
        if self.heard.is_none() {
            self.heard = match self.victim.as_ref().map(|victim| victim.hear(Duration::ZERO)) {
                Some(Heard::Nothing) => None,
                heard => heard.or(Some(Heard::End)),
            };
        }
        self.heard.is_some()
    }

    fn use_and_release(&mut self, company: &mut dyn Company) {
        if self.hear(company).is_some_and(|answer| answer.starts_with("held")) {
            self.command("release");
            self.hear(company);
        }
    }

    /// Waits until the victim is queued, or done, and queues another behind.
    fn let_queue(&mut self, company: &mut dyn Company) {
        let lock = self.place.lock();
        self.watch("the victim to queue", company, |scene| (scene.is_over() || queued(&lock) >= 1).then_some(()));
        let before = queued(&lock);
        self.queue_behind(before);
    }

    fn queue_behind(&mut self, before: usize) {
        let waiter = self.behind.last_mut().expect("a waiter");
        waiter.begin_rounds(1, 0, &self.place);
        if self.place.is_in_file() {
            // (A waiter that was killed is not in any queue. And the lock may be free by now, so that this one does not wait.)
            let lock = self.place.lock();
            let is_through = || self.place.count() > 0;
            watch_for("another to wait", || (waits(waiter.pid(), &lock) || is_through()).then_some(()));
            return;
        }
        wait_until_queued(&self.place.lock(), before + 1);
    }

    /// Waits until the victim has found so many FIFOs by which a process has a share, or is done.
    fn let_wait(&mut self, found: usize, company: &mut dyn Company) {
        self.watch("the victim to wait for shares", company, |scene| {
            let has_found = scene.stepper.as_ref().is_none_or(|stepper| stepper.reads_nothing() >= found);
            (scene.is_over() || has_found).then_some(())
        });
    }

    /// Has another wait behind the victim; or have the lock in hand, if the victim has not.
    fn begin_behind(&mut self) {
        let lock = self.place.lock();
        let before = queued(&lock);
        let waiter = self.behind.last_mut().expect("a waiter");
        waiter.begin_rounds(1, 0, &self.place);
        let calls_fail = self.calls_fail;
        watch_for("another to wait", || {
            let open = process::descriptors(waiter.pid());
            let has_lock = listener(&lock).is_some_and(|listener| open.contains(&listener));
            // (A victim whose bind(2) failed may have published by way of `/proc`, and its listener has another address.)
            let sleeps = || calls_fail && process::state(waiter.pid()) == Some('S');
            let connects = || open.iter().any(|file| file.starts_with("socket:")) && sleeps();
            (queued(&lock) > before || has_lock || connects()).then_some(())
        });
    }

    /// The first process with a share gives it back.
    fn give_back(&mut self) {
        let mut sharer = self.sharers.remove(0);
        self.given_back += 1;
        sharer.release();
        sharer.quit();
    }

    fn release_holder(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            holder.release();
            holder.quit();
        }
    }

    /// Waits until the npm client holds the lock, and has it give it back; unless the victim dies before.
    fn serve_client(&mut self, company: &mut dyn Company) {
        let answer = self.watch("the npm client to hold", company, |scene| {
            match scene.client.as_ref()?.player.hear(Duration::ZERO) {
                Heard::Answer(answer) => Some(Some(answer)),
                Heard::Nothing if scene.is_over() && scene.heard == Some(Heard::End) => Some(None),
                Heard::Nothing => None,
                Heard::End => panic!("the npm client died"),
            }
        });
        let Some(answer) = answer else { return };
        let client = self.client.as_mut().expect("heard just now");
        if self.calls_fail && answer.starts_with("error ECONNRESET") {
            // The victim could not accept it and closed out; npm's clients give up then.
            client.has_released = true;
            return;
        }
        assert!(answer.starts_with("held"), "the npm client: {answer}");
        client.player.release();
        client.has_released = true;
        client.player.send("settle");
        self.watch("the npm client to settle", company, |scene| scene.client.as_ref()?.player.answer_now());
    }

    /// Looks until `seen` gives something, with the company at the victim's stops.
    fn watch<T>(&mut self, what: &str, company: &mut dyn Company, mut seen: impl FnMut(&mut Self) -> Option<T>) -> T {
        let start = Instant::now();
        watch_for(what, || {
            if let Some(which) = self.stepper.as_ref().and_then(Stepper::reached) {
                company.at_stop(which);
                self.stepper.as_ref().into_iter().for_each(Stepper::go_on);
            }
            company.beside(false);
            if self.stepper.is_some() && start.elapsed() > self.patience {
                self.unstep();
                self.waited = true;
            }
            seen(self)
        })
    }
}

/// Whether a name in the lock's folder is that of a share.
pub(super) fn is_share(name: &str) -> bool {
    name == ".lock.shared" || name.starts_with(".lock.slot-")
}

/// What `flock FOLDER` does.
pub(super) fn guard(folder: &Path) -> File {
    let file = File::open(folder).expect("the folder");
    rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive)).expect("flock");
    file
}

/// Has a player use the lock in every way, so that its runtime opens what it needs.
fn warm_up(player: &mut Player, lock: &Path) {
    let mut other = Player::start(Adapter::Sync, lock);
    other.acquire();
    let answer = player.ask("acquire-for 1");
    assert!(answer.starts_with("timed-out"), "{answer}");
    other.release();
    other.quit();
    player.acquire();
    player.release();
}

/// What kinds of file a process has open, sorted.
pub(super) fn descriptors(pid: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("the player's descriptors");
    let kind = |target: &Path| target.to_string_lossy().split(':').next().unwrap_or_default().to_owned();
    let mut all: Vec<_> =
        entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).map(|target| kind(&target)).collect();
    all.sort();
    all
}
