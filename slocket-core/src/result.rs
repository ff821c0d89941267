//! What goes into the machine: what a system call came to. Facts, not error codes; what has no name carries its code.

use crate::call::Call;
use crate::platform::Probe;

/// The error code of a system call, for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

/// A result of another type than that of the call that was asked for: a mistake of the driver, as [`Misuse`](crate::Misuse) is. Each
/// procedure says so before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Misfit;

impl core::fmt::Display for Misfit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the driver sent a result that was not asked for")
    }
}

impl core::error::Error for Misfit {}

impl From<&Self> for Misfit {
    fn from(misfit: &Self) -> Self {
        *misfit
    }
}

/// Declares the union of all results of a machine's calls, with a method for each that takes it out.
macro_rules! results {
    ($($kind:ident $take:ident;)*) => {
        /// What a call came to: of the type that the docs of the call name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is documented at its type")]
        pub enum CallResult {
            $($kind($kind),)*
        }

        impl CallResult {
            $(pub(crate) const fn $take(&self) -> Result<$kind, Misfit> {
                if let Self::$kind(result) = self { Ok(*result) } else { Err(Misfit) }
            })*
        }

        $(impl From<$kind> for CallResult {
            fn from(result: $kind) -> Self {
                Self::$kind(result)
            }
        })*
    };
}

pub(crate) use results;

results! {
    DoneResult done;
    StatResult stat;
    OpenResult open;
    NextNameResult next_name;
    UnlinkResult unlink;
    RenameResult rename;
    FileSystemResult file_system;
    ProcResult proc;
    TimesResult times;
    FlockResult flock;
    BindResult bind;
    ConnectResult connect;
    PeerResult peer;
    AnswerResult answer;
    AcceptResult accept;
    DrainResult drain;
    ReceiveResult receive;
    SendResult send;
    ProbeResult probe;
    MakeResult make;
    FifoResult fifo;
    ReadResult read;
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoneResult {
    /// It was.
    Done,
    /// The system refused.
    Failed(Errno),
}

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatResult {
    /// This.
    Found(Found),
    /// Nothing.
    Missing,
    /// The system refused.
    Failed(Errno),
}

/// What stat(2) tells of a file, as far as the protocol reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// Which file it is.
    pub inode: Inode,
    /// What kind of file.
    pub kind: FileKind,
    /// Its owner.
    pub owner: Owner,
    /// How many names it has.
    pub links: Links,
    /// It has the sticky bit.
    pub is_sticky: bool,
    /// Its owner may write to it.
    pub owner_writes: bool,
    /// How its mode compares to the one that the lock's user asked for, with the sticky bit.
    pub mode: ModeFit,
    /// What its times say.
    pub times: TimesFound,
    /// Its inode was changed in the last 50 milliseconds.
    pub is_recent: bool,
}

/// Which file it is. This stays true while a process has the file open, because then its number is not used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inode {
    /// The device.
    pub device: u64,
    /// The inode's number on it.
    pub number: u64,
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A socket.
    Socket,
    /// A regular file with nothing in it.
    EmptyFile,
    /// A FIFO.
    Fifo,
    /// Anything else.
    Other,
}

/// The owner of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Our user's.
    Us,
    /// Of our user's number, which in our user namespace stands for every user that has none.
    Nameless,
    /// Another user's.
    Other,
}

/// How many names a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Links {
    /// None any more.
    None,
    /// One.
    One,
    /// More.
    More,
}

/// How a mode compares to the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModeFit {
    /// It is that.
    Exact,
    /// It lacks some of its bits, and has no other.
    Fewer,
    /// It has other bits.
    Other,
}

/// What the times of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimesFound {
    /// Its time of modification is that of the mark.
    Marked,
    /// It was modified and changed in the same instant, as bind leaves it.
    Alike,
    /// Neither.
    Apart,
}

