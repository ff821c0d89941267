//! All on one lock, looked after, and what is done to them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::member::Member;
use super::plan::{Figures, Plan};
use super::report;
use crate::adapter::Adapter;
use crate::place::Place;
use crate::player::Player;
use crate::random::Random;
use crate::storm::{News, Tool};
use crate::{process, queue, witness};

/// The most acquisitions between two blows.
const PACE: u64 = 40;
/// How many acquisitions lie between two lulls.
const BETWEEN_LULLS: u64 = 2000;
/// One in so many acquisitions comes before any process is killed.
const CALM: u64 = 8;
/// No process stands still for longer, in microseconds.
const LONGEST_STOP: u64 = 10_000;
/// How many runs of the tool there are at a time.
const TOOLS: usize = 2;
/// The longest hold of a command that the tool runs, in microseconds.
const LONGEST_COMMAND: u64 = 3000;
/// The hold of one whose tool is killed meanwhile: long enough to be seen.
const LONG_COMMAND: u64 = 20_000;
/// How long a process is watched that is to be killed while it holds.
const AIM: Duration = Duration::from_millis(50);
/// How long it may be that no process held anything, with all waiting and none stopped, before they are called stuck.
const STUCK: Duration = Duration::from_secs(60);

/// What the tool is asked for.
const KINDS: [&str; 4] = ["lock", "shared", "slot", "slot"];

struct Scene<'a> {
    plan: &'a Plan,
    place: Place,
    random: Random,
    members: Vec<Member>,
    tools: Vec<Running>,
    started: usize,
    /// What commands of the tool had, in the order in which they began.
    commands: Vec<&'static str>,
    figures: Figures,
    /// How many of those that were killed had something just before.
    killed_holders: u64,
    acquired: u64,
    /// When something was last seen to be acquired.
    progress: (u64, Instant),
    stuck: bool,
    number: usize,
}

/// A tool that runs.
struct Running {
    tool: Tool,
    /// What it asks for.
    what: &'static str,
    /// It does not live to see its command's end.
    is_doomed: bool,
}

/// Lets it rage.
pub(super) fn rage(plan: &Plan, random: Random) -> Figures {
    let mut scene = Scene {
        plan,
        place: if plan.in_file { Place::in_file() } else { Place::new() },
        random,
        members: Vec::new(),
        tools: Vec::new(),
        started: 0,
        commands: Vec::new(),
        figures: Figures::default(),
        killed_holders: 0,
        acquired: 0,
        progress: (0, Instant::now()),
        stuck: false,
        number: 0,
    };
    let begin = Instant::now();
    for steady in [true, false] {
        for adapter in Adapter::OURS {
            let mut member = scene.start(adapter, steady);
            let answer = member.warm_up();
            scene.hear(&answer);
            scene.members.push(member);
        }
    }
    let (mut next_blow, mut next_lull) = (0, plan.acquisitions / CALM);
    while !scene.is_enough() && !scene.stuck {
        scene.tend(true);
        if scene.acquired >= next_blow {
            next_blow = scene.acquired + scene.random.below(PACE);
            if scene.is_calm() { scene.start_tool() } else { scene.blow() }
        }
        if scene.acquired >= next_lull {
            next_lull = scene.acquired + BETWEEN_LULLS;
            scene.lull();
        }
        thread::park_timeout(Duration::from_micros(300));
    }
    scene.end();
    let Scene { place, members, tools, mut figures, .. } = scene;
    drop((members, tools));
    figures.raged = begin.elapsed();
    figures.report = report::check(place.notes());
    figures
}

