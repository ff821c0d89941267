//! Every result that a call can have, over small alphabets: two files, two names, one error code.

use slocket_core::{
    AcceptResult, AnswerResult, BindResult, Call, CallResult, ConnectResult, DoneResult, DrainResult, Errno,
    FifoResult, FileKind, FileSystemResult, FlockResult, Found, Inode, Links, MakeResult, ModeFit, Name,
    NextNameResult, OpenResult, Owner, PeerResult, Probe, ProbeResult, ProcResult, ReadResult, ReceiveResult,
    RenameResult, Role, SendResult, StatResult, TimesFound, TimesResult, UnlinkResult,
};

/// Some error code of the system.
pub(crate) const ERRNO: Errno = Errno(28);
/// The two files.
pub(crate) const ONE: Inode = Inode { device: 1, number: 1 };
pub(crate) const OTHER: Inode = Inode { device: 1, number: 2 };

/// A socket as bind leaves it: with the sticky bit, and both times alike.
pub(crate) const NEW: Found = Found {
    inode: ONE,
    kind: FileKind::Socket,
    owner: Owner::Us,
    links: Links::One,
    is_sticky: true,
    owner_writes: true,
    mode: ModeFit::Exact,
    times: TimesFound::Alike,
    is_recent: true,
};
/// The same, marked.
pub(crate) const MARKED: Found = Found { times: TimesFound::Marked, ..NEW };
/// One that may be lent: npm's, or ours while it lends.
pub(crate) const UNMARKED: Found =
    Found { is_sticky: false, times: TimesFound::Apart, is_recent: false, mode: ModeFit::Other, ..NEW };
/// A marked one to which not even its owner may write.
pub(crate) const UNSETTLED: Found = Found { owner_writes: false, mode: ModeFit::Fewer, ..MARKED };
/// No socket.
pub(crate) const FILE: Found = Found { inode: Inode { device: 1, number: 3 }, kind: FileKind::Other, ..UNMARKED };

/// The FIFO of a share.
pub(crate) const FIFO: Found = Found {
    inode: Inode { device: 1, number: 4 },
    kind: FileKind::Fifo,
    mode: ModeFit::Exact,
    owner_writes: true,
    ..UNMARKED
};
/// One whose mode the umask has spoiled.
pub(crate) const SPOILED_FIFO: Found = Found { mode: ModeFit::Fewer, ..FIFO };

/// What can be found at a name. The first is the likeliest.
const FOUND: [Found; 12] = [
    MARKED,
    Found { inode: OTHER, ..MARKED },
    NEW,
    Found { is_recent: false, ..NEW },
    Found { mode: ModeFit::Fewer, ..NEW },
    UNMARKED,
    UNSETTLED,
    Found { owner: Owner::Other, ..MARKED },
    Found { links: Links::None, ..MARKED },
    FILE,
    Found { kind: FileKind::EmptyFile, ..FILE },
    SPOILED_FIFO,
];

fn all<const N: usize, R: Into<CallResult>>(results: [R; N]) -> Vec<CallResult> {
    results.into_iter().map(Into::into).collect()
}

