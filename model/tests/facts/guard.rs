//! The guard: flock(2) on the open folder.

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::Place;

const SHARED: FlockOperation = FlockOperation::NonBlockingLockShared;
const EXCLUSIVE: FlockOperation = FlockOperation::NonBlockingLockExclusive;

fn is_free(place: &Place) -> bool {
    let other: OwnedFd = place.open();
    flock(&other, EXCLUSIVE).is_ok()
}

#[test]
fn shared_guards_exclude_exclusive_ones_only() {
    let place = Place::new();
    let (first, second, third) = (place.open(), place.open(), place.open());
    flock(&first, SHARED).unwrap();
    flock(&second, SHARED).unwrap();
    assert_eq!(flock(&third, EXCLUSIVE), Err(Errno::WOULDBLOCK));
    drop((first, second));
    flock(&third, EXCLUSIVE).unwrap();
    assert_eq!(flock(place.open(), SHARED), Err(Errno::WOULDBLOCK));
    assert_eq!(flock(place.open(), EXCLUSIVE), Err(Errno::WOULDBLOCK));
}

#[test]
fn it_belongs_to_the_open_file_description_and_not_to_the_process() {
    let place = Place::new();
    let (first, second) = (place.open(), place.open());
    flock(&first, EXCLUSIVE).unwrap();
    assert_eq!(flock(&second, SHARED), Err(Errno::WOULDBLOCK), "of the same process");
    let copy = first.try_clone().unwrap();
    flock(&copy, EXCLUSIVE).expect("the same description has it already");
}

#[test]
fn it_converts_and_a_copy_drops_it_for_all() {
    let place = Place::new();
    let first = place.open();
    flock(&first, EXCLUSIVE).unwrap();
    flock(&first, SHARED).unwrap();
    flock(place.open(), SHARED).expect("it is shared now");
    let copy = first.try_clone().unwrap();
    flock(&copy, FlockOperation::Unlock).unwrap();
    assert!(is_free(&place));
}

#[test]
fn it_is_dropped_with_the_last_descriptor() {
    let place = Place::new();
    let first = place.open();
    flock(&first, EXCLUSIVE).unwrap();
    let copy = first.try_clone().unwrap();
    drop(first);
    assert!(!is_free(&place));
    drop(copy);
    assert!(is_free(&place));
}

#[test]
fn it_is_dropped_when_the_process_is_killed() {
    let place = Place::new();
    let folder = place.open();
    flock(&folder, EXCLUSIVE).unwrap();
    let mut child = Command::new("sleep").arg("1000").stdin(Stdio::from(folder)).spawn().unwrap();
    assert!(!is_free(&place));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_free(&place));
}