impl Scene<'_> {
    fn start(&mut self, adapter: Adapter, steady: bool) -> Member {
        self.number += 1;
        Member::start(adapter, steady, self.number, self.plan.slots, &self.place)
    }

    /// Whether no process is killed yet.
    fn is_calm(&self) -> bool {
        self.acquired < self.plan.acquisitions / CALM
    }

    /// Whether there were as many acquisitions as there should be, every kind of them by the tool, too, and whether holders were killed.
    fn is_enough(&self) -> bool {
        let has_all = KINDS.iter().all(|kind| self.commands.contains(kind))
            && self.figures.orphans > 0
            && self.killed_holders > 2;
        self.acquired >= self.plan.acquisitions * if has_all { 1 } else { 4 }
    }

    /// Lets processes go on that have stood still for long enough, gives each something to do, and sees whether all is well.
    fn tend(&mut self, go_on: bool) {
        let now = Instant::now();
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            if member.stopped_until.is_some_and(|until| until <= now) {
                member.resume();
            }
            while let Some(answer) = self.members[index].said() {
                self.hear(&answer);
            }
            let member = &mut self.members[index];
            if !member.is_alive() {
                let (obituary, adapter, steady) = (member.obituary(), member.adapter, member.steady);
                self.figures.violations.push(obituary);
                self.members[index] = self.start(adapter, steady);
            } else if go_on {
                member.keep_busy();
            }
        }
        self.tend_tools();
        let is_stopped = self.members.iter().any(|member| member.stopped_until.is_some());
        if self.acquired != self.progress.0 || is_stopped || !self.is_busy() {
            self.progress = (self.acquired, now);
        } else if !self.stuck && self.progress.1.elapsed() > STUCK {
            self.stuck = true;
            let (left, listener) = (self.place.leftovers(), queue::listener(&self.place.lock()));
            let stuck = format!("no process has had anything for {STUCK:?}; there is {left:?}; listens: {listener:?}");
            self.figures.violations.push(stuck);
        }
    }

    fn is_busy(&self) -> bool {
        !self.tools.is_empty() || self.members.iter().any(Member::is_busy)
    }

    /// What a player answers to `mixed`.
    fn hear(&mut self, answer: &str) {
        let numbers = answer.strip_prefix("done ").map(|numbers| numbers.split(' ').map(str::parse::<u64>));
        let numbers: Vec<_> = numbers.into_iter().flatten().filter_map(Result::ok).collect();
        let &[held, ref in_vain @ .., longest] = &numbers[..] else {
            return self.figures.violations.push(answer.to_owned());
        };
        self.acquired += held;
        for (sum, number) in self.figures.in_vain.iter_mut().zip(in_vain) {
            *sum += number;
        }
        self.figures.longest_wait = self.figures.longest_wait.max(longest);
    }

    fn tend_tools(&mut self) {
        let mut index = 0;
        while index < self.tools.len() {
            match self.tools[index].tool.news() {
                None => index += 1,
                Some(News::Began) => self.command_began(index),
                Some(News::Ended) => drop(self.tools.swap_remove(index)),
                Some(News::Failed(how)) => {
                    self.figures.violations.push(how);
                    self.tools.swap_remove(index);
                }
            }
        }
    }

    fn blow(&mut self) {
        match self.random.below(8) {
            0..4 => self.kill_one(),
            4..6 => self.stop_one(),
            _ => self.start_tool(),
        }
    }

    fn kill_one(&mut self) {
        let mortals: Vec<_> = (0..self.members.len()).filter(|&index| !self.members[index].steady).collect();
        let victim = *self.random.one_of(&mortals);
        match self.random.below(4) {
            // At any instant.
            0 => {}
            // Standing still, it may be handed the lock, which it does not take.
            1 => {
                self.members[victim].stop(Instant::now());
                thread::park_timeout(Duration::from_micros(self.random.below(3000)));
            }
            // While it has something, if it does.
            _ => {
                let begin = Instant::now();
                while !self.members[victim].holds() && begin.elapsed() < AIM {
                    thread::yield_now();
                }
            }
        }
        let member = self.members.swap_remove(victim);
        let adapter = member.adapter;
        self.killed_holders += u64::from(member.holds());
        member.kill();
        self.figures.killed += 1;
        let member = self.start(adapter, false);
        self.members.push(member);
    }

    fn stop_one(&mut self) {
        let index = self.random.below(self.members.len() as u64) as usize;
        let time = Duration::from_micros(self.random.below(LONGEST_STOP));
        if self.members[index].stopped_until.is_none() {
            self.members[index].stop(Instant::now() + time);
            self.figures.stops += 1;
        }
    }

    fn start_tool(&mut self) {
        if self.tools.len() == TOOLS {
            return;
        }
        self.number += 1;
        self.started += 1;
        let name = format!("run-{}", self.number);
        let slots = self.plan.slots.to_string();
        let what = KINDS[self.started % KINDS.len()];
        let option = match what {
            "shared" => Some("-s".to_owned()),
            "slot" => Some(format!("--slots={slots}")),
            _ => None,
        };
        let waits: &[&[&str]] = &[&[], &["-w", "20ms"], &["-n"]];
        let options: Vec<_> = option.as_deref().into_iter().chain(self.random.one_of(waits).iter().copied()).collect();
        let is_doomed = !self.is_calm() && self.random.once_in(2);
        let micros = if is_doomed { LONG_COMMAND } else { self.random.below(LONGEST_COMMAND) }.to_string();
        let notes = self.place.notes().to_str().expect("UTF-8");
        let command = ["--sharing", notes, &name, &micros, what, &slots];
        let tool = Tool::start(name.clone(), &options, &command, &self.place);
        self.tools.push(Running { tool, what, is_doomed });
    }

    /// The command of a tool has what it waited for: every second tool does not live to see its end, once any process is killed.
    fn command_began(&mut self, index: usize) {
        self.acquired += 1;
        self.commands.push(self.tools[index].what);
        if !self.tools[index].is_doomed {
            return;
        }
        let alone = self.random.once_in(2);
        let tool = &mut self.tools[index].tool;
        let killed = if alone {
            tool.kill_alone()
        } else {
            let note = self.place.note(&format!("{}.killed", tool.name));
            fs::write(note, witness::now().to_string()).expect("a note");
            tool.kill_all()
        };
        self.figures.killed += u64::from(killed);
        self.figures.orphans += u64::from(killed && alone);
    }

    /// All come to rest: nothing may be left on disk.
    fn lull(&mut self) {
        self.come_to_rest();
        if self.stuck {
            return;
        }
        // What a killed process left is cleared away with the next use; its temporary names by the next that reclaims: so one more is
        // killed as it holds.
        if self.figures.killed > 0 {
            let mut last = Player::start(Adapter::Sync, &self.place.lock());
            last.acquire();
            last.kill();
            let mut last = Player::start(*self.random.one_of(&Adapter::OURS), &self.place.lock());
            let wanted = ["acquire", "share", "slot 1"];
            let held = last.ask(self.random.one_of(&wanted));
            if !held.starts_with("held") {
                self.figures.violations.push(held);
            }
            last.release();
            last.quit();
        }
        let left = self.place.leftovers();
        if !left.is_empty() {
            let when = if self.figures.killed > 0 { "after a use" } else { "and no process was killed" };
            self.figures.violations.push(format!("left on disk, {when}: {left:?}"));
        }
        self.figures.lulls += 1;
    }

    fn come_to_rest(&mut self) {
        self.members.iter_mut().for_each(Member::resume);
        while self.is_busy() && !self.stuck {
            self.tend(false);
            thread::park_timeout(Duration::from_micros(300));
        }
        if !self.stuck {
            self.members.iter_mut().for_each(Member::settle);
        }
    }

    /// Ends it: every process comes to an end, and nothing may be left.
    fn end(&mut self) {
        self.lull();
        if self.stuck {
            return;
        }
        for mut member in self.members.drain(..) {
            if member.steady {
                self.figures.violations.extend(member.further_descriptors());
            }
            if process::state(member.pid()) == Some('T') {
                self.figures.violations.push(format!("{} stands still", member.name));
            }
            self.figures.violations.extend(member.quit().err());
        }
        self.lull();
    }
}
