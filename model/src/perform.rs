//! One call of a machine on this kernel. Each arm is a fact about Linux, which a test in `tests/facts` shows on the real one, or
//! a property of the surroundings that the configuration gives; what takes more than a few lines is in the file of its kind.

mod answer;
mod close;
mod faults;
mod fifos;
mod files;
mod halves;
mod names;
mod sockets;

use slocket_core::{
    AcceptResult, BindResult, Call, CallResult, DrainResult, FifoResult, FileSystemResult, Flock, FlockResult, Found,
    Kind as SocketKind, Name as CoreName, OpenResult, Probe as CoreProbe, ProbeResult, ProcResult, Question,
    RenameResult, Role, StatResult, Times, TimesFound, TimesResult,
};

pub(crate) use answer::{DONE, Done};
use answer::{ERRNO, yes};

use crate::cast::Cast;
use crate::configuration::{Configuration, Probe};
use crate::objects::Guard;
use crate::player::Watch;
use crate::world::World;

impl World {
    /// Makes a call, in each way in which the kernel may make it.
    pub(crate) fn perform(
        &self,
        process: usize,
        configuration: &Configuration,
        call: Call,
        done: &mut dyn FnMut(Done, Self),
    ) {
        let mut world = *self;
        if self.failures > 0 {
            let mut world = *self;
            world.failures -= 1;
            for answer in world.faults(process, configuration, call) {
                done(Done::Fault(answer), world);
            }
        }
        if let Some(ways) = self.in_two_parts(process, configuration, call) {
            return ways.into_iter().for_each(|(what, world)| done(what, world));
        }
        if let Call::Accept(Role::Guest) = call
            && let Some(own) = self.processes[process].socket
            && let Some(head) = self.socket(own).queue.iter().next()
            && self.client_ended(head)
            && !self.socket(own).refuses
        {
            // Too many that had gone were passed over.
            done(Done::Answer(AcceptResult::Failed.into()), *self);
        }
        let answer = world.make_one(process, configuration, call);
        if let Call::Stat(CoreName::Lock) = call
            && let CallResult::StatResult(StatResult::Found(found)) = answer
            && found.times == TimesFound::Alike
        {
            // It was bound a short while ago, or not.
            done(Done::Answer(StatResult::Found(Found { is_recent: true, ..found }).into()), world);
        }
        done(Done::Answer(answer), world);
    }

