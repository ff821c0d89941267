//! Sentences that are checked, and the colours that show how they came out.

use std::fmt;
use std::io::{IsTerminal, stdout};

use crate::result::Result;

/// One sentence, and whether it is true.
pub(crate) struct Claim {
    pub(crate) holds: bool,
    pub(crate) text: String,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.holds { paint(Colour::Green, "✓") } else { paint(Colour::Red, "✗ NOT TRUE:") };
        write!(f, " {mark} {}", self.text)
    }
}

/// Shows the claims; fails unless all are true.
pub(crate) fn show(claims: &[Claim]) -> Result {
    for claim in claims {
        println!("{claim}");
    }
    if claims.iter().all(|claim| claim.holds) { Ok(()) } else { Err("a claim does not hold".into()) }
}

/// A colour of the terminal.
#[derive(Clone, Copy)]
pub(crate) enum Colour {
    Red = 31,
    Green = 32,
    Cyan = 36,
    Grey = 90,
}

/// The text in this colour, if standard output is a terminal.
pub(crate) fn paint(colour: Colour, text: &str) -> String {
    if !text.trim().is_empty() && stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\u{1b}[{}m{text}\u{1b}[0m", colour as u8)
    } else {
        text.to_owned()
    }
}
