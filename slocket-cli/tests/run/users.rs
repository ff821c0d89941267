//! Permissions, and users who share a lock.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Signal, geteuid};
use serde_json::{Value, json};

use crate::harness::{Folder, HOLD, Process, SLOCKET, fails, skip, start};
use crate::status::said;

/// A copy of the tool that every user can run, and a folder for the lock.
pub(crate) struct Shared {
    pub(crate) folder: Folder,
}

impl Shared {
    /// `mode`: the permissions of the lock's folder.
    pub(crate) fn new(mode: u32) -> Self {
        let folder = Folder::new();
        let permit = |path: PathBuf, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
        };
        permit(folder.path(), 0o755);
        // Not by this process: what it has open to write is inherited by what other tests start, and cannot be run meanwhile.
        let copied = Command::new("cp").arg(SLOCKET).arg(folder.path().join("slocket")).status().expect("cp");
        assert!(copied.success());
        // Whatever the umask.
        permit(folder.path().join("slocket"), 0o755);
        fs::create_dir(folder.path().join("shared")).expect("a folder");
        permit(folder.path().join("shared"), mode);
        Self { folder }
    }

    pub(crate) fn run(&self, options: &[&str], command: &[&str]) -> Command {
        let mut run = Command::new(self.folder.path().join("slocket"));
        run.arg("run").args(options).arg(self.folder.path().join("shared/lock")).arg("--").args(command);
        run
    }

    pub(crate) fn run_as(&self, uid: u32, options: &[&str], command: &[&str]) -> Command {
        let mut run = self.run(options, command);
        run.uid(uid).gid(uid);
        run
    }

    pub(crate) fn hold_as(&self, uid: u32, options: &[&str]) -> Process {
        let holder = start(self.run_as(uid, options, &HOLD));
        holder.expect_output("up");
        holder
    }

    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(fs::read_dir(self.folder.path().join("shared")).expect("it exists").count(), 0);
    }
}

pub(crate) const ONE: u32 = 65533;
pub(crate) const OTHER: u32 = 65534;

pub(crate) fn can_be_other_users() -> bool {
    geteuid().is_root() || skip("only root can be two users")
}

#[test]
fn no_permission_to_make_a_lock() {
    let shared = Shared::new(0o555);
    for options in [&["-n"][..], &["-w", "60"], &[]] {
        // Nothing is forbidden to root.
        let command =
            if geteuid().is_root() { shared.run_as(ONE, options, &["true"]) } else { shared.run(options, &["true"]) };
        fails(command, 77, "no permission");
    }
    shared.assert_empty();
}

#[test]
fn the_lock_of_another_user() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let mut holder = shared.hold_as(ONE, &[]);
    fails(shared.run_as(OTHER, &["-n"], &["true"]), 77, "held by a process of user 65533 that cannot be seen");
    fails(shared.run_as(OTHER, &["-w", "50ms", "-E0"], &["true"]), 77, "held by uid 65533");
    // A user who shares with all users trusts all.
    fails(shared.run_as(OTHER, &["-w", "50ms", "--mode", "0666"], &["true"]), 75, "held by a process of user 65533");
    // That user may not queue, but waits until the path changes.
    let waiters = [&[][..], &["-w", "60"], &["--mode", "0666"]];
    let waiters = waiters.map(|options| start(shared.run_as(OTHER, options, &["echo", "ran"])));
    for waiter in &waiters {
        assert!(waiter.error_line().contains("waiting: held by a process of user 65533 that cannot be seen"));
    }
    // (The third trusts every user.)
    for waiter in &waiters[..2] {
        assert!(waiter.error_line().contains("  uid 65533 is neither you nor root, and not trusted: "));
    }
    holder.tell();
    holder.assert_end(0, "", "");
    for waiter in waiters {
        waiter.assert_end(0, "ran\n", "");
    }
    shared.assert_empty();
}

#[test]
fn the_lock_of_another_user_who_offers_to_share_it() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let mut holder = shared.hold_as(ONE, &["--mode", "0666"]);
    fails(shared.run_as(OTHER, &[], &["true"]), 77, "held by uid 65533");
    fails(shared.run_as(OTHER, &["-nq", "-E0"], &["true"]), 77, "held by uid 65533");
    // (To be told its process it would have to queue.)
    let unseen = "held by a process of user 65533 that cannot be seen from here";
    fails(shared.run_as(OTHER, &["-n", "--mode", "0666"], &["true"]), 75, unseen);
    // A user who shares trusts the users that share the lock.
    let waiter = start(shared.run_as(OTHER, &["--mode", "0666"], &HOLD));
    assert!(waiter.error_line().contains("waiting: held by pid"));
    holder.tell();
    holder.assert_end(0, "", "");
    waiter.expect_output("up");
    let mut waiter = waiter;
    fails(shared.run_as(ONE, &["-n"], &["true"]), 77, "held by uid 65534");
    waiter.tell();
    waiter.assert_end(0, "", "");
    shared.assert_empty();
}

