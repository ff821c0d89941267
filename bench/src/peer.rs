//! The locks that are measured beside each other.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use tokio::runtime;

use crate::floor;
use crate::handover::HandOver;
use crate::lock::Lock;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Peer {
    Slocket,
    SlocketTokio,
    SlocketRetained,
    SlocketTokioRetained,
    SlocketAsyncStdRetained,
    SlocketSmolRetained,
    SlocketAbstract,
    SlocketShared,
    SlocketSemaphore,
    Floor,
    BareFloor,
    AbstractFloor,
    HandOverFloor,
    Std,
    StdShared,
    FlockFiles,
    Fs4,
    FdLock,
    NamedLock,
    LockFile,
    SpawnBlocking,
    Poll1,
    Poll50,
    NpmSlocket,
    NpmLockfile,
    NpmProperLockfile,
    PythonFilelock,
    PythonSemaphore,
}

/// How many permits the semaphores have.
pub(crate) const PERMITS: usize = 4;

/// How long a lock is retained that is not used.
const RETAINED: Duration = Duration::from_secs(1);

/// What a peer runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Runtime {
    Rust,
    Node,
    Python,
}

impl Peer {
    const ALL: [Self; 28] = [
        Self::Slocket,
        Self::SlocketTokio,
        Self::SlocketRetained,
        Self::SlocketTokioRetained,
        Self::SlocketAsyncStdRetained,
        Self::SlocketSmolRetained,
        Self::SlocketAbstract,
        Self::SlocketShared,
        Self::SlocketSemaphore,
        Self::Floor,
        Self::BareFloor,
        Self::AbstractFloor,
        Self::HandOverFloor,
        Self::Std,
        Self::StdShared,
        Self::FlockFiles,
        Self::Fs4,
        Self::FdLock,
        Self::NamedLock,
        Self::LockFile,
        Self::SpawnBlocking,
        Self::Poll1,
        Self::Poll50,
        Self::NpmSlocket,
        Self::NpmLockfile,
        Self::NpmProperLockfile,
        Self::PythonFilelock,
        Self::PythonSemaphore,
    ];

