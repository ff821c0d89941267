//! What comes out of the machine: one system call at a time, by name, with the roles of the descriptors that it is about.

use crate::platform::Probe;

/// One system call for the driver to make, at once and without blocking. Each is answered by the result that its docs name,
/// before anything else is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    // ---- Names in the folder.
    /// fstatat(2) of a name, without following a link → [`StatResult`](crate::StatResult).
    Stat(Name),
    /// stat(2) of a name by its path rather than in the open folder → [`StatResult`](crate::StatResult).
    StatByPath(Name),
    /// fstat(2) of an open file → [`StatResult`](crate::StatResult).
    StatFile(Role),
    /// openat(2) of a name with `O_PATH | O_NOFOLLOW`, into an empty place → [`OpenResult`](crate::OpenResult).
    Open(Role, Name),
    /// openat(2) of the folder for reading, a file description of its own → [`OpenResult`](crate::OpenResult).
    OpenFolder(Role),
    /// The next temporary name in the folder that is open as [`Role::Listing`] (getdents(2)): [`Name::Swept`]
    /// → [`NextNameResult`](crate::NextNameResult).
    NextName,
    /// unlinkat(2) → [`UnlinkResult`](crate::UnlinkResult).
    Unlink(Name),
    /// renameat2(2) of a temporary name to the lock's, with `RENAME_NOREPLACE` → [`RenameResult`](crate::RenameResult).
    Rename(Name),
    /// linkat(2) of a temporary name to the lock's, where the file system cannot rename so
    /// → [`RenameResult`](crate::RenameResult).
    Link(Name),
    /// fstatfs(2) of the folder → [`FileSystemResult`](crate::FileSystemResult).
    FileSystem,
    /// stat(2) of the open folder's path in `/proc` → [`ProcResult`](crate::ProcResult).
    StatProc,
    /// utimensat(2) of a name: the times of the mark → [`TimesResult`](crate::TimesResult).
    SetTimesOfName(Name),
    /// utimensat(2) of an open file, with `AT_EMPTY_PATH` → [`TimesResult`](crate::TimesResult).
    SetTimes(Role, Times),
    /// The same by the file's path in `/proc`, for Linux before 5.8 → [`TimesResult`](crate::TimesResult).
    SetTimesInProc(Role, Times),
    /// chmod(2) of an open file, by its path in `/proc` → [`DoneResult`](crate::DoneResult).
    SetMode(Role, Mode),
    /// flock(2) of [`Role::Guard`], not blocking → [`FlockResult`](crate::FlockResult).
    Flock(Flock),
    /// flock(2): gives the guard back → [`DoneResult`](crate::DoneResult).
    Unlock,

    // ---- Shares.
    /// mkfifo(3) of the name of a share, not replacing anything → [`MakeResult`](crate::MakeResult).
    MakeFifo(Name),
    /// openat(2) of the name of a share with `O_NONBLOCK | O_NOFOLLOW`, into an empty place, or to the end of
    /// [`Role::Slots`] → [`OpenResult`](crate::OpenResult). A name that is too long is missing.
    OpenFifo(Role, Access, Name),
    /// fstat(2) of an open file: whose FIFO is it? → [`FifoResult`](crate::FifoResult).
    SeeFifo(Role),
    /// read(2) from a FIFO: has a process it open for writing? → [`ReadResult`](crate::ReadResult).
    Read(Role),

    // ---- Sockets.
    /// socket(2), not blocking, into an empty place → [`DoneResult`](crate::DoneResult).
    Socket(Role, Kind),
    /// fchmod(2) of the socket that is to be the listener: the mode that bind gives its file
    /// → [`DoneResult`](crate::DoneResult).
    SetSocketMode,
    /// bind(2) of [`Role::Listener`] → [`BindResult`](crate::BindResult).
    Bind(Name, Way),
    /// bind(2) of [`Role::Connection`] to a badge made of the bits that were drawn last → [`BindResult`](crate::BindResult).
    BindBadge,
    /// listen(2) of [`Role::Listener`], which gives it our user's name. Refused if that is another user than when the peer was
    /// compared with ours → [`DoneResult`](crate::DoneResult).
    Listen,
    /// connect(2) → [`ConnectResult`](crate::ConnectResult).
    Connect(Role, Target),
    /// shutdown(2) → [`DoneResult`](crate::DoneResult).
    Shutdown(Role, Half),
    /// getsockopt(2) `SO_PEERCRED` → [`PeerResult`](crate::PeerResult).
    Peer(Role),
    /// getsockopt(2) of [`Role::Listener`] → [`AnswerResult`](crate::AnswerResult).
    Ask(Question),
    /// getsockname(2) of [`Role::Listener`], which the driver remembers → [`DoneResult`](crate::DoneResult).
    SocketName,
    /// `sock_diag(7)` of [`Role::Listener`]: is it bound to the file that is held fast as [`Role::Pin`]?
    /// → [`AnswerResult`](crate::AnswerResult).
    CompareBoundFile,
    /// getpeername(2) of [`Role::Connection`]: is it the name of [`Role::Listener`]? → [`AnswerResult`](crate::AnswerResult).
    ComparePeerName,
    /// poll(2) of [`Role::Listener`], without waiting: is a waiter queued? → [`AnswerResult`](crate::AnswerResult).
    Poll,
    /// accept4(2) from [`Role::Listener`], not blocking → [`AcceptResult`](crate::AcceptResult).
    Accept(Role),
    /// recv(2) with `MSG_PEEK` of one byte: has the peer ended its stream? → [`AnswerResult`](crate::AnswerResult).
    HasEnded(Role),
    /// recv(2) of what a borrower sent, which is of no interest → [`DrainResult`](crate::DrainResult).
    Drain,
    /// ioctl(2) `FIONREAD`: has something arrived that is not read? → [`AnswerResult`](crate::AnswerResult).
    HasUnread(Role),
    /// recvmsg(2) from [`Role::Connection`] → [`ReceiveResult`](crate::ReceiveResult). A single descriptor that comes with
    /// "OK" goes to [`Role::Listener`], others go to [`Role::Strays`].
    Receive,
    /// sendmsg(2) of "OK" to [`Role::Guest`], with [`Role::Listener`] or without → [`SendResult`](crate::SendResult).
    Send(Cargo),

    // ---- The process.
    /// getrandom(2): draws 64 bits, which the driver remembers: a badge or [`Name::Temporary`] is made of them
    /// → [`DoneResult`](crate::DoneResult).
    Random,
    /// eventfd(2) into [`Role::Pin`]: a descriptor of no use but to be closed → [`DoneResult`](crate::DoneResult).
    Reserve,
    /// Closes the descriptor that the process keeps in reserve, which the driver replaces when the participant has finished
    /// → [`DoneResult`](crate::DoneResult).
    SpendReserve,
    /// Watches the path, if the system has a watch to give: [`Role::Watch`] → [`AnswerResult`](crate::AnswerResult).
    Watch,
    /// Asks the kernel which probe tells the truth, by sockets of one's own → [`ProbeResult`](crate::ProbeResult).
    AskKernel,
    /// close(2): empties the place → [`DoneResult`](crate::DoneResult).
    Close(Role),
    /// The same on a thread of its own: what others sent can take for ever to close → [`DoneResult`](crate::DoneResult).
    CloseApart(Role),
}

