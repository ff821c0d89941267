//! The log of a lock's steps, by `SLOCKET_LOG`, as in `SLOCKET_LOG=debug`.
//!
//! Its own thread writes it: a slow reader does not delay a holder.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::{say, thread};

/// The variable that asks. (`RUST_LOG` is the command's.)
const VARIABLE: &str = "SLOCKET_LOG";

/// How long the end of the tool waits for the reader of the log.
const LAST: Duration = Duration::from_secs(1);

/// The log, if there is one.
pub(crate) struct Log {
    thread: Option<(Sender<Part>, Receiver<()>)>,
}

enum Part {
    Text(Vec<u8>),
    End,
}

/// From here on what was asked for is written to standard error.
pub(crate) fn start() -> Log {
    let nothing = Log { thread: None };
    let Some(wanted) = std::env::var(VARIABLE).ok().filter(|wanted| !wanted.is_empty()) else { return nothing };
    let targets = match wanted.parse::<Targets>() {
        Ok(targets) => targets,
        Err(error) => {
            say::say(&format!("{VARIABLE}: {error}; debug shows what the lock does"));
            return nothing;
        }
    };
    let (send, parts) = mpsc::channel();
    let (written, is_written) = mpsc::channel();
    let write = move || {
        while let Ok(Part::Text(text)) = parts.recv() {
            let _ = io::stderr().write_all(&text);
        }
        let _ = written.send(());
    };
    if thread::start("log", write).is_err() {
        return nothing;
    }
    let to_thread = send.clone();
    let lines = tracing_subscriber::fmt::layer().with_writer(move || Writer(to_thread.clone())).with_ansi(false);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
    Log { thread: Some((send, is_written)) }
}

impl Drop for Log {
    /// Waits until the log is written, if it is read.
    fn drop(&mut self) {
        if let Some((send, is_written)) = &self.thread {
            let _ = send.send(Part::End);
            let _ = is_written.recv_timeout(LAST);
        }
    }
}

struct Writer(Sender<Part>);

impl Write for Writer {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(Part::Text(text.to_vec()));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