    /// What it is called between processes.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Slocket => "slocket",
            Self::SlocketTokio => "slocket-tokio",
            Self::SlocketRetained => "slocket-retained",
            Self::SlocketTokioRetained => "slocket-tokio-retained",
            Self::SlocketAsyncStdRetained => "slocket-async-std-retained",
            Self::SlocketSmolRetained => "slocket-smol-retained",
            Self::SlocketAbstract => "slocket-abstract",
            Self::SlocketShared => "slocket-shared",
            Self::SlocketSemaphore => "slocket-semaphore",
            Self::Floor => "floor",
            Self::BareFloor => "bare-floor",
            Self::AbstractFloor => "abstract-floor",
            Self::HandOverFloor => "hand-over-floor",
            Self::Std => "std",
            Self::StdShared => "std-shared",
            Self::FlockFiles => "flock-files",
            Self::Fs4 => "fs4",
            Self::FdLock => "fd-lock",
            Self::NamedLock => "named-lock",
            Self::LockFile => "lock-file",
            Self::SpawnBlocking => "spawn-blocking",
            Self::Poll1 => "poll-1",
            Self::Poll50 => "poll-50",
            Self::NpmSlocket => "npm-slocket",
            Self::NpmLockfile => "npm-lockfile",
            Self::NpmProperLockfile => "npm-proper-lockfile",
            Self::PythonFilelock => "python-filelock",
            Self::PythonSemaphore => "python-semaphore",
        }
    }

    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|peer| peer.key() == key)
    }

    /// What it is called in the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Slocket => "slocket-sync",
            Self::SlocketTokio => "slocket-tokio",
            Self::SlocketRetained => "slocket-sync, retained",
            Self::SlocketTokioRetained => "slocket-tokio, retained",
            Self::SlocketAsyncStdRetained => "slocket-async-std, retained",
            Self::SlocketSmolRetained => "slocket-smol, retained",
            Self::SlocketAbstract => "slocket-sync, abstract name",
            Self::SlocketShared => "slocket-sync, shared",
            Self::SlocketSemaphore => "slocket-sync, semaphore of 4",
            Self::Floor => "floor: the bare system calls",
            Self::BareFloor => "floor without the two looks",
            Self::AbstractFloor => "floor of an abstract name",
            Self::HandOverFloor => "floor: bare hand-over",
            Self::Std => "std File::lock",
            Self::StdShared => "std File::lock_shared",
            Self::FlockFiles => "4 flock files, tried at 1 ms",
            Self::Fs4 => "fs4",
            Self::FdLock => "fd-lock",
            Self::NamedLock => "named-lock",
            Self::LockFile => "O_EXCL file, polled at 1 ms",
            Self::SpawnBlocking => "spawn_blocking + flock",
            Self::Poll1 => "try-lock polled at 1 ms",
            Self::Poll50 => "try-lock polled at 50 ms",
            Self::NpmSlocket => "npm slocket",
            Self::NpmLockfile => "npm lockfile",
            Self::NpmProperLockfile => "npm proper-lockfile",
            Self::PythonFilelock => "Python filelock",
            Self::PythonSemaphore => "Python portalocker semaphore",
        }
    }

    pub(crate) fn runtime(self) -> Runtime {
        match self {
            Self::NpmSlocket | Self::NpmLockfile | Self::NpmProperLockfile => Runtime::Node,
            Self::PythonFilelock | Self::PythonSemaphore => Runtime::Python,
            _ => Runtime::Rust,
        }
    }

    /// A handle of the lock at a path, of a peer that runs in this process.
    pub(crate) fn open(self, path: &Path) -> Box<dyn Lock> {
        match self {
            Self::Slocket => Box::new(slocket_sync::Slocket::new(path).expect("a slocket")),
            Self::SlocketTokio => Box::new(OnTokio(slocket_tokio::Slocket::new(path).expect("a slocket"))),
            Self::SlocketRetained => {
                Box::new(slocket_sync::Slocket::builder(path).retain(RETAINED).build().expect("a slocket"))
            }
            Self::SlocketTokioRetained => {
                let slocket = slocket_tokio::Slocket::builder(path).retain(RETAINED).build();
                Box::new(OnTokio(slocket.expect("a slocket")))
            }
            Self::SlocketAsyncStdRetained => {
                let slocket = slocket_async_std::Slocket::builder(path).retain(RETAINED).build();
                Box::new(OnAsyncStd(slocket.expect("a slocket")))
            }
            Self::SlocketSmolRetained => {
                let slocket = slocket_smol::Slocket::builder(path).retain(RETAINED).build();
                Box::new(OnSmol(slocket.expect("a slocket")))
            }
            // The path for a name: so long and no longer.
            Self::SlocketAbstract => Box::new(slocket_sync::Slocket::abstract_name(path).expect("a slocket")),
            Self::SlocketShared => Box::new(Shared(slocket_sync::Slocket::new(path).expect("a slocket"))),
            Self::SlocketSemaphore => Box::new(slocket_sync::Semaphore::new(path, PERMITS).expect("a semaphore")),
            Self::Floor => Box::new(floor::ByPath::new(path, true)),
            Self::BareFloor => Box::new(floor::ByPath::new(path, false)),
            Self::AbstractFloor => Box::new(floor::Abstract::new(path)),
            Self::HandOverFloor => Box::new(HandOver::new(path)),
            Self::Std => Box::new(Std(lock_file(path))),
            Self::StdShared => Box::new(StdShared(lock_file(path))),
            Self::FlockFiles => Box::new(FlockFiles::open(path)),
            Self::Fs4 => Box::new(Fs4(lock_file(path))),
            Self::FdLock => Box::new(fd_lock::RwLock::new(lock_file(path))),
            Self::NamedLock => Box::new(named_lock::NamedLock::with_path(path).expect("a named lock")),
            Self::LockFile => Box::new(LockFile(path.to_owned())),
            Self::SpawnBlocking => Box::new(SpawnBlocking(path.to_owned())),
            Self::Poll1 => Box::new(Polled { file: lock_file(path), pause: Duration::from_millis(1) }),
            Self::Poll50 => Box::new(Polled { file: lock_file(path), pause: Duration::from_millis(50) }),
            Self::NpmSlocket
            | Self::NpmLockfile
            | Self::NpmProperLockfile
            | Self::PythonFilelock
            | Self::PythonSemaphore => {
                panic!("{} does not run in this process", self.name())
            }
        }
    }
}

