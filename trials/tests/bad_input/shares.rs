//! What surrounds the FIFOs of shares: file systems, umasks, other files of their names, other users.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use rustix::io::Errno;
use rustix::process::umask;
use trials::lock::{Error, ErrorKind, Held, Kind, Patience, Slocket, Trust};

use crate::alone::{NOBODY, Setting, Talk, alone, beside, with_root};
use crate::network::{UNKNOWN, assert_unsupported};
use crate::proc::NoProc;
use crate::scene::{HANG, Scene, WHILE, assert_works, io_code};

/// A user who is neither root nor [`NOBODY`].
const STRANGER: u32 = 65_533;

/// Everything that can be asked for.
const KINDS: [Kind; 3] = [Kind::Lock, Kind::Shared, Kind::SlotOf(2)];
/// The shares among them.
const SHARES: [Kind; 2] = [Kind::Shared, Kind::SlotOf(2)];

const PATIENT: Patience = Patience::For(HANG);

fn fifo(scene: &Scene, name: &str) -> PathBuf {
    scene.path().join(format!(".lock.{name}"))
}

/// As another program makes one, whatever the umask.
fn make_fifo(path: &Path, mode: u32, owner: u32) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).expect("a free name");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    chown(path, Some(owner), None).expect("ours to give");
}

/// A share of the process that opens it.
fn take(path: &Path) -> Result<File, Errno> {
    open(path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).map(File::from)
}

#[track_caller]
fn held(slocket: &Slocket, kind: Kind) -> Held {
    slocket.ask(kind, PATIENT).expect("nothing is wrong").expect("it is available")
}

/// Each way to ask fails.
#[track_caller]
fn refused(slocket: &Slocket, kind: Kind) -> Error {
    slocket.ask(kind, Patience::None).expect_err("a try");
    slocket.ask(kind, PATIENT).expect_err("a wait")
}

/// All kinds are had in turn, and nothing is left.
#[track_caller]
fn assert_shares_work(slocket: &Slocket) {
    for kind in KINDS {
        let first = held(slocket, kind);
        let beside_it = |wanted| slocket.ask(wanted, Patience::None).expect("nothing is wrong");
        assert!(beside_it(Kind::Lock).is_none(), "the lock beside {kind:?}");
        assert_eq!(beside_it(Kind::Shared).is_some(), kind != Kind::Lock, "a shared lock beside {kind:?}");
        first.release().expect("it is ours");
    }
    let shared = held(slocket, Kind::Lock).downgrade().expect("a share is possible");
    shared.release().expect("it is ours");
    assert_works(slocket);
}

#[test]
fn their_mode_is_exact_under_every_umask() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        for mask in [0o000, 0o022, 0o077, 0o177, 0o777] {
            umask(Mode::from_raw_mode(mask));
            // A user who may write may read, too: to look is to read.
            for (mode, expected) in [(0o600, 0o600), (0o620, 0o660), (0o660, 0o660), (0o666, 0o666), (0o200, 0o600)] {
                let slocket = Slocket::builder(scene.lock()).mode(mode).build().unwrap();
                let share = held(&slocket, Kind::SlotOf(1));
                for name in ["shared", "slot-0"] {
                    let found = fs::symlink_metadata(fifo(&scene, name)).unwrap().mode() & 0o7777;
                    // (And the sticky bit, for cleaners.)
                    assert_eq!(found, 0o1000 | expected, "umask {mask:#o}, mode {mode:#o}, {name}");
                }
                share.release().unwrap();
                assert_shares_work(&slocket);
                scene.assert_empty();
            }
        }
    });
}

