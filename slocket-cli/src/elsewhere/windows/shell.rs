//! The shell that runs a line of `-c`.

use std::ffi::{OsStr, OsString};

/// What makes cmd.exe run the rest of its line, without its outer quotes and without a user's own start scripts.
pub(crate) const OPTIONS: [&str; 3] = ["/d", "/s", "/c"];

/// The words by which the shell of Windows runs it.
pub(crate) fn words(script: &OsStr) -> Vec<OsString> {
    let shell = std::env::var_os("COMSPEC").filter(|shell| !shell.is_empty());
    let options = OPTIONS.map(OsString::from);
    [&[shell.unwrap_or_else(|| "cmd.exe".into())][..], &options, &[script.to_owned()]].concat()
}
