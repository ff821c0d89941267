//! What keeps the command from outliving the lock: no process inherits a lock of Windows's, which ends with the tool.
//!
//! So the tool and all that it starts are in a job, which ends with the tool if that is killed.

use std::io;

use win32job::{ExtendedLimitInfo, Job};

use crate::hold::Hold;

/// Nothing is inherited.
pub(crate) struct Inherited;

/// The job. While it lives, what is in it ends with the tool.
pub(crate) struct Witness(Option<Job>);

/// Puts this process into a job, with all processes that it starts from here on.
pub(crate) fn inherit(_: &Hold) -> io::Result<(Inherited, Witness)> {
    let mut limits = ExtendedLimitInfo::new();
    limits.limit_kill_on_job_close();
    let job = Job::create_with_limit_info(&limits).map_err(io::Error::other)?;
    job.assign_current_process().map_err(io::Error::other)?;
    Ok((Inherited, Witness(Some(job))))
}

impl Witness {
    /// The command has ended. (What it has left behind does not keep the lock, and lives on.)
    #[allow(clippy::unused_self, reason = "it lets go of the job")]
    pub(crate) fn left_behind(self) -> bool {
        false
    }
}

impl Drop for Witness {
    /// From here on nothing ends with the tool.
    fn drop(&mut self) {
        if let Some(job) = self.0.take()
            && job.set_extended_limit_info(&ExtendedLimitInfo::new()).is_err()
        {
            // To close it would end this process, with its work undone.
            std::mem::forget(job);
        }
    }
}
