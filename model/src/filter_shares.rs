//! What a planted bug does that is about shares: see [`filter`](crate::filter).

use slocket_core::{
    AcceptResult, Access, AnswerResult, BindResult, Call, CallResult, Cargo, FifoResult, Found, Name, OpenResult,
    ReadResult, ReceiveResult, Role, StatResult, TimesFound, TimesResult, UnlinkResult,
};

use crate::bug::Bug;
use crate::cast::Cast;
use crate::change::{Change, socket_like};
use crate::configuration::Configuration;
use crate::objects::Kind;
use crate::perform::DONE;
use crate::world::World;

const MISSING: CallResult = CallResult::OpenResult(OpenResult::Missing);

impl World {
    /// What a planted bug makes of a call.
    pub(crate) fn change_of_share(
        &self,
        process: usize,
        configuration: &Configuration,
        bug: Bug,
        call: Call,
    ) -> Option<Change> {
        use Change::{Delayed, Other, Replaced, Skipped};
        let (has_lock, cleans_up) = (self.processes[process].has_lock(), self.mind(process).cleans_up());
        let cast = configuration.cast[process];
        let is_first_look = matches!(call, Call::OpenFifo(Role::Look, _, Name::Shared));
        let noted = self.is_noted(process);
        Some(match (bug, call) {
            (Bug::CleansUpOnce, _) if is_first_look && cleans_up && !has_lock && noted => Skipped(MISSING),
            (Bug::GivesUpUnclean, _) if is_first_look && cleans_up && cast == Cast::Safe && noted => Skipped(MISSING),
            (Bug::LeavesQueueUnclean, _) if is_first_look && cleans_up && cast == Cast::Safe && !noted => {
                Skipped(MISSING)
            }
            (Bug::CleansSharedOnly, Call::Stat(Name::Slot(_))) if cleans_up && cast == Cast::Reader => {
                Skipped(StatResult::Missing.into())
            }
            (Bug::CleansWithoutLock, Call::Bind(Name::Lock, _)) if cleans_up => Skipped(BindResult::Bound.into()),
            (Bug::CleansWithoutLock, _) if noted => Skipped(as_if_bound(call)?),
            (Bug::SharesTooLate, Call::OpenFifo(Role::Share, ..)) if cast == Cast::Reader => {
                Delayed(OpenResult::Opened.into())
            }
            (Bug::SaysUnshared, Call::Send(Cargo::Listener { unshared: false })) => {
                Replaced(Call::Send(Cargo::Listener { unshared: true }))
            }
            (Bug::DowngradesTooLate, Call::OpenFifo(Role::Share, ..)) => Delayed(OpenResult::Opened.into()),
            (Bug::SharesTooLate | Bug::DowngradesTooLate, Call::SeeFifo(Role::Share)) => {
                Skipped(FifoResult::Trusted.into())
            }
            (Bug::PollsBeforeRead, Call::Read(Role::Look)) if has_lock && !cleans_up && !noted => {
                Skipped(ReadResult::Writer.into())
            }
            (Bug::LooksForBoth, Call::OpenFifo(Role::Look, Access::Read, name)) if has_lock && !cleans_up => {
                Replaced(Call::OpenFifo(Role::Look, Access::Both, name))
            }
            (Bug::NeverLooks, _) if is_first_look && has_lock && !cleans_up => Skipped(MISSING),
            (Bug::UnlinksBeforeWait, Call::Read(Role::Look))
                if has_lock && !cleans_up && self.shares.iter().any(Option::is_some) =>
            {
                let mut world = *self;
                world.shares = [None; _];
                Other("unlinks what it waits for", world)
            }
            (Bug::CleansFromLowest, Call::OpenFifo(Role::Look, access, Name::Slot(slot))) if cleans_up => {
                Replaced(Call::OpenFifo(Role::Look, access, self.swapped(process, slot)?))
            }
            (Bug::CleansFromLowest, Call::Unlink(Name::Slot(slot))) if cleans_up => {
                Replaced(Call::Unlink(self.swapped(process, slot)?))
            }
            // (It looks whether there is one, and which user's.)
            (Bug::SlotWithoutShared, _) if cast == Cast::Slot && has_lock && !cleans_up => Skipped(match call {
                Call::OpenFifo(Role::Look, _, Name::Shared) => OpenResult::Opened.into(),
                Call::SeeFifo(Role::Look) => FifoResult::Trusted.into(),
                Call::Close(Role::Look) => DONE,
                _ => return None,
            }),
            (Bug::SharedUnlinkedFirst, Call::Unlink(Name::Slot(_))) if self.shares[0].is_some() => {
                let mut world = *self;
                world.shares[0] = None;
                Other("unlinks the FIFO of shared locks first", world)
            }
            (Bug::LostShareKept, Call::Close(Role::Share)) if has_lock => Skipped(DONE),
            _ => return None,
        })
    }

