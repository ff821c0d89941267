//! With which errors each system call is made to fail: those that its man page lists.
//!
//! Left out everywhere: EBADF, EFAULT, EINVAL, ENOTSOCK, EDESTADDRREQ, EISCONN, ENOPROTOOPT, EOPNOTSUPP, EAFNOSUPPORT,
//! ENAMETOOLONG, EOVERFLOW. They say that the call itself is wrong; no state of the system makes them of a right one.

use nix::errno::Errno;
use nix::errno::Errno::{
    EACCES, EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EBUSY, ECONNABORTED, ECONNREFUSED, ECONNRESET, EDQUOT, EEXIST, EINTR,
    EINVAL, EIO, ELOOP, EMFILE, ENFILE, ENOBUFS, ENODEV, ENOENT, ENOLCK, ENOMEM, ENOSPC, ENOSYS, ENOTCONN, ENOTDIR,
    EPERM, EPIPE, EPROTO, EPROTOTYPE, EROFS, ETOOMANYREFS, EXDEV,
};

use crate::stepper::Failure;

/// An error of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fails {
    pub(super) errno: Errno,
    forever: bool,
    takes_effect: bool,
    /// As long as it fails for ever, the library may wait: it says "not now".
    pub(super) may_wait: bool,
}

impl Fails {
    /// How it is made to fail: once; and for ever.
    pub(super) fn ways(self, number: i64) -> impl Iterator<Item = Failure> {
        let Self { errno, takes_effect, .. } = self;
        let ways = if self.forever { &[false, true][..] } else { &[false] };
        ways.iter().map(move |&forever| Failure { number, errno, forever, takes_effect })
    }
}

const fn both(errno: Errno) -> Fails {
    Fails { errno, forever: true, takes_effect: false, may_wait: false }
}

/// For ever, it would be a machine on which nothing works, or the kernel telling lies.
const fn once(errno: Errno) -> Fails {
    Fails { forever: false, ..both(errno) }
}

const fn not_now(errno: Errno) -> Fails {
    Fails { may_wait: true, ..both(errno) }
}

const fn closed(errno: Errno) -> Fails {
    Fails { takes_effect: true, ..both(errno) }
}

/// The errors of a call; `Err` with the reason if there are none; `None` if it is not known.
pub(super) fn of(call: &str) -> Option<Result<&'static [Fails], &'static str>> {
    TABLE.iter().find(|(names, ..)| names.contains(&call)).map(|(_, _, errors)| *errors)
}

type Row = (&'static [&'static str], &'static str, Result<&'static [Fails], &'static str>);

