//! A holder and its clients, and what has to happen to them.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::net::listen;
use slocket_os::{Builder, ErrorKind, Guard, Lock, OccupiedPolicy, Outcome, Session, is_marked, settle_timeout};

use crate::clients::act::{Act, Address};
use crate::clients::client::{Client, Message};
use crate::clients::queue::{Entry, Next, Queue};
use crate::home::Home;
use crate::left::{HANG, assert_free, try_for};
use crate::user;

pub(super) struct Scene {
    home: Home,
    /// Other users may connect.
    is_shared: bool,
    /// For what is not the lock's.
    aside: PathBuf,
    holder: Option<Holder>,
    at_path: AtPath,
    /// The clients that have the lock's listener for a server, in order; they wait, or have gone.
    queue: Queue,
    /// The most that the kernel lets into the queue, less one; `None` if that is more than come here.
    backlog: Option<usize>,
    clients: Vec<Client>,
    waiters: Vec<Option<Session>>,
    tries: usize,
}

enum Holder {
    Ours(Guard),
    /// A client, which has the listener.
    Client(OwnedFd),
    /// A client, which was lent the lock.
    Borrower(usize),
}

/// What is at the path. (An abstract name cannot be taken from its owner.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtPath {
    /// The holder's socket; if there is no holder, a dead one or nothing.
    Socket,
    /// Nothing: a user has moved it away.
    Nothing,
    /// A file that a user has put there.
    File,
}

/// How a queue ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Each connection with the end of its stream.
    Clean,
    /// The listener was closed with the queue in it.
    Reset,
}

impl Scene {
    /// The lock is held.
    pub(super) fn new(home: &Home, is_shared: bool, aside: &Path) -> Self {
        let mut session = Session::try_acquire(&lock(home, is_shared));
        let Some(Ok(Outcome::Acquired(guard))) = session.outcome() else { panic!("it is free") };
        Self {
            home: home.clone(),
            is_shared,
            aside: aside.to_owned(),
            holder: Some(Holder::Ours(guard)),
            at_path: AtPath::Socket,
            queue: Queue::default(),
            backlog: None,
            clients: Vec::new(),
            waiters: Vec::new(),
            tries: 0,
        }
    }

    pub(super) fn play(&mut self, act: Act) {
        match act {
            Act::Connect { address, as_stranger } => self.connect(address, as_stranger && user::can_be_another_user()),
            Act::Pass(count) => {
                for _ in 0..count {
                    if Client::connect(&self.home, &self.aside, Address::None, false).is_some() {
                        self.queue.push(Entry::Gone);
                    }
                }
            }
            Act::Send(number, bytes, kinds) => {
                if let Some(number) = self.pick(number) {
                    self.clients[number].send(&bytes, &kinds);
                }
            }
            Act::Shut(number, how) => {
                if let Some(number) = self.pick(number) {
                    self.clients[number].shut(how);
                    self.look_at_loan();
                }
            }
            Act::Close(number) => {
                if let Some(number) = self.pick(number) {
                    self.clients[number].close();
                    self.look_at_loan();
                }
            }
            Act::Wait => self.wait(),
            Act::GiveUp(number) => self.give_up(number),
            Act::Release { meanwhile } => self.release(&meanwhile),
            Act::Try => self.try_for_it(),
            Act::Look => self.look(),
            Act::Remove => self.remove(),
            Act::PutBack => self.put_back(),
            Act::Replace => {
                self.remove();
                if let (AtPath::Nothing, Home::Path(path)) = (self.at_path, &self.home) {
                    fs::write(path, "").expect("it is ours");
                    self.at_path = AtPath::File;
                }
            }
            Act::Shorten(most) => {
                if let Some(Holder::Ours(guard)) = &self.holder {
                    listen(guard.as_fd(), i32::try_from(most).expect("few")).expect("it listens");
                    self.backlog = Some(most);
                }
            }
        }
        self.assert_nothing_more();
    }

