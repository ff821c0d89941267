//! The storm: processes of every runtime, of the tool and of the npm package on one lock, which are killed, stopped,
//! cancelled and out of time at any instant; and what the two witnesses saw.
//!
//! What may be killed, and what must hold then, depends on the participants (protocol section 3). So there are three phases,
//! each of them on each file system, with a lock of its own, and the first at an abstract name and in a locked file, too:
//!
//! * [`Phase::Ours`]: only ours. Any process may be killed at any instant, and the lock is *never* lost. A socket without the
//!   mark, the only thing that a human would ever have to remove, must not even be seen. At an abstract name there is no file,
//!   nothing to reclaim, and nowhere for npm's package to go: a process that dies frees the name, and it is free in the end. The same where
//!   the lock is a locked file: a killed holder leaves it unlocked, for the next use to remove.
//! * [`Phase::Gentle`]: with npm's package. Its processes are stopped, but not killed: an npm server that dies leaves a
//!   socket that looks like one whose lock is lent. Ours are killed, but not while the lock is lent or may be: a
//!   lender must survive its loan, and npm's server dies of a connection that ends as the lock is granted to it. So the victim
//!   is first made to stand still, and is killed if the path is marked then: the owner of a marked socket hands over only, no process
//!   waits at a server that lends, and the victim cannot begin to. With that, the lock is never lost here either. (npm's
//!   clients that queue at a holder that is killed are told so by their package, and ask again: counted as resets.)
//! * [`Phase::Anything`]: any process is killed at any instant. Now the lock can be lost, in the three ways that the protocol
//!   names, and the storm plays the human who sets it free (`human.rs`), but only once no living process can hold it.
//!
//! In each of them our players fork without exec while they hold: the child keeps its copies for a while, or drops its copy of
//! the guard, or wants the lock itself. Its acquisitions are its own, as `fork` in the figures.
//!
//! There are never two holders, in no phase.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan.rs` | phases, and where their locks are |
//! | `member.rs` | a player of the storm |
//! | `tool.rs` | `slocket run`, and the command that inherits the lock |
//! | `scene.rs` | all of them on one lock, looked after |
//! | `chaos.rs` | what is done to them |
//! | `human.rs` | the human of the third phase |
//! | `tally.rs` | what was counted while it went on |
//! | `figures.rs` | the figures, from that and the witnesses |
//! | `table.rs`, `claims.rs` | the report |

mod chaos;
mod claims;
mod figures;
mod human;
mod member;
mod plan;
mod scene;
mod table;
mod tally;
mod tool;

use crate::alone::alone;
use crate::random::Random;

pub(crate) use claims::listed;
pub use claims::{Claim, claims};
pub use figures::Figures;
pub(crate) use member::last_sign;
pub use plan::{FileSystem, Phase, Plan, Site};
pub use table::{grouped, table};
pub(crate) use tool::{News, Tool};

/// Runs all phases of the plan at all its sites; hands each to `see` as it ends.
///
/// # Errors
/// If a file system is not available.
///
/// # Panics
/// If the processes cannot be started, or break the rules of the players.
pub fn run(plan: &Plan, mut see: impl FnMut(&Figures)) -> Result<Vec<Figures>, String> {
    let _alone = alone();
    let mut random = Random::new(plan.seed);
    let phases = plan.phases();
    let share = plan.time / phases.iter().map(|(phase, _)| phase.share()).sum::<u32>();
    let mut all = Vec::new();
    for (phase, site) in phases {
        let figures = chaos::rage(phase, site, share * phase.share(), Random::new(random.next()))?;
        see(&figures);
        all.push(figures);
    }
    Ok(all)
}
