//! Which calls can fail for want of something.

use slocket_core::{
    AcceptResult, AnswerResult, Call, CallResult, MakeResult, OpenResult, ReceiveResult, SendResult, TimesResult,
};

use crate::configuration::Configuration;
use crate::objects::Message;
use crate::perform::answer::{ERRNO, FAILED};
use crate::world::World;

impl World {
    /// How a call can fail for want of something: a descriptor, memory, a right.
    pub(super) fn faults(&mut self, process: usize, configuration: &Configuration, call: Call) -> Vec<CallResult> {
        if self.mind(process).cleans_up() {
            // What is left is the next one's.
            self.mishap();
        }
        match call {
            Call::Socket(..) => vec![FAILED],
            Call::MakeFifo(_) => vec![MakeResult::Failed(ERRNO).into()],
            Call::OpenFifo(..) => vec![OpenResult::Failed(ERRNO).into()],
            Call::Open(..) => vec![OpenResult::Failed(ERRNO).into()],
            Call::OpenFolder(_) => vec![OpenResult::Failed(ERRNO).into()],
            Call::SetMode(..) => vec![FAILED],
            // (Where the times cannot be set, and the mode must be, a socket has no mark until it is passed on.)
            Call::SetTimes(..) | Call::SetTimesInProc(..)
                if self.processes[process].pin.is_some_and(|inode| self.inode(inode).spoiled) =>
            {
                Vec::new()
            }
            Call::SetTimes(..) | Call::SetTimesInProc(..) | Call::SetTimesOfName(_) => {
                vec![TimesResult::Failed(ERRNO).into()]
            }
            // (To whom a close-out cannot accept for another reason than want of a descriptor, nothing is promised.)
            Call::Accept(_) if self.processes[process].socket.is_some_and(|own| self.socket(own).refuses) => {
                vec![AcceptResult::Exhausted.into()]
            }
            Call::Accept(_) => vec![AcceptResult::Exhausted.into(), AcceptResult::Failed.into()],
            Call::Send(_) => vec![SendResult::Failed.into()],
            Call::Watch => vec![AnswerResult::No.into()],
            Call::Receive => {
                let connection = self.processes[process].connection.expect("a receiver is connected");
                let Some(Message::Listener { socket: listener, .. }) = self.connection(connection).inbox else {
                    return Vec::new();
                };
                self.excuse_loss(listener, configuration);
                self.connection_mut(connection).inbox = None;
                self.mishap();
                vec![ReceiveResult::Truncated.into()]
            }
            _ => Vec::new(),
        }
    }
}
