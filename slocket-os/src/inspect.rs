//! What is at a path, without queueing (protocol section 2, "Is a socket alive: the probe").

use std::path::Path;
use std::thread;
use std::time::Duration;

use slocket_core::{Event, Failure, Inspected, Probe, Report, Request};

use crate::builder::Builder;
use crate::descriptor;
use crate::error::Error;
use crate::file_system::Place;
use crate::kernel;
use crate::local::Participant;
use crate::lock::Lock;
use crate::policy::Home;
use crate::process::Process;
use crate::record::is_lock_file;
use crate::watch::Watch;

/// bind(2) makes a socket visible an instant before it can be told from a dead one.
const INSTANT: Duration = Duration::from_millis(20);

impl Lock {
    /// Watches the path, to wait for a change without queueing; `None` if the lock has no path, or if the system has no
    /// watch left. Watch first, then [`inspect`]: the watch reports changes in between.
    pub fn watch(&self) -> Option<Watch> {
        self.site().at_path().and_then(Watch::new)
    }
}

/// Looks at each of these paths, without queueing and without changing anything. Returns the answers in the order of the paths.
///
/// It blocks the thread for 20 milliseconds, once for all paths, if a socket at one of them seems dead: that socket may be
/// just being bound. It does not name the holder: [`Lock::holder`] does.
///
/// # Errors
/// For each path, those of [`Builder::build`], and what the system refused. A socket that is dead here on a file system that is not
/// known to be local may be alive elsewhere: that is [`UnsupportedFileSystem`](crate::ErrorKind::UnsupportedFileSystem).
///
/// ```
/// use slocket_os::{Builder, Inspected};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("lock");
///
/// let guard = Builder::new(&path).build()?.acquire_blocking(None)?;
/// assert_eq!(slocket_os::inspect(&[&path])[0].clone()?, Inspected::Alive);
/// guard.release()?;
/// assert_eq!(slocket_os::inspect(&[&path])[0].clone()?, Inspected::Missing);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(paths: &[impl AsRef<Path>]) -> Vec<Result<Inspected, Error>> {
    inspect_twice(paths, || thread::sleep(INSTANT))
}

fn inspect_twice(paths: &[impl AsRef<Path>], pause: impl FnOnce()) -> Vec<Result<Inspected, Error>> {
    let here = Process::current();
    descriptor::close_copies(here);
    let mut answers: Vec<_> = paths.iter().map(|path| ask(path.as_ref(), None, here)).collect();
    if answers.iter().any(is_doubtful) {
        pause();
        let probe = kernel::known_anywhere(here);
        for (answer, path) in answers.iter_mut().zip(paths).filter(|(answer, _)| is_doubtful(answer)) {
            *answer = ask(path.as_ref(), probe, here);
        }
    }
    answers
}

/// Whether the same may be said of a socket that is just being bound.
fn is_doubtful(answer: &Result<Inspected, Error>) -> bool {
    matches!(answer, Ok(Inspected::Dead | Inspected::Stale | Inspected::Unsettled { .. }))
}

/// Asks the machine once. `probe` is what tells a live socket from a dead one elsewhere under this kernel.
fn ask(path: &Path, probe: Option<Probe>, here: Process) -> Result<Inspected, Error> {
    let home = if matches!(is_lock_file(path), Ok(Some(true))) { Home::File } else { Home::ByFileSystem };
    let lock = Builder::new(path).home(home).build()?;
    let mut participant = Participant::bystander(lock.site(), here, probe);
    participant.tell(Event::Request(Request::Inspect));
    match participant.take_report() {
        Some(Report::Inspected(Inspected::Dead)) if !is_local(&lock) => Err(participant.error(Failure::Elsewhere)),
        Some(Report::Inspected(inspected)) => Ok(inspected),
        // Of a lock that is a locked file.
        Some(Report::Listened) => Ok(Inspected::Alive),
        Some(Report::Free) if lock.site().at_path().is_some_and(|at| matches!(at.look(), Ok(None))) => {
            Ok(Inspected::Missing)
        }
        Some(Report::Free) => Ok(Inspected::Unlocked),
        Some(Report::Failed(failure)) => Err(participant.error(failure)),
        report => unreachable!("an inspection ends with an answer or an error: {report:?}"),
    }
}

