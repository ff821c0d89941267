//! The participant of a process, and where it stands.

use slocket_core::retained::Word;

use crate::mind::Mind;

/// The participant of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Player {
    /// None: there is no such process.
    #[default]
    Nobody,
    /// A crash-safe participant.
    Safe(Participant),
    /// A participant of the npm package.
    Npm(Npm),
    /// A stranger that uses flock(1) on the folder now and then.
    Locker,
    /// A stranger that removes the file at the path, once.
    Remover,
    /// A program that connects without a badge.
    Caller(Caller),
    /// One that changes what the mark is made of.
    Changer(Changer),
    /// A human that removes the path by hand.
    Human,
    /// A hostile server.
    Server,
    /// A hostile client.
    Client,
    /// A child that was forked, and has copies of everything; or one that is not born yet.
    Child(Child),
}

/// A participant that knows nothing of locks, by what it changes at sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Changer {
    /// The sticky bit.
    Mode,
    /// The times.
    Times,
}

/// The machine and what its driver keeps besides descriptors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Participant {
    /// The machine.
    pub mind: Mind,
    /// The watch on the path.
    pub watch: Watch,
    /// It has begun to clear its mark for a loan, and has not set it again.
    pub lends: bool,
    /// A forked child has taken the lock over.
    pub forgets: bool,
    /// What a planted bug does late.
    pub late: Late,
    /// What a planted bug has to remember.
    pub noted: bool,
    /// It has just taken a live socket for dead.
    pub misled: bool,
    /// The lock is lent to it.
    pub borrows: bool,
    /// It could not make the lock a share, and keeps it.
    pub keeps: bool,
    /// While its share was open the lock was lent to it, or it has accepted a client without a badge: an npm participant, which may
    /// hold the lock beside that share.
    pub meets_npm: bool,
    /// What it does with the lock between two holds, if it retains it.
    pub keep: Keep,
}

/// A lock that is retained, or may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keep {
    /// The word, by the rules that ship.
    pub word: Word,
    /// How the queue of its listener is watched.
    pub watch: QueueWatch,
    /// The holder is about to take note that it is watched.
    pub is_arming: bool,
    /// A process waited: the thread comes after a while, whether a process has come by then or not.
    pub is_timed: bool,
    /// Of a planted bug: the user of the lock has seen that it is retained.
    pub user_saw_it: bool,
    /// The same of the thread.
    pub thread_saw_it: bool,
}

/// A watch on the queue of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueueWatch {
    /// None.
    #[default]
    None,
    /// It is about to be armed.
    Planned,
    /// The thread is told when a process has come.
    Armed,
    /// The thread is told after a while.
    Timed,
    /// It was told, and has not done anything yet.
    Fired,
    /// It was told, once.
    Spent,
}

/// A watch on the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Watch {
    /// None.
    #[default]
    None,
    /// Armed, and nothing has changed since.
    Armed,
    /// Something has changed.
    Changed,
}

/// A call that was answered as if it were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Late {
    /// There is none.
    #[default]
    None,
    /// It waits for another.
    Waits,
    /// It is made next.
    Due,
}

impl Participant {
    pub(crate) fn path_has_changed(&mut self) {
        if self.watch == Watch::Armed {
            self.watch = Watch::Changed;
        }
    }

    /// Whether it has nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.mind.is_idle() && self.late == Late::None && !self.forgets
    }

    /// Whether it is between no two calls.
    pub(crate) fn rests(&self) -> bool {
        self.mind.asked().is_none() && self.late == Late::None
    }
}

/// Where a participant of the npm package stands. (One turn of its event loop is one step, as far as it makes one system call
/// that others can see.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Npm {
    /// Nothing to do.
    #[default]
    Idle,
    /// Binds.
    Bind,
    /// Registers what bind has made visible.
    Register,
    /// Listens, and holds the lock.
    Listen,
    /// Is the server: accepts each client, serves one after the other.
    Serves,
    /// Is the server, and closes: has still to unlink the path.
    Unlink,
    /// Is the server, and closes: has still to close the socket.
    Close,
    /// Resolves the path for a connect.
    Resolve,
    /// Connects to what the path led to.
    Connect,
    /// Waits for the server.
    Queued,
    /// Holds the lock, on loan.
    Borrows,
    /// Removes the path, since its server is gone.
    Remove,
}

impl Npm {
    pub(crate) fn is_idle(self) -> bool {
        self == Self::Idle
    }
}

/// A program that connects without a badge, as a client of npm's slocket does, and takes "OK" for the lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Caller {
    /// It has nothing to do.
    #[default]
    Idle,
    /// In the queue.
    Queued,
    /// It has read "OK".
    Borrows,
}

/// A forked child that does not take part itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Child {
    /// It is not forked yet.
    Unborn,
    /// It has copies of what its parent had open.
    Copies {
        /// Its parent was the holder, and is to be caught releasing through it: its state of mind.
        heritage: Option<Mind>,
        /// It has been left the guard of the folder by a parent that goes on.
        has_guard: bool,
    },
}
