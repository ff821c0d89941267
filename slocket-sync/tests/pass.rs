//! A lock that is passed to another program: to be kept there, or to be taken over.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::thread;

use slocket_sync::{ErrorKind, Guard, LockName, Slocket};
use tempfile::TempDir;

/// The lock that a child of this test adopts.
const ADOPT: &str = "SLOCKET_TEST_ADOPT";

/// A lock at a path, and one at an abstract name.
fn locks() -> (TempDir, [LockName; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let name = LockName::abstract_name(path.as_os_str());
    (folder, [LockName::Path(path), name])
}

fn named(name: &LockName) -> Slocket {
    Slocket::builder(name).build().unwrap()
}

fn would_block(slocket: &Slocket) -> bool {
    slocket.try_acquire().is_err_and(|error| error.is_would_block())
}

#[test]
fn only_the_command_inherits_it() {
    let (folder, locks) = locks();
    for lock in &locks {
        let guard = named(lock).acquire().unwrap();
        let mut command = Command::new("sh");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).arg("-c");
        command.arg("test -S /proc/self/fd/$0 && echo has it; read line");
        let number = guard.pass_to(&mut command).unwrap().to_string();
        let mut child = command.arg(&number).spawn().unwrap();
        // As long as the command is there, this process has the duplicate, too; what else it starts has none.
        let other = Command::new("test").args(["-e", &format!("/proc/self/fd/{number}")]).status().unwrap();
        assert_eq!(other.code(), Some(1), "another child has inherited it");
        drop(command);
        let mut said = [0; 7];
        child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        assert_eq!(&said, b"has it\n");

        let other = named(lock);
        assert!(would_block(&other));
        guard.release().unwrap();
        // The release is complete, even if another process has a copy; an abstract name is free when the last is closed.
        assert_eq!(would_block(&other), matches!(lock, LockName::Abstract(_)));
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(child.wait().unwrap().success());
        drop(other.acquire().unwrap());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_descriptor_is_the_lock() {
    let (folder, locks) = locks();
    for lock in &locks {
        let (slocket, other) = (named(lock), named(lock));
        let descriptor = slocket.acquire().unwrap().into_fd().unwrap();
        // There is no guard, and no other user gets one: neither a clone, nor another process.
        assert!(would_block(&slocket) && would_block(&other));
        let guard = other.adopt(descriptor).unwrap();
        assert!(guard.is_intact().unwrap() && !guard.is_loan());
        assert!(would_block(&slocket) && would_block(&other));
        // The process that waited all the while gets it next.
        thread::scope(|scope| {
            let waiter = scope.spawn(|| slocket.acquire().unwrap().release().unwrap());
            while !guard.contended() {
                thread::yield_now();
            }
            let guard = other.adopt(guard.into_fd().unwrap()).unwrap();
            assert!(guard.contended() && !waiter.is_finished(), "two holders");
            guard.release().unwrap();
            waiter.join().unwrap();
        });
        // If all copies are closed, it is as if the holder had been killed.
        drop(slocket.acquire().unwrap().into_fd().unwrap());
        other.acquire().unwrap().release().unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A descriptor that carries no lock, or one that has a guard.
#[test]
fn no_other_descriptor_is_adopted() {
    let (folder, locks) = locks();
    for (lock, elsewhere) in locks.iter().zip(["one", "another"]) {
        let (slocket, elsewhere) = (named(lock), folder.path().join(elsewhere));
        let refuses = |descriptor: OwnedFd| {
            let error = slocket.adopt(descriptor).unwrap_err();
            assert_eq!((error.kind(), error.name()), (ErrorKind::NotTheLock, slocket.name()));
        };
        refuses(File::open(folder.path()).unwrap().into());
        refuses(UnixStream::pair().unwrap().0.into());
        refuses(UnixListener::bind(&elsewhere).unwrap().into());
        std::fs::remove_file(&elsewhere).unwrap();
        refuses(Slocket::new(&elsewhere).unwrap().acquire().unwrap().into_fd().unwrap());

        let guard = slocket.acquire().unwrap();
        refuses(guard.as_fd().try_clone_to_owned().unwrap());
        let descriptor = guard.into_fd().unwrap();
        let copy = descriptor.try_clone().unwrap();
        let guard = slocket.adopt(descriptor).unwrap();
        refuses(copy);
        guard.release().unwrap();
    }
    // A user has taken the path away meanwhile, and another holds the lock there.
    let slocket = named(&locks[0]);
    let lost = slocket.acquire().unwrap().into_fd().unwrap();
    std::fs::remove_file(slocket.path().unwrap()).unwrap();
    let _guard = named(&locks[0]).acquire().unwrap();
    assert_eq!(slocket.adopt(lost).unwrap_err().kind(), ErrorKind::NotTheLock, "two holders");
}

#[test]
fn another_program_takes_it_over() {
    if let Some(name) = std::env::var_os(ADOPT) {
        let name = name.into_string().unwrap();
        let lock = name.strip_prefix('@').map_or_else(|| LockName::from(&name), LockName::abstract_name);
        return take_over(&named(&lock));
    }
    let (folder, locks) = locks();
    for lock in &locks {
        let slocket = named(lock);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "another_program_takes_it_over", "--nocapture"]).env(ADOPT, lock.to_string());
        command.stdin(slocket.acquire().unwrap().into_fd().unwrap()).stdout(Stdio::piped());
        let child = command.spawn().unwrap();
        drop(command);
        let pid = child.id();
        // It stays held, first by nobody's guard, then by the child's; and the child's release passes it on.
        assert!(would_block(&slocket));
        let guard = slocket.acquire().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("held by {pid}\n")), "{said}");
        guard.release().unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn take_over(slocket: &Slocket) {
    let guard: Guard = slocket.adopt(io::stdin().as_fd().try_clone_to_owned().unwrap()).unwrap();
    // Until the parent waits.
    while !guard.contended() {
        thread::yield_now();
    }
    let holder = named(slocket.name()).holder().unwrap().unwrap();
    println!("held by {}", holder.pid.unwrap());
    guard.release().unwrap();
}
