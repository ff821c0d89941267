//! Many tasks of one process wait for a semaphore: what that costs, in which order they are served, and that no two have a slot at a
//! time, nor has another process.

use std::cell::RefCell;
use std::fs;
use std::pin::Pin;
use std::rc::Rc;

use slocket_os::Runtime;
use slocket_os::asynchronous::Semaphore;
use trials::sharing::witness::{Hold, What, Witness};
use trials::{Adapter, Place, Player, alone, process, tell};

const TASKS: usize = 1000;
const PERMITS: usize = 4;
const DESCRIPTORS: usize = 64;
/// For how many turns of the executor a task keeps its slot.
const TURNS: usize = 20;

type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Notes {
    asked: Vec<usize>,
    served: Vec<usize>,
    holding: usize,
    most: usize,
    threads: usize,
    descriptors: usize,
    holder: Player,
    /// One for each slot, since several are held at a time.
    witnesses: Vec<Witness>,
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
    let lock = trials::lock::options(&place.lock()).build().expect("a lock");
    let semaphore = Semaphore::<R>::from(slocket_os::Semaphore::new(&lock, PERMITS).expect("a semaphore"));
    let mut others: Vec<_> =
        [Adapter::Sync, Adapter::Tokio].map(|adapter| Player::start(adapter, &place.lock())).into();
    let notes = Rc::new(RefCell::new(Notes {
        asked: Vec::new(),
        served: Vec::new(),
        holding: 0,
        most: 0,
        threads: 0,
        descriptors: 0,
        holder: Player::start(Adapter::Sync, &place.lock()),
        witnesses: (0..PERMITS).map(|slot| Witness::open(place.notes(), &format!("tasks-{slot}"))).collect(),
    }));
    notes.borrow_mut().holder.acquire();
    let threads = process::threads(std::process::id());
    let mut tasks: Vec<Task> = Vec::new();
    for task in 0..TASKS {
        let (semaphore, notes) = (semaphore.clone(), Rc::clone(&notes));
        tasks.push(Box::pin(async move {
            notes.borrow_mut().asked.push(task);
            let permit = semaphore.acquire().await.expect("acquire");
            let hold = notes.borrow_mut().begin(task, permit.index());
            for _ in 0..TURNS {
                smol::future::yield_now().await;
            }
            notes.borrow_mut().end(permit.index(), hold);
            permit.release().expect("release");
        }));
    }
    let last = Rc::clone(&notes);
    tasks.push(Box::pin(async move {
        while last.borrow().asked.len() < TASKS {
            smol::future::yield_now().await;
        }
        last.borrow_mut().holder.release();
    }));
    // They are among those that hold, and that wait.
    for other in &mut others {
        other.send(format!("mixed {} 20 {PERMITS} {} {}", TASKS / 10, place.notes().display(), other.name()));
    }
    run(tasks);
    for other in others {
        assert!(other.answer().starts_with("done "));
        other.quit();
    }
    let notes = Rc::into_inner(notes).expect("no task is left").into_inner();
    notes.holder.quit();
    assert_eq!(notes.served.len(), TASKS, "tasks served");
    assert_eq!(notes.served, notes.asked, "served in the order of asking");
    assert!(notes.most > 1, "never two at a time");
    assert!(
        (threads..=threads + watching).contains(&notes.threads),
        "{} threads while they were served, {threads} before",
        notes.threads
    );
    assert!(notes.descriptors < DESCRIPTORS, "{} descriptors", notes.descriptors);
    let report = place.assert_shared();
    assert_eq!(report.holds.iter().filter(|hold| hold.who.starts_with("tasks-")).count(), TASKS);
    let where_it_is = if place.is_in_file() { ", in a file" } else { "" };
    tell(format!(
        "shares: {name}{where_it_is}: {TASKS} tasks on a semaphore of {PERMITS}: served in order, {} at a time, {threads} threads throughout, {} \
         descriptors at most; two other processes beside them",
        notes.most, notes.descriptors,
    ));
}

impl Notes {
    fn begin(&mut self, task: usize, index: usize) -> Hold {
        self.served.push(task);
        self.holding += 1;
        self.most = self.most.max(self.holding);
        self.threads = self.threads.max(process::threads(std::process::id()));
        self.descriptors = self.descriptors.max(fs::read_dir("/proc/self/fd").expect("/proc/self/fd").count());
        self.witnesses[index].begin(What::Slot { index, of: PERMITS })
    }

    fn end(&mut self, index: usize, hold: Hold) {
        self.witnesses[index].end(hold);
        self.holding -= 1;
    }
}
