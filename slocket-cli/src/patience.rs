//! How long the user is left without a word, and how long a word waits for the user.

use std::time::Duration;

/// How long the user is left without a word.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// How often the spinner turns; and how long a process that must go on waits for a line to be written.
pub(crate) const TURN: Duration = Duration::from_millis(125);
