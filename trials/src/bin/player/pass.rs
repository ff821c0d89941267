//! Programs that the player starts, and parts of what it holds that go with them.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::{io, thread};

use trials::lock::Held;

use crate::answer::{Answer, Refusal, refusal};

/// A program that does nothing, and has none of our pipes.
fn program() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Passes what is held to a program, while so many threads start another each. All live on when the player ends.
pub(crate) fn pass(held: &Held, others: usize) -> Answer {
    let begin = Barrier::new(others + 1);
    let start = || {
        begin.wait();
        program().spawn().map(|child| child.id())
    };
    let ids = thread::scope(|scope| {
        let others: Vec<_> = (0..others).map(|_| scope.spawn(start)).collect();
        let mut command = program();
        begin.wait();
        match held {
            Held::Lock(guard) => guard.pass_to(&mut command),
            Held::Shared(guard) => guard.pass_to(&mut command),
            Held::Slot(permit) => permit.pass_to(&mut command),
        }?;
        let mut ids = vec![command.spawn().map(|child| child.id())];
        ids.extend(others.into_iter().map(|other| other.join().expect("a thread")));
        Ok::<_, Refusal>(ids)
    })?;
    let ids = ids.into_iter().map(|id| id.map(|id| format!(" {id}"))).collect::<io::Result<String>>();
    ids.map(|ids| format!("passed{ids}")).map_err(|error| refusal("Io", &error.to_string()))
}

/// Becomes such a program.
pub(crate) fn exec() -> io::Error {
    program().exec()
}