/// Opens the file that flock(2) is used on, as all its users do: it is made if it is not there, and stays.
pub(crate) fn lock_file(path: &Path) -> File {
    let file = File::options().write(true).create(true).truncate(false).open(path);
    file.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The process's runtime: no program makes one for each lock.
pub(crate) static RUNTIME: LazyLock<runtime::Runtime> =
    LazyLock::new(|| runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

impl Lock for slocket_sync::Slocket {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let guard = self.acquire().expect("acquire");
        held();
        guard.release().expect("release");
    }
}

struct Shared(slocket_sync::Slocket);

impl Lock for Shared {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let guard = self.0.acquire_shared().expect("acquire");
        held();
        guard.release().expect("release");
    }
}

impl Lock for slocket_sync::Semaphore {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let permit = self.acquire().expect("acquire");
        held();
        permit.release().expect("release");
    }
}

struct OnTokio(slocket_tokio::Slocket);

struct OnAsyncStd(slocket_async_std::Slocket);

struct OnSmol(slocket_smol::Slocket);

/// An adapter for asynchronous code, and how its runtime is entered.
macro_rules! asynchronous {
    ($peer:ty, $block_on:expr) => {
        impl Lock for $peer {
            fn with(&mut self, held: &mut dyn FnMut()) {
                let guard = $block_on(self.0.acquire()).expect("acquire");
                held();
                guard.release().expect("release");
            }

            fn repeat(&mut self, times: u64) {
                $block_on(async {
                    for _ in 0..times {
                        self.0.acquire().await.expect("acquire").release().expect("release");
                    }
                });
            }
        }
    };
}

asynchronous!(OnTokio, |future| RUNTIME.block_on(future));
asynchronous!(OnAsyncStd, async_std::task::block_on);
asynchronous!(OnSmol, smol::block_on);

struct Std(File);

impl Lock for Std {
    fn with(&mut self, held: &mut dyn FnMut()) {
        self.0.lock().expect("flock");
        held();
        self.0.unlock().expect("flock");
    }
}

struct StdShared(File);

impl Lock for StdShared {
    fn with(&mut self, held: &mut dyn FnMut()) {
        self.0.lock_shared().expect("flock");
        held();
        self.0.unlock().expect("flock");
    }
}

/// What a semaphore is without one: so many lock files, each tried in turn until one can be locked.
struct FlockFiles(Vec<File>);

impl FlockFiles {
    fn open(path: &Path) -> Self {
        Self((0..PERMITS).map(|number| lock_file(&path.with_extension(number.to_string()))).collect())
    }
}

impl Lock for FlockFiles {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let file = loop {
            if let Some(file) = self.0.iter().find(|file| file.try_lock().is_ok()) {
                break file;
            }
            thread::sleep(Duration::from_millis(1));
        };
        held();
        file.unlock().expect("flock");
    }
}

struct Fs4(File);

impl Lock for Fs4 {
    fn with(&mut self, held: &mut dyn FnMut()) {
        fs4::FileExt::lock(&self.0).expect("flock");
        held();
        fs4::FileExt::unlock(&self.0).expect("flock");
    }
}

impl Lock for fd_lock::RwLock<File> {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let guard = self.write().expect("flock");
        held();
        drop(guard);
    }
}

impl Lock for named_lock::NamedLock {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let guard = self.lock().expect("flock");
        held();
        drop(guard);
    }
}

/// The file is the lock: the process that makes it holds the lock.
struct LockFile(PathBuf);

impl Lock for LockFile {
    fn with(&mut self, held: &mut dyn FnMut()) {
        while let Err(error) = File::options().write(true).create_new(true).open(&self.0) {
            assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists, "{error}");
            thread::sleep(Duration::from_millis(1));
        }
        held();
        fs::remove_file(&self.0).expect("the lock file");
    }
}

/// What asynchronous code does without a lock of its own kind: a thread of the runtime's pool blocks.
struct SpawnBlocking(PathBuf);

impl Lock for SpawnBlocking {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let path = self.0.clone();
        let file = RUNTIME.block_on(async {
            // A description of its own for each acquire: flock(2) does not keep two users of one apart.
            let locked = tokio::task::spawn_blocking(move || {
                let file = lock_file(&path);
                file.lock().map(|()| file)
            });
            locked.await.expect("the pool").expect("flock")
        });
        held();
        drop(file);
    }
}

struct Polled {
    file: File,
    pause: Duration,
}

impl Lock for Polled {
    fn with(&mut self, held: &mut dyn FnMut()) {
        while let Err(error) = self.file.try_lock() {
            assert!(matches!(error, fs::TryLockError::WouldBlock), "{error}");
            thread::sleep(self.pause);
        }
        held();
        self.file.unlock().expect("flock");
    }
}
