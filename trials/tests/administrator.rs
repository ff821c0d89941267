//! An administrator who tidies up: `chmod -R`, `chown -R`, `touch`, at any time. The mark bears it: it is neither lost, so that a
//! crash could not be repaired, nor put on a socket that is lent, so that there would be two holders.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;
use trials::{Adapter, Place, Player, alone, mark, tell, wait_until_queued, watch_for};

/// Runs a command of the administrator's on the lock's folder.
#[track_caller]
fn administer(command: &[&str], place: &Place) {
    let status = Command::new(command[0]).args(&command[1..]).arg(place.folder()).status().expect("coreutils");
    assert!(status.success(), "{command:?}");
}

fn holder(place: &Place) -> Player {
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    holder
}

/// The holder is killed after `tidy`: a process that waits already, or comes later, gets the lock, and nothing is left.
#[track_caller]
fn assert_repaired(places: &[fn() -> Place], tidy: impl Fn(&Place)) {
    let _alone = alone();
    for (place, waits) in places.iter().flat_map(|place| [(place, false), (place, true)]) {
        let place = place();
        let holder = holder(&place);
        let mut next = Player::start(Adapter::under_trial(), &place.lock());
        if waits {
            next.send("acquire");
            wait_until_queued(&place.lock(), 1);
        }
        tidy(&place);
        holder.kill();
        if !waits {
            next.send("acquire");
        }
        next.expect_held();
        next.release();
        next.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

#[test]
fn chmod_of_all_does_not_lose_the_lock() {
    for mode in ["u=rwX,go=", "755", "a-t", "1777"] {
        assert_repaired(&[Place::new, Place::in_file], |place| administer(&["chmod", "-R", mode], place));
    }
}

#[test]
fn a_touch_does_not_lose_the_lock() {
    assert_repaired(&[Place::new, Place::in_file], |place| {
        assert!(Command::new("touch").arg(place.path()).status().expect("coreutils").success());
    });
}

#[test]
fn chown_of_all_does_not_lose_the_lock() {
    if !geteuid().is_root() {
        tell("chown_of_all_does_not_lose_the_lock: SKIPPED: it needs root, and we are not");
        return;
    }
    assert_repaired(&[Place::new], |place| chown(place.lock(), Some(65534), Some(65534)).expect("root"));
}

/// At whatever instant of an acquire: also in a folder in which others may rename, where a socket that does not look as it was
/// bound could be anybody's.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_chmod_at_any_call_of_an_acquire_does_not_lose_the_lock() {
    use trials::stepper::{Deed, Side, Stepper, Stop};

    let _alone = alone();
    for folder_mode in [0o700, 0o777] {
        let mut at = 0;
        loop {
            let place = Place::new();
            fs::set_permissions(place.folder(), fs::Permissions::from_mode(folder_mode)).expect("ours");
            let mut player = Player::start_apart(Adapter::under_trial(), &place.lock(), &place.note("complaints"));
            let stepper = Stepper::attach(&player, &place, &[Stop { at, side: Side::After, deed: Deed::Pause }]);
            player.send("acquire");
            let stands = watch_for("the player to stand still, or to hold", || {
                stepper.reached().map(|_| true).or_else(|| player.answer_now().map(|_| false))
            });
            if stands {
                // (If there is something by now.)
                let _ = fs::set_permissions(place.lock(), fs::Permissions::from_mode(0o600));
                stepper.go_on();
                player.expect_held();
            }
            let record = stepper.finish();
            player.kill();
            let mut next = Player::start(Adapter::under_trial(), &place.lock());
            assert!(next.ask("acquire-for 20000").starts_with("held"), "{folder_mode:o}, after call {at} of\n{record}");
            next.release();
            next.quit();
            assert_eq!(place.leftovers(), [""; 0], "{folder_mode:o}, after call {at} of\n{record}");
            if !stands {
                assert!(at > 9, "an acquire has more calls:\n{record}");
                break;
            }
            at += 1;
        }
    }
}

/// `chmod -R` reads a mode and writes it by name later: what it read of a marked socket lands on one that is lent by then.
#[test]
fn a_sticky_bit_that_is_written_back_is_not_a_mark() {
    let _alone = alone();
    let place = Place::new();
    let mut holder = holder(&place);
    let read = fs::symlink_metadata(place.lock()).expect("held").mode();
    // It has no badge, as npm's clients: so the lock is lent to it.
    let mut client = UnixStream::connect(place.lock()).expect("held");
    holder.release();
    let mut granted = [0; 2];
    client.read_exact(&mut granted).expect("the loan");
    write_back(&place.lock(), read);
    holder.kill();
    let mut next = Player::start(Adapter::under_trial(), &place.lock());
    assert_eq!(next.ask("try"), "would-block", "a second holder");
    assert!(next.ask("acquire-for 300").starts_with("timed-out"), "a second holder");
    // When the client is done, the lender removes the socket.
    drop(client);
    fs::remove_file(place.lock()).expect("stale");
    next.acquire();
    next.release();
    next.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[track_caller]
fn write_back(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777)).expect("ours");
    let found = fs::symlink_metadata(path).expect("there");
    assert_ne!(found.mode() & 0o1000, 0, "it has the bit of a marked socket");
    assert!(!mark::is_marked(&found), "and is not marked");
}

/// A time that is set by hand takes the mark away. The holder sees it when it passes the lock on, so that the next one's crash is
/// repaired again.
#[test]
fn a_time_that_was_set_by_hand_is_mended_with_the_next_release() {
    let _alone = alone();
    let place = Place::new();
    let mut first = holder(&place);
    let mut second = Player::start(Adapter::under_trial(), &place.lock());
    second.send("acquire");
    wait_until_queued(&place.lock(), 1);
    let touch = Command::new("touch").args(["-d", "2020-01-01"]).arg(place.lock()).status().expect("coreutils");
    assert!(touch.success());
    assert!(!mark::is_marked(&fs::symlink_metadata(place.lock()).expect("held")));
    first.release();
    second.expect_held();
    second.kill();
    first.acquire();
    first.release();
    first.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}
