//! A player: takes commands on stdin and answers on stdout, as the library's documentation says.
//!
//! `player ADAPTER PATH|@NAME|file:PATH [--mode=OCTAL] [--stale=wait|fail|MS] [--trust=owner|anyone]
//! [--retain=MS]`

mod answer;
mod arguments;
mod busy;
mod child;
mod commands;
mod pass;
mod round;
mod shares;
mod waiting;

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use commands::Commands;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (adapter, lock) = match arguments::open(&arguments) {
        Ok(opened) => opened,
        Err(message) => {
            eprintln!("player: {message}");
            return ExitCode::from(64);
        }
    };
    let mut commands = Commands::new(adapter, lock);
    match play(&mut commands, io::stdin().lock(), |line| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(line)?;
        stdout.flush()
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("player: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Performs commands until there are no more, and ends.
fn play(commands: &mut Commands, lines: impl BufRead, answer: impl Fn(&[u8]) -> io::Result<()>) -> io::Result<()> {
    // One write: the reader must not see half an answer, and a trace shows one call.
    let answer = |line: &str| answer(format!("{line}\n").as_bytes());
    answer(&format!("ready {}", std::process::id()))?;
    for line in lines.lines() {
        let line = line?;
        match line.split_once(' ') {
            _ if line == "quit" => break,
            Some(("fork", socket)) => answer(&fork(commands, Path::new(socket))?)?,
            Some(("forking", rest)) => answer(&waiting::wait(commands, rest, play_as_child))?,
            _ if line == "exec" => {
                answer("exec")?;
                return Err(pass::exec());
            }
            _ => answer(&commands.perform(&line))?,
        }
    }
    commands.end();
    Ok(())
}

/// Forks without exec. The child plays on with what it has copies of, and takes its commands from a socket.
fn fork(commands: &mut Commands, socket: &Path) -> io::Result<String> {
    match fork::fork()? {
        fork::Fork::Parent(pid) => Ok(format!("forked {pid}")),
        fork::Fork::Child => {
            commands.become_child();
            play_as_child(commands, socket)
        }
    }
}

/// Performs the commands that come from a socket, and ends the process.
fn play_as_child(commands: &mut Commands, socket: &Path) -> ! {
    let played = UnixStream::connect(socket).and_then(|stream| {
        let answers = stream.try_clone()?;
        play(commands, BufReader::new(stream), |line| (&answers).write_all(line))
    });
    std::process::exit(played.map_or(1, |()| 0));
}
