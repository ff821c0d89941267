//! A waiter at a server, and what has to happen to it.

use std::time::Duration;

use slocket_os::{ErrorKind, Guard, Outcome, Session};

use crate::home::Home;
use crate::left::{HANG, try_for};
use crate::received::act::Act;
use crate::received::server::{Server, Verdict};

pub(super) struct Scene {
    home: Home,
    server: Server,
    session: Option<Session>,
    /// Its time is over as soon as it looks.
    impatient: bool,
    /// It is in no queue.
    adrift: bool,
    held: Option<Held>,
    /// It has given up, and the server has not had its say: what it still does goes on apart from us.
    lingers: bool,
}

/// What the waiter holds.
struct Held {
    guard: Guard,
    how: How,
    /// Something was at the path when the lock came.
    was_at_path: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Published,
    HandedOver,
    Lent,
}

/// What has to become of the waiter now.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Held(How),
    NotASlocket,
    /// It stays in the queue.
    Queued,
    /// It comes back to the queue of the same server.
    QueuedAgain,
    /// A dead socket that may be lent out is in the way.
    Adrift,
}

impl Scene {
    pub(super) fn new(home: &Home, marked: bool, impatient: bool) -> Self {
        let server = Server::start(home.clone(), marked);
        let timeout = if impatient { Duration::ZERO } else { HANG };
        let mut session = Session::acquire(&home.lock(), Some(timeout));
        assert!(session.outcome().is_none(), "a server listens there");
        let session = Some(session);
        let home = home.clone();
        Self { home, server, session, impatient, adrift: false, held: None, lingers: false }
    }

    pub(super) fn play(&mut self, act: Act) {
        match act {
            Act::Send(bytes, kinds) => self.server.send(&bytes, &kinds),
            Act::Shut => self.server.shut(),
            Act::Close => self.server.close(),
            Act::StopListening => self.server.stop_listening(),
            Act::Unlink => self.server.unlink(),
            Act::Mark => self.server.mark(true),
            Act::Unmark => self.server.mark(false),
            Act::Wake => self.wake(),
            Act::GiveUp => {
                self.release();
                self.give_up();
            }
        }
    }

    /// The server goes. The waiter acquires the lock then.
    pub(super) fn end(&mut self) {
        self.release();
        self.server.unlink();
        self.server.close();
        self.server.stop_listening();
        self.wake();
        assert!(self.session.is_none(), "no server is there, and it does not get the lock");
        self.release();
    }

    /// The waiter takes what has come.
    fn wake(&mut self) {
        let Some(mut session) = self.session.take() else { return };
        let expected = self.expected();
        session.wake();
        let mut outcome = session.outcome();
        // Clients that are sent away pause before they come back.
        while !self.impatient
            && outcome.is_none()
            && match expected {
                Expected::Held(_) | Expected::NotASlocket => true,
                Expected::QueuedAgain => !self.server.accept_again(),
                Expected::Queued | Expected::Adrift => false,
            }
        {
            session.block();
            session.wake();
            outcome = session.outcome();
        }
        match (outcome, expected) {
            (Some(Ok(Outcome::Acquired(guard))), Expected::Held(how)) => self.acquired(guard, how),
            (Some(Err(error)), Expected::NotASlocket) if error.kind() == ErrorKind::NotASlocket => {
                assert_eq!(error.name(), self.home.lock().name());
            }
            (Some(Err(error)), Expected::Queued | Expected::QueuedAgain) if self.impatient && error.is_timed_out() => {
                self.lingers = !self.server.hands_over();
            }
            (Some(Err(error)), Expected::Adrift) if self.impatient && error.is_timed_out() => {}
            (None, Expected::Queued | Expected::QueuedAgain) if !self.impatient => self.session = Some(session),
            (None, Expected::Adrift) if !self.impatient => (self.session, self.adrift) = (Some(session), true),
            (outcome, expected) => panic!("{outcome:?}, and should be {expected:?}"),
        }
        self.look();
    }

    fn expected(&mut self) -> Expected {
        if !self.adrift {
            match self.server.read() {
                Some(Verdict::HandedOver) if self.server.at_path => return Expected::Held(How::HandedOver),
                Some(Verdict::Lent) => return Expected::Held(How::Lent),
                Some(Verdict::Foreign) => return Expected::NotASlocket,
                // A server that serves another socket than the path's, or hands over another, is left.
                Some(Verdict::HandedOver | Verdict::NotOurs) => {}
                None if !self.server.has_ended() => return Expected::Queued,
                None => {}
            }
        }
        match self.server.at_path {
            true if self.server.listens() => Expected::QueuedAgain,
            true if !self.server.marked => Expected::Adrift,
            true | false => Expected::Held(How::Published),
        }
    }

    fn acquired(&mut self, guard: Guard, how: How) {
        if how == How::Published {
            (self.server.at_path, self.server.marked) = (true, true);
        }
        let was_at_path = self.server.at_path;
        assert_eq!(guard.is_loan(), how == How::Lent);
        assert_eq!(guard.is_intact().expect("the folder is there"), was_at_path);
        let is_alive = self.server.listens() || matches!(how, How::Published | How::HandedOver);
        // Of a server that lends what is marked, and goes, nothing is left to be seen.
        if was_at_path && (is_alive || !self.server.marked) {
            let second = try_for(&self.home);
            assert!(matches!(second, Ok(Outcome::WouldBlock)), "a second holder: {second:?}");
        }
        self.held = Some(Held { guard, how, was_at_path });
    }

    fn release(&mut self) {
        let Some(Held { guard, how, was_at_path }) = self.held.take() else { return };
        let removes = how != How::Lent || self.server.has_ended() && !self.server.listens();
        let is_lost = match how {
            How::Lent => self.server.has_ended() && !self.server.at_path,
            How::Published | How::HandedOver => !(was_at_path && self.server.at_path),
        };
        match guard.release() {
            Ok(()) => assert!(!is_lost, "{how:?}: the path was removed"),
            Err(error) if error.kind() == ErrorKind::LockLost => assert!(is_lost, "{how:?}: told lost"),
            Err(other) => panic!("{how:?}: {other:?}"),
        }
        if removes {
            self.server.at_path &= is_lost;
        }
        self.look();
    }

    /// The waiter is dropped.
    fn give_up(&mut self) {
        let Some(session) = self.session.take() else { return };
        let hands_over = self.server.hands_over();
        drop(session);
        if self.adrift {
            return;
        }
        self.lingers = !hands_over;
        if hands_over {
            // A listener that had come is passed on, and no process wants it.
            while let Some(verdict) = self.server.read() {
                if verdict == Verdict::HandedOver && self.server.at_path {
                    self.server.at_path = false;
                    break;
                }
            }
        }
        self.look();
    }

    /// Only the expected process has touched the path, or has the name.
    fn look(&self) {
        if self.lingers {
            return;
        }
        let is_taken = if self.home.is_name() { self.has_name() } else { self.server.at_path };
        assert_eq!(self.home.is_taken(), is_taken, "at {:?}", self.home);
    }

    /// The listener with the name is open: in the server, in the waiter, or on the way from one to the other.
    fn has_name(&self) -> bool {
        let holds = |held: &Held| matches!(held.how, How::Published | How::HandedOver);
        let is_connected = self.session.is_some() || self.held.is_some();
        self.server.listens() || self.held.as_ref().is_some_and(holds) || is_connected && self.server.has_sent_own()
    }
}