/// A place for a descriptor. The driver keeps one table from role to descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The listening socket, which is the lock; or that is to be it.
    Listener,
    /// The connection to the server.
    Connection,
    /// The peer that was accepted last.
    Guest,
    /// A file held fast. While the machine is queued its descriptor is the reserve that makes room for the listener.
    Pin,
    /// The folder that carries the guard.
    Guard,
    /// The socket of a probe.
    Probe,
    /// The folder that is being read.
    Listing,
    /// A temporary name that is being swept, held fast.
    Swept,
    /// Clients that were accepted from an abstract name that is given up: a list; a call is about its last.
    Queue,
    /// Unwanted descriptors: a list.
    Strays,
    /// The watch on the path.
    Watch,
    /// The share: a FIFO that is open for writing.
    Share,
    /// A FIFO that is looked at.
    Look,
    /// The slots that are taken, while a free one is looked for: a list. A call is about the last of them, and
    /// [`Call::Close`] about all.
    Slots,
}

/// A name in the lock's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The lock's; or its abstract name.
    Lock,
    /// The temporary name that is made of the bits that were drawn last ([`Call::Random`]).
    Temporary,
    /// The temporary name that was read last from the folder ([`Call::NextName`]).
    Swept,
    /// The FIFO of the shares without a number.
    Shared,
    /// The FIFO of the slot of this number.
    Slot(u16),
}

impl Name {
    /// The FIFO of that slot, or of the shares without a number.
    pub(crate) fn of_share(slot: Option<u16>) -> Self {
        slot.map_or(Self::Shared, Self::Slot)
    }
}

/// For what a FIFO is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `O_RDONLY`: to look at it.
    Read,
    /// `O_RDWR`: to have a share.
    Both,
}

/// By which address a socket is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// By the path, under which others see the socket.
    Path,
    /// By the path of the open folder in `/proc`.
    Proc,
    /// By the abstract name.
    Abstract,
}

/// What a socket connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The file that is held fast there, by its path in `/proc`.
    Pinned(Role),
    /// A name, by its path.
    Path(Name),
    /// The abstract name.
    Abstract,
}

/// The type of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Datagram,
}

/// Which half of a connection is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// `SHUT_RD`.
    Read,
    /// `SHUT_WR`.
    Write,
    /// `SHUT_RDWR`.
    Both,
}

/// The two guards of the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flock {
    /// `LOCK_SH`: keeps reclaimers away.
    Shared,
    /// `LOCK_EX`: no socket is between "visible" and "registered".
    Exclusive,
}

/// What the times of a socket say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Times {
    /// It is handed over and never lent.
    Marked,
    /// It may be lent.
    Lent,
}

/// What becomes of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The mode that was asked for, with the sticky bit.
    AsAsked,
    /// As it was when it was last looked at, and its owner may write.
    OwnerWrites,
    /// As it was when it was last looked at, with the sticky bit.
    Sticky,
    /// As it was when it was last looked at, without the sticky bit.
    NotSticky,
    /// The mode of a FIFO: users who may write to the socket may read and write there.
    OfFifo,
}

/// What "OK" is sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cargo {
    /// The listener: the lock is handed over.
    Listener {
        /// Says that no process has a share of the lock: the waiter need not look.
        unshared: bool,
    },
    /// Nothing: the lock is lent.
    Nothing,
}

/// What is asked of a socket that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// `SO_ACCEPTCONN`.
    Listens,
    /// `SO_TYPE`: is it a stream socket?
    IsStream,
    /// `SO_DOMAIN`: is it a Unix socket?
    IsUnix,
}

impl Probe {
    /// The type of the socket that asks.
    pub(crate) const fn kind(self) -> Option<Kind> {
        match self {
            Self::Datagram => Some(Kind::Datagram),
            Self::Stream => Some(Kind::Stream),
            Self::None => None,
        }
    }
}