/// A process on another machine may have a share there, and would not be seen.
#[test]
fn a_file_system_of_unknown_kind() {
    alone(Setting::FileSystem(UNKNOWN), || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        for kind in SHARES {
            for patience in [PATIENT, Patience::None] {
                assert_unsupported(slocket.ask(kind, patience), "cannot hold shares");
            }
        }
        let not_downgraded = held(&slocket, Kind::Lock).downgrade().unwrap_err();
        assert_eq!(not_downgraded.error().kind(), ErrorKind::UnsupportedFileSystem);
        not_downgraded.into_guard().expect("it is held as before").release().unwrap();
        assert_works(&slocket);
        scene.assert_empty();
        make_fifo(&fifo(&scene, "shared"), 0o600, rustix::process::geteuid().as_raw());
        assert_unsupported(slocket.acquire(), "cannot hold shares");
        scene.assert_left(&[".lock.shared"]);
    });
}

#[test]
fn a_file_system_that_refuses_fifos() {
    alone(Setting::NoFifos("EOPNOTSUPP"), || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        for kind in SHARES {
            assert_eq!(io_code(&refused(&slocket, kind)), Errno::OPNOTSUPP.raw_os_error());
            scene.assert_empty();
        }
        assert_works(&slocket);
        scene.assert_empty();
    });
}

#[test]
fn a_name_that_has_no_room_for_theirs() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        // `.NAME.shared` is one byte too long, and so is the name of each slot.
        let slocket = Slocket::new(scene.path().join("x".repeat(255 - ".shared".len()))).unwrap();
        assert_works(&slocket);
        for kind in SHARES {
            assert_eq!(refused(&slocket, kind).kind(), ErrorKind::PathTooLong);
        }
        assert_works(&slocket);
        scene.assert_empty();
    });
}

#[test]
fn something_else_has_their_name() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let name = fifo(&scene, "shared");
        let elsewhere = scene.path().join("elsewhere");
        mknodat(CWD, &elsewhere, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        type Make = fn(&Path, &Path);
        let makes: [Make; 3] = [
            |name, _| fs::write(name, "not a FIFO").unwrap(),
            |name, _| fs::create_dir(name).unwrap(),
            |name, elsewhere| symlink(elsewhere, name).unwrap(),
        ];
        for make in makes {
            make(&name, &elsewhere);
            for kind in KINDS {
                let error = refused(&slocket, kind);
                assert_eq!(
                    (error.kind(), error.detail()),
                    (ErrorKind::Occupied, Some(".lock.shared")),
                    "{kind:?}: {error:?}"
                );
            }
            scene.assert_left(&[".lock.shared", "elsewhere"]);
            fs::remove_file(&name).or_else(|_| fs::remove_dir(&name)).unwrap();
            assert_shares_work(&slocket);
        }
        fs::remove_file(elsewhere).unwrap();
        scene.assert_empty();
    });
}

/// In a folder such as /tmp any user can make a FIFO of that name, and only its owner and root remove it.
#[test]
fn a_stranger_makes_them_first() {
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |us| {
                let scene = Scene::with_mode(0o1777);
                us.tell(scene.path().to_str().unwrap());
                let name = fifo(&scene, "shared");
                for (mode, what) in [(0o666, "believed?"), (0o600, "opened?")] {
                    make_fifo(&name, mode, STRANGER);
                    us.tell(what);
                    us.expect("no");
                    scene.assert_left(&[".lock.shared"]);
                    // Root need not trust it either, but can remove it.
                    let error = refused(&scene.slocket(), Kind::Lock);
                    assert_eq!((error.kind(), error.user()), (ErrorKind::Untrusted, Some(STRANGER)), "{error:?}");
                    fs::remove_file(&name).unwrap();
                    us.tell("works?");
                    us.expect("yes");
                }
                us.tell("");
            },
            |outside| {
                let folder = PathBuf::from(outside.hear());
                let slocket = Slocket::new(folder.join("lock")).unwrap();
                loop {
                    let expected = match &*outside.hear() {
                        "believed?" => ErrorKind::Untrusted,
                        "opened?" => ErrorKind::PermissionDenied,
                        "works?" => {
                            assert_shares_work(&slocket);
                            outside.tell("yes");
                            continue;
                        }
                        _ => return,
                    };
                    for kind in KINDS {
                        let error = refused(&slocket, kind);
                        assert_eq!((error.kind(), error.user()), (expected, Some(STRANGER)), "{kind:?}: {error:?}");
                        assert!(error.to_string().contains("its shares (.lock.shared)"), "{error}");
                    }
                    outside.tell("no");
                }
            },
        );
    });
}

