//! All participants, on one lock, looked after.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::time::{Duration, Instant};

use super::member::Member;
use super::plan::{Phase, Site};
use super::tally::Tally;
use super::tool::{News, Tool};
use crate::adapter::Adapter;
use crate::patience::watch_for;
use crate::place::Place;
use crate::player::Player;
use crate::random::Random;
use crate::{queue, witness};

/// How long it may be that no process held the lock, with all waiting and none stopped, before they are called stuck.
const STUCK: Duration = Duration::from_secs(60);

/// The lock, its users, and what is known of them.
pub(super) struct Scene {
    pub(super) phase: Phase,
    pub(super) place: Place,
    pub(super) random: Random,
    pub(super) members: Vec<Member>,
    pub(super) tools: Vec<Tool>,
    pub(super) tally: Tally,
    /// No process gets anything to do, until none does anything.
    pub(super) lull: bool,
    /// After the lull only npm's get something to do, until one of them has made the socket.
    pub(super) npm_first: bool,
    /// When a process was last seen to have held the lock, and what the counter said.
    pub(super) progress: (u64, Instant),
    /// No process has held it for too long: it is over.
    pub(super) stuck: bool,
    number: usize,
}

/// What is at the lock's path. (Nothing ever is at an abstract name.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) inode: u64,
    pub(super) is_socket: bool,
    /// Its owner only hands over.
    pub(super) is_marked: bool,
}

impl Scene {
    /// Starts those that the phase begins with.
    pub(super) fn new(phase: Phase, site: Site, random: Random) -> Result<Self, String> {
        let place = site.place()?;
        let progress = (0, Instant::now());
        let (members, tools, tally) = (Vec::new(), Vec::new(), Tally::default());
        let mut scene = Self {
            phase,
            place,
            random,
            members,
            tools,
            tally,
            lull: false,
            npm_first: false,
            progress,
            stuck: false,
            number: 0,
        };
        for adapter in phase.steady() {
            let mut member = scene.start(adapter, true);
            if member.is_ours() {
                let answer = member.warm_up();
                scene.tally.hear(&member.name, &answer);
            }
            scene.members.push(member);
        }
        for adapter in phase.mortals() {
            let member = scene.start(adapter, false);
            scene.members.push(member);
        }
        Ok(scene)
    }

    pub(super) fn start(&mut self, adapter: Adapter, steady: bool) -> Member {
        Member::start(adapter, steady, self.next_number(), &self.place)
    }

    pub(super) fn next_number(&mut self) -> usize {
        self.number += 1;
        self.number
    }

    /// Looks after all of them: lets processes go on that have stood still for long enough, gives each something to do,
    /// replaces the dead, and sees whether the lock is still in use.
    pub(super) fn tend(&mut self) {
        self.resume(Instant::now());
        self.listen();
        self.bury();
        self.tend_tools();
        self.employ();
        self.look_at_path();
        let count = self.place.count();
        let stopped = self.members.iter().any(|member| member.stopped.is_some());
        if count != self.progress.0 || stopped || !self.is_busy() {
            self.progress = (count, Instant::now());
        } else if !self.stuck && self.progress.1.elapsed() > STUCK {
            self.stuck = true;
            let (found, listener) = (self.found(), queue::listener(&self.place.lock()));
            self.tally.violate(format!(
                "no process has held the lock for {STUCK:?}; at the path: {found:?}; listens: {listener:?}"
            ));
        }
    }

    /// Gives each process something to do, unless it is a lull.
    fn employ(&mut self) {
        if self.lull {
            self.lull = self.members.iter().any(Member::is_busy);
            self.npm_first = !self.lull && self.phase != Phase::Ours && self.random.once_in(2);
            self.leave_npm_not_alone();
        } else {
            self.npm_first &= self.found().is_none();
            let npm_first = self.npm_first;
            self.members.iter_mut().filter(|member| !(npm_first && member.is_ours())).for_each(Member::keep_busy);
        }
    }

