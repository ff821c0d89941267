//! File systems that are shared with other machines, or may be: statfs(2) is made to say so.

use std::fs;

use rustix::fs::statfs;
use trials::lock::{Error, ErrorKind, Home, Kind, Patience, Slocket, StalePolicy};

use crate::alone::{Setting, alone};
use crate::scene::{HANG, Scene, another, assert_works, leave_dead};

const NFS: u32 = 0x6969;
const SMB2: u32 = 0xfe53_4d42;
const NINE_P: u32 = 0x0102_1997;
const CEPH: u32 = 0x00c3_6400;
/// Local, or sshfs: that cannot be told.
const FUSE: u32 = 0x6573_5546;
/// Of no file system that is known.
pub(crate) const UNKNOWN: u32 = 0x1234_5678;

#[track_caller]
pub(crate) fn assert_unsupported<T: std::fmt::Debug>(result: Result<T, Error>, kind: &str) {
    match result {
        Err(error) if error.kind() == ErrorKind::UnsupportedFileSystem => {
            let text = error.to_string();
            assert!(text.contains(kind) && text.contains("file system"), "{text}");
        }
        other => panic!("{kind}: {other:?}"),
    }
}

#[track_caller]
fn assert_injected(scene: &Scene, magic: u32) {
    let says = u32::try_from(statfs(scene.path()).unwrap().f_type).unwrap();
    assert_eq!(says, magic, "strace does its work");
}

/// The lock is a locked file there, which stays: another machine may see a removed one for a while.
#[test]
fn a_network_file_system() {
    for (magic, kind) in [(NFS, "NFS"), (SMB2, "SMB"), (NINE_P, "9P"), (CEPH, "Ceph"), (FUSE, "FUSE")] {
        alone(Setting::FileSystem(magic), move || {
            let scene = Scene::new();
            assert_injected(&scene, magic);
            let slocket = scene.slocket();
            assert_works(&slocket);
            assert!(fs::symlink_metadata(scene.lock()).unwrap().is_file(), "{kind}");
            for share in [Kind::Shared, Kind::SlotOf(2)] {
                let held = slocket.ask(share, Patience::None).unwrap().expect("nothing is in the way");
                assert!(another(&slocket).try_acquire().unwrap().is_none(), "beside {share:?}");
                held.release().unwrap();
            }
            assert_works(&slocket);
            scene.assert_left(&[".lock.shared", ".lock.slot-0", "lock"]);
        });
    }
}

#[test]
fn a_network_file_system_where_the_lock_is_to_be_a_socket() {
    for (magic, kind) in [(NFS, "NFS"), (SMB2, "SMB"), (NINE_P, "9P"), (CEPH, "Ceph"), (FUSE, "FUSE")] {
        alone(Setting::FileSystem(magic), move || {
            let scene = Scene::new();
            assert_injected(&scene, magic);
            assert_unsupported(Slocket::builder(scene.lock()).home(Home::Socket).build(), kind);
            scene.assert_empty();
        });
    }
}

#[test]
fn a_file_system_of_unknown_kind() {
    alone(Setting::FileSystem(UNKNOWN), || {
        let scene = Scene::new();
        assert_injected(&scene, UNKNOWN);
        let slocket = scene.slocket();
        assert_works(&slocket);
        scene.assert_empty();

        // A process that is dead here may live elsewhere.
        leave_dead(&scene.lock(), true, 0o600);
        assert_unsupported(slocket.acquire(), "0x12345678");
        assert_unsupported(slocket.acquire_timeout(HANG), "0x12345678");
        assert_unsupported(slocket.try_acquire(), "0x12345678");
        for answer in slocket_os::inspect(&[scene.lock()]) {
            assert_unsupported(answer, "0x12345678");
        }
        scene.assert_left(&["lock"]);
        fs::remove_file(scene.lock()).unwrap();

        // No policy changes that.
        leave_dead(&scene.lock(), false, 0o600);
        let after = std::time::Duration::ZERO;
        let bold = Slocket::builder(scene.lock()).stale(StalePolicy::Reclaim { after }).build().unwrap();
        assert_unsupported(bold.acquire_timeout(HANG), "0x12345678");
        scene.assert_left(&["lock"]);
    });
}
