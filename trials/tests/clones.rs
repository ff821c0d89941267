//! Sixty-four threads of one process on clones of one lock, and processes outside that contend: in which order they are
//! served, how long a process outside waits meanwhile, and what that costs.

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use trials::lock::{Slocket, warm_up};
use trials::queue::unaccepted;
use trials::witness::{self, Witness};
use trials::{Adapter, Place, Player, alone, process, tell, wait_until_queued, watch_for};

const THREADS: usize = 64;
/// How often all threads queue again.
const GENERATIONS: usize = 5;
/// How often each thread takes the lock where the order does not matter.
const ROUNDS: usize = 50;
/// After so many holds a process outside comes.
const OUTSIDERS: usize = 10;
/// How many descriptors the lock may take, for all threads together: the listener; the connection of the thread that waits outside for all,
/// and the two by which it blocks; and for an instant those of a release that is under way meanwhile: an accepted client and the folder's
/// guard.
const DESCRIPTORS: usize = 6;

#[test]
fn threads_are_served_in_the_order_of_asking() {
    let _alone = alone();
    let crew = Crew::new(0);
    let mut holder = Player::start(Adapter::under_trial(), &crew.place.lock());
    for generation in 0..GENERATIONS {
        holder.acquire();
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (crew, slocket) = (&crew, crew.slocket.clone());
                let (tell, told) = channel();
                scope.spawn(move || {
                    tell.send(thread_id()).expect("it is waited for");
                    crew.take_turn(&slocket, number);
                });
                let thread = told.recv().expect("a thread");
                // The first goes outside, and the others stand behind it inside.
                wait_until_queued(&crew.place.lock(), 1);
                watch_for("the thread to queue", || (process::state(thread)? == 'S').then_some(()));
            }
            holder.release();
        });
        let notes = crew.notes.lock().expect("no panic");
        let served = &notes.served[generation * THREADS..];
        assert!(served.iter().copied().eq(0..THREADS), "served out of order: {served:?}");
    }
    holder.quit();
    crew.end("in order");
}

#[test]
fn threads_contend_with_a_process() {
    let _alone = alone();
    let crew = Crew::new(ROUNDS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (crew, slocket) = (&crew, crew.slocket.clone());
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    crew.take_turn(&slocket, number);
                }
            });
        }
    });
    crew.end("contending");
}

/// The threads, as they share a lock.
struct Crew {
    place: Place,
    slocket: Slocket,
    notes: Mutex<Notes>,
    /// How often a process beside takes the lock meanwhile.
    beside: usize,
    /// Before all this.
    descriptors: usize,
}

struct Notes {
    witness: Witness,
    served: Vec<usize>,
    outsider: Player,
    /// One more process, until it has had its rounds.
    beside: Option<Player>,
    /// When a process outside had queued.
    queued: Vec<u64>,
    descriptors: usize,
}

impl Crew {
    fn new(beside: usize) -> Self {
        warm_up(Adapter::under_trial());
        let place = Place::new();
        let slocket = Slocket::new(place.lock()).expect("a lock");
        let start = || Player::start(Adapter::under_trial(), &place.lock());
        let mut notes = Notes {
            witness: Witness::open(&place.counter(), &place.log("threads")),
            served: Vec::new(),
            outsider: start(),
            beside: (beside > 0).then(start),
            queued: Vec::new(),
            descriptors: 0,
        };
        if let Some(player) = &mut notes.beside {
            player.begin_rounds(beside as u64, 0, &place);
        }
        // With what a holder outside takes: two pipes.
        let descriptors = descriptors() + 2;
        Self { place, slocket, notes: Mutex::new(notes), beside, descriptors }
    }

    fn take_turn(&self, slocket: &Slocket, number: usize) {
        let guard = slocket.acquire().expect("acquire");
        let mut notes = self.notes.try_lock().expect("one holder at a time, and no panic");
        let hold = notes.witness.begin();
        if notes.served.len() % OUTSIDERS == OUTSIDERS / 2 {
            notes.outsider_comes(&self.place, self.beside);
        }
        notes.served.push(number);
        notes.descriptors = notes.descriptors.max(descriptors());
        notes.witness.end(hold);
        drop(notes);
        guard.release().expect("release");
    }

    /// What both witnesses saw.
    fn end(self, what: &str) {
        let notes = self.notes.into_inner().expect("no panic");
        if let Some(beside) = notes.beside {
            beside.expect_done(self.beside as u64);
            beside.quit();
        }
        notes.outsider.expect_done(1);
        let outsider = notes.outsider.name().to_owned();
        notes.outsider.quit();
        let report = self.place.assert_exclusive((notes.served.len() + notes.queued.len() + self.beside) as u64);
        let mut further = 0;
        for queued in &notes.queued {
            let after = report.intervals.iter().filter(|hold| hold.start > *queued);
            let before = after.take_while(|hold| hold.who != outsider);
            further = further.max(before.filter(|hold| hold.who == "threads").count());
        }
        assert_eq!(
            further, 0,
            "holds of this process after another had queued at its holder, and before that one held"
        );
        let taken = notes.descriptors.saturating_sub(self.descriptors);
        assert!(taken <= DESCRIPTORS, "{taken} descriptors for {THREADS} threads");
        tell(format!(
            "clones: {what}: {THREADS} threads, {} holds, {} times a process outside, which was next each time, {taken} \
             descriptors at most",
            notes.served.len(),
            notes.queued.len(),
        ));
    }
}

impl Notes {
    /// A process outside queues, while we hold.
    fn outsider_comes(&mut self, place: &Place, rounds: usize) {
        if !self.queued.is_empty() {
            let waiting = unaccepted(&place.lock());
            assert!(waiting <= usize::from(self.beside.is_some()), "a process outside waits since {OUTSIDERS} holds");
            self.outsider.expect_done(1);
        }
        self.outsider.begin_rounds(1, 0, place);
        watch_for("the outsider to queue", || {
            // The process beside, as long as it has rounds to go, queues as well.
            if let Some(answer) = self.beside.as_ref().and_then(Player::answer_now) {
                assert_eq!(answer, format!("done {rounds}"));
                self.beside.take().expect("it answered").quit();
            }
            (unaccepted(&place.lock()) > usize::from(self.beside.is_some())).then_some(())
        });
        self.queued.push(witness::now());
    }
}

/// This thread's number, under which the kernel tells its state.
fn thread_id() -> u32 {
    let link = fs::read_link("/proc/thread-self").expect("/proc/thread-self");
    let number = link.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
    number.expect("a thread's number")
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("/proc/self/fd").count()
}
