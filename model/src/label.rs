//! What a step is called in a trace.

use std::fmt;

use slocket_core::{Call, CallResult, Notice, Request};

/// One step: the actor, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The process.
    pub process: usize,
    /// What it does.
    pub what: What,
    /// Something goes wrong: no participant may rely on it.
    pub is_fault: bool,
}

/// What an actor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// This, in words.
    Text(&'static str),
    /// A call, with what it came to.
    Call(Call, CallResult),
    /// Asks for something.
    Request(Request),
    /// Is told of something.
    Notice(Notice),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Call(call, result) => write!(f, "{call:?}: {result:?}"),
            Self::Request(request) => write!(f, "asks to {request:?}"),
            Self::Notice(notice) => write!(f, "is told of {notice:?}"),
        }
    }
}
