//! Paths at which no lock can be, and paths at which something else is.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::geteuid;

use crate::harness::{Folder, SLOCKET, fails, run, skip, start};

#[test]
fn missing_folder() {
    let folder = Folder::new();
    let lock = folder.path().join("missing/lock");
    for options in [&["-n"][..], &["-w", "60"], &[]] {
        fails(run(options, &lock, &["true"]), 73, "its folder cannot be found");
    }
    folder.assert_empty();
}

#[test]
fn folder_that_is_none() {
    let folder = Folder::new();
    fs::write(folder.path().join("file"), "").expect("a file");
    fails(run(&[], &folder.path().join("file/lock"), &["true"]), 73, "slocket: ");
    symlink("loop", folder.path().join("loop")).expect("a loop");
    fails(run(&[], &folder.path().join("loop/lock"), &["true"]), 73, "slocket: ");
}

#[test]
fn too_long() {
    let folder = Folder::new();
    fails(run(&[], &folder.path().join("x".repeat(256)), &["true"]), 73, "too long");
    fails(run(&[], &folder.path().join("x/".repeat(2100)), &["true"]), 73, "slocket: ");
    folder.assert_empty();
}

#[test]
fn long_but_possible() {
    let folder = Folder::new();
    let held = |path: &Path| {
        let nested = [SLOCKET, "run", "-nq", path.to_str().expect("UTF-8"), "true"];
        start(run(&[], path, &nested)).assert_end(75, "", "");
    };
    held(&folder.path().join("x".repeat(255)));
    folder.assert_empty();

    let mut deep = folder.path();
    while deep.as_os_str().len() < 3900 {
        deep.push("y".repeat(90));
    }
    fs::create_dir_all(&deep).expect("within PATH_MAX");
    held(&deep.join("lock"));
    assert_eq!(fs::read_dir(&deep).expect("it exists").count(), 0);
}

type Make = fn(&Path);

#[test]
fn a_file_that_is_not_a_socket_counts_as_held() {
    let things: [(&str, Make); 6] = [
        ("a directory", |path| fs::create_dir(path).expect("a directory")),
        ("a file", |path| fs::write(path, "content").expect("a file")),
        ("a FIFO", |path| assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success())),
        ("a symbolic link", |path| symlink("missing", path).expect("a dangling link")),
        ("a symbolic link", |path| symlink("lock", path).expect("a loop")),
        ("a symbolic link", |path| symlink("/", path).expect("a link to a directory")),
    ];
    thread::scope(|scope| {
        for (name, make) in things {
            scope.spawn(move || counts_as_held(name, make));
        }
    });
}

fn counts_as_held(name: &str, make: Make) {
    let folder = Folder::new();
    let lock = folder.lock();
    make(&lock);
    let before = fs::symlink_metadata(&lock).expect("it was made");
    let is = format!("{name}, owned by uid {}, is at the path", geteuid().as_raw());
    // It does not pass by itself.
    for options in [&["-n"][..], &["-nq"], &["-nq", "-E0"], &["-w50ms"], &["-qw50ms"], &["-qw50ms", "-E0"]] {
        fails(folder.run(options, &["true"]), 73, &is);
    }

    let waiter = start(folder.run(&[], &["echo", "ran"]));
    assert_eq!(waiter.error_line(), format!("slocket: {}: waiting: {is}", lock.display()));
    let after = fs::symlink_metadata(&lock).expect("it was left alone");
    assert_eq!((before.file_type(), before.len()), (after.file_type(), after.len()), "{name}");
    if before.is_dir() { fs::remove_dir(&lock) } else { fs::remove_file(&lock) }.expect("it is ours");
    waiter.assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn an_abandoned_socket_without_the_mark_counts_as_held() {
    let folder = Folder::new();
    drop(UnixListener::bind(folder.lock()).expect("a socket"));
    fails(folder.run(&["-n"], &["true"]), 75, "a socket that no process listens on");
    fails(folder.run(&["-w", "50ms"], &["true"]), 75, "or a change of its mode and times");
    let waiter = start(folder.run(&[], &["true"]));
    assert!(waiter.error_line().contains("a socket that no process listens on"));
    fs::remove_file(folder.lock()).expect("it is ours");
    waiter.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn datagram_socket() {
    let folder = Folder::new();
    let _socket = UnixDatagram::bind(folder.lock()).expect("a socket");
    fails(folder.run(&[], &["true"]), 73, "not a slocket");
    fails(folder.run(&["-w", "60"], &["true"]), 73, "not a slocket");
}

#[test]
fn server_that_sends_garbage() {
    let folder = Folder::new();
    let listener = UnixListener::bind(folder.lock()).expect("a socket");
    let server = thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("the tool comes");
        connection.write_all(b"220 mail.example.org ESMTP\r\n").expect("it listens");
        let _ = connection.read(&mut [0]);
        listener
    });
    fails(folder.run(&[], &["true"]), 73, "not a slocket");
    let listener = server.join().expect("it does not panic");
    fails(folder.run(&["-n"], &["true"]), 75, "held by a server that lends it to others");
    drop(listener);
}

/// Runs the tool on a file system of its own, which is mounted by root of a user namespace; `prepare` is done there first.
#[track_caller]
fn fails_on(options: &str, prepare: &str, code: i32, reason: &str) {
    let possible = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        skip("this user may not make user namespaces");
        return;
    }
    let folder = Folder::new();
    let script = format!(
        "mount -t tmpfs -o {options} none \"$1\" && cd \"$1\" && {prepare} && exec \"$0\" run lock -- echo ran"
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script, SLOCKET]).arg(folder.path());
    fails(command, code, reason);
    folder.assert_empty();
}

#[test]
fn read_only_file_system() {
    fails_on("ro", "true", 73, "ead-only file system");
}

#[test]
fn no_inodes() {
    fails_on("nr_inodes=2", ": > file", 73, "o space left on device");
}