    /// All clients go, and each waiter gets the lock in its turn.
    pub(super) fn end(mut self) {
        if self.at_path == AtPath::File {
            fs::remove_file(self.home.path().expect("a path")).expect("it is still there");
        }
        self.clients.iter_mut().for_each(Client::close);
        if let Some(Holder::Ours(guard)) = self.holder.take() {
            let is_lost = self.at_path != AtPath::Socket;
            let told = guard.release().is_err_and(|error| error.kind() == ErrorKind::LockLost);
            assert_eq!(told, is_lost, "told lost, or not");
        }
        let begin = Instant::now();
        let mut waiters: Vec<Session> = self.waiters.drain(..).flatten().collect();
        while !waiters.is_empty() {
            assert!(begin.elapsed() < HANG, "a waiter does not get the lock");
            let mut guards = Vec::new();
            waiters.retain_mut(|session| {
                session.wake();
                match session.outcome() {
                    None => true,
                    Some(Ok(Outcome::Acquired(guard))) => {
                        guards.push(guard);
                        false
                    }
                    Some(other) => panic!("{other:?}"),
                }
            });
            assert!(guards.len() < 2, "two holders");
            if guards.is_empty() {
                thread::park_timeout(Duration::from_micros(200));
            }
            guards.into_iter().for_each(|guard| guard.release().expect("it is not touched"));
        }
        assert!(settle_timeout(HANG), "a loan is not over");
        // A client that is gone with the listener leaves a dead socket, until the next use.
        if self.clients.iter().any(|client| client.has_badge) {
            assert_free(&self.home);
        }
    }

    fn connect(&mut self, address: Address, is_stranger: bool) {
        let client = Client::connect(&self.home, &self.aside, address, is_stranger);
        let lets_in = self.lets_in() && (!is_stranger || self.is_shared || self.home.is_name());
        assert_eq!(client.is_some(), lets_in, "let in, or not");
        if let Some(client) = client {
            self.admit(client);
        }
    }

    fn admit(&mut self, client: Client) {
        self.queue.push(Entry::Client(self.clients.len()));
        self.clients.push(client);
    }

    /// Each client gets into the queue.
    fn lets_in(&self) -> bool {
        self.holder.is_some() && self.at_path == AtPath::Socket && self.has_room()
    }

    fn has_room(&self) -> bool {
        self.backlog.is_none_or(|most| self.queue.len() <= most)
    }

