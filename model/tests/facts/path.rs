//! The path: bind, look, rename, unlink, and the mark.

use std::os::unix::fs::symlink;

use rustix::fs::{AtFlags, CWD, Mode, RenameFlags, chmod, fchmod, linkat, renameat_with};
use rustix::io::Errno;
use rustix::net::{SocketAddrUnix, bind};
use rustix::process::umask;

use crate::{
    Place, accepted, address, bound, connected, is_alone, listening, mode, number, path_of, pin, stream_socket, unlink,
};

const MARK: u32 = 0o1000;

#[test]
fn a_name_is_in_use_whatever_is_there() {
    let place = Place::new();
    let is_in_use = |what: &str| {
        assert_eq!(bind(stream_socket(), &address(&place.path)), Err(Errno::ADDRINUSE), "{what}");
        std::fs::remove_file(&place.path).unwrap();
    };
    let living = bound(&place.path);
    is_in_use("a living socket");
    drop(living);
    drop(bound(&place.path));
    is_in_use("a dead socket");
    std::fs::write(&place.path, "").unwrap();
    is_in_use("a file");
    symlink(place.other(), &place.path).unwrap();
    is_in_use("a symbolic link that leads nowhere");
    assert!(!place.other().exists());
    std::fs::create_dir(&place.path).unwrap();
    assert_eq!(bind(stream_socket(), &address(&place.path)), Err(Errno::ADDRINUSE), "a folder");
}

#[test]
fn a_socket_that_could_not_be_bound_can_be_bound_elsewhere() {
    let place = Place::new();
    let _first = bound(&place.path);
    let second = stream_socket();
    assert_eq!(bind(&second, &address(&place.path)), Err(Errno::ADDRINUSE));
    bind(&second, &address(&place.other())).unwrap();
    unlink(&place.path).unwrap();
    assert_eq!(bind(&second, &address(&place.path)), Err(Errno::INVAL), "but once only");
}

#[test]
fn an_unlink_removes_whatever_is_there_at_that_instant() {
    let place = Place::new();
    let mine = bound(&place.path);
    std::fs::remove_file(&place.path).unwrap();
    let _another = bound(&place.path);
    unlink(&place.path).unwrap();
    assert_eq!(unlink(&place.path), Err(Errno::NOENT));
    drop(mine);
}

#[test]
fn the_mode_of_an_unbound_socket_is_the_inodes_with_the_mark_and_the_umask_takes_bits() {
    if !is_alone("path::the_mode_of_an_unbound_socket_is_the_inodes_with_the_mark_and_the_umask_takes_bits") {
        return;
    }
    for (mask, found) in [(0o022, 0o644), (0, 0o666), (0o177, 0o600), (0o277, 0o400), (0o777, 0)] {
        let place = Place::new();
        let socket = stream_socket();
        fchmod(&socket, Mode::from_raw_mode(MARK | 0o666)).unwrap();
        let old = umask(Mode::from_raw_mode(mask));
        bind(&socket, &address(&place.path)).unwrap();
        umask(old);
        assert_eq!(mode(&place.path), MARK | found, "umask {mask:o}: the mark stays");
    }
}

/// As npm's slocket binds.
#[test]
fn a_socket_without_a_mode_of_its_own_has_no_mark_under_any_umask() {
    if !is_alone("path::a_socket_without_a_mode_of_its_own_has_no_mark_under_any_umask") {
        return;
    }
    for mask in [0, 0o022, 0o077, 0o177, 0o777] {
        let place = Place::new();
        let old = umask(Mode::from_raw_mode(mask));
        let socket = bound(&place.path);
        umask(old);
        assert_eq!(mode(&place.path) & MARK, 0, "umask {mask:o}");
        drop(socket);
    }
}

#[test]
fn a_mark_is_set_and_cleared_on_the_pinned_inode_and_on_no_other() {
    let place = Place::new();
    let _first = bound(&place.path);
    let pin = pin(&place.path);
    std::fs::rename(&place.path, place.other()).unwrap();
    let _second = bound(&place.path);
    let before = mode(&place.path);
    chmod(path_of(&pin), Mode::from_raw_mode(MARK | 0o600)).unwrap();
    assert_eq!((mode(&place.other()), mode(&place.path)), (MARK | 0o600, before));
    chmod(path_of(&pin), Mode::from_raw_mode(0o600)).unwrap();
    assert_eq!((mode(&place.other()), mode(&place.path)), (0o600, before));
}

#[test]
fn a_rename_without_replacing_replaces_nothing() {
    let place = Place::new();
    let mine = listening(&place.other());
    let inode = number(&place.other());
    let rename = || renameat_with(CWD, place.other(), CWD, &place.path, RenameFlags::NOREPLACE);
    let theirs = bound(&place.path);
    assert_eq!(rename(), Err(Errno::EXIST), "a socket");
    unlink(&place.path).unwrap();
    symlink("nowhere", &place.path).unwrap();
    assert_eq!(rename(), Err(Errno::EXIST), "a symbolic link");
    unlink(&place.path).unwrap();
    rename().unwrap();
    assert_eq!(number(&place.path), inode);
    assert_eq!(rename(), Err(Errno::NOENT), "it is moved");
    let _client = connected(&place.path);
    accepted(&mine);
    drop(theirs);
}

/// Where the file system has no such rename.
#[test]
fn a_second_name_replaces_nothing_either() {
    let place = Place::new();
    let mine = listening(&place.other());
    let link = || linkat(CWD, place.other(), CWD, &place.path, AtFlags::empty());
    let theirs = bound(&place.path);
    assert_eq!(link(), Err(Errno::EXIST));
    unlink(&place.path).unwrap();
    link().unwrap();
    unlink(&place.other()).unwrap();
    let _client = connected(&place.path);
    accepted(&mine);
    drop(theirs);
}

/// bind does not follow a symbolic link, and connect does: which is why the path is pinned without following.
#[test]
fn a_connect_follows_a_symbolic_link_and_a_pin_does_not() {
    let place = Place::new();
    let listener = listening(&place.other());
    symlink(place.other(), &place.path).unwrap();
    let _client = connected(&place.path);
    accepted(&listener);
    assert_ne!(number(&path_of(&pin(&place.path)).canonicalize().unwrap_or_default()), 0);
    assert_ne!(number(&place.path), number(&place.other()));
}

#[test]
fn a_socket_is_bound_by_way_of_its_open_folder() {
    let place = Place::new();
    let folder = place.open();
    let socket = stream_socket();
    bind(&socket, &SocketAddrUnix::new(path_of(&folder).join("lock")).unwrap()).unwrap();
    assert!(place.path.exists());
}