/// A lock is held by a trusted user: a job that calls that a success must not be kept from its work by any user who can make a
/// file.
#[test]
fn a_squatter_at_the_path_does_not_hold() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o1777);
    let lock = shared.folder.path().join("shared/lock");
    let assert_codes = |what: &str, uid: u32, code: i32| {
        let all = [&["-nq", "-E0"][..], &["-n", "-E0"], &["-qw", "50ms", "-E0"], &["-w", "50ms", "-E0"]];
        // At a server that may lend, a waiter that has given up waits for seconds.
        for options in if what == "ours" { &all[..2] } else { &all } {
            let (ended, errors) = start(shared.run_as(uid, options, &["true"])).end();
            assert_eq!(ended, Some(code), "{what}, {uid}, {options:?}: {errors}");
        }
    };
    for uid in [0, OTHER] {
        // A holder by the rules.
        for mode in ["0600", "0666"] {
            let mut holder = shared.hold_as(ONE, &["--mode", mode]);
            assert_codes(mode, uid, 77);
            holder.tell();
            holder.assert_end(0, "", "");
        }
        // A server without the mark, which may lend.
        let mut holder = shared.hold_as(ONE, &["-q", "--mode", "0666"]);
        unmark(&lock, 0o666);
        assert_codes("no mark", uid, 77);
        holder.tell();
        assert_eq!(holder.status().code(), Some(0));
        // Dead sockets, with the mark and without.
        for mode in [0o600, 0o666, 0o1600, 0o1666] {
            drop(UnixListener::bind(&lock).expect("a socket"));
            unmark(&lock, mode);
            chown(&lock, Some(ONE), Some(ONE)).expect("root may");
            if uid != 0 || mode & 0o1000 == 0 {
                assert_codes(&format!("dead, {mode:o}"), uid, 77);
            }
            let _ = fs::remove_file(&lock);
        }
        // A file that is not a lock.
        fs::write(&lock, "").expect("a file");
        chown(&lock, Some(ONE), Some(ONE)).expect("root may");
        assert_codes("a file", uid, 73);
        fs::remove_file(&lock).expect("root may");
        let socket = UnixDatagram::bind(&lock).expect("a socket");
        unmark(&lock, 0o666);
        chown(&lock, Some(ONE), Some(ONE)).expect("root may");
        assert_codes("datagrams", uid, 73);
        drop(socket);
        fs::remove_file(&lock).expect("root may");
        // A trusted user, without the mark.
        let mut holder = start(shared.run_as(uid, &["-q"], &HOLD));
        holder.expect_output("up");
        unmark(&lock, 0o600);
        assert_codes("ours", uid, 0);
        holder.tell();
        assert_eq!(holder.status().code(), Some(0));
    }
    shared.assert_empty();
}

/// In a user namespace, all other users have one number, 65534: a process there trusts none of them.
#[test]
fn a_user_without_a_name_here_does_not_hold() {
    let possible = Command::new("unshare").args(["-U", "true"]).stderr(Stdio::null()).status();
    if !can_be_other_users() || !possible.is_ok_and(|status| status.success()) {
        return;
    }
    let shared = Shared::new(0o777);
    let mut holder = shared.hold_as(ONE, &["--mode", "0666"]);
    for options in [&["-nq", "-E0"][..], &["-qw50ms", "-E0"]] {
        let run = shared.run(options, &["true"]);
        let mut apart = Command::new("unshare");
        apart.arg("-U").arg(run.get_program()).args(run.get_args()).uid(ONE - 1).gid(ONE - 1);
        fails(apart, 77, "held by uid 65534");
    }
    holder.tell();
    holder.assert_end(0, "", "");
    shared.assert_empty();
}