impl Found {
    /// Whether it is a socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.kind == FileKind::Socket
    }

    /// Whether it carries the mark: by its time or, if nothing has changed it since bind, by its sticky bit.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.times == TimesFound::Marked || self.is_sticky && self.times == TimesFound::Alike
    }

    /// Whether it has the mark that bind left and no other, and was bound or changed just now.
    pub(crate) fn is_newborn(&self) -> bool {
        self.is_marked() && self.times != TimesFound::Marked && self.is_recent
    }

    /// A socket of our user's with one name. Nothing else is given a mode or times: a user who may rename in the folder can put another
    /// file of our user there that others must not reach.
    pub(crate) fn is_our_socket(&self) -> bool {
        self.is_socket() && self.links == Links::One && self.owner != Owner::Other
    }

    /// The same, not marked since it was bound.
    pub(crate) fn is_our_unmarked_socket(&self) -> bool {
        self.is_our_socket() && self.times != TimesFound::Marked
    }

    /// The same, as bind made it: with the sticky bit, no bit that was not asked for, and not marked since.
    pub(crate) fn is_our_new_socket(&self) -> bool {
        self.is_our_unmarked_socket() && self.is_sticky && self.mode != ModeFit::Other
    }

    /// A FIFO of our user's with one name.
    pub(crate) fn is_our_fifo(&self) -> bool {
        self.kind == FileKind::Fifo && self.links == Links::One && self.owner != Owner::Other
    }

    /// A socket of our user to which even its owner may not write: it was bound under an unusual umask, and the process that bound it has
    /// not corrected its mode yet, or died before.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_our_socket() && !self.owner_writes
    }
}

/// Whether a file was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpenResult {
    /// It is in its place.
    Opened,
    /// Nothing has the name.
    Missing,
    /// We may not (EACCES).
    Denied(Errno),
    /// The system refused otherwise.
    Failed(Errno),
}

/// Whether there is another temporary name in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NextNameResult {
    /// There is: [`Name::Swept`](crate::Name::Swept).
    Temporary,
    /// No more, or enough.
    End,
}

/// Whether a name was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnlinkResult {
    /// It was.
    Removed,
    /// There was none.
    Missing,
    /// We may not (EACCES, EPERM).
    Denied(Errno),
    /// The system refused otherwise.
    Failed(Errno),
}

/// Whether a temporary name became the lock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RenameResult {
    /// It did.
    Renamed,
    /// Something has the lock's name already.
    Exists,
    /// The temporary name is gone.
    Missing,
    /// The file system cannot.
    Unsupported(Errno),
    /// The system refused.
    Failed(Errno),
}

/// Whether all processes that can see a file system's sockets run under one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileSystemResult {
    /// They do.
    Local,
    /// They do not, or it cannot be told.
    Elsewhere,
    /// The system refused.
    Failed(Errno),
}

/// Whether `/proc` leads to the open folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcResult {
    /// It does.
    Leads,
    /// It is not mounted, or another pid namespace's.
    LeadsNowhere,
}

/// Whether times were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimesResult {
    /// They were.
    Done,
    /// The kernel does not know the call's flag.
    Unsupported(Errno),
    /// The system refused.
    Failed(Errno),
}

/// Whether the guard was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlockResult {
    /// It was.
    Locked,
    /// Another process has it.
    Busy,
    /// The system refused.
    Failed(Errno),
}

/// Whether a socket was bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindResult {
    /// It was.
    Bound,
    /// The name is taken.
    InUse,
    /// The way to the name leads nowhere.
    Missing(Errno),
    /// An error of the device (EIO): the file system may have made a file instead.
    Broken(Errno),
    /// The system refused.
    Failed(Errno),
}

/// How connecting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectResult {
    /// Connected.
    Connected,
    /// Nothing is there.
    Missing(Errno),
    /// No process listens there.
    Refused,
    /// The queue is full.
    Full,
    /// The socket there is of another type.
    WrongType,
    /// We may not write to the socket there.
    Denied(Errno),
    /// The system refused.
    Failed(Errno),
}

/// The process at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerResult {
    /// It can be told.
    Peer {
        /// It is of our user.
        is_ours: bool,
        /// It is of a user whose servers are trusted.
        is_trusted: bool,
    },
    /// It cannot be told.
    Unknown,
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerResult {
    /// Yes.
    Yes,
    /// No.
    No,
    /// The system refused.
    Failed(Errno),
}

/// The head of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AcceptResult {
    /// A peer.
    Accepted {
        /// It is bound to a badge: it can take a listener.
        has_badge: bool,
    },
    /// None.
    Nobody,
    /// No descriptor, or no memory, is available.
    Exhausted,
    /// The system refused.
    Failed,
}