/// The calls, the man page, the errors.
const TABLE: &[Row] = &[
    (
        &["accept4"],
        "accept(2)",
        Ok(&[
            // As if no process waited.
            both(EAGAIN),
            once(EINTR),
            // Each one is about another connection.
            once(ECONNABORTED),
            both(EMFILE),
            both(ENFILE),
            both(ENOBUFS),
            both(ENOMEM),
            both(EPERM),
            both(EPROTO),
        ]),
    ),
    (
        &["bind"],
        "bind(2), and mknod(2), which it comes down to",
        Ok(&[
            both(EACCES),
            not_now(EADDRINUSE),
            both(EADDRNOTAVAIL),
            both(EDQUOT),
            once(EINTR),
            both(EIO),
            both(ELOOP),
            both(ENOENT),
            both(ENOMEM),
            both(ENOSPC),
            both(ENOTDIR),
            both(EPERM),
            both(EROFS),
        ]),
    ),
    (
        &["chmod", "fchmod", "fchmodat"],
        "chmod(2)",
        Ok(&[
            both(EACCES),
            both(EIO),
            both(ELOOP),
            both(ENOENT),
            both(ENOMEM),
            both(ENOTDIR),
            both(EPERM),
            both(EROFS),
        ]),
    ),
    (&["clone3"], "clone(2)", Ok(&[both(EAGAIN), both(ENOMEM), both(EPERM)])),
    // The descriptor is gone whatever it says.
    (&["close"], "close(2)", Ok(&[closed(EINTR), closed(EIO), closed(ENOSPC), closed(EDQUOT)])),
    (
        &["connect"],
        "connect(2)",
        Ok(&[
            both(EACCES),
            both(EPERM),
            not_now(EAGAIN),
            // For ever, it calls living sockets dead: the one word of the kernel on which all depends.
            once(ECONNREFUSED),
            once(EINTR),
            both(ELOOP),
            not_now(ENOENT),
            both(ENOTDIR),
            both(EPROTOTYPE),
        ]),
    ),
    (&["epoll_create1"], "epoll_create(2)", Ok(&[both(EMFILE), both(ENFILE), both(ENOMEM)])),
    (&["epoll_ctl add"], "epoll_ctl(2)", Ok(&[both(ENOMEM), both(ENOSPC)])),
    (&["epoll_ctl"], "epoll_ctl(2)", Err("what is there already is changed or removed without anything new")),
    (&["epoll_pwait", "epoll_pwait2", "epoll_wait"], "epoll_wait(2)", Ok(&[once(EINTR)])),
    (&["eventfd2"], "eventfd(2)", Ok(&[both(EMFILE), both(ENFILE), both(ENODEV), both(ENOMEM)])),
    (
        &["faccessat2"],
        "access(2)",
        Ok(&[both(EACCES), both(EIO), both(ELOOP), both(ENOENT), both(ENOMEM), both(ENOSYS), both(ENOTDIR)]),
    ),
    (&["fcntl"], "fcntl(2)", Ok(&[both(EMFILE)])),
    (&["flock"], "flock(2)", Ok(&[once(EINTR), both(ENOLCK), not_now(EAGAIN)])),
    // For ever, no kernel refuses to unlock what it has locked.
    (&["flock unlock"], "flock(2)", Ok(&[once(EINTR), once(ENOLCK)])),
    (
        &["fstat", "newfstatat", "statx"],
        "stat(2), statx(2)",
        // For ever, ENOENT says that every lock is lost.
        Ok(&[both(EACCES), both(ELOOP), once(ENOENT), both(ENOMEM), both(ENOTDIR)]),
    ),
    (
        &["fstatfs", "statfs"],
        "statfs(2)",
        Ok(&[
            once(EINTR),
            both(EACCES),
            both(EIO),
            both(ELOOP),
            both(ENOENT),
            both(ENOMEM),
            both(ENOSYS),
            both(ENOTDIR),
        ]),
    ),
    (&["getdents64"], "getdents(2)", Ok(&[both(ENOENT), both(ENOTDIR)])),
    (&["getrandom"], "getrandom(2)", Ok(&[once(EINTR), both(EAGAIN), both(ENOSYS)])),
    (&["getpeername", "getsockname"], "getsockname(2), getpeername(2)", Ok(&[both(ENOBUFS), once(ENOTCONN)])),
    (&["inotify_init1"], "inotify_init(2)", Ok(&[both(EMFILE), both(ENFILE), both(ENOMEM)])),
    (
        &["inotify_add_watch"],
        "inotify_add_watch(2)",
        Ok(&[both(EACCES), both(ENOENT), both(ENOMEM), both(ENOSPC), both(ENOTDIR)]),
    ),
    (&["listen"], "listen(2)", Ok(&[both(EADDRINUSE)])),
    (
        &["mknodat"],
        "mknod(2)",
        Ok(&[
            both(EACCES),
            both(EDQUOT),
            both(EEXIST),
            both(ELOOP),
            both(ENOENT),
            both(ENOMEM),
            both(ENOSPC),
            both(ENOTDIR),
            both(EPERM),
            both(EROFS),
        ]),
    ),
    (
        &["openat"],
        "open(2), fifo(7)",
        Ok(&[
            once(EINTR),
            both(EACCES),
            both(ELOOP),
            both(EMFILE),
            both(ENFILE),
            not_now(ENOENT),
            both(ENOMEM),
            both(ENOTDIR),
            both(EPERM),
            both(EROFS),
        ]),
    ),
    (&["poll", "ppoll"], "poll(2)", Ok(&[once(EINTR), not_now(ENOMEM)])),
    // (Of a file.)
    (&["pread64"], "read(2)", Ok(&[once(EINTR), both(EIO)])),
    (&["pwrite64"], "write(2)", Ok(&[once(EINTR), both(EDQUOT), both(EIO), both(ENOSPC)])),
    (&["read"], "read(2)", Ok(&[once(EAGAIN), once(EINTR), once(EIO)])),
    (
        &["readlink", "readlinkat"],
        "readlink(2)",
        Ok(&[both(EACCES), both(EIO), both(ELOOP), both(ENOENT), both(ENOMEM), both(ENOTDIR)]),
    ),
    (
        &["recvfrom", "recvmsg"],
        "recv(2), unix(7)",
        Ok(&[not_now(EAGAIN), both(ECONNREFUSED), not_now(ECONNRESET), once(EINTR), not_now(ENOMEM)]),
    ),
    (
        // EINVAL: the file system cannot rename without replacing.
        &["renameat2"],
        "rename(2)",
        Ok(&[
            both(EACCES),
            both(EBUSY),
            both(EDQUOT),
            not_now(EEXIST),
            both(EINVAL),
            both(EIO),
            both(ELOOP),
            not_now(ENOENT),
            both(ENOMEM),
            both(ENOSPC),
            both(ENOSYS),
            both(ENOTDIR),
            both(EPERM),
            both(EROFS),
            both(EXDEV),
        ]),
    ),
    (
        &["sendmsg", "sendto"],
        "send(2), unix(7)",
        Ok(&[
            both(EACCES),
            both(EAGAIN),
            // Each one is about another connection, and a client of npm's comes again at once. (tests/sweep.rs shows the bound.)
            not_now(ECONNRESET),
            once(EINTR),
            both(ENOBUFS),
            both(ENOMEM),
            not_now(ENOTCONN),
            not_now(EPIPE),
            both(ETOOMANYREFS),
        ]),
    ),
    (&["shutdown"], "shutdown(2)", Ok(&[both(ENOTCONN)])),
    (&["socket"], "socket(2)", Ok(&[both(EACCES), both(EMFILE), both(ENFILE), both(ENOBUFS), both(ENOMEM)])),
    (&["socketpair"], "socketpair(2)", Ok(&[both(EMFILE), both(ENFILE)])),
    (
        &["unlinkat"],
        "unlink(2)",
        Ok(&[
            both(EACCES),
            both(EBUSY),
            both(EIO),
            both(ELOOP),
            once(ENOENT),
            both(ENOMEM),
            both(ENOTDIR),
            both(EPERM),
            both(EROFS),
        ]),
    ),
    (
        &["utimensat"],
        "utimensat(2)",
        Ok(&[both(EACCES), both(ELOOP), both(ENOENT), both(ENOSYS), both(ENOTDIR), both(EPERM), both(EROFS)]),
    ),
    (
        &["write"],
        "write(2)",
        Err("to a pipe or an eventfd of the process's own, with room: it neither blocks nor fails"),
    ),
    (
        &["brk", "mmap", "munmap", "mprotect", "madvise"],
        "mmap(2)",
        Err("without memory, Rust's allocator and its threads end the process by design"),
    ),
    (
        &["getsockopt", "ioctl", "lseek", "setsockopt", "inotify_rm_watch", "timerfd_settime", "sigaltstack"],
        "their pages",
        Err("the errors listed are those of a wrong call"),
    ),
    (&["geteuid", "getpid", "gettid", "sched_yield", "uname"], "their pages", Err("they cannot fail")),
    (
        &[
            "clock_nanosleep",
            "exit",
            "futex",
            "prctl",
            "rseq",
            "rt_sigaction",
            "rt_sigprocmask",
            "sched_getaffinity",
            "set_robust_list",
        ],
        "their pages",
        Err("of the C library and the standard library, for threads"),
    ),
];