    fn pick(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.clients.len())
    }

    fn wait(&mut self) {
        // (Beside a holder whose path was taken away, a newcomer gets the lock, too.)
        if self.at_path != AtPath::Socket || !self.has_room() {
            return;
        }
        let number = self.waiters.len();
        self.waiters.push(Some(Session::acquire(&lock(&self.home, self.is_shared), Some(HANG))));
        self.settle(number);
    }

    /// Lets a waiter that is in no queue go on until it is in one, or holds the lock.
    fn settle(&mut self, number: usize) {
        let Some(session) = &mut self.waiters[number] else { return };
        let begin = Instant::now();
        let outcome = loop {
            assert!(begin.elapsed() < HANG, "a waiter is in no queue");
            if let Some(outcome) = session.outcome() {
                break outcome;
            }
            // It is in a queue, or watches the path, or pauses.
            if session.wait().descriptor.is_some() {
                if self.at_path == AtPath::Socket {
                    self.queue.push(Entry::Waiter(number));
                }
                return;
            }
            session.block();
            session.wake();
        };
        self.waiters[number] = None;
        match outcome {
            Ok(Outcome::Acquired(guard)) => {
                assert!(self.holder.is_none(), "two holders");
                assert!(!guard.is_loan());
                (self.holder, self.backlog) = (Some(Holder::Ours(guard)), None);
            }
            other => panic!("{other:?}"),
        }
    }

    fn give_up(&mut self, number: usize) {
        let Some(number) = number.checked_rem(self.waiters.len()) else { return };
        let is_lent = matches!(self.holder, Some(Holder::Borrower(_)));
        let is_queued = self.queue.contains(Entry::Waiter(number));
        // (Where the lock is lent, the place is kept until the turn has come.)
        if is_queued && !is_lent && self.at_path == AtPath::Socket {
            self.waiters[number] = None;
            self.queue.leave(Entry::Waiter(number));
        }
    }

    fn release(&mut self, meanwhile: &[Address]) {
        let Some(holder) = self.holder.take() else { return };
        match holder {
            Holder::Ours(guard) => self.release_ours(guard, meanwhile),
            Holder::Client(listener) => {
                drop(listener);
                self.ended(Ending::Reset);
            }
            Holder::Borrower(number) => {
                self.holder = Some(Holder::Borrower(number));
                self.clients[number].close();
                self.look_at_loan();
            }
        }
    }

    fn release_ours(&mut self, guard: Guard, meanwhile: &[Address]) {
        assert_eq!(guard.contended(), !self.queue.is_empty(), "contended, or not");
        assert_eq!(guard.is_intact().expect("the folder is there"), self.at_path == AtPath::Socket);
        let is_lost = self.at_path != AtPath::Socket;
        let begin = Instant::now();
        let (released, newcomers) = thread::scope(|scope| {
            let comers = scope.spawn(|| {
                let connect = |address: &Address| Client::connect(&self.home, &self.aside, *address, false);
                meanwhile.iter().map(connect).collect::<Vec<_>>()
            });
            (guard.release(), comers.join().expect("a client does not panic"))
        });
        assert!(begin.elapsed() < HANG, "the release hangs");
        match released {
            Ok(()) => assert!(!is_lost, "the path was taken away"),
            Err(error) if error.kind() == ErrorKind::LockLost => assert!(is_lost, "told lost"),
            Err(other) => panic!("{other:?}"),
        }
        if is_lost {
            self.ended(self.close_out());
            return;
        }
        let next = self.queue.next(&mut self.clients, !self.home.is_name());
        // A client that comes meanwhile may be let in as long as the queue is not ended.
        let newcomers = newcomers.into_iter().flatten();
        let is_by_chance = next == Next::Nobody && self.queue.is_empty();
        newcomers.for_each(|client| self.admit(client));
        if is_by_chance {
            self.passed_on_by_chance();
        } else {
            self.passed_on(next);
        }
    }

    /// No client waited, but some came meanwhile: either the first of them was let in in time, or none.
    fn passed_on_by_chance(&mut self) {
        self.expect_brief_loans();
        let was_in_time = self.queue.first_client().is_some_and(|number| {
            let (message, listener) = self.clients[number].expect_message();
            match message {
                Message::Lock => self.holder = listener.map(Holder::Client),
                Message::Loan => self.holder = Some(Holder::Borrower(number)),
                Message::End | Message::Reset => return false,
                Message::Nothing | Message::Other => panic!("client {number} was told {message:?}"),
            }
            true
        });
        if was_in_time {
            let next = self.queue.next(&mut self.clients, !self.home.is_name());
            assert!(matches!(next, Next::Client(_) | Next::Borrower(_)), "{next:?} was let in");
        } else {
            self.passed_on(Next::Nobody);
        }
    }

    /// A loan is over: the lender passes the lock on.
    fn look_at_loan(&mut self) {
        let Some(Holder::Borrower(number)) = self.holder else { return };
        if !self.clients[number].ends_loan() {
            return;
        }
        self.holder = None;
        if self.at_path == AtPath::Socket {
            let next = self.queue.next(&mut self.clients, true);
            self.passed_on(next);
        } else {
            assert!(settle_timeout(HANG), "a loan is not over");
            self.ended(self.close_out());
        }
    }

    /// The client whose turn it is holds the lock, and no other.
    fn passed_on(&mut self, next: Next) {
        if !matches!(next, Next::Borrower(_)) {
            assert!(settle_timeout(HANG), "a loan is not over");
        }
        self.expect_brief_loans();
        match next {
            Next::Client(number) => {
                let (message, listener) = self.clients[number].expect_message();
                assert_eq!(message, Message::Lock, "client {number}");
                self.holder = listener.map(Holder::Client);
            }
            Next::Borrower(number) => {
                let (message, _) = self.clients[number].expect_message();
                assert_eq!(message, Message::Loan, "client {number}");
                let found = fs::symlink_metadata(self.home.path().expect("a path")).expect("it is still there");
                assert!(!is_marked(&found), "lent, and marked");
                self.holder = Some(Holder::Borrower(number));
            }
            Next::Waiter(number) => {
                let mut session = self.waiters[number].take().expect("it waits");
                let guard = loop {
                    match session.outcome() {
                        Some(Ok(Outcome::Acquired(guard))) => break guard,
                        Some(other) => panic!("waiter {number}: {other:?}"),
                        None => {
                            session.block();
                            session.wake();
                        }
                    }
                };
                assert!(!guard.is_loan());
                // It listens once more.
                (self.holder, self.backlog) = (Some(Holder::Ours(guard)), None);
            }
            Next::Ghost => self.ended(Ending::Reset),
            Next::Nobody => {
                assert!(!self.home.is_taken(), "something is left");
                self.ended(self.close_out());
            }
        }
    }

    fn expect_brief_loans(&mut self) {
        for number in self.queue.take_brief() {
            let (message, _) = self.clients[number].expect_message();
            assert_eq!(message, Message::Loan, "client {number}");
        }
    }

    /// No process has the listener any more: each client in the queue sees the end, and the waiters try again to acquire the lock.
    fn ended(&mut self, ending: Ending) {
        if self.at_path == AtPath::Nothing {
            self.at_path = AtPath::Socket;
        }
        self.backlog = None;
        for entry in self.queue.end() {
            match entry {
                Entry::Client(number) => {
                    let client = &self.clients[number];
                    let (message, _) = client.expect_message();
                    let may_be_reset = ending == Ending::Reset || client.is_unread();
                    assert!(
                        message == Message::End || message == Message::Reset && may_be_reset,
                        "client {number} was told {message:?}"
                    );
                }
                Entry::Waiter(number) => {
                    if let Some(session) = &mut self.waiters[number] {
                        assert!(is_readable(session, HANG), "a waiter does not see the end of its queue");
                        while is_readable(session, Duration::ZERO) {
                            session.wake();
                        }
                    }
                    self.settle(number);
                }
                Entry::Gone => {}
            }
        }
    }

    /// How a crash-safe holder ends its queue.
    fn close_out(&self) -> Ending {
        if self.home.is_name() { Ending::Reset } else { Ending::Clean }
    }

    fn try_for_it(&mut self) {
        self.tries += 1;
        if self.tries > 2 || self.at_path != AtPath::Socket {
            return;
        }
        if self.holder.is_none() {
            assert_free(&self.home);
        } else {
            let second = try_for(&self.home);
            assert!(matches!(second, Ok(Outcome::WouldBlock)), "a second holder: {second:?}");
        }
    }

    fn look(&mut self) {
        // (Where the lock is lent, the place of a client that looks is kept until its turn has come.)
        let is_lent = matches!(self.holder, Some(Holder::Borrower(_)));
        if is_lent || self.at_path != AtPath::Socket || !self.has_room() {
            return;
        }
        let found = self.home.lock().holder().expect("a look").map(|holder| holder.pid);
        assert_eq!(found, self.holder.as_ref().map(|_| Some(process::id())));
        if found.is_some() {
            self.queue.push(Entry::Gone);
        }
    }

    fn remove(&mut self) {
        if let (AtPath::Socket, Some(_), Home::Path(path)) = (self.at_path, &self.holder, &self.home) {
            fs::rename(path, self.aside.join("moved")).expect("it is there");
            self.at_path = AtPath::Nothing;
        }
    }

    fn put_back(&mut self) {
        if let (AtPath::Nothing, Home::Path(path)) = (self.at_path, &self.home) {
            fs::rename(self.aside.join("moved"), path).expect("it was moved there");
            self.at_path = AtPath::Socket;
        }
    }

    /// No client was told anything except what was expected already.
    fn assert_nothing_more(&self) {
        for (number, client) in self.clients.iter().enumerate() {
            let (message, _) = client.read();
            let may_end = !self.queue.contains(Entry::Client(number)) || client.is_deaf();
            assert!(
                message == Message::Nothing || matches!(message, Message::End | Message::Reset) && may_end,
                "client {number} was told {message:?}"
            );
        }
    }
}

/// What it waits for comes in that time.
fn is_readable(session: &Session, within: Duration) -> bool {
    let Some(descriptor) = session.wait().descriptor else { return false };
    let within = Timespec::try_from(within).expect("short");
    let mut fds = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    retry_on_intr(|| poll(&mut fds, Some(&within))).expect("poll") > 0
}

/// The lock as another process would have it.
fn lock(home: &Home, is_shared: bool) -> Lock {
    match home {
        Home::Path(path) if is_shared => {
            Builder::new(path).occupied(OccupiedPolicy::Wait).mode(0o666).build().expect("it is a good one")
        }
        Home::Path(_) | Home::Name(_) => home.lock(),
    }
}
