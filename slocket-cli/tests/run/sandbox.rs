//! Where a sandbox forbids a call: it is named, and what forbids it.

use std::process::Command;
use std::thread;

use landlock::{
    ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, path_beneath_rules,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use crate::harness::{Folder, run, start};

const BIND: i64 = if cfg!(target_arch = "x86_64") { 49 } else { 200 };
const SOCKET: i64 = if cfg!(target_arch = "x86_64") { 41 } else { 198 };

/// Refuses a call with EPERM to this thread, and to what it starts.
fn forbid(call: i64) {
    let arch: TargetArch = std::env::consts::ARCH.try_into().expect("a known processor");
    let forbid = SeccompAction::Errno(1);
    let filter = SeccompFilter::new([(call, vec![])].into(), SeccompAction::Allow, forbid, arch).expect("a filter");
    seccompiler::apply_filter(&BpfProgram::try_from(filter).expect("a program")).expect("it may");
}

/// What the tool says, started by a thread that a sandbox is put around.
#[track_caller]
fn said(sandbox: impl FnOnce() + Send, code: i32, command: Command) -> String {
    let (ended, errors) = thread::scope(|scope| {
        let inside = scope.spawn(move || {
            sandbox();
            start(command).end()
        });
        inside.join().expect("no panic")
    });
    assert_eq!(ended, Some(code), "{errors}");
    assert!(errors.lines().count() <= 3, "{errors}");
    errors
}

#[test]
fn seccomp() {
    for (call, doing) in [(BIND, "cannot bind the socket: "), (SOCKET, "cannot make a socket: ")] {
        let folder = Folder::new();
        for options in [&[][..], &["-n"], &["-w", "60"]] {
            let said = said(|| forbid(call), 77, run(options, &folder.lock(), &["true"]));
            assert!(said.contains(doing) && said.contains("a seccomp filter is in force"), "{said}");
        }
        folder.assert_empty();
    }
}

/// (The tool itself must start.)
#[test]
fn seccomp_that_forbids_to_start_programs() {
    let folder = Folder::new();
    let mut tool = Command::new("strace");
    if !crate::harness::has("strace") {
        return;
    }
    tool.args(["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=execve"]);
    tool.args(["-e", "inject=execve:error=EPERM:when=2+", crate::harness::SLOCKET, "run"])
        .arg(folder.lock())
        .arg("true");
    let (code, errors) = start(tool).end();
    assert!(code == Some(126) && errors.contains("a seccomp filter is in force"), "{code:?} {errors}");
}

#[test]
fn landlock() {
    let folder = Folder::new();
    let path = folder.path();
    let (send, enforced) = std::sync::mpsc::channel();
    let sandbox = move || {
        let abi = ABI::V1;
        // Everything but to make a socket.
        let allowed = AccessFs::from_all(abi) & !AccessFs::MakeSock;
        let status = Ruleset::default()
            .handle_access(AccessFs::from_all(abi))
            .and_then(Ruleset::create)
            .and_then(|rules| rules.add_rules(path_beneath_rules(["/"], allowed)))
            .and_then(RulesetCreated::restrict_self)
            .expect("rules");
        send.send(status.ruleset != RulesetStatus::NotEnforced).expect("it is read");
    };
    let command = run(&[], &path.join("lock"), &["true"]);
    let (code, errors) = thread::scope(|scope| {
        let inside = scope.spawn(move || {
            sandbox();
            start(command).end()
        });
        inside.join().expect("no panic")
    });
    if !enforced.recv().expect("it was sent") {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "SKIPPED: no Landlock");
        eprintln!("not run: this kernel has no Landlock");
        return;
    }
    assert_eq!(code, Some(77), "{errors}");
    let expected = "a sandbox (Landlock, AppArmor, SELinux) may forbid it";
    assert!(errors.contains("no permission to bind the socket: ") && errors.contains(expected), "{errors}");
}