/// What a stranger manages with each of our FIFOs: the stranger is told its path, and that there are no more in the end.
fn attempts(outside: &mut Talk) {
    loop {
        let path = outside.hear();
        if path.is_empty() {
            return;
        }
        let path = Path::new(&path);
        let reading = open(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty());
        let managed = [
            ("look", fs::symlink_metadata(path).is_ok()),
            ("read", reading.is_ok()),
            ("write", take(path).is_ok()),
            ("remove", fs::remove_file(path).is_ok()),
        ];
        let managed: Vec<_> = managed.iter().filter_map(|(what, works)| works.then_some(*what)).collect();
        outside.tell(&managed.join(" "));
    }
}

#[test]
fn a_stranger_beside_ours() {
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |stranger| {
                for (folder, mode, managed) in [
                    (0o700, 0o666, ""),
                    (0o755, 0o600, "look"),
                    (0o1777, 0o600, "look"),
                    (0o1777, 0o666, "look read write"),
                ] {
                    let scene = Scene::with_mode(folder);
                    let slocket = Slocket::builder(scene.lock()).mode(mode).build().unwrap();
                    let share = held(&slocket, Kind::Shared);
                    stranger.tell(fifo(&scene, "shared").to_str().unwrap());
                    assert_eq!(stranger.hear(), managed, "folder {folder:o}, mode {mode:o}");
                    assert!(slocket.ask(Kind::Lock, Patience::None).unwrap().is_none(), "it is shared as before");
                    share.release().unwrap();
                    assert_shares_work(&slocket);
                    scene.assert_empty();
                }
                stranger.tell("");
            },
            attempts,
        );
    });
}

/// A user who may write to the lock may write to its FIFOs: that is to have a share. What is written there, and what reads it, is
/// nothing.
#[test]
fn a_user_who_may_write_to_them() {
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |user| {
                let scene = Scene::with_mode(0o1777);
                let slocket = Slocket::builder(scene.lock()).mode(0o666).build().unwrap();
                let name = fifo(&scene, "shared");
                let share = held(&slocket, Kind::Shared);
                user.tell(name.to_str().unwrap());

                user.tell("read");
                user.expect("done");
                share.release().unwrap();
                assert_shares_work(&slocket);

                // (It had one reader, and is another FIFO now.)
                let share = held(&slocket, Kind::Shared);
                user.tell("write");
                user.expect("done");
                share.release().unwrap();
                let error = slocket.acquire_timeout(WHILE).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TimedOut, "{error:?}");
                let users: Vec<_> = error.sharers().iter().map(|sharer| sharer.process.uid).collect();
                assert_eq!(users, [NOBODY], "that user is named");
                assert!(slocket.ask(Kind::Shared, PATIENT).unwrap().is_some(), "beside it");
                user.tell("close");
                user.expect("done");
                assert_shares_work(&slocket);
                scene.assert_empty();
                user.tell("");
            },
            |outside| {
                let name = PathBuf::from(outside.hear());
                let mut file = None;
                loop {
                    match &*outside.hear() {
                        "read" => {
                            let reader = open(&name, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
                            assert!(File::from(reader).read(&mut [0; 16]).is_err(), "there is nothing");
                        }
                        "write" => {
                            let mut writer = take(&name).unwrap();
                            // As much as it takes.
                            let filled = std::iter::from_fn(|| writer.write(&[b'x'; 4096]).ok()).sum::<usize>();
                            assert!(filled >= 4096);
                            file = Some(writer);
                        }
                        "close" => drop(file.take()),
                        _ => return,
                    }
                    outside.tell("done");
                }
            },
        );
    });
}