    /// npm's package cannot remove what a killed player leaves: one of our players must want the lock too.
    fn leave_npm_not_alone(&mut self) {
        let is_busy = |ours| self.members.iter().any(|member| member.is_ours() == ours && member.is_busy());
        if is_busy(false)
            && !is_busy(true)
            && let Some(member) = self.members.iter_mut().find(|member| member.is_ours())
        {
            member.keep_busy();
        }
    }

    /// Some process has something to do.
    pub(super) fn is_busy(&self) -> bool {
        !self.tools.is_empty() || self.members.iter().any(Member::is_busy)
    }

    /// Lets those go on whose time has come.
    pub(super) fn resume(&mut self, now: Instant) {
        for member in &mut self.members {
            if member.stopped.is_some_and(|stop| stop.until <= now)
                && let Some(since) = member.resume()
            {
                self.tally.stops.push((since, witness::now()));
            }
        }
    }

    fn listen(&mut self) {
        for member in &mut self.members {
            while let Some(answer) = member.said() {
                self.tally.hear(&member.name, &answer);
            }
        }
    }

    /// No process dies by itself except npm's.
    fn bury(&mut self) {
        for index in 0..self.members.len() {
            if self.members[index].is_alive() {
                continue;
            }
            let obituary = self.members[index].obituary();
            let adapter = self.members[index].adapter;
            if adapter == Adapter::Node {
                *self.tally.npm_deaths.entry(obituary).or_default() += 1;
            } else {
                self.tally.violate(format!("{} died: {obituary}", self.members[index].name));
            }
            // A process that comes instead has not lived throughout.
            self.members[index] = self.start(adapter, false);
        }
    }

    fn tend_tools(&mut self) {
        let mut index = 0;
        while index < self.tools.len() {
            match self.tools[index].news() {
                None => index += 1,
                Some(News::Began) => self.command_began(index),
                Some(News::Ended) => drop(self.tools.swap_remove(index)),
                Some(News::Failed(how)) => {
                    self.tally.violate(how);
                    self.tools.swap_remove(index);
                }
            }
        }
    }

    /// What never needs a human never looks as if it did.
    fn look_at_path(&mut self) {
        if self.phase == Phase::Ours
            && let Some(found) = self.found()
            && !(found.is_socket && found.is_marked)
            && !self.place.is_in_file()
            && self.tally.violations.len() < 10
        {
            self.tally.violate(format!("at the path, where only ours are: {found:?}"));
        }
    }

    pub(super) fn found(&self) -> Option<Found> {
        let metadata = fs::symlink_metadata(self.place.path()).ok()?;
        Some(Found {
            inode: metadata.ino(),
            is_socket: metadata.file_type().is_socket(),
            is_marked: crate::mark::is_marked(&metadata),
        })
    }

    /// Ends it: every process goes on and comes to an end, and nothing may be left.
    pub(super) fn close(mut self) -> (Place, Tally, Vec<String>) {
        self.resume(Instant::now() + Duration::from_secs(3600));
        self.lull = true;
        while self.is_busy() && !self.stuck {
            self.tend();
            self.lull = true;
            if self.phase.has_human() {
                self.help_if_need_be();
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let steady = self.members.iter().filter(|member| member.steady).map(|member| member.name.clone()).collect();
        if !self.stuck {
            self.part();
        }
        drop(self.members);
        (self.place, self.tally, steady)
    }

    fn part(&mut self) {
        for member in &mut self.members {
            member.settle();
        }
        for member in self.members.iter().filter(|member| member.steady && member.is_ours()) {
            let more = member.count_descriptors() as i64 - member.descriptors as i64;
            self.tally.descriptors.insert(member.name.clone(), more);
        }
        for member in self.members.drain(..) {
            if let Err(how) = member.quit() {
                self.tally.violate(how);
            }
        }
        // What a killed process left is cleared away by the next reclaimer: so one more is killed as it holds.
        let mut last = Player::start(Adapter::Sync, &self.place.lock());
        last.send("acquire");
        watch_for("the lock to be free at last", || {
            if self.phase.has_human() {
                self.help();
            }
            last.answer_now()
        });
        last.kill();
        let mut last = Player::start(Adapter::Sync, &self.place.lock());
        last.acquire();
        last.release();
        last.quit();
        self.tally.leftovers = self.place.leftovers();
    }
}
