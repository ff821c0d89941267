//! Standard error.

use std::io::{self, Write};
use std::sync::mpsc;

use slocket_os::escape::{escaped, is_misleading};

use crate::patience::TURN;
use crate::thread;

/// Writes one line to standard error.
pub(crate) fn say(line: &str) {
    say_lines(&[line.to_owned()]);
}

/// Writes a message to standard error, with one system call, so that it stays in one piece among other writers.
///
/// Characters in a path or the name of a program that could mislead are escaped: a line stays one line. If standard error is closed,
/// the message is lost and nothing else happens. If it is blocked, this waits: do not call it while the lock is
/// held, see [`say_in_passing`].
pub(crate) fn say_lines(lines: &[String]) {
    let mut text = String::new();
    for (n, line) in lines.iter().enumerate() {
        text.push_str(if n == 0 { "slocket: " } else { "  " });
        text.push_str(&escaped(line));
        text.push('\n');
    }
    write(&text);
}

/// Writes a line while the lock is held. A slow reader misses the line.
pub(crate) fn say_in_passing(line: String) {
    let (send, said) = mpsc::channel();
    let message = move || {
        say(&line);
        let _ = send.send(());
    };
    // Without a thread the line is not written, which is better than to block.
    if thread::start("message", message).is_ok() {
        let _ = said.recv_timeout(TURN);
    }
}

/// A process in the background of a terminal that does not want to be written to by such (`stty tostop`) is not stopped by its
/// own message.
fn write(text: &str) {
    thread::in_background(|| {
        let _ = io::stderr().write_all(text.as_bytes());
    });
}

/// A text of which nothing misleads, as JSON: the data stay the same.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside of strings there is nothing of the kind but the ends of lines.
        if is_misleading(c) && c != '\n' {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}