fn is_local(lock: &Lock) -> bool {
    lock.site().at_path().is_some_and(|at| at.folder().place() == Ok(Place::Local))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::{UnixDatagram, UnixListener};
    use std::path::PathBuf;

    use rustix::fs::{AtFlags, CWD, utimensat};
    use rustix::process::geteuid;
    use tempfile::TempDir;

    use super::*;
    use crate::ErrorKind;
    use crate::mark::times;

    /// A folder, and paths in it.
    fn paths<const N: usize>() -> (TempDir, [PathBuf; N]) {
        let folder = TempDir::with_prefix("slocket-inspect-").unwrap();
        let paths = std::array::from_fn(|n| folder.path().join(n.to_string()));
        (folder, paths)
    }

    fn answers(paths: &[PathBuf], pause: impl FnOnce()) -> Vec<Inspected> {
        inspect_twice(paths, pause).into_iter().map(Result::unwrap).collect()
    }

    fn mark(path: &Path) {
        let marked = times(slocket_core::Times::Marked);
        utimensat(CWD, path, &marked, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }

    #[test]
    fn what_is_not_dead_is_told_at_once_in_the_order_of_the_paths() {
        let (_folder, paths) = paths::<5>();
        let _npm = UnixListener::bind(&paths[0]).unwrap();
        let _held = Builder::new(&paths[1]).build().unwrap().acquire_blocking(None).unwrap();
        let _datagrams = UnixDatagram::bind(&paths[2]).unwrap();
        fs::create_dir(&paths[3]).unwrap();
        let expected =
            [Inspected::Unmarked, Inspected::Alive, Inspected::WrongType, Inspected::NotASocket, Inspected::Missing];
        assert_eq!(answers(&paths, || panic!("a pause")), expected);
    }

    #[test]
    fn what_is_dead_twice_is_dead() {
        let (_folder, paths) = paths::<2>();
        for path in &paths {
            drop(UnixListener::bind(path).unwrap());
        }
        mark(&paths[0]);
        assert_eq!(
            inspect(&paths).into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            [Inspected::Dead, Inspected::Stale]
        );
        assert!(paths.iter().all(|path| path.exists()), "nothing was removed");
    }

    /// As one does that was only just being bound. The others are asked again after the same pause.
    #[test]
    fn what_comes_to_life_in_the_pause_is_alive() {
        let (_folder, paths) = paths::<4>();
        for path in &paths[..3] {
            drop(UnixListener::bind(path).unwrap());
        }
        mark(&paths[1]);
        let mut live = Vec::new();
        let pause = || {
            fs::remove_file(&paths[0]).unwrap();
            live.push(UnixListener::bind(&paths[0]).unwrap());
            fs::remove_file(&paths[1]).unwrap();
            // What was not there is not asked about again.
            live.push(UnixListener::bind(&paths[3]).unwrap());
        };
        let expected = [Inspected::Unmarked, Inspected::Missing, Inspected::Stale, Inspected::Missing];
        assert_eq!(answers(&paths, pause), expected);
    }

    #[test]
    fn nothing_is_made_in_the_folder_and_a_kernel_that_is_asked_is_asked_elsewhere() {
        let (folder, paths) = paths::<1>();
        drop(UnixListener::bind(&paths[0]).unwrap());
        let before = fs::metadata(folder.path()).unwrap().modified().unwrap();
        assert_eq!(answers(&paths, || ()), [Inspected::Stale]);
        assert_eq!(fs::metadata(folder.path()).unwrap().modified().unwrap(), before);
        assert_eq!(kernel::known_anywhere(Process::current()), Some(Probe::Datagram));
    }

    #[test]
    fn a_path_that_no_lock_can_have_is_an_error_and_the_others_are_answered() {
        let (folder, _) = paths::<0>();
        let paths = [folder.path().join("missing/lock"), PathBuf::from("/"), folder.path().join("lock")];
        let answers = inspect(&paths);
        let kinds: Vec<_> = answers.iter().map(|answer| answer.as_ref().map_err(Error::kind)).collect();
        assert_eq!(kinds, [Err(ErrorKind::ParentMissing), Err(ErrorKind::InvalidName), Ok(&Inspected::Missing)]);
    }

    /// (Root may connect to whatever there is.)
    #[test]
    fn one_that_not_even_its_owner_may_connect_to_is_not_called_dead() {
        let (_folder, paths) = paths::<1>();
        let _listener = UnixListener::bind(&paths[0]).unwrap();
        fs::set_permissions(&paths[0], fs::Permissions::from_mode(0o000)).unwrap();
        let expected =
            if geteuid().is_root() { Inspected::Unmarked } else { Inspected::Unsettled { is_marked: false } };
        assert_eq!(answers(&paths, || ()), [expected]);
    }
}
