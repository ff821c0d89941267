//! Whether a lock is free.

use slocket_sync::Slocket;

use crate::target::{self, Target};
use crate::trouble::Trouble;

/// Whether no process has the lock in hand.
pub(crate) fn is_free(target: &Target) -> Result<bool, Trouble> {
    let Target::Path(path) = target else { return Err(Trouble::Io(std::io::ErrorKind::Unsupported.into())) };
    if target::look(path).map_err(Trouble::Io)?.is_none() {
        return Ok(true);
    }
    let holder = Slocket::new(path).and_then(|lock| lock.holder()).map_err(Trouble::Lock)?;
    Ok(holder.is_none())
}