    /// Makes a call that the kernel makes at once, and in one way.
    fn make_one(&mut self, process: usize, configuration: &Configuration, call: Call) -> CallResult {
        match call {
            // ---- Names in the folder.
            Call::Stat(name) | Call::StatByPath(name) => {
                self.stat(process, configuration, self.named(process, name)).into()
            }
            Call::StatFile(role) => self.stat(process, configuration, self.held_fast(process, role)).into(),
            Call::Open(role, name) => {
                let found = self.named(process, name);
                *self.pin_mut(process, role) = found;
                if found.is_some() { OpenResult::Opened.into() } else { OpenResult::Missing.into() }
            }
            Call::OpenFolder(_) if configuration.cast[process] == Cast::Unreadable => OpenResult::Denied(ERRNO).into(),
            Call::OpenFolder(role) => {
                if role == Role::Listing {
                    self.processes[process].listing = Some(0);
                }
                OpenResult::Opened.into()
            }
            Call::NextName => self.next_name(process).into(),
            Call::Unlink(name) => self.unlink(process, configuration, name).into(),
            Call::Rename(_) if configuration.links => RenameResult::Unsupported(ERRNO).into(),
            Call::Rename(name) => self.rename(process, configuration, name, true).into(),
            Call::Link(name) => self.rename(process, configuration, name, false).into(),
            Call::FileSystem if configuration.elsewhere => FileSystemResult::Elsewhere.into(),
            Call::FileSystem => FileSystemResult::Local.into(),
            Call::StatProc if configuration.has_proc => ProcResult::Leads.into(),
            Call::StatProc => ProcResult::LeadsNowhere.into(),
            Call::SetTimesOfName(name) => {
                let inode = self.named(process, name);
                self.touch(process, configuration, inode, Times::Marked)
            }
            Call::SetTimes(..) if configuration.old_times => TimesResult::Unsupported(ERRNO).into(),
            Call::SetTimesInProc(..) if !configuration.has_proc => TimesResult::Failed(ERRNO).into(),
            Call::SetTimes(role, times) | Call::SetTimesInProc(role, times) => {
                let inode = self.held_fast(process, role);
                self.touch(process, configuration, inode, times)
            }
            Call::SetMode(role, mode) => self.set_mode(process, configuration, role, mode),
            Call::Flock(_) if configuration.guardless => FlockResult::Failed(ERRNO).into(),
            Call::Flock(flock) => {
                let guard = if flock == Flock::Shared { Guard::Shared } else { Guard::Exclusive };
                if self.flock(process, guard) { FlockResult::Locked.into() } else { FlockResult::Busy.into() }
            }
            // For all processes that have a copy of the folder.
            Call::Unlock => {
                self.processes[process].guard = Guard::None;
                DONE
            }

            // ---- Shares.
            Call::MakeFifo(name) => self.make_fifo(process, configuration, name).into(),
            Call::OpenFifo(role, access, name) => self.open_fifo(process, role, access, name).into(),
            Call::SeeFifo(_) => FifoResult::Trusted.into(),
            Call::Read(role) => self.read_fifo(process, role).into(),

            // ---- Sockets.
            Call::Socket(role, kind) => {
                self.processes[process].asks_by_stream = role == Role::Probe && kind == SocketKind::Stream;
                DONE
            }
            Call::SetSocketMode | Call::SocketName => DONE,
            Call::Bind(..) => unreachable!("it is made in two parts"),
            Call::BindBadge => BindResult::Bound.into(),
            Call::Listen => {
                self.listen(process);
                DONE
            }
            Call::Connect(role, target) => self.connect_by(process, configuration, role, target).into(),
            Call::Shutdown(role, half) => {
                self.shut_down(process, configuration, role, half);
                DONE
            }
            Call::Peer(role) => self.peer(process, configuration, role).into(),
            Call::Ask(Question::Listens) => {
                let listens = self.processes[process].socket.is_some_and(|socket| self.socket(socket).listens);
                yes(listens)
            }
            Call::Ask(Question::IsStream | Question::IsUnix) => yes(true),
            Call::CompareBoundFile => {
                let own = &self.processes[process];
                yes(own.socket.is_some_and(|socket| Some(self.socket(socket).inode) == own.pin))
            }
            Call::ComparePeerName => {
                let Some(socket) = self.processes[process].socket else { return yes(true) };
                let socket = self.socket(socket);
                yes(!socket.elsewhere && (self.at_name || self.mind(process).inode() == Some(socket.inode)))
            }
            Call::Poll => {
                yes(self.processes[process].socket.is_some_and(|socket| !self.socket(socket).queue.is_empty()))
            }
            Call::Accept(role) => self.accept_as(process, configuration, role).into(),
            Call::HasEnded(Role::Connection) => {
                yes(self.processes[process].connection.is_some_and(|connection| self.server_ended(connection)))
            }
            Call::HasEnded(_) => {
                let has_ended = self.processes[process].guest.is_some_and(|guest| self.client_ended(guest));
                if has_ended {
                    self.participant(process).meets_npm = false;
                }
                yes(has_ended)
            }
            Call::Drain => match self.processes[process].guest {
                Some(guest) if !self.client_ended(guest) => DrainResult::Nothing.into(),
                Some(_) | None => DrainResult::Ended.into(),
            },
            Call::HasUnread(Role::Connection) => {
                let connection = self.processes[process].connection;
                yes(connection.is_some_and(|connection| self.connection(connection).inbox.is_some()))
            }
            Call::HasUnread(_) => yes(false),
            Call::Receive => self.receive(process).into(),
            Call::Send(cargo) => self.send_cargo(process, cargo).into(),

            // ---- The process.
            Call::Random => {
                self.processes[process].drawn = Some(self.fresh_name(configuration));
                DONE
            }
            Call::Reserve | Call::SpendReserve => DONE,
            Call::Watch => {
                self.participant(process).watch = Watch::Armed;
                yes(true)
            }
            Call::AskKernel => ProbeResult::Known(match configuration.probe {
                Probe::Datagram => CoreProbe::Datagram,
                Probe::Stream => CoreProbe::Stream,
                Probe::None => CoreProbe::None,
            })
            .into(),
            Call::Close(role) | Call::CloseApart(role) => {
                self.close(process, role);
                DONE
            }
        }
    }
}
