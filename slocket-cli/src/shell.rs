//! The shell that runs a line of `-c`.

use std::ffi::{OsStr, OsString};

/// The words by which the user's shell runs it.
pub(crate) fn words(script: &OsStr) -> Vec<OsString> {
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    vec![shell.unwrap_or_else(|| "/bin/sh".into()), "-c".into(), script.to_owned()]
}