    /// What a planted bug makes of an answer.
    pub(crate) fn answered_of_share(&self, process: usize, bug: Bug, call: Call, answer: CallResult) -> CallResult {
        let cleans_up = self.mind(process).cleans_up();
        let own = &self.processes[process];
        let shares = own.share.is_some();
        let gives_up = own.socket.is_some_and(|socket| self.socket(socket).refuses);
        match (bug, call, answer) {
            (Bug::SharesBesideClient, Call::HasEnded(Role::Guest), _) if shares => AnswerResult::Yes.into(),
            (Bug::SharesBesideStranger, Call::Accept(_), CallResult::AcceptResult(AcceptResult::Accepted { .. }))
                if shares && !gives_up =>
            {
                AcceptResult::Accepted { has_badge: true }.into()
            }
            (Bug::DowngradesBesideLateClient, _, CallResult::AcceptResult(AcceptResult::Accepted { .. }))
                if gives_up =>
            {
                AcceptResult::Accepted { has_badge: true }.into()
            }
            (Bug::SharesLoan, _, CallResult::ReceiveResult(ReceiveResult::Loan)) => {
                ReceiveResult::Listener { unshared: false }.into()
            }
            (
                Bug::RefusedIsRemoved,
                Call::Unlink(Name::Shared | Name::Slot(_)),
                CallResult::UnlinkResult(UnlinkResult::Denied(_)),
            ) => UnlinkResult::Removed.into(),
            (Bug::NeverWaits, Call::Read(Role::Look), CallResult::ReadResult(ReadResult::Writer)) if !cleans_up => {
                ReadResult::NoWriter.into()
            }
            (Bug::TakesUnseen, Call::Read(Role::Slots), CallResult::ReadResult(ReadResult::Writer)) => {
                ReadResult::NoWriter.into()
            }
            (_, _, answer) => answer,
        }
    }

    /// What a planted bug remembers.
    pub(crate) fn note_of_share(&mut self, process: usize, bug: Bug, call: Call) {
        let (has_lock, cleans_up) = (self.processes[process].has_lock(), self.mind(process).cleans_up());
        let participant = self.participant(process);
        match (bug, call) {
            (Bug::CleansUpOnce, Call::OpenFifo(Role::Look, _, Name::Shared)) => {
                participant.noted = cleans_up && has_lock;
            }
            (Bug::GivesUpUnclean | Bug::LeavesQueueUnclean, Call::OpenFifo(Role::Look, _, Name::Shared)) => {
                participant.noted |= has_lock && !cleans_up;
            }
            (Bug::CleansWithoutLock, Call::Bind(Name::Lock, _)) => participant.noted = cleans_up,
            (Bug::CleansWithoutLock, Call::Close(Role::Listener)) => participant.noted = false,
            (Bug::PollsBeforeRead, Call::OpenFifo(Role::Look, ..)) => participant.noted = false,
            (Bug::PollsBeforeRead, Call::Read(Role::Look)) => participant.noted = true,
            (Bug::CleansFromLowest, Call::OpenFifo(Role::Look, _, Name::Shared)) => participant.noted = false,
            (Bug::CleansFromLowest, Call::OpenFifo(Role::Look, _, Name::Slot(1))) => participant.noted = cleans_up,
            _ => {}
        }
    }

    /// Of two slots the other, if there are two or were when it began.
    fn swapped(&self, process: usize, slot: u16) -> Option<Name> {
        let are_two = self.shares[1].is_some() && self.shares[2].is_some();
        (slot < 2 && (are_two || self.is_noted(process))).then(|| Name::Slot(1 - slot))
    }

    /// Makes the FIFO of shared locks, if there is none, and opens it for writing.
    pub(crate) fn share_late(&mut self, process: usize) {
        if self.shares[0].is_none() {
            self.collect();
            self.next_number = self.free_numbers().last().expect("there are numbers enough");
            self.shares[0] = Some(self.new_inode(false, Kind::Fifo));
        }
        let fifo = self.shares[0];
        fifo.into_iter().for_each(|fifo| self.has_a_writer_now(fifo));
        self.processes[process].share = fifo;
    }
}

/// The result of a call about a socket that is not there.
fn as_if_bound(call: Call) -> Option<CallResult> {
    Some(match call {
        // (It is not bound.)
        Call::Stat(Name::Lock) => StatResult::Found(Found { times: TimesFound::Alike, ..socket_like(0) }).into(),
        Call::SetTimesOfName(Name::Lock) => TimesResult::Done.into(),
        Call::Poll => AnswerResult::No.into(),
        Call::Unlink(Name::Lock) => UnlinkResult::Removed.into(),
        Call::Accept(_) => AcceptResult::Nobody.into(),
        Call::Listen | Call::Shutdown(Role::Listener, _) | Call::Close(Role::Listener) => DONE,
        _ => return None,
    })
}
