//! Many tasks of one process wait for one lock: what that costs, in which order they are served, and how long another
//! process waits meanwhile.

use std::cell::RefCell;
use std::fs;
use std::pin::Pin;
use std::rc::Rc;

use slocket_os::Runtime;
use slocket_os::asynchronous::Slocket;
use trials::witness::{self, Witness};
use trials::{Adapter, Place, Player, alone, process, tell, wait_until_queued};

const TASKS: usize = 1000;
const DESCRIPTORS: usize = 64;
/// After so many holds a process outside comes.
const OUTSIDERS: usize = 100;
/// How many holds of this process may begin after a process outside has queued, and before that one holds.
const FURTHER_HOLDS: usize = 1;

type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Notes {
    asked: Vec<usize>,
    served: Vec<usize>,
    /// When a process outside had queued.
    queued: Vec<u64>,
    threads: usize,
    descriptors: usize,
    outsider: Player,
    holder: Player,
    witness: Witness,
}

/// One trial, since threads and descriptors are counted for the whole process.
#[test]
fn a_thousand_tasks_on_one_thread() {
    let _alone = alone();
    serve_on_each(Place::new);
    // Last: the thread that watches the file ends a little later.
    serve_on_each(Place::in_file);
}

fn serve_on_each(place: fn() -> Place) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    serve::<slocket_tokio::Tokio>("tokio", place(), |tasks| {
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let tasks: Vec<_> = tasks.into_iter().map(tokio::task::spawn_local).collect();
            for task in tasks {
                task.await.expect("a task");
            }
        });
    });
    // The reactor's own thread is there from its first use on.
    smol::block_on(smol::Timer::after(std::time::Duration::from_nanos(1)));
    serve::<slocket_smol::AsyncIo>("smol", place(), |tasks| {
        let executor = smol::LocalExecutor::new();
        smol::block_on(executor.run(async {
            let tasks: Vec<_> = tasks.into_iter().map(|task| executor.spawn(task)).collect();
            for task in tasks {
                task.await;
            }
        }));
    });
}

fn serve<R: Runtime>(name: &str, place: Place, run: impl FnOnce(Vec<Task>)) {
    let place = Rc::new(place);
    // At a file, the thread that watches, and one that ends; the one that sees to that; and one that is started to see whether there is room.
    let watching = if place.is_in_file() { 4 } else { 0 };
    process::wait_until_it_watches_nothing(std::process::id());
    let slocket = trials::lock::open::<Slocket<R>>(&place.lock()).expect("a lock");
    let notes = Rc::new(RefCell::new(Notes {
        asked: Vec::new(),
        served: Vec::new(),
        queued: Vec::new(),
        threads: 0,
        descriptors: 0,
        outsider: Player::start(Adapter::Sync, &place.lock()),
        holder: Player::start(Adapter::Sync, &place.lock()),
        witness: Witness::open(&place.counter(), &place.log("tasks")),
    }));
    notes.borrow_mut().holder.acquire();
    let threads = process::threads(std::process::id());
    let mut tasks: Vec<Task> = Vec::new();
    for task in 0..TASKS {
        let (slocket, notes, place) = (slocket.clone(), Rc::clone(&notes), Rc::clone(&place));
        tasks.push(Box::pin(async move {
            notes.borrow_mut().asked.push(task);
            let guard = slocket.acquire().await.expect("acquire");
            notes.borrow_mut().hold(task, &place);
            guard.release().expect("release");
        }));
    }
    let last = Rc::clone(&notes);
    tasks.push(Box::pin(async move {
        while last.borrow().asked.len() < TASKS {
            smol::future::yield_now().await;
        }
        last.borrow_mut().holder.release();
    }));
    run(tasks);
    let notes = Rc::into_inner(notes).expect("no task is left").into_inner();
    if !place.is_in_file() {
        notes.outsider.expect_done(1);
    }
    notes.outsider.quit();
    notes.holder.quit();
    assert_eq!(notes.served.len(), TASKS, "tasks served");
    assert_eq!(notes.served, notes.asked, "served in the order of asking");
    assert!(
        (threads..=threads + watching).contains(&notes.threads),
        "{} threads while they were served, {threads} before",
        notes.threads
    );
    assert!(notes.descriptors < DESCRIPTORS, "{} descriptors", notes.descriptors);
    let report = place.assert_exclusive((TASKS + notes.queued.len()) as u64);
    let mut further = 0;
    for queued in &notes.queued {
        let after = report.intervals.iter().filter(|hold| hold.start > *queued);
        further = further.max(after.take_while(|hold| hold.who == "tasks").count());
    }
    assert!(
        place.is_in_file() || further <= FURTHER_HOLDS,
        "{further} holds of this process before a process that had queued outside"
    );
    let where_it_is = if place.is_in_file() { ", in a file" } else { "" };
    tell(format!(
        "tasks: {name}{where_it_is}: {TASKS} served in order, {threads} threads throughout, {} descriptors at most, {} outsiders, each \
         served after {further} further holds at most",
        notes.descriptors,
        notes.queued.len(),
    ));
}

impl Notes {
    fn hold(&mut self, task: usize, place: &Place) {
        let hold = self.witness.begin();
        // (At a file no order is promised to a process outside.)
        if !place.is_in_file() && self.served.len() % OUTSIDERS == OUTSIDERS / 2 {
            if !self.queued.is_empty() {
                self.outsider.expect_done(1);
            }
            self.outsider.begin_rounds(1, 0, place);
            wait_until_queued(&place.lock(), 1);
            self.queued.push(witness::now());
        }
        self.served.push(task);
        self.threads = self.threads.max(process::threads(std::process::id()));
        self.descriptors = self.descriptors.max(fs::read_dir("/proc/self/fd").expect("/proc/self/fd").count());
        self.witness.end(hold);
    }
}