/// Users who share a lock see each other's shares.
#[test]
fn two_users_who_trust_each_other() {
    let slocket_in = |folder: &Path| Slocket::builder(folder.join("lock")).mode(0o660).trust(Trust::Anyone).build();
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |other| {
                let scene = Scene::with_mode(0o2770);
                chown(scene.path(), None, Some(NOBODY)).unwrap();
                let slocket = slocket_in(scene.path()).unwrap();
                other.tell(scene.path().to_str().unwrap());
                other.expect("shared");
                let share = held(&slocket, Kind::Shared);
                assert!(slocket.ask(Kind::Lock, Patience::None).unwrap().is_none());
                other.tell("release");
                other.expect("released");
                assert!(slocket.ask(Kind::Lock, Patience::None).unwrap().is_none(), "there is ours");
                // It is the other's FIFO, and this one removes it.
                share.release().unwrap();
                scene.assert_empty();
                let slot = held(&slocket, Kind::SlotOf(1));
                other.tell("slot?");
                other.expect("no");
                slot.release().unwrap();
                other.tell("slot?");
                other.expect("yes");
                scene.assert_empty();
            },
            |outside| {
                let slocket = slocket_in(Path::new(&outside.hear())).unwrap();
                let share = held(&slocket, Kind::Shared);
                outside.tell("shared");
                outside.expect("release");
                share.release().unwrap();
                outside.tell("released");
                for _ in 0..2 {
                    outside.expect("slot?");
                    let slot = slocket.ask(Kind::SlotOf(1), Patience::None).unwrap();
                    let answer = if slot.is_some() { "yes" } else { "no" };
                    drop(slot);
                    outside.tell(answer);
                }
            },
        );
    });
}

/// There only the FIFO's owner, the folder's owner and root can remove it.
#[test]
fn two_users_in_a_sticky_folder() {
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |other| {
                let scene = Scene::with_mode(0o1777);
                let slocket = Slocket::builder(scene.lock()).mode(0o666).build().unwrap();
                let share = held(&slocket, Kind::Shared);
                other.tell(scene.path().to_str().unwrap());
                other.expect("shared");
                share.release().unwrap();
                other.tell("release");
                other.expect("all given back");
                // It could not be removed, and no process has it open: that is as good as none.
                scene.assert_left(&[".lock.shared"]);
                assert_shares_work(&slocket);
                scene.assert_empty();
            },
            |outside| {
                let folder = PathBuf::from(outside.hear());
                let slocket = Slocket::builder(folder.join("lock")).mode(0o666).build().unwrap();
                let share = held(&slocket, Kind::Shared);
                outside.tell("shared");
                outside.expect("release");
                share.release().unwrap();
                assert_shares_work(&slocket);
                outside.tell("all given back");
            },
        );
    });
}

/// The processes that have shares are found there.
#[test]
fn no_proc() {
    alone(Setting::Mounts, || {
        let scene = Scene::new();
        let _proc = NoProc::new();
        let slocket = scene.slocket();
        for kind in SHARES {
            let share = held(&slocket, kind);
            let error = slocket.acquire_timeout(WHILE).unwrap_err();
            assert_eq!((error.kind(), error.sharers()), (ErrorKind::TimedOut, &[][..]));
            share.release().unwrap();
            held(&slocket, Kind::Lock).release().unwrap();
            scene.assert_empty();
        }
    });
}

/// The promise ends here: a process that wants the lock no longer sees the sharers.
#[test]
fn one_that_is_removed_by_hand() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let share = held(&slocket, Kind::Shared);
        fs::remove_file(fifo(&scene, "shared")).unwrap();
        held(&slocket, Kind::Lock).release().unwrap();
        share.release().unwrap();
        assert_shares_work(&slocket);
        scene.assert_empty();
    });
}
