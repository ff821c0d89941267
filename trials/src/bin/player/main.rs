//! A player: takes commands on stdin and answers on stdout, as the library's documentation says.
//!
//! `player ADAPTER PATH|@NAME [--mode=OCTAL] [--stale=wait|fail|MS] [--trust=owner|anyone]`

mod arguments;
mod commands;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use commands::Commands;
use trials::lock::Slocket;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let adapter = match arguments::open(&arguments) {
        Ok(adapter) => adapter,
        Err(message) => {
            eprintln!("player: {message}");
            return ExitCode::from(64);
        }
    };
    match play(adapter) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("player: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(adapter: Slocket) -> io::Result<()> {
    let mut commands = Commands::new(adapter);
    answer(&format!("ready {}", std::process::id()))?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line == "quit" {
            break;
        }
        answer(&commands.perform(&line))?;
    }
    commands.end();
    Ok(())
}

/// One write: whoever reads must not see half an answer, and a trace shows one call.
fn answer(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{line}\n").as_bytes())?;
    stdout.flush()
}
