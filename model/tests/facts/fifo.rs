//! FIFOs: a share is one that is open for writing.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkfifoat, openat};
use rustix::io::{Errno, Result, read, write};
use rustix::process::umask;

use crate::{Place, bound, is_alone, mode, path_of, pin, unlink};

const OWNERS: Mode = Mode::from_raw_mode(0o600);

fn made(path: &Path) {
    mkfifoat(CWD, path, OWNERS).expect("a FIFO");
}

fn try_open(path: &Path, access: OFlags) -> Result<OwnedFd> {
    openat(CWD, path, access | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a FIFO to look at it.
fn looked_at(path: &Path) -> OwnedFd {
    try_open(path, OFlags::RDONLY).expect("a FIFO")
}

/// Opens a FIFO as a share.
fn shared(path: &Path) -> OwnedFd {
    try_open(path, OFlags::RDWR).expect("a FIFO")
}

fn read_from(fifo: &OwnedFd) -> Result<usize> {
    read(fifo, &mut [0_u8; 16][..])
}

const HAS_A_WRITER: Result<usize> = Err(Errno::AGAIN);
const HAS_NONE: Result<usize> = Ok(0);

/// Whether poll reports a hang-up now.
fn has_hung_up(fifo: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(fifo, PollFlags::empty())];
    poll(&mut polled, Some(&Timespec::default())).expect("poll");
    polled[0].revents().contains(PollFlags::HUP)
}

#[test]
fn a_read_tells_whether_it_has_a_writer() {
    let place = Place::new();
    made(&place.path);
    let fifo = looked_at(&place.path);
    assert_eq!(read_from(&fifo), HAS_NONE, "no process has opened it for writing yet");
    let (one, other) = (shared(&place.path), shared(&place.path));
    assert_eq!(read_from(&fifo), HAS_A_WRITER);
    drop(one);
    assert_eq!(read_from(&fifo), HAS_A_WRITER, "one is left");
    drop(other);
    assert_eq!(read_from(&fifo), HAS_NONE);
    assert_eq!(read_from(&looked_at(&place.path)), HAS_NONE, "a process that opens it later reads the same");
}

/// So a process that opens it for writing to look at it would wait for itself.
#[test]
fn a_process_that_has_it_open_for_both_is_a_writer() {
    let place = Place::new();
    made(&place.path);
    let share = shared(&place.path);
    assert_eq!(read_from(&share), HAS_A_WRITER);
}

#[test]
fn a_hang_up_is_reported_when_the_last_writer_is_gone_and_stays() {
    let place = Place::new();
    made(&place.path);
    let (one, other) = (shared(&place.path), shared(&place.path));
    let fifo = looked_at(&place.path);
    assert!(!has_hung_up(&fifo));
    drop(one);
    assert!(!has_hung_up(&fifo));
    drop(other);
    assert!(has_hung_up(&fifo) && has_hung_up(&fifo));
    let _third = shared(&place.path);
    assert!(!has_hung_up(&fifo), "it has a writer again");
}

/// So a poll comes only after a read that has said that there is a writer.
#[test]
fn no_hang_up_is_reported_if_it_had_no_writer_when_it_was_opened() {
    let place = Place::new();
    made(&place.path);
    drop(shared(&place.path));
    let fifo = looked_at(&place.path);
    assert_eq!(read_from(&fifo), HAS_NONE);
    assert!(!has_hung_up(&fifo), "the model takes it for deaf");
    let share = shared(&place.path);
    assert!(!has_hung_up(&fifo));
    drop(share);
    assert!(has_hung_up(&fifo), "one that came later is seen to go");
}

#[test]
fn readers_neither_wait_nor_are_seen() {
    let place = Place::new();
    made(&place.path);
    let (one, other) = (looked_at(&place.path), looked_at(&place.path));
    assert_eq!((read_from(&one), read_from(&other)), (HAS_NONE, HAS_NONE));
    let share = shared(&place.path);
    drop(other);
    assert_eq!(read_from(&one), HAS_A_WRITER);
    drop(share);
    assert_eq!(read_from(&one), HAS_NONE);
}

#[test]
fn a_writer_that_is_killed_is_gone() {
    let place = Place::new();
    made(&place.path);
    let fifo = looked_at(&place.path);
    let share = shared(&place.path);
    let mut child = Command::new("sleep").arg("1000").stdin(Stdio::from(share)).spawn().expect("sleep");
    assert_eq!(read_from(&fifo), HAS_A_WRITER);
    child.kill().expect("SIGKILL");
    child.wait().expect("wait");
    assert_eq!(read_from(&fifo), HAS_NONE);
    assert!(has_hung_up(&fifo));
}

/// A copy in a forked child keeps a share.
#[test]
fn a_copy_of_a_writer_is_a_writer() {
    let place = Place::new();
    made(&place.path);
    let fifo = looked_at(&place.path);
    let share = shared(&place.path);
    let copy = share.try_clone().unwrap();
    drop(share);
    assert_eq!(read_from(&fifo), HAS_A_WRITER);
    drop(copy);
    assert_eq!(read_from(&fifo), HAS_NONE);
}

#[test]
fn an_unlinked_fifo_stays_what_it_is_for_those_that_have_it_open() {
    let place = Place::new();
    made(&place.path);
    let (fifo, share) = (looked_at(&place.path), shared(&place.path));
    unlink(&place.path).unwrap();
    made(&place.path);
    let second = looked_at(&place.path);
    assert_eq!((read_from(&fifo), read_from(&second)), (HAS_A_WRITER, HAS_NONE));
    drop(share);
    assert_eq!(read_from(&fifo), HAS_NONE);
    assert_eq!(unlink(&place.path), Ok(()));
    assert_eq!(try_open(&place.path, OFlags::RDWR).err(), Some(Errno::NOENT));
    assert_eq!(try_open(&place.path, OFlags::RDONLY).err(), Some(Errno::NOENT));
}

#[test]
fn a_name_that_is_taken_is_not_made_again() {
    let place = Place::new();
    made(&place.path);
    let share = shared(&place.path);
    assert_eq!(mkfifoat(CWD, &place.path, OWNERS), Err(Errno::EXIST));
    assert_eq!(read_from(&looked_at(&place.path)), HAS_A_WRITER, "it is the same");
    drop(share);
    std::fs::write(place.other(), "").unwrap();
    assert_eq!(mkfifoat(CWD, place.other(), OWNERS), Err(Errno::EXIST));
}

/// A file that is not a FIFO is opened at once, or not at all; fstat tells.
#[test]
fn a_file_that_is_not_a_fifo_is_told() {
    let place = Place::new();
    std::fs::write(&place.path, "").unwrap();
    let kind = |file: &OwnedFd| FileType::from_raw_mode(fstat(file).unwrap().st_mode);
    assert_eq!(kind(&looked_at(&place.path)), FileType::RegularFile);
    std::os::unix::fs::symlink(&place.path, place.other()).unwrap();
    assert_eq!(try_open(&place.other(), OFlags::RDONLY).err(), Some(Errno::LOOP));
    unlink(&place.path).unwrap();
    let _socket = bound(&place.path);
    assert_eq!(try_open(&place.path, OFlags::RDONLY).err(), Some(Errno::NXIO));
    unlink(&place.path).unwrap();
    made(&place.path);
    assert_eq!(kind(&looked_at(&place.path)), FileType::Fifo);
}

/// Bytes in it keep a read from telling until they are read.
#[test]
fn bytes_are_read_before_the_end() {
    let place = Place::new();
    made(&place.path);
    let (fifo, share) = (looked_at(&place.path), shared(&place.path));
    write(&share, b"hello").unwrap();
    assert_eq!(read_from(&fifo), Ok(5));
    assert_eq!(read_from(&fifo), HAS_A_WRITER);
    write(&share, b"hello").unwrap();
    drop(share);
    assert!(has_hung_up(&fifo));
    assert_eq!(read_from(&fifo), Ok(5));
    assert_eq!(read_from(&fifo), HAS_NONE);
}

/// In a process of its own, for the umask is a process's.
#[test]
fn the_umask_takes_bits_of_its_mode_which_are_set_through_a_pin() {
    if !is_alone("fifo::the_umask_takes_bits_of_its_mode_which_are_set_through_a_pin") {
        return;
    }
    let place = Place::new();
    umask(Mode::from_raw_mode(0o277));
    mkfifoat(CWD, &place.path, Mode::from_raw_mode(0o660)).unwrap();
    assert_eq!(mode(&place.path), 0o400);
    let pin = pin(&place.path);
    rustix::fs::chmod(path_of(&pin), Mode::from_raw_mode(0o660)).unwrap();
    assert_eq!(mode(&place.path), 0o660);
    drop(shared(&place.path));
}

/// A FIFO that is open without waiting for a reader cannot be written to: so a share that only writes would need one.
#[test]
fn an_open_for_writing_needs_a_reader() {
    let place = Place::new();
    made(&place.path);
    assert_eq!(try_open(&place.path, OFlags::WRONLY).err(), Some(Errno::NXIO));
    let _fifo = looked_at(&place.path);
    let _: File = try_open(&place.path, OFlags::WRONLY).expect("there is a reader").into();
}
