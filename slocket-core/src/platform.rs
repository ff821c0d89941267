//! What is at hand: what the system, the file system and the folder of a lock can and cannot do.

/// What a machine needs to know of the system before it begins. It is filled by questions to the kernel, never by the
/// system's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Platform {
    /// Where the lock lives.
    pub home: Home,
    /// No other user can rename or replace files in the lock's folder.
    pub is_private: bool,
    /// By which addresses a socket can be bound at the lock's name.
    pub lock: Ways,
    /// By which addresses a socket can be bound at a temporary name.
    pub temporary: Ways,
    /// What tells a live socket from a dead one, if that has been asked on this file system before.
    pub probe: Option<Probe>,
    /// Participants of the lock can have shares (protocol section 8), so each acquire has to look for them. All machines of one
    /// lock must be told the same. At an abstract name there are none.
    pub shares: bool,
}

/// Which addresses fit (unix(7), `sun_path`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ways {
    /// The path, under which others see the socket.
    pub path: bool,
    /// The name in the path of the open folder in `/proc`.
    pub proc: bool,
}

/// Where a lock lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Home {
    /// At a path (protocol sections 1 to 5).
    #[default]
    Path,
    /// At an abstract name (protocol section 6): no file, and nothing to reclaim.
    Name,
}

/// What tells a live socket from a dead one (protocol section 2, "Is a socket alive: the probe").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// Connecting a datagram socket, at any time. It disturbs no process.
    Datagram,
    /// Connecting a stream socket, while no process is between bind and listen. It takes a place in the queue and leaves it
    /// at once: so only marked sockets are asked, whose servers bear that.
    Stream,
    /// Nothing: no socket is ever taken for dead.
    None,
}

/// What a participant learns that the next one at the same lock can use. A hint that is wrong costs time, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hints {
    /// The path was in use at the last attempt: connect first.
    pub in_use: bool,
    /// The path does not lead to the lock's folder, or may not for long: bind by way of `/proc`.
    pub unfixed: bool,
    /// The umask takes bits from the mode: publish aside.
    pub spoiled: bool,
}
