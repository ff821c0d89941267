//! Standard error.

use std::io::{self, Write};

/// Writes one line to standard error.
pub(crate) fn say(line: &str) {
    say_lines(&[line.to_owned()]);
}

/// Writes a message to standard error, with one system call, so that it stays in one piece among other writers.
///
/// A control character, which a path or the name of a program may contain, is written as its escape: a line
/// stays one line. If standard error is closed or full, the message is lost and nothing else happens.
pub(crate) fn say_lines(lines: &[String]) {
    let mut text = String::new();
    for (n, line) in lines.iter().enumerate() {
        text.push_str(if n == 0 { "slocket: " } else { "  " });
        text.push_str(&escaped(line));
        text.push('\n');
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A line that stays one line: a control character is written as its escape.
pub(crate) fn escaped(line: &str) -> String {
    let mut text = String::new();
    for c in line.chars() {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

/// Writes a text of several paragraphs to standard error as it is.
pub(crate) fn say_text(text: &str) {
    let _ = io::stderr().write_all(format!("slocket: {text}").as_bytes());
}