/// A user who may read the folder can keep a dead socket from being removed. That does not hold the lock, and gives no reason to remove the socket.
#[test]
fn a_user_who_has_the_folder_locked_does_not_hold() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o1777);
    let folder = shared.folder.path().join("shared");
    let mut killed = shared.hold_as(OTHER, &["-o"]);
    killed.signal(Signal::KILL);
    killed.status();
    for (uid, codes) in [(ONE, [77, 77]), (OTHER, [75, 0])] {
        let mut flock = Command::new("flock");
        flock.arg(&folder).args(HOLD).uid(uid).gid(uid);
        let mut flock = start(flock);
        flock.expect_output("up");
        let locked = format!("its holder was killed, and pid {} (flock) has the folder locked (flock)", flock.id());
        for (options, code) in [(&["-n"][..], codes[0]), (&["-n", "-E0"], codes[1]), (&["-w50ms", "-E0"], codes[1])] {
            let (ended, errors) = start(shared.run_as(OTHER, options, &["true"])).end();
            assert_eq!(ended, Some(code), "{uid}, {options:?}: {errors}");
            assert!(errors.contains(&locked) && errors.contains("do not remove the socket"), "{errors}");
        }
        let mut status = Command::new(shared.folder.path().join("slocket"));
        status.arg("status").arg(folder.join("lock"));
        let said = said(status);
        assert!(said.contains(": stale, ") && said.contains(&format!("next     {locked}\n")), "{said}");
        flock.tell();
        flock.assert_end(0, "", "");
    }
    start(shared.run_as(OTHER, &["-n"], &["true"])).assert_end(0, "", "");
    shared.assert_empty();
}

#[test]
fn a_squatter_at_a_name_does_not_hold() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let name = format!("@slocket-cli-squat-{}", std::process::id());
    let run_as = |uid: u32, options: &[&str], command: &[&str]| {
        let mut run = Command::new(shared.folder.path().join("slocket"));
        run.arg("run").args(options).args([&*name, "--"]).args(command).uid(uid).gid(uid);
        run
    };
    for (holder, code) in [(ONE, 77), (0, 0)] {
        let mut holder = start(run_as(holder, &[], &HOLD));
        holder.expect_output("up");
        for options in [&["-nq", "-E0"][..], &["-n", "-E0"], &["-qw", "50ms", "-E0"]] {
            let (ended, errors) = start(run_as(OTHER, options, &["true"])).end();
            assert_eq!(ended, Some(code), "{options:?}: {errors}");
        }
        holder.tell();
        holder.assert_end(0, "", "");
    }
}

/// Where a process can only wait, as at a queue that is full, only the tool names the process that keeps it.
#[test]
fn a_waiter_for_a_stranger_is_told() {
    if !can_be_other_users() || !crate::harness::has("perl") {
        return;
    }
    let shared = Shared::new(0o1777);
    let path = shared.folder.path().join("shared/lock").into_os_string().into_string().expect("UTF-8");
    let name = format!("@slocket-cli-stranger-{}", std::process::id());
    // A path, or with a 0 before it a name; what is done with the socket.
    let squat = "use Socket; $SIG{ALRM} = 'IGNORE'; my ($name, $do) = @ARGV; my $to = $name =~ s/^@/\\0/r; umask 0; \
                 socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die; bind($s, pack_sockaddr_un($to)) or die $!; \
                 if ($do eq 'full') { listen($s, 0) or die; \
                     socket(my $c, AF_UNIX, SOCK_STREAM, 0) or die; connect($c, pack_sockaddr_un($to)) or die; our $kept = $c } \
                 if ($do eq 'marked') { utime(1397509955, 1397509955, $name) or die } \
                 $| = 1; print \"up\\n\"; <STDIN>";
    for (lock, what) in [(&path, "full"), (&path, "marked"), (&name, "full"), (&name, "bound")] {
        let mut stranger = Command::new("perl");
        stranger.args(["-e", squat, lock, what]).uid(ONE).gid(ONE);
        let mut stranger = start(stranger);
        stranger.expect_output("up");
        for (uid, by) in [
            (0, format!("held by pid {} (perl)", stranger.id())),
            (OTHER, format!("held by a process of user {ONE} that cannot be seen from here")),
        ] {
            let run = |options: &[&str]| {
                let mut run = Command::new(shared.folder.path().join("slocket"));
                run.arg("run").args(options).args([lock, "true"]).uid(uid).gid(uid);
                run
            };
            for options in [&["-n", "-E0"][..], &["-w50ms", "-E0"]] {
                fails(run(options), 77, &format!("held by uid {ONE}, neither you nor root"));
            }
            let waiter = start(run(&[]));
            assert_eq!(waiter.error_line(), format!("slocket: {lock}: waiting: {by}"), "{what}");
            let line = waiter.error_line();
            let advice = format!("  uid {ONE} is neither you nor root, and not trusted: this may never end; ");
            assert!(line.starts_with(&advice) && line.contains("choose a path"), "{what}: {line}");
        }
        stranger.tell();
        assert_eq!(stranger.status().code(), Some(0));
        let _ = fs::remove_file(&path);
    }
    shared.assert_empty();
}

