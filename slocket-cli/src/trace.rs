//! What the lock does, for whoever asks by `RUST_LOG`, as in `RUST_LOG=slocket=debug`.

use std::io;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::say;

/// From here on what was asked for is written to standard error.
pub(crate) fn start() {
    let Some(wanted) = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty()) else { return };
    match wanted.parse::<Targets>() {
        Ok(targets) => {
            let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
            tracing_subscriber::registry().with(lines.with_filter(targets)).init();
        }
        // It may be meant for the command.
        Err(error) if wanted.contains("slocket") => {
            say::say(&format!("RUST_LOG: {error}; slocket=debug shows what the lock does"));
        }
        Err(_) => {}
    }
}
