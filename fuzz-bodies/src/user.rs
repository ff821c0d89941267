//! Another user: on Linux each thread has its own, so that one process can be two.

use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_res_uid;

/// A user that nothing here trusts.
pub(crate) const STRANGER: u32 = 65534;

/// Whether this process may be another user. Only root may.
#[must_use]
pub fn can_be_another_user() -> bool {
    geteuid().is_root()
}

/// Runs as [`STRANGER`]: the kernel takes the calling thread for that user's, and no other thread.
pub(crate) fn as_stranger<T>(run: impl FnOnce() -> T) -> T {
    become_user(STRANGER);
    let result = run();
    become_user(0);
    result
}

fn become_user(user: u32) {
    set_thread_res_uid(None, Uid::from_raw(user), None).expect("root may be any user");
}