/// The owner of the file may be another by now: the process counts.
#[test]
fn the_file_was_given_to_another_user() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let lock = shared.folder.path().join("shared/lock");
    for (holder, owner, code) in [(0, ONE, 75), (ONE, 0, 77), (ONE, OTHER, 77)] {
        let mut holds = shared.hold_as(holder, &["-q", "--mode", "0666"]);
        chown(&lock, Some(owner), Some(owner)).expect("root may");
        let named = if code == 75 { "held by a process of user 0 that" } else { "held by uid 65533" };
        fails(shared.run_as(OTHER, &["-n"], &["true"]), code, named);
        fs::set_permissions(&lock, fs::Permissions::from_mode(0o600)).expect("root may");
        if owner != OTHER {
            let named = format!("held by a process of user {holder} that cannot be seen");
            fails(shared.run_as(OTHER, &["-n"], &["true"]), code, &named);
        }
        holds.tell();
        holds.status();
        let _ = fs::remove_file(&lock);
    }
    shared.assert_empty();
}

/// As by `sudo`: root waits while it is held, and can do something about a dead one.
#[test]
fn a_lock_of_roots_in_a_users_folder() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o755);
    let folder = shared.folder.path().join("shared");
    let lock = folder.join("lock");
    chown(&folder, Some(ONE), Some(ONE)).expect("root may");
    let mut holder = shared.hold_as(0, &[]);
    fails(shared.run_as(ONE, &["-n"], &["true"]), 75, "held by a process of user 0 that cannot be seen from here");
    start(shared.run_as(ONE, &["-nq", "-E0"], &["true"])).assert_end(0, "", "");
    fails(
        shared.run_as(ONE, &["-w", "50ms"], &["true"]),
        75,
        "held by a process of user 0 that cannot be seen from here",
    );
    let wait = || {
        let mut wait = Command::new(shared.folder.path().join("slocket"));
        wait.args(["wait", "-w0"]).arg(&lock).uid(ONE).gid(ONE);
        wait
    };
    fails(wait(), 75, "not free");
    let waiter = start(shared.run_as(ONE, &[], &["echo", "ran"]));
    assert!(waiter.error_line().contains("waiting: held by a process of user 0 that"));
    holder.tell();
    holder.assert_end(0, "", "");
    waiter.assert_end(0, "ran\n", "");

    let denied = "a socket of uid 0, to which you may not connect, is at the path";
    for mend in ["the owner", "the user"] {
        let mut killed = shared.hold_as(0, &["-o"]);
        killed.signal(Signal::KILL);
        killed.status();
        for options in [&["-n", "-E0"][..], &["-w", "50ms", "-E0"]] {
            fails(shared.run_as(ONE, options, &["true"]), 77, denied);
        }
        fails(wait(), 77, "cannot look at it");
        let mut status = Command::new(shared.folder.path().join("slocket"));
        status.arg("status").arg(&lock).uid(ONE).gid(ONE);
        let said = said(status);
        assert!(
            said.contains(": unknown\n") && said.contains("its owner or root removes it by taking the lock once"),
            "{said}"
        );
        let waiter = start(shared.run_as(ONE, &[], &["echo", "ran"]));
        assert!(waiter.error_line().contains(&format!("waiting: {denied}")));
        if mend == "the owner" {
            // A waiter may be quicker once the socket is gone, and the owner does not trust that user.
            let (code, errors) = start(shared.run_as(0, &[], &["true"])).end();
            let is_late = code == Some(77) && errors.contains(&format!("held by uid {ONE}, "));
            assert!(code == Some(0) || is_late, "{code:?}: {errors}");
        } else {
            assert!(Command::new("rm").arg("-f").arg(&lock).uid(ONE).status().expect("rm").success());
        }
        waiter.assert_end(0, "ran\n", "");
        shared.assert_empty();
    }
}

