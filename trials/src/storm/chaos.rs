//! What is done to them.

use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use super::figures::Figures;
use super::member::Member;
use super::plan::{Phase, Site};
use super::scene::Scene;
use super::tool::Tool;
use crate::adapter::Adapter;
use crate::random::Random;
use crate::{process, queue};

/// The most acquisitions between two blows.
const PACE: u64 = 60;
/// No process stands still for longer, in microseconds.
const LONGEST_STOP: u64 = 20_000;
/// How many runs of the tool there are at a time.
const TOOLS: usize = 2;
/// The longest hold of a command that the tool runs, in microseconds.
const LONGEST_COMMAND: u64 = 5000;
/// How long a process is watched that is to be killed while it holds.
const AIM: Duration = Duration::from_millis(200);

/// One phase at one site.
pub(super) fn rage(phase: Phase, site: Site, time: Duration, random: Random) -> Result<Figures, String> {
    let mut scene = Scene::new(phase, site, random)?;
    let begin = Instant::now();
    while begin.elapsed() < time && !scene.stuck {
        scene.blow();
        // That the count goes on after each blow shows that the lock is not lost, whichever process died.
        let goal = scene.place.count() + 1 + scene.random.below(PACE);
        while scene.place.count() < goal && begin.elapsed() < time && !scene.stuck {
            scene.tend();
            if scene.phase.has_human() {
                scene.help_if_need_be();
            }
            thread::park_timeout(Duration::from_micros(500));
        }
    }
    let raged = begin.elapsed();
    let (place, tally, steady) = scene.close();
    Ok(Figures::new(phase, site, raged, &place.report(), tally, &steady))
}

impl Scene {
    fn blow(&mut self) {
        match self.random.below(32) {
            0..16 => self.kill_one(),
            16..22 => self.stop_one(),
            22..28 => self.start_tool(),
            // The lock comes to be free, and the first process makes it again: one of our players or, where they take part, of npm's.
            28..31 if self.phase != Phase::Ours => self.begin_lull(),
            31 => self.begin_lull(),
            _ => self.kill_one(),
        }
    }

    fn begin_lull(&mut self) {
        self.lull = true;
        self.tally.lulls += 1;
    }

    fn kill_one(&mut self) {
        let mut victim = self.choose_victim();
        match self.random.below(4) {
            // At any instant.
            0 => {}
            // Standing still, it may be handed the lock, which it does not take.
            1 => {
                self.members[victim].stop(Instant::now());
                thread::park_timeout(Duration::from_micros(self.random.below(5000)));
            }
            // The process that has lent the lock to npm's, if it may be killed.
            2 if self.phase != Phase::Ours => {
                self.aim(|scene| scene.members.iter().any(|member| !member.is_ours() && member.holds()));
                victim = self.server().unwrap_or(victim);
            }
            // While it holds, if it does.
            _ => self.aim(|scene| scene.members[victim].holds()),
        }
        if self.phase == Phase::Gentle {
            self.members[victim].stop(Instant::now());
            if !self.may_be_killed(self.members[victim].pid()) {
                self.tally.spared += 1;
                return self.resume(Instant::now());
            }
        }
        let member = self.members.swap_remove(victim);
        let (name, adapter) = (member.name.clone(), member.adapter);
        self.tally.kill(&name, false);
        let status = member.kill();
        if adapter != Adapter::Node && status.signal() != Some(9) {
            self.tally.violate(format!("{name} had died before it was killed: {status}"));
        }
        let member = self.start(adapter, false);
        self.members.push(member);
    }

    /// Waits a little for the right moment.
    fn aim(&self, is_right: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !is_right(self) && begin.elapsed() < AIM {
            thread::yield_now();
        }
    }

    fn choose_victim(&mut self) -> usize {
        let mut mortals: Vec<_> = (0..self.members.len()).filter(|&index| self.may_die(&self.members[index])).collect();
        if self.phase == Phase::Anything && self.random.once_in(2) {
            mortals.retain(|&index| !self.members[index].is_ours());
        }
        *self.random.one_of(&mortals)
    }

    fn may_die(&self, member: &Member) -> bool {
        !member.steady && (member.is_ours() || self.phase == Phase::Anything)
    }

    /// The owner of the socket at the path, if it may be killed.
    fn server(&self) -> Option<usize> {
        let listener = queue::listener(&self.place.lock())?;
        let owns = |member: &Member| process::descriptors(member.pid()).contains(&listener);
        self.members.iter().position(|member| self.may_die(member) && owns(member))
    }

    /// Makes a process stand still and sees whether the lock cannot be lost if it dies: the path is marked.
    fn may_be_killed(&self, pid: u32) -> bool {
        process::stop(pid);
        self.found().is_some_and(|found| found.is_marked)
    }

    fn stop_one(&mut self) {
        let index = self.random.below(self.members.len() as u64) as usize;
        let time = Duration::from_micros(self.random.below(LONGEST_STOP));
        if self.members[index].stopped.is_none() {
            self.members[index].stop(Instant::now() + time);
        }
    }

    fn start_tool(&mut self) {
        if self.tools.len() < TOOLS {
            let options: &[&[&str]] = &[&[], &["-w", "20ms"], &["-w", "1s"]];
            let options = self.random.one_of(options);
            let micros = self.random.below(LONGEST_COMMAND).to_string();
            let name = format!("run-{}", self.next_number());
            let (counter, log) = (self.place.counter(), self.place.log(&name));
            let command = [counter.to_str().expect("UTF-8"), log.to_str().expect("UTF-8"), &micros];
            self.tools.push(Tool::start(name, options, &command, &self.place));
        } else {
            let index = self.random.below(TOOLS as u64) as usize;
            self.kill_tool(index);
        }
    }

    /// The command of a tool holds the lock: every second tool does not live to see its end.
    pub(super) fn command_began(&mut self, index: usize) {
        if self.random.once_in(2) {
            self.kill_tool(index);
        }
    }

    /// Kills a tool, with its command or without.
    fn kill_tool(&mut self, index: usize) {
        let alone = !self.random.once_in(3);
        let pid = self.tools[index].pid();
        if self.tools[index].is_gone() {
            return;
        }
        if self.phase == Phase::Gentle && !self.may_be_killed(pid) {
            process::resume(pid);
            self.tally.spared += 1;
            return;
        }
        let name = self.tools[index].name.clone();
        self.tally.kill(&name, alone);
        if alone {
            self.tools[index].kill_alone();
        } else {
            self.tools[index].kill_all();
        }
    }
}