/// What a borrower sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DrainResult {
    /// It has ended its stream.
    Ended,
    /// Something, and there may be more.
    More,
    /// Nothing.
    Nothing,
}

/// What a server sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiveResult {
    /// Nothing yet.
    Nothing,
    /// It has ended the stream, or the connection was reset.
    PeerClosed,
    /// "OK" and one descriptor, which is [`Role::Listener`](crate::Role::Listener) now.
    Listener {
        /// The sender says that no process has a share of the lock.
        unshared: bool,
    },
    /// "OK" and no descriptor.
    Loan,
    /// Descriptors were lost on the way, for want of room.
    Truncated,
    /// Anything else.
    Foreign,
}

/// Whether a message could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendResult {
    /// It is in the peer's queue.
    Sent,
    /// The peer is gone, or does not want it any more.
    Gone,
    /// The system refused.
    Failed,
}

/// What tells a live socket from a dead one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeResult {
    /// This.
    Known(Probe),
    /// A sweep has removed the socket that asked: again.
    Busy,
    /// We may not make a socket in the folder.
    Denied,
    /// A system call failed.
    Failed(Errno),
}

/// Whether a FIFO was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MakeResult {
    /// It was.
    Made,
    /// The name is taken.
    Exists,
    /// The system refused.
    Failed(Errno),
}

/// What an open file is, that should be the FIFO of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FifoResult {
    /// A FIFO of a user whose servers are trusted.
    Trusted,
    /// A FIFO of another user.
    Untrusted,
    /// No FIFO.
    Other,
    /// The system refused.
    Failed(Errno),
}

/// What a read from a FIFO says of its writers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadResult {
    /// The end: it has none.
    NoWriter,
    /// Nothing to read (EAGAIN): it has one.
    Writer,
    /// Bytes, which a process has written that does not know of shares. They are discarded.
    Bytes,
    /// The system refused.
    Failed(Errno),
}

impl Call {
    /// The result that says that the system refused it: with this error code, as far as the call's result has room for one.
    #[must_use]
    pub fn failed(self, errno: Errno) -> CallResult {
        match self {
            Self::Stat(_) | Self::StatByPath(_) | Self::StatFile(_) => StatResult::Failed(errno).into(),
            Self::Open(..) | Self::OpenFolder(_) | Self::OpenFifo(..) => OpenResult::Failed(errno).into(),
            Self::NextName => NextNameResult::End.into(),
            Self::Unlink(_) => UnlinkResult::Failed(errno).into(),
            Self::Rename(_) | Self::Link(_) => RenameResult::Failed(errno).into(),
            Self::FileSystem => FileSystemResult::Failed(errno).into(),
            Self::StatProc => ProcResult::LeadsNowhere.into(),
            Self::SetTimesOfName(_) | Self::SetTimes(..) | Self::SetTimesInProc(..) => {
                TimesResult::Failed(errno).into()
            }
            Self::Flock(_) => FlockResult::Failed(errno).into(),
            Self::Bind(..) | Self::BindBadge => BindResult::Failed(errno).into(),
            Self::Connect(..) => ConnectResult::Failed(errno).into(),
            Self::Peer(_) => PeerResult::Unknown.into(),
            Self::Ask(_)
            | Self::CompareBoundFile
            | Self::ComparePeerName
            | Self::Poll
            | Self::HasEnded(_)
            | Self::HasUnread(_)
            | Self::Watch => AnswerResult::Failed(errno).into(),
            Self::Accept(_) => AcceptResult::Failed.into(),
            Self::Drain => DrainResult::Ended.into(),
            Self::Receive => ReceiveResult::PeerClosed.into(),
            Self::Send(_) => SendResult::Failed.into(),
            Self::AskKernel => ProbeResult::Failed(errno).into(),
            Self::MakeFifo(_) => MakeResult::Failed(errno).into(),
            Self::SeeFifo(_) => FifoResult::Failed(errno).into(),
            Self::Read(_) => ReadResult::Failed(errno).into(),
            Self::SetMode(..)
            | Self::Unlock
            | Self::Socket(..)
            | Self::SetSocketMode
            | Self::Listen
            | Self::Shutdown(..)
            | Self::SocketName
            | Self::Random
            | Self::Reserve
            | Self::SpendReserve
            | Self::Close(_)
            | Self::CloseApart(_) => DoneResult::Failed(errno).into(),
        }
    }
}
