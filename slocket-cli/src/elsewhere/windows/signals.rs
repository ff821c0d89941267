//! Signals, which Windows does not have, and how the tool ends.

use std::process::ExitCode;

/// There is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {}

/// What the tool exits with: commands have codes of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(u32);

impl From<u8> for Code {
    fn from(code: u8) -> Self {
        Self(code.into())
    }
}

impl From<i32> for Code {
    fn from(code: i32) -> Self {
        Self(code.cast_unsigned())
    }
}

pub(crate) fn number(signal: Signal) -> u8 {
    match signal {}
}

pub(crate) fn die_of(signal: Signal) {
    match signal {}
}

/// Ends the tool with a code.
pub(crate) fn exit(code: Code) -> ExitCode {
    match u8::try_from(code.0) {
        Ok(code) => code.into(),
        Err(_) => std::process::exit(code.0.cast_signed()),
    }
}