/// `run`, `status` and `wait` agree on a socket of one's own to which even its owner may not connect.
#[test]
fn a_socket_that_not_even_its_owner_may_connect_to() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let lock = shared.folder.path().join("shared/lock");
    let tool = |words: &[&str]| {
        let mut tool = Command::new(shared.folder.path().join("slocket"));
        tool.args(words).arg(&lock).uid(ONE).gid(ONE);
        tool
    };
    let mut holder = shared.hold_as(ONE, &["-o"]);
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o000)).expect("root may");
    assert!(said(tool(&["status"])).contains(&format!(": held by pid {}", holder.id())));
    start(tool(&["wait", "-q", "-w0"])).assert_end(75, "", "");
    holder.signal(Signal::KILL);
    holder.status();
    let report: Value = serde_json::from_str(&said(tool(&["status", "--json"]))).expect("JSON");
    assert_eq!((&report["state"], &report["reclaimable"]), (&json!("stale"), &json!(true)), "{report}");
    start(tool(&["wait", "-w60"])).assert_end(0, "", "");
    start(shared.run_as(ONE, &["-n"], &["true"])).assert_end(0, "", "");
    shared.assert_empty();
}

/// Where `/proc` hides the processes of other users, that is said.
#[test]
fn hidden_processes() {
    if !can_be_other_users() || !crate::harness::has("setpriv") {
        return;
    }
    let shared = Shared::new(0o777);
    let _holder = shared.hold_as(ONE, &["--mode", "0666"]);
    // A user that no other test uses: processes of the same user in another user namespace would be seen, and be closed.
    let script = "mount -t proc -o hidepid=2 proc /proc && \
                  exec setpriv --reuid=65529 --regid=65529 --clear-groups \"$0\" status \"$1\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script]).arg(shared.folder.path().join("slocket"));
    let said = said({
        command.arg(shared.folder.path().join("shared/lock"));
        command
    });
    assert!(said.contains("\n  unseen   processes that /proc hides (it is mounted with hidepid)"), "{said}");
}

/// As a user does that changes mode and times.
fn unmark(lock: &Path, mode: u32) {
    fs::set_permissions(lock, fs::Permissions::from_mode(mode)).expect("root may");
    assert!(Command::new("touch").arg("-h").arg(lock).status().expect("touch").success());
}

/// A user who may not look into other users' processes is told so; root sees all.
#[test]
fn the_status_of_another_users_lock() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let lock = shared.folder.path().join("shared/lock");
    let status = |uid: u32, options: &[&str]| {
        let mut command = Command::new(shared.folder.path().join("slocket"));
        command.arg("status").args(options).arg(&lock).uid(uid).gid(uid);
        said(command)
    };
    // Without --mode no other user may even connect to it.
    for mode in [&[][..], &["--mode", "0666"]] {
        let mut holder = shared.hold_as(ONE, mode);
        let waiter = start(shared.run_as(ONE, mode, &["true"]));
        waiter.error_line();
        for uid in [0, ONE] {
            let report: Value = serde_json::from_str(&status(uid, &["--json"])).expect("JSON");
            assert_eq!((&report["state"], &report["holder"]["pid"]), (&json!("held"), &json!(holder.id())));
            assert_eq!((&report["holder"]["uid"], &report["queue"][0]["uid"]), (&json!(ONE), &json!(ONE)));
            assert_eq!(report["queue"][0]["pid"], waiter.id());
            assert!(report.get("unseen").is_none(), "{report}");
        }
        let report: Value = serde_json::from_str(&status(OTHER, &["--json"])).expect("JSON");
        assert_eq!((&report["state"], &report["holder"]), (&json!("held"), &json!({"uid": ONE})));
        assert_eq!(report["queue"], json!([{"uid": ONE}]));
        assert_eq!(report["unseen"], json!(["processes of other users: only root may look into them"]));
        let said = status(OTHER, &[]);
        let first = format!("{}: held by a process that cannot be seen, uid {ONE}, in use for ", lock.display());
        assert!(said.starts_with(&first), "{said}");
        assert!(said.contains("\n  waiting  1. a process that cannot be seen, uid 65533\n"), "{said}");
        assert!(said.contains("\n  unseen   processes of other users: only root may look into them\n"), "{said}");
        holder.tell();
        holder.assert_end(0, "", "");
        waiter.assert_end(0, "", "");
    }
    shared.assert_empty();

    // One that other users may not connect to, and no process has open.
    let mut holder = shared.hold_as(ONE, &["-o"]);
    holder.signal(Signal::KILL);
    holder.status();
    let report: Value = serde_json::from_str(&status(OTHER, &["--json"])).expect("JSON");
    assert_eq!(report["state"], "unknown");
    assert!(
        report["unseen"][0].as_str().is_some_and(|unseen| unseen.contains("whether the socket is alive")),
        "{report}"
    );
    let report: Value = serde_json::from_str(&status(0, &["--json"])).expect("JSON");
    assert_eq!((&report["state"], &report["reclaimable"]), (&json!("stale"), &json!(true)));
}