/// Every result of the type that belongs to the call.
pub(crate) fn answers(call: Call) -> Vec<CallResult> {
    match call {
        // (Of a share's name only whether it is there.)
        Call::Stat(Name::Shared | Name::Slot(_)) => {
            all([StatResult::Missing, StatResult::Found(FIFO), StatResult::Failed(ERRNO)])
        }
        Call::Stat(_) | Call::StatByPath(_) | Call::StatFile(_) => {
            // (Of what is swept only little matters.)
            let found = if call == Call::StatFile(Role::Swept) { &FOUND[6..10] } else { &FOUND[..] };
            let found = found.iter().map(|found| StatResult::Found(*found).into());
            found.chain(all([StatResult::Missing, StatResult::Failed(ERRNO)])).collect()
        }
        Call::MakeFifo(_) => all([MakeResult::Made, MakeResult::Exists, MakeResult::Failed(ERRNO)]),
        Call::SeeFifo(_) => {
            all([FifoResult::Trusted, FifoResult::Untrusted, FifoResult::Other, FifoResult::Failed(ERRNO)])
        }
        Call::Read(_) => all([ReadResult::Writer, ReadResult::NoWriter, ReadResult::Bytes, ReadResult::Failed(ERRNO)]),
        // (The first is the likeliest: mostly no process shares.)
        Call::OpenFifo(..) => {
            all([OpenResult::Missing, OpenResult::Opened, OpenResult::Denied(ERRNO), OpenResult::Failed(ERRNO)])
        }
        Call::Open(..) | Call::OpenFolder(_) => {
            all([OpenResult::Opened, OpenResult::Missing, OpenResult::Denied(ERRNO), OpenResult::Failed(ERRNO)])
        }
        Call::NextName => all([NextNameResult::Temporary, NextNameResult::End]),
        Call::Unlink(_) => all([
            UnlinkResult::Removed,
            UnlinkResult::Missing,
            UnlinkResult::Denied(ERRNO),
            UnlinkResult::Failed(ERRNO),
        ]),
        Call::Rename(_) | Call::Link(_) => all([
            RenameResult::Renamed,
            RenameResult::Exists,
            RenameResult::Missing,
            RenameResult::Unsupported(ERRNO),
            RenameResult::Failed(ERRNO),
        ]),
        Call::FileSystem => {
            all([FileSystemResult::Local, FileSystemResult::Elsewhere, FileSystemResult::Failed(ERRNO)])
        }
        Call::StatProc => all([ProcResult::Leads, ProcResult::LeadsNowhere]),
        Call::SetTimesOfName(_) | Call::SetTimes(..) | Call::SetTimesInProc(..) => {
            all([TimesResult::Done, TimesResult::Unsupported(ERRNO), TimesResult::Failed(ERRNO)])
        }
        Call::Flock(_) => all([FlockResult::Locked, FlockResult::Busy, FlockResult::Failed(ERRNO)]),
        Call::Bind(..) | Call::BindBadge => all([
            BindResult::Bound,
            BindResult::InUse,
            BindResult::Missing(ERRNO),
            BindResult::Broken(ERRNO),
            BindResult::Failed(ERRNO),
        ]),
        Call::Connect(..) => all([
            ConnectResult::Connected,
            ConnectResult::Missing(ERRNO),
            ConnectResult::Refused,
            ConnectResult::Full,
            ConnectResult::WrongType,
            ConnectResult::Denied(ERRNO),
            ConnectResult::Failed(ERRNO),
        ]),
        Call::Peer(_) => all([
            PeerResult::Peer { is_ours: true, is_trusted: true },
            PeerResult::Peer { is_ours: false, is_trusted: true },
            PeerResult::Peer { is_ours: false, is_trusted: false },
            PeerResult::Unknown,
        ]),
        Call::Ask(_)
        | Call::CompareBoundFile
        | Call::ComparePeerName
        | Call::Poll
        | Call::HasEnded(_)
        | Call::HasUnread(_)
        | Call::Watch => all([AnswerResult::Yes, AnswerResult::No, AnswerResult::Failed(ERRNO)]),
        Call::Accept(_) => all([
            AcceptResult::Accepted { has_badge: true },
            AcceptResult::Accepted { has_badge: false },
            AcceptResult::Nobody,
            AcceptResult::Exhausted,
            AcceptResult::Failed,
        ]),
        Call::Drain => all([DrainResult::Nothing, DrainResult::Ended, DrainResult::More]),
        Call::Receive => all([
            ReceiveResult::Nothing,
            ReceiveResult::PeerClosed,
            ReceiveResult::Listener { unshared: false },
            ReceiveResult::Listener { unshared: true },
            ReceiveResult::Loan,
            ReceiveResult::Truncated,
            ReceiveResult::Foreign,
        ]),
        Call::Send(_) => all([SendResult::Sent, SendResult::Gone, SendResult::Failed]),
        Call::AskKernel => all([
            ProbeResult::Known(Probe::Datagram),
            ProbeResult::Known(Probe::Stream),
            ProbeResult::Known(Probe::None),
            ProbeResult::Busy,
            ProbeResult::Denied,
            ProbeResult::Failed(ERRNO),
        ]),
        Call::Unlock
        | Call::SetMode(..)
        | Call::Socket(..)
        | Call::SetSocketMode
        | Call::Listen
        | Call::Shutdown(..)
        | Call::SocketName
        | Call::Random
        | Call::Reserve
        | Call::SpendReserve
        | Call::Close(_)
        | Call::CloseApart(_) => all([DoneResult::Done, DoneResult::Failed(ERRNO)]),
    }
}

/// One result of each type.
pub(crate) fn one_of_each_type() -> [CallResult; 22] {
    [
        DoneResult::Done.into(),
        StatResult::Missing.into(),
        OpenResult::Opened.into(),
        NextNameResult::End.into(),
        UnlinkResult::Removed.into(),
        RenameResult::Renamed.into(),
        FileSystemResult::Local.into(),
        ProcResult::Leads.into(),
        TimesResult::Done.into(),
        FlockResult::Locked.into(),
        BindResult::Bound.into(),
        ConnectResult::Connected.into(),
        PeerResult::Unknown.into(),
        AnswerResult::Yes.into(),
        AcceptResult::Nobody.into(),
        DrainResult::Ended.into(),
        ReceiveResult::Nothing.into(),
        SendResult::Sent.into(),
        ProbeResult::Known(Probe::Datagram).into(),
        MakeResult::Made.into(),
        FifoResult::Trusted.into(),
        ReadResult::Writer.into(),
    ]
}
